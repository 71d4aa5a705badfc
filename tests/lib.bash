# shellcheck shell=bash
#
# What every test file loads. A file tests/NAME.bats begins
#
#     #!/usr/bin/env bats
#     # shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
#     load lib
#
# and holds @test blocks; lc-hostname.bats is a model. What to know:
#
# Where a test runs. Each @test is a process tree of its own in new mount
# (private), PID, IPC, UTS and network namespaces, as root, started with default
# signals, umask 022, no stray descriptor, standard input /dev/null. Mount,
# kill and rename what you like: nothing of it reaches the machine, and what is
# left at the end is killed and unmounted. Only four things are shared with the
# machine: files outside of /mnt and /run, cgroups, loop devices, and time.
# A test that leaves any of them behind makes package/check fail.
# SANDBOX=none before `load lib` runs a file's tests in the machine's own
# namespaces (for tests of the build). setup_file and teardown_file are never in
# the sandbox: no mounts there.
#
#   /mnt           an empty private tmpfs, the working directory: use it for
#                  roots, layers, caches. $BATS_TEST_TMPDIR is on a disk's file
#                  system, and removed by bats.
#   /run           another one; /run/lcboot/bin has the programs and
#                  /run/lcboot/tests the helpers, both in PATH, as is execline.
#   $LCBOOT_BIN    where the programs are; $LCBOOT_TESTS: where the helpers are;
#                  $LCBOOT_REPO: the sources.
#   $LCBOOT_OTHER  the programs of the other build (one program for all tools, if
#                  LCBOOT_BIN has one for each, or the other way round), if it was
#                  made; in the sandbox /run/lcboot/other, not in PATH.
#   TEST_TIMEOUT   seconds that a test may take, 60; set it before `load lib`.
#
# Needs. `need PROGRAM…` skips the test if one is missing, and fails it when
# LCBOOT_TESTS_MUST_RUN=1. `need fs:TYPE`, `need file:PATH`, `need loop` likewise;
# `cannot REASON` does it for a reason of your own. Never call bats' skip.
#
# Running a program.
#   try CMD…                 sets status, output (stdout), lines and stderr. CMD gets no
#                            descriptor but 0 1 2. A function works too, with bats' own.
#   ok CMD…                  try; it must exit 0 and say nothing on stderr
#   fails CODE LINE CMD…     try; it must exit CODE, stderr must be exactly LINE
#   fails_like CODE ERE CMD… the same, stderr must be one line, matched whole by ERE
#   same_state CMD…          the output of `state` run through CMD… must equal that of
#                            `state` alone: what a chain link must not change
# and then
#   status_is N, stdout_is TEXT, stderr_is TEXT, stdout_has TEXT, stderr_has TEXT,
#   stdout_like ERE, stderr_like ERE, is ACTUAL EXPECTED [WHAT], fail MESSAGE
# each of which shows the command, its status and both outputs if it does not hold.
# A bare `! cmd` never fails a bats test: write `run ! cmd` or `refute CMD…`.
#
# Events, not sleeps.
#   spawn CMD…       starts CMD in the background; SPAWNED is its PID
#   expect LINE      waits for that line on its stdout, and skips those before it
#   finish           waits for its end, sets status and stderr
#   gone             waits until all that has its stdout is gone
#   await CMD…       waits until CMD succeeds, where no event tells
#
# Guests and users.
#   busybox_root DIR     a guest root: static busybox and its links, FHS directories,
#                        /etc/passwd, /etc/group, an executable /sbin/init that
#                        prints `init: …` facts and execs its arguments
#   as_user CMD…         as the user `tester` (uid and gid 65533), who has the
#                        subordinate ids 200000 to 265535; only the test's own
#                        /etc has them. subids LINE… replaces both files' content.
#   without [-e ERRNO] CALL… -- CMD…   those system calls fail (ENOSYS).
#                        For one call that fails once: strace -f -o /dev/null
#                        -e inject=CALL:error=ERRNO:when=N CMD…
#
# Helper programs, all static, so that they run in any root (helper/NAME.c says more):
#   fresh [-k FD] [-i SIG] [-b SIG] [-m UMASK] CMD…   a known signal and descriptor state
#   state [SECTION…] [-- ARG…]     prints what it was started with. Sections: fds ids
#                        caps sigs misc cwd host limits; pid env ns maps mounts by name
#   sigpayload [-b] [-d] [-a SIG=ACTION] [-n ACTION]   an init that reports its signals
#   escape [-w WAY] [-x WAY] MARKER   0: found the file MARKER of the old root; 1: no way
#                        out. Assert 1, and as a control 0 with a plain chroot(8).
#   race A B             exchanges two names until its parent dies
#   ptyrun CMD…          CMD on a terminal of its own
#   initreq LEVEL…       writes requests as telinit and engines do
#   initconfig [FILE]    what an init.yml configures, one fact a line, or its mistakes
#   report [ARG…]        all that a program can learn about how it was started, word for
#                        word: for comparing two ways to the same
#   hide-syscalls        see `without`
#   old-fsconfig CMD…    fsconfig(2) as before Linux 6.13
#
# More to load, each described at its top:
#   cache.bash           what is downloaded and kept: kernels, a Debian root, inits
#                        (cache_… in setup_file, need_… in a test)
#   qemu.bash            virtual machines: other kernels, and a machine to oneself
#   container.bash       what an engine makes for a boot image, and the image's scripts
#   cgroup.bash          cgroups of the test's own in each hierarchy, and nothing else
#   marked.bash          marked CMD…: CMD in a root that tells who has left a guest
#   engines/engines.bash the boot image in real engines; engines/*.bats load it
#
# And beside the test files: fuzz/run (the parsers of lc-compile, under sanitizers,
# with a corpus; lc-compile.bats runs that), bench/bench (what a boot costs;
# package/bench), tutorial.bats (lcboot(7), typed) and examples.bats (doc/examples).

bats_require_minimum_version 1.5.0

if [[ -z "${LCBOOT_REPO:-}" ]]; then
  LCBOOT_REPO=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
  LCBOOT_BUILD=${BUILD:-$LCBOOT_REPO/.build}
  [[ $LCBOOT_BUILD == /* ]] || LCBOOT_BUILD=$LCBOOT_REPO/$LCBOOT_BUILD
  export LCBOOT_REPO LCBOOT_BUILD
fi
: "${LCBOOT_BIN:=$LCBOOT_BUILD/bin}" "${LCBOOT_TESTS:=$LCBOOT_BUILD/tests}" "${TEST_TIMEOUT:=60}"
: "${LCBOOT_TESTS_MUST_RUN:=0}" "${SANDBOX:=new}"
if [[ -z "${LCBOOT_OTHER:-}" ]]; then
  if [[ -L $LCBOOT_BIN/lc-pivot ]]; then LCBOOT_OTHER=$LCBOOT_REPO/.build/bin; else LCBOOT_OTHER=$LCBOOT_REPO/.build/multicall/bin; fi
fi
LC_ALL=C
export LCBOOT_BIN LCBOOT_OTHER LCBOOT_TESTS LCBOOT_TESTS_MUST_RUN LC_ALL
unset LCBOOT_VERBOSE CDPATH

# bats runs a file once as a whole and then once for each test. The latter
# process starts itself again inside of the sandbox.

_lib_enter ()
{
  local argv
  if [[ $EUID != 0 ]]; then
    echo "the tests need root" >&2
    exit 1
  fi
  if [[ ! -d $LCBOOT_BIN ]]; then
    echo "no programs in $LCBOOT_BIN: run make" >&2
    exit 1
  fi
  if [[ ! -x $LCBOOT_TESTS/fresh || ! -x $LCBOOT_TESTS/state ]]; then
    echo "no test helpers in $LCBOOT_TESTS: run make test-helpers" >&2
    exit 1
  fi
  mapfile -d '' -t argv < "/proc/$$/cmdline"
  rmdir "$BATS_TEST_TMPDIR" || exit 1   # bats makes it once more
  export LCBOOT_SANDBOX=$$
  exec "$LCBOOT_TESTS/fresh" unshare -m -p -i -u -n -f --kill-child --propagation private -- \
    setsid "$LCBOOT_REPO/tests/sandbox" "$((TEST_TIMEOUT + 5))" "${argv[@]}" >&3
}

if [[ ${0##*/} == bats-exec-test && $SANDBOX != none ]]; then
  if [[ -z "${LCBOOT_SANDBOX:-}" ]]; then _lib_enter; fi
  LCBOOT_BIN=/run/lcboot/bin
  LCBOOT_OTHER=/run/lcboot/other
  LCBOOT_TESTS=/run/lcboot/tests
  # shellcheck disable=SC2034 # bats reads it
  BATS_TEST_TIMEOUT=$TEST_TIMEOUT
  cd /mnt || exit 1
  _lib_dir=/run/lib
  mkdir -p "$_lib_dir"
fi
PATH=$LCBOOT_BIN:$LCBOOT_TESTS:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/execline/bin

: "${_lib_dir:=${BATS_TEST_TMPDIR:-}}"

# Needs

cannot ()
{
  if [[ $LCBOOT_TESTS_MUST_RUN == 1 ]]; then
    fail "must run, but $*"
  else
    skip "$*"
  fi
}

need ()
{
  local what
  for what; do
    case $what in
      fs:*)
        grep -qw "${what#fs:}" /proc/filesystems || modprobe -q "${what#fs:}" 2> /dev/null ||
          cannot "the kernel has no file system ${what#fs:}"
        ;;
      file:*) [[ -e ${what#file:} ]] || cannot "there is no ${what#file:}" ;;
      loop) losetup -f > /dev/null 2>&1 || cannot "there is no free loop device" ;;
      *) command -v "$what" > /dev/null || cannot "$what is not installed" ;;
    esac
  done
}

# Running and asserting

# shellcheck disable=SC2034 # the tests read them
_lib_command='' status=0 output='' stderr='' lines=()

fail ()
{
  printf '%s\n' "$@"
  return 1
}

_lib_report ()
{
  printf '%s\n' "$@" "command: $_lib_command" "status:  $status" \
    "stdout:  ${output//$'\n'/$'\n         '}" "stderr:  ${stderr//$'\n'/$'\n         '}"
  return 1
}

try ()
{
  printf -v _lib_command '%q ' "$@"
  status=0
  if [[ $(type -t "$1") =~ ^(file|)$ ]]; then
    fresh "$@" > "$_lib_dir/out" 2> "$_lib_dir/err" || status=$?
  else
    "$@" > "$_lib_dir/out" 2> "$_lib_dir/err" || status=$?
  fi
  output=$(< "$_lib_dir/out")
  stderr=$(< "$_lib_dir/err")
  # shellcheck disable=SC2034 # the tests read it
  mapfile -t lines <<< "$output"
}

is ()
{
  [[ $1 == "$2" ]] || fail "${3:-it} is not as expected" "expected: $2" "actual:   $1"
}

status_is ()
{
  [[ $status == "$1" ]] || _lib_report "exit status is not $1"
}

stdout_is ()
{
  [[ $output == "$1" ]] || _lib_report "stdout is not: ${1//$'\n'/$'\n               '}"
}

stderr_is ()
{
  [[ $stderr == "$1" ]] || _lib_report "stderr is not: ${1//$'\n'/$'\n               '}"
}

stdout_has ()
{
  [[ $output == *"$1"* ]] || _lib_report "stdout does not contain: $1"
}

stderr_has ()
{
  [[ $stderr == *"$1"* ]] || _lib_report "stderr does not contain: $1"
}

stdout_like ()
{
  [[ $output =~ $1 ]] || _lib_report "stdout does not match: $1"
}

stderr_like ()
{
  [[ $stderr =~ $1 ]] || _lib_report "stderr does not match: $1"
}

# Waits until a command succeeds, where no event tells.

await ()
{
  local i
  for ((i = 0; i < 3000; i++)); do
    if "$@"; then return 0; fi
    read -rt 0.01 <> <(:) || :
  done
  fail "it never came true: $*"
}

# Everything that has the standard output of what was spawned is gone.

gone ()
{
  while IFS= read -r -t 30 -u "$SPAWN_FD" _; do :; done
  read -r -t 0 -u "$SPAWN_FD" || fail "something that was to die still runs"
}

ok ()
{
  try "$@"
  status_is 0 && stderr_is ''
}

fails ()
{
  local code=$1 line=$2
  shift 2
  try "$@"
  status_is "$code" && stderr_is "$line"
}

fails_like ()
{
  local code=$1 re=$2
  shift 2
  try "$@"
  status_is "$code" || return 1
  [[ $stderr != *$'\n'* ]] || _lib_report "stderr is more than one line" || return 1
  stderr_like "^($re)\$"
}

refute ()
{
  try "$@"
  [[ $status != 0 ]] || _lib_report "it exits 0, but should not"
}

same_state ()
{
  fresh "$LCBOOT_TESTS/state" > "$_lib_dir/state.before"
  if ! fresh "$@" "$LCBOOT_TESTS/state" > "$_lib_dir/state.after"; then
    fail "this does not run state: $*" || return 1
  fi
  diff -u "$_lib_dir/state.before" "$_lib_dir/state.after"
}

# Events

spawn ()
{
  rm -f "$_lib_dir/spawned"
  mkfifo "$_lib_dir/spawned"
  if [[ -n "${SPAWN_FD:-}" ]]; then exec {SPAWN_FD}<&-; fi
  if [[ $(type -t "$1") == file ]]; then
    fresh "$@" > "$_lib_dir/spawned" 2> "$_lib_dir/spawned.err" 3>&- 4>&- &
  else
    "$@" > "$_lib_dir/spawned" 2> "$_lib_dir/spawned.err" 3>&- 4>&- &
  fi
  SPAWNED=$!
  exec {SPAWN_FD}< "$_lib_dir/spawned"
}

expect ()
{
  local line seen=''
  while IFS= read -r -t 30 -u "$SPAWN_FD" line; do
    if [[ $line == "$1" ]]; then return 0; fi
    seen+="  $line"$'\n'
  done
  fail "did not see the line: $1" "but only:" "$seen" "and on stderr:" "$(cat "$_lib_dir/spawned.err")"
}

finish ()
{
  status=0
  wait "$SPAWNED" || status=$?
  output=''
  stderr=$(cat "$_lib_dir/spawned.err")
}

# Guests and users

busybox_root ()
{
  local made=$BATS_RUN_TMPDIR/busybox-root
  if [[ ! -d $made ]]; then
    need file:/bin/busybox
    if ldd /bin/busybox > /dev/null 2>&1; then cannot "/bin/busybox is not static" || return 1; fi
    local new
    new=$(mktemp -d "$made.XXXXXX")
    chmod 0755 "$new"
    (
      cd "$new" || exit 1
      mkdir -p bin sbin etc dev proc sys run mnt root home usr/bin usr/sbin usr/lib lib opt srv var/log var/tmp tmp
      chmod 1777 tmp var/tmp
      chmod 0700 root
      cp /bin/busybox bin/busybox
      mount -t proc proc proc
      chroot . /bin/busybox --install -s
      umount proc
      printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' > etc/passwd
      printf '%s\n' 'root:x:0:' 'tty:x:5:' 'nogroup:x:65534:' > etc/group
      printf '%s\n' 'NAME=lcboot-test-guest' > etc/os-release
      rm -f sbin/init
      cat > sbin/init <<'END'
#!/bin/sh
echo "init: pid $$ uid $(id -u) gid $(id -g) host $(hostname)"
echo "init: arguments $#: $*"
if [ $# -gt 0 ] ; then exec "$@" ; fi
END
      chmod 0755 sbin/init
    )
    mv -T "$new" "$made" 2> /dev/null || rm -rf "$new"
  fi
  mkdir -p "$1"
  cp -a "$made/." "$1/"
}

_lib_etc ()
{
  local f
  if [[ -d /run/etc ]]; then return 0; fi
  mkdir /run/etc
  touch /run/etc/subuid /run/etc/subgid
  cp -p /etc/passwd /etc/group /run/etc/
  sed -i '/^tester:/d' /run/etc/passwd /run/etc/group
  echo 'tester:x:65533:65533:tester:/run/tester:/bin/sh' >> /run/etc/passwd
  echo 'tester:x:65533:' >> /run/etc/group
  echo 'tester:200000:65536' | tee /run/etc/subuid > /run/etc/subgid
  mkdir -p /run/tester
  chown 65533:65533 /run/tester
  for f in passwd group subuid subgid; do
    if [[ ! -e /etc/$f ]]; then cannot "there is no /etc/$f to cover" || return 1; fi
    mount --bind "/run/etc/$f" "/etc/$f"
  done
}

subids ()
{
  _lib_etc || return 1
  printf '%s\n' "$@" | tee /run/etc/subuid > /run/etc/subgid
}

as_user ()
{
  _lib_etc || return 1
  HOME=/run/tester USER=tester LOGNAME=tester \
    fresh setpriv --reuid=65533 --regid=65533 --clear-groups -- "$@"
}

without ()
{
  local calls='' e=ENOSYS
  while [[ $1 != -- ]]; do
    if [[ $1 == -e ]]; then e=$2; shift; else calls+=,$1; fi
    shift
  done
  shift
  fresh hide-syscalls -e "$e" "${calls#,}" "$@"
}

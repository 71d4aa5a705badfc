#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
load lib

# The tests' own tools: what they assert is worth what these find.

@test "sandbox: namespaces of its own, nothing inherited" {
  ok state pid fds sigs misc
  stdout_has $'sid 1\n'
  stdout_has $'blocked\nignored\npending\numask 22\nnice 0\n'
  stdout_like $'^[^\n]*\n([^\n]*\n){3}fd 0 character 1:3 r\nfd 1 [^\n]*\nfd 2 [^\n]*\nblocked'
  ok state mounts
  stdout_has 'mount /mnt tmpfs lcboot-test / '
  run ! grep -q 'shared:\|master:' /proc/self/mountinfo
  is "$(ls /sys/class/net/ > /dev/null; ip -o link | wc -l)" 1 'the number of network interfaces'
}

@test "try takes descriptors away, keeps stdout and stderr apart" {
  try sh -c 'echo out; echo err >&2; exit 3'
  status_is 3
  stdout_is out
  stderr_is err
}

must_fail ()
{
  if ("$@") > /dev/null 2>&1; then fail "this holds, but should not: $*"; fi
}

@test "assertions fail when they should" {
  try sh -c 'echo out; echo err >&2; exit 3'
  must_fail status_is 0
  must_fail stdout_is other
  must_fail stderr_is other
  must_fail stdout_has other
  must_fail stderr_has other
  must_fail stdout_like '^other'
  must_fail stderr_like '^other'
  must_fail ok false
  must_fail ok sh -c 'echo err >&2'
  must_fail fails 3 other sh -c 'echo err >&2; exit 3'
  must_fail fails 4 err sh -c 'echo err >&2; exit 3'
  must_fail fails_like 3 'e.' sh -c 'echo err >&2; exit 3'
  must_fail fails_like 3 'err.*' sh -c 'echo err >&2; echo err >&2; exit 3'
  must_fail refute true
  must_fail same_state fresh -i PIPE
  must_fail same_state nice -n 1
  # shellcheck disable=SC2016 # the inner shell's
  must_fail same_state sh -c 'exec 5< / "$0"'
  must_fail same_state false
  must_fail is a b
  same_state env
}

@test "need: a skip, or a failure where the tests must run" {
  run bash -c 'skip () { echo "skipped: $*"; } ; bats_require_minimum_version () { :; }
    source "$LCBOOT_REPO/tests/lib.bash" ; LCBOOT_TESTS_MUST_RUN=$1 ; need nosuchprogram' bash 0
  is "$status $output" '0 skipped: nosuchprogram is not installed'
  run bash -c 'skip () { echo "skipped: $*"; } ; bats_require_minimum_version () { :; }
    source "$LCBOOT_REPO/tests/lib.bash" ; LCBOOT_TESTS_MUST_RUN=$1 ; need nosuchprogram' bash 1
  is "$status $output" '1 must run, but nosuchprogram is not installed'
}

@test "state reports what it was given" {
  ok fresh -i PIPE -b TERM -m 077 nice -n 3 state sigs misc
  stdout_has $'blocked TERM\nignored PIPE\npending\numask 77\nnice 3\n'
  # shellcheck disable=SC2016 # the inner shell's
  ok fresh -b USR1 sh -c 'kill -USR1 $$ ; exec state sigs'
  stdout_is $'blocked USR1\nignored\npending USR1'
  ok setpriv --reuid=12 --regid=34 --groups=5,6 --no-new-privs state ids caps
  stdout_has $'uid 12 12 12\ngid 34 34 34\ngroups 5 6\n'
  stdout_has $'effective 0000000000000000\n'
  stdout_has 'no_new_privs 1'
  ok env -i A=1 "$(command -v state)" env -- x
  stdout_is $'env A=1\narg x'
}

@test "sigpayload reports every signal, blocked or caught" {
  local flag sig
  for flag in -b -d; do
    spawn sigpayload $flag -a RTMIN+30=exit:7
    expect ready
    for sig in HUP USR1 WINCH PIPE CHLD RTMIN+3; do
      kill -"$sig" "$SPAWNED"
      expect "got $sig"
    done
    kill -RTMIN+30 "$SPAWNED"
    finish
    status_is 7
  done
  try sigpayload -n die:ABRT
  status_is 134
}

@test "sigpayload: reboot(2) in a PID namespace" {
  try unshare -pf sigpayload -n reboot
  status_is 129
  try unshare -pf sigpayload -n poweroff
  status_is 130
  try unshare -pf sigpayload -n halt
  status_is 130
}

@test "hide-syscalls hides, with the errno asked for, for children too" {
  try without unshare -- unshare -m true
  stderr_has 'Function not implemented'
  try without -e EPERM unshare -- sh -c 'unshare -m true'
  stderr_has 'Operation not permitted'
  ok without openat2,move_mount fsopen -- state caps
  stdout_has 'no_new_privs 0'
  ok as_user hide-syscalls openat2 state caps
  stdout_has 'no_new_privs 1'
  fails 100 'hide-syscalls: fatal: unknown system call: nosuch' hide-syscalls nosuch true
}

@test "as_user: subordinate ids that newuidmap accepts, the machine's untouched" {
  need newuidmap
  # shellcheck disable=SC2016 # the inner shell's
  ok as_user sh -c 'id -u; unshare -U --map-users=200000,0,65536 --map-groups=200000,0,65536 cat /proc/self/uid_map'
  is "${lines[0]}" 65533
  [[ ${lines[1]} =~ ^\ *0\ +200000\ +65536$ ]] || fail "not mapped: ${lines[1]}"
  subids tester:300000:10
  ok as_user cat /etc/subuid
  stdout_is tester:300000:10
}

@test "strace makes one call fail once" {
  need strace
  try strace -f -o /dev/null -e inject=mount:error=EXDEV:when=1 unshare -m true
  stderr_has 'Invalid cross-device link'
}

@test "race swaps, and ends with its parent" {
  mkdir a
  ln -s /nowhere b
  sh -c 'race a b > out & until test -s out ; do : ; done'
  is "$(cat out)" ready
  # it was killed with the shell, so that both names stand still
  await refute pgrep -x race
}

@test "ptyrun gives a controlling terminal" {
  ok ptyrun sh -c 'test -t 0 && test -t 1 && test -t 2 && : < /dev/tty && echo yes'
  stdout_is $'yes\r'
  try ptyrun sh -c 'exit 9'
  status_is 9
}

@test "busybox_root runs" {
  busybox_root /mnt/guest
  ok chroot /mnt/guest /sbin/init /bin/echo 'a b'
  is "${lines[0]}" "init: pid $(sed -n 's/^init: pid \([0-9]*\).*/\1/p' <<< "$output") uid 0 gid 0 host $(hostname)"
  is "${lines[2]}" 'a b'
  is "$(stat -c '%a %u' /mnt/guest/tmp)" '1777 0'
}

# A plain chroot(8) leaves all of these ways open: the control for every test that
# asserts that escape finds none.

escape_root ()
{
  busybox_root /mnt
  mkdir /mnt/old
  mkdir -p /mnt/root/proc
  touch /mnt/MARKER-of-the-old-root
  cp "$(command -v escape)" /mnt/root/
}

@test "escape gets out of a chroot on every way that chroot leaves open" {
  local way
  escape_root
  for way in procroot chroot bind setns umount; do
    ok unshare -m -p -f sh -c "
      cd /mnt && pivot_root . old && exec chroot . /bin/sh -c '
        mount -t proc proc /proc && mount -t proc proc /root/proc &&
        chroot /root /escape -w $way MARKER-of-the-old-root ; exit \$?'"
    stdout_is "$way: escaped"
  done
}

@test "escape uses a directory descriptor, and the current directory" {
  escape_root
  # shellcheck disable=SC2016 # the inner shell's
  ok sh -c 'exec 9< /mnt ; exec chroot /mnt/root /escape -w fd MARKER-of-the-old-root'
  ok sh -c 'exec 9< /mnt ; exec chroot /mnt/root /escape -w procself MARKER-of-the-old-root'
  ok sh -c 'exec 9< /mnt ; sleep 1000 & exec 9<&- chroot /mnt/root /escape -w procfd MARKER-of-the-old-root'
  ok nsenter -r/mnt/root -w/mnt /escape -w cwd MARKER-of-the-old-root
}

@test "escape finds nothing where nothing is" {
  escape_root
  rm /mnt/MARKER-of-the-old-root
  try chroot /mnt/root /escape MARKER-of-the-old-root
  status_is 1
  is "${#lines[@]}" "$(escape -l | wc -l)" 'the number of ways tried'
  stdout_like '^([a-z]+: no(.|$)+)+$'
}

#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
# shellcheck disable=SC2016 # the inner shells expand
# shellcheck disable=SC2086 # options are words
load lib

usage='lc-unshare: usage: lc-unshare [ -v ] [ -m ] [ -u ] [ -i ] [ -n ] [ -C ] [ -p ] [ -T ] [ -U ] [ -M map ]... [ -G map ]... [ -B map ]... [ -P propagation ] [ -l ] [ -k seconds ] [ -s from=to ]... [ -b { hook... } ] prog...'
unprivileged=' (not privileged: -U with a map makes a user namespace first)'
whole=0:0:4294967295

# The types of namespaces in which two outputs of `state ns` differ.

changed ()
{
  diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed -n 's/^> ns \([a-z]*\) .*/\1/p' | paste -sd' '
}

makes ()  # TYPES OPTION…: those options make exactly those namespaces
{
  local want=$1 before
  shift
  before=$(state ns)
  ok lc-unshare "$@" state ns
  is "$(changed "$before" "$output")" "$want" "the namespaces that $* makes"
}

# The children of the process PID.

children ()
{
  cat "/proc/$1/task/$1/children"
}

# Namespaces

@test "each option makes its namespace, and no other" {
  makes mnt -m
  makes uts -u
  makes ipc -i
  makes net -n
  makes cgroup -C
  makes pid -p
  makes time -T
  makes user -U
  makes user -M 0:0
  makes user -G 0:0
  makes user -B 0:0
}

@test "all together, with and without -p" {
  makes 'cgroup ipc mnt net time user uts' -m -u -i -n -C -T -U -l
  makes 'cgroup ipc mnt net time user uts' -muinCTl -B "$whole"
  makes 'cgroup ipc mnt net pid time user uts' -muinCpTUl
  makes 'cgroup ipc mnt net pid time user uts' -muinCpTl -B "$whole" -k 3 -s TERM=INT -P slave
}

@test "a time namespace holds prog itself and its children" {
  ok lc-unshare -T readlink /proc/self/ns/time /proc/self/ns/time_for_children
  is "${lines[0]}" "${lines[1]}"
  ok lc-unshare -p -T -m sh -c 'mount -t proc proc /proc && readlink /proc/1/ns/time /proc/1/ns/time_for_children'
  is "${lines[0]}" "${lines[1]}"
}

@test "without -p the process keeps its PID" {
  spawn lc-unshare -m -u -i -n -C -T -B "$whole" -b ' true' '' sh -c 'echo $$'
  expect "$SPAWNED"
  finish
  status_is 0
  ok unshare -p -f lc-unshare -m -B "$whole" -b ' true' '' state pid
  is "${lines[0]}" 'pid 1'
}

@test "with -p prog is PID 1, and its parent outside" {
  ok lc-unshare -p state pid
  is "${lines[0]}" 'pid 1'
  is "${lines[1]}" 'ppid 0'
}

@test "the other namespaces belong to the user namespace" {
  local opt
  for opt in '' -p; do
    ok lc-unshare $opt -i -m -B 0:100000:65536 sh -c 'mount -t mqueue mqueue /mnt && stat -c %u:%g /mnt'
    stdout_is 0:0
    # a sysfs can be mounted by who owns the network namespace, a name be set by who owns the UTS namespace
    ok lc-unshare $opt -m -n -u -B 0:100000:65536 sh -c 'mount -t sysfs sysfs /mnt && ls /mnt/class/net && hostname inside && hostname'
    stdout_is $'lo\ninside'
  done
  run ! test "$(hostname)" = inside
}

@test "-p with a user namespace: a proc of its own can be mounted" {
  ok lc-unshare -p -m -B 0:100000:65536 sh -c 'mount -t proc proc /proc && ls -d /proc/[0-9]* | head -n 1 && cat /proc/1/uid_map'
  is "${lines[0]}" /proc/1
  stdout_like '0 +100000 +65536$'
}

@test "-l brings lo up, else it is down" {
  need ip
  ok lc-unshare -n ip -o link show lo
  stdout_has '<LOOPBACK>'
  ok lc-unshare -n -l ip -o link show lo
  stdout_has '<LOOPBACK,UP,LOWER_UP>'
  ok lc-unshare -p -B 0:100000:65536 -nl ip -o link show lo
  stdout_has '<LOOPBACK,UP,LOWER_UP>'
}

# Propagation

shared_dir ()  # a shared mount s, with mount points in and out
{
  mkdir s
  mount -t tmpfs none s
  mount --make-shared s
  mkdir s/in s/out
  mkfifo gate
}

propagates ()  # IN OUT OPTION…: what is mounted inside is seen outside (1) or not (0); and the other way
{
  local in=$1 out=$2 seen
  shift 2
  spawn lc-unshare "$@" sh -c 'mount -t tmpfs none s/in && echo mounted && read -r x < gate && if mountpoint -q s/out; then echo out=1; else echo out=0; fi'
  expect mounted
  if mountpoint -q s/in; then seen=1; else seen=0; fi
  is "$seen" "$in" "what is mounted with $* is seen outside" || return 1
  mount -t tmpfs none s/out
  echo > gate
  expect "out=$out"
  finish
  status_is 0
  umount s/out
  if mountpoint -q s/in; then umount s/in; fi
}

@test "-P: what is mounted on one side and seen on the other" {
  shared_dir
  propagates 0 0 -m
  propagates 0 0 -m -P private
  propagates 0 1 -m -P slave
  propagates 1 1 -m -P shared
  propagates 1 1 -m -P unchanged
  propagates 0 0 -p -m
  propagates 0 1 -p -m -P slave
  propagates 1 1 -p -m -P shared
}

@test "-P is for the whole tree" {
  local p
  shared_dir
  for p in private:private slave:master shared:shared; do
    ok lc-unshare -m -P "${p%:*}" state mounts
    is "$(awk '$2 == "/mnt/s" { print $7 }' <<< "$output")" "${p#*:}" "the propagation of a shared mount with -P ${p%:*}"
  done
  ok lc-unshare -m state mounts
  is "$(awk '{ print $7 }' <<< "$output" | sort -u)" private
  ok lc-unshare -m -P shared state mounts
  is "$(awk '{ print $7 }' <<< "$output" | sort -u)" shared
  ok lc-unshare -m -P unchanged state mounts
  is "$(awk '$2 == "/mnt" { print $7 }' <<< "$output")" private
  ok lc-unshare -m -B "$whole" state mounts
  is "$(awk '{ print $7 }' <<< "$output" | sort -u)" private
}

@test "-P in a root that is no mount point" {
  mkdir root
  cp "$LCBOOT_BIN/lc-unshare" "$LCBOOT_TESTS/state" root
  if ldd root/lc-unshare > /dev/null 2>&1; then cannot 'lc-unshare is not static'; fi
  fails 111 'lc-unshare: fatal: unable to set the propagation of / (it is no mount point: -P unchanged leaves it): Invalid argument' \
    chroot root /lc-unshare -m /state cwd
  ok chroot root /lc-unshare -m -P unchanged /state cwd
  stdout_is 'cwd /'
}

# Wrong usage

@test "no program, unknown options, missing arguments" {
  fails 100 "$usage" lc-unshare
  fails 100 "$usage" lc-unshare -m
  fails 100 "$usage" lc-unshare -m --
  fails 100 "$usage" lc-unshare -m -x true
  fails 100 "$usage" lc-unshare -m -k
  fails 100 "$usage" lc-unshare --help
  fails 100 "$usage" lc-unshare -m -b ' true' ''
}

@test "a program that the new ids cannot reach: 126, and why" {
  mkdir -m 0700 closed
  cp /bin/busybox closed/true
  fails 126 'lc-unshare: fatal: unable to exec /mnt/closed/true (a directory on the way to it is closed to this user): Permission denied' \
    lc-unshare -B 0:100000:65536 /mnt/closed/true
  fails 126 'lc-unshare: fatal: unable to exec lc-nosuch (a directory of PATH is closed to this user): Permission denied' \
    env PATH="/mnt/closed:$PATH" lc-unshare -B 0:100000:65536 lc-nosuch
  fails 126 'lc-unshare: fatal: unable to exec /etc/passwd: Permission denied' lc-unshare -B 0:100000:65536 /etc/passwd
  cp /etc/passwd plain
  fails 126 'lc-unshare: fatal: unable to exec plain: Permission denied' env PATH="/mnt/closed:/mnt:$PATH" lc-unshare -B 0:100000:65536 plain
}

@test "no namespace" {
  fails 100 'lc-unshare: fatal: no namespace to make: one of -m -u -i -n -C -p -T -U -M -G -B is needed' lc-unshare touch ran
  fails 100 'lc-unshare: fatal: no namespace to make: one of -m -u -i -n -C -p -T -U -M -G -B is needed' \
    lc-unshare -v -l -k 3 -P slave -b ' true' '' touch ran
  run ! test -e ran
}

@test "options without their partner" {
  fails 100 'lc-unshare: fatal: -k is of use only with -p' lc-unshare -m -k 3 touch ran
  fails 100 'lc-unshare: fatal: -s is of use only with -p' lc-unshare -m -s TERM=INT touch ran
  fails 100 'lc-unshare: fatal: -l is of use only with -n' lc-unshare -m -l touch ran
  fails 100 'lc-unshare: fatal: -P is of use only with -m' lc-unshare -u -P slave touch ran
  run ! test -e ran
}

@test "invalid propagations, seconds and verbosities" {
  local s
  for s in '' Private rprivate slaves unbindable; do
    fails 100 "lc-unshare: fatal: invalid propagation: $s (expected private, slave, shared or unchanged)" lc-unshare -m -P "$s" touch ran
  done
  for s in '' 0 -1 +1 1s 1.5 ' 1' 4294967296 99999999999; do
    fails 100 "lc-unshare: fatal: invalid number of seconds: $s" lc-unshare -p -k "$s" touch ran
  done
  for s in x -1 1x 1001; do
    fails 100 "lc-unshare: fatal: LCBOOT_VERBOSE is not a number up to 1000: $s" env LCBOOT_VERBOSE="$s" lc-unshare -m touch ran
  done
  run ! test -e ran
}

@test "invalid translations" {
  local s
  for s in '' TERM; do
    fails 100 "lc-unshare: fatal: invalid translation of a signal: $s (expected from=to)" lc-unshare -p -s "$s" touch ran
  done
  for s in KILL=TERM STOP=TERM CHLD=TERM 9=TERM; do
    fails 100 "lc-unshare: fatal: invalid translation of a signal: $s (KILL, STOP and CHLD are not forwarded)" lc-unshare -p -s "$s" touch ran
  done
  for s in = TERM= =TERM TERM=NOSUCH NOSUCH=TERM TERM=0 0=TERM TERM=65 65=TERM 999=TERM TERM=999 TERM=-1 TERM=+1 'TERM= 1' \
    32=TERM TERM=33 TERM=4294967311 4294967311=TERM TERM=RTMIN+31 TERM=RTMAX-31 TERM=RTMIN+ TERM=RTMIN-1 TERM=RTMAX+1 TERM=RTMIN+1x \
    TERM=SIGSIGTERM TERM=INT=HUP; do
    fails 100 "lc-unshare: fatal: invalid translation of a signal: $s (no such signal)" lc-unshare -p -s "$s" touch ran
  done
  run ! test -e ran
}

@test "blocks that are missing, unterminated, empty, or one too many" {
  fails 100 'lc-unshare: fatal: no block after -b' lc-unshare -m -b
  fails 100 'lc-unshare: fatal: -b must be followed by a block, not by touch' lc-unshare -m -b touch ran
  fails 100 'lc-unshare: fatal: unterminated block after -b' lc-unshare -m -b ' true'
  fails 100 'lc-unshare: fatal: unterminated block after -b' lc-unshare -m -b ' true' touch ran
  fails 100 'lc-unshare: fatal: empty block after -b' lc-unshare -m -b '' touch ran
  fails 100 'lc-unshare: fatal: -b must be the last option of its argument, -bm' lc-unshare -bm ' true' '' touch ran
  fails 100 'lc-unshare: fatal: more than one -b' lc-unshare -m -b ' true' '' -b ' true' '' touch ran
  run ! test -e ran
}

@test "prog that is missing is 127, prog that cannot run is 126" {
  echo text > file
  local opts
  for opts in -m -p "-B $whole"; do
    fails 127 'lc-unshare: fatal: unable to exec nosuch: No such file or directory' lc-unshare $opts nosuch
    fails 126 'lc-unshare: fatal: unable to exec /mnt/file: Permission denied' lc-unshare $opts /mnt/file
  done
}

@test "-- ends the options, and arguments reach prog as they are" {
  ok lc-unshare -m -- state cwd -- 'a b' '' -v -- ' x'
  stdout_is $'cwd /mnt\narg a b\narg \narg -v\narg --\narg  x'
}

@test "prog is found without a PATH" {
  ok env -u PATH "$LCBOOT_BIN/lc-unshare" -m -b ' true' '' true
}

@test "-v and LCBOOT_VERBOSE tell what is done" {
  try lc-unshare -v -m -n -l true
  status_is 0
  stderr_is $'lc-unshare: info: in a new namespace: CLONE_NEWNS\nlc-unshare: info: in a new namespace: CLONE_NEWNET\nlc-unshare: info: lo is up'
  try env LCBOOT_VERBOSE=1 lc-unshare -u -b ' true' '' true
  status_is 0
  stderr_is $'lc-unshare: info: in a new namespace: CLONE_NEWUTS\nlc-unshare: info: the hook true is done'
  ok env LCBOOT_VERBOSE=0 lc-unshare -u true
}

@test "without privilege it fails, says why, and prog does not run" {
  fails 111 "lc-unshare: fatal: unable to make the new namespaces$unprivileged: Operation not permitted" as_user lc-unshare -m touch /run/tester/ran
  fails 111 "lc-unshare: fatal: unable to make the new namespaces$unprivileged: Operation not permitted" \
    as_user lc-unshare -u -b ' true' '' touch /run/tester/ran
  fails 111 "lc-unshare: fatal: unable to clone a child into new namespaces$unprivileged: Operation not permitted" \
    as_user lc-unshare -p touch /run/tester/ran
  run ! test -e /run/tester/ran
}

# What prog is given

described ()  # OPTION…: prog's state is the caller's, but for what a namespace is
{
  local direct section=(fds sigs misc cwd limits env)
  mkdir -p dir
  cd dir || return 1
  direct=$(fresh -m 027 -k 7 -i PIPE -i XFSZ -i USR2 -b USR1 -b RTMIN+3 -b CHLD nice -n 3 prlimit --nofile=200:300 --core=0 \
    env A=1 CLONE_NEWNET=x LCBOOT_PID=y state "${section[@]}" 7< /dev/null)
  output=$(fresh -m 027 -k 7 -i PIPE -i XFSZ -i USR2 -b USR1 -b RTMIN+3 -b CHLD nice -n 3 prlimit --nofile=200:300 --core=0 \
    env A=1 CLONE_NEWNET=x LCBOOT_PID=y lc-unshare "$@" state "${section[@]}" 7< /dev/null)
  cd .. || return 1
  is "$(grep -c '^env ' <<< "$direct")" "$(grep -c '^env ' <<< "$output")"
  diff -u <(grep -v ^pdeathsig <<< "$direct") <(grep -v ^pdeathsig <<< "$output")
}

@test "nothing else changes for prog: signals, descriptors, umask, nice, cwd, limits, environment" {
  described -muinCT
  is "$(grep ^pdeathsig <<< "$output")" 'pdeathsig 0'
  described -muinCTl -b ' true' ''
  described -muinCTl -B "$whole" -b ' true' ''
  is "$(grep ^pdeathsig <<< "$output")" 'pdeathsig 0'
  described -muinCpTl
  described -muinCpTl -B "$whole" -b ' true' '' -k 5 -s TERM=INT
  is "$(grep ^pdeathsig <<< "$output")" 'pdeathsig 9'
}

@test "without a user namespace the ids and capabilities are the caller's too" {
  local before opts argv
  before=$(fresh setpriv --reuid=5 --regid=6 --groups=7,8 --inh-caps=+sys_admin,+net_admin --ambient-caps=+sys_admin,+net_admin state ids caps)
  for opts in -muinC '-m -b' -p '-p -b'; do
    read -ra argv <<< "$opts"
    if [[ $opts == *-b ]]; then argv+=(' true' ''); fi
    ok setpriv --reuid=5 --regid=6 --groups=7,8 --inh-caps=+sys_admin,+net_admin --ambient-caps=+sys_admin,+net_admin lc-unshare "${argv[@]}" state ids caps
    stdout_is "$before"
  done
}

@test "standard descriptors that are closed stay closed, and nothing takes their place" {
  local opts want got
  want=$(sh -c 'exec fresh state fds' <&- 2>&-)
  is "$want" 'fd 1 fifo w'
  for opts in -m "-B $whole" "-p -B $whole" -T -pT; do
    got=$(sh -c 'exec fresh "$@"' sh lc-unshare $opts -b ' true' '' state fds <&- 2>&-)
    is "$got" "$want" "the descriptors with $opts"
  done
}

@test "a caller that ignores SIGCHLD does not hang it" {
  local opts
  for opts in -m "-B $whole" -p "-p -B $whole"; do
    ok fresh -i CHLD lc-unshare $opts -b ' true' '' state sigs
    stdout_is $'blocked\nignored CHLD\npending'
    try fresh -i CHLD lc-unshare $opts -b ' false' '' touch ran
    status_is 111
  done
  run ! test -e ran
}

@test "a caller that blocks SIGCHLD gets none of ours" {
  local opts
  for opts in -m "-B $whole" -p; do
    ok fresh -b CHLD lc-unshare $opts -b ' true' '' state sigs
    stdout_is $'blocked CHLD\nignored\npending'
  done
}

@test "a child that the caller left is left to prog" {
  need perl
  ok perl -e '$ENV{P} = fork or exit 7; $| = 1; print "$ENV{P}\n"; exec @ARGV' \
    lc-unshare -m -B "$whole" -b ' sh' ' -c' ' until grep -q "^State:.Z" "/proc/$P/status"; do :; done' '' \
    perl -e 'print wait, " ", $? >> 8'
  is "${lines[1]}" "${lines[0]} 7"
}

# Users and groups

@test "a privileged map of several lines" {
  local opt
  for opt in '' -p; do
    ok setpriv --groups=44,45 lc-unshare $opt -M 0:100000:1000 -M 1000:5000:10 -M 2000:200000:1 -G 0:300000:500 -G 500:0 state maps ids
    stdout_is $'map uid 0 100000 1000\nmap uid 1000 5000 10\nmap uid 2000 200000 1\nmap gid 0 300000 500\nmap gid 500 0 1\nmap setgroups allow\nuid 0 0 0\ngid 0 0 0\ngroups'
  done
}

@test "340 lines" {
  local opt i maps=()
  for ((i = 0; i < 340; i++)); do maps+=(-B "$i:$((1000 + 2 * i))"); done
  for opt in '' -p; do
    ok lc-unshare $opt "${maps[@]}" state maps
    is "$(grep -c '^map uid' <<< "$output") $(grep -c '^map gid' <<< "$output")" '340 340'
  done
}

@test "users alone, groups alone" {
  ok setpriv --groups=44,45 lc-unshare -M 0:1000 state maps ids
  stdout_is $'map uid 0 1000 1\nmap setgroups allow\nuid 0 0 0\ngid 65534 65534 65534\ngroups 65534 65534'
  ok setpriv --groups=44,45 lc-unshare -G 0:1000 state maps ids
  stdout_is $'map gid 0 1000 1\nmap setgroups allow\nuid 65534 65534 65534\ngid 0 0 0\ngroups'
  ok setpriv --groups=44,45 lc-unshare -M 0:1000 -G 5:44 state maps ids
  stdout_is $'map uid 0 1000 1\nmap gid 5 44 1\nmap setgroups allow\nuid 0 0 0\ngid 65534 65534 65534\ngroups'
}

@test "-U alone: no maps" {
  ok lc-unshare -U state maps ids
  stdout_is $'map setgroups allow\nuid 65534 65534 65534\ngid 65534 65534 65534\ngroups'
  ok as_user lc-unshare -U -m -u true
  ok as_user lc-unshare -p -U -m true
}

@test "inside id 0 that is not mapped: prog stays who it is" {
  local opt
  for opt in '' -p; do
    ok setpriv --groups=44 lc-unshare $opt -M 5:0 -G 6:0 -G 7:44 state ids
    stdout_is $'uid 5 5 5\ngid 6 6 6\ngroups 7'
    ok setpriv --reuid=1000 --regid=2000 --clear-groups --inh-caps=+setuid,+setgid,+sys_admin --ambient-caps=+setuid,+setgid,+sys_admin \
      lc-unshare $opt -B 1:1000:3000 state ids
    stdout_is $'uid 1 1 1\ngid 1001 1001 1001\ngroups'
  done
}

@test "inside id 0 maps the whole of root's power, and no more groups" {
  ok lc-unshare -B 0:100000:65536 state ids caps
  stdout_has $'uid 0 0 0\ngid 0 0 0\ngroups\ninheritable 0000000000000000\npermitted 000001ffffffffff\neffective 000001ffffffffff'
}

@test "a user namespace in a user namespace" {
  local opt
  for opt in '' -pm; do
    ok lc-unshare $opt -B 0:100000:65536 lc-unshare $opt -B 0:1000:10 -B 10:5:1 state maps ids
    stdout_is $'map uid 0 1000 10\nmap uid 10 5 1\nmap gid 0 1000 10\nmap gid 10 5 1\nmap setgroups allow\nuid 0 0 0\ngid 0 0 0\ngroups'
    fails 111 'lc-unshare: fatal: unable to write the group map of the new user namespace (is every outside id mapped in the current one?): Operation not permitted' \
      lc-unshare $opt -B 0:100000:65536 lc-unshare $opt -B 0:65536 touch /mnt/ran
    fails 111 'lc-unshare: fatal: unable to write the user map of the new user namespace (is every outside id mapped in the current one?): Operation not permitted' \
      lc-unshare $opt -B 0:100000:65536 lc-unshare $opt -M 0:65535:2 -G 0:65535 touch /mnt/ran
  done
  ok as_user lc-unshare -B self lc-unshare -B self lc-unshare -m -B self state ids
  stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  run ! test -e ran
}

@test "unprivileged: one's own id, setgroups is denied" {
  local opt
  for opt in '' -p; do
    ok as_user lc-unshare $opt -B self state maps ids
    stdout_is $'map uid 0 65533 1\nmap gid 0 65533 1\nmap setgroups deny\nuid 0 0 0\ngid 0 0 0\ngroups'
    ok as_user lc-unshare $opt -M 5:65533 state maps ids
    stdout_is $'map uid 5 65533 1\nmap setgroups allow\nuid 5 5 5\ngid 65534 65534 65534\ngroups'
    ok as_user lc-unshare $opt -G 0:65533 state maps ids
    stdout_is $'map gid 0 65533 1\nmap setgroups deny\nuid 65534 65534 65534\ngid 0 0 0\ngroups'
  done
}

@test "unprivileged: all namespaces with -B self" {
  ok as_user lc-unshare -muinCT -l -B self state ids
  stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  ok as_user lc-unshare -muinCTp -l -B self sh -c 'mount -t proc proc /proc && echo $$ && id -u'
  stdout_is $'1\n0'
}

@test "unprivileged: subordinate ids by newuidmap and newgidmap" {
  need newuidmap newgidmap
  local opt
  for opt in '' -p; do
    ok as_user lc-unshare $opt -B auto state maps ids
    stdout_is $'map uid 0 200000 65536\nmap gid 0 200000 65536\nmap setgroups allow\nuid 0 0 0\ngid 0 0 0\ngroups'
    ok as_user lc-unshare $opt -B self -B auto state maps ids
    stdout_is $'map uid 0 65533 1\nmap uid 1 200000 65536\nmap gid 0 65533 1\nmap gid 1 200000 65536\nmap setgroups allow\nuid 0 0 0\ngid 0 0 0\ngroups'
    ok as_user lc-unshare $opt -B 0:200000:10 -B 10:65533 -B 11:265535 state maps
    stdout_is $'map uid 0 200000 10\nmap uid 10 65533 1\nmap uid 11 265535 1\nmap gid 0 200000 10\nmap gid 10 65533 1\nmap gid 11 265535 1\nmap setgroups allow'
  done
  subids 65533:300000:5 tester:200000:10
  ok as_user lc-unshare -M auto state maps
  stdout_is $'map uid 0 300000 5\nmap uid 5 200000 10\nmap setgroups allow'
}

@test "unprivileged: several ranges and files that differ" {
  need newuidmap newgidmap
  subids tester:200000:10 daemon:1:1 tester:300000:10
  echo tester:400000:7 > /run/etc/subgid
  ok as_user lc-unshare -m -B auto state maps
  stdout_is $'map uid 0 200000 10\nmap uid 10 300000 10\nmap gid 0 400000 7\nmap setgroups allow'
  ok as_user lc-unshare -M self -M auto -G auto state maps
  stdout_is $'map uid 0 65533 1\nmap uid 1 200000 10\nmap uid 11 300000 10\nmap gid 0 400000 7\nmap setgroups allow'
}

@test "unprivileged: ids that one may not map" {
  need newuidmap newgidmap
  local opt
  for opt in '' -p; do
    try as_user lc-unshare $opt -B 0:400000:10 touch /run/tester/ran
    status_is 111
    stderr_like '^newgidmap: [^
]*
lc-unshare: fatal: unable to write the group map of the new user namespace: newgidmap exited with 1$'
    try as_user lc-unshare $opt -M 0:0 touch /run/tester/ran
    status_is 111
    stderr_like '^newuidmap: [^
]*
lc-unshare: fatal: unable to write the user map of the new user namespace: newuidmap exited with 1$'
  done
  subids daemon:1:1
  fails 111 'lc-unshare: fatal: no subordinate ids for tester in /etc/subuid' as_user lc-unshare -B auto touch /run/tester/ran
  run ! test -e /run/tester/ran
}

@test "unprivileged: newuidmap is missing" {
  local opt dir=/run/tester/bin
  mkdir -p "$dir"
  ln -s "$LCBOOT_BIN/lc-unshare" "$LCBOOT_TESTS/state" "$dir"
  for opt in -m -p; do
    fails 111 "lc-unshare: fatal: unable to exec newgidmap: No such file or directory
lc-unshare: fatal: unable to write the group map of the new user namespace: newgidmap exited with 127 (package uidmap: without it and without capabilities only your own id can be mapped)" \
      as_user env PATH="$dir" lc-unshare "$opt" -B auto touch /run/tester/ran
    ok as_user env PATH="$dir" lc-unshare "$opt" -B self state ids
  done
  run ! test -e /run/tester/ran
}

# The hook

@test "-b: the hook is told the PID and the namespaces, prog is told neither" {
  local opts
  for opts in -muinCT -muinCTp "-muinCT -B $whole" "-muinCTp -B $whole" -Up; do
    ok lc-unshare $opts -b ' sh' ' -c' ' for t in cgroup ipc mnt net pid time user uts; do echo "ns $t [$(readlink /proc/$LCBOOT_PID/ns/$t | sed "s/.*.\[//")"; done > hook' '' state ns env
    grep '^ns ' <<< "$output" > prog
    diff -u hook prog
    run ! grep -E '^env (LCBOOT_PID|CLONE_)' <<< "$output"
  done
  spawn lc-unshare -u -b ' sh' ' -c' ' echo $LCBOOT_PID' '' true
  expect "$SPAWNED"
  finish
}

@test "-b: one variable for each namespace that was made, and those of others are gone" {
  ok env CLONE_NEWNET=1 CLONE_NEWUSER=yes CLONE_NEWPID=1 lc-unshare -m -C -b ' sh' ' -c' ' env | grep ^CLONE_ | sort' '' true
  stdout_is $'CLONE_NEWCGROUP=1\nCLONE_NEWNS=1'
  ok lc-unshare -m -u -i -n -p -T -B "$whole" -b ' sh' ' -c' ' env | grep ^CLONE_ | sort' '' true
  stdout_is $'CLONE_NEWIPC=1\nCLONE_NEWNET=1\nCLONE_NEWNS=1\nCLONE_NEWPID=1\nCLONE_NEWTIME=1\nCLONE_NEWUSER=1\nCLONE_NEWUTS=1'
}

@test "-b: the hook runs as the caller in the parent's namespaces, the maps are written" {
  local opts before
  before=$(fresh state ns ids caps cwd sigs)
  for opts in -muinCT "-muinCT -B 0:100000:65536" "-muinCTp -B 0:100000:65536"; do
    ok lc-unshare $opts -b ' sh' ' -c' ' state ns ids caps cwd sigs > hook; exec state fds' '' true
    is "$(< hook)" "$before" "the hook's state with $opts"
    is "$(sed -n 's/^fd \([0-9]*\) .*/\1/p' <<< "$output" | paste -sd' ')" '0 1 2' 'its descriptors'
  done
  for opts in -p -u; do
    ok lc-unshare "$opts" -B 0:100000:65536 -b ' sh' ' -c' ' cat /proc/$LCBOOT_PID/uid_map /proc/$LCBOOT_PID/gid_map | tr -s " "' '' true
    stdout_is $' 0 100000 65536\n 0 100000 65536'
  done
}

@test "-b: the hook is over before prog starts" {
  local opts
  for opts in -m -p "-B $whole" "-p -B $whole"; do
    ok lc-unshare $opts -b ' sh' ' -c' ' tr "\0" " " < /proc/$LCBOOT_PID/cmdline | cut -d" " -f 1; echo hook' '' echo prog
    stdout_is $'lc-unshare\nhook\nprog'
  done
}

@test "-b: a hook that fails keeps prog from running" {
  local opts
  for opts in -m -p "-B $whole" "-p -B $whole"; do
    fails 111 'lc-unshare: fatal: the hook sh exited with 3, so the program is not run' lc-unshare $opts -b ' sh' ' -c' ' exit 3' '' touch ran
    fails 111 'lc-unshare: fatal: the hook sh was killed by SIGTERM, so the program is not run' \
      lc-unshare $opts -b ' sh' ' -c' ' kill -TERM $$' '' touch ran
    fails 111 'lc-unshare: fatal: the hook sh was killed by SIGRTMIN+2, so the program is not run' \
      lc-unshare $opts -b ' sh' ' -c' ' kill -36 $$' '' touch ran
    fails 111 'lc-unshare: fatal: unable to exec nosuch: No such file or directory
lc-unshare: fatal: the hook nosuch exited with 127, so the program is not run' lc-unshare $opts -b ' nosuch' '' touch ran
  done
  run ! test -e ran
}

@test "-b in one argument with other options, and from an execline script" {
  ok lc-unshare -mub ' echo' ' hook' '' echo prog
  stdout_is $'hook\nprog'
  ok execlineb -Pc 'lc-unshare -m -b { echo "a b" } -p echo prog'
  stdout_is $'a b\nprog'
}

# With -p: how prog ends

@test "-p: prog's exit status is its own" {
  local i
  for ((i = 0; i < 256; i++)); do
    status=0
    lc-unshare -p sigpayload -n "exit:$i" > out || status=$?
    status_is "$i"
  done
}

@test "-p: 128 and the signal that killed prog" {
  spawn lc-unshare -p -b ' sh' ' -c' ' echo $LCBOOT_PID' '' sleep 1000
  read -r -u "$SPAWN_FD" pid
  kill -KILL "$pid"
  finish
  status_is 137
  # a fault kills an init too
  try lc-unshare -p bash -c 'ulimit -c 0; ulimit -s 256; f () { f; }; f'
  status_is 139
}

@test "-p: reboot(2) in the guest" {
  ok lc-unshare -p sigpayload -n poweroff
  ok lc-unshare -p sigpayload -n halt
  fails 133 '' lc-unshare -p sigpayload -n reboot
  fails 133 '' lc-unshare -p -B 0:100000:65536 sigpayload -n reboot
  try lc-unshare -v -p sigpayload -n reboot
  status_is 133
  stderr_has 'lc-unshare: info: the guest asked for a restart'
}

@test "-p as PID 1: it does as its child did" {
  local restart='lc-unshare: info: the guest asked for a restart' off='lc-unshare: info: the guest asked for a power off'
  export LCBOOT_VERBOSE=1
  # each of three watchers sees a reboot(2), not an exit status
  try lc-unshare -p lc-unshare -p lc-unshare -p sigpayload -n reboot
  status_is 133
  is "$(grep -cx "$restart" <<< "$stderr")" 3
  try lc-unshare -p lc-unshare -p lc-unshare -p sigpayload -n poweroff
  status_is 0
  is "$(grep -cx "$off" <<< "$stderr")" 3
  try lc-unshare -p lc-unshare -p lc-unshare -p sigpayload -n halt
  status_is 0
  is "$(grep -cx "$off" <<< "$stderr")" 3
  try lc-unshare -p lc-unshare -p sigpayload -n exit:7
  status_is 7
  run ! grep asked <<< "$stderr"
}

@test "-p as PID 1: it reaps orphans" {
  local watcher orphan=''
  find_orphan ()
  {
    local p
    for p in $(children "$watcher"); do
      if [[ $(tr '\0' ' ' < "/proc/$p/cmdline") == 'sleep 1000 ' ]]; then orphan=$p; fi
    done
    [[ -n $orphan ]]
  }
  spawn lc-unshare -p -b ' sh' ' -c' ' echo $LCBOOT_PID' '' \
    lc-unshare -p -b ' sh' ' -c' ' sleep 1000 > /dev/null & echo hook' '' sigpayload -a TERM=exit:0
  read -r -u "$SPAWN_FD" watcher
  expect ready
  # it may not have got as far as to be a sleep
  await find_orphan
  kill -KILL "$orphan"
  await test ! -e "/proc/$orphan"
  kill -TERM "$SPAWNED"
  finish
  status_is 0
}

@test "-p: what has ended before it began is reaped too" {
  cat > zombie << 'END'
background { true }
importas pid !
foreground { sh -c "until grep -q ^State:.Z /proc/$0/status; do :; done; echo $0" $pid }
lc-unshare -p sigpayload -a TERM=exit:0
END
  spawn execlineb -P zombie
  read -r -u "$SPAWN_FD" pid
  expect ready
  await test ! -e "/proc/$pid"
  kill -TERM "$SPAWNED"
  finish
  status_is 0
}

# With -p: signals

forwardable=(HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS)
for ((i = 0; i < 31; i++)); do forwardable+=("RTMIN+$i"); done

number ()
{
  case $1 in
    RTMIN+*) echo $((34 + ${1#RTMIN+})) ;;
    POLL) echo 29 ;;
    *) kill -l "$1" ;;
  esac
}

@test "-p: every signal that can be is forwarded" {
  local s opt
  for opt in '' -b; do
    spawn lc-unshare -p sigpayload $opt
    expect ready
    for s in "${forwardable[@]}"; do
      kill -"$(number "$s")" "$SPAWNED"
      expect "got $s"
    done
    kill -KILL "$SPAWNED"
    gone
  done
}

@test "-p: the signals that libc keeps for itself are forwarded too, and do not end it" {
  local s
  spawn lc-unshare -p sh -c 'trap "echo got TERM; exit 5" TERM; echo ready; sleep 1000 & wait'
  expect ready
  for s in 32 33 34; do kill -"$s" "$SPAWNED"; done
  kill -TERM "$SPAWNED"
  expect 'got TERM'
  finish
  status_is 5
}

@test "-p: signals are translated, from and to names and numbers" {
  local t
  spawn lc-unshare -p -s TERM=RTMIN+4 -s SIGHUP=SIGRTMIN -s 10=12 -s usr2=quit -s RTMIN+1=RTMAX-1 -s 64=INT -s RTMAX-1=RTMAX -s INT=WINCH \
    sigpayload
  expect ready
  for t in TERM:RTMIN+4 HUP:RTMIN+0 USR1:USR2 USR2:QUIT RTMIN+1:RTMIN+29 RTMIN+30:INT RTMIN+29:RTMIN+30 INT:WINCH QUIT:QUIT ALRM:ALRM; do
    kill -"$(number "${t%:*}")" "$SPAWNED"
    expect "got ${t#*:}"
  done
  kill -KILL "$SPAWNED"
  gone
  # the last of two for one signal counts, and a signal can become one that cannot be caught
  spawn lc-unshare -p -s TERM=INT -s TERM=KILL sigpayload
  expect ready
  kill -TERM "$SPAWNED"
  finish
  status_is 137
}

# All of them at once, but for CONT: the kernel lets it and the signals that stop
# cancel each other while they are pending.

send_all ()
{
  local s
  for s in "${forwardable[@]}"; do
    if [[ $s != CONT ]]; then kill -"$(number "$s")" "$SPAWNED"; fi
  done
}

expect_all ()  # until sigpayload ends
{
  local line got=()
  while IFS= read -r -t 20 -u "$SPAWN_FD" line; do
    if [[ $line == got\ * ]]; then got+=("${line#got }"); fi
  done
  is "$(printf '%s\n' "${got[@]}" | sort)" "$(printf '%s\n' "${forwardable[@]}" | grep -vx CONT | sort)" 'what arrived'
}

# Nothing is waiting to be looked at by the process.

none_pending ()
{
  grep -q '^ShdPnd:.0*$' "/proc/$1/status"
}

@test "-p: signals that come while the hook runs are held, then all of them arrive" {
  local opts
  mkfifo gate
  for opts in '' -b; do
    spawn lc-unshare -p -b ' sh' ' -c' ' echo hook; read -r x < gate' '' sigpayload $opts -a RTMIN+30=exit:5
    expect hook
    send_all
    run ! none_pending "$SPAWNED"
    echo > gate
    expect_all
    finish
    status_is 5
  done
}

# redirfd waits for the other end of the fifo as an init that catches nothing.

@test "-p: signals that come while prog starts arrive when it catches them" {
  mkfifo gate
  spawn lc-unshare -p -b ' echo' ' hook' '' redirfd -r 0 gate sigpayload -a RTMIN+30=exit:5
  expect hook
  send_all
  await none_pending "$SPAWNED"
  : > gate  # nothing is written: the reader may be gone by then
  expect_all
  finish
  status_is 5
}

@test "-p: CONT arrives when it is caught, and before that it wakes up what was stopped" {
  local pid
  mkfifo gate
  spawn lc-unshare -p -b ' sh' ' -c' ' echo $LCBOOT_PID' '' redirfd -r 0 gate sigpayload -a CONT=exit:5
  read -r -u "$SPAWN_FD" pid
  await grep -q '^Name:.redirfd' "/proc/$pid/status"
  kill -STOP "$pid"
  await grep -q '^State:.T' "/proc/$pid/status"
  kill -CONT "$SPAWNED"
  await grep -q '^State:.S' "/proc/$pid/status"
  : > gate  # nothing is written: the reader may be gone by then
  expect 'got CONT'
  finish
  status_is 5
}

@test "-p: real-time signals are counted while they are held" {
  mkfifo gate
  spawn lc-unshare -p -b ' sh' ' -c' ' echo hook; read -r x < gate' '' sigpayload -a RTMIN+30=exit:5
  expect hook
  for s in 40 40 40 40 64; do kill "-$s" "$SPAWNED"; done
  echo > gate
  for s in 1 2 3 4; do expect 'got RTMIN+6'; done
  expect 'got RTMIN+30'
  finish
  status_is 5
}

@test "-p: a signal that the caller blocks reaches prog blocked, one that it ignores is ignored" {
  local pid
  mkfifo gate gate2
  spawn fresh -b TERM -i USR1 lc-unshare -p -b ' sh' ' -c' ' echo $LCBOOT_PID; read -r x < gate' '' sh -c 'read -r x < gate2; exec state sigs'
  read -r -u "$SPAWN_FD" pid
  kill -TERM "$SPAWNED"
  kill -USR1 "$SPAWNED"
  echo > gate
  await none_pending "$SPAWNED"
  await grep -q '^ShdPnd:.*4000$' "/proc/$pid/status"
  echo > gate2
  expect 'blocked TERM'
  expect 'ignored USR1'
  expect 'pending TERM'
  finish
  status_is 0
}

@test "-p: TERM to a PID 1 that ignores it changes nothing" {
  mkfifo gate
  spawn lc-unshare -p sh -c 'trap "" TERM; echo ready; read -r x < gate; exit 5'
  expect ready
  kill -TERM "$SPAWNED"
  await none_pending "$SPAWNED"
  echo > gate
  finish
  status_is 5
}

@test "-k: kills what does not end on TERM, be it caught, ignored or translated" {
  local fd1 fd2
  # three at once, for each takes its five seconds
  mkfifo a b
  fresh lc-unshare -p -k 5 sigpayload > a &
  local caught=$!
  exec {fd1}< a
  fresh lc-unshare -p -k 5 -s TERM=HUP sigpayload > b &
  local translated=$!
  exec {fd2}< b
  spawn lc-unshare -v -p -k 5 sh -c 'trap "" TERM; echo ready; exec sleep 1000'
  expect ready
  read -r -u "$fd1" line
  read -r -u "$fd2" line
  kill -TERM "$SPAWNED" "$caught" "$translated"
  read -r -u "$fd1" line
  is "$line" 'got TERM'
  read -r -u "$fd2" line
  is "$line" 'got HUP'
  finish
  status_is 137
  stderr_has 'lc-unshare: info: killing the child, which did not end in time'
  status=0
  wait "$caught" || status=$?
  status_is 137
  status=0
  wait "$translated" || status=$?
  status_is 137
}

@test "-k: prog that ends in time keeps its status, other signals do not kill" {
  spawn lc-unshare -p -k 30 sigpayload -a USR1=exit:3
  expect ready
  kill -INT "$SPAWNED"
  expect 'got INT'
  kill -TERM "$SPAWNED"
  expect 'got TERM'
  kill -USR1 "$SPAWNED"
  finish
  status_is 3
}

@test "-p: on a terminal a key reaches prog once" {
  mkfifo keys
  on_terminal ()
  {
    fresh ptyrun sh -c 'stty -echo -opost; exec lc-unshare -p sigpayload -a QUIT=exit:4' < keys
  }
  spawn on_terminal
  exec {keys}> keys
  expect ready
  printf '\003' >&"$keys"
  read -r -t 20 -u "$SPAWN_FD" line
  is "$line" 'got INT'
  printf '\034' >&"$keys"
  read -r -t 20 -u "$SPAWN_FD" line
  is "$line" 'got QUIT'
  exec {keys}>&-
  finish
  status_is 4
}

# With -p: one side dies

@test "-p: prog dies with lc-unshare" {
  local opts
  for opts in '' "-B $whole" '-B 0:100000:65536' '-muinCT'; do
    spawn lc-unshare -p $opts sh -c 'echo ready; exec sleep 1000'
    expect ready
    kill -KILL "$SPAWNED"
    gone
  done
}

@test "-p: prog dies with lc-unshare, unprivileged too" {
  spawn as_user sh -c 'echo $$; exec lc-unshare -p -B self sh -c "echo ready; exec sleep 1000"'
  read -r -u "$SPAWN_FD" pid
  expect ready
  kill -KILL "$pid"
  gone
}

@test "-p: a hook that kills lc-unshare" {
  spawn lc-unshare -p -m -B "$whole" -b ' sh' ' -c' ' kill -KILL $PPID' '' sh -c 'touch ran; exec sleep 1000'
  finish
  status_is 137
  gone
  run ! test -e ran
}

@test "-p: a hook that kills the child" {
  fails 137 '' lc-unshare -p -m -b ' sh' ' -c' ' kill -KILL $LCBOOT_PID' '' touch ran
  # the hook fails too
  try lc-unshare -p -b ' sh' ' -c' ' kill -KILL $LCBOOT_PID; exit 1' '' touch ran
  status_is 111
  run ! test -e ran
}

@test "without -p: a hook that kills either side" {
  spawn lc-unshare -m -B "$whole" -b ' sh' ' -c' ' kill -KILL $LCBOOT_PID' '' sh -c 'touch ran; exec sleep 1000'
  finish
  status_is 137
  gone
  spawn lc-unshare -m -B "$whole" -b ' sh' ' -c' ' kill -KILL $PPID' '' sh -c 'touch ran; exec sleep 1000'
  finish
  status_is 111
  gone
  run ! test -e ran
}

@test "at whatever step of the handshake one side is killed, the other ends" {
  need strace
  local opts follow call n died least
  for opts in "-p -m -B $whole" "-m -B $whole"; do
    for follow in '' -f; do
      for call in sendto recvfrom; do
        died=0
        # the parent is told but once
        case $opts,$follow,$call in
          -p*,,recvfrom) least=1 ;;
          *) least=2 ;;
        esac
        for n in 1 2 3; do
                spawn strace -qq $follow -o /dev/null -e "inject=$call:signal=KILL:when=$n" lc-unshare $opts -b ' true' '' sh -c 'test $(stat -Lc %i /proc/self/ns/mnt) != 0; exec echo ran'
          gone
          finish
          if [[ $status != 0 ]]; then died=$((died + 1)); fi
        done
        # or nothing was tested
        [[ $died -ge $least ]] || fail "$call was not interrupted with $opts $follow: $died"
      done
    done
  done
}

@test "a child that fails at any step is waited for" {
  need strace
  local what
  for what in setgroups setresgid setresuid; do
    try strace -f -qq -o /dev/null -e "inject=$what:error=ENOMEM" lc-unshare -p -B "$whole" touch ran
    status_is 111
    stderr_is 'lc-unshare: fatal: unable to become root of the new user namespace: Cannot allocate memory'
    try strace -f -qq -o /dev/null -e "inject=$what:error=ENOMEM" lc-unshare -B "$whole" touch ran
    status_is 111
    stderr_is 'lc-unshare: fatal: unable to become root of the new user namespace: Cannot allocate memory'
  done
  try strace -f -qq -o /dev/null -e inject=clone:error=ENOSPC lc-unshare -p -m touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to clone a child into new namespaces (a limit of /proc/sys/user or of the nesting of namespaces): No space left on device'
  try strace -f -qq -o /dev/null -e inject=unshare:error=ENOSPC lc-unshare -p -m -T touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to make the new namespaces (a limit of /proc/sys/user or of the nesting of namespaces): No space left on device'
  try strace -f -qq -o /dev/null -e inject=mount:error=EPERM lc-unshare -p -m touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to set the propagation of /: Operation not permitted'
  try strace -f -qq -o /dev/null -e inject=prctl:error=EPERM lc-unshare -p touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to arrange to die with the parent: Operation not permitted'
  try strace -f -qq -o /dev/null -e inject=socketpair:error=EMFILE lc-unshare -p -k 1 touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to make a socket pair: Too many open files'
  try strace -f -qq -o /dev/null -e inject=setns:error=EPERM lc-unshare -T touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to enter the new time namespace: Operation not permitted'
  try strace -f -qq -o /dev/null -e inject=ioctl:error=EPERM lc-unshare -n -l touch ran
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to bring the loopback interface up: Operation not permitted'
  run ! test -e ran
}

@test "interrupted calls are made again" {
  need strace
  try strace -f -qq -o /dev/null -e inject=recvfrom,sendto,wait4,rt_sigtimedwait:error=EINTR:when=1 lc-unshare -p -m -B "$whole" -b ' true' '' echo ran
  status_is 0
  stdout_is ran
  try strace -f -qq -o /dev/null -e inject=recvfrom,sendto,wait4:error=EINTR:when=1 lc-unshare -m -B "$whole" -b ' true' '' echo ran
  status_is 0
  stdout_is ran
}

# procfs

@test "/proc is missing" {
  mount -t tmpfs none /proc
  ok lc-unshare -B 0:100000:65536 echo ran
  ok lc-unshare -p -B 0:100000:65536 echo ran
  ok lc-unshare -T echo ran
  ok lc-unshare -p -T echo ran
  stdout_is ran
  is "$(ls -A /proc)" ''
}

@test "/proc of another PID namespace is not used" {
  # a sibling has the first PIDs of this one
  local opts
  for opts in '' -p -T -pT; do
    ok unshare -p -f lc-unshare $opts -B 0:100000:65536 state ids
    is "${lines[0]}" 'uid 0 0 0'
  done
  ok unshare -p -f sh -c 'lc-unshare -m -B 0:100000:65536 sh -c "mount -t tmpfs none /mnt && id -u"'
  stdout_is 0
}

@test "a /proc that cannot be had is an error that says so" {
  fails 111 "lc-unshare: fatal: unable to open a procfs of this PID namespace, which id maps are written through (/proc is that of another, and without privilege none can be made): Operation not permitted" \
    lc-unshare -p -B 0:100000:65536 lc-unshare -p -B 0:1000 touch ran
  fails 111 "lc-unshare: fatal: unable to open a procfs of this PID namespace, which a time namespace is entered through (/proc is that of another, and without privilege none can be made): Operation not permitted" \
    lc-unshare -p -B 0:100000:65536 lc-unshare -T touch ran
  run ! test -e ran
}

# Runs its arguments below a /proc of plain files that looks like one, down to
# its self and to the inode number of its root; they are in fake.

fake_proc ()
{
  if ! mountpoint -q fake; then
    mkdir fake
    mount -t tmpfs none fake
  fi
  unshare -m sh -c '
    n=$$
    while test $n -lt $(($$ + 10)); do
      mkdir -p fake/$n/ns
      for f in uid_map gid_map setgroups status ns/user ns/time_for_children; do : > fake/$n/$f; done
      n=$((n + 1))
    done
    ln -sfn $$ fake/self
    mount --bind fake /proc
    exec "$@"' sh "$@"
}

@test "a fake /proc is neither used nor written to" {
  local opts
  for opts in -m -p -T -pT; do
    ok fake_proc lc-unshare "$opts" -B 0:100000:65536 echo ran
    stdout_is ran
    is "$(find fake -type f ! -empty)" '' 'what was written'
    fails_like 111 'lc-unshare: fatal: unable to open a procfs of this PID namespace, which (id maps are written|a time namespace is entered) through: Function not implemented' \
      fake_proc hide-syscalls fsopen lc-unshare "$opts" -B 0:100000:65536 touch ran
    is "$(find fake -type f ! -empty)" '' 'what was written'
  done
  run ! test -e ran
}

@test "a file that is mounted over a file of /proc is not written to" {
  touch fake
  try sh -c 'mount --bind fake /proc/$$/uid_map && exec lc-unshare -M 0:0 touch ran'
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to write the user map of the new user namespace: Invalid cross-device link'
  try without openat2 -- sh -c 'mount --bind fake /proc/$$/uid_map && exec lc-unshare -M 0:0 touch ran'
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to write the user map of the new user namespace: Invalid cross-device link'
  run ! test -s fake
  run ! test -e ran
}

@test "where fsopen and openat2 are hidden" {
  local e
  for e in ENOSYS EPERM; do
    ok without -e "$e" fsopen openat2 -- lc-unshare -muinCT -B 0:100000:65536 -b ' true' '' state ids
    stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
    ok without -e "$e" fsopen openat2 -- lc-unshare -muinCTp -B 0:100000:65536 -b ' true' '' state ids
    stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
    ok without -e "$e" fsopen openat2 open_tree move_mount mount_setattr clone3 pidfd_open -- lc-unshare -muinCp -B 0:0:10 true
  done
}

# What dies with it, and what is told

@test "the hook and its helper die with lc-unshare" {
  local opts pid
  for opts in -m -p "-B $whole" "-p -B $whole"; do
    spawn lc-unshare $opts -b ' sh' ' -c' ' echo hook; exec sleep 1000' '' touch ran
    expect hook
    pid=$(children "$SPAWNED")
    [[ -n $pid ]]
    kill -KILL "$SPAWNED"
    gone
    for pid in $pid; do await test ! -e "/proc/$pid"; done
  done
  run ! test -e ran
}

@test "-p: one that changes its ids in the other's PID namespace dies with it" {
  local map
  for map in 0:0:4294967295 0:100000:65536 5:0:1; do
    spawn lc-unshare -m -p lc-unshare -B "$map" sh -c 'echo ready; exec sleep 1000'
    expect ready
    kill -KILL "$SPAWNED"
    gone
  done
  ok lc-unshare -m -p lc-unshare -B 0:100000:65536 state misc
  stdout_has 'pdeathsig 9'
}

session_keyring='print syscall($ENV{KEYCTL}, 0, -3, 0)'

@test "the session keyring is a new one in a user namespace, and else stays" {
  need perl
  local opts
  case $(uname -m) in x86_64) export KEYCTL=250 ;; *) export KEYCTL=219 ;; esac
  in_session () { perl -e 'syscall($ENV{KEYCTL}, 1, 0) > 0 or die "no keyring: $!\n"; exec @ARGV' "$@"; }
  try in_session sh -c 'perl -e "$1" && echo && exec perl -e "$1"' sh "$session_keyring"
  if [[ $status != 0 || ${lines[0]} == -1 ]]; then cannot 'there are no keyrings'; fi
  is "${lines[0]}" "${lines[1]}"
  for opts in -n '-n -p' '-m -u'; do
    ok in_session sh -c 'perl -e "$1" && echo && shift && exec "$@"' sh "$session_keyring" lc-unshare $opts -b ' true' '' perl -e "$session_keyring"
    is "${lines[1]}" "${lines[0]}" "the keyring with $opts"
  done
  for opts in "-B $whole" "-p -B $whole" "-n -B $whole" '-B 5:0'; do
    ok in_session sh -c 'perl -e "$1" && echo && shift && exec "$@"' sh "$session_keyring" lc-unshare $opts -b ' true' '' perl -e "$session_keyring"
    [[ ${lines[1]} =~ ^[0-9]+$ && ${lines[1]} != "${lines[0]}" ]] || fail "the keyring with $opts: $output"
  done
}

# A link of the chain that waits before prog starts: lc-mountfs for a writer of its fstab

waits_in ()
{
  local pid
  pid=$(< "/proc/$SPAWNED/task/$SPAWNED/children") && [[ -n $pid && $(< "/proc/${pid% }/comm") == "$1" ]]
}

@test "-p: a signal that comes while a link before prog waits reaches prog" {
  local opts
  mkfifo fstab
  for opts in '' -T '-B 0:100000:65536'; do
    spawn lc-unshare -p $opts lc-mountfs -f fstab sh -c 'trap "echo caught; exit 5" TERM; sleep 1000 & wait'
    await waits_in lc-mountfs
    kill -TERM "$SPAWNED"
    : > fstab
    expect caught
    finish
    status_is 5
  done
}

@test "-p: a link before prog dies with lc-unshare" {
  local opts
  mkfifo fstab
  for opts in '' -m -T '-B 0:100000:65536' '-k 9'; do
    spawn lc-unshare -p $opts lc-mountfs -f fstab touch ran
    await waits_in lc-mountfs
    kill -KILL "$SPAWNED"
    gone
  done
  run ! test -e ran
}

@test "-k: a link before prog is killed too" {
  mkfifo fstab
  spawn lc-unshare -p -k 1 lc-mountfs -f fstab touch ran
  await waits_in lc-mountfs
  kill -TERM "$SPAWNED"
  finish
  status_is 137
  run ! test -e ran
}

@test "-p: messages and the exit code are those of the link that fails, of lc-unshare only what it says itself" {
  fails_like 111 'lc-mountfs: fatal: unable to open /mnt/none: No such file or directory' lc-unshare -p -m lc-mountfs -o bind /mnt/none /mnt true
  fails_like 127 'lc-hostname: fatal: unable to exec nosuch: No such file or directory' lc-unshare -p -u lc-hostname h nosuch
  try lc-unshare -v -p -u lc-hostname h sh -c 'echo ran'
  status_is 0
  stdout_is ran
  stderr_like '.*lc-unshare: info: the child is [0-9]+.*'
}

@test "-p: links before prog have as much of the stack as a long chain wants" {
  local -a many
  mapfile -t many < <(seq 100000)
  busybox_root guest
  ok lc-unshare -p -m lc-mountfs -o bind guest guest lc-pivot guest sh -c 'echo $#' sh "${many[@]}"
  stdout_is 100000
}

@test "-p: a signal that PID 1 never takes is given up after ten seconds, with a warning" {
  local before
  spawn lc-unshare -p sh -c 'echo ready; exec sleep 1000'
  expect ready
  before=$SECONDS
  kill -TERM "$SPAWNED"
  await grep -q . "$_lib_dir/spawned.err"
  [[ $((SECONDS - before)) -ge 9 ]] || fail "it was given up after $((SECONDS - before)) seconds"
  kill -0 "$SPAWNED"
  kill -KILL "$SPAWNED"
  finish
  stderr_is "lc-unshare: warning: SIGTERM is lost: the guest's PID 1 neither catches nor blocks it"
}

@test "-k: a child that has not started is killed too" {
  spawn lc-unshare -v -p -k 1 -b ' sh' ' -c' ' kill -STOP $LCBOOT_PID; echo stopped' '' touch ran
  expect stopped
  kill -TERM "$SPAWNED"
  finish
  status_is 137
  stderr_has 'lc-unshare: info: killing the child, which did not end in time'
  run ! test -e ran
}

@test "newuidmap and newgidmap run with the caller's signals" {
  need file:/usr/lib/execline/bin/execlineb
  local opt tool want dir=/run/tester/bin
  as_user mkdir "$dir"
  for tool in newuidmap newgidmap; do
    # it writes no map; a shell, or a child, would have another mask
    printf '#!/usr/lib/execline/bin/execlineb -P\nredirfd -w 1 /run/tester/%s.sigs state sigs\n' "$tool" > "$dir/$tool"
    chmod 0755 "$dir/$tool"
  done
  want=$(as_user fresh -b USR1 -b RTMIN+2 -i HUP state sigs)
  [[ $want == *'blocked USR1 RTMIN+2'* ]] || fail "$want"
  for opt in '' -p; do
    try as_user env PATH="$dir:$PATH" fresh -b USR1 -b RTMIN+2 -i HUP lc-unshare $opt -B auto true
    for tool in newuidmap newgidmap; do
      is "$(< "/run/tester/$tool.sigs")" "$want" "the signals of $tool with $opt"
      rm "/run/tester/$tool.sigs"
    done
  done
}

@test "-v: the child's PID" {
  try lc-unshare -v -p -m -b ' sh' ' -c' ' echo $LCBOOT_PID' '' true
  status_is 0
  [[ -n $output ]]
  stderr_has "lc-unshare: info: the child is $output
"
  try lc-unshare -v -m true
  [[ $stderr != *'the child is'* ]] || fail "$stderr"
}

@test "a block as a shell takes it: the page is named that tells how" {
  fails 100 'lc-unshare: fatal: -b must be followed by a block, not by { (a shell knows no blocks: lcboot(7) says how they are written there)' \
    lc-unshare -m -b '{' true '}' touch ran
  run ! test -e ran
}

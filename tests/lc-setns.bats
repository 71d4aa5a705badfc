#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
# shellcheck disable=SC2016 # the inner shells expand
# shellcheck disable=SC2030,SC2031 # hold sets ns in the test's own process
load lib

usage='lc-setns: usage: lc-setns [ -v ] ( -n nsfile )... prog...'
types=(cgroup ipc mnt net pid time user uts)

# A process in the namespaces that lc-unshare makes with those options; ns is
# the directory of their files.

hold ()
{
  local pid
  spawn lc-unshare "$@" -b ' sh' ' -c' ' echo $LCBOOT_PID' '' sh -c 'echo ready; exec sleep 1000'
  read -r -u "$SPAWN_FD" pid
  expect ready
  ns=/proc/$pid/ns
}

changed ()
{
  diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed -n 's/^> ns \([a-z]*\) .*/\1/p' | paste -sd' '
}

of ()  # TYPE…: the options that name those files of ns
{
  local t
  options=()
  for t; do options+=(-n "$ns/$t"); done
}

@test "each type of namespace alone" {
  local before t
  before=$(state ns)
  hold -muinCpT -B 0:0:4294967295
  ok lc-setns -n "$ns/user" state ns
  is "$(changed "$before" "$output")" user
  kill -KILL "$SPAWNED"
  gone
  hold -muinCpT
  for t in cgroup ipc mnt net pid time uts; do
    ok lc-setns -n "$ns/$t" state ns
    is "$(changed "$before" "$output")" "$t"
    is "$(grep "^ns $t " <<< "$output")" "ns $t [$(readlink "$ns/$t" | sed 's/.*\[//')"
  done
}

@test "several, in whatever order: the user namespace comes first" {
  local before
  before=$(state ns)
  hold -muinCpT -B 0:100000:65536
  of "${types[@]}"
  ok lc-setns "${options[@]}" state ns ids maps
  is "$(changed "$before" "$(grep '^ns ' <<< "$output")")" "${types[*]}"
  stdout_has $'uid 0 0 0\ngid 0 0 0\ngroups\nmap uid 0 100000 65536\nmap gid 0 100000 65536'
  of user uts time pid net mnt ipc cgroup
  ok lc-setns "${options[@]}" state ids
  stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  of net user uts
  ok lc-setns "${options[@]}" state ns
  is "$(changed "$before" "$output")" 'net user uts'
}

@test "namespaces that belong to the parent of the user namespace are joined before it" {
  local before
  before=$(state ns)
  spawn lc-unshare -u -m lc-unshare -n -i -B 0:100000:65536 sh -c 'echo ready; exec sleep 1000'
  expect ready
  ns=/proc/$SPAWNED/ns
  of user uts net ipc mnt
  ok lc-setns "${options[@]}" state ns ids
  is "$(changed "$before" "$(grep '^ns ' <<< "$output")")" 'ipc mnt net user uts'
  stdout_has $'uid 0 0 0\ngid 0 0 0\ngroups'
  of net uts user
  ok lc-setns "${options[@]}" true
}

@test "bound namespace files, and one's own" {
  touch net user
  hold -n
  mount --bind "$ns/net" net
  kill -KILL "$SPAWNED"
  gone
  ok lc-setns -n net readlink /proc/self/ns/net
  is "$output" "net:[$(stat -c %i net)]"
  ok lc-setns -n /proc/self/ns/net -n /proc/self/ns/uts true
}

@test "the user namespace that one is in already is skipped" {
  local before
  before=$(state ns)
  hold -n
  touch user
  mount --bind /proc/self/ns/user user
  try lc-setns -v -n /proc/self/ns/user -n "$ns/net" state ns
  status_is 0
  is "$(changed "$before" "$output")" net
  stderr_is "lc-setns: info: already in /proc/self/ns/user
lc-setns: info: joined $ns/net"
  ok lc-setns -n user true
  # in another one too; and it is not /proc that is believed
  ok lc-unshare -m -B 0:0:10 sh -c 'exec lc-setns -n /proc/self/ns/user -n /proc/self/ns/mnt true'
  mount -t tmpfs none /proc
  mkdir -p /proc/self/ns
  ok lc-setns -n user true
}

@test "a fake /proc does not pass a user namespace off as one's own" {
  touch user
  hold -B 0:100000:65536
  mount --bind "$ns/user" user
  for opt in '' -v; do
    try unshare -m sh -c '
      mount -t tmpfs none /proc
      mkdir -p /proc/$$/ns
      ln -s $$ /proc/self
      touch /proc/self/ns/user
      mount --bind user /proc/self/ns/user
      exec "$@"' sh lc-setns $opt -n user state ids
    status_is 0
    stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  done
  stderr_is 'lc-setns: info: joined user'
}

@test "what becomes of ids" {
  hold -B 0:100000:65536
  ok setpriv --groups=5,6 lc-setns -n "$ns/user" state ids
  stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  kill -KILL "$SPAWNED"
  gone
  # without an inside id 0 it stays who it is
  hold -M 5:0 -G 6:0 -G 7:44
  ok lc-setns -n "$ns/user" state ids
  stdout_is $'uid 5 5 5\ngid 6 6 6\ngroups'
  kill -KILL "$SPAWNED"
  gone
  hold -M 0:1000
  ok lc-setns -n "$ns/user" state ids
  stdout_is $'uid 0 0 0\ngid 65534 65534 65534\ngroups'
  kill -KILL "$SPAWNED"
  gone
  hold -G 0:1000
  ok lc-setns -n "$ns/user" state ids
  stdout_is $'uid 65534 65534 65534\ngid 0 0 0\ngroups'
}

@test "without a user namespace the ids stay" {
  hold -n -u
  ok setpriv --reuid=5 --regid=6 --groups=7,8 --inh-caps=+sys_admin,+sys_ptrace --ambient-caps=+sys_admin,+sys_ptrace lc-setns -n "$ns/uts" state ids
  stdout_is $'uid 5 5 5\ngid 6 6 6\ngroups 7 8'
}

@test "unprivileged: one's own namespaces, not those of others" {
  touch net
  hold -n
  chmod 755 /mnt
  mount --bind "$ns/net" net
  fails 111 'lc-setns: fatal: unable to join the namespace net (not privileged over it: a user namespace that owns it may have to be joined too): Operation not permitted' \
    as_user lc-setns -n net touch /run/tester/ran
  fails 111 "lc-setns: fatal: unable to open $ns/net: Permission denied" as_user lc-setns -n "$ns/net" touch /run/tester/ran
  kill -KILL "$SPAWNED"
  gone
  spawn as_user lc-unshare -muin -B self sh -c 'echo $$; exec sleep 1000'
  read -r -u "$SPAWN_FD" pid
  ns=/proc/$pid/ns
  of net mnt user uts ipc
  ok as_user lc-setns "${options[@]}" state ids
  stdout_is $'uid 0 0 0\ngid 0 0 0\ngroups'
  # the user namespace is what gives the right to the others
  fails 111 "lc-setns: fatal: unable to join the namespace $ns/uts (not privileged over it: a user namespace that owns it may have to be joined too): Operation not permitted" \
    as_user lc-setns -n "$ns/uts" touch /run/tester/ran
  run ! test -e /run/tester/ran
}

# The PID namespace

@test "a PID namespace: prog is in it, as another process than its init" {
  hold -p -m
  # its name is there before its arguments are
  await grep -q '^sleep' "${ns%/ns}/cmdline"
  of pid mnt
  ok lc-setns "${options[@]}" sh -c 'mount -t proc proc /proc; echo $$; tr "\0" " " < /proc/1/cmdline'
  is "${lines[0]}" 2
  is "${lines[1]}" 'sleep 1000 '
  ok lc-setns -n "$ns/pid" state pid
  stdout_has 'ppid 0'
}

@test "a PID namespace: prog's exit status is its own" {
  local i
  hold -p
  for ((i = 0; i < 256; i += 3)) do
    status=0
    lc-setns -n "$ns/pid" sigpayload -n "exit:$i" > out || status=$?
    status_is "$i"
  done
  for i in 1 2 9 15 35 64; do
    fails "$((128 + i))" '' lc-setns -n "$ns/pid" sigpayload -n "die:$i"
  done
}

@test "a PID namespace: signals are forwarded" {
  local s
  hold -p
  spawn lc-setns -n "$ns/pid" sigpayload -a RTMIN+30=exit:5
  expect ready
  for s in HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT TSTP WINCH PWR; do
    kill "-$s" "$SPAWNED"
    expect "got $s"
  done
  for s in 34 35 50 64; do
    kill "-$s" "$SPAWNED"
    expect "got RTMIN+$((s - 34))"
  done
  finish
  status_is 5
  # it is no init: what it does not catch ends it
  spawn lc-setns -n "$ns/pid" sh -c 'echo ready; exec sleep 1000'
  expect ready
  kill -USR1 "$SPAWNED"
  finish
  status_is 138
}

@test "a PID namespace: prog dies with lc-setns, and with the namespace" {
  local watcher
  hold -p
  watcher=$SPAWNED
  spawn lc-setns -n "$ns/pid" sh -c 'echo ready; exec sleep 1000'
  expect ready
  kill -KILL "$SPAWNED"
  gone
  spawn lc-setns -n "$ns/pid" sh -c 'echo ready; exec sleep 1000'
  expect ready
  kill -KILL "$watcher"
  wait "$watcher" 2> /dev/null || :
  finish
  status_is 137
  gone
}

@test "a PID namespace: prog dies with lc-setns that has joined a user namespace" {
  hold -p -m -B 0:100000:65536
  of pid user mnt
  spawn lc-setns "${options[@]}" sh -c 'echo ready; exec sleep 1000'
  expect ready
  kill -KILL "$SPAWNED"
  gone
}

@test "a PID namespace: at whatever step one side is killed, the other ends" {
  need strace
  local call said
  hold -p
  # prctl and poll are the child's, rt_sigtimedwait is the watcher's
  for call in prctl poll rt_sigtimedwait; do
    spawn strace -qq -f -o /dev/null -e "inject=$call:signal=KILL:when=1" lc-setns -n "$ns/pid" sleep 1000
    gone
    finish
    status_is 137
  done
  # the parent dies while the child is still on its way to ask for the signal: strace
  # tells whether the kill was in time, or the child went on before it
  while :; do
    rm -f trace
    spawn strace -q -f -o trace -e trace=prctl -e inject=prctl:delay_enter=2000000:when=1 lc-setns -n "$ns/pid" sh -c 'echo ran; exec sleep 1000'
    await grep -qs PDEATHSIG trace
    kill -KILL "$(children_of lc-setns)"
    said=$(cat <&"$SPAWN_FD")
    finish
    if [[ $(sed -n '/PDEATHSIG/,$p' trace | grep -m 1 -o 'killed by\| = 0') == 'killed by' ]]; then break; fi
  done
  is "$said" ''
}

children_of ()  # COMMAND: the parent among the processes of that name
{
  local p ppid
  for p in /proc/[0-9]*; do
    if [[ $(cat "$p/comm" 2> /dev/null) != "$1" ]]; then continue; fi
    ppid=$(awk '$1 == "PPid:" { print $2 }' "$p/status")
    if [[ $(cat "/proc/$ppid/comm") == strace ]]; then echo "${p#/proc/}"; fi
  done
}

# What prog is given

@test "nothing else changes for prog" {
  local t direct section=(fds sigs misc cwd limits env)
  hold -muinCpT
  given ()
  {
    fresh -m 027 -k 7 -i PIPE -i USR2 -b USR1 -b RTMIN+3 -b CHLD nice -n 3 prlimit --nofile=200:300 env A=1 "$@" "${section[@]}" 7< /dev/null
  }
  direct=$(given state)
  for t in net uts ipc cgroup time; do diff -u <(printf '%s\n' "$direct") <(given lc-setns -n "$ns/$t" state); done
  diff -u <(grep -v ^pdeathsig <<< "$direct") <(given lc-setns -n "$ns/pid" -n "$ns/uts" state | grep -v ^pdeathsig)
}

@test "twice in a chain" {
  hold -n -u
  ok lc-setns -n "$ns/net" lc-setns -n "$ns/uts" -n "$ns/net" readlink /proc/self/ns/net /proc/self/ns/uts
  stdout_is "$(readlink "$ns/net" "$ns/uts")"
}

@test "a mount namespace: it starts in its root" {
  mkdir dir
  hold -m
  cd dir
  ok lc-setns -n "$ns/mnt" state cwd
  stdout_is 'cwd /'
}

@test "a caller that ignores SIGCHLD does not hang it" {
  hold -p
  fails 7 '' fresh -i CHLD lc-setns -n "$ns/pid" sigpayload -n exit:7
  ok fresh -i CHLD lc-setns -n "$ns/pid" state sigs
  stdout_is $'blocked\nignored CHLD\npending'
}

# What is wrong

@test "wrong usage" {
  fails 100 "$usage" lc-setns
  fails 100 "$usage" lc-setns -n /proc/self/ns/net
  fails 100 "$usage" lc-setns -x true
  fails 100 "$usage" lc-setns -n
  fails 100 'lc-setns: fatal: no namespace: -n is needed' lc-setns touch ran
  fails 100 'lc-setns: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-setns -n /proc/self/ns/net touch ran
  run ! test -e ran
}

@test "files that are no namespace: nothing blocks, nothing runs" {
  local f
  touch file
  mkfifo fifo
  mkdir dir
  for f in file fifo dir /dev/null /dev/zero /proc/self/status; do
    fails 100 "lc-setns: fatal: $f is not the file of a namespace" timeout 20 lc-setns -n /proc/self/ns/uts -n "$f" touch ran
  done
  run ! test -e ran
}

@test "a file that is missing, two of one type" {
  fails 111 'lc-setns: fatal: unable to open /mnt/nosuch: No such file or directory' lc-setns -n /mnt/nosuch touch ran
  fails 111 'lc-setns: fatal: unable to open : No such file or directory' lc-setns -n '' touch ran
  hold -n
  fails 100 "lc-setns: fatal: /proc/self/ns/net and $ns/net are namespaces of the same type" \
    lc-setns -n /proc/self/ns/net -n /proc/self/ns/uts -n "$ns/net" touch ran
  run ! test -e ran
}

@test "one that cannot be joined: prog does not run" {
  need strace
  try strace -f -qq -o /dev/null -e inject=setns:error=EINVAL:when=2 lc-setns -n /proc/self/ns/net -n /proc/self/ns/uts touch ran
  status_is 111
  stderr_is 'lc-setns: fatal: unable to join the namespace /proc/self/ns/uts: Invalid argument'
  hold -B 0:0:10
  try strace -f -qq -o /dev/null -e inject=setresuid:error=EAGAIN lc-setns -n "$ns/user" touch ran
  status_is 111
  stderr_is "lc-setns: fatal: unable to become root of the user namespace $ns/user: Resource temporarily unavailable"
  # the parent of one's user namespace
  touch user
  mount --bind /proc/self/ns/user user
  fails 111 'lc-setns: fatal: unable to join the namespace user (not privileged over it: a user namespace that owns it may have to be joined too): Operation not permitted' \
    lc-unshare -B 0:0:10 lc-setns -n user touch ran
  run ! test -e ran
}

@test "prog that is missing is 127, prog that cannot run is 126" {
  echo text > file
  hold -p
  for f in /proc/self/ns/net "$ns/pid"; do
    fails 127 'lc-setns: fatal: unable to exec nosuch: No such file or directory' lc-setns -n "$f" nosuch
    fails 126 'lc-setns: fatal: unable to exec /mnt/file: Permission denied' lc-setns -n "$f" /mnt/file
  done
}

@test "-v tells what is joined, -- ends the options" {
  try lc-setns -v -n /proc/self/ns/net -n /proc/self/ns/uts -- state cwd -- -v 'a b'
  status_is 0
  stdout_is $'cwd /mnt\narg -v\narg a b'
  stderr_is $'lc-setns: info: joined /proc/self/ns/net\nlc-setns: info: joined /proc/self/ns/uts'
}

# Chains, and what is seen of it

@test "two in one chain join what each of them names" {
  local first pid path
  hold -n
  first=$ns
  spawn lc-unshare -n -m -B 0:100000:65536 sh -c 'echo ready; exec sleep 1000'
  expect ready
  ns=/proc/$SPAWNED/ns
  for path in "$LCBOOT_BIN" "$LCBOOT_OTHER"; do
    [[ -x $path/lc-setns ]] || continue
    ok env PATH="$path:$PATH" lc-setns -n "$first/net" -n "$ns/user" lc-setns -n "$ns/net" readlink /proc/self/ns/net
    stdout_is "$(readlink "$ns/net")"
    ok env PATH="$path:$PATH" lc-setns -n "$first/net" lc-setns -n "$ns/user" -n "$ns/mnt" sh -c 'readlink /proc/self/ns/net /proc/self/ns/user /proc/self/ns/mnt'
    stdout_is "$(readlink "$first/net" "$ns/user" "$ns/mnt")"
  done
}

@test "a PID namespace: it cannot be looked into by who runs there" {
  local pid watcher target
  spawn as_user lc-unshare -m -p -B self -b ' sh' ' -c' ' echo $LCBOOT_PID' '' sh -c 'echo ready; exec sleep 1000'
  read -r -u "$SPAWN_FD" pid
  expect ready
  spawn as_user sh -c 'echo $$; exec lc-setns -n "$1/user" -n "$1/pid" -n "$1/mnt" sh -c "echo ready; exec sleep 1000"' sh "/proc/$pid/ns"
  read -r -u "$SPAWN_FD" watcher
  expect ready
  # the control: an ordinary process of that user
  spawn as_user sh -c 'echo $$; exec sleep 1000'
  read -r -u "$SPAWN_FD" target
  await grep -q '^Name:.sleep' "/proc/$target/status"
  ok as_user readlink "/proc/$target/exe"
  refute as_user readlink "/proc/$watcher/exe"
  is "$(stat -c %u "/proc/$watcher/fd")" 0
  refute as_user ls "/proc/$watcher/fd/"
}

@test "a PID namespace: it is undumpable before it can be seen there, and till prog is executed" {
  need strace
  hold -p -m
  ok strace -f -qq -o trace -e trace=prctl,setns,fork,vfork,clone,clone3,execve lc-setns -n "$ns/pid" true
  awk '
    /prctl\(PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)\)/ { off = NR }
    /prctl\(PR_SET_DUMPABLE, (1|SUID_DUMP_USER)\)/ { bad = 1 }
    /setns\(.*CLONE_NEWPID\)/ { joined = NR }
    END { exit ! (off && joined && off < joined && ! bad) }' trace || fail "$(cat trace)"
  # prog itself is as it was
  ok lc-setns -n "$ns/pid" state misc
  is "$(grep ^dumpable <<< "$output")" "$(state misc | grep ^dumpable)"
}

@test "a namespace's type that cannot be asked for is no wrong usage" {
  need strace
  fails 111 'lc-setns: fatal: unable to ask for the type of /proc/self/ns/net: Input/output error' \
    strace -o /dev/null -e inject=ioctl:error=EIO lc-setns -n /proc/self/ns/net touch ran
  fails 100 'lc-setns: fatal: /etc/passwd is not the file of a namespace' lc-setns -n /etc/passwd touch ran
  run ! test -e ran
}

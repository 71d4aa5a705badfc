#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
# shellcheck disable=SC2016 # the inner shells expand
# The hierarchies that the machine has, whatever they are: nearly everywhere a
# cgroup2, in which controllers may or may not be. cgroup2.bats has the rest, in
# virtual machines.
load lib
load cgroup

usage='lc-cgroup: usage: lc-cgroup [ -v ] [ -m memory ] [ -p pids ] [ -s file=value ]... [ -d uid[:gid] ] [ -i ] [ -D ] name prog...'

in_cgroup ()  # HIERARCHY PATH: the last program that ran said that it was there
{
  local line
  case $1 in cgroup2) line="0::" ;; *) line="[0-9]+:([^:]*,)?$1(,[^:]*)?:" ;; esac
  stdout_like "(^|"$'\n'")${line}[^"$'\n'"]*/$name$2("$'\n'"|\$)"
}

# Where it is

@test "it is made, and prog is in it" {
  own cgroup2
  ok lc-cgroup web1 cat /proc/self/cgroup
  in_cgroup cgroup2 /web1
  ok lc-cgroup web1/a//b/ cat /proc/self/cgroup
  in_cgroup cgroup2 /web1/a/b
  ok lc-cgroup /web2 lc-cgroup sub cat /proc/self/cgroup
  in_cgroup cgroup2 /web2/sub
  ok lc-cgroup web2 lc-cgroup /web3 cat /proc/self/cgroup
  in_cgroup cgroup2 /web3
  ok lc-cgroup web2 lc-cgroup / cat /proc/self/cgroup
  in_cgroup cgroup2 ''
  is "$(cd cgroup2 && echo */ */*/ */*/*/)" 'web1/ web2/ web3/ web1/a/ web2/sub/ web1/a/b/'
  is "$(stat -c %a cgroup2/web1)" 755
}

@test "every hierarchy that is mounted, and no other" {
  own memory pids freezer name=systemd cgroup2
  ok lc-cgroup web1 cat /proc/self/cgroup
  local h
  for h in memory pids freezer name=systemd cgroup2; do in_cgroup "$h" /web1; done
  umount pids freezer
  ok lc-cgroup web2 cat /proc/self/cgroup
  in_cgroup memory /web2
  in_cgroup pids ''
}

@test "without prog it is made and set, and nobody is in it" {
  own cgroup2
  ok lc-cgroup -d 1000:1001 web1
  is "$(stat -c %u:%g cgroup2/web1)" 1000:1001
  is "$(< cgroup2/web1/cgroup.procs)" ''
}

@test "a mount that hides another, one that is read-only, one that does not show the current cgroup" {
  own cgroup2
  # read-only, and a better one
  mkdir /mnt/rw /mnt/elsewhere
  mount --bind cgroup2 /mnt/rw
  mount -o remount,bind,ro cgroup2
  ok lc-cgroup web1 cat /proc/self/cgroup
  in_cgroup cgroup2 /web1
  # what stands in its place is no cgroup
  mount -t tmpfs over /mnt/rw
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/web2 (it is mounted read-only): Read-only file system' \
    lc-cgroup web2 touch /mnt/ran
  umount /mnt/rw
  mkdir /mnt/rw/elsewhere
  mount --bind /mnt/rw/elsewhere /mnt/elsewhere
  umount cgroup2 /mnt/rw
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /mnt/elsewhere (the current cgroup is not below this mount): No such file or directory' \
    lc-cgroup web2 touch /mnt/ran
  ok lc-cgroup /web2 cat /proc/self/cgroup
  in_cgroup cgroup2 /elsewhere/web2
  run ! test -e /mnt/ran
}

@test "a mount point with blanks in its name" {
  own cgroup2
  mkdir '/mnt/a b' 
  mount --bind cgroup2 '/mnt/a b'
  umount cgroup2
  try lc-cgroup -v web1 cat /proc/self/cgroup
  stderr_is $'lc-cgroup: info: made the cgroup /mnt/a b/web1\nlc-cgroup: info: in the cgroup /mnt/a b/web1'
  in_cgroup cgroup2 /web1
}

@test "inside of a cgroup namespace" {
  own cgroup2
  # the mounts from before show what is above its root
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2 (the current cgroup is not below this mount): No such file or directory' \
    lc-cgroup ns lc-unshare -C lc-cgroup web1 true
  ok lc-cgroup ns lc-unshare -C -m lc-mountfs -t cgroup2 cgroup2 /mnt lc-cgroup web1 lc-cgroup /web2 cat /proc/self/cgroup
  stdout_has '0::/web2'
  is "$(cd cgroup2 && echo */*/)" 'ns/web1/ ns/web2/'
}

@test "without a /proc, without openat2" {
  own cgroup2
  ok lc-unshare -m sh -c 'umount -l /proc; lc-cgroup web1'
  [[ -d cgroup2/web1 ]]
  ok without openat2 -- lc-cgroup web2/sub cat /proc/self/cgroup
  in_cgroup cgroup2 /web2/sub
  # a mount in the way is no cgroup
  mount --bind /mnt cgroup2/web2
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/web2: Invalid cross-device link' lc-cgroup web2 true
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/web2: Invalid cross-device link' without openat2 -- lc-cgroup web2/sub true
  umount cgroup2/web2
  is "$(ls /mnt)" ''
}

# Limits

@test "cgroup v1: memory, processes, files" {
  own memory pids freezer cgroup2
  ok lc-cgroup -m 64M -p 7 -s memory.swappiness=3 -s freezer.state=THAWED -s cgroup.max.depth=5 -s notify_on_release=1 web1 \
    sh -c 'cat memory/web1/memory.limit_in_bytes memory/web1/memory.swappiness pids/web1/pids.max cgroup2/web1/cgroup.max.depth */web1/notify_on_release'
  stdout_is $'67108864\n3\n7\n5\n1\n1\n1'
  if [[ -e memory/memory.memsw.limit_in_bytes ]]; then is "$(< memory/web1/memory.memsw.limit_in_bytes)" 67108864; fi
  # up and down
  ok lc-cgroup -m 128M web1
  is "$(< memory/web1/memory.limit_in_bytes)" 134217728
  ok lc-cgroup -m 32768k web1
  is "$(< memory/web1/memory.limit_in_bytes)" 33554432
  ok lc-cgroup -m 48M -m 1G web1
  is "$(< memory/web1/memory.limit_in_bytes)" 1073741824
  is "$(< memory/web1/memory.use_hierarchy)" 1
}

@test "cgroup v1: who takes too much memory is killed, and nobody else" {
  own memory
  spawn lc-cgroup -m 64M modest sh -c 'echo ready; exec sleep 1000'
  expect ready
  try lc-cgroup -m 16M greedy sh -c 'exec head -c 64M /dev/zero | tail -c 64M'
  status_is 137
  is "$(sed -n 's/^oom_kill //p' memory/modest/memory.oom_control)" 0
  kill -0 "$SPAWNED"
}

@test "cgroup v1: a new cpuset has its parent's processors" {
  own cpuset
  ok lc-cgroup web1/sub cat /proc/self/cgroup cpuset/web1/cpuset.cpus cpuset/web1/sub/cpuset.mems
  in_cgroup cpuset /web1/sub
  stdout_has "$(< cpuset/cpuset.cpus)"$'\n'"$(< cpuset/cpuset.mems)"
}

@test "the current cgroup: set, and nobody moves" {
  own memory pids
  ok lc-cgroup web1 lc-cgroup -m 64M -p 9 . cat /proc/self/cgroup memory/web1/memory.limit_in_bytes pids/web1/pids.max
  in_cgroup memory /web1
  stdout_has $'67108864\n9'
  is "$(cd memory && echo */)" web1/
}

@test "amounts of memory" {
  own memory
  local arg
  for arg in 4096 4k 4K 1M 1m 1g 1T 8388607T 9223372036854775807; do
    ok lc-cgroup -m "$arg" web1
  done
  for arg in '' 0 0k k 1x 1kk 1.5G -1 +1 ' 1' '1 ' 1e3 max 8388608T 9223372036854775808 18446744073709551617; do
    fails 100 "lc-cgroup: fatal: invalid amount of memory: $arg (expected a positive number of bytes, with k, M, G or T for more)" \
      lc-cgroup -m "$arg" web2 touch /mnt/ran
  done
  for arg in '' -1 1k max 4194305 99999999999999999999; do
    fails 100 "lc-cgroup: fatal: invalid number of processes: $arg (expected 0 to 4194304)" lc-cgroup -p "$arg" web2 touch /mnt/ran
  done
  run ! test -e memory/web2 -o -e /mnt/ran
}

@test "a controller that is nowhere" {
  own memory
  fails 111 'lc-cgroup: fatal: the controller pids is in a hierarchy of cgroup v1 that is not mounted here' lc-cgroup -p 4 web1 touch /mnt/ran
  fails 111 'lc-cgroup: fatal: the controller nosuch is in no hierarchy that is mounted here' lc-cgroup -s nosuch.max=4 web1 touch /mnt/ran
  fails 111 'lc-cgroup: fatal: unable to write 1 to /sys/fs/cgroup/memory/web1/memory.nosuch (a cgroup has no such file here): No such file or directory' \
    lc-cgroup -s memory.nosuch=1 web1 touch /mnt/ran
  run ! test -e memory/web1 -o -e /mnt/ran
}

# Delegation

owners ()
{
  ( cd "$1" && stat -c '%u:%g %n' . ./* | grep -v '^0:0 ' | sed 's|\./||' )
}

@test "delegation: the directory and what the kernel names, never limits" {
  own memory pids cgroup2
  ok lc-cgroup -m 64M -d 100000:100001 web1 true
  is "$(owners memory/web1)" $'100000:100001 .\n100000:100001 cgroup.procs\n100000:100001 tasks'
  is "$(owners pids/web1)" $'100000:100001 .\n100000:100001 cgroup.procs\n100000:100001 tasks'
  is "$(owners cgroup2/web1)" $'100000:100001 .\n100000:100001 cgroup.procs\n100000:100001 cgroup.subtree_control\n100000:100001 cgroup.threads'
  ok lc-cgroup web2 lc-cgroup -d 100000 . cat /proc/self/cgroup
  in_cgroup cgroup2 /web2
  is "$(owners cgroup2/web2)" $'100000:0 .\n100000:0 cgroup.procs\n100000:0 cgroup.subtree_control\n100000:0 cgroup.threads'
  is "$(owners memory/web2)" $'100000:0 .\n100000:0 cgroup.procs\n100000:0 tasks'
}

@test "delegation: a list that is not the kernel's is not read" {
  own cgroup2
  printf '%s\n' cgroup.procs cgroup.max.depth > /mnt/list
  mount --bind /mnt/list /sys/kernel/cgroup/delegate
  ok lc-cgroup -d 1000:1000 web1
  is "$(owners cgroup2/web1)" $'1000:1000 .\n1000:1000 cgroup.procs\n1000:1000 cgroup.subtree_control\n1000:1000 cgroup.threads'
}

@test "delegation: a guest makes cgroups, and cannot lift its limit" {
  own memory cgroup2
  try lc-cgroup -m 32M -d 100000:100000 web1 lc-unshare -m -C -B 0:100000:65536 sh -c '
    cd memory/web1
    echo 1G > memory.limit_in_bytes
    echo 0 > ../cgroup.procs
    mkdir sub && echo $$ > sub/cgroup.procs && echo 1G > sub/memory.limit_in_bytes && cat memory.limit_in_bytes
    mkdir ../../cgroup2/web1/sub && echo $$ > ../../cgroup2/web1/sub/cgroup.procs && echo moved
    exec head -c 64M /dev/zero | tail -c 64M'
  status_is 137
  stdout_is $'33554432\nmoved'
  stderr_has 'memory.limit_in_bytes: Permission denied'
  stderr_has '../cgroup.procs: Permission denied'
}

@test "delegation: an ordinary user in what is delegated to it" {
  own memory cgroup2
  ok lc-cgroup -d 65533:65533 user
  user=(setpriv --reuid=65533 --regid=65533 --clear-groups --)
  _lib_etc
  # of the hierarchies that are closed to it, none is needed
  chown 0:0 memory/user memory/user/cgroup.procs memory/user/tasks
  ok lc-cgroup user "${user[@]}" lc-cgroup sub cat /proc/self/cgroup
  in_cgroup cgroup2 /user/sub
  in_cgroup memory /user
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/memory/user/sub: Permission denied' \
    lc-cgroup user "${user[@]}" lc-cgroup -m 1G sub touch /run/tester/ran
  # none at all
  chown 0:0 cgroup2/user cgroup2/user/cgroup.procs
  await rmdir cgroup2/user/sub
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/user/sub: Permission denied' \
    lc-cgroup user "${user[@]}" lc-cgroup sub touch /run/tester/ran
  run ! test -e /run/tester/ran
}

@test "delegation: in a user namespace, of what does not belong to it, to who is not in it" {
  own memory cgroup2
  local in=(lc-unshare -m -B 0:100000:10)
  fails 111 'lc-cgroup: fatal: unable to delegate the cgroup /sys/fs/cgroup/cgroup2 to 1:1: Operation not permitted' "${in[@]}" lc-cgroup -d 1:1 . touch /mnt/ran
  ok "${in[@]}" lc-cgroup -i -d 1:1 . echo on
  stdout_is on
  ok "${in[@]}" lc-cgroup -i -d 1:1 sub echo on
  ok lc-cgroup -d 100000:100000 web1 "${in[@]}" lc-cgroup -d 1:1 . lc-cgroup -d 2:2 sub echo on
  is "$(owners cgroup2/web1 | head -n 1)" '100001:100001 .'
  is "$(owners cgroup2/web1/sub | head -n 1)" '100002:100002 .'
  for i in '' -i; do
    # shellcheck disable=SC2086
    fails_like 111 'lc-cgroup: fatal: unable to delegate the cgroup /sys/fs/cgroup/(memory|cgroup2)/web2 to 99:99 \(an id that is not mapped in this user namespace\): Invalid argument' \
      lc-cgroup -d 100000:100000 web2 "${in[@]}" lc-cgroup $i -d 99:99 . touch /mnt/ran
  done
  run ! test -e /mnt/ran
}

@test "-i: nothing to delegate is no failure, a limit is" {
  # what is covered is not in view, and no mount of its own is made then
  mount -t tmpfs cover /sys/fs/cgroup
  fails 111 'lc-cgroup: fatal: there is no cgroup file system mounted here' lc-cgroup -d 1000:1000 . touch /mnt/ran
  ok lc-cgroup -i -d 1000:1000 . echo on
  stdout_is on
  try lc-cgroup -v -i -d 1000:1000 guest echo on
  stderr_is 'lc-cgroup: info: no cgroup is delegated'
  ok lc-cgroup -i -D -d 1000:1000 guest echo on
  fails_like 111 'lc-cgroup: fatal: the controller memory .*' lc-cgroup -m 1G -i -d 1000:1000 . touch /mnt/ran
  # nor without a /proc: neither the test's own nor that below it
  local noproc=(without fsopen -- lc-unshare -m -- sh -c 'umount -l /proc; umount -l /proc; "$@"' sh)
  fails 111 'lc-cgroup: fatal: unable to read the cgroups of this process from /proc: Function not implemented' "${noproc[@]}" lc-cgroup -d 1000 . touch /mnt/ran
  fails 111 'lc-cgroup: fatal: unable to read the cgroups of this process from /proc: Function not implemented' "${noproc[@]}" lc-cgroup -i -d 1000 -m 1G . touch /mnt/ran
  try "${noproc[@]}" lc-cgroup -v -i -d 1000 . echo on
  status_is 0
  stdout_is on
  stderr_is $'lc-cgroup: info: left out: unable to read the cgroups of this process from /proc: Function not implemented\nlc-cgroup: info: no cgroup is delegated'
  run ! test -e /mnt/ran
}

# The end

here () { find . -name "$1"; }

@test "-D: removed with everything in it; the status is prog's" {
  own memory pids freezer cgroup2
  ok lc-cgroup -D web1 true
  is "$(here web1)" ''
  fails 7 '' lc-cgroup -D web1 sh -c 'exit 7'
  fails 133 '' lc-cgroup -D web1 sh -c 'exit 133'
  fails 143 '' lc-cgroup -D web1 sh -c 'kill -TERM $$'
  # what has gone elsewhere in the meantime, a subtree, something frozen
  mkfifo /mnt/go
  spawn lc-cgroup -D -d 1000:1000 web1 sh -c '
    exec 5<> /mnt/go
    mkdir -p memory/web1/a/b cgroup2/web1/c/d freezer/web1/e
    setsid -f sleep 1000
    sh -c "echo 0 > cgroup2/web1/c/d/cgroup.procs; echo 0 > memory/web1/a/b/cgroup.procs; echo one; exec sleep 1000" &
    read -r line <&5
    sh -c "echo 0 > freezer/web1/e/cgroup.procs; echo two; exec sleep 1000" &
    read -r line <&5
    echo FROZEN > freezer/web1/e/freezer.state
    exit 3'
  expect one
  echo > /mnt/go
  expect two
  echo > /mnt/go
  finish
  status_is 3
  is "$stderr" ''
  gone
  is "$(here web1)" ''
}

@test "-D: without cgroup.kill, without pidfds" {
  own memory pids cgroup2
  local hidden
  for hidden in 'pidfd_open pidfd_send_signal' 'openat2'; do
    # shellcheck disable=SC2086
    fails 3 '' without $hidden -- lc-cgroup -D web1 sh -c 'sleep 1000 & setsid -f sleep 1000; exit 3'
    is "$(here web1)" ''
  done
  umount cgroup2
  for hidden in 'pidfd_open pidfd_send_signal' 'openat2'; do
    # shellcheck disable=SC2086
    fails 3 '' without $hidden -- lc-cgroup -D web1 sh -c 'sleep 1000 & setsid -f sleep 1000; exit 3'
    is "$(here web1)" ''
  done
}

@test "-D: a fork bomb" {
  own memory pids cgroup2
  local bomb='sh -c "bomb () { bomb & bomb & }; bomb" 2> /dev/null; exit 5'
  try lc-cgroup -D -p 100 web1 sh -c "$bomb"
  status_is 5
  is "$(here web1)" ''
  umount cgroup2
  try lc-cgroup -D -p 100 web1 sh -c "$bomb"
  status_is 5
  is "$(here web1)" ''
}

@test "-D: the child dies with it, and what is left is refused until it is gone" {
  own cgroup2
  spawn lc-cgroup -D web1/sub sh -c 'echo ready; exec sleep 1000'
  expect ready
  fails 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/web1 (it is there already, and there are processes in it or below it): Device or resource busy' \
    lc-cgroup -D web1 touch /mnt/ran
  kill -KILL "$SPAWNED"
  gone
  await eval '[[ -z $(< cgroup2/web1/sub/cgroup.procs) ]]'
  mkdir cgroup2/web1/other
  ok lc-cgroup -D web1 true
  is "$(here 'web*')" ''
  run ! test -e /mnt/ran
}

@test "-D: what it has made above goes too, what was there stays" {
  own cgroup2
  mkdir cgroup2/stays
  ok lc-cgroup -D stays/a/b/c true
  is "$(cd cgroup2 && echo */ */*/)" 'stays/ */*/'
  ok lc-cgroup -D stays/a/b sh -c 'mkdir cgroup2/stays/a/other'
  is "$(cd cgroup2 && find . -mindepth 1 -type d | sort)" $'./stays\n./stays/a\n./stays/a/other'
}

@test "-D: somebody else has removed it, or made another one of that name" {
  own cgroup2
  ok lc-cgroup -D web1 sh -c 'echo $$ > cgroup2/cgroup.procs; rmdir cgroup2/web1'
  ok lc-cgroup -D web1 sh -c 'echo $$ > cgroup2/cgroup.procs; rmdir cgroup2/web1; mkdir cgroup2/web1'
  is "$(here web1)" ./cgroup2/web1
}

@test "-D: deeper than there are descriptors, and wide" {
  own cgroup2
  ok prlimit --nofile=24 lc-cgroup -D web1 sh -c '
    cd cgroup2/web1
    for i in 1 2 3 4 5 6 7 8; do mkdir -p $i/a $i/b; done
    for i in $(seq 60); do mkdir d; cd d || exit 9; done'
  is "$(here web1)" ''
}

@test "-D: many that have one below them: each is looked at a few times, not once for each other one" {
  need strace
  own cgroup2
  ok strace -o /mnt/calls -e trace=unlinkat lc-cgroup -D web1 sh -c '
    cd cgroup2/web1
    for i in $(seq 150); do mkdir -p $i/below; done'
  is "$(here web1)" ''
  (( $(grep -c AT_REMOVEDIR /mnt/calls) < 1000 )) || fail "$(wc -l < /mnt/calls) calls"
}

@test "-D: what cannot be killed stays, with a warning, and the status is prog's" {
  own memory
  mkfifo /mnt/go
  # one that has no number in the PID namespace
  sleep 1000 &
  local outside=$!
  spawn lc-unshare -p lc-cgroup -D web1 sh -c 'echo ready; read -r line < /mnt/go; exit 3'
  expect ready
  echo "$outside" > memory/web1/cgroup.procs
  echo > /mnt/go
  finish
  status_is 3
  is "$stderr" "lc-cgroup: warning: unable to remove the cgroup /sys/fs/cgroup/memory/web1 (a process in it does not die, or is another PID namespace's): Device or resource busy"
  is "$(< memory/web1/cgroup.procs)" "$outside"
}

@test "-D: signals are forwarded" {
  own cgroup2
  local s
  spawn lc-cgroup -D web1 sigpayload -a TERM=exit:4
  expect ready
  for s in HUP INT USR1 WINCH; do
    kill "-$s" "$SPAWNED"
    expect "got $s"
  done
  kill "$SPAWNED"
  finish
  status_is 4
  is "$(here web1)" ''
}

@test "-D: prog that is missing is 127, prog that cannot run is 126" {
  own cgroup2
  echo text > /mnt/file
  fails 127 'lc-cgroup: fatal: unable to exec nosuch: No such file or directory' lc-cgroup -D web1 nosuch
  fails 126 'lc-cgroup: fatal: unable to exec /mnt/file: Permission denied' lc-cgroup -D web1 /mnt/file
  is "$(here web1)" ''
  fails 127 'lc-cgroup: fatal: unable to exec nosuch: No such file or directory' lc-cgroup web1 nosuch
}

@test "-D: a caller that ignores SIGCHLD" {
  own cgroup2
  fails 7 '' fresh -i CHLD lc-cgroup -D web1 sigpayload -n exit:7
  diff -u <(fresh -i CHLD state sigs) <(fresh -i CHLD lc-cgroup -D web1 state sigs)
}

# What prog is given

@test "nothing else changes for prog" {
  own memory cgroup2
  local direct
  given ()
  {
    fresh -m 022 -k 7 -i PIPE -i USR2 -b USR1 -b RTMIN+3 -b CHLD nice -n 3 prlimit --nofile=200:300 env A=1 "$@" fds sigs misc cwd limits env 7< /dev/null
  }
  direct=$(given state)
  diff -u <(printf '%s\n' "$direct") <(given lc-cgroup -d 1000 web1 state)
  diff -u <(printf '%s\n' "$direct") <(given lc-cgroup -i -d 1000 . state)
  diff -u <(printf '%s\n' "$direct") <(given lc-cgroup web1 lc-cgroup web2 state)
  diff -u <(grep -v ^pdeathsig <<< "$direct") <(given lc-cgroup -D web3 state | grep -v ^pdeathsig)
  same_state lc-cgroup web1
}

@test "-v tells what is done, -- ends the options" {
  own memory
  try lc-cgroup -v -m 64M -d 1000 -- web1 state cwd -- -v 'a b'
  status_is 0
  stdout_is $'cwd /sys/fs/cgroup\narg -v\narg a b'
  stderr_is "lc-cgroup: info: made the cgroup /sys/fs/cgroup/memory/web1
lc-cgroup: info: /sys/fs/cgroup/memory/web1/memory.use_hierarchy is 1
lc-cgroup: info: /sys/fs/cgroup/memory/web1/memory.limit_in_bytes is 67108864
lc-cgroup: info: /sys/fs/cgroup/memory/web1/memory.memsw.limit_in_bytes is 67108864
lc-cgroup: info: /sys/fs/cgroup/memory/web1 belongs to 1000
lc-cgroup: info: in the cgroup /sys/fs/cgroup/memory/web1"
  try lc-cgroup -v -D web2 true
  stderr_is $'lc-cgroup: info: made the cgroup /sys/fs/cgroup/memory/web2\nlc-cgroup: info: in the cgroup /sys/fs/cgroup/memory/web2\nlc-cgroup: info: removed the cgroup'
}

# What is wrong

@test "wrong usage" {
  local n
  own cgroup2
  fails 100 "$usage" lc-cgroup
  fails 100 "$usage" lc-cgroup -D
  fails 100 "$usage" lc-cgroup -x web1 true
  fails 100 "$usage" lc-cgroup -m
  fails 100 'lc-cgroup: fatal: nothing to do with the current cgroup: one of -m -p -s -d is needed' lc-cgroup . touch /mnt/ran
  fails 100 'lc-cgroup: fatal: -i is of use only with -d' lc-cgroup -i web1 touch /mnt/ran
  fails 100 'lc-cgroup: fatal: -D is of use only with a program' lc-cgroup -D web1
  for n in . / //; do
    fails 100 "lc-cgroup: fatal: -D cannot remove the cgroup $n, which is not made" lc-cgroup -d 1000 -D $n touch /mnt/ran
  done
  fails 100 'lc-cgroup: fatal: the name of the cgroup is empty' lc-cgroup '' touch /mnt/ran
  for n in .. ../x x/.. x/../y /.. /x/../../y ./x x/. /. x/./y; do
    fails 100 "lc-cgroup: fatal: invalid name of a cgroup: $n (it cannot hold . or ..)" lc-cgroup "$n" touch /mnt/ran
  done
  for n in = =1 x memory.max ''; do
    fails 100 "lc-cgroup: fatal: invalid setting: $n (expected file=value)" lc-cgroup -s "$n" web1 touch /mnt/ran
  done
  for n in ../memory.max=1 /etc/passwd=1 sub/memory.max=1 ..=1 .=1 memory./../x=1; do
    fails 100 "lc-cgroup: fatal: invalid setting: $n (the file is a name in the cgroup's directory)" lc-cgroup -s "$n" web1 touch /mnt/ran
  done
  n=$(printf %0256d 0)
  fails 100 "lc-cgroup: fatal: invalid name of a cgroup: a/$n (one of its parts is too long)" lc-cgroup "a/$n" touch /mnt/ran
  fails 100 "lc-cgroup: fatal: invalid setting: $n=1 (the name of the file is too long)" lc-cgroup -s "$n=1" web1 touch /mnt/ran
  for n in '' root 1: :1 -1 4294967295 1:2:3; do
    fails 100 "lc-cgroup: fatal: invalid owner: $n (expected uid[:gid], numbers)" lc-cgroup -d "$n" web1 touch /mnt/ran
  done
  fails 100 'lc-cgroup: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-cgroup web1 touch /mnt/ran
  run ! test -e /mnt/ran
  is "$(cd cgroup2 && echo */)" '*/'
}

@test "names that the kernel does not take" {
  own cgroup2
  fails_like 111 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/cgroup2/cgroup.procs \(it is no cgroup\): Not a directory' lc-cgroup cgroup.procs touch /mnt/ran
  try lc-cgroup $'a/b\nc' touch /mnt/ran
  status_is 111
  is "$(cd cgroup2 && echo */)" '*/'
  run ! test -e /mnt/ran
}

@test "a step that fails: what was made is removed, the process is where it was, prog does not run" {
  need strace
  own memory pids cgroup2
  local call n
  broken () { strace -f -qq -o /dev/null -e "inject=$1:error=EIO:when=$2" lc-cgroup "${@:3}" touch /mnt/ran; }
  for call in fchownat:{1..6} mkdirat:{1..6} write:{1,2,4,5,6,7,8}; do
    # the third is a try
    try broken "${call%:*}" "${call#*:}" -s cgroup.max.depth=7 -m 64M -d 1000 web1/sub
    status_is 111
    stderr_like '^lc-cgroup: fatal: unable to [^'$'\n'']*: Input/output error$'
    is "$(here 'web*')" ''
    is "$(grep -c "$name\$" /proc/self/cgroup)" 3
  done
  for call in fchownat:{1,6} mkdirat:{1,6} write:{1,2,4,5}; do
    try broken "${call%:*}" "${call#*:}" -s cgroup.max.depth=7 -m 64M -d 1000 -D web1/sub
    status_is 111
    is "$(here 'web*')" ''
  done
  for n in 1 2 3; do
    try broken write "$n" -D web1
    status_is 111
    stderr_like '^lc-cgroup: fatal: unable to move into the cgroup [^'$'\n'']*: Input/output error$'
    is "$(here 'web*')" ''
  done
  try broken fork,vfork,clone,clone3 1 -D web1
  status_is 111
  is "$(here 'web*')" ''
  run ! test -e /mnt/ran
}

#!/usr/bin/env bats
# lc-cgroup where there is a cgroup2 with controllers, and a root cgroup to spare:
# in virtual machines. lc-cgroup.bats has the rest.
# shellcheck disable=SC2016,SC2034 # most $ are the VM's
TEST_TIMEOUT=300
load lib
load cache
load qemu

setup_file ()
{
  cache_kernel bookworm
  cache_kernel bullseye
}

# Linux 6.1, cgroup2 alone. Background processes tell by fifos that they are where
# they should be.

unified ()
{
  vm unified bookworm <<'END'
lc-mountfs -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mkdir /tmp/cg
cd /sys/fs/cgroup

run root-d lc-cgroup -d 1000:1000 . true
run root-owner stat -c %u:%g . cgroup.procs cgroup.subtree_control
run root-i lc-cgroup -v -i -d 1000:1000 . echo on
run root-m lc-cgroup -m 1G / true
run root-in lc-cgroup / cat /proc/self/cgroup
run nothing-made ls -d */

run limits lc-cgroup -m 64M -p 30 -s memory.high=48M -s cgroup.max.depth=2 -s memory.low= limits \
  sh -c 'cat /proc/self/cgroup; cd limits; cat memory.max memory.swap.max pids.max memory.high cgroup.max.depth'
run limits-root cat cgroup.subtree_control
run again lc-cgroup -v -p 31 limits sh -c 'cat limits/memory.max limits/pids.max'
run path lc-cgroup -m 32M /one/two/three sh -c 'cat one/cgroup.subtree_control one/two/cgroup.subtree_control; cd one/two/three; cat memory.max; echo $(cat cgroup.subtree_control)'
run path-inside lc-cgroup /one true
run unknown lc-cgroup -s nosuch.max=1 unknown true
run badvalue lc-cgroup -s memory.max=lots unknown true
run badfile lc-cgroup -s memory.nosuch=1 unknown true
run badfile-left ls -d unknown
run v1file lc-cgroup -s notify_on_release=1 unknown true
run many lc-cgroup -s cgroup.max.descendants=0 narrow lc-cgroup below true
run frozen-made lc-cgroup -s cgroup.freeze=0 -m 1g lower true

# one that takes too much, beside one that does not
mkfifo /tmp/up /tmp/go
( lc-cgroup -m 64M modest sh -c 'dd if=/dev/zero of=/tmp/modest bs=1M count=16 2> /dev/null; echo > /tmp/up; read x < /tmp/go; echo still here' > /tmp/modest.out 2>&1
  echo "$?" >> /tmp/modest.out; echo > /tmp/up ) &
read x < /tmp/up
run greedy lc-cgroup -m 32M greedy dd if=/dev/zero of=/dev/null bs=64M count=1
run greedy-events awk '/^oom_kill / { print ($2 > 0) }' greedy/memory.events
run greedy-tmpfs lc-cgroup -m 32M greedy dd if=/dev/zero of=/tmp/much bs=1M count=64
rm -f /tmp/much
run modest-events awk '/^oom/ { print $1, $2 }' modest/memory.events
echo > /tmp/go
read x < /tmp/up
run modest cat /tmp/modest.out
run pids lc-cgroup -p 1 few sh -c 'true | true'

# no internal processes
run alone lc-cgroup alone lc-cgroup -m 16M below sh -c 'cat /proc/self/cgroup alone/cgroup.subtree_control alone/below/memory.max'
run alone-p lc-cgroup alone-p lc-cgroup -p 16 below sh -c 'cat /proc/self/cgroup alone-p/cgroup.subtree_control alone-p/below/pids.max'
run busy lc-cgroup busy sh -c 'echo $$; lc-cgroup -m 16M below true; echo $?; cat /proc/self/cgroup; ls -d busy/*/; cat busy/cgroup.subtree_control'
run busy-p lc-cgroup busy sh -c 'lc-cgroup -p 16 below true; echo $?; cat busy/cgroup.subtree_control'
run busy-D lc-cgroup busy-D lc-cgroup -D -m 16M below true
run busy-D-left ls -d busy-D/below
run busy-outside lc-cgroup busy-o lc-unshare -p lc-cgroup -m 16M below true
run busy-alone lc-cgroup busy-a lc-cgroup -m 16M -s memory.max=lots below true
run busy-alone-left ls -d busy-a/below
run missing-controller lc-cgroup plain lc-unshare -m -C lc-mountfs -t cgroup2 cgroup2 /tmp/cg lc-cgroup -s misc.max=1 below true
run missing-left ls -d plain/below

# the end
pids='for p in /proc/[0-9]*; do read x < $p/comm && [ "$x" = sleep ] && echo ${p#/proc/}; done 2> /dev/null; true'
run D lc-cgroup -D -m 64M -d 100000 ended sh -c '
  sleep 1000 & setsid sleep 1000 &
  mkdir -p ended/a/b/c ended/d
  ( echo 0 > ended/a/b/c/cgroup.procs; exec sleep 1000 ) &
  ( echo 0 > ended/d/cgroup.procs; echo 1 > ended/d/cgroup.freeze; exec sleep 1000 ) &
  while [ "$(cat ended/cgroup.procs ended/a/b/c/cgroup.procs | wc -l)" -lt 4 ] || ! grep -q . ended/d/cgroup.procs; do :; done
  exit 7'
run D-left ls -d ended
run D-processes sh -c "$pids"
run D-killed lc-cgroup -D ended sh -c 'kill -KILL $$'
run D-parents lc-cgroup -D /p1/p2/p3 sh -c 'mkdir p1/other; true'
run D-parents-left find p1 -type d
run D-notfound lc-cgroup -D ended nosuch
run D-notfound-left ls -d ended
mkdir leftover leftover/sub
echo 1 > leftover/cgroup.max.depth
run D-leftover lc-cgroup -D leftover cat leftover/cgroup.max.depth
run D-leftover-left ls -d leftover

# a guest that the cgroup is handed to, as systemd wants it: it begins in its root
cat > /bin/guest <<'GUEST'
#!/bin/sh
cd /sys/fs/cgroup
echo "$(id -u) in $(cat /proc/self/cgroup), $(ls -d */ 2> /dev/null)"
echo max > memory.max
echo max > memory.high
echo 1 > cgroup.freeze
echo 0 > ../cgroup.procs
mkdir init sub || exit 1
echo $$ > init/cgroup.procs || exit 1
echo "+memory +pids" > cgroup.subtree_control || exit 1
echo "$(cat /proc/self/cgroup) $(cat cgroup.subtree_control)"
echo 1G > sub/memory.max || exit 1
sh -c 'echo 0 > sub/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=96M count=1' 2> /dev/null
echo "dd: $?, $(cat memory.max)"
GUEST
chmod 0755 /bin/guest
owners='cd /sys/fs/cgroup/$0; stat -c "%u:%g %n" . * | grep -v "^0:0 "; true'
cd /
ns='lc-unshare -m -u -i -n -C -B 0:100000:65536 lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup'
run guest lc-cgroup -m 48M -d 100000:100001 guest $ns guest
run guest-owners sh -c "$owners" guest
run guest-limits cat /sys/fs/cgroup/guest/memory.max
run controllers sh -c 'cat /sys/fs/cgroup/guest/cgroup.controllers; cat /sys/fs/cgroup/cgroup.controllers'
run nogroup lc-cgroup -d 100000 nogroup stat -c %u:%g /sys/fs/cgroup/nogroup /sys/fs/cgroup/nogroup/cgroup.procs
# a watcher has to be beside the guest, not in the cgroup that is its root
run watched lc-cgroup -m 48M -d 100000:100000 watched \
  lc-unshare -p -m -n -u -i -C -B 0:100000:65536 lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup lc-mountfs -t proc proc /proc guest
run leaves lc-cgroup -m 48M -d 100000:100000 leaves $ns lc-cgroup /supervisor \
  lc-unshare -p -m lc-cgroup -d 0:0 /payload lc-unshare -C lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup lc-mountfs -t proc proc /proc sh -c '
    cd /sys/fs/cgroup; echo "$$ in $(cat /proc/1/cgroup), $(ls -d */ 2> /dev/null)"; cat cgroup.controllers
    mkdir init; echo 1 > init/cgroup.procs && echo +memory > cgroup.subtree_control && cat cgroup.subtree_control'
# the current one, as a compiled boot does it in a container
run here lc-cgroup -m 48M here lc-unshare -m -C lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup lc-cgroup -d 100000:100000 . $ns guest
run here-owners sh -c "$owners" here
run nosys lc-unshare -m sh -c 'mount -t cgroup2 c /tmp/cg; umount -l /sys; lc-cgroup -d 100000:100000 nosys'
run nosys-owners sh -c "$owners" nosys
poweroff -f
END
}

# Linux 5.10, hybrid: memory, cpuset and freezer in cgroup v1, the rest in cgroup2.
# There is no cgroup.kill yet, and a limit of memory that counts only for the
# cgroup itself if it is not told otherwise.

hybrid ()
{
  vm hybrid bullseye <<'END'
lc-mountfs -t tmpfs t /sys/fs/cgroup
cd /sys/fs/cgroup
for h in memory cpuset freezer systemd; do
  mkdir $h
  case $h in systemd) mount -t cgroup -o none,name=systemd $h $h ;; *) mount -t cgroup -o $h $h $h ;; esac
done
mkdir unified
lc-mountfs -t cgroup2 cgroup2 unified
run root-d lc-cgroup -d 1000 . true
run root-owner stat -c %u memory unified systemd
run hierarchy cat memory/memory.use_hierarchy

run limits lc-cgroup -m 64M -p 30 -s cgroup.max.depth=3 -s notify_on_release=1 -s memory.swappiness=7 limits \
  sh -c 'sort -t : -k 2 /proc/self/cgroup | cut -d : -f 2-
    cat memory/limits/memory.limit_in_bytes unified/limits/pids.max unified/limits/cgroup.max.depth memory/limits/memory.swappiness
    cat */limits/notify_on_release cpuset/limits/cpuset.cpus cpuset/limits/cpuset.mems'
run deep lc-cgroup -m 16M /deep/er/than cat cpuset/deep/er/than/cpuset.cpus memory/deep/memory.limit_in_bytes memory/deep/er/than/memory.limit_in_bytes
run raised sh -c 'lc-cgroup -m 32M limits cat memory/limits/memory.limit_in_bytes; lc-cgroup -m 128M limits cat memory/limits/memory.limit_in_bytes'
run verbose lc-cgroup -v -m 32M limits true
run nov1 lc-unshare -m sh -c 'umount memory; lc-cgroup -m 32M nov1 true'
run nov1-left find . -name nov1
run noany lc-unshare -m sh -c 'umount memory cpuset freezer systemd unified; cd /; lc-cgroup noany true'
run unseen lc-unshare -m sh -c 'umount memory cpuset freezer systemd unified; cd /; lc-cgroup -v -d 1000 unseen cat /proc/self/cgroup'
run unseen-owner stat -c %u unified/unseen
run noany-i lc-unshare -m sh -c 'umount memory cpuset freezer systemd unified; cd /; lc-cgroup -i -d 1000 . echo on; lc-cgroup -i -d 1000 guest echo on; lc-cgroup -m 1M -i -d 1000 . echo on'
run readonly lc-unshare -m sh -c 'umount memory cpuset freezer systemd; mount -o remount,bind,ro unified; cd /; lc-cgroup readonly true; lc-cgroup -i -d 1000 readonly echo on; lc-cgroup -v -i -d 1000 . echo on'

run delegated lc-cgroup -m 48M -d 100000:100001 guest lc-unshare -m -n -u -i -C -B 0:100000:65536 sh -c '
  cd /sys/fs/cgroup/memory/guest
  echo 1G > memory.limit_in_bytes
  mkdir sub || exit
  echo 1G > sub/memory.limit_in_bytes
  sh -c "echo 0 > sub/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=96M count=1" 2> /dev/null
  echo "dd: $?, $(cat memory.limit_in_bytes)"
  sh -c "echo 0 > sub/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=16M count=1" 2> /dev/null
  echo "dd: $?"'
run owners sh -c 'for h in memory systemd unified; do cd $h/guest; stat -c "$h %u:%g %n" . cgroup* tasks memory.* pids.* cpu.* 2> /dev/null | grep -v " 0:0 "; cd ../..; done; true'

pids='for p in /proc/[0-9]*; do read x < $p/comm && [ "$x" = sleep ] && echo ${p#/proc/}; done 2> /dev/null; true'
run D lc-cgroup -D -m 64M -p 40 -d 100000 ended sh -c '
  sleep 1000 & setsid sleep 1000 &
  for h in memory freezer unified systemd; do mkdir -p $h/ended/a/b/c $h/ended/d; done
  ( echo 0 > unified/ended/a/b/c/cgroup.procs; echo 0 > memory/ended/a/cgroup.procs; exec sleep 1000 ) &
  ( echo 0 > freezer/ended/d/cgroup.procs; echo FROZEN > freezer/ended/d/freezer.state; exec sleep 1000 ) &
  while [ "$(cat memory/ended/cgroup.procs memory/ended/a/cgroup.procs | wc -l)" -lt 5 ] || [ "$(cat freezer/ended/d/freezer.state)" != FROZEN ] ||
    ! grep -q . memory/ended/a/cgroup.procs; do :; done
  exit 7'
run D-left find . -name ended
run D-processes sh -c "$pids"
cd /
poweroff -f
END
}

failed ()  # NAME WHAT LINE [OUTPUT]: it exited 111, saying that
{
  section "$1" "$2" && status_is 111 && stderr_is "lc-cgroup: fatal: unable to $3" && stdout_is "${4:-}"
}

left ()  # NAME WHAT DIRECTORY: it is not there any more
{
  section "$1" "$2" && status_is 1 && stderr_is "ls: $3: No such file or directory"
}

@test "the root of the hierarchy: it has no limits and is not delegated" {
  unified
  local why='(it is the root of the whole hierarchy, which is the machine'"'"'s): Operation not permitted'
  failed unified root-d "delegate the cgroup /sys/fs/cgroup to 1000:1000 $why"
  said unified root-owner $'0:0\n0:0\n0:0'
  section unified root-i
  status_is 0
  stdout_is on
  stderr_is "lc-cgroup: info: left out: unable to delegate the cgroup /sys/fs/cgroup $why"$'\nlc-cgroup: info: no cgroup is delegated'
  failed unified root-m 'write 1073741824 to /sys/fs/cgroup/memory.max (the root of the whole hierarchy has no limits): No such file or directory'
  said unified root-in 0::/
  left unified nothing-made '*/'
}

@test "limits: memory without swap, processes, any file; their controllers are enabled" {
  unified
  said unified limits $'0::/limits\n67108864\n0\n30\n50331648\n2'
  said unified limits-root 'memory pids'
}

@test "a cgroup that is there is used as it is, but for what is asked" {
  unified
  section unified again
  status_is 0
  stdout_is $'67108864\n31'
  stderr_is $'lc-cgroup: info: /sys/fs/cgroup/limits/pids.max is 31\nlc-cgroup: info: in the cgroup /sys/fs/cgroup/limits'
}

@test "a path: all of it is made, and passes the controller on" {
  unified
  said unified path $'memory\nmemory\n33554432\n'
  failed unified path-inside 'move into the cgroup /sys/fs/cgroup/one (no internal processes: it gives controllers to the cgroups below it, so it can have no process itself): Device or resource busy'
}

@test "controllers, files and values that there are not; the cgroup is removed again" {
  unified
  section unified unknown
  status_is 111
  stderr_like '^lc-cgroup: fatal: unable to enable the controller nosuch below /sys/fs/cgroup \(it has only cpuset .* itself\): No such file or directory$'
  failed unified badvalue 'write lots to /sys/fs/cgroup/unknown/memory.max (the kernel does not take that value): Invalid argument'
  failed unified badfile 'write 1 to /sys/fs/cgroup/unknown/memory.nosuch (a cgroup has no such file here): No such file or directory'
  left unified badfile-left unknown
  section unified v1file
  status_is 111
  stderr_is 'lc-cgroup: fatal: there is no cgroup file system mounted here that could have the file of notify_on_release=1'
  failed unified many 'make the cgroup /sys/fs/cgroup/narrow/below (a limit of the number of cgroups, cgroup.max.descendants or cgroup.max.depth): Resource temporarily unavailable'
  failed unified missing-controller 'enable the controller misc below /tmp/cg (it has only memory pids itself): No such file or directory'
  left unified missing-left plain/below
}

@test "who takes too much memory is killed, and nobody else" {
  unified
  section unified greedy
  status_is 137
  said unified greedy-events 1
  section unified greedy-tmpfs
  status_is 137
  said unified modest-events $'oom 0\noom_kill 0\noom_group_kill 0'
  said unified modest $'still here\n0'
}

@test "who forks too much cannot" {
  unified
  section unified pids
  status_is 2
  stderr_is "sh: can't fork: Resource temporarily unavailable"
}

@test "no internal processes: who is alone in its cgroup moves out of the way first" {
  unified
  said unified alone $'0::/alone/below\nmemory\n16777216'
  said unified alone-p $'0::/alone-p/below\npids\n16'
  # and back again when it fails
  failed unified busy-alone 'write lots to /sys/fs/cgroup/busy-a/below/memory.max (the kernel does not take that value): Invalid argument'
  left unified busy-alone-left busy-a/below
}

@test "no internal processes: who is not is told, and nothing has changed" {
  unified
  local rule='no internal processes: a cgroup that gives controllers to those below it can have none itself, and this one has'
  section unified busy
  status_is 0
  mapfile -t lines <<< "$output"
  [[ $output == [0-9]*$'\n111\n0::/busy' ]] || fail "$output"
  stderr_like "^lc-cgroup: fatal: unable to enable the controller memory below /sys/fs/cgroup/busy \($rule ${lines[0]}[0-9, ]*\): Device or resource busy"
  section unified busy-p
  stdout_is 111
  stderr_like "^lc-cgroup: fatal: unable to enable the controller pids below /sys/fs/cgroup/busy \($rule [0-9, ]*\): Device or resource busy$"
  section unified busy-outside
  status_is 111
  stderr_is "lc-cgroup: fatal: unable to enable the controller memory below /sys/fs/cgroup/busy-o ($rule one of another PID namespace, 1): Device or resource busy"
  # with -D its parent stays
  section unified busy-D
  status_is 111
  stderr_like "^lc-cgroup: fatal: unable to enable the controller memory below /sys/fs/cgroup/busy-D \($rule [0-9]*\): Device or resource busy$"
  left unified busy-D-left busy-D/below
}

@test "-D: all of it ends, and what the guest has made is removed" {
  unified
  section unified D
  status_is 7
  stderr_is ''
  left unified D-left ended
  said unified D-processes ''
  section unified D-killed
  status_is 137
}

@test "-D: cgroups above that it has made are removed, if nothing else is in them" {
  unified
  said unified D-parents ''
  said unified D-parents-left $'p1\np1/other'
}

@test "-D: prog that is not there" {
  unified
  section unified D-notfound
  status_is 127
  left unified D-notfound-left ended
}

@test "-D: what another one left is made anew" {
  unified
  said unified D-leftover max
  left unified D-leftover-left leftover
}

refused=$'can\'t create memory.max: Permission denied\n/bin/guest: line 5: can\'t create memory.high: Permission denied
/bin/guest: line 6: can\'t create cgroup.freeze: Permission denied\n/bin/guest: line 7: can\'t create ../cgroup.procs: Permission denied'

@test "a guest that the cgroup is delegated to: cgroups of its own, but not its own limits" {
  unified
  section unified guest
  status_is 0
  stdout_is $'0 in 0::/, \n0::/init memory pids\ndd: 137, 50331648'
  stderr_is "/bin/guest: line 4: $refused"
  said unified guest-limits 50331648
  said unified guest-owners $'100000:100001 .\n100000:100001 cgroup.procs\n100000:100001 cgroup.subtree_control\n100000:100001 cgroup.threads
100000:100000 init\n100000:100001 memory.oom.group\n100000:100001 memory.reclaim\n100000:100000 sub'
  said unified nogroup $'100000:0\n100000:0'
}

@test "delegation brings the controllers along" {
  unified
  section unified controllers
  status_is 0
  mapfile -t lines <<< "$output"
  is "${lines[0]}" "${lines[1]}"
  [[ ${lines[0]} == *memory* ]]
}

@test "delegation of the current cgroup" {
  unified
  section unified here
  status_is 0
  stdout_is $'0 in 0::/, \n0::/init memory pids\ndd: 137, 50331648'
  stderr_is "/bin/guest: line 4: $refused"
  section unified here-owners
  stdout_has $'100000:100000 .\n100000:100000 cgroup.procs\n100000:100000 cgroup.subtree_control\n100000:100000 cgroup.threads\n'
}

@test "delegation without the kernel's list" {
  unified
  said unified nosys ''
  said unified nosys-owners $'100000:100000 .\n100000:100000 cgroup.procs\n100000:100000 cgroup.subtree_control\n100000:100000 cgroup.threads'
}

@test "a watcher in the guest's root cgroup is in the way; beside it it is not" {
  unified
  section unified watched
  status_is 1
  stderr_is "/bin/guest: line 4: $refused"$'\nsh: write error: Device or resource busy'
  section unified leaves
  status_is 0
  stderr_is ''
  [[ $output == $'1 in 0::/, \n'*memory*$'\nmemory' ]] || fail "$output"
}

@test "hybrid: each limit goes to the hierarchy that has its controller" {
  hybrid
  said hybrid limits $':/limits\ncpuset:/limits\nfreezer:/limits\nmemory:/limits\nname=systemd:/limits\n67108864\n30\n3\n7\n1\n1\n1\n1\n0\n0'
  said hybrid deep $'0\n9223372036854771712\n16777216'
  section hybrid nov1
  stderr_is 'lc-cgroup: fatal: the controller memory is in a hierarchy of cgroup v1 that is not mounted here'
  said hybrid nov1-left ''
}

@test "hybrid: memory and swap of cgroup v1, less and more" {
  hybrid
  said hybrid raised $'33554432\n134217728'
  section hybrid verbose
  status_is 0
  stderr_has 'memory/limits/memory.memsw.limit_in_bytes is 33554432'
}

@test "hybrid: a delegated guest does not escape its limit in a cgroup below" {
  hybrid
  said hybrid hierarchy 0
  section hybrid delegated
  status_is 0
  stdout_is $'dd: 137, 50331648\ndd: 0'
  stderr_is "sh: can't create memory.limit_in_bytes: Permission denied"
  said hybrid owners "$(for h in memory systemd; do printf "$h 100000:100001 %s\n" . cgroup.procs tasks; done
    printf 'unified 100000:100001 %s\n' . cgroup.procs cgroup.subtree_control cgroup.threads)"
}

@test "hybrid: the roots are not delegated" {
  hybrid
  failed hybrid root-d "delegate the cgroup /sys/fs/cgroup/unified to 1000 (it is the root of the whole hierarchy, which is the machine's): Operation not permitted"
  said hybrid root-owner $'0\n0\n0'
}

@test "no cgroup file system, or a read-only one; -i" {
  hybrid
  section hybrid noany
  status_is 111
  stderr_is 'lc-cgroup: fatal: there is no cgroup file system mounted here'
  section hybrid unseen
  status_is 0
  stdout_like '0::/unseen$'
  stderr_has 'lc-cgroup: info: cgroup2:/unseen belongs to 1000'
  said hybrid unseen-owner 1000
  section hybrid noany-i
  status_is 111
  stdout_is $'on\non'
  stderr_is 'lc-cgroup: fatal: the controller memory is in a hierarchy of cgroup v1 that is not mounted here'
  section hybrid readonly
  stdout_is $'on\non'
  stderr_is "lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/unified/readonly (it is mounted read-only): Read-only file system
lc-cgroup: info: left out: unable to delegate the cgroup /sys/fs/cgroup/unified (it is the root of the whole hierarchy, which is the machine's): Operation not permitted
lc-cgroup: info: no cgroup is delegated"
}

@test "-D without cgroup.kill, and with frozen processes" {
  hybrid
  section hybrid D
  status_is 7
  stderr_is ''
  said hybrid D-left ''
  said hybrid D-processes ''
}

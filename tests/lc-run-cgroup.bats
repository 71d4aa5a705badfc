#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
# lc-run's cgroups: cgroup v1 as the machine has it, cgroup2 with controllers in a
# virtual machine.
TEST_TIMEOUT=300
load lib
load cgroup
load cache
load qemu

setup_file ()
{
  cache_kernel bookworm
}

root ()
{
  busybox_root /mnt/root
  cp "$LCBOOT_TESTS/sigpayload" /mnt/root/bin/
}

none_left () { is "$(cd /sys/fs/cgroup && find . -mindepth 2 -type d)" '' 'what is left'; }

# Cgroup v1

@test "cgroup v1: -m limits memory, and the cgroup is gone afterwards" {
  root
  own memory cgroup2
  local id
  for id in '' '-u 0:100000:65536'; do
    # shellcheck disable=SC2086 # words
    printf '%s\n' '#!/bin/sh' 'cat /sys/fs/cgroup/memory/*/memory.limit_in_bytes; grep -o "lc-run\..*" /proc/$1/cgroup | sed "s/[0-9]*$//" | sort -u' > /mnt/limit
    chmod 0755 /mnt/limit
    # shellcheck disable=SC2086 # words
    ok lc-run $id -m 64M -b /mnt/limit /mnt/root cat /proc/self/cgroup
    is "${lines[0]} ${lines[1]}" '67108864 lc-run.'
    # its own cgroup is the root of what it sees
    grep -q -x '[0-9]*:memory:/' <<< "$output"
    none_left
    # shellcheck disable=SC2086 # words
    try lc-run $id -m 16M /mnt/root dd if=/dev/zero of=/dev/shm/x bs=1M count=64
    status_is 137
    none_left
  done
}

@test "cgroup v1: gone too when the guest is killed, and what it left with it" {
  root
  own memory
  spawn lc-run -m 64M /mnt/root sh -c 'setsid sleep 1000 & exec sigpayload'
  expect ready
  kill -KILL "$(pgrep -x sigpayload)"
  finish
  status_is 137
  gone
  none_left
  # as PID 1 of a PID namespace, or without one
  spawn env NS_NO_PID1=1 lc-run -m 64M /mnt/root sh -c 'setsid sleep 1000 & exec sigpayload -a TERM=exit:3'
  expect ready
  kill "$SPAWNED"
  finish
  status_is 3
  gone
  none_left
}

@test "-c: a cgroup by name, with a limit or without; in use, it is refused" {
  root
  own memory
  printf '%s\n' '#!/bin/sh' 'grep -o "guests/.*" /proc/$1/cgroup' > /mnt/where
  chmod 0755 /mnt/where
  ok lc-run -c /guests/web1 -b /mnt/where /mnt/root true
  stdout_is guests/web1
  none_left
  spawn lc-run -c /guests/web1 -m 64M /mnt/root sigpayload -a TERM=exit:3
  expect ready
  is "$(cat memory/guests/web1/memory.limit_in_bytes)" 67108864
  try lc-run -c /guests/web1 /mnt/root touch /ran
  status_is 111
  stderr_like 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/memory/guests/web1 \(it is there already, and there are processes in it or below it\).*'
  refute test -e /mnt/root/ran
  kill "$SPAWNED"
  finish
  status_is 3
  none_left
}

@test "an amount that is none" {
  root
  own memory
  fails 100 'lc-cgroup: fatal: invalid amount of memory: much (expected a positive number of bytes, with k, M, G or T for more)' \
    lc-run -m much /mnt/root touch /ran
  refute test -e /mnt/root/ran
}

# Cgroup2: the guest does with its cgroup what systemd does

unified ()
{
  vm lc-run bookworm <<'END'
lc-mountfs -t tmpfs t /mnt
mkdir -p /mnt/root/bin /mnt/root/proc /mnt/root/sys /mnt/root/dev /etc /run
cp /bin/busybox /mnt/root/bin/
for p in sh cat ls mkdir dd id sleep setsid kill head; do ln -s busybox /mnt/root/bin/$p; done
lc-mountfs -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
cat > /mnt/root/bin/guest <<'GUEST'
#!/bin/sh
cd /sys/fs/cgroup
echo "$(id -u) in $(cat /proc/self/cgroup), processes $(head -n 1 cgroup.procs)"
mkdir init sub || exit 1
echo $$ > init/cgroup.procs || exit 1
echo "+memory +pids" > cgroup.subtree_control || exit 1
echo "$(cat /proc/self/cgroup) $(cat cgroup.subtree_control)"
echo 1G > sub/memory.max || exit 1
sh -c 'echo 0 > sub/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=96M count=1' 2> /dev/null
echo "dd: $?"
GUEST
chmod 0755 /mnt/root/bin/guest
run plain lc-run -m 48M /mnt/root guest
chown -R 100000:100000 /mnt/root
run mapped lc-run -u 0:100000:65536 -c /guests/web1 -m 48M /mnt/root guest
mkfifo /mnt/up
( lc-run -u 0:100000:65536 -c /guests/web1 -m 48M /mnt/root sh -c 'echo max > /sys/fs/cgroup/memory.max; echo; exec sleep 1000' > /mnt/up 2> /dev/null ) &
read x < /mnt/up
cd /sys/fs/cgroup/guests/web1
run outside sh -c 'cat memory.max; stat -c "%u:%g %n" . memory.max cgroup.procs payload; cat cgroup.procs; ls -d */; cat payload/cgroup.procs > /mnt/pid; wc -l < /mnt/pid; wc -l < watcher/cgroup.procs'
cd /
kill -KILL $(cat /mnt/pid)
wait
run alone lc-run -u 0:100000:65536 -c /guests/web1 /mnt/root sh -c 'cd /sys/fs/cgroup; head -n 1 cgroup.procs; mkdir a && ls a/cgroup.procs'
run left find /sys/fs/cgroup -mindepth 1 -type d
run killed lc-run -m 32M /mnt/root dd if=/dev/zero of=/dev/null bs=64M count=1
run end lc-run -m 48M /mnt/root sh -c 'setsid sleep 1000 & exit 5'
run not-root lc-cgroup /session lc-run -m 48M /mnt/root cat /proc/self/cgroup
rmdir /sys/fs/cgroup/session
run all-left find /sys/fs/cgroup -mindepth 1 -type d
# an ordinary user with a cgroup of the own
echo 'user:x:1000:1000::/:/bin/sh' > /etc/passwd
chmod 1777 /mnt
mkdir -p /sys/fs/cgroup/users/1000/session
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
echo "+memory +pids" > /sys/fs/cgroup/users/cgroup.subtree_control
chown 1000:1000 /sys/fs/cgroup/users/1000 /sys/fs/cgroup/users/1000/cgroup.* /sys/fs/cgroup/users/1000/session /sys/fs/cgroup/users/1000/session/cgroup.procs
chown -R 1000:1000 /mnt/root
as_user () { sh -c 'echo 0 > /sys/fs/cgroup/users/1000/session/cgroup.procs; exec su user -c "$0"' "$*"; }
run user as_user lc-run -c /users/1000/web1 -m 48M /mnt/root guest
run user-refused as_user lc-run -m 48M /mnt/root guest
run user-left find /sys/fs/cgroup/users -mindepth 1 -type d
poweroff -f
END
}

@test "cgroup2: the guest is limited, and has its cgroup for itself" {
  unified
  section lc-run plain
  status_is 0
  [[ $output == $'0 in 0::/, processes 1\n0::/init memory pids\ndd: 137' ]] || fail "$output" "$stderr"
}

@test "cgroup2: with ids of its own it is delegated, but not its limits" {
  unified
  section lc-run mapped
  status_is 0
  [[ $output == $'0 in 0::/, processes 1\n0::/init memory pids\ndd: 137' ]] || fail "$output" "$stderr"
  said lc-run outside $'50331648\n100000:100000 .\n0:0 memory.max\n100000:100000 cgroup.procs\n100000:100000 payload\npayload/\nwatcher/\n1\n1'
  section lc-run alone
  status_is 0
  stdout_is $'1\na/cgroup.procs'
}

@test "cgroup2: all is gone afterwards, also when the guest was killed" {
  unified
  said lc-run left ''
  section lc-run killed
  status_is 137
  section lc-run end
  status_is 5
  said lc-run all-left ''
}

@test "cgroup2: from a cgroup that has processes" {
  unified
  section lc-run not-root
  status_is 0
  stdout_is 0::/
}

@test "cgroup2: an ordinary user, in a cgroup that is delegated" {
  unified
  section lc-run user
  status_is 0
  [[ $output == $'0 in 0::/, processes 1\n0::/init memory pids\ndd: 137' ]] || fail "$output" "$stderr"
  section lc-run user-refused
  status_is 111
  stderr_like 'lc-cgroup: fatal: unable to make the cgroup /sys/fs/cgroup/lc-run.[0-9]*: Permission denied'
  said lc-run user-left $'/sys/fs/cgroup/users/1000\n/sys/fs/cgroup/users/1000/session'
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
# doc/examples, as they stand there.
load lib
load marked

examples=$LCBOOT_REPO/doc/examples

setup ()
{
  mount -t tmpfs -o mode=0755 srv /srv
  busybox_root /srv/web1
}

# s6

events=/srv/web1/var/log/events

s6_guest ()
{
  ln -sf /bin/busybox /srv/web1/sbin/init
  cat > /srv/web1/etc/inittab <<'END'
::sysinit:/bin/sh -c 'echo "up $(hostname)" >> /var/log/events'
::once:/bin/sleep 100000
::shutdown:/bin/sh -c 'echo "clean down" >> /var/log/events'
END
  : > "$events"
}

# svscan: s6-svscan on a directory with the example in it

supervisors=()

svscan ()
{
  need s6-svscan
  s6_guest
  mkdir scan
  cp -r "$examples/s6" scan/web1
  spawn s6-svscan scan
  svscan=$SPAWNED
  await s6-svok scan/web1
  s6-svwait -u -t 10000 scan/web1
  await happened 'up web1'
}

happened () { [[ $(tail -n 1 "$events") == "$1" ]]; }
logged () { [[ $(cat "$events") == "$1" ]]; }
times () { grep -c -x "$1" "$events" || :; }
supervisor () { pgrep -x s6-supervise; }
guest () { pgrep -f -x '/bin/sleep 100000'; }

@test "s6: up, down by a clean power off, and up again" {
  svscan
  await guest > /dev/null
  s6-svc -wD -T 30000 -d scan/web1
  is "$(cat "$events")" $'up web1\nclean down'
  refute guest
  is "$(s6-svstat -o up,exitcode,wantedup scan/web1)" 'false 0 false'
  s6-svc -wu -T 10000 -u scan/web1
  await happened 'up web1'
  is "$(times 'up web1')" 2
  s6-svc -wD -T 30000 -d scan/web1
  s6-svscanctl -t scan
  finish
  gone
}

@test "s6: a restart that is asked for from outside, or by the guest, is a new boot" {
  svscan
  s6-svc -h scan/web1
  await logged $'up web1\nclean down\nup web1'
  # as the guest does it: its init is asked by a process of its own
  await guest > /dev/null
  # init may be quicker, and end its messenger with all others
  nsenter -t "$(guest)" -p -m /sbin/reboot || true
  await logged $'up web1\nclean down\nup web1\nclean down\nup web1'
  s6-svstat -o up scan/web1 | grep -q true
}

@test "s6: a guest that powers itself off stays down" {
  svscan
  await guest > /dev/null
  nsenter -t "$(guest)" -p -m /sbin/poweroff || true
  s6-svwait -D -t 30000 scan/web1
  is "$(cat "$events")" $'up web1\nclean down'
  is "$(s6-svstat -o up,exitcode,wantedup scan/web1)" 'false 0 false'
  # a boot that fails does not: it is tried again
  mv /srv/web1 /srv/away
  s6-svc -u scan/web1
  expect 'lc-run: fatal: unable to find /srv/web1: No such file or directory'
  mv /srv/away /srv/web1
  await happened 'up web1'
}

@test "s6: the supervisor killed, and no guest is left" {
  svscan
  touch scan/web1/down  # so that the next supervisor does not boot another
  kill -KILL "$(supervisor)"
  await happened 'clean down'
  await refute guest
  await refute pgrep -x lc-unshare
  is "$(times 'up web1')" 1
  await s6-svok scan/web1
}

@test "s6: s6-svscan killed leaves the guest supervised; its supervisor killed too, and no guest is left" {
  svscan
  kill -KILL "$svscan"
  finish
  s6-svok scan/web1
  await guest > /dev/null
  kill -KILL "$(supervisor)"
  await happened 'clean down'
  await refute guest
  await refute pgrep -x lc-unshare
  gone
}

# A network

@test "network: guest and host exchange packets" {
  printf '%s\n' '#!/bin/sh' 'ping -c 1 -W 5 10.77.0.1 > /dev/null && echo pong' 'echo ready' 'nc -l -p 7 -e /bin/sh -c "read x; echo guest got \$x"' \
    'echo from guest | nc 10.77.0.1 8' > /srv/web1/sbin/init
  spawn "$examples/network/run"
  expect pong
  expect ready
  busybox ping -c 1 -W 5 10.77.0.2 > /dev/null
  # at the end of its input it would tell the guest's that all was said
  mkfifo open
  exec 8<> open
  busybox nc -l -p 8 < open > heard &
  local listener=$!
  await listens 8
  await answers
  is "$(cat answer)" 'guest got host'
  finish
  status_is 0
  wait "$listener"
  is "$(cat heard)" 'from guest'
  # the pair has gone with the guest
  await refute test -e /sys/class/net/web1
}

listens () { [[ -n $(ss -H -l -t -n "sport = :$1") ]]; }
answers () { echo host | busybox nc -w 20 10.77.0.2 7 > answer 2> /dev/null && [[ -s answer ]]; }

@test "network: without ip in the host there is no guest" {
  mkdir bin
  ln -s "$(command -v sh)" bin/
  try env PATH="$LCBOOT_BIN:/mnt/bin:/usr/lib/execline/bin" "$examples/network/run" touch /ran
  status_is 111
  refute test -e /srv/web1/ran
}

# OSTree

@test "ostree: a deployment, with the physical root at /sysroot and the var of the os" {
  local sum=5f1c0aa9d2.0
  mkdir -p ostree/{repo,deploy/os/{var/lib,deploy/$sum}}
  cp -a /srv/web1/. ostree/deploy/os/deploy/$sum
  echo "the state of os" > ostree/deploy/os/var/lib/state
  mkdir ostree/deploy/os/deploy/$sum/sysroot
  ln -s sysroot/ostree ostree/deploy/os/deploy/$sum/ostree
  try marked sh -ec 'mkdir /ostree; mount --bind ostree /ostree; exec "$@"' sh "$examples/ostree/run" os $sum /sbin/init \
    sh -c 'cat /var/lib/state; ls -d /sysroot/lcboot-marker /ostree/repo; echo more > /var/lib/more; [ / -ef /ostree/deploy/os/deploy/'$sum' ] && echo same'
  status_is 0
  is "${lines[*]:0:1}" 'init: pid 1 uid 0 gid 0 host os'
  is "$(printf '%s\n' "${lines[@]:2}")" $'the state of os\n/ostree/repo\n/sysroot/lcboot-marker\nsame'
  is "$(cat ostree/deploy/os/var/lib/more)" more
}

# ns

@test "ns: a service with its settings in env/" {
  need s6-envdir
  mkdir /srv/tools /srv/data service
  cp /bin/busybox /srv/tools/
  echo data > /srv/data/file
  echo 'tmpfs /tmp tmpfs mode=1777,nosuid,nodev 0 0' > /srv/web1.fstab
  printf '%s\n' '#!/bin/sh' 'id -un' 'hostname' 'cat /home/file' 'touch /tmp/x && echo writes' 'touch /home/x /etc/x 2> /dev/null || echo read-only' \
    'ls /mnt/ns/bin 2> /dev/null || echo no tools' 'env | grep -E "^(NS_|HOST=)"' 'exit 7' > /srv/web1/srv/serve
  chmod 0755 /srv/web1/srv/serve
  mkdir -p /srv/web1/mnt/ns
  cp -r "$examples/ns/." service
  cd service
  try ./run
  status_is 7
  stdout_is $'nobody\nweb1\ndata\nwrites\nread-only\nno tools'
}

# Sandboxes

report='echo $$ $(hostname); echo /proc/[0-9]*; ls /sys/class/net; echo > /dev/null && touch /tmp/x && echo works'

@test "sandbox: what was there before, and lc-run for the same" {
  cp "$LCBOOT_TESTS/escape" /srv/web1/bin/
  ok "$examples/sandbox/before" /srv/web1 sh -c "$report"
  local before=$output
  ok "$examples/sandbox/after" /srv/web1 sh -c "$report"
  stdout_like $'^1 sandbox\n/proc/1\nlo\nworks$'
  is "$output" "$before"
  refute test -e /srv/web1/tmp/x
  # what is better
  try marked mount -t tmpfs srv /srv
  busybox_root root
  cp "$LCBOOT_TESTS/escape" root/bin/
  try marked "$examples/sandbox/before" root escape lcboot-marker
  status_is 0
  try marked "$examples/sandbox/after" root escape lcboot-marker
  status_is 1
  ok "$examples/sandbox/after" /srv/web1 sh -c 'echo $(cat /proc/self/uid_map); touch /etc/x'
  stdout_is '0 1000000 65536'
  refute test -e /srv/web1/etc/x
}

@test "sandbox: a throwaway copy of the machine" {
  ok "$examples/sandbox/throwaway" sh -c 'rm -r /etc/passwd; touch /new; ls -d /new; echo $(cat /proc/self/uid_map); hostname'
  stdout_is $'/new\n0 1000000 65536\nsandbox'
  test -e /etc/passwd -a ! -e /new
}

@test "each example is named in README, and there is nothing else" {
  is "$(cd "$examples" && ls -d -- */)" "$(sed -n 's,^\([a-z0-9]*/\) .*,\1,p' "$examples/README" | sort)"
}

#!/usr/bin/env bats
# lc-initctl and the real thing: guests whose PID 1 is a real init power off and
# restart when a request says so, and the real clients of sysvinit write it.
# shellcheck disable=SC2016,SC2034,SC2054,SC2154,SC2317 # inner shells; lib.bash reads some; commas of mount options; what `await` calls
TEST_TIMEOUT=120
load lib
load cache

setup_file ()
{
  cache_inits
  if [[ -e $_cache_debian ]]; then debian_root "$BATS_FILE_TMPDIR/debian"; fi
}

setup ()
{
  layers=()
  ids=()
  map=()
  before=()
  mkdir -p root conf/etc conf/usr/bin
  cp /bin/busybox "$LCBOOT_TESTS/initreq" conf/usr/bin/
  ln -s busybox conf/usr/bin/linuxrc
}

teardown ()
{
  if [[ -n ${cgroup:-} ]]; then leave_cgroup; fi
}

# with PACKAGE…: the guest is a Debian with those

with ()
{
  local p
  need_inits
  layers=(-n -l "$BATS_FILE_TMPDIR/debian")
  for p; do layers+=(-l "$(inits)/$p"); done
}

# script FILE < TEXT: an executable file of the guest

script () { mkdir -p "conf/${1%/*}"; cat > "conf/$1"; chmod 755 "conf/$1"; }

# mapped, plain: with ids of its own or without

mapped () { ids=(-B 0:100000:65536); map=(-b 0:100000:65536); "$@"; }
plain () { ids=(); map=(); "$@"; }

# boot INIT…: in new namespaces, as PID 1; `from` is what lc-initctl is given, and
# what it says goes to the file messages

from=(-v)

boot ()
{
  spawn bash -c 'exec "$@" 2> >(cat >> /mnt/messages)' bash lc-sigreset \
    lc-unshare -m \
    lc-overlay "${map[@]}" "${layers[@]}" -l conf -t root \
    lc-unshare -p -m -u -i -n -C -l "${ids[@]}" -b ' sh' ' -c' ' echo $LCBOOT_PID > /mnt/pid' '' \
    lc-mountfs -R root -t proc -o nosuid,nodev,noexec proc /proc \
    lc-mountfs -R root -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys \
    lc-mountfs -R root -t tmpfs -o mode=0755 tmpfs /run \
    lc-mountdev -R root /dev \
    "${before[@]}" \
    lc-initctl -R root "${from[@]}" \
    lc-pivot root "$@"
  await test -s pid
  guest=/proc/$(< pid)/root
}

# up FILE: waits until the init has made that file

up () { await test -e "$guest$1"; }

# message LINE: waits until lc-initctl's listener has said that: who writes it to
# the file may live longer than the guest

message () { await grep -qx "$1" messages; }

in_guest () { nsenter -t "$(< pid)" -m -p -u -i -r -w "$@"; }

ends () { gone; finish; rm -f pid; status_is "$1"; }

# both BOOT: what boots it, and a power off and a reboot

both ()
{
  "$@"
  initreq 0 > "$guest/dev/initctl"
  ends 0
  "$@"
  initreq 6 > "$guest/dev/initctl"
  ends 133
}

busybox ()
{
  boot /usr/bin/linuxrc
  up /run/up
}

# A guest that holds nothing but busybox

only_busybox ()
{
  busybox_root bare
  rm bare/sbin/init
  mkdir -p bare/usr/bin
  layers=(-n -l bare)
  echo '::sysinit:/bin/busybox touch /run/up' > conf/etc/inittab
}

@test "busybox" {
  only_busybox
  both plain busybox
  both mapped busybox
}

@test "busybox, as its guest's /sbin/init, whether a link or a copy" {
  only_busybox
  by_link () { boot /sbin/init; up /run/up; }
  mkdir conf/sbin
  ln -s ../bin/busybox conf/sbin/init
  both plain by_link
  rm conf/sbin/init
  cp /bin/busybox conf/sbin/init
  both plain by_link
}

@test "busybox: a request from inside, by root alone" {
  only_busybox
  mapped busybox
  try in_guest -U -S 1000 -G 1000 /bin/sh -c 'initreq 0 > /dev/initctl'
  stderr_is "/bin/sh: can't create /dev/initctl: Permission denied"
  in_guest -U -S 0 -G 0 /bin/sh -c 'setsid /usr/bin/initreq 0 > /dev/initctl' || :
  ends 0
}

@test "busybox: a request that came before it started" {
  only_busybox
  boot_late ()
  {
    spawn lc-unshare -m lc-overlay "${layers[@]}" -l conf -t root lc-unshare -p -m -i \
      lc-mountfs -R root -t proc proc /proc lc-mountdev -R root /dev lc-mountfs -R root -t tmpfs tmpfs /run \
      lc-initctl -R root lc-pivot -b ' sh' ' -c' " initreq $1 > /dev/initctl" '' root /usr/bin/linuxrc
    ends "$2"
  }
  boot_late 0 0
  boot_late 6 133
}

@test "the real telinit and shutdown, their requests as they write them" {
  local cmd code
  with sysvinit-core
  echo '::sysinit:/bin/busybox touch /run/up' > conf/etc/inittab
  from=(-v -f /run/initctl -f /dev/initctl)
  while read -r code cmd; do
    busybox
    # shellcheck disable=SC2086 # it is words
    in_guest $cmd > client.out 2>&1 < /dev/null || :
    ends "$code" || fail "$cmd" "$(cat client.out messages)"
  done <<'END'
0 /sbin/telinit 0
133 /sbin/telinit 6
0 /sbin/init 0
0 /sbin/shutdown -h now
133 /sbin/shutdown -r now
END
}

@test "the real telinit: what asks for no end changes nothing" {
  with sysvinit-core
  echo '::sysinit:/bin/busybox touch /run/up' > conf/etc/inittab
  from=(-v -f /run/initctl)
  busybox
  in_guest /sbin/telinit q
  in_guest /sbin/telinit 3
  in_guest /sbin/telinit -e A=1
  await eval '[[ $(grep -c ignored messages) == 3 ]]'
  in_guest /sbin/telinit 0 || :  # it may not survive its own request
  ends 0
}

sysvinit ()
{
  boot /sbin/init
  up /run/up
}

sysvinit_guest ()
{
  with sysvinit-core
  cat > conf/etc/inittab <<'END'
id:2:initdefault:
l2:2:wait:/bin/touch /run/up
l0:0:wait:/usr/bin/busybox poweroff -f
l6:6:wait:/usr/bin/busybox reboot -f
END
}

@test "sysvinit" {
  sysvinit_guest
  both plain sysvinit
  message 'lc-initctl: info: handed runlevel 0 on to sysvinit'
  message 'lc-initctl: info: handed runlevel 6 on to sysvinit'
  both mapped sysvinit
}

@test "sysvinit: its own /run/initctl is left alone" {
  sysvinit_guest
  sysvinit
  up /run/initctl
  refute test "$(stat -c %i "$guest/run/initctl")" = "$(stat -c %i "$guest/dev/initctl")"
  in_guest /sbin/telinit 0 || :  # it may not survive its own request
  ends 0
}

runit ()
{
  boot /sbin/runit
  up /run/up
}

@test "runit" {
  with runit
  script etc/runit/1 <<'END'
#!/bin/sh
install -m000 /dev/null /run/runit.stopit
install -m000 /dev/null /run/runit.reboot
END
  script etc/runit/2 <<'END'
#!/bin/sh
touch /run/up
exec sleep 1000
END
  script etc/runit/3 <<'END'
#!/bin/sh
exit 0
END
  both plain runit
  both mapped runit
}

openrc ()
{
  boot /sbin/openrc-init
  up /run/up
}

@test "openrc" {
  with openrc
  script etc/init.d/up <<'END'
#!/sbin/openrc-run
start () { touch /run/up; }
END
  mkdir -p conf/etc/runlevels/default
  ln -s ../../init.d/up conf/etc/runlevels/default/up
  both plain openrc
}

s6 ()
{
  boot /usr/bin/s6-svscan /svc
  up /run/up
}

@test "s6" {
  with s6
  mkdir -p conf/svc/up
  script svc/up/run <<'END'
#!/bin/sh
touch /run/up
exec sleep 1000
END
  script svc/.s6-svscan/finish <<'END'
#!/bin/sh
exec busybox poweroff -f
END
  script svc/.s6-svscan/SIGINT <<'END'
#!/bin/sh
exec busybox reboot -f
END
  both plain s6
  both mapped s6
  # as s6-linux-init has it
  script svc/.s6-svscan/SIGUSR1 <<'END'
#!/bin/sh
exec busybox poweroff -f
END
  both plain s6
}

# systemd makes cgroups: below one of this test's own, which goes with it

own_cgroup ()
{
  need fs:cgroup2
  mkdir cg
  mount -t cgroup2 none cg || cannot "no cgroup2 can be mounted"
  cgroup_before=cg$(sed -n 's/^0:://p' /proc/self/cgroup)
  cgroup=$cgroup_before/lcboot-test.$BASHPID.$RANDOM
  mkdir "$cgroup"
  echo "$BASHPID" > "$cgroup/cgroup.procs"
}

leave_cgroup ()
{
  if [[ -n ${SPAWNED:-} ]]; then kill -KILL "$SPAWNED" 2> /dev/null && wait "$SPAWNED"; fi
  echo "$BASHPID" > "$cgroup_before/cgroup.procs"
  cgroup_gone () { find "$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null; [[ ! -e $cgroup ]]; }
  await cgroup_gone
}

systemd ()
{
  boot /usr/bin/env container=lcboot /lib/systemd/systemd --log-target=null
  up /run/initctl
}

@test "systemd, its own /run/initctl left alone" {
  with systemd
  own_cgroup
  mkdir -p conf/etc/systemd/system
  ln -s /lib/systemd/system/basic.target conf/etc/systemd/system/default.target
  echo 0123456789abcdef0123456789abcdef > conf/etc/machine-id
  before=(lc-mountfs -R root -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup)
  both plain systemd
  message 'lc-initctl: info: sent SIGRTMIN+4 to systemd'
  message 'lc-initctl: info: sent SIGRTMIN+5 to systemd'
  systemd
  is "$(stat -c %F "$guest/dev/initctl" "$guest/run/initctl")" $'fifo\nfifo'
  refute test "$(stat -c %d:%i "$guest/run/initctl")" = "$(stat -c %d:%i "$guest/dev/initctl")"
  initreq 0 > "$guest/dev/initctl"
  ends 0
  # with ids of its own it needs a cgroup of its own
  await find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} +
  chown 100000:100000 "$cgroup" "$cgroup"/cgroup.{procs,threads,subtree_control}
  both mapped systemd
}

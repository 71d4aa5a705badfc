#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
#
# lc-kernelfs in a container; what it does on a machine is in boot-vm.bats.

load lib

inside ()  # CMD…: as PID 1 of namespaces of its own, without any of it
{
  fresh lc-unshare -p -m -n -u -i -C -- bash -c 'umount -R /sys 2> /dev/null ; while umount -l /proc 2> /dev/null ; do : ; done ; exec "$@"' bash "$@"
}

@test "wrong usage" {
  fails 100 'lc-kernelfs: usage: lc-kernelfs [ -v ] [ -c ] prog...' lc-kernelfs -z
}

@test "what is there is left alone" {
  inside lc-kernelfs true
  ok inside sh -c 'mount -t proc proc /proc ; mount -t sysfs sysfs /sys ; cat /proc/mounts > a ; lc-kernelfs -v cmp - /proc/mounts < a'
}

@test "proc and sysfs, but nothing that is the machine's" {
  try inside lc-kernelfs -v sh -c 'grep -E " /(proc|sys|dev|run)[^ ]* " /proc/mounts | cut -d " " -f 2-4'
  status_is 0
  stdout_has '/proc proc rw,nosuid,nodev,noexec,relatime'
  stdout_has '/sys sysfs rw,nosuid,nodev,noexec,relatime'
  stderr_is $'lc-kernelfs: info: a proc is on /proc\nlc-kernelfs: info: a sysfs is on /sys'
  ok lc-unshare -p -m sh -c 'mount -t tmpfs dev /dev ; mount -t tmpfs sys /sys/fs/cgroup ; umount /sys/fs/cgroup ; lc-kernelfs ls /dev'
  stdout_is ''
}

@test "a directory that is missing is made" {
  busybox_root root
  cp "$LCBOOT_BIN/lcboot" root/bin/lc-kernelfs
  rmdir root/proc root/sys
  ok lc-unshare -p -m -n lc-pivot root /bin/lc-kernelfs /bin/busybox ls -d /proc/self /sys/class
  stdout_is $'/proc/self\n/sys/class'
}

@test "-c: nothing is mounted, and a container stays in its cgroup" {
  ok inside sh -c 'lc-kernelfs -v -c sh -c "test ! -e /proc/self && test ! -e /sys/class && echo none"; mount -t proc proc /proc; cat /proc/self/cgroup > a; lc-kernelfs -v -c cmp - /proc/self/cgroup < a'
  stdout_is none
}

@test "what cannot be mounted is a warning" {
  busybox_root root
  cp "$LCBOOT_BIN/lcboot" root/bin/lc-kernelfs
  try lc-unshare -p -m -B 0:0:65536 lc-mountfs -R root -t proc proc /proc lc-pivot root /bin/lc-kernelfs /bin/busybox echo on
  status_is 0
  stdout_is on
  stderr_like '^lc-kernelfs: warning: unable to mount a sysfs on /sys: Operation not permitted$'
}

@test "an engine's /sys may be a tmpfs with parts of a sysfs" {
  inside lc-kernelfs true
  ok inside sh -c 'mount -t proc proc /proc ; mount -t tmpfs sys /sys ; cat /proc/mounts > a ; lc-kernelfs -v cmp - /proc/mounts < a'
}

@test "prog gets everything as it came" {
  same_state lc-kernelfs
}

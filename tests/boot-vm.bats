#!/usr/bin/env bats
# lc-kernelfs and a compiled script as the first process of a machine, in an initramfs.
# shellcheck disable=SC2016,SC2034 # most $ are the VM's
TEST_TIMEOUT=300
load lib
load cache
load qemu

setup_file ()
{
  cache_kernel bookworm
}

# The VM's init takes everything down again that it was started with, so that PID 1
# begins where a kernel leaves it. The guest, whose root is in the same initramfs,
# reports and powers off.

booted ()
{
  if vm_is_done initramfs; then return 0; fi
  local root
  root=$(vm_dir initramfs)/initramfs
  vm_programs "$root/mnt/root"
  mkdir -p "$root/mnt/root/sbin" "$root/mnt/root/run"
  cat > "$root/mnt/root/sbin/init" <<'END'
#!/bin/sh
. /lib/guest.sh
run facts sh -c 'echo $PPID $(hostname) $*' sh "$@"
run root sh -c 'cut -d " " -f 1-3 /proc/mounts | sort -u'
run engine lc-engine vm echo here
run machine cat /machine
run devices ls /dev/null /dev/pts/ptmx
run interfaces ls /sys/class/net
run cgroup sh -c 'cat /proc/self/cgroup; ls /sys/fs/cgroup/cgroup.events'
poweroff -f
END
  chmod 0755 "$root/mnt/root/sbin/init"
  cat > "$root/mnt/init.yml" <<'END'
hostname: guest
setup:
  mode: vm
  before:
  - mount -t tmpfs -o mode=0755 guest /mnt/new
  - cp -a /mnt/root/. /mnt/new
  - sh -c "cut -d ' ' -f 2-4 /proc/mounts > /mnt/new/machine"
root: /mnt/new
devices: {exclude: "*"}
END
  cat > "$root/mnt/memory.yml" <<'END'
memory: 64M
setup:
  mode: auto
  before:
  - mount -t tmpfs -o mode=0755 guest /mnt/new
  - cp -a /mnt/root/. /mnt/new
  - chown -R 100000:100000 /mnt/new
root: /mnt/new
devices: {exclude: "*"}
id_map: {users: 0 100000 65536}
network: keep
exec: [sh, -c, "cd /sys/fs/cgroup ; cat memory.max ; echo max > memory.max || echo stays"]
END
  mkdir -p "$root/mnt/new" "$root/run"
  vm initramfs bookworm <<'END'
lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup
run memory lc-cgroup -m 200M engine lc-unshare -p -m -u -i -n -C lc-mountfs -t proc proc /proc lc-mountfs -t cgroup2 cgroup2 /sys/fs/cgroup lc-compile -x /mnt/memory.yml
umount /sys/fs/cgroup
umount /sys
umount /proc
umount -l /dev
exec lc-kernelfs lc-compile -x -a first -a second
END
}

@test "lc-kernelfs mounts what a kernel has not" {
  booted
  section initramfs machine
  stdout_has '/proc proc rw,nosuid,nodev,noexec,relatime'
  stdout_has '/sys sysfs rw,nosuid,nodev,noexec,relatime'
  stdout_like '/dev devtmpfs rw,nosuid,relatime,.*mode=755'
  stdout_like '/run tmpfs rw,nosuid,nodev,relatime,.*mode=755'
  stdout_like '/sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate'
}

@test "init.yml boots a guest from an initramfs" {
  booted
  said initramfs facts '1 guest first second'
  section initramfs root
  stdout_has 'cgroup2 /sys/fs/cgroup cgroup2'
  stdout_has 'guest / tmpfs'
  said initramfs devices $'/dev/null\n/dev/pts/ptmx'
  said initramfs interfaces lo
  console initramfs | grep -q 'reboot: Power down'
}

@test "without a limit or an id map the guest stays in the root of all cgroups" {
  booted
  section initramfs cgroup
  stdout_is '0::/'
  stderr_is 'ls: /sys/fs/cgroup/cgroup.events: No such file or directory'
}

@test "memory: a limit that the guest cannot lift" {
  booted
  section initramfs memory
  status_is 0
  stdout_is $'67108864\nstays'
}

@test "lc-engine: a machine is a vm" {
  booted
  said initramfs engine here
}

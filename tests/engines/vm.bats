#!/usr/bin/env bats
# The image in a virtual machine: as an initramfs, and as its disk.
# shellcheck disable=SC2034,SC2154 # lib.bash sets status, output, lines, stderr
TEST_TIMEOUT=480
load ../lib
load ../cache
load ../qemu
load engines

setup_file ()
{
  cache_kernel bookworm
  cache_kernel bookworm-virtio loop squashfs overlay virtio_pci virtio_net
  cache_inits
}

needs () { need qemu-system-x86_64 cpio mke2fs file:/bin/busybox; need_kernel "${1:-bookworm}"; }

# What the kernel and the guest say is the output.

machine ()
{
  try vm_boot bookworm -serial stdio "$@"
  output=${output//$'\r'/}
  if [[ -n ${LCBOOT_SHOW_CONSOLE:-} ]]; then echo "$output"; fi
}

@test "an initramfs: the guest is in it, and is switched to" {
  needs
  guest <<'END'
id_map: { users: 0 100000 65536 }
hostname: guest
namespaces: [ uts, ipc, net, cgroup, pid ]
setup:
  mode: vm
  before:
  - sh -ec 'for m in /modules/*; do insmod $m; done'
  - lc-mountfs -t tmpfs tmpfs /mnt/cache
  - lc-mountfs -o bind /mnt/root /mnt/root
  - overlay
exec: /sbin/init poweroff
END
  chown -R 100000:100000 /mnt/box/boot/root
  cp -r "$(kernel bookworm)/modules" /mnt/box/modules
  mkdir /mnt/box/more
  mv /mnt/box/modules /mnt/box/more/
  mv /mnt/box/boot /mnt/box/more/mnt
  lc-mkimage -f cpio -b /mnt/box/initrd
  ( cd /mnt/box/more && find . -mindepth 1 | cpio -o -H newc --quiet ) >> /mnt/box/initrd
  machine -initrd /mnt/box/initrd -append "$VM_CONSOLE"
  status_is 0
  stdout_has 'reboot: Power down'
  guest_says args '1: poweroff'
  guest_says uid-map '0 100000 65536'
  guest_says host guest
  guest_says fds '0 1 2 3'
  guest_says processes init
  guest_says boot-image ''
  guest_says written written
}

@test "a disk of ext4, read-only; the guest is on another one" {
  needs
  guest <<'END'
id_map: { users: 0 100000 65536 }
hostname: guest
namespaces: [ uts, ipc, net, cgroup, pid ]
setup:
  before:
  - lc-mountfs -t ext4 /dev/nvme1n1 /mnt/root
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/root /mnt/root
END
  mke2fs -q -t ext4 -d /mnt/box/boot/root /mnt/box/guest.ext4 32M
  mv /mnt/box/boot/init.yml /mnt/init.yml
  lc-mkimage -f ext4 -a /mnt/init.yml /mnt/box/image.ext4
  machine -append "$VM_CONSOLE root=/dev/nvme0n1 rootfstype=ext4 ro init=/sbin/init -- reboot" \
    -drive file=/mnt/box/image.ext4,if=none,id=image,format=raw,readonly=on -device nvme,drive=image,serial=image \
    -drive file=/mnt/box/guest.ext4,if=none,id=guest,format=raw -device nvme,drive=guest,serial=guest
  status_is 0
  stdout_has 'reboot: Restarting system'
  guest_says args '1: reboot'
  guest_says uid-map '0 100000 65536'
  guest_says host guest
  guest_says processes init
  guest_says boot-image ''
  guest_says written written
}

# Commands that configurations for the reference's image call: sh, mount with a loop
# device, ip; the guest is a file in the initramfs, and the machine has an interface

squashed ()  # YAML: more of the init.yml
{
  needs bookworm-virtio
  need mksquashfs
  guest << END
id_map: { users: 0 100000 65536 }
setup:
  before:
  - sh -ec 'for m in /modules/*; do insmod "\$m"; done'
  - mount -o loop,ro /mnt/guest.squashfs /mnt/root
  - mount -t tmpfs tmpfs /mnt/cache
  - overlay
  - ip addr add 10.0.2.15/24 dev eth0
  - ip link set eth0 up
exec: /sbin/init poweroff
$1
END
  chown -hR 100000:100000 /mnt/box/boot/root
  mkdir -p /mnt/box/more/mnt
  cp -r "$(kernel bookworm-virtio)/modules" /mnt/box/more/
  mksquashfs /mnt/box/boot/root /mnt/box/more/mnt/guest.squashfs -quiet -no-progress
  mv /mnt/box/boot/init.yml /mnt/box/more/mnt/
  lc-mkimage -f cpio -b /mnt/box/initrd
  ( cd /mnt/box/more && find . -mindepth 1 | cpio -o -H newc --quiet ) >> /mnt/box/initrd
  machine -initrd /mnt/box/initrd -append "$VM_CONSOLE" -netdev user,id=net,restrict=on -device virtio-net-pci,netdev=net,romfile=
}

@test "a guest in an image file, and the machine's interface, if it is to be moved" {
  squashed 'network: move
namespaces: [ uts, ipc, net, cgroup, pid ]'
  status_is 0
  stdout_has 'reboot: Power down'
  guest_says uid-map '0 100000 65536'
  guest_says links 'lo eth0'
  guest_says addresses 'eth0 10.0.2.15/24'
  guest_says cgroups cgroup2
  guest_says own-cgroup /sys/fs/cgroup
  guest_says boot-image ''
  guest_says written written
}

@test "the defaults of an id map: the machine's interfaces stay, no power off" {
  squashed ''
  status_is 0
  guest_says uid-map '0 100000 65536'
  guest_says links lo
  guest_says own-cgroup /sys/fs/cgroup
  guest_says written written
  guest_says poweroff failed
  # it exits, and it is the machine's first process
  stdout_has 'Kernel panic'
}

# Debian on a disk. It powers off at once after it has written its report: systemd
# writes that in a machine, and in what it takes for a container it does not.

debian ()  # YAML: more of the init.yml
{
  needs
  guest << END
exec: /lib/systemd/systemd --system --log-target=console
$1
END
  debian_guest
  cp -a /mnt/box/boot/layers/systemd/. /mnt/box/boot/root/
  mke2fs -q -t ext4 -d /mnt/box/boot/root "$BATS_TEST_TMPDIR/guest.ext4" 512M
  mv /mnt/box/boot/init.yml /mnt/init.yml
  lc-mkimage -f ext4 -a /mnt/init.yml /mnt/box/image.ext4
  VM_TIMEOUT=400
  machine -append "$VM_CONSOLE root=/dev/nvme0n1 rootfstype=ext4 ro init=/sbin/init" \
    -drive file=/mnt/box/image.ext4,if=none,id=image,format=raw,readonly=on -device nvme,drive=image,serial=image \
    -drive "file=$BATS_TEST_TMPDIR/guest.ext4,if=none,id=guest,format=raw" -device nvme,drive=guest,serial=guest
  status_is 0
  stdout_has 'reboot: Power down'
  e2fsck -p "$BATS_TEST_TMPDIR/guest.ext4" > /mnt/fsck || (($? == 1))
  debugfs -R 'cat /report' "$BATS_TEST_TMPDIR/guest.ext4" > /mnt/report 2> /mnt/errors
  output=$(cat /mnt/report)
  guest_says pid1 systemd
  guest_says boot-image ''
  stdout_like 'guest: state (starting|running|degraded)'
}

@test "a guest of Debian with systemd, and ids of its own" {
  debian 'id_map: { users: 0 100000 65536 }
namespaces: [ uts, ipc, net, cgroup, pid ]
setup:
  before:
  - lc-mountfs -t ext4 /dev/nvme1n1 /mnt/root
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/root /mnt/root'
  guest_says uid-map '0 100000 65536'
}

@test "a guest of Debian with systemd, and the defaults" {
  debian 'setup: { before: [ lc-mountfs -t ext4 /dev/nvme1n1 /mnt/root ] }'
  guest_says uid-map '0 0 4294967295'
}

@test "a guest of Debian with systemd, in a PID namespace of its own" {
  debian 'namespaces: [ uts, ipc, cgroup, pid ]
setup: { before: [ lc-mountfs -t ext4 /dev/nvme1n1 /mnt/root ] }'
  guest_says uid-map '0 0 4294967295'
}

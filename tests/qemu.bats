#!/usr/bin/env bats
# What takes a machine of its own: switch_root from an initramfs, being PID 1,
# kernels of other ages.
# shellcheck disable=SC2016,SC2034 # most $ are the VM's
TEST_TIMEOUT=300
load lib
load cache
load qemu

setup_file ()
{
  local suite
  for suite in bookworm bullseye; do cache_kernel $suite-disk loop squashfs erofs overlay virtio_pci virtio_blk; done
}

# A file system image of each type, holding one file that says which it is

images ()
{
  local made=$1 type
  need mksquashfs mkfs.erofs mke2fs
  mkdir -p "$made" /mnt/image
  for type in squashfs erofs ext4; do
    echo "an image of $type" > /mnt/image/file
    case $type in
      squashfs) mksquashfs /mnt/image "$made/$type" -quiet -no-progress -all-root > /dev/null ;;
      erofs) mkfs.erofs "$made/$type" /mnt/image > /dev/null ;;
      ext4) mke2fs -q -t ext4 -d /mnt/image "$made/$type" 2M ;;
    esac
  done
  rm -r /mnt/image
}

# What a VM with these images in /images does first

loop_mounts ()
{
  cat <<'END'
mkdir /m
for t in squashfs erofs ext4; do
  run $t lc-mountfs -d -t $t -o loop /images/$t /m/$t cat /m/$t/file
  umount /m/$t
  run $t-found lc-mountfs -d -o loop,ro /images/$t /m/$t sh -c 'cat /m/'$t'/file; awk "\$2 == \"/m/'$t'\" { print \$3 }" /proc/mounts'
  umount /m/$t
done
run loops sh -c 'ls /sys/block/loop*/loop 2> /dev/null; true'
END
}

# 499 layers, of which each has a file of its own and says that it is the last,
# a root below them, and a disk that holds them, programs and a guest's init

disk_image ()
{
  local image=$1 i
  vm_programs /mnt/disk
  mkdir -p /mnt/disk/layers/base /mnt/disk/ids /mnt/disk/sbin
  for ((i = 1; i < 500; i++)); do
    mkdir "/mnt/disk/layers/$i"
    echo "$i" | tee "/mnt/disk/layers/$i/file$i" > "/mnt/disk/layers/$i/last"
  done
  echo base > /mnt/disk/layers/base/base
  echo owned > /mnt/disk/ids/file
  chown 1000:1001 /mnt/disk/ids/file
  cat > /mnt/disk/sbin/init
  chmod 0755 /mnt/disk/sbin/init
  need mke2fs
  mke2fs -q -t ext4 -d /mnt/disk "$image" 96M
  rm -r /mnt/disk
}

drive () { echo "-drive file=$1,if=virtio,format=raw"; }

# Linux 6.1. The initramfs does what can be done on a rootfs; then its PID 1
# switches to the disk, whose init looks back.

disk ()
{
  local dir
  if vm_is_done disk; then return 0; fi
  dir=$(vm_dir disk)
  images "$dir/initramfs/images"
  disk_image /mnt/disk.ext4 <<'END'
#!/bin/sh
. /lib/guest.sh
run pid echo "$$ $*"
run cwd pwd
run root awk '$5 == "/" { print $4, $8, $9 }' /proc/self/mountinfo
run ls ls -A /
run old sh -c 'echo look >&8; read -r line <&9; echo "$line"'
echo end >&8
while [ -e /proc/$2/root/keep ]; do :; done
run free awk '/^MemFree/ { print $2 }' /proc/meminfo
run escape-after escape -x umount keep
run fds ls /proc/self/fd
run from-b cat /from-b
run from-i cat /from-i
run again lc-unshare -m lc-mountfs -t tmpfs -o mode=0755 new /mnt sh -c 'cp -a /bin /mnt/; exec lc-pivot /mnt sh -c "echo *"'
run restart lc-unshare -p reboot -f
run halt lc-unshare -p poweroff -f
poweroff -f
END
  # shellcheck disable=SC2046
  vm disk bookworm-disk $(drive /mnt/disk.ext4) < <(loop_mounts; cat <<'END'

lc-mountfs -d -t ext4 /dev/vda /new
l=/new/layers
set --
i=1
while [ $i -lt 500 ]; do set -- "$@" -l $l/$i; i=$((i+1)); done
show='cd $0; echo $(ls | wc -l) $(cat base last file1 file499); stat -c %u:%g base file1 file499; echo w > written; ls written'
run overlay-500 lc-unshare -m lc-overlay "$@" -t $l/base sh -c "$show" $l/base
run overlay-500-b lc-unshare -m lc-overlay -b 0:100000:65536 "$@" -t $l/base sh -c "$show" $l/base
run overlay-500-c lc-unshare -m lc-overlay "$@" -c /new/cache $l/base sh -c "$show" $l/base
run overlay-c-again lc-unshare -m lc-overlay -l $l/1 -c /new/cache $l/base cat $l/base/written
run overlay-c-busy lc-unshare -m lc-overlay -l $l/1 -c /new/cache $l/base lc-overlay -n -l $l/2 -c /new/cache /m true
run overlay-500-left sh -c 'grep -c -e overlay -e layers /proc/mounts; ls /new/cache; ls /new/cache/upper'
mkdir -p '/m/a:b,c' '/m/d\e "f' /m/g
echo 1 > '/m/a:b,c/1'
echo 2 > '/m/d\e "f/2'
run overlay-names lc-unshare -m lc-overlay -l '/m/a:b,c' -l '/m/d\e "f' -t /m/g ls /m/g
rm -r /m/a* /m/d* /m/g /new/cache

run idmap lc-unshare -m lc-idmap -b 0:1000000:65536 /new/ids /new/ids stat -c %u:%g /new/ids /new/ids/file
run idmap-tmpfs lc-unshare -m lc-mountfs -d -t tmpfs x /m/t lc-idmap -b 0:1000000:65536 /m/t /m/t true

mkdir /there
run old-on-rootfs lc-pivot -o /mnt /new true
run same lc-pivot -s /there true
run same-found lc-pivot /there true
echo 'made by the initramfs' > /marker
run escape-chroot lc-pivot -c /new escape -x procroot -x setns -x umount marker
run b-fails lc-pivot -c -b ' sh' ' -c' ' exit 3' '' /new echo reached
mkdir /ram
lc-mountfs -t tmpfs -o mode=0755 ram /ram
cp -a /bin /ram/
run child lc-unshare -m lc-pivot -v /ram sh -c 'echo *'
run child-p lc-unshare -p -m lc-pivot -v /ram sh -c 'echo *'
run child-left ls /ram
umount /ram
run programs ls /bin/lc-pivot

mkdir -p /keep /deep/er/still
lc-mountfs -t tmpfs keep /keep
echo kept > /keep/marker
echo x > /deep/er/still/file
ln -s /keep /link
dd if=/dev/zero of=/big bs=1M count=96 2> /dev/null

# who stays behind: a shell that needs no file
mkfifo /ask /answer
exec 8<> /ask 9<> /answer
( while read -r line <&8 && [ "$line" != end ]; do echo /* /.[!.]* /keep/* /deep/* >&9; done ) &
watcher=$!
run old-before sh -c 'echo look >&8; read -r line <&9; echo "$line"'
run free-before awk '/^MemFree/ { print $2 }' /proc/meminfo
lc-mountfs -R /new -t proc -o nosuid,nodev,noexec proc /proc
lc-mountdev -R /new -a /dev
rm -f /run.*
echo 'from the descriptor' > /stdin
exec lc-pivot -v -s -b ' sh' ' -c' ' pwd > /from-b; cat >> /from-b; ls -d /marker /bin >> /from-b 2>&1; true' '' \
  -i 6 ' sh' ' -c' ' cat > /from-i' '' /new /sbin/init an $watcher 6< /stdin
END
  )
}

@test "an initramfs mounts images by loop device: squashfs, erofs, ext4" {
  disk
  local t
  for t in squashfs erofs ext4; do
    said disk $t "an image of $t"
    said disk $t-found "an image of $t"$'\n'"$t"
  done
  said disk loops ''
}

@test "Linux 6.1: an overlay of 500 layers, mapped, with a cache, and of any names" {
  disk
  local same=$'0:0\n0:0\n0:0\nwritten' mapped=$'100000:100000\n100000:100000\n100000:100000\nwritten'
  said disk overlay-500 $'501 base 499 1 499\n'"$same"
  said disk overlay-500-b $'501 base 499 1 499\n'"$mapped"
  said disk overlay-500-c $'501 base 499 1 499\n'"$same"
  said disk overlay-c-again w
  section disk overlay-c-busy
  status_is 111
  stderr_is 'lc-overlay: fatal: unable to use /new/cache: another overlay is mounted on it'
  said disk overlay-500-left $'0\nupper\nwork\nwritten'
  said disk overlay-names $'1\n2'
}

@test "Linux 6.1: an idmapped ext4, and a tmpfs that cannot be yet" {
  disk
  said disk idmap $'1000000:1000000\n1001000:1001001'
  section disk idmap-tmpfs
  status_is 111
  stderr_like '^lc-idmap: fatal: unable to map the ids of /m/t \(file system: tmpfs: it does not support idmapped mounts here.*\): Invalid argument$'
}

@test "on a rootfs -o, and a new root in the rootfs itself, are refused with a reason" {
  disk
  section disk old-on-rootfs
  status_is 111
  stderr_is 'lc-pivot: fatal: unable to pivot_root into /new (the root is a rootfs: only -s gets away from it): Invalid argument'
  section disk same
  status_is 111
  stderr_is 'lc-pivot: fatal: unable to switch root to /there: it is in the file system of the present root'
  section disk same-found
  status_is 111
  stderr_is 'lc-pivot: fatal: unable to switch root to /there: it is in the file system of the present root'
  # nothing was deleted by those
  said disk programs /bin/lc-pivot
}

@test "on a rootfs a pivot of a child, or of a guest, deletes nothing that others live in" {
  disk
  local what
  for what in child child-p; do
    section disk $what
    status_is 0
    stdout_is bin
    stderr_has 'lc-pivot: info: the old root is left as it is: -s would empty it'
  done
  said disk child-left bin
  said disk programs /bin/lc-pivot
}

@test "on a rootfs -c works, -b too, and a chroot can be left" {
  disk
  section disk escape-chroot
  status_is 0
  section disk b-fails
  status_is 111
  stdout_is ''
  stderr_is 'lc-pivot: fatal: the command sh exited with 3, so the program is not run'
}

@test "lc-pivot -s: PID 1 of an initramfs goes to an ext4 disk" {
  disk
  section disk pid
  stdout_like '^1 an [0-9]+$'
  said disk cwd /
  said disk root $'/ ext4 /dev/vda'
  section disk ls
  stdout_like $'(^|\n)layers\n'
  section disk fds
  # 3 is ls's own, 6 was -i's, the others were there before
  is "$output" $'0\n1\n2\n3\n7\n8\n9' descriptors
}

@test "lc-pivot -s: the old ramfs is emptied, but for what is mounted there" {
  disk
  section disk old-before
  stdout_like '/big /bin /deep /dev .*/marker .*/keep/marker /deep/er$'
  # what is not there stays a pattern
  said disk old '/dev /keep /proc /sys /.[!.]* /keep/marker /deep/*'
  section disk free-before
  local before=$output
  section disk free
  ((output - before > 96 * 1024)) || fail "the memory is not freed: $before kB, then $output kB"
  [[ $(console disk) == *'lc-pivot: info: the old root is emptied'* ]] || fail "lc-pivot -v did not say so: $(console disk)"
}

@test "lc-pivot -s: descriptors, the working directory and chroot do not lead back" {
  disk
  section disk escape-after
  status_is 1
}

@test "lc-pivot -s: -b and -i run in the new root" {
  disk
  said disk from-b $'/\nls: /marker: No such file or directory\n/bin'
  said disk from-i 'from the descriptor'
}

@test "after -s a pivot works again, and the VM powers off" {
  disk
  said disk again 'bin'
  section disk restart
  status_is 133
  section disk halt
  status_is 0
  [[ $(console disk) == *'reboot: Power down'* ]] || fail "no power off: $(console disk)"
}

# Linux 6.1. Without -s, and to a tmpfs; from there lc-unshare -p as PID 1.

ram ()
{
  vm ram bookworm-disk <<'END'
mkdir /new
lc-mountfs -t tmpfs -o mode=0755 new /new
mkdir -p /new/root/tmp /new/root/proc /new/root/dev /new/root/outer
cp -a /bin /lib /new/root/
cat > /new/root/stage2 <<'STAGE2'
#!/bin/sh
. /lib/guest.sh
run pid echo $$
run root awk '$5 == "/" { print $4, $8 }' /proc/self/mountinfo
run ls ls -A /
run free awk '/^MemFree/ { print $2 }' /proc/meminfo
lc-mountfs -t proc proc /outer
mkfifo /tmp/orphan /tmp/child
sh -c '( read line < /tmp/orphan ) & echo $! > /tmp/orphan.pid'
( read line < /tmp/child ) &
echo $! > /tmp/child.pid
exec lc-unshare -p -m lc-mountfs -t proc proc /proc /guest
STAGE2
cat > /new/root/guest <<'GUEST'
#!/bin/sh
. /lib/guest.sh
run guest sh -c 'echo $PPID; tr "\0" " " < /outer/1/cmdline'
parent () { [ ! -e /outer/$1 ] && echo gone || awk '/^PPid/ { print $2 }' /outer/$1/status; }
for who in orphan child; do
  read pid < /tmp/$who.pid
  run $who parent $pid
  echo > /tmp/$who
  i=0
  while [ -e /outer/$pid ] && [ $i -lt 1000 ]; do i=$((i + 1)); cat /proc/uptime > /dev/null; done
  run $who-reaped parent $pid
done
reboot -f
GUEST
chmod 0755 /new/root/stage2 /new/root/guest
dd if=/dev/zero of=/big bs=1M count=96 2> /dev/null
run free-before awk '/^MemFree/ { print $2 }' /proc/meminfo
lc-mountfs -R /new/root -t proc proc /proc
lc-mountdev -R /new/root -a /dev
exec lc-pivot /new/root /stage2
END
}

@test "a rootfs is recognised without -s: PID 1 goes to a directory in a tmpfs" {
  ram
  said ram pid 1
  said ram root '/root tmpfs'
  said ram ls $'bin\ndev\nguest\nlib\nouter\nproc\nstage2\ntmp'
  section ram free-before
  local before=$output
  section ram free
  ((output - before > 96 * 1024)) || fail "the memory is not freed: $before kB, then $output kB"
}

@test "lc-unshare -p as PID 1 reaps what is orphaned to it" {
  ram
  said ram guest $'1\nlc-unshare -p -m lc-mountfs -t proc proc /proc /guest '
  said ram orphan 1
  said ram orphan-reaped gone
  said ram child 1
  said ram child-reaped gone
}

@test "lc-unshare -p as PID 1: when the guest restarts, so does the VM" {
  ram
  [[ $(console ram) == *'reboot: Restarting system'* ]] || fail "no restart: $(console ram)"
}

# Linux 6.1. A guest that is itself in the initramfs, below an overlay.

inside ()
{
  local dir
  if vm_is_done inside; then return 0; fi
  dir=$(vm_dir inside)
  vm_programs "$dir/initramfs/guest"
  vm inside bookworm-disk <<'END'
mkdir /layer
echo 'from a layer' > /layer/motd
exec lc-overlay -l /layer -t /guest lc-mountfs -R /guest -t proc proc /proc lc-mountdev -R /guest /dev \
  lc-pivot -v /guest sh -c '. /lib/guest.sh; run who sh -c "echo \$PPID; cat /motd; ls /"; poweroff -f'
END
}

@test "an overlay whose layers are in the initramfs keeps them" {
  inside
  said inside who $'1\nfrom a layer\nbin\ndev\nlib\nmnt\nmotd\nproc\nsys\ntmp'
  [[ $(console inside) == *'the old root is left as it is'* ]] || fail "lc-pivot -v did not say so: $(console inside)"
}

# Linux 6.1. An initramfs that boots a guest with a user namespace, directly.

guest ()
{
  if vm_is_done guest; then return 0; fi
  vm_programs /mnt/disk/root
  mkdir -p /mnt/disk/layers/0/etc /mnt/disk/layers/1/sbin
  echo 'from a layer' > /mnt/disk/layers/0/etc/motd
  cat > /mnt/disk/layers/1/sbin/init <<'END'
#!/bin/sh
. /lib/guest.sh
run who sh -c 'echo $PPID $(id -u):$(id -g) $(id -G) $(hostname) $(cat /etc/motd)'
run map awk '{ print $1, $2, $3 }' /proc/self/uid_map /proc/self/gid_map
run root awk '$5 == "/" { print $4, $8 }' /proc/self/mountinfo
run owner stat -c %u:%g /bin/busybox
run written sh -c 'echo x > /written; stat -c %u:%g /written'
run dev ls /dev
run null sh -c 'echo gone > /dev/null; head -c 3 /dev/zero | wc -c'
run mqueue stat -c %u:%g /dev/mqueue
run outside state ids
run escape escape -x umount marker
poweroff -f
END
  chmod 0755 /mnt/disk/layers/1/sbin/init
  need mke2fs
  mke2fs -q -t ext4 -d /mnt/disk /mnt/disk.ext4 48M
  # shellcheck disable=SC2046
  vm guest bookworm-disk $(drive /mnt/disk.ext4) <<'END'
echo x > /marker
lc-mountfs -d -t ext4 /dev/vda /g
exec lc-sigreset \
  lc-unshare -m \
  lc-overlay -b 0:100000:65536 -l /g/layers/0 -l /g/layers/1 -c /g/cache /g/root \
  lc-unshare -p -m -u -i -n -C -l -B 0:100000:65536 \
  lc-hostname guest \
  lc-mountfs -R /g/root -t proc -o nosuid,nodev,noexec proc /proc \
  lc-mountfs -R /g/root -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys \
  lc-mountdev -R /g/root /dev \
  lc-pivot /g/root /sbin/init
END
}

@test "an initramfs boots a guest in a user namespace, and the VM powers off with it" {
  guest
  said guest who '1 0:0 0 guest from a layer'
  said guest map $'0 100000 65536\n0 100000 65536'
  said guest root '/ overlay'
  said guest owner 0:0
  said guest written 0:0
  said guest dev $'console\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero'
  said guest null 3
  said guest mqueue 0:0
  # without umount(2): a rootfs stays below the root of every mount namespace
  section guest escape
  status_is 1
  [[ $(console guest) == *'reboot: Power down'* ]] || fail "no power off: $(console guest)"
  [[ $(console guest) != *warning* ]] || fail "a warning: $(console guest)"
}

# Linux 5.10: openat2 and the first half of the new mount calls; no
# mount_setattr, no overlay in a user namespace.

old ()
{
  local dir
  if vm_is_done old; then return 0; fi
  dir=$(vm_dir old)
  images "$dir/initramfs/images"
  disk_image /mnt/disk.ext4 <<'END'
#!/bin/sh
. /lib/guest.sh
run pid echo $$
run old sh -c 'echo look >&8; read -r line <&9; echo "$line"'
echo end >&8
exec 8>&- 9>&-
l=/layers
set --
i=1
while [ $i -lt 100 ]; do set -- "$@" -l $l/$i; i=$((i+1)); done
run overlay-100 lc-unshare -m lc-overlay "$@" -t $l/base sh -c 'cd $0; echo $(ls | wc -l) $(cat base last file1 file99); echo w > written; ls written' $l/base
run overlay-c lc-unshare -m lc-overlay -l $l/1 -c /cache $l/base sh -c 'echo kept > '$l'/base/kept'
run overlay-c-again lc-unshare -m lc-overlay -l $l/2 -c /cache $l/base cat $l/base/kept $l/base/last
mkdir -p '/mnt/a:b,c' '/mnt/d\e "f' /mnt/g
echo 1 > '/mnt/a:b,c/1'
echo 2 > '/mnt/d\e "f/2'
run overlay-names lc-unshare -m lc-overlay -l '/mnt/a:b,c' -l '/mnt/d\e "f' -r /mnt/g ls /mnt/g
run overlay-b lc-unshare -m lc-overlay -b 0:100000:65536 -l $l/1 -t $l/base true
run overlay-user lc-unshare -m -B 0:100000:65536 lc-overlay -l $l/1 -r $l/base true
run idmap lc-idmap -b 0:1000000:65536 /ids /ids true
run idmap-left grep -c /ids /proc/mounts

flags='awk "\$5 ~ \"^/mnt/[xyz]\" { print \$5, \$6 }" /proc/self/mountinfo'
mkdir /mnt/x /mnt/y /mnt/z
run bind lc-unshare -m lc-mountfs -o bind,ro,nosuid,nodev,noexec /layers /mnt/x sh -c "$flags; touch /mnt/x/t"
run bind-kept lc-unshare -m lc-mountfs -t tmpfs -o nosuid,nodev t /mnt/x lc-mountfs -o bind,ro /mnt/x /mnt/y sh -c "$flags"
run rbind lc-unshare -m lc-mountfs -t tmpfs -o nodev t /mnt/x lc-mountfs -d -t tmpfs -o noexec u /mnt/x/u \
  lc-mountfs -o rbind,ro,nosuid /mnt/x /mnt/y sh -c "$flags"
run remount lc-unshare -m lc-mountfs -t tmpfs -o nosuid,noexec t /mnt/x lc-mountfs -o remount,bind,ro /mnt/x /mnt/x sh -c "$flags"
run move lc-unshare -m lc-mountfs -t tmpfs t /mnt/x lc-mountfs -o move /mnt/x /mnt/z sh -c "$flags"

chain="lc-unshare -p -m -u -i -n -C -l lc-overlay -l $l/1 -l $l/2 -c /cache /new lc-mountfs -R /new -t proc proc /proc
  lc-mountfs -R /new -t sysfs -o ro sysfs /sys lc-mountdev -R /new /dev lc-hostname old lc-pivot"
mkdir /new
for d in bin lib dev proc sys tmp mnt sbin; do mkdir /new/$d; done
cp -a /bin /lib /new/
echo x > /marker
facts='echo $$ $(hostname) $(cat /last) $(ls /dev); awk "\$5 == \"/\" { print \$8 }" /proc/self/mountinfo; ls /mnt'
run chain $chain -b ' sh' ' -c' ' ls -d /marker /last 2>&1; true' '' /new sh -c "$facts"
run chain-escape $chain /new escape marker
run chain-o $chain -o /mnt /new sh -c "$facts"

chain="lc-unshare -p -m -u -i -n -C -l -B 0:100000:65536 lc-mountfs -R /new -t proc proc /proc
  lc-mountfs -R /new -t sysfs -o ro sysfs /sys lc-mountdev -R /new /dev lc-hostname user lc-pivot"
chown -R 100000:100000 /new
run user $chain /new sh -c 'echo $$ $(hostname) $(id -u); awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map; ls /dev; stat -c %u /dev/mqueue /bin; echo > /dev/null'
run user-escape $chain /new escape marker
exec lc-unshare -p -m sh -c 'poweroff -f'
END
  # shellcheck disable=SC2046
  vm old bullseye-disk $(drive /mnt/disk.ext4) < <(loop_mounts; cat <<'END'
run uname uname -r
lc-mountfs -d -t ext4 /dev/vda /new
lc-mountfs -R /new -t proc proc /proc
lc-mountdev -R /new -a /dev
mkfifo /ask /answer
exec 8<> /ask 9<> /answer
( while read -r line <&8 && [ "$line" != end ]; do echo /* >&9; done ) &
exec lc-pivot /new /sbin/init
END
  )
}

@test "Linux 5.10: lc-pivot gets away from the rootfs" {
  old
  section old uname
  stdout_like '^5\.10\.'
  said old pid 1
  said old old '/dev /proc /sys'
}

@test "Linux 5.10: images by loop device" {
  old
  local t
  for t in squashfs erofs ext4; do
    said old $t "an image of $t"
    said old $t-found "an image of $t"$'\n'"$t"
  done
  said old loops ''
}

@test "Linux 5.10: overlays of 100 layers, with a cache, of any names" {
  old
  said old overlay-100 $'101 base 99 1 99\nwritten'
  said old overlay-c ''
  said old overlay-c-again $'kept\n2'
  said old overlay-names $'1\n2'
}

@test "Linux 5.10: what it cannot do is said" {
  old
  section old idmap
  status_is 111
  stderr_is 'lc-idmap: fatal: unable to map the ids of /ids: no mount_setattr: it needs Linux 5.12, or a seccomp filter hides it'
  section old idmap-left
  stdout_is 0
  section old overlay-b
  status_is 111
  stderr_like '^lc-overlay: fatal: unable to map the ids of the layer /layers/base.*5\.1[29]'
  section old overlay-user
  status_is 111
  stderr_is 'lc-overlay: fatal: unable to mount an overlay on /layers/base (not privileged in this mount namespace, or a kernel before 5.11 in a user namespace): Operation not permitted'
}

@test "Linux 5.10: binds with flags, which mount_setattr is not there for" {
  old
  section old bind
  status_is 1
  stdout_is '/mnt/x ro,nosuid,nodev,noexec,relatime'
  stderr_is 'touch: /mnt/x/t: Read-only file system'
  said old bind-kept $'/mnt/x rw,nosuid,nodev,relatime\n/mnt/y ro,nosuid,nodev,relatime'
  said old rbind $'/mnt/x rw,nodev,relatime\n/mnt/x/u rw,noexec,relatime\n/mnt/y ro,nosuid,nodev,relatime\n/mnt/y/u ro,nosuid,noexec,relatime'
  said old remount '/mnt/x ro,nosuid,noexec,relatime'
  said old move '/mnt/z rw,relatime'
}

@test "Linux 5.10: a chain of namespaces, overlay, /dev and pivot" {
  old
  local dev='console fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'
  said old chain $'ls: /marker: No such file or directory\n/last\n'"1 old 2 $dev"$'\noverlay'
  section old chain-escape
  status_is 1
  section old chain-o
  status_is 0
  stdout_like "^1 old 2 $dev"$'\noverlay\n.*layers\nlib\n.*marker\n'
}

@test "Linux 5.10: a guest in a user namespace" {
  old
  said old user $'1 user 0\n0 100000 65536\nconsole\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n0\n0'
  section old user-escape
  status_is 1
}

@test "Linux 5.10: lc-unshare -p as PID 1: when the guest powers off, so does the VM" {
  old
  [[ $(console old) == *'reboot: Power down'* ]] || fail "no power off: $(console old)"
}

#!/usr/bin/env bats
# lc-mountfs -k: what is mounted over parts of /proc and /sys is so in new ones.
# The masks are those that engines were seen to make.
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
load lib

new_api=open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr
safe=nosuid,nodev,noexec

setup ()
{
  mkdir -p root/proc root/sys
}

# What is mounted at and below a directory: POINT TYPE ROOT FLAGS PROPAGATION, the
# point relative to it, sorted. "=" before the root: the device is the directory's.

below ()
{
  d=$1 awk '
    $5 == ENVIRON["d"] || index($5, ENVIRON["d"] "/") == 1 {
      if ($5 == ENVIRON["d"]) dev = $3
      point = substr($5, length(ENVIRON["d"]) + 1)
      propagation = $7 == "-" ? "private" : $7
      n = $7 == "-" ? 8 : 9
      sub(/,relatime/, "", $6)
      print (point == "" ? "/" : point), $n, ($3 == dev ? "=" : "") $4, $6, propagation
    }' /proc/self/mountinfo | LC_ALL=C sort
}

kept_is ()  # DIRECTORY LINES
{
  is "$(below "$1")" "$2" "what is mounted at and below $1"
}

# As runc, crun and podman do, without what this kernel has not

mask_oci ()
{
  local p
  for p in bus fs irq sys; do
    mount --bind "/proc/$p" "/proc/$p"
    mount -o remount,bind,ro "/proc/$p"
  done
  mount -t tmpfs -o ro,size=0 masked /proc/acpi
  mount --bind /dev/null /proc/keys
  mount --bind /dev/null /proc/timer_list
  mount -t tmpfs -o ro,size=0 masked /sys/firmware
}

oci='/ proc =/ rw,nosuid,nodev,noexec private
/acpi tmpfs / ro private
/bus proc =/bus ro,nosuid,nodev,noexec private
/fs proc =/fs ro,nosuid,nodev,noexec private
/irq proc =/irq ro,nosuid,nodev,noexec private
/keys devtmpfs /null rw private
/sys proc =/sys ro,nosuid,nodev,noexec private
/timer_list devtmpfs /null rw private'

keep_proc () { lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc "$@"; }

keep_sys () { lc-mountfs -R root -t sysfs -o "$safe" -k /sys sysfs /sys "$@"; }

@test "wrong usage" {
  mkdir a
  fails 100 'lc-mountfs: fatal: -k is for mounts of type proc and sysfs' lc-mountfs -t tmpfs -k /proc x a true
  fails 100 'lc-mountfs: fatal: -k is for mounts of type proc and sysfs' lc-mountfs -o bind -k /proc /proc a true
  fails 100 'lc-mountfs: fatal: -k is for mounts of type proc and sysfs' lc-mountfs -t proc -o remount -k /proc x a true
  fails 100 'lc-mountfs: fatal: the directory of -k is empty' lc-mountfs -t proc -k '' x a true
  fails 100 'lc-mountfs: fatal: -f excludes -k' lc-mountfs -k /proc -f fstab true
  kept_is /mnt/a ''
}

@test "the masks of OCI runtimes" {
  mask_oci
  ok keep_proc
  ok keep_sys
  kept_is /mnt/root/proc "$oci"
  kept_is /mnt/root/sys '/ sysfs =/ rw,nosuid,nodev,noexec private
/firmware tmpfs / ro private'
  refute sh -c 'echo x > root/proc/sys/kernel/domainname'
  stderr_has 'Read-only file system'
  is "$(cat root/proc/keys root/proc/timer_list; ls root/sys/firmware)" ''
  is "$(readlink root/proc/self/exe)" "$(readlink -f "$(command -v readlink)")"
}

@test "without covers it is an ordinary mount" {
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private'
}

@test "what is said" {
  mask_oci
  mkdir fake fake/cpuinfo.d
  mount -t tmpfs x fake/cpuinfo.d
  try lc-mountfs -v -R root -t proc -k /proc proc /proc echo ran
  status_is 0 && stdout_is ran
  stderr_is 'lc-mountfs: info: /proc/acpi is kept
lc-mountfs: info: /proc/bus is kept
lc-mountfs: info: /proc/fs is kept
lc-mountfs: info: /proc/irq is kept
lc-mountfs: info: /proc/keys is kept
lc-mountfs: info: /proc/sys is kept
lc-mountfs: info: /proc/timer_list is kept
lc-mountfs: info: proc is on /proc in root'
  try lc-mountfs -v -t proc -k fake proc root
  status_is 0
  stderr_is 'lc-mountfs: info: /mnt/fake/cpuinfo.d is left out: the new one has no such thing
lc-mountfs: info: proc is on root'
}

# systemd-nspawn: parts of /proc/sys writable again, files that have been removed
# since, the same place mounted on twice

mask_nspawn ()
{
  mkdir -p /run/mask
  mount --bind /proc/sys/net /proc/sys/net
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
  mount --bind /proc/sys/net /proc/sys/net
  mount -o remount,bind,rw,nosuid,nodev,noexec /proc/sys/net
  echo 01234567-89ab-cdef-0123-456789abcdef > /run/mask/boot_id
  chmod 0440 /run/mask/boot_id
  chgrp 12 /run/mask/boot_id
  mount --bind /run/mask/boot_id /proc/sys/kernel/random/boot_id
  mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys/kernel/random/boot_id
  mkfifo -m 0600 /run/mask/kmsg
  mount --bind /run/mask/kmsg /proc/kmsg
  rm -r /run/mask
}

@test "the masks of systemd-nspawn" {
  mask_nspawn
  is "$(below /proc | grep -c deleted)" 2
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/kmsg tmpfs /file ro,nosuid,nodev,noexec private
/sys proc =/sys ro,nosuid,nodev,noexec private
/sys/kernel/random/boot_id tmpfs /file ro,nosuid,nodev,noexec private
/sys/net proc =/sys/net rw,nosuid,nodev,noexec private'
  is "$(cat root/proc/sys/kernel/random/boot_id)" 01234567-89ab-cdef-0123-456789abcdef
  is "$(stat -c '%a %u %g' root/proc/sys/kernel/random/boot_id)" '440 0 12'
  is "$(stat -c '%F %a %s' root/proc/kmsg)" 'regular empty file 600 0'
  ok sh -c 'echo 5 > root/proc/sys/net/ipv4/conf/lo/tag'
  refute sh -c 'echo x > root/proc/sys/kernel/domainname'
}

@test "a directory that has been removed since, and a file that is too long to be copied" {
  mkdir -p /run/mask/dir
  chmod 0500 /run/mask/dir
  mount --bind /run/mask/dir /proc/fs
  rmdir /run/mask/dir
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/fs tmpfs / ro,nosuid,nodev,noexec private'
  is "$(stat -c %a root/proc/fs; ls -A root/proc/fs)" 500
  head -c 4096 /dev/zero > /run/mask/a
  head -c 4097 /dev/zero > /run/mask/b
  mount --bind /run/mask/a /proc/cpuinfo
  rm /run/mask/a
  umount root/proc/fs root/proc
  ok keep_proc
  is "$(stat -c %s root/proc/cpuinfo)" 4096
  umount -R root/proc
  mount --bind /run/mask/b /proc/version
  rm /run/mask/b
  fails 111 'lc-mountfs: fatal: unable to keep /proc/version in the new proc: File too large' keep_proc touch ran
  kept_is /mnt/root/proc ''
  [[ ! -e ran ]]
}

# LXC, proc:mixed: a mount that is older than what it is in, in the table before it

@test "a mount that was moved into a younger one" {
  mount --bind /proc/sys/net /proc/tty
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  mount --move /proc/tty /proc/sys/net
  echo 01234567-89ab-cdef-0123-456789abcdef > /run/boot_id
  mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/sys proc =/sys ro,nosuid,nodev,noexec private
/sys/kernel/random/boot_id tmpfs /boot_id rw private
/sys/net proc =/sys/net rw,nosuid,nodev,noexec private'
  is "$(cat root/proc/sys/kernel/random/boot_id)" 01234567-89ab-cdef-0123-456789abcdef
}

# libvirt: a file of another file system over /proc/meminfo

@test "a file of another file system, with the flags that it has" {
  echo 'MemTotal: 1 kB' > /run/meminfo
  mount --bind /run/meminfo /proc/meminfo
  mount -o remount,bind,ro,nosuid,nodev,noexec,noatime /proc/meminfo
  ok keep_proc cat root/proc/meminfo
  stdout_is 'MemTotal: 1 kB'
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/meminfo tmpfs /meminfo ro,nosuid,nodev,noexec,noatime private'
}

@test "covers that are covered themselves are not kept" {
  mkdir /run/first /run/second
  touch /run/second/it
  mount --bind /run/first /proc/fs
  mount --bind /run/second /proc/fs
  mount --bind /dev/null /proc/sys/kernel/domainname
  mount -t tmpfs x /proc/sys
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/fs tmpfs /second rw private
/sys tmpfs / rw private'
}

@test "covers within covers, in places with any names" {
  local name
  mount -t tmpfs x /proc/fs
  for name in 'a b' $'tab\there' $'new\nline' 'back\040slash' '#hash' 'é' ' - tmpfs'; do
    mkdir "/proc/fs/$name"
    mount -t tmpfs x "/proc/fs/$name"
    touch "/proc/fs/$name/here $name"
  done
  ok keep_proc
  for name in 'a b' $'tab\there' $'new\nline' 'back\040slash' '#hash' 'é' ' - tmpfs'; do
    [[ -e "root/proc/fs/$name/here $name" ]] || fail "nothing is kept in $name"
  done
  is "$(below /mnt/root/proc | wc -l)" 9
}

@test "other flags of a part are kept: nosymfollow, and those that only the new one has" {
  mount -o remount,bind,suid,dev,exec /proc
  mount --bind /proc/fs /proc/fs
  mount -o remount,bind,noexec /proc/fs
  mount --bind /proc/sys /proc/sys
  ok lc-mountfs -o remount,bind,nosymfollow none /proc/sys
  ok lc-mountfs -R root -t proc -o nosuid -k /proc proc /proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid private
/fs proc =/fs rw,nosuid,noexec private
/sys proc =/sys rw,nosuid,nosymfollow private'
}

@test "a part that changes nothing is not made" {
  mount --bind /proc/fs /proc/fs
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  mount --bind /proc/sys/net /proc/sys/net
  mount -o remount,bind,ro /proc/sys/net
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/sys proc =/sys ro,nosuid,nodev,noexec private'
}

@test "a read-only file system gets no writable part" {
  mount --bind /sys/devices/virtual/net /sys/devices/virtual/net
  mount -o remount,bind,ro /sys
  ok lc-mountfs -R root -t sysfs -o "ro,$safe" -k /sys sysfs /sys
  kept_is /mnt/root/sys '/ sysfs =/ ro,nosuid,nodev,noexec private'
}

@test "/sys as a tmpfs with parts of sysfs in it, as of systemd-nspawn" {
  local p
  mkdir full
  mount --move /sys full
  mount -t tmpfs x /sys
  for p in block bus class dev devices kernel; do
    mkdir "/sys/$p"
    mount --bind "full/$p" "/sys/$p"
    mount -o remount,bind,ro "/sys/$p"
  done
  ok keep_sys
  kept_is /mnt/root/sys "/ sysfs =/ rw,nosuid,nodev,noexec private
$(printf '/%s sysfs =/%s ro,nosuid,nodev,noexec private\n' block block bus bus class class dev dev devices devices kernel kernel)"
  umount -R root/sys
  ok lc-mountfs -R root -t sysfs -o "ro,$safe" -k /sys sysfs /sys
  kept_is /mnt/root/sys '/ sysfs =/ ro,nosuid,nodev,noexec private'
}

@test "control groups are left alone, and what would lie on an empty directory" {
  need fs:cgroup2 fs:ramfs
  mount -t tmpfs x /sys/fs/cgroup
  mkdir /sys/fs/cgroup/unified
  mount -t cgroup2 x /sys/fs/cgroup/unified
  mount -t cgroup2 x /sys/kernel/mm
  mount -t ramfs x /sys/kernel/debug
  mount -t ramfs x /sys/firmware
  mount -t tmpfs x /sys/kernel/security
  ok keep_sys
  kept_is /mnt/root/sys '/ sysfs =/ rw,nosuid,nodev,noexec private
/firmware ramfs / rw private
/kernel/security tmpfs / rw private'
  umount -R root/sys
  try lc-mountfs -v -R root -t sysfs -k /sys sysfs /sys
  stderr_has 'lc-mountfs: info: /sys/kernel/debug is left out: it would hide nothing'
}

# Another PID namespace

@test "in a new PID namespace the parts are those of the new procfs" {
  mask_oci
  ok lc-unshare -p -m lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc \
    sh -c '. /dev/stdin; below /mnt/root/proc; ls -d root/proc/[0-9]* root/proc/sys/kernel/ns_last_pid; cat root/proc/sys/kernel/ns_last_pid' <<< "$(declare -f below)"
  is "$(head -n 8 <<< "$output")" "$oci"
  is "$(sed -n '9,$p' <<< "$output" | grep -cv 'root/proc/')" 1
  (($(tail -n 1 <<< "$output") < 20)) || fail 'the last PID is that of the old namespace'
}

@test "what shows a process of the old procfs, or another procfs, is refused" {
  mount --bind "/proc/$$/status" /proc/version
  fails 111 'lc-mountfs: fatal: unable to keep /proc/version in the new proc (it shows a process, or another procfs): Invalid cross-device link' keep_proc touch ran
  umount /proc/version
  mount -t proc x /proc/fs
  fails 111 'lc-mountfs: fatal: unable to keep /proc/fs in the new proc (it shows a process, or another procfs): Invalid cross-device link' keep_proc touch ran
  umount /proc/fs
  mount -t proc x /sys/firmware
  fails 111 'lc-mountfs: fatal: unable to keep /sys/firmware in the new sysfs (it shows a process, or another procfs): Invalid cross-device link' keep_sys touch ran
  umount /sys/firmware
  kept_is /mnt/root ''
  [[ ! -e ran ]]
  mount --bind /proc/cpuinfo /proc/version
  ok keep_proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private
/version proc =/cpuinfo rw,nosuid,nodev,noexec private'
}

# The directory

@test "the directory itself may be covered by the new one" {
  local before
  mask_oci
  before=$(stat -c %d /proc /proc/sys /proc/bus /proc/acpi)
  ok lc-mountfs -t proc -o "$safe" -k /proc proc /proc
  is "$(stat -c %d /proc/sys /proc/bus /proc/fs /proc/irq | sort -u)" "$(stat -c %d /proc)"
  refute test "$(stat -c %d /proc)" = "${before%%$'\n'*}"
  is "$(stat -c %d /proc/acpi)" "${before##*$'\n'}"
  refute sh -c 'echo x > /proc/sys/kernel/domainname'
  is "$(cat /proc/keys)" ''
}

@test "the directory may be called by a link or a relative path, or be missing" {
  mask_oci
  ln -s /proc link
  ok lc-mountfs -t proc -o "$safe" -k link proc root/proc
  kept_is /mnt/root/proc "$oci"
  umount -R root/proc
  cd /
  ok lc-mountfs -t proc -o "$safe" -k ./proc proc /mnt/root/proc
  kept_is /mnt/root/proc "$oci"
  umount -R /mnt/root/proc
  ok lc-mountfs -t proc -o "$safe" -k /nosuch proc /mnt/root/proc
  kept_is /mnt/root/proc '/ proc =/ rw,nosuid,nodev,noexec private'
  fails 111 'lc-mountfs: fatal: unable to keep /etc/passwd in the new proc (a directory and a non-directory): Not a directory' \
    lc-mountfs -t proc -k /etc/passwd proc /mnt/root/sys
}

@test "without a /proc" {
  mount -t tmpfs -o ro x /sys/firmware
  umount -l /proc
  umount -l /proc
  [[ ! -e /proc/self ]]
  ok lc-mountfs -t sysfs -k /proc sysfs root/sys
  ok lc-mountfs -t sysfs -o "$safe" -k /sys sysfs root/sys
  ok lc-mountfs -t proc proc /proc
  is "$(below /mnt/root/sys | tail -n 1)" '/firmware tmpfs / ro private'
  umount -R root/sys
  umount /proc
  try without fsopen -- lc-mountfs -t sysfs -k /sys sysfs root/sys
  status_is 111
  stderr_is 'lc-mountfs: fatal: unable to keep /sys in the new sysfs: Function not implemented'
  try without fsopen -- lc-mountfs -t sysfs -k /proc sysfs root/sys
  status_is 111
  stderr_is 'lc-mountfs: fatal: unable to mount sysfs on root/sys: Function not implemented'
}

# Failure

@test "what cannot be kept undoes the mount" {
  mount -t tmpfs x /proc/fs
  mount --make-unbindable /proc/fs
  mount -t tmpfs x /proc/acpi
  fails 111 'lc-mountfs: fatal: unable to keep /proc/fs in the new proc (the mount there is locked or unbindable): Invalid argument' keep_proc touch ran
  kept_is /mnt/root/proc ''
  [[ ! -e ran ]]
  try lc-mountfs -R root -t proc -o nofail -k /proc proc /proc echo ran
  status_is 0
  stdout_is ran
  stderr_is 'lc-mountfs: warning: unable to keep /proc/fs in the new proc (the mount there is locked or unbindable): Invalid argument'
  kept_is /mnt/root/proc ''
}

@test "a directory is not put on a file, nor a file on a directory" {
  mkdir -p fake/cpuinfo
  mount -t tmpfs x fake/cpuinfo
  fails 111 'lc-mountfs: fatal: unable to keep /mnt/fake/cpuinfo in the new proc (a directory and a non-directory): Not a directory' \
    lc-mountfs -R root -t proc -k fake proc /proc
  umount fake/cpuinfo
  touch fake/fs
  mount --bind /dev/null fake/fs
  fails 111 'lc-mountfs: fatal: unable to keep /mnt/fake/fs in the new proc (a directory and a non-directory): Not a directory' \
    lc-mountfs -R root -t proc -k fake proc /proc
  kept_is /mnt/root/proc ''
}

@test "a system call that fails in the middle leaves nothing mounted" {
  local call n total
  need strace
  mask_oci
  for call in move_mount open_tree mount_setattr; do
    total=$(strace -f -c -e trace="$call" lc-mountfs -R root -t proc -k /proc proc /proc 2>&1 | awk -v c="$call" '$NF == c { print $4 }')
    umount -R root/proc
    ((total >= 7)) || fail "$call is called $total times only"
    for n in 2 "$total"; do
      refute strace -f -o /dev/null -e inject="$call":error=EIO:when="$n" lc-mountfs -R root -t proc -k /proc proc /proc touch ran
      kept_is /mnt/root/proc ''
      [[ ! -e ran ]]
    done
  done
}

# Propagation

@test "everything is private, also where the engine's mounts are shared" {
  mask_oci
  mount --make-rshared /proc
  ok keep_proc
  kept_is /mnt/root/proc "$oci"
  mount -t tmpfs x /proc/fs/ext4
  is "$(below /mnt/root/proc | grep -c ext4 || :)" 0
}

@test "a shared root, and a propagation of one's own" {
  mask_oci
  mount --bind root root
  mount --make-shared root
  ok keep_proc
  is "$(below /mnt/root/proc | sed -E 's/shared:[0-9]+/shared/')" "${oci//private/shared}"
  umount -R root/proc
  mount --make-private root
  ok lc-mountfs -R root -t proc -o "$safe,rshared" -k /proc proc /proc
  is "$(below /mnt/root/proc | sed -E 's/shared:[0-9]+/shared/')" "${oci//private/shared}"
}

# Older kernels, filters

@test "without the new mount calls, openat2, mount_setattr" {
  local hide
  mask_oci
  mount --bind /proc/sys/net /proc/sys/net
  mount -o remount,bind,rw /proc/sys/net
  for hide in "$new_api" mount_setattr openat2 "$new_api,openat2"; do
    ok without "$hide" -- lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc
    kept_is /mnt/root/proc "${oci/$'\n'\/timer/$'\n/sys/net proc =/sys/net rw,nosuid,nodev,noexec private\n'/timer}"
    umount -R root/proc
  done
}

# User namespaces

@test "masks that were kept before a user namespace are locked in it" {
  mask_oci
  ok lc-unshare -m lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc lc-unshare -m -B 0:100000:65536 sh -c '
    for m in sys fs keys acpi; do umount root/proc/$m 2> /dev/null && echo "$m is gone"; done
    mount -o remount,bind,rw root/proc/sys 2> /dev/null && echo "sys is writable"
    mount -t tmpfs x root/sys && echo privileged'
  stdout_is privileged
}

@test "in a user namespace, masks that were made in it" {
  ok lc-unshare -p -m -n -B 0:100000:65536 sh -ec "
    $(declare -f mask_oci below)"'
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mask_oci
    mount -t tmpfs x root/sys
    echo "MemTotal: 1 kB" > root/sys/meminfo
    mount --bind root/sys/meminfo /proc/meminfo
    rm root/sys/meminfo
    lc-mountfs -R root -t proc -o nosuid,nodev,noexec -k /proc proc /proc
    below /mnt/root/proc
    cat root/proc/meminfo'
  is "$(grep -v meminfo <<< "$output")" "$oci
MemTotal: 1 kB"
}

@test "in a user namespace, masks that were there before: the kernel refuses a new proc" {
  mask_oci
  fails_like 111 'lc-mountfs: fatal: unable to mount proc on /proc in root \(not privileged, or the /proc in view is partly masked, or there is no new PID namespace\): .*Operation not permitted' \
    lc-unshare -p -m -B 0:100000:65536 lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc touch ran
}

@test "in a user namespace without a new PID namespace the present proc is bound, with its masks; and sysfs" {
  mask_oci
  try lc-unshare -m -B 0:100000:65536 lc-mountfs -v -R root -t proc -o "$safe" -k /proc proc /proc sh -c "$(declare -f below)"'
    below /mnt/root/proc | cut -d " " -f 1,2 | sort -u
    umount root/proc/acpi 2> /dev/null || echo locked'
  status_is 0
  stderr_has 'lc-mountfs: info: the kernel refuses a new proc: /proc is bound'
  is "$output" "$(lc-unshare -m sh -c "$(declare -f below)"'; below /proc | cut -d " " -f 1,2 | sort -u')
locked"
  ok lc-unshare -m -B 0:100000:65536 lc-mountfs -R root -t sysfs -o ro -k /sys sysfs /sys \
    sh -c 'stat -f -c %T root/sys; touch root/sys/firmware/x 2> /dev/null || echo ro'
  stdout_is $'sysfs\nro'
}

# The sysfs of a network namespace that belongs to a user namespace: made by a
# hook, which is not in that and so may, before the mounts are locked

@test "a sysfs for a new network and user namespace, with masks, from a hook" {
  mask_oci
  ok lc-unshare -m lc-unshare -n -B 0:100000:65536 \
    -b ' sh' ' -c' ' exec lc-setns -n /proc/$LCBOOT_PID/ns/net lc-mountfs -R root -t sysfs -o ro,nosuid,nodev,noexec -k /sys sysfs /sys' '' \
    lc-unshare -m sh -c "$(declare -f below); "'below /mnt/root/sys; ls root/sys/class/net; umount root/sys/firmware 2> /dev/null || echo locked'
  stdout_is '/ sysfs =/ ro,nosuid,nodev,noexec private
/firmware tmpfs / ro private
lo
locked'
}

@test "more than once in one chain" {
  mask_oci
  mkdir -p second/proc
  ok lc-mountfs -R root -t proc -o "$safe" -k /proc proc /proc \
    lc-mountfs -R root -t sysfs -o "$safe" -k /sys sysfs /sys \
    lc-mountfs -R second -t proc -o "$safe" -k /mnt/root/proc proc /proc
  kept_is /mnt/root/proc "$oci"
  kept_is /mnt/second/proc "$oci"
  is "$(below /mnt/root/sys | grep -c firmware)" 1
}

@test "nothing but the mounts reaches prog" {
  mask_oci
  same_state lc-mountfs -R root -t proc -k /proc proc /proc
}

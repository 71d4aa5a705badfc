#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
TEST_TIMEOUT=300
load lib
load cache
load qemu

usage='lc-mountcgroup: usage: lc-mountcgroup [ -v ] [ -R root ] [ -o options ] target prog...'
new_api=open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr

setup_file ()
{
  cache_kernel bookworm
}

# What is mounted at and below a directory, as a script that is also run in user
# namespaces and in the VM: POINT TYPE ROOT FLAGS, the options of the file system;
# and the links in it

below='
awk -v d="$1" '\''
  $5 == d || index($5, d "/") == 1 {
    sub(/,relatime/, "", $6)
    sub(/,(uid|inode64).*/, "", $NF)
    print ($5 == d ? "." : substr($5, length(d) + 2)), $(NF-2), $4, $6, $NF, ($7 == "-" ? "" : $7)
  }'\'' /proc/self/mountinfo | sed "s/ $//" | sort
cd "$1"
for l in *; do if [ -L "$l" ]; then echo "$l -> $(readlink "$l")"; fi; done'

mounted_is ()  # DIRECTORY LINES
{
  is "$(sh -c "$below" sh "$1")" "$2" "what is mounted at and below $1"
}

# cgroup2 alone, as most machines have it, and no other

only_cgroup2 ()
{
  need fs:cgroup2
  while mountpoint -q /sys/fs/cgroup; do umount -R /sys/fs/cgroup; done
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p root
}

cgroup2='. cgroup2 / rw,nosuid,nodev,noexec rw'

@test "wrong usage" {
  mkdir root
  fails 100 "$usage" lc-mountcgroup
  fails 100 "$usage" lc-mountcgroup -R root
  fails 100 "$usage" lc-mountcgroup -z root true
  fails 100 'lc-mountcgroup: fatal: the target is empty' lc-mountcgroup '' true
  fails_like 100 'lc-mountcgroup: fatal: .*nsdelegate.*' lc-mountcgroup -o nsdelegate root true
  fails_like 100 'lc-mountcgroup: fatal: .*bind.*' lc-mountcgroup -o bind root true
  mounted_is /mnt/root ''
}

@test "what this machine has" {
  mkdir root
  ok lc-mountcgroup root
  is "$(awk '$5 ~ "^/mnt/root" && / - cgroup2? / { sub("^/mnt/root", "", $5); print $5, $(NF-2) }' /proc/self/mountinfo | sort)" \
    "$(awk '$5 ~ "^/sys/fs/cgroup" && / - cgroup2? / { sub("^/sys/fs/cgroup", "", $5); print $5, $(NF-2) }' /proc/self/mountinfo | sort)" 'the control groups'
}

@test "cgroup2" {
  only_cgroup2
  ok lc-mountcgroup -R root / echo ran
  stdout_is ran
  mounted_is /mnt/root "$cgroup2"
  is "$(stat -c %d:%i root)" "$(stat -c %d:%i /sys/fs/cgroup)"
}

@test "cgroup2 that is mounted elsewhere" {
  only_cgroup2
  umount /sys/fs/cgroup
  mkdir 'a b'
  mount -t cgroup2 x 'a b'
  ok lc-mountcgroup root
  mounted_is /mnt/root "$cgroup2"
}

@test "flags are those of the mount, and never those of the hierarchy" {
  only_cgroup2
  ok lc-mountcgroup -o ro,exec,dev root
  mounted_is /mnt/root '. cgroup2 / ro,nosuid rw'
  umount root
  ok without "$new_api" -- lc-mountcgroup -o ro root
  mounted_is /mnt/root '. cgroup2 / ro,nosuid,nodev,noexec rw'
  mounted_is /sys/fs/cgroup '. cgroup2 / rw rw'
}

@test "what is said" {
  only_cgroup2
  mkdir -p guest/t
  try lc-mountcgroup -v root
  status_is 0
  stderr_is 'lc-mountcgroup: info: control groups are on root'
  try env LCBOOT_VERBOSE=1 lc-mountcgroup -R guest /t
  stderr_is 'lc-mountcgroup: info: control groups are on /t in guest'
}

@test "none is mounted: cgroup2 is mounted" {
  only_cgroup2
  umount /sys/fs/cgroup
  mkdir guest
  ok lc-mountcgroup -R / /mnt/guest echo ran
  stdout_is ran
  umount guest
  try lc-mountcgroup -v root
  status_is 0
  stderr_is 'lc-mountcgroup: info: control groups are on root'
  is "$(stat -f -c %T root)" cgroup2fs "the file system"
}

@test "none is mounted, and the kernel refuses one: nothing is mounted, and nothing fails" {
  only_cgroup2
  umount /sys/fs/cgroup
  try lc-unshare -m -B 0:100000:65536 lc-mountcgroup -v root echo ran
  status_is 0
  stdout_is ran
  stderr_is 'lc-mountcgroup: info: nothing is mounted on root: no control groups are mounted here, and a new mount was refused'
}

@test "what another mount hides is not in view, nor is a single file" {
  only_cgroup2
  touch file
  mount --bind /sys/fs/cgroup/cgroup.procs file
  mount -t tmpfs x /sys/fs/cgroup
  ok lc-mountcgroup root
  mounted_is /mnt/root ''
}

@test "without a /proc, and with one of another PID namespace that is partly covered" {
  only_cgroup2
  mount -t tmpfs x /proc/fs
  ok lc-unshare -p -m -C -B 0:100000:65536 lc-mountcgroup root sh -c "$below" sh /mnt/root
  stdout_is "$cgroup2"
  umount -l /proc
  umount -l /proc
  [[ ! -e /proc/self ]]
  ok lc-mountcgroup root
  mount -t proc proc /proc
  mounted_is /mnt/root "$cgroup2"
}

@test "in a user namespace with a cgroup namespace" {
  only_cgroup2
  try lc-unshare -m -C -B 0:100000:65536 lc-mountcgroup -v root sh -c "$below" sh /mnt/root
  status_is 0
  stdout_is "$cgroup2"
  stderr_is 'lc-mountcgroup: info: control groups are on root'
}

@test "in a user namespace without one: what is there is bound" {
  only_cgroup2
  mount -o remount,bind,ro /sys/fs/cgroup
  try lc-unshare -m -B 0:100000:65536 lc-mountcgroup -v -o rw root sh -c "$below" sh /mnt/root
  status_is 0
  stdout_is '. cgroup2 / ro,nosuid,nodev,noexec rw'
  stderr_is 'lc-mountcgroup: info: root is bound as it is: a new mount was refused
lc-mountcgroup: info: control groups are on root'
}

@test "what cannot be bound either is left out" {
  only_cgroup2
  mount --make-unbindable /sys/fs/cgroup
  ok lc-mountcgroup root
  umount root
  need strace
  try strace -f -o /dev/null -e inject=fsopen:error=EBUSY lc-mountcgroup -v root echo ran
  status_is 0
  stdout_is ran
  stderr_is 'lc-mountcgroup: info: root is left out: it was refused'
  mounted_is /mnt/root ''
}

@test "where an engine shows only a part, that part is bound" {
  local dir
  only_cgroup2
  dir=/sys/fs/cgroup/lcboot-test.$BASHPID
  mkdir "$dir"
  mount --bind "$dir" /sys/fs/cgroup
  try lc-mountcgroup -v root
  sh -c "$below" sh /mnt/root > shown
  umount root
  umount /sys/fs/cgroup
  rmdir "$dir"
  status_is 0
  is "$(< shown)" ". cgroup2 ${dir#/sys/fs/cgroup} rw,nosuid,nodev,noexec rw"
  stderr_is 'lc-mountcgroup: info: root is bound as it is: it is only a part of the hierarchy
lc-mountcgroup: info: control groups are on root'
}

@test "what is mounted is private, also where everything is shared" {
  only_cgroup2
  mount --make-rshared /sys
  ok lc-mountcgroup root
  mounted_is /mnt/root "$cgroup2"
  umount root
  need strace
  try strace -f -o /dev/null -e inject=fsopen:error=EBUSY lc-mountcgroup root
  status_is 0
  mounted_is /mnt/root "$cgroup2"
}

@test "without the new mount calls, without openat2" {
  local hide
  only_cgroup2
  for hide in "$new_api" mount_setattr openat2 "$new_api,openat2"; do
    ok without "$hide" -- lc-mountcgroup -R root /
    mounted_is /mnt/root "$cgroup2"
    umount root
  done
}

@test "a target that is a trap, or no directory" {
  only_cgroup2
  mkdir -p elsewhere root/sys/fs
  ln -s /mnt/elsewhere root/sys/fs/cgroup
  touch root/file
  fails 111 'lc-mountcgroup: fatal: unable to open /sys/fs/cgroup in the root (a symbolic link is in the way): Too many levels of symbolic links' \
    lc-mountcgroup -R root /sys/fs/cgroup touch ran
  fails 111 'lc-mountcgroup: fatal: unable to mount control groups on /file: Not a directory' lc-mountcgroup -R root /file touch ran
  fails 111 'lc-mountcgroup: fatal: unable to open nosuch: No such file or directory' lc-mountcgroup nosuch touch ran
  [[ ! -e ran ]]
  mounted_is /mnt/elsewhere ''
  ok lc-mountcgroup root/sys/fs/cgroup
  mounted_is /mnt/elsewhere "$cgroup2"
}

@test "not privileged" {
  only_cgroup2
  fails 111 'lc-mountcgroup: fatal: unable to mount control groups on root (not privileged in this mount namespace: lc-unshare -m makes a new one): Operation not permitted' \
    as_user lc-mountcgroup root touch ran
  [[ ! -e ran ]]
}

@test "nothing but the mounts reaches prog" {
  only_cgroup2
  same_state lc-mountcgroup root
}

@test "more than once in one chain" {
  only_cgroup2
  mkdir second
  ok lc-mountcgroup root lc-mountcgroup -o ro second lc-mountcgroup second
  mounted_is /mnt/root "$cgroup2"
  mounted_is /mnt/second ". cgroup2 / ro,nosuid,nodev,noexec rw
$cgroup2"
}

# Hierarchies of cgroup v1, in a machine of their own

v1 ()
{
  local dir
  if vm_is_done v1; then return 0; fi
  dir=$(vm_dir v1)/initramfs/bin
  mkdir -p "$dir"
  cp "$LCBOOT_TESTS/hide-syscalls" "$dir/"
  { echo '#!/bin/sh'; echo "$below"; } > "$dir/below"
  chmod 0755 "$dir/below"
  vm v1 bookworm <<'END'
mkdir /r /other /pids
mount_v1 ()
{
  mkdir -p /sys/fs/cgroup/$1
  mount -t cgroup -o $2 cgroup /sys/fs/cgroup/$1
}
mount -t tmpfs -o mode=0755 t /sys/fs/cgroup
mount_v1 cpu,cpuacct cpu,cpuacct
mount_v1 memory memory
mount_v1 pids pids
mount_v1 systemd none,name=systemd
mount_v1 both net_prio,name=both
mkdir /sys/fs/cgroup/unified
mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
B=0:100000:65536
cat /proc/self/cgroup > /before
run root lc-unshare -m lc-mountcgroup -R / /r sh -c 'below /r; stat -c "%a %u:%g" /r
  echo $$ > /r/systemd/cgroup.procs && echo systemd; touch /r/x; echo $$ > /r/pids/cgroup.procs'
run old lc-unshare -m hide-syscalls open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr lc-mountcgroup -R / /r below /r
run rw lc-unshare -m lc-mountcgroup -o rw -R / /r below /r
run ro lc-unshare -m lc-mountcgroup -o ro -R / /r below /r
for h in pids memory systemd; do mkdir /sys/fs/cgroup/$h/guest; done
chown -R 100000:100000 /sys/fs/cgroup/systemd/guest
cat > /in-guest <<'GUEST'
for h in pids memory systemd; do echo $$ > /sys/fs/cgroup/$h/guest/cgroup.procs; done
exec "$@"
GUEST
run userns sh /in-guest lc-unshare -m -C -B $B lc-mountcgroup -R / /r sh -c 'below /r; mkdir /r/systemd/of-the-guest && ls -d /r/systemd/of-the-guest'
run release-agent sh /in-guest lc-unshare -m -C lc-mountcgroup -R / /r ls /sys/fs/cgroup/systemd/release_agent /r/systemd/release_agent
run bound lc-unshare -m -B $B lc-mountcgroup -v -R / /r below /r
run part lc-unshare -m sh -c 'mount --bind /sys/fs/cgroup/memory/guest /sys/fs/cgroup/memory; exec lc-mountcgroup -v -R / /r below /r'
run left-out lc-unshare -m sh -c 'mount --make-unbindable /sys/fs/cgroup/cpu,cpuacct; exec lc-unshare -m -P unchanged -B $0 lc-mountcgroup -v -R / /r below /r' $B
run clash lc-unshare -m sh -c 'mount -t cgroup -o none,name=pids c /other; lc-mountcgroup -v -R / /r below /r; umount /other'
run hidden lc-unshare -m lc-mountfs -t tmpfs t /sys/fs/cgroup lc-mountcgroup -R / /r below /r
run usual lc-unshare -m sh -c 'mount --move /sys/fs/cgroup/pids /pids; mount -t cgroup2 c /sys/fs/cgroup; exec lc-mountcgroup -R / /r below /r'
run undone lc-unshare -m sh -c 'hide-syscalls -e EACCES symlinkat lc-mountcgroup -R / /r true; below /r'
run after diff /before /proc/self/cgroup
poweroff -f
END
}

all='. tmpfs / ro,nosuid,nodev,noexec rw,mode=755
cpu,cpuacct cgroup / CTRL,nosuid,nodev,noexec rw,cpu,cpuacct
memory cgroup / CTRL,nosuid,nodev,noexec rw,memory
net_prio cgroup / CTRL,nosuid,nodev,noexec rw,net_prio,name=both
pids cgroup / CTRL,nosuid,nodev,noexec rw,pids
systemd cgroup / NAMED,nosuid,nodev,noexec rw,name=systemd
unified cgroup2 / NAMED,nosuid,nodev,noexec rw
cpu -> cpu,cpuacct
cpuacct -> cpu,cpuacct'

v1_is ()  # WHAT FLAG-OF-CONTROLLERS FLAG-OF-THE-REST
{
  local want=${all//CTRL/$2}
  section v1 "$1" && status_is 0 && stdout_is "${want//NAMED/$3}"
}

@test "v1: for root of the machine controllers are read-only, an init's hierarchy is not" {
  local want=${all//CTRL/ro}
  v1
  section v1 root
  stdout_is "${want//NAMED/rw}
755 0:0
systemd"
  stderr_has 'touch: /r/x: Read-only file system'
  stderr_has "can't create /r/pids/cgroup.procs: Read-only file system"
}

@test "v1: without the new mount calls" {
  v1
  v1_is old ro rw
}

@test "v1: -o ro and rw are for all of it" {
  v1
  v1_is rw rw rw
  v1_is ro ro ro
}

@test "v1: in a user and cgroup namespace" {
  local want=${all//CTRL/rw}
  v1
  section v1 userns
  status_is 0
  stdout_is "${want//NAMED/rw}
/r/systemd/of-the-guest"
}

@test "v1: the root of the cgroup namespace is shown, which has no release_agent" {
  v1
  section v1 release-agent
  stdout_is /sys/fs/cgroup/systemd/release_agent
  stderr_is 'ls: /r/systemd/release_agent: No such file or directory'
}

@test "v1: in a user namespace without a cgroup namespace what is there is bound" {
  v1
  v1_is bound rw rw
  stderr_has 'lc-mountcgroup: info: memory is bound as it is: a new mount was refused'
  stderr_has 'lc-mountcgroup: info: unified is bound as it is: a new mount was refused'
}

@test "v1: of a hierarchy that shows only a part, that part is bound" {
  v1
  section v1 part
  status_is 0
  stdout_has 'memory cgroup /guest ro,nosuid,nodev,noexec rw,memory'
  stdout_has 'pids cgroup / ro,nosuid,nodev,noexec rw,pids'
  stderr_is 'lc-mountcgroup: info: memory is bound as it is: it is only a part of the hierarchy
lc-mountcgroup: info: control groups are on /r in /'
}

@test "v1: what is refused is left out, with its links" {
  v1
  section v1 left-out
  status_is 0
  stdout_has 'pids cgroup / '
  [[ $output != *cpu* ]] || fail 'cpu,cpuacct is there'
  stderr_has 'lc-mountcgroup: info: cpu,cpuacct is left out: it was refused'
}

@test "v1: of two hierarchies with one name, one is left out" {
  v1
  section v1 clash
  status_is 0
  is "$(grep -c '^pids ' <<< "$output")" 1
  stderr_has 'lc-mountcgroup: info: pids is left out: there is another one of this name'
}

@test "v1: behind another mount nothing is in view" {
  v1
  section v1 hidden
  status_is 0 && stdout_is '' && stderr_is ''
}

@test "v1: cgroup2 in its usual place counts more than a controller elsewhere" {
  v1
  section v1 usual
  status_is 0
  stdout_is "$cgroup2"
}

@test "v1: a failure leaves nothing mounted" {
  v1
  section v1 undone
  stdout_is ''
  stderr_is 'lc-mountcgroup: fatal: unable to make the link cpu: Permission denied'
}

@test "v1: no hierarchy was made" {
  v1
  section v1 after
  status_is 0
  is "$(grep -v '^[-+]0::' <<< "$output" | grep '^[-+][^-+]')" ''
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
load lib

usage='lc-mountfs: usage: lc-mountfs [ -v ] [ -R root ] [ -d ] [ -t type ] [ -o options ] [ -k dir ] source target prog... | lc-mountfs [ -v ] [ -R root ] [ -d ] -f fstab prog...'
new_api=open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr

mounts_at ()  # the mounts at and below a directory
{
  state mounts | d=$1 awk '$2 == ENVIRON["d"] || index($2, ENVIRON["d"] "/") == 1'
}

mount_is ()  # TARGET "TYPE SOURCE ROOT FLAGS PROPAGATION SUPER": the last mount there
{
  is "$(mounts_at "$1" | d=$1 awk '$2 == ENVIRON["d"] { l = $0 } END { sub(/^mount [^ ]* /, "", l) ; print l }')" "$2" "the mount at $1"
}

flags_of ()
{
  state mounts | d=$1 awk '$2 == ENVIRON["d"] { l = $6 } END { print l }'
}

propagation_of ()
{
  state mounts | d=$1 awk '$2 == ENVIRON["d"] { l = $7 } END { print l }'
}

not_mounted ()
{
  is "$(mounts_at "$1")" '' "what is mounted at $1"
}

# Usage

@test "wrong usage" {
  mkdir a b
  fails 100 "$usage" lc-mountfs
  fails 100 "$usage" lc-mountfs a
  fails 100 "$usage" lc-mountfs -t tmpfs a
  fails 100 "$usage" lc-mountfs -z a b true
  fails 100 "$usage" lc-mountfs -t
  fails 100 'lc-mountfs: fatal: -f excludes -t and -o: they are in the fstab' lc-mountfs -t tmpfs -f fstab true
  fails 100 'lc-mountfs: fatal: -f excludes -t and -o: they are in the fstab' lc-mountfs -o ro -f fstab true
  fails 100 'lc-mountfs: fatal: the target is empty' lc-mountfs -t tmpfs a '' true
  fails 100 'lc-mountfs: fatal: move excludes bind and remount' lc-mountfs -o move,bind a b true
  fails 100 'lc-mountfs: fatal: move excludes bind and remount' lc-mountfs -o remount,move a b true
  fails 100 'lc-mountfs: fatal: loop excludes bind, move and remount' lc-mountfs -o loop,bind a b true
  fails 100 'lc-mountfs: fatal: offset and sizelimit are of use only with loop' lc-mountfs -t ext4 -o offset=512 a b true
  fails 100 'lc-mountfs: fatal: a bind or move takes no file system type' lc-mountfs -t tmpfs -o bind a b true
  fails 100 'lc-mountfs: fatal: a bind or move takes no options of a file system' lc-mountfs -o bind,size=1m a b true
  fails 100 'lc-mountfs: fatal: a move takes no flags' lc-mountfs -o move,ro a b true
  fails 100 'lc-mountfs: fatal: a is no block device, so -t must name a file system type (or -o: bind, move, remount, loop)' lc-mountfs a b true
  not_mounted /mnt/a && not_mounted /mnt/b
}

@test "options are parsed strictly" {
  local bad
  mkdir b
  for bad in offset=-1 offset= offset=1x offset=+1 'offset= 1' offset=9223372036854775808 sizelimit=0x10 sizelimit=; do
    fails 100 "lc-mountfs: fatal: option $bad wants a number of bytes" lc-mountfs -o "loop,$bad" img b true
  done
  fails 100 'lc-mountfs: fatal: option size=1m,mode=0700 has a quote that is not closed' lc-mountfs -t tmpfs -o 'size="1m,mode=0700' x b true
  fails 100 'lc-mountfs: fatal: option =1 has no name' lc-mountfs -t tmpfs -o ro,=1 x b true
  fails 100 'lc-mountfs: fatal: option x-mount.mkdir=0700 wants no mode here: it is 0755' lc-mountfs -t tmpfs -o x-mount.mkdir=0700 x b true
  not_mounted /mnt/b
}

@test "an absent prog exits 0, and a mount that fails does not run it" {
  mkdir a
  ok lc-mountfs -t tmpfs x a
  stdout_is ''
  mount_is /mnt/a 'tmpfs x / rw,relatime private rw'
  try lc-mountfs -t tmpfs x nosuch touch /mnt/ran
  status_is 111
  stderr_is 'lc-mountfs: fatal: unable to open nosuch: No such file or directory'
  [[ ! -e ran ]]
  fails_like 127 'lc-mountfs: fatal: unable to exec nosuchprog: No such file or directory' lc-mountfs -t tmpfs x a nosuchprog
}

# File systems

@test "tmpfs with flags and options of its own" {
  mkdir a
  ok lc-mountfs -t tmpfs -o nosuid,nodev,size=4m,mode=0750,uid=12,nr_inodes=100 name a echo ran
  stdout_is ran
  mount_is /mnt/a 'tmpfs name / rw,nosuid,nodev,relatime private rw,size=4096k,nr_inodes=100,mode=750,uid=12'
  is "$(stat -c '%a %u' a)" '750 12'
}

@test "flags one by one, and the last of two wins" {
  local o want
  while read -r o want; do
    mkdir -p "d/$o"
    ok lc-mountfs -t tmpfs -o "$o" x "d/$o"
    is "$(flags_of "/mnt/d/$o")" "$want" "flags of $o"
  done <<'CASES'
ro ro,relatime
nosuid rw,nosuid,relatime
nodev rw,nodev,relatime
noexec rw,noexec,relatime
nosymfollow rw,relatime,nosymfollow
noatime rw,noatime
nodiratime rw,nodiratime,relatime
strictatime rw
relatime rw,relatime
ro,rw rw,relatime
nosuid,suid rw,relatime
noexec,nodev,exec rw,nodev,relatime
noatime,relatime rw,relatime
strictatime,noatime rw,noatime
defaults,auto,nouser,_netdev,x-any,comment=y rw,relatime
CASES
}

@test "ro makes the superblock read-only too" {
  mkdir a
  ok lc-mountfs -t tmpfs -o ro x a
  mount_is /mnt/a 'tmpfs x / ro,relatime private ro'
}

@test "proc, sysfs, devpts, ramfs, cgroup2, mqueue" {
  local t
  need fs:ramfs fs:cgroup2 fs:mqueue
  for t in proc sysfs devpts ramfs cgroup2 mqueue; do
    mkdir "$t"
    ok lc-mountfs -t "$t" -o nosuid,nodev,noexec "$t" "$t"
    is "$(stat -f -c %T "$t")" "$(case $t in mqueue) echo mqueue ;; cgroup2) echo cgroup2fs ;; *) echo "$t" ;; esac)"
    is "$(flags_of "/mnt/$t")" rw,nosuid,nodev,noexec,relatime
  done
  [[ -e proc/self/status && -d sysfs/kernel && -c devpts/ptmx ]]
  is "$(readlink proc/self/exe)" "$(readlink -f /proc/self/exe)"
}

@test "a quoted value may hold a comma" {
  mkdir 'one,two' three a
  touch 'one,two/x' three/y
  ok lc-mountfs -t overlay -o 'ro,lowerdir="/mnt/one,two:/mnt/three",nosuid' ov a
  is "$(ls a)" $'x\ny'
  is "$(flags_of /mnt/a)" ro,nosuid,relatime
}

@test "an option that the file system does not know: the kernel's own words" {
  mkdir a
  fails 111 "lc-mountfs: fatal: unable to mount tmpfs on a: kernel: tmpfs: Unknown parameter 'bogus': Invalid argument" \
    lc-mountfs -t tmpfs -o size=1m,bogus=1 tmpfs a touch ran
  fails 111 "lc-mountfs: fatal: unable to mount tmpfs on a: kernel: tmpfs: Bad value for 'size': Invalid argument" \
    lc-mountfs -t tmpfs -o size=much tmpfs a touch ran
  fails 111 'lc-mountfs: fatal: unable to mount x on a (this kernel has no such file system): No such device' \
    lc-mountfs -t nosuchfs x a touch ran
  [[ ! -e ran ]]
  not_mounted /mnt/a
}

@test "one who is not privileged is told so" {
  as_user mkdir /run/tester/a
  fails 111 'lc-mountfs: fatal: unable to mount x on /run/tester/a (not privileged in this mount namespace, or, in a user namespace, over the namespace that the file system shows): Operation not permitted' \
    as_user lc-mountfs -t tmpfs x /run/tester/a touch /run/tester/ran
  fails 111 'lc-mountfs: fatal: unable to bind /run/tester on /run/tester/a (not privileged in this mount namespace, or a locked flag would be cleared): Operation not permitted' \
    as_user lc-mountfs -o bind /run/tester /run/tester/a touch /run/tester/ran
  [[ ! -e /run/tester/ran ]]
}

@test "proc of another PID namespace than the user namespace's own is explained" {
  mkdir a
  fails 111 'lc-mountfs: fatal: unable to mount proc on a (not privileged, or the /proc in view is partly masked, or there is no new PID namespace): Operation not permitted' \
    unshare -U -r -m lc-mountfs -t proc proc a true
  ok unshare -U -r -m -p -f lc-mountfs -t proc proc a sh -c 'read -r pid _ < a/self/stat && test "$pid" = $$'
}

# Binds

tree ()  # a tree of three mounts with flags of their own, and a target
{
  mkdir -p src dst
  mount -t tmpfs -o nosuid,noatime top src
  mkdir src/one src/two 'src/t o'
  mount -t tmpfs -o nodev,strictatime one src/one
  mkdir src/one/deep
  mount -t tmpfs -o noexec deep src/one/deep
  mount -t tmpfs -o nosymfollow,nodiratime two 'src/t o'
  touch src/file src/one/file src/one/deep/file
}

@test "bind: one mount, its flags kept" {
  tree
  ok lc-mountfs -o bind src dst echo ran
  stdout_is ran
  mount_is /mnt/dst 'tmpfs top / rw,nosuid,noatime private rw'
  is "$(mounts_at /mnt/dst | wc -l)" 1
  [[ -e dst/file && ! -e dst/one/file ]]
}

@test "bind: flags are added to those it had, the source keeps its own" {
  tree
  ok lc-mountfs -o bind,ro,noexec src dst
  is "$(flags_of /mnt/dst)" ro,nosuid,noexec,noatime
  is "$(flags_of /mnt/src)" rw,nosuid,noatime
  refute touch dst/new
  ok touch src/new
}

@test "bind: of a directory that is no mount point, and of a file" {
  mkdir -p src/sub dst
  touch src/sub/file f
  echo text > g
  ok lc-mountfs -o bind src/sub dst
  [[ -e dst/file ]]
  ok lc-mountfs -o bind,ro g f
  is "$(cat f)" text
  is "$(flags_of /mnt/f)" ro,relatime
}

@test "rbind: the whole tree" {
  tree
  ok lc-mountfs -o rbind src dst
  is "$(mounts_at /mnt/dst | sed s,/mnt/dst,/mnt/src,)" "$(mounts_at /mnt/src)"
}

@test "rbind: each flag goes to the whole tree, submount by submount, and nothing else changes" {
  local o dir
  tree
  for o in ro nosuid nodev noexec nosymfollow noatime nodiratime strictatime ro,nosuid,nodev,noexec,nosymfollow,noatime; do
    ok lc-mountfs -o "rbind,$o" src dst
    is "$(mounts_at /mnt/dst | wc -l)" 4 "the number of mounts with $o"
    for dir in '' /one /one/deep '/t\040o'; do
      case $o in
        noatime | *,noatime) [[ $(flags_of "/mnt/dst$dir") =~ (^|,)noatime(,|$) ]] ;;
        strictatime) [[ ! $(flags_of "/mnt/dst$dir") =~ (noatime|relatime) ]] ;;
        *) [[ ,$(flags_of "/mnt/dst$dir"), == *,$o,* ]] ;;
      esac || fail "$o is not on $dir: $(flags_of "/mnt/dst$dir")"
    done
    umount -R dst
  done
  ok lc-mountfs -o rbind,nodev src dst
  is "$(flags_of /mnt/dst)" rw,nosuid,nodev,noatime
  is "$(flags_of /mnt/dst/one)" rw,nodev
  is "$(flags_of /mnt/dst/one/deep)" rw,nodev,noexec,relatime
  is "$(flags_of '/mnt/dst/t\040o')" rw,nodev,nodiratime,relatime,nosymfollow
  is "$(flags_of /mnt/src/one/deep)" rw,noexec,relatime
}

@test "bind: a locked mount is in the way, the message says what helps" {
  mkdir -p src/sub dst
  mount -t tmpfs x src/sub
  fails 111 'lc-mountfs: fatal: unable to bind src on dst (a locked or unbindable mount is in the way: rbind takes the whole tree): Invalid argument' \
    unshare -U -r -m lc-mountfs -o bind src dst true
  ok unshare -U -r -m lc-mountfs -o rbind src dst true
}

@test "bind: a flag that is locked cannot be cleared" {
  mkdir src dst
  mount -t tmpfs -o nosuid,nodev x src
  fails 111 'lc-mountfs: fatal: unable to bind src on dst (not privileged in this mount namespace, or a locked flag would be cleared): Operation not permitted' \
    unshare -U -r -m lc-mountfs -o bind,suid src dst touch ran
  [[ ! -e ran ]]
  ok unshare -U -r -m lc-mountfs -o bind,ro src dst sh -c 'state mounts | grep -q "^mount /mnt/dst tmpfs x / ro,nosuid,nodev,relatime "'
}

@test "a file on a directory, a directory on a file: said, not tried" {
  mkdir d e
  touch f g
  fails 111 'lc-mountfs: fatal: unable to mount f on d (a directory and a non-directory): Not a directory' lc-mountfs -o bind f d true
  fails 111 'lc-mountfs: fatal: unable to mount d on f (a directory and a non-directory): Not a directory' lc-mountfs -o bind d f true
  fails 111 'lc-mountfs: fatal: unable to mount x on f (a directory and a non-directory): Not a directory' lc-mountfs -t tmpfs x f true
  fails 111 'lc-mountfs: fatal: unable to mount f on d (a directory and a non-directory): Not a directory' \
    hide-syscalls "$new_api" lc-mountfs -o bind f d true
  ok lc-mountfs -o bind f g
  ok lc-mountfs -o bind d e
}

@test "a fifo or a device in the way is never opened" {
  mkfifo fifo other
  mkdir d
  fails 111 'lc-mountfs: fatal: unable to mount x on fifo (a directory and a non-directory): Not a directory' timeout 20 lc-mountfs -t tmpfs x fifo true
  fails 111 'lc-mountfs: fatal: unable to mount d on fifo (a directory and a non-directory): Not a directory' timeout 20 lc-mountfs -o bind d fifo true
  ok timeout 20 lc-mountfs -o bind /etc/passwd fifo
  is "$(head -c 5 fifo)" root:
  ok timeout 20 lc-mountfs -o bind other fifo
  [[ -p fifo ]]
  ok timeout 20 hide-syscalls openat2 lc-mountfs -R /mnt -o bind /dev/null other
  [[ -c other ]]
}

# Move, remount, propagation

@test "move" {
  tree
  ok lc-mountfs -o move src dst echo ran
  stdout_is ran
  not_mounted /mnt/src
  is "$(mounts_at /mnt/dst | wc -l)" 4
  is "$(flags_of /mnt/dst/one)" rw,nodev
  [[ -e dst/one/deep/file ]]
  mkdir plain
  fails 111 'lc-mountfs: fatal: unable to move plain to src (the source is no mount point, is locked, or lies in a shared mount): Invalid argument' \
    lc-mountfs -o move plain src true
}

@test "remount changes the superblock" {
  mkdir a b
  mount -t tmpfs -o nosuid,size=1m x a
  mount --bind a b
  ok lc-mountfs -o remount,size=2m x a
  mount_is /mnt/a 'tmpfs x / rw,nosuid,relatime private rw,size=2048k'
  ok lc-mountfs -o remount,ro,noexec x a
  mount_is /mnt/a 'tmpfs x / ro,nosuid,noexec,relatime private ro,size=2048k'
  mount_is /mnt/b 'tmpfs x / rw,nosuid,relatime private ro,size=2048k'
  ok lc-mountfs -o remount,rw x a
  mount_is /mnt/a 'tmpfs x / rw,nosuid,noexec,relatime private rw,size=2048k'
  fails_like 111 'lc-mountfs: fatal: unable to remount a: kernel: tmpfs: .*: Invalid argument' lc-mountfs -o remount,size=zz x a true
}

@test "remount,bind changes that mount alone" {
  tree
  mount --bind src dst
  ok lc-mountfs -o remount,bind,ro none dst
  mount_is /mnt/dst 'tmpfs top / ro,nosuid,noatime private rw'
  mount_is /mnt/src 'tmpfs top / rw,nosuid,noatime private rw'
  ok lc-mountfs -o remount,bind,rw,relatime none dst
  mount_is /mnt/dst 'tmpfs top / rw,nosuid,relatime private rw'
  ok lc-mountfs -o remount,rbind,ro none src
  is "$(flags_of /mnt/src/one/deep)" ro,noexec,relatime
  mkdir no
  fails 111 'lc-mountfs: fatal: unable to remount no (the target is no mount point): Invalid argument' lc-mountfs -o remount,bind,ro x no true
}

@test "every propagation, and its recursive form" {
  local p want
  tree
  while read -r p want; do
    mount --make-rshared src
    ok lc-mountfs -o "$p" none src
    is "$(propagation_of /mnt/src)" "$want" "$p on the top"
    is "$(propagation_of /mnt/src/one/deep)" shared "$p below"
    mount --make-rprivate src
    mount --make-rshared src
    ok lc-mountfs -o "r$p" none src
    is "$(propagation_of /mnt/src)" "$want" "r$p on the top"
    is "$(propagation_of /mnt/src/one/deep)" "$want" "r$p below"
    mount --make-rprivate src
  done <<'CASES'
private private
slave private
shared shared
unbindable unbindable
CASES
  # a slave needs a peer left behind
  mount --make-rshared src
  mount --rbind src dst
  ok lc-mountfs -o rslave none dst
  is "$(propagation_of /mnt/dst) $(propagation_of /mnt/dst/one/deep)" 'master master'
  ok lc-mountfs -o shared none dst
  is "$(propagation_of /mnt/dst)" shared,master
  mkdir no
  fails 111 'lc-mountfs: fatal: unable to set the propagation of no (the target is no mount point): Invalid argument' lc-mountfs -o private none no true
}

@test "a bind with a propagation" {
  local p top below
  tree
  mount --make-rshared src
  while read -r p top below; do
    ok lc-mountfs -o "rbind,$p" src dst
    is "$(propagation_of /mnt/dst) $(propagation_of /mnt/dst/one/deep)" "$top $below" "$p"
    umount -R dst
  done <<'CASES'
nosuid private private
private private private
rprivate private private
slave master master
rslave master master
shared shared private
rshared shared shared
unbindable unbindable private
runbindable unbindable unbindable
CASES
}

leaks ()  # OPTIONS…: from the bind to the source, then from the source to the bind
{
  local out in
  mkdir -p src dst
  mount -t tmpfs x src
  mkdir src/a src/b
  mount --make-shared src
  if ! "$@" src dst; then echo failed; return; fi
  mount -t tmpfs leak dst/a
  mount -t tmpfs leak src/b
  out=$(mounts_at /mnt/src/a) in=$(mounts_at /mnt/dst/b)
  umount -R src
  umount -R dst
  echo "${out:+out}${in:+in}"
}

@test "what is mounted in a bind of a shared mount never shows in its peers" {
  local hide p
  for hide in '' mount_setattr "$new_api"; do
    for p in bind rbind bind,private rbind,rprivate bind,shared rbind,rshared bind,unbindable; do
      is "$(leaks ${hide:+hide-syscalls "$hide"} lc-mountfs -o "$p")" '' "what leaks with $p, hidden: $hide"
    done
  done
  is "$(leaks mount --bind)" outin 'what leaks with mount(8)'
}

@test "a bind that is a slave receives, and leaks nothing" {
  is "$(leaks lc-mountfs -o bind,slave)" in
  is "$(leaks lc-mountfs -o rbind,rslave)" in
  is "$(leaks hide-syscalls "$new_api" lc-mountfs -o rbind,rslave)" in
}

@test "nothing shows in the namespace that the caller came from" {
  mkdir a b
  touch a/x
  mount --make-rprivate /
  before=$(state mounts)
  ok unshare -m sh -c 'lc-mountfs -t tmpfs x a && lc-mountfs -o rbind,shared /mnt b && state mounts | grep -c " /mnt/[ab] "'
  stdout_is 2
  is "$(state mounts)" "$before"
}

# Targets

@test "-d makes a directory, nested ones, a file for the bind of a file" {
  ok sh -c 'umask 027 && lc-mountfs -d -t tmpfs x one/two/three'
  mount_is /mnt/one/two/three 'tmpfs x / rw,relatime private rw'
  is "$(stat -c '%a %F' one one/two)" $'750 directory\n750 directory'
  ok lc-mountfs -d -o bind /etc/passwd /mnt/etc/some/passwd
  is "$(head -c 5 etc/some/passwd)" root:
  umount etc/some/passwd
  is "$(stat -c '%a %F' etc/some etc/some/passwd)" $'755 directory\n644 regular empty file'
  ok lc-mountfs -d -o bind /etc made
  [[ -e made/passwd ]]
  ok lc-mountfs -t tmpfs -o x-mount.mkdir x by/option
  mount_is /mnt/by/option 'tmpfs x / rw,relatime private rw'
  fails 111 'lc-mountfs: fatal: unable to open no/such: No such file or directory' lc-mountfs -t tmpfs x no/such true
}

@test "-d in an idmapped mount, as another user for a moment: it still dies with its parent" {
  mkdir dir
  # the control: without it the directory cannot be made
  ok lc-unshare -m lc-idmap -b 0:1000:10 dir dir sh -c '! mkdir dir/no 2> /dev/null'
  ok lc-unshare -p -m lc-idmap -b 0:1000:10 dir dir lc-mountfs -R dir -d -t tmpfs x /made/here state
  stdout_like $'\npdeathsig 9\n'
  is "$(stat -c '%u %F' dir/made/here)" '0 directory'
}

@test "-d: .. of an ordinary path goes where it says" {
  mkdir -p deep/er
  cd deep/er
  ok lc-mountfs -d -t tmpfs x ../../up/here
  mount_is /mnt/up/here 'tmpfs x / rw,relatime private rw'
  ok lc-mountfs -d -t tmpfs x ./../beside/./it
  mount_is /mnt/deep/beside/it 'tmpfs x / rw,relatime private rw'
  is "$(ls -A /mnt/deep/er)" ''
}

@test "-d makes nothing through a symbolic link" {
  local hide before
  mkdir -p out root/dir
  ln -s ../out root/up
  ln -s /mnt/out root/abs
  ln -s /mnt/out/new root/dangling
  ln -s dir root/inside
  ln -s nosuch root/last
  before=$(find out root | sort)
  for hide in -- 'openat2 --' '-e EPERM openat2 --'; do
    # shellcheck disable=SC2086 # words
    for t in up/new abs/new dangling dangling/new inside/new last last/new; do
      if [[ $hide == -- ]]; then set --; else set -- without $hide; fi
      fails_like 111 'lc-mountfs: fatal: unable to open .* in /mnt/root \(a symbolic link is in the way.*\): Too many levels of symbolic links' \
        "$@" lc-mountfs -R /mnt/root -d -t tmpfs x "$t" true
      fails_like 111 'lc-mountfs: fatal: unable to open .* in root \(a symbolic link is in the way.*\): Too many levels of symbolic links' \
        "$@" lc-mountfs -R root -d -o bind /etc/passwd "$t" true
      fails_like 111 'lc-mountfs: fatal: unable to open or make root/.* \(a symbolic link is in the way.*\): Too many levels of symbolic links' \
        "$@" lc-mountfs -d -t tmpfs x "root/$t" true
      is "$(find out root | sort)" "$before"
    done
  done
}

# State

@test "nothing else changes for prog" {
  mkdir a b
  same_state lc-mountfs -t tmpfs x a
  same_state lc-mountfs -R /mnt -d -o rbind,ro /etc new/dir
  same_state hide-syscalls "$new_api,openat2" lc-mountfs -R /mnt -o rbind,ro a b
  is "$(fresh -m 077 -i TERM -b HUP lc-mountfs -d -t tmpfs x c/d state sigs misc)" "$(fresh -m 077 -i TERM -b HUP state sigs misc)"
  echo 'x /a tmpfs defaults 0 0' > fstab
  same_state lc-mountfs -R /mnt -f fstab
  cd a
  ok lc-mountfs -t tmpfs x ../b pwd -P
  stdout_is /mnt/a
  refute lc-mountfs -t tmpfs x nosuch
}

@test "inherited descriptors pass" {
  mkdir a
  exec 7< /etc/passwd
  is "$(fresh -k 7 lc-mountfs -t tmpfs x a head -c 5 /proc/self/fd/7)" root:
}

@test "-v and LCBOOT_VERBOSE say what was done" {
  mkdir a
  try lc-mountfs -v -t tmpfs x a true
  status_is 0
  stderr_is 'lc-mountfs: info: x is on a'
  try env LCBOOT_VERBOSE=1 lc-mountfs -t tmpfs x a true
  stderr_is 'lc-mountfs: info: x is on a'
  ok env LCBOOT_VERBOSE=0 lc-mountfs -t tmpfs x a true
  fails 100 'lc-mountfs: fatal: LCBOOT_VERBOSE is not a number up to 1000: yes' env LCBOOT_VERBOSE=yes lc-mountfs -t tmpfs x a true
}

# fstab

@test "-f: every line in order" {
  cat > fstab <<'TAB'
# a comment
tmpfs   /run          tmpfs  mode=0750,nosuid,nodev  0 0

   # another one, indented
tmpfs	/run/with\040blank	tmpfs	size=1m,x-mount.mkdir
/etc    /run/with\040blank/etc\134  none   rbind,ro,x-mount.mkdir 0 0
UUID=1  none          swap   sw 0 0
/dev/nosuch /swap     swap   sw 0 0
nosuch  /never        tmpfs  noauto,defaults 0 0
/nosuch /nofail       none   bind,nofail 0 0
/nosuch /absent       none   bind,nofail 0 0
last    /last         tmpfs
TAB
  mkdir -p root/run root/never root/last root/nofail
  try lc-mountfs -R root -f fstab echo ran
  status_is 0
  stdout_is ran
  stderr_is $'lc-mountfs: warning: unable to open /nosuch: No such file or directory\nlc-mountfs: warning: unable to open /nosuch: No such file or directory'
  is "$(mounts_at /mnt/root | cut -d ' ' -f 2)" "$(printf '%s\n' /mnt/root/run '/mnt/root/run/with\040blank' '/mnt/root/run/with\040blank/etc\134' /mnt/root/last)"
  is "$(flags_of /mnt/root/run)" rw,nosuid,nodev,relatime
  is "$(stat -c %a root/run)" 750
  mount_is /mnt/root/last 'tmpfs last / rw,relatime private rw'
  [[ -e 'root/run/with blank/etc\/passwd' ]]
  refute touch 'root/run/with blank/etc\/new'
}

@test "-f: escapes, and a last line without an end" {
  local d
  mkdir 'a b' $'c\td' 'e\f' 'g\\h'
  printf '%s' 'x\040y /mnt/a\040b tmpfs
x /mnt/c\011d tmpfs
x /mnt/e\\f tmpfs
x\134\040y /mnt/g\134\134h tmpfs' > fstab
  ok lc-mountfs -f fstab
  for d in 'a b' $'c\td' 'e\f' 'g\\h'; do mountpoint -q "$d"; done
  is "$(findmnt -n -r -o SOURCE 'a b') $(findmnt -n -r -o SOURCE 'g\\h')" 'x\x20y x\x5c\x20y'
}

@test "-f -: from standard input, and -d" {
  mkdir root
  printf '%s\n' 'a /one/two tmpfs ro' '/etc/passwd /one/file none bind' > fstab
  ok lc-mountfs -R root -d -f - echo ran < /dev/null
  is "$(mounts_at /mnt/root)" ''
  try sh -c 'lc-mountfs -R root -d -f - cat < fstab'
  status_is 0 && stdout_is '' && stderr_is ''
  mount_is /mnt/root/one/two 'tmpfs a / ro,relatime private ro'
  is "$(head -c 5 root/one/file)" root:
}

@test "-f: a line that fails stops the chain, the lines before it stay" {
  mkdir a b
  printf '%s\n' 'x /mnt/a tmpfs' 'x /mnt/nosuch tmpfs' 'x /mnt/b tmpfs' > fstab
  fails 111 'lc-mountfs: fatal: unable to open /mnt/nosuch: No such file or directory' lc-mountfs -f fstab touch ran
  mount_is /mnt/a 'tmpfs x / rw,relatime private rw'
  not_mounted /mnt/b
  [[ ! -e ran ]]
}

@test "-f: what is wrong with a line is named, with the file and the target" {
  local line why
  mkdir a
  while IFS='|' read -r line why; do
    printf '%s\n' "$line" > fstab
    fails 100 "lc-mountfs: fatal: fstab: $why" lc-mountfs -f fstab touch ran
  done <<'CASES'
x|the line of x lacks a field
x /mnt/a|the line of x lacks a field
UUID=0123 /mnt/a ext4 defaults|/mnt/a: the source is a tag (UUID=, LABEL= …), which is not looked up: name the device
LABEL=root /mnt/a ext4 defaults|/mnt/a: the source is a tag (UUID=, LABEL= …), which is not looked up: name the device
x /mnt/a tmpfs size="1m|/mnt/a: option size=1m has a quote that is not closed
x /mnt/a tmpfs loop,bind|/mnt/a: loop excludes bind, move and remount
x /mnt/a tmpfs bind|/mnt/a: a bind or move takes no file system type
x /mnt/a tmpfs offset=1|/mnt/a: offset and sizelimit are of use only with loop
CASES
  printf 'x /mnt/a tmpfs\0 size=1m\n' > fstab
  fails 100 'lc-mountfs: fatal: fstab: this is no text: there is a null in it' lc-mountfs -f fstab true
  not_mounted /mnt/a
  [[ ! -e ran ]]
  fails 111 'lc-mountfs: fatal: unable to open nosuch: No such file or directory' lc-mountfs -f nosuch true
  mkdir dir
  fails_like 111 'lc-mountfs: fatal: unable to read dir: Is a directory' lc-mountfs -f dir true
}

@test "-f: a long line is taken whole" {
  mkdir a
  printf 'x /mnt/a tmpfs comment=%s,ro,nosuid 0 0\n' "$(head -c 90000 /dev/zero | tr '\0' a)" > fstab
  ok lc-mountfs -f fstab
  is "$(flags_of /mnt/a)" ro,nosuid,relatime
}

@test "-f: as many lines as there are, with few descriptors" {
  local i hide
  for ((i = 0; i < 200; i++)); do printf '/etc/passwd /b/%s none bind\nx /d/%s tmpfs ro\n' "$i" "$i"; done > fstab
  mkdir root
  for hide in true "hide-syscalls $new_api,openat2"; do
    ok unshare -m bash -c 'ulimit -n 16 && '"${hide#true}"' lc-mountfs -R root -d -f fstab && state mounts | grep -c " /mnt/root/[bd]/"'
    stdout_is 400
  done
}

# Hidden system calls: the result is the same

# mount(2) cannot reach what another mount covers: with flags the covered tree
# would not be the same.

run_case ()  # SETUP ARGS VARIANT…: what is then mounted below /mnt/w
{
  local setup=$1 args=$2
  shift 2
  unshare -m --propagation unchanged bash -c '
    mount -t tmpfs -o size=16m w /mnt/w && mount --make-private /mnt/w && cd /mnt/w && mkdir a b || exit 1
    '"$setup"'
    "$@" lc-mountfs '"$args"' true 2>&1 || echo "failed: $?"
    state mounts | awk "index(\$2, \"/mnt/w/\") == 1" ; find /mnt/w -xdev | sort' run_case "$@"
}

# NAME | SETUP | ARGUMENTS
cases='
tmpfs|:|-t tmpfs -o size=1m,nosuid,mode=700 x a
tmpfs, read-only|:|-t tmpfs -o ro,noexec,nosymfollow x a
tmpfs, noatime|:|-t tmpfs -o noatime,nodiratime x a
tmpfs, strictatime|:|-t tmpfs -o strictatime x a
proc in a root|mkdir a/proc|-R a -t proc -o nosuid,nodev,noexec proc /proc
devpts|:|-t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts a
made directories|:|-R a -d -t tmpfs -o noexec x x/y/z
bind|mount -t tmpfs -o nosuid,noatime t a|-o bind a b
bind of a relatime mount, read-only|mount -t tmpfs -o nosuid,nodev t a|-o bind,ro a b
bind of a noatime mount, read-only|mount -t tmpfs -o noatime,nodiratime t a|-o bind,ro a b
bind of a strictatime mount, read-only|mount -t tmpfs -o strictatime,nosymfollow t a|-o bind,ro a b
bind, relatime on noatime|mount -t tmpfs -o noatime t a|-o bind,relatime a b
bind, atime on noatime|mount -t tmpfs -o noatime t a|-o bind,atime a b
bind, strictatime on noatime|mount -t tmpfs -o noatime t a|-o bind,strictatime a b
bind, noatime on relatime|mount -t tmpfs t a|-o bind,noatime a b
bind, suid on nosuid|mount -t tmpfs -o nosuid,nodev t a|-o bind,suid a b
bind, symfollow on nosymfollow|mount -t tmpfs -o nosymfollow t a|-o bind,symfollow a b
bind of a file|touch f g|-o bind,ro,nosuid f g
bind of a file, made|touch f|-R a -d -o bind f x/y
bind of a shared mount|mount -t tmpfs t a; mount --make-shared a|-o bind a b
bind, shared|mount -t tmpfs t a; mount --make-shared a|-o bind,shared a b
bind, slave|mount -t tmpfs t a; mount --make-shared a|-o bind,slave a b
bind, unbindable|mount -t tmpfs t a|-o bind,unbindable a b
rbind|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs -o nodev x a/x|-o rbind a b
rbind, flags|mount -t tmpfs -o nosuid t a; mkdir "a/x y#" "a/x y#/z"; mount -t tmpfs -o nodev,strictatime x "a/x y#"; mkdir "a/x y#/\\q"; mount -t tmpfs -o noatime q "a/x y#/\\q"|-o rbind,ro,noexec,nosymfollow a b
rbind, noatime|mount -t tmpfs -o nosuid t a; mkdir a/x; mount -t tmpfs x a/x|-o rbind,noatime a b
rbind, slave|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x; mount --make-rshared a|-o rbind,slave a b
rbind, rslave|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x; mount --make-rshared a|-o rbind,rslave a b
rbind, shared|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x; mount --make-rshared a|-o rbind,shared a b
rbind, rshared|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x|-o rbind,rshared a b
rbind of a covered tree|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x; mkdir a/x/y; mount -t tmpfs y a/x/y; mount -t tmpfs over a/x|-o rbind a b
move|mount -t tmpfs -o nodev t a; mkdir a/x; mount -t tmpfs x a/x|-o move a b
remount|mount -t tmpfs -o nosuid t a|-o remount,size=2m,nr_inodes=50 x a
remount, read-only|mount -t tmpfs -o nosuid,noatime t a; mount --bind a b|-o remount,ro x a
remount, writable|mount -t tmpfs -o ro,nodev t a|-o remount,rw x a
remount, sync|mount -t tmpfs -o nodev t a|-o remount,sync x a
remount of a sync one|mount -t tmpfs -o sync t a|-o remount,size=3m x a
remount,bind|mount -t tmpfs -o nosuid,noatime t a|-o remount,bind,ro x a
remount,rbind|mount -t tmpfs -o nosuid t a; mkdir a/x; mount -t tmpfs -o noexec x a/x|-o remount,rbind,ro x a
private|mount -t tmpfs t a; mount --make-shared a|-o private x a
rshared|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x|-o rshared x a
runbindable|mount -t tmpfs t a; mkdir a/x; mount -t tmpfs x a/x|-o runbindable x a
fails: directory on file|touch f|-o bind a f
fails: no such target|:|-R a -t tmpfs x no/such
fails: unbindable|mount -t tmpfs t a; mount --make-unbindable a|-o bind a b
'

same_without ()  # CALLS
{
  local name setup args want got e
  mkdir -p w
  while IFS='|' read -r name setup args; do
    [[ -n $name ]] || continue
    want=$(run_case "$setup" "$args")
    case $name in
      fails:*) [[ $want == *failed:* ]] || fail "$name does not fail: $want" || return 1 ;;
      *) [[ $want != *failed:* && -n $want ]] || fail "$name fails: $want" || return 1 ;;
    esac
    for e in ENOSYS EPERM; do
      got=$(run_case "$setup" "$args" hide-syscalls -e "$e" "$1")
      # the words of the two interfaces differ, not whether they fail
      if [[ $name == fails:* ]]; then
        got=$(sed '/^lc-mountfs: fatal/d' <<< "$got")
        is "$got" "$(sed '/^lc-mountfs: fatal/d' <<< "$want")" "$name with $e" || return 1
      else
        is "$got" "$want" "$name with $e" || return 1
      fi
    done
  done <<< "$cases"
}

@test "without the new mount calls: the same mounts" {
  same_without "$new_api"
}

@test "without mount_setattr: the same mounts" {
  same_without mount_setattr
}

@test "without openat2: the same mounts" {
  cases=$(grep -- '-R' <<< "$cases")
  same_without openat2
}

# Image files

image ()  # TYPE FILE: with a file called TYPE in it
{
  rm -rf tree
  mkdir tree
  echo "$1" > "tree/$1"
  case $1 in
    ext4) need mkfs.ext4 && truncate -s 4M "$2" && mkfs.ext4 -q -O ^has_journal -d tree "$2" ;;
    squashfs) need mksquashfs && mksquashfs tree "$2" -quiet -no-progress > /dev/null ;;
    erofs) need mkfs.erofs && mkfs.erofs --quiet "$2" tree > /dev/null ;;
  esac
}

loops_of ()  # FILE: how many loop devices have it
{
  cat /sys/block/loop*/loop/backing_file 2> /dev/null | grep -cxF -e "$1" || :
}

# The kernel frees the device some time after the last close.

is_free () { [[ $(loops_of "$1") == 0 ]]; }
freed () { await is_free "$1"; }

try_image ()  # TYPE
{
  need "fs:$1" loop
  local img=$BATS_TEST_TMPDIR/$1.img
  mkdir -p a
  image "$1" "$img"
  ok lc-mountfs -t "$1" -o loop,ro,nosuid "$img" a cat "a/$1"
  stdout_is "$1"
  is "$(flags_of /mnt/a)" ro,nosuid,relatime
  is "$(loops_of "$img")" 1
  umount a
  freed "$img"
  ok lc-mountfs -o loop "$img" a cat "a/$1"
  stdout_is "$1"
  is "$(stat -f -c %T a)" "$(case $1 in ext4) echo ext2/ext3 ;; erofs) stat -f -c %T a ;; *) echo "$1" ;; esac)"
  is "$(state mounts | awk '$2 == "/mnt/a" { print $3 }')" "$1"
  umount a
  freed "$img"
}

@test "an ext4 image" {
  try_image ext4
}

@test "a squashfs image" {
  try_image squashfs
}

@test "an erofs image" {
  try_image erofs
}

@test "an image is written to, unless ro or it cannot be" {
  need fs:ext4 loop
  mkdir a
  local img=$BATS_TEST_TMPDIR/ext4.img
  image ext4 "$img"
  ok lc-mountfs -o loop "$img" a touch a/new
  umount a
  freed "$img"
  ok lc-mountfs -o loop,ro "$img" a ls a/new
  refute touch a/other
  umount a
  freed "$img"
  chmod 0444 "$img"
  mkdir ro
  mount --bind "$BATS_TEST_TMPDIR" ro
  mount -o remount,bind,ro ro
  try lc-mountfs -v -o loop ro/ext4.img a ls a/new
  status_is 0
  stderr_has 'lc-mountfs: info: ro/ext4.img cannot be written: read-only'
  mount_is /mnt/a "ext4 $(state mounts | awk '$2 == "/mnt/a" { print $4 }') / ro,relatime private ro"
  umount a
  freed /mnt/ro/ext4.img
}

@test "offset= and sizelimit=: an image within a file" {
  need fs:ext4 loop
  mkdir a
  local img=$BATS_TEST_TMPDIR/part.img dev
  image ext4 "$BATS_TEST_TMPDIR/whole"
  head -c 1048576 /dev/zero > "$img"
  cat "$BATS_TEST_TMPDIR/whole" >> "$img"
  head -c 1048576 /dev/zero >> "$img"
  ok lc-mountfs -o loop,offset=1048576,sizelimit=4194304 "$img" a cat a/ext4
  stdout_is ext4
  dev=$(state mounts | awk '$2 == "/mnt/a" { print $4 }')
  is "$(cat "/sys/block/${dev#/dev/}/loop/offset" "/sys/block/${dev#/dev/}/loop/sizelimit" "/sys/block/${dev#/dev/}/loop/autoclear")" $'1048576\n4194304\n1'
  umount a
  freed "$img"
  fails_like 111 'lc-mountfs: fatal: unable to mount .* on a \(no file system that this kernel knows is in it\)(: kernel: .*)?: Invalid argument' \
    lc-mountfs -o loop,offset=512 "$img" a touch ran
  freed "$img"
  fails_like 111 'lc-mountfs: fatal: unable to mount .* on a \(wrong type, option or contents\)(: kernel: .*)?: Invalid argument' \
    lc-mountfs -t ext4 -o loop,offset=1048576,sizelimit=65536 "$img" a touch ran
  freed "$img"
  [[ ! -e ran ]]
}

@test "an image with something else in it" {
  need loop fs:squashfs fs:ext4
  mkdir a
  local img=$BATS_TEST_TMPDIR/junk.img
  head -c 1048576 /dev/zero > "$img"
  fails_like 111 'lc-mountfs: fatal: unable to mount .*/junk.img on a \(no file system that this kernel knows is in it\)(: kernel: .*)?: Invalid argument' \
    lc-mountfs -o loop "$img" a touch ran
  fails_like 111 "lc-mountfs: fatal: unable to mount .*/junk.img on a: kernel: Can't find a SQUASHFS superblock on loop[0-9]+: Invalid argument" \
    lc-mountfs -t squashfs -o loop "$img" a touch ran
  [[ ! -e ran ]]
  not_mounted /mnt/a
  freed "$img"
  fails 111 'lc-mountfs: fatal: unable to mount '"$img"' on a (the source is no block device: an image file needs the option loop): kernel: '"$img"": Can't lookup blockdev: Block device required" \
    lc-mountfs -t ext4 "$img" a true
  fails 111 'lc-mountfs: fatal: unable to open nosuch.img: No such file or directory' lc-mountfs -o loop nosuch.img a true
}

@test "an image without the new mount calls" {
  need fs:ext4 loop
  mkdir a
  local img=$BATS_TEST_TMPDIR/old.img
  image ext4 "$img"
  ok hide-syscalls "$new_api" lc-mountfs -o loop,ro,noexec "$img" a cat a/ext4
  stdout_is ext4
  is "$(flags_of /mnt/a)" ro,noexec,relatime
  umount a
  freed "$img"
}

@test "a block device without -t" {
  need fs:ext4 loop losetup
  mkdir a
  local img=$BATS_TEST_TMPDIR/dev.img dev
  image ext4 "$img"
  dev=$(losetup -f --show "$img")
  try lc-mountfs "$dev" a cat a/ext4
  losetup -d "$dev"
  status_is 0
  stdout_is ext4
  umount a
  freed "$img"
}

@test "loop in an fstab" {
  need fs:squashfs loop
  local img=$BATS_TEST_TMPDIR/tab.img
  image squashfs "$img"
  mkdir root
  printf '%s\n' "$img /image auto loop,x-mount.mkdir 0 0" "$img /other squashfs loop,nosuid,x-mount.mkdir 0 0" > fstab
  ok lc-mountfs -R root -f fstab cat root/image/squashfs root/other/squashfs
  stdout_is $'squashfs\nsquashfs'
  umount root/image root/other
  freed "$img"
}

# Nothing is ignored, and nothing guessed

@test "-f: what the kernel said of one line is not said of the next" {
  mkdir a
  printf '%s\n' 'x /mnt/a tmpfs size=foo,nofail' 'x /mnt/nosuch tmpfs nofail' > fstab
  try lc-mountfs -f fstab true
  status_is 0
  stderr_is "lc-mountfs: warning: unable to mount x on /mnt/a: kernel: tmpfs: Bad value for 'size': Invalid argument
lc-mountfs: warning: unable to open /mnt/nosuch: No such file or directory"
}

@test "-f: a bad line is found before the first one is mounted" {
  mkdir a b
  printf '%s\n' 'x /mnt/a tmpfs' 'x /mnt/b tmpfs bind' > fstab
  fails 100 'lc-mountfs: fatal: fstab: /mnt/b: a bind or move takes no file system type' lc-mountfs -f fstab touch ran
  not_mounted /mnt/a
  printf '%s\n' 'x /mnt/a tmpfs' 'x' > fstab
  fails 100 'lc-mountfs: fatal: fstab: the line of x lacks a field' lc-mountfs -f fstab touch ran
  not_mounted /mnt/a
  [[ ! -e ran ]]
}

@test "options that nothing would take are usage errors" {
  local o
  mkdir a b
  mount -t tmpfs x a
  for o in private,ro shared,size=1m rslave,nosuid private,sync; do
    fails 100 'lc-mountfs: fatal: with a propagation alone there is nothing that takes other options: bind, remount or a type is missing' \
      lc-mountfs -o "$o" none a touch ran
  done
  mount_is /mnt/a 'tmpfs x / rw,relatime private rw'
  fails 100 'lc-mountfs: fatal: option slave contradicts another propagation' lc-mountfs -o private,slave none a touch ran
  fails 100 'lc-mountfs: fatal: option rprivate contradicts another propagation' lc-mountfs -o bind,shared -o rprivate a b touch ran
  for o in bind,sync rbind,dirsync move,async bind,lazytime; do
    fails 100 'lc-mountfs: fatal: sync, async, dirsync and lazytime are for a whole file system: a bind or move cannot set them' \
      lc-mountfs -o "$o" a b touch ran
  done
  not_mounted /mnt/b
  [[ ! -e ran ]]
  # the same one twice is no contradiction, nor is the recursive one
  ok lc-mountfs -o shared,shared,rshared none a
  is "$(propagation_of /mnt/a)" shared
}

@test "a propagation is set with a type, a move and a remount too" {
  local hide
  mkdir a src dst peer
  for hide in '' "$new_api"; do
    ok ${hide:+hide-syscalls "$hide"} lc-mountfs -t tmpfs -o shared x a
    is "$(propagation_of /mnt/a)" shared "-t tmpfs -o shared, hidden: $hide"
    umount a
    mount -t tmpfs x src
    mount --make-shared src
    mount --bind src peer
    ok ${hide:+hide-syscalls "$hide"} lc-mountfs -o move,slave src dst
    is "$(propagation_of /mnt/dst)" master "move,slave, hidden: $hide"
    ok ${hide:+hide-syscalls "$hide"} lc-mountfs -o remount,bind,ro,private x dst
    is "$(flags_of /mnt/dst) $(propagation_of /mnt/dst)" 'ro,relatime private' "remount,bind,ro,private, hidden: $hide"
    ok ${hide:+hide-syscalls "$hide"} lc-mountfs -o remount,bind,rw,shared x dst
    is "$(flags_of /mnt/dst) $(propagation_of /mnt/dst)" 'rw,relatime shared' "remount,bind,rw,shared, hidden: $hide"
    umount dst peer
  done
}

@test "a propagation is set with loop too" {
  need fs:squashfs loop
  local img=$BATS_TEST_TMPDIR/prop.img p
  mkdir p
  mount -t tmpfs p p
  mount --make-shared p
  mkdir p/a
  image squashfs "$img"
  # where the target is shared, so is what is mounted there
  ok lc-mountfs -t squashfs -o loop,ro "$img" p/a
  is "$(propagation_of /mnt/p/a)" shared
  umount p/a
  freed "$img"
  for p in private:private unbindable:unbindable; do
    ok lc-mountfs -t squashfs -o "loop,ro,${p%:*}" "$img" p/a
    is "$(propagation_of /mnt/p/a)" "${p#*:}" "loop,${p%:*}"
    umount p/a
    freed "$img"
  done
}

@test "loop: what is neither a file nor a block device is not waited for" {
  mkdir a d
  mkfifo fifo
  for o in loop loop,ro; do
    fails 111 'lc-mountfs: fatal: unable to take for an image, which is a file or a block device, fifo: Invalid argument' \
      timeout 20 lc-mountfs -t ext4 -o "$o" fifo a touch ran
    fails_like 111 'lc-mountfs: fatal: unable to (open d \(an image is a file\): Is a directory|take for an image, which is a file or a block device, d: Invalid argument)' \
      timeout 20 lc-mountfs -t ext4 -o "$o" d a touch ran
  done
  not_mounted /mnt/a
  [[ ! -e ran ]]
}

@test "loop: the types are those of the kernel, whatever /proc says" {
  need fs:squashfs loop
  local img=$BATS_TEST_TMPDIR/types.img make
  image squashfs "$img"
  mkdir a
  for make in 'mkfifo /proc/filesystems' 'printf "nodev\ttmpfs\n" > /proc/filesystems' 'ln -s /mnt/fifo /proc/filesystems'; do
    [[ -e fifo ]] || mkfifo fifo
    ok timeout 20 unshare -m sh -c 'mount -t tmpfs none /proc && '"$make"' && exec "$@"' sh lc-mountfs -o loop,ro "$img" a cat a/squashfs
    stdout_is squashfs
    freed "$img"
  done
}

@test "-f: a source with an equals sign is no tag" {
  mkdir a b
  printf '%s\n' 'a=b /mnt/a tmpfs' 'x/LABEL=y /mnt/b tmpfs' > fstab
  ok lc-mountfs -f fstab true
  mount_is /mnt/a 'tmpfs a=b / rw,relatime private rw'
  mount_is /mnt/b 'tmpfs x/LABEL=y / rw,relatime private rw'
  printf '%s\n' 'x /mnt/a tmpfs' 'PARTUUID=7 /mnt/b ext4' > fstab
  umount a b
  fails 100 'lc-mountfs: fatal: fstab: /mnt/b: the source is a tag (UUID=, LABEL= …), which is not looked up: name the device' lc-mountfs -f fstab true
  not_mounted /mnt/a
}

@test "a mount on the working directory: a warning that it stays below" {
  local below='lc-mountfs: warning: the working directory stays below what was mounted on'
  mkdir -p a b src
  touch b/below
  cd b
  try lc-mountfs -t tmpfs x . ls
  status_is 0
  stdout_is below
  stderr_is "$below ."
  umount /mnt/b
  try lc-mountfs -o bind ../src /mnt/b ls
  status_is 0
  stdout_is below
  stderr_is "$below /mnt/b"
  umount /mnt/b
  # in a guest: its root
  try lc-mountfs -R /mnt/b -t tmpfs x / ls
  status_is 0
  stdout_is below
  stderr_is "$below /"
  umount /mnt/b
  ok lc-mountfs -t tmpfs x ../a ls
  stdout_is below
  mount -t tmpfs y /mnt/b
  cd /mnt/b
  ok lc-mountfs -o remount,size=1m x .
  ok lc-mountfs -o private x .
}

@test "-d makes nothing where a file is to be a directory" {
  local way
  for way in true 'hide-syscalls openat2'; do
    [[ $way != true ]] || way=''
    # shellcheck disable=SC2086 # words
    fails 111 'lc-mountfs: fatal: unable to open or make new/ (a directory and a non-directory): Not a directory' \
      $way lc-mountfs -d -o bind /etc/passwd new/ touch ran
    [[ ! -e new && ! -e ran ]]
  done
}

@test "without /proc the reason stays the one that the kernel gave first" {
  mkdir a
  chown 65533:65533 a
  fails 111 'lc-mountfs: fatal: unable to mount x on a (not privileged in this mount namespace, or, in a user namespace, over the namespace that the file system shows): Operation not permitted' \
    unshare -m sh -c 'while umount -l /proc 2> /dev/null; do :; done; test ! -e /proc/self && exec "$@"' sh \
    setpriv --reuid=65533 --regid=65533 --clear-groups lc-mountfs -t tmpfs x a touch ran
  fails_like 111 'lc-mountfs: fatal: unable to bind /etc on a \(not privileged .*\): Operation not permitted' \
    unshare -m sh -c 'while umount -l /proc 2> /dev/null; do :; done; test ! -e /proc/self && exec "$@"' sh \
    setpriv --reuid=65533 --regid=65533 --clear-groups lc-mountfs -o bind /etc a touch ran
}

@test "-v: what was changed is not said to be mounted" {
  mkdir a
  mount -t tmpfs x a
  try lc-mountfs -v -o remount,size=1m x a
  stderr_is 'lc-mountfs: info: a is changed'
  try lc-mountfs -v -R /mnt -o remount,bind,ro x /a
  stderr_is 'lc-mountfs: info: /a in /mnt is changed'
  try lc-mountfs -v -o shared none a
  stderr_is 'lc-mountfs: info: a is changed'
  try lc-mountfs -v -R /mnt -t tmpfs y /a
  stderr_is 'lc-mountfs: info: y is on /a in /mnt'
}

@test "no loop device without /dev/loop-control" {
  mkdir a
  touch img
  fails 111 'lc-mountfs: fatal: unable to get a loop device from /dev/loop-control for img: No such file or directory' \
    lc-mountfs -t tmpfs x /dev lc-mountfs -t ext4 -o loop img a touch ran
  run ! test -e ran
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
load lib

usage='lc-mountdev: usage: lc-mountdev [ -v ] [ -R root ] [ -d ] [ -t ] [ -a ] [ -x glob ]... [ -X regex ]... [ -o options ] target prog...'
new_api=open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr
no_mknod=(setpriv --bounding-set=-mknod --inh-caps=-mknod)
names='console fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'

setup ()
{
  mkdir -p root/dev
}

mount_at ()  # TARGET: type, source, flags and propagation of the last mount there
{
  state mounts | d=$1 awk '$2 == ENVIRON["d"] { l = $3 " " $4 " " $6 " " $7 } END { print l }'
}

nothing_mounted ()
{
  is "$(state mounts | grep " /mnt/root" || :)" '' 'what is mounted in the root'
}

names_are ()  # DIR NAME…
{
  # shellcheck disable=SC2012 # known names
  is "$(ls -A "$1" | tr '\n' ' ')" "${*:2} " "the names in $1"
}

nodes_work ()  # DIR: reports what a program finds there, for `report_is`
{
  cat <<PROG
cd $1 || exit 1
for n in null zero full random urandom tty ; do stat -L -c "\$n %F %t:%T" \$n ; done
echo text > null && echo "null takes"
test -z "\$(cat null)" && echo "null is empty"
test "\$(head -c 4 zero | od -An -tx1)" = " 00 00 00 00" && echo "zero gives"
echo x 2> /dev/null > full || echo "full is full"
test "\$(head -c 8 random | wc -c)" = 8 && echo "random gives"
test "\$(head -c 8 urandom | wc -c)" = 8 && echo "urandom gives"
PROG
}

report='null character special file 1:3
zero character special file 1:5
full character special file 1:7
random character special file 1:8
urandom character special file 1:9
tty character special file 5:0
null takes
null is empty
zero gives
full is full
random gives
urandom gives'

in_dev ()  # SETUP CMD…: CMD with a current /dev of the test's own; SETUP is in it
{
  local setup=$1
  shift
  mkdir -p fake
  fresh unshare -m sh -ec 'mount -t tmpfs -o mode=0755 fake fake && cd fake &&
    for n in "null c 1 3" "zero c 1 5" "full c 1 7" "random c 1 8" "urandom c 1 9" "tty c 5 0" ; do mknod -m 666 $n ; done
    eval "$1"
    cd .. && mount --move fake /dev && shift && exec "$@"' in_dev "$setup" "$@"
}

# Usage

@test "wrong usage" {
  fails 100 "$usage" lc-mountdev
  fails 100 "$usage" lc-mountdev -a
  fails 100 "$usage" lc-mountdev -z root/dev true
  fails 100 'lc-mountdev: fatal: -x and -X are of use only with -a' lc-mountdev -x 'tty*' root/dev true
  fails 100 'lc-mountdev: fatal: -x and -X are of use only with -a' lc-mountdev -X '^tty' root/dev true
  fails 100 'lc-mountdev: fatal: -o takes flags and options of a tmpfs only' lc-mountdev -o bind root/dev true
  fails 100 'lc-mountdev: fatal: -o takes flags and options of a tmpfs only' lc-mountdev -o shared root/dev true
  fails 100 'lc-mountdev: fatal: -o takes flags and options of a tmpfs only' lc-mountdev -o remount root/dev true
  fails_like 100 'lc-mountdev: fatal: invalid regular expression a\(b: .+' lc-mountdev -a -X 'a(b' root/dev true
  fails_like 100 'lc-mountdev: fatal: invalid regular expression \[: .+' lc-mountdev -a -X tty -X '[' root/dev true
  nothing_mounted
}

# What is in it

@test "the names, the modes and the mounts" {
  ok in_dev 'mknod -m 600 console c 5 1' lc-mountdev root/dev sh -c '
    cd root/dev && ls -A && stat -c "%n %a %F %u:%g" . null zero full random urandom tty pts shm mqueue pts/ptmx &&
    for l in fd stdin stdout stderr ptmx ; do echo "$l $(readlink $l)" ; done &&
    stat -c "%t:%T" console && state mounts | grep " /mnt/root/dev" | cut -d " " -f 2,3,6,7'
  stdout_is "${names// /$'\n'}
. 755 directory 0:0
null 666 character special file 0:0
zero 666 character special file 0:0
full 666 character special file 0:0
random 666 character special file 0:0
urandom 666 character special file 0:0
tty 666 character special file 0:0
pts 755 directory 0:0
shm 1777 directory 0:0
mqueue 1777 directory 0:0
pts/ptmx 666 character special file 0:0
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx
5:1
/mnt/root/dev tmpfs rw,nosuid,relatime private
/mnt/root/dev/pts devpts rw,nosuid,noexec,relatime private
/mnt/root/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime private
/mnt/root/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime private
/mnt/root/dev/console tmpfs rw,relatime private"
}

@test "without a console in the current /dev there is none" {
  ok in_dev : lc-mountdev root/dev sh -c 'cd root/dev && ls -A | tr "\n" " "'
  stdout_is "${names#console } "
  ok in_dev 'touch console' lc-mountdev root/dev sh -c 'test ! -e root/dev/console'
  ok in_dev 'ln -s null console' lc-mountdev root/dev sh -c 'test ! -e root/dev/console -a ! -h root/dev/console'
}

@test "every node works" {
  ok lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
  stdout_is "$report"
}

@test "the umask of the caller does not matter, and is kept" {
  ok sh -c 'umask 077 && exec lc-mountdev root/dev sh -c "umask && cd root/dev && stat -c %a . null shm pts mqueue pts/ptmx"'
  stdout_is $'0077\n755\n666\n1777\n755\n1777\n666'
}

@test "over /dev itself, and twice" {
  ok in_dev 'mknod console c 5 1 && mknod other c 1 3' lc-mountdev /dev lc-mountdev -a /dev sh -c 'cd /dev && ls -A | tr "\n" " "'
  stdout_is "$names "
}

@test "an ordinary user opens a terminal, which has group 5; tty works on it" {
  ok lc-mountdev /dev setpriv --reuid 1000 --regid 1000 --clear-groups ptyrun sh -c 'stat -c "%u:%g %a" "$(tty)" && echo yes > /dev/tty'
  stdout_is $'1000:5 620\r\nyes\r'
}

@test "the devpts is a new one" {
  ok lc-mountdev root/dev sh -c 'ls root/dev/pts ; stat -c %d root/dev/pts /dev/pts | uniq -u | wc -l'
  stdout_is $'ptmx\n2'
  # the first terminal there is number 0, whatever the machine has
  ok lc-mountdev /dev ptyrun tty
  stdout_is $'/dev/pts/0\r'
}

@test "shm and mqueue can be used by anybody, /dev by root alone" {
  ok lc-mountdev /dev setpriv --reuid 1000 --regid 1000 --clear-groups sh -c 'touch /dev/shm/x && touch /dev/mqueue/q && stat -c %u /dev/shm/x /dev/mqueue/q'
  stdout_is $'1000\n1000'
  refute lc-mountdev /dev setpriv --reuid 1000 --regid 1000 --clear-groups touch /dev/x
}

@test "-o: size and flags of the tmpfs" {
  ok lc-mountdev -o size=1m,noexec,noatime root/dev
  is "$(mount_at /mnt/root/dev)" 'tmpfs dev rw,nosuid,noexec,noatime private'
  is "$(stat -f -c '%b' root/dev)" 256
  umount -R root/dev
  ok lc-mountdev -o mode=0700 root/dev
  is "$(stat -c %a root/dev)" 700
}

# Without mknod

@test "without CAP_MKNOD the nodes are bound" {
  ok "${no_mknod[@]}" lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
  stdout_is "$report"
  is "$(mount_at /mnt/root/dev/null | cut -d ' ' -f 4)" private
  # made nodes are no mounts
  umount -R root/dev
  ok lc-mountdev root/dev
  is "$(mount_at /mnt/root/dev/null)" ''
}

@test "without mknodat (ENOSYS or EPERM) the nodes are bound" {
  local e
  for e in ENOSYS EPERM; do
    ok hide-syscalls -e "$e" mknodat lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
    stdout_is "$report"
    umount -R root/dev
  done
}

lies='rm null zero full random urandom && mknod -m 666 null c 1 5 && echo lie > zero && ln -s /etc/passwd full && mknod -m 666 urandom b 1 9 && mkdir random'

@test "a current /dev that lies is not believed" {
  local o n
  for o in -v -va; do
    try in_dev "$lies" "${no_mknod[@]}" lc-mountdev "$o" root/dev sh -c 'cd root/dev && ls -A | tr "\n" " "'
    status_is 0
    stdout_is 'fd mqueue ptmx pts shm stderr stdin stdout tty '
    for n in null zero full random urandom; do
      stderr_has "lc-mountdev: info: $n is left out: the current one is not that device"
    done
  done
  try in_dev 'rm null' "${no_mknod[@]}" lc-mountdev -v root/dev test ! -e root/dev/null
  status_is 0
  stderr_has 'lc-mountdev: info: null is left out: the current /dev has none'
  # made anew where that can be
  ok in_dev "$lies" lc-mountdev -a root/dev stat -c %F:%t:%T root/dev/null root/dev/zero root/dev/random
  stdout_is $'character special file:1:3\ncharacter special file:1:5\ncharacter special file:1:8'
}

# User namespaces

@test "in a user namespace, with and without other new namespaces" {
  local ns
  for ns in '' -i '-i -n' '-i -n -p' '-p'; do
    # shellcheck disable=SC2086 # words
    ok lc-unshare -m $ns -B 0:100000:65536 lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
    stdout_is "$report"
    # shellcheck disable=SC2086 # words
    ok lc-unshare -m $ns -B 0:100000:65536 lc-mountdev /dev sh -c '
      stat -c "%a %u:%g" /dev /dev/shm /dev/pts/ptmx && ptyrun sh -c "stat -c %u:%g:%a \$(tty)"'
    stdout_is $'755 0:0\n1777 0:0\n666 0:0\n0:5:620\r'
  done
  nothing_mounted
}

@test "in a user namespace, for one of its ordinary users" {
  ok lc-unshare -m -B 0:100000:65536 lc-mountdev /dev setpriv --reuid 1000 --regid 1000 --clear-groups \
    ptyrun sh -c 'stat -c %u:%g:%a "$(tty)" && touch /dev/shm/x && echo > /dev/null && echo yes'
  stdout_is $'1000:5:620\r\nyes\r'
}

@test "in a user namespace that maps no group 5 terminals work all the same" {
  ok lc-unshare -m -B 0:100000:1 lc-mountdev /dev ptyrun sh -c 'stat -c %u:%g:%a "$(tty)" && echo yes > /dev/tty'
  stdout_is $'0:0:620\r\nyes\r'
  ok as_user lc-unshare -m -M self -G self lc-mountdev /dev ptyrun sh -c 'stat -c %u:%a "$(tty)"'
  stdout_is $'0:620\r'
}

@test "mqueue belongs to the root of a new IPC namespace, and else is bound or left out" {
  ok lc-unshare -m -i -B 0:100000:65536 lc-mountdev root/dev sh -c 'stat -c %u:%g root/dev/mqueue && touch root/dev/mqueue/x && stat -f -c %T root/dev/mqueue'
  stdout_is $'0:0\nmqueue'
  try in_dev : lc-unshare -m -B 0:100000:65536 lc-mountdev -v root/dev ls -A root/dev/mqueue
  status_is 0
  stdout_is ''
  stderr_has 'lc-mountdev: info: mqueue is left out: it was refused'
  try in_dev 'mkdir mqueue && mount -t mqueue mqueue mqueue && touch mqueue/seen' lc-unshare -m -B 0:100000:65536 lc-mountdev -v root/dev ls -A root/dev/mqueue
  status_is 0
  stdout_is seen
  stderr_has 'lc-mountdev: info: mqueue is bound from the current /dev: a new one was refused'
  # no word of it without -v
  ok in_dev : lc-unshare -m -B 0:100000:65536 lc-mountdev root/dev
}

@test "-a in a user namespace" {
  ok in_dev 'mknod console c 5 1 ; mknod kmsg c 1 11 ; mkdir net && mknod net/tun c 10 200 ; mkdir huge && mount -t tmpfs x huge && touch huge/in' \
    lc-unshare -m -i -B 0:100000:65536 lc-mountdev -a root/dev sh -c 'cd root/dev && stat -c "%n %t:%T" console kmsg net/tun && ls huge'
  stdout_is $'console 5:1\nkmsg 1:b\nnet/tun a:c8\nin'
}

@test "-a: what cannot be bound is left out, said at -v" {
  try in_dev 'mkdir un && mount -t tmpfs x un && mount --make-unbindable un && mknod kmsg c 1 11' lc-mountdev -av root/dev sh -c 'cd root/dev && ls -dA [ku]*'
  stdout_is $'kmsg\nurandom'
  stderr_has 'lc-mountdev: info: un is left out: it was refused'
}

# -a

everything='mknod -m 600 console c 5 1 ; mknod -m 620 tty1 c 4 1 ; mknod -m 640 sda b 8 0 ; mknod kmsg c 1 11
  mkdir net input mapper bus bus/usb bus/usb/001 ; chmod 0700 input ; mknod -m 666 net/tun c 10 200 ; mknod input/event0 c 13 64
  mknod input/mice c 13 63 ; mknod bus/usb/001/002 c 189 1 ; ln -s ../sda mapper/root ; ln -s /nowhere core ; ln -s fd nothing
  mkfifo -m 600 initctl ; echo text > file
  perl -MIO::Socket::UNIX -e "IO::Socket::UNIX->new(Local => q(log), Listen => 1) or die"
  mkdir huge pts shm ; mount -t tmpfs -o nodev,mode=0710 huge huge ; mkdir huge/sub ; mount -t tmpfs sub huge/sub ; touch huge/sub/in
  mount -t tmpfs shm shm ; touch shm/other ; touch "a b"'

@test "-a: everything else, in subdirectories too" {
  need perl
  ok in_dev "$everything" lc-mountdev -a root/dev sh -c 'cd root/dev && find . -mindepth 1 \( -path ./pts -o -path ./huge -o -path ./mqueue \) -prune -o -exec stat -c "%n %A" {} + |
    sed "s,^\./,, ; s/ \(.\)[^ ]*\$/ \1/" | LC_ALL=C sort && cat file &&
    stat -c "%n %a %t:%T" tty1 sda net/tun input/event0 bus/usb/001/002 && stat -c "%n %a" net input initctl huge &&
    readlink core mapper/root nothing && ls huge/sub && ls -A shm && state mounts | grep " /mnt/root/dev/huge" | cut -d " " -f 2,6,7'
  stdout_is 'a b -
bus d
bus/usb d
bus/usb/001 d
bus/usb/001/002 c
console c
core l
fd l
file -
full c
initctl p
input d
input/event0 c
input/mice c
kmsg c
log s
mapper d
mapper/root l
net d
net/tun c
nothing l
null c
ptmx l
random c
sda b
shm d
stderr l
stdin l
stdout l
tty c
tty1 c
urandom c
zero c
text
tty1 620 4:1
sda 640 8:0
net/tun 666 a:c8
input/event0 644 d:40
bus/usb/001/002 644 bd:1
net 755
input 700
initctl 600
huge 710
/nowhere
../sda
fd
in
/mnt/root/dev/huge rw,nodev,relatime private
/mnt/root/dev/huge/sub rw,relatime private'
}

@test "-a: as many entries as there are, with few descriptors" {
  ok in_dev 'i=0 ; while test $i -lt 200 ; do mknod n$i c 1 3 ; mkdir d$i ; ln -s x l$i ; mknod d$i/n c 1 3 ; i=$((i+1)) ; done' \
    bash -c 'ulimit -n 16 && lc-mountdev -a root/dev && state mounts | grep -c " /mnt/root/dev/[nd][0-9]" && ls root/dev | grep -c "^[ndl][0-9]"'
  stdout_is $'400\n600'
}

left ()  # ARGS…: what -a with those leaves of $everything, but what is always there
{
  need perl
  ok in_dev "$everything" lc-mountdev -a "$@" root/dev sh -c '
    cd root/dev && find . -mindepth 1 \( -path ./pts -o -path ./huge -o -path ./mqueue -o -path ./shm \) -prune -o -printf "%P\n" | grep -vxE "null|zero|full|u?random|tty|fd|std.*|ptmx|console" | LC_ALL=C sort | tr "\n" " "'
}

@test "-x: shell patterns, relative to /dev, a slash is matched by itself alone" {
  left -x 'tty*' -x 'input/*' -x 'bus' -x core
  stdout_is 'a b file initctl input kmsg log mapper mapper/root net net/tun nothing sda '
  left -x '*'
  stdout_is ''
  left -x '*/*' -x '[a-l]*' -x '? b'
  stdout_is 'mapper net nothing sda tty1 '
  left -x '/dev/kmsg' -x tun -x '*tun' -x 'i*0' -x 'a?b' -x 'bus/usb/001/00?' -x 'input/m*'
  stdout_is 'bus bus/usb bus/usb/001 core file initctl input input/event0 kmsg log mapper mapper/root net net/tun nothing sda tty1 '
}

@test "-X: extended regular expressions, searched" {
  left -X '^(input|bus|net)/' -X '1$' -X 'o.t'
  stdout_is 'a b bus core file initctl input kmsg log mapper net nothing sda '
  left -X .
  stdout_is ''
}

@test "-x and -X together, and said at -v" {
  left -x 'input' -X 'u' -x 'n*' -X '^[a-l]'
  stdout_is 'mapper mapper/root sda tty1 '
  try in_dev "$everything" lc-mountdev -v -a -x 'net/*' -X ev root/dev true
  status_is 0
  stderr_has 'lc-mountdev: info: net/tun is excluded'
  stderr_has 'lc-mountdev: info: input/event0 is excluded'
}

@test "what is excluded of the standard names is there all the same" {
  ok in_dev : lc-mountdev -a -x null -X . root/dev sh -c 'test -c root/dev/null -a -h root/dev/ptmx'
}

# Failures

@test "the target must be a directory that is there" {
  local t
  touch root/file
  mkfifo root/fifo
  mkdir root/real
  ln -s real root/link
  ln -s /mnt/root/real root/abs
  fails 111 'lc-mountdev: fatal: unable to open /nosuch in the root: No such file or directory' lc-mountdev -R root /nosuch touch ran
  for t in link abs link/; do
    fails 111 "lc-mountdev: fatal: unable to open $t in the root (a symbolic link: a guest's /dev must be a directory): Too many levels of symbolic links" lc-mountdev -R root "$t" touch ran
    fails 111 "lc-mountdev: fatal: unable to open $t in the root (a symbolic link: a guest's /dev must be a directory): Too many levels of symbolic links" \
      hide-syscalls openat2 lc-mountdev -R root "$t" touch ran
  done
  for t in file fifo; do
    fails 111 "lc-mountdev: fatal: unable to mount a /dev on $t: Not a directory" timeout 20 lc-mountdev -R root "$t" touch ran
  done
  fails 111 'lc-mountdev: fatal: unable to open the root nosuch: No such file or directory' lc-mountdev -R nosuch /dev touch ran
  [[ ! -e ran ]]
  nothing_mounted
}

@test "-d: a missing target is made, but through no link" {
  ok lc-mountdev -R root -d /a/dev test -c root/a/dev/null
  is "$(stat -c %a root/a)" 755
  ok lc-mountdev -R root -d /a/dev test -c root/a/dev/null
  mkdir out
  ln -s /mnt/out root/b
  fails 111 'lc-mountdev: fatal: unable to make /b/dev: Too many levels of symbolic links' lc-mountdev -R root -d /b/dev true
  is "$(ls out)" ''
}

@test "an option that tmpfs does not know" {
  fails 111 "lc-mountdev: fatal: unable to mount a tmpfs on root/dev: kernel: tmpfs: Unknown parameter 'bogus': Invalid argument" lc-mountdev -o bogus root/dev touch ran
  [[ ! -e ran ]]
  nothing_mounted
}

@test "nothing stays mounted when the tmpfs is full" {
  local n hide
  for hide in '' "$new_api"; do
    for n in 2 4 8 11 14; do
      fails_like 111 'lc-mountdev: fatal: unable to (make|open|mount|bind) .*: No space left on device' \
        ${hide:+hide-syscalls "$hide"} lc-mountdev -o "nr_inodes=$n" root/dev touch ran
      nothing_mounted
    done
  done
  [[ ! -e ran ]]
}

@test "nothing stays mounted, whichever call fails" {
  need strace
  local inject
  # the later ones of each call come when the new /dev is attached
  for inject in symlinkat:1 symlinkat:5 mkdirat:2 fsopen:2 fsopen:4 fsmount:1 fsmount:3 open_tree:1 mount_setattr:1 move_mount:1 move_mount:2 move_mount:3 move_mount:4 move_mount:5; do
    try in_dev 'mknod console c 5 1' sh -c '
      strace -f -o /dev/null -e "inject=$1:error=EIO:when=$2" lc-mountdev -a root/dev touch /mnt/ran ; echo $? ; state mounts | grep -c " /mnt/root"' sh "${inject%:*}" "${inject#*:}"
    stdout_is $'111\n0'
    stderr_like '^lc-mountdev: fatal: unable to [^:]*: Input/output error$'
    [[ ! -e ran ]]
  done
}

@test "an ordinary user is refused" {
  as_user mkdir /run/tester/dev
  fails 111 'lc-mountdev: fatal: unable to mount a tmpfs on /run/tester/dev (not privileged in this mount namespace: lc-unshare -m makes a new one): Operation not permitted' \
    as_user lc-mountdev /run/tester/dev touch /run/tester/ran
  [[ ! -e /run/tester/ran ]]
}

# Hidden system calls: the result is the same

all_of_it ()  # CMD…: what there is after it
{
  in_dev "$everything" "$@" sh -c 'cd root/dev && find . -printf "%P %y %m %U:%G %l\n" | LC_ALL=C sort && state mounts | grep " /mnt/root" | sort'
}

@test "without the new calls: the same /dev" {
  need perl
  local calls e want
  want=$(all_of_it lc-mountdev -R root -a -x kmsg /dev)
  [[ $want == *'net/tun c 666'* ]]
  for calls in openat2 mount_setattr open_tree "$new_api" "$new_api,openat2"; do
    for e in ENOSYS EPERM; do
      is "$(all_of_it hide-syscalls -e "$e" "$calls" lc-mountdev -R root -a -x kmsg /dev)" "$want" "without $calls ($e)"
    done
  done
}

@test "without the new calls, in a user namespace" {
  ok lc-unshare -m -i -B 0:100000:65536 hide-syscalls "$new_api,openat2" lc-mountdev -R root /dev sh -c "$(nodes_work root/dev)"
  stdout_is "$report"
}

# State

@test "nothing else changes for prog" {
  same_state lc-mountdev root/dev
  same_state lc-mountdev -R root -a /dev
  same_state hide-syscalls "$new_api,openat2" lc-mountdev -R root -a /dev
  is "$("${no_mknod[@]}" fresh lc-mountdev root/dev state)" "$("${no_mknod[@]}" fresh state)"
  is "$(fresh -m 027 -i CHLD -b TERM lc-mountdev root/dev state sigs misc cwd)" "$(fresh -m 027 -i CHLD -b TERM state sigs misc cwd)"
}

@test "nothing shows in the namespace that the caller came from" {
  local before
  before=$(state mounts)
  ok unshare -m sh -c 'lc-mountdev -a root/dev && test -c root/dev/null'
  is "$(state mounts)" "$before"
}

@test "what is mounted in a directory that -a bound never shows in the current /dev" {
  ok in_dev 'mkdir huge && mount -t tmpfs x huge && mount --make-shared huge && mkdir huge/sub' \
    lc-mountdev -a root/dev sh -c 'mount -t tmpfs leak root/dev/huge/sub && state mounts | grep -c " leak "'
  stdout_is 1
}

@test "an absent prog exits 0; -v and LCBOOT_VERBOSE" {
  ok lc-mountdev root/dev
  stdout_is ''
  [[ -c root/dev/null ]]
  try in_dev : lc-mountdev -v root/dev true
  status_is 0
  stderr_is 'lc-mountdev: info: a new /dev is on root/dev'
  try in_dev : env LCBOOT_VERBOSE=1 lc-mountdev root/dev true
  stderr_is 'lc-mountdev: info: a new /dev is on root/dev'
}

# Each name for itself

@test "a node that alone is refused is bound, the others are made" {
  need strace
  local names=(null zero full random urandom tty) n i
  for n in 2 6; do
    ok strace -f -o /dev/null -e "inject=mknodat:error=EPERM:when=$n" lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
    stdout_is "$report"
    for i in {1..6}; do
      if [[ $i == "$n" ]]; then [[ $(mount_at "/mnt/root/dev/${names[i - 1]}") != '' ]] || fail "${names[i - 1]} is not bound"
      else is "$(mount_at "/mnt/root/dev/${names[i - 1]}")" '' "what is on ${names[i - 1]}"; fi
    done
    umount -R root/dev
  done
}

@test "-x and -X reach below a mount point" {
  local setup='mkdir m && mount -t tmpfs -o mode=0755 m m && mkdir m/sub m/deep && touch m/keep m/drop m/sub/x && mount -t tmpfs d m/deep && touch m/deep/keep m/deep/secret'
  ok in_dev "$setup" lc-mountdev -a -x m/drop -X '^m/sub/' -X secret root/dev sh -c 'cd root/dev && find m -mindepth 1 | LC_ALL=C sort && cat m/keep m/deep/keep'
  stdout_is $'m/deep\nm/deep/keep\nm/keep\nm/sub'
  # without an exclusion it is bound as a whole
  ok in_dev "$setup" lc-mountdev -a root/dev sh -c 'cd root/dev && find m -mindepth 1 | LC_ALL=C sort && state mounts | grep -c " /mnt/root/dev/m[ /]"'
  stdout_is $'m/deep\nm/deep/keep\nm/deep/secret\nm/drop\nm/keep\nm/sub\nm/sub/x\n2'
}

@test "a console that is no terminal is left out" {
  local d
  for d in '1 1' '1 3' '10 200'; do
    try in_dev "mknod -m 600 console c $d" lc-mountdev -v root/dev sh -c 'test ! -e root/dev/console && echo none'
    status_is 0
    stdout_is none
    stderr_has 'lc-mountdev: info: console is left out: the current one is no terminal'
  done
  for d in '5 1' '4 1' '136 0'; do
    ok in_dev "mknod -m 600 console c $d" lc-mountdev root/dev sh -c 'stat -c %F root/dev/console'
    stdout_is 'character special file'
  done
}

@test "without move_mount alone: the same /dev" {
  need perl
  local e want
  want=$(all_of_it lc-mountdev -R root -a -x kmsg /dev)
  [[ $want == *'net/tun c 666'* ]]
  for e in ENOSYS EPERM; do
    is "$(all_of_it hide-syscalls -e "$e" move_mount lc-mountdev -R root -a -x kmsg /dev)" "$want" "without move_mount ($e)"
    ok hide-syscalls -e "$e" move_mount lc-mountdev root/dev sh -c "$(nodes_work root/dev)"
    stdout_is "$report"
    umount -R root/dev
  done
}

@test "what cannot be made in the new /dev is named, and nothing stays" {
  need strace
  local what before
  mkdir target
  before=$(state mounts)
  for what in 'mknodat the node null' 'symlinkat the link fd' 'mkdirat the directory pts'; do
    try strace -qq -o /dev/null -e "inject=${what%% *}:error=EIO:when=1" lc-mountdev target touch ran
    status_is 111
    stderr_is "lc-mountdev: fatal: unable to make ${what#* }: Input/output error"
    is "$(state mounts)" "$before" 'the mounts'
  done
  run ! test -e ran
}

# -t

same='stat -c "%t:%T %u:%g %i" "$(readlink /proc/self/fd/0)" root/dev/console'

@test "-t: the console is the terminal, not that of the current /dev" {
  ok ptyrun lc-unshare -m lc-mountdev -t root/dev sh -c "$same"
  is "${lines[0]}" "${lines[1]}"
  [[ ${lines[0]} == 88:* ]] || fail "${lines[0]}"
  ok ptyrun lc-unshare -m lc-mountdev -t -a root/dev sh -c "$same"
  is "${lines[0]}" "${lines[1]}"
  # whichever of the three it is
  ok ptyrun sh -c 'for fd in 0 1 2; do
    lc-unshare -m sh -c "
      case \$1 in 0) exec > /dev/null 2>&1 ;; 1) exec < /dev/null 2> /dev/null ;; 2) exec < /dev/null > /dev/null ;; esac
      exec lc-mountdev -t root/dev sh -c \"stat -c %t root/dev/console > out.\$1\"" sh $fd; done'
  is "$(cat out.0 out.1 out.2)" $'88\n88\n88'
  # the guest uses it
  ok ptyrun lc-unshare -m lc-mountdev -t root/dev sh -c 'echo spoken > root/dev/console'
  stdout_like '^spoken'
}

@test "-t: on /dev itself, in a user namespace, without the new mount calls" {
  local terminal='stat -c %t /dev/console'
  ok ptyrun lc-unshare -m lc-mountdev -t /dev sh -c "$terminal"
  stdout_like ^88
  ok as_user ptyrun lc-unshare -m -M self -G self lc-mountdev -t /dev sh -c "stat -c %t:%u /dev/console; echo > /dev/console"
  stdout_like ^88:0
  try without fsopen open_tree move_mount mount_setattr -- ptyrun lc-unshare -m lc-mountdev -t /dev sh -c "$terminal"
  status_is 0
  stdout_like ^88
}

@test "-t: without a terminal there is no console, -a or not" {
  local a
  for a in '' -a; do
    # shellcheck disable=SC2086 # empty is no word
    try in_dev 'mknod -m 600 console c 5 1' lc-mountdev -v -t $a root/dev sh -c 'test ! -e root/dev/console && echo none'
    status_is 0
    stdout_is none
    stderr_has 'lc-mountdev: info: console is left out: no terminal is at descriptor 0, 1 or 2'
  done
}

@test "-t: a terminal that has no name here" {
  try ptyrun lc-unshare -m sh -c 'mount -t devpts -o newinstance new /dev/pts; exec lc-mountdev -v -t root/dev sh -c "test ! -e root/dev/console && echo none" 2>&1'
  status_is 0
  stdout_has none
  stdout_has 'lc-mountdev: info: console is left out: the terminal has no name here'
  # another one has it
  try ptyrun lc-unshare -m sh -c 'mount -t devpts -o newinstance new /dev/pts; exec 3<> /dev/pts/ptmx; exec lc-mountdev -v -t root/dev sh -c "test ! -e root/dev/console && echo none" 2>&1'
  stdout_has none
}

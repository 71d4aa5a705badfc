#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
load lib

usage='lc-idmap: usage: lc-idmap [ -v ] [ -R root ] [ -r ] [ -o flags ] ( ( -b map | -u map | -g map | -m type:map )... | -n nsfile ) source target prog...'

setup ()
{
  mkdir src dst
  touch src/root src/user src/high
  chown 1:2 src/user
  chown 70000:70000 src/high
}

owner_is ()  # OWNER FILE…
{
  local want=$1 f
  shift
  for f; do is "$(stat -c %u:%g "$f")" "$want" "the owner of $f" || return 1; done
}

flags_of ()
{
  state mounts | d=$1 awk '$2 == ENVIRON["d"] { l = $6 } END { print l }'
}

not_mounted ()
{
  is "$(state mounts | d=$1 awk '$2 == ENVIRON["d"]')" '' "what is mounted at $1"
}

holder ()  # ARGS…: a process in new namespaces, SPAWNED
{
  spawn lc-unshare "$@" sh -c 'echo ready; exec sleep 1000'
  expect ready
}

@test "wrong usage" {
  fails 100 "$usage" lc-idmap
  fails 100 "$usage" lc-idmap -b 0:1000:1
  fails 100 "$usage" lc-idmap -b 0:1000:1 src
  fails 100 "$usage" lc-idmap -z src dst
  fails 100 'lc-idmap: fatal: no map: -b, -u, -g, -m or -n is needed' lc-idmap src dst true
  fails 100 'lc-idmap: fatal: -n gives the maps: it excludes -b, -u, -g and those of -m' lc-idmap -n /proc/self/ns/user -b 0:1:1 src dst true
  fails 100 'lc-idmap: fatal: -n gives the maps: it excludes -b, -u, -g and those of -m' lc-idmap -g 0:1:1 -n /proc/self/ns/user src dst true
  fails 100 'lc-idmap: fatal: option bind is not a flag of a mount' lc-idmap -o ro,bind -b 0:1:1 src dst true
  fails 100 'lc-idmap: fatal: option size=1m is not a flag of a mount' lc-idmap -o size=1m -b 0:1:1 src dst true
  fails 100 'lc-idmap: fatal: invalid id map: 0:x (expected inside:outside[:count])' lc-idmap -b 0:x src dst true
  fails 100 'lc-idmap: fatal: id maps 0:100:10 and 5:200:10 overlap inside' lc-idmap -b 0:100:10 -b 5:200:10 src dst true
  fails 100 'lc-idmap: fatal: id maps 0:100:10 and 20:105:10 overlap outside' lc-idmap -u 0:100:10 -u 20:105:10 src dst true
  not_mounted /mnt/dst
}

@test "-m: maps with their kind before them, and namespaces" {
  local both user group
  for both in b both; do
    ok lc-idmap -m "$both:0:1000000:65536" src dst stat -c %u:%g dst/user
    stdout_is 1000001:1000002
    umount dst
  done
  for user in u uid; do
    for group in g gid; do
      ok lc-idmap -m "$user:0:1000000:65536" -m "$group:0:2000000:65536" src dst stat -c %u:%g dst/user
      stdout_is 1000001:2000002
      umount dst
    done
  done
  fails_like 100 'lc-idmap: fatal: invalid map: x:0:1:1 \(expected .*\)' lc-idmap -m x:0:1:1 src dst
  fails 100 'lc-idmap: fatal: invalid id map: 0:x (expected inside:outside[:count])' lc-idmap -m b:0:x src dst
  not_mounted /mnt/dst
  holder -M 0:500000:1000 -G 0:600000:1000
  ok lc-idmap -m "/proc/$SPAWNED/ns/user" src dst
  owner_is 500001:600002 dst/user
}

@test "-b shows the ids of both kinds, shifted" {
  ok lc-idmap -b 0:1000000:65536 src dst stat -c %u:%g dst dst/root dst/user
  stdout_is $'1000000:1000000\n1000000:1000000\n1000001:1000002'
  owner_is 0:0 src src/root
  owner_is 1:2 src/user
}

@test "an id that is not mapped shows as nobody" {
  ok lc-idmap -b 0:1000000:65536 src dst
  owner_is 65534:65534 dst/high
}

@test "files created through it have the ids of the disk, chown goes back and forth" {
  ok lc-idmap -b 0:100000:65536 src dst
  chmod 777 dst
  ok setpriv --reuid 100005 --regid 100006 --clear-groups touch dst/new
  owner_is 5:6 src/new
  owner_is 100005:100006 dst/new
  ok chown 100007:100008 dst/new
  owner_is 7:8 src/new
  # an id that the mount does not have cannot be stored
  refute chown 7:8 dst/new
  refute touch dst/byroot
  owner_is 7:8 src/new
  ok chown 9:9 src/new
  owner_is 100009:100009 dst/new
}

@test "several lines, users and groups apart" {
  ok lc-idmap -u 0:1000:1 -u 1:5000:1 -u 70000:9:1 -g 0:2000:2 -g 2:77:1 src dst stat -c %u:%g dst/root dst/user dst/high
  stdout_is $'1000:2000\n5000:77\n9:65534'
}

@test "-u alone: groups stay what they are; -g alone: users do" {
  mkdir other
  ok lc-idmap -u 0:1000:10 src dst stat -c %u:%g dst/root dst/user dst/high
  stdout_is $'1000:0\n1001:2\n65534:70000'
  ok lc-idmap -g 0:1000:10 src other stat -c %u:%g other/root other/user other/high
  stdout_is $'0:1000\n1:1002\n70000:65534'
}

@test "340 lines, as the kernel takes them" {
  local i maps=()
  for ((i = 0; i < 340; i++)); do maps+=(-b "$i:$((i * 2 + 1000)):1"); done
  chown 339:339 src/user
  ok lc-idmap "${maps[@]}" src dst
  owner_is 1678:1678 dst/user
  fails 100 'lc-idmap: fatal: more than the 340 lines of an id map that the kernel takes, at 340:9:1' lc-idmap "${maps[@]}" -b 340:9:1 src dst true
}

@test "source and target may be the same" {
  ok lc-idmap -b 0:1000000:65536 src src
  owner_is 1000001:1000002 src/user
  umount src
  owner_is 1:2 src/user
}

@test "the source may be a file" {
  touch target
  ok lc-idmap -b 0:1000000:65536 src/user target
  owner_is 1000001:1000002 target
  fails 111 'lc-idmap: fatal: unable to mount src/user on dst (a directory and a non-directory): Not a directory' lc-idmap -b 0:1:1 src/user dst true
  fails 111 'lc-idmap: fatal: unable to mount src on src/root (a directory and a non-directory): Not a directory' lc-idmap -b 0:1:1 src src/root true
}

@test "a fifo is not opened" {
  mkfifo src/fifo target
  ok timeout 20 lc-idmap -b 0:1000000:65536 src/fifo target
  owner_is 1000000:1000000 target
}

@test "a source that is a mount of its own flags, and -o" {
  mount -t tmpfs -o nosuid,noatime x src
  touch src/file
  ok lc-idmap -b 0:7:1 src dst
  is "$(flags_of /mnt/dst)" rw,nosuid,noatime,idmapped
  ok lc-idmap -b 0:7:1 -o ro,nodev -o noexec,nosymfollow src dst
  is "$(flags_of /mnt/dst)" ro,nosuid,nodev,noexec,noatime,nosymfollow,idmapped
  owner_is 7:7 dst/file
  refute touch dst/new
  is "$(flags_of /mnt/src)" rw,nosuid,noatime
}

@test "-r takes the submounts too, without it they are not there" {
  mkdir src/sub
  mount -t tmpfs -o nodev x src/sub
  mkdir src/sub/deep
  mount -t tmpfs y src/sub/deep
  chown 3:3 src/sub/deep
  ok lc-idmap -r -o nosuid -b 0:1000:65536 src dst
  owner_is 1000:1000 dst dst/sub
  owner_is 1003:1003 dst/sub/deep
  is "$(flags_of /mnt/dst/sub)" rw,nosuid,nodev,relatime,idmapped
  is "$(flags_of /mnt/dst/sub/deep)" rw,nosuid,relatime,idmapped
  umount -R dst
  ok lc-idmap -b 0:1000:65536 src dst
  is "$(state mounts | grep -c ' /mnt/dst')" 1
  [[ ! -e dst/sub/deep ]]
}

@test "-r: one file system in the tree that cannot is enough to fail, and nothing is mounted" {
  mkdir src/proc
  mount -t proc proc src/proc
  fails_like 111 'lc-idmap: fatal: unable to map the ids of src \(file system: tmpfs, or one below it: it does not support idmapped mounts here\): Invalid argument' \
    lc-idmap -r -b 0:1000:65536 src dst touch ran
  not_mounted /mnt/dst
  [[ ! -e ran ]]
  ok lc-idmap -b 0:1000:65536 src dst
}

@test "-R: the target is in the root, and no link leads out of it" {
  local hide t
  mkdir -p root/in out root/one/two
  ln -s /mnt/out root/abs
  ln -s ../out root/rel
  ln -s /in root/inside
  for hide in '' openat2; do
    for t in /in in /inside ../../in /one/../in; do
      ok ${hide:+hide-syscalls "$hide"} lc-idmap -R root -b 0:1000:65536 src "$t"
      owner_is 1000:1000 root/in
      umount root/in
    done
    for t in abs rel abs/x; do
      fails_like 111 "lc-idmap: fatal: unable to open $t in root: (No such file or directory|Too many levels of symbolic links)" \
        ${hide:+hide-syscalls "$hide"} lc-idmap -R root -b 0:1000:65536 src "$t" true
    done
    not_mounted /mnt/out
  done
  fails 111 'lc-idmap: fatal: unable to open the root nosuch: No such file or directory' lc-idmap -R nosuch -b 0:1:1 src dst true
  fails 111 'lc-idmap: fatal: unable to open nosuch: No such file or directory' lc-idmap -b 0:1:1 src nosuch true
  fails 111 'lc-idmap: fatal: unable to open nosuch: No such file or directory' lc-idmap -b 0:1:1 nosuch dst true
}

@test "ext4, through a loop device" {
  need fs:ext4 loop mkfs.ext4
  local img=$BATS_TEST_TMPDIR/ext4 n
  truncate -s 4M "$img"
  mkfs.ext4 -q -O ^has_journal -d src "$img"
  mkdir disk
  mount -o loop "$img" disk
  ok lc-idmap -b 0:100000:65536 disk dst
  owner_is 100001:100002 dst/user
  chmod 777 dst
  ok setpriv --reuid 100009 --regid 100009 --clear-groups touch dst/new
  owner_is 9:9 disk/new
  umount dst disk
  for ((n = 0; n < 500; n++)); do
    if ! grep -qs "$img" /sys/block/loop*/loop/backing_file; then break; fi
    read -r -t 0.02 _ <> <(:) || :
  done
  ((n < 500))
}

@test "-n: the maps of a user namespace that exists" {
  holder -M 0:500000:1000 -G 0:600000:1000
  ok lc-idmap -n "/proc/$SPAWNED/ns/user" src dst
  owner_is 500001:600002 dst/user
  owner_is 65534:65534 dst/high
  kill -KILL "$SPAWNED"
  # the mount holds the namespace
  owner_is 500001:600002 dst/user
}

@test "-n: what is no user namespace" {
  fails 100 'lc-idmap: fatal: /proc/self/ns/pid is not the file of a user namespace' lc-idmap -n /proc/self/ns/pid src dst true
  fails 100 'lc-idmap: fatal: /etc/passwd is not the file of a user namespace' lc-idmap -n /etc/passwd src dst true
  fails 111 'lc-idmap: fatal: unable to open nosuch: No such file or directory' lc-idmap -n nosuch src dst true
  fails_like 111 'lc-idmap: fatal: unable to map the ids of src \(file system: tmpfs: its ids are mapped already, it belongs to another user namespace, or the namespace is the first one\): Operation not permitted' \
    lc-idmap -n /proc/self/ns/user src dst touch ran
  not_mounted /mnt/dst
  [[ ! -e ran ]]
}

@test "-n: a fifo does not block" {
  mkfifo fifo
  fails 100 'lc-idmap: fatal: fifo is not the file of a user namespace' timeout 20 lc-idmap -n fifo src dst true
}

@test "what does not support it is named" {
  need fs:overlay
  mkdir l1 l2 merged
  mount -t overlay -o lowerdir=l1:l2 ov merged
  fails 111 'lc-idmap: fatal: unable to map the ids of /proc (file system: proc: it does not support idmapped mounts here): Invalid argument' \
    lc-idmap -b 0:1000:1 /proc dst touch ran
  fails 111 'lc-idmap: fatal: unable to map the ids of merged (file system: overlay: it does not support idmapped mounts here): Invalid argument' \
    lc-idmap -b 0:1000:1 merged dst touch ran
  not_mounted /mnt/dst
  [[ ! -e ran ]]
}

@test "what is idmapped already is said to be" {
  ok lc-idmap -b 0:1000:65536 src src
  mkdir other
  fails_like 111 'lc-idmap: fatal: unable to map the ids of src \(file system: tmpfs: its ids are mapped already, .*\): Operation not permitted' \
    lc-idmap -b 0:5000:65536 src other touch ran
  [[ ! -e ran ]]
  not_mounted /mnt/other
}

@test "inside a user namespace: its own file systems can be mapped, others cannot" {
  ok lc-unshare -m -B 0:100000:65536 sh -c '
    mount -t tmpfs x /mnt/dst && touch /mnt/dst/f && mkdir /mnt/dst/t && mkdir /mnt/dst/s && touch /mnt/dst/s/f &&
    lc-idmap -b 0:1000:10 /mnt/dst/s /mnt/dst/t stat -c %u:%g /mnt/dst/t/f'
  stdout_is 1000:1000
  fails 111 'lc-idmap: fatal: unable to map the ids of /mnt/src (file system: tmpfs: its ids are mapped already, it belongs to another user namespace, or the namespace is the first one): Operation not permitted' \
    lc-unshare -m -B 0:100000:65536 lc-idmap -b 0:1000:10 /mnt/src /mnt/dst true
}

@test "an ordinary user is refused" {
  as_user mkdir /run/tester/a /run/tester/b
  fails_like 111 'lc-idmap: fatal: unable to clone the mount at /run/tester/a \(not privileged over this mount namespace: lc-unshare -m makes a new one; or a seccomp filter hides mount_setattr\): Operation not permitted' \
    as_user lc-idmap -b 0:65533:1 /run/tester/a /run/tester/b touch /run/tester/ran
  [[ ! -e /run/tester/ran ]]
}

@test "without mount_setattr there is no fallback, and the message says so" {
  local call
  for call in mount_setattr open_tree; do
    fails 111 'lc-idmap: fatal: unable to map the ids of src: no mount_setattr: it needs Linux 5.12, or a seccomp filter hides it' \
      hide-syscalls "$call" lc-idmap -b 0:1000:1 src dst touch ran
  done
  fails_like 111 'lc-idmap: fatal: unable to .* src .*seccomp.*: Operation not permitted' \
    hide-syscalls -e EPERM mount_setattr lc-idmap -b 0:1000:1 src dst touch ran
  not_mounted /mnt/dst
  [[ ! -e ran ]]
  refute hide-syscalls move_mount lc-idmap -b 0:1000:1 src dst touch ran
  not_mounted /mnt/dst
  [[ ! -e ran ]]
}

@test "the clone of a shared mount is private" {
  mount -t tmpfs x src
  mkdir src/sub
  mount --make-shared src
  ok lc-idmap -b 0:0:65536 src dst
  mount -t tmpfs leak dst/sub
  not_mounted /mnt/src/sub
  is "$(state mounts | awk '$2 == "/mnt/dst" { print $7 }')" private
}

@test "nothing shows in the namespace that the caller came from" {
  local before
  before=$(state mounts)
  ok unshare -m lc-idmap -b 0:1000:65536 src dst stat -c %u dst
  stdout_is 1000
  is "$(state mounts)" "$before"
}

@test "nothing else changes for prog" {
  same_state lc-idmap -b 0:1000:65536 src dst
  same_state lc-idmap -r -R /mnt -u 0:1000:65536 src /dst
  is "$(fresh -m 077 -i CHLD -b TERM lc-idmap -b 0:1000:65536 src dst state sigs misc)" "$(fresh -m 077 -i CHLD -b TERM state sigs misc)"
  is "$(fresh -i CHLD lc-idmap -b 0:1000:65536 src dst stat -c %u dst)" 1000
  # no child is left behind
  ok sh -c 'lc-idmap -b 0:1000:65536 src dst sh -c "ps -o stat= --ppid \$\$ | grep -c Z || :"'
  stdout_is 0
}

@test "an absent prog exits 0; -v and LCBOOT_VERBOSE" {
  ok lc-idmap -b 0:1000:65536 src dst
  stdout_is ''
  owner_is 1000:1000 dst
  try lc-idmap -v -b 0:1000:65536 src dst true
  status_is 0
  stderr_is 'lc-idmap: info: src is on dst with its ids mapped'
  try env LCBOOT_VERBOSE=1 lc-idmap -b 0:1000:65536 src dst true
  stderr_is 'lc-idmap: info: src is on dst with its ids mapped'
}

@test "a mount on the working directory: a warning that it stays below" {
  mkdir here
  touch here/f
  cd here
  try lc-idmap -b 0:7:10 . . stat -c %u f
  status_is 0
  stdout_is 0
  stderr_is 'lc-idmap: warning: the working directory stays below what was mounted on .'
  is "$(stat -c %u /mnt/here/f)" 7
  mkdir /mnt/other
  ok lc-idmap -b 0:7:10 . /mnt/other
}

@test "no more user namespaces to be had" {
  need strace
  mkdir a b
  try strace -f -qq -o /dev/null -e inject=clone:error=ENOSPC lc-idmap -b 0:1000:1 a b touch ran
  status_is 111
  stderr_is 'lc-idmap: fatal: unable to make a user namespace (see /proc/sys/user/max_user_namespaces): No space left on device'
  run ! test -e ran
}

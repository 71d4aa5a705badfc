#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2317 # for inner shells; functions that bats calls
#
# lc-pivot: the new root, what becomes of the old one, and the commands that run
# in the new one.

load lib

new_calls=fsopen,fsconfig,fsmount,fspick,open_tree,move_mount,mount_setattr

# A guest: busybox, state and escape, a /dev/null

guest ()
{
  busybox_root "$1"
  mknod -m 0666 "$1/dev/null" c 1 3
  cp "$LCBOOT_TESTS/state" "$LCBOOT_TESTS/escape" "$1/bin/"
}

# A boot image on a tmpfs of its own, with a guest on another one at /mnt/root,
# our programs, and a file that tells that it is the boot image

boot_image ()
{
  mkdir -p boot
  mount -t tmpfs -o mode=0755 boot boot
  guest boot
  cp "$LCBOOT_BIN"/lc-* "$LCBOOT_TESTS"/{fresh,hide-syscalls} boot/bin/
  mkdir boot/mnt/root
  touch boot/marker
  mount -t tmpfs -o mode=0755 guest boot/mnt/root
  guest boot/mnt/root
}

# pivot_r OPTION…: into r with a /proc in it

pivot_r ()
{
  lc-unshare -m lc-mountfs -R r -t proc proc /proc lc-pivot "$@"
}

# in_boot CMD…: CMD as PID 1 in the boot image, with a /proc there and in the guest

in_boot ()
{
  fresh lc-unshare -m -p lc-pivot boot lc-mountfs -t proc proc /proc lc-mountfs -t proc proc /mnt/root/proc "$@"
}

# refused CODE ERE CMD…: it fails so, and changes no mount

refused ()
{
  local before
  before=$(state mounts)
  fails_like "$@" || return 1
  is "$(state mounts)" "$before" "the mounts after a failure"
}

@test "wrong usage" {
  mkdir -p r
  usage='lc-pivot: usage: lc-pivot \[ -v \].* newroot prog\.\.\.'
  refused 100 "$usage" lc-pivot
  refused 100 "$usage" lc-pivot r
  refused 100 "$usage" lc-pivot -x r true
  refused 100 'lc-pivot: fatal: -c and -s exclude each other' lc-pivot -c -s r true
  refused 100 'lc-pivot: fatal: -o is of use only with a pivot, not with -c' lc-pivot -c -o /old r true
  refused 100 'lc-pivot: fatal: -o is of use only with a pivot, not with -s' lc-pivot -o /old -s r true
  refused 100 'lc-pivot: fatal: -o wants an absolute path, inside the new root, not old' lc-pivot -o old r true
  refused 100 'lc-pivot: fatal: -o wants an absolute path, inside the new root, not ' lc-pivot -o '' r true
  for o in / // ///; do
    refused 100 'lc-pivot: fatal: the old root cannot stay at /' lc-pivot -o "$o" r true
  done
  for fd in 0 1 2 99 -1 +3 3x '' 4294967299 99999999999999999999; do
    refused 100 "lc-pivot: fatal: -i wants an open descriptor above 2, not ${fd//+/.}" lc-pivot -i "$fd" ' true' '' r true
  done
  refused 100 'lc-pivot: fatal: -b must be followed by a block, not by true' lc-pivot -b true r true
  refused 100 'lc-pivot: fatal: unterminated block after -b' lc-pivot -b ' true' r true
  refused 100 'lc-pivot: fatal: unterminated block after -b' lc-pivot -b ' true'
  refused 100 'lc-pivot: fatal: no block after -b' lc-pivot -b
  refused 100 'lc-pivot: fatal: empty block after -b' lc-pivot -b '' r true
  refused 100 'lc-pivot: fatal: -b must be the last option of its argument, -bc' lc-pivot -bc ' true' '' r true
  twice () { fresh -k 5 lc-pivot -i 5 ' true' '' -i 5 ' true' '' r true 5< /dev/null; }
  refused 100 'lc-pivot: fatal: a descriptor can be given to one -i only' twice
}

@test "the new root is the root, and the working directory" {
  guest r
  touch r/here
  ln -s r link
  mkdir sub
  for new in /mnt/r r ./r/ sub/../r link ../mnt/link; do
    ok lc-unshare -m lc-pivot "$new" sh -c 'pwd; ls /here here; cd ..; pwd'
    stdout_is $'/\n/here\nhere\n/'
  done
  cd r/etc
  ok lc-unshare -m lc-pivot .. sh -c 'pwd; ls /here'
  stdout_is $'/\n/here'
  ok lc-unshare -m lc-pivot -- ../ pwd
  stdout_is /
}

@test "only the new root's mounts are left, each as it was" {
  guest r
  ok pivot_r r state mounts
  stdout_is $'mount / tmpfs lcboot-test /r rw,relatime private rw,mode=755\nmount /proc proc proc / rw,relatime private rw'
  mount -t tmpfs -o nosuid,noexec,mode=0700 inner r/opt
  mkdir r/opt/deep
  mount --bind r/etc r/opt/deep
  ok pivot_r r sh -c 'cut -d " " -f 5,6 /proc/self/mountinfo'
  stdout_is $'/ rw,relatime\n/opt rw,nosuid,noexec,relatime\n/opt/deep rw,relatime\n/proc rw,relatime'

  # a mount point is taken as it is
  mkdir m
  mount -t tmpfs -o nodev,mode=0755 m m
  guest m
  mount -t proc proc m/proc
  ok lc-unshare -m lc-pivot m state mounts
  stdout_is $'mount / tmpfs m / rw,nodev,relatime private rw,mode=755\nmount /proc proc proc / rw,relatime private rw'
}

@test "prog gets everything as it came" {
  guest r
  mount -t tmpfs -o mode=0755 m r/opt
  guest r/opt
  same () { cd /; fresh lc-unshare -m "$@" | grep -v '^cwd'; }
  want=$(same state)
  [[ $want == *blocked* ]]
  for how in '' -c '-o /mnt'; do
    # shellcheck disable=SC2086
    is "$(same lc-pivot $how /mnt/r state)" "$want" "how it starts with $how"
    # shellcheck disable=SC2086
    is "$(same lc-pivot $how -b ' true' ' -x' '' /mnt/r state)" "$want" "how it starts with $how and -b"
  done
  leaky () { fresh -k 9 -i HUP -i CHLD -b USR1 -b CHLD -m 077 lc-unshare -m "$@" 9< /mnt/r/etc/passwd; }
  try leaky state sigs fds misc
  want=$output
  stdout_has 'fd 9 file r'
  try leaky lc-pivot r state sigs fds misc
  stdout_is "$want"
  try leaky lc-pivot -b ' true' '' r state sigs fds misc
  stdout_is "$want"
  A='x y' ok env -i A=b PATH=/bin "$LCBOOT_BIN/lc-unshare" -m "$LCBOOT_BIN/lc-pivot" -b ' true' '' r state env
  stdout_is $'env A=b\nenv PATH=/bin'
}

@test "prog is looked up in the new root: 126 and 127" {
  guest r
  printf '#!/bin/sh\necho guest "$@"\n' > r/bin/greet
  chmod 0755 r/bin/greet
  ok lc-unshare -m lc-pivot r greet 1 2
  stdout_is 'guest 1 2'
  ok env -u PATH "$LCBOOT_BIN/lc-unshare" -m "$LCBOOT_BIN/lc-pivot" r greet
  stdout_is guest
  fails 127 'lc-pivot: fatal: unable to exec lc-unshare: No such file or directory' lc-unshare -m lc-pivot r lc-unshare
  fails 127 'lc-pivot: fatal: unable to exec /no: No such file or directory' lc-unshare -m lc-pivot r /no
  fails 126 'lc-pivot: fatal: unable to exec /etc/passwd: Permission denied' lc-unshare -m lc-pivot r /etc/passwd
  fails 126 'lc-pivot: fatal: unable to exec /etc: Permission denied' lc-unshare -m lc-pivot r /etc
  try lc-unshare -m lc-pivot r sh -c 'exit 7'
  status_is 7
}

@test "nothing of the old root can be reached" {
  boot_image
  # the control: out of a mere chroot it finds the way
  try in_boot lc-pivot -c /mnt/root escape marker
  status_is 0
  stdout_has 'chroot: escaped'
  stdout_has 'procself: no'

  try in_boot lc-pivot /mnt/root escape marker
  status_is 1
  [[ $output != *escaped* && $output == *'procroot: no'* ]] || _lib_report "escaped, or did not try"

  # a command: its failure is what is wanted, so it is turned round
  printf '#!/bin/sh\nescape marker && exit 1\nls -d /proc/1/root/bin > /dev/null || exit 2\nexit 0\n' > boot/mnt/root/bin/tries
  try in_boot lc-pivot -b ' tries' '' /mnt/root sh -c 'echo end; readlink /proc/1/cwd; readlink /proc/1/root'
  status_is 0
  stdout_like $'end\n/\n/$'
  [[ $output != *escaped* && $output == *'procroot: no'* ]] || _lib_report "escaped, or did not try"

  # the same command after chroot gets out
  try in_boot lc-pivot -c -b ' tries' '' /mnt/root sh -c 'echo end'
  status_is 111
  stdout_has escaped
}

@test "what a command sees of lc-pivot is no directory of the boot image" {
  boot_image
  printf '#!/bin/sh\nfor i in /proc/1/fd/*; do echo $(basename $i) $(readlink $i); done\nreadlink /proc/1/cwd\nreadlink /proc/1/root\n' > boot/mnt/root/bin/look
  try in_boot lc-pivot -b ' sh' ' /bin/look' '' /mnt/root true
  status_is 0
  stdout_like $'\n/\n/$'
  run ! grep -vE '^([012] .*|[0-9]+ /dev/null|/)$' <<< "$output"

  # nor of a step before, which may be the same process
  mkdir -p boot/mnt/root/dev boot/dev
  try in_boot lc-mountfs -o rbind /mnt/root /mnt/root lc-mountdev -R /mnt/root /dev lc-pivot -b ' sh' ' /bin/look' '' /mnt/root true
  status_is 0
  stdout_like $'\n/\n/$'
  run ! grep -vE '^([012] .*|[0-9]+ /dev/null|/)$' <<< "$output"
}

@test "a command of a guest in a user namespace cannot write to the program that runs it" {
  boot_image
  chmod 0777 boot/mnt/root
  cat > boot/mnt/root/grab <<'EOF'
#!/bin/sh
exec 3< /proc/1/exe
( while readlink /proc/1/exe | grep -q pivot ; do : ; done
  echo overwritten 2> /dev/null > /proc/self/fd/3
  echo "ended with $?" > /result ) &
exit 0
EOF
  sum=$(cksum < boot/bin/lc-pivot)
  try in_boot lc-unshare -m -p -B 0:100000:65536 lc-mountfs -t proc proc /mnt/root/proc lc-pivot -b ' /grab' '' /mnt/root \
    sh -c 'until test -s /result; do :; done; cat /result'
  stdout_is 'ended with 1'
  is "$(cksum < boot/bin/lc-pivot)" "$sum"
}

@test "a root that something is mounted over goes as a whole, and takes nothing with it outside" {
  local cover
  guest r
  mkdir r/old
  touch r/canary
  for cover in '--bind /etc /' '-t tmpfs -o mode=0755 cover /'; do
    # the control: it is covered
    ok unshare -m sh -c "mount $cover"'; test / -ef /.. && exit 1; exit 0'
    ok unshare -m sh -c "mount $cover"'; exec lc-pivot r sh -c "test / -ef /.. && ls /../canary"'
    stdout_is /../canary
    ok unshare -m sh -c "mount $cover"'; exec lc-pivot -o /old r sh -c "test / -ef /.. && ls /../canary && umount /old && ls /old"'
    stdout_like $'^/../canary\n.*(^|\n)etc(\n|$)'
    fails 111 'lc-pivot: fatal: unable to move the old root to /old (something is mounted over it): Device or resource busy' \
      hide-syscalls move_mount unshare -m sh -c "mount $cover"'; exec lc-pivot -o /old r true'
  done
  ok unshare -m --propagation private sh -c 'mount --make-shared / && mount -t tmpfs -o mode=0755 cover / &&
    lc-unshare -m -P unchanged lc-pivot r true && grep -c " cover " /proc/self/mountinfo'
  stdout_is 1
}

@test "-o: the old root stays there, with all that is mounted in it" {
  guest r
  mkdir -p r/sysroot r/deep/er/old old1
  ln -s /deep/er r/link
  ln -s ../../../sysroot r/up
  mount -t tmpfs old1 old1
  touch old1/submount
  for o in /sysroot /deep/er/old /link/old /up /../sysroot /deep/../up/ //sysroot; do
    ok lc-unshare -m lc-pivot -o "$o" r sh -c "ls $o/mnt/old1 $o/mnt/r/bin/state; pwd; cd $o; pwd -P"
    stdout_like $'^/.*/mnt/r/bin/state\n\n/.*/mnt/old1:\nsubmount\n/\n/(sysroot|deep/er/old)$'
  done
  ok lc-unshare -m lc-pivot -o /sysroot r sh -c 'umount -l /sysroot; ls /sysroot; mount -t proc p /proc; cut -d " " -f 5 /proc/self/mountinfo'
  stdout_is $'/\n/proc'
  # in the world outside nothing is new
  is "$(ls r/sysroot)" ''
}

@test "-o: missing, not a directory, the new root itself: nothing happens" {
  guest r
  mkdir r/d
  ln -s / r/d/root
  ln -s /nowhere r/d/dangling
  ln -s /proc/self/root r/d/magic
  touch r/f
  mkfifo r/fifo
  refused 111 'lc-pivot: fatal: unable to open /no in r: No such file or directory' lc-pivot -o /no r true
  refused 111 'lc-pivot: fatal: unable to open /d/dangling in r: No such file or directory' lc-pivot -o /d/dangling r true
  refused 111 'lc-pivot: fatal: unable to open /f in r: Not a directory' lc-pivot -o /f r true
  refused 111 'lc-pivot: fatal: unable to open /fifo in r: Not a directory' lc-pivot -o /fifo r true
  refused 111 'lc-pivot: fatal: unable to open /f/x in r: Not a directory' lc-pivot -o /f/x r true
  for o in /. /.. /d/.. /d/root /d/root/; do
    refused 111 'lc-pivot: fatal: unable to open .* in r \(it is the new root itself\): Device or resource busy' lc-pivot -o "$o" r true
  done
  mount -t proc proc r/proc
  refused 111 'lc-pivot: fatal: unable to open /d/magic in r: .*' lc-pivot -o /d/magic r true
  refused 111 'lc-pivot: fatal: unable to open /d/magic in r: .*' without openat2 -- lc-pivot -o /d/magic r true
}

@test "-c: only the root is changed" {
  guest r
  mount -t proc proc r/proc
  ok lc-pivot -c r sh -c 'pwd; ls -d /etc/os-release; wc -l < /proc/self/mountinfo'
  stdout_is "$(printf '/\n/etc/os-release\n1')"
  is "$(readlink /proc/self/root)" /
  as_user true
  refused 111 'lc-pivot: fatal: unable to change root to r: Operation not permitted' as_user lc-pivot -c r true
  ok lc-pivot -c -b ' sh' ' -c' ' echo in; pwd' '' r echo end
  stdout_is $'in\n/\nend'
}

@test "-s: a tmpfs as the root is emptied, but for what is mounted" {
  boot_image
  mkdir -p boot/keep boot/some/deep/tree boot/mnt/more
  touch boot/some/deep/tree/file boot/some/.hidden boot/keep.file
  ln -s /mnt/root boot/some/link
  mount -t tmpfs keep boot/keep
  touch boot/keep/file boot/mnt/root/safe
  mkdir precious
  touch precious/file
  mount --bind precious boot/mnt/more
  ok lc-unshare -m lc-pivot boot lc-pivot -s /mnt/root sh -c 'pwd; ls -d /bin/state /safe; test ! -e /marker'
  stdout_is $'/\n/bin/state\n/safe'
  is "$(find boot -xdev | sort | tr '\n' ' ')" 'boot boot/keep boot/mnt boot/mnt/more '
  is "$(ls boot/keep precious)" $'boot/keep:\nfile\n\nprecious:\nfile'
}

@test "-s: a mount of the same file system is not emptied either" {
  mkdir big
  mount -t tmpfs -o mode=0755 big big
  cd big
  boot_image_here () { mkdir boot precious; guest boot; cp "$LCBOOT_BIN"/lc-* boot/bin/; mkdir boot/mnt/root boot/mnt/more; }
  boot_image_here
  touch precious/file
  mount --bind boot boot
  mount --bind precious boot/mnt/more
  mount -t tmpfs -o mode=0755 guest boot/mnt/root
  guest boot/mnt/root
  ok lc-unshare -m lc-pivot boot lc-pivot -s /mnt/root true
  is "$(ls precious; ls boot)" $'file\nmnt'
}

@test "-s: any other root is left as it is" {
  guest "$BATS_TEST_TMPDIR/boot"
  cd "$BATS_TEST_TMPDIR"
  cp "$LCBOOT_BIN"/lc-* boot/bin/
  mkdir boot/mnt/root
  mount -t tmpfs -o mode=0755 guest boot/mnt/root
  guest boot/mnt/root
  touch boot/mnt/root/safe
  [[ $(stat -f -c %T boot) != tmpfs ]] || cannot "the temporary directory is on a tmpfs"
  before=$(find boot | sort)
  try lc-unshare -m lc-pivot boot lc-pivot -v -s /mnt/root ls /safe
  status_is 0
  stdout_is /safe
  stderr_has 'it is left as it is'
  is "$(find boot | sort)" "$before"
}

@test "-s: a new root in the file system of the present one is refused" {
  boot_image
  mkdir boot/inside
  before=$(find boot -xdev | sort)
  for new in /inside / /mnt/root/../../inside; do
    fails 111 "lc-pivot: fatal: unable to switch root to $new: it is in the file system of the present root" \
      lc-unshare -m lc-pivot boot lc-pivot -s "$new" true
  done
  is "$(find boot -xdev | sort)" "$before"
}

@test "what cannot work is refused, with the likely reason, and changes nothing" {
  guest r
  cp "$LCBOOT_BIN/lc-pivot" r/bin/
  mount -t tmpfs mnt r/mnt
  mkdir r/mnt/.x r/etc/.x
  touch file
  mkfifo fifo
  refused 111 'lc-pivot: fatal: unable to open none: No such file or directory' lc-pivot none true
  refused 111 'lc-pivot: fatal: unable to open file: Not a directory' lc-pivot file true
  refused 111 'lc-pivot: fatal: unable to open fifo: Not a directory' lc-pivot fifo true
  refused 111 'lc-pivot: fatal: unable to open : No such file or directory' lc-pivot '' true
  for how in '' '-o /mnt'; do
    # shellcheck disable=SC2086
    refused 111 'lc-pivot: fatal: unable to pivot_root into / \(it is the root already\): Device or resource busy' lc-pivot $how / true
    # shellcheck disable=SC2086
    refused 111 'lc-pivot: fatal: unable to pivot_root into r \(a shared mount.*\): Invalid argument' lc-unshare -m -P shared lc-pivot $how r true
    for new in /mnt /etc; do
      # shellcheck disable=SC2086
      refused 111 "lc-pivot: fatal: unable to pivot_root into $new \(.*the present root is a chroot\): Invalid argument" \
        lc-unshare -m chroot r lc-pivot ${how/mnt/.x} $new true
    done
  done
  mount --make-shared /mnt
  refused 111 'lc-pivot: fatal: unable to pivot_root into r \(a shared mount.*\): Invalid argument' lc-pivot r true
}

@test "a user without privileges" {
  guest r
  as_user true
  refused 111 'lc-pivot: fatal: unable to pivot_root into r \(not privileged in this mount namespace.*\): Operation not permitted' as_user lc-pivot r true
  mkdir m
  mount -t tmpfs -o mode=0755 m m
  guest m
  refused 111 'lc-pivot: fatal: unable to pivot_root into m \(not privileged in this mount namespace.*\): Operation not permitted' as_user lc-pivot m true
  for new in r m; do
    ok as_user lc-unshare -m -B self lc-pivot -b ' true' '' "$new" sh -c 'id -u; ls /etc/os-release; mount -t tmpfs x /opt'
    stdout_is $'0\n/etc/os-release'
    ok as_user lc-unshare -m -B self lc-pivot -o /mnt "$new" ls /mnt/mnt/r/etc/os-release
    ok as_user lc-unshare -m -B self lc-pivot -c "$new" ls /etc/os-release
  done
}

@test "in a mount namespace of a user namespace, where mounts are locked" {
  boot_image
  chown 100000:100000 boot/mnt/root
  try lc-unshare -m -p -B 0:100000:65536 lc-pivot boot/mnt/root lc-none
  status_is 127
  try in_boot lc-unshare -m -p -B 0:100000:65536 lc-mountfs -t proc proc /mnt/root/proc lc-pivot /mnt/root \
    sh -c 'escape marker; echo $?; cut -d " " -f 5 /proc/self/mountinfo'
  status_is 0
  stdout_like $'umount: no\n1\n/\n/proc\n/proc$'
  ok lc-unshare -m -p lc-pivot boot lc-unshare -m -p -B 0:100000:65536 lc-pivot -o /mnt /mnt/root ls /mnt/marker
}

@test "nothing is unmounted outside, whatever the propagation" {
  guest r
  mkdir other
  mount -t tmpfs other other
  mount -t tmpfs below r/opt
  before=$(state mounts)
  for p in private slave unchanged; do
    for how in '' '-o /mnt'; do
      # shellcheck disable=SC2086
      ok lc-unshare -m -P "$p" lc-pivot $how -b ' mount' ' -t' ' tmpfs' ' x' ' /home' '' r umount /opt
      is "$(state mounts)" "$before" "the mounts outside, with $p and $how"
    done
  done
  # shared mounts with one below, under a private root: the inner namespace gets peers of them
  mount --make-shared other
  mkdir other/sub
  mount -t tmpfs sub other/sub
  mount --make-shared r/opt
  before=$(state mounts)
  ok lc-unshare -m -P unchanged lc-pivot r true
  is "$(state mounts)" "$before"
  ok lc-unshare -m -P unchanged lc-pivot -o /mnt r umount /mnt/mnt/other/sub
  is "$(state mounts)" "$before"
  mount --make-rshared /
  before=$(state mounts)
  ok lc-unshare -m -P slave lc-pivot r true
  is "$(state mounts)" "$before"
  ok lc-unshare -m -P private lc-pivot -o /mnt r true
  is "$(state mounts)" "$before"
  refused 111 'lc-pivot: fatal: unable to pivot_root into r .*' lc-unshare -m -P unchanged lc-pivot r true
}

# Commands

@test "-b: commands run in order, in the new root, before prog, with nothing on standard input" {
  guest r
  touch marker
  ok lc-unshare -m lc-pivot -b ' sh' ' -c' ' echo 1; pwd; cat; ls /marker 2>&1; umask' '' -b ' echo' ' ' '' -b ' echo' ' 2' '  a  b' '' r echo prog <<< input
  stdout_is $'1\n/\nls: /marker: No such file or directory\n0022\n\n2  a  b\nprog'
  ok lc-unshare -m lc-pivot -b ' state' ' fds' '' r true <<< input
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w'
  ok lc-unshare -m lc-pivot -b ' true' '' r cat <<< input
  stdout_is input
}

@test "-b: a block in a script of execline" {
  guest r
  cat > s <<'EOF'
lc-unshare -m
lc-pivot -b { echo "Hello, 'next hop' root!" } -c -b { sh -ec "echo $1 ; exit 0" arg } -b { foreground { echo in } echo out }
/mnt/r echo end
EOF
  printf '#!/bin/sh\necho foreground "$@"\n' > r/bin/foreground
  chmod 0755 r/bin/foreground
  ok execlineb s
  stdout_is $'Hello, \'next hop\' root!\n\nforeground  echo  in  echo out\nend'
}

@test "-b: commands get the environment and the signals that lc-pivot got, and no other descriptors" {
  guest r
  leaky () { fresh -k 9 -k 10 -i HUP -i CHLD -i PIPE -b USR1 -b TERM -m 077 "$@" 9< /mnt 10> /mnt/out; }
  try leaky state sigs misc env
  want=$output
  try leaky lc-unshare -m lc-pivot -b ' state' ' sigs' ' misc' ' env' '' r true
  stdout_is "$want"
  stdout_has 'ignored HUP PIPE CHLD'
  try leaky lc-unshare -m lc-pivot -b ' state' ' fds' '' r true
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w'
  try leaky hide-syscalls close_range lc-unshare -m lc-pivot -b ' state' ' fds' '' r true
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w'
}

@test "-i: a command with a descriptor as its standard input, which nothing else gets" {
  guest r
  printf 'echo script "$@"\ncat\n' > in5
  echo six > in6
  feed () { fresh -k 5 -k 6 "$@" 5< in5 6< in6; }
  try feed lc-unshare -m lc-pivot -i 5 ' sh' ' -s' ' a b' '' -b ' state' ' fds' '' -i 6 ' sh' ' -c' ' cat; state fds' '' -b ' cat' '' r state fds
  status_is 0
  stderr_is ''
  stdout_is "$(printf '%s\n' 'script a b' 'fd 0 character 1:3 r' 'fd 1 file w' 'fd 2 file w' \
    six 'fd 0 file r' 'fd 1 file w' 'fd 2 file w' 'fd 0 character 1:3 r' 'fd 1 file w' 'fd 2 file w')"
  try feed lc-unshare -m lc-pivot -i5 ' cat' '' r state fds
  stdout_like $'\nfd 0 character 1:3 r\nfd 1 file w\nfd 2 file w\nfd 6 file r$'
  ok heredoc 3 'echo from a pipe' lc-unshare -m lc-pivot -i 3 ' sh' '' r echo end
  stdout_is $'from a pipe\nend'
}

@test "-t: a command with a text as its standard input" {
  guest r
  mount -t proc proc r/proc
  ok lc-unshare -m lc-pivot -b ' echo' ' a' '' -t ' b' ' c
' '' ' cat' '' -t '' ' wc' ' -c' '' -t ' d' '' ' sh' ' -c' ' ( echo x > /proc/self/fd/0 ) 2> /dev/null || echo sealed; cat' '' r \
    sh -c 'for d in /proc/self/fd/* ; do test -e $d && echo ${d##*/} ; done ; true'
  stdout_is $'a\nbc\n0\nsealed\nd0\n1\n2'
  fails_like 100 'lc-pivot: fatal: no block after the text of -t' lc-pivot -t ' a' ''
}

@test "a command that fails stops the chain: 111, it and its end are named" {
  guest r
  fails 111 'lc-pivot: fatal: the command sh exited with 3, so the program is not run' \
    lc-unshare -m lc-pivot -b ' sh' ' -c' ' exit 3' '' -b ' echo' ' next' '' r echo prog
  stdout_is ''
  fails 111 'lc-pivot: fatal: the command sh was killed by SIGKILL, so the program is not run' \
    lc-unshare -m lc-pivot -b ' echo' ' first' '' -b ' sh' ' -c' ' kill -KILL $$' '' r echo prog
  stdout_is first
  try lc-unshare -m lc-pivot -b ' /no/such' '' r echo prog
  status_is 111
  stdout_is ''
  stderr_is $'lc-pivot: fatal: unable to exec /no/such: No such file or directory\nlc-pivot: fatal: the command /no/such exited with 127, so the program is not run'
  feed () { fresh -k 5 "$@" 5< /dev/null; }
  try feed lc-unshare -m lc-pivot -i 5 ' false' '' r echo prog
  status_is 111
  stdout_is ''
  stderr_is 'lc-pivot: fatal: the command false exited with 1, so the program is not run'
}

@test "commands run by the rules of lc-tolerant" {
  guest r
  mkdir -p r/hooks/sub r/noexec
  for i in 1 sub/2 3; do printf '#!/bin/sh\necho "$0 $1"\n' > "r/hooks/$i"; done
  ok lc-unshare -m lc-pivot -b ' /hooks' ' x' '' -b ' hooks/1' '' -b ' ./hooks/sub' '' r echo end
  stdout_is $'/hooks/1 x\n/hooks/3 x\n/hooks/sub/2 x\nhooks/1 \n./hooks/sub/2 \nend'
  printf '#!/bin/sh\nexit 4\n' > r/hooks/2
  try lc-unshare -m lc-pivot -b ' /hooks' '' r echo end
  status_is 111
  stdout_is '/hooks/1 '
  stderr_is $'lc-pivot: fatal: /hooks/2 exited with 4\nlc-pivot: fatal: the command /hooks exited with 4, so the program is not run'
}

@test "as PID 1 it reaps what its commands orphan" {
  guest r
  mount -t proc proc r/proc
  mkfifo r/fifo
  printf '%s\n' '#!/bin/sh' '(read x < /fifo ; exit 3) &' 'echo $! > /pid' > r/orphan
  printf '%s\n' '#!/bin/sh' 'echo > /fifo' 'pid=$(cat /pid)' 'while [ -e /proc/$pid ] && ! grep -q "State:.*Z" /proc/$pid/status ; do : ; done' > r/release
  ok timeout 20 lc-unshare -m -p lc-mountfs -R r -t proc proc /proc lc-pivot -b ' /orphan' '' -b ' /release' '' r \
    ps -o pid,ppid,stat,comm
  stdout_like '1 +0 R +ps$'
  [[ $output != *Z* ]] || _lib_report "a zombie is left"
}

@test "a command's orphans and an ignored SIGCHLD do not hang it" {
  guest r
  ok timeout 20 lc-unshare -m fresh -i CHLD lc-pivot -b ' sh' ' -c' ' sleep 0.01 & exit 0' '' -b ' true' '' r echo end
  stdout_is end
  fails_like 111 'lc-pivot: fatal: the command false exited with 1, so the program is not run' \
    timeout 20 lc-unshare -m fresh -i CHLD lc-pivot -b ' false' '' r echo end
}

@test "children that the caller had are prog's to wait for" {
  guest r
  mkfifo r/fifo
  printf '%s\n' '#!/bin/sh' 'p=$(cat /pid)' 'echo > /fifo' 'while grep -q "State:.[RSD]" /proc/$p/status ; do : ; done' > r/ended
  mount -t proc proc r/proc
  ok lc-unshare -m sh -c '(read x < r/fifo; exit 5) & echo $! > r/pid; exec lc-pivot -b " /ended" "" r grep State "/proc/$!/status"'
  stdout_is $'State:\tZ (zombie)'
}

@test "a signal that comes while a command runs is prog's" {
  guest r
  mkfifo r/go
  spawn lc-unshare -m lc-pivot -b ' sh' ' -c' ' echo running; read x < /go' '' r sleep 1000
  expect running
  kill -TERM "$SPAWNED"
  echo > r/go
  finish
  is "$status" 143
}

# Hostile guests

@test "links and FIFOs in the place of what is looked for do no harm" {
  guest r
  mkdir host
  rm -rf r/dev r/proc r/sys r/tmp
  ln -s /mnt/host r/dev
  ln -s ../../../../mnt/host r/proc
  mkfifo r/sys
  mkfifo r/tmp
  before=$(state mounts; find host r | sort)
  ok timeout 20 lc-unshare -m lc-pivot -b ' state' ' fds' '' r echo end
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w\nend'
  fails_like 111 'lc-pivot: fatal: unable to open /sys in r: Not a directory' timeout 20 lc-unshare -m lc-pivot -o /sys r echo end
  fails_like 111 'lc-pivot: fatal: unable to open /dev in r: No such file or directory' timeout 20 lc-unshare -m lc-pivot -o /dev r echo end
  fails_like 111 'lc-pivot: fatal: unable to open /proc in r: No such file or directory' timeout 20 lc-unshare -m lc-pivot -o /proc r echo end
  rm r/bin/sh
  mkfifo r/bin/sh
  chmod 0755 r/bin/sh
  fails 126 'lc-pivot: fatal: unable to exec /bin/sh: Permission denied' timeout 20 lc-unshare -m lc-pivot r /bin/sh
  try timeout 20 lc-unshare -m lc-pivot -b ' /bin/sh' '' r echo end
  status_is 111
  rm r/bin/sh
  ln -s /mnt/host/sh r/bin/sh
  cp /bin/busybox host/sh
  fails 127 'lc-pivot: fatal: unable to exec /bin/sh: No such file or directory' timeout 20 lc-unshare -m lc-pivot r /bin/sh
  rm host/sh r/bin/sh
  cp /bin/busybox r/bin/sh
  is "$(state mounts; find host r | sort | sed '/\/bin\/sh$/d')" "$(sed '/\/bin\/sh$/d' <<< "$before")"
}

@test "-o: a directory that is exchanged for a link meanwhile never leads out" {
  local how i tries=0 good=0 end=$((SECONDS + 30))
  guest r
  mkdir -p r/x/d out/d
  ln -s /mnt/out r/l
  spawn race r/x r/l
  expect ready
  for how in env 'hide-syscalls openat2'; do
    # 25 times, and until each of the two has won once
    for ((i = 0; i < 25 || ((good == 0 || good == tries) && SECONDS < end); i++)); do
      tries=$((tries + 1))
      # shellcheck disable=SC2086
      try lc-unshare -m lc-mountfs -R r -t proc proc /proc $how lc-pivot -o /x/d r state mounts cwd
      if [[ $status == 0 ]]; then
        good=$((good + 1))
        stdout_has 'mount / tmpfs lcboot-test /r '
        stdout_like $'(^|\n)mount /(x|l)/d '
      else
        status_is 111
        stderr_like '^lc-pivot: fatal: unable to open /x/d in r: (No such file or directory|Resource temporarily unavailable)$'
      fi
    done
  done
  [[ $good -gt 0 && $good -lt $tries ]] || fail "the race was won $good times of $tries"
  kill "$SPAWNED"
}

# Older kernels

@test "without the new calls the result is the same" {
  local call e
  guest r
  mount -t tmpfs -o nosuid below r/opt
  mkdir r/old m
  mount -t tmpfs -o mode=0755 m m
  guest m
  mkdir m/old
  mount -t proc proc r/proc
  mount -t proc proc m/proc
  ok lc-unshare -m lc-pivot r state mounts cwd
  want=$output
  ok lc-unshare -m lc-pivot m state mounts cwd
  wantm=$output
  for call in openat2 move_mount open_tree mount_setattr "$new_calls" "$new_calls,openat2"; do
    for e in ENOSYS EPERM; do
      ok lc-unshare -m hide-syscalls -e "$e" "$call" lc-pivot -b ' true' '' r state mounts cwd
      stdout_is "$want"
      ok lc-unshare -m hide-syscalls -e "$e" "$call" lc-pivot m state mounts cwd
      stdout_is "$wantm"
      ok lc-unshare -m hide-syscalls -e "$e" "$call" lc-pivot -o /old r sh -c 'ls /old/mnt/m/bin/state; umount -l /old; state mounts cwd'
      stdout_is $'/old/mnt/m/bin/state\n'"$want"
    done
  done
}

@test "without statx a mount point is still told from a directory" {
  need strace
  guest r
  mkdir m
  mount -t tmpfs -o mode=0755 m m
  guest m
  mount -t proc proc r/proc
  mount -t proc proc m/proc
  for new in r m; do
    ok lc-unshare -m lc-pivot "$new" state mounts cwd
    want=$output
    ok lc-unshare -m strace -f -o /dev/null -e inject=statx:error=ENOSYS lc-pivot "$new" state mounts cwd
    stdout_is "$want"
  done
}

@test "each system call that fails once: 111, no mount outside, and prog does not run" {
  need strace
  local call n failed=0
  guest r
  mkdir r/old
  before=$(state mounts)
  for how in '' '-o /old'; do
    for call in open_tree mount_setattr move_mount statx fchdir pivot_root mount umount2 chdir fork,vfork,clone,clone3 openat; do
      for n in 1 2 3; do
        # shellcheck disable=SC2086
        try lc-unshare -m strace -o /dev/null -e "inject=$call:error=ENOMEM:when=$n" lc-pivot $how -b ' true' '' r echo ran
        if [[ $status == 0 ]]; then
          stdout_is ran
        else
          status_is 111
          stdout_is ''
          stderr_like '^lc-pivot: fatal: unable to [^'$'\n'']*Cannot allocate memory$'
          failed=$((failed + 1))
        fi
        is "$(state mounts)" "$before" "mounts outside after $call failed for the time $n"
      done
    done
  done
  [[ $failed -ge 15 ]] || fail "only $failed of the calls were made to fail"
}

@test "-v says what is done" {
  guest r
  try lc-unshare -m lc-pivot -v -b ' true' '' r true
  stderr_is "$(printf 'lc-pivot: info: %s\n' 'r is bound on itself' 'the old root is unmounted' 'the root is r' 'the command true is done')"
  mkdir r/old
  LCBOOT_VERBOSE=1 try lc-unshare -m lc-pivot -o /old r true
  stderr_has 'lc-pivot: info: the old root is at /old'
}

# What a command of the guest could do to what is outside

@test "-b: with a standard input that is closed" {
  guest r
  closed () { sh -c 'exec fresh "$@" <&-' sh "$@"; }
  try closed lc-unshare -m lc-pivot -b ' state' ' fds' '' r state fds
  status_is 0
  stderr_is ''
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w\nfd 1 file w\nfd 2 file w'
  try closed lc-unshare -m lc-pivot -b ' true' '' -b ' state' ' fds' '' r state fds
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w\nfd 1 file w\nfd 2 file w'
}

@test "-b: without close_range a descriptor above the limit is closed too" {
  guest r
  leaky () { fresh -k 9 -k 40 prlimit --nofile=12:12 "$@" 9< /mnt 40> /mnt/out; }
  try leaky state fds
  stdout_has 'fd 40 '
  try leaky lc-unshare -m hide-syscalls close_range lc-pivot -b ' state' ' fds' '' r true
  status_is 0
  stderr_is ''
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w'
  # prog gets them all
  try leaky lc-unshare -m hide-syscalls close_range lc-pivot -b ' true' '' r state fds
  stdout_has 'fd 9 '
  stdout_has 'fd 40 '
}

# A command that keeps its parent's program open, and writes to it as soon as
# the parent has become another one: CHAIN leads to the guest's namespaces, and
# the boot image's programs are as they were (refused) or not (written).

attack ()  # CHAIN… -- refused|written OPTION…
{
  local chain=()
  while [[ $1 != -- ]]; do chain+=("$1"); shift; done
  shift
  cat > boot/mnt/root/grab <<'END'
#!/bin/sh
exec 9< /proc/$PPID/exe || exit 1
was=$(readlink /proc/$PPID/exe)
( while test "$(readlink /proc/$PPID/exe)" = "$was" ; do : ; done
  if echo overwritten 2> /dev/null > /proc/self/fd/9 ; then echo written > /result ; else echo refused > /result ; fi ) > /dev/null 2>&1 &
exit 0
END
  chmod 0755 boot/mnt/root/grab
  rm -f boot/mnt/root/result
  cat boot/bin/lc-* | cksum > sum.before
  try in_boot "${chain[@]}" lc-pivot -b ' /grab' '' "${@:2}" /mnt/root sh -c 'until test -s /result; do :; done; cat /result'
  status_is 0 || return 1
  stdout_is "$1" || return 1
  case $1 in
    refused) is "$(cat boot/bin/lc-* | cksum)" "$(< sum.before)" 'the programs of the boot image' ;;
    written) [[ $(cat boot/bin/lc-* | cksum) != "$(< sum.before)" ]] || fail 'no program was overwritten' ;;
  esac
}

@test "a command cannot write to the program that ran it, though its owner is the guest's root" {
  local guest=(lc-unshare -m -p -B 0:100000:65536 lc-mountfs -t proc proc /mnt/root/proc)
  boot_image
  chown -R 100000:100000 boot/bin boot/mnt/root
  attack "${guest[@]}" -- refused
  attack "${guest[@]}" -- refused -c
  attack "${guest[@]}" -- refused -o /opt
  # the old root cannot be made read-only, being open for writing
  chown 100000:100000 boot
  attack "${guest[@]}" sh -c 'exec 8> /log; exec "$@"' sh -- refused
  # neither guard alone is missed, but without both it is written
  attack "${guest[@]}" hide-syscalls memfd_create -- refused
  attack "${guest[@]}" hide-syscalls memfd_create -- written -c
}

@test "nor does it without a user namespace" {
  boot_image
  attack lc-unshare -m -p lc-mountfs -t proc proc /mnt/root/proc -- refused
  attack lc-unshare -m -p lc-mountfs -t proc proc /mnt/root/proc hide-syscalls memfd_create -- written -c
}

@test "a command cannot write to the input of a later one" {
  local how want
  boot_image
  printf '#!/bin/sh\necho echo changed > /proc/$PPID/fd/5\nexit 0\n' > boot/mnt/root/rewrite
  chmod 0755 boot/mnt/root/rewrite
  for how in '' -c; do
    echo 'echo as it was' > boot/script
    chown -R 100000:100000 boot/script boot/mnt/root
    case $how in -c) want='echo changed' ;; *) want='echo as it was' ;; esac
    try in_boot lc-unshare -m -p -B 0:100000:65536 lc-mountfs -t proc proc /mnt/root/proc \
      sh -c 'exec lc-pivot '"$how"' -b " /rewrite" "" -i 5 " sh" "" /mnt/root true 5< /script'
    status_is 0
    stdout_is "${want#echo }"
    is "$(< boot/script)" "$want" "the script after ${how:-a pivot}"
  done
}

@test "a working directory that cannot be changed leaves no mount" {
  need strace
  local how
  guest r
  mkdir r/old
  for how in '' '-o /old' -s; do
    try lc-unshare -m sh -c 'state mounts > before
      strace -o /dev/null -e inject=fchdir:error=EIO:when=1 lc-pivot '"$how"' r touch ran 2> said; echo $?; state mounts | diff before -; cat said'
    is "$output" $'111\nlc-pivot: fatal: unable to chdir to r: Input/output error'
  done
  [[ ! -e ran && ! -e r/ran ]]
}

@test "a program that is there, but whose interpreter is not: 127, and said" {
  guest r
  printf '#!/no/such\n' > r/bin/orphan
  chmod 0755 r/bin/orphan
  fails 127 'lc-pivot: fatal: unable to exec /bin/orphan (it is there, but its interpreter or dynamic loader is not): No such file or directory' \
    lc-unshare -m lc-pivot r /bin/orphan
  fails 127 'lc-pivot: fatal: unable to exec /bin/none: No such file or directory' lc-unshare -m lc-pivot r /bin/none
}

@test "commands want a /dev/null before the old root is left" {
  guest r
  fails 111 'lc-pivot: fatal: unable to open /dev/null, the standard input of commands: No such file or directory' \
    lc-mountfs -t tmpfs x /dev lc-pivot -b ' true' '' r touch ran
  run ! test -e ran
}

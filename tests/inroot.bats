#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
load lib

# Paths inside of a root whose owner wants out: what lc-chown reaches, and where
# lc-mountfs and lc-mountdev mount, with openat2 and without.

new_api=open_tree,move_mount,fsopen,fsmount,fsconfig,fspick,mount_setattr
ways=(true 'hide-syscalls openat2' 'hide-syscalls -e EPERM openat2')

setup ()
{
  local i
  mkdir -p root/a/b/c root/etc root/proc root/mnt/in out/sub
  touch root/a/file out/file f root/f
  mount -t proc proc root/proc
  ln -s /a/b root/abs
  ln -s /a/b root/a/abs
  ln -s a/b root/rel
  ln -s ../../../../a root/up
  ln -s /mnt/out root/out
  ln -s ../../out root/a/out
  ln -s .. root/dotdot
  ln -s a/file root/tofile
  ln -s /mnt/in root/inside
  ln -s nosuch root/dangling
  ln -s loop2 root/loop1
  ln -s loop1 root/loop2
  ln -s /proc/self/root root/magic
  ln -s /proc/self/cwd/out root/magicout
  ln -s a root/chain1
  for ((i = 2; i <= 41; i++)); do ln -s "chain$((i - 1))" "root/chain$i"; done
}

outside ()  # everything that is not in the root
{
  stat -c '%n %u:%g %A' /mnt . out out/* f /etc/passwd
  find /mnt -path /mnt/root -prune -o -print | sort
  state mounts | grep -v ' /mnt/root'
}

through ()  # WAY CMD…
{
  if [[ $1 == true ]]; then shift; "$@"; else
    local -a w
    read -ra w <<< "$1"
    shift
    "${w[@]}" "$@"
  fi
}

# PATH | what it is, from /mnt, or the error
paths='a|root/a
/a|root/a
//a//b/|root/a/b
/a/b/../b/./c|root/a/b/c
../../../a|root/a
/../a/../../etc|root/etc
/|root
.|root
..|root
abs|root/a/b
abs/|root/a/b
a/abs/c|root/a/b/c
abs/c|root/a/b/c
abs/../file|root/a/file
rel/c/..|root/a/b
up|root/a
up/b|root/a/b
inside|root/mnt/in
dotdot/dotdot/a|root/a
tofile|root/a/file
chain20|root/a
tofile/|Not a directory
a/file/|Not a directory
a/file/.|Not a directory
a/file/..|Not a directory
a/file/x|Not a directory
tofile/x|Not a directory
a/nosuch|No such file or directory
nosuch/../a|No such file or directory
dangling|No such file or directory
out|No such file or directory
out/file|No such file or directory
a/out|No such file or directory
a/out/file|No such file or directory
loop1|Too many levels of symbolic links
loop1/x|Too many levels of symbolic links
chain41|Too many levels of symbolic links
proc/self/root|Too many levels of symbolic links
proc/self/root/mnt/out/file|Too many levels of symbolic links
proc/self/cwd|Too many levels of symbolic links
proc/self/cwd/out/file|Too many levels of symbolic links
proc/self/exe|Too many levels of symbolic links
proc/self/fd/0|Too many levels of symbolic links
proc/self/fd/9/file|Too many levels of symbolic links
proc/self/ns/mnt|Too many levels of symbolic links
proc/thread-self/root/mnt|Too many levels of symbolic links
proc/1/root|Too many levels of symbolic links
magic|Too many levels of symbolic links
magic/mnt/out|Too many levels of symbolic links
magicout/file|Too many levels of symbolic links'

@test "what a path reaches, by lc-chown" {
  local way path want before
  exec 9< out
  before=$(outside)
  for way in "${ways[@]}"; do
    while IFS='|' read -r path want; do
      chown -Rh --no-dereference 0:0 root/a root/etc root/mnt root/f
      chown 0:0 root
      if [[ $want == root* ]]; then
        ok through "$way" lc-chown -R root 11:12 " $path" ''
        is "$(find root -xdev -uid 11 -gid 12 ! -type l)" "$want" "what $path is ($way)"
      else
        fails 111 "lc-chown: fatal: unable to open $path: $want" through "$way" fresh -k 9 lc-chown -R root 11:12 " $path" ''
        is "$(find root -xdev -uid 11)" '' "what $path is ($way)"
      fi
      is "$(outside)" "$before" "the outside after $path ($way)"
    done <<< "$paths"
  done
}

@test "a name that is too long" {
  local way long
  long=$(head -c 256 /dev/zero | tr '\0' x)
  for way in "${ways[@]}"; do
    fails 111 "lc-chown: fatal: unable to open $long: File name too long" through "$way" lc-chown -R root 1:1 " $long" ''
  done
}

@test "where lc-mountfs mounts" {
  local way path want before
  before=$(outside)
  for way in "${ways[@]}"; do
    while IFS='|' read -r path want; do
      # the file, the root itself and what is in procfs are other tests'
      case $path in / | . | .. | proc/* | *tofile | *file) continue ;; esac
      if [[ $want == root* ]]; then
        ok through "$way" lc-mountfs -R root -t tmpfs here "$path"
        is "$(state mounts | awk '$4 == "here" { print $2 }')" "/mnt/$want" "where $path is ($way)"
        umount "$want"
      else
        fails_like 111 "lc-mountfs: fatal: unable to open $path in root( \(a symbolic link is in the way\)| \(a directory and a non-directory\))?: $want" \
          through "$way" lc-mountfs -R root -t tmpfs here "$path" true
      fi
      is "$(outside)" "$before" "the outside after $path ($way)"
    done <<< "$paths"
  done
}

@test "where -d makes what is missing: never above the root" {
  local way before
  before=$(outside)
  for way in "${ways[@]}"; do
    ok through "$way" lc-mountfs -R root -d -t tmpfs here ../../new/./x/../y
    is "$(state mounts | awk '$4 == "here" { print $2 }')" /mnt/root/new/y
    is "$(find root/new | sort)" $'root/new\nroot/new/x\nroot/new/y'
    umount root/new/y
    rm -r root/new
    ok through "$way" lc-mountfs -R root -d -o bind /etc/passwd /new/../new/file
    is "$(head -c 5 root/new/file)" root:
    umount root/new/file
    rm -r root/new
    is "$(outside)" "$before"
  done
}

@test "proc and sysfs: no link at all on the way to them" {
  local way t target before
  umount root/proc
  mkdir -p root/real root/sys
  rmdir root/proc
  ln -s real root/proc
  ln -s . root/self
  before=$(outside)
  for way in "${ways[@]}"; do
    for t in proc sysfs; do
      for target in /proc proc/ /abs self/sys /up/b; do
        fails_like 111 "lc-mountfs: fatal: unable to open (or make )?$target in root \(a symbolic link is in the way\): Too many levels of symbolic links" \
          through "$way" lc-mountfs -R root -t "$t" "$t" "$target" touch ran
        fails_like 111 "lc-mountfs: fatal: unable to open (or make )?$target in root \(a symbolic link is in the way\): Too many levels of symbolic links" \
          through "$way" lc-mountfs -d -R root -t "$t" "$t" "$target" touch ran
      done
      ok through "$way" lc-mountfs -R root -t "$t" "$t" ../sys
      umount root/sys
    done
    # another file system may be put there
    ok through "$way" lc-mountfs -R root -t tmpfs x /proc
    umount root/real
    is "$(outside)" "$before"
  done
  [[ ! -e ran ]]
}

@test "the root that -R names may be reached by a link; then it is held" {
  ln -s root link
  ok lc-mountfs -R link -t tmpfs x /a
  is "$(state mounts | awk '$4 == "x" { print $2 }')" /mnt/root/a
  fails 111 'lc-mountfs: fatal: unable to open the root f: Not a directory' lc-mountfs -R f -t tmpfs x /a true
  fails 111 'lc-mountfs: fatal: unable to open the root nosuch: No such file or directory' lc-mountfs -R nosuch -t tmpfs x /a true
}

@test "a mount on the root itself: what follows is in it" {
  local way
  for way in "${ways[@]}"; do
    printf '%s\n' 'top / tmpfs mode=0711' 'sub /made/here tmpfs x-mount.mkdir' > fstab
    ok through "$way" unshare -m sh -c 'lc-mountfs -R root -f fstab && ls root && stat -c %a root && state mounts | grep -c " /mnt/root/made/here tmpfs sub "'
    stdout_is $'made\n711\n1'
    [[ ! -e root/made ]]
  done
}

@test "a fifo or a socket on the way does not block" {
  local way
  mkfifo root/fifo
  for way in "${ways[@]}"; do
    fails 111 'lc-chown: fatal: unable to open fifo/x: Not a directory' through "$way" timeout 20 lc-chown -R root 1:1 ' fifo/x' ''
    fails_like 111 'lc-mountfs: fatal: unable to mount x on fifo in root \(a directory and a non-directory\): Not a directory' \
      through "$way" timeout 20 lc-mountfs -R root -d -t tmpfs x fifo true
    fails_like 111 'lc-mountdev: fatal: unable to mount a /dev on fifo: Not a directory' through "$way" timeout 20 lc-mountdev -R root fifo true
  done
}

# Races: the guest swaps a directory and a link while a program works

swapped ()  # WAY…: CMD is run in a loop
{
  local i
  for ((i = 0; i < 60; i++)); do "$@" > /dev/null 2>&1 || :; done
  kill -0 "$SPAWNED" || fail "the race is over: $(cat "$_lib_dir/spawned.err")" || return 1
}

race_with_link ()
{
  mkdir -p root/x/dir root/x/dev
  touch root/x/file
  mkdir -p out/dir out/dev
  ln -s "$1" root/y
  umount root/proc
  before=$(outside)
  spawn race root/x root/y
  expect ready
}

@test "race: lc-chown" {
  local way
  race_with_link /mnt/out
  for way in "${ways[@]}"; do swapped through "$way" lc-chown -R root 7:7 ' /x/file' ' /x/dir' ''; done
  is "$(outside)" "$before"
}

@test "race: lc-chown, a relative link" {
  local way
  race_with_link ../out
  for way in "${ways[@]}"; do swapped through "$way" lc-chown -R root 7:7 ' x/file' ' x/dir/../file' ''; done
  is "$(outside)" "$before"
}

@test "race: lc-mountfs" {
  local way
  race_with_link ../out
  for way in "${ways[@]}"; do
    swapped through "$way" unshare -m --propagation unchanged lc-mountfs -R root -t tmpfs x /x/dir sh -c 'touch /mnt/out/dir/reached 2> /dev/null ; state mounts | grep -q " /mnt/out" && touch /mnt/out/mounted ; rm -f /mnt/out/dir/reached'
  done
  is "$(outside)" "$before"
}

@test "race: lc-mountfs -d" {
  local way
  race_with_link /mnt/out
  for way in "${ways[@]}"; do
    swapped through "$way" lc-mountfs -R root -d -t tmpfs x /x/new/dir
    swapped through "$way" lc-mountfs -R root -d -o bind /etc/passwd /x/new/file
    kill "$SPAWNED"
    wait "$SPAWNED" || :
    umount -R root/x/new/dir root/x/new/file root/y/new/dir root/y/new/file 2> /dev/null || :
    is "$(outside | grep -v ' /mnt/root')" "$before"
    spawn race root/x root/y
    expect ready
  done
}

@test "race: lc-mountdev" {
  local way
  race_with_link ../out
  for way in "${ways[@]}"; do
    swapped through "$way" unshare -m --propagation unchanged lc-mountdev -R root /x/dev sh -c 'test -e /mnt/out/dev/null && touch /mnt/out/reached'
  done
  is "$(outside)" "$before"
}

@test "race: without the new mount calls" {
  local hide
  race_with_link ../out
  for hide in "$new_api" "$new_api,openat2"; do
    swapped unshare -m --propagation unchanged hide-syscalls "$hide" lc-mountdev -R root /x/dev sh -c 'test -e /mnt/out/dev/null && touch /mnt/out/reached'
    swapped unshare -m --propagation unchanged hide-syscalls "$hide" lc-mountfs -R root -o bind,ro /etc /x/dir sh -c '
      test -e /mnt/out/dir/passwd && touch /mnt/out/reached'
    swapped lc-mountfs -R root -t tmpfs x /x/dir
  done
  is "$(outside)" "$before"
}

@test "race: a directory that leaves the root while .. of it is looked up" {
  local way before
  mkdir -p out/b/c
  chown 0:0 f root/f
  spawn race root/a/b out/b
  expect ready
  for way in "${ways[@]}"; do swapped through "$way" lc-chown -R root 7:7 ' a/b/c/../../../f' ''; done
  is "$(stat -c %u:%g f)" 0:0
  is "$(stat -c %u:%g root/f)" 7:7
}

@test "an empty target is none, not the root" {
  local way
  mkdir src
  for way in "${ways[@]}"; do
    fails 111 'lc-mountdev: fatal: unable to open  in the root: No such file or directory' through "$way" lc-mountdev -R root '' touch ran
    fails 111 'lc-chown: fatal: unable to open : No such file or directory' through "$way" lc-chown -R root 1:1 ' ' '' touch ran
    fails_like 111 'lc-idmap: fatal: unable to open .*: No such file or directory' through "$way" lc-idmap -R root -b 0:1:1 src '' touch ran
    fails 100 'lc-mountfs: fatal: the target is empty' through "$way" lc-mountfs -R root -t tmpfs x '' touch ran
    is "$(state mounts | grep -c ' /mnt/root ')" 0 "mounts on the root ($way)"
    is "$(stat -c %u:%g root)" 0:0
  done
  [[ ! -e ran ]]
}

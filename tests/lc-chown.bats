#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
load lib

usage='lc-chown: usage: lc-chown [ -v ] [ -R root ] [ -m ] [ -i ] [ -t ] uid[:gid] { path... } prog...'

setup ()
{
  mkdir -p root/dev root/etc
  touch root/dev/console root/dev/tty1 root/etc/passwd outside
  mkdir out
  touch out/file
}

owner_is ()  # OWNER FILE…
{
  local want=$1 f
  shift
  for f; do is "$(stat -c %u:%g "$f")" "$want" "the owner of $f" || return 1; done
}

# execlineb makes a block of braces; a command line has its words with a blank
# before each and an empty word at the end.

@test "changes the owner of the files of the block, then execs" {
  ok lc-chown 1000:2000 ' root/dev/console' ' root/dev/tty1' '' echo ran
  stdout_is ran
  owner_is 1000:2000 root/dev/console root/dev/tty1
  owner_is 0:0 root/etc/passwd
}

@test "from an execline script" {
  ok execlineb -Pc 'lc-chown -R /mnt/root 7:8 { /dev/console /etc/passwd } echo ran'
  stdout_is ran
  owner_is 7:8 root/dev/console root/etc/passwd
}

@test "a uid alone leaves the group" {
  chgrp 44 root/dev/console
  ok lc-chown 1000 ' root/dev/console' ''
  owner_is 1000:44 root/dev/console
}

@test "an empty block changes nothing" {
  ok lc-chown 1:1 '' echo ran
  stdout_is ran
  owner_is 0:0 root/dev/console outside
}

@test "nothing else changes for prog" {
  same_state lc-chown -R /mnt/root 1:1 ' dev/console' ''
}

@test "-R: absolute names and .. stay below the root" {
  ok lc-chown -R root 1:2 ' /dev/console' ' ../../../etc/passwd' ''
  owner_is 1:2 root/dev/console root/etc/passwd
  owner_is 0:0 /etc/passwd
}

out_of_root ()  # run with and without openat2: CMD…
{
  ln -s /mnt/out/file root/dev/absolute
  ln -s ../../out/file root/dev/relative
  ln -s /mnt/out root/dev/directory
  ln -s /proc/self/cwd root/dev/magic
  mkdir root/proc
  mount -t proc proc root/proc
  refute "$@" lc-chown -R root 1:1 ' /dev/absolute' '' true
  refute "$@" lc-chown -R root 1:1 ' /dev/relative' '' true
  refute "$@" lc-chown -R root 1:1 ' /dev/directory/file' '' true
  refute "$@" lc-chown -R root 1:1 ' /proc/self/cwd/outside' '' true
  refute "$@" lc-chown -R root 1:1 ' /dev/magic/outside' '' true
  refute "$@" lc-chown -R root 1:1 ' /proc/self/root/mnt/out/file' '' true
  owner_is 0:0 outside out out/file .
}

@test "-R: no symbolic link leads out of the root" {
  out_of_root
}

@test "-R: nor does one where the kernel has no openat2" {
  out_of_root hide-syscalls openat2
  ok hide-syscalls openat2 lc-chown -R root 5:6 ' /../dev/../dev/./console' ''
  owner_is 5:6 root/dev/console
}

@test "-R: a symbolic link within the root is followed within it" {
  mkdir -p root/mnt/out
  touch root/mnt/out/file
  ln -s /mnt/out/file root/dev/link
  ok lc-chown -R root 1:1 ' /dev/link' ''
  owner_is 1:1 root/mnt/out/file
  owner_is 0:0 out/file
  ok hide-syscalls openat2 lc-chown -R root 2:2 ' /dev/link' ''
  owner_is 2:2 root/mnt/out/file
  owner_is 0:0 out/file
}

@test "a fifo in place of a file does not block" {
  mkfifo root/dev/fifo
  ok timeout 20 lc-chown -R root 9:9 ' /dev/fifo' ''
  owner_is 9:9 root/dev/fifo
}

@test "the target swapped meanwhile never reaches a file outside" {
  local i
  mkdir root/dev/real root/swap
  touch root/dev/real/file
  ln -s /mnt/out root/dev/link
  spawn race root/dev/real root/dev/link
  expect ready
  for ((i = 0; i < 200; i++)); do lc-chown -m -R root 1:1 ' /dev/real/file' '' || :; done 2> /dev/null
  kill "$SPAWNED"
  owner_is 0:0 out out/file
}

@test "a missing file fails, prog does not run, the message names it" {
  fails 111 'lc-chown: fatal: unable to open root/dev/nosuch: No such file or directory' \
    lc-chown 1:1 ' root/dev/nosuch' '' touch ran
  run ! test -e ran
}

@test "-m skips missing files, and at -v says so" {
  ok lc-chown -m 1:1 ' root/dev/nosuch' ' nosuch/dir/file' ' root/dev/tty1' '' echo ran
  stdout_is ran
  owner_is 1:1 root/dev/tty1
  try lc-chown -v -m 1:1 ' root/dev/nosuch' ''
  status_is 0
  stderr_like '^lc-chown: .*root/dev/nosuch.*$'
}

@test "-m forgives nothing else" {
  refute lc-chown -m 1:1 ' root/dev/tty1/below' ''
}

@test "-v, or LCBOOT_VERBOSE, says what was done" {
  try lc-chown -v 1:1 ' root/dev/tty1' ''
  status_is 0
  stderr_like '^lc-chown: .*root/dev/tty1.*1:1$'
  local line=$stderr
  try env LCBOOT_VERBOSE=1 lc-chown 1:1 ' root/dev/tty1' ''
  stderr_is "$line"
}

@test "-t: the terminals at descriptors 0, 1 and 2" {
  # shellcheck disable=SC2016 # the inner shell's
  ok ptyrun sh -c 'lc-chown -t 12:34 "" stat -c %u:%g "$(tty)"'
  stdout_is $'12:34\r'
}

@test "-t: what is no terminal is left alone" {
  ok lc-chown -t 12:34 '' true
  owner_is 0:0 /dev/null
}

@test "ids are parsed strictly" {
  local bad
  for bad in '' : 1: :1 -1 +1 1x 0x1 ' 1' '1 ' 4294967295 4294967296 99999999999999999999 1:4294967295 1:2:3 root; do
    fails 100 "lc-chown: fatal: invalid owner: $bad (expected uid[:gid], numbers)" lc-chown -- "$bad" '' touch ran
  done
  run ! test -e ran
  ok lc-chown 4294967294:4294967294 ' outside' ''
  owner_is 4294967294:4294967294 outside
}

@test "wrong usage" {
  fails 100 "$usage" lc-chown
  fails 100 "$usage" lc-chown 1:1
  fails 100 "$usage" lc-chown -x 1:1 '' true
  refute lc-chown 1:1 ' outside'
  status_is 100
  owner_is 0:0 outside
}

@test "the root must exist" {
  fails 111 'lc-chown: fatal: unable to open the root nosuch: No such file or directory' \
    lc-chown -R nosuch 1:1 '' true
}

@test "an ordinary user is refused, with the file named" {
  fails_like 111 'lc-chown: fatal: unable to change the owner of outside to 1:1.*: Operation not permitted' \
    as_user lc-chown 1:1 ' outside' '' touch /run/tester/ran
  run ! test -e /run/tester/ran
}

@test "an id that is not mapped is explained" {
  # an own file, so that the id alone is what is wrong
  ok as_user touch /run/tester/file
  fails_like 111 'lc-chown: fatal: unable to change the owner of /run/tester/file to 5:5 \(.*not mapped.*\): Invalid argument' \
    as_user unshare -r lc-chown 5:5 ' /run/tester/file' '' true
}

@test "an owner that no block follows" {
  touch f
  fails 100 'lc-chown: fatal: the owner must be followed by a block, not by f' lc-chown 5 f touch ran
  run ! test -e ran
}

@test "-i: what may not be changed is skipped" {
  touch a b
  mkdir ro
  touch ro/c
  mount --bind ro ro
  mount -o remount,bind,ro ro
  fails_like 111 'lc-chown: fatal: unable to change the owner of ro/c to 7:8: .*' lc-chown -m 7:8 ' ro/c' ' b' ''
  ok lc-chown -i 7:8 ' a' ' ro/c' ' b' ''
  is "$(stat -c %u:%g a ro/c b | tr '\n' ' ')" '7:8 0:0 7:8 '
  # in a user namespace, one whose owner is not mapped
  chown 100000:100000 b
  try lc-unshare -m -B 0:100000:10 lc-chown -v -i 1:1 ' a' ' b' ''
  status_is 0
  stderr_is $'lc-chown: info: a cannot be changed, skipped: Operation not permitted\nlc-chown: info: b belongs to 1:1'
  fails_like 111 'lc-chown: fatal: unable to open nosuch: .*' lc-chown -i 7:8 ' nosuch' ''
}

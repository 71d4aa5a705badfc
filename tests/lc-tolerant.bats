#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2103 # for inner shells; each test has a directory of its own
#
# lc-tolerant: exec, but for scripts that cannot be executed and for directories.

load lib

script ()
{
  printf '%s\n' "${@:2}" > "$1"
}

words='for i in "$0" "$@" ; do printf "<%s>" "$i" ; done ; echo'

@test "wrong usage" {
  fails 100 'lc-tolerant: usage: lc-tolerant command args...' lc-tolerant
  fails 100 'lc-tolerant: usage: lc-tolerant command args...' lc-tolerant --
  fails 100 'lc-tolerant: usage: lc-tolerant command args...' lc-tolerant -x true
}

@test "a program is executed with its arguments, found in PATH or by its path" {
  ok lc-tolerant printf '%s\n' a '' 'b c'
  stdout_is $'a\n\nb c'
  ok lc-tolerant -- /usr/bin/printf '%s' -n
  stdout_is '-n'
  try lc-tolerant sh -c 'exit 7'
  status_is 7
}

@test "the name of the program stays as it was written" {
  need file:/bin/busybox
  mkdir bin
  ln -s /bin/busybox bin/echo
  ln -s /bin/busybox bin/cat
  PATH=/mnt/bin:$PATH ok lc-tolerant echo hello
  stdout_is hello
  ok lc-tolerant bin/echo hello
  stdout_is hello
  PATH=/mnt/bin:$PATH try lc-tolerant cat /proc/self/cmdline
  is "$(tr '\0' ' ' < /run/lib/out)" 'cat /proc/self/cmdline '
  try lc-tolerant ./bin/../bin/cat /proc/self/cmdline
  is "$(tr '\0' ' ' < /run/lib/out)" './bin/../bin/cat /proc/self/cmdline '
}

@test "what the program starts with is untouched" {
  same_state lc-tolerant
  as_engine () { fresh -k 9 -i HUP -i CHLD -b USR1 -m 077 "$@" 9< /dev/null ; }
  try as_engine state
  before=$output
  try as_engine lc-tolerant state
  stdout_is "$before"
  stdout_has 'ignored HUP CHLD'
  stdout_has 'fd 9'
}

@test "a script without the execute bit is run by its interpreter" {
  script s '#!/bin/sh' "$words"
  chmod 0644 s
  ok lc-tolerant ./s a 'b  c' ''
  stdout_is '<./s><a><b  c><>'
  ok lc-tolerant /mnt/s
  stdout_is '</mnt/s>'
  script s '#!/bin/sh' 'exit 9'
  try lc-tolerant ./s
  status_is 9
}

@test "so is a script on a noexec mount" {
  mkdir noexec
  mount -t tmpfs -o noexec none noexec
  script noexec/s '#!/bin/sh' "$words"
  chmod 0755 noexec/s
  refute noexec/s
  ok lc-tolerant noexec/s x
  stdout_is '<noexec/s><x>'
  chmod 0600 noexec/s
  ok lc-tolerant noexec/s x
  stdout_is '<noexec/s><x>'
}

@test "what the program starts with is untouched through an interpreter" {
  script t '#!/bin/sh' 'exec state'
  chmod 0755 t
  try fresh -i HUP -b USR1 -m 077 ./t
  before=$output
  chmod 0644 t
  try fresh -i HUP -b USR1 -m 077 lc-tolerant ./t
  stdout_is "$before"
  stdout_has 'blocked USR1'
}

@test "the first line is taken apart as the kernel does it" {
  need file:/usr/bin/printf
  local line want
  ln -s /usr/bin/printf p
  for line in '#!/usr/bin/printf <%s>' '#! /usr/bin/printf <%s>' $'#!\t /usr/bin/printf \t <%s>\t ' \
    '#!/usr/bin/printf %s|%s|%s two words  ' $'#!/usr/bin/printf\t%s %s' '#!/usr/bin/printf' '#!/usr/bin/printf ' \
    '#!p <%s>' $'#!/usr/bin/printf <%s>\r'
  do
    printf '%s\nrest\n' "$line" > s
    chmod 0755 s
    try ./s a b
    want=$output
    [[ $status == 0 && -n $output ]] || fail "the kernel does not run: $line"
    chmod 0644 s
    try lc-tolerant ./s a b
    status_is 0
    stdout_is "$want"
  done
}

@test "a script that is one line without an end" {
  printf '#!/usr/bin/printf <%%s>' > s
  ok lc-tolerant ./s a
  stdout_is '<./s><a>'
  printf '#!/usr/bin/printf' > s
  try lc-tolerant ./s
  stdout_is './s'
}

@test "a line longer than the kernel's 255 bytes: the argument is cut, the interpreter never" {
  local long deep
  long=$(printf '%300s' '' | tr ' ' x)
  script s "#!/usr/bin/printf %s,$long" ''
  chmod 0755 s
  try ./s
  want=$status$output
  stdout_has xxx
  chmod 0644 s
  try lc-tolerant ./s
  is "$status$output" "$want"

  # the first 255 bytes name a program, and all of it another one
  deep=/mnt/$(printf '%239s' '' | tr ' ' d)
  mkdir "$deep"
  script "$deep/wwwwwwww" '#!/bin/sh' 'echo wrong'
  script "$deep/wwwwwwwww" '#!/bin/sh' 'echo right'
  chmod 0755 "$deep"/*
  script s "#!$deep/wwwwwwww" ''
  is "$(head -n 1 s | tr -d '\n' | wc -c)" 255
  ok lc-tolerant ./s
  stdout_is wrong
  script s "#!$deep/wwwwwwwww" ''
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Permission denied' lc-tolerant ./s
  chmod 0755 s
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Exec format error' lc-tolerant ./s
}

@test "a missing interpreter is named: 127" {
  script s '#!/no/such -x' ''
  fails 127 'lc-tolerant: fatal: unable to exec /no/such, the interpreter of ./s: No such file or directory' lc-tolerant ./s
  chmod 0755 s
  fails 127 'lc-tolerant: fatal: unable to exec /no/such, the interpreter of ./s: No such file or directory' lc-tolerant ./s
  printf '#!/bin/sh\r\necho\r\n' > s
  fails 127 $'lc-tolerant: fatal: unable to exec /bin/sh\r, the interpreter of ./s: No such file or directory' lc-tolerant ./s
}

@test "an interpreter that cannot be executed is named: 126" {
  script i 'no program'
  script s '#!/mnt/i' ''
  fails 126 'lc-tolerant: fatal: unable to exec /mnt/i, the interpreter of ./s: Permission denied' lc-tolerant ./s
  script s '#!/mnt' ''
  fails 126 'lc-tolerant: fatal: unable to exec /mnt, the interpreter of ./s: Permission denied' lc-tolerant ./s
}

@test "neither a script nor executable: 126" {
  script s 'echo hello'
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Permission denied' lc-tolerant ./s
  script s '#!' ''
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Permission denied' lc-tolerant ./s
  script s '#!   ' ''
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Permission denied' lc-tolerant ./s
  : > s
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Permission denied' lc-tolerant ./s
  chmod 0755 s
  fails 126 'lc-tolerant: fatal: unable to exec ./s: Exec format error' lc-tolerant ./s
  mkfifo f
  fails 126 'lc-tolerant: fatal: unable to exec ./f: Permission denied' lc-tolerant ./f
  exec 7<> f
  echo '#!/bin/echo' >&7
  fails 126 'lc-tolerant: fatal: unable to exec ./f: Permission denied' lc-tolerant ./f
  read -r -t 20 -u 7 line
  is "$line" '#!/bin/echo' 'what is in the FIFO'
}

@test "an ELF file without the execute bit, or on a noexec mount: 126" {
  mkdir noexec
  mount -t tmpfs -o noexec none noexec
  cp "$LCBOOT_TESTS/state" noexec/state
  cp "$LCBOOT_TESTS/state" state
  chmod 0644 state
  fails 126 'lc-tolerant: fatal: unable to exec noexec/state: Permission denied' lc-tolerant noexec/state
  fails 126 'lc-tolerant: fatal: unable to exec ./state: Permission denied' lc-tolerant ./state
}

@test "no such command: 127" {
  fails 127 'lc-tolerant: fatal: unable to exec no-such-command: No such file or directory' lc-tolerant no-such-command
  fails 127 'lc-tolerant: fatal: unable to exec ./no/such: No such file or directory' lc-tolerant ./no/such x
}

@test "scripts without the execute bit are found in PATH too" {
  mkdir a b c
  script b/greet '#!/bin/sh' 'echo "b $0 $1"'
  script c/greet '#!/bin/sh' 'echo "c $0 $1"'
  mkdir a/greet
  PATH=/mnt/a:/mnt/b:/mnt/c:$PATH ok lc-tolerant greet x
  stdout_is 'b /mnt/b/greet x'
  cd b
  PATH=/mnt/a::$PATH ok lc-tolerant greet x
  stdout_is 'b ./greet x'
  cd ..
  chmod 0755 c/greet
  PATH=/mnt/a:/mnt/b:/mnt/c:$PATH ok lc-tolerant greet x
  stdout_is 'c /mnt/c/greet x'
}

@test "without a PATH in the environment the usual places are searched" {
  ok env -u PATH "$LCBOOT_BIN/lc-tolerant" env
  [[ $'\n'$output != *$'\nPATH='* ]] || fail "it adds a PATH: $output"
  script s '#!/usr/bin/printf %s' ''
  mount --bind /mnt/s /usr/bin/true
  ok env -u PATH "$LCBOOT_BIN/lc-tolerant" true
  stdout_is /usr/bin/true
}

@test "a directory: every entry in the order of the C locale, with the arguments" {
  mkdir d
  for i in b a B _ 9 10 .hidden a-b a.b aa '~' 'with blank' é; do
    script "d/$i" '#!/bin/sh' "$words"
  done
  chmod 0755 d/b d/10
  LC_ALL=en_US.UTF-8 ok lc-tolerant ./d x 'y z'
  stdout_is "$(printf '<./d/%s><x><y z>\n' .hidden 10 9 B _ a a-b a.b aa b 'with blank' '~' é)"
}

@test "a directory: recursively, in its place" {
  mkdir -p d/b/d d/b/empty d/d
  for i in a b/1 b/d/x b/z c; do script "d/$i" '#!/bin/sh' 'echo "$0"'; done
  ok lc-tolerant d/
  stdout_is "$(printf '%s\n' d//a d//b/1 d//b/d/x d//b/z d//c)"
  ln -s d link
  ok lc-tolerant ./link
  stdout_is "$(printf '%s\n' ./link/a ./link/b/1 ./link/b/d/x ./link/b/z ./link/c)"
}

@test "a directory: programs and links count as well" {
  mkdir d
  ln -s /bin/echo d/1
  ln -s ../s d/2
  script s '#!/bin/sh' 'echo "$0 $1"'
  ok lc-tolerant ./d x
  stdout_is $'x\n./d/2 x'
}

@test "an empty directory is a success" {
  mkdir d
  ok lc-tolerant ./d
  stdout_is ''
}

@test "a directory is only one by a path: names are searched in PATH" {
  mkdir d
  script d/a '#!/bin/sh' 'echo ran'
  fails 127 'lc-tolerant: fatal: unable to exec d: No such file or directory' lc-tolerant d
  PATH=/mnt:$PATH fails 126 'lc-tolerant: fatal: unable to exec d: Permission denied' lc-tolerant d
}

@test "a directory: the first failure stops, is named, and its status is kept" {
  mkdir -p d/2
  script d/1 '#!/bin/sh' 'echo 1'
  script d/2/a '#!/bin/sh' 'echo a' 'exit 7'
  script d/2/b '#!/bin/sh' 'echo b'
  script d/3 '#!/bin/sh' 'echo 3'
  try lc-tolerant ./d
  status_is 7
  stdout_is $'1\na'
  stderr_is $'lc-tolerant: fatal: ./d/2/a exited with 7\nlc-tolerant: fatal: ./d/2 exited with 7'

  script d/2/a '#!/bin/sh' 'kill -TERM $$'
  try lc-tolerant ./d/2
  status_is 143
  stderr_is 'lc-tolerant: fatal: ./d/2/a was killed by SIGTERM'

  script d/2/a 'no script'
  try lc-tolerant ./d/2
  status_is 126
  stdout_is ''
  stderr_is $'lc-tolerant: fatal: unable to exec ./d/2/a: Permission denied\nlc-tolerant: fatal: ./d/2/a exited with 126'

  rm d/2/a
  ln -s nowhere d/2/a
  try lc-tolerant ./d/2
  status_is 127
  stdout_is ''
}

@test "a directory that holds a FIFO, a device or itself does not hang" {
  mkdir d
  mkfifo d/fifo
  try lc-tolerant ./d
  status_is 126
  rm d/fifo
  mknod d/null c 1 3
  try lc-tolerant ./d
  status_is 126
  rm d/null
  ln -s . d/loop
  try lc-tolerant ./d
  status_is 126
  # the kernel's limit of links holds for stat(2) and execve(2) not to the same one
  stderr_like 'Too many levels of symbolic links|Permission denied'
}

@test "a directory that cannot be read" {
  mkdir -m 0711 d
  fails 111 'lc-tolerant: fatal: unable to read directory ./d: Permission denied' as_user lc-tolerant ./d
}

@test "a directory: the entries get what lc-tolerant was given" {
  mkdir d
  script d/a '#!/bin/sh' 'exec state'
  script d/b '#!/bin/sh' 'read l ; echo "got $l"'
  chmod 0755 d/a
  try fresh -i HUP -i CHLD -b USR1 -b TERM -m 077 d/a <<< line
  before=$output
  stdout_has 'blocked USR1 TERM'
  try fresh -i HUP -i CHLD -b USR1 -b TERM -m 077 lc-tolerant ./d <<< line
  stdout_is "$before"$'\ngot line'
}

@test "a script that is replaced by a FIFO while it is looked at does not hang" {
  script s '#!/bin/true' ''
  mkfifo f
  spawn race s f
  expect ready
  for _ in {1..200}; do
    try timeout 20 lc-tolerant ./s
    [[ $status == 0 || $status == 126 ]] || _lib_report "neither run nor refused"
  done
}

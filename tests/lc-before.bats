#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
#
# lc-before: commands before a program, and texts as their input. What it has in
# common with lc-pivot is tested there.

load lib

usage='lc-before: usage: lc-before [ -v ] [ -b { command... } | -i fd { command... } | -t { text... } { command... } ]... prog...'

@test "wrong usage" {
  fails 100 "$usage" lc-before -z
  fails 100 'lc-before: fatal: no command: one of -b -i -t is needed' lc-before true
  fails 100 'lc-before: fatal: no block after -b' lc-before -b
  fails 100 'lc-before: fatal: empty block after -b' lc-before -b '' touch ran
  fails 100 'lc-before: fatal: unterminated block after -b' lc-before -b ' true'
  fails 100 'lc-before: fatal: no block after the text of -t' lc-before -t ' text' ''
  fails 100 'lc-before: fatal: empty block after the text of -t' lc-before -t ' text' '' '' touch ran
  fails 100 'lc-before: fatal: the text of -t must be followed by a block, not by cat' lc-before -t ' text' '' cat
  fails 100 'lc-before: fatal: -i wants an open descriptor above 2, not 9' lc-before -i 9 ' cat' '' touch ran
  [[ ! -e ran ]]
}

@test "commands run in order, then prog; without prog it exits 0" {
  ok lc-before -b ' echo' ' a' '' -b ' echo' ' b' '' echo c
  stdout_is $'a\nb\nc'
  ok lc-before -b ' echo' ' a' ''
  stdout_is a
  ok lc-before -b ' sh' ' -c' ' wc -c; readlink /proc/self/fd/0' ''
  stdout_is $'0\n/dev/null'
}

@test "-i: a descriptor that only its command gets" {
  ok bash -c 'exec lc-before -i 5 " cat" "" -b " sh" " -c" " ls /proc/self/fd" "" sh -c "test ! -e /proc/self/fd/5" 5< <(echo text)'
  stdout_is $'text\n0\n1\n2\n3'
}

@test "-t: the words of a text, one after the other" {
  ok lc-before -t ' a' ' b
' '' ' cat' '' -t ' c' '' ' cat' '' -t '' ' wc' ' -c' '' -t ' ' ' x' ' ' '' ' cat' '' true
  stdout_is $'ab\nc0\nx'
}

@test "-t: nobody can change a text" {
  ok lc-before -t ' text' '' ' sh' ' -c' ' ( echo x > /proc/self/fd/0 ) 2> /dev/null || echo sealed; cat' '' true
  stdout_is $'sealed\ntext'
}

@test "-t: larger than a pipe, whether it is read or not" {
  local word
  word=$(printf '%0100000d' 0)
  ok lc-before -t " $word" " $word" '' ' wc' ' -c' '' -t " $word" '' ' true' '' echo on
  stdout_is $'200000\non'
}

@test "a command that fails: 111, it is named, and the rest does not run" {
  fails 111 'lc-before: fatal: the command false exited with 1, so the program is not run' lc-before -b ' false' '' -b ' touch' ' ran' '' touch ran
  fails 111 'lc-before: fatal: the command sh was killed by SIGKILL, so the program is not run' lc-before -b ' sh' ' -c' ' kill -KILL $$' '' touch ran
  fails 111 'lc-before: fatal: the command sh was killed by SIGABRT, so the program is not run' lc-before -b ' sh' ' -c' ' kill -ABRT $$' '' touch ran
  try lc-before -b ' nosuch' '' touch ran
  status_is 111
  stderr_has 'the command nosuch exited with 127'
  [[ ! -e ran ]]
}

@test "prog gets everything as it came" {
  same_state lc-before -b ' true' '' -t ' text' '' ' true' ''
  ok bash -c 'exec 0<&- ; exec lc-before -t " text" "" " cat" "" state fds'
  stdout_like '^text'
}

@test "commands run by the rules of lc-tolerant" {
  mkdir hooks
  printf '#!/bin/sh\necho "$@"\n' > hooks/1
  ok lc-before -b ' /mnt/hooks' ' a b' '' true
  stdout_is 'a b'
}

@test "as PID 1 it reaps what its commands orphan" {
  ok lc-unshare -p -m lc-mountfs -t proc proc /proc \
    lc-before -b ' sh' ' -c' ' (true &) ; until grep -q "^State:.Z" /proc/[0-9]*/status ; do : ; done' '' \
    sh -c 'set -- /proc/[0-9]*; echo $#'
  stdout_is 1
}

@test "a kernel without memfd_create: said, and nothing has run" {
  without memfd_create -- lc-before -t ' text' '' ' touch' ' ran' '' touch ran && fail 'it exits 0'
  [[ ! -e ran ]]
}

@test "-v says what is done" {
  try lc-before -v -b ' true' '' true
  stderr_is 'lc-before: info: the command true is done'
}

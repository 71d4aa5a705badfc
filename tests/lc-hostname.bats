#!/usr/bin/env bats
load lib

usage='lc-hostname: usage: lc-hostname [ -v ] name prog...'

@test "sets the name, then execs" {
  ok lc-hostname web1 state host
  stdout_is 'hostname web1'
  ok hostname
  stdout_is web1
}

@test "the arguments reach prog as they are" {
  ok lc-hostname web1 state host -- 'a b' '' -v --
  stdout_is $'hostname web1\narg a b\narg \narg -v\narg --'
}

@test "nothing else changes for prog" {
  # the sandbox's own name, so that only the rest can differ
  same_state lc-hostname "$(hostname)"
}

@test "without prog it sets the name and exits 0" {
  ok lc-hostname web2
  stdout_is ''
  ok hostname
  stdout_is web2
}

@test "-- ends the options" {
  ok lc-hostname -- web1 state host
  stdout_is 'hostname web1'
}

@test "-v says what is done" {
  try lc-hostname -v web1 state host
  status_is 0
  stdout_is 'hostname web1'
  stderr_is 'lc-hostname: info: the host name is web1'
  try env LCBOOT_VERBOSE=1 lc-hostname web1
  stderr_is 'lc-hostname: info: the host name is web1'
}

@test "a name of 64 bytes is set, one of 65 is refused" {
  local name
  printf -v name '%064d' 0
  ok lc-hostname "$name" state host
  stdout_is "hostname $name"
  fails 100 "lc-hostname: fatal: host name ${name}1 is longer than 64 bytes" lc-hostname "${name}1" state
  ok hostname
  stdout_is "$name"
}

@test "wrong usage" {
  fails 100 "$usage" lc-hostname
  fails 100 "$usage" lc-hostname -x web1 true
  fails 100 'lc-hostname: fatal: the host name is empty' lc-hostname '' true
}

@test "without the privilege it fails, says why, and never execs prog" {
  local name
  name=$(hostname)
  fails_like 111 "lc-hostname: fatal: unable to set the host name to web1( \(.*\))?: Operation not permitted" \
    as_user lc-hostname web1 touch /run/tester/ran
  run ! test -e /run/tester/ran
  ok hostname
  stdout_is "$name"
}

@test "in a user namespace of one's own an ordinary user may" {
  ok as_user unshare -r -u lc-hostname web3 state host
  stdout_is 'hostname web3'
}

@test "prog that is missing is 127, prog that cannot run is 126" {
  fails_like 127 'lc-hostname: fatal: unable to exec nosuch: No such file or directory' lc-hostname web1 nosuch
  echo text > /mnt/file
  fails_like 126 'lc-hostname: fatal: unable to exec /mnt/file: Permission denied' lc-hostname web1 /mnt/file
}

@test "prog is found without a PATH" {
  ok env -u PATH "$LCBOOT_BIN/lc-hostname" web1 true
}

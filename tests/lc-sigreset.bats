#!/usr/bin/env bats
load lib

usage='lc-sigreset: usage: lc-sigreset prog...'

@test "what was ignored is at its default" {
  # as a control: fresh really ignores them
  ok fresh -i PIPE -i XFSZ -i CHLD -i RTMIN+3 -i RTMIN+30 state sigs
  stdout_has 'ignored PIPE CHLD XFSZ RTMIN+3 RTMIN+30'
  ok fresh -i PIPE -i XFSZ -i CHLD -i RTMIN+3 -i RTMIN+30 lc-sigreset state sigs
  stdout_is $'blocked\nignored\npending'
}

@test "every signal that can be ignored is reset" {
  local sig args=()
  for sig in {1..31} {34..64}; do args+=(-i "$sig"); done
  ok fresh "${args[@]}" lc-sigreset state sigs
  stdout_is $'blocked\nignored\npending'
}

@test "the mask is empty" {
  local sig args=()
  for sig in {1..31} {34..64}; do args+=(-b "$sig"); done
  ok fresh "${args[@]}" state sigs
  stdout_has 'blocked HUP INT QUIT'
  ok fresh "${args[@]}" lc-sigreset state sigs
  stdout_is $'blocked\nignored\npending'
}

@test "a signal that was blocked and pending is delivered before prog runs" {
  try fresh -b TERM sh -c 'kill -TERM $$ ; exec lc-sigreset touch /mnt/ran'
  status_is 143
  run ! test -e /mnt/ran
}

@test "nothing but the signals changes for prog" {
  same_state lc-sigreset
  ok fresh -m 077 nice -n 5 state misc cwd ids caps limits
  local before=$output
  ok fresh -m 077 -i PIPE nice -n 5 lc-sigreset state misc cwd ids caps limits
  stdout_is "$before"
}

@test "descriptors, arguments and environment reach prog" {
  # shellcheck disable=SC2016 # the inner shell's
  ok sh -c 'exec 5< /dev/null ; exec env -i A=b "$0" "$1" fds env -- "x y"' \
    "$LCBOOT_BIN/lc-sigreset" "$LCBOOT_TESTS/state"
  stdout_has 'fd 5 character 1:3 r'
  stdout_has $'env A=b\narg x y'
}

@test "wrong usage" {
  fails 100 "$usage" lc-sigreset
  fails 100 "$usage" lc-sigreset -v true
}

@test "prog that is missing is 127, prog that cannot run is 126" {
  fails_like 127 'lc-sigreset: fatal: unable to exec nosuch: No such file or directory' lc-sigreset nosuch
  fails_like 126 'lc-sigreset: fatal: unable to exec /mnt: Permission denied' lc-sigreset /mnt
}

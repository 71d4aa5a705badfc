#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status and output
#
# The tutorial of lcboot(7), typed as it stands there: every block of commands, one
# after the other, in one shell on a terminal, and each must print what the page says.
# And the README's guests.

load lib

# blocks PAGE DIR: takes the section TUTORIAL apart. DIR/1, DIR/2 … are the commands
# of its displays, DIR/1.out … what the displays further to the right say they print,
# DIR/1.line … where they are. What cannot be told apart is an error.

blocks ()
{
  mkdir "$2"
  awk -v dir="$2" '
    function mistake (what) { print FILENAME ":" FNR ": " what ; bad = 1 ; exit 1 }
    function section_ends () { if (section != "" && n == before) mistake("no commands in " section) }
    /^\.S[hs] / && inside { section_ends() ; section = $0 ; before = n }
    /^\.Sh / { inside = $0 == ".Sh TUTORIAL" ; section = "" ; next }
    !inside { next }
    /^\.D[1l]/ { mistake("a display of another kind") }
    /^\.Bd / {
      if (file != "") mistake("a display in a display")
      if ($0 == ".Bd -literal -offset indent") { file = dir "/" ++n ; print FNR > (file ".line") ; printf "" > (file ".out") }
      else if ($0 != ".Bd -literal -offset indent-two") mistake("a display of another kind")
      else if (!n || n in printed) mistake("nothing that could print this")
      else { file = dir "/" n ".out" ; printed[n] }
      next
    }
    /^\.Ed/ { if (file == "") mistake("no display") ; close(file) ; file = "" ; next }
    file != "" {
      if (/^[.\047]/) mistake("a macro in a display")
      gsub(/\\e/, "\001") ; sub(/^\\&/, "")
      if (/\\/) mistake("an escape that is not known here")
      gsub("\001", "\\") ; print > file
    }
    END {
      if (bad) exit 1
      section_ends()
      if (file != "") mistake("a display without an end")
      if (!n) mistake("no commands")
      print n
    }' "$1"
}

# tutorial PAGE: does what it says

tutorial ()
{
  local dir=$BATS_TEST_TMPDIR/blocks n i
  rm -rf "$dir"
  n=$(blocks "$1" "$dir") || fail "$n" || return 1
  for ((i = 1; i <= n; i++)); do
    printf '. %q\necho "== %d"\n' "$dir/$i" "$i"
  done > "$dir/all"
  try ptyrun bash -eo pipefail "$dir/all"
  output=${output//$'\r'/}
  awk -v dir="$dir" '
    BEGIN { i = 1 } $0 == "== " i { i++ ; next } { print > (dir "/" i ".printed") }' <<< "$output"
  for ((i = 1; i <= n; i++)); do
    touch "$dir/$i.printed"
    if ! diff -U 100 --label 'the page' --label 'the command' "$dir/$i.out" "$dir/$i.printed"; then
      fail "this is from ${1##*/}, line $(< "$dir/$i.line"):" "$(< "$dir/$i")" || return 1
    fi
    if ! grep -qx "== $i" <<< "$output"; then
      fail "this fails, at ${1##*/}, line $(< "$dir/$i.line"):" "$(< "$dir/$i")" || return 1
    fi
  done
  status_is 0
}

setup ()
{
  need execlineb file:/bin/busybox fs:overlay lc-run
  mkdir -p /srv
  mount -t tmpfs srv /srv
}

machine () { hostname; cat /proc/self/mountinfo; grep -sxE '(lc-.*|init|busybox)' /proc/[0-9]*/comm || :; }

@test "every block of the tutorial, and nothing is left" {
  local before
  before=$(machine)
  tutorial "$LCBOOT_REPO/doc/lcboot.7"
  is "$(machine)" "$before" 'what is left'
  is "$(ls /srv)" '' '/srv'
}

page ()  # LINE…: a page with a tutorial of these
{
  printf '%s\n' '.Sh RULES' '.Bd -literal -offset indent' false .Ed '.Sh TUTORIAL' "$@" '.Sh ENVIRONMENT' > page
}

commands () { printf '%s\n' '.Bd -literal -offset indent' "$@" .Ed; }
prints () { printf '%s\n' '.Bd -literal -offset indent-two' "$@" .Ed; }

unnoticed ()
{
  if (tutorial page) > /dev/null 2>&1; then fail "this is not noticed:" "$(cat page)"; fi
}

@test "what is wrong with a tutorial is noticed" {
  local good
  good=$(commands 'cd /srv; x=1' "printf '%s\\en' a \\e" '  b'; prints a b; commands 'echo $x $PWD'; prints '1 /srv')
  page "$good"
  tutorial page
  # a command that fails, also in the middle
  page "$good" "$(commands 'true; false; true')"
  unnoticed
  page "$good" "$(commands 'exit 0')"
  unnoticed
  page "$good" "$(commands 'lc-tolerant /nonexistent 2> /dev/null')"
  unnoticed
  page "$good" "$(commands 'lc-tolerant /nonexistent | cat')"
  unnoticed
  # other output than the page shows, none, or more
  page "$(commands 'echo a')" "$(prints b)"
  unnoticed
  page "$(commands true)" "$(prints b)"
  unnoticed
  page "$(commands 'echo a >&2')"
  unnoticed
  page "$(commands 'echo a; echo b')" "$(prints a)"
  unnoticed
  # blocks that are not found
  page 'no commands'
  unnoticed
  page .Ss "$good" '.Ss none' '.Ss more' "$good"
  unnoticed
  page "$good" '.Ss none'
  unnoticed
  page '.Bd -literal' true .Ed "$good"
  unnoticed
  page '.Dl false' "$good"
  unnoticed
  page "$(prints a)" "$good"
  unnoticed
  page '.Bd -literal -offset indent' true
  unnoticed
  page "$(commands 'echo \(em')" "$(prints '\(em')"
  unnoticed
  page "$good"
  sed -i s/TUTORIAL/EXAMPLES/ page
  unnoticed
}

readme ()  # FIRST-WORDS: the README's block that begins so
{
  awk -v first="$1" '/^    / { l = substr($0, 5) ; if (!p && !found && index(l, first) == 1) { p = found = 1 } ; if (p) print l ; next } { p = 0 }
    END { exit !found }' "$LCBOOT_REPO/README"
}

typed ()  # FILE: its commands on a terminal, and then at the guest's shell, a busybox, who it is
{
  try ptyrun bash -e "$1" <<< 'busybox echo "PID $$, $(busybox id -u) of $(busybox hostname):" $(busybox cat /proc/self/uid_map); exit'
  status_is 0 && stdout_has 'PID 1, 0 of web1: 0 1000000 65536'
}

@test "the README's commands boot what they say" {
  readme 'mkdir -p /srv/web1/root' > chain
  typed chain
  cd /srv/web1
  readme 'lc-run ' > /mnt/run
  typed /mnt/run
  # the engine is another one here: engines/lxc.bats has LXC
  readme 'cat > init.yml' > /mnt/engine
  grep -qx 'lxc-start -F -n web1 -f lxc.conf' /mnt/engine
  is "$(sed -n 's/^lxc.mount.entry = //p; s/^lxc.rootfs.path = //p' /mnt/engine)" $'dir:/srv/image\n/srv/web1 mnt none rbind 0 0'
  echo '/srv/web1 mnt none rbind 0 0' > /mnt/fstab
  sed -i 's,^lxc-start .*,lc-run -n -f /mnt/fstab /srv/image,' /mnt/engine
  typed /mnt/engine
}

#!/usr/bin/env bats
# shellcheck disable=SC1003,SC2016,SC2034,SC2154 # backslashes and dollars that are not the shell's; lib.bash reads the settings, and sets status, output, lines and stderr
# the fuzzer is built
TEST_TIMEOUT=240
load lib

# init.yml as lc-compile reads it. What a configuration means is seen through
# initconfig, which prints it; what becomes of it in a script is boot.bats'.

usage='lc-compile: usage: lc-compile [ -v ] [ -o file | -x ] [ -A ] [ -a arg ]... [ init.yml ]'

conf ()  # TEXT: it is init.yml, escapes as in printf %b
{
  printf '%b' "$1" > init.yml
}

means ()  # TEXT FACT…: TEXT is a configuration that has those facts
{
  local fact
  conf "$1"
  shift
  ok initconfig init.yml || return 1
  for fact; do
    grep -qxF -- "$fact" <<< "$output" || fail "no such fact: $fact" "of:" "$(cat init.yml)" "which is:" "$output" || return 1
  done
}

same ()  # TEXT TEXT…: they all mean the same
{
  local first text
  conf "$1"
  ok initconfig init.yml || return 1
  first=$output
  for text; do
    conf "$text"
    ok initconfig init.yml || return 1
    is "$output" "$first" "the meaning of: $text" || return 1
  done
}

wrong ()  # TEXT MISTAKE…: line:column: what, and nothing is written
{
  local text=$1 expected='' n=$(($# - 1)) m
  shift
  for m; do expected+="init.yml:$m"$'\n'; done
  conf "$text"
  rm -f out
  fails 100 "${expected}lc-compile: fatal: $n mistake$( ((n == 1)) || echo s) in init.yml" lc-compile -o out init.yml || return 1
  stdout_is '' && run ! test -e out
}

command_is ()  # YAML WORDS: exec.command, as text, and its words in brackets
{
  means "exec:\n  command: $1" "command $2"
}

split ()  # STRING WORDS: what a string is split into
{
  local quoted=${1//\'/\'\'}
  printf "exec:\n  before:\n  - [x]\n  command: '%s'\n" "$quoted" > init.yml
  ok initconfig init.yml || return 1
  is "$(grep -a '^command ' <<< "$output")" "command $2" "what is made of: $1"
}

defaults='root [/mnt/root]
mode pivot
old none
initctl none
exclude 
rexclude 
setup any
command [/sbin/init]
hostname none
memory none
mounts 
network keep
namespaces uts ipc cgroup'

# Files

@test "a missing default file is an empty configuration" {
  ok initconfig
  stdout_is "$defaults"
  ok lc-compile
  stdout_has '/sbin/init'
}

@test "an empty file, comments alone, an empty document, and keys without values" {
  same '' '\n\n' '# nothing\n' '---\n' '---\n...\n' '~\n' '{}' '\xef\xbb\xbf' 'root:\nid_map:\ninitctl:\ndevices:\nsetup:\nexec:\nhostname:\nmemory:\nmounts:\nnetwork:\nnamespaces:\n' \
    'setup:\n  mode:\n  before:\n' 'exec:\n  before:\n  command:\n' 'root:\n  path:\n  mode:\n  old:\n' 'devices: {exclude: , rexclude: ~}' 'network:\n  mode:\n  keep_addresses:\n' \
    'setup: {}' 'exec: {}' 'root: {}' 'devices: {}' 'network: {}' 'root: null'
  stdout_is "$defaults"
}

@test "/mnt/init.yml is the default file, and one that leads nowhere is not missing" {
  echo 'hostname: web1' > /mnt/init.yml
  ok initconfig
  stdout_has 'hostname [web1]'
  ok lc-compile
  stdout_has '/mnt/init.yml'
  stdout_has 'lc-hostname web1'
  rm /mnt/init.yml
  ln -s nowhere /mnt/init.yml
  fails 111 'lc-compile: fatal: unable to open /mnt/init.yml: No such file or directory' lc-compile
}

@test "a named file that is missing, a directory, and one that may not be read" {
  fails 111 'lc-compile: fatal: unable to open nosuch.yml: No such file or directory' lc-compile nosuch.yml
  fails 111 'lc-compile: fatal: unable to read /mnt: Is a directory' lc-compile /mnt
  conf ''
  chmod 0600 init.yml
  fails 111 'lc-compile: fatal: unable to open /mnt/init.yml: Permission denied' as_user lc-compile /mnt/init.yml
}

@test "- is standard input" {
  echo 'hostname: web1' > init.yml
  ok lc-compile - < init.yml
  stdout_has 'lc-hostname web1'
  echo 'hostnam: web1' > init.yml
  fails 100 $'-:1:1: unknown key: hostnam (did you mean hostname?)\nlc-compile: fatal: 1 mistake in -' lc-compile - < init.yml
}

# The script

@test "the script: on standard output, or in a file that is replaced as a whole" {
  conf 'root: {mode: none}\nsetup: []\nexec: [echo, "a b", "", "$X", "{", "}", "\\n"]'
  ok lc-compile init.yml
  is "$(head -n 1 <<< "$output")" '#!/bin/execlineb -P' 'the first line'
  is "$(tail -n 1 <<< "$output" | cut -c1-5)" 'echo ' 'the command'
  cp "$_lib_dir/out" script
  umask 077
  ok lc-compile -o new init.yml
  stdout_is ''
  cmp script new
  is "$(stat -c '%a %h' new)" '755 1' 'mode and links'
  echo old > new
  chmod 0600 new
  exec 9< new
  ok lc-compile -o new init.yml
  cmp script new
  is "$(cat <&9)" old 'the old file'
  is "$(stat -c %a new)" 755 'the mode'
  is "$(ls)" $'init.yml\nnew\nscript' 'what is there'
}

@test "the same configuration gives the same bytes" {
  cp "$LCBOOT_REPO/tests/fuzz/corpus/example.yml" init.yml
  lc-compile init.yml > one
  env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=Asia/Tokyo lc-compile init.yml > two
  cmp one two
}

@test "what is not a regular file is not replaced" {
  conf ''
  mknod null c 1 3
  mkfifo fifo
  ln -s target link
  mkdir dir
  local f
  for f in null fifo link dir; do
    fails 100 "lc-compile: fatal: $f is there, and is not a regular file" lc-compile -o "$f" init.yml
  done
  run ! test -e target
}

@test "a script that cannot be written" {
  conf ''
  fails 111 'lc-compile: fatal: unable to make a file beside nosuch/script: No such file or directory' lc-compile -o nosuch/script init.yml
  mkdir small
  mount -t tmpfs -o size=4k,nr_inodes=4 none small
  echo old > small/script
  head -c 4096 /dev/zero > small/filler 2> /dev/null || :
  fails 111 'lc-compile: fatal: unable to write small/script: No space left on device' lc-compile -o small/script init.yml
  is "$(cat small/script)" old 'the old file'
  is "$(ls small)" $'filler\nscript' 'what is there'
  fails 111 'lc-compile: fatal: unable to write to standard output: No space left on device' sh -c 'lc-compile init.yml > /dev/full'
}

@test "-x runs the script at once, as execlineb would" {
  conf 'root: {mode: none}\nsetup: []\nexec: {command: [state, fds, ids, sigs, misc, cwd, --, "a b", "", "$HOME", "`x`", "{", "}", " x", "\\\\", "\\"", "#", "\\xc3\\xa9"]}'
  ok lc-compile init.yml
  cp "$_lib_dir/out" script
  ok execlineb -P script
  local by_execlineb=$output
  ok lc-compile -x init.yml
  stdout_is "$by_execlineb"
  stdout_has $'arg a b\narg \narg $HOME\narg `x`\narg {\narg }\narg  x\narg \\\narg "\narg #\n'
}

@test "-x needs neither a /proc nor execlineb" {
  mkdir root
  mount --bind root root
  mkdir root/bin root/mnt
  cp -L "$LCBOOT_BIN/"* "$LCBOOT_TESTS/state" root/bin/
  echo '{root: {mode: none}, setup: [], exec: [state, host, --, x]}' > root/mnt/init.yml
  ok chroot root /bin/lc-compile -x
  stdout_has 'arg x'
}

@test "the exit status of -x is that of what it runs" {
  conf 'root: {mode: none}\nsetup: []\nexec: sh -c "exit 7"'
  try lc-compile -x init.yml
  status_is 7
  conf 'root: {mode: none}\nsetup: []\nexec: nosuch'
  try lc-compile -x init.yml
  status_is 127
}

@test "-a appends to the command, and -A puts its arguments in its place" {
  conf 'root: {mode: none}\nsetup: []\nexec: [printf, "<%s>"]'
  ok lc-compile -x -a 'a b' -a '' -a -v -a '$X' init.yml
  stdout_is '<a b><><-v><$X>'
  ok lc-compile -x -A -a echo -a 'a  b' init.yml
  stdout_is 'a  b'
  ok lc-compile -A init.yml
  is "$(tail -n 1 <<< "$output")" /sbin/init 'the command'
  rm init.yml
  ok lc-compile -a one
  stdout_like '/sbin/init one$'
  ok lc-compile -Aa one
  stdout_like '[^ ]one$'
  conf 'exec: {before: ["x"]}'
  ok lc-compile -a 'a"b\c' init.yml
  stdout_like '/sbin/init "a\\"b\\\\c"$'
}

@test "-v and LCBOOT_VERBOSE say what is done" {
  conf ''
  try lc-compile -v -o new init.yml
  status_is 0
  stderr_is 'lc-compile: info: wrote new'
  try env LCBOOT_VERBOSE=1 lc-compile -o new init.yml
  stderr_is 'lc-compile: info: wrote new'
  fails 100 'lc-compile: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-compile init.yml
}

@test "wrong usage" {
  conf ''
  fails 100 "$usage" lc-compile -n init.yml
  fails 100 "$usage" lc-compile -o
  fails 100 "$usage" lc-compile init.yml init.yml
  fails 100 'lc-compile: fatal: -o and -x exclude each other' lc-compile -x -o new init.yml
  fails 100 'lc-compile: fatal: -o wants the name of a file' lc-compile -o '' init.yml
  fails 100 'lc-compile: fatal: the name of the configuration is empty' lc-compile ''
  fails 100 'lc-compile: fatal: the first argument replaces the command, and is empty' lc-compile -A -a '' init.yml
  run ! test -e new
}

# Every key in every notation

@test "the example" {
  ok initconfig "$LCBOOT_REPO/tests/fuzz/corpus/example.yml"
  stdout_is 'root [/mnt/root]
mode pivot
old none
users 0 1000000 65536
groups 0 1000000 1, 1 1000001 1, 2 1000002 1, 3 1000003 65533
initctl none
exclude 
rexclude 
setup any
setup.before [mount-idmapped][--map-mount=b:0:1000000:65536][/mnt/root][/mnt/root]
setup.before [overlay][--][/mnt/layers/0][/mnt/layers/1]
exec.before [echo][Hello, '\''next hop'\'' root!]
exec.before [echo][We are ready to boot `systemd` now.]
exec.before [bash][-e]
  input [echo '\''Yeah! Only now '\''"it'\''s"'\'' interpreted by real shell ('\''"$0"'\'')!'\''\necho '\''This script received via stdin.'\''\necho "Date is `date`"\n]
exec.before [sh][-ec][echo '\''This script received via `cli` key.'\''; echo Shell is "$0"; echo "Date is `date`"]
command [/lib/systemd/systemd][--system]
hostname none
memory none
mounts 
network move keep_addresses
namespaces uts ipc cgroup'
}

@test "what the manual shows: the defaults, and its examples" {
  local page=$LCBOOT_REPO/doc/init.yml.5 i
  awk '/^\.Bd/ { p = 1 ; next } /^\.Ed/ { exit } p' "$page" > init.yml
  is "$(wc -l < init.yml)" 9 'the lines of the defaults'
  ok initconfig init.yml
  stdout_is "$defaults"
  awk '/^\.Sh/ { e = $2 == "EXAMPLES" } /^\.Ed/ { p = 0 } p { print > ("example" n) } e && /^\.Bd/ { n++ ; p = 1 }' "$page"
  is "$(echo example*)" 'example1 example2 example3 example4' 'the examples'
  for i in 1 2 3 4; do ok lc-compile "example$i"; done
  ok initconfig example1
  stdout_has 'groups 0 1000000 1, 1 1000001 1, 2 1000002 1, 3 1000003 65533'
  ok initconfig example3
  stdout_has 'namespaces uts ipc cgroup pid'
}

@test "root" {
  means 'root: /srv/x' 'root [/srv/x]' 'mode pivot' 'old none'
  same 'root: /srv/x' 'root: {path: /srv/x}' 'root: {path: /srv/x, mode: pivot}' 'root:\n  path: "/srv/x"\n  mode: "pivot"\n'
  means 'root: {mode: chroot}' 'root [/mnt/root]' 'mode chroot'
  means 'root: {mode: switch}' 'mode switch'
  means 'root: {mode: none}' 'mode none'
  means 'root: {mode: ~}' 'mode none'
  means 'root: {mode: null}' 'mode none'
  means 'root: {mode: none, path: /}' 'root [/]'
  means 'root: {path: /srv/x, old: /sysroot}' 'old [/sysroot]'
  means 'root: "/srv/a b"' 'root [/srv/a b]'
  wrong 'root: srv/x' '1:7: root.path: the path must be absolute: srv/x'
  wrong 'root: ""' '1:7: root.path: this is empty'
  wrong 'root: //' "1:7: root.path: this is the present root, not a guest's"
  wrong 'root: [/srv/x]' '1:7: root: a mapping is expected, not a list'
  wrong 'root: {mode: pivto}' '1:14: unknown root.mode: pivto (did you mean pivot?)'
  wrong 'root: {mode: bind}' '1:14: unknown root.mode: bind (known here: pivot, chroot, switch, none)'
  wrong 'root: {mode: no}' '1:14: root.mode: a name is expected, not no'
  wrong 'root: {mode: chroot, old: /old}' '1:27: root.old: the old root can stay only with mode pivot, not with mode chroot'
  wrong 'root: {mode: none, old: /old}' '1:25: root.old: the old root can stay only with mode pivot, not with mode none'
  wrong 'root: {old: /}' '1:13: root.old: the old root cannot stay at /'
  wrong 'root: {old: old}' '1:13: root.old: the path must be absolute: old'
}

@test "id_map: every notation of a map" {
  means 'id_map: {users: 0 1000000 65536}' 'users 0 1000000 65536' 'groups 0 1000000 65536' 'network move keep_addresses'
  same 'id_map: {users: 0 1000000 65536}' \
    'id_map: {users: "0 1000000 65536"}' \
    'id_map: {users: "  0 \\t 1000000\\n65536 "}' \
    'id_map: {users: "000 01000000 065536"}' \
    'id_map: {users: [0, 1000000, 65536]}' \
    'id_map: {users: ["0", "1000000", "65536"]}' \
    'id_map: {users: [!!int 0, 1000000, 65536]}' \
    'id_map:\n  users:\n  - 0\n  - 1000000\n  - 65536\n' \
    'id_map: {users: {internal: 0, external: 1000000, size: 65536}}' \
    'id_map: {users: {size: 65536, external: 1000000, internal: 0}}' \
    'id_map: {users: [0 1000000 65536]}' \
    'id_map: {users: [[0, 1000000, 65536]]}' \
    'id_map:\n  users:\n  - - 0\n    - 1000000\n    - 65536\n' \
    'id_map: {users: [{internal: 0, external: 1000000, size: 65536}]}' \
    'id_map: {groups: 0 1000000 65536}' \
    'id_map: {users: , groups: 0 1000000 65536}' \
    'id_map: {users: 0 1000000 65536, groups: 0 1000000 65536}' \
    '{"id_map": {"users": [0, 1000000, 65536]}}'
  means 'id_map: {users: 0 1000}' 'users 0 1000 1'
  same 'id_map: {users: 0 1000}' 'id_map: {users: [0, 1000]}' 'id_map: {users: {internal: 0, external: 1000}}' 'id_map: {users: [0 1000]}' \
    'id_map: {users: [[0, 1000]]}' 'id_map: {users: {internal: 0, external: 1000, size: }}'
  means 'id_map: {users: [0 1000, [1, 2000, 5], {internal: 10, external: 5}], groups: 0 7}' 'users 0 1000 1, 1 2000 5, 10 5 1' 'groups 0 7 1'
  means 'id_map: {users: [[5, 50], [0, 4294967294]]}' 'users 5 50 1, 0 4294967294 1'
  means 'id_map: {users: [0, 0, 4294967295]}' 'users 0 0 4294967295'
  means 'id_map: false' 'network keep'
  same 'id_map: false' 'id_map: no' 'id_map: off' 'id_map: ~' ''
}

@test "id_map: mistakes" {
  wrong 'id_map: true' '1:9: id_map: false, or a mapping of users and groups, is expected, not true'
  wrong 'id_map: {}' '1:9: id_map: neither users nor groups are mapped (id_map: false is none)'
  wrong 'id_map:\n  users:\n  groups:\n' '2:3: id_map: neither users nor groups are mapped (id_map: false is none)'
  wrong 'id_map: 0 1000' '1:9: id_map: a mapping is expected, not 0 1000'
  wrong 'id_map: {users: false}' '1:17: id_map.users: a map or a list of maps is expected, not false'
  wrong 'id_map: {users: []}' '1:17: id_map.users: inside id 0 is not mapped, which the guest'\''s root needs'
  wrong 'id_map: {users: 1 1000 5}' '1:17: id_map.users: inside id 0 is not mapped, which the guest'\''s root needs'
  wrong 'id_map: {users: 0 1, groups: [5 5, 9 9]}' '1:30: id_map.groups: inside id 0 is not mapped, which the guest'\''s root needs'
  wrong 'id_map:\n  users:\n  - 0 1000 10\n  - 100 2000\n  - 9 3000\n' '5:5: id_map: 9 3000 1 overlaps inside with 0 1000 10 of line 3'
  wrong 'id_map:\n  users:\n  - 0 1000 10\n  - 100 1009\n' '4:5: id_map: 100 1009 1 overlaps outside with 0 1000 10 of line 3'
  wrong 'id_map: {users: [0, 1000, 0]}' '1:17: id_map: a count of 0 maps nothing'
  wrong 'id_map: {users: 0 1 4294967295}' '1:17: id_map: this runs past the last id, 4294967294'
  wrong 'id_map: {users: 0}' '1:17: id_map: two or three ids are expected, inside, outside and count, not 0'
  wrong 'id_map: {users: ""}' '1:17: id_map: two or three ids are expected, inside, outside and count, not an empty text'
  wrong 'id_map: {users: 0 1 2 3}' '1:17: id_map: two or three ids are expected, inside, outside and count, not 0 1 2 3'
  wrong 'id_map: {users: 0:1000:5}' '1:17: id_map: two or three ids are expected, inside, outside and count, not 0:1000:5'
  wrong 'id_map: {users: 0 -1}' '1:17: id_map: two or three ids are expected, inside, outside and count, not 0 -1'
  wrong 'id_map: {users: 0 4294967295}' '1:17: id_map: two or three ids are expected, inside, outside and count, not 0 4294967295'
  wrong 'id_map: {users: [0]}' '1:17: id_map: two or three ids are expected in a list, inside, outside and count'
  wrong 'id_map: {users: [0, 1, 2, 3]}' '1:17: id_map: two or three ids are expected in a list, inside, outside and count'
  wrong 'id_map: {users: {internal: 0}}' '1:17: id_map: the key external is missing'
  wrong 'id_map: {users: {internal: 0, outside: 5}}' '1:17: id_map: the key external is missing' \
    '1:31: unknown key: outside (known here: internal, external, size)'
  wrong 'id_map: {users: {internal: 0, external: 4294967295}}' '1:41: external: 4294967295 is too large for an id'
  wrong 'id_map: {users: 0 1, group: 0 1}' '1:22: unknown key: group (did you mean groups?)'
}

@test "id_map: numbers that YAML's versions read differently, or that are not decimal" {
  local n
  wrong 'id_map: {users: [0, 017]}' '1:21: external: 017 is octal in YAML 1.1 and decimal in 1.2; write it without the 0 before it'
  for n in 0x10 0o17 1_000 1e6 1.0 -1 +1 1:30 abc; do
    wrong "id_map: {users: [0, $n]}" "1:21: external: a decimal number, digits and nothing else, is expected, not $n"
  done
  wrong 'id_map: {users: [[0, ~]]}' '1:22: external: a decimal number, digits and nothing else, is expected, not null'
  wrong 'id_map: {users: [[0, yes]]}' '1:22: external: a decimal number, digits and nothing else, is expected, not yes'
}

@test "id_map: the kernel's limits" {
  local i
  { printf 'id_map:\n  users:\n'; for ((i = 0; i < 340; i++)); do printf '  - [%d, %d]\n' "$i" "$((1000 + 2 * i))"; done; } > init.yml
  ok initconfig init.yml
  echo '  - 340 5000' >> init.yml
  fails 100 $'init.yml:343:5: id_map: the kernel takes at most 340 lines, and this is one more\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
  # 12 bytes, then 170 lines of 24: 4092; one byte more than 4095 with another
  { printf 'id_map:\n  users:\n  - 0 1234567\n'; for ((i = 0; i < 170; i++)); do printf '  - %d %d\n' "$((1000000000 + i))" "$((1000000000 + 2 * i))"; done; } > init.yml
  ok initconfig init.yml
  sed -i 's/0 1234567$/0 12345678901/; s/12345678901/1234567890/' init.yml
  ok initconfig init.yml
  sed -i 's/0 1234567890$/0 1234567890 10/' init.yml
  fails 100 $'init.yml:3:3: id_map.users: these maps are longer than the 4095 bytes that the kernel takes\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
}

@test "initctl" {
  local name
  means 'initctl: false' 'initctl none'
  means 'initctl: true' 'initctl [auto]'
  same 'initctl: true' 'initctl: yes' 'initctl: on' 'initctl: auto' 'initctl: True'
  for name in systemd sysvinit busybox openrc runit s6 generic; do means "initctl: $name" "initctl [$name]"; done
  wrong 'initctl: sytemd' '1:10: unknown init: sytemd (did you mean systemd?)'
  wrong 'initctl: upstart' '1:10: unknown init: upstart (known here: auto, systemd, sysvinit, busybox, openrc, runit, s6, generic)'
  wrong 'initctl: [true]' '1:10: initctl: true, false or the name of an init is expected, not a list'
}

@test "devices" {
  means 'devices: {exclude: "loop*"}' 'exclude [loop*]' 'rexclude '
  same 'devices: {exclude: "loop*"}' 'devices: {exclude: ["loop*"]}' 'devices:\n  exclude:\n  - loop*\n' 'devices: {exclude: [loop*], rexclude: []}'
  means 'devices: {exclude: [net/tun, "[ab]?", 5], rexclude: ["^sd[a-z]+$", "a|b"]}' 'exclude [net/tun][[ab]?][5]' 'rexclude [^sd[a-z]+$][a|b]'
  means 'devices: {rexclude: ^loop}' 'rexclude [^loop]'
  wrong 'devices: [loop*]' '1:10: devices: a mapping is expected, not a list'
  wrong 'devices: {excludes: x}' '1:11: unknown key: excludes (did you mean exclude?)'
  wrong 'devices: {exclude: ""}' '1:20: devices.exclude: this is empty'
  wrong 'devices: {exclude: [a, [b]]}' '1:24: devices.exclude: text is expected, not a list'
  wrong 'devices: {rexclude: ["a", "("]}' '1:27: devices.rexclude: invalid regular expression (: Unmatched ( or \('
  printf 'devices: {rexclude: "%04097d"}' 0 > init.yml
  fails 100 $'init.yml:1:21: devices.rexclude: a regular expression of more than 4096 bytes\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
}

@test "setup" {
  local mode
  means 'setup: {mode: auto}' 'setup any'
  means 'setup: {mode: guess}' 'setup any'
  for mode in none lxc-libvirt lxc systemd-nspawn oci vm; do means "setup: {mode: $mode}" "setup $mode"; done
  means 'setup: {mode: none}' 'setup none' 'network keep' 'namespaces'
  same 'setup: {mode: none}' 'setup: {mode: ~}' 'setup: {mode: null}' 'setup: []' 'setup: false' 'setup: no'
  means 'setup: echo a b' 'setup none' 'setup.before [echo][a][b]'
  same 'setup: echo a b' 'setup: [echo a b]' 'setup: [[echo, a, b]]' 'setup: {mode: none, before: echo a b}'
  means 'setup: {before: echo a}' 'setup any' 'setup.before [echo][a]'
  wrong 'setup: {mode: lxd}' '1:15: unknown setup.mode: lxd (did you mean lxc?)'
  wrong 'setup: {mode: qemu}' '1:15: unknown setup.mode: qemu (known here: auto, guess, none, lxc-libvirt, lxc, systemd-nspawn, oci, vm)'
  wrong 'setup: {mode: off}' '1:15: setup.mode: a name is expected, not off'
  wrong 'setup: {command: x}' '1:9: unknown key: command (known here: mode, before)'
  for mode in auto none vm; do wrong "setup: $mode" "1:8: setup: $mode is a command here; for the mode write {mode: $mode}"; done
  wrong 'setup: true' '1:8: setup: true is a boolean here; for a command of that name write "true"'
}

@test "commands: one or a list of them, none, and their notations" {
  means 'exec: {before: echo a}' 'exec.before [echo][a]'
  same 'exec: {before: echo a}' 'exec: {before: [echo a]}' 'exec: {before: [[echo, a]]}' 'exec: {before: {command: echo a}}' 'exec: {before: {command: [echo, a]}}' \
    'exec: {before: [{command: echo a}]}' 'exec: {before: [{command: [echo, a], input: }]}' 'exec:\n  before:\n  - - echo\n    - a\n'
  means 'exec: {before: [echo, a]}' 'exec.before [echo]' 'exec.before [a]'
  same '' 'exec: {before: false}' 'exec: {before: no}' 'exec: {before: []}' 'exec: {before: ~}' 'setup: {before: false}' 'setup: {before: []}'
  means 'exec: {before: [cat, {command: cat -n, input: "x\\ny"}, [a, "b c", ""]]}' 'exec.before [cat]' 'exec.before [cat][-n]' '  input [x\ny]' 'exec.before [a][b c][]'
  means 'exec: {before: {command: cat, input: ""}}' '  input []'
  means 'exec: {before: {command: cat, input: 12}}' '  input [12]'
  means 'exec:\n  before:\n    command: cat\n    input: |\n      a\n       b\n\n    ' '  input [a\n b\n]'
}

@test "commands: mistakes" {
  wrong 'exec: {before: ""}' '1:16: exec.before: there is no word in this command'
  wrong 'exec: {before: [" \\t\\n"]}' '1:17: exec.before: there is no word in this command'
  wrong 'exec: {before: [[]]}' '1:17: exec.before: there is no word in this command'
  wrong 'exec: {before: ["'"''"' a"]}' '1:17: exec.before: the first word of this command is empty'
  wrong 'exec: {before: [["", a]]}' '1:18: exec.before: the first word of this command is empty'
  wrong 'exec: {before: true}' '1:16: exec.before: true is a boolean here; for a command of that name write "true"'
  wrong 'exec: {before: [false]}' '1:17: exec.before: false is a boolean here; for a command of that name write "false"'
  wrong 'exec: {before: [~]}' '1:17: exec.before: a command is expected, not null'
  wrong 'exec: {before: [[echo, yes]]}' '1:24: exec.before: yes is a boolean here; for the text write "yes"'
  wrong 'exec: {before: [[echo, null]]}' '1:24: exec.before: null is null here; for the text write "null"'
  wrong 'exec: {before: [[echo, [a]]]}' '1:24: exec.before: text is expected, not a list'
  wrong 'exec:\n  before:\n  - - echo\n    -\n' '4:6: exec.before: nothing is here; for an empty text write ""'
  wrong 'exec: {before: {input: x}}' '1:16: exec.before: the key command is missing'
  wrong 'exec: {before: {comand: x}}' '1:16: exec.before: the key command is missing' '1:17: unknown key: comand (did you mean command?)'
  wrong 'exec: {before: {command: {command: x}}}' '1:26: exec.before: a command is expected, a string or a list of words, not a mapping'
  wrong 'exec: {before: {command: x, input: [a]}}' '1:36: input: text is expected, not a list'
  wrong 'exec: {before: {command: x, input: yes}}' '1:36: input: yes is a boolean here; for the text write "yes"'
  wrong 'setup: {before: [a, "b '"'"'c"]}' "1:21: setup.before: a single quote (') is not closed: b 'c"
}

@test "commands: strings are split like those of Python's shlex" {
  split 'a b  c' '[a][b][c]'
  split 'a\ b c' '[a b][c]'
  split "'a b' \"c d\"" '[a b][c d]'
  split "a'b'\"c\"d" '[abcd]'
  split "a '' b" '[a][][b]'
  split "a ''" '[a][]'
  split '""x' '[x]'
  split "''''x" '[x]'
  split "'\\x'" '[\\x]'
  split '"\""' '["]'
  split '"\\"' '[\\]'
  split '"\a\$\`"' '[\\a\\$\\`]'
  split "\\'\\\"" "['\"]"
  split 'a#b #c' '[a#b][#c]'
  split '$HOME `x` *.c ~ {a,b}' '[$HOME][`x`][*.c][~][{a,b}]'
  split 'a;b|c&&d >e' '[a;b|c&&d][>e]'
  split '\\' '[\\]'
  split "\"'\" '\"'" "[']"'["]'
  split 'x="a b"'"'c d'"'\ e' '[x=a bc d e]'
  split '\ ' '[ ]'
  split " ' ' " '[ ]'
  split 'é ü' '[é][ü]'
  command_is '"a\\tb\\rc\\nd"' '[a][b][c][d]'
  command_is '"a\\\\\\nb"' '[a\nb]'
  command_is '"\\"a\\\\\\nb\\""' '[a\\\nb]'
  command_is '"a\\vb\\fc\\_d"' $'[a\vb\fc\xc2\xa0d]'
  wrong "exec: \"'a\"" "1:7: exec.command: a single quote (') is not closed: 'a"
  wrong 'exec: x "a' '1:7: exec.command: a double quote (") is not closed: x "a'
  wrong 'exec: a\\' '1:7: exec.command: nothing follows the last backslash: a\'
  wrong 'exec: "\\"a\\\\"' '1:7: exec.command: nothing follows the last backslash: "a\'
}

@test "exec" {
  means 'exec: {command: /bin/sh -l}' 'command [/bin/sh][-l]'
  same 'exec: {command: /bin/sh -l}' 'exec: /bin/sh -l' 'exec: [/bin/sh, -l]' 'exec: {command: [/bin/sh, -l]}' 'exec: {command: {command: /bin/sh -l}}' \
    'exec: {command: {command: [/bin/sh, -l]}}' 'exec:\n- /bin/sh\n- -l\n'
  means 'exec: {before: x}' 'exec.before [x]' 'command [/sbin/init]'
  wrong 'exec: {command: {command: x, input: y}}' "1:17: exec.command: the guest's init takes no input"
  wrong 'exec: {command: x, input: y}' '1:20: unknown key: input (known here: before, command)'
  wrong 'exec: false' '1:7: exec.command: false is a boolean here; for a command of that name write "false"'
  wrong 'exec: []' '1:7: exec.command: there is no word in this command'
}

@test "numbers, dates and the like are text as written" {
  command_is '[echo, 1, 0x10, 0o17, 017, 1_000, 1e6, 1.50, .5, 1:30, 2001-12-14, 2001-12-14t21:59:43.10-05:00, =, <<, y, n, .inf]' \
    '[echo][1][0x10][0o17][017][1_000][1e6][1.50][.5][1:30][2001-12-14][2001-12-14t21:59:43.10-05:00][=][<<][y][n][.inf]'
  command_is "['yes', \"no\", '~', 'null', '']" '[yes][no][~][null][]'
  means 'hostname: 1234' 'hostname [1234]'
  means 'hostname: 0x10' 'hostname [0x10]'
  means 'memory: 1048576' 'memory [1048576]'
}

@test "hostname" {
  local name
  means 'hostname: web1.example.org' 'hostname [web1.example.org]'
  printf -v name '%064d' 0
  means "hostname: $name" "hostname [$name]"
  wrong "hostname: ${name}1" '1:11: hostname: this name is longer than 64 bytes'
  wrong 'hostname: ""' '1:11: hostname: this is empty'
  wrong 'hostname: a b' '1:11: hostname: a blank or a control character is in this name: a b'
  wrong 'hostname: "a\\nb"' '1:11: hostname: a blank or a control character is in this name: a\nb'
  wrong 'hostname: off' '1:11: hostname: off is a boolean here; for the text write "off"'
  wrong 'hostname: [a]' '1:11: hostname: text is expected, not a list'
}

@test "memory" {
  local size
  for size in 1 65536 64k 64K 512M 512m 1G 1g 2T 2t 9223372036854775807 8388607T; do means "memory: $size" "memory [$size]"; done
  for size in 0 0G G 1P 1GB '1 G' -1 0x10 1.5G 9223372036854775808 8388608T max; do
    wrong "memory: $size" "1:9: memory: a number of bytes is expected, more than 0, perhaps with k, M, G or T behind it, not $size"
  done
}

@test "mounts" {
  means 'mounts: ["tmpfs /run tmpfs mode=0755,nosuid,nodev 0 0"]' 'mounts [tmpfs /run tmpfs mode=0755,nosuid,nodev 0 0]'
  means 'mounts:\n- tmpfs /run tmpfs rw\n- /srv/a\\040b /data none rbind,ro 0\n' 'mounts [tmpfs /run tmpfs rw][/srv/a\\040b /data none rbind,ro 0]'
  means 'mounts: tmpfs /run tmpfs rw' 'mounts [tmpfs /run tmpfs rw]'
  means 'mounts: [" tmpfs\\t/run tmpfs rw 0 0\\n"]' $'mounts [ tmpfs\t/run tmpfs rw 0 0]'
  same '' 'mounts: []'
  wrong 'mounts: [tmpfs /run tmpfs]' '1:10: mounts: a line of an fstab is expected: source, target, type, options, and perhaps two numbers'
  wrong 'mounts: [a /b c d 0 0 0]' '1:10: mounts: a line of an fstab is expected: source, target, type, options, and perhaps two numbers'
  wrong 'mounts: ["#a /b c d"]' '1:10: mounts: this is a comment, not a mount'
  wrong 'mounts: [tmpfs run tmpfs rw]' "1:10: mounts: the target must be an absolute path in the guest's root"
  wrong 'mounts: [tmpfs /run tmpfs rw x 0]' '1:10: mounts: the fifth and sixth fields must be numbers'
  wrong 'mounts: [/dev/x /x swap sw]' '1:10: mounts: swap is nothing that a guest can mount'
  wrong 'mounts: [UUID=1234 /x ext4 rw]' '1:10: mounts: the source is a tag (UUID=, LABEL= ...), which is not looked up: name the device'
  wrong 'mounts: ["a /b c d\\na /c c d"]' '1:10: mounts: this is more than one line: make a list of them'
  wrong 'mounts: [""]' '1:10: mounts: this is empty'
  wrong 'mounts: [" "]' '1:10: mounts: a line of an fstab is expected: source, target, type, options, and perhaps two numbers'
  wrong 'mounts: ["/x /y ext4 loop,offset=x"]' '1:10: mounts: option offset=x wants a number of bytes'
}

@test "mounts: a field is what it was checked to be" {
  conf 'mounts: ["/srv\\\\057x /d none bind,ro\\\\054rw 0 0", "\\\\043x\\\\\\\\040 /e\\\\040f none bind 0 0"]'
  ok lc-compile init.yml
  stdout_has 'lc-mountfs -R /mnt/root -o "bind,ro\\054rw" "/srv\\057x" /d'
  stdout_has 'lc-mountfs -R /mnt/root -o bind "\\043x\\040" "/e f"'
}

@test "names that begin with a dash are no options" {
  local setup
  conf 'hostname: -x'
  ok lc-compile init.yml
  stdout_has 'lc-hostname -- -x'
  mkdir bin
  printf '#!/bin/sh\necho "$0 $@"\n' > bin/-u
  chmod 0755 bin/-u
  for setup in '' '  before: {command: cat, input: x}' '  before: "true"'; do
    conf "root: {mode: none}\nsetup: {mode: none}\nexec:\n  command: [-u, -v, x]\n$setup\n"
    ok env PATH="$PWD/bin:$PATH" lc-compile -x init.yml
    stdout_like '^x?.*bin/-u -v x$'
  done
  conf 'root: {mode: none}\nsetup: {mode: none}\ninitctl: true\nexec: [-u, x]'
  ok lc-compile init.yml
  stdout_has 'lc-initctl --'
  # the first argument may replace the command
  conf 'root: {mode: none}\nsetup: {mode: none}'
  ok env PATH="$PWD/bin:$PATH" lc-compile -x -A -a -u -a y init.yml
  stdout_like '^.*bin/-u y$'
}

@test "network and namespaces" {
  local id='id_map: {users: 0 1000}\n'
  means '' 'network keep' 'namespaces uts ipc cgroup'
  means "$id" 'network move keep_addresses' 'namespaces uts ipc cgroup'
  means 'network: move' 'network take keep_addresses'
  means "${id}network: move" 'network take keep_addresses'
  same 'network: move' 'network: {mode: move}' 'network: {mode: move, keep_addresses: true}' 'network: {mode: move, keep_addresses: }'
  means 'network: {mode: move, keep_addresses: false}' 'network take'
  means "${id}network: {keep_addresses: false}" 'network move'
  means "${id}network: {keep_addresses: no}" 'network move'
  means 'network: keep' 'network keep'
  means "${id}network: keep" 'network keep'
  means 'network: new' 'network new'
  means 'namespaces: [uts, ipc, net, cgroup]' 'network move keep_addresses' 'namespaces uts ipc cgroup'
  means "${id}namespaces: [uts, pid, time]" 'network keep' 'namespaces uts pid time'
  means "${id}namespaces: [net, mount, user]" 'network move keep_addresses' 'namespaces'
  means 'namespaces: uts' 'namespaces uts'
  means 'namespaces: []' 'network keep' 'namespaces'
  means 'network: new\nnamespaces: [net]' 'network new' 'namespaces'
  wrong 'network: bridge' '1:10: unknown network: bridge (known here: keep, new, move)'
  wrong 'network: none' '1:10: unknown network: none (known here: keep, new, move)'
  wrong 'network: off' '1:10: network: a name is expected, not off'
  wrong 'network: {mode: mvoe}' '1:17: unknown network: mvoe (did you mean move?)'
  wrong 'network: {mode: move, keep-addresses: yes}' '1:23: unknown key: keep-addresses (did you mean keep_addresses?)'
  wrong 'network: {mode: move, keep_addresses: 1}' '1:39: network.keep_addresses: true or false is expected, not 1'
  wrong 'namespaces: [uts, network]' '1:19: unknown namespace: network (known here: uts, ipc, net, cgroup, pid, time, mount, user)'
  wrong 'namespaces: [uts,\n  uts]' '2:3: namespaces: uts is named twice, first on line 1'
  wrong 'namespaces: false' '1:13: namespaces: a name is expected, not false'
}

@test "what contradicts something else names both places" {
  wrong 'network: new\nnamespaces: [uts]' '1:10: network: this needs a network namespace, but namespaces (line 2) has no net'
  wrong 'network: move\n\nnamespaces: []' '1:10: network: this needs a network namespace, but namespaces (line 3) has no net'
  wrong 'network: keep\nnamespaces:\n- net' '1:10: network: the present one cannot be kept, as namespaces (line 3) has net'
  wrong 'namespaces: [uts, user]' '1:19: namespaces: a user namespace is made by id_map, which is not there'
  wrong 'network: {mode: new, keep_addresses: true}' '1:38: network.keep_addresses: this is for interfaces that are moved (mode: move)'
  wrong 'network: {keep_addresses: false}' '1:27: network.keep_addresses: this is for interfaces that are moved (mode: move)'
  wrong 'setup: {mode: none}\nid_map: {users: 0 1000}\ndevices: {exclude: x}\nhostname: x\nmemory: 1\nmounts: a /b c d\nnetwork: new\nnamespaces: [uts]\n' \
    '2:9: id_map: no user namespace is made without a setup: line 1 says that there is none' \
    '3:10: devices: no /dev is made without a setup: line 1 says that there is none' \
    '4:11: hostname: it is not set without a setup: line 1 says that there is none' \
    '5:9: memory: no limit is set without a setup: line 1 says that there is none' \
    '6:9: mounts: nothing is mounted without a setup: line 1 says that there is none' \
    '7:10: network: no network namespace is made without a setup: line 1 says that there is none' \
    '8:13: namespaces: none is made without a setup: line 1 says that there is none'
  wrong 'setup: [echo x]\nid_map: {users: 0 1000}\n' \
    '2:9: id_map: no user namespace is made without a setup: line 1 says that there is none (setup: {mode: auto, before: ...} is a setup with commands before it)'
  means 'setup: {mode: none}\nid_map: false\ndevices: {exclude: []}\nmounts: []\nnetwork: keep\nnamespaces: []' 'setup none'
}

# YAML

@test "all mistakes in one run, in the order of the lines" {
  wrong 'hostname: no\nrooot: x\nid-map: {}\nexec:\n  befor: x\n  command: [a, ~]\nroot: {mode: x, path: y}\nsetup: {before: [true, "a \\""]}\nroot: /z\n' \
    '1:11: hostname: no is a boolean here; for the text write "no"' \
    '2:1: unknown key: rooot (did you mean root?)' \
    '3:1: unknown key: id-map (did you mean id_map?)' \
    '5:3: unknown key: befor (did you mean before?)' \
    '6:16: exec.command: ~ is null here; for the text write "~"' \
    '7:14: unknown root.mode: x (known here: pivot, chroot, switch, none)' \
    '7:23: root.path: the path must be absolute: y' \
    '8:18: setup.before: true is a boolean here; for a command of that name write "true"' \
    '8:24: setup.before: a double quote (") is not closed: a "' \
    '9:1: duplicate key: root (first on line 7)'
}

@test "columns are characters, and lines end in any way" {
  wrong '# \xc3\xa9\r\n{hostname: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80, x: y}' '2:17: unknown key: x (known here: root, id_map, initctl, devices, setup, exec, hostname, memory, mounts, network, namespaces)'
  printf '{hostname: \xc3\xa9\xf0\x9f\x98\x80,\n memori: 1}' | iconv -f UTF-8 -t UTF-16 > init.yml
  fails 100 $'init.yml:2:2: unknown key: memori (did you mean memory?)\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
}

@test "UTF-8 with and without a mark, and UTF-16, are read" {
  means '\xef\xbb\xbfhostname: b\xc3\xb6b' $'hostname [b\xc3\xb6b]'
  local e
  for e in UTF-16 UTF-16BE UTF-16LE; do
    printf 'hostname: b\xc3\xb6b\xf0\x9f\x98\x80\n' | iconv -f UTF-8 -t "$e" > bare
    case $e in
      UTF-16) cp bare init.yml ;;
      UTF-16LE) { printf '\xff\xfe'; cat bare; } > init.yml ;;
      UTF-16BE) { printf '\xfe\xff'; cat bare; } > init.yml ;;
    esac
    ok initconfig init.yml
    stdout_has $'hostname [b\xc3\xb6b\xf0\x9f\x98\x80]'
  done
}

@test "text that is not YAML: libyaml's words, with file, line and column" {
  wrong 'exec:\n\t- a\n' '2:1: found character that cannot start any token while scanning for the next token'
  wrong 'exec: [a,\n  b\n' '3:1: did not find expected '\'','\'' or '\'']'\'' while parsing a flow sequence that begins on line 1'
  wrong 'hostname: "a\n\n' '3:1: found unexpected end of stream while scanning a quoted scalar that begins on line 1'
  wrong 'a\xc3\xa9: x\nb: \xff' '2:4: invalid leading UTF-8 octet'
  wrong 'a: \xc3\xa9\x01' '1:5: control characters are not allowed'
  printf 'a: b\000c' > init.yml
  fails 100 $'init.yml:1:5: control characters are not allowed\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
  printf '\xff\xfea\0\n\0b\0\0\xdc' > init.yml
  fails 100 $'init.yml:2:2: unexpected low surrogate area\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
}

@test "the document is a mapping, and the only one" {
  wrong 'hello' '1:1: the configuration: a mapping is expected, not hello'
  wrong '- a' '1:1: the configuration: a mapping is expected, not a list'
  wrong 'false' '1:1: the configuration: a mapping is expected, not false'
  wrong 'memory: x\n---\nmemory: 1\n' '1:9: memory: a number of bytes is expected, more than 0, perhaps with k, M, G or T behind it, not x' \
    '2:1: a second document begins here: a configuration is one'
  means '%YAML 1.1\n---\nmemory: 1\n...\n# end\n' 'memory [1]'
}

@test "JSON is YAML" {
  means '{"root": {"path": "/x", "mode": "chroot"}, "initctl": true,\n\t"id_map": {"users": [[0, 1000, 1]]},\n\t"exec": {"before": [{"command": ["a"], "input": "\\u00e9\\n\\/"}], "command": ["b", "", "\\\\ \\""]}}\n' \
    'root [/x]' 'mode chroot' 'initctl [auto]' 'users 0 1000 1' 'exec.before [a]' $'  input [\xc3\xa9\\n/]' 'command [b][][\\ "]'
}

@test "keys: duplicates, and what is no word" {
  wrong 'memory: 1\n"memory": 2\n' '2:1: duplicate key: memory (first on line 1)'
  wrong 'root:\n  path: /x\n  mode: chroot\n  path: /y\n' '4:3: duplicate key: path (first on line 2)'
  wrong '? [root]\n: /x\n' '1:3: a key must be a word, not a list'
  wrong '? {root: /x}\n: /x\n' '1:3: a key must be a word, not a mapping'
  wrong '?\n: /x' '1:2: unknown key:  (known here: root, id_map, initctl, devices, setup, exec, hostname, memory, mounts, network, namespaces)'
}

@test "anchors, aliases and merge keys" {
  means 'exec:\n  before: [&c [echo, a], *c, *c]' 'exec.before [echo][a]'
  is "$(grep -c '^exec.before \[echo\]\[a\]$' <<< "$output")" 3 'the number of commands'
  means 'hostname: &h web1\nexec: [echo, *h]' 'hostname [web1]' 'command [echo][web1]'
  means 'id_map: {users: &u [0, 1000], groups: *u}' 'users 0 1000 1' 'groups 0 1000 1'
  means 'setup: {before: [&c {command: cat, input: x}, {<<: *c, input: y}, {<<: *c}]}' '  input [x]' '  input [y]'
  is "$(grep -c '^setup.before \[cat\]$' <<< "$output")" 3 'the number of commands'
  means 'root: {<<: [{mode: chroot}, {mode: switch, path: /x}], path: /y}' 'mode chroot' 'root [/y]'
  means 'root: {path: /y, <<: {<<: {mode: chroot}, path: /x}}' 'mode chroot' 'root [/y]'
  means '<<: {hostname: web1}\nmemory: 1' 'hostname [web1]' 'memory [1]'
  wrong 'hostname: *h' '1:11: the alias *h has no anchor &h before it'
  wrong 'exec: &e [*e]' '1:11: the alias *e is inside of what it stands for'
  wrong 'hostname: &h a\nexec: &h b\n' '2:7: the anchor &h is there already, on line 1'
  wrong 'root: {<<: x}' '1:12: only a mapping can be merged (<<), or a list of mappings'
  wrong 'root: {<<: {}, <<: {}}' '1:16: duplicate key: << (first on line 1)'
  wrong 'root: {"<<": {mode: chroot}}' '1:8: unknown key: << (known here: path, mode, old)'
  # a mistake in what several aliases stand for is one
  wrong 'exec: {before: [&c [a, ~], *c, *c]}' '1:24: exec.before: ~ is null here; for the text write "~"'
}

@test "tags: those of the core schema; others are refused by name" {
  command_is '[echo, !!str yes, ! no, !!str ~, !!int 5, !!float 1.5]' '[echo][yes][no][~][5][1.5]'
  means 'initctl: !!bool yes' 'initctl [auto]'
  means 'hostname: !!null ~' 'hostname none'
  means 'root: !!map {path: !!str /x}\nexec: !!seq [a]' 'root [/x]' 'command [a]'
  wrong 'hostname: !!binary aGk=' '1:11: the tag !!binary cannot be used here'
  wrong 'hostname: !!timestamp 2001-12-14' '1:11: the tag !!timestamp cannot be used here'
  wrong 'exec: !!set {a}' '1:7: the tag !!set cannot be used here'
  wrong 'exec: !!omap [a]' '1:7: the tag !!omap cannot be used here'
  wrong 'hostname: !mine x' '1:11: the tag !mine cannot be used here'
  wrong 'exec: !!python/object/apply:os.system [id]' '1:7: the tag !!python/object/apply:os.system cannot be used here'
  wrong 'initctl: !!bool maybe' '1:10: maybe does not fit its tag, !!bool'
  wrong 'hostname: !!int x' '1:11: x does not fit its tag, !!int'
}

@test "what no argument can hold" {
  wrong 'hostname: "a\\0b"' '1:11: a zero byte (\0) is in this text: no argument, name or file of a boot can hold one'
  wrong 'exec: [a, "\\x00"]' '1:11: a zero byte (\0) is in this text: no argument, name or file of a boot can hold one'
  { printf 'exec: [a, '; head -c 131000 /dev/zero | tr '\0' x; echo ']'; } > init.yml
  ok initconfig init.yml
  sed -i 's/x]/xx]/' init.yml
  fails 100 $'init.yml:1:11: exec.command: longer than 131000 bytes, which no argument of a program can hold\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
  { printf 'exec: a '; head -c 131001 /dev/zero | tr '\0' x; } > init.yml
  fails 100 $'init.yml:1:7: exec.command: a word is longer than 131000 bytes, which no argument of a program can hold\nlc-compile: fatal: 1 mistake in init.yml' lc-compile init.yml
  # an input is no argument
  { printf 'exec:\n  before: {command: cat, input: '; head -c 400000 /dev/zero | tr '\0' x; echo '}'; } > init.yml
  ok initconfig init.yml
}

@test "messages are one line each whatever is in the file" {
  wrong '"a\\n\\e[31m\\x7f\\x85\\tb": 1' '1:1: unknown key: a\n\x1b[31m\x7f\xc2\x85\tb (known here: root, id_map, initctl, devices, setup, exec, hostname, memory, mounts, network, namespaces)'
  { printf 'x'; head -c 5000 /dev/zero | tr '\0' x; echo ': 1'; } > init.yml
  sed -i '1s/^/? /; 1s/: 1$//; 1a : 1' init.yml
  try lc-compile init.yml
  status_is 100
  stderr_like "^init.yml:1:3: unknown key: x{120}\.\.\. \(known here: "
}

# Hostile sizes: each of them takes a fraction of a second, and little memory

quickly ()  # MISTAKE: init.yml is refused, within 2 seconds of CPU and 256 MiB
{
  fails 100 "init.yml:$1"$'\nlc-compile: fatal: 1 mistake in init.yml' prlimit --cpu=2 --as=268435456 lc-compile init.yml
}

@test "a file of 1 MB is read, one of more than 4 MiB is not" {
  { printf 'exec:\n  before:\n'; yes '  - echo hello, this is a command' | head -n 32000; } > init.yml
  ok prlimit --cpu=2 --as=268435456 initconfig init.yml
  is "$(grep -c '^exec.before \[echo\]\[hello,\]' <<< "$output")" 32000 'the number of commands'
  { printf 'exec:\n  before:\n    command: cat\n    input: |\n'; yes '      a line of a text' | head -n 48000; } > init.yml
  ok prlimit --cpu=2 --as=268435456 lc-compile init.yml
  { printf '#'; head -c 4194303 /dev/zero | tr '\0' x; } > init.yml
  ok prlimit --cpu=2 --as=268435456 initconfig init.yml
  printf x >> init.yml
  quickly '1:1: more than 4 MiB are no configuration'
  head -c 16777216 /dev/zero | tr '\0' '#' > init.yml
  quickly '1:1: more than 4 MiB are no configuration'
}

@test "alias bombs" {
  local i
  { echo 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]'; for ((i = 1; i < 12; i++)); do
    echo "a$i: &a$i [*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1)),*a$((i - 1))]"; done; echo 'exec: *a11'; } > init.yml
  quickly '6:38: more than 1000000 nodes, with those that aliases stand for'
  { echo 'a0: &a0 {a: x}'; for ((i = 1; i < 30; i++)); do echo "a$i: &a$i {x: *a$((i - 1)), <<: *a$((i - 1))}"; done; } > init.yml
  try prlimit --cpu=2 --as=268435456 lc-compile init.yml
  status_is 100
  stderr_has 'more than 1000000 nodes, with those that aliases stand for'
  # few nodes, much text
  { printf 'exec: {before: [{command: cat, input: &a "'; head -c 1900000 /dev/zero | tr '\0' x; printf '"}'; for ((i = 0; i < 1000; i++)); do printf ', {command: cat, input: *a}'; done; echo ']}'; } > init.yml
  quickly '1:1900258: more than 16 MiB of text, with that which aliases stand for'
}

@test "deep nesting" {
  printf '[%.0s' {1..20000} > init.yml
  quickly '1:66: more than 64 lists and mappings within each other'
  printf '{%.0s' {1..20000} > init.yml
  quickly '1:66: more than 64 lists and mappings within each other'
  printf -- '- %.0s' {1..20000} > init.yml
  quickly '1:131: more than 64 lists and mappings within each other'
  printf 'exec: '  > init.yml
  { printf '[%.0s' {1..64}; printf ']%.0s' {1..64}; } >> init.yml
  try lc-compile init.yml
  stderr_is $'init.yml:1:8: exec.command: text is expected, not a list\nlc-compile: fatal: 1 mistake in init.yml'
}

@test "many keys, anchors and mistakes" {
  awk 'BEGIN { for (i = 0 ; i < 200000 ; i++) print "k" i ": 1" }' > init.yml
  quickly '101:1: more than 100 keys in one mapping'
  awk 'BEGIN { printf "<<: [" ; for (i = 0 ; i < 50000 ; i++) printf "{k%d: 1}, ", i ; print "]" }' > init.yml
  quickly '1:997: more than 100 keys in one mapping'
  awk 'BEGIN { for (i = 0 ; i < 200000 ; i++) print "- &k" i " x" }' > init.yml
  quickly '101:3: more than 100 anchors'
  { echo 'exec:'; echo '  before:'; yes '  - [a, ~]' | head -n 100000; } > init.yml
  try prlimit --cpu=2 --as=268435456 lc-compile init.yml
  status_is 100
  is "$(grep -c '^init.yml:[0-9]*:9: exec.before: ~ is null here; for the text write "~"$' <<< "$stderr")" 1000 'the number of messages'
  is "$(tail -n 1 <<< "$stderr")" 'lc-compile: fatal: more than 1000 mistakes in init.yml' 'the last line'
}

# Fuzzing

@test "the fuzzer's corpus, under the sanitizers" {
  need clang
  try env BUILD="$BATS_TEST_TMPDIR" "$LCBOOT_REPO/tests/fuzz/run"
  status_is 0
  is "$(grep -c '^Executed tests/fuzz/corpus/' <<< "$stderr")" "$(find "$LCBOOT_REPO/tests/fuzz/corpus" -type f | wc -l)" 'the number of inputs'
}

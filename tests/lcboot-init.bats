#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
#
# The scripts of the boot image: init's command line, and the names and options that
# existing configurations call.

load lib
load container

setup ()
{
  busybox_root root
  printf '%s\n' '#!/bin/sh' 'echo "$0 $#: $*"' > root/sbin/init
}

small ()  # an init.yml that wants nothing of the machine
{
  printf '%s\n' 'setup: []' "exec: {command: ${1:-/sbin/init}}"
}

# A container without an engine's help: a PID namespace, and nothing mounted

bare ()
{
  fresh lc-unshare -p -m -u -i -n -C lc-mountfs -t proc proc /proc "$@"
}

usage='usage: init [ -n ] [ --config FILE ] [ --override-exec ] [ -- ] [ argument... ]'

@test "init: --help, and options that do not exist" {
  ok bare init --help
  stdout_is "$usage"
  ok bare init -h
  stdout_is "$usage"
  fails 100 "init: fatal: unknown option: --nosuch; $usage" bare init --nosuch
  fails 100 "init: fatal: unknown option: -z; $usage" bare init -nz
  fails 100 "init: fatal: a value is missing after --config; $usage" bare init --config
  fails 100 "init: fatal: no value is taken by --override-exec; $usage" bare init --override-exec=x
}

@test "init: -n prints the script and boots nothing" {
  small > init.yml
  ok bare init -n a 'b c'
  stdout_is "$(lc-compile -a a -a 'b c')"
  stdout_has $'\n/sbin/init a "b c"'
}

@test "init: --config, in both notations; a file that is missing is an error if it is named" {
  small > other.yml
  ok bare init --config other.yml a
  stdout_is '/sbin/init 1: a'
  ok bare init --config=other.yml a
  stdout_is '/sbin/init 1: a'
  fails 111 'lc-compile: fatal: unable to open nosuch.yml: No such file or directory' bare init --config=nosuch.yml
  small > '$FILE'
  ok bare init '--config=$FILE' '${FILE}' '$n'
  stdout_is '/sbin/init 2: ${FILE} $n'
}

@test "init: arguments are appended, --override-exec replaces the command, -- ends the options" {
  small '[/sbin/init, first]' > init.yml
  ok bare init a --config '' b
  stdout_is '/sbin/init 5: first a --config  b'
  ok bare init -- --config
  stdout_is '/sbin/init 2: first --config'
  ok bare init --override-exec echo a b
  stdout_is 'a b'
  ok bare init --override-exec
  stdout_is '/sbin/init 0: '
}

@test "init: an executable /mnt/init is run instead" {
  printf '%s\n' '#!/bin/sh' 'echo "mine: $#: $*"' > init
  small > init.yml
  ok bare init a
  stdout_is '/sbin/init 1: a'
  chmod +x init
  ok bare init --config '' 'a b'
  stdout_is 'mine: 3: --config  a b'
  printf '#!/nosuch\n' > init
  try bare init
  status_is 127
  stderr_has '/mnt/init'
  rm init
  mkdir init
  ok bare init a
  stdout_is '/sbin/init 1: a'
}

@test "init: a compiled script is a /mnt/init" {
  small > init.yml
  lc-compile -a from -a script -o init
  rm init.yml
  ok bare init
  stdout_is '/sbin/init 2: from script'
}

@test "init: without a PATH, as some engines leave it" {
  small "[/bin/busybox, env]" > init.yml
  mount --bind "$LCBOOT_BIN" /usr/local/bin
  # the host's execlineb sets one for what it runs: that of an image does not
  ok bare env -i /usr/local/bin/lc-compile -x
  is "$output" ""
}

@test "overlay: layers over the root, the cache, every notation" {
  mkdir cache l0 l1
  echo 0 > l0/a
  echo 0 > l0/b
  echo 1 > l1/b
  local args
  for args in '-- /mnt/l0 /mnt/l1' '/mnt/l0 /mnt/l1' '/mnt/l0 --cache /mnt/cache/overlay /mnt/l1' \
    '--path=/mnt/root --cache=/mnt/cache/overlay -- /mnt/l0 /mnt/l1'; do
    # shellcheck disable=SC2086 # words
    ok lc-unshare -m sh -c 'overlay "$@" && cat root/a root/b && ls -d root/sbin && echo up > root/c' sh $args
    stdout_is $'0\n1\nroot/sbin'
    is "$(ls cache/overlay/upper)" c
    rm -r cache/overlay
  done
  ok lc-unshare -m sh -c 'overlay --path /mnt/l0 --cache /mnt/cache/other && echo up > l0/new && cat l0/a'
  is "$(cat cache/other/upper/new)" up
  fails 100 'overlay: fatal: unknown option: --nosuch; usage: overlay [ --path DIR ] [ --cache DIR ] [ -- ] [ layer... ]' overlay --nosuch
  is "$(overlay --help)" 'usage: overlay [ --path DIR ] [ --cache DIR ] [ -- ] [ layer... ]'
}

@test "overlay: names with anything in them" {
  mkdir cache 'a b' '$path' '${cache}' 'c:d,e\f'
  touch 'a b/1' '$path/2' '${cache}/3' 'c:d,e\f/4'
  ok lc-unshare -m sh -c 'overlay "$@" && cd root && ls 1 2 3 4' sh -- 'a b' '$path' '${cache}' 'c:d,e\f'
  stdout_is $'1\n2\n3\n4'
}

@test "mount-idmapped: every notation" {
  mkdir -p src/sub dst
  mount -t tmpfs sub src/sub
  touch src/file src/sub/file
  chown 1:2 src/file src/sub/file
  show ()
  {
    ok lc-unshare -m sh -c 'mount-idmapped "$@" && stat -c %u:%g dst/file ; stat -c %u:%g dst/sub/file 2> /dev/null || echo none' sh "$@"
  }
  show --map-mount=b:0:1000000:65536 /mnt/src /mnt/dst
  stdout_is $'1000001:1000002\nnone'
  show --map-mount both:0:1000000:65536 /mnt/src /mnt/dst
  stdout_is $'1000001:1000002\nnone'
  show --map-mount=u:0:1000000:65536 --map-mount=g:0:2000000:65536 src dst
  stdout_is $'1000001:2000002\nnone'
  show --map-mount=uid:1:5 --map-mount=gid:2:6:1 --recursive src dst
  stdout_is $'5:6\n5:6'
  spawn lc-unshare -U -B 0:3000000:65536 sh -c 'echo ready; exec sleep 100'
  expect ready
  show "--map-mount=/proc/$SPAWNED/ns/user" src dst
  stdout_is $'3000001:3000002\nnone'
  kill "$SPAWNED"
  fails_like 100 'mount-idmapped: fatal: unknown option: --nosuch; usage: .*' mount-idmapped --nosuch
  fails_like 100 'lc-idmap: fatal: no map: .*' mount-idmapped src dst
}

request ()  # RUNLEVEL: 384 bytes, as virsh writes them, in one write
{
  { printf '\151\031\011\003\001\0\0\0%s\0\0\0' "$1"; head -c 372 /dev/zero; } > request
  cat request
}

@test "initctl: a listener for PID 1, or for the process that is named" {
  small '[sh, -c, "trap \"exit 4\" TERM; echo ready; while : ; do sleep 1 & wait $! ; done"]' > init.yml
  sed -i 's/setup: .*/setup: initctl/' init.yml
  mount -t tmpfs dev /dev
  mknod -m 0666 /dev/null c 1 3
  mknod -m 0666 /dev/zero c 1 5
  ln -s /proc/self/fd /dev/fd
  spawn bare init
  expect ready
  is "$(stat -c '%a %F' /dev/initctl)" '600 fifo'
  request 0 > /dev/initctl
  finish
  status_is 4
  rm /dev/initctl
  spawn bash -c 'trap "exit 5" TERM; echo $$; while : ; do sleep 1 & wait $! ; done'
  read -r -u "$SPAWN_FD" pid
  ok initctl "$pid"
  request 0 > /dev/initctl
  finish
  status_is 5
  fails_like 100 'lc-initctl: fatal: .*x.*' initctl x
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr, container.bash reads ENGINE
#
# The boot that an init.yml describes, through the image's init and the script that
# it compiles: what the guest's first process finds, notation by notation.

load lib
load container

setup ()
{
  need ip
  busybox_root root
  printf '#!/bin/sh\nexec "$@"\n' > root/sbin/init
}

teardown ()
{
  drop_cgroup
}

mapped ()
{
  chown -R 1000000:1000000 root
}

config ()  # the init.yml
{
  printf '%s\n' "$1" > init.yml
}

# effect YAML COMMAND EXPECTED: with that init.yml the guest's shell prints that

effect ()
{
  config "$1"
  ok container init sh -c "$2"
  stdout_is "$3" || fail 'with the init.yml:' "$1"
}

# refused_boot YAML ERE: the boot ends with 111 and that as its last line, and no guest runs

refused_boot ()
{
  config "$1"
  try container init touch /ran
  status_is 111 || return 1
  [[ ${stderr##*$'\n'} =~ ^($2)$ ]] || fail "not the last line: $2" "$stderr" || return 1
  [[ ! -e root/ran ]] || fail 'the guest ran'
}

@test "no init.yml, an empty one and one of comments alone: a guest in namespaces of its own" {
  local yaml
  for yaml in '' '# nothing' '---' '{}'; do
    effect "$yaml" 'echo $$ $(id -u) $(hostname) $(cat /proc/self/uid_map)' '1 0 engine 0 0 4294967295'
  done
  rm init.yml
  ok container init sh -c 'echo $$'
  stdout_is 1
}

@test "kernel file systems: fresh, with their flags, /sys read-only, and nothing else mounted" {
  ENGINE='if mountpoint -q /dev/console ; then umount /dev/console ; fi ; rm -f /dev/console'
  effect '' 'cut -d " " -f 2-4 /proc/mounts' \
    '/ tmpfs rw,relatime,mode=755
/proc proc rw,nosuid,nodev,noexec,relatime
/sys sysfs ro,nosuid,nodev,noexec,relatime
/dev tmpfs rw,nosuid,relatime,mode=755
/dev/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666
/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime
/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime
/dev/net/tun tmpfs rw,nosuid,relatime,mode=755
/dev/tty1 tmpfs rw,nosuid,relatime,mode=755'
}

@test "nothing of the boot image is left: processes, mounts, descriptors, a way back" {
  cp "$LCBOOT_TESTS/escape" root/bin/
  touch /mnt/marker
  config 'setup: {mode: auto, before: [{command: cat, input: text}, "true"]}
exec: {before: [{command: cat, input: text}, "true"]}'
  ok container init sh -c '
    set -- /proc/[0-9]* ; echo $#
    for d in /proc/self/fd/* ; do test -e $d && echo ${d##*/} ; done
    escape marker > /dev/null ; echo $?'
  stdout_is $'texttext1\n0\n1\n2\n1'
}

@test "signals are at their default, whatever the engine left ignored or blocked" {
  config ''
  ENGINE='trap "" PIPE XFSZ HUP'
  ok container init grep -E 'Sig(Blk|Ign)' /proc/self/status
  stdout_is $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}

@test "supplementary groups do not reach a mapped guest" {
  mapped
  config 'id_map: {users: 0 1000000 65536}'
  ok setpriv --groups 4,24 -- bash -c "$(declare -f container); container init id -G"
  stdout_is 0
}

@test "id_map: every notation of a map" {
  mapped
  local map
  for map in '0 1000000 65536' '"0 1000000 65536"' '[0, 1000000, 65536]' '{internal: 0, external: 1000000, size: 65536}' \
    '["0 1000000 65536"]' '[[0, 1000000, 65536]]' '[{internal: 0, external: 1000000, size: 65536}]' '"  0   1000000  65536 "' \
    "'0 1000000 65536'"; do
    effect "id_map: {users: $map, groups: $map}" 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; id -u; id -g' \
      $' 0 1000000 65536\n 0 1000000 65536\n0\n0'
  done
}

@test "id_map: size 1, several lines, users and groups apart, one of the two alone" {
  local none
  mapped
  effect 'id_map: {users: ["0 1000000", "1 1000001 10"], groups: [[0, 1000000], {internal: 7, external: 1000007}]}' \
    'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "' $' 0 1000000 1\n 1 1000001 10\n 0 1000000 1\n 7 1000007 1'
  effect 'id_map: {users: 0 1000000 9}' 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "' $' 0 1000000 9\n 0 1000000 9'
  effect 'id_map: {groups: 0 1000000 9}' 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "' $' 0 1000000 9\n 0 1000000 9'
  for none in false no '~' ''; do
    effect "id_map: $none" 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "' $' 0 0 4294967295\n 0 0 4294967295'
  done
}

@test "id_map: 340 lines" {
  mapped
  local i list=''
  for ((i = 0; i < 340; i++)); do list+="${list:+, }[$i, $((i ? 1000 + i * 2 : 1000000))]"; done
  effect "id_map: {users: [$list]}" 'wc -l < /proc/self/uid_map; wc -l < /proc/self/gid_map' $'340\n340'
}

@test "id_map: terminals, devices and message queues are the guest's root's" {
  mapped
  effect 'id_map: {users: 0 1000000 65536, groups: 0 1000000 65536}' \
    'stat -c "%u %n" /dev /dev/tty1 /dev/mqueue /dev/shm /dev/pts; echo x > /dev/null; head -c 1 /dev/zero | wc -c; stat -c %a /dev/pts/ptmx' \
    $'0 /dev\n0 /dev/tty1\n0 /dev/mqueue\n0 /dev/shm\n0 /dev/pts\n1\n666'
}

@test "id_map: /proc and /sys, and what the engine has covered of them, cannot be taken away" {
  mapped
  ENGINE='
    mount -t tmpfs -o size=4k,mode=0555,ro cover /proc/acpi 2> /dev/null || mount -t tmpfs -o size=4k,mode=0555,ro cover /proc/fs
    mount --bind /dev/null /proc/timer_list
    mount --bind /proc/sys /proc/sys
    mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
    mount -t tmpfs -o size=4k,mode=0555,ro cover /sys/firmware'
  local ns
  for ns in uts,ipc,net,cgroup uts,ipc,net,cgroup,pid; do
    config "id_map: {users: 0 1000000 65536}
namespaces: [$ns]"
    ok container init sh -c '
      wc -c < /proc/timer_list ; ls /sys/firmware | wc -l
      for m in /proc/timer_list /proc/sys /sys/firmware /proc /sys ; do umount $m 2> /dev/null || echo $m stays ; done
      mount -o remount,bind,rw /proc/sys 2> /dev/null || echo and is read-only
      ( echo 1 > /proc/sys/kernel/sysrq ) 2> /dev/null || echo cannot be written
      wc -c < /proc/timer_list ; ls /sys/firmware | wc -l'
    stdout_is $'0\n0\n/proc/timer_list stays\n/proc/sys stays\n/sys/firmware stays\n/proc stays\n/sys stays\nand is read-only\ncannot be written\n0\n0'
  done
}

@test "what the engine has covered stays covered without an id map too" {
  ENGINE='mount --bind /dev/null /proc/timer_list ; mount -t tmpfs -o size=4k,mode=0555,ro cover /sys/firmware'
  local ns
  for ns in '' pid; do
    effect "namespaces: [$ns]" 'wc -c < /proc/timer_list; ls /sys/firmware | wc -l' $'0\n0'
  done
}

# in_engine_ns MASKS CMD…: the same in a container whose engine has a user namespace of
# its own, and what it has covered is locked

in_engine_ns ()
{
  fresh env -i PATH="$PATH" masks="$1" lc-unshare -m lc-unshare -p -u -i -n -l -C -B 0:100000:200000 \
    -b ' importas' ' PID' ' LCBOOT_PID' ' lc-setns' ' -n' ' /proc/${PID}/ns/net' ' -n' ' /proc/${PID}/ns/pid' \
    ' sh' ' -ec' ' mount -t proc proc /proc ; mount -t sysfs sysfs /sys ; eval "$masks"' '' \
    lc-unshare -m "${@:2}"
}

@test "an engine with a user namespace of its own, with and without masks" {
  local yaml masks
  chown 100000:100000 /mnt
  for masks in '' 'mount --bind /dev/null /proc/timer_list ; mount -t tmpfs x /sys/firmware'; do
    for yaml in '' 'id_map: {users: 0 1000 1000}' '{id_map: {users: 0 1000 1000}, network: keep}'; do
      chown -R "$([[ -n $yaml ]] && echo 101000:101000 || echo 100000:100000)" root
      config "$yaml"
      ok in_engine_ns "$masks" init sh -c 'id -u; ls -d /proc/self /sys/class; cut -d " " -f 2 /proc/mounts | grep -E "/(timer_list|firmware)"; touch /made'
      if [[ -n $masks ]]; then
        stdout_is $'0\n/proc/self\n/sys/class\n/proc/timer_list\n/sys/firmware'
      else
        stdout_is $'0\n/proc/self\n/sys/class'
      fi
      is "$(stat -c %u root/made)" "$([[ -n $yaml ]] && echo 101000 || echo 100000)"
    done
  done
  # a proc of a new PID namespace would show more than the engine allows
  config 'namespaces: [pid]'
  try in_engine_ns "$masks" init true
  status_is 111
  stderr_has 'unable to mount proc on /proc in /mnt/root'
}

@test "namespaces: those that are named are new, the others are the engine's" {
  local ns name want
  ENGINE='for n in uts ipc net cgroup pid time ; do readlink /proc/self/ns/$n > /mnt/root/$n ; done'
  for ns in '' uts ipc net cgroup pid time uts,ipc,net,cgroup,pid,time; do
    want=''
    for name in uts ipc net cgroup pid time; do
      if [[ ,$ns, == *,$name,* ]]; then want+="$name "; fi
    done
    effect "namespaces: [$ns]" 'for n in uts ipc net cgroup pid time ; do test "$(readlink /proc/self/ns/$n)" = "$(cat /$n)" || printf "%s " $n ; done' "$want"
  done
}

@test "namespaces: one that is no list, and the two that follow from others" {
  local ns
  ENGINE='readlink /proc/self/ns/uts > /mnt/root/uts ; readlink /proc/self/ns/ipc > /mnt/root/ipc'
  for ns in uts '[uts]' '[mount, uts]' '["uts"]'; do
    effect "namespaces: $ns" 'for n in uts ipc ; do test "$(readlink /proc/self/ns/$n)" = "$(cat /$n)" || echo $n ; done' uts
  done
  mapped
  effect '{namespaces: [mount, user, uts], id_map: {users: 0 1000000 65536}}' 'for n in uts ipc ; do test "$(readlink /proc/self/ns/$n)" = "$(cat /$n)" || echo $n ; done' uts
}

@test "namespaces: pid: a guest sees its own processes alone, and mounts a proc of its own" {
  effect 'namespaces: [uts, ipc, net, cgroup, pid]' 'set -- /proc/[0-9]*; echo $$ $#' '1 1'
  mapped
  effect 'id_map: {users: 0 1000000 65536}
namespaces: [uts, ipc, net, cgroup, pid]' 'set -- /proc/[0-9]*; echo $$ $#; mkdir -p /p; mount -t proc proc /p; set -- /p/[0-9]*; echo $#' $'1 1\n1'
}

# The guest's reboot(2) reaches the watcher, and through it what started the container

@test "power off, halt and restart end the container, as far as the kernel allows" {
  local yaml
  for yaml in '' 'namespaces: [pid]' 'namespaces: [uts, ipc, net, cgroup, pid]
id_map: {users: 0 1000000 65536}'; do
    if [[ $yaml == *id_map* ]]; then mapped; fi
    config "$yaml"
    try container init poweroff -f
    status_is 0
    try container init halt -f
    status_is 0
    try container init reboot -f
    status_is 133
    try container init sh -c 'exit 7'
    status_is 7
  done
  # without a PID namespace of its own the kernel does not let it: namespaces(7)
  config 'id_map: {users: 0 1000000 65536}'
  try container init sh -c 'poweroff -f ; exit 5'
  status_is 5
}

@test "root: every notation, and the modes" {
  local root
  for root in /mnt/root '{path: /mnt/root}' '{mode: pivot}' '{path: /mnt/root, mode: pivot}' '{mode: chroot}'; do
    effect "root: $root" 'pwd; ls /sbin/init; head -n 1 /proc/mounts | cut -d " " -f 2' $'/\n/sbin/init\n/'
  done
  cp "$LCBOOT_TESTS/escape" root/bin/
  touch marker
  effect 'root: {mode: chroot}' 'escape marker > /dev/null; echo $?' 0
  mv root other
  effect 'root: {path: /mnt/other}' 'escape marker > /dev/null; echo $?' 1
  effect 'root: /mnt/other' 'escape marker > /dev/null; echo $?' 1
}

@test "root: mode none: the boot image's own program, the namespaces and file systems are there" {
  local none
  for none in none null '~'; do
    effect "root: {mode: $none}
exec: [sh, -c, ls -d /mnt/root/proc/self]" ignored /mnt/root/proc/self
  done
  effect 'root: {mode: none}
exec: {before: "echo before", command: [sh, -c, "ls -d /mnt/root/proc/self; stat -f -c %T /mnt/root/dev /mnt/root/sys; echo \"$0 $*\""]}' \
    ignored 'before
/mnt/root/proc/self
tmpfs
sysfs
sh -c ignored'
}

@test "root: mode switch" {
  mkdir image
  config 'root: {mode: switch}'
  mv root guest
  mkdir root
  mount -t tmpfs guest root
  cp -a guest/. root/
  ok container init sh -c 'ls -d /sbin; ls -d /mnt/root 2> /dev/null; stat -f -c %T /'
  stdout_is $'/sbin\ntmpfs'
}

@test "root: old: the old root stays there" {
  mkdir root/sysroot
  touch marker
  effect 'root: {path: /mnt/root, old: /sysroot}' 'ls /sysroot/mnt/marker' /sysroot/mnt/marker
}

@test "a root's name may hold anything" {
  local name
  for name in 'a b' '$PID' '${PID}' '{' '"' "it's" '\n' 'ü' '-R' '#'; do
    mv -T root "./$name"
    chown -R 1000000:1000000 "./$name"
    config "root: '/mnt/${name//\'/\'\'}'
id_map: {users: 0 1000000 65536}"
    ok container init sh -c 'ls -d /proc/self /sys/class /dev/null'
    stdout_is $'/dev/null\n/proc/self\n/sys/class' || fail "root: $name"
    mv -T "./$name" root
  done
}

# alone YAML MADE: a guest whose root holds a static busybox and nothing else, not a
# directory, boots with that init.yml, its commands before the init too, and those
# directories have been made

alone ()
{
  rm -rf root
  mkdir -p root/bin
  cp /bin/busybox root/bin/
  if [[ $1 == *id_map* ]]; then chown -R 1000000:1000000 root; fi
  config "{exec: {before: [/bin/busybox echo before, {command: /bin/busybox cat, input: text}], command: /bin/busybox sh -c 'echo; /bin/busybox id -u; /bin/busybox ls -d /bin/busybox'}, $1}"
  ok container init
  stdout_is $'before\ntext\n0\n/bin/busybox' || fail "with: $1" || return 1
  is "$(cd root && echo *)" "$2" "the root's directories with: $1"
}

@test "a guest that holds nothing but a busybox boots in every mode" {
  local mode map ns
  for mode in pivot chroot switch none; do
    for map in '' ', id_map: {users: 0 1000000 65536}'; do
      for ns in '' ', namespaces: [uts, ipc, net, cgroup, pid]'; do
        alone "root: {mode: $mode}$map$ns" 'bin dev proc sys'
      done
    done
    alone "root: {mode: $mode}, setup: {mode: none}" bin
  done
}

@test "a guest whose umount lies, or which has none" {
  rm root/bin/umount
  printf '#!/bin/sh\nexit 0\n' > root/bin/umount
  chmod +x root/bin/umount
  cp "$LCBOOT_TESTS/escape" root/bin/
  touch marker
  effect '' 'grep -c " /mnt" /proc/mounts; escape marker > /dev/null; echo $?' $'0\n1'
}

@test "setup: every notation; commands run in order, in a mount namespace of their own, with no input" {
  local setup
  for setup in 'setup: [echo a, [echo, b], {command: echo c}, {command: [cat], input: "d\n"}, readlink /proc/self/fd/0]' \
    'setup: {mode: none, before: [echo a, [echo, b], {command: echo c}, {command: [cat], input: "d\n"}, readlink /proc/self/fd/0]}' \
    'setup: {before: [echo a, [echo, b], {command: echo c}, {command: [cat], input: "d\n"}, readlink /proc/self/fd/0]}'; do
    effect "$setup" 'echo init' $'a\nb\nc\nd\n/dev/null\ninit'
  done
  effect 'setup: echo a' 'echo init' $'a\ninit'
  effect 'setup: {before: echo a}' 'echo init' $'a\ninit'
  effect 'setup: {before: }' 'echo init' init
  effect 'setup: {before: false}' 'echo init' init
  effect 'setup: ' 'echo init' init
  effect 'setup: {before: mount -t tmpfs -o size=4k mine /mnt/root/srv}' 'stat -f -c %T /srv' tmpfs
  is "$(state mounts | grep -c mine || :)" 0
}

@test "setup: mode none sets nothing up" {
  ENGINE='for n in uts ipc net cgroup ; do readlink /proc/self/ns/$n > /mnt/root/$n ; done'
  effect 'setup: {mode: none, before: mount -t proc proc /mnt/root/proc}' \
    'ls /sys /dev | grep -v : ; for n in uts ipc net cgroup ; do test "$(readlink /proc/self/ns/$n)" = "$(cat /$n)" && echo $n ; done' $'\nuts\nipc\nnet\ncgroup'
}

@test "setup: mode auto and guess are the same as none given" {
  local mode
  for mode in auto guess ''; do effect "setup: {mode: $mode}" 'stat -f -c %T /sys' sysfs; done
}

@test "setup: an engine that is insisted on" {
  local engine value
  for engine in lxc-libvirt:lxc-libvirt lxc:lxc systemd-nspawn:systemd-nspawn oci:oci oci:podman oci:docker oci:; do
    value=${engine#*:}
    ENGINE=${value:+export container=$value}
    effect "setup: {mode: ${engine%:*}}" 'echo init' init
  done
  ENGINE='export container=lxc'
  config 'setup: {mode: systemd-nspawn}'
  fails 1 'lc-engine: fatal: this is lxc, not systemd-nspawn (the variable container says so)' container init touch /ran
  ENGINE=''
  config 'setup: {mode: vm}'
  fails 1 'lc-engine: fatal: this is oci, not vm (there is no variable container)' container init touch /ran
  [[ ! -e root/ran ]]
}

@test "exec: every notation of the command; arguments are appended, or replace it" {
  local command
  printf '#!/bin/sh\necho "$0: $#: $*"\n' > root/bin/show
  chmod +x root/bin/show
  for command in 'show a "b c"' '{command: show a "b c"}' '[show, a, b c]' '{command: [show, a, b c]}'; do
    config "exec: $command"
    ok container init
    stdout_is '/bin/show: 2: a b c'
    ok container init x --y '' -- '$PID ${FILE}'
    stdout_is '/bin/show: 7: a b c x --y  -- $PID ${FILE}'
    ok container init --override-exec show 1 2
    stdout_is '/bin/show: 2: 1 2'
  done
  config ''
  cp root/bin/show root/sbin/init
  ok container init x
  stdout_is '/sbin/init: 1: x'
  ok container init -- --help
  stdout_is '/sbin/init: 1: --help'
  config 'exec: show'
  ok container init --override-exec
  stdout_is '/sbin/init: 0: '
}

@test "exec: before: commands run in the guest, in order, with their input" {
  local before
  for before in '[echo a, [echo, b], {command: cat, input: "c\n"}, wc -c]' \
    '{command: sh -e, input: "echo a; echo b; echo c\necho 0\n"}'; do
    effect "exec: {before: $before}" 'echo init' $'a\nb\nc\n0\ninit'
    effect "{setup: [], exec: {before: $before}}" 'echo init' $'a\nb\nc\n0\ninit'
    effect "{root: {mode: none}, exec: {before: $before, command: echo init}}" ignored $'a\nb\nc\n0\ninit sh -c ignored'
  done
  effect 'exec: {before: echo a}' 'echo init' $'a\ninit'
  effect 'exec: {before: false}' 'echo init' init
}

@test "commands: a script without the execute bit, a directory, a link to busybox keeps its name" {
  mkdir root/hooks
  printf '#!/bin/sh\necho one "$@"\n' > root/hooks/1
  printf '#!/bin/sh\necho two "$@"\n' > root/hooks/2
  printf '#!/bin/sh\necho "$0"\n' > root/script
  effect 'exec: {before: [/hooks a, /script, echo linked]}' 'echo init' $'one a\ntwo a\n/script\nlinked\ninit'
}

@test "input: a megabyte reaches its command, and what is not read leaves nothing behind" {
  local where
  awk 'BEGIN { for (i = 0 ; i < 20000 ; i++) printf "line %06d of a text that is long: $PID { } \"\\0xff\"\n", i }' > text
  [[ $(stat -c %s text) -gt 1000000 ]]
  sed 's/[\\"]/\\&/g; s/$/\\n\\/' text > quoted
  for where in setup exec; do
    {
      printf '%s: {before: [{command: md5sum, input: "' "$where"
      cat quoted
      printf '"}, {command: "true", input: "'
      head -n 2000 quoted
      printf '"}]}\n'
    } > init.yml
    ok container init sh -c 'set -- /proc/[0-9]*; echo $#'
    stdout_is "$(md5sum < text)"$'\n1'
  done
}

@test "a command that fails ends the boot, and is named" {
  refused_boot 'setup: {before: [echo a, "false", touch /mnt/root/ran]}' 'lc-before: fatal: the command false exited with 1, so the program is not run'
  refused_boot 'exec: {before: [echo a, sh -c "exit 3", touch /ran]}' 'lc-pivot: fatal: the command sh exited with 3, so the program is not run'
  refused_boot 'exec: {before: nosuch}' 'lc-pivot: fatal: the command nosuch exited with 127, so the program is not run'
  refused_boot 'root: /mnt/nosuch' 'lc-mountfs: fatal: unable to open .*/mnt/nosuch.*: No such file or directory'
}

@test "cgroup: the guest's own part, delegated by the kernel's list and no more" {
  own_cgroup
  # another process is in it, as an engine's may be
  spawn sh -c 'echo there; exec sleep 100'
  expect there
  ENGINE='mount -t cgroup2 cgroup2 /sys/fs/cgroup'
  local look='cd /sys/fs/cgroup ; cat /proc/self/cgroup | grep ^0: ; stat -c "%u %n" . cgroup.procs cgroup.subtree_control cgroup.max.depth ; mkdir new && echo $$ > new/cgroup.procs && cat /proc/self/cgroup | grep ^0: ; echo $$ > cgroup.procs ; rmdir new'
  effect '' "$look" $'0::/\n0 .\n0 cgroup.procs\n0 cgroup.subtree_control\n0 cgroup.max.depth\n0::/new'
  mapped
  local ns
  for ns in uts,ipc,cgroup uts,ipc,cgroup,pid; do
    effect "{id_map: {users: 0 1000000 65536}, namespaces: [$ns]}" "$look" \
      $'0::/\n0 .\n0 cgroup.procs\n0 cgroup.subtree_control\n65534 cgroup.max.depth\n0::/new'
  done
  effect '{id_map: {users: 0 1000000 65536}, namespaces: [uts]}' 'stat -f -c %T /sys/fs/cgroup; stat -c %u /sys/fs/cgroup' $'UNKNOWN\n0'
  kill "$SPAWNED"
}

@test "memory: where it cannot be limited the boot fails, and says so" {
  refused_boot 'memory: 64M' 'lc-cgroup: fatal: .* not mounted here|lc-cgroup: fatal: there is no cgroup file system mounted here'
}

@test "devices: exclude and rexclude" {
  local list
  effect 'devices: {}' 'cd /dev ; ls -d tty1 net/tun' $'net/tun\ntty1'
  for list in '{exclude: tty1}' '{exclude: [tty1]}' '{exclude: ["tty?", "x{y}"]}' '{rexclude: "^tty[0-9]$"}' '{rexclude: ["^tty[0-9]$"]}'; do
    effect "devices: $list" 'cd /dev ; ls -d tty1 net/tun 2> /dev/null ; true' net/tun
  done
  effect 'devices: {exclude: net/*, rexclude: "1$"}' 'cd /dev ; ls -d tty1 net net/tun 2> /dev/null ; true' net
}

@test "devices: none of the usual ones is missed" {
  ENGINE='rm -r /dev/tty1 /dev/net'
  effect '' 'ls -d /dev/null /dev/tty1 2> /dev/null ; true' /dev/null
}

@test "hostname" {
  effect 'hostname: web1' hostname web1
  mapped
  effect '{hostname: web1, id_map: {users: 0 1000000 65536}}' hostname web1
  effect '{hostname: web1, id_map: {users: 0 1000000 65536}, namespaces: [ipc]}' hostname web1
}

@test "mounts" {
  mkdir data
  echo kept > data/file
  local yaml='mounts: ["tmpfs /run tmpfs mode=0750,size=64k 0 0", "/mnt/data /srv none bind,ro", "tmpfs /a\\040b/c tmpfs x-mount.mkdir", "/nosuch /opt none bind,nofail"]'
  config "$yaml"
  try container init sh -c 'stat -c %a:%u /run; cat /srv/file; touch /srv/x 2> /dev/null || echo ro; stat -f -c %T "/a b/c"'
  status_is 0
  stdout_is $'750:0\nkept\nro\ntmpfs'
  mapped
  config "$yaml
id_map: {users: 0 1000000 65536}"
  try container init sh -c 'stat -c %a:%u /run; cat /srv/file; touch /srv/x 2> /dev/null || echo ro; stat -f -c %T "/a b/c"'
  status_is 0
  stdout_is $'750:0\nkept\nro\ntmpfs'
  config 'mounts: none /srv tmpfs size=64k'
  ok container init stat -f -c %T /srv
  stdout_is tmpfs
  refused_boot 'mounts: [tmpfs /nosuch tmpfs defaults]' 'lc-mountfs: fatal: unable to open /nosuch in /mnt/root.*'
}

@test "network" {
  local net='ip -o link | sed "s/^[0-9]*: //; s/[@:].*//" | sort | tr "\n" " " ; ip -o -4 addr show dev eth0 2> /dev/null | tr -s " " | cut -d " " -f 4'
  ENGINE='ip addr add 10.1.2.3/24 dev eth0 ; ip link set eth0 up ; ip link set eth1 up'
  effect 'network: keep' "$net" $'eth0 eth1 lo 10.1.2.3/24'
  effect 'network: new' "$net" 'lo '
  effect 'network: move' "$net" $'eth0 eth1 lo 10.1.2.3/24'
  effect 'network: {mode: move, keep_addresses: true}' "$net" $'eth0 eth1 lo 10.1.2.3/24'
  effect 'network: {mode: move, keep_addresses: false}' "$net" 'eth0 eth1 lo '
  effect 'network: move' 'ip -o link show lo | grep -c LOWER_UP' 1
  mapped
  effect '{network: move, id_map: {users: 0 1000000 65536}}' "$net" $'eth0 eth1 lo 10.1.2.3/24'
  effect '{id_map: {users: 0 1000000 65536}}' "$net; ls /sys/class/net | tr '\n' ' '" $'eth0 eth1 lo 10.1.2.3/24\neth0 eth1 lo '
  effect '{network: keep, id_map: {users: 0 1000000 65536}}' "$net; ls /sys/class/net | tr '\n' ' '" $'eth0 eth1 lo 10.1.2.3/24\neth0 eth1 lo '
  effect '{network: new, id_map: {users: 0 1000000 65536}}' "$net; ls /sys/class/net" $'lo lo'
}

# Lines of a guest's script that ask for runlevel 0, in one write

power_off=('{ printf "\151\031\011\003\001\0\0\0\060\0\0\0" ; head -c 372 /dev/zero ; } > /tmp/request' 'cat /tmp/request > /dev/initctl')

@test "initctl: a request becomes the init's signal" {
  local yaml
  for yaml in 'initctl: true' 'initctl: yes' 'initctl: auto' 'initctl: generic' '{initctl: true, root: {mode: chroot}}' '{initctl: true, root: {mode: switch}}' \
    '{initctl: true, setup: {mode: none, before: lc-mountdev -R /mnt/root /dev}}' \
    '{initctl: true, id_map: {users: 0 1000000 65536}}' '{initctl: true, namespaces: [pid]}' \
    '{initctl: true, id_map: {users: 0 1000000 65536}, root: {mode: chroot}}'; do
    if [[ $yaml == *id_map* ]]; then mapped; fi
    config "$yaml"
    printf '%s\n' '#!/bin/sh' 'trap "exit 4" TERM' 'stat -c "%a %u %F" /dev/initctl' \
      "${power_off[@]}" \
      'while : ; do sleep 1 & wait $! ; done' > root/bin/waits
    chmod +x root/bin/waits
    try container init --override-exec waits
    status_is 4
    stdout_is '600 0 fifo'
  done
  for yaml in false no '~' ''; do effect "initctl: $yaml" 'test -e /dev/initctl || echo none' none; done
}

# A power off by the way of each init that can be named: a signal, or, for sysvinit,
# a request in its own fifo; that of runit comes with a file

@test "initctl: the name of an init" {
  local name ends
  printf '%s\n' '#!/bin/sh' 'case $2 in' '  fifo) mkfifo /run/initctl ;;' '  *) mkdir -p /etc/runit ; touch /etc/runit/stopit ; trap "exit 4" $2 ;;' 'esac' \
    "${power_off[@]}" \
    'case $2 in fifo) head -c 9 /run/initctl | tail -c 1 | grep -q 0 && exit 4 ;; esac' \
    'while : ; do sleep 1 & wait $! ; done' > root/bin/waits
  chmod +x root/bin/waits
  while read -r name ends; do
    rm -rf root/run/* root/etc/runit
    config "initctl: $name"
    try container init --override-exec waits "$name" "$ends"
    status_is 4 || fail "initctl: $name" || return 1
  done << 'END'
systemd 38
sysvinit fifo
busybox USR2
openrc TERM
runit CONT
s6 TERM
generic TERM
END
}

@test "lc-kernelfs: init mounts what a kernel has left out" {
  config ''
  ENGINE='umount -R /sys ; umount /proc'
  ok container init sh -c 'ls -d /proc/self /sys/class'
  stdout_is $'/proc/self\n/sys/class'
}


# Quoting: what goes into a configuration comes out at the other end

# words_of SEED N: N random words of any byte but zero, each ended by one; many of
# their bytes are those that mean something to execlineb, and so are some words

words_of ()
{
  awk -v seed="$1" -v n="$2" 'BEGIN {
    srand(seed)
    special = "{}\"\\#$\n\t \r;'\''`abfnrtvx0123456789_-~"
    split("{ } {} \" \\ # $ ${X} $X -- -b \\0x41 \\n", whole, " ")
    for (i = 0 ; i < n ; i++)
    {
      if (rand() < 0.1) printf "%s", whole[int(rand() * 13) + 1]
      else for (len = int(rand() * 14) ; len > 0 ; len--)
        if (rand() < 0.6) printf "%s", substr(special, int(rand() * length(special)) + 1, 1)
        else printf "%c", int(rand() * 255) + 1
      printf "%c", 0
    }
  }'
}

@test "quoting: random bytes come back unchanged" {
  local seed=$RANDOM
  words_of "$seed" 3000 > words
  is "$(tr -dc '\0' < words | wc -c)" 3000
  config '{setup: [], root: {mode: none}}'
  {
    printf '%s\0' -A -a printf -a '%s\0'
    xargs -0 printf -- '-a\0%s\0' < words
    printf '%s\0' init.yml
  } > args
  xargs -0 lc-compile < args > script
  execlineb -P script > out
  cmp words out || fail "seed: $seed"
  {
    printf '%s\0' -x
    cat args
  } | xargs -0 lc-compile > out
  cmp words out || fail "seed: $seed, -x"
}

# The same for text, which YAML can carry: random characters, in a list of words and
# as input, at every depth of a script

characters_of ()  # SEED N: lines "expected bytes as octal, the same for a double-quoted scalar"
{
  awk -v seed="$1" -v n="$2" '
    function byte (b) { return sprintf("\\%03o", b) }
    function utf8 (c)
    {
      if (c < 128) return byte(c)
      if (c < 2048) return byte(192 + int(c / 64)) byte(128 + c % 64)
      if (c < 65536) return byte(224 + int(c / 4096)) byte(128 + int(c / 64) % 64) byte(128 + c % 64)
      return byte(240 + int(c / 262144)) byte(128 + int(c / 4096) % 64) byte(128 + int(c / 64) % 64) byte(128 + c % 64)
    }
    BEGIN {
      srand(seed)
      for (i = 0 ; i < n ; i++)
      {
        out = "" ; in_ = ""
        for (len = int(rand() * 12) + 1 ; len > 0 ; len--)
        {
          r = rand()
          c = int(rand() * (r < 0.7 ? 127 : r < 0.8 ? 2047 : r < 0.9 ? 55295 : 1114111)) + 1
          if (c >= 55296 && c < 57344) c = 65
          out = out utf8(c)
          in_ = in_ sprintf("\\U%08x", c)
        }
        print out, in_
      }
    }'
}

@test "quoting: random text in words, in blocks and as input comes back unchanged" {
  local seed=$RANDOM list='' text='' out in
  while read -r out in; do
    list+=", \"$in\""
    text+=$in
    printf '%b\0' "${out//\\/\\0}" >> words
    printf '%b' "${out//\\/\\0}" >> text
  done < <(characters_of "$seed" 300)
  config "setup: [[printf, '%s\\0'$list], {command: cat, input: \"$text\"}]
root: {mode: none}
exec: {before: [[printf, '%s\\0'$list], {command: cat, input: \"$text\"}], command: [printf, '%s\\0'$list]}"
  lc-compile init.yml > script
  execlineb -P script > out
  cat words text words text words | cmp - out || fail "seed: $seed"
}

# The boot is one process. What it forks are the user's commands, a helper that has
# to stay outside of a namespace, and that one's hook, the guest, which a watcher has
# to outlive, and a listener, which is nobody's child

@test "forks: the user's commands, and what has to stay outside" {
  need strace
  local map='id_map: {users: 0 1000000 65536}' forks yaml
  mapped
  while read -r forks yaml; do
    config "$yaml"
    ok container strace -f -qq -e trace=clone,clone3,fork,vfork -e signal=none -o /mnt/forks lc-compile -x -A -a /bin/true
    is "$(grep -cE ' (clone|clone3|v?fork)\(' forks)" "$forks" "the number of forks with: $yaml"
  done << END
0 {}
0 setup: {mode: none}
0 {hostname: web1, mounts: [none /srv tmpfs size=64k], devices: {exclude: "tty*"}}
0 network: new
1 setup: {before: "true"}
5 {setup: {before: ["true", {command: cat, input: x}]}, exec: {before: ["true", {command: cat, input: x}, "true"]}}
1 {$map, network: keep}
2 {$map, network: new}
2 {$map}
2 network: move
1 namespaces: [pid]
3 {$map, namespaces: [uts, ipc, net, cgroup, pid]}
2 initctl: true
END
}

@test "a script is the same each time, does what -x does, and can be read" {
  config 'id_map: {users: 0 1000000 65536, groups: ["0 1000000 10", "10 1000010 20", "30 1000030 30", "60 1000060 40", "100 1000100 1000"]}
setup: {before: [echo a, {command: cat, input: "line 1\nline 2\n"}, [echo, a long command with many words, that goes on and on, until it does not fit, on a line of a script any more]]}
exec: {command: [sh, -c, echo $$]}'
  mapped
  lc-compile init.yml > script1
  lc-compile init.yml > script2
  cmp script1 script2
  is "$(head -n 2 script1)" $'#!/bin/execlineb -P\n# compiled from init.yml'
  # no line is long, and every section begins with a comment
  is "$(awk 'length > 112' script1)" ''
  grep -qx '    "line 2\\n"' script1
  chmod +x script1
  ok container /mnt/script1
  stdout_is $'a\nline 1\nline 2\na long command with many words that goes on and on until it does not fit on a line of a script any more\n1'
  ok container lc-compile -x init.yml
  stdout_is $'a\nline 1\nline 2\na long command with many words that goes on and on until it does not fit on a line of a script any more\n1'
}

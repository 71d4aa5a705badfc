#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
# What is done with a whole host: guests of busybox, by root. lc-run-rootless.bats
# has those of an ordinary user, lc-run-cgroup.bats the limits.
load lib
load marked

usage='lc-run: usage: lc-run [ -v ] [ -p ] [ -d ] [ -h hostname ] [ -n | -N interface ]... [ -u map ]... [ -g map ]... [ -m memory ] [ -c cgroup ] [ -l layer ]... [ -o cache | -t ] [ -r ] [ -f fstab ] [ -e extra ] [ -b pre ] [ -x oldroot ] [ -a ] [ -w ] [ -s from=to ]... [ -k seconds ] root [ init args... ]'

setup ()
{
  busybox_root root
  cp "$LCBOOT_TESTS/escape" "$LCBOOT_TESTS/state" "$LCBOOT_TESTS/sigpayload" root/bin/
}

map=0:100000:65536

# each FUNCTION: with FUNCTION's guests as they are, and with ids of their own

ids=()
each () { ids=(); "$1"; ids=(-u "$map"); "$1"; }
went_well () { status_is 0 && stderr_is ''; }

refused ()  # LINE CMD…: and nothing has happened
{
  fails 100 "$@"
  refute test -e ran
}

@test "wrong usage" {
  local f='lc-run: fatal:'
  mkdir layer cache
  refused "$usage" lc-run
  refused "$usage" lc-run -z root touch ran
  refused "$usage" lc-run -h
  refused "$f the name of the root is empty" lc-run ''
  refused "$f the name of the guest's init is empty" lc-run root ''
  refused "$f invalid host name: -x" lc-run -h -x root
  refused "$f -o and -t exclude each other" lc-run -o cache -t root
  refused "$f -r excludes -o" lc-run -r -o cache root
  refused "$f -r excludes -t" lc-run -t -r root
  refused "$f -c wants an absolute name, not web1" lc-run -c web1 root
  refused "$f -x wants an absolute path, not sysroot" lc-run -x sysroot root
  refused "$f -s is of no use with NS_NO_PID1" env NS_NO_PID1=1 lc-run -s TERM=USR1 root
  refused "$f -k is of no use with NS_NO_PID1" env NS_NO_PID1=1 lc-run -k 1 root
  refused "$f invalid id map: x (expected inside:outside[:count])" lc-run -u x root
  refused "$f the user map has nobody who is 0 inside, so the guest would have no root" lc-run -u 1:100000 root
  refused "$f the group map has nobody who is 0 inside, so the guest would have no root" lc-run -u 0:1:1 -g 1:1:1 root
  # what only a step of the chain takes amiss
  refused 'lc-unshare: fatal: invalid number of seconds: x' lc-run -k x root
  refused 'lc-unshare: fatal: invalid translation of a signal: TERM (expected from=to)' lc-run -s TERM root
}

@test "a root that is not there, or no directory" {
  fails 111 'lc-run: fatal: unable to find nosuch: No such file or directory' lc-run nosuch
  touch file
  fails 111 'lc-run: fatal: unable to use /mnt/file: Not a directory' lc-run file
  fails 111 'lc-run: fatal: unable to find nosuch: No such file or directory' env NS_ROOT=nosuch lc-run root
  fails 111 'lc-run: fatal: unable to find nosuch: No such file or directory' lc-run -l nosuch -t root
}

# The chain

@test "-p prints the chain, and nothing is run" {
  mkdir layer
  ok env PATH="${PATH%:*}" HOST=web1 NS_EXTRA='touch ran' lc-run -p -u "$map" -t -l layer -b /bin/true root touch ran
  stdout_is '#!/bin/execlineb -P

lc-sigreset
/usr/lib/execline/bin/unexport HOST
/usr/lib/execline/bin/unexport NS_EXTRA
lc-unshare -m

# its root, with the ids of the guest
lc-overlay -b 0:100000:65536 -l /mnt/layer -t /mnt/root

# its namespaces
lc-mountfs -d -R /mnt/root -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys
lc-unshare -m -u -i -C -p -B 0:100000:65536
  -b
  {
    /usr/lib/execline/bin/importas -i PID LCBOOT_PID
    /bin/true $PID
  }

# what is its own
lc-hostname web1
lc-mountfs -d -R /mnt/root -t proc -o nosuid,nodev,noexec proc /proc
lc-mountcgroup -R /mnt/root /sys/fs/cgroup
lc-mountdev -d -t -R /mnt/root /dev

# extra
lc-before -b { execlineb -Pc "export NS_ROOT /mnt/root\ntouch ran" }
lc-mountfs -d -R /mnt/root -o remount,bind,ro dev /dev

# and in
lc-pivot /mnt/root
touch ran'
  refute test -e ran
}

@test "what -p prints can be run, whatever is in its words" {
  local args=(-h web1 -e 'importas -i root NS_ROOT touch ${root}/tmp/x' -t root sh -c 'echo "$#" "$@"; hostname; ls /tmp' sh 'a  b' '{ }' '$PID' $'new\nline "\\' '#x' '')
  try lc-run "${args[@]}"
  went_well
  local direct=$output
  stdout_is $'6 a  b { } $PID new\nline "\\ #x \nweb1\nx'
  lc-run -p "${args[@]}" > chain
  ok execlineb -P chain
  stdout_is "$direct"
}

@test "the name of a hook is never taken for a PID" {
  mkdir '$PID'
  printf '%s\n' '#!/bin/sh' 'echo "$0 $#"' > '$PID/$PID_'
  chmod 0755 '$PID/$PID_'
  ok lc-run -b '$PID/$PID_' root true
  stdout_is '/mnt/$PID/$PID_ 1'
}

@test "-v tells each step" {
  mkdir bin
  try env NS_BIN=bin lc-run -v -h web1 -n -e true -b true root true
  status_is 0
  local line
  while read -r line; do stderr_has "$line"; done <<'END'
lc-mountfs: info: /mnt/root is on /mnt/root
lc-unshare: info: in a new namespace: CLONE_NEWPID
lc-unshare: info: lo is up
lc-unshare: info: the hook 
lc-hostname: info: the host name is web1
lc-mountfs: info: proc is on /proc in /mnt/root
lc-mountfs: info: sysfs is on /sys in /mnt/root
lc-mountcgroup: info: control groups are on /sys/fs/cgroup in /mnt/root
lc-mountdev: info: console is left out: no terminal is at descriptor 0, 1 or 2
lc-mountdev: info: a new /dev is on /dev in /mnt/root
lc-mountfs: info: tmpfs is on /mnt/ns in /mnt/root
lc-before: info: 
lc-pivot: info: the root is /mnt/root
END
}

# What the guest is

identity ()
{
  ok lc-run "${ids[@]}" -h web1 root
  stdout_is $'init: pid 1 uid 0 gid 0 host web1\ninit: arguments 0: '
  ok lc-run "${ids[@]}" root /sbin/init echo 'b c' -v
  stdout_is "init: pid 1 uid 0 gid 0 host $(hostname)"$'\ninit: arguments 3: echo b c -v\nb c -v'
}

@test "/sbin/init by default, PID 1, root; or what is named, with its arguments" {
  each identity
  ok lc-run root sh -c 'echo $$ $PPID $#; pwd' sh 'a b' ''
  stdout_is $'1 0 2\n/'
}

@test "new namespaces, and the caller's network without -n" {
  local t same=()
  for t in cgroup ipc mnt net pid user uts; do readlink "/proc/self/ns/$t"; done | sort > outside
  ok lc-run root sh -c 'for t in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$t; done'
  sort <<< "$output" | comm -12 - outside | sed 's/:.*//' > same
  is "$(cat same)" $'net\nuser'
  ok lc-run -n -u "$map" root sh -c 'for t in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$t; done'
  is "$(sort <<< "$output" | comm -12 - outside)" ''
}

@test "-n: a network of its own, its loopback interface up" {
  ip link add dummy0 type dummy 2> /dev/null || ip link add dummy0 type veth peer name dummy1
  ok lc-run -n root sh -c 'ls /sys/class/net; cat /sys/class/net/lo/operstate; ping -c 1 -W 20 127.0.0.1 > /dev/null && echo pong'
  stdout_is $'lo\nunknown\npong'
  ok lc-run root ls /sys/class/net
  stdout_has dummy0
}

@test "-N: an interface of the caller's goes to the guest" {
  need lc-netmove
  ip link add inside type veth peer name outside
  ok lc-run -N inside root sh -c 'cd /sys/class/net; echo *'
  stdout_is 'inside lo'
}

ids_of ()
{
  ok lc-run "$@" root sh -c 'echo $(cat /proc/self/uid_map) $(cat /proc/self/gid_map); id -G; stat -c %u:%g / /bin/sh; touch /made'
}

@test "-u, -g: ids of its own, which its files get by the mount" {
  mkdir bin
  ids_of -u "$map"
  stdout_is $'0 100000 65536 0 100000 65536\n0\n0:0\n0:0'
  is "$(stat -c %u:%g root/made root/bin/busybox | xargs)" '0:0 0:0'
  # the one takes the other's
  ids_of -g "$map"
  stdout_is $'0 100000 65536 0 100000 65536\n0\n0:0\n0:0'
  ids_of -u "$map" -g 0:200000:70000
  stdout_is $'0 100000 65536 0 200000 70000\n0\n0:0\n0:0'
  ids_of -u 0:100000:10 -u 10:300000:10
  stdout_is $'0 100000 10 10 300000 10 0 100000 10 10 300000 10\n0\n0:0\n0:0'
  is "$(stat -c %u:%g root/made)" 0:0
}

@test "-u: a root whose files have these ids already stays as it is" {
  chown -R -h 100000:100000 root
  ids_of -u "$map"
  stdout_is $'0 100000 65536 0 100000 65536\n0\n0:0\n0:0'
  is "$(stat -c %u:%g root/made)" 100000:100000
}

@test "its signals, its descriptors, and its environment" {
  try fresh -i PIPE -i XFSZ -b USR1 -k 7 env NS_ROOT= A=b lc-run -n root state sigs fds env
  status_is 0
  stdout_has 'A=b'
  refute grep -E '(LCBOOT_PID|CLONE_[A-Z]*|NS_ROOT)=' <<< "$output"
  try fresh -i PIPE -b USR1 lc-run root grep -E 'Sig(Blk|Ign)' /proc/self/status
  stdout_is $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
  ok lc-run root state fds
  is "$(grep -c '^fd' <<< "$output")" 3
}

# The environment

@test "HOST, NS_*: they are honoured, and none of them reaches init" {
  mkdir place tools
  cp /bin/busybox tools/
  printf 'tmpfs /opt tmpfs size=1m 0 0\n' > fstab
  ok env HOST=web1 NS_ROOT=/mnt/place NS_EXTRA='importas -i r NS_ROOT touch ${r}/opt/extra' NS_FSTAB=fstab NS_BIN=tools NS_TMPFS=/srv/tools NS_NO_PID1= KEPT=1 \
    lc-run root sh -c 'hostname; ls /opt /srv/tools/bin; stat -c "%a %u" /srv/tools; touch /srv/tools/bin/x 2> /dev/null || echo read-only; /srv/tools/bin/busybox true && echo works; env | grep -E "^(HOST|NS_|KEPT|LCBOOT_(PID|VERBOSE)|CLONE)"'
  stdout_is $'web1\n/opt:\nextra\n\n/srv/tools/bin:\nbusybox\n700 0\nread-only\nworks\nKEPT=1'
  is "$(ls -A place root/opt root/srv/tools)" $'place:\n\nroot/opt:\n\nroot/srv/tools:'
}

@test "options go before the environment" {
  printf 'tmpfs /opt tmpfs size=1m 0 0\n' > fstab
  ok env HOST=web1 NS_EXTRA=false NS_FSTAB=/nosuch lc-run -h web2 -e true -f fstab root sh -c 'hostname; grep -c /opt /proc/mounts'
  stdout_is $'web2\n1'
}

@test "an empty variable is one that is not there" {
  ok env HOST= NS_ROOT= NS_EXTRA= NS_FSTAB= NS_BIN= NS_TMPFS= NS_NO_PID1= lc-run root sh -c 'echo $$; env | grep -c -E "^(HOST|NS_)"; true'
  stdout_is $'1\n0'
}

@test "NS_ROOT: the mount point, with the root as it is, with layers, read-only, with ids" {
  local option
  mkdir place layer
  touch layer/more
  for option in '' -t '-l layer -t' '-l layer' -r '-o cache'; do
    # shellcheck disable=SC2086 # words
    ok env NS_ROOT=place lc-run $option root sh -c 'awk "\$5 == \"/\"" /proc/self/mountinfo | wc -l; ls -d /bin /more 2> /dev/null | wc -l; echo "$$"'
    case $option in *layer*) stdout_is $'1\n2\n1' ;; *) stdout_is $'1\n1\n1' ;; esac
    rm -rf cache
    # shellcheck disable=SC2086 # words
    ok env NS_ROOT=place lc-run $option -u "$map" root sh -c 'stat -c %u / /bin'
    stdout_is $'0\n0'
    rm -rf cache
  done
  is "$(ls -A place)" ''
  # lc-run's own page: of the root's name nothing is looked up twice
  ok env NS_ROOT=place lc-run -p root
  is "$(grep -c /mnt/root <<< "$output")" 1
}

@test "NS_ROOT: the present root as the guest's" {
  mkdir place
  refused 'lc-run: fatal: unable to mount on the present root: NS_ROOT has to be another directory' lc-run -t / touch ran
  refused 'lc-run: fatal: unable to mount on the present root: NS_ROOT has to be another directory' env NS_ROOT=/ lc-run -t root touch ran
  ok env NS_ROOT=place lc-run -u "$map" -t / sh -c 'echo $$; id -u; touch /etc/lc-run-test; stat -c %u /etc/passwd'
  stdout_is $'1\n0\n0'
  refute test -e /etc/lc-run-test
}

@test "NS_BIN: in mnt/ns by default" {
  mkdir tools
  cp /bin/busybox tools/
  ok env NS_BIN=tools lc-run root /mnt/ns/bin/busybox sh -c 'stat -c %a /mnt/ns; echo $(grep -c " /mnt/ns" /proc/mounts)'
  stdout_is $'700\n2'
  ok env NS_BIN=tools NS_TMPFS=srv/x lc-run -u "$map" root /srv/x/bin/busybox stat -c '%a %u' /srv/x
  stdout_is '700 0'
}

@test "NS_NO_PID1: no PID namespace, the process itself becomes init" {
  ok env NS_NO_PID1=1 sh -c 'echo $$; exec lc-run root sh -c "echo \$\$; readlink /proc/self/exe; test -d /proc/\$0/root && echo seen" $PPID'
  is "${lines[0]}" "${lines[1]}"
  is "${lines[*]:2}" '/bin/busybox seen'
  ok env NS_NO_PID1=1 lc-run -u "$map" root sh -c 'cat /proc/self/comm; id -u'
  stdout_is $'cat\n0'
}

# Mounts

tree ()  # the guest's mounts but for the nodes of /dev
{
  try lc-run "$@" root sh -c 'awk "{ print \$5, \$6, \$9 }" /proc/self/mountinfo | sed "s/ - / /; s/,relatime//" | grep -v -E "^/dev/(null|zero|full|u?random|tty|console) |^/sys/fs/cgroup/"'
  status_is 0
}

@test "its mounts: proc, sysfs, its cgroups, /dev; nothing else of the host" {
  local args
  for args in '' -n "-u $map" "-u $map -n"; do
    # shellcheck disable=SC2086 # words
    tree $args
    is "$(sed '1d; s/ro,nosuid/rw,nosuid/' <<< "$output" | sort | cut -d ' ' -f 1,2)" '/dev rw,nosuid
/dev/mqueue rw,nosuid,nodev,noexec
/dev/pts rw,nosuid,noexec
/dev/shm rw,nosuid,nodev,noexec
/proc rw,nosuid,nodev,noexec
/sys rw,nosuid,nodev,noexec
/sys/fs/cgroup rw,nosuid,nodev,noexec' "with '$args'"
    grep -q '^/sys ro,' <<< "$output"
    grep -q '^/dev ro,' <<< "$output"
  done
}

@test "/dev: read-only afterwards, but with -w; terminals, shm and the devices work" {
  local id
  for id in '' "-u $map"; do
    # shellcheck disable=SC2086 # words
    ok lc-run $id root sh -c 'touch /dev/x 2> /dev/null || echo no; echo > /dev/null && touch /dev/shm/x && echo > /dev/pts/ptmx; script -qc tty /dev/null 2> /dev/null | tr -d "\r"; ls /dev | tr "\n" " "'
    stdout_like $'^no\n'
    stdout_has 'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'
    # shellcheck disable=SC2086 # words
    ok lc-run -w $id root sh -c 'touch /dev/x && ls /dev/x'
    stdout_is /dev/x
  done
}

@test "the console is the caller's terminal, if there is one, never the host's; -a has that" {
  local f
  cat > fake <<'END'
mount -t tmpfs -o mode=0755 fake /mnt/dev
cd /mnt/dev
for n in "null c 1 3" "zero c 1 5" "full c 1 7" "random c 1 8" "urandom c 1 9" "tty c 5 0" "console c 5 1" "kmsg c 1 11"; do mknod -m 666 $n; done
mkdir pts
ln -s pts/ptmx ptmx
mount --rbind /dev/pts pts
cd /mnt
mount --move /mnt/dev /dev
exec "$@"
END
  mkdir dev
  f='[ -e /dev/console ] && stat -c %t:%T /dev/console || echo none; ls -d /dev/kmsg 2> /dev/null; true'
  ok unshare -m sh -e fake lc-run root sh -c "$f"
  stdout_is none
  ok unshare -m sh -e fake lc-run -a root sh -c "$f"
  stdout_is $'5:1\n/dev/kmsg'
  ok unshare -m sh -e fake ptyrun lc-run root sh -c "$f"
  stdout_like '^88:[0-9a-f]+.?$'
  ok ptyrun lc-run -u "$map" root sh -c "$f"
  stdout_like '^88:'
}

confined ()
{
  try marked lc-run "${ids[@]}" root escape lcboot-marker
  status_is 1
  try marked lc-run "${ids[@]}" -n -t -e true root escape lcboot-marker
  status_is 1
}

@test "nothing leads back to the host" {
  each confined
  # the controls
  try marked chroot root /bin/escape lcboot-marker
  status_is 0
}

@test "-x: the old root stays, and only there" {
  mkdir root/sysroot
  try marked lc-run -x /sysroot root sh -c 'ls /sysroot/lcboot-marker; umount -l /sysroot; ls -A /sysroot; exec escape lcboot-marker'
  status_is 1
  is "${lines[0]}" /sysroot/lcboot-marker
  fails 111 "lc-pivot: fatal: unable to open /nosuch in /mnt/root: No such file or directory" lc-run -x /nosuch root true
}

@test "-e: what it mounts in the root stays, all else of the host goes; it sees everything" {
  local id
  mkdir data
  echo shared > data/file
  for id in '' "-u $map"; do
    # shellcheck disable=SC2086 # words
    ok lc-run $id -e 'importas -i r NS_ROOT
      if { test -e ${r}/proc/self -a -e ${r}/dev/null -a -d ${r}/sys/class }
      if { touch ${r}/dev/extra }
      if { lc-mountfs -R $r -o bind,ro data /srv }
      lc-mountfs -t tmpfs none data' root sh -c 'cat /srv/file; ls /dev/extra; grep -c -E " /(srv|mnt)" /proc/mounts; touch /dev/y 2> /dev/null || echo read-only'
    stdout_is $'shared\n/dev/extra\n1\nread-only'
  done
  is "$(cat data/file)" shared
}

@test "-e: if it fails, init never runs" {
  fails_like 111 'lc-before: fatal: the command execlineb exited with 3, so the program is not run' lc-run -e 'exit 3' root touch /ran
  refute test -e root/ran
  try lc-run -e 'if {' root touch /ran
  status_is 111
  stderr_has 'lc-before: fatal: the command execlineb'
  refute test -e root/ran
}

@test "-f: every line, in the root; with ids what a user namespace may mount" {
  mkdir data
  echo shared > data/file
  printf '%s\n' '# a comment' 'none /opt tmpfs size=1m,mode=0711 0 0' '/mnt/data /srv/data none bind,ro 0 0' > fstab
  fstabbed () { ok lc-run "${ids[@]}" -f fstab root sh -c 'stat -c %a /opt; cat /srv/data/file; touch /srv/data/x 2> /dev/null || echo read-only'; stdout_is $'711\nshared\nread-only'; }
  each fstabbed
  ok sh -c 'lc-run -f - root grep -c " /opt " /proc/mounts < fstab'
  stdout_is 1
  # a block file system is not for a user namespace
  echo '/dev/nosuch /opt ext4 ro 0 0' > fstab
  try lc-run -u "$map" -f fstab root touch /ran
  status_is 111
  refute test -e root/ran
}

@test "-b: in the caller's namespaces, with the PID and what was made" {
  cat > hook <<'END'
#!/bin/sh
echo "$# $(readlink /proc/self/ns/uts) $([ "$(readlink "/proc/$1/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] && echo other)"
[ "$1" = "$LCBOOT_PID" ] && env | grep ^CLONE_ | sort | tr '\n' ' '
END
  chmod 0755 hook
  ok lc-run -b ./hook root true
  stdout_is "1 $(readlink /proc/self/ns/uts) other"$'\nCLONE_NEWCGROUP=1 CLONE_NEWIPC=1 CLONE_NEWNS=1 CLONE_NEWPID=1 CLONE_NEWUTS=1 '
  ok lc-run -n -u "$map" -b /mnt/hook root true
  stdout_has 'CLONE_NEWNET=1 CLONE_NEWNS=1 CLONE_NEWPID=1 CLONE_NEWUSER=1 CLONE_NEWUTS=1'
  mkdir path
  mv hook path/lcboot-hook
  ok env PATH="/mnt/path:$PATH" lc-run -b lcboot-hook root true
  stdout_has CLONE_NEWUTS
}

@test "-b: if it fails, init never runs" {
  try lc-run -b false root touch /ran
  status_is 111
  stderr_has 'so the program is not run'
  refute test -e root/ran
  try lc-run -u "$map" -b nosuch root touch /ran
  status_is 111
  refute test -e root/ran
}

# Layers

writes='echo new > /written; rm /etc/group; cat /etc/layer 2> /dev/null'

layered ()
{
  local option
  mkdir -p layer/etc cache
  echo layer > layer/etc/layer
  for option in -t '-o cache' '-t -l layer' '-o cache -l layer'; do
    # shellcheck disable=SC2086 # words
    try lc-run $option "${ids[@]}" root sh -c "$writes"
    case $option in *layer) stdout_is layer ;; *) stdout_is '' ;; esac
    refute test -e root/written -o -e layer/written
    test -e root/etc/group
    case $option in
      *cache*)
        is "$(cat cache/upper/written)" new
        # shellcheck disable=SC2086 # words
        try lc-run $option "${ids[@]}" root sh -c 'cat /written; stat -c %u /written; ls /etc/group 2> /dev/null'
        stdout_is $'new\n0'
        is "$(stat -c %u cache/upper/written)" "$((${#ids[@]} ? 100000 : 0))"
        rm -rf cache
        ;;
    esac
  done
  ok lc-run -l layer "${ids[@]}" root sh -c 'cat /etc/layer; touch /x 2> /dev/null || echo read-only'
  stdout_is $'layer\nread-only'
  ok lc-run -r "${ids[@]}" root sh -c 'touch /x /etc/x 2> /dev/null || echo read-only; touch /dev/shm/x'
  stdout_is read-only
}

@test "-t, -o, -l, -r" { each layered; }

@test "-o, -l with other ids for users than for groups" {
  mkdir -p layer/etc
  echo layer > layer/etc/layer
  ok lc-run -u "$map" -g 0:200000:65536 -o cache -l layer root sh -c 'cat /etc/layer; stat -c %u:%g / /etc/layer /bin; touch /written'
  stdout_is $'layer\n0:0\n0:0\n0:0'
  is "$(stat -c %u:%g cache/upper/written)" 100000:200000
}

@test "layers that are given by a dot, a link, or their inside" {
  mkdir -p layer/etc
  echo layer > layer/etc/layer
  ln -s layer link
  ok env -C layer lc-run -t -l . -u "$map" -g 0:200000:65536 ../root cat /etc/layer
  stdout_is layer
  ok lc-run -t -l link root cat /etc/layer
  stdout_is layer
}

@test "the root is the working directory, or a link" {
  printf 'none /opt tmpfs size=1m 0 0\n' > root/etc/fstab
  ln -s root link
  ok env -C root lc-run -r -f etc/fstab . sh -c 'touch /x 2> /dev/null || echo read-only; grep -c " /opt " /proc/mounts; pwd'
  stdout_is $'read-only\n1\n/'
  ok env -C root lc-run -u "$map" -o ../cache . sh -c 'id -u; touch /x; pwd'
  stdout_is $'0\n/'
  is "$(ls cache/upper/x root/x 2> /dev/null)" cache/upper/x
  ok lc-run link sh -c 'grep -c " /opt " /proc/mounts; true'
  stdout_is 0
}

@test "missing mount points are made; in a root that cannot be written that is told" {
  rmdir root/proc root/sys root/dev
  fails_like 111 'lc-mountfs: fatal: unable to open or make /proc in /mnt/root: Read-only file system' lc-run -r root true
  ok lc-run root sh -c 'ls /dev/null /proc/1/comm'
  stdout_is $'/dev/null\n/proc/1/comm'
  is "$(stat -c %F root/proc root/sys root/dev)" $'directory\ndirectory\ndirectory'
}

@test "a missing mount point of a root whose ids are shifted is made as its owner would" {
  rmdir root/sys
  ok lc-run -u "$map" root true
  is "$(stat -c %u:%g:%F root/sys)" 0:0:directory
}

@test "the caller's supplementary groups do not reach the guest" {
  ok setpriv --groups 5,6 -- lc-run root id -G
  stdout_is 0
  ok setpriv --groups 5,6 -- lc-run -u "$map" root id -G
  stdout_is 0
}

@test "LCBOOT_VERBOSE counts once" {
  try env LCBOOT_VERBOSE=2 lc-run -p root
  status_is 0
  [[ $output != *' -v'* ]] || fail "a step has -v"
}

# How it ends

endings ()
{
  local s
  for s in 0 7 111; do
    try lc-run "${ids[@]}" root sh -c "exit $s"
    status_is "$s"
  done
  try lc-run "${ids[@]}" root nosuch
  status_is 127
  try lc-run "${ids[@]}" root sh -c 'exec reboot -f'
  status_is 133
  try lc-run "${ids[@]}" root sh -c 'exec poweroff -f'
  status_is 0
  try lc-run "${ids[@]}" root sh -c 'exec halt -f'
  status_is 0
}

@test "the exit status, restart and power off" { each endings; }

signals ()
{
  local s
  for s in TERM HUP USR1 RTMIN+3; do
    spawn lc-run "${ids[@]}" -s USR1=USR2 root sigpayload -a "$([[ $s == USR1 ]] && echo USR2 || echo "$s")=exit:9"
    expect ready
    kill -s "$s" "$SPAWNED"
    finish
    status_is 9
    gone
  done
}

@test "signals: they reach init, translated by -s" { each signals; }

@test "-k: a guest that does not end by SIGTERM is killed" {
  spawn lc-run -k 1 root sigpayload
  expect ready
  kill -TERM "$SPAWNED"
  finish
  status_is 137
  gone
}

@test "exec lc-run: the PID is the watcher's" {
  spawn sh -c 'echo $$; exec lc-run root sigpayload -a TERM=exit:4'
  expect "$SPAWNED"
  expect ready
  is "$(cat "/proc/$SPAWNED/comm")" lc-unshare
  kill "$SPAWNED"
  finish
  status_is 4
}

@test "lc-run killed: no guest stays" {
  spawn lc-run -u "$map" root sigpayload
  expect ready
  kill -KILL "$SPAWNED"
  finish
  status_is 137
  gone
}

dies_with_parent ()
{
  spawn sh -c 'lc-run "$@"; :' sh -d "${ids[@]}" -s TERM=USR1 root sigpayload -a USR1=exit:0
  expect ready
  kill -KILL "$SPAWNED"
  expect 'got USR1'
  gone
}

@test "-d: the parent killed, and the guest is asked to end" {
  each dies_with_parent
}

@test "-d: a parent that is gone already" {
  need strace
  try strace -f -o /dev/null -e inject=getppid:retval=1:when=2 "$(command -v lc-run)" -d root touch /ran
  status_is 111
  stderr_has 'lc-run: fatal: the parent is gone already'
  refute test -e root/ran
}

# A root that wants out

@test "mount points that are links out of the root: the host is not touched" {
  local what
  mkdir -p outside/fs/cgroup
  for what in proc sys dev; do
    rm -rf "root/$what"
    ln -s ../outside "root/$what"
    hostile () { try lc-run "${ids[@]}" root true; is "$(ls -A outside outside/fs/cgroup)" $'outside:\nfs\n\noutside/fs/cgroup:'; }
    each hostile
    status_is 111
    rm "root/$what"
    ln -s /mnt/outside "root/$what"
    each hostile
    status_is 111
    rm "root/$what"
    mkfifo "root/$what"
    each hostile
    status_is 111
    rm "root/$what"
    mkdir "root/$what"
  done
}

@test "nothing is left outside, and nothing changes there" {
  left ()
  {
    cut -d' ' -f4- /proc/self/mountinfo > before
    try lc-run "${ids[@]}" -h other -n root sh -c 'mount -t tmpfs none /mnt; sleep 1000 & touch /run/x; kill -KILL 1; exit 3'
    status_is 3
    cut -d' ' -f4- /proc/self/mountinfo | diff before -
    refute pgrep -f '^sleep 1000$'
    is "$(hostname)" "$name"
    rm root/run/x
  }
  local name
  name=$(hostname)
  mount --make-rshared /
  each left
}

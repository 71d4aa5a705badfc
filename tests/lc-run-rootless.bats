#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
# lc-run for an ordinary user, with subordinate ids and without. Nothing of ours is
# set-id.
load lib
load marked
load cache

setup_file ()
{
  cache_debian
}

setup ()
{
  busybox_root root
  cp "$LCBOOT_TESTS/escape" "$LCBOOT_TESTS/sigpayload" root/bin/
  chown -R -h 65533:65533 root
  install -d -o 65533 -g 65533 work
  cd work || exit 1
}

no_ids='lc-run: info: left out: all ids but the guest'"'"'s root, as'

@test "with subordinate ids: the caller is root, the others are theirs" {
  ok as_user lc-run -h web1 ../root sh -c 'echo $$ $(hostname); echo $(cat /proc/self/uid_map); echo $(cat /proc/self/gid_map); id -G; stat -c %u:%g /bin; touch /x; chown 7:8 /x'
  stdout_is $'1 web1\n0 65533 1 1 200000 65536\n0 65533 1 1 200000 65536\n0\n0:0'
  is "$(stat -c %u:%g ../root/x)" 200006:200007
}

@test "without: the caller is root, and nobody else; -v tells" {
  subids
  try as_user lc-run -v ../root sh -c 'echo $$; echo $(cat /proc/self/uid_map) $(cat /proc/self/gid_map); touch /x; chown 7 /x 2> /dev/null || echo no'
  status_is 0
  stdout_is $'1\n0 65533 1 0 65533 1\nno'
  stderr_has "$no_ids there are no subordinate ones"
  is "$(stat -c %u ../root/x)" 65533
  # silent otherwise
  ok as_user lc-run ../root true
}

@test "without newuidmap: the same" {
  local dir
  mkdir /mnt/path
  for dir in /usr/bin /usr/sbin; do ln -s "$dir"/* /mnt/path/ 2> /dev/null || :; done
  rm /mnt/path/newuidmap
  try as_user env PATH="$LCBOOT_BIN:/mnt/path:/usr/lib/execline/bin" lc-run -v ../root /bin/cat /proc/self/uid_map
  status_is 0
  is "$(xargs <<< "$output")" '0 65533 1'
  stderr_has "$no_ids there is no newuidmap or newgidmap"
}

@test "maps by option" {
  ok as_user lc-run -u self -g self ../root sh -c 'echo $(cat /proc/self/uid_map)'
  stdout_is '0 65533 1'
  ok as_user lc-run -u self -u 1:200010:5 -g self ../root sh -c 'echo $(cat /proc/self/uid_map)'
  stdout_is '0 65533 1 1 200010 5'
  fails_like 111 'newuidmap: .*' as_user sh -c 'lc-run -u self -u 1:300000:5 -g self ../root touch /ran 2>&1 | head -n 1 >&2; exit 111'
  refute test -e ../root/ran
}

mounts='awk "{ print \$5 }" /proc/self/mountinfo | grep -v -E "^/dev/(null|zero|full|u?random|tty)$|^/sys/"'

@test "proc, sysfs, /dev, a network of its own; nothing else of the host" {
  local s
  for s in tester:200000:65536 ''; do
    # shellcheck disable=SC2086 # none is none
    subids $s
    ok as_user lc-run -n ../root sh -c "$mounts"
    is "$(sort <<< "$output" | tr '\n' ' ')" '/ /dev /dev/mqueue /dev/pts /dev/shm /proc /sys '
    ok as_user lc-run -n ../root sh -c 'echo /proc/[0-9]*; ls /sys/class/net; cat /sys/class/net/lo/operstate; echo > /dev/null; touch /dev/x 2> /dev/null || echo read-only'
    stdout_like $'^/proc/1\nlo\nunknown\nread-only$'
    # and the caller's, without
    try as_user lc-run -v ../root true
    stderr_has "lc-run: info: left out: a sysfs of its own, as the network is the caller's: /sys is bound"
    ok as_user lc-run ../root sh -c "$mounts; readlink /proc/self/ns/net"
    stdout_has "$(readlink /proc/self/ns/net)"
    is "$(sed '$d' <<< "$output" | sort | tr '\n' ' ')" '/ /dev /dev/mqueue /dev/pts /dev/shm /proc /sys '
  done
}

@test "NS_NO_PID1: without a PID namespace" {
  ok as_user env NS_NO_PID1=1 sh -c 'echo $$; exec lc-run ../root sh -c "echo \$\$; id -u"'
  is "${lines[0]} ${lines[2]}" "${lines[1]} 0"
}

@test "overlays: -t, -o and -l" {
  as_user mkdir -p layer/etc
  echo layer > layer/etc/layer
  chown 65533:65533 layer/etc/layer
  local change='cat /etc/layer; echo new > /etc/new; rm /etc/group; mv /etc/layer /etc/moved; rm -r /var; mkdir /var'
  ok as_user lc-run -t -l layer ../root sh -c "$change; ls /etc /var"
  stdout_is $'layer\n/etc:\nmoved\nnew\nos-release\npasswd\n\n/var:'
  ok as_user lc-run -o cache -l layer ../root sh -c "$change"
  ok as_user lc-run -o cache -l layer ../root sh -c 'ls /etc /var; cat /etc/moved'
  stdout_is $'/etc:\nmoved\nnew\nos-release\npasswd\n\n/var:\nlayer'
  is "$(stat -c %u cache/upper/etc/new)" 65533
  ok as_user lc-run -l layer -r ../root sh -c 'touch /x 2> /dev/null || echo read-only'
  stdout_is read-only
  test -e ../root/etc/group -a -e layer/etc/layer -a ! -e ../root/etc/new
}

@test "-e, -f and -b" {
  as_user mkdir data
  printf '%s\n' 'none /opt tmpfs size=1m 0 0' '/mnt/work/data /srv none bind 0 0' > fstab
  printf '%s\n' '#!/bin/sh' 'echo "hook $(id -u) $CLONE_NEWUSER $([ "$1" = "$LCBOOT_PID" ] && echo pid)"' > hook
  chmod 0755 hook
  ok as_user lc-run -f fstab -b ./hook -e 'importas -i r NS_ROOT touch ${r}/opt/extra' ../root sh -c 'ls /opt; touch /srv/x'
  stdout_is $'hook 65533 1 pid\nextra'
  is "$(stat -c %u data/x)" 65533
}

@test "the caller's terminal is the console, and the guest may open it" {
  ok as_user ptyrun lc-run ../root sh -c 'stat -c "%t %u" /dev/console; echo spoken > /dev/console'
  stdout_like '88 0'
  stdout_has spoken
}

@test "what is root's: an interface, a limit without a cgroup of one's own" {
  fails 111 'lc-run: fatal: unable to move the interface eth0: only root can (-n makes a network without one)' \
    as_user lc-run -N eth0 ../root touch /ran
  try as_user lc-run -m 64M ../root touch /ran
  status_is 111
  stderr_like 'lc-cgroup: fatal: .*'
  refute test -e ../root/ran
}

user=(setpriv --reuid=65533 --regid=65533 --clear-groups --)

@test "its end: status, signals, restart and power off, no orphan" {
  try as_user lc-run ../root sh -c 'exit 7'
  status_is 7
  try as_user lc-run ../root reboot -f
  status_is 133
  try as_user lc-run ../root poweroff -f
  status_is 0
  spawn "${user[@]}" lc-run -s TERM=USR1 ../root sigpayload -a USR1=exit:5
  expect ready
  kill "$SPAWNED"
  finish
  status_is 5
  spawn "${user[@]}" sh -c 'lc-run "$@"; :' sh -d ../root sigpayload -a TERM=exit:0
  expect ready
  kill -KILL "$SPAWNED"
  expect 'got TERM'
  gone
  spawn "${user[@]}" lc-run ../root sigpayload
  expect ready
  kill -KILL "$SPAWNED"
  finish
  gone
}

@test "nothing leads back to the host" {
  as_user true
  try marked "${user[@]}" lc-run ../root escape lcboot-marker
  status_is 1
}

# Debian

@test "Debian, by root, to its shell" {
  need_debian
  debian_root /mnt/debian
  ok lc-run -h debian -u 0:100000:65536 -t /mnt/debian bash -c 'echo $$ $(hostname) $(id -u); sed -n "s/^PRETTY_NAME=//p" /etc/os-release; dpkg --audit; su -s /bin/sh -c "id -un" daemon; findmnt -no FSTYPE /; stat -c %U:%G /etc/shadow'
  stdout_is $'1 debian 0\n"Debian GNU/Linux 12 (bookworm)"\ndaemon\noverlay\nroot:shadow'
}

@test "Debian, to its shell on the caller's terminal, which has job control there" {
  need_debian
  debian_root /mnt/debian
  local id
  printf '%s\n' 'case $- in *m*) echo "job" control ;; esac' 'sleep 1000 &' 'kill %1; wait %1; echo "ended: $?"' 'exit 4' > keys
  typed () { ptyrun lc-run "$@" /mnt/debian /bin/bash --norc -i < keys; }
  for id in '' '-u 0:100000:65536'; do
    # shellcheck disable=SC2086 # words
    try typed $id
    status_is 4
    stdout_has 'job control'
    stdout_has 'ended: 143'
  done
}

@test "Debian, by an ordinary user, to its shell" {
  need_debian
  # the root of a user namespace with the guest's maps unpacks it, and so it owns it
  install -d -o 65533 -g 65533 /mnt/debian
  ok as_user lc-unshare -M self -M auto -G self -G auto tar -C /mnt/debian --numeric-owner --exclude='./dev/*' -xpf - < "$_cache_debian"
  ok as_user lc-run -h debian -n -t /mnt/debian bash -c 'echo $$ $(hostname) $(id -u); sed -n "s/^PRETTY_NAME=//p" /etc/os-release; dpkg --audit; su -s /bin/sh -c "id -un" daemon; findmnt -no FSTYPE /; echo $(cat /proc/self/uid_map)'
  stdout_is $'1 debian 0\n"Debian GNU/Linux 12 (bookworm)"\ndaemon\noverlay\n0 65533 1 1 200000 65536'
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; what lib.bash and container.bash set and read
#
# The init.yml of p5-lcboot's README, as it is there, booted: what the guest is then
# is compared with what the file says.

TEST_TIMEOUT=120
load lib
load cache
load container

setup_file ()
{
  cache_inits
}

example ()
{
  cat <<'END'
# "Next hop" root file system path.
#   For example, may be mounted to guest via `/dev/loop` readonly source.
#   And/or may usually be (re)mounted several times during "setup.before" step.
root: /mnt/root # default is {path: "/mnt/root", mode: "pivot"}

# Let's enable uid/gid mapping for unshare system call (disabled by default).
id_map:
  users: 0 1000000 65536
  groups:
  - 0 1000000 # `internal` `external` (size = 1 by default)
  - 1 1000001 1 # `internal` `external` `size`
  - internal: 2
    external: 1000002
    # size: 1 # default too
  - internal: 3
    external: 1000003
    size: 65533

initctl: false # default; replace to `true` if you want to spawn `/dev/initctl` (via `p5.lcboot.initctl`) right now

# First step is "setup".
#   At this step `p5.lcboot.init` will:
#   - mount /mnt/root/proc`;
#   - invoke `unshare` system call;
#   - mount new `/mnt/root/sys`, `/mnt/root/dev`.
#   After this step `p5.lcboot.init` will change root to `/mnt/root` via `pivot_root` system call.
#   You may change root.mode to `chroot` or `none`.
setup:
  # Let's set `setup` mode. Replace it to `none` for skip it and do some in `before` and `exec.before`.
  mode: auto # default

  # Custom "setup" instructions before this step.
  #   In this case we hope that `/mnt/root` is already populated by container owner,
  #   but we want to remap some uids/gids and apply some fs layers.
  before:
  # Let's remap users/groups on `/mnt/root`.
  - mount-idmapped --map-mount=b:0:1000000:65536 /mnt/root /mnt/root

  # Remount `/mnt/root` as `overlayfs` with:
  #   - `lower` ro source layers: `/mnt/root` under `mnt/layers/0` under `/mnt/layers/1`;
  #   - `upper` rw layer: `/mnt/cache/overlay/upper`;
  #   - `workdir`: `/mnt/cache/overlay/temp/w`;
  #   - destination: `/mnt/root`.
  - overlay -- /mnt/layers/0 /mnt/layers/1

# Last step is "exec".
exec:
  # Of course, you can do something before `exec`.
  before:
  - echo "Hello, 'next hop' root!"
  - ["echo", "We are ready to boot `systemd` now."]
  - command: bash -e # we have `bash` on "next hop" root
    input: |
      echo 'Yeah! Only now '"it's"' interpreted by real shell ('"$0"')!'
      echo 'This script received via stdin.'
      echo "Date is `date`"
  - - sh
    - -ec
    - "echo 'This script received via `cli` key.'; echo Shell is \"$0\"; echo \"Date is `date`\""

  # Let's set custom `exec` system call command.
  # Also, you can override it or append arguments via `cli`, use `--help` key.
  command: /lib/systemd/systemd --system # "/sbin/init" by default
END
}

setup ()
{
  mkdir -p root cache layers/0/etc layers/1/etc
  echo 0 | tee layers/0/etc/first > layers/0/etc/last
  echo 1 > layers/1/etc/last
  touch marker
}

teardown ()
{
  drop_cgroup
}

# A guest's init that tells what it finds, and leaves a file

report ()  # SHELL
{
  cat <<END
#!$1
echo "init: \$0 \$*"
END
  cat <<'END'
echo "maps: "$(cat /proc/self/uid_map)", "$(cat /proc/self/gid_map)
echo "ids: $$ $(id -u) $(id -g) $(id -G)"
echo "layers: $(cat /etc/first /etc/last)"
echo "owners: $(stat -c %u:%g / /bin /etc/last)"
ls /proc/self/fd > /tmp/fds
set -- /proc/[0-9]*
echo "processes: $#"
echo "signals: "$(grep -E 'Sig(Blk|Ign)' /proc/self/status)
echo "mounts: "$(cut -d ' ' -f 2 /proc/mounts | grep -v '^/dev/')
echo "interfaces: "$(ls /sys/class/net)
echo "umount: $(umount /proc 2> /dev/null || echo no) $(umount /sys 2> /dev/null || echo no)"
escape marker > /dev/null
echo "a way back: $?"
echo written > /srv/written
env | sort
END
}

told ()  # COMMAND: what it then says; dates are the only thing that is not known
{
  sed -E 's/^Date is .*[0-9].*/Date is known/'
}

expected ()  # INIT SHELL0
{
  cat <<END
Hello, 'next hop' root!
We are ready to boot \`systemd\` now.
Yeah! Only now it's interpreted by real shell ($2)!
This script received via stdin.
Date is known
This script received via \`cli\` key.
Shell is sh
Date is known
init: $1
maps:  0 1000000 65536,  0 1000000 1 1 1000001 1 2 1000002 1 3 1000003 65533
ids: 1 0 0 0
layers: 0
1
owners: 0:0
0:0
65534:65534
END
}

@test "in a busybox guest, which has sh and /sbin/init" {
  busybox_root root
  cp "$LCBOOT_TESTS/escape" root/bin/
  mkdir -p root/lib/systemd
  report /bin/sh > root/sbin/init
  example | sed 's/bash -e/sh -e/; s,/lib/systemd/systemd --system,/sbin/init --system,' > init.yml
  ENGINE='export container=lxc-libvirt LIBVIRT_LXC_NAME=web1 ; trap "" PIPE'
  ok container init a 'b c'
  is "$(told <<< "$output" | head -n 16)" "$(expected '/sbin/init --system a b c' sh)"
  stdout_has 'processes: 1'
  stdout_has 'signals: SigBlk: 0000000000000000 SigIgn: 0000000000000000'
  stdout_has 'mounts: / /proc /sys /dev'
  stdout_has 'interfaces: eth0 eth1 lo'
  stdout_has 'umount: no no'
  stdout_has 'a way back: 1'
  # busybox' sh sets the last three
  is "$(sed -n '/^a way back/,$p' <<< "$output" | sed '1d; s/^PATH=.*/PATH/')" \
    $'LIBVIRT_LXC_NAME=web1\nPATH\nPWD=/\nSHLVL=1\ncontainer=lxc-libvirt'
  is "$(stat -c '%n %u %g' cache/overlay/upper/srv/written)" 'cache/overlay/upper/srv/written 1000000 1000000'
  is "$(cat cache/overlay/upper/tmp/fds)" $'0\n1\n2\n3'  # 3 is what ls reads
  [[ ! -e root/srv/written && ! -e layers/1/srv ]]
  # and again, with what was written before
  ok container init
  is "$(cat cache/overlay/upper/srv/written)" written
}

@test "in a Debian guest, with bash and systemd" {
  need_inits
  debian_root root
  cp -a "$(inits)/systemd/." root/
  mkdir -p layers/1/etc/systemd/system
  : > root/etc/machine-id
  cp "$LCBOOT_TESTS/escape" root/usr/bin/
  report /bin/bash > root/usr/bin/report
  chmod 0755 root/usr/bin/report
  printf '%s\n' '[Unit]' 'Requires=sysinit.target' 'After=sysinit.target' '[Service]' 'Type=oneshot' 'StandardOutput=append:/srv/report' \
    'ExecStart=/usr/bin/report service' 'ExecStart=/bin/sh -c "cat /proc/1/comm /proc/1/uid_map ; tr \\\\000 : < /proc/1/cmdline"' \
    'ExecStart=/bin/systemctl exit 7' > root/etc/systemd/system/report.service
  example > init.yml
  own_cgroup
  ENGINE='export container=lxc-libvirt ; mount -t cgroup2 cgroup2 /sys/fs/cgroup'
  # the argument is the test's: a unit that reports, and then ends it all with 7
  try container init -- --unit=report.service
  status_is 7
  stderr_is ''
  is "$(told <<< "$output")" "$(expected ignored bash | head -n 8)"
  output=$(cat cache/overlay/upper/srv/report)
  stdout_has $'init: /usr/bin/report service\nmaps:  0 1000000 65536,  0 1000000 1 1 1000001 1 2 1000002 1 3 1000003 65533\n'
  stdout_has $'layers: 0\n1\nowners: 0:0\n0:0\n65534:65534\n'
  stdout_has 'mounts: / /proc /sys /sys/fs/cgroup /dev'
  stdout_has 'interfaces: eth0 eth1 lo'
  stdout_has 'umount: no no'
  stdout_has 'a way back: 1'
  stdout_has $'systemd\n         0    1000000      65536\n/lib/systemd/systemd:--system:--unit=report.service:'
  is "$(stat -c '%u %g' cache/overlay/upper/srv/written)" '1000000 1000000'
}

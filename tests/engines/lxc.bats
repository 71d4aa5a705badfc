#!/usr/bin/env bats
# The image under lxc-start.
# shellcheck disable=SC2034,SC2154 # lib.bash sets status, output, lines, stderr
TEST_TIMEOUT=120
load ../lib
load ../cache
load engines

setup_file ()
{
  cache_image
  cache_inits
}
teardown () { engine_cleanup; }

NET=('type = empty')

boot ()  # [ID-MAP-FIRST] WORD…; $NET has the lines of the container's interface
{
  local map=''
  if [[ $1 == [0-9]* ]]; then
    map=$1
    shift
    chown "$map:$map" /mnt/box/boot/cache
  fi
  rm -f /mnt/box/console
  {
    echo 'lxc.uts.name = box'
    echo 'lxc.rootfs.path = dir:/mnt/box/image'
    echo "lxc.rootfs.options = ro${map:+,idmap=container}"
    echo "lxc.mount.auto = proc:mixed sys:mixed ${CGROUPS:+cgroup:mixed:force}"
    echo 'lxc.mount.entry = /mnt/box/boot mnt none rbind 0 0'
    echo 'lxc.console.logfile = /mnt/box/console'
    printf 'lxc.net.0.%s\n' "${NET[@]}"
    echo 'lxc.apparmor.profile = unconfined'
    echo "lxc.init.cmd = /sbin/init $*"
    if [[ -n $map ]]; then printf 'lxc.idmap = %s\n' "u 0 $map 65536" "g 0 $map 65536"; fi
  } > /mnt/box/config
  mkdir -p /mnt/box/state
  in_engine lxc-start -F -n box -P /mnt/box/state -f /mnt/box/config
  output=$(cat /mnt/box/console) || _lib_report "there is no console"
}

@test "a guest with ids of its own: what it is, and what it cannot reach" {
  need lxc-start
  mapped lxc
  boot poweroff
  status_is 0
  stderr_is ''
  guest_says args '1: poweroff'
  guest_says pid 1
  guest_says ids '0:0 0'
  guest_says uid-map '0 100000 65536'
  guest_says host guest
  guest_says fds '0 1 2 3'
  guest_says signals '0000000000000000 0000000000000000'
  guest_says processes init
  guest_says boot-image ''
  guest_says links lo
  guest_says unmasked ''
  guest_says written written
}

@test "the defaults of an id map: interfaces, cgroup, no power off" {
  need lxc-start
  defaults
  NET=('type = veth' 'name = eth0' 'ipv4.address = 10.1.2.3/24' 'flags = up')
  boot poweroff
  status_is 0
  defaults_work '0 100000 65536' 'eth0 10.1.2.3/24'
  guest_says cgroups cgroup2
  guest_says own-cgroup /sys/fs/cgroup
}

@test "the defaults of an id map in an engine's user namespace" {
  need lxc-start
  defaults '0 1000 60000'
  chown -hR 301000:301000 /mnt/box/boot/root
  subids root:300000:65536
  NET=('type = veth' 'name = eth0' 'ipv4.address = 10.1.2.3/24' 'flags = up')
  boot 300000 poweroff
  status_is 0
  defaults_work '0 1000 60000' 'eth0 10.1.2.3/24'
}

@test "the hierarchies of cgroup v1" {
  need lxc-start
  CGROUPS=v1
  mapped lxc
  boot poweroff
  status_is 0
  stderr_is ''
  guest_says written written
  stdout_like 'guest: cgroups .*memory'
  stdout_like 'guest: own-cgroup /sys/fs/cgroup/(systemd|unified)'
}

@test "a reboot starts the container once more" {
  need lxc-start
  mapped lxc
  boot reboot-once
  status_is 0
  is "$(grep -c 'guest: args 1: reboot-once' <<< "$output")" 2 'the number of boots'
}

@test "in an engine's user namespace" {
  need lxc-start
  nested 301000
  subids root:300000:65536
  boot 300000 poweroff
  status_is 0
  stderr_is ''
  guest_says uid-map '0 1000 60000'
  guest_says unmasked ''
  guest_says written written
}

@test "no configuration at all: the container's root stays root" {
  need lxc-start
  container < /dev/null
  rm /mnt/box/boot/init.yml
  boot poweroff
  status_is 0
  stderr_is ''
  guest_says uid-map '0 0 4294967295'
  guest_says boot-image ''
  guest_says written written
}

@test "a guest of Debian with systemd, and ids of its own" {
  need lxc-start
  container <<'END'
id_map: { users: 0 100000 65536 }
network: new
namespaces: [ uts, ipc, net, cgroup, pid ]
setup:
  before:
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/root /mnt/root
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/layers/systemd /mnt/layers/systemd
  - overlay /mnt/layers/systemd
exec: /lib/systemd/systemd --system --log-target=console
END
  debian_guest
  boot ''
  status_is 0
  reported
  guest_says uid-map '0 100000 65536'
  guest_says pid1 systemd
  guest_says boot-image ''
  stdout_like 'guest: state (starting|running|degraded)'
}

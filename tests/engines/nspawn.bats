#!/usr/bin/env bats
# The image under systemd-nspawn.
# shellcheck disable=SC2034,SC2154 # lib.bash sets status, output, lines, stderr
TEST_TIMEOUT=120
load ../lib
load ../cache
load engines

setup_file ()
{
  cache_image -b
  cache_inits
}
teardown () { engine_cleanup; }

boot ()  # OPTION… -- WORD…
{
  local -a options=()
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  in_engine systemd-nspawn --register=no --keep-unit --settings=no -q --console=pipe --capability=all \
    --system-call-filter=@known --private-network --resolv-conf=off --timezone=off --link-journal=no \
    --read-only -M box -D /mnt/box/image --bind=/mnt/box/boot:/mnt "${options[@]}" -b -- "$@"
}

@test "a guest with ids of its own: what it is, and what it cannot reach" {
  need systemd-nspawn
  mapped systemd-nspawn
  boot -- poweroff
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

# systemd-nspawn gives its interface no address: commands of the image do

@test "the defaults of an id map: interfaces, cgroup, no power off" {
  need systemd-nspawn
  defaults
  sed -i 's,^  before:,&\n  - ip addr add 10.1.2.3/24 dev host0\n  - ip link set host0 up,' /mnt/box/boot/init.yml
  boot --network-veth -- poweroff
  status_is 0
  defaults_work '0 100000 65536' 'host0 10.1.2.3/24'
  guest_says cgroups cgroup2
  guest_says own-cgroup /sys/fs/cgroup
}

@test "the defaults of an id map in an engine's user namespace" {
  need systemd-nspawn
  defaults '0 1000 60000'
  sed -i 's,\[ overlay \],[ ip addr add 10.1.2.3/24 dev host0\, ip link set host0 up\, overlay ],' /mnt/box/boot/init.yml
  chown -hR 328680:328680 /mnt/box/boot/root
  chown 327680:327680 /mnt/box/boot/cache
  boot --network-veth --private-users=327680:65536 --private-users-ownership=map -- poweroff
  status_is 0
  defaults_work '0 1000 60000' 'host0 10.1.2.3/24'
}

@test "the hierarchies of cgroup v1" {
  need systemd-nspawn
  CGROUPS=v1
  mapped systemd-nspawn
  boot -- poweroff
  status_is 0
  stderr_is ''
  guest_says written written
  stdout_like 'guest: cgroups .*memory'
}

@test "in an engine's user namespace" {
  need systemd-nspawn
  nested 328680
  chown 327680:327680 /mnt/box/boot/cache
  boot --private-users=327680:65536 --private-users-ownership=map -- poweroff
  status_is 0
  stderr_is ''
  guest_says uid-map '0 1000 60000'
  guest_says unmasked ''
  guest_says written written
}

@test "the engine is told of a reboot and of an exit" {
  need systemd-nspawn
  mapped systemd-nspawn
  boot -- reboot
  status_is 133
  boot -- exit 7
  status_is 7
}

@test "no configuration at all: the container's root stays root" {
  need systemd-nspawn
  container < /dev/null
  rm /mnt/box/boot/init.yml
  boot -- poweroff
  status_is 0
  stderr_is ''
  guest_says uid-map '0 0 4294967295'
  guest_says boot-image ''
  guest_says written written
}

@test "a guest of Debian with systemd, and ids of its own" {
  need systemd-nspawn
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
  boot --
  status_is 0
  reported
  guest_says uid-map '0 100000 65536'
  guest_says pid1 systemd
  guest_says boot-image ''
  stdout_like 'guest: state (starting|running|degraded)'
}

#!/usr/bin/env bats
# The image under crun.
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
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

# An OCI bundle with everything that root has; what an engine masks by default is
# masked. bundle [ID-MAP-FIRST] WORD…; $NETNS is a network namespace to be used,
# $CAPS are the capabilities, if they are not all.

bundle ()
{
  local map='' user='' caps='' netns=${NETNS:+, \"path\": \"$NETNS\"} i mask w args=''
  local -a cap=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
    SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
    WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)
  mask=$((16#$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))
  if [[ $1 == [0-9]* ]]; then
    mask=-1
    user='{ "type": "user" },'
    map="[ { \"containerID\": 0, \"hostID\": $1, \"size\": 65536 } ]"
    map="\"uidMappings\": $map, \"gidMappings\": $map,"
    chown "$1:$1" /mnt/box/boot/cache
    lc-idmap -b "0:$1:65536" /mnt/box/image /mnt/box/image true
    shift
  fi
  for i in "${!cap[@]}"; do
    if ((mask >> i & 1)) && [[ -z ${CAPS:-} || " $CAPS " == *" ${cap[i]} "* ]]; then caps+="\"CAP_${cap[i]}\","; fi
  done
  for w; do args+="\"$w\","; done
  cat > /mnt/box/config.json << END
{
  "ociVersion": "1.0.2",
  "process": {
    "terminal": false, "user": { "uid": 0, "gid": 0 }, "args": [ ${args%,} ], "env": [ "PATH=/bin" ], "cwd": "/",
    "capabilities": { "bounding": [ ${caps%,} ], "effective": [ ${caps%,} ], "permitted": [ ${caps%,} ] }, "noNewPrivileges": false
  },
  "root": { "path": "/mnt/box/image", "readonly": true },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc", "options": [ "nosuid", "noexec", "nodev" ] },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": [ "nosuid", "mode=755" ] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": [ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" ] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [ "nosuid", "noexec", "nodev", "mode=1777" ] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": [ "nosuid", "noexec", "nodev" ] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [ "nosuid", "noexec", "nodev", "ro" ] },
    { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [ "nosuid", "noexec", "nodev", "relatime" ] },
    { "destination": "/mnt", "type": "bind", "source": "/mnt/box/boot", "options": [ "rbind" ] }
  ],
  "linux": {
    $map
    "maskedPaths": [ "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
      "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi" ],
    "readonlyPaths": [ "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" ],
    "namespaces": [ $user { "type": "pid" }, { "type": "network"$netns }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" } ]
  }
}
END
}

boot () { in_engine crun --cgroup-manager=disabled run -b /mnt/box box; }

@test "a guest with ids of its own: what it is, and what it cannot reach" {
  need crun
  mapped oci
  bundle /sbin/init poweroff
  boot
  status_is 130
  stderr_is ''
  guest_says args '1: poweroff'
  guest_says pid 1
  guest_says ids '0:0 0'
  guest_says uid-map '0 100000 65536'
  guest_says gid-map '0 100000 65536'
  guest_says host guest
  guest_says fds '0 1 2 3'
  guest_says signals '0000000000000000 0000000000000000'
  guest_says processes init
  guest_says boot-image ''
  guest_says links lo
  guest_says unmasked ''
  guest_says written written
  is "$(cat /mnt/box/boot/cache/overlay/upper/written)" written
}

# A network namespace with an interface, as a plugin makes it

network ()
{
  NETNS=/run/netns/box
  mkdir -p /run/netns
  ip netns add box
  ip link add eth0 type veth peer name outside
  ip link set eth0 netns box
  ip -n box addr add 10.1.2.3/24 dev eth0
  ip -n box link set eth0 up
}

@test "the defaults of an id map: interfaces, cgroup, no power off" {
  need crun ip
  defaults
  network
  bundle /sbin/init poweroff
  boot
  status_is 0
  defaults_work '0 100000 65536' 'eth0 10.1.2.3/24'
  guest_says cgroups cgroup2
  guest_says own-cgroup /sys/fs/cgroup
}

@test "the defaults of an id map in an engine's user namespace" {
  need crun
  defaults '0 1000 60000'
  chown -hR 301000:301000 /mnt/box/boot/root
  bundle 300000 /sbin/init poweroff
  boot
  status_is 0
  defaults_work '0 1000 60000' ''
}

# What lcboot-init(8) says of capabilities. A runtime's default ones are not enough.

@test "capabilities: those of a runtime's default, and what each configuration wants on top" {
  need crun ip
  local default='CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
  container < /dev/null
  CAPS=$default
  bundle /sbin/init poweroff
  boot
  status_is 111
  stderr_is 'lc-unshare: fatal: unable to make the new namespaces (not privileged: -U with a map makes a user namespace first): Operation not permitted'
  stdout_is ''
  CAPS+=' SYS_ADMIN'
  bundle /sbin/init poweroff
  boot
  status_is 0
  guest_says written written
  guest_says poweroff failed
  CAPS+=' SYS_BOOT'
  bundle /sbin/init poweroff
  boot
  status_is 130
  # an id map
  network
  defaults
  CAPS="$default SYS_ADMIN NET_ADMIN"
  bundle /sbin/init poweroff
  boot
  status_is 111
  stderr_has 'not privileged over it'
  CAPS="$default SYS_ADMIN SYS_PTRACE"
  bundle /sbin/init poweroff
  boot
  status_is 111
  stderr_has 'lc-netmove: fatal: unable to move eth0'
  CAPS="$default SYS_ADMIN SYS_PTRACE NET_ADMIN"
  bundle /sbin/init poweroff
  boot
  status_is 0
  defaults_work '0 100000 65536' 'eth0 10.1.2.3/24'
  CAPS="$default SYS_ADMIN SYS_PTRACE SYS_BOOT"
  mapped
  bundle /sbin/init poweroff
  boot
  status_is 130
  guest_says written written
}

@test "the hierarchies of cgroup v1" {
  need crun
  CGROUPS=v1
  mapped oci
  bundle /sbin/init poweroff
  boot
  status_is 130
  stderr_is ''
  stdout_like 'guest: cgroups .*memory .*name=systemd'
  guest_says own-cgroup /sys/fs/cgroup/systemd
}

@test "in an engine's user namespace" {
  need crun
  nested 301000
  bundle 300000 /sbin/init poweroff
  boot
  status_is 130
  stderr_is ''
  guest_says uid-map '0 1000 60000'
  guest_says unmasked ''
  guest_says written written
  is "$(stat -c %u:%g /mnt/box/boot/cache/overlay/upper/written)" 301000:301000
}

@test "the engine is told of a reboot and of an exit" {
  need crun
  mapped oci
  bundle /sbin/init reboot
  boot
  status_is 129
  bundle /sbin/init exit 7
  boot
  status_is 7
}

@test "no configuration at all: the container's root stays root" {
  need crun
  container < /dev/null
  rm /mnt/box/boot/init.yml
  bundle /sbin/init poweroff
  boot
  status_is 130
  stderr_is ''
  guest_says uid-map '0 0 4294967295'
  guest_says pid 1
  guest_says boot-image ''
  guest_says written written
}

@test "a guest of Debian with systemd, and ids of its own" {
  need crun
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
  bundle /sbin/init
  boot
  status_is 130
  reported
  guest_says uid-map '0 100000 65536'
  guest_says pid1 systemd
  guest_says boot-image ''
  stdout_like 'guest: state (starting|running|degraded)'
}

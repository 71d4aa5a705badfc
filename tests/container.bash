# shellcheck shell=bash disable=SC2016 # an inner shell
#
# What an engine makes for a boot image, as far as its first process can tell.

if [[ -n "${LCBOOT_SANDBOX:-}" ]]; then PATH=$LCBOOT_REPO/src/scripts/image:$PATH; fi

# container CMD…: CMD as PID 1 in namespaces, with proc, sysfs, a small /dev, two
# interfaces, and whatever $ENGINE, a shell script, adds

export ENGINE=''

container ()
{
  fresh lc-unshare -p -m -u -i -n -l -C lc-hostname engine sh -ec '
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    lc-mountdev /dev
    ip link add eth0 type veth peer name eth1
    mknod -m 0620 /dev/tty1 c 4 1
    mkdir /dev/net
    mknod -m 0666 /dev/net/tun c 10 200
    eval "$ENGINE"
    unset ENGINE
    exec "$@"' sh "$@"
}

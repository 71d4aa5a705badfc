# shellcheck shell=bash disable=SC2016 # an inner shell
#
# What an engine makes for a boot image, as far as its first process can tell.

if [[ -n "${LCBOOT_SANDBOX:-}" ]]; then PATH=$LCBOOT_REPO/src/scripts/image:$PATH; fi

# container CMD…: CMD as PID 1 in namespaces, with proc, sysfs, a small /dev, two
# interfaces, an environment of nothing but PATH, and whatever $ENGINE, a shell
# script, adds. Its console is not the machine's: boots change who owns it.

ENGINE=''

container ()
{
  fresh env -i PATH="$PATH" ENGINE="$ENGINE" lc-unshare -p -m -u -i -n -l -C lc-hostname engine sh -ec '
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    lc-mountdev /dev
    if mountpoint -q /dev/console ; then umount /dev/console ; fi
    rm -f /run/console
    mknod -m 0620 /run/console c 5 1
    touch /dev/console
    mount --bind /run/console /dev/console
    ip link add eth0 type veth peer name eth1
    mknod -m 0620 /dev/tty1 c 4 1
    mkdir /dev/net
    mknod -m 0666 /dev/net/tun c 10 200
    eval "$ENGINE"
    unset ENGINE PWD OLDPWD
    exec "$@"' sh "$@"
}

# own_cgroup: a cgroup2 for the containers of this test, which they see if $ENGINE
# mounts it. drop_cgroup is for teardown.

_container_cgroup=''

own_cgroup ()
{
  need fs:cgroup2
  mkdir -p /run/cgroup
  mount -t cgroup2 own /run/cgroup
  _container_above=/run/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
  _container_cgroup=$_container_above/lcboot-test.$BATS_ROOT_PID.$BATS_TEST_NUMBER.$RANDOM
  mkdir "$_container_cgroup"
  echo $$ > "$_container_cgroup/cgroup.procs"
}

_container_empty ()
{
  local pid
  if rmdir "$1" 2> /dev/null || [[ ! -d $1 ]]; then return 0; fi
  while read -r pid; do kill -KILL "$pid"; done < "$1/cgroup.procs"
  return 1
}

drop_cgroup ()
{
  local dir
  if [[ -z $_container_cgroup ]]; then return 0; fi
  echo $$ > "$_container_above/cgroup.procs"
  while read -r dir; do await _container_empty "$dir"; done < <(find "$_container_cgroup" -depth -type d)
}

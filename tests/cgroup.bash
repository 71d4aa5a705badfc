# shellcheck shell=bash
#
# own HIERARCHY…: a cgroup of the test's own in each hierarchy, below the current
# one, and the test in it. It is what is mounted, at /sys/fs/cgroup/HIERARCHY, and
# nothing else can be reached: of a mount of the whole hierarchy, which exists
# already, only that part stays. HIERARCHY is memory, name=systemd …, or cgroup2.
# $name is its name. A file that loads this has setup and teardown from here.

declare -gA above=()

whole ()  # HIERARCHY: mounts it at /run/cgroup
{
  mkdir -p /run/cgroup
  if [[ $1 == cgroup2 ]]; then mount -t cgroup2 own /run/cgroup; else mount -t cgroup -o "$1" own /run/cgroup; fi
}

own ()
{
  local h path
  umount -l /sys/fs/cgroup
  mount -t tmpfs -o mode=0755 own /sys/fs/cgroup
  for h; do
    if [[ $h == cgroup2 ]]; then
      path=$(sed -n 's/^0:://p' /proc/self/cgroup)
    else
      path=$(awk -F : -v h="$h" '{ n = split($2, c, ","); for (i = 1; i <= n; i++) if (c[i] == h) print $3 }' /proc/self/cgroup)
    fi
    [[ -n $path ]] || cannot "the kernel has no hierarchy $h" || return 1
    whole "$h" || cannot "the hierarchy $h cannot be mounted" || return 1
    path=/run/cgroup$path
    mkdir "/sys/fs/cgroup/${h#name=}" "$path/$name"
    above[$h]=$path
    if [[ $h == cpuset ]]; then
      cat "$path/cpuset.cpus" > "$path/$name/cpuset.cpus"
      cat "$path/cpuset.mems" > "$path/$name/cpuset.mems"
    fi
    echo $$ > "$path/$name/cgroup.procs"
    mount --bind "$path/$name" "/sys/fs/cgroup/${h#name=}"
    umount /run/cgroup
  done
  cd /sys/fs/cgroup || return 1
}

setup ()
{
  name=lcboot-test.$BATS_ROOT_PID.$BATS_TEST_NUMBER.$RANDOM
}

# Whatever the test has left in them is killed, and they are removed.

empty ()  # DIRECTORY
{
  local pid
  if rmdir "$1" 2> /dev/null || [[ ! -d $1 ]]; then return 0; fi
  if [[ -e $1/freezer.state ]]; then echo THAWED > "$1/freezer.state"; fi
  while read -r pid; do kill -KILL "$pid"; done < "$1/cgroup.procs"
  return 1
}

teardown ()
{
  local h dir
  cd /
  if ((${#above[@]})); then umount -l /sys/fs/cgroup; fi
  for h in "${!above[@]}"; do
    whole "$h"
    echo $$ > "${above[$h]}/cgroup.procs"
    while read -r dir; do await empty "$dir"; done < <(find "${above[$h]}/$name" -depth -type d)
    umount -l /run/cgroup
  done
}

# shellcheck shell=bash disable=SC2034,SC2154 # lib.bash reads and sets the rest
#
# The boot image as the root of a container of a real engine. What lib.bash says
# holds here too; on top of it:
#
#   cache_image [-b]     for setup_file: makes the image, a directory, for the file,
#                        with busybox if that is wanted
#   container            lays out /mnt/box/image, the boot image, read-only, and what
#                        guest does
#   guest                lays out /mnt/box/boot, which is to be mounted on the image's
#                        /mnt: root, layers, cache, init.yml, of standard input. The
#                        guest is a busybox, whose init says what it sees, one
#                        `guest: ` line each, and does what its first argument says.
#   defaults [MAP]       container with nothing but that id map, 0 100000 65536 by
#                        default, and what it needs of setup.before
#   mapped MODE          the container of a guest with ids of its own; setup.mode is MODE
#   nested UID           the same where the engine has made a user namespace already,
#                        inside of which nothing can be mapped once more: the root
#                        belongs to UID, the guest's root
#   in_engine CMD…       `try` of CMD in a cgroup and a cgroup namespace of its own, with
#                        a cgroup2 at /sys/fs/cgroup that has no controllers, or,
#                        if CGROUPS=v1, with the machine's other hierarchies there,
#                        and with private places where engines keep their state
#   debian_guest         makes the guest a Debian root, and layers/systemd its systemd
#   guest_says KEY TEXT  what the guest's init said of it

_image_dir () { echo "$BATS_FILE_TMPDIR/image"; }

cache_image ()
{
  "$LCBOOT_BIN/lc-mkimage" -f dir "$@" "$BATS_FILE_TMPDIR/image" > "$BATS_FILE_TMPDIR/no.image" 2>&1
}

container ()
{
  [[ -d $(_image_dir) ]] || fail "there is no image: $(cat "$BATS_FILE_TMPDIR/no.image")" || return 1
  mkdir -p /mnt/box/image
  mount --bind "$(_image_dir)" /mnt/box/image
  mount -o remount,bind,ro /mnt/box/image
  guest
}

guest ()
{
  mkdir -p /mnt/box/boot/root /mnt/box/boot/layers /mnt/box/boot/cache
  busybox_root /mnt/box/boot/root
  cat > /mnt/box/boot/init.yml
  cat > /mnt/box/boot/root/sbin/init <<'END'
#!/bin/sh
export PATH=/bin
say () { echo "guest: $*" ; }
say args "$#: $*"
say pid $$
say ids "$(id -u):$(id -g) $(id -G)"
say uid-map $(cat /proc/self/uid_map)
say gid-map $(cat /proc/self/gid_map)
say host "$(hostname)"
say fds $(ls /proc/self/fd)
say signals $(sed -n 's/^Sig[BI].*:[[:blank:]]*//p' /proc/self/status)
say processes $(sed "s, .*,," /proc/[0-9]*/comm 2> /dev/null | grep -vx -e exe -e sed -e grep -e sort | sort -u)
say mounts $(cut -d' ' -f5 /proc/self/mountinfo | sort -u)
say boot-image $(ls -d /mnt/root /mnt/cache /bin/lcboot 2> /dev/null)
say dev $(ls /dev)
say links $(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort -r)
say addresses $(ip -o -4 addr show up | awk '$2 != "lo" { print $2, $4 }')
say cgroups $(awk '$(NF-2) ~ "^cgroup" { sub(".*,", "", $NF) ; print $(NF-2) == "cgroup" ? $NF : "cgroup2" }' /proc/self/mountinfo | sort)
for d in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  if test -e $d/cgroup.procs && mkdir $d/new 2> /dev/null && sh -c "echo \$\$ > $d/new/cgroup.procs" ; then say own-cgroup $d ; rmdir $d/new ; fi
done
for m in $(awk '$5 ~ "^/(proc|sys)/" && $5 !~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo); do
  umount "$m" 2> /dev/null && say unmasked "$m"
done
echo written > /written && say written "$(cat /written)"
case $1 in
  poweroff) poweroff -f ; say poweroff failed ;;
  reboot) reboot -f ; say reboot failed ;;
  reboot-once) if test -e /again ; then poweroff -f ; else touch /again ; reboot -f ; fi ;;
  exit) exit "$2" ;;
esac
END
}

# An id map and nothing else: no PID namespace, and the interfaces are moved

defaults ()
{
  if (($#)); then
    container <<< "id_map: { users: $1 }
setup: { before: [ overlay ] }"
  else
    container << 'END'
id_map: { users: 0 100000 65536 }
setup:
  before:
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/root /mnt/root
  - overlay
END
  fi
}

# What such a guest finds: MAP ADDRESSES

defaults_work ()
{
  # the kernel does not let it power off, and what it does then is to exit
  [[ "$output$stderr" == *'poweroff: (null): Operation not permitted'* ]] || _lib_report "it was let" || return 1
  guest_says poweroff failed || return 1
  guest_says pid 1
  guest_says ids '0:0 0'
  guest_says uid-map "$1"
  guest_says fds '0 1 2 3'
  guest_says processes init
  guest_says boot-image ''
  guest_says links "lo${2:+ ${2%% *}}"
  guest_says addresses "$2"
  guest_says unmasked ''
  guest_says written written
}

# The hierarchies of a view: cgroup2, or all others, by the names that mount(8) has for them

_hierarchies ()
{
  case ${CGROUPS:-v2} in
    v1) awk -F : '$2 != "" { sub(",.*", "", $2) ; printf "%s ", $2 }' /proc/self/cgroup ;;
    *) echo cgroup2 ;;
  esac
}

# A hierarchy, mounted as a whole where the engine does not see it

_whole ()
{
  mkdir -p /run/cgroup
  case $1 in
    cgroup2) mount -n -t cgroup2 cgroup2 /run/cgroup ;;
    *) mount -n -t cgroup -o "$1" cgroup /run/cgroup ;;
  esac
}

_current ()  # HIERARCHY: this process' cgroup in it
{
  if [[ $1 == cgroup2 ]]; then set -- ''; fi
  awk -F : -v h="$1" '{ n = split($2, c, ","); if (h == "" && $2 == "") print $3; for (i = 1; i <= n; i++) if (h == c[i]) print $3 }' /proc/self/cgroup
}

mapped ()
{
  container << END
id_map: { users: 0 100000 65536 }
hostname: guest
network: new
namespaces: [ uts, ipc, net, cgroup, pid ]
setup:
  mode: $1
  before:
  - mount-idmapped --map-mount=b:0:100000:65536 /mnt/root /mnt/root
  - overlay
END
}

nested ()
{
  container << 'END'
id_map: { users: 0 1000 60000 }
network: new
namespaces: [ uts, ipc, net, cgroup, pid ]
setup: { before: [ overlay ] }
END
  chown -hR "$1:$1" /mnt/box/boot/root
}

in_engine ()
{
  local h path name=lcboot-engine.$BATS_SUITE_TEST_NUMBER.$$.$RANDOM
  for h in $(_hierarchies); do
    path=$(_current "$h")
    if [[ -z $path ]] || ! _whole "$h"; then cannot "there is no hierarchy $h" || return 1; fi
    path=${path%/}/$name
    mkdir "/run/cgroup$path" || return 1
    if [[ $h == cpuset ]]; then
      cat "/run/cgroup${path%/*}/cpuset.cpus" > "/run/cgroup$path/cpuset.cpus"
      cat "/run/cgroup${path%/*}/cpuset.mems" > "/run/cgroup$path/cpuset.mems"
    fi
    echo "$h $path" >> /run/engine-cgroups
    umount /run/cgroup
  done
  try _in_engine "$@"
  engine_cleanup
}

_in_engine ()
(
  local h path
  while read -r h path; do
    _whole "$h"
    echo 0 > "/run/cgroup$path/cgroup.procs"
    umount /run/cgroup
  done < /run/engine-cgroups
  # engines and the guest's boot change the owners of these
  rm -f /run/null /run/console
  mknod -m 0666 /run/null c 1 3
  mknod -m 0600 /run/console c 5 1
  # shellcheck disable=SC2016 # for the inner shell
  exec unshare -C -m -p -f --kill-child --mount-proc --propagation private -- sh -c '
    mount -n --bind /run/null /dev/null
    mount -n --bind /run/console /dev/console
    exec < /dev/null
    umount -n -R -l /sys
    mount -n -t sysfs sysfs /sys
    case $1 in
      cgroup2) mount -n -t cgroup2 cgroup2 /sys/fs/cgroup ;;
      *)
        mount -n -t tmpfs -o mode=0755 cgroup /sys/fs/cgroup
        for h in $1; do
          mkdir "/sys/fs/cgroup/${h#name=}"
          mount -n -t cgroup -o "$h" cgroup "/sys/fs/cgroup/${h#name=}"
        done
        ;;
    esac
    shift
    for dir in /var/tmp /dev/shm /var/lib/lxc /var/lib/machines ; do
      if test -d "$dir" ; then mount -n -t tmpfs -o mode=0755 engine "$dir" ; fi
    done
    exec timeout -k 5 50 "$@"' sh "$(_hierarchies)" fresh "$@"
)

# Nothing of an engine outlives its test.

_empty ()
{
  local pid
  if rmdir "$1" 2> /dev/null || [[ ! -d $1 ]]; then return 0; fi
  while read -r pid; do kill -KILL "$pid"; done < "$1/cgroup.procs"
  return 1
}

engine_cleanup ()
{
  local h path dir
  if [[ ! -e /run/engine-cgroups ]]; then return 0; fi
  if mountpoint -q /run/cgroup; then umount -l /run/cgroup; fi
  while read -r h path; do
    _whole "$h"
    while read -r dir; do await _empty "$dir"; done < <(find "/run/cgroup$path" -depth -type d)
    umount /run/cgroup
  done < /run/engine-cgroups
  rm /run/engine-cgroups
}

# A guest of Debian with systemd, which says in its file /report that it runs, and
# powers off: its root is the unpacked one, systemd a layer.

debian_guest ()
{
  need_inits
  rm -r /mnt/box/boot/root
  debian_root /mnt/box/boot/root
  cp -a "$(inits)/systemd" /mnt/box/boot/layers/systemd
  mkdir -p /mnt/box/boot/layers/systemd/etc/systemd/system/multi-user.target.wants
  cat > /mnt/box/boot/layers/systemd/etc/systemd/system/report.service << 'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=append:/report
StandardError=null
ExecStart=/bin/sh -c 'for i in uid-map:"$$(cat /proc/self/uid_map | xargs)" pid1:"$$(cat /proc/1/comm)" boot-image:"$$(ls -d /mnt/root /bin/lcboot 2> /dev/null)" state:"$$(systemctl is-system-running)"; do echo "guest: $${i%%%%:*} $${i#*:}"; done'
ExecStartPost=/bin/systemctl --no-block poweroff
END
  ln -s ../report.service /mnt/box/boot/layers/systemd/etc/systemd/system/multi-user.target.wants/
}

reported () { output=$(cat /mnt/box/boot/cache/overlay/upper/report) || _lib_report "there is no report"; }

guest_says ()
{
  local found
  found=$(tr -d '\r' <<< "$output" | sed -n "s/^guest: $1 *//p")
  [[ $found == "$2" ]] || _lib_report "the guest does not say: $1 $2"
}

# shellcheck shell=bash disable=SC2034,SC2154 # lib.bash reads and sets the rest
#
# The boot image as the root of a container of a real engine. What lib.bash says
# holds here too; on top of it:
#
#   cache_image          for setup_file: makes the image, a directory, for the file
#   container            lays out /mnt/box/image, the boot image, read-only, and what
#                        guest does
#   guest                lays out /mnt/box/boot, which is to be mounted on the image's
#                        /mnt: root, layers, cache, init.yml, of standard input. The
#                        guest is a busybox, whose init says what it sees, one
#                        `guest: ` line each, and does what its first argument says.
#   in_engine CMD…       `try` of CMD in a cgroup and a cgroup namespace of its own, with
#                        a cgroup2 at /sys/fs/cgroup that has no controllers and
#                        with private places where engines keep their state
#   debian_guest         makes the guest a Debian root, and layers/systemd its systemd
#   guest_says KEY TEXT  what the guest's init said of it

_image_dir () { echo "$BATS_FILE_TMPDIR/image"; }

cache_image ()
{
  "$LCBOOT_BIN/lc-mkimage" -f dir "$BATS_FILE_TMPDIR/image" > "$BATS_FILE_TMPDIR/no.image" 2>&1
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
say links $(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/')
for m in $(awk '$5 ~ "^/(proc|sys)/" && $5 !~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo); do
  umount "$m" 2> /dev/null && say unmasked "$m"
done
echo written > /written && say written "$(cat /written)"
case $1 in
  poweroff) poweroff -f ; say poweroff failed ;;
  reboot) reboot -f ; say reboot failed ;;
  exit) exit "$2" ;;
esac
END
}

in_engine ()
{
  local own
  mkdir -p /run/cgroup2
  mount -t cgroup2 cgroup2 /run/cgroup2
  own=/run/cgroup2$(sed -n 's/^0:://p' /proc/self/cgroup)/lcboot-engine.$BATS_SUITE_TEST_NUMBER.$$.$RANDOM
  mkdir "$own" || return 1
  echo "$own" >> /run/engine-cgroups
  try _in_engine "$own" "$@"
  engine_cleanup
}

_in_engine ()
(
  local own=$1 dir
  shift
  echo 0 > "$own/cgroup.procs"
  umount /run/cgroup2
  # engines and the guest's boot change the owners of these
  mknod -m 0666 /run/null c 1 3
  mknod -m 0600 /run/console c 5 1
  # shellcheck disable=SC2016 # for the inner shell
  exec unshare -C -m -p -f --kill-child --mount-proc --propagation private -- sh -c '
    mount -n --bind /run/null /dev/null
    mount -n --bind /run/console /dev/console
    exec < /dev/null
    umount -n -R -l /sys
    mount -n -t sysfs sysfs /sys
    mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
    for dir in /var/tmp /dev/shm /var/lib/lxc /var/lib/machines ; do
      if test -d "$dir" ; then mount -n -t tmpfs -o mode=0755 engine "$dir" ; fi
    done
    exec timeout -k 5 50 "$@"' sh fresh "$@"
)

# Nothing of an engine outlives its test.

engine_cleanup ()
{
  local own
  if [[ ! -e /run/engine-cgroups ]]; then return 0; fi
  mountpoint -q /run/cgroup2 || mount -t cgroup2 cgroup2 /run/cgroup2
  while read -r own; do
    if [[ -d $own ]]; then
      echo 1 > "$own/cgroup.kill"
      await test "$(grep -c populated\ 0 "$own/cgroup.events")" = 1
      find "$own" -depth -type d -exec rmdir {} \;
    fi
  done < /run/engine-cgroups
  rm /run/engine-cgroups
  umount /run/cgroup2
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

#!/usr/bin/env bats
# The layout of OSTree: one root that holds several bootable ones. What
# systemd-nspawn(1) boots by
#     --pivot-root=/ostree/deploy/OS/deploy/SUM:/sysroot
#     --bind=+/sysroot/ostree/deploy/OS/var:/var
# is booted here by lc-pivot -o /sysroot, from a program in that root.
# shellcheck disable=SC2016 # most $ are the guest's
load lib
load marked

sum=5f1c0aa9d2.0
deployment=ostree/deploy/os/deploy/$sum

# image/: the physical root, with lcboot's programs; in it two deployments

setup ()
{
  local d
  mkdir -p image/{boot,dev,proc,sys,lcboot,ostree/{repo,deploy/os/var/{lib,log}}}
  cp -a "$LCBOOT_BIN/." image/lcboot/
  echo physical > image/where
  echo 'the state of os' > image/ostree/deploy/os/var/lib/state
  for d in "$sum" 0ther.0; do
    busybox_root "image/ostree/deploy/os/deploy/$d"
    (
      cd "image/ostree/deploy/os/deploy/$d" || exit 1
      rm -rf var/*
      mkdir sysroot
      ln -s sysroot/ostree ostree
      echo "deployment $d" > where
      cp "$LCBOOT_TESTS/escape" bin/
    )
  done
  cat > image/boot.sh <<'END'
#!/bin/sh -e
# boot.sh OLDROOT PROG…, as a boot image's init, in the image. The deployment is
# a mount before anything is mounted in it: so all that goes with it.
PATH=/lcboot:/bin
old=$1
shift
new=/ostree/deploy/os/deploy/5f1c0aa9d2.0
exec lc-mountfs -o bind $new $new \
  lc-mountfs -R $new -o bind /ostree/deploy/os/var /var \
  lc-mountfs -R $new -t proc proc /proc \
  lc-mountdev -R $new /dev \
  lc-pivot -o $old $new "$@"
END
  chmod 0755 image/boot.sh
  # boot.sh is a script: a shell for it
  mkdir image/bin
  cp /bin/busybox image/bin/sh
}

# What an engine does: the image is the root, with proc and /dev

ids=()
engine=(lc-mountfs -R image -t proc proc /proc lc-mountdev -R image /dev lc-pivot image)
boot () { lc-sigreset lc-unshare -p -m -u -i -n -C "${ids[@]}" "${engine[@]}" /boot.sh "$@"; }

went_well () { status_is 0 && stderr_is ''; }

@test "the deployment is the root, the old root is at /sysroot" {
  try boot /sysroot /sbin/init sh -c 'cat /where /sysroot/where; pwd; ls /sysroot'
  went_well
  stdout_is "init: pid 1 uid 0 gid 0 host $(hostname)
init: arguments 3: sh -c cat /where /sysroot/where; pwd; ls /sysroot
deployment $sum
physical
/
bin
boot
boot.sh
dev
lcboot
ostree
proc
sys
where"
  try boot /sysroot sh -c 'ls /; ls /sysroot/ostree /ostree/deploy/os/deploy; cat /ostree/deploy/os/deploy/0ther.0/where'
  went_well
  is "$output" "$(ls "image/$deployment")"$'\n/ostree/deploy/os/deploy:\n0ther.0\n'"$sum"$'\n\n/sysroot/ostree:\ndeploy\nrepo\ndeployment 0ther.0' "what is in them"
}

@test "/ is the directory that /sysroot shows, not a copy" {
  try boot /sysroot sh -c '[ / -ef /sysroot/'$deployment' ] && echo same; echo new > /written; cat /sysroot/'$deployment/written
  went_well
  stdout_is $'same\nnew'
  is "$(cat image/$deployment/written)" new "what is seen outside"
}

@test "var is that of the os: it is shared by its deployments" {
  try boot /sysroot sh -c 'ls /var; cat /var/lib/state; echo more > /var/log/more; ls -A /sysroot/'$deployment'/var; [ /var -ef /sysroot/ostree/deploy/os/var ] && echo same'
  went_well
  stdout_is $'lib\nlog\nthe state of os\nsame'
  is "$(cat image/ostree/deploy/os/var/log/more)" more "what the guest wrote"
  is "$(ls -A image/$deployment/var)" '' "the deployment's own var"
}

@test "the mounts: the root's, those of the guest, the old root's with what is mounted there" {
  mkdir image.mounted
  mount -t tmpfs image image.mounted
  cp -a image/. image.mounted/
  rm -rf image
  mkdir image
  mount --move image.mounted image
  try boot /sysroot sh -c 'awk "{ print \$5, \$4 }" /proc/self/mountinfo | grep -v /dev/ | sort'
  went_well
  stdout_is "/ /$deployment
/dev /
/proc /
/sysroot /
/sysroot/dev /
/sysroot/proc /
/var /ostree/deploy/os/var"
}

@test "a deployment that is no mount yet is made one, with what is mounted in it" {
  sed -i 's/^exec lc-mountfs -o bind \$new \$new/exec/' image/boot.sh
  try boot /sysroot sh -c 'cat /where /sysroot/where /var/lib/state; echo > /dev/null; ls /proc/self/comm'
  went_well
  stdout_is "deployment $sum"$'\nphysical\nthe state of os\n/proc/self/comm'
}

@test "sysroot may be a symbolic link inside of the deployment" {
  local to
  for to in mnt/physical /mnt/physical ../../../../../../mnt/physical /sysroot.d/../mnt/./physical; do
    mkdir -p image/$deployment/{mnt/physical,sysroot.d}
    rm -rf image/$deployment/sysroot
    ln -s "$to" image/$deployment/sysroot
    try boot /sysroot sh -c 'cat /where /sysroot/where /mnt/physical/where; readlink /sysroot'
    went_well
    stdout_is "deployment $sum"$'\nphysical\nphysical\n'"$to"
  done
}

@test "a link that points out of the deployment stays in it" {
  # outside there is such a directory; in the deployment there is none
  mkdir image/outside
  ln -sfT /outside image/$deployment/sysroot.out
  try boot /sysroot.out true
  status_is 111
  stderr_is "lc-pivot: fatal: unable to open /sysroot.out in /$deployment: No such file or directory"
  mkdir image/$deployment/outside
  try boot /sysroot.out sh -c 'cat /outside/where; ls -A /outside/outside'
  went_well
  stdout_is physical
}

@test "an old root with no place to go: a message, and nothing has happened" {
  try boot /nosuch true
  status_is 111
  stderr_is "lc-pivot: fatal: unable to open /nosuch in /$deployment: No such file or directory"
  try boot /where true
  status_is 111
  stderr_like "^lc-pivot: fatal: .*/where.*: Not a directory$"
  is "$(cat image/where)" physical "the image"
}

@test "the old root is as private as the rest, and can be taken off" {
  mount --make-rshared /
  cut -d' ' -f5 /proc/self/mountinfo > before
  try boot /sysroot sh -c 'mount -t tmpfs none /sysroot/boot; mount -o remount,bind,ro /sysroot; touch /sysroot/x; umount -l /sysroot; ls -A /sysroot; cat /where'
  status_is 0
  stdout_is "deployment $sum"
  stderr_is 'touch: /sysroot/x: Read-only file system'
  cut -d' ' -f5 /proc/self/mountinfo | diff before -
}

@test "beyond the old root nothing is reachable" {
  try marked lc-unshare -p -m -u -i -n -C "${engine[@]}" /boot.sh /sysroot escape lcboot-marker
  status_is 1
  cp "$LCBOOT_TESTS/escape" image/escape
  try marked chroot image /escape lcboot-marker
  status_is 0
}

@test "in a user namespace too" {
  chown -R 100000:100000 image
  chmod 0755 image
  ids=(-B 0:100000:65536)
  try boot /sysroot sh -c 'id -u; cat /where /sysroot/where /var/lib/state; echo x > /var/lib/x; stat -c %u:%g /sysroot/where /var/lib/x; umount -l /sysroot; ls -A /sysroot'
  went_well
  stdout_is $'0\ndeployment '"$sum"$'\nphysical\nthe state of os\n0:0\n0:0'
}

@test "from an image file by loop device" {
  need loop mke2fs
  mke2fs -q -t ext4 -d image image.ext4 64M > /dev/null
  rm -rf image
  mkdir image
  try lc-unshare -m lc-mountfs -t ext4 -o loop image.ext4 image \
    lc-unshare -p -m -u -i -n -C "${engine[@]}" /boot.sh /sysroot \
    sh -c 'cat /where /sysroot/where /var/lib/state; awk "\$5 == \"/\" { print \$4, \$8 }" /proc/self/mountinfo; echo x > /var/lib/x'
  went_well
  stdout_is "deployment $sum"$'\nphysical\nthe state of os\n'"/$deployment ext4"
  # the kernel frees the device some time after the last close
  await eval '! losetup -n -O BACK-FILE | grep -qx /mnt/image.ext4'
  # what was written is in the image
  try lc-unshare -m lc-mountfs -t ext4 -o loop,ro image.ext4 image cat image/ostree/deploy/os/var/lib/x
  went_well
  stdout_is x
}

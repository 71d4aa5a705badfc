# shellcheck shell=bash
#
# marked CMD…: CMD in a copy of the machine's root that has a file
# /lcboot-marker, in the same working directory below /mnt. What finds that file
# has left the guest that CMD starts.

# shellcheck disable=SC2016 # for the inner shell
marked ()
{
  need fs:overlay
  mkdir -p /run/marked/upper /run/marked/work /run/marked/root
  fresh unshare -m sh -ec '
    cwd=$PWD
    cd /run/marked
    mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
    for d in dev proc sys; do mount --rbind /$d root/$d; done
    mount --bind /mnt root/mnt
    mount --bind /run root/run
    for d in bin tests; do mount --bind /run/lcboot/$d root/run/lcboot/$d; done
    echo > root/lcboot-marker
    exec lc-pivot root env -C "$cwd" "$@"' sh "$@"
}

# shellcheck shell=bash disable=SC2034 # lib.bash and the tests read what section sets
#
# Virtual machines for tests: QEMU's emulator, a kernel of Debian's and an
# initramfs that holds busybox and our static programs. Never KVM.
#
#   vm NAME SUITE [QEMU ARGUMENT…] < SCRIPT
#       boots SUITE's kernel (cache.bash) with SCRIPT as /init, unless NAME has
#       been booted by this file already: then several tests share one boot
#       What is in $(vm_dir NAME)/initramfs before is part of the initramfs.
#   vm_boot SUITE QEMU ARGUMENT…
#       boots SUITE's kernel with those arguments and nothing else, for no longer
#       than $VM_TIMEOUT, 240 seconds
#       QEMU 7.2's TCG leaves the guest's memory barriers out where no second CPU can
#       come (maxcpus), but its devices run beside the CPU, and could miss a request
#   vm_programs DIR     gives a root busybox, our programs and guest.sh
#   section NAME WHAT   what `run WHAT CMD…` of that VM's script recorded: sets
#       status, output and stderr, as `try` does
#   console NAME        what the kernel and everything else said on the console
#
# In the script: `run WHAT CMD…` records how CMD ends and what it says. It works
# in every root that has /bin/sh, /lib/guest.sh and a /tmp, as long as descriptor
# 7, the way out of the VM, is open.

vm_dir () { echo "$BATS_FILE_TMPDIR/vm/$1"; }

vm_is_done () { [[ -e $(vm_dir "$1")/results ]]; }

_vm_guest_lib ()
{
  cat <<'END'
export PATH=/bin:/sbin
run ()
{
  local what=$1 code=0
  shift
  "$@" > /tmp/run.out 2> /tmp/run.err < /dev/null || code=$?
  {
    echo "@ $what"
    awk '{ print "o " $0 }' /tmp/run.out
    awk '{ print "e " $0 }' /tmp/run.err
    echo "s $code"
  } >&7
  rm -f /tmp/run.out /tmp/run.err
}
END
}

# The programs that every root of a VM has

vm_programs ()
{
  mkdir -p "$1/bin" "$1/lib" "$1/dev" "$1/proc" "$1/sys" "$1/tmp" "$1/mnt"
  cp -a "$LCBOOT_BIN/." "$1/bin/"
  cp /bin/busybox "$LCBOOT_TESTS/escape" "$LCBOOT_TESTS/state" "$1/bin/"
  /bin/busybox --list | while read -r p; do
    [[ $p == busybox ]] || ln -s busybox "$1/bin/$p"
  done
  _vm_guest_lib > "$1/lib/guest.sh"
}

_vm_cpio () { ( cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet ); }

_vm_initramfs ()
{
  local root=$1/initramfs suite=$2
  vm_programs "$root"
  cp -r "$(kernel "$suite")/modules" "$root/"
  cat > "$root/init" <<'END'
#!/bin/sh
. /lib/guest.sh
lc-mountfs -t devtmpfs dev /dev
lc-mountfs -t proc proc /proc
lc-mountfs -t sysfs sysfs /sys
stty -F /dev/ttyS1 raw
exec 7> /dev/ttyS1
for m in /modules/*; do insmod "$m"; done
END
  cat >> "$root/init"
  chmod 0755 "$root/init"
  _vm_cpio "$root"
}

VM_CONSOLE='console=ttyS0 quiet panic=-1'

vm_boot ()  # SUITE QEMU-ARGUMENT…
{
  local suite=$1
  shift
  timeout -k 2 "${VM_TIMEOUT:-240}" qemu-system-x86_64 -M pc -accel tcg -cpu max -smp 1,maxcpus=2 -m 512 -nodefaults -no-user-config \
    -display none -no-reboot -kernel "$(kernel "$suite")/vmlinuz" "$@" < /dev/null
}

vm ()
{
  local name=$1 suite=$2 dir
  shift 2
  if vm_is_done "$name"; then return 0; fi
  need qemu-system-x86_64 cpio file:/bin/busybox
  need_kernel "$suite"
  dir=$(vm_dir "$name")
  mkdir -p "$dir"
  _vm_initramfs "$dir" "$suite" > "$dir/initrd"
  vm_boot "$suite" -serial "file:$dir/console" -serial "file:$dir/out" -initrd "$dir/initrd" -append "$VM_CONSOLE" "$@" \
    > "$dir/qemu" 2>&1 || echo "qemu: exit $?" >> "$dir/qemu"
  rm -rf "$dir/initrd" "$dir/initramfs"
  tr -d '\r' < "$dir/out" > "$dir/results"
}

console () { tr -d '\r' < "$(vm_dir "$1")/console"; }

section ()
{
  local name=$1 what=$2 dir line found='' on=''
  dir=$(vm_dir "$name")
  _lib_command="run $what, in the VM $name"
  status='' output='' stderr=''
  while IFS= read -r line; do
    case $line in
      "@ $what") on=1 found=1 output='' stderr='' ;;
      "@ "*) on='' ;;
      "o "* | o) if [[ -n $on ]]; then output+=${line:2}$'\n'; fi ;;
      "e "* | e) if [[ -n $on ]]; then stderr+=${line:2}$'\n'; fi ;;
      "s "*) if [[ -n $on ]]; then status=${line:2}; fi ;;
    esac
  done < "$dir/results"
  output=${output%$'\n'} stderr=${stderr%$'\n'}
  [[ -n $found ]] || fail "the VM $name has not run $what" "$(cat "$dir/qemu")" "its console:" "$(console "$name" | grep -v '^\[ .*\] [ R]')"
}

# It went well and said: TEXT

said ()
{
  section "$1" "$2" && status_is 0 && stdout_is "$3" && stderr_is ''
}

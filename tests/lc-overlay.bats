#!/usr/bin/env bats
# shellcheck disable=SC1003,SC2016 # names with backslashes; inner shells
#
# lc-overlay: the order of layers, any name for them, caches, and what is left
# when it fails: nothing.

load lib

usage='lc-overlay: usage: lc-overlay [ -v ] [ -R root ] [ -l lower ]... [ -n ] [ -b map ]... [ -c cache | -u upper -w work | -t | -r ] [ -o options ] target prog...'
new_calls=fsopen,fsconfig,fsmount,fspick,open_tree,move_mount

# Layers l1 … with a file of their name, the target t likewise, and who in each

layers ()
{
  local i
  for i in t "$@"; do
    mkdir -p "$i"
    touch "$i/${i##*/}"
    echo "$i" > "$i/who"
  done
}

snapshot ()
{
  state mounts
  find /mnt -xdev | sort
}

# refused CODE ERE CMD…: it fails so, and changes neither mounts nor files

refused ()
{
  local before
  before=$(snapshot)
  fails_like "$@" || return 1
  is "$(snapshot)" "$before" "what there is after a failure"
}

# new_mounts: those that are not in mounts.before

remember ()
{
  state mounts > /run/mounts.before
}

new_mounts ()
{
  state mounts | diff /run/mounts.before - | sed -n 's/^> //p'
}

@test "wrong usage" {
  layers l1
  refused 100 "${usage//[\[\]|.]/.}" lc-overlay
  refused 100 "${usage//[\[\]|.]/.}" lc-overlay -l l1
  refused 100 "${usage//[\[\]|.]/.}" lc-overlay -x t
  refused 100 'lc-overlay: fatal: -u and -w belong together' lc-overlay -u u t
  refused 100 'lc-overlay: fatal: -u and -w belong together' lc-overlay -w w t
  refused 100 'lc-overlay: fatal: -c and -t exclude each other' lc-overlay -c c -t t
  refused 100 'lc-overlay: fatal: -t and -u exclude each other' lc-overlay -t -u u -w w t
  refused 100 'lc-overlay: fatal: -u and -r exclude each other' lc-overlay -u u -w w -r t
  refused 100 'lc-overlay: fatal: -c and -r exclude each other' lc-overlay -c c -r t
  refused 100 'lc-overlay: fatal: no layer: with -n at least one -l is needed' lc-overlay -n t
  refused 100 'lc-overlay: fatal: a read-only overlay wants two layers at least: .*' lc-overlay t
  refused 100 'lc-overlay: fatal: a read-only overlay wants two layers at least: .*' lc-overlay -n -l l1 t
  refused 100 'lc-overlay: fatal: invalid id map: x .*' lc-overlay -l l1 -b x t
  refused 100 'lc-overlay: fatal: id maps 0:1:2 and 1:9:1 overlap inside' lc-overlay -l l1 -b 0:1:2 -b 1:9 t
  for o in bind remount shared loop move; do
    refused 100 'lc-overlay: fatal: -o takes flags and options of an overlay only' lc-overlay -l l1 -o "$o" t
  done
  for o in lowerdir=l1 lowerdir+=l1 upperdir=l1 ro,workdir=l1 'lowerdir'; do
    refused 100 'lc-overlay: fatal: layers are given by -l, -c, -u and -w, not by -o' lc-overlay -l l1 -o "$o" t
  done
}

@test "the target is the lowest layer, and each -l lies above the one before" {
  layers l1 l2 l3
  ok lc-overlay -l l1 -l l2 t sh -c 'cat t/who; ls t'
  stdout_is $'l2\nl1\nl2\nt\nwho'
  umount t
  ok lc-overlay -l l2 -l l1 -l l3 t
  is "$(cat t/who)" l3
  umount t
  ok lc-overlay -l l3 -l l1 t
  is "$(cat t/who)" l1
}

@test "-n leaves the target out" {
  layers l1 l2
  ok lc-overlay -n -l l1 -l l2 t ls t
  stdout_is $'l1\nl2\nwho'
  umount t
  ok lc-overlay -n -l l1 -t t ls t
  stdout_is $'l1\nwho'
}

@test "without an upper layer, and with -r, it is read-only" {
  layers l1
  for r in '' -r; do
    ok lc-overlay $r -l l1 t
    run ! touch t/x
    [[ $output == *'Read-only file system'* ]] || fail "$output"
    run ! mount -o remount,rw t
    umount t
  done
}

@test "whiteouts and opaque directories of a layer hide what is below" {
  layers l1
  mkdir t/dir t/other u w
  touch t/dir/old t/other/old
  ok lc-overlay -l l1 -u u -w w t
  rm t/l1
  rm -r t/dir
  mkdir t/dir
  touch t/dir/new
  umount t
  is "$(stat -c %F u/l1)" 'character special file'
  ok lc-overlay -l l1 -l u t
  is "$(ls t t/dir t/other)" $'t:\ndir\nother\nt\nwho\n\nt/dir:\nnew\n\nt/other:\nold'
  umount t
  ok lc-overlay -l u -l l1 t
  is "$(ls t)" $'dir\nl1\nother\nt\nwho'
}

many ()
{
  local i
  for ((i = 1; i <= $1; i++)); do
    mkdir -p "many/$i"
    echo "$i" > "many/$i/who"
    : > "many/$i/file$i"
    all+=(-l "many/$i")
  done
}

@test "500 layers, and no more" {
  layers
  all=()
  many 500
  refused 100 'lc-overlay: fatal: more than the 500 layers that the kernel takes' lc-overlay "${all[@]}" t
  refused 100 'lc-overlay: fatal: more than the 500 layers that the kernel takes' lc-overlay -n "${all[@]}" -l t t
  ok lc-overlay -n "${all[@]}" t sh -c 'cat t/who; ls t | wc -l'
  stdout_is $'500\n501'
  umount t
  unset 'all[-1]' 'all[-1]'
  ok lc-overlay "${all[@]}" -t t sh -c 'cat t/who; ls t | wc -l; echo new > t/who; cat t/who many/499/who'
  stdout_is $'499\n501\nnew\n499'
}

@test "500 layers on a kernel that takes neither descriptors nor lowerdir+, nor any new call" {
  layers
  all=()
  many 499
  for how in 'old-fsconfig' "hide-syscalls $new_calls" "hide-syscalls -e EPERM $new_calls"; do
    # shellcheck disable=SC2086
    ok $how lc-overlay "${all[@]}" t sh -c 'cat t/who; ls t | wc -l'
    stdout_is $'499\n501'
    umount t
    # shellcheck disable=SC2086
    ok $how lc-overlay "${all[@]}" -c cache t sh -c 'ls t | wc -l; touch t/x; ls cache/upper'
    stdout_is $'501\nx'
    umount t
    rm -r cache
  done
}

@test "500 layers whose ids are mapped" {
  layers
  all=()
  many 499
  remember
  ok lc-overlay "${all[@]}" -b 0:1000:10 -t t sh -c 'stat -c %u t t/who t/file1 t/file499; ls t | wc -l'
  stdout_is $'1000\n1000\n1000\n1000\n501'
  is "$(new_mounts | wc -l)" 1
  umount t
  ok old-fsconfig lc-overlay "${all[@]}" -b 0:1000:10 -c cache t stat -c %u t t/file1 t/file499 cache/upper
  stdout_is $'1000\n1000\n1000\n1000'
  is "$(new_mounts | wc -l)" 1
}

# Every name for every part

names=(plain 'a:b' 'a::b' ':' 'a,b' ',' 'a\b' 'a\\' '\' '\:' '\,' "a'b" 'a"b' '"' $'a\nb' $'a\n' 'a b' ' ' $'a\tb' 'a=b' '=' 'a+b'
  'lowerdir+' $'\xff\xfe' $'\x01' 'a#b' 'a%sb' '*' 'é' 'x,upperdir=y' '\054' '-' '-l')

any_name ()
{
  local n
  for n in "${names[@]}"; do
    mkdir -p "lower/$n" "target/$n" "upper/$n" "work/$n" cache
    echo lower > "lower/$n/f"
    echo target > "target/$n/g"
    ok "$@" lc-overlay -l "/mnt/lower/$n" -u "/mnt/upper/$n" -w "/mnt/work/$n" "/mnt/target/$n" || return 1
    is "$(cat "target/$n/f" "target/$n/g")" $'lower\ntarget' "the overlay of $n" || return 1
    echo new > "target/$n/f"
    is "$(cat "upper/$n/f" "lower/$n/f")" $'new\nlower' "the layers of $n" || return 1
    umount "target/$n"
    ok "$@" lc-overlay -l "lower/$n" -c "cache/$n" "target/$n/" || return 1
    echo new > "target/$n/f"
    is "$(cat "cache/$n/upper/f" "lower/$n/f")" $'new\nlower' "the cache of $n" || return 1
    umount "target/$n"
  done
  is "$(find cache -maxdepth 1 -mindepth 1 -printf '%f\0' | tr -d '\0' | wc -c)" \
    "$(printf '%s' "${names[@]}" | wc -c)" 'the length of all names'
  rm -r lower target upper work cache
}

@test "any name will do for a layer, upper, work, a cache and the target" {
  any_name env
}

@test "any name will do on an older kernel" {
  any_name old-fsconfig
  any_name hide-syscalls "$new_calls"
}

@test "names with leading dashes and trailing slashes" {
  mkdir ./-l ./-t ./-u ./-w
  touch ./-l/f
  ok lc-overlay -l -l -u -u -w -w -- -t ls -- -t
  stdout_is f
  umount -- ./-t
  ok lc-overlay -l-l/ -u./-u// -w ./-w/. -- -t/ ls -- -t
  stdout_is f
  umount -- ./-t
  ok lc-overlay -l -l -c -c -- -t ls -- -c
  stdout_is $'upper\nwork'
  umount -- ./-t
  ok lc-overlay -l -l -c ./-d// -- -t ls -- -d
  stdout_is $'upper\nwork'
  mkdir empty
  refused 111 'lc-overlay: fatal: unable to open layer : No such file or directory' lc-overlay -l '' empty
  refused 111 'lc-overlay: fatal: unable to open the cache : .*|.*unable to make the cache : .*' lc-overlay -c '' empty
}

@test "mountinfo shows the layers by name, the highest first, and nothing else new" {
  layers l1 l2
  remember
  ok lc-overlay -l l1 -l l2 -c cache t
  is "$(new_mounts)" 'mount /mnt/t overlay overlay / rw,relatime private rw,lowerdir+=/mnt/l2,lowerdir+=/mnt/l1,lowerdir+=/mnt/t,upperdir=/mnt/cache/upper,workdir=/mnt/cache/work,redirect_dir=nofollow,uuid=on'
  umount t
  ok lc-overlay -l l1 -l l2 -b 0:5:10 t
  is "$(new_mounts)" 'mount /mnt/t overlay overlay / rw,relatime private ro,lowerdir+=/mnt/l2,lowerdir+=/mnt/l1,lowerdir+=/mnt/t,redirect_dir=nofollow'
  umount t
  ok lc-overlay -l l1 -t -o noatime t
  is "$(new_mounts | wc -l)" 1
}

# Caches

@test "-c: the cache is born 0700, with upper and work in it" {
  layers l1
  umask 0
  ok fresh -m 0 lc-overlay -l l1 -c cache t
  is "$(stat -c '%a %U' cache)" '700 root'
  is "$(ls cache)" $'upper\nwork'
  umount t
  rm -r cache
  ok fresh -m 0777 lc-overlay -l l1 -c cache t
  umount t
  mkdir -m 0750 mine
  ok lc-overlay -l l1 -c mine t
  is "$(stat -c %a mine)" 750
}

@test "-c: what is written stays from one time to the next" {
  layers l1
  ok lc-overlay -l l1 -c cache t
  echo new > t/who
  rm t/l1
  mkdir t/dir
  umount t
  is "$(cat l1/who t/who)" $'l1\nt'
  ok lc-overlay -l l1 -c cache t
  is "$(cat t/who; ls t)" $'new\ndir\nt\nwho'
}

@test "-c: work is made anew" {
  layers l1
  ok lc-overlay -l l1 -c cache t
  umount t
  mkdir -p cache/work/stale/deeper
  touch cache/work/stale/deeper/file cache/work/.hidden cache/keep
  ok lc-overlay -l l1 -c cache t
  is "$(find cache/work -mindepth 1)" cache/work/work
  is "$(ls cache)" $'keep\nupper\nwork'
}

@test "-c and -t: upper is born with the mode and owner of the lowest layer's root" {
  layers l1
  for how in '-c cache' -t; do
    for mode in 711 1777 755 700 2750; do
      chown 33:34 t
      chmod g-s t
      chmod "$mode" t
      # shellcheck disable=SC2086
      ok fresh -m 077 lc-overlay -l l1 $how t stat -c '%a %u:%g' t
      stdout_is "$mode 33:34"
      umount t
      rm -rf cache
    done
  done
  chmod 0701 l1
  ok lc-overlay -n -l l1 -l t -c cache t stat -c '%a %u:%g' t
  stdout_is '701 0:0'
}

@test "-c: upper keeps its own mode and owner later" {
  layers l1
  chmod 0711 t
  ok lc-overlay -l l1 -c cache t
  chmod 0750 t
  chown 5:6 t
  umount t
  chmod 0777 t
  ok lc-overlay -l l1 -c cache t stat -c '%a %u:%g' t
  stdout_is '750 5:6'
}

@test "-c: a birth that was interrupted is made good" {
  layers l1
  chmod 0711 t
  mkdir cache
  mkdir -m 0700 cache/upper.new
  ok lc-overlay -l l1 -c cache t stat -c %a t
  stdout_is 711
  is "$(ls cache)" $'upper\nwork'
}

@test "-c: links in a cache are not followed" {
  layers l1
  mkdir -m 0700 host
  touch host/file
  for i in upper work upper.new; do
    mkdir -m 0700 cache
    ln -s ../host "cache/$i"
    try lc-overlay -l l1 -c cache t
    status_is 111
    stderr_like "^lc-overlay: fatal: unable to [a-z ]*$i? ?in cache|upper in cache"
    is "$(stat -c '%a %u' host; ls host)" $'700 0\nfile'
    is "$(state mounts | grep -c overlay)" 0
    rm -r cache
  done
}

live ()
{
  local before
  layers l1 l2
  mkdir other
  ok lc-overlay -l l1 -c cache t
  echo new > t/who
  before=$(find cache | sort)
  refused 111 'lc-overlay: fatal: unable to use cache: another overlay is mounted on it' "$@" lc-overlay -n -l l2 -c cache other
  refused 111 'lc-overlay: fatal: unable to use cache: another overlay is mounted on it' "$@" lc-overlay -l l1 -c cache t
  refused 111 'lc-overlay: fatal: unable to use cache/upper: another overlay is mounted on it' \
    "$@" lc-overlay -n -l l2 -u cache/upper -w cache/work other
  is "$(find cache | sort)" "$before"
  echo more >> t/who
  is "$(cat cache/upper/who)" $'new\nmore'
  umount t
  ok "$@" lc-overlay -l l1 -c cache t
}

@test "-c: a cache on which an overlay is mounted is refused and left alone" {
  live env
}

@test "-c: so it is on an older kernel, and without the new mount calls" {
  live old-fsconfig
  umount t
  rm -r cache other
  live hide-syscalls "$new_calls"
  umount t
  rm -r cache other
  live hide-syscalls -e EPERM "$new_calls"
}

@test "-c: a live cache is refused when it lives in another mount namespace" {
  layers l1
  spawn lc-unshare -m lc-overlay -l l1 -c cache t sh -c 'echo up; exec sleep 1000'
  expect up
  is "$(state mounts | grep -c overlay)" 0
  refused 111 'lc-overlay: fatal: unable to use cache: another overlay is mounted on it' lc-overlay -l l1 -c cache t
  refused 111 'lc-overlay: fatal: unable to use cache: another overlay is mounted on it' hide-syscalls "$new_calls" lc-overlay -l l1 -c cache t
  kill "$SPAWNED"
  finish
  ok lc-overlay -l l1 -c cache t
}

@test "-c: a cache that another lc-overlay prepares is refused" {
  need flock
  layers l1
  mkdir cache
  spawn flock cache sh -c 'echo locked; exec sleep 1000'
  expect locked
  refused 111 'lc-overlay: fatal: unable to lock the cache cache \(another lc-overlay is preparing it\): .*' lc-overlay -l l1 -c cache t
  kill "$SPAWNED"
}

@test "-c: of many at once one wins, and the lock is not inherited" {
  local i line said=() pids=()
  layers l1
  mkfifo go said hold
  exec 7<> go 8<> said
  for i in {1..8}; do
    fresh lc-unshare -m sh -c 'read x < go; exec lc-overlay -l l1 -c cache t sh -c "echo won; read x < hold"' > said 2>&1 &
    pids+=($!)
  done
  echo $'\n\n\n\n\n\n\n' >&7
  for i in {1..8}; do
    read -r -t 20 -u 8 line
    said+=("${line%: Resource temporarily unavailable}")
  done
  is "$(printf '%s\n' "${said[@]}" | grep -c '^won$')" 1
  for line in "${said[@]}"; do
    case $line in
      won) ;;
      'lc-overlay: fatal: unable to use cache: another overlay is mounted on it') ;;
      'lc-overlay: fatal: unable to lock the cache cache (another lc-overlay is preparing it)') ;;
      'lc-overlay: fatal: unable to make the cache cache: File exists') ;;
      *) fail "$line" ;;
    esac
  done
  # who lost may still be about to end
  ok flock -w 20 cache true
  echo > hold
  wait "${pids[@]}" || :
}

@test "-u and -w: a directory each, on one file system" {
  layers l1
  mkdir u w
  mkdir elsewhere
  mount -t tmpfs none elsewhere
  mkdir elsewhere/w
  ok lc-overlay -l l1 -u u -w w t sh -c 'echo new > t/who; cat u/who l1/who'
  stdout_is $'new\nl1'
  umount t
  refused 111 'lc-overlay: fatal: unable to mount an overlay on t \(upper and work must be on one mount .*\): Invalid argument' \
    lc-overlay -l l1 -u u -w elsewhere/w t
  refused 111 'lc-overlay: fatal: unable to open the upper layer none: No such file or directory' lc-overlay -l l1 -u none -w w t
  refused 111 'lc-overlay: fatal: unable to open the work directory t/t: Not a directory' lc-overlay -l l1 -u u -w t/t t
}

@test "-t: what is written is gone with the mount" {
  layers l1
  remember
  ok lc-overlay -l l1 -t t
  echo new > t/who
  touch t/x
  rm t/l1
  is "$(cat t/who; ls t)" $'new\nt\nwho\nx'
  is "$(new_mounts | wc -l)" 1
  umount t
  is "$(state mounts)" "$(cat /run/mounts.before)"
  is "$(cat t/who; ls l1 t)" $'t\nl1:\nl1\nwho\n\nt:\nt\nwho'
}

@test "-t with a single layer" {
  layers
  ok lc-overlay -t t sh -c 'touch t/x; ls t'
  stdout_is $'t\nwho\nx'
  umount t
  is "$(ls t)" $'t\nwho'
}

# Options

@test "flags of the mount and options of the overlay by -o" {
  layers l1
  for o in nosuid nodev noexec noatime nosymfollow nosuid,nodev,noexec ro; do
    ok lc-overlay -l l1 -t -o "$o" t
    for i in ${o//,/ }; do
      [[ ,$(state mounts | grep ' overlay ' | cut -d ' ' -f 6), == *,$i,* ]] || fail "no $i: $(state mounts | grep overlay)"
    done
    umount t
  done
  ok lc-overlay -l l1 -t -o ro -o nodev t
  run ! touch t/x
  umount t
  for how in "hide-syscalls $new_calls" old-fsconfig; do
    # shellcheck disable=SC2086
    ok $how lc-overlay -l l1 -c cache -o nosuid,nodev,noexec t
    [[ $(state mounts | grep ' overlay ') == *' rw,nosuid,nodev,noexec,relatime '* ]] || fail "$(state mounts)"
    umount t
  done
  refused 111 "lc-overlay: fatal: unable to mount an overlay on t: kernel: overlay: Unknown parameter 'nonsense': Invalid argument" \
    lc-overlay -l l1 -o nonsense t
}

super () { state mounts | grep ' overlay ' | cut -d ' ' -f 8; }

@test "redirects and metacopies of strange layers are not followed, unless -o says so" {
  layers l1
  mkdir t/dir u w
  touch t/dir/file
  ok lc-overlay -l l1 -u u -w w -o redirect_dir=on t
  mv t/dir t/moved
  [[ ,$(super), == *,redirect_dir=on,* ]] || fail "$(super)"
  umount t
  ok lc-overlay -l l1 -l u t
  [[ ,$(super), == *,redirect_dir=nofollow,* && ,$(super), != *,metacopy=on,* ]] || fail "$(super)"
  run ! ls t/moved/file
  umount t
  ok lc-overlay -l l1 -l u -o redirect_dir=follow t ls t/moved
  stdout_is file
  umount t
  ok lc-overlay -l l1 -o redirect_dir=on,metacopy=on -t t
  [[ ,$(super), == *,metacopy=on,* ]] || fail "$(super)"
}

@test "userxattr is added in a user namespace, and only there" {
  layers l1
  chown -R 100000:100000 t l1
  ok lc-overlay -l l1 t state mounts
  [[ $output != *userxattr* ]] || fail "$output"
  umount t
  ok lc-unshare -m -B 0:100000:65536 lc-overlay -l l1 t state mounts
  stdout_has userxattr
  ok lc-unshare -m -B 0:100000:65536 lc-overlay -l l1 -o userxattr t state mounts
  stdout_has userxattr
  ok lc-unshare -m -B 0:100000:65536 lc-overlay -l l1 -t t sh -c 'echo new > t/who; rm t/t; cat t/who; ls t; stat -c %u t t/l1'
  stdout_is $'new\nl1\nwho\n0\n0'
}

@test "userxattr: what the layers say in trusted attributes is nothing there" {
  need setfattr
  mkdir -p t/dir l1/dir
  touch t/dir/below
  setfattr -n trusted.overlay.opaque -v y l1/dir
  ok lc-overlay -l l1 t ls t/dir
  stdout_is ''
  umount t
  ok lc-unshare -m -B 0:0:65536 lc-overlay -l l1 t ls t/dir
  stdout_is below
}

# Id maps

@test "-b: the owners of lower layers are mapped, and what is made is not" {
  layers l1
  chown 5:6 l1/l1
  ok lc-overlay -l l1 -b 0:1000000:65536 -c cache t
  is "$(stat -c '%n %u:%g' t t/t t/who t/l1)" $'t 1000000:1000000\nt/t 1000000:1000000\nt/who 1000000:1000000\nt/l1 1000005:1000006'
  touch t/new
  is "$(stat -c %u:%g t/new cache/upper/new)" $'0:0\n0:0'
  is "$(stat -c '%u:%g' cache/upper)" 1000000:1000000
  echo x >> t/l1
  is "$(stat -c %u:%g t/l1 cache/upper/l1 l1/l1)" $'1000005:1000006\n1000005:1000006\n5:6'
  umount t
  is "$(stat -c %u t t/t l1)" $'0\n0\n0'
}

@test "-b: several maps, and ids without one are nobody's" {
  layers l1
  touch l1/{a,b,c}
  chown 1:1 l1/a
  chown 15:15 l1/b
  chown 77:77 l1/c
  ok lc-overlay -l l1 -b 0:1000 -b '1 2000 5' -b 10:3000:10 t stat -c %u:%g t/who t/a t/b t/c
  stdout_is $'1000:1000\n2000:2000\n3005:3005\n65534:65534'
}

@test "-b: the temporary mounts are gone, also after a failure" {
  layers l1
  remember
  ok lc-overlay -l l1 -b 0:5:10 t
  is "$(new_mounts | wc -l)" 1
  umount t
  mount -t proc proc l1
  remember
  fails_like 111 'lc-overlay: fatal: unable to map the ids of the layer l1 \(file system: proc\): Invalid argument' lc-overlay -l l1 -b 0:5:10 -t t
  is "$(new_mounts)" ''
  fails_like 111 'lc-overlay: fatal: unable to map the ids of the layer l1 .*' lc-overlay -l l1 -b 0:5:10 -c cache t
  is "$(new_mounts)" ''
}

@test "-b: without mount_setattr or open_tree there is no overlay, never one unmapped" {
  layers l1
  for call in mount_setattr open_tree; do
    for e in ENOSYS EPERM; do
      refused 111 'lc-overlay: fatal: unable to (map the ids of|clone) the layer t.*: .*' without "$call" -e "$e" -- lc-overlay -l l1 -b 0:5:10 t
    done
  done
}

@test "-b inside a user namespace, on its own file system" {
  ok lc-unshare -m -B 0:100000:65536 sh -ec '
    mount -t tmpfs none /mnt
    cd /mnt
    mkdir t l1
    touch l1/f
    chown 7 l1/f
    lc-overlay -l l1 -b 0:1000:100 -c cache t
    stat -c %u t t/f
    grep -c " /mnt/[tl]" /proc/self/mountinfo
    grep -o userxattr /proc/self/mountinfo'
  stdout_is $'1000\n1007\n1\nuserxattr'
  layers l1
  chown -R 100000:100000 t l1
  fails_like 111 'lc-overlay: fatal: unable to map the ids of the layer t \(file system: tmpfs\): Operation not permitted' \
    lc-unshare -m -B 0:100000:65536 lc-overlay -l l1 -b 0:1000:100 t
}

# Layers in one another

@test "directories that overlap are usage errors which name them both" {
  layers l1 l1/sub l2
  mkdir u w u/w u/l w/u cache cache/upper cache/work cache/upper/l
  ln -s l1 link
  mkdir bound
  mount --bind l1 bound
  same='are the same directory: an overlay takes it once'
  apart='layers of an overlay must be apart'
  refused 100 "lc-overlay: fatal: l1/sub is inside l1: $apart" lc-overlay -l l1 -l l1/sub t
  refused 100 "lc-overlay: fatal: l1/sub is inside l1: $apart" lc-overlay -l l1/sub -l l2 -l l1 t
  refused 100 "lc-overlay: fatal: l1/sub/.. is inside /mnt: $apart" lc-overlay -l l1/sub/.. -n -l /mnt t
  refused 100 "lc-overlay: fatal: l1 and l1 $same" lc-overlay -l l1 -l l1 t
  refused 100 "lc-overlay: fatal: (link and l1|l1 and link) $same" lc-overlay -l l1 -l link t
  refused 100 "lc-overlay: fatal: (bound and l1|l1 and bound) $same" lc-overlay -l l1 -l bound t
  refused 100 "lc-overlay: fatal: (t and t/|t/ and t) $same" lc-overlay -l t/ t
  refused 100 "lc-overlay: fatal: l1/cache is inside l1: $apart" lc-overlay -l l1 -c l1/cache t
  refused 100 "lc-overlay: fatal: t/cache is inside t: $apart" lc-overlay -l l1 -c t/cache t
  refused 100 "lc-overlay: fatal: l1 is inside l1: $apart" lc-overlay -l l1 -c l1 t
  refused 100 "lc-overlay: fatal: cache/upper/l is inside cache: $apart" lc-overlay -l cache/upper/l -c cache t
  refused 100 "lc-overlay: fatal: (cache and cache/work|cache/work and cache) $same" lc-overlay -l cache/work -c cache t
  refused 100 "lc-overlay: fatal: u/l is inside u: $apart" lc-overlay -l u/l -u u -w w t
  refused 100 "lc-overlay: fatal: w/u is inside w: $apart" lc-overlay -l l1 -u w/u -w w t
  refused 100 "lc-overlay: fatal: u/w is inside u: $apart" lc-overlay -l l1 -u u -w u/w t
  refused 100 "lc-overlay: fatal: u and u $same" lc-overlay -l l1 -u u -w u t
  refused 100 "lc-overlay: fatal: (l1 and u|u and l1) $same|.*l1 is inside.*|lc-overlay: fatal: l1 and l1 $same" lc-overlay -l l1 -u l1 -w w t

  # the kernel's to tell
  refused 111 'lc-overlay: fatal: unable to mount an overlay on t \(layers that overlap\): .*' lc-overlay -l bound/sub -l l1 t
}

@test "a layer beside another, with a name that begins like its, is none inside it" {
  layers l1 l1x l1/ l2
  mkdir 'l1!'
  ok lc-overlay -l l1 -l 'l1!' -l l1x -l l2 t ls t
  stdout_is $'l1\nl1x\nl2\nt\nwho'
}

@test "another file system below a layer does not hide what overlaps" {
  layers l1 l1/z
  mkdir l1/a
  mount -t tmpfs none l1/a
  refused 100 'lc-overlay: fatal: l1/z is inside l1: .*' lc-overlay -l l1 -l l1/a -l l1/z t
  ok lc-overlay -l l1 -l l1/a t
}

# Where it is mounted

@test "-R: the target is looked up inside that root" {
  mkdir -p root/t root/sub /mnt/t
  layers l1
  ln -s /t root/link
  ln -s ../../../../t root/sub/up
  ln -s /proc/self/root/t root/magic
  touch root/t/inside
  for target in t /t link /link sub/up ../../t sub/../link; do
    ok lc-overlay -R root -l l1 "$target"
    is "$(ls root/t)" $'inside\nl1\nwho' "$target"
    is "$(state mounts | grep -c ' overlay ')" 1
    umount root/t
  done
  refused 111 'lc-overlay: fatal: unable to open magic: No such file or directory' lc-overlay -R root -l l1 magic
  mount -t proc proc root/sub
  ln -sfn /sub/self/root/mnt root/magic
  refused 111 'lc-overlay: fatal: unable to open magic: .*' lc-overlay -R root -l l1 magic
  refused 111 'lc-overlay: fatal: unable to open magic: .*' without openat2 -- lc-overlay -R root -l l1 magic
  refused 111 'lc-overlay: fatal: unable to open the root none: No such file or directory' lc-overlay -R none -l l1 t
  ok without openat2 -- lc-overlay -R root -l l1 link
  is "$(ls root/t)" $'inside\nl1\nwho'
}

@test "-R: a directory that is exchanged for a link meanwhile never leads out" {
  local how i tries=0 inside=0 end=$((SECONDS + 30))
  mkdir -p root/x/d out/d
  layers l1
  ln -s /mnt/out root/l
  spawn race root/x root/l
  expect ready
  for how in env 'hide-syscalls openat2'; do
    # 40 times, and until each of the two has won once
    for ((i = 0; i < 40 || ((inside == 0 || inside == tries) && SECONDS < end); i++)); do
      tries=$((tries + 1))
      # shellcheck disable=SC2086
      try lc-unshare -m $how lc-overlay -R root -n -l l1 -t x/d state mounts
      if [[ $status == 0 ]]; then
        inside=$((inside + 1))
        stdout_like 'mount /mnt/root/(x|l)/d overlay '
      else
        status_is 111
        stderr_like '^lc-overlay: fatal: unable to open x/d: (No such file or directory|Resource temporarily unavailable)$'
      fi
    done
  done
  [[ $inside -gt 0 && $inside -lt $tries ]] || fail "the race was won $inside times of $tries"
  kill "$SPAWNED"
}

@test "a target or layer that is missing or no directory" {
  layers l1
  mkfifo fifo
  refused 111 'lc-overlay: fatal: unable to open none: No such file or directory' lc-overlay -l l1 -c cache none
  refused 111 'lc-overlay: fatal: unable to open t/t: Not a directory' lc-overlay -l l1 -c cache t/t
  refused 111 'lc-overlay: fatal: unable to open t/t: Not a directory' lc-overlay -n -l l1 -c cache t/t
  refused 111 'lc-overlay: fatal: unable to open fifo: Not a directory' lc-overlay -n -l l1 -c cache fifo
  refused 111 'lc-overlay: fatal: unable to open layer none: No such file or directory' lc-overlay -l l1 -l none -c cache t
  refused 111 'lc-overlay: fatal: unable to open layer t/t: Not a directory' lc-overlay -l t/t -t t
  refused 111 'lc-overlay: fatal: unable to open layer fifo: Not a directory' lc-overlay -l fifo -t t
  refused 111 'lc-overlay: fatal: unable to open the parent of the cache, no/such: No such file or directory' lc-overlay -l l1 -c no/such/cache t
  refused 111 'lc-overlay: fatal: unable to open the cache t/t: Not a directory' lc-overlay -l l1 -c t/t t
}

@test "the overlay is a private mount, whatever it is mounted on" {
  layers l1
  mount --bind . /mnt
  cd /mnt
  mount --make-shared /mnt
  spawn lc-unshare -m -P slave sh -c 'echo up; exec sleep 1000'
  expect up
  for how in env "hide-syscalls $new_calls"; do
    # shellcheck disable=SC2086
    ok lc-unshare -m $how lc-overlay -l l1 -b 0:1:5 -t t true || [[ $how != env ]]
    is "$(grep -c overlay "/proc/$SPAWNED/mountinfo")" 0
    is "$(state mounts | grep -c overlay)" 0
  done
  kill "$SPAWNED"
}

# What it leaves

@test "prog gets everything as it came, and may be absent" {
  layers l1 l2
  same_state lc-overlay -l l1 -c cache -b 0:5:10 t
  umount t
  same_state old-fsconfig lc-overlay -l l1 -c cache -b 0:5:10 t
  umount t
  same_state lc-overlay -n -l l1 -l l2 t
  umount t
  fails 127 'lc-overlay: fatal: unable to exec no-such-program: No such file or directory' lc-overlay -l l1 t no-such-program
  umount t
  fails 126 'lc-overlay: fatal: unable to exec ./t: Permission denied' lc-overlay -l l1 t ./t
  umount t
  try lc-overlay -l l1 t sh -c 'exit 7'
  status_is 7
}

@test "a descriptor of the caller stays, and none is added" {
  layers l1
  keeping () { fresh -k 9 "$@" 9< /mnt/who; }
  touch who
  try keeping lc-overlay -l l1 -t t state fds
  stdout_is $'fd 0 character 1:3 r\nfd 1 file w\nfd 2 file w\nfd 9 file r'
}

@test "-v and LCBOOT_VERBOSE say what is done" {
  layers l1
  try lc-overlay -v -l l1 t
  stderr_is 'lc-overlay: info: an overlay is on t'
  umount t
  LCBOOT_VERBOSE=1 try lc-overlay -l l1 t
  stderr_is 'lc-overlay: info: an overlay is on t'
  LCBOOT_VERBOSE=x fails 100 'lc-overlay: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' lc-overlay -l l1 t
}

@test "without the new mount calls the result is the same" {
  layers l1 l2
  for call in fsopen fsconfig fsmount "$new_calls" "$new_calls,openat2,mount_setattr"; do
    for e in ENOSYS EPERM; do
      for how in '-c cache' '-u u -w w' -t -r; do
        mkdir -p u w
        remember
        # shellcheck disable=SC2086
        ok hide-syscalls -e "$e" "$call" lc-overlay -l l1 -l l2 $how -o nodev t sh -c 'cat t/who; ls t; stat -c %a t'
        stdout_is $'l2\nl1\nl2\nt\nwho\n755'
        # without open_tree(2) the tmpfs cannot be taken off again, and stays below
        is "$(new_mounts | grep -cv ' tmpfs ')" 1
        [[ $how == -t && $call == *open_tree* ]] || is "$(new_mounts | wc -l)" 1
        umount -l t
        [[ $(new_mounts) == '' ]] || umount t
        is "$(new_mounts)" ''
        rm -rf cache u w
      done
    done
  done
}

@test "without /proc" {
  layers l1
  ok lc-unshare -m sh -c 'while umount -l /proc 2> /dev/null; do :; done; exec lc-overlay -l l1 -c cache t cat t/who'
  stdout_is l1
  ok lc-overlay -l l1 -c cache t
  before=$(find cache)
  mkdir other
  fails 111 'lc-overlay: fatal: unable to use cache: another overlay is mounted on it' \
    lc-unshare -m sh -c 'while umount -l /proc 2> /dev/null; do :; done; exec lc-overlay -n -l l1 -c cache other'
  fails_like 111 'lc-overlay: fatal: unable to tell whether another overlay is mounted on cache: .*' \
    lc-unshare -m sh -c 'while umount -l /proc 2> /dev/null; do :; done; exec old-fsconfig lc-overlay -n -l l1 -c cache other'
  is "$(find cache)" "$before"
}

@test "a user without privileges" {
  layers l1
  as_user true
  refused 111 'lc-overlay: fatal: unable to mount an overlay on t \(not privileged in this mount namespace.*\): Operation not permitted' \
    as_user lc-overlay -l l1 t
  ok as_user lc-unshare -m -B self lc-overlay -l l1 t ls t
  stdout_is $'l1\nt\nwho'
  chown -R 65533:65533 t l1
  mkdir /mnt/mine
  chown 65533:65533 /mnt/mine
  ok as_user lc-unshare -m -B self lc-overlay -l l1 -c mine/cache t sh -c 'echo new > t/who; rm t/t; ls t; stat -c %u t/l1'
  stdout_is $'l1\nwho\n0'
  is "$(cat mine/cache/upper/who; stat -c %u mine/cache)" $'new\n65533'
  ok as_user lc-unshare -m -B self lc-overlay -l l1 -c mine/cache t cat t/who
  stdout_is new
}

@test "each system call that fails once leaves no mount, and prog does not run" {
  need strace
  local call n failed=0
  layers l1
  remember
  for call in fsopen fsconfig fsmount move_mount open_tree mount_setattr mkdirat fchownat fchmod renameat flock; do
    for n in 1 2 3 4 5 6; do
      mkdir -p scratch
      try strace -f -o /dev/null -e "inject=$call:error=ENOMEM:when=$n" lc-overlay -l l1 -b 0:5:10 -c scratch/cache t echo ran
      if [[ $status == 0 ]]; then
        stdout_is ran
        umount t
      else
        status_is 111
        stdout_is ''
        stderr_like '^lc-overlay: fatal: unable to '
        failed=$((failed + 1))
      fi
      is "$(new_mounts)" '' "mounts after $call failed for the time $n"
      rm -r scratch
    done
  done
  [[ $failed -ge 20 ]] || fail "only $failed of the calls were made to fail"
}

# What is not asked for is not given up

@test "metacopy=off or verity=off does not make redirects be followed; redirect_dir=on does" {
  local o how
  layers l1
  mkdir t/dir u w
  touch t/dir/file
  ok lc-overlay -l l1 -u u -w w -o redirect_dir=on t
  mv t/dir t/moved
  umount t
  for how in '' old-fsconfig; do
    for o in '' metacopy=off verity=off metacopy=off,verity=off; do
      # shellcheck disable=SC2086 # words
      ok $how lc-overlay -l l1 -l u ${o:+-o $o} t
      [[ ,$(super), == *,redirect_dir=nofollow,* && ,$(super), != *,metacopy=on,* ]] || fail "with $o: $(super)"
      run ! ls t/moved/file
      umount t
    done
    # shellcheck disable=SC2086 # words
    ok $how lc-overlay -l l1 -l u -o metacopy=off,redirect_dir=follow t ls t/moved
    stdout_is file
    umount t
    # shellcheck disable=SC2086 # words
    ok $how lc-overlay -l l1 -l u -o redirect_dir=on -t t ls t/moved
    stdout_is file
    [[ ,$(super), == *,redirect_dir=on,* && ,$(super), != *,metacopy=on,* ]] || fail "with redirect_dir=on: $(super)"
    umount t
  done
}

@test "an option with a long value reaches the kernel" {
  need strace
  local long
  layers l1
  long=$(head -c 300 /dev/zero | tr '\0' v)
  try strace -f -s 4000 -o trace -e trace=mount lc-overlay -l l1 -o "redirect_dir=$long" t touch ran
  status_is 111
  [[ ! -e ran ]]
  grep -qE "^[0-9]+ +mount\(.*\"overlay\", .*redirect_dir=${long}[,\"]" trace || fail "the kernel was not asked:" "$(cut -c 1-300 trace)"
  is "$(state mounts | grep -c ' overlay ')" 0
}

@test "a mount on the working directory: a warning that it stays below" {
  layers l1
  cd t
  try lc-overlay -t . sh -c 'touch /mnt/t/above; ls'
  status_is 0
  stdout_is $'t\nwho'
  stderr_is 'lc-overlay: warning: the working directory stays below what was mounted on .'
  cd /mnt
  is "$(ls t)" $'above\nt\nwho'
  umount t
  ok lc-overlay -l l1 -t t
}

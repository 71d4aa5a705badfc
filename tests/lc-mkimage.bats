#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # inner shells; lib.bash sets status, output, lines, stderr
TEST_TIMEOUT=240
load lib

usage='lc-mkimage: usage: lc-mkimage [ -v ] [ -f dir|tar|cpio|ext4|squashfs|erofs|oci ] [ -b ] [ -a file ]... output'
formats=(dir tar cpio ext4 squashfs erofs oci)

# One image of each format for all tests, which none of them changes. Their init
# is one that can be run here; what the build's init does is tested elsewhere.

setup_file ()
{
  local f
  export TOOLS=$BATS_FILE_TMPDIR/tools IMAGES=$BATS_FILE_TMPDIR/images
  tools "$TOOLS" "$LCBOOT_BIN/lcboot"
  mkdir "$IMAGES"
  for f in dir tar cpio ext4 squashfs erofs oci; do
    PATH=$PATH:/usr/sbin "$TOOLS/bin/lc-mkimage" -f "$f" "$IMAGES/$f" || return 1
  done
}

setup ()
{
  # where an ordinary user can read it
  TOOLS=/run/tools
  tools "$TOOLS" "$LCBOOT_BIN/lcboot"
  PATH=$TOOLS/bin:$PATH
}

tools ()  # DIR LCBOOT: lc-mkimage as it is installed, beside that lcboot
{
  mkdir -p "$1/bin" "$1/image"
  sed "s|@path-image@|$1/image|g" "$LCBOOT_REPO/src/scripts/lc-mkimage" > "$1/bin/lc-mkimage"
  chmod 0755 "$1/bin/lc-mkimage"
  cp "$2" "$1/bin/lcboot"
  printf '%s\n' '#!/bin/execlineb -S0' 'ifelse { eltest $# -eq 0 } { exit 42 }' 'exit $#' > "$1/image/init"
  printf '%s\n' '#!/bin/execlineb -S0' 'lc-overlay -n $@' > "$1/image/overlay"
  chmod 0644 "$1/image/init" "$1/image/overlay"
}

manifest ()  # DIR: a line for each thing in it, with what it holds
{
  (
    cd "$1" || exit
    find . -printf '%P %y %m %U:%G %T@ %l\n' | sort
    find . -type f -printf '%P\n' | sort | xargs -d '\n' sha256sum
  )
}

manifest_of ()  # FORMAT IMAGE: of what the image holds, by way of /mnt/unpacked
{
  local layer
  rm -rf /mnt/unpacked
  mkdir /mnt/unpacked
  case $1 in
    dir) manifest "$2"; return ;;
    tar) tar -C /mnt/unpacked --numeric-owner --same-owner -xpf "$2" ;;
    cpio) (cd /mnt/unpacked && cpio -idm --quiet --preserve-modification-time --no-absolute-filenames < "$2") ;;
    oci)
      layer=$(sed -n 's/.*"layers":.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' "$2/blobs/sha256"/*)
      tar -C /mnt/unpacked --numeric-owner --same-owner -xpzf "$2/blobs/sha256/$layer"
      ;;
    *) mount_image "$1" "$2" /mnt/unpacked || return ;;
  esac
  # what only one format has
  case $1 in
    cpio)
      is "$(stat -c '%F %a %u:%g %t,%T' /mnt/unpacked/dev/console)" 'character special file 600 0:0 5,1'
      is "$(readlink /mnt/unpacked/init)" usr/bin/init
      rm /mnt/unpacked/dev/console /mnt/unpacked/init
      # it leaves the times of directories and links to chance, but lists them
      is "$(cpio -itvn --quiet < "$2" | grep -cvF " $(date -u -d "@${3:-0}" '+%b %e  %Y') ")" 0 "the number of other times"
      find /mnt/unpacked ! -type f -exec touch -h -d "@${3:-0}" {} +
      manifest /mnt/unpacked
      ;;
    ext4)
      is "$(stat -c '%F %a %u:%g' /mnt/unpacked/lost+found)" 'directory 700 0:0'
      manifest /mnt/unpacked | grep -v '^lost+found '
      ;;
    *) manifest /mnt/unpacked ;;
  esac
  if mountpoint -q /mnt/unpacked; then umount /mnt/unpacked; fi
}

mount_image ()  # FORMAT IMAGE DIR
{
  lc-mountfs -t "$1" -o loop,ro "$2" "$3"
}

same_tree ()  # FORMAT IMAGE FORMAT IMAGE
{
  manifest_of "$1" "$2" > /mnt/first
  manifest_of "$3" "$4" > /mnt/second
  [[ $(wc -l < /mnt/first) -gt 150 ]] || fail "there is little in it"
  diff /mnt/first /mnt/second
}

execlines ()  # names of execline's programs
{
  ls /usr/lib/execline/bin
}

leaves_nothing ()  # DIR NAME…: it holds nothing but these
{
  local dir=$1
  shift
  is "$(ls -A "$dir")" "$(printf '%s\n' "$@")" "what is in $dir"
}

path_without ()  # NAME…: a directory with all programs but these
{
  local d name
  rm -rf /mnt/path
  mkdir /mnt/path
  for d in /bin /sbin /usr/bin /usr/sbin; do
    for name in "$d"/*; do ln -sf "$name" /mnt/path/; done
  done
  for name; do rm /mnt/path/"$name"; done
  # the caller's PATH is not all that is searched: other directories are empty
  mkdir -p /mnt/empty
  mount --bind /mnt/empty /usr/local/bin
}

# What is in it

@test "the names in an image: execline, lcboot, the image's scripts, libraries, and what engines want" {
  {
    printf '%s\n' .oldroot bin dev etc etc/hostname etc/hosts etc/localtime etc/os-release etc/resolv.conf lib mnt mnt/cache \
      mnt/layers mnt/root proc run sbin sys tmp usr usr/bin usr/bin/init usr/bin/lcboot usr/bin/overlay usr/lib \
      usr/lib/os-release usr/lib/systemd usr/lib/systemd/libsystemd-shared-252.so usr/sbin var
    execlines | sed 's|^|usr/bin/|'
    lcboot | sed 's|^|usr/bin/|'
  } | sort > /mnt/expected
  (cd "$IMAGES/dir" && find . -mindepth 1 -printf '%P\n') | sort > /mnt/names
  is "$(comm -23 /mnt/expected /mnt/names)" '' "what is missing"
  # beside these, the libraries of execline's programs
  comm -13 /mnt/expected /mnt/names | grep -v '^lib[0-9x]*$' > /mnt/libraries
  run sed 's|.*/||; s|^ld-.*|LOADER|' /mnt/libraries
  local line
  for line in LOADER libc.so.6 libexecline.so.2.9 libskarnet.so.2.13; do
    grep -qxF "$line" <<< "$output" || fail "there is no $line in: $output"
  done
  is "$(grep -cvE '/(ld-linux[^/]*|libc\.so\.6|libexecline\.so\.[0-9.]+|libskarnet\.so\.[0-9.]+)$' /mnt/libraries)" \
    "$(grep -cE '^usr/lib(64|/[^/]*)$' /mnt/libraries)" "the number of other names, all of them directories"
}

@test "links that make one directory of programs, and what is in them is found by any name" {
  cd "$IMAGES/dir"
  is "$(readlink bin sbin usr/sbin lib)" $'usr/bin\nusr/bin\nbin\nusr/lib'
  is "$(readlink usr/bin/lc-pivot usr/bin/cd usr/bin/umask etc/os-release)" $'lcboot\nexecline-cd\nexecline-umask\n../usr/lib/os-release'
  local name
  for name in sbin/init bin/execlineb usr/sbin/lc-pivot bin/if; do
    [[ -x $name ]] || fail "there is no $name"
  done
}

@test "modes: no set-id bit, nobody but root writes, programs are executable" {
  cd "$IMAGES/dir"
  is "$(find . -perm /6000)" ''
  is "$(find . ! -type l -perm /0022 -printf '%P\n')" tmp
  is "$(stat -c %a tmp)" 1777
  is "$(find . -type d ! -name tmp ! -perm 755)" ''
  is "$(find usr/bin -type f ! -perm 755)" ''
  is "$(find . ! -user 0 -o ! -group 0)" ''
  is "$(getfattr -R -h -m - . 2> /dev/null)" ''
}

@test "lcboot is stripped and runs" {
  need readelf
  run readelf -SW "$IMAGES/dir/usr/bin/lcboot"
  [[ $output != *.symtab* && $output == *.text* ]]
  is "$("$IMAGES/dir/usr/bin/lcboot")" "$(lcboot)"
}

@test "nothing of the machine is in it" {
  local what
  for what in "$LCBOOT_REPO" "$BATS_FILE_TMPDIR" "$(hostname)-$$" /run/lcboot; do
    run grep -rlaF -e "$what" "$IMAGES/dir"
    is "$status:$output" 1: "the search for $what"
  done
}

@test "every format holds the same: names, types, modes, owners, times, contents" {
  need cpio loop fs:ext4 fs:squashfs fs:erofs
  local f
  for f in "${formats[@]:1}"; do
    echo "$f"
    same_tree dir "$IMAGES/dir" "$f" "$IMAGES/$f"
  done
}

@test "ext4 is clean" {
  need e2fsck
  ok e2fsck -fn "$IMAGES/ext4" 2> /dev/null || status_is 0
  stdout_has 'Pass 5'
}

@test "cpio: GNU cpio reads it, in an order in which it can be unpacked" {
  need cpio
  run cpio -t --quiet < "$IMAGES/cpio"
  is "$status" 0
  local name
  declare -A seen=([.]=1)
  for name in "${lines[@]}"; do
    if [[ $name == */* ]]; then [[ ${seen[${name%/*}]-} ]] || fail "$name comes before ${name%/*}"; fi
    [[ ! ${seen[$name]-} || $name == . ]] || fail "$name is there twice"
    seen[$name]=1
  done
  # another one can be appended to it
  is "$(($(stat -c %s "$IMAGES/cpio") % 512))" 0
}

# That it works

chrooted ()  # PROG…: in the image, with an empty environment
{
  env -i "$LCBOOT_BIN/lc-pivot" -c "$IMAGES/dir" "$@"
}

@test "programs of the image run in it, and find each other without a PATH" {
  try chrooted /bin/execlineb -c 'if { eltest -d /mnt/root } if -n { eltest -e /bin/nosuch } backtick P { redirfd -r 0 /bin/init withstdinas L importas L L eltest -n $L }
    foreground { lc-sigreset pipeline { getpid P importas P P eltest $P -gt 0 } exit 3 } lc-tolerant /sbin/init a b c'
  status_is 3
  stderr_is ''
}

@test "every program of execline in the image finds its libraries there" {
  local name n=0
  for name in $(execlines); do
    # each tells wrong usage, or does what it does with no arguments
    try chrooted "/bin/$name"
    [[ $status != 12[67] && $stderr != *'shared lib'* ]] || fail "$name: $status $stderr"
    n=$((n + 1))
  done
  ((n > 50))
}

@test "every tool of lcboot runs in the image" {
  local name
  for name in $(lcboot); do
    try chrooted "/sbin/$name"
    [[ $stderr == "$name: usage: "* || $stderr == "$name: fatal: "* || $status == 0 ]] || fail "$name: $status $stderr"
  done
}

@test "/sbin/init is executed as a script of the image's execlineb, read-only" {
  need loop fs:squashfs
  mkdir /mnt/image
  mount_image squashfs "$IMAGES/squashfs" /mnt/image
  try env -i "$LCBOOT_BIN/lc-pivot" -c /mnt/image /sbin/init
  status_is 42
  stderr_is ''
  fails_like 1 '.*: Read-only file system' touch /mnt/image/x
}

# That it is always the same

@test "the same bytes, whatever the umask, time zone, locale, directory, file system and user" {
  need loop fs:ext4 mkfs.ext4
  local f
  mkdir -p /mnt/disk
  truncate -s 64M /mnt/disk.img
  # names are hashed with this: the order of a directory is another one
  mkfs.ext4 -q -E hash_seed=11111111-2222-3333-4444-555555555555 /mnt/disk.img
  mount -o loop /mnt/disk.img /mnt/disk
  mkdir -p /mnt/disk/a/b
  chmod 02777 /mnt/disk/a/b
  chgrp 1234 /mnt/disk/a/b
  cd /mnt/disk/a
  for f in tar cpio ext4 squashfs erofs oci; do
    (
      umask 077
      export TZ=Asia/Kolkata LC_ALL=C.UTF-8 TAR_OPTIONS=--verbose GZIP=-1 POSIXLY_CORRECT=1 CDPATH=/usr
      lc-mkimage -f "$f" "b/$f" 2> /mnt/err
    )
    diff -r "$IMAGES/$f" "b/$f" || fail "$f differs"
    is "$(cat /mnt/err)" ''
    try as_user "$TOOLS/bin/lc-mkimage" -f "$f" "/mnt/disk/a/b/$f-of-user"
    status_is 0
    diff -r "$IMAGES/$f" "b/$f-of-user" || fail "$f of an ordinary user differs"
    rm -r "b/$f" "b/$f-of-user"
  done
  (umask 077; lc-mkimage b/dir)
  same_tree dir "$IMAGES/dir" dir b/dir
  is "$(ls -A b)" dir
}

@test "the same bytes from another build in another directory" {
  need make gcc
  local t=$BATS_TEST_TMPDIR
  mkdir "$t/src"
  tar -C "$LCBOOT_REPO" -c --exclude=./.git --exclude=./.build . | tar -x -C "$t/src"
  env -u BUILD -u MAKEFLAGS make -s -C "$t/src" -j2 BUILD="$t/other/place" "$t/other/place/bin/lcboot" ||
    env -u BUILD -u MAKEFLAGS make -s -C "$t/src" -j2 BUILD="$t/other/place" all
  tools "$t/tools" "$t/other/place/bin/lcboot"
  "$t/tools/bin/lc-mkimage" -f tar "$t/tar"
  cmp "$t/tar" "$IMAGES/tar"
}

@test "an ordinary user makes every format" {
  local f
  try as_user true
  status_is 0
  cd /run/tester
  for f in "${formats[@]}"; do
    try as_user "$TOOLS/bin/lc-mkimage" -b -f "$f" "/run/tester/$f"
    status_is 0
    stderr_is ''
  done
  is "$(find /run/tester/dir ! -uid 65533)" ''
  leaves_nothing /run/tester cpio dir erofs ext4 oci squashfs tar
}

@test "owners are 0:0 in an ext4 image of many files that an ordinary user makes" {
  need loop fs:ext4 e2fsck
  local i args=()
  _lib_etc
  mkdir /run/tester/files
  for ((i = 0; i < 300; i++)); do
    head -c 60000 /dev/urandom > "/run/tester/files/$i"
    args+=(-a "/run/tester/files/$i")
  done
  try as_user "$TOOLS/bin/lc-mkimage" -f ext4 "${args[@]}" /run/tester/ext4
  status_is 0
  try e2fsck -fn /run/tester/ext4
  status_is 0
  mkdir /mnt/image
  mount_image ext4 /run/tester/ext4 /mnt/image
  is "$(find /mnt/image ! -uid 0 -o ! -gid 0 -o -newermt @0)" ''
  diff -r /run/tester/files /mnt/image/run/tester/files
}

@test "SOURCE_DATE_EPOCH is the time of everything" {
  need cpio loop fs:ext4 fs:squashfs fs:erofs
  local f
  export SOURCE_DATE_EPOCH=1234567890
  lc-mkimage /mnt/dir
  is "$(find /mnt/dir -printf '%T@\n' | sort -u)" 1234567890.0000000000
  for f in tar cpio ext4 squashfs erofs oci; do
    lc-mkimage -f "$f" "/mnt/$f"
    manifest_of "$f" "/mnt/$f" 1234567890 > /mnt/manifest
    is "$(sed -n 's/.* 0:0 \([0-9.]*\) .*/\1/p' /mnt/manifest | sort -u)" 1234567890.0000000000 "$f's times"
  done
  grep -q '"created":"2009-02-13T23:31:30Z"' /mnt/oci/blobs/sha256/*
  run dumpe2fs -h /mnt/ext4
  is "$(grep -cE '(created|write time|checked): .*Feb 13 23:31:30 2009' <<< "$output")" 3
}

@test "a SOURCE_DATE_EPOCH that is no time is refused" {
  local t
  for t in x -1 1.5 4294967296 99999999999999999999 010; do
    fails 100 "lc-mkimage: fatal: SOURCE_DATE_EPOCH is not a time from 0 to 4294967295: $t" \
      env SOURCE_DATE_EPOCH="$t" lc-mkimage /mnt/out
  done
  run ! test -e /mnt/out
  ok env SOURCE_DATE_EPOCH=4294967295 lc-mkimage -f tar /mnt/out
}

# OCI

@test "oci: every descriptor has the size and digest of its blob, down to the layer" {
  cd "$IMAGES/oci"
  is "$(cat oci-layout)" '{"imageLayoutVersion":"1.0.0"}'
  is "$(find . -type f -printf '%P\n' | wc -l)" 5
  local f n=0 type digest size
  for f in blobs/sha256/*; do is "$(sha256sum < "$f")" "${f##*/}  -"; done
  while read -r digest size; do
    is "$(stat -c %s "blobs/sha256/$digest")" "$size" "the size of $digest"
    n=$((n + 1))
  done < <(sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)","size":\([0-9]*\).*/\1 \2/p' index.json blobs/sha256/*)
  is "$n" 3 "the number of descriptors"
  type=application/vnd.oci.image
  for f in index manifest config; do grep -rqF "\"$type.$f.v1+json\"" . || fail "no media type of $f"; done
  # the layer, unpacked, has the digest that the configuration says
  digest=$(sed -n 's/.*"diff_ids":\["sha256:\([0-9a-f]*\)"\].*/\1/p' blobs/sha256/*)
  f=$(sed -n 's/.*layer.v1.tar+gzip","digest":"sha256:\([0-9a-f]*\)".*/\1/p' blobs/sha256/*)
  is "$(gzip -dc "blobs/sha256/$f" | sha256sum)" "$digest  -"
  gzip -dc "blobs/sha256/$f" | cmp - "$IMAGES/tar"
}

@test "oci: umoci unpacks it, to what the other formats hold and a runtime's configuration" {
  need umoci
  try umoci unpack --image "$IMAGES/oci:latest" /mnt/bundle
  status_is 0
  same_tree dir "$IMAGES/dir" dir /mnt/bundle/rootfs
  tr -d ' \t\n' < /mnt/bundle/config.json > /mnt/config
  grep -qF '"args":["/sbin/init"]' /mnt/config
  try umoci stat --image "$IMAGES/oci:latest" --json
  stdout_has '"created_by":"lc-mkimage"'
  grep -rqF '"StopSignal":"SIGRTMIN+3"' "$IMAGES/oci/blobs"
  case $(uname -m) in
    x86_64) grep -rqF '"architecture":"amd64"' "$IMAGES/oci/blobs" ;;
    aarch64) grep -rqF '"architecture":"arm64"' "$IMAGES/oci/blobs" ;;
  esac
}

# -a

@test "-a: a program with the libraries that it needs" {
  ok lc-mkimage -a /usr/bin/xz /mnt/dir
  [[ -e $(echo /mnt/dir/usr/lib/*/liblzma.so.5) ]]
  try env -i "$LCBOOT_BIN/lc-pivot" -c /mnt/dir xz --version
  status_is 0
  stdout_has 'xz (XZ Utils)'
}

@test "-a: the path that it is called by, what a link leads to, its permissions without set-id bits" {
  mkdir -p /mnt/d/e /mnt/real
  echo text > /mnt/real/data
  ln -s /mnt/real/data /mnt/d/link
  ln -s real /mnt/linked
  echo secret > /mnt/d/e/secret
  chmod 4640 /mnt/d/e/secret
  printf '\0\177' > '/mnt/d/two words'
  cd /mnt/d/e
  ok lc-mkimage -a ../link -a secret -a '/mnt/d/../d//two words' -a /mnt/linked/data -a ./secret /mnt/dir
  cd /mnt/dir/mnt
  is "$(find d linked -printf '%P %y %m %U:%G\n' | sort)" \
    $' d 755 0:0\n d 755 0:0\ndata f 644 0:0\ne d 755 0:0\ne/secret f 640 0:0\nlink f 644 0:0\ntwo words f 644 0:0'
  is "$(cat d/link linked/data d/e/secret)" $'text\ntext\nsecret'
  cmp '/mnt/d/two words' 'd/two words'
}

@test "-a: names with blanks, quotes and backslashes reach every format" {
  need cpio loop fs:ext4 fs:squashfs fs:erofs
  local f n=$'/mnt/d/a "b\' \\c  é ' args
  mkdir /mnt/d
  echo odd > "$n"
  echo dash > /mnt/d/-n
  args=(-a "$n" -a /mnt/d/-n)
  cd /mnt/d
  ok lc-mkimage "${args[@]}" /mnt/dir
  is "$(cat "/mnt/dir$n" /mnt/dir/mnt/d/-n)" $'odd\ndash'
  for f in tar cpio ext4 squashfs erofs oci; do
    ok lc-mkimage -f "$f" -a "$n" -a -n "/mnt/$f"
    same_tree dir /mnt/dir "$f" "/mnt/$f"
  done
}

@test "-a: below a directory that is a link in the image" {
  # a machine whose directories are not merged
  mkdir -p /mnt/sbin
  cp /usr/bin/env /mnt/sbin/one
  mount --bind /mnt/sbin /usr/sbin
  ok lc-mkimage -a /usr/sbin/one -a /sbin/one /mnt/dir
  is "$(stat -c %F /mnt/dir/sbin /mnt/dir/usr/sbin /mnt/dir/usr/bin/one)" $'symbolic link\nsymbolic link\nregular file'
  ok env -i "$LCBOOT_BIN/lc-pivot" -c /mnt/dir /sbin/one
}

@test "-a: what is not a file, is not there, or cannot be read" {
  mkdir /mnt/d
  mkfifo /mnt/fifo
  ln -s /nowhere /mnt/dangling
  fails 100 'lc-mkimage: fatal: /mnt/d is a directory' lc-mkimage -a /mnt/d /mnt/out
  fails 100 'lc-mkimage: fatal: /mnt/fifo is not a regular file' lc-mkimage -a fifo /mnt/out
  fails 100 'lc-mkimage: fatal: there is no file /mnt/nosuch' lc-mkimage -a nosuch /mnt/out
  fails 100 'lc-mkimage: fatal: there is no file /mnt/dangling' lc-mkimage -a dangling /mnt/out
  fails 100 'lc-mkimage: fatal: there is no file /no/such/file' lc-mkimage -a /no/such/file /mnt/out
  echo x > /mnt/unreadable
  chmod 0600 /mnt/unreadable
  _lib_etc
  fails 111 'lc-mkimage: fatal: unable to read /mnt/unreadable: Permission denied' \
    as_user "$TOOLS/bin/lc-mkimage" -a /mnt/unreadable /run/tester/out
  fails 100 $'lc-mkimage: fatal: a file\'s name has a control character: a\tb' lc-mkimage -a $'a\tb' /mnt/out
  mkdir $'a\nb'
  echo text > $'a\nb/file'
  fails 100 $'lc-mkimage: fatal: a file\'s name has a control character: /mnt/a\nb/file' \
    sh -c 'cd "$1" && shift && exec "$@"' sh $'a\nb' lc-mkimage -f ext4 -a file /mnt/out
  rm -r $'a\nb'
  leaves_nothing /mnt d dangling fifo unreadable
  leaves_nothing /run/tester
}

@test "-a: a file that the image has already, the same or another" {
  ok lc-mkimage -a /usr/bin/env -a /bin/env -a "$(ldd /usr/bin/env | sed -n 's|^[[:blank:]]*\(/[^ ]*\) .*|\1|p')" /mnt/dir
  mkdir -p /mnt/sbin
  echo mine > /mnt/sbin/init
  mount --bind /mnt/sbin /usr/sbin
  fails 100 'lc-mkimage: fatal: /sbin/init cannot be /sbin/init in the image, which has another one of that name' \
    lc-mkimage -a /sbin/init /mnt/out
  run ! test -e /mnt/out
}

@test "-a: a file in the place of an empty one, which is there to be mounted over" {
  # a small machine may have none
  lc-overlay -t /etc
  echo '127.0.0.1 localhost' > /etc/hosts
  ok lc-mkimage -a /etc/hosts /mnt/dir
  cmp /etc/hosts /mnt/dir/etc/hosts
}

@test "-a: static programs, and libraries, which need not be executable" {
  need gcc
  echo 'int main (void) { return 5 ; }' > /mnt/five.c
  gcc -static -no-pie -o /mnt/static /mnt/five.c
  gcc -static-pie -o /mnt/static-pie /mnt/five.c
  cp "$(ldd /usr/bin/xz | sed -n 's/.*liblzma.* => \(.*\) (.*/\1/p')" /mnt/library
  chmod 0644 /mnt/library
  ok lc-mkimage -a static -a static-pie -a library /mnt/dir
  is "$(stat -c %a /mnt/dir/mnt/library)" 644
  local f
  for f in static static-pie; do
    try env -i "$LCBOOT_BIN/lc-pivot" -c /mnt/dir "/mnt/$f"
    status_is 5
  done
}

@test "-a: a program whose library is missing, or that is for another machine" {
  sed 's/liblzma\.so\.5/liblzma.so.9/' /usr/bin/xz > /mnt/xz
  chmod +x /mnt/xz
  fails 111 'lc-mkimage: fatal: a library is missing: liblzma.so.9, which is needed by /mnt/xz' lc-mkimage -a /mnt/xz /mnt/out
  # e_machine of another one
  cp /usr/bin/xz /mnt/foreign
  printf '\xff\x7f' | dd of=/mnt/foreign bs=1 seek=18 conv=notrunc status=none
  fails 100 'lc-mkimage: fatal: /mnt/foreign is for another machine' lc-mkimage -a /mnt/foreign /mnt/out
  # another C library's
  sed 's/liblzma\.so\.5/libc.so\x00\x00\x00\x00\x00/' /usr/bin/xz > /mnt/odd
  chmod +x /mnt/odd
  fails_like 111 'lc-mkimage: fatal: (unable to find the libraries of /mnt/odd: .*|a library is missing: libc.so, which is needed by /mnt/odd)' \
    lc-mkimage -a /mnt/odd /mnt/out
  leaves_nothing /mnt foreign odd xz
}

@test "-a: a script whose interpreter is not in the image is worth a warning" {
  printf '#!/usr/bin/nosuch -x\n' > /mnt/one
  printf '#! /bin/execlineb -P\ntrue\n' > /mnt/two
  try lc-mkimage -a one -a two /mnt/dir
  status_is 0
  stderr_is 'lc-mkimage: warning: /mnt/one is a script for /usr/bin/nosuch, which is not in the image'
  printf '#!/bin/sh\n' > /mnt/three
  ok lc-mkimage -b -a three /mnt/dir2
}

# -b

@test "-b: a static busybox and its names; those of the image stay what they are" {
  ok lc-mkimage -b /mnt/dir
  cmp /mnt/dir/bin/busybox "$(command -v busybox)"
  local name
  for name in $(busybox --list); do
    case $name in
      busybox | init) ;;
      *) is "$(readlink "/mnt/dir/usr/bin/$name")" busybox "the link $name" ;;
    esac
  done
  # all else is as it was
  (cd /mnt/dir && find . ! -type d -not \( -lname busybox -o -name busybox \) -printf '%P %y %s %l\n' | sort) > /mnt/with
  (cd "$IMAGES/dir" && find . ! -type d -printf '%P %y %s %l\n' | sort) | diff /mnt/with -
  ok env -i "$LCBOOT_BIN/lc-pivot" -c /mnt/dir sh -c 'echo $(id -u); mkdir /tmp/x; ip link > /tmp/x/y; wc -l < /tmp/x/y; rm -r /tmp/x'
  stdout_is $'0\n2'
}

@test "-b: what the configurations of setup.before call works: a loop mount by sh and mount" {
  need loop fs:squashfs
  ok lc-mkimage -b /mnt/dir
  cp "$IMAGES/squashfs" /mnt/dir/mnt/guest
  # busybox's mount fails, or asks for ever, where another process takes the loop
  # device that the kernel named to it: then it is run again
  ok env -i PATH="$PATH" lc-unshare -m lc-mountfs -R /mnt/dir -o rbind /dev /dev \
    lc-mountfs -R /mnt/dir -t proc proc /proc lc-pivot -c /mnt/dir \
    sh -ec 'for i in 1 2 3 4 5; do
        if timeout 5 mount -t squashfs -o loop,ro /mnt/guest /mnt/root; then ls -d /mnt/root/sbin; umount /mnt/root; exit; fi
      done; exit 1'
  stdout_is /mnt/root/sbin
}

@test "-b: a file of -a is preferred to busybox's" {
  ok lc-mkimage -b -a /usr/bin/env /mnt/dir
  cmp /mnt/dir/bin/env /usr/bin/env
}

@test "-b: a busybox that is not static, or is not there" {
  mkdir /mnt/bin
  cp /usr/bin/env /mnt/bin/busybox
  fails 111 "lc-mkimage: fatal: /mnt/bin/busybox is not static; that of Debian's package busybox-static is" \
    env PATH="/mnt/bin:$PATH" lc-mkimage -b /mnt/out
  rm -r /mnt/bin
  path_without busybox
  mount --bind /mnt/empty /usr/sbin
  fails 111 "lc-mkimage: fatal: there is no busybox, which is in Debian's package busybox-static" \
    env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" -b /mnt/out
  run ! test -e /mnt/out
}

# execline, and what else has to be there

@test "missing programs are named, with Debian's package" {
  local f tool package
  path_without mksquashfs mkfs.erofs mke2fs debugfs tar gzip strip
  mount --bind /mnt/empty /usr/sbin
  while read -r f tool package; do
    fails 111 "lc-mkimage: fatal: there is no $tool, which is in Debian's package $package" \
      env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" -f "$f" /mnt/out
  done <<< $'squashfs mksquashfs squashfs-tools\nerofs mkfs.erofs erofs-utils\next4 mke2fs e2fsprogs\ntar tar tar\noci tar tar\ndir strip binutils'
  # a debugfs alone is missing, a gzip alone
  ln -s /bin/true /mnt/path/mke2fs
  ln -s /bin/true /mnt/path/tar
  fails 111 "lc-mkimage: fatal: there is no debugfs, which is in Debian's package e2fsprogs" \
    env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" -f ext4 /mnt/out
  fails 111 "lc-mkimage: fatal: there is no gzip, which is in Debian's package gzip" \
    env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" -f oci /mnt/out
  leaves_nothing /mnt empty path
}

@test "strip is not needed for an lcboot that is stripped" {
  tools /mnt/tools "$IMAGES/dir/usr/bin/lcboot"
  path_without strip
  ok env PATH=/mnt/path /mnt/tools/bin/lc-mkimage /mnt/dir
  cmp /mnt/dir/bin/lcboot "$IMAGES/dir/bin/lcboot"
}

@test "without execline, lcboot or the image's init" {
  path_without execlineb
  mount --bind /mnt/empty /usr/lib/execline
  fails 111 "lc-mkimage: fatal: there is no execlineb, which is in Debian's package execline" \
    env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" /mnt/out
  umount /usr/lib/execline
  printf '#!/bin/sh\n' > /mnt/path/execlineb
  chmod +x /mnt/path/execlineb
  fails 111 "lc-mkimage: fatal: /mnt/path/execlineb is not execline's, or not beside its other programs" env PATH=/mnt/path "$TOOLS/bin/lc-mkimage" /mnt/out
  tools /mnt/tools "$LCBOOT_BIN/lcboot"
  rm /mnt/tools/image/init
  fails 111 'lc-mkimage: fatal: there is no script /mnt/tools/image/init' /mnt/tools/bin/lc-mkimage /mnt/out
  rm /mnt/tools/bin/lcboot
  fails 111 'lc-mkimage: fatal: there is no program /mnt/tools/bin/lcboot' /mnt/tools/bin/lc-mkimage /mnt/out
  leaves_nothing /mnt empty path tools
}

@test "execline among other packages' programs: its own are taken, no others" {
  mkdir /mnt/bin
  cp -P /usr/lib/execline/bin/* /mnt/bin
  # as some systems have them
  printf '#!/bin/sh\nbuiltin wait\n' > /mnt/bin/wait
  rm /mnt/bin/if /mnt/bin/cd
  cp /usr/bin/env /mnt/bin/nosuch
  ln -s ifelse /mnt/bin/cd
  ok env PATH="/mnt/bin:$PATH" lc-mkimage /mnt/dir
  is "$(cd /mnt/dir/bin && ls -d wait if cd nosuch 2> /dev/null)" ''
  cmp /mnt/dir/bin/ifelse /usr/lib/execline/bin/ifelse
  # the same, reached by a link
  ln -s /mnt/bin /mnt/command
  ok env PATH="/mnt/command:$PATH" lc-mkimage /mnt/dir2
  diff -r --no-dereference /mnt/dir /mnt/dir2
}

@test "programs of two releases of execline are refused" {
  need fs:overlay
  local libs
  libs=$(dirname "$(ldd /usr/lib/execline/bin/if | sed -n 's/.*libexecline.* => \(.*\) (.*/\1/p')")
  mkdir -p /mnt/bin /mnt/up/upper /mnt/up/work
  mount -t overlay -o "lowerdir=$libs,upperdir=/mnt/up/upper,workdir=/mnt/up/work" overlay "$libs"
  cp "$libs/libexecline.so.2.9" "$libs/libexecline.so.2.8"
  cp -P /usr/lib/execline/bin/* /mnt/bin
  sed -i 's/libexecline\.so\.2\.9/libexecline.so.2.8/' /mnt/bin/ifelse
  fails 111 'lc-mkimage: fatal: the programs in /mnt/bin are of different releases of execline: libexecline.so.2.8 libexecline.so.2.9 ' \
    env PATH="/mnt/bin:$PATH" lc-mkimage /mnt/out
  run ! test -e /mnt/out
}

# Output

@test "dir and oci: a directory that is empty, or nothing" {
  local f
  for f in dir oci; do
    mkdir "/mnt/$f" "/mnt/$f.full"
    echo x > "/mnt/$f.full/.x"
    echo x > "/mnt/$f.file"
    ok lc-mkimage -f "$f" "/mnt/$f/"
    fails 100 "lc-mkimage: fatal: /mnt/$f is not empty" lc-mkimage -f "$f" "/mnt/$f"
    fails 100 "lc-mkimage: fatal: /mnt/$f.full is not empty" lc-mkimage -f "$f" "/mnt/$f.full"
    fails 100 "lc-mkimage: fatal: /mnt/$f.file exists, and is not a directory" lc-mkimage -f "$f" "/mnt/$f.file"
    is "$(cat "/mnt/$f.full/.x" "/mnt/$f.file")" $'x\nx'
  done
}

@test "a file is replaced if it is one of that format, or empty" {
  local f g
  for f in tar cpio ext4 squashfs erofs; do
    echo precious > "/mnt/$f"
    fails 100 "lc-mkimage: fatal: /mnt/$f exists, and is not a $f image" lc-mkimage -f "$f" "/mnt/$f"
    is "$(cat "/mnt/$f")" precious
    : > "/mnt/$f"
    ok lc-mkimage -f "$f" "/mnt/$f"
    cmp "/mnt/$f" "$IMAGES/$f"
    # by another inode: who has it open keeps what he has
    exec 7< "/mnt/$f"
    ok env SOURCE_DATE_EPOCH=1 lc-mkimage -f "$f" "/mnt/$f"
    cmp - "$IMAGES/$f" <&7
    exec 7<&-
    run ! cmp -s "/mnt/$f" "$IMAGES/$f"
  done
  for f in tar cpio ext4 squashfs erofs; do
    for g in tar cpio ext4 squashfs erofs; do
      if [[ $f != "$g" ]]; then
        fails 100 "lc-mkimage: fatal: /mnt/$g exists, and is not a $f image" lc-mkimage -f "$f" "/mnt/$g"
      fi
    done
  done
}

@test "other outputs that are refused" {
  mkdir /mnt/d
  ln -s /mnt/nowhere /mnt/link
  mkfifo /mnt/fifo
  fails 100 'lc-mkimage: fatal: /mnt/link is a symbolic link' lc-mkimage -f tar /mnt/link
  fails 100 'lc-mkimage: fatal: /mnt/link is a symbolic link' lc-mkimage /mnt/link
  fails 100 'lc-mkimage: fatal: /mnt/fifo is not a regular file' lc-mkimage -f tar /mnt/fifo
  fails 100 'lc-mkimage: fatal: /mnt/d is not a regular file' lc-mkimage -f tar /mnt/d
  fails 100 'lc-mkimage: fatal: the output needs a name of its own: /' lc-mkimage /
  fails 100 'lc-mkimage: fatal: the output needs a name of its own: .' lc-mkimage .
  fails 100 'lc-mkimage: fatal: the output needs a name of its own: d/..' lc-mkimage d/..
  fails 111 'lc-mkimage: fatal: unable to make /mnt/no/out: there is no directory /mnt/no/' lc-mkimage /mnt/no/out
  fails 100 $'lc-mkimage: fatal: the output\'s name has a control character: a\eb' lc-mkimage $'a\eb'
  leaves_nothing /mnt d fifo link
}

@test "an output's name is not an option, and relative ones are relative" {
  mkdir -p /mnt/a/b
  cd /mnt/a
  ok lc-mkimage -f tar -- -x
  ok lc-mkimage -f tar b/y
  leaves_nothing /mnt/a -x b
  cmp ./-x b/y
}

@test "the output has the mode of the umask" {
  ok fresh -m 027 lc-mkimage -f tar /mnt/tar
  ok fresh -m 027 lc-mkimage -f oci /mnt/oci
  ok fresh -m 027 lc-mkimage /mnt/dir
  is "$(stat -c %a /mnt/tar /mnt/oci /mnt/oci/index.json /mnt/dir)" $'640\n750\n640\n755'
}

@test "a full disk: one line, nothing is left, what was there stays" {
  local f kib
  mkdir /mnt/small
  mount -t tmpfs -o size=64m tmpfs /mnt/small
  for f in tar cpio ext4 squashfs erofs oci; do
    if [[ $f != oci ]]; then cp "$IMAGES/$f" "/mnt/small/$f"; fi
    # room for the root but not for the image, and for not even that
    for kib in 1000 4300; do
      mount -o "remount,size=$(($(du -sk /mnt/small | cut -f1) + kib))k" /mnt/small
      try lc-mkimage -f "$f" "/mnt/small/$f"
      status_is 111
      [[ $stderr != *$'\n'* ]] || fail "more than one line: $stderr"
      stderr_like '^lc-mkimage: fatal: unable to '
      if [[ $f == oci ]]; then leaves_nothing /mnt/small; else leaves_nothing /mnt/small "$f"; cmp "/mnt/small/$f" "$IMAGES/$f"; fi
      mount -o remount,size=64m /mnt/small
    done
    rm -rf "/mnt/small/$f"
  done
}

@test "a signal: nothing is left, what was there stays" {
  local sig
  mkdir /mnt/out /mnt/bin
  mkfifo /mnt/go
  # a tool that tells when it runs and waits to be told to go on
  printf '#!/bin/sh\necho running\nread -r line < /mnt/go\nexit 1\n' > /mnt/bin/mksquashfs
  sed -i 's|^echo running|echo running > /proc/1/root/mnt/tell|' /mnt/bin/mksquashfs
  chmod +x /mnt/bin/mksquashfs
  mkfifo /mnt/tell
  cp "$IMAGES/squashfs" /mnt/out/squashfs
  for sig in TERM INT HUP; do
    PATH=/mnt/bin:$PATH spawn lc-mkimage -f squashfs /mnt/out/squashfs
    read -rt 20 line < /mnt/tell
    is "$line" running
    kill -s "$sig" "$SPAWNED"
    echo > /mnt/go
    finish
    is "$status" "$((128 + $(kill -l "$sig")))"
    leaves_nothing /mnt/out squashfs
    cmp /mnt/out/squashfs "$IMAGES/squashfs"
  done
}

@test "a tool that fails: its last line is the reason" {
  mkdir /mnt/bin
  printf '#!/bin/sh\necho one\necho "out of ink" 1>&2\nexit 3\n' > /mnt/bin/mksquashfs
  chmod +x /mnt/bin/mksquashfs
  fails 111 'lc-mkimage: fatal: unable to make /mnt/out: out of ink' env PATH="/mnt/bin:$PATH" lc-mkimage -f squashfs /mnt/out
  leaves_nothing /mnt bin
}

# Usage

@test "wrong usage" {
  fails 100 "$usage" lc-mkimage
  fails 100 "$usage" lc-mkimage ''
  fails 100 "$usage" lc-mkimage -x /mnt/out
  fails 100 "$usage" lc-mkimage /mnt/out /mnt/more
  fails 100 "$usage" lc-mkimage -f
  fails 100 "$usage" lc-mkimage -a '' /mnt/out
  fails 100 'lc-mkimage: fatal: there is no format iso' lc-mkimage -f iso /mnt/out
  fails 100 'lc-mkimage: fatal: there is no format ' lc-mkimage -f '' /mnt/out
  fails 100 'lc-mkimage: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-mkimage /mnt/out
  fails 100 'lc-mkimage: fatal: LCBOOT_VERBOSE is not a number up to 1000: 1001' env LCBOOT_VERBOSE=1001 lc-mkimage /mnt/out
  leaves_nothing /mnt
}

@test "-v and LCBOOT_VERBOSE say what everything is made of" {
  try lc-mkimage -v -b /mnt/dir
  status_is 0
  stdout_is ''
  stderr_has 'lc-mkimage: info: making /mnt/dir'
  stderr_has "lc-mkimage: info: /bin/lcboot from $TOOLS/bin/lcboot"
  stderr_has 'lc-mkimage: info: busybox is not /bin/init'
  stderr_like 'lc-mkimage: info: /mnt/dir is made$'
  try env LCBOOT_VERBOSE=1 lc-mkimage /mnt/dir2
  stderr_has 'lc-mkimage: info: /mnt/dir2 is made'
}

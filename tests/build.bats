#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2154 # lib.bash reads the settings, and sets status, output, lines and stderr
SANDBOX=none
TEST_TIMEOUT=300
load lib

# A build of its own: what other tests run is not touched.

setup_file ()
{
  export BUILT=$BATS_FILE_TMPDIR/build
  cd "$LCBOOT_REPO" || return 1
  mk -j2 BUILD="$BUILT" all
}

setup ()
{
  cd "$LCBOOT_REPO" || return 1
}

mk ()
{
  env -u BUILD -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u AR -u RANLIB -u STRIP \
    make -s "$@"
}

copy_of_the_sources ()  # DIR
{
  mkdir "$1"
  tar -c --exclude=./.git --exclude=./.build . | tar -x -C "$1"
}

programs ()
{
  local f
  for f in src/lcboot/deps-exe/*; do echo "${f##*/}"; done
}

@test "the top level is exactly this" {
  ok ls
  stdout_is $'Makefile\nREADME\nconf-compile\ndoc\npackage\nsrc\ntests'
}

@test "gcc has no warnings" {
  need gcc
  try mk BUILD="$BATS_TEST_TMPDIR/build" conf-cc=gcc WERROR=1 all test-helpers
  status_is 0
  stderr_is ''
}

@test "clang has no warnings" {
  need clang
  try mk BUILD="$BATS_TEST_TMPDIR/build" conf-cc=clang WERROR=1 all test-helpers
  status_is 0
  stderr_is ''
}

@test "lc-pivot with a dynamic loader leaves the boot image's file before the guest's loader could be run by it" {
  need strace busybox
  local root=$BATS_TEST_TMPDIR/root dir p
  try mk BUILD="$BATS_TEST_TMPDIR/build" flag-allstatic= "$BATS_TEST_TMPDIR/build/bin/lc-pivot"
  status_is 0
  mkdir -p "$root/bin"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for dir in "$BATS_TEST_TMPDIR/build" "$BUILT"; do
    ok "$BUILT/bin/lc-unshare" -m strace -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=execve,execveat,pivot_root "$dir/bin/lc-pivot" "$root" /bin/busybox echo in
    stdout_is in
    # the root is no mount point: pivot_root is tried twice
    run uniq <(sed 's/(.*//' "$BATS_TEST_TMPDIR/calls")
    case $dir in
      "$BUILT") is "$output" $'execve\npivot_root\nexecve' 'static' ;;
      *) is "$output" $'execve\nexecveat\npivot_root\nexecve' 'dynamic' ;;
    esac
  done
}

@test "make leaves nothing outside of BUILD, and make clean nothing at all" {
  copy_of_the_sources "$BATS_TEST_TMPDIR/src"
  cd "$BATS_TEST_TMPDIR/src"
  find . | sort > ../before
  mk -j2 all
  find . -path ./.build -prune -o -print | sort | diff ../before -
  mk clean
  find . | sort | diff ../before -
}

@test "package/deps.mak is up to date" {
  package/gen-deps | diff package/deps.mak -
}

@test "every program has a page, a test file and a line of package/modes" {
  local p
  for p in $(programs); do
    [[ -f doc/$p.8 ]] || fail "there is no doc/$p.8"
    [[ -f tests/$p.bats ]] || fail "there is no tests/$p.bats"
    is "$(grep -c "^$p " package/modes)" 1 "the number of lines of package/modes for $p"
  done
  for p in doc/*.[578]; do
    is "$(grep -c "^${p##*/} " package/modes)" 1 "the number of lines of package/modes for $p"
  done
}

@test "make install: exactly the files of package/modes, with these modes" {
  local dest=$BATS_TEST_TMPDIR/dest
  (umask 077 && mk BUILD="$BUILT" DESTDIR="$dest" install)
  (cd "$dest" && find . -type f -printf '%f 0%m %u:%g\n') | sort > "$BATS_TEST_TMPDIR/installed"
  sed 's/ 0*\([0-7]*\) / 0\1 /' package/modes | sort | diff - "$BATS_TEST_TMPDIR/installed"
  ok find "$dest" -type d ! -perm 755
  stdout_is ''
}

@test "nothing that is installed is set-id or has capabilities" {
  need getcap
  local dest=$BATS_TEST_TMPDIR/dest
  mk BUILD="$BUILT" DESTDIR="$dest" install
  ok find "$dest" -type f -perm /7000
  stdout_is ''
  ok getcap -r "$dest"
  stdout_is ''
}

@test "a file without a line of its own in package/modes stops the installation" {
  local src=$BATS_TEST_TMPDIR/src
  copy_of_the_sources "$src"
  # a prefix of a name is not the name
  sed -i 's/^lc-hostname /lc-host /' "$src/package/modes"
  refute mk -C "$src" BUILD="$BATS_TEST_TMPDIR/build" -j2 DESTDIR="$BATS_TEST_TMPDIR/dest" install
  stderr_has lc-hostname
  run ! test -e "$BATS_TEST_TMPDIR/dest"
}

@test "programs and helpers are static" {
  need readelf
  local f
  for f in "$LCBOOT_BIN"/* "$LCBOOT_TESTS"/*; do
    if [[ $(head -c 2 "$f") == "#!" ]]; then continue; fi
    run readelf -lW "$f"
    is "$status" 0 "readelf's status for $f"
    [[ $output != *INTERP* ]] || fail "$f is dynamic"
  done
}

@test "make strip" {
  need readelf
  local build=$BATS_TEST_TMPDIR/build
  cp -a "$BUILT" "$build"
  mk BUILD="$build" strip
  ok readelf -sW "$build/bin/lc-hostname"
  [[ $output != *' main'* ]] || fail "lc-hostname still has symbols"
  "$build/bin/lc-hostname" 2>&1 | grep -q usage
}

@test "the order of the program that holds all tools: it names what there is, and what a boot goes through fits in 64 KiB" {
  need readelf
  local f end
  while read -r f; do
    [[ -e $f ]] || fail "there is no $f"
  done < <(sed -n 's,.*multicall/lcboot\.o.*,src/multicall/lcboot.c,p; s,.*multicall/\(lc-.*\)\.o.*,src/lcboot/\1.c,p; s,.*liblcboot\.a:\(.*\)\.o.*,src/liblcboot/\1.c,p' src/multicall/order.ld)
  is "$(wc -l < <(grep -E 'multicall/|liblcboot' src/multicall/order.ld))" "$(wc -l < <(grep -E '^ {4}\*(multicall/(lcboot|lc-[a-z]+)\.o|liblcboot\.a:[a-z]+\.o)\(' src/multicall/order.ld))" 'lines of the form that is looked at here'
  # it begins with the file: the end of its constants tells
  run -0 readelf -SW "$BUILT/bin/lcboot"
  end=$(awk '$2 == ".rodata.boot" || $3 == ".rodata.boot" { for (i = 1; i < NF; i++) if ($i == "PROGBITS") print "0x" $(i + 2), "0x" $(i + 3) }' <<< "$output")
  [[ -n $end ]] || fail 'nothing is in order'
  ((${end% *} + ${end#* } <= 65536)) || fail "what a boot goes through ends at $((${end% *} + ${end#* }))"
}

@test "lld puts it in that order too" {
  need clang ld.lld readelf
  mk BUILD="$BATS_TEST_TMPDIR/build" conf-cc=clang conf-ldflags="-fuse-ld=lld $(sed 1q conf-compile/conf-ldflags)" "$BATS_TEST_TMPDIR/build/bin/lcboot"
  run -0 readelf -SW "$BATS_TEST_TMPDIR/build/bin/lcboot"
  [[ $output == *.text.boot*.rodata.boot*.text.guest*.bss.boot* ]] || fail 'it is not in order'
  try "$BATS_TEST_TMPDIR/build/bin/lcboot" lc-hostname
  status_is 100
}

@test "flag-order= leaves the order to the linker" {
  need readelf
  mk BUILD="$BATS_TEST_TMPDIR/build" flag-order= "$BATS_TEST_TMPDIR/build/bin/lcboot"
  run -0 readelf -SW "$BATS_TEST_TMPDIR/build/bin/lcboot"
  [[ $output != *.text.boot* ]] || fail 'it is in order'
  try "$BATS_TEST_TMPDIR/build/bin/lcboot" lc-hostname
  status_is 100
}

@test "conf-compile: a value, an empty line, its explanation" {
  local f
  for f in conf-compile/*; do
    case ${f##*/} in
      flag-*) [[ -s $f ]] || fail "$f explains nothing" ;;
      path-include | path-library) awk 'NF == 0 { p = 1 } p && NF { n++ } END { exit !n }' "$f" || fail "$f explains nothing" ;;
      *) is "$(sed -n 2p "$f")" '' "the second line of $f"
         [[ -n $(sed -n 3p "$f") ]] || fail "$f explains nothing" ;;
    esac
  done
}

@test "conf-compile: each value can be given on the command line" {
  local t=$BATS_TEST_TMPDIR w
  for w in cc ld ar ranlib strip; do
    # each wrapper leaves a mark and does the work
    printf '#!/bin/sh\necho "$*" >> %s.ran\nexec %s "$@"\n' "$t/$w" "$(sed 1q "conf-compile/conf-$w" | sed 's/^$/cc/')" > "$t/$w"
    chmod +x "$t/$w"
  done
  mk -j2 BUILD="$t/build" conf-cc="$t/cc" conf-ld="$t/ld" conf-ar="$t/ar" conf-ranlib="$t/ranlib" conf-strip="$t/strip" \
    conf-cflags='-O1 -DLCBOOT_MARK' conf-ldflags=-Wl,--build-id=none path-bin=/opt/bin path-man=/opt/man path-image=/opt/image \
    DESTDIR="$t/dest" strip install
  grep -q -e '-DLCBOOT_MARK' "$t/cc.ran"
  grep -q -e '--build-id=none' "$t/ld.ran"
  [[ -s $t/ar.ran && -s $t/ranlib.ran && -s $t/strip.ran ]]
  [[ -x $t/dest/opt/bin/lc-hostname && -f $t/dest/opt/man/man8/lc-hostname.8 ]]
  ok ls "$t/dest" "$t/dest/opt"
  stdout_is "$t/dest:"$'\nopt\n\n'"$t/dest/opt:"$'\nbin\nimage\nman'
}

@test "the variables of the environment that people know work as well" {
  local t=$BATS_TEST_TMPDIR
  CFLAGS='-O1 -DLCBOOT_MARK' try env -u BUILD make -n V=1 BUILD="$t/build" all
  status_is 0
  stdout_has -DLCBOOT_MARK
}

@test "scripts pass shellcheck" {
  need shellcheck
  local f first
  while IFS= read -r -d '' f; do
    IFS= read -r first < "$f" 2> /dev/null || continue
    case $f:$first in
      *.bats:*) ok shellcheck -s bats "$f" ;;
      *.bash:* | *:'#!/bin/sh'* | *:'#!/bin/bash'*) ok shellcheck "$f" ;;
    esac
  done < <(find .ci doc package src tests -type f -print0)
}

@test "the pages pass mandoc's lint" {
  need mandoc
  try mk BUILD="$BATS_TEST_TMPDIR/build" doc
  status_is 0
  stderr_is ''
}

@test "make test-helpers makes a program of each helper" {
  local f
  for f in tests/helper/*.c; do
    f=${f##*/}
    [[ -x $LCBOOT_TESTS/${f%.c} ]] || fail "there is no ${f%.c}"
  done
}

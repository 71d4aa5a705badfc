# shellcheck shell=bash
#
# What the tests download: Debian's packages, through apt, from the mirror that
# the machine itself uses. It is kept in $LCBOOT_CACHE between runs. To be called
# from setup_file, which has the machine's network; the tests themselves have
# none. A test asks for what it needs by need_kernel, need_debian or need_inits.

: "${LCBOOT_CACHE:=/var/cache/lcboot}"

_cache_arch=$(dpkg --print-architecture 2> /dev/null)
_cache_debian=$LCBOOT_CACHE/debian-bookworm-$_cache_arch.tar
_cache_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt-get without the machine's lists and packages, but with its proxy and keys

_cache_apt ()
{
  local dir=$1
  shift
  mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
  timeout -k 5 180 apt-get -q -y -o Dir::State="$dir/state" -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Update::Error-Mode=any "$@" < /dev/null
}

# shellcheck disable=SC2016 # apt's own
_cache_targets ()
{
  awk '$2 == "Debian" { print $1 ; exit }' <(apt-get "$@" indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages')
}

# The machine may have no lists yet: only they tell which source is Debian's.

debian_mirror ()
{
  local work=$1 uri
  uri=$(_cache_targets)
  if [[ -z $uri ]]; then
    _cache_apt "$work/mirror" update >&2
    uri=$(_cache_targets -o Dir::State="$work/mirror/state")
  fi
  [[ -n $uri ]] || { echo "apt has no source of Debian's packages" >&2; return 1; }
  echo "${uri%/}"
}

# cache NAME COMMAND…: makes $LCBOOT_CACHE/NAME by COMMAND… DIRECTORY RESULT if
# it is not there. What went wrong is kept for `need_…`; where nothing may be
# skipped a mirror that is out of order is given some time to come back.

_cache ()
{
  local name=$1
  shift
  if [[ -e $LCBOOT_CACHE/$name ]]; then return 0; fi
  mkdir -p "$LCBOOT_CACHE"
  (
    # one at a time: others wait for it, and find it there
    exec {lock}> "$LCBOOT_CACHE/.$name.lock"
    flock "$lock"
    if [[ -e $LCBOOT_CACHE/$name ]]; then exit 0; fi
    work=$(mktemp -d "$LCBOOT_CACHE/new.XXXXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    chmod 0755 "$work"
    pauses=()
    if [[ $LCBOOT_TESTS_MUST_RUN == 1 ]]; then pauses=(5 20 60); fi
    until "$@" "$work" "$work/result" > "$work/log" 2>&1; do
      if ((${#pauses[@]} == 0)); then
        tail -n 3 "$work/log" | tr '\n' ' ' > "$BATS_FILE_TMPDIR/no.$name"
        exit 0
      fi
      sleep "${pauses[0]}"
      pauses=("${pauses[@]:1}")
      find "$work" -xdev -mindepth 1 -delete
    done
    mv -T "$work/result" "$LCBOOT_CACHE/$name"
  )
}

_cache_need ()
{
  [[ -e $LCBOOT_CACHE/$1 ]] || cannot "$2 is not to be had: $(cat "$BATS_FILE_TMPDIR/no.$1" 2>&1)"
}

# Kernels: DIR/vmlinuz and DIR/modules, which are to be loaded in their order.
# NAME is that of a Debian suite, or, with modules of a test's own, SUITE-WHAT.

kernel () { echo "$LCBOOT_CACHE/kernel-$1-$_cache_arch"; }

_cache_kernel ()
{
  local suite=${1%%-*} dir=${*: -2:1} result=${*: -1} modules=("${@:2:$# - 3}") mirror apt package version i=0 ko
  [[ $_cache_arch == amd64 ]] || { echo "the tests boot amd64 only"; return 1; }
  mirror=$(debian_mirror "$dir") || return 1
  echo "deb [signed-by=$_cache_keyring] $mirror $suite main" > "$dir/sources.list"
  apt=(_cache_apt "$dir" -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null)
  "${apt[@]}" update || return 1
  package=$("${apt[@]}" --print-uris --no-install-recommends install linux-image-cloud-amd64 |
    sed -n "s/^'.*' \(linux-image-[0-9][^_]*\)_.*/\1/p")
  [[ -n $package ]] || { echo "no kernel in $suite"; return 1; }
  version=${package#linux-image-}
  ( cd "$dir" && "${apt[@]}" download "$package" ) || return 1
  dpkg -x "$dir/$package"_*.deb "$dir/root" || return 1
  depmod -b "$dir/root" "$version" || return 1
  mkdir -p "$result/modules"
  cp "$dir/root/boot/vmlinuz-$version" "$result/vmlinuz" || return 1
  while read -r _ ko _; do
    i=$((i + 1))
    cp "$ko" "$result/modules/$(printf %02d "$i")-${ko##*/}" || return 1
  done < <(modprobe -d "$dir/root" -S "$version" -a --show-depends "${modules[@]}" | awk '!seen[$2]++')
  ((i >= ${#modules[@]})) || { echo "no modules in $package"; return 1; }
}

cache_kernel ()
{
  local name=$1
  shift
  if (($# == 0)); then set -- loop squashfs erofs overlay; fi
  _cache "kernel-$name-$_cache_arch" _cache_kernel "$name" "$@"
}
need_kernel () { _cache_need "kernel-$1-$_cache_arch" "the kernel of Debian $1"; }

# A Debian root, as a tar file

_cache_bookworm ()
{
  local dir=$1 result=$2 mirror proxy=''
  mirror=$(debian_mirror "$dir") || return 1
  # apt's proxy is debootstrap's, too
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  if [[ -n $proxy && $proxy != DIRECT ]]; then export http_proxy=$proxy; fi
  # what debootstrap mounts stays in a namespace that ends with it
  timeout -k 5 400 unshare -m -p -f --kill-child --mount-proc --propagation private -- \
    debootstrap --variant=minbase --keyring="$_cache_keyring" bookworm "$dir/root" "$mirror" || return 1
  rm -rf "$dir"/root/var/cache/apt/archives/*.deb "$dir"/root/var/lib/apt/lists/*
  tar -C "$dir/root" --one-file-system --numeric-owner --xattrs --xattrs-include='*' -cf "$result" .
}

cache_debian () { _cache "${_cache_debian##*/}" _cache_bookworm; }
need_debian () { _cache_need "${_cache_debian##*/}" "a root made by debootstrap"; }

debian_root ()
{
  mkdir -p "$1"
  tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -xpf "$_cache_debian"
}

# One of its files, as it is there

debian_file () { tar -xOf "$_cache_debian" "./$1"; }

# Inits: DIR/PACKAGE has the files of that package and of those that it needs and
# that the Debian root lacks, unpacked and not configured: a layer for that root.

inits () { echo "$LCBOOT_CACHE/inits-bookworm-$_cache_arch"; }

_cache_inits ()
{
  local dir=$1 result=$2 mirror apt package packages f
  mirror=$(debian_mirror "$dir") || return 1
  debian_file var/lib/dpkg/status > "$dir/status" || return 1
  echo "deb [signed-by=$_cache_keyring] $mirror bookworm main" > "$dir/sources.list"
  apt=(_cache_apt "$dir" -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::status="$dir/status")
  "${apt[@]}" update || return 1
  for package in sysvinit-core runit openrc s6 systemd; do
    mapfile -t packages < <("${apt[@]}" --print-uris --no-install-recommends install "$package" |
      sed -n "s/^'.*' \([^_]*\)_.*/\1/p")
    ((${#packages[@]} > 0)) || { echo "no $package"; return 1; }
    mkdir -p "$dir/debs/$package" "$result/$package"
    ( cd "$dir/debs/$package" && "${apt[@]}" download "${packages[@]}" ) || return 1
    for f in "$dir/debs/$package"/*.deb; do
      dpkg -x "$f" "$result/$package" || return 1
    done
    # in that root these are links
    for f in bin sbin lib lib64; do
      if [[ ! -d $result/$package/$f ]]; then continue; fi
      mkdir -p "$result/$package/usr/$f"
      cp -a "$result/$package/$f/." "$result/$package/usr/$f/" || return 1
      rm -rf "${result:?}/$package/$f"
    done
  done
}

cache_inits () { cache_debian; if [[ -e $_cache_debian ]]; then _cache "inits-bookworm-$_cache_arch" _cache_inits; fi; }
need_inits () { need_debian; _cache_need "inits-bookworm-$_cache_arch" "the packages of inits"; }

#!/usr/bin/env bats
# A real system as the guest: Debian, by debootstrap, with two layers on it.
# shellcheck disable=SC2016,SC2034,SC2054 # most $ are the guest's
TEST_TIMEOUT=90
load lib
load cache
load marked

setup_file ()
{
  cache_debian
}

setup ()
{
  host=()
  need_debian
  debian_root root
  mkdir -p layers/0/etc layers/1/etc layers/1/usr/local/bin
  echo 'the first layer' | tee layers/0/etc/layer > layers/0/etc/first
  echo 'the second layer' > layers/1/etc/layer
  cp "$LCBOOT_TESTS/escape" "$LCBOOT_TESTS/state" layers/1/usr/local/bin/
  cp root/usr/bin/id layers/1/usr/local/bin/who-am-i
  chmod 4755 layers/1/usr/local/bin/who-am-i
  cat > user <<'END'
#!/bin/sh
exec setpriv --reuid=1000 --regid=1000 --clear-groups -- "$@"
END
  install -m 0755 user layers/1/usr/local/bin/user
}

# mapped CMD…, plain CMD…: the whole chain, with and without a user namespace

chain ()
{
  cmd=(lc-sigreset
    lc-unshare -m
    lc-overlay "${mapping[@]}" -l layers/0 -l layers/1 -c cache root
    lc-unshare -p -m -u -i -n -C -l "${ids[@]}"
    lc-hostname debian
    lc-mountfs -R root -t proc -o nosuid,nodev,noexec proc /proc
    lc-mountfs -R root -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys
    lc-mountdev -R root /dev
    lc-pivot root /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@")
}

mapped () { local cmd mapping=(-b 0:100000:65536) ids=(-B 0:100000:65536); chain "$@"; try "${host[@]}" "${cmd[@]}"; }
plain () { local cmd mapping=() ids=(); chain "$@"; try "${host[@]}" "${cmd[@]}"; }

each () { "$1" mapped; rm -rf cache; "$1" plain; }

went_well () { status_is 0 && stderr_is ''; }

identity ()
{
  "$1" sh -c 'echo $$ $PPID $(hostname); id; pwd; cat /etc/layer /etc/first; readlink /proc/1/exe'
  went_well
  stdout_is $'1 0 debian\nuid=0(root) gid=0(root) groups=0(root)\n/\nthe second layer\nthe first layer\n/usr/bin/dash'
}

@test "its shell is PID 1, root, in a root of three layers" { each identity; }

maps ()
{
  local want='0 0 4294967295'
  if [[ $1 == mapped ]]; then want='0 100000 65536'; fi
  "$1" perl -ane 'print join(" ", @F), "\n"' /proc/self/uid_map /proc/self/gid_map
  went_well
  stdout_is "$want"$'\n'"$want"
}

@test "the maps are what was asked for" { each maps; }

packages ()
{
  "$1" sh -c 'dpkg -l | sed -n "s/^ii  \(bash\|dpkg\|perl-base\|util-linux\) .*/\1/p"; dpkg --audit; dpkg --verify base-files; apt-config dump APT::Architecture; apt-cache policy dpkg | head -n 1'
  went_well
  stdout_is $'bash\ndpkg\nperl-base\nutil-linux\nAPT::Architecture "'"$(dpkg --print-architecture)"$'";\ndpkg:'
}

@test "dpkg and apt find their system in order" { each packages; }

owners ()
{
  "$1" stat -c '%u:%g %a %n' / /etc/shadow /usr/bin/passwd /var/mail /var/local /usr/bin/chage /tmp
  went_well
  stdout_is '0:0 755 /
0:42 640 /etc/shadow
0:0 4755 /usr/bin/passwd
0:8 2775 /var/mail
0:50 2775 /var/local
0:42 2755 /usr/bin/chage
0:0 1777 /tmp'
  "$1" find / -xdev ! -path /proc ! -path /sys \( -uid 65534 -o -gid 65534 -o -uid +65535 -o -gid +65535 \) -print
  went_well
  stdout_is ''
}

@test "its files belong to whom they should, none to nobody" { each owners; }

users ()
{
  "$1" sh -c 'useradd -M -d /tmp -s /bin/sh -u 1000 guest; su guest -c "id -u; echo \$HOME"; user id; user who-am-i -u; user sh -c "touch /etc/x; touch /tmp/mine; stat -c %u:%g /tmp/mine"'
  status_is 0
  stdout_is $'1000\n/tmp\nuid=1000(guest) gid=1000(guest) groups=1000(guest)\n0\n1000:1000'
  stderr_is "touch: cannot touch '/etc/x': Permission denied"
}

@test "an ordinary user: su, setpriv, a set-id program, what is refused" { each users; }

terminals ()
{
  local cmd='script -qec "tty; stat -c %t:%a \$(tty)" /dev/null | tr -d "\r"'
  "$1" sh -c "$cmd; user $cmd; ls -l /dev/ptmx | sed 's/.* //'"
  went_well
  stdout_is $'/dev/pts/0\n88:620\n/dev/pts/0\n88:620\npts/ptmx'
}

@test "root and an ordinary user open terminals" { each terminals; }

tools ()
{
  "$1" sh -c 'getent passwd root; getent group tty; perl -e "print 6*7, qq(\n)"; date -u -d @0 +%Y; echo b a | tr " " "\n" | sort | tr "\n" " "; tar -cf - /etc/hostname 2>/dev/null | tar -tf -; hostname x; hostname'
  went_well
  stdout_is $'root:x:0:0:root:/root:/bin/bash\ntty:x:5:\n42\n1970\na b etc/hostname\nx'
}

@test "getent, perl, tar and the like work" { each tools; }

processes ()
{
  "$1" sh -c 'sleep 1000 & cd /proc; echo [0-9]*; readlink 1/exe; kill $!; wait $! 2> /dev/null || echo $?'
  went_well
  stdout_is $'1 2\n/usr/bin/dash\n143'
}

@test "in /proc are its own processes only" { each processes; }

mounts ()
{
  # the nodes of /dev may be mounts
  "$1" sh -c 'mount | sed "s/ (.*//; / on .dev.\(null\|zero\|full\|random\|urandom\|tty\|console\) /d"; mount -t tmpfs -o size=1m none /mnt; findmnt -no FSTYPE,TARGET /mnt | tr -s " "; umount /mnt; mount --bind /etc /mnt; cat /mnt/layer'
  went_well
  stdout_is 'overlay on / type overlay
proc on /proc type proc
sysfs on /sys type sysfs
dev on /dev type tmpfs
devpts on /dev/pts type devpts
tmpfs on /dev/shm type tmpfs
mqueue on /dev/mqueue type mqueue
tmpfs /mnt
the second layer'
}

@test "it sees its own mounts, and mounts more" { each mounts; }

network ()
{
  "$1" sh -c 'cat /sys/class/net/*/operstate; ls /sys/class/net; perl -MIO::Socket::INET -e "my \$s = IO::Socket::INET->new(Listen => 1, LocalAddr => q(127.0.0.1)); my \$c = IO::Socket::INET->new(PeerAddr => q(127.0.0.1), PeerPort => \$s->sockport) or die; print qq(connected\n)"'
  went_well
  stdout_is $'unknown\nlo\nconnected'
}

@test "its network is a loopback interface, up" { each network; }

endings ()
{
  local call='syscall(169, 0xfee1dead, 672274793,'
  "$1" sh -c 'exit 7'
  status_is 7
  "$1" perl -e "$call 0x4321fedc)"
  status_is 0
  "$1" perl -e "$call 0x01234567)"
  status_is 133
  "$1" sh -c 'kill -TERM $$; echo alive'
  went_well
  stdout_is alive
}

@test "its exit, power off and restart are passed on" {
  if [[ $(uname -m) != x86_64 ]]; then cannot "the number of reboot(2) is known for x86-64 only"; fi
  each endings
}

confined ()
{
  "$1" escape lcboot-marker
  status_is 1
}

@test "nothing leads back to where it was started" {
  host=(marked)
  each confined
  # the controls: it is there, and a chroot of the same guest can be left
  cp "$LCBOOT_TESTS/escape" root/escape
  try marked test -e /lcboot-marker
  status_is 0
  try marked chroot root /escape lcboot-marker
  status_is 0
}

persists ()
{
  "$1" sh -c 'echo kept > /var/lib/kept; useradd -m -u 2000 newcomer; rm /etc/first; echo guest > /etc/hostname; cp -p /usr/bin/env /usr/bin/env2; chmod 0711 /srv'
  went_well
  "$1" sh -c 'cat /var/lib/kept; su newcomer -c "cd; pwd; id -un; stat -c %u:%g ."; ls /etc/first; cat /etc/hostname; cmp /usr/bin/env /usr/bin/env2; stat -c %a:%u /srv'
  status_is 0
  stdout_is $'kept\n/home/newcomer\nnewcomer\n2000:2000\nguest\n711:0'
  stderr_is "ls: cannot access '/etc/first': No such file or directory"
  is "$(ls cache)" $'upper\nwork' "the cache"
  local base=0
  if [[ $1 == mapped ]]; then base=100000; fi
  is "$(stat -c '%u:%g' cache cache/upper cache/upper/var/lib/kept cache/upper/home/newcomer | xargs)" \
    "0:0 $base:$base $base:$base $((base + 2000)):$((base + 2000))" "who owns the upper layer"
  is "$(cat root/etc/hostname layers/0/etc/first)" "$(debian_file etc/hostname)"$'\nthe first layer' "the layers below"
  [[ ! -e root/var/lib/kept && ! -e root/home/newcomer ]] || fail "the lowest layer was written to"
}

@test "what it writes is there at the next boot, and the layers are as they were" { each persists; }

below () { find root layers -printf '%p %T@ %s %U:%G %m\n' | sort; }

leaves_nothing ()
{
  cut -d' ' -f4- /proc/self/mountinfo > mounts.before
  below > below.before
  "$1" sh -c 'mount -t tmpfs none /mnt; sleep 1000 & mkdir /dev/shm/x; hostname other; echo x > /run/x'
  went_well
  cut -d' ' -f4- /proc/self/mountinfo | diff mounts.before -
  below | diff below.before -
  is "$(hostname)" "$name" "the host name outside"
  refute pgrep -f '^sleep 1000$'
}

@test "nothing is left outside" {
  local name
  name=$(hostname)
  each leaves_nothing
}

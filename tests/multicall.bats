#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2054,SC2154 # inner shells; lib.bash reads the settings, and sets status, output, lines and stderr; words with commas
#
# One program for all tools, which goes from one to the next without exec,
# against one program for each tool: what a payload can see must be the same.
# Both builds are needed; it does not matter which of them LCBOOT_BIN is.

TEST_TIMEOUT=300
load lib

setup ()
{
  local d
  need perl strace busybox execlineb
  for d in "$LCBOOT_BIN" "$LCBOOT_OTHER"; do
    if [[ -L $d/lc-pivot ]]; then multicall=$d; elif [[ -e $d/lc-pivot ]]; then separate=$d; fi
  done
  [[ -n "${multicall:-}" && -n "${separate:-}" ]] || cannot "one of the two builds was not made"
  mkdir -p /run/tools /run/fixture /run/both
  BEFORE=:
  cat > /run/driver <<'END'
# The first process of namespaces of its own: the tools of one build in
# /run/tools, a copy of the fixture in /mnt. Then the rest of the arguments.
tools=$1 tag=$2
shift 2
mount -t tmpfs -o mode=0755 tools /run/tools
cp -a "$tools/." /run/tools/
mount -t tmpfs -o mode=0755 fixture /mnt
cp -a /run/fixture/. /mnt/
cd /mnt || exit 1
PATH=/run/tools:/run/lcboot/tests:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/execline/bin
for n in /proc/self/ns/*; do echo "${n##*/} $(readlink "$n")"; done > "/run/both/ns.$tag"
eval "$BEFORE" || exit 1
exec env -i PATH="$PATH" HOME=/ A=b "$@"
END
  cat > /run/normal <<'END'
# Numbers that the kernel hands out become the order in which they appear, and
# what is not the chain's doing goes.
my ($ns, $report) = @ARGV ;
my (%n, %count) ;
sub nth { my ($kind, $x) = @_ ; return $n{$kind}{$x} //= $kind . ++$count{$kind} }
open(my $f, "<", $ns) or die ;
while (<$f>) { my ($name, $id) = split ; nth("namespace of $1 ", $2) if $id =~ /^(\w+):\[(\d+)\]/ }
open($f, "<", $report) or die ;
while (<$f>)
{
  next if /^status: (Vm|Rss|\w*voluntary_ctxt|SigQ)/ ;
  if (my ($id, $up, $dev, $rest) = /^mountinfo: (\d+) (\d+) (\d+:\d+) (.*)/s)
  {
    $_ = join(" ", "mountinfo:", nth("mount", $id), nth("mount", $up), nth("dev", $dev), $rest) ;
    s/\b(shared|master|propagate_from):(\d+)/"$1:" . nth("group", $2)/ge ;
    s/loop\d+/loop/g ;
  }
  # how much was written when the payload came, a process that stays outside has a say in
  s/^(fd 2 \d+) \d+ (\d+ \/run\/both\/err)$/$1 - $2/ ;
  s/^(ns\/\w+ )(\w+):\[(\d+)\]/$1 . nth("namespace of $2 ", $3)/e ;
  s/\b(pipe|socket):\[(\d+)\]/nth($1, $2)/ge ;
  print ;
}
END
}

run_build ()  # TAG CMD…: status, stdout and stderr are files of /run/both
{
  local dir=$separate code=0
  if [[ $1 == multicall ]]; then dir=$multicall; fi
  BEFORE=$BEFORE fresh unshare -m -u -i -n -p -f --kill-child --mount-proc -- \
    "$BASH" /run/driver "$dir" "$@" > /run/both/out 2> /run/both/err < /dev/null || code=$?
  mv /run/both/out "/run/both/out.$1"
  mv /run/both/err "/run/both/err.$1"
  echo "$code" > "/run/both/status.$1"
}

# both [-s STATUS] CMD…: the same with both builds, and that exit status, 0 by
# default; `-s any` if it only has to be the same.

both ()
{
  local expected=0 t
  if [[ $1 == -s ]]; then expected=$2; shift 2; fi
  printf -v _lib_command '%q ' "$@"
  for t in separate multicall; do
    run_build "$t" "$@"
    status=$(< "/run/both/status.$t")
    output=$(< "/run/both/out.$t")
    stderr=$(< "/run/both/err.$t")
    if [[ $expected == any && $t == multicall ]]; then expected=$(< /run/both/status.separate); fi
    [[ $expected == any ]] || status_is "$expected" || fail "with the build: $t" || return 1
    perl /run/normal "/run/both/ns.$t" "/run/both/out.$t" > "/run/both/normal.$t" || return 1
  done
  diff -u /run/both/normal.separate /run/both/normal.multicall || fail "stdout differs: $_lib_command" || return 1
  # two processes can write at the same time
  diff -u <(sort /run/both/err.separate) <(sort /run/both/err.multicall) || fail "stderr differs: $_lib_command" || return 1
}

# chain [-s STATUS] LINKS: execline text; with 0 expected it must end in report

chain ()
{
  if [[ $1 == -s ]]; then
    both -s "$2" execlineb -Pc "$3"
  else
    both execlineb -Pc "$1" && reported
  fi
}

reported ()
{
  stdout_like 'status: Name:	report.*execfn .*report'
}

# execs NAMES CMD…: with all tools in one program, CMD executes exactly these
# files, in this order.

execs ()
{
  local names=$1
  shift
  # shellcheck disable=SC2086 # words
  run_build multicall strace ${STRACE_FLAGS:-} -f -qq -e trace=execve -e signal=none -o /run/both/trace "$@"
  sed -n 's/^[0-9]* *execve("\([^"]*\)".* = 0$/\1/p' /run/both/trace | sed 's|.*/||' | paste -s -d' ' > /run/both/execs
  is "$(< /run/both/execs)" "$names" "what is executed by $*" || { cat /run/both/err.multicall /run/both/trace; return 1; }
}

guest ()  # a root at /mnt/root, with report
{
  busybox_root /run/fixture/root
  cp "$LCBOOT_TESTS/report" "$LCBOOT_TESTS/state" /run/fixture/root/bin/
}

fixture ()  # files and directories for the tools to work on
{
  mkdir -p /run/fixture/{a,b,c,low,mnt}
  echo a > /run/fixture/a/file
  echo low > /run/fixture/low/file
  echo x > /run/fixture/x
  echo 'none /mnt/mnt tmpfs size=1m 0 0' > /run/fixture/fstab
}

# The payload's state

@test "each tool, alone and twice, and all of them" {
  local link all=''
  fixture
  while IFS= read -r link; do
    chain "$link report"
    chain "$link $link report"
    chain "$link lc-sigreset $link lc-hostname h report"
    all+=" $link"
  done <<'END'
lc-sigreset
lc-hostname host
lc-chown 5:6 { /mnt/x }
lc-mountfs -t tmpfs none /mnt/a
lc-mountfs -f /mnt/fstab
lc-mountfs -o rbind,ro /mnt/b /mnt/c
lc-mountdev /mnt/b
lc-overlay -l /mnt/low -t /mnt/a
lc-idmap -b 0:1000:10 -o ro /mnt/low /mnt/c
lc-setns -n /proc/1/ns/net -n /proc/1/ns/uts
lc-unshare -m -u -i -n -C -l
lc-unshare -m -P slave
lc-tolerant
END
  chain "$all report"
  chain "$all $all report"
}

@test "the process that payload and links have: signals, limits, umask, nice, descriptors, working directory" {
  fixture
  both fresh -i PIPE -i CHLD -i RTMIN+3 -b USR1 -b CHLD -m 027 nice -n 5 prlimit --nofile=100:200 --core=0 --stack=1048576 -- \
    sh -c 'cd /mnt/a ; exec 5< file 7> new 9<> /dev/null ; exec "$@"' sh \
    lc-hostname h lc-unshare -m -b ' true' '' lc-mountfs -t tmpfs none /mnt/b lc-mountdev /mnt/c lc-hostname h report x '' 'a b'
  reported
  stdout_has 'fd 9 '
  stdout_has 'umask 23'
  stdout_has 'nice 5'
  both fresh -i PIPE -i CHLD -b USR1 lc-hostname h lc-unshare -p -i -b ' true' '' lc-sigreset lc-hostname h report
  both fresh -i HUP -b CHLD -b TERM lc-hostname h lc-unshare -m -p -i -u -U -B 0:1000:100 -b ' true' '' lc-mountfs -t proc p /proc lc-hostname h report
  reported
}

@test "a working directory that is gone, and no standard descriptors" {
  both sh -c 'mkdir d ; cd d ; rmdir ../d ; exec lc-hostname h lc-sigreset lc-mountfs -t tmpfs none /tmp lc-hostname h report'
  reported
  both sh -c 'exec lc-hostname h lc-mountfs -t tmpfs none /tmp lc-unshare -m -u lc-hostname g report <&- 2>&-'
  reported
}

@test "timers, scheduling, personality, the death signal, a subreaper and the rest of what exec keeps" {
  need chrt ionice setarch choom
  both chrt -b 0 ionice -c 2 -n 7 setarch -R choom -n 300 -- setpriv --pdeathsig TERM -- \
    perl -MPOSIX -MTime::HiRes=setitimer,ITIMER_REAL,ITIMER_VIRTUAL -e '
      setitimer(ITIMER_REAL, 1000, 500) ; setitimer(ITIMER_VIRTUAL, 1000) ;
      my $prctl = {x86_64 => 157, aarch64 => 167}->{(POSIX::uname())[4]} or die ;
      syscall($prctl, 36, 1, 0, 0, 0) ; # PR_SET_CHILD_SUBREAPER
      syscall($prctl, 29, 70000, 0, 0, 0) ; # PR_SET_TIMERSLACK
      exec @ARGV' \
    lc-hostname h lc-sigreset lc-unshare -m lc-mountfs -t tmpfs none /tmp lc-hostname h report
  reported
  stdout_has 'pdeathsig 15'
  stdout_has 'oom_score_adj: 300'
  stdout_has 'itimer is set 1'
  stdout_has 'subreaper 1'
  stdout_has 'timerslack 70000'
}

@test "credentials, capability sets, securebits and no_new_privs of a caller who is not quite root" {
  local how
  _lib_etc
  while IFS= read -r how; do
    # shellcheck disable=SC2086 # words
    both setpriv $how -- lc-sigreset lc-sigreset lc-tolerant report
    reported
    # shellcheck disable=SC2086 # words
    both -s any setpriv $how -- lc-unshare -U lc-sigreset lc-sigreset report
    # shellcheck disable=SC2086 # words
    both -s any setpriv $how -- lc-unshare -U -m -M self -G self lc-sigreset lc-mountfs -t tmpfs none /tmp lc-sigreset report
  done <<'END'
--no-new-privs
--bounding-set -sys_time,-net_raw
--bounding-set -sys_time --inh-caps +net_raw,+chown
--inh-caps +net_raw --ambient-caps +net_raw
--securebits +noroot,+noroot_locked --inh-caps +sys_admin,+net_raw --ambient-caps +sys_admin
--securebits +noroot --inh-caps +setuid
--securebits +no_setuid_fixup
--reuid=65533 --regid=65533 --clear-groups
--reuid=65533 --regid=65533 --groups=5,6,7
--reuid=65533 --regid=65533 --clear-groups --no-new-privs
--reuid=65533 --regid=65533 --clear-groups --inh-caps +sys_admin,+net_admin --ambient-caps +sys_admin,+net_admin
--reuid=65533 --regid=65533 --clear-groups --inh-caps +net_raw
--ruid=65533
--euid=65533
--rgid=65533 --keep-groups
--egid=65533 --keep-groups
--euid=65533 --no-new-privs
--groups=1,2,3
END
}

@test "user namespaces: root mapped or not, one's own id, nested, of an ordinary user" {
  local ns
  _lib_etc
  while IFS= read -r ns; do
    chain "lc-sigreset lc-unshare $ns lc-sigreset report"
    chain -s any "lc-sigreset lc-unshare $ns lc-sigreset lc-unshare -U lc-sigreset report"
    chain -s any "lc-unshare $ns lc-sigreset lc-unshare -u -M 0:0 -G 0:0 lc-hostname h lc-sigreset report"
  done <<'END'
-U
-m -u -i -n -B 0:0:1
-m -u -i -n -C -B 0:100000:65536
-m -B 0:0:5 -B 5:100005:10
-m -B 0:0 -b { true }
-m -B self
-p -B 0:100000:65536
-T -m -B 0:100000:65536
END
  for ns in '-M 5:0 -G 5:0' '-B 0:1:10' '-M 7:1000:10 -G 0:0:10' '-M 0:0:10' '-G 0:0:10'; do
    chain "lc-unshare $ns lc-sigreset lc-sigreset report"
    chain "lc-unshare $ns -p lc-sigreset lc-sigreset report"
  done
  for ns in -U '-m -u -M self -G self' '-M 65533:65533 -G 65533:65533' '-m -M auto -G auto -B 65536:65533' '-p -B 0:65533' '-u -B 0:65533 -b { true }'; do
    both setpriv --reuid=65533 --regid=65533 --clear-groups -- \
      execlineb -Pc "lc-sigreset lc-unshare $ns lc-sigreset lc-sigreset report"
    reported
  done
}

@test "PID namespaces: payloads, their parents and how they end" {
  chain 'lc-unshare -p -m lc-mountfs -t proc proc /proc lc-sigreset report'
  chain 'lc-sigreset lc-unshare -p -m -k 5 -s TERM=RTMIN+4 lc-mountfs -t proc proc /proc lc-unshare -p -m lc-sigreset lc-mountfs -t proc proc /proc report'
  # the processes that stay outside, by name, and their descriptors (but for
  # the pair, which they close when the payload runs already)
  both execlineb -Pc 'lc-sigreset lc-hostname h lc-unshare -p lc-sigreset lc-unshare -p lc-hostname h sh -c "cat /proc/[0-9]*/comm"'
  stdout_is $'lc-unshare\nlc-unshare\nsh'
  both execlineb -Pc 'lc-sigreset lc-mountfs -t tmpfs none /tmp lc-unshare -p lc-hostname h lc-unshare -p lc-mountfs -t tmpfs none /tmp
    sh -c "for p in 1 2; do ls -l /proc/$p/fd | sed -n \"/socket:/d; s/.*:..//p\" ; done"'
  for code in 0 3 126; do
    both -s "$code" execlineb -Pc "lc-sigreset lc-unshare -p lc-sigreset lc-unshare -p lc-sigreset sh -c \"exit $code\""
  done
  both -s 143 execlineb -Pc 'lc-sigreset lc-unshare -p lc-sigreset sh -c "sh -c \"kill -TERM 1\" & trap \"\" TERM; lc-unshare -p sh -c \"exit 143\""'
}

@test "time namespaces" {
  chain 'lc-sigreset lc-unshare -T lc-sigreset lc-hostname h report'
  chain 'lc-unshare -T -p -m lc-mountfs -t proc proc /proc lc-sigreset report'
}

@test "namespaces that are joined" {
  BEFORE='mkfifo -m 0666 /mnt/up ; lc-unshare -m -u -n -B 0:100000:65536 sh -c "echo > /mnt/up ; exec sleep 1000" & read -r _ < /mnt/up ; ns=$! ; ln -s /proc/$ns/ns /mnt/ns ; unset ns'
  chain 'lc-sigreset lc-setns -n /mnt/ns/uts lc-hostname h lc-sigreset report'
  chain 'lc-sigreset lc-setns -n /mnt/ns/user lc-sigreset lc-sigreset report'
  chain 'lc-setns -n /mnt/ns/net -n /mnt/ns/user lc-sigreset lc-sigreset report'
  chain 'lc-setns -n /mnt/ns/user -n /mnt/ns/net -n /mnt/ns/uts lc-hostname h lc-setns -n /mnt/ns/mnt lc-sigreset report'
  chain 'lc-setns -n /proc/1/ns/pid lc-sigreset lc-setns -n /proc/1/ns/pid lc-sigreset report'
}

@test "lc-pivot in the middle, with the tools in the new root: the same files, others, none" {
  local links='lc-sigreset lc-unshare -m -u lc-mountfs -R /mnt/root -t proc proc /proc lc-mountdev -R /mnt/root /dev
    lc-pivot /mnt/root lc-hostname guest lc-mountfs -t tmpfs none /tmp lc-sigreset report'
  guest
  chain -s 127 "$links"
  stderr_is 'lc-pivot: fatal: unable to exec lc-hostname: No such file or directory'
  # bound there
  BEFORE='mount --bind /run/tools /mnt/root/sbin'
  chain "$links"
  chain "${links/lc-hostname guest/lc-unshare -p -m lc-mountfs -t proc proc /proc lc-hostname guest}"
  chain -s 127 "${links/lc-hostname guest/lc-pivot -c /usr lc-hostname guest}"
  # copies
  BEFORE='cp -a /run/tools/. /mnt/root/bin/'
  chain "$links"
  # another program of the name
  BEFORE='mount --bind /run/tools /mnt/root/sbin ; printf "#!/bin/sh\necho other: \$*\nexit 9\n" > /mnt/root/usr/sbin/lc-hostname ; chmod +x /mnt/root/usr/sbin/lc-hostname'
  chain -s 9 "${links/lc-hostname/env PATH=/usr/sbin:/sbin:/bin lc-sigreset lc-hostname}"
  stdout_has 'other: guest lc-mountfs'
  # a directory and a file without x bit of the name, before it
  BEFORE='mount --bind /run/tools /mnt/root/sbin ; mkdir /mnt/root/usr/local/ /mnt/root/usr/local/bin /mnt/root/usr/local/bin/lc-hostname ; touch /mnt/root/usr/bin/lc-hostname'
  chain "$links"
}

@test "lc-pivot: old root kept, chroot, rootfs-like nesting, commands inside, user namespace" {
  guest
  mkdir /run/fixture/root/old
  BEFORE='mount --bind /run/tools /mnt/root/sbin'
  chain 'lc-unshare -m lc-mountfs -R /mnt/root -t proc proc /proc lc-pivot -o /old /mnt/root lc-sigreset lc-hostname h report'
  chain 'lc-unshare -m lc-mountfs -R /mnt/root -t proc proc /proc lc-pivot -c /mnt/root lc-sigreset lc-hostname h report'
  chain 'lc-unshare -m lc-mountfs -R /mnt/root -t proc proc /proc lc-mountdev -R /mnt/root /dev
    lc-pivot -b { lc-hostname inner sh -c "hostname ; ls -l /proc/self/fd | wc -l" } -b { lc-tolerant echo hello } /mnt/root lc-sigreset lc-hostname h report'
  stdout_has hello
  chain 'lc-unshare -m heredoc 3 "hostname here" lc-pivot -i 3 { lc-sigreset sh } /mnt/root lc-mountfs -t proc proc /proc lc-sigreset report'
  chain -s 111 'lc-unshare -m lc-pivot -b { lc-sigreset false } /mnt/root lc-hostname h report'
  BEFORE='cp -a /run/tools/. /mnt/root/sbin/ ; chown -R 100000:100000 /mnt/root'
  chain 'lc-sigreset lc-unshare -m -u -i -n -C -p -B 0:100000:65536 lc-mountfs -R /mnt/root -t proc proc /proc
    lc-mountdev -R /mnt/root /dev lc-mountfs -R /mnt/root -t sysfs -o ro sysfs /sys lc-hostname web1 lc-pivot /mnt/root lc-sigreset lc-mountfs -t tmpfs t /tmp report'
}

@test "hooks and directories of commands run the tools as well" {
  fixture
  mkdir /run/fixture/dir
  printf '#!/bin/sh\nlc-hostname from-dir lc-sigreset hostname\n' > /run/fixture/dir/10
  printf '#!/usr/bin/env -S lc-tolerant sh\necho "$0" "$@"\n' > /run/fixture/dir/20
  chmod +x /run/fixture/dir/10
  both lc-sigreset lc-tolerant /mnt/dir arg
  stdout_is $'from-dir\n/mnt/dir/20 arg'
  chain 'lc-sigreset lc-unshare -m -u -b { lc-hostname outside lc-sigreset sh -c "hostname; env | sort | grep -E \"^(CLONE|LCBOOT)\" ; ls -l /proc/self/fd | wc -l" }
    lc-sigreset lc-hostname inside report'
  chain 'lc-sigreset lc-unshare -p -u -n -b { lc-sigreset sh -c "tr \"\\0\" . < /proc/self/comm" } lc-unshare -n -b { lc-sigreset true } lc-hostname h report'
  chain 'lc-unshare -u -b { if { lc-hostname x true } lc-hostname y echo done } lc-setns -n /proc/1/ns/uts report'
  chain -s 111 'lc-sigreset lc-unshare -m -b { lc-sigreset sh -c "exit 7" } lc-hostname h report'
}

@test "two lists of mounts from standard input, and one that is a file read twice" {
  fixture
  both sh -c 'cat /mnt/fstab | lc-mountfs -f - lc-mountfs -f - lc-sigreset report'
  reported
  both sh -c 'lc-mountfs -f - lc-mountfs -f - lc-sigreset report < /mnt/fstab'
  reported
}

@test "messages of -v and LCBOOT_VERBOSE are those of the link alone" {
  fixture
  both lc-mountfs -v -t tmpfs none /mnt/a lc-mountfs -t tmpfs none /mnt/b lc-unshare -m lc-unshare -v -u report
  is "$(grep -c . <<< "$stderr")" "$(grep -cE '^(lc-mountfs: .* /mnt/a|lc-unshare: .*UTS)' <<< "$stderr")"
  both env LCBOOT_VERBOSE=1 lc-sigreset lc-mountfs -t tmpfs none /mnt/a lc-hostname x lc-unshare -p -m -b ' true' '' lc-mountfs -t proc p /proc report
  both -s 100 env LCBOOT_VERBOSE=x lc-sigreset lc-hostname x lc-mountfs -t tmpfs none /mnt/a report
  both env LCBOOT_VERBOSE=1 execlineb -Pc 'lc-sigreset lc-mountdev /mnt/b lc-overlay -l /mnt/low -t /mnt/a lc-idmap -b 0:1:1 /mnt/low /mnt/low lc-setns -n /proc/1/ns/net report'
}

@test "errors: the n-th link says what it would say alone" {
  local link code
  fixture
  while read -r code link; do
    chain -s "$code" "$link"
    chain -s "$code" "lc-sigreset lc-hostname h lc-unshare -m lc-mountfs -t tmpfs none /mnt/b lc-sigreset $link"
    [[ -n $stderr ]] || fail "says nothing: $link"
  done <<'END'
100 lc-sigreset
100 lc-sigreset -x true
100 lc-hostname
100 lc-hostname 00000000001111111111222222222233333333334444444444555555555566666666667777 true
100 lc-hostname -z
100 lc-unshare true
100 lc-unshare -m
100 lc-unshare -M 1:2:x true
100 lc-unshare -M 0:1:5 -M 3:10 true
100 lc-unshare -b { true
100 lc-pivot /mnt
100 lc-pivot -c -s /mnt/a true
111 lc-pivot /mnt/nosuch true
111 lc-pivot /mnt/x true
100 lc-mountfs
100 lc-mountfs -t tmpfs none
111 lc-mountfs -t tmpfs none /mnt/nosuch true
111 lc-mountfs -t nosuchfs none /mnt/a true
111 lc-mountfs -f /mnt/nosuch true
111 lc-mountfs -o bind /mnt/nosuch /mnt/a true
100 lc-mountdev
111 lc-mountdev /mnt/nosuch true
100 lc-overlay true
111 lc-overlay -l /mnt/nosuch -t /mnt/a true
100 lc-overlay -l /mnt/a -l /mnt/a -t /mnt/a true
100 lc-idmap /mnt/a /mnt/a true
111 lc-idmap -b 0:1:1 /mnt/nosuch /mnt/a true
111 lc-setns -n /mnt/nosuch true
100 lc-setns -n /mnt/x true
100 lc-setns true
100 lc-chown x { /mnt/x } true
111 lc-chown 1:1 { /mnt/nosuch } true
100 lc-chown 1:1 /mnt/x true
100 lc-tolerant
127 lc-tolerant nosuch
126 lc-tolerant /mnt/x
127 lc-hostname h nosuch
127 lc-hostname h /mnt/nosuch/lc-pivot
126 lc-hostname h /mnt/x
126 lc-hostname h /mnt/x/lc-pivot
126 lc-hostname h /mnt/a
126 lc-unshare -m /mnt/a
127 lc-unshare -p nosuch
111 lc-unshare -u -b { false } true
111 lc-unshare -m -b { nosuch } true
END
}

# Where it does not exec, and where it must

@test "a chain of tools is one program: one exec at its start and one at its end" {
  fixture
  guest
  execs 'lc-sigreset report' lc-sigreset lc-hostname h lc-unshare -m -u lc-mountfs -t tmpfs none /mnt/a lc-mountdev /mnt/b \
    lc-overlay -l /mnt/low -t /mnt/c lc-idmap -b 0:1:1 /mnt/low /mnt/low lc-setns -n /proc/1/ns/net lc-chown 1:1 ' /mnt/x' '' lc-sigreset report
  execs 'lc-sigreset report' lc-sigreset lc-unshare -p -m lc-mountfs -t proc p /proc lc-sigreset lc-mountdev /mnt/b lc-hostname h report
  execs 'lc-sigreset report' lc-sigreset lc-unshare -p -m -k 9 lc-mountfs -t proc p /proc lc-sigreset lc-unshare -p -m lc-sigreset report
  execs 'lc-sigreset report' lc-sigreset lc-unshare -m -u -B 0:100000:65536 lc-hostname h lc-sigreset report
  execs 'lc-sigreset report' lc-sigreset lc-unshare -p -m -B self lc-sigreset report
  execs 'lc-sigreset true report' lc-sigreset lc-unshare -m -b ' true' '' lc-sigreset report
  BEFORE='mount --bind /run/tools /mnt/root/sbin'
  execs 'lc-sigreset report' lc-sigreset lc-pivot /mnt/root lc-hostname h lc-sigreset report
  BEFORE=:
  execs 'lc-sigreset report' /run/tools/lc-sigreset /run/tools/lc-hostname h /run/tools/../tools/./lc-sigreset report
  execs 'lcboot report' lcboot lc-hostname h lc-sigreset report
  execs 'setpriv lc-sigreset report' setpriv --no-new-privs lc-sigreset lc-hostname h report
}

@test "no exec: the same file under another path, on another mount, by a hard link, by default PATH" {
  BEFORE='mkdir /mnt/bind ; mount --bind /run/tools /mnt/bind ; ln -s /run/tools/lc-hostname /mnt/bind/../lc-hostname'
  execs 'lc-sigreset report' lc-sigreset /mnt/bind/lc-hostname h /mnt/lc-hostname h /mnt/bind/../bind//lc-sigreset report
  both lc-sigreset /mnt/bind/lc-hostname h /mnt/lc-hostname h /mnt/bind/../bind//lc-sigreset report
  BEFORE='mkdir /run/tools/sub ; if test -L /run/tools/lc-hostname ; then ln /run/tools/lcboot /run/tools/sub/lc-hostname ; else ln /run/tools/lc-hostname /run/tools/sub/ ; fi'
  execs 'lc-sigreset report' lc-sigreset /run/tools/sub/lc-hostname h report
  both lc-sigreset /run/tools/sub/lc-hostname h report
  BEFORE='mount --bind /run/tools /usr/local/sbin ; cd /run/tools'
  execs 'env lc-sigreset report' env -u PATH ./lc-sigreset lc-hostname h ./lc-sigreset ../tools/lc-sigreset /run/lcboot/tests/report
  both env -u PATH ./lc-sigreset lc-hostname h ./lc-sigreset ../tools/lc-sigreset /run/lcboot/tests/report
  reported
}

@test "exec: another file: a copy, another program earlier in PATH, commands of execline in between" {
  BEFORE='mkdir /mnt/copy ; cp -a /run/tools/. /mnt/copy/'
  execs 'lc-sigreset lc-hostname report' lc-sigreset /mnt/copy/lc-hostname h report
  # the copy is exec'ed, and from there the tool of PATH, which is another file
  execs 'lc-sigreset lc-hostname lc-sigreset report' lc-sigreset /mnt/copy/lc-hostname h lc-sigreset report
  both lc-sigreset /mnt/copy/lc-hostname h lc-sigreset report
  reported
  BEFORE='mkdir /mnt/first /mnt/copy ; ln -s /bin/echo /mnt/first/lc-hostname ; cp -a /run/tools/. /mnt/copy/'
  execs 'env lc-sigreset lc-hostname' env PATH=/mnt/first:/run/tools lc-sigreset lc-hostname h report
  both env PATH=/mnt/first:/run/tools lc-sigreset lc-hostname h report
  stdout_is 'h report'
  both execlineb -Pc 'lc-sigreset export PATH /mnt/first:/run/tools lc-sigreset lc-hostname h'
  stdout_is h
  execs 'lc-sigreset export lc-sigreset lc-sigreset lc-hostname' lc-sigreset export PATH /mnt/first:/run/tools lc-sigreset /mnt/copy/lc-sigreset lc-hostname h
  # a file of the name that is no program ends no search, one that is a script is run
  BEFORE='mkdir /mnt/first ; touch /mnt/first/lc-hostname'
  execs 'env lc-sigreset lc-hostname report' env PATH="/mnt/first:/run/tools:$LCBOOT_TESTS" lc-sigreset lc-hostname h report
  both env PATH="/mnt/first:/run/tools:$LCBOOT_TESTS" lc-sigreset lc-hostname h report
  reported
  # replaced while it runs: what is there now is what comes next
  BEFORE='mkdir /mnt/n ; cp -a /run/tools/. /mnt/n/ ; for f in /mnt/n/* ; do if test ! -h $f ; then chmod 0555 $f ; fi ; done'
  execs 'lc-unshare cp lc-hostname report' lc-unshare -u -b ' cp' ' -a' ' --remove-destination' ' /mnt/n/.' ' /run/tools/' '' lc-hostname h report
  both lc-unshare -u -b ' cp' ' -a' ' --remove-destination' ' /mnt/n/.' ' /run/tools/' '' lc-hostname h report
}

@test "exec fails where it would: no x bit, noexec, gone; the message is the same" {
  local how
  for how in ' chmod:a-x' ' mount:-o:remount,bind,noexec:/run/tools' ' rm:-f:-r'; do
    IFS=: read -r -a how <<< "$how"
    case ${how[0]} in
      ' mount') how=("${how[0]}" " ${how[1]}" " ${how[2]}" " ${how[3]}") ;;
      ' rm') how=(' sh' ' -c' ' rm -r /run/tools/*') ;;
      *) how=(' sh' ' -c' ' chmod a-x /run/tools/*') ;;
    esac
    both -s any lc-unshare -u -b "${how[@]}" '' lc-hostname h report
    [[ $status == 12[67] ]] || fail "status $status of ${how[*]}"
    stderr_like '^lc-unshare: fatal: unable to exec lc-hostname: (Permission denied|No such file or directory)$'
    both -s any lc-unshare -u -b "${how[@]}" '' /run/tools/lc-hostname h report
    stderr_like '^lc-unshare: fatal: unable to exec /run/tools/lc-hostname: (Permission denied|No such file or directory)$'
  done
  # noexec first in PATH: the search goes on
  BEFORE='mkdir /mnt/noexec ; mount --bind /run/tools /mnt/noexec ; mount -o remount,bind,noexec /mnt/noexec'
  execs 'env lc-sigreset lc-hostname report' env PATH="/mnt/noexec:/run/tools:$LCBOOT_TESTS" lc-sigreset lc-hostname h report
  both env PATH="/mnt/noexec:/run/tools:$LCBOOT_TESTS" lc-sigreset lc-hostname h report
  reported
  both -s 126 lc-sigreset /mnt/noexec/lc-hostname h report
}

@test "exec: the file has changed since the program was started" {
  execs 'lc-sigreset chmod lc-hostname report' lc-sigreset lc-before -b ' chmod' ' 0755' ' /run/tools/lcboot' '' lc-hostname h lc-sigreset report
  execs 'lc-sigreset ln lc-hostname report' lc-sigreset lc-before -b ' ln' ' /run/tools/lcboot' ' /run/tools/other' '' lc-hostname h lc-sigreset report
  both lc-sigreset lc-before -b ' sh' ' -c' ' chmod 0755 /run/tools/*' '' lc-hostname h lc-sigreset report
  reported
  both -s 126 lc-sigreset lc-before -b ' sh' ' -c' ' chmod a-x /run/tools/*' '' lc-hostname h lc-sigreset report
}

@test "exec: set-id bits, capabilities of the file, a file that cannot be read" {
  local bits who
  _lib_etc
  for bits in u+s g+s ug+s; do
    BEFORE="chown 65533:65533 /run/tools/* ; chmod $bits /run/tools/*"
    execs 'lc-sigreset lc-sigreset report' lc-sigreset lc-sigreset report
    for who in '--no-new-privs' '--reuid=1000 --regid=1000 --clear-groups' '--no-new-privs --reuid=1000 --regid=1000 --clear-groups'; do
      # shellcheck disable=SC2086 # words
      both setpriv $who lc-sigreset lc-sigreset lc-sigreset report
      reported
    done
  done
  # bits that come when the chain runs already
  BEFORE='chown 65533:65533 /run/tools/*'
  for bits in u+s g+s; do
    execs 'lc-unshare sh chmod lc-sigreset lc-sigreset report' lc-unshare -u -b ' sh' ' -c' " chmod $bits /run/tools/*; :" '' lc-sigreset lc-sigreset report
    both lc-unshare -u -b ' sh' ' -c' " chmod $bits /run/tools/*; :" '' lc-sigreset lc-sigreset report
    reported
  done
  BEFORE='for f in /run/tools/* ; do if test ! -h $f ; then setcap cap_net_raw,cap_sys_admin+eip $f || exit 1 ; fi ; done'
  execs 'lc-sigreset lc-sigreset report' lc-sigreset lc-sigreset report
  for who in '--groups 5' '--reuid=1000 --regid=1000 --clear-groups' '--reuid=1000 --regid=1000 --clear-groups --inh-caps +net_raw' \
    '--bounding-set -net_raw --reuid=1000 --regid=1000 --clear-groups'; do
    # shellcheck disable=SC2086 # words
    both -s any setpriv $who lc-sigreset lc-sigreset lc-unshare -u lc-sigreset report
  done
  BEFORE='chmod 0711 /run/tools/*'
  execs 'setpriv lc-sigreset lc-sigreset report' setpriv --reuid=65533 --regid=65533 --clear-groups lc-sigreset lc-sigreset report
  both setpriv --reuid=65533 --regid=65533 --clear-groups lc-sigreset lc-sigreset lc-unshare -U lc-sigreset report
  reported
}

@test "exec: after lc-unshare -p, which shares its memory with its child until then, what may stay or become another user" {
  execs 'lc-sigreset lc-unshare report' lc-sigreset lc-unshare -p -m lc-hostname h lc-unshare -p lc-hostname h report
  execs 'lc-sigreset lc-setns report' lc-sigreset lc-unshare -p lc-setns -n /proc/1/ns/net lc-hostname h report
  execs 'lc-sigreset lc-tolerant report' lc-sigreset lc-unshare -p lc-tolerant report
  both lc-sigreset lc-unshare -p -m lc-hostname h lc-unshare -p lc-hostname i report
}

@test "exec: a command of the guest does not share the memory of lc-unshare -p, even if there is no sealed copy" {
  local how
  # it writes over the arguments of the guest's PID 1, which are in its memory
  busybox_root /run/fixture/r
  cat > /run/fixture/r/bin/poke <<'END'
#!/bin/sh
set -- $(sed 's/.*) //' /proc/1/stat)
shift 45
echo -n POKED | dd of=/proc/1/mem bs=1 seek="$1" conv=notrunc 2> /dev/null
echo "poked: $(tr '\0' ' ' < /proc/1/cmdline | cut -c 1-5)"
echo > /fifo
read -r line < /fifo
END
  chmod 0755 /run/fixture/r/bin/poke
  mkfifo /run/fixture/r/fifo
  cat > /run/watcher <<'END'
"$@" lc-unshare -p -m lc-hostname h lc-mountfs -R r -t proc proc /proc lc-pivot -b ' /bin/poke' '' r /bin/true &
read -r line < r/fifo
echo "outside: $(tr '\0' ' ' < /proc/$!/cmdline | cut -c 1-13)"
echo > r/fifo
wait $!
END
  for how in '' 'hide-syscalls memfd_create'; do
    # shellcheck disable=SC2086 # a command, or none
    run_build multicall sh /run/watcher $how
    is "$(< /run/both/out.multicall)" $'poked: POKED\noutside: lc-unshare -p' "with $how"
    is "$(< /run/both/status.multicall)" 0
  done
}

@test "exec: ids that differ, capabilities that it takes away, a strict execline, a name that is not of the chain" {
  _lib_etc
  execs 'setpriv lc-sigreset lc-sigreset lc-sigreset report' setpriv --ruid=65533 lc-sigreset lc-sigreset lc-sigreset report
  execs 'lc-unshare lc-sigreset report' lc-unshare -U lc-sigreset lc-sigreset report
  execs 'lc-unshare lc-sigreset report' lc-unshare -M 7:0 -G 7:0 lc-sigreset lc-sigreset report
  execs 'setpriv lc-unshare lc-sigreset report' setpriv --reuid=65533 --regid=65533 --clear-groups lc-unshare -U lc-sigreset lc-sigreset report
  # what exec takes away, the next link does not have
  both -s 111 lc-unshare -U -u lc-hostname h report
  stderr_like '^lc-hostname: fatal: unable to set the host name to h .*: Operation not permitted$'
  both -s 111 lc-unshare -u -M 7:0 -G 7:0 lc-hostname h report
  both -s 111 setpriv --reuid=65533 --regid=65533 --clear-groups lc-unshare -U -u lc-sigreset lc-hostname h report
  both -s 111 setpriv --inh-caps +setgid lc-unshare -u -M 7:0 lc-sigreset lc-hostname h report
  execs 'env lc-sigreset lc-hostname lc-sigreset report' env EXECLINE_STRICT=1 lc-sigreset lc-hostname h lc-sigreset report
  both env EXECLINE_STRICT=1 lc-sigreset lc-unshare -u -b ' true' '' lc-hostname h lc-sigreset report
  reported
  execs 'lc-tolerant lc-sigreset report' lc-tolerant lc-sigreset lc-sigreset report
  execs 'lc-unshare lc-sigreset true report' lc-unshare -u -b ' lc-sigreset' ' lc-sigreset' ' true' '' lc-sigreset report
  execs 'lc-sigreset lcboot report' lc-sigreset lcboot lc-hostname h lc-sigreset report
}

@test "look-ups that go wrong: no PATH to speak of, loops, names that are too long, what is no directory" {
  local long p
  printf -v long '%0300d' 0
  BEFORE='cd /run/tools'
  for p in '' : :: /nosuch: :/nosuch /nosuch::/run/tools . ./ .. "$long" "$long:/run/tools" /mnt/x:/run/tools /run/tools/; do
    mkdir -p /run/fixture
    touch /run/fixture/x
    both -s any env PATH="$p" /run/tools/lc-sigreset lc-hostname h lc-sigreset /run/lcboot/tests/report
  done
  BEFORE='mkdir /mnt/loop /mnt/secret ; ln -s lc-hostname /mnt/loop/lc-hostname ; ln -s nosuch /mnt/loop/lc-sigreset ; chmod 0 /mnt/secret'
  both -s any env PATH=/mnt/loop:/run/tools lc-sigreset lc-hostname h /run/lcboot/tests/report
  both -s any env PATH=/mnt/loop:/run/tools lc-sigreset lc-sigreset lc-sigreset /run/lcboot/tests/report
  reported
  both -s any env PATH=/mnt/secret:/run/tools setpriv --reuid=1000 --regid=1000 --clear-groups lc-sigreset lc-sigreset /run/lcboot/tests/report
  both -s any lc-sigreset "/run/tools/$long" report
  both -s any lc-sigreset "$long" report
  both -s any lc-sigreset "/run/tools$(printf '/.%.0s' {1..2100})/lc-hostname" h report
  both lc-sigreset "/run/tools$(printf '/.%.0s' {1..1500})/lc-hostname" h report
  both -s any lc-sigreset /run/tools/lc-hostname/ h report
  both -s any lc-sigreset '' report
  both -s any lc-sigreset / report
}

# Long chains

# at_end N CMD…: CMD, a chain of tools in one program, goes on with lc-mountfs
# that waits for its fstab; then rss, size, data and stack are what the process
# has of them in KiB, and fds its descriptors. The resident memory is without the
# pages of its file: with one that it needs the kernel maps those around it that
# are at hand, few or many. All that is mapped, but for the stack, is in size.

at_end ()
{
  local key value
  # the subshell opens it too, lest a chain that fails be waited for
  run_build multicall sh -c 'mkfifo /mnt/fifo
    ( sh -c "echo \$\$ > /mnt/pid ; exec \"\$@\"" sh "$@" || exit 1 <> /mnt/fifo ) &
    exec 3> /mnt/fifo
    read -r pid < /mnt/pid
    # it is awake now, until it has opened it too, and waits for what there is to read
    while test -e "/proc/$pid" && ! grep -q "^State:.[SZ]" "/proc/$pid/status"; do :; done
    cat "/proc/$pid/status" "/proc/$pid/smaps_rollup"
    ls -l "/proc/$pid/fd"
    echo "fds: $(ls "/proc/$pid/fd" | wc -l)"
    exec 3>&-
    wait $!' sh "$@" lc-mountfs -f /mnt/fifo report
  is "$(< /run/both/status.multicall)" 0 "the exit status" || { cat /run/both/err.multicall; return 1; }
  while read -r key value _; do
    case $key in
      Anonymous:) rss=${rss:-$value} ;;
      VmSize:) size=${size:-$value} ;;
      VmData:) data=${data:-$value} ;;
      VmStk:) stack=${stack:-$value} ;;
      fds:) fds=$value ;;
    esac
  done < /run/both/out.multicall
  size=$((size - stack))
}

# grows N LINK…: N times LINK does not make the process larger, but for its
# arguments, and leaves no descriptor

grows ()
{
  local n=$1 i chain=() rss='' size='' data='' stack='' fds='' rss1 size1 data1 fds1
  shift
  at_end "$@"
  rss1=$rss size1=$size data1=$data fds1=$fds rss='' size='' data='' stack='' fds=''
  for ((i = 0; i < n; i++)); do chain+=("$@"); done
  at_end "${chain[@]}"
  is "$fds" "$fds1" "the number of descriptors after $n times $*"
  ((data - data1 <= n / 8)) || fail "$n times $*: data grows from $data1 to $data KiB"
  ((size - size1 <= n / 8)) || fail "$n times $*: what is mapped grows from $size1 to $size KiB"
  ((rss - rss1 <= n / 8 + stack)) || fail "$n times $*: resident memory grows from $rss1 to $rss KiB"
}

@test "memory and descriptors do not grow with the length of a chain" {
  fixture
  grows 10000 lc-sigreset
  grows 10000 lc-hostname h
  grows 2000 lc-mountfs -o remount,bind,nosuid none /mnt
  grows 2000 lc-mountfs -f /dev/null
  grows 500 lc-mountfs -t tmpfs none /mnt/a
  grows 1000 lc-chown -R /mnt 1:1 ' a/file' ' x' ''
  grows 300 lc-unshare -m
  grows 300 lc-unshare -u -b ' true' ''
  grows 500 lc-setns -n /proc/self/ns/uts
  grows 50 lc-idmap -b 0:1000:10 /mnt/low /mnt/c
  grows 100 lc-overlay -n -l /mnt/low -l /mnt/a -t /mnt/c
  grows 50 lc-mountdev /mnt/b
  grows 20 lc-unshare -U -m -u -B 0:0:1 lc-hostname h
  grows 1000 lc-pivot -c /
}

@test "descriptors of a step: nothing that stays has them, a program or a watcher, and they need no high limit" {
  local i
  fixture
  both lc-mountfs -o bind /mnt/a /mnt/a lc-mountdev /mnt/b lc-unshare -p -m sh -c 'ls /proc/1/fd ; echo ; ls /proc/self/fd'
  stdout_is $'0\n1\n2\n\n0\n1\n2\n3'
  both lc-mountfs -o bind /mnt/a /mnt/a lc-mountdev /mnt/b lc-before -b ' ls' ' /proc/1/fd' '' lc-mountfs -o bind /mnt/c /mnt/c ls /proc/self/fd
  stdout_is $'0\n1\n2\n3\n0\n1\n2\n3'
  # nor those of a procfs that it has made itself; 3 tells it of its child
  both lc-mountfs -t proc p /mnt/a lc-mountfs -t tmpfs none /proc lc-unshare -p -T sh -c 'until grep -q "^State:.S" /mnt/a/1/status; do :; done; ls /mnt/a/1/fd'
  stdout_is $'0\n1\n2\n3'
  for ((i = 0; i < 60; i++)); do echo "none /mnt/a tmpfs defaults 0 0"; done > /run/fixture/sixty
  both prlimit --nofile=20 lc-mountfs -f /mnt/sixty lc-mountdev /mnt/b lc-mountfs -o bind /mnt/c /mnt/c report
  reported
}

@test "ten thousand links need no more stack than one" {
  local i links=() mixed=()
  fixture
  for ((i = 0; i < 10000; i++)); do links+=(lc-sigreset); done
  STRACE_FLAGS=--seccomp-bpf
  execs 'prlimit lc-sigreset report' prlimit --stack=1048576 -- "${links[@]}" report
  execs 'prlimit lc-sigreset report' prlimit --stack=262144 -- "${links[@]:0:5000}" report
  for ((i = 0; i < 2000; i++)); do mixed+=(lc-hostname "h$i" lc-mountfs -o remount,bind,nosuid none /mnt lc-sigreset lc-chown 1:1 ' /mnt/x' ''); done
  execs 'lc-hostname report' "${mixed[@]}" report
  grep -q 'execfn .*report' /run/both/out.multicall
  # and the payload of a long chain is that of a short one
  both "${mixed[@]:0:800}" report
  reported
}

# The program itself

@test "lcboot: alone it lists the tools, with one's name it is that tool, and it knows no other" {
  local t
  PATH=$multicall:$PATH
  ok lcboot
  is "$output" "$(cd "$LCBOOT_REPO/src/lcboot/deps-exe" && LC_ALL=C ls)"
  for t in $output; do
    is "$(readlink "$multicall/$t")" lcboot "the link $t"
    try "$t"
    local code=$status line=$stderr
    fails "$code" "$line" lcboot "$t"
  done
  ok lcboot lc-hostname h state host misc
  stdout_has 'hostname h'
  fails 100 'lcboot: fatal: no such tool: nonsense' lcboot nonsense
  fails 100 'lcboot: fatal: no such tool: ' lcboot ''
  fails 100 'lcboot: fatal: no such tool: lcboot' lcboot lcboot
  fails 100 'lcboot: fatal: no such tool: lc' lcboot lc
  fails 100 'lcboot: fatal: no such tool: --help' lcboot --help
  ok "$multicall/lcboot" /nosuch/lc-hostname g state host
  stdout_is 'hostname g'
  ln -s "$multicall/lcboot" other
  ok ./other lc-hostname k state host
  stdout_is 'hostname k'
  try sh -c 'lcboot > /dev/full'
  status_is 111
  stderr_has 'lcboot: fatal: unable to write to standard output'
  is "$(find "$multicall" -type l -printf '%f\n' | LC_ALL=C sort)" "$(cd "$LCBOOT_REPO/src/lcboot/deps-exe" && LC_ALL=C ls)" "the links"
}

mk ()
{
  env -u BUILD -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS make -s "$@"
}

@test "make install with flag-multicall, and a tool that is added by its file and its deps-exe" {
  local t=$BATS_TEST_TMPDIR n
  mkdir "$t/src"
  tar -C "$LCBOOT_REPO" -c --exclude=./.git --exclude=./.build . | tar -x -C "$t/src"
  sed 's/lc-sigreset/lc-a-new-one/' "$t/src/src/lcboot/lc-sigreset.c" > "$t/src/src/lcboot/lc-a-new-one.c"
  cp "$t/src/src/lcboot/deps-exe/lc-sigreset" "$t/src/src/lcboot/deps-exe/lc-a-new-one"
  # as a file of conf-compile this time
  echo 'one program' > "$t/src/conf-compile/flag-multicall"
  mk -C "$t/src" deps
  mk -C "$t/src" -j2 DESTDIR="$t/dest" path-bin=/bin install
  ok "$t/dest/bin/lcboot"
  stdout_is "$(cd "$t/src/src/lcboot/deps-exe" && LC_ALL=C ls)"
  stdout_has lc-a-new-one
  for n in $output; do is "$(readlink "$t/dest/bin/$n")" lcboot "the installed link $n"; done
  is "$(find "$t/dest/bin" -type l | wc -l)" "$(wc -w <<< "$output")" "the number of links"
  is "$(stat -c '%a %U:%G' "$t/dest/bin/lcboot")" "$(awk '$1 == "lcboot" { sub("^0", "", $2) ; print $2, "root:root" }' "$t/src/package/modes")" "its mode"
  cp -a "$t/dest/bin/." /run/tools/
  PATH=/run/tools:$PATH fails 100 'lc-a-new-one: usage: lc-a-new-one prog...' lc-a-new-one
  PATH=/run/tools:$PATH try strace -f -qq -e trace=execve -o trace lc-sigreset lc-a-new-one lc-a-new-one lc-hostname h true
  status_is 0
  is "$(grep -c ' = 0$' trace)" 2 "the number of execs"
  # without the flag it is one more program
  rm "$t/src/conf-compile/flag-multicall"
  mk -C "$t/src" -j2 BUILD="$t/build" all
  [[ -x $t/build/bin/lcboot && ! -h $t/build/bin/lc-pivot && -x $t/build/bin/lc-a-new-one ]] || fail "the separate build is not separate"
}

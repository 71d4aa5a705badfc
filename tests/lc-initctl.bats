#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154,SC2034 # inner shells; lib.bash sets status, output, lines, stderr
#
# lc-initctl: what it listens to, whom it asks and how, and what it leaves alone.
# Guests with real inits are in lc-initctl-inits.bats.

# a million requests, to a listener that takes its time, may take theirs
TEST_TIMEOUT=240
load lib

usage='lc-initctl: usage: lc-initctl [ -v ] [ -R root ] [ -f fifo ]... [ -p pid ] [ -i init ] [ -s level=signal ]... prog...'

# The listeners of this test: their program is a copy in memory

listeners ()
{
  local p
  for p in /proc/[0-9]*; do
    case $(readlink "$p/exe") in "/memfd:lc-initctl "*) echo "${p#/proc/}" ;; esac
  done
}

no_listener () { [[ -z $(listeners) ]]; }

# said LINE: waits until what was spawned has that line on its stderr

said () { await grep -qxF -- "$1" "$_lib_dir/spawned.err"; }

# payload OPTION…: sigpayload as prog, with a fifo in the working directory

payload ()
{
  spawn lc-initctl -f fifo "$@" sigpayload
  expect ready
}

done_with ()
{
  kill -KILL "$SPAWNED"
  wait "$SPAWNED" 2> /dev/null || :
  await no_listener
}

# A guest that is a directory: PROGRAM from the tests as NAME in r

guest_of ()
{
  rm -rf r
  mkdir -p r/run r/dev r/proc r/etc
  cp "$LCBOOT_TESTS/$1" "r/$2"
}

# A request, and what becomes of it

@test "runlevel 0 and 6 become signals" {
  payload
  initreq 0 > fifo
  expect 'got TERM'
  initreq 6 > fifo
  expect 'got INT'
  kill -0 "$SPAWNED"
}

@test "the request as another program writes it" {
  need perl
  payload
  perl -e 'print pack "i4x368", 0x03091969, 1, ord "0", 0' > fifo
  expect 'got TERM'
  # many of them, one writer
  { initreq 6; } > fifo
  expect 'got INT'
}

@test "the fifo: mode 0600, the caller's, whatever the umask" {
  local m
  for m in 0 022 0777; do
    spawn fresh -m "$m" lc-initctl -f fifo sigpayload
    expect ready
    is "$(stat -c '%F %a %u:%g' fifo)" 'fifo 600 0:0'
    done_with
    run ! test -e fifo
  done
}

@test "default: /dev/initctl" {
  mount -t tmpfs none /dev
  spawn lc-initctl sigpayload
  expect ready
  is "$(ls /dev)" initctl
  initreq 0 > /dev/initctl
  expect 'got TERM'
}

@test "several fifos" {
  mkdir d
  spawn lc-initctl -f fifo -f d/other -f "$PWD/third" sigpayload
  expect ready
  initreq 0 > d/other
  expect 'got TERM'
  initreq 6 > third
  expect 'got INT'
  initreq 0 > fifo
  expect 'got TERM'
  done_with
  is "$(find . -type p)" ''
}

@test "the fifo goes with the process, however that ends" {
  payload -s 0=USR1
  kill -KILL "$SPAWNED"
  await no_listener
  run ! test -e fifo
  fails 3 '' lc-initctl -f fifo sh -c 'test -p fifo && exit 3'
  await no_listener
  run ! test -e fifo
}

@test "the fifo goes with the listener, which signals end" {
  local s
  for s in HUP INT QUIT TERM; do
    payload
    kill "-$s" "$(listeners)"
    await no_listener
    run ! test -e fifo
    kill -0 "$SPAWNED"
    kill -KILL "$SPAWNED"
  done
}

@test "other signals do not" {
  local s
  payload
  for s in USR1 USR2 PIPE ALRM CHLD TSTP TTIN TTOU WINCH PWR CONT RTMIN RTMAX; do kill "-$s" "$(listeners)"; done
  initreq 0 > fifo
  expect 'got TERM'
}

@test "what has the fifo's name at the end and is not the fifo stays" {
  payload
  rm fifo
  echo mine > fifo
  kill -KILL "$SPAWNED"
  await no_listener
  is "$(cat fifo)" mine
}

# Whom it asks

@test "-p: another process; prog may be absent" {
  spawn sigpayload
  expect ready
  ok lc-initctl -f fifo -p "$SPAWNED"
  initreq 0 > fifo
  expect 'got TERM'
  ok lc-initctl -f fifo2 -p "$SPAWNED" true
  initreq 6 > fifo2
  expect 'got INT'
  kill -KILL "$SPAWNED"
  await no_listener
  is "$(find . -type p)" ''
}

@test "-p: a process that is missing, or is a thread" {
  need perl
  local tid
  fails 111 'lc-initctl: fatal: unable to get hold of process 2000000000: No such process' lc-initctl -f fifo -p 2000000000 touch ran
  spawn perl -Mthreads -e '$| = 1; threads->create(sub { print "ready\n"; sleep 1000 })->join'
  expect ready
  tid=$(find "/proc/$SPAWNED/task" -mindepth 1 -maxdepth 1 ! -name "$SPAWNED" -printf "%f")
  fails_like 111 "lc-initctl: fatal: unable to get hold of process $tid \\(it is a thread of another one\\): .*" lc-initctl -f fifo -p "$tid" touch ran
  run ! test -e fifo
  run ! test -e ran
}

@test "a process that gets the PID later is not asked" {
  need file:/proc/sys/kernel/ns_last_pid
  local pid listener
  mount -o remount,rw /proc/sys 2> /dev/null || :
  payload
  pid=$SPAWNED
  listener=$(listeners)
  kill -STOP "$listener"
  kill -KILL "$pid"
  wait "$pid" 2> /dev/null || :
  initreq 0 > fifo
  # nothing but the number's next owner is started in between
  mkfifo out
  exec 8<> out
  again ()
  {
    echo "$((pid - 1))" > /proc/sys/kernel/ns_last_pid
    sigpayload > out 8>&- &
    [[ $! == "$pid" ]] || { kill -KILL $!; wait $! 2> /dev/null; return 1; }
  }
  await again
  read -rt 20 line <&8
  is "$line" ready
  kill -CONT "$listener"
  await no_listener
  kill -USR1 "$pid"
  read -rt 20 line <&8
  is "$line" 'got USR1'
  run ! test -e fifo
}

# How it asks

@test "-i: the signals of each init" {
  local init zero six
  while read -r init zero six; do
    payload -i "$init"
    initreq 0 > fifo
    expect "got $zero"
    initreq 6 > fifo
    expect "got $six"
    done_with
  done <<'END'
systemd RTMIN+4 RTMIN+5
busybox USR2 TERM
openrc TERM INT
s6 TERM INT
generic TERM INT
auto TERM INT
END
}

@test "-s: a signal for a runlevel, whatever the init" {
  local level
  payload -i systemd -s 0=QUIT -s 6=SIGHUP -s 1=RTMIN+3 -s 2=RTMAX-1 -s 3=10 -s 4=usr2 -s 5=WINCH -s s=PWR
  for level in 0:QUIT 6:HUP 1:RTMIN+3 2:RTMIN+29 3:USR1 4:USR2 5:WINCH s:PWR 1:RTMIN+3 S:PWR; do
    initreq "${level%:*}" > fifo
    expect "got ${level#*:}"
  done
}

@test "runlevels without a signal, and commands that ask for none, are ignored" {
  payload -v
  initreq 1 2 3 4 5 s S q U 7 > fifo
  initreq -c 0 0 > fifo
  initreq -c 2 0 > fifo
  initreq -c 6 0 > fifo
  initreq -c 12345 6 > fifo
  initreq 0 > fifo
  read -r line <&"$SPAWN_FD"
  is "$line" 'got TERM'
  is "$(grep -c 'no -s says what it is: ignored' "$_lib_dir/spawned.err")" 7
  said 'lc-initctl: info: runlevel 1 is asked for on fifo, but no -s says what it is: ignored'
  said 'lc-initctl: info: a request on fifo asks for something else than a runlevel: ignored'
}

@test "-i auto goes by what runs when the request comes" {
  cp "$LCBOOT_TESTS/sigpayload" systemd
  spawn lc-initctl -f fifo sh -c 'trap "echo term" TERM; echo up; while ! test -e go; do sleep 0.1; done; exec ./systemd'
  expect up
  initreq 0 > fifo
  expect term
  touch go
  expect ready
  await eval '[[ $(readlink /proc/$SPAWNED/exe) == */systemd ]]'
  initreq 6 > fifo
  expect 'got RTMIN+5'
  initreq 0 > fifo
  expect 'got RTMIN+4'
}

@test "-i auto knows the inits by their program" {
  local name as zero six mark
  while read -r name as zero six; do
    cp "$LCBOOT_TESTS/sigpayload" "$name"
    spawn bash -c 'exec lc-initctl -f fifo bash -c "exec -a $1 ./$2"' bash "$as" "$name"
    expect ready
    initreq 0 > fifo
    expect "got $zero"
    initreq 6 > fifo
    expect "got $six"
    done_with
    rm "$name"
  done <<'END'
systemd systemd RTMIN+4 RTMIN+5
openrc-init init TERM INT
busybox init USR2 TERM
busybox /sbin/init USR2 TERM
busybox.static linuxrc USR2 TERM
toybox init USR2 TERM
busybox sh TERM INT
s6-svscan s6-svscan TERM INT
other init TERM INT
systemd-shutdown systemd-shutdown TERM INT
END
  # a copy of busybox, and a program whose file was replaced meanwhile
  { cat "$LCBOOT_TESTS/sigpayload"; head -c 100000 /dev/zero; printf 'BusyBox v1.35.0 (Debian)'; } > init
  chmod 755 init
  spawn lc-initctl -f fifo ./init
  expect ready
  initreq 0 > fifo
  expect 'got USR2'
  done_with
  cp "$LCBOOT_TESTS/sigpayload" systemd
  spawn lc-initctl -f fifo ./systemd
  expect ready
  rm systemd
  initreq 0 > fifo
  expect 'got RTMIN+4'
}

@test "-i auto without a /proc of the guest, or the privilege to mount one: generic" {
  guest_of sigpayload systemd
  mkdir own
  chown 100000:100000 own
  spawn lc-unshare -m -B 0:100000:65536 lc-initctl -f own/fifo lc-pivot r /systemd
  expect ready
  initreq 0 > own/fifo
  expect 'got TERM'
  done_with
  # the control
  spawn lc-unshare -m lc-mountfs -R r -o rbind /proc /proc lc-unshare -m -B 0:100000:65536 lc-initctl -f own/fifo lc-pivot r /systemd
  expect ready
  initreq 0 > own/fifo
  expect 'got RTMIN+4'
}

@test "s6 with a script for USR1, as s6-linux-init makes it" {
  mkdir .s6-svscan
  touch .s6-svscan/SIGUSR1
  payload -i s6
  initreq 0 > fifo
  expect 'got USR1'
  initreq 6 > fifo
  expect 'got INT'
}

@test "runit: the files of Debian's, or those of others, inside of its root" {
  local dir
  guest_of sigpayload runit
  mkdir -p r/etc/runit outside/runit
  # Debian's
  (umask 777; touch r/run/runit.stopit r/run/runit.reboot)
  spawn lc-unshare -m lc-initctl -f fifo lc-pivot r /runit
  expect ready
  initreq 6 > fifo
  expect 'got CONT'
  is "$(stat -c '%a %n' r/run/runit.*)" $'100 r/run/runit.reboot\n100 r/run/runit.stopit'
  chmod 0 r/run/runit.stopit
  initreq 0 > fifo
  expect 'got CONT'
  is "$(stat -c '%a %n' r/run/runit.*)" $'0 r/run/runit.reboot\n100 r/run/runit.stopit'
  is "$(ls r/etc/runit)" ''
  # others: made where they are missing
  rm r/run/runit.*
  initreq 6 > fifo
  expect 'got CONT'
  is "$(stat -c '%a %F %n' r/etc/runit/*)" $'100 regular empty file r/etc/runit/reboot\n100 regular empty file r/etc/runit/stopit'
  rm r/etc/runit/stopit
  ln -s /run/there r/etc/runit/stopit
  (umask 777; touch r/run/there)
  initreq 0 > fifo
  expect 'got CONT'
  is "$(stat -c '%a %n' r/etc/runit/reboot r/run/there)" $'0 r/etc/runit/reboot\n100 r/run/there'
}

@test "runit: nothing outside of its root, and nothing of somebody else's, changes" {
  guest_of sigpayload runit
  mkdir outside
  (umask 777; touch outside/stopit outside/reboot)
  mkdir -p r/etc/runit
  ln -s /mnt/outside/stopit r/etc/runit/stopit
  ln -s ../../../outside/reboot r/etc/runit/reboot
  (umask 777; touch r/run/runit.stopit)
  chown 5 r/run/runit.stopit
  # a process of that guest with ids of its own, seen by a listener that has more
  spawn lc-unshare -m lc-initctl -v -f fifo lc-pivot r /runit
  expect ready
  initreq 0 > fifo
  said 'lc-initctl: warning: unable to ask for runlevel 0 of runit: No such file or directory'
  is "$(stat -c '%a %n' outside/* r/run/runit.stopit)" $'0 outside/reboot\n0 outside/stopit\n0 r/run/runit.stopit'
}

@test "sysvinit: the request is handed on to its own fifo, byte by byte" {
  local level dir
  guest_of sigpayload init
  initreq 0 > zero
  initreq 6 > six
  for dir in run dev; do
    mkfifo "r/$dir/initctl"
    exec 9<> "r/$dir/initctl"
    spawn lc-unshare -m lc-initctl -v -f fifo lc-pivot r /init
    expect ready
    initreq 0 > fifo
    timeout 20 head -c 384 <&9 | cmp - zero
    initreq 6 > fifo
    timeout 20 head -c 384 <&9 | cmp - six
    said 'lc-initctl: info: handed runlevel 6 on to sysvinit'
    done_with
    exec 9<&-
    rm "r/$dir/initctl"
  done
}

@test "sysvinit: no fifo, only a reboot can be asked for" {
  guest_of sigpayload init
  echo file > r/run/initctl
  spawn lc-unshare -m lc-initctl -f fifo lc-pivot r /init
  expect ready
  initreq 0 > fifo
  said 'lc-initctl: warning: unable to ask for runlevel 0 of sysvinit: No such file or directory'
  is "$(cat r/run/initctl)" file
}

@test "sysvinit: our own fifo is not taken for its" {
  guest_of sigpayload init
  spawn lc-unshare -m lc-initctl -v -R r -f /run/initctl lc-pivot r /init
  expect ready
  initreq 6 > r/run/initctl
  expect 'got INT'
}

# What is written

# each write, then a request that must be understood, and be the only one

@test "writes that are no request are dropped, and the next request is not lost" {
  local w n=0 writes=(
    ': short'
    'printf x'
    'printf "\151"'
    'printf "\151\031\011"'
    'head -c 383 /dev/zero'
    'head -c 384 /dev/zero'
    'head -c 1000 /dev/urandom'
    'head -c 70000 /dev/urandom'
    'printf "text\n"'
    'initreq -m 305419896 6'
    'initreq -m 50927977 -l 385 6'
    'initreq -m 0 -l 4096 6'
    'initreq -l 4 6'
    'initreq -l 12 6'
    'initreq -l 192 6'
    'initreq -l 382 6'
    'initreq -l 383 6'
    'initreq -l 192 6 6 6'
    'initreq -l 383 -n 300 6'
    'printf y; initreq -l 100 6; head -c 50 /dev/zero'
    'initreq 6 | head -c 384 | tail -c 372'
  )
  for w in "${writes[@]}"; do
    payload
    # in one piece, by one writer
    { eval "$w"; initreq 0; } > bytes
    dd if=bytes of=fifo bs=4096 status=none
    read -rt 20 line <&"$SPAWN_FD"
    is "$line" 'got TERM' "after $w"
    done_with
    # and by several, one after the other
    payload
    { eval "$w"; } > fifo
    initreq 6 > fifo
    read -rt 20 line <&"$SPAWN_FD"
    is "$line" 'got INT' "after $w"
    done_with
    n=$((n + 1))
  done
  is "$n" "${#writes[@]}"
}

@test "a write that is too long: its first 384 bytes count, and the rest is dropped" {
  payload -v
  initreq -l 500 0 > fifo
  expect 'got TERM'
  said 'lc-initctl: warning: dropped from fifo, for they are no request: 116 bytes'
  initreq 6 > fifo
  expect 'got INT'
}

@test "two in one write are two" {
  payload
  initreq 0 6 > bytes
  dd if=bytes of=fifo bs=768 status=none
  expect 'got INT'
}

in_pieces ()  # BYTES: writes request so, again where that took so long that the rest is not waited for
{
  local start took=1000000
  while ((took >= 900000)); do
    start=${EPOCHREALTIME/[.,]/}
    dd if=request of=fifo bs="$1" status=none
    took=$((${EPOCHREALTIME/[.,]/} - start))
  done
}

@test "halves: the rest is waited for, but not for ever" {
  initreq 0 > request
  payload -v
  in_pieces 192
  expect 'got TERM'
  # byte by byte
  initreq 6 > request
  in_pieces 1
  expect 'got INT'
  initreq 0 > request
  head -c 192 request > fifo
  said 'lc-initctl: warning: dropped from fifo, for they are no request: 192 bytes'
  tail -c 192 request > fifo
  initreq 6 > fifo
  read -rt 20 line <&"$SPAWN_FD"
  is "$line" 'got INT'
}

@test "a rest that came in time counts, however late the listener is" {
  need strace
  local pid
  initreq 0 > request
  payload
  pid=$(listeners)
  # it is late after its second read, which finds no rest yet
  strace -qq -o trace -e trace=read -e inject=read:delay_exit=1500000:when=2 -p "$pid" &
  await grep -q '^TracerPid:.[1-9]' "/proc/$pid/status"
  head -c 192 request > fifo
  await grep -q EAGAIN trace
  tail -c 192 request > fifo
  expect 'got TERM'
}

@test "a half of one writer and a request of another: the request counts" {
  payload
  initreq -l 192 6 > fifo
  initreq 0 > fifo
  read -rt 20 line <&"$SPAWN_FD"
  is "$line" 'got TERM'
}

@test "writers come and go: the fifo does not end, and the listener sleeps" {
  local i before after
  payload
  for i in {1..20}; do : > fifo; done
  printf 'garbage' > fifo
  said 'lc-initctl: warning: dropped from fifo, for they are no request: 7 bytes'
  await grep -q '^State:.S' "/proc/$(listeners)/status"
  before=$(grep ctxt "/proc/$(listeners)/status")
  read -rt 0.5 <> <(:) || :
  after=$(grep ctxt "/proc/$(listeners)/status")
  is "$after" "$before" 'how often the listener ran'
  initreq 0 > fifo
  expect 'got TERM'
}

ticks () { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
ticks_of_children () { awk '{ print $16 + $17 }' "/proc/$1/stat"; }
# but for the pages of its program, of which the kernel maps some now and some later
memory () { awk '$1 ~ /RssAnon|VmPeak|VmData/ { print $1 $2 }' "/proc/$1/status"; }

@test "a million requests: hardly any time, no memory, few signals, few lines" {
  local pid before writer mem start n
  payload -v
  pid=$(listeners)
  initreq 0 > fifo
  expect 'got TERM'
  printf 'garbage' > fifo
  said 'lc-initctl: warning: dropped from fifo, for they are no request: 7 bytes'
  before=$(ticks "$pid")
  mem=$(memory "$pid")
  writer=$(ticks_of_children $$)
  start=$SECONDS
  timeout 200 initreq -n 500000 0 6 > fifo
  is "$(memory "$pid")" "$mem" 'the memory of the listener'
  # at most twice what writing them takes on this machine
  writer=$(($(ticks_of_children $$) - writer))
  n=$(($(ticks "$pid") - before))
  ((n < 2 * writer + 20)) || fail "the listener took $n hundredths of a second, the writer $writer"
  ((n = 10 * (SECONDS - start + 20)))
  (($(grep -c . "$_lib_dir/spawned.err") < n)) || fail "there are too many lines of messages"
  kill -USR1 "$SPAWNED"
  n=0
  while read -rt 20 line <&"$SPAWN_FD"; do
    if [[ $line == 'got USR1' ]]; then break; fi
    n=$((n + 1))
  done
  ((n <= SECONDS - start + 2)) || fail "$n signals in $((SECONDS - start)) seconds"
  # it still works
  await eval 'initreq 0 > fifo; read -rt 0.1 line <&"$SPAWN_FD" && [[ $line == "got TERM" ]]'
}

@test "a flood of garbage: hardly any time, few lines, and requests are found in it" {
  local pid before start n
  payload
  pid=$(listeners)
  before=$(ticks "$pid")
  start=$SECONDS
  head -c 100000000 /dev/zero > fifo
  { head -c 30000 /dev/urandom; initreq 6; head -c 30000 /dev/urandom; } > fifo
  expect 'got INT'
  n=$(($(ticks "$pid") - before))
  ((n < 200)) || fail "the listener took $n hundredths of a second"
  n=$(grep -c . "$_lib_dir/spawned.err")
  # ten in ten seconds
  ((n <= SECONDS - start + 20)) || fail "there are $n lines of messages"
}

@test "the same request again within a second is not a new one; another one waits for its second" {
  local zero start took=1000000
  # the shell writes it, lest the start of a program takes that second
  zero=$(initreq 0 | od -An -v -t o1 | tr -d '\n')
  # where the machine took longer, another signal is right
  while ((took >= 1000000)); do
    payload
    start=${EPOCHREALTIME/[.,]/}
    initreq -n 5 0 > fifo
    expect 'got TERM'
    printf '%b' "${zero// /\\0}" > fifo
    initreq 6 > fifo
    read -rt 20 line <&"$SPAWN_FD"
    took=$((${EPOCHREALTIME/[.,]/} - start))
    if [[ $line == 'got INT' ]]; then break; fi
    done_with
  done
  is "$line" 'got INT'
}

# An init that starts

@test "PID 1 that is not ready yet: the request waits" {
  mkfifo go
  spawn lc-unshare -p lc-initctl -f fifo sh -c 'echo up; read -r x < go; exec sigpayload'
  expect up
  initreq 0 > fifo
  echo > go
  expect ready
  expect 'got TERM'
}

@test "PID 1 that never is: the signal is sent after ten seconds, and the loss is told" {
  spawn lc-unshare -p lc-initctl -f fifo sh -c 'echo up; exec sleep 1000'
  expect up
  initreq 0 > fifo
  said "lc-initctl: warning: the guest's PID 1 neither catches nor blocks SIGTERM: it is lost"
}

# What is there already

@test "what is no fifo is left alone" {
  local before
  echo text > file
  ln -s /mnt/target link
  ln -s fifo2 to-fifo
  mkfifo -m 600 fifo2
  mkdir dir
  mknod node c 1 3
  before=$(find . -printf '%p %y %i %m %T@ %l\n' | sort)
  for f in file link to-fifo dir node; do
    fails 111 "lc-initctl: fatal: unable to make the fifo $f (what is there is no fifo): File exists" lc-initctl -f "$f" touch ran
  done
  is "$(find . -printf '%p %y %i %m %T@ %l\n' | sort)" "$before"
  no_listener
}

@test "a fifo that somebody reads, or others may open, is left alone" {
  mkfifo -m 600 fifo
  exec 9<> fifo
  fails 111 'lc-initctl: fatal: unable to make the fifo fifo (something reads from it: an init, or another listener): File exists' lc-initctl -f fifo touch ran
  exec 9<&-
  chmod 0620 fifo
  fails 111 'lc-initctl: fatal: unable to make the fifo fifo (it is there, and others than its owner may open it): File exists' lc-initctl -f fifo touch ran
  chmod 0600 fifo
  chown 1 fifo
  fails 111 'lc-initctl: fatal: unable to make the fifo fifo (it belongs to somebody else): File exists' lc-initctl -f fifo touch ran
  run ! test -e ran
  is "$(stat -c '%a %u' fifo)" '600 1'
}

@test "a fifo that a killed listener has left is used" {
  local ino pid
  payload
  ino=$(stat -c %i fifo)
  pid=$(listeners)
  kill -KILL "$pid"
  # its descriptors, too, must be gone
  await test ! -e "/proc/$pid"
  test -p fifo
  kill -KILL "$SPAWNED"
  payload
  is "$(stat -c %i fifo)" "$ino"
  initreq 0 > fifo
  expect 'got TERM'
  done_with
  run ! test -e fifo
}

@test "one of several that cannot be had: the others go again" {
  echo text > file
  fails 111 'lc-initctl: fatal: unable to make the fifo file (what is there is no fifo): File exists' lc-initctl -f a -f b -f file -f c touch ran
  is "$(ls)" file
  no_listener
}

# What prog gets

@test "nothing changes for prog" {
  same_state lc-initctl -f fifo
  await no_listener
  given () { fresh -m 027 -k 7 -i PIPE -i CHLD -b USR1 -b CHLD -b TERM nice -n 3 env A=1 "$@" 7< /dev/null; }
  diff <(given state) <(given lc-initctl -f fifo state)
}

@test "prog has no child" {
  ok lc-initctl -f fifo bash -c 'read -r child < /proc/$$/task/$$/children; wait; echo -n "$child"; test -p fifo'
  stdout_is ''
}

@test "prog as PID 1: the listener is an orphan that it has adopted, and no zombie is there" {
  spawn lc-unshare -p -m lc-mountfs -t proc proc /proc lc-initctl -f fifo sigpayload
  expect ready
  ok nsenter -t "$(pgrep -x sigpayload)" -p -m sh -c 'for p in /proc/[0-9]*; do sed -n "s/^State:.*Z.*/zombie/p; s/^Name:.lc-initctl/listener/p; s/^PPid:.1$/of 1/p" $p/status; done 2> /dev/null | grep -v nsenter'
  stdout_is $'listener\nof 1'
  initreq 0 > fifo
  expect 'got TERM'
}

@test "prog that is missing, or ends at once: nothing stays" {
  fails 127 'lc-initctl: fatal: unable to exec nosuch: No such file or directory' lc-initctl -f fifo nosuch
  await no_listener
  ok lc-initctl -f fifo true
  await no_listener
  run ! test -e fifo
}

@test "the listener inherits no descriptor and no session, and has few of its own" {
  local pid
  spawn bash -c 'exec 7< /dev/null 9> keep; exec lc-initctl -R . -f /fifo sigpayload'
  expect ready
  pid=$(listeners)
  is "$(for f in /proc/"$pid"/fd/*; do readlink "$f"; done | sed 's/.*fifo$/fifo/' | sort | uniq -c | awk '{ print $1, $2 }')" \
    $'1 /\n4 anon_inode:[pidfd]\n1 anon_inode:[signalfd]\n1 fifo'
  is "$(readlink "/proc/$pid/cwd")" /
  refute test "$(awk '{ print $6 }' "/proc/$pid/stat")" = "$(awk '{ print $6 }' "/proc/$SPAWNED/stat")"
}

@test "closed standard descriptors stay closed for prog, and the fifo is none of them" {
  mkfifo go
  fresh sh -c 'exec lc-initctl -f fifo sh -c "state fds; echo that is all; read -r x < go" > out 0<&- 2>&-' &
  await grep -qs "that is all" out
  is "$(grep -o '^fd [0-9]*' out)" 'fd 1'
  for f in 0 1 2; do
    is "$(readlink "/proc/$(listeners)/fd/$f")" 'anon_inode:[pidfd]'
  done
  echo > go
  await no_listener
}

@test "without close_range inherited descriptors are closed too" {
  spawn without close_range -- fresh -k 200 lc-initctl -R / -f /mnt/fifo sigpayload 200< /dev/null
  expect ready
  refute test -e "/proc/$(listeners)/fd/200"
  initreq 0 > fifo
  expect 'got TERM'
}

# The old tree

# boot_image: a file system image with our programs, and a guest beside it; boot
# OPTION… into that guest

boot_image ()
{
  need mke2fs losetup
  need loop
  mkdir -p image/bin image/proc image/mnt/root image/dev boot guest/bin guest/proc guest/dev guest/run
  cp "$LCBOOT_BIN"/lc* image/bin/
  cp /bin/busybox "$LCBOOT_TESTS"/{fresh,hide-syscalls,sigpayload} image/bin/
  cp /bin/busybox "$LCBOOT_TESTS"/{sigpayload,initreq} guest/bin/
  ln -s busybox guest/bin/sh
  touch image/marker
  truncate -s 64M "$BATS_TEST_TMPDIR/image"
  mke2fs -q -t ext4 -d image "$BATS_TEST_TMPDIR/image"
}

in_image ()
{
  spawn lc-unshare -m -p -b ' sh' ' -c' ' echo $LCBOOT_PID > /mnt/pid' '' \
    lc-mountfs -o loop -t ext4 "$BATS_TEST_TMPDIR/image" boot \
    lc-mountfs -R boot -t proc proc /proc \
    lc-mountfs -R boot -o bind guest /mnt/root \
    lc-mountfs -R boot -t proc proc /mnt/root/proc \
    lc-pivot boot /bin/busybox env PATH=/bin "$@"
}

image_is_free () { [[ -z $(losetup -n -O NAME -j "$BATS_TEST_TMPDIR/image") ]]; }

@test "the boot image is freed while the listener runs" {
  local pid
  boot_image
  in_image lc-mountdev -R /mnt/root /dev lc-initctl -R /mnt/root lc-pivot /mnt/root /bin/sigpayload
  expect ready
  await image_is_free
  pid=$(cat pid)
  is "$(ls "/proc/$(listeners)/root")" "$(ls guest)"
  is "$(stat -Lc %d:%i "/proc/$(listeners)/cwd")" "$(stat -Lc %d:%i guest)"
  initreq 0 > "/proc/$pid/root/dev/initctl"
  expect 'got TERM'
  # from inside, by name
  nsenter -t "$pid" -m -p /bin/sh -c '/bin/initreq 6 > /dev/initctl'
  expect 'got INT'
}

@test "the boot image is freed with any standard error, and without open_tree and the like" {
  local pid
  boot_image
  in_image hide-syscalls -e ENOSYS open_tree,mount_setattr,move_mount,fsopen,close_range \
    lc-mountdev -R /mnt/root /dev lc-initctl -R /mnt/root lc-pivot /mnt/root /bin/sigpayload
  expect ready
  await image_is_free
  initreq 0 > "/proc/$(cat pid)/root/dev/initctl"
  expect 'got TERM'
  done_with
  in_image lc-mountdev -R /mnt/root /dev busybox sh -c 'exec 2> /messages; exec lc-initctl -R /mnt/root lc-pivot /mnt/root /bin/sh -c "exec 2>&-; exec sigpayload"'
  expect ready
  await image_is_free
}

@test "the control: without its copy in memory the listener keeps the image in use, and says so" {
  boot_image
  in_image hide-syscalls -e ENOSYS memfd_create lc-mountdev -R /mnt/root /dev lc-initctl -R /mnt/root lc-pivot /mnt/root /bin/sigpayload
  expect ready
  said "lc-initctl: warning: unable to run from a sealed copy, so the listener keeps this program's file system in use: Function not implemented"
  refute image_is_free
  initreq 0 > "/proc/$(cat pid)/root/dev/initctl"
  expect 'got TERM'
}

@test "nothing that the listener holds leads out of the guest" {
  local how look='for p in /proc/[0-9]*; do for f in $p/fd/* $p/cwd $p/root; do for up in . .. ../.. ../../..; do if test -e $f/$up/marker; then echo $f/$up; fi; done; done; done 2> /dev/null; echo looked; exec sleep 1000'
  mkdir -p tree/guest/dev
  touch tree/marker
  busybox_root tree/guest
  for how in '' 'hide-syscalls -e ENOSYS open_tree,move_mount,mount_setattr'; do
    # shellcheck disable=SC2086 # it is words
    spawn $how lc-unshare -m -p lc-mountfs -R tree/guest -t proc proc /proc lc-initctl -R tree/guest lc-pivot tree/guest /bin/sh -c "$look"
    read -rt 20 line <&"$SPAWN_FD"
    is "$line" looked
    done_with
  done
  # the control: a descriptor of that directory does
  spawn lc-unshare -m -p lc-mountfs -R tree/guest -t proc proc /proc sh -c 'exec 7< tree/guest/dev; exec "$@"' sh lc-pivot tree/guest /bin/sh -c "$look"
  expect /proc/1/fd/7/../..
}

@test "with a chroot and a switch of the root it works too" {
  local how
  for how in -c -s; do
    rm -rf guest
    mkdir guest
    spawn lc-unshare -m -p lc-mountfs -t tmpfs none guest sh -c '
      mkdir guest/dev guest/proc guest/mnt; cp "$LCBOOT_TESTS/sigpayload" guest/systemd
      mount -t proc proc /proc
      mount --bind /mnt guest/mnt
      exec lc-initctl -R guest -f /mnt/fifo lc-pivot "$1" guest /systemd' sh "$how"
    expect ready
    initreq 0 > fifo
    expect 'got RTMIN+4'
    done_with
    rm fifo  # its namespace was killed, and the listener with it
  done
}

@test "links inside the root are followed inside, and lead nowhere else" {
  guest_of sigpayload payload
  ln -s /run r/var
  mkdir outside
  ln -s /mnt/outside r/out
  spawn lc-initctl -R r -f /var/initctl sigpayload
  expect ready
  test -p r/run/initctl
  done_with
  fails 111 'lc-initctl: fatal: unable to make the fifo /out/initctl in r (its directory cannot be opened): No such file or directory' lc-initctl -R r -f /out/initctl touch ran
  fails 111 'lc-initctl: fatal: unable to open the root nosuch: No such file or directory' lc-initctl -R nosuch touch ran
  is "$(ls outside)" ''
}

@test "messages: standard error if it is a pipe" {
  guest_of sigpayload payload
  # a file is not kept with -R
  spawn sh -c 'exec lc-initctl -v -R r -f /fifo sigpayload 2> messages'
  expect ready
  initreq 0 > r/fifo
  expect 'got TERM'
  is "$(cat messages)" 'lc-initctl: info: listening on /fifo in r'
  done_with
  # a pipe is
  spawn sh -c 'exec 3>&1; lc-initctl -v -R r -f /fifo sigpayload 2>&1 >&3 3>&- | cat > messages'
  expect ready
  initreq 0 > r/fifo
  await grep -qx 'lc-initctl: info: sent SIGTERM to generic' messages
}

@test "messages: the console, if it is a terminal" {
  guest_of sigpayload payload
  touch r/dev/console
  spawn ptyrun sh -c 'mount --bind "$(tty)" r/dev/console; exec lc-initctl -v -R r -f /fifo sigpayload 2> messages'
  # a signal to who is not sigpayload yet ends it
  expect_like ready
  await grep -q listening messages
  initreq 6 > r/fifo
  expect_like 'lc-initctl: info: sent SIGINT to generic'
}

expect_like ()
{
  local line
  while IFS= read -r -t 20 -u "$SPAWN_FD" line; do
    if [[ $line == *"$1"* ]]; then return 0; fi
  done
  fail "did not see $1"
}

# A user namespace

@test "a guest with ids of its own: the fifo is its root's" {
  local pid
  busybox_root r
  cp "$LCBOOT_TESTS/sigpayload" "$LCBOOT_TESTS/initreq" r/bin/
  chown -R 100000:100000 r
  spawn lc-unshare -m -p -i -B 0:100000:65536 -b ' sh' ' -c' ' echo $LCBOOT_PID > /mnt/pid' '' \
    lc-mountfs -R r -t proc proc /proc lc-mountdev -R r /dev lc-initctl -R r lc-pivot r /bin/sigpayload
  expect ready
  pid=$(cat pid)
  is "$(stat -c '%a %u:%g' "/proc/$pid/root/dev/initctl")" '600 100000:100000'
  nsenter -t "$pid" -U -m -p -S 0 -G 0 /bin/sh -c 'stat -c "%a %u:%g" /dev/initctl; /bin/initreq 0 > /dev/initctl' > out
  is "$(cat out)" '600 0:0'
  expect 'got TERM'
  # another user of the guest may not
  refute nsenter -t "$pid" -U -m -p -S 1000 -G 1000 /bin/sh -c '/bin/initreq 0 > /dev/initctl'
  # the machine's root may
  initreq 6 > "/proc/$pid/root/dev/initctl"
  expect 'got INT'
}

@test "unprivileged" {
  chmod 755 /mnt
  spawn as_user sh -c 'cd; exec lc-initctl -v -f fifo sigpayload'
  expect ready
  is "$(stat -c '%a %u:%g' /run/tester/fifo)" '600 65533:65533'
  initreq 0 > /run/tester/fifo
  expect 'got TERM'
  kill -KILL "$(pgrep -x sigpayload)"
  await no_listener
  run ! test -e /run/tester/fifo
  fails 111 'lc-initctl: fatal: unable to make the fifo /run/fifo: Permission denied' as_user lc-initctl -f /run/fifo touch /run/tester/ran
  spawn sigpayload
  expect ready
  spawn as_user sh -c 'cd; exec lc-initctl -v -f fifo -p '"$SPAWNED"' sh -c "echo up; exec sleep 1000"'
  expect up
  as_user sh -c 'initreq 0 > /run/tester/fifo'
  said 'lc-initctl: warning: unable to ask for runlevel 0 of generic: Operation not permitted'
}

# Chains

@test "twice in one chain" {
  spawn lc-initctl -f a -s 0=USR1 lc-initctl -f b -s 0=USR2 sigpayload
  expect ready
  initreq 0 > a
  expect 'got USR1'
  initreq 0 > b
  expect 'got USR2'
  initreq 6 > b
  expect 'got INT'
  done_with
  is "$(find . -type p)" ''
}

@test "-v tells" {
  local path
  payload -v
  said 'lc-initctl: info: listening on fifo'
  initreq 0 > fifo
  said 'lc-initctl: info: runlevel 0 is asked for on fifo'
  said 'lc-initctl: info: sent SIGTERM to generic'
  kill -TERM "$(listeners)"
  said 'lc-initctl: info: the listener is ended by a signal'
  done_with
  payload -v -s 0=USR1
  initreq 0 > fifo
  said 'lc-initctl: info: sent SIGUSR1'
  kill -KILL "$SPAWNED"
  said 'lc-initctl: info: the process is gone, and so is the listener'
  await no_listener
  # silent otherwise
  payload
  initreq 0 > fifo
  expect 'got TERM'
  done_with
  is "$(cat "$_lib_dir/spawned.err")" ''
  ok env LCBOOT_VERBOSE= lc-initctl -f fifo true
}

# What is wrong

@test "wrong usage" {
  local x
  fails 100 "$usage" lc-initctl
  fails 100 "$usage" lc-initctl -x touch ran
  fails 100 "$usage" lc-initctl -f
  fails 100 "$usage" lc-initctl -f fifo
  for x in '' / . .. a/ a/. a/.. /..; do
    fails 100 "lc-initctl: fatal: not the name of a fifo: $x" lc-initctl -f "$x" touch ran
  done
  for x in '' 0 -1 +1 x 1x 4294967297 99999999999999999999; do
    fails 100 "lc-initctl: fatal: invalid process: $x" lc-initctl -f fifo -p "$x" touch ran
  done
  for x in '' = 0 0: 7=TERM x=TERM q=TERM 00=TERM =TERM; do
    fails 100 "lc-initctl: fatal: invalid signal for a runlevel: $x (expected level=signal, the level 0 to 6 or s)" lc-initctl -f fifo -s "$x" touch ran
  done
  for x in 0= 0=NOSUCH 0=0 0=65 0=RTMIN+99 0=-1; do
    fails 100 "lc-initctl: fatal: invalid signal for a runlevel: $x (no such signal)" lc-initctl -f fifo -s "$x" touch ran
  done
  for x in '' Systemd upstart 'systemd '; do
    fails 100 "lc-initctl: fatal: unknown init: $x (expected auto, systemd, sysvinit, busybox, openrc, runit, s6, generic)" lc-initctl -f fifo -i "$x" touch ran
  done
  fails 100 'lc-initctl: fatal: too many -f' lc-initctl -f{1..17} touch ran
  fails 100 'lc-initctl: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-initctl -f fifo touch ran
  is "$(ls)" ''
  ok lc-initctl -f{1..16} true
}

@test "a directory that is missing, is none, cannot be written to" {
  touch file
  fails 111 'lc-initctl: fatal: unable to make the fifo nosuch/fifo (its directory cannot be opened): No such file or directory' lc-initctl -f nosuch/fifo touch ran
  fails_like 111 'lc-initctl: fatal: unable to make the fifo file/fifo.*: Not a directory' lc-initctl -f file/fifo touch ran
  mkdir ro
  mount -t tmpfs -o ro none ro
  fails 111 'lc-initctl: fatal: unable to make the fifo ro/fifo: Read-only file system' lc-initctl -f ro/fifo touch ran
  run ! test -e ran
}

@test "a step that fails: no fifo, no listener, no prog" {
  need strace
  local call e
  while read -r call e; do
    try strace -f -qq -o /dev/null -e "inject=$call:error=$e" lc-initctl -f a -f b touch ran
    status_is 111
    [[ $stderr == 'lc-initctl: fatal: '* ]] || fail "$call: $stderr"
    is "$(ls)" '' "what is left when $call fails"
    await no_listener
  done <<'END'
pidfd_open EMFILE
pidfd_open ENOSYS
mknodat ENOSPC
fchmod EPERM
signalfd4 ENOMEM
dup2 EMFILE
chdir EACCES
END
  fails 111 'lc-initctl: fatal: unable to get hold of process '"$BASHPID"' (pidfd_open is Linux 5.3, or hidden): Function not implemented' \
    without pidfd_open -- lc-initctl -f fifo -p "$BASHPID" touch ran
  try strace -f -qq -o /dev/null -e inject=clone,fork,vfork,clone3:error=EAGAIN lc-initctl -f a touch ran
  status_is 111
  stderr_has 'unable to start the listener: Resource temporarily unavailable'
  is "$(ls)" ''
}

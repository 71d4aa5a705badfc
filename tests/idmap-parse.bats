#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines and stderr
load lib

# Id maps on the command line, through the two programs that take them.

invalid ()  # MAP: neither program takes it, and says so
{
  fails 100 "lc-unshare: fatal: invalid id map: $1 (expected inside:outside[:count])" lc-unshare -M "$1" touch ran
  fails 100 "lc-unshare: fatal: invalid id map: $1 (expected inside:outside[:count])" lc-unshare -G "$1" touch ran
  fails 100 "lc-unshare: fatal: invalid id map: $1 (expected inside:outside[:count])" lc-unshare -B "$1" touch ran
  fails 100 "lc-idmap: fatal: invalid id map: $1 (expected inside:outside[:count])" lc-idmap -b "$1" /mnt /mnt touch ran
  run ! test -e ran
}

wrong ()  # MESSAGE MAP…: neither program takes those maps together
{
  local message=$1 map b=() m=()
  shift
  for map; do
    b+=(-b "$map")
    m+=(-M "$map")
  done
  fails 100 "lc-unshare: fatal: $message" lc-unshare "${m[@]}" touch ran
  fails 100 "lc-unshare: fatal: $message" lc-unshare "${m[@]/-M/-G}" touch ran
  fails 100 "lc-unshare: fatal: $message" lc-unshare "${m[@]/-M/-B}" touch ran
  fails 100 "lc-idmap: fatal: $message" lc-idmap "${b[@]}" /mnt /mnt touch ran
  run ! test -e ran
}

maps_to ()  # LINES MAP…: what the kernel has of the users' map, lines apart by commas
{
  local want=$1 map m=()
  shift
  for map; do m+=(-M "$map"); done
  ok lc-unshare "${m[@]}" state maps
  is "$(sed -n 's/^map uid //p' <<< "$output" | paste -sd,)" "$want" "the map of $*"
}

@test "two numbers and three, between colons" {
  maps_to '0 1000 1' 0:1000
  maps_to '0 1000 65536' 0:1000:65536
  maps_to '4294967294 4294967294 1' 4294967294:4294967294:1
  maps_to '0 0 4294967295' 0:0:4294967295
  maps_to '7 8 9' 0000000007:08:9
}

@test "two numbers and three, between blanks" {
  maps_to '0 1000 1' '0 1000'
  maps_to '0 1000 65536' '0 1000 65536'
  maps_to '0 1000 65536' $'  0\t1000 \t 65536 '
  maps_to '1 2 3' $'\t1 2\t3'
}

@test "several maps, in their order" {
  maps_to '10 5 1,0 1000 10,20 100000 65536' 10:5 '0 1000 10' 20:100000:65536
}

@test "too few numbers, and too many" {
  local map
  for map in '' ' ' 0 : :: ::: 0: :0 0:: 0:0: 0::1 :0:1 0:0:1: 0:0:1:2 '0 ' ' 0' '0 0 1 2'; do invalid "$map"; done
}

@test "signs, junk and other notations" {
  local map
  for map in -1:0 0:-1 0:0:-1 +1:0 0:+1 0:0:+1 0x0:0 0:0x10 0:1e3 a:b 0:0:x 0:1000k root:0 0,1000,1 '0:1000 1' '0 : 1000' \
    '0: 1000' ' 0:1000' '0:1000 ' $'0:1000\n' $'0 1000\n' 0-1000-1 0:1000:65536x; do
    invalid "$map"
  done
}

@test "names that only one program knows are no maps for the other" {
  fails 100 'lc-idmap: fatal: invalid id map: self (expected inside:outside[:count])' lc-idmap -b self /mnt /mnt true
  fails 100 'lc-idmap: fatal: invalid id map: auto (expected inside:outside[:count])' lc-idmap -u auto /mnt /mnt true
  invalid Self
  invalid autos
}

@test "numbers that do not fit" {
  local n
  for n in 4294967295 4294967296 4294967297 9999999999 18446744073709551616 18446744073709551617 99999999999999999999999; do
    invalid "$n:0"
    invalid "0:$n"
    invalid "$n:0:1"
    invalid "0:$n:1"
  done
  # a count can be one more than the largest id
  for n in 4294967296 4294967297 9999999999 18446744073709551617; do invalid "0:0:$n"; done
}

@test "a count of zero maps nothing" {
  wrong 'id map 0:1000:0 maps nothing' 0:1000:0
  wrong 'id map 5:1000:0 maps nothing' 0:1000:1 '5 1000 0'
}

@test "past the last id" {
  wrong 'id map 1:0:4294967295 runs past the last id, 4294967294' 1:0:4294967295
  wrong 'id map 0:1:4294967295 runs past the last id, 4294967294' 0:1:4294967295
  wrong 'id map 4294967294:0:2 runs past the last id, 4294967294' 4294967294:0:2
  wrong 'id map 0:4294967294:2 runs past the last id, 4294967294' 0:4294967294:2
  wrong 'id map 2147483648:0:2147483648 runs past the last id, 4294967294' 2147483648:0:2147483648
  maps_to '2147483648 0 2147483647' 2147483648:0:2147483647
}

@test "overlaps inside name both lines" {
  wrong 'id maps 0:1000:1 and 0:2000:1 overlap inside' 0:1000 0:2000
  wrong 'id maps 0:1000:10 and 9:2000:1 overlap inside' 0:1000:10 9:2000:1
  wrong 'id maps 5:1000:1 and 0:2000:10 overlap inside' 5:1000 '0 2000 10'
  wrong 'id maps 100:9:5 and 104:2000:1 overlap inside' 0:1000:10 100:9:5 104:2000:1
  wrong 'id maps 0:0:4294967295 and 4294967294:0:1 overlap inside' 0:0:4294967295 4294967294:0:1
  maps_to '0 1000 10,10 2000 1' 0:1000:10 10:2000:1
}

@test "overlaps outside name both lines" {
  wrong 'id maps 0:1000:1 and 1:1000:1 overlap outside' 0:1000 1:1000
  wrong 'id maps 0:1000:10 and 100:1009:1 overlap outside' 0:1000:10 100:1009:1
  wrong 'id maps 0:1005:1 and 100:1000:10 overlap outside' 0:1005 100:1000:10
  maps_to '0 1000 10,100 1010 1' 0:1000:10 100:1010:1
}

@test "users and groups do not overlap each other" {
  ok lc-unshare -M 0:1000 -G 0:1000 -M 1:2000 -G 1:3000 state maps
  stdout_is $'map uid 0 1000 1\nmap uid 1 2000 1\nmap gid 0 1000 1\nmap gid 1 3000 1\nmap setgroups allow'
  fails 100 'lc-unshare: fatal: id maps 0:1000:1 and 0:5:1 overlap inside' lc-unshare -B 0:1000 -M 0:5 true
  fails 100 'lc-unshare: fatal: id maps 0:1000:1 and 0:5:1 overlap inside' lc-unshare -G 0:1000 -B 0:5 true
}

many ()  # FROM TO OUTSIDE: maps of one id each, in maps
{
  local i
  maps=()
  for ((i = $1; i <= $2; i++)); do maps+=(-M "$i:$(($3 + 2 * i)):1"); done
}

@test "340 lines are written, 341 are refused" {
  many 0 339 1000
  ok lc-unshare "${maps[@]}" state maps
  is "$(grep -c '^map uid ' <<< "$output")" 340 'the number of lines'
  stdout_has 'map uid 339 1678 1'
  fails 100 'lc-unshare: fatal: more than the 340 lines of an id map that the kernel takes, at 340:1680:1' \
    lc-unshare "${maps[@]}" -M 340:1680 true
  fails 100 'lc-idmap: fatal: more than the 340 lines of an id map that the kernel takes, at 340:1680:1' \
    lc-idmap "${maps[@]/-M/-b}" -b 340:1680 /mnt /mnt true
  ok lc-unshare "${maps[@]/-M/-B}" state maps
  is "$(grep -c '^map gid ' <<< "$output")" 340 'the number of lines'
}

@test "a text that fits the page by one byte is written, one byte more is refused" {
  local i maps=()
  # 170 lines of 24 bytes are 4080, and one of 15 is 4095
  for ((i = 0; i < 170; i++)); do maps+=(-M "$((1000000000 + i)):$((1000000000 + 2 * i)):1"); done
  ok lc-unshare "${maps[@]}" -M 10000:123456:1 state maps
  is "$(grep -c '^map uid ' <<< "$output")" 171 'the number of lines'
  fails 100 'lc-unshare: fatal: the id map is 4096 bytes long, and the kernel takes less than 4096' \
    lc-unshare "${maps[@]}" -M 100000:123456:1 touch ran
  fails 100 'lc-unshare: fatal: the id map is 4096 bytes long, and the kernel takes less than 4096' \
    lc-unshare "${maps[@]/-M/-G}" -G 100000:123456:1 touch ran
  fails 100 'lc-idmap: fatal: the id map is 4096 bytes long, and the kernel takes less than 4096' \
    lc-idmap "${maps[@]/-M/-b}" -b 100000:123456:1 /mnt /mnt touch ran
  run ! test -e ran
}

@test "lc-idmap: users and groups apart" {
  mkdir src dst
  touch src/file
  ok lc-idmap -u 0:1000 -g 0:2000 src dst stat -c %u:%g dst/file
  stdout_is 1000:2000
  ok lc-idmap -u 0:1000 src src stat -c %u:%g src/file
  stdout_is 1000:0
  fails 100 'lc-idmap: fatal: id maps 0:1000:1 and 0:2000:1 overlap inside' lc-idmap -u 0:1000 -u 0:2000 src dst true
  fails 100 'lc-idmap: fatal: id maps 0:1000:1 and 0:2000:1 overlap inside' lc-idmap -b 0:1000 -g 0:2000 src dst true
}

@test "self: the caller, as root" {
  ok lc-unshare -M self -G self state maps
  stdout_is $'map uid 0 0 1\nmap gid 0 0 1\nmap setgroups allow'
  ok setpriv --reuid=1000 --regid=2000 --clear-groups --inh-caps=+setuid,+setgid --ambient-caps=+setuid,+setgid lc-unshare -B self state maps
  stdout_is $'map uid 0 1000 1\nmap gid 0 2000 1\nmap setgroups allow'
  fails 100 'lc-unshare: fatal: id maps 0:0:1 and 0:5:1 overlap inside' lc-unshare -M self -M 0:5 true
  fails 100 'lc-unshare: fatal: id maps 0:0:1 and 0:0:1 overlap inside' lc-unshare -M self -B self true
  fails 100 'lc-unshare: fatal: id maps 9:0:1 and 0:0:1 overlap outside' lc-unshare -M 9:0 -M self true
}

@test "auto: all ranges of the caller, by name and by number, one after the other" {
  subids 'daemon:1:1' 'root:200000:1000' '0:300000:5' 'roots:1:1' 'oot:1:1' 'root:5000:7'
  ok lc-unshare -B auto state maps
  stdout_is $'map uid 0 200000 1000\nmap uid 1000 300000 5\nmap uid 1005 5000 7\nmap gid 0 200000 1000\nmap gid 1000 300000 5\nmap gid 1005 5000 7\nmap setgroups allow'
}

@test "auto: users and groups from their own files" {
  subids root:200000:10
  echo root:300000:20 > /run/etc/subgid
  ok lc-unshare -B auto state maps
  stdout_is $'map uid 0 200000 10\nmap gid 0 300000 20\nmap setgroups allow'
}

@test "auto: begins above what is mapped already" {
  subids root:200000:1000 root:300000:5
  ok lc-unshare -M self -M auto state maps
  stdout_is $'map uid 0 0 1\nmap uid 1 200000 1000\nmap uid 1001 300000 5\nmap setgroups allow'
  ok lc-unshare -M 0:0 -M 5000:1:10 -M 100:50 -M auto state maps
  stdout_is $'map uid 0 0 1\nmap uid 5000 1 10\nmap uid 100 50 1\nmap uid 5010 200000 1000\nmap uid 6010 300000 5\nmap setgroups allow'
}

@test "auto: a caller that /etc/passwd does not know goes by number" {
  subids 12345:200000:10 root:300000:10
  ok setpriv --reuid=12345 --regid=12345 --clear-groups --inh-caps=+setuid,+setgid --ambient-caps=+setuid,+setgid lc-unshare -M auto state maps
  stdout_is $'map uid 0 200000 10\nmap setgroups allow'
}

@test "auto: no ranges" {
  subids daemon:1:1
  fails 111 'lc-unshare: fatal: no subordinate ids for root in /etc/subuid' lc-unshare -M auto touch ran
  fails 111 'lc-unshare: fatal: no subordinate ids for root in /etc/subgid' lc-unshare -G auto touch ran
  fails 111 'lc-unshare: fatal: no subordinate ids for 12345 in /etc/subuid' setpriv --reuid=12345 lc-unshare -M auto touch ran
  : > /run/etc/subuid
  fails 111 'lc-unshare: fatal: no subordinate ids for root in /etc/subuid' lc-unshare -B auto touch ran
  umount /etc/subuid
  mkdir etc
  mount -t tmpfs none etc
  touch etc/passwd
  mount --bind etc /etc
  fails 111 'lc-unshare: fatal: unable to read /etc/subuid: No such file or directory' lc-unshare -M auto touch ran
  fails 111 'lc-unshare: fatal: unable to read /etc/subgid: No such file or directory' lc-unshare -G auto touch ran
  run ! test -e ran
}

@test "auto: lines that are wrong" {
  local line
  for line in root root: root:1 root:1: root::1 root:x:1 root:1:x root:-1:1 root:1:0 root:4294967295:1 root:1:4294967296 'root:1: 5'; do
    # a short line must not go on in the next one
    subids "$line" 100000:65536:1
    fails 111 "lc-unshare: fatal: invalid line in /etc/subuid: $line" lc-unshare -M auto touch ran
  done
  subids root:4294967290:10
  fails 100 'lc-unshare: fatal: id map 0:4294967290:10 runs past the last id, 4294967294' lc-unshare -M auto touch ran
  subids root:1000:10 root:1009:1
  fails 100 'lc-unshare: fatal: id maps 0:1000:10 and 10:1009:1 overlap outside' lc-unshare -M auto touch ran
  subids root:1000:10
  fails 100 'lc-unshare: fatal: id map 4294967295:1000:10 runs past the last id, 4294967294' \
    lc-unshare -M 4294967294:5 -M auto touch ran
  fails 100 'lc-unshare: fatal: id maps 0:1000:10 and 0:0:1 overlap inside' lc-unshare -M auto -M self touch ran
  run ! test -e ran
}

@test "auto: comments, empty lines and a last line without an end" {
  subids '# root:1:1' '' 'root:2000:10' '#root:1:1'
  printf 'root:3000:5' >> /run/etc/subuid
  ok lc-unshare -M auto state maps
  stdout_is $'map uid 0 2000 10\nmap uid 10 3000 5\nmap setgroups allow'
}

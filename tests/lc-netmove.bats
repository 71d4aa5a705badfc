#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154 # inner shells; lib.bash reads the settings, and sets status, output, lines, stderr; same calls its VIEW by name
# Three network namespaces: that of the test, `host`, the other end of its veth
# pairs, and `guest`, where interfaces are moved to. Devices that not every kernel
# has, and the initial network namespace, are in VMs: see vm_setup.
TEST_TIMEOUT=300
load lib
load cache
load qemu

usage='lc-netmove: usage: lc-netmove [ -v ] [ -k ] [ -a | ( -i interface )... ] target prog...'
modules=(dummy 8021q macvlan veth bridge sit bonding)
guest=/run/netns/guest

setup_file ()
{
  cache_kernel bookworm-net "${modules[@]}"
  cache_kernel bullseye-net "${modules[@]}"
}

setup ()
{
  need ip
  ip netns add host
  ip netns add guest
}

# wire N…: eth0 … here, h0 … in host, connected and up there; the link-local
# addresses are not looked for, so that they are there at once

wire ()
{
  local n
  for n; do
    ip link add "h$n" netns host type veth peer name "eth$n" || cannot "the kernel has no veth" || return 1
    ip netns exec host sh -c 'echo 0 > /proc/sys/net/ipv6/conf/h$1/accept_dad' sh "$n"
    echo 0 > "/proc/sys/net/ipv6/conf/eth$n/accept_dad"
    ip -n host link set "h$n" up
  done
}

# Carriers, and what follows from them, come a little later; so does the local route
# of an IPv6 address.

settled ()
{
  ! ip addr | grep -q -e tentative -e "NO-CARRIER.*LOWER_UP" &&
    (($(ip -6 route show table local type local | grep -vc ' lo ') >= $(ip -6 -o addr show up | grep -vc ' lo ')))
}
up () { local x; for x; do ip link set "$x" up; done; await settled; }

names () { ip "$@" -o link | sed 's/^[0-9]*: //; s/[:@].*//' | sort | paste -sd' '; }
here () { is "$(names)" "$1" 'what is here'; }
there () { is "$(names -n guest)" "$1" 'what is in guest'; }

# All that is to be kept, and nothing that changes by itself or comes with the
# carrier, which takes its time.

addresses () { ip "$@" addr | sed 's/NO-CARRIER,//; s/,LOWER_UP//; s/ state [A-Z]*//; s/[0-9]*sec/Nsec/g; s/@[^:]*//; s/ qdisc [a-z]*//; s/ link-netns[^ ]*//; s/ qlen.*//'; }
routes ()
{
  ip "$@" -4 route show table all | sed 's/ linkdown//; s/ nhid [0-9]*//; s/\t/ /g'
  ip "$@" -6 route show table all | sed 's/ linkdown//; s/[0-9]*sec/Nsec/g; s/\t/ /g'
}
picture () { addresses "$@" | sed '/^[0-9]*: lo/,/^2/{/^2/!d}'; routes "$@" | grep -v -e ' lo ' -e ' ff00::/8 ' | sort; }

# addresses with carriers and all else, but for their lifetimes
more () { ip addr | sed 's/ qdisc.*//; /_lft/d'; }

# same VIEW FILE [-n NS]: that view is that of FILE, at once or when carriers are there

same ()
{
  local view=$1 before=$2
  shift 2
  is_same () { "$view" "$@" > now; cmp -s "$before" now; }
  await is_same "$@" || diff -u "$before" now
}

# What host has learned may be the address of another interface of that namespace

ping_guest () { ip -n host neigh flush all; await ip netns exec host busybox ping -c 1 -W 1 "$@" > /dev/null; }

# stopped_at N CMD…: CMD as SPAWNED, stopped after its Nth message to the kernel,
# which nothing but SIGSTOP can do: the first four ask for what there is, then an
# interface is moved and looked for, in turn. `go` lets it go on.

stopped_at ()
{
  local n=$1
  shift
  need strace pgrep
  rm -f stops
  spawn strace -qq -o stops -e trace=sendto -e "inject=sendto:signal=STOP:when=$n" "$@"
  await grep -qs 'stopped by SIGSTOP' stops
}
go () { kill -CONT "$(pgrep -x lc-netmove)"; finish; }

# What moves

@test "all but lo: down, without addresses, with their names, MTU and hardware address" {
  wire 0 1
  ip link set eth0 mtu 1400 address 02:00:00:00:00:99
  ip addr add 10.0.0.2/24 dev eth0
  up eth0
  ok lc-netmove "$guest" sh -c 'echo "$@"; readlink /proc/self/ns/net' sh 'a b' c
  stdout_is 'a b c'$'\n'"$(readlink /proc/self/ns/net)"
  here lo
  there 'eth0 eth1 lo'
  run ip -n guest -o addr show up
  is "$output" ''
  run ip -n guest -o route
  is "$output" ''
  [[ $(ip -n guest -o link show eth0) == *'mtu 1400'*02:00:00:00:00:99* ]]
}

@test "the target is a PID, or the file of a network namespace; a number with a slash is a file" {
  local pid
  wire 0 1 2
  spawn ip netns exec guest sh -c 'echo $$; exec sleep 1000'
  read -r -u "$SPAWN_FD" pid
  ok lc-netmove -i eth0 "$pid"
  ok lc-netmove -i eth1 "/proc/$pid/ns/net"
  touch 4711
  mount --bind "$guest" 4711
  ok lc-netmove -i eth2 ./4711
  there 'eth0 eth1 eth2 lo'
}

@test "those that are named: by a name, by an alternative one, twice" {
  wire 0 1 2 3
  ip link property add dev eth2 altname wan altname uplink-to-the-world
  ok lc-netmove -i eth3 -i eth0 -i uplink-to-the-world -i eth2 -i eth0 -- "$guest"
  here 'eth1 lo'
  there 'eth0 eth2 eth3 lo'
}

@test "alternative names go along, and work there" {
  wire 0
  ip link property add dev eth0 altname wan altname uplink-to-the-world
  ok lc-netmove "$guest"
  [[ $(ip -n guest link show wan) == *altname*altname* ]]
  ip -n guest link show uplink-to-the-world
  refute ip link show wan
  # and back
  ok ip netns exec guest lc-netmove /proc/$$/ns/net
  ip link show wan
}

@test "an index that is taken there, and many more interfaces" {
  local i
  ip -n guest link add br0 index 7 type bridge || cannot "the kernel has no bridge"
  ip link add x index 7 type veth peer name y
  ip addr add 10.0.0.2/24 dev x
  up x y
  for i in 1 2 3 4 5 6; do wire "$i"; done
  ok lc-netmove -k "$guest"
  there 'br0 eth1 eth2 eth3 eth4 eth5 eth6 lo x y'
  [[ $(ip -n guest -o addr show x) == *' 10.0.0.2/24 '* ]]
  # both ends of a veth pair are still that
  await eval '[[ $(ip -n guest -o link show x) == *" x@y: "*" state UP "* ]]'
}

@test "no interface, and the current namespace as the target: nothing to do" {
  ok lc-netmove "$guest" echo ran
  stdout_is ran
  try lc-netmove -v "$guest"
  stderr_is 'lc-netmove: info: there is no interface to move'
  wire 0
  ok lc-netmove /proc/self/ns/net echo ran
  stdout_is ran
  try lc-netmove -v -i nosuch /proc/self/ns/net
  status_is 0
  stderr_is 'lc-netmove: info: /proc/self/ns/net is in this network namespace already: there is nothing to move'
  here 'eth0 lo'
}

# What stays

@test "a bridge stays, silently; its port goes; -v says so" {
  wire 0 1
  ip link add br0 type bridge || cannot "the kernel has no bridge"
  ip link set eth0 master br0
  ok lc-netmove -i eth1 "$guest"
  try lc-netmove -v "$guest" true
  status_is 0
  stderr_like "^lc-netmove: info: br0 stays \(it cannot leave its network namespace\)(: kernel: [^:]*)?"$'\n'"lc-netmove: info: eth0 is moved to $guest, and no longer a port of br0\$"
  ok lc-netmove "$guest"
  here 'br0 lo'
  there 'eth0 eth1 lo'
}

@test "a bridge, or lo, that is named is a failure, and nothing is moved" {
  wire 0
  ip link add br0 type bridge || cannot "the kernel has no bridge"
  ip addr add 10.0.0.2/24 dev eth0
  up eth0
  picture > before
  fails_like 111 "lc-netmove: fatal: unable to move br0 to $guest \(it cannot leave its network namespace\)(: kernel: .*)?: Invalid argument" \
    lc-netmove -i eth0 -i br0 "$guest" touch ran
  fails_like 111 "lc-netmove: fatal: unable to move lo to $guest \(it cannot leave its network namespace\)(: kernel: .*)?: Invalid argument" \
    lc-netmove -i eth0 -i lo "$guest" touch ran
  same picture before
  there lo
  run ! test -e ran
}

@test "an interface that does not exist: nothing is moved" {
  wire 0
  fails 111 'lc-netmove: fatal: no interface eth7 in this network namespace' lc-netmove -i eth0 -i eth7 "$guest" touch ran
  fails 111 'lc-netmove: fatal: no interface  in this network namespace' lc-netmove -i '' "$guest" touch ran
  here 'eth0 lo'
  run ! test -e ran
}

# -k

@test "-k: addresses, routes, MTU and up state of several interfaces, and packets flow at once" {
  wire 0 1 2
  ip -n host addr add 10.0.0.1/24 dev h0
  ip -n host addr add 2001:db8::1/64 dev h0 nodad
  ip -n host route add 10.40.0.0/16 via 10.0.0.2
  ip link set eth0 mtu 1400
  ip link set eth1 addrgenmode none
  # addresses: primary, secondary, label, peer, scope, metric, lifetimes
  ip addr add 10.0.0.2/24 brd + dev eth0 label eth0:x
  ip addr add 10.0.0.3/24 dev eth0
  ip addr add 10.9.0.2 peer 10.9.0.1/32 dev eth0 scope link
  ip addr add 10.8.0.2/24 brd 10.8.0.99 dev eth0 metric 77 valid_lft 1000 preferred_lft 500
  ip addr add 10.7.0.2/24 dev eth0 noprefixroute
  ip addr add 10.1.0.2/24 dev eth1
  ip addr add 2001:db8::2/64 dev eth0 nodad
  ip addr add 2001:db8::3/64 dev eth0
  ip addr add 2001:db8:1::3/64 dev eth0 nodad valid_lft 1000 preferred_lft 500
  ip addr add 2001:db8:2::3/64 dev eth0 nodad noprefixroute
  ip addr add fe80::99/64 dev eth1 nodad
  ip addr add 10.66.0.2/24 dev eth2
  up eth0 eth1
  ip addr add 2001:db8:3::3 peer 2001:db8:3::4/128 dev eth0 nodad
  # routes: a gateway behind a route that is listed later, onlink, table, source
  ip route add default via 10.0.0.1
  ip route add 10.7.0.0/24 dev eth0 proto kernel scope link src 10.7.0.2 metric 100
  ip route add 10.20.0.0/16 via 10.0.0.1 metric 5 src 10.0.0.3 table 100 proto static
  ip route add 10.30.0.0/16 via 10.66.0.1 dev eth0 onlink mtu 1300 advmss 1200
  ip route add 10.55.0.1 dev eth0
  ip route add 10.40.0.0/16 via 10.55.0.1
  ip route add 10.41.0.0/16 via inet6 2001:db8::1 dev eth0
  ip route add 10.50.0.0/16 nexthop via 10.0.0.1 weight 3 nexthop via 10.1.0.1
  ip route add 10.51.0.0/16 tos 8 via 10.0.0.1
  ip route add multicast 239.1.0.0/16 dev eth1
  ip -6 route add default via 2001:db8::1
  ip -6 route add 2001:db8:50::/64 via 2001:db8::1 src 2001:db8::2 metric 9 expires 500
  ip -6 route add 2001:db8:60::/64 nexthop via 2001:db8::1 nexthop via fe80::5 dev eth1
  ip -6 route add 2001:db8:70::/64 via fe80::5 dev eth1 proto ra pref high
  await settled
  picture > before
  ok lc-netmove -k "$guest"
  here lo
  same picture before -n guest
  for what in 10.0.0.2 10.0.0.3 '-6 2001:db8::2' '-6 2001:db8::3'; do
    # shellcheck disable=SC2086
    ping_guest $what
  done
  # lifetimes go on, they do not begin again
  run ip -n guest addr show eth0
  [[ $output =~ 10\.8\.0\.2/24.*valid_lft\ ([0-9]+)sec\ preferred_lft\ ([0-9]+)sec.*2001:db8:1::3/64.*valid_lft\ ([0-9]+)sec ]]
  ((BASH_REMATCH[1] > 900 && BASH_REMATCH[1] <= 1000 && BASH_REMATCH[2] <= 500 && BASH_REMATCH[3] > 900 && BASH_REMATCH[3] <= 1000))
  run ip -n guest -6 route show 2001:db8:50::/64
  [[ $output =~ expires\ ([0-9]+)sec ]]
  ((BASH_REMATCH[1] > 400 && BASH_REMATCH[1] <= 501))
}

@test "-k: what is down stays down, with its addresses; IPv6 off stays so" {
  wire 0 1
  ip addr add 10.0.0.2/24 dev eth0
  echo 1 > /proc/sys/net/ipv6/conf/eth1/disable_ipv6
  ip addr add 10.1.0.2/24 dev eth1
  ok lc-netmove -k "$guest"
  run ip -n guest -o addr show dev eth0
  [[ $output == *' 10.0.0.2/24 '* && ${#lines[@]} == 1 ]]
  [[ $(ip -n guest -o link show eth0) == *'state DOWN'* ]]
  [[ $(ip -n guest -o addr show dev eth1) == *' 10.1.0.2/24 '* ]]
}

@test "-k: an IPv6 address that was not checked yet is checked there; temporary ones are left out" {
  ip link add p type veth peer name eth0 || cannot "the kernel has no veth"
  up eth0
  # without a carrier it stays tentative
  ip addr add 2001:db8::2/64 dev eth0
  ip addr show eth0 | grep -q '2001:db8::2/64.*tentative'
  ok lc-netmove -k -i eth0 "$guest"
  ip -n guest addr show eth0 | grep -q '2001:db8::2/64.*tentative'
  up p
  await sh -c '! ip -n guest addr show eth0 | grep -q tentative'
}

@test "-k: temporary addresses are left out, what they are made of is kept" {
  wire 0
  echo 2 > /proc/sys/net/ipv6/conf/eth0/use_tempaddr
  ip link set eth0 up
  ip addr add 2001:db8::2/64 dev eth0 mngtmpaddr nodad valid_lft 86400 preferred_lft 14400
  await sh -c 'ip addr show eth0 | grep -q temporary'
  ok lc-netmove -k "$guest"
  run ip -n guest addr show eth0
  [[ $output == *'2001:db8::2/64'*mngtmpaddr* && $output != *temporary* ]]
}

@test "-k: routes that lead nowhere stay; a nexthop object becomes an ordinary route" {
  wire 0
  ip addr add 10.0.0.2/24 dev eth0
  up eth0
  ip route add unreachable 10.60.0.0/16
  ip nexthop add id 7 via 10.0.0.1 dev eth0 || cannot "the kernel has no nexthop objects"
  ip route add 10.70.0.0/16 nhid 7
  ok lc-netmove -k "$guest"
  run ip -n guest route
  is "$output" $'10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 \n10.70.0.0/16 via 10.0.0.1 dev eth0 '
  [[ $(ip route) == 'unreachable 10.60.0.0/16 ' ]]
}

@test "-k: a multipath route is kept with the paths that move" {
  wire 0 1
  ip addr add 10.0.0.2/24 dev eth0
  ip addr add 10.1.0.2/24 dev eth1
  ip addr add 2001:db8::2/64 dev eth0 nodad
  ip addr add 2001:db8:1::2/64 dev eth1 nodad
  up eth0 eth1
  ip route add 10.50.0.0/16 nexthop via 10.0.0.1 nexthop via 10.1.0.1
  ip -6 route add 2001:db8:60::/64 nexthop via 2001:db8::1 nexthop via 2001:db8:1::1
  ok lc-netmove -k -i eth1 "$guest"
  [[ $(ip -n guest route show 10.50.0.0/16) == *'via 10.1.0.1'* && $(ip -n guest route show 10.50.0.0/16) != *10.0.0.1* ]]
  [[ $(ip -n guest -6 route show 2001:db8:60::/64) == *'via 2001:db8:1::1'* && $(ip -n guest -6 route show 2001:db8:60::/64) != *2001:db8::1* ]]
  # what is left of it here is the kernel's affair: of the IPv4 route nothing
  is "$(ip route show 10.50.0.0/16)" ''
}

@test "-k: routes that are there already" {
  wire 0 1
  ok lc-netmove -i eth1 "$guest"
  ip -n guest addr add 10.1.0.2/24 dev eth1
  ip -n guest link set eth1 up
  ip -n guest route add default via 10.1.0.1
  ip -n guest route add 10.77.0.0/16 via 10.1.0.1
  ip addr add 10.0.0.2/24 dev eth0
  up eth0
  ip route add default via 10.0.0.1
  ip route add 10.77.0.0/16 via 10.0.0.1 metric 9
  ok lc-netmove -k "$guest"
  run ip -n guest route
  is "$output" $'default via 10.1.0.1 dev eth1 \ndefault via 10.0.0.1 dev eth0 \n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 \n10.1.0.0/24 dev eth1 proto kernel scope link src 10.1.0.2 \n10.77.0.0/16 via 10.1.0.1 dev eth1 \n10.77.0.0/16 via 10.0.0.1 dev eth0 metric 9 '
}

@test "-k: hundreds of addresses and routes" {
  local i
  wire 0
  up eth0
  for ((i = 1; i <= 600; i++)); do
    echo "addr add 10.$((i / 200)).$((i % 200)).1/24 dev eth0"
    echo "route add 172.16.$((i / 200)).$((i % 200)) via 10.0.1.2"
    echo "addr add 2001:db8::$i/128 dev eth0 nodad"
  done > "batch"
  ip -force -batch batch
  await settled
  picture > before
  (($(wc -l < before) > 2400))
  ok lc-netmove -k "$guest"
  same picture before -n guest
}

@test "-v tells of what is given back" {
  wire 0
  up eth0
  ip netns exec guest sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
  try lc-netmove -v -k "$guest"
  status_is 111
  stderr_like "^lc-netmove: info: eth0 is moved to $guest
lc-netmove: info: eth0 is moved back
lc-netmove: info: everything is as it was
lc-netmove: fatal: unable to add the address "
}

@test "-v names each thing" {
  wire 0
  ip addr add 10.0.0.2/24 dev eth0
  ip link set eth0 addrgenmode none
  up eth0
  ip route add default via 10.0.0.1
  ip route add 10.55.0.0/16 dev eth0
  try lc-netmove -v -k "$guest" echo ran
  status_is 0
  stdout_is ran
  stderr_is "lc-netmove: info: eth0 is moved to $guest
lc-netmove: info: the address 10.0.0.2/24 is on eth0
lc-netmove: info: eth0 is up
lc-netmove: info: the route default via 10.0.0.1 is there
lc-netmove: info: the route 10.55.0.0/16 is there"
}

# Interfaces on others

@test "a macvlan and what it is on: both, either alone, with -k" {
  wire 0
  ip link add mv0 link eth0 type macvlan mode bridge || cannot "the kernel has no macvlan"
  echo 0 > /proc/sys/net/ipv6/conf/mv0/accept_dad
  ip link add mv1 link eth0 type macvlan mode bridge
  ip addr add 10.0.0.2/24 dev mv0
  ip -n host addr add 10.0.0.1/24 dev h0
  ip link set mv0 mtu 1300
  up eth0 mv0
  ip route add default via 10.0.0.1
  picture > before
  ok lc-netmove -k "$guest"
  same picture before -n guest
  ping_guest 10.0.0.2
  [[ $(ip -n guest -o link show mv1) == *'state DOWN'* ]]
  # each on its own, and back
  ok ip netns exec guest lc-netmove -k -i mv0 /proc/$$/ns/net
  ping_guest 10.0.0.2
  ok lc-netmove -k "$guest"
  ok ip netns exec guest lc-netmove -k -i eth0 /proc/$$/ns/net
  here 'eth0 lo'
  there 'lo mv0 mv1'
}

# When it fails

@test "a name that is taken there: both are named, and nothing is moved" {
  wire 0 1 2
  ip addr add 10.0.0.2/24 dev eth0
  up eth0 eth1 eth2
  ip route add default via 10.0.0.1
  ip link property add dev eth2 altname wan
  picture > before
  ip -n guest link add eth2 type bridge || cannot "the kernel has no bridge"
  fails_like 111 "lc-netmove: fatal: unable to move eth2 to $guest \(eth2 is there already\)(: kernel: .*)?: File exists" \
    strace -f -qq -o trace -e trace=sendto lc-netmove "$guest" touch ran
  # the first that was tried
  is "$(grep -c IFLA_NET_NS_FD trace)" 1
  ip -n guest link del eth2
  ip -n guest link add foo type bridge
  ip -n guest link property add dev foo altname wan
  fails_like 111 "lc-netmove: fatal: unable to move eth2 to $guest \(foo, which is there, is called wan too\)(: kernel: .*)?: File exists" \
    lc-netmove "$guest" touch ran
  ip -n guest link del foo
  ip -n guest link add wan type bridge
  fails_like 111 "lc-netmove: fatal: unable to move eth2 to $guest \(wan is there already\)(: kernel: .*)?: File exists" \
    lc-netmove -i eth0 -i eth2 "$guest" touch ran
  same picture before
  there 'lo wan'
  run ! test -e ran
}

# given_back MESSAGE COMMAND…: with a rich state, of which nothing may be lost

given_back ()
{
  local message=$1
  shift
  wire 0 1 2
  ip link add br0 type bridge || cannot "the kernel has no bridge"
  ip link set eth2 master br0
  ip link set eth0 mtu 1400
  ip link property add dev eth0 altname wan
  ip addr add 10.0.0.2/24 dev eth0 label eth0:1
  ip addr add 10.1.0.2/24 dev eth1
  ip addr add 2001:db8::2/64 dev eth0 nodad
  # what stays, but goes down with eth0, or loses its carrier
  if ip link add mv0 link eth0 type macvlan 2> /dev/null; then
    echo 0 > /proc/sys/net/ipv6/conf/mv0/accept_dad
    ip addr add 10.4.0.2/24 dev mv0
    ip addr add 2001:db8:4::2/64 dev mv0 nodad
    up eth0 mv0
    ip route add 10.44.0.0/16 via 10.4.0.1
  fi
  up eth0 eth1 eth2 br0
  ip route add default via 10.0.0.1
  ip route add 10.20.0.0/16 dev br0 src 10.0.0.2
  ip route add 10.50.0.0/16 nexthop via 10.0.0.1 weight 3 nexthop via 10.1.0.1
  ip -6 route add default via 2001:db8::1 src 2001:db8::2
  picture > before
  more > before.more
  fails_like 111 "$message" "$@" touch ran
  same picture before
  same more before.more
  [[ $(ip -o link show eth2) == *' master br0 '* ]]
  ip link show wan
  there lo
  run ! test -e ran
}

@test "what was moved is given back, as it was: an address that the target refuses" {
  ip netns exec guest sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
  given_back "lc-netmove: fatal: unable to add the address [0-9a-f:]*/64 to [a-z]*[0-9] in $guest(: kernel: .*)?: Permission denied" \
    lc-netmove -k "$guest"
}

@test "what somebody has put in the place of what was moved does not come back" {
  local index
  wire 0
  up eth0
  ip addr add 10.0.0.2/24 dev eth0
  ip netns exec guest sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
  # after the move, and the search there
  stopped_at 6 lc-netmove -k "$guest" touch ran
  index=$(ip -n guest -o link show eth0)
  ip -n guest link del eth0
  ip -n guest link add eth0 index "${index%%:*}" type veth peer name evil index 99
  go
  status_is 111
  stderr_like "^lc-netmove: warning: eth0, which has come back from $guest, is another interface: it goes there again
lc-netmove: fatal: unable to add the address .* to eth0 in $guest.*: Permission denied$"
  here lo
  there 'eth0 evil lo'
  run ! test -e ran
}

@test "what was moved is given back, as it was: a route that the target refuses" {
  wire 3
  up eth3
  ip addr add 10.3.0.2/24 dev eth3
  given_back "lc-netmove: fatal: unable to add the route 10.33.0.0/16 via 10.0.0.1 in $guest(: kernel: .*)?: Invalid argument" \
    with_route lc-netmove -k -i eth0 -i eth1 "$guest"
}

with_route () # the source is an address of an interface that stays
{
  ip route add 10.33.0.0/16 via 10.0.0.1 src 10.3.0.2
  picture > before
  more > before.more
  fresh "$@"
}

@test "what was moved is given back, as it was: the third is refused" {
  need strace
  # four messages ask, and each move takes two
  given_back "lc-netmove: fatal: unable to move eth2 to $guest \(not privileged.*\): Operation not permitted" \
    strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:error=EPERM:when=9 lc-netmove -i eth0 -i eth1 -i eth2 "$guest"
}

@test "what was moved is given back even without -k when it cannot be found there" {
  need strace
  given_back "lc-netmove: fatal: unable to move eth0 to $guest: No buffer space available" \
    strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:error=ENOBUFS:when=6 lc-netmove -i eth0 "$guest"
}

@test "when giving back fails too, that is said" {
  need strace
  wire 0 1
  # the second move is refused, and so is the first one's way back
  try strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:error=EPERM:when=7..8 lc-netmove -i eth0 -i eth1 "$guest" touch ran
  status_is 111
  stderr_is "lc-netmove: warning: unable to move eth0 back from $guest: Operation not permitted
lc-netmove: fatal: unable to move eth1 to $guest (not privileged over this network namespace, or over the target): Operation not permitted"
  there 'eth0 lo'
  run ! test -e ran
}

@test "an interface that vanishes before it is moved is no failure" {
  wire 0 1
  stopped_at 4 lc-netmove -v -k "$guest" echo ran
  ip link del eth0
  go
  status_is 0
  [[ $stderr == *'lc-netmove: info: eth0 is gone'* ]]
  there 'eth1 lo'
}

@test "an interface that is named and vanishes is none, either" {
  wire 0 1
  stopped_at 4 lc-netmove -i eth0 -i eth1 "$guest"
  ip link del eth0
  go
  status_is 0
  is "$stderr" ''
  there 'eth1 lo'
}

@test "an interface that vanishes when it has been moved is no failure, whatever -k had to do" {
  local n
  for n in 5 6 8 9 10; do
    wire 0 1
    ip addr add 10.0.0.2/24 dev eth0
    ip addr add 10.1.0.2/24 dev eth1
    up eth0 eth1
    ip route add default via 10.0.0.1
    ip route add 10.50.0.0/16 nexthop via 10.0.0.1 nexthop via 10.1.0.1
    stopped_at "$n" lc-netmove -k "$guest"
    ip -n host link del h0
    go
    status_is 0
    is "$stderr" ''
    there 'eth1 lo'
    [[ $(ip -n guest -o addr show eth1) == *' 10.1.0.2/24 '* ]]
    is "$(ip -n guest route show 10.50.0.0/16)" "10.50.0.0/16 via 10.1.0.1 dev eth1 "
    ip -n host link del h1
  done
}

@test "a rename that overtakes it does not matter: it has the name that it had" {
  wire 0
  stopped_at 4 lc-netmove "$guest"
  ip link set eth0 name other
  go
  status_is 0
  there 'eth0 lo'
}

@test "a target that ends meanwhile: the namespace is held" {
  local pid
  wire 0
  unshare -n sh -c 'echo ready > ready; exec sleep 1000' &
  pid=$!
  await test -s ready
  stopped_at 4 lc-netmove "$pid" echo ran
  kill -KILL "$pid"
  wait "$pid" || :
  go
  status_is 0
  here lo
  # with its namespace the interface is gone, and so is the other end
  await sh -c '! ip -n host link show h0 2> /dev/null'
}

@test "a signal waits until it is done" {
  local sig
  for sig in TERM INT HUP; do
    wire 0 1
    ip addr add 10.0.0.2/24 dev eth0
    ip addr add 10.1.0.2/24 dev eth1
    up eth0 eth1
    stopped_at 6 lc-netmove -k "$guest" touch ran
    kill -"$sig" "$(pgrep -x lc-netmove)"
    go
    run ! test -e ran
    there 'eth0 eth1 lo'
    [[ $(ip -n guest -o addr show eth0) == *' 10.0.0.2/24 '* && $(ip -n guest -o addr show eth1) == *' 10.1.0.2/24 '* ]]
    ip -n host link del h0
    ip -n host link del h1
  done
}

# Who may

@test "without privilege: it says so, and nothing runs" {
  wire 0
  fails_like 111 "lc-netmove: fatal: unable to open an rtnetlink socket in $guest \(.*CAP_SYS_ADMIN.*\): Operation not permitted" \
    as_user lc-netmove "$guest" touch /run/tester/ran
  fails_like 111 'lc-netmove: fatal: unable to open the network namespace of the process 1 \(not privileged over it\): Permission denied' \
    as_user lc-netmove 1 touch /run/tester/ran
  # as root of a user namespace that owns the target, but not what is here: it is
  # not left, for there would be no way back
  try lc-unshare -B 0:0:10 lc-unshare -n -b ' sh' ' -c' ' exec lc-netmove -i eth0 $LCBOOT_PID touch /mnt/ran' '' touch ran
  status_is 111
  stderr_like '^lc-netmove: fatal: unable to open an rtnetlink socket in [0-9]+ \(.*CAP_SYS_ADMIN.*\): Operation not permitted'
  here 'eth0 lo'
  run ! test -e /run/tester/ran
  run ! test -e ran
}

@test "an ordinary user in a namespace of his own may" {
  ok as_user lc-unshare -U -M self -n sh -ec '
    ip link add va type veth peer name vb
    ip addr add 10.0.0.2/24 dev va
    ip link set va up
    exec lc-unshare -n -b " sh" " -c" " exec lc-netmove -k -i va \$LCBOOT_PID" "" ip -o -4 addr show dev va'
  stdout_has ' 10.0.0.2/24 '
}

@test "as the hook of lc-unshare, with a user namespace: the guest has its network" {
  need execlineb
  wire 0
  ip -n host addr add 10.0.0.1/24 dev h0
  ip addr add 10.0.0.2/24 dev eth0
  up eth0
  ip route add default via 10.0.0.1
  spawn execlineb -Pc 'lc-unshare -m -n -l -B 0:100000:65536 -b { importas -i PID LCBOOT_PID lc-netmove -k $PID }
    sh -c "ip -o -4 addr show; ip route; busybox ping -c 1 -W 10 10.0.0.1 > /dev/null && echo reached; exec sleep 1000"'
  expect $'default via 10.0.0.1 dev eth0 '
  expect reached
  ping_guest 10.0.0.2
  here lo
  # with its end the interface goes
  kill -KILL "$SPAWNED"
  gone
  await sh -c '! ip -n host link show h0 2> /dev/null'
}

# The initial network namespace, as far as it can be tried where it is not

@test "an engine that covers sysctls does not matter" {
  wire 0 1 2
  ok unshare -m sh -c 'mount -t tmpfs none /proc/sys && exec lc-netmove '"$guest"
  there 'eth0 eth1 eth2 lo'
}

@test "where it cannot be told whether it is the initial one, it counts as that" {
  wire 0 1
  cannot_tell () { unshare -m sh -c 'mount -t tmpfs none /proc/sys && exec hide-syscalls -e EPERM fsopen,mount "$@"' sh "$@"; }
  fails 0 'lc-netmove: warning: this may be the initial network namespace (no procfs tells), so its interfaces stay: -a takes them, -i some of them' \
    cannot_tell lc-netmove "$guest" echo ran
  stdout_is ran
  here 'eth0 eth1 lo'
  ok cannot_tell lc-netmove -i eth0 "$guest"
  there 'eth0 lo'
  ok cannot_tell lc-netmove -a "$guest"
  there 'eth0 eth1 lo'
}

@test "a network namespace of a user namespace is not the initial one, whatever can be told" {
  wire 0
  ok lc-unshare -m -n -B 0:100000:65536 -b ' sh' ' -c' ' lc-netmove $LCBOOT_PID' '' sh -ec '
    unshare -n sleep 1000 < /dev/null > /dev/null &
    until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
    mount -t tmpfs none /proc/sys
    hide-syscalls -e EPERM fsopen,mount lc-netmove $!
    nsenter -t $! -n ip -o link show eth0
    kill $!'
  stdout_has eth0
}

# What is wrong

@test "wrong usage" {
  wire 0
  fails 100 "$usage" lc-netmove
  fails 100 "$usage" lc-netmove -k
  fails 100 "$usage" lc-netmove -x "$guest"
  fails 100 "$usage" lc-netmove -i
  fails 100 'lc-netmove: fatal: -a and -i exclude each other' lc-netmove -a -i eth0 "$guest" touch ran
  fails 100 'lc-netmove: fatal: invalid PID: 0' lc-netmove 0 touch ran
  fails 100 'lc-netmove: fatal: invalid PID: 4294967297' lc-netmove 4294967297 touch ran
  fails 100 'lc-netmove: fatal: LCBOOT_VERBOSE is not a number up to 1000: x' env LCBOOT_VERBOSE=x lc-netmove "$guest" touch ran
  here 'eth0 lo'
  run ! test -e ran
}

@test "targets that are none: nothing blocks, nothing is moved" {
  local f
  wire 0
  touch file
  mkfifo fifo
  for f in file fifo . /dev/null /proc/self/ns/uts; do
    fails 100 "lc-netmove: fatal: $f is not the file of a network namespace" timeout 20 lc-netmove "$f" touch ran
  done
  fails 111 'lc-netmove: fatal: unable to open nosuch: No such file or directory' lc-netmove nosuch touch ran
  fails 111 'lc-netmove: fatal: unable to open : No such file or directory' lc-netmove '' touch ran
  fails 111 'lc-netmove: fatal: unable to open the network namespace of the process 2147483647 (is there such a process?): No such file or directory' \
    lc-netmove 2147483647 touch ran
  here 'eth0 lo'
  run ! test -e ran
}

@test "a system call that fails: nothing is moved, nothing runs" {
  need strace
  wire 0
  fails 111 "lc-netmove: fatal: unable to ask for the type of $guest: Input/output error" \
    strace -o /dev/null -e inject=ioctl:error=EIO lc-netmove "$guest" touch ran
  fails 111 'lc-netmove: fatal: unable to open an rtnetlink socket: Address family not supported by protocol' \
    strace -o /dev/null -e inject=socket:error=EAFNOSUPPORT:when=1 lc-netmove "$guest" touch ran
  fails 111 "lc-netmove: fatal: unable to open an rtnetlink socket in $guest: Address family not supported by protocol" \
    strace -o /dev/null -e inject=socket:error=EAFNOSUPPORT:when=2 lc-netmove "$guest" touch ran
  fails 111 'lc-netmove: fatal: unable to return to the network namespace: Operation not permitted' \
    strace -o /dev/null -e inject=setns:error=EPERM:when=3 lc-netmove "$guest" touch ran
  fails 111 'lc-netmove: fatal: unable to list the interfaces, addresses and routes: No buffer space available' \
    strace -o /dev/null -e inject=recvmsg:error=ENOBUFS:when=2 lc-netmove "$guest" touch ran
  here 'eth0 lo'
  there lo
  run ! test -e ran
}

@test "a reading that is interrupted goes on" {
  need strace
  wire 0
  ok strace -f -qq -o /dev/null -e trace=sendto,recvmsg -e inject=recvmsg:error=EINTR:when=2+3 lc-netmove "$guest" echo ran
  stdout_is ran
  there 'eth0 lo'
}

# The chain

@test "nothing else changes for prog" {
  wire 0
  same_state lc-netmove "$guest"
  there 'eth0 lo'
  given () { fresh -m 027 -k 7 -i PIPE -i USR2 -b USR1 -b RTMIN+3 nice -n 3 env A=1 "$@" fds sigs misc cwd limits env ns 7< /dev/null; }
  wire 1
  diff -u <(given state) <(given lc-netmove -k "$guest" state)
  there 'eth0 eth1 lo'
}

@test "twice in a chain, on both builds" {
  local path n=0
  ip netns add other
  for path in "$LCBOOT_BIN" "$LCBOOT_OTHER"; do
    [[ -x $path/lc-netmove ]] || continue
    wire $((n + 1)) $((n + 2))
    ok env PATH="$path:$PATH" lc-netmove -i "eth$((n + 1))" "$guest" lc-netmove -k -i "eth$((n + 2))" /run/netns/other lc-netmove "$guest" echo ran
    stdout_is ran
    n=$((n + 2))
    ip -n guest link show "eth$((n - 1))"
    ip -n other link show "eth$n"
  done
  ((n > 0))
}

@test "without prog it exits 0; prog that is missing is 127, prog that cannot run is 126" {
  wire 0
  ok lc-netmove "$guest"
  stdout_is ''
  fails 127 'lc-netmove: fatal: unable to exec nosuch: No such file or directory' lc-netmove "$guest" nosuch
  echo text > file
  fails 126 'lc-netmove: fatal: unable to exec /mnt/file: Permission denied' lc-netmove "$guest" /mnt/file
  ok env -u PATH "$LCBOOT_BIN/lc-netmove" "$guest" true
}

# VMs, for the initial network namespace and for devices. $1 is Debian's suite.

vm_setup ()
{
  local root lib
  if vm_is_done "$1"; then return 0; fi
  need ip
  root=$(vm_dir "$1")/initramfs
  mkdir -p "$root/sbin"
  cp "$(command -v ip)" "$root/sbin/ip"
  ldd "$(command -v ip)" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | while read -r lib; do
    mkdir -p "$root/${lib%/*}"
    cp -L "$lib" "$root/$lib"
  done
  vm "$1" "$1-net" <<'END'
mkdir -p /run /var/run /etc /sys
ip=/sbin/ip
run uname uname -r
lc-mountfs -t tmpfs run /run
for ns in guest other third; do $ip netns add $ns; done
guest=/run/netns/guest

cat > /picture.sh <<'PICTURE'
ip=/sbin/ip
picture ()
{
  $ip "$@" -d addr | sed 's/NO-CARRIER,//; s/,LOWER_UP//; s/^[0-9]*: //; s/ qdisc [a-z]*//; s/ qlen.*//; s/ link-netns[^ ]*//; s/ state [A-Z]*//; /_lft/d; /^ *link/d' | grep -v -e '^lo:' -e ' ::1/128 ' -e ' scope host lo'
  { $ip "$@" route show table all; $ip "$@" -6 route show table all; } | grep -v -e ' lo ' -e broadcast -e ff00:: | sort
}
PICTURE
. /picture.sh

# the initial one
for i in 0 1 2; do
  $ip link add eth$i type dummy
  $ip addr add 10.$i.0.2/24 dev eth$i
  $ip addr add 2001:db8:$i::2/64 dev eth$i nodad
  $ip link set eth$i up
done
$ip link property add dev eth0 altname wan
$ip route add default via 10.0.0.1
run initial lc-netmove $guest echo ran
run initial-left $ip -n guest -o link show eth0
run initial-covered unshare -m sh -c 'mount -t tmpfs none /proc/sys && exec lc-netmove '$guest
run initial-child lc-unshare -p -m lc-mountfs -t proc proc /proc lc-netmove $guest true
run initial-here sh -c '/sbin/ip -o link | grep -c " eth"'
run not-initial lc-unshare -n -b ' sh' ' -c' ' exec lc-netmove -i eth2 $LCBOOT_PID' '' lc-netmove /run/netns/third
run not-initial-left $ip -n third -o link show eth2
run named lc-netmove -k -i wan $guest
run named-left $ip -n guest addr show wan
run altname-there $ip -n guest link show wan
run back $ip netns exec guest lc-netmove -k /proc/1/ns/net
run all lc-netmove -a -k $guest
run all-left sh -c '/sbin/ip -n guest -o link | grep -c " eth"'
run all-stays sh -c '/sbin/ip -o link | grep -o -e "lo:" -e "sit0@"'

# a third that cannot be moved: the first two come back
for i in 6 7; do
  $ip link add eth$i type dummy
  $ip addr add 10.$i.0.2/24 dev eth$i
  $ip addr add 2001:db8:$i::2/64 dev eth$i nodad
  $ip link set eth$i up
done
$ip link add eth6.9 link eth6 type vlan id 9
$ip addr add 10.9.0.2/24 dev eth6.9
$ip addr add 2001:db8:9::2/64 dev eth6.9 nodad
$ip link set eth6.9 up
$ip route add 10.99.0.0/16 via 10.9.0.1
$ip route add default via 10.6.0.1
$ip link add br0 type bridge
picture > /tmp/before
run third lc-netmove -i eth6 -i eth7 -i br0 $guest echo ran
picture > /tmp/after
run third-diff diff /tmp/before /tmp/after
$ip link del br0; $ip link del eth6; $ip link del eth7

# VLANs on an interface that moves too, one of them down; the parent has the larger index
cat > /in-other <<'OTHER'
. /lib/guest.sh
. /picture.sh
$ip link set lo up
$ip link add eth0 index 100 type dummy
$ip link add eth0.5 index 50 link eth0 type vlan id 5
$ip link add eth0.6 link eth0 type vlan id 6
$ip link add mv0 link eth0.5 type macvlan mode bridge
$ip link set eth0 mtu 1800
$ip link set eth0.5 mtu 1700
$ip addr add 10.5.0.2/24 dev eth0.5
$ip addr add 2001:db8:5::2/64 dev eth0.5 nodad
$ip link set eth0 up
$ip link set eth0.5 up
$ip link set eth0.6 down
$ip link set mv0 up
$ip route add default via 10.5.0.1
while $ip addr | grep -q tentative; do :; done
picture > /tmp/before
run vlan-v lc-netmove -v -k /run/netns/third
OTHER
$ip netns exec other sh /in-other
run vlan-there sh -c '/sbin/ip -n third -o link show eth0.6'
$ip -n third link del eth2
picture -n third > /tmp/after
run vlan-diff diff /tmp/before /tmp/after

# a bond and its ports
$ip link add bond0 type bond
$ip link add s0 type dummy
$ip link add s1 type dummy
$ip link set s0 master bond0
$ip link set s1 master bond0
run bond lc-netmove -v -a $guest
run bond-there sh -c '/sbin/ip -n guest -o link | grep -c -e " s0:" -e " s1:"'
exec lc-unshare -p sh -c 'poweroff -f'
END
}

of_the_initial ()
{
  local vm=$1 warning='lc-netmove: warning: this is the initial network namespace, so its interfaces stay: -a takes them, -i some of them'
  vm_setup "$vm"
  section "$vm" initial
  status_is 0
  stdout_is ran
  stderr_is "$warning"
  section "$vm" initial-left
  status_is 1
  section "$vm" initial-covered
  status_is 0
  stderr_is "$warning"
  section "$vm" initial-child
  status_is 0
  stderr_is "$warning"
  said "$vm" initial-here 3
  said "$vm" not-initial ''
  section "$vm" not-initial-left
  status_is 0
  stdout_has eth2
  said "$vm" named ''
  section "$vm" named-left
  stdout_like 'eth0: <BROADCAST,NOARP,UP.*10\.0\.0\.2/24.*2001:db8::2/64'
  said "$vm" back ''
  said "$vm" all ''
  said "$vm" all-left 2
  said "$vm" all-stays $'lo:\nsit0@'
}

of_devices ()
{
  local vm=$1
  vm_setup "$vm"
  section "$vm" third
  status_is 111
  stdout_is ''
  stderr_like "^lc-netmove: fatal: unable to move br0 to $guest \(it cannot leave its network namespace\).*: Invalid argument\$"
  said "$vm" third-diff ''
  section "$vm" vlan-v
  status_is 0
  stderr_has 'lc-netmove: info: sit0 stays (it cannot leave its network namespace)'
  section "$vm" vlan-there
  stdout_has 'state DOWN'
  said "$vm" vlan-diff ''
  section "$vm" bond
  status_is 0
  stderr_has 'lc-netmove: info: bond0 stays (it cannot leave its network namespace)'
  stderr_has "lc-netmove: info: s0 is moved to $guest, and no longer a port of bond0"
  said "$vm" bond-there 2
}

@test "Linux 6.1: nothing is taken from the initial network namespace, unless by -i or -a" { of_the_initial bookworm; }
@test "Linux 6.1: VLANs with their parent, a bond, sit0, a third that cannot be moved" { of_devices bookworm; }
@test "Linux 5.10: nothing is taken from the initial network namespace, unless by -i or -a" { of_the_initial bullseye; }
@test "Linux 5.10: VLANs with their parent, a bond, sit0, a third that cannot be moved" { of_devices bullseye; }

@test "Linux 5.10 and 6.1: alternative names go along" {
  local vm
  for vm in bullseye bookworm; do
    vm_setup "$vm"
    section "$vm" altname-there
    status_is 0
  done
}

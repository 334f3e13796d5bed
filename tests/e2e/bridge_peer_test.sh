#!/usr/bin/env bash
# What the official bridge gets wrong and this one right: each promise is put to both, with the same configuration but for
# "type" and "mode". A fault that a newer official plugin has mended is told, and is no failure of ours.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox nft python3 bridge
need_plugins bridge host-local
enter_private_host "$@"

install_cni
cd "$PRIVATE_WORK"
ip link set lo up

# official KEYS, ours KEYS: a configuration on br0
official() {
  jq -n --argjson more "$1" '{cniVersion: "1.0.0", name: "peer", type: "bridge", bridge: "br0",
    ipam: {type: "host-local", dataDir: "/run/peer", ranges: [[{subnet: "10.85.0.0/24"}], [{subnet: "fd00:85::/64"}]]}} + $more'
}
ours() { official "$1" | jq '.type = "isthmus" | .mode = "bridge"'; }

# try NAME KEYS: the function test_NAME succeeds with ours and, as a rule, fails with theirs. It gets the configuration.
try() {
  local who verdict
  for who in ours official; do
    "$who" "$2" >"$who.conf"
    # Not as a condition: in one, the shell goes on after a command that fails.
    set +e
    (set -ex; "test_$1" "$who.conf") >"$who.log" 2>&1
    [ $? = 0 ] && verdict=right || verdict=wrong
    set -e
    ip -all netns del
    ip link del br0 2>/dev/null || :
    ip -o link show type veth | awk -F'[ @:]+' '{ print $2 }' | xargs -r -n1 ip link del 2>/dev/null || :
    nft flush ruleset
    rm -rf /run/peer
    printf '   %-9s %s: %s\n' "$who" "$1" "$verdict"
    [ "$who" = ours ] || [ "$verdict" = right ] || printf '             %s\n' "$(grep '^+' "$who.log" | tail -n1 | cut -c1-150)"
    [ "$who" = official ] || [ "$verdict" = right ] || { cat "$who.log"; fail "$1: ours is wrong"; }
  done
}
mac() { cat "/sys/class/net/$1/address"; }
host_end() { jq -r '.interfaces[1].name'; }

test_mac_of_a_bridge_without_gateway_stays() {
  ip netns add a
  cni ADD a "$1"
  local before
  before=$(mac br0)
  ip link add low address 02:00:00:00:00:01 type veth peer name low0
  ip link set low master br0
  [ "$(mac br0)" = "$before" ]
}
# NET_ADDR_SET (3): somebody chose it. NET_ADDR_RANDOM (1) invites udev to write another one.
test_veth_macs_are_chosen_at_creation() {
  ip netns add a
  [ "$(cat "/sys/class/net/$(cni ADD a "$1" | host_end)/addr_assign_type")" = 3 ]
}
test_a_container_reaches_itself_by_a_translation_on_the_host() {
  ip netns add a
  cni ADD a "$1"
  # As kube-proxy's node ports are: translated on the bridge already, where packets of a bridge pass the host's rules.
  echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || :
  nft 'table ip s { chain d { type nat hook prerouting priority dstnat; ip daddr 10.85.0.1 tcp dport 8080 dnat to 10.85.0.2:80; }
    chain m { type nat hook postrouting priority srcnat; ip saddr 10.85.0.2 ip daddr 10.85.0.2 masquerade; }; }'
  serve itself 80 ip netns exec a
  ip netns exec a timeout 2 busybox wget -qO- http://10.85.0.1:8080/ | grep itself
}
# An address that changes hands while host and neighbours remember the old owner.
test_an_address_used_again_answers_at_once() {
  local name
  for name in a b c; do ip netns add $name; done
  cni ADD a "$1"
  cni ADD b "$1"
  local taken="10.85.0.2 fd00:85::2" address
  ip -n a link set lo up
  for address in $taken; do
    ping -qc1 -W1 "$address" && ip netns exec b ping -qc1 -W1 "$address"
  done
  ip netns exec b ip neigh change 10.85.0.2 dev eth0 lladdr "$(ip netns exec a cat /sys/class/net/eth0/address)" nud reachable
  cni DEL a "$1"
  # host-local hands out in a circle: the end of it is where the marks of the last say.
  echo -n 10.85.0.1 >/run/peer/peer/last_reserved_ip.0
  echo -n fd00:85::1 >/run/peer/peer/last_reserved_ip.1
  # The old owner's entries, as they are when traffic has just been flowing.
  for address in $taken; do
    ip neigh replace "$address" dev br0 lladdr 02:00:00:00:00:0a nud reachable
    ip -n b neigh replace "$address" dev eth0 lladdr 02:00:00:00:00:0a nud reachable
  done
  cni ADD c "$1" | jq -e '.ips[0].address == "10.85.0.2/24"'
  for address in $taken; do
    # The second only for a busy machine: an old entry lives for half a minute.
    ping -qc2 -i0.2 -W1 "$address"
    ip netns exec b ping -qc2 -i0.2 -W1 "$address"
  done
}
# A router, good or evil, on the containers' network.
test_no_address_or_route_from_router_advertisements() {
  local name
  for name in router a; do ip netns add $name; done
  cni ADD router "$1"
  ip -n router link set lo up
  cni ADD a "$1"
  cat >advertise.py <<'PYTHON'
import socket, struct, time
out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
for _ in range(3):
    out.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))
    time.sleep(0.1)
PYTHON
  ip netns exec router python3 advertise.py
  sleep 0.2
  ! ip -n a -6 addr | grep 2001:db8:bad && ! ip -n a -6 route | grep 'proto ra' && ! ip -6 addr | grep 2001:db8:bad
}
test_neither_end_waits_for_duplicates() {
  ip netns add a
  local start
  start=$(date +%s%N)
  cni ADD a "$1"
  ! ip -n a -6 addr | grep tentative && [ $((($(date +%s%N) - start) / 1000000)) -lt 900 ]
}
test_check_sees_that_masquerade_is_gone() {
  ip netns add a
  cni ADD a "$1" >result
  check_conf "$1" result >check.conf
  cni CHECK a check.conf
  nft flush ruleset
  iptables -t nat -F 2>/dev/null || :
  ! cni CHECK a check.conf
}

step "the same promises, ours and theirs"
try mac_of_a_bridge_without_gateway_stays '{"ipam": {}}'
try veth_macs_are_chosen_at_creation '{}'
try a_container_reaches_itself_by_a_translation_on_the_host '{"isDefaultGateway": true}'
try an_address_used_again_answers_at_once '{"isDefaultGateway": true}'
try no_address_or_route_from_router_advertisements '{"isDefaultGateway": true}'
try neither_end_waits_for_duplicates '{"isDefaultGateway": true}'
try check_sees_that_masquerade_is_gone '{"isDefaultGateway": true, "ipMasq": true}'

step "a default route that the host got from a router stays, when forwarding is turned on"
echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
ip netns add router
ip link add up0 type veth peer name eth0 netns router
ip link set up0 up && ip -n router link set eth0 up && ip -n router link set lo up
ip netns exec router sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
[ "$(cat /proc/sys/net/ipv6/conf/up0/accept_ra)" = 1 ] || fail "up0 does not listen to routers"
within 5 sh -c "! ip -n router -6 addr show dev eth0 tentative | grep -q inet6"
sed -i 's/BBBBIII", 3, 4, 64, 0xC0/BBBBIII", 3, 4, 64, 0x80/' advertise.py
learned() { ip netns exec router python3 advertise.py && ip -6 route | grep -q '^default.*proto ra'; }
within 5 learned
ip netns add a
ours '{"isDefaultGateway": true}' >ours.conf
cni ADD a ours.conf >/dev/null
expect_equal "forwarding" "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" 1
ip -6 route | grep -q '^default.*proto ra' || fail "the host lost its default route"
within 5 learned
proved "the route is there, and is renewed"

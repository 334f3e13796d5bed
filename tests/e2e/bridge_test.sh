#!/usr/bin/env bash
# Bridge mode with real packets: two bridges, three containers, a world behind the host, both families, each key.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox nft python3 bridge
enter_private_host "$@"

install_cni
cd "$PRIVATE_WORK"
ip link set lo up

conf() { # NETWORK BRIDGE SUBNET4 SUBNET6 [JSON OF MORE KEYS]
  jq -n --arg name "$1" --arg bridge "$2" --arg four "$3" --arg six "$4" --argjson more "${5:-{\}}" \
    '{cniVersion: "1.0.0", name: $name, type: "isthmus", mode: "bridge", bridge: $bridge, isDefaultGateway: true,
      ipMasq: true, ipam: {type: "isthmus", ranges: [[{subnet: $four}], [{subnet: $six}]]}} + $more'
}
conf one br1 10.81.0.0/24 fd00:81::/64 >one.conf
conf two br2 10.82.0.0/24 fd00:82::/64 >two.conf
address() { jq -r --arg family "$2" '.ips[].address | select(contains(":") == ($family == "6")) | split("/")[0]' "$1.result"; }
host_end() { jq -r '.interfaces[1].name' "$1.result"; }

# Tells everybody who connects, or sends a datagram, the address it sees.
cat >mirror.py <<'PYTHON'
import socket, sys, threading
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
datagrams = socket.socket(family, socket.SOCK_DGRAM)
if family == socket.AF_INET6:
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
datagrams.bind((sys.argv[1], 80))
def answer():
    while True:
        _, seen = datagrams.recvfrom(100)
        datagrams.sendto((seen[0] + "\n").encode(), seen)
threading.Thread(target=answer, daemon=True).start()
server = socket.create_server((sys.argv[1], 80), family=family)
while True:
    client, seen = server.accept()
    client.sendall((seen[0] + "\n").encode())
    client.close()
PYTHON
cat >ask.py <<'PYTHON'
import socket, sys
kind, address = sys.argv[1:3]
port = int(sys.argv[3]) if len(sys.argv) > 3 else 80
family = socket.AF_INET6 if ":" in address else socket.AF_INET
peer = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
peer.settimeout(2)
peer.connect((address, port))
if kind == "udp":
    peer.send(b"who am I")
print(peer.recv(100).decode().strip())
PYTHON
mirror() { ip netns exec "$1" python3 "$PRIVATE_WORK/mirror.py" "$2" & } # NAMESPACE ADDRESS
ask() { ip netns exec "$1" python3 "$PRIVATE_WORK/ask.py" "${@:2}"; }    # NAMESPACE tcp|udp ADDRESS [PORT]

step "a world behind the host, which knows no way back to the containers"
ip netns add world
ip link add uplink type veth peer name eth0 netns world
ip link set uplink addrgenmode none
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding # gives each link anycast routes
ip addr add 192.0.2.1/24 dev uplink && ip -6 addr add 2001:db8:1::1/64 dev uplink nodad && ip link set uplink up
ip -n world addr add 192.0.2.2/24 dev eth0 && ip -n world -6 addr add 2001:db8:1::2/64 dev eth0 nodad
ip -n world link set eth0 up
mirror world 192.0.2.2
mirror world 2001:db8:1::2
remember_host

step "two bridges, three containers"
for name in a b c; do ip netns add "$name"; done
cni ADD a one.conf >a.result
cni ADD b one.conf >b.result
cni ADD c two.conf >c.result
for name in a b c; do
  conf=one.conf
  [ "$name" != c ] || conf=two.conf
  check_conf "$conf" "$name.result" >"$name.check"
  cni CHECK "$name" "$name.check"
done
expect_equal "the result's interfaces" "$(jq -c '[.interfaces[].name]' a.result)" "[\"br1\",\"$(host_end a)\",\"eth0\"]"
expect_equal "the address has its subnet's length" "$(jq -r '.ips[0].address' a.result)" 10.81.0.2/24
mirror a 0.0.0.0
mirror a ::
mirror b 0.0.0.0
mirror c 0.0.0.0
mirror c ::
for server in 192.0.2.2 2001:db8:1::2 "$(address b 4)" "$(address c 4)" "$(address c 6)"; do within 10 ask a tcp "$server" >/dev/null 2>&1; done
for server in "$(address a 4)" "$(address a 6)"; do within 10 ask b tcp "$server" >/dev/null 2>&1; done
for kind in tcp udp; do
  expect_output 192.0.2.1 ask a "$kind" 192.0.2.2
  expect_output 2001:db8:1::1 ask a "$kind" 2001:db8:1::2
  expect_output "$(address b 4)" ask b "$kind" "$(address a 4)"
  expect_output "$(address b 6)" ask b "$kind" "$(address a 6)"
  expect_output "$(address b 4)" ask b "$kind" "$(address c 4)"
  expect_output "$(address b 6)" ask b "$kind" "$(address c 6)"
done
tentative() { ip -n "$1" -6 addr show dev eth0 tentative; }
expect_equal "no tentative address" "$(tentative a)$(tentative b)$(tentative c)" ""

step "hairpin: a container reaches itself through an address of the host that is translated back to it"
nft -f - <<END
table ip service {
  chain to { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 tcp dport 8080 dnat to $(address a 4):80; }
  chain from { type nat hook postrouting priority srcnat; ip saddr $(address a 4) ip daddr $(address a 4) masquerade; }
}
END
expect_output 10.81.0.1 ask a tcp 192.0.2.1 8080
nft delete table ip service

step "a name of our own for the bridge, a MAC that stays"
expect_equal "alias of the bridge" "$(ip -j -d link show dev br1 | jq -r '.[0].ifalias')" "isthmus bridge"
mac() { cat "/sys/class/net/$1/address"; }
before=$(mac br1)
ip link add low address 02:00:00:00:00:01 type veth peer name low0
ip link set low master br1 up
expect_equal "MAC of the bridge after a port with a lower one" "$(mac br1)" "$before"
ip link del low

step "all goes: the namespace first for one of them"
ip netns del b
cni DEL a one.conf
cni DEL b one.conf
cni DEL c two.conf
cni DEL c two.conf
expect_equal "ports of the bridges" "$(bridge link | grep -c 'master br' || :)" 0
expect_equal "neighbours on the bridges" "$(ip neigh show dev br1; ip neigh show dev br2)" ""
nft list table inet isthmus >/dev/null 2>&1 && fail "a table is left: $(nft list ruleset)"
ip link del br1 && ip link del br2
ip netns del a && ip netns del c
expect_host_as_remembered

step "keys one by one"
ip netns add p
flag() { ip -j -d link show dev "$1" | jq -r ".[0].linkinfo.info_slave_data.$2"; }
with() { # KEYS: attaches container p with them
  conf one br1 10.81.0.0/24 fd00:81::/64 "$1" >key.conf
  cni ADD p key.conf >p.result || fail "$1: $(cat p.result)"
  check_conf key.conf p.result >p.check
  cni CHECK p p.check || fail "CHECK with $1"
}
without() { cni DEL p key.conf; }
with '{"hairpinMode": false}'; expect_equal "hairpinMode false" "$(flag "$(host_end p)" hairpin)" false; without
with '{}'; expect_equal "hairpin as a rule" "$(flag "$(host_end p)" hairpin)" true; without
with '{"isDefaultGateway": false}'
expect_equal "hairpin without a gateway" "$(flag "$(host_end p)" hairpin)" false
expect_equal "routes without a default gateway" "$(ip -n p route | grep -c default || :)" 0
without
with '{"portIsolation": true}'; expect_equal portIsolation "$(flag "$(host_end p)" isolated)" true; without
with '{"promiscMode": true}'
ip -j link show br1 | jq -e '.[0].flags | index("PROMISC")' >/dev/null || fail "br1 is not in promiscuous mode"
expect_equal "hairpin in promiscuous mode" "$(flag "$(host_end p)" hairpin)" false
without
with '{"mtu": 1400}'; expect_equal mtu "$(ip -n p -j link show eth0 | jq '.[0].mtu')" 1400; without
with '{"runtimeConfig": {"mac": "02:00:00:00:00:77"}}'
expect_equal "runtimeConfig.mac" "$(ip -n p -j link show eth0 | jq -r '.[0].address')" 02:00:00:00:00:77
without
with '{"ipam": {"type": "isthmus", "subnet": "fd00:81::/64"}}'
ping -6qc1 -W2 "$(address p 6)" >/dev/null || fail "IPv6 alone does not answer"
expect_equal "IPv4 addresses with IPv6 alone" "$(ip -n p -4 addr show dev eth0)" ""
without
with '{"ipam": {"type": "isthmus", "subnet": "10.81.0.0/24"}}'
ping -qc1 -W2 "$(address p 4)" >/dev/null || fail "IPv4 alone does not answer"
expect_equal "IPv6 addresses with IPv4 alone" "$(ip -n p -6 addr show dev eth0)" ""
without
with '{"enabledad": true}'
expect_equal "enabledad leaves nothing tentative" "$(tentative p)" ""
expect_equal "accept_dad" "$(ip netns exec p cat /proc/sys/net/ipv6/conf/eth0/accept_dad)" 1
without
with '{"macspoofchk": true, "ipam": {"type": "isthmus", "subnet": "10.81.0.0/24"}}'
busybox timeout 2 busybox ping -qc1 -W1 "$(address p 4)" >/dev/null || fail "macspoofchk keeps out the right MAC"
ip -n p link set eth0 address 02:00:00:00:00:99
ip neigh flush all
! busybox timeout 2 busybox ping -qc1 -W1 "$(address p 4)" >/dev/null || fail "macspoofchk lets a forged MAC in"
without
nft list table netdev isthmus >/dev/null 2>&1 && fail "an empty table of guards is left"
proved "macspoofchk lets in one MAC only, and leaves nothing"
with '{"ipam": {}, "isDefaultGateway": false, "ipMasq": false}'
expect_equal "addresses without ipam" "$(ip -n p -4 addr show dev eth0)" ""
expect_equal "hairpin without ipam" "$(flag "$(host_end p)" hairpin)" false
without
with '{"disableContainerInterface": true, "ipam": {}, "isDefaultGateway": false, "ipMasq": false}'
ip -n p -j link show eth0 | jq -e '.[0].flags | index("UP") | not' >/dev/null || fail "eth0 is up"
without

step "what cannot be is refused with one error each, and nothing changes"
remember_host
refused() { # WORD OR TEXT, KEYS
  conf one br1 10.81.0.0/24 fd00:81::/64 "$2" >bad.conf
  expect_failure "$1" cni ADD p bad.conf
  expect_host_as_remembered >/dev/null
}
refused address-conflict '{"ipam": {"type": "isthmus", "subnet": "10.81.0.0/24", "gateway": "10.81.0.9"}}'
refused bridge-not-one '{"bridge": "uplink"}'
refused "hairpin and promiscuous mode exclude each other" '{"hairpinMode": true, "promiscMode": true}'
refused "did you mean 'hairpinMode'" '{"hairpinmod": true}'
refused "can have no 'ipam'" '{"disableContainerInterface": true}'
refused "is no VLAN" '{"vlan": 4095}'
refused bad-mtu '{"mtu": 1000}'
ip route add 10.83.0.0/25 dev uplink
remember_host
refused "the host's route to 10.83.0.0/25 leads by 'uplink'" '{"bridge": "br3", "ipam": {"type": "isthmus", "subnet": "10.83.0.0/24"}}'
refused "'uplink' has that address" '{"bridge": "br3", "ipam": {"type": "isthmus", "subnet": "192.0.2.0/24"}}'
ip route del 10.83.0.0/25 dev uplink
if ip link add name probe type bridge vlan_filtering 1 2>/dev/null; then
  ip link del probe
  echo "   (this kernel filters VLANs: refusals without are not to be seen here)"
else
  remember_host
  refused bridge-vlan '{"bridge": "br4", "vlan": 100, "ipam": {"type": "isthmus", "subnet": "10.84.0.0/24"}}'
  refused bridge-vlan '{"vlanTrunk": [{"minID": 100, "maxID": 200}]}'
fi
if ip link add team0 type bond 2>/dev/null && ip link add br5 type bridge && ip link set br5 master team0; then
  remember_host
  refused bridge-enslaved '{"bridge": "br5", "ipam": {"type": "isthmus", "subnet": "10.84.0.0/24"}}'
else
  echo "   (this kernel has nothing that takes a bridge as a member: that refusal is not to be seen here)"
fi
conf one br1 10.81.0.0/24 fd00:81::/64 '{"forceAddress": true, "ipam": {"type": "isthmus", "subnet": "10.81.0.0/25", "gateway": "10.81.0.9"}}' >force.conf
cni ADD p force.conf >/dev/null
expect_equal "forceAddress replaces the gateway" "$(ip -j -4 addr show br1 | jq -c '[.[0].addr_info[].local]')" '["10.81.0.9"]'
cni DEL p force.conf

step "a hundred at once, when there is no bridge yet"
ip link del br1
for i in $(seq 100); do ip netns add "n$i"; done
for i in $(seq 100); do
  cni ADD "n$i" one.conf >"n$i.result" || touch "failed.$i" &
  pids[i]=$!
done
wait "${pids[@]}"
[ -z "$(ls failed.* 2>/dev/null)" ] || fail "some ADDs failed: $(cat "$(ls failed.* | head -1 | sed 's/failed\./n/').result")"
expect_equal bridges "$(ip -o link show type bridge | grep -c br1)" 1
expect_equal ports "$(bridge link | grep -c 'master br1')" 100
expect_equal "addresses given out" "$(jq -r '.ips[].address' n*.result | sort -u | wc -l)" 200
expect_equal "the bridge's MAC in all results" "$(jq -r '.interfaces[0].mac' n*.result | sort -u)" "$(mac br1)"

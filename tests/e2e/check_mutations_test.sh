#!/usr/bin/env bash
# What CHECK says of each thing that can happen to an attachment: a table, both modes. "healthy" must pass, "broken" must
# name what is broken. Each row starts from a fresh attachment.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq nft bridge python3
need_plugins tuning
enter_private_host "$@"

install_cni
cd "$PRIVATE_WORK"
ip link set lo up
jq -n '{cniVersion: "1.0.0", name: "net", type: "isthmus", ipMasq: true,
  ipam: {type: "isthmus", ranges: [[{subnet: "10.86.0.0/24"}], [{subnet: "fd00:86::/64"}]]}}' >ptp.conf
jq '.mode = "bridge" | .bridge = "br0" | .isDefaultGateway = true | .macspoofchk = true' ptp.conf >bridge.conf
jq '.mode = "bridge" | .bridge = "br0" | del(.ipam, .ipMasq)' ptp.conf >l2.conf
jq '.promiscMode = true' bridge.conf >promisc.conf

# The table: MODE | VERDICT, or a part of what CHECK must say | what happens, with $veth (host), $br and inside (container)
table() {
  cat <<'TABLE'
ptp    | healthy                                 | :
bridge | healthy                                 | :
l2     | healthy                                 | :
l2     | healthy                                 | ip netns add b; cni ADD b l2.conf >/dev/null
bridge | healthy                                 | ip link set br0 promisc on
bridge | healthy                                 | inside ip link set eth0 promisc on
promisc | is not in promiscuous mode             | ip link set br0 promisc off
bridge | healthy                                 | ip link set $veth address 02:00:00:00:00:55
ptp    | healthy                                 | ip link set $veth address 02:00:00:00:00:55
bridge | healthy                                 | inside ip route add 10.99.0.0/16 via 10.86.0.9; inside ip route add 10.98.0.0/16 dev eth0 table 100
ptp    | healthy                                 | inside ip route add default via 10.86.0.1 table 100; inside ip rule add from $address table 100
bridge | healthy                                 | inside ip link set eth0 mtu 1400; ip link set $veth mtu 1400
bridge | healthy                                 | sed -i 's/"mac":"[^"]*","sandbox/"mac":"02:00:00:00:00:66","sandbox/' result; inside ip link set eth0 address 02:00:00:00:00:66
bridge | healthy                                 | sed -i 's/"mac":"\([^"]*\)"/"mac":"\U\1"/g' result
bridge | healthy                                 | ip link set br0 address 02:00:00:00:00:67
ptp    | masquerade of network 'net' is gone     | nft delete table inet isthmus
bridge | masquerade of network 'net' is gone     | nft flush ruleset
bridge | hairpin mode of                         | bridge link set dev $veth hairpin off
bridge | port isolation of                       | bridge link set dev $veth isolated on
bridge | MAC guard of                            | nft delete table netdev isthmus
bridge | is no port of bridge 'br0'              | ip link set $veth nomaster
bridge | there is no bridge 'br0'                | ip link del br0
bridge | bridge 'br0' is down                    | ip link set br0 down
bridge | gateway's address 10.86.0.1/24 is gone  | ip addr del 10.86.0.1/24 dev br0
bridge | gateway's address fd00:86::1/64 is gone | ip addr del fd00:86::1/64 dev br0
bridge | does not reach                          | ip link add d0 type veth peer name d1; ip link set d0 up; ip route add $address/32 dev d0
ptp    | does not reach                          | ip route del $address/32
bridge | forwarding is off                       | echo 0 >/proc/sys/net/ipv4/ip_forward
ptp    | net.ipv6.conf.all.forwarding=0          | echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
bridge | route 0.0.0.0/0 via 10.86.0.1 is in no table | inside ip route replace default via 10.86.0.77
bridge | route ::/0 via fd00:86::1 is in no table | inside ip -6 route del default
ptp    | route 0.0.0.0/0                         | inside ip route replace default via 10.86.0.77 dev eth0 onlink
bridge | is gone from 'eth0'                     | inside ip addr del $address/24 dev eth0
bridge | 'eth0' is down                          | inside ip link set eth0 down
bridge | the host's end '                        | ip link set $veth down
bridge | there is no interface 'eth0'            | inside ip link set eth0 down; inside ip link set eth0 name eth9
bridge | has MAC                                 | inside ip link set eth0 address 02:00:00:00:00:88
ptp    | there is no interface 'eth0'            | ip link del $veth
TABLE
}

inside() { ip netns exec a "$@"; }
one_row() { # MODE VERDICT MUTATION
  local veth address said status=0
  ip netns add a
  cni ADD a "$1.conf" >result
  veth=$(jq -r '.interfaces[-2].name' result)
  address=$(jq -r '.ips[0].address // "" | split("/")[0]' result)
  eval "$3"
  check_conf "$1.conf" result >check.conf
  said=$(cni CHECK a check.conf 2>&1) || status=1
  if [ "$2" = healthy ]; then
    [ $status = 0 ] || fail "$1: CHECK has a false alarm after '$3': $said"
  else
    [ $status = 1 ] || fail "$1: CHECK misses '$3'"
    case $said in *check-failed*) ;; *) fail "$1: CHECK does not answer '$3': $said" ;; esac
    case $said in *"$2"*) ;; *) fail "$1: after '$3' CHECK says '$said', without '$2'" ;; esac
  fi
  printf '   %-7s %-45s %s\n' "$1" "$2" "$3"
  cni DEL a "$1.conf"
  ip netns del a
  if ip netns del b 2>/dev/null; then cni DEL b "$1.conf"; fi
  ip link del br0 2>/dev/null || :
  ip link del d0 2>/dev/null || :
}

step "what happens, and what CHECK says"
while IFS='|' read -r mode verdict mutation; do
  one_row "$(echo $mode)" "$(sed 's/ *$//; s/^ *//' <<<"$verdict")" "${mutation# }"
done < <(table)

step "a plugin behind us in the chain changed MAC and MTU, and CHECK gets the chain's result"
ip netns add a
cni ADD a bridge.conf >result
jq -n --slurpfile prev result '{cniVersion: "1.0.0", name: "net", type: "tuning", mac: "02:00:00:00:00:99", mtu: 1400, prevResult: $prev[0]}' >tuning.conf
cni ADD a tuning.conf >chained
check_conf bridge.conf chained >check.conf
jq 'del(.macspoofchk)' check.conf >check2.conf
cni CHECK a check2.conf
proved "healthy"

step "somebody's forward chain drops: STATUS and CHECK say so and do not fail"
nft 'table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }'
expect_output "dropped by policy in nf_tables chain 'ip filter FORWARD'" cni CHECK a check2.conf
jq '.cniVersion = "1.1.0"' bridge.conf >status.conf
expect_output "dropped by policy in nf_tables chain 'ip filter FORWARD'" cni STATUS a status.conf
nft delete table ip filter
expect_equal "what STATUS says without" "$(cni STATUS a status.conf 2>&1)" ""

step "repair: everything at once"
cni DEL a tuning.conf
cni DEL a bridge.conf
for name in a b c; do [ -e /run/netns/$name ] || ip netns add $name; done
cni ADD a bridge.conf >a.result
cni ADD b bridge.conf >b.result
jq '.name = "other" | .ipam.ranges = [[{subnet: "10.87.0.0/24"}]]' ptp.conf >other.conf
cni ADD c other.conf >c.result
expect_output "everything is in force" /opt/cni/bin/isthmus repair
all_there() { host_inventory | grep -v '^route.*fe80\|^route multicast' | sort; } # tables and chains come back in any order
all_there >before
bridge_make() {
  ip -j -d link show br0 | jq -c '.[0] | {address, ifalias, inet6_addr_gen_mode}'
  cat /proc/sys/net/ipv6/conf/br0/accept_ra
}
bridge_make >bridge.before
nft flush ruleset
ip link del br0
ip route flush dev "$(jq -r '.interfaces[0].name' c.result)"
ip addr flush dev "$(jq -r '.interfaces[0].name' c.result)"
echo 0 >/proc/sys/net/ipv4/ip_forward
expect_failure "missing   net/a/eth0: bridge 'br0' made anew" /opt/cni/bin/isthmus repair --dry-run
check_conf bridge.conf a.result >check.conf
expect_failure "there is no bridge" cni CHECK a check.conf
/opt/cni/bin/isthmus repair -o json >repaired
expect_equal "what repair prints" "$(jq -r '.kind + " " + (.items | map(.state) | unique | join(","))' repaired)" "Repair restored"
for name in a b; do check_conf bridge.conf $name.result >check.conf && cni CHECK $name check.conf; done
check_conf other.conf c.result >check.conf && cni CHECK c check.conf
proved "CHECK is content with all three"
all_there | diff before - || fail "the host is not as it was"
bridge_make | diff bridge.before - || fail "the bridge is not made as ADD makes it"
expect_output "everything is in force" /opt/cni/bin/isthmus repair
ip link del "$(jq -r '.interfaces[0].name' c.result)"
expect_failure "broken    other/c/eth0: its veth is gone" /opt/cni/bin/isthmus repair

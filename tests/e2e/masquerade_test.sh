#!/usr/bin/env bash
# ipMasq in ptp mode: a world behind the host sees the host's address, rules do not grow, and the last one takes all away.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox nft python3
enter_private_host "$@"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"

# cni VERB CONTAINER CONFIGURATION
cni() {
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH="/opt/cni/bin:$OFFICIAL_PLUGINS" \
    /opt/cni/bin/isthmus <"$3"
}
configuration() { # NETWORK IPAM
  jq -n --arg name "$1" --argjson ipam "$2" '{cniVersion: "1.0.0", name: $name, type: "isthmus", ipMasq: true, ipam: $ipam}'
}
configuration one '{"type": "isthmus", "ranges": [[{"subnet": "10.91.0.0/24"}], [{"subnet": "fd00:91::/64"}]]}' >one.conf
configuration two '{"type": "host-local", "subnet": "10.92.0.0/24", "dataDir": "/run/host-local"}' >two.conf
rules() { nft -j list table inet isthmus | jq '[.nftables[] | select(.rule)] | length'; }
no_table() { ! nft list table inet isthmus >/dev/null 2>&1; }

# Tells everybody who connects the address it sees.
cat >mirror.py <<'PYTHON'
import socket, sys
address = sys.argv[1]
server = socket.create_server((address, 80), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
while True:
    client, seen = server.accept()
    client.sendall((seen[0] + "\n").encode())
    client.close()
PYTHON
mirror() { ip netns exec "$1" python3 "$PRIVATE_WORK/mirror.py" "$2" & } # NAMESPACE ADDRESS

step "a world behind the host, which knows no way back to the pods"
ip netns add world
ip link add uplink type veth peer name eth0 netns world
ip addr add 192.0.2.1/24 dev uplink && ip -6 addr add 2001:db8:1::1/64 dev uplink nodad && ip link set uplink up
ip -n world addr add 192.0.2.2/24 dev eth0 && ip -n world -6 addr add 2001:db8:1::2/64 dev eth0 nodad
ip -n world link set eth0 up
mirror world 192.0.2.2
mirror world 2001:db8:1::2
seen() { ip netns exec "$1" busybox timeout 3 busybox nc "$2" 80 </dev/null; } # CONTAINER ADDRESS

for name in a b c; do ip netns add "$name"; done
cni ADD a one.conf >a.result
cni ADD b one.conf >b.result
cni ADD c two.conf >c.result
for server in 192.0.2.2 2001:db8:1::2; do within 10 seen a "$server" >/dev/null; done
expect_output 192.0.2.1 seen a 192.0.2.2
expect_output 2001:db8:1::1 seen a 2001:db8:1::2
expect_output 192.0.2.1 seen c 192.0.2.2

step "between containers, of different networks too, the source stays"
mirror c 0.0.0.0
address() { jq -r '.ips[0].address | split("/")[0]' "$1.result"; }
within 10 seen a "$(address c)" >/dev/null
expect_output "$(address a)" seen a "$(address c)"

step "rules do not grow with containers"
expect_equal "number of rules" "$(rules)" 2

step "somebody flushes everything: CHECK says so, the next ADD puts it back"
jq --slurpfile prev a.result '.prevResult = $prev[0]' one.conf >a.check
cni CHECK a a.check
nft flush ruleset
expect_failure "masquerade of network 'one' is gone" cni CHECK a a.check
ip netns add d
cni ADD d one.conf >d.result
cni CHECK a a.check
expect_output 192.0.2.1 seen a 192.0.2.2
cni DEL d one.conf

step "the last container of a network takes its subnets away, the last of all the table; no namespace is needed"
cni DEL c two.conf
cni DEL a one.conf
expect_output 192.0.2.1 seen b 192.0.2.2
ip netns del b
cni DEL b one.conf
no_table || fail "a table is left: $(nft list table inet isthmus)"
proved "no table of ours is left"

step "the state directory is lost: DEL takes the subnets away when no link of the network is left"
ip netns add e && ip netns add f
cni ADD e one.conf >/dev/null
cni ADD f one.conf >/dev/null
rm -rf /run/isthmus
cni DEL e one.conf
rules | grep -qx 2 || fail "masquerade of the other container is gone"
cni DEL f one.conf
no_table || fail "a table is left: $(nft list table inet isthmus)"
proved "no table of ours is left"

step "twenty at once, come and gone, three times"
for round in 1 2 3; do
  for i in $(seq 20); do
    ip netns add "p$i"
    { cni ADD "p$i" one.conf >/dev/null && cni DEL "p$i" one.conf; } || touch "failed.$round.$i" &
    pids[i]=$!
  done
  wait "${pids[@]}"
  for i in $(seq 20); do ip netns del "p$i"; done
  no_table || fail "a table is left after round $round"
done
[ -z "$(ls failed.* 2>/dev/null)" ] || fail "some calls failed: $(ls failed.*)"
proved "every call succeeded and no table is left"

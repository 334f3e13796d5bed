#!/usr/bin/env bash
# isthmus gc --only: each kind alone takes that and nothing else; and what no record tells of any more, links, addresses
# and masquerade of a state directory that was lost, goes when nobody can want it.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq nft ping

CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipMasq":true,"ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
cni() { # VERB ID [NETNS]
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=${3:-} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF" >/dev/null
}
alive() { printf '%s\n' "$@" >"$PRIVATE_WORK/alive"; }
# gc [OPTION...]: always as somebody who knows which containers are alive.
gc() {
  local status=0
  "$ISTHMUS_BIN" gc --here --yes --older-than 0s --alive "$PRIVATE_WORK/alive" -o json "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  [ "$status" -le 1 ] || fail "gc ended with $status: $(cat "$PRIVATE_WORK/err")"
}
item() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .kind + "/" + .verdict + "/" + .outcome' "$PRIVATE_WORK/out"; }
kinds() { jq -r '[.items[].kind] | unique | join(",")' "$PRIVATE_WORK/out"; }
names() { find /run/netns -type f | wc -l; }
leases() { find /run/isthmus -path '*/leases/*' -type f 2>/dev/null | wc -l; }
records() { find /run/isthmus -path '*/attachments/*' -type f 2>/dev/null | wc -l; }
links() { ip -o link show type veth | wc -l; }
rules() { nft list tables | grep -c isthmus || true; }
# expect_left NAMES LINKS LEASES RULES RECORDS
expect_left() { expect_equal "names, links, leases, rules, records" "$(names) $(links) $(leases) $(rules) $(records)" "$*"; }
# A namespace that somebody holds without a name, a task or a descriptor: so its link stays.
hold() {
  python3 - "$1" <<'P' &
import ctypes, os, socket, sys, time
home = os.open("/proc/self/ns/net", os.O_RDONLY)
name = os.open(sys.argv[1], os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.setns(name, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
libc.setns(home, 0)
os.close(name)
open("/run/t/held", "w").close()
time.sleep(300)
P
  within 10 test -e "$PRIVATE_WORK/held"
  rm "$PRIVATE_WORK/held"
}
alive live

step "a dead attachment whose namespace somebody holds unseen: one kind after the other"
ip netns add a
cni ADD a /run/netns/a
hold /run/netns/a
umount -l /run/netns/a
rm /run/netns/a
expect_left 0 1 1 1 1
gc --only mounts
expect_equal "items" "$(kinds)" ""
expect_left 0 1 1 1 1
gc --only links
expect_equal "net/a/eth0" "$(item net/a/eth0)" attachment/leaked/reaped
expect_left 0 0 1 1 1
gc --only links
expect_equal "items left" "$(kinds)" ""
gc --only rules
expect_equal "net/a/eth0" "$(item net/a/eth0)" attachment/leaked/reaped
expect_left 0 0 1 0 1
gc --only rules
expect_equal "items left" "$(kinds)" ""
gc --only leases
expect_equal "net/a/eth0" "$(item net/a/eth0)" attachment/leaked/reaped
expect_left 0 0 0 0 1
gc --only leases,links,rules
expect_left 0 0 0 0 0

step "the same with a name: mounts alone leaves the record and what it tells of"
ip netns add b
cni ADD b /run/netns/b
gc --only leases
expect_equal "items while the name is there" "$(kinds)" ""
expect_left 1 1 1 1 1
gc --only mounts
expect_equal "b" "$(item b)" name/leaked/reaped
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 0 ]'
expect_left 0 0 1 1 1
gc --only rules,leases
expect_left 0 0 0 0 1
gc
expect_left 0 0 0 0 0

step "the masquerade of a network goes with its last attachment only"
for id in c d live; do
  ip netns add $id
  cni ADD $id /run/netns/$id
done
ip netns exec live sleep 300 &
ip netns delete c
ip netns delete d
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 1 ]'
gc --only rules
expect_left 1 1 3 1 3
cni DEL live /run/netns/live
ip netns pids live | xargs -r kill
ip netns delete live
gc --only rules
gc
expect_left 0 0 0 0 0

step "the state directory is lost: what the host still has of the dead, and of the living"
for id in e f live; do
  ip netns add $id
  cni ADD $id /run/netns/$id
done
address=$(ip netns exec live ip -4 -o addr show eth0 | awk '{ sub("/.*", "", $4); print $4 }')
ip netns exec live sleep 300 &
hold /run/netns/e
umount -l /run/netns/e
rm /run/netns/e
rm -r /run/isthmus
expect_left 2 3 0 1 0
link_of() { ip -o link show type veth | awk -v alias="isthmus net/$1/eth0" 'index($0, alias) { sub("@.*", "", $2); print $2 }'; }
e=$(link_of e) f=$(link_of f) l=$(link_of live)
alive e f live
gc
expect_equal "the link of e, which a runtime knows" "$(item "$e")" link/pinned/none
alive live
gc --only leases,rules
expect_left 2 3 0 1 0
"$ISTHMUS_BIN" gc --here --dry-run --older-than 0s --alive "$PRIVATE_WORK/alive" -o json \
  >"$PRIVATE_WORK/out" || true
expect_equal "the link of e in a dry run" "$(item "$e")" link/leaked/none
gc
expect_equal "the link of e" "$(item "$e")" link/leaked/reaped
expect_equal "the link of f, whose namespace has its name" "$(item "$f")" link/pinned/none
expect_equal "the link of the living one" "$(item "$l")" link/live/none
expect_left 2 2 0 1 0
ping -c1 -w5 -i0.2 -q "$address" >/dev/null || fail "the living one cannot be reached"
proved "the living one is reachable"
cni DEL f /run/netns/f
ip netns delete f
cni DEL live /run/netns/live
expect_left 1 0 0 0 0
ip netns pids live | xargs -r kill
ip netns delete live

step "masquerade of which neither a record nor a link tells"
ip netns add g
cni ADD g /run/netns/g
ip netns exec g sleep 300 &
within 3 sh -c '[ -n "$(ip netns pids g)" ]'
rm -r /run/isthmus
gc --only rules
expect_equal "items while its link is there" "$(kinds)" ""
ip netns pids g | xargs kill
ip netns delete g
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 0 ]'
gc --only rules
expect_equal "net" "$(item net)" rule/leaked/reaped
expect_left 0 0 0 0 0

step "somebody else's links with such an alias are left alone"
ip netns add h
ip link add stranger type veth peer name eth0 netns h
ip link set stranger alias "isthmus net/h/eth0"
gc
expect_equal "items" "$(kinds)" name
expect_equal "links" "$(links)" 1

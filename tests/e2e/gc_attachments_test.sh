#!/usr/bin/env bash
# What belongs to attachments that are dead: record, addresses and the host's end of the link go, in every way a
# container can be lost; every other attachment keeps working.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq ping

CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
cni() { # VERB ID [NETNS]
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=${3:-} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF"
}
address() { cni ADD "$1" "/run/netns/$2" | jq -r '.ips[0].address' | cut -d/ -f1; }
gc() { "$ISTHMUS_BIN" gc --here --older-than 0s "$@"; }
alive() { printf '%s\n' "$@" >"$PRIVATE_WORK/alive"; }
item() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .verdict + "/" + .outcome' "$PRIVATE_WORK/out"; }
reason() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .reason.text' "$PRIVATE_WORK/out"; }
leases() { find /run/isthmus -path '*/leases/*' -type f 2>/dev/null | wc -l; }
records() { find /run/isthmus -path '*/attachments/*' -type f 2>/dev/null | wc -l; }
hosts() { ip -o link show type veth | wc -l; }
expect_left() { # RECORDS
  expect_equal "records" "$(records)" "$1"
  expect_equal "leases" "$(leases)" "$1"
  expect_equal "links on the host" "$(hosts)" "$1"
}

step "four containers; one stays alive"
for name in a b c live; do ip netns add $name; done
ip=$(address live live)
for name in a b c; do address "$name" "$name" >/dev/null; done
ip netns exec live sleep 300 &
sleep 0.2
expect_left 4

step "nobody says that they are gone: nothing is reaped"
gc --yes -o json >"$PRIVATE_WORK/out" || true
for name in a b c; do expect_equal "$name" "$(item $name)" unknown/none; done
expect_equal "live" "$(item live)" live/none
alive a b c live
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
for name in a b c; do expect_equal "$name, which a runtime knows" "$(item $name)" pinned/none; done
expect_left 4

step "a name whose container no runtime knows goes with all that belongs to it"
alive b c live
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
expect_equal a "$(item a)" leaked/reaped
[ ! -e /run/netns/a ] || fail "the name is still there"
expect_left 3
ping -c1 -w5 -i0.2 -q "$ip" >/dev/null || fail "the live one cannot be reached"
ip netns exec live ping -c1 -w5 -i0.2 -q 10.1.2.1 >/dev/null || fail "the live one cannot reach its gateway"
proved "the live one is reachable"

step "a namespace that died without DEL leaves a record and an address"
ip netns delete b
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 2 ]'
gc --dry-run -o json >"$PRIVATE_WORK/out" || true
expect_equal "net/b/eth0" "$(item net/b/eth0)" leaked/none
expect_equal "records after a dry run" "$(records)" 3
gc --yes -o json >"$PRIVATE_WORK/out" || true
expect_equal "net/b/eth0" "$(item net/b/eth0)" leaked/reaped
expect_left 2

step "a record whose path is another namespace's now"
ip netns delete c
ip netns add c
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 1 ]'
gc --yes -o json >"$PRIVATE_WORK/out" || true
expect_equal "net/c/eth0" "$(item net/c/eth0)" leaked/reaped
expect_equal "the new namespace of that name" "$(item c)" pinned/none
expect_left 1

step "an address without a record, as a state directory that was half lost has it"
address c c >/dev/null
rm /run/isthmus/networks/net/attachments/c:eth0
gc --yes --runtime none -o json >"$PRIVATE_WORK/out" || true
ip netns delete c
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 1 ]'
gc --yes -o json >"$PRIVATE_WORK/out" || true
expect_left 1

step "alive by a socket, without a name: once the link is gone the address can be given back"
ip netns add d
address d d >/dev/null
python3 - <<'P' &
import ctypes, os, socket, time
home = os.open("/proc/self/ns/net", os.O_RDONLY)
name = os.open("/run/netns/d", os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.setns(name, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
libc.setns(home, 0)
os.close(name)
time.sleep(300)
P
sleep 0.4
umount -l /run/netns/d
rm /run/netns/d
alive live
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
proved "net/d/eth0: $(item net/d/eth0)"
expect_equal "links on the host" "$(hosts)" 1
ping -c1 -w5 -i0.2 -q "$ip" >/dev/null || fail "the live one cannot be reached"

step "an inode number that was used again is not the namespace of the record"
ip netns add e
address e e >/dev/null
ip netns delete e
within 3 sh -c '[ "$(ip -o link show type veth | wc -l)" = 1 ]'
ip netns add e
# The kernel gives an inode number again sooner or later; here it is said to have done so at once.
record=$(grep -rl '"container_id":"e"' --include='*' /run/isthmus --exclude-dir=released | head -1)
sed -i 's/"netns_inode":[0-9]*/"netns_inode":'"$(stat -Lc %i /run/netns/e)/" "$record"
grep -q "\"netns_inode\":$(stat -Lc %i /run/netns/e)," "$record" || fail "the record was not changed: $(cat "$record")"
alive live
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
expect_equal "the new namespace" "$(item e)" pinned/none
[ -e /run/netns/e ] || fail "the new one was reaped"
ip netns delete e
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
expect_left 1

step "an ADD at work is left alone"
mkdir -p "$PRIVATE_WORK/bin"
cat >"$PRIVATE_WORK/bin/slow" <<'PLUGIN'
#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exit 0
: >"$PRIVATE_WORK/asked"
sleep 2
echo '{"cniVersion":"1.0.0","ips":[{"address":"10.7.7.7/24","gateway":"10.7.7.1"}]}'
PLUGIN
chmod +x "$PRIVATE_WORK/bin/slow"
ip netns add f
CNI_COMMAND=ADD CNI_CONTAINERID=f CNI_NETNS=/run/netns/f CNI_IFNAME=eth0 CNI_PATH=$PRIVATE_WORK/bin "$ISTHMUS_BIN" \
  <<<'{"cniVersion":"1.0.0","name":"slow","type":"isthmus","ipam":{"type":"slow"}}' >"$PRIVATE_WORK/added" &
added=$!
within 5 test -e "$PRIVATE_WORK/asked"
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
expect_equal "f, in the middle of its ADD" "$(item f)" live/none
wait $added || fail "$(cat "$PRIVATE_WORK/added")"
gc --yes --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || true
proved "f: $(reason f)"
expect_equal "f, after its ADD, unknown to the runtime" "$(item f)" leaked/reaped
cni DEL live /run/netns/live
expect_left 0

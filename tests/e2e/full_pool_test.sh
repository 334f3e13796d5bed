#!/usr/bin/env bash
# An ADD that finds every address held takes those of attachments that are proved dead, and none of one that lives.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq ping strace

# Six addresses: .1 is the gateway's.
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipMasq":true,"ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/29"}]]}}'
cni() { # VERB ID [NETNS]
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=${3:-} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF"
}
add() { ip netns add "$1" && cni ADD "$1" "/run/netns/$1" >/dev/null; }
leases() { find /run/isthmus -path '*/leases/*' -type f 2>/dev/null | wc -l; }
records() { find /run/isthmus -path '*/attachments/*' -type f 2>/dev/null | wc -l; }
# wait_for_links COUNT: the kernel takes the links of dead namespaces down a moment later.
wait_for_links() { within 3 sh -c "[ \$(ip -o link show type veth | wc -l) = $1 ]"; }

step "five pods live: there is nothing to take"
for i in 1 2 3 4 5; do add live$i; done
ip netns add more
expect_failure "[ipam-exhausted]" cni ADD more /run/netns/more
expect_equal "leases" "$(leases)" 5
expect_equal "records" "$(records)" 5
proved "none was taken: without a process in it a namespace lives by its name"

step "a name that is gone is no proof while something else holds the namespace"
ip netns exec live1 sleep 300 &
user=$!
within 3 sh -c '[ -n "$(ip netns pids live1)" ]'
umount -l /run/netns/live1
rm /run/netns/live1
expect_failure "[ipam-exhausted]" cni ADD more /run/netns/more
# Without its link it still lives, by its process.
link=$(jq -r .host_ifname /run/isthmus/networks/net/attachments/live1:eth0)
ip link delete "$link"
expect_failure "[ipam-exhausted]" cni ADD more /run/netns/more
kill $user
wait $user || true
sleep 0.2
expect_output 10.1.2.2/ cni ADD more /run/netns/more
expect_equal "records" "$(records)" 5
proved "with the process the last holder went, and the address with it"

step "a link that somebody renamed is still its link"
link=$(jq -r .host_ifname /run/isthmus/networks/net/attachments/live2:eth0)
ip link set "$link" down
ip link set "$link" name renamed
ip link set renamed up
mkdir /run/hidden
touch /run/hidden/x
mount --bind /run/netns/live2 /run/hidden/x
umount -l /run/netns/live2
rm /run/netns/live2
ip netns add again
expect_failure "[ipam-exhausted]" cni ADD again /run/netns/again
umount /run/hidden/x
wait_for_links 4
expect_output 10.1.2.3/ cni ADD again /run/netns/again

step "all are dead without a DEL"
for id in live3 live4 live5 more again; do ip netns delete $id; done
wait_for_links 0
expect_equal "leases" "$(leases)" 5
for i in 1 2 3 4 5; do add new$i; done
expect_equal "leases" "$(leases)" 5
expect_equal "records" "$(records)" 5
ip netns exec new1 ping -c1 -w5 -i0.2 -q 10.1.2.1 >/dev/null || fail "the new one cannot reach its gateway"
grep -qF 10.1.2.0/29 <<<"$(nft list table inet isthmus)" || fail "the masquerade went with the dead"
proved "each of five more got an address, and the masquerade is there"

step "addresses of which no record tells"
for i in 1 2 3; do ip netns delete new$i; done
wait_for_links 2
rm /run/isthmus/networks/net/attachments/new[123]:eth0
rm /run/isthmus/networks/net/attachments/new4:eth0
ip netns add last
expect_output '"address"' cni ADD last /run/netns/last
expect_equal "leases, that of new4 with its link among them," "$(leases)" 3

step "while there are addresses an ADD does not look for the dead"
ip netns delete last
wait_for_links 2
ip netns add cheap
strace -f -o "$PRIVATE_WORK/trace" -e trace=openat,getdents64 env CNI_COMMAND=ADD CNI_CONTAINERID=cheap CNI_NETNS=/run/netns/cheap \
  CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF" >/dev/null
! grep -q '"last:eth0"\|getdents64' "$PRIVATE_WORK/trace" || fail "it did: $(grep 'last:eth0\|getdents' "$PRIVATE_WORK/trace")"
[ -e /run/isthmus/networks/net/attachments/last:eth0 ] || fail "a record was taken down"
proved "it read no other record and listed no directory"

#!/usr/bin/env bash
# isthmus find: the address that answers although no process has it and no mount on the host shows it, found by one
# command; and everything else a person may have in hand.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq nsenter ping unshare

find_it() { "$ISTHMUS_BIN" find "$@"; }
found() { find_it "$@" -o json | jq -r '[.items[].netns.inode] | join(" ")'; }

step "10.2.1.15 answers, no process has it, no mount on the host shows it"
mount --make-shared /run
ip link add host0 type veth peer name pod0
ip addr add 10.2.1.1/24 dev host0
ip link set host0 up
cat >"$PRIVATE_WORK/daemon" <<'D'
mount --make-rslave /
ip netns add cni-11111111-2222-3333-4444-555555555555
ip link set pod0 netns cni-11111111-2222-3333-4444-555555555555
ip -n cni-11111111-2222-3333-4444-555555555555 addr add 10.2.1.15/24 dev pod0
ip -n cni-11111111-2222-3333-4444-555555555555 link set pod0 up
exec -a old_monitor sleep 300
D
unshare --mount bash "$PRIVATE_WORK/daemon" &
monitor=$!
within 5 ping -c1 -W1 -q 10.2.1.15 >/dev/null
name=/run/netns/cni-11111111-2222-3333-4444-555555555555
expect_equal "mounts of it on the host" "$(grep -c cni-1111 /proc/self/mountinfo || true)" 0
inode=$(stat -Lc %i "/proc/$monitor/root$name")
for pid in /proc/[0-9]*; do
  [ "$(readlink "$pid/ns/net" 2>/dev/null)" != "net:[$inode]" ] || fail "$pid is in it"
done
find_it 10.2.1.15 >"$PRIVATE_WORK/out"
grep -q "10.2.1.15/24 is an address of pod0" "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
grep -q "names *none on this host; $name in the mount namespace of pid $monitor" "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(grep names "$PRIVATE_WORK/out" | tr -s ' ')"
grep -q "pod0 is host0" "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
command=$(sed -n 's/^ *\(nsenter .*\) COMMAND/\1/p' "$PRIVATE_WORK/out")
expect_output "inet 10.2.1.15/24" $command ip addr show dev pod0
for what in host0 "$(cat /sys/class/net/host0/address)" "ifindex:$(cat /sys/class/net/host0/ifindex)" "$inode" "net:[$inode]" \
  "$name" cni-11111111-2222-3333-4444-555555555555; do
  expect_equal "$what" "$(found "$what" | cut -d' ' -f1)" "$inode"
done
kill $monitor

step "a container of isthmus: by address, pod, id, link"
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
ip netns add web
CNI_COMMAND=ADD CNI_CONTAINERID=c0ffee01 CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
  CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart" "$ISTHMUS_BIN" <<<"$CONF" >"$PRIVATE_WORK/result"
inode=$(stat -Lc %i /run/netns/web)
ip netns exec web sleep 300 &
task=$!
within 5 sh -c "[ \"\$(stat -Lc %i /proc/$task/ns/net)\" = $inode ]"
for what in "$(jq -r '.ips[0].address' "$PRIVATE_WORK/result" | cut -d/ -f1)" "$(jq -r '.interfaces[1].mac' "$PRIVATE_WORK/result")" \
  shop/cart cart c0ff web /run/netns/web "pid:$task" "$inode" "$(jq -r '.interfaces[0].name' "$PRIVATE_WORK/result")"; do
  expect_equal "$what" "$(found "$what" | cut -d' ' -f1)" "$inode"
done
expect_output "pid $task (sleep)" find_it web
kill $task
ip netns delete web
within 3 sh -c "! ip -o link show type veth | grep -q ist"
expect_output "gone: /run/netns/web was inode $inode" find_it shop/cart
status=0
find_it nothing-of-this-name >/dev/null 2>&1 || status=$?
expect_equal "the exit status for what is not there" "$status" 1

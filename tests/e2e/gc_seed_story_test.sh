#!/usr/bin/env bash
# The stories the reaper is for. A daemon whose mounts are slaves makes a container's namespace and goes; a monitor it
# started lives on in the same mount namespace. On the host the name is an empty file, no process is in the namespace,
# nsenter says "Invalid argument", and the address still answers. Cured without ending the monitor.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq nsenter ping setsid

NAME=cni-11111111-2222-3333-4444-555555555555
gc() { "$ISTHMUS_BIN" gc --here --foreign --runtime none --older-than 0s "$@"; }
mount --make-shared /run

step "a mount made in a slave mount namespace, whose maker is gone"
ip link add host0 type veth peer name pod0
ip addr add 10.9.9.1/24 dev host0
ip link set host0 up
cat >"$PRIVATE_WORK/daemon" <<D
mount --make-rslave /
ip netns add $NAME
ip link set pod0 netns $NAME
ip -n $NAME addr add 10.9.9.2/24 dev pod0
ip -n $NAME link set pod0 up
exec -a old_monitor sleep 300
D
unshare --mount bash "$PRIVATE_WORK/daemon" &
monitor=$!
within 5 ping -c1 -w5 -i0.2 -q 10.9.9.2 >/dev/null
expect_equal "mounts of the name on the host" "$(grep -c "$NAME" /proc/self/mountinfo || true)" 0
expect_equal "the file's size on the host" "$(stat -c %s /run/netns/$NAME)" 0
expect_failure "Invalid argument" nsenter --net=/run/netns/$NAME true
proved "the host sees an empty file, and 10.9.9.2 answers"

gc --dry-run >"$PRIVATE_WORK/out" || true
grep "$NAME" "$PRIVATE_WORK/out" | grep "leaked" | grep -q "pid $monitor" || fail "the monitor is not named: $(cat "$PRIVATE_WORK/out")"
proved "gc names the monitor that holds it: $(grep -o 'copy in.*' "$PRIVATE_WORK/out" | head -1)"
ping -c1 -w5 -i0.2 -q 10.9.9.2 >/dev/null || fail "looking broke it"
gc --yes >"$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
[ ! -e /run/netns/$NAME ] || fail "the file is still there"
! ip link show host0 2>/dev/null || fail "the host's end is still there: the namespace lives"
kill -0 "$monitor" || fail "the monitor was ended"
proved "the namespace is dead, its address is silent, the monitor lives"

step "the same while the container is in use is left alone"
ip link add host0 type veth peer name pod0
unshare --mount bash "$PRIVATE_WORK/daemon" &
second=$!
within 5 nsenter --mount="/proc/$second/ns/mnt" ip netns exec $NAME true
nsenter --mount="/proc/$second/ns/mnt" ip netns exec $NAME sleep 300 &
sleep 0.3
gc --yes >"$PRIVATE_WORK/out" || true
grep "$NAME" "$PRIVATE_WORK/out" | grep -q " live " || fail "$(cat "$PRIVATE_WORK/out")"
[ -e /run/netns/$NAME ] || fail "the file of a live namespace was removed"
proved "a process in it makes it live"
kill %3

step "a private copy of a name on the host"
for propagation in private slave shared; do
  ip netns add cni-1-2-3-4-5
  unshare --mount --propagation $propagation sleep 300 &
  copy=$!
  sleep 0.3
  gc --yes >"$PRIVATE_WORK/out" || true
  [ ! -e /run/netns/cni-1-2-3-4-5 ] || fail "$propagation: $(cat "$PRIVATE_WORK/out")"
  grep cni-1-2-3-4-5 "$PRIVATE_WORK/out" | grep -q reaped || fail "$propagation: $(cat "$PRIVATE_WORK/out")"
  expect_equal "copies left in a $propagation mount namespace" "$(grep -c cni-1-2-3-4-5 "/proc/$copy/mountinfo" || true)" 0
  kill -0 "$copy" || fail "its holder was ended"
done

step "a copy on another file is told, and not touched"
ip netns add cni-1-2-3-4-6
touch /run/other
unshare --mount --propagation private sh -c 'mount --bind /run/netns/cni-1-2-3-4-6 /run/other; exec sleep 300' &
sleep 0.3
gc --yes >"$PRIVATE_WORK/out" || true
grep cni-1-2-3-4-6 "$PRIVATE_WORK/out" | grep pinned | grep -q "at /run/other in the mount namespace of pid" || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(grep -o 'also mounted.*' "$PRIVATE_WORK/out" | head -1)"

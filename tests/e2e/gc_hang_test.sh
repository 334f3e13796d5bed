#!/usr/bin/env bash
# Nothing hangs gc: a frozen FUSE file system in a container, the task that waits in it (in state S, and unkillable in D
# after SIGKILL), a pid namespace that cannot end because of it.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip python3 timeout
[ -c /dev/fuse ] || skip "no /dev/fuse"

gc() { timeout 20 "$ISTHMUS_BIN" gc --here --foreign --runtime none --older-than 0s --deadline 10s "$@"; }

step "a container that waits in a frozen FUSE file system, in a pid namespace of its own"
ip netns add cni-1-2-3-4-1
ip netns add cni-1-2-3-4-2
mkdir -p /run/frozen
exec 8< <(exec python3 "$here/freeze.py" /run/frozen)
server=$!
read -r -u 8 -t 10 _ || skip "FUSE cannot be mounted here"
ip netns exec cni-1-2-3-4-1 unshare --mount --pid --fork sh -c 'cat /run/frozen/file & wait' &
within 5 pgrep -x cat >/dev/null
stuck=$(pgrep -x cat)
within 5 grep -q request_wait_answer "/proc/$stuck/wchan"
proved "pid $stuck waits in $(cat "/proc/$stuck/wchan")"
gc --dry-run >"$PRIVATE_WORK/out" || true
grep cni-1-2-3-4-1 "$PRIVATE_WORK/out" | grep -q live || fail "$(cat "$PRIVATE_WORK/out")"
grep cni-1-2-3-4-2 "$PRIVATE_WORK/out" | grep -q leaked || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(tail -5 "$PRIVATE_WORK/out" | head -1)"

step "after SIGKILL it cannot be ended, and holds its namespace"
kill -KILL "$stuck"
sleep 0.3
expect_equal "its state" "$(awk '{ print $3 }' "/proc/$stuck/stat")" D
start=$SECONDS
gc --yes >"$PRIVATE_WORK/out" || true
[ $((SECONDS - start)) -lt 20 ] || fail "it took $((SECONDS - start)) s"
grep cni-1-2-3-4-1 "$PRIVATE_WORK/out" | grep -q live || fail "$(cat "$PRIVATE_WORK/out")"
[ ! -e /run/netns/cni-1-2-3-4-2 ] || fail "the leaked one is still there"
proved "gc ends in time, names the task that cannot die, and reaps the other name"

step "a directory of names on the frozen file system"
status=0
timeout 20 "$ISTHMUS_BIN" gc --here --dry-run --root /run/frozen --deadline 5s 2>"$PRIVATE_WORK/err" || status=$?
expect_equal "the exit status" "$status" 2
grep -q "reap-root" "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
proved "$(cat "$PRIVATE_WORK/err")"

# Its server's end answers everything with an error; else the pid namespace of the test could not end.
kill "$server"
within 5 sh -c "! kill -0 $stuck 2>/dev/null"
proved "when its server ends, the task does too"

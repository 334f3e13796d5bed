#!/usr/bin/env bash
# A container that cannot die because a task in it waits for a FUSE server that does not answer: isthmus doctor names the
# task, the connection and the init that waits for it, in time, and the command it prints frees them.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 timeout unshare
[ -c /dev/fuse ] || skip "no /dev/fuse"

doctor() {
  local status=0
  timeout 15 "$ISTHMUS_BIN" doctor --here --deadline 10s "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  expect_equal "the exit status" "$status" 1
}
of() { jq -r --arg object "$1" ".items[] | select(.check == \"stuck\" and (.object | test(\$object))) | $2" "$PRIVATE_WORK/out"; }

step "a container with a task that waits"
mkdir -p /run/frozen
exec 8< <(exec python3 "$here/freeze.py" /run/frozen)
server=$!
read -r -u 8 -t 10 _ || skip "FUSE cannot be mounted here"
ip netns add pod
ip netns exec pod unshare --mount --pid --fork --kill-child sh -c 'cat /run/frozen/file & wait' &
container=$!
within 5 pgrep -x cat >/dev/null
stuck=$(pgrep -x cat)
init=$(ps -o ppid= -p "$stuck" | tr -d ' ')
within 5 grep -q request_wait_answer "/proc/$stuck/wchan"
doctor -o json
expect_equal "what it says of pid $stuck" "$(of "pid $stuck " .severity)" critical
of "pid $stuck " .what | grep -q "waits for a FUSE server (state S.*at /run/frozen" || fail "$(of "pid $stuck " .what)"
proved "$(of "pid $stuck " .what)"

step "its init is killed: the pid namespace cannot end"
kill -KILL "$init"
within 5 grep -q '^[0-9]* (sh) S' "/proc/$init/stat"
sleep 0.2
expect_equal "the state of the task" "$(awk '{ print $3 }' "/proc/$stuck/stat")" D
of "pid $stuck " .cure | grep -q "^mount -t fusectl .* && echo 1 >" || fail "$(of "pid $stuck " .cure)"
mount -t fusectl none /sys/fs/fuse/connections
start=$SECONDS
doctor -o json
of "pid $stuck " .what | grep -q "has [1-9][0-9]* requests without an answer" || fail "$(of "pid $stuck " .what)"
[ $((SECONDS - start)) -lt 20 ] || fail "it took $((SECONDS - start)) s"
of "pid $init " .what | grep -q "zap_pid_ns_processes.*waits for pid $stuck (cat)" || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(of "pid $init " .what)"
expect_equal "what is stuck" "$(jq -c "[.items[] | select(.check == \"stuck\") | .object]" "$PRIVATE_WORK/out")" "[\"pid $stuck (cat)\",\"pid $init (sh)\"]"

step "the cure"
cure=$(of "pid $stuck " .cure)
proved "$cure"
eval "$cure"
within 5 sh -c "! kill -0 $stuck 2>/dev/null && ! kill -0 $init 2>/dev/null"
wait $container || true
status=0
"$ISTHMUS_BIN" doctor --here --only stuck >/dev/null || status=$?
expect_equal "the exit status afterwards" "$status" 0
kill $server 2>/dev/null || true

#!/usr/bin/env bash
# isthmus gc beside a real containerd that is killed, with the shims of the pods that are to die, in the middle of making
# pods. After its restart gc takes exactly what is dead; what containerd still knows is left to it; live pods lose no
# packet. GC_ROUNDS and GC_PODS make it longer.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
need ip jq ping containerd ctr runc protoc pgrep
need_plugins loopback
/usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || skip "python3-grpcio is not installed (make deps-test)"
enter_private_host "$@"
. "$here/containerd.sh"

: "${GC_ROUNDS:=3}" "${GC_PODS:=8}"
make_image "$PRIVATE_WORK/image"
protoc --proto_path="$here/cri" --python_out="$PRIVATE_WORK" runtime.proto
export IMAGE CRI_SOCKET=$CONTAINERD_SOCKET PYTHONPATH=$PRIVATE_WORK PYTHONDONTWRITEBYTECODE=1
cri() { "$here/cri/client.py" "$@"; }
ready() { cri network-ready >/dev/null; }
gc() {
  local status=0
  "$ISTHMUS_BIN" gc --here --yes --foreign --runtime "containerd://$CONTAINERD_SOCKET" --older-than 0s --limit 1000 -o json \
    >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  [ "$status" -le 1 ] || fail "gc ended with $status: $(cat "$PRIVATE_WORK/err")"
}
count() { jq "[.items[] | select($1)] | length" "$PRIVATE_WORK/out"; }
shims_but_of() { # LIVE-POD...: pids
  pgrep -af 'containerd-shim-runc-v2.* -id ' | grep -vF "$(printf '%s\n' "$@")" | awk '{ print $1 }' || true
}
names() { find /run/netns -name 'cni-*' | wc -l; }
records() { find /run/isthmus -path '*/attachments/*' -type f 2>/dev/null | wc -l; }
leases() { find /run/isthmus -path '*/leases/*' -type f 2>/dev/null | wc -l; }
links() { ip -o link show type veth | wc -l; }
no_adds() { ! pgrep -x isthmus >/dev/null; }

start_containerd
ctr -n k8s.io image import "$PRIVATE_WORK/image/image.tar" >/dev/null
install_cni 10-isthmus.conflist
within 10 ready

step "two pods that live throughout, each pinged all the time"
live=() pings=()
for name in one two; do
  live+=("$(cri run-pod live-$name)")
  address=$(cri addresses "${live[-1]}")
  ping -q -i 0.02 "$address" >"$PRIVATE_WORK/ping-$name" &
  pings+=($!)
done
gc
expect_equal "live names" "$(count '.kind == "name" and .verdict == "live"')" 2

for round in $(seq "$GC_ROUNDS"); do
  step "round $round: $GC_PODS pods, and SIGKILL to containerd and their shims in the middle"
  cri churn "$GC_PODS" 8 >/dev/null 2>&1 &
  maker=$!
  # In the middle: some sandboxes have their namespace, none or few have everything.
  within 60 sh -c "[ \$(find /run/netns -name 'cni-*' | wc -l) -gt $((2 + RANDOM % (GC_PODS / 2) + 1)) ]"
  sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
  kill -KILL "$CONTAINERD_PID"
  shims=$(shims_but_of "${live[@]}")
  # shellcheck disable=SC2086
  [ -z "$shims" ] || kill -KILL $shims 2>/dev/null || true
  wait "$CONTAINERD_PID" 2>/dev/null || true
  wait "$maker" || true
  within 20 no_adds
  proved "$(names) names, $(records) records, $(links) links are there"

  gc
  expect_equal "reaped while containerd cannot be asked" "$(count '.kind == "name" and .outcome == "reaped"')" 0
  rm -f "$CONTAINERD_SOCKET"
  start_containerd
  within 20 ready
  gc
  proved "reaped: $(count '.outcome == "reaped"'), left to containerd: $(count '.verdict == "pinned"'), live: $(count '.verdict == "live"')"
  [ "$(count '.outcome == "failed" or .outcome == "skipped"')" = 0 ] || fail "$(cat "$PRIVATE_WORK/out")"

  # What a kubelet does with pods it no longer wants.
  for pod in $(cri pods); do
    case " ${live[*]} " in *" $pod "*) continue ;; esac
    cri stop-pod "$pod"
    cri remove-pod "$pod"
  done
  gc
  within 3 sh -c "[ \$(ip -o link show type veth | wc -l) = 2 ]"
  expect_equal "names" "$(names)" 2
  expect_equal "records" "$(records)" 2
  expect_equal "leases" "$(leases)" 2
done

step "the live pods"
sleep 0.2
kill -INT "${pings[@]}"
wait "${pings[@]}" 2>/dev/null || true
for name in one two; do
  grep -q ' 0% packet loss' "$PRIVATE_WORK/ping-$name" || fail "$(cat "$PRIVATE_WORK/ping-$name")"
  proved "$name: $(grep 'packet loss' "$PRIVATE_WORK/ping-$name")"
done
for pod in "${live[@]}"; do
  cri stop-pod "$pod"
  cri remove-pod "$pod"
done
gc
expect_equal "names" "$(names)" 0
expect_equal "records" "$(records)" 0

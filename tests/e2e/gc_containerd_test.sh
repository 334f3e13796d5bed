#!/usr/bin/env bash
# isthmus gc beside a real containerd that is killed, with the shims of the pods that are to die, in the middle of making
# pods. After its restart gc takes exactly what is dead; what containerd still knows is left to it; live pods lose no
# packet. GC_ROUNDS, GC_PODS (made in each round) and GC_LIVE (that live throughout) make it longer: `make gc-soak`.
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

: "${GC_ROUNDS:=3}" "${GC_PODS:=8}" "${GC_LIVE:=2}" "${GC_PARALLEL:=8}"
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
links() { ip -o link show type veth 2>/dev/null | wc -l; } # names the other end's namespace, if that is not dying
# Looks all the time, because a sandbox is between its namespace and its place in containerd's store for moments only.
await_names() { # -gt|-ge|-lt NUMBER
  local there=(/run/netns/cni-*) end=$((SECONDS + 60))
  until [ "${#there[@]}" "$1" "$2" ]; do
    [ "$SECONDS" -lt "$end" ] || fail "${#there[@]} names, still not $1 $2"
    there=(/run/netns/cni-*)
  done
}
no_adds() { ! pgrep -x isthmus >/dev/null; }

start_containerd
ctr -n k8s.io image import "$PRIVATE_WORK/image/image.tar" >/dev/null
install_cni 10-isthmus.conflist
within 10 ready

step "$GC_LIVE pods that live throughout, each pinged all the time"
live=() pings=()
while read -r pod address; do
  live+=("$pod")
  # Of many, each less often: all together some hundred packets a second.
  ping -q -i "$(awk -v pods="$GC_LIVE" 'BEGIN { print pods < 10 ? 0.02 : pods / 500 }')" "$address" >"$PRIVATE_WORK/ping-$pod" &
  pings+=($!)
done < <(cri run-pods live "$GC_LIVE" 4)
expect_equal "pods" "${#live[@]}" "$GC_LIVE"
gc
expect_equal "live names" "$(count '.kind == "name" and .verdict == "live"')" "$GC_LIVE"
reaped=0

for round in $(seq "$GC_ROUNDS"); do
  step "round $round: $GC_PODS pods, and SIGKILL to containerd and their shims in the middle"
  cri churn "$GC_PODS" "$GC_PARALLEL" >/dev/null 2>&1 &
  maker=$!
  # In the middle of their making, and in every third round of their end.
  if [ $((round % 3)) = 0 ]; then
    await_names -ge $((GC_LIVE + GC_PODS))
    await_names -lt $((GC_LIVE + GC_PODS - RANDOM % (GC_PODS / 2)))
  else
    await_names -gt $((GC_LIVE + RANDOM % (GC_PODS * 3 / 4)))
  fi
  kill -KILL "$CONTAINERD_PID"
  shims=$(shims_but_of "${live[@]}")
  # shellcheck disable=SC2086
  [ -z "$shims" ] || kill -KILL $shims 2>/dev/null || true
  wait "$CONTAINERD_PID" 2>/dev/null || true
  wait "$maker" || true
  within 20 no_adds
  proved "$(names) names, $(records) records, $(links) links are there"

  gc
  expect_equal "names reaped while containerd cannot be asked" "$(count '.kind == "name" and .outcome == "reaped"')" 0
  reaped=$((reaped + $(count '.outcome == "reaped"')))
  rm -f "$CONTAINERD_SOCKET"
  start_containerd
  within 60 ready
  ctr -n k8s.io containers list -q | sort >"$PRIVATE_WORK/known"
  gc
  proved "reaped: $(count '.outcome == "reaped"'), left to containerd: $(count '.verdict == "pinned"'), live: $(count '.verdict == "live"')"
  [ "$(count '.outcome == "failed" or .outcome == "skipped"')" = 0 ] || fail "$(cat "$PRIVATE_WORK/out")"
  jq -r '.items[] | select(.outcome != "none") | .owner.containers[]' "$PRIVATE_WORK/out" | sort -u | comm -12 - "$PRIVATE_WORK/known" >"$PRIVATE_WORK/wrong"
  [ ! -s "$PRIVATE_WORK/wrong" ] || fail "reaped what containerd knows: $(cat "$PRIVATE_WORK/wrong")"
  reaped=$((reaped + $(count '.outcome == "reaped"')))
  jq -r '.items[] | select(.outcome != "reaped" and .verdict != "live" and .verdict != "pinned") | "\(.name): \(.verdict), \(.reason.text)"' "$PRIVATE_WORK/out"

  # What a kubelet does with pods it no longer wants.
  cri end-pods-but "${live[@]}"
  gc
  reaped=$((reaped + $(count '.outcome == "reaped"')))
  within 3 sh -c "[ \$(ip -o link show type veth | wc -l) = $GC_LIVE ]"
  expect_equal "names, records, leases" "$(names) $(records) $(leases)" "$GC_LIVE $GC_LIVE $GC_LIVE"
done

step "the live pods"
sleep 0.2
kill -INT "${pings[@]}"
wait "${pings[@]}" 2>/dev/null || true
lost=0 sent=0
for pod in "${live[@]}"; do
  read -r out in <<<"$(awk '/packets transmitted/ { print $1, $4 }' "$PRIVATE_WORK/ping-$pod")"
  sent=$((sent + out)) lost=$((lost + out - in))
done
expect_equal "packets lost of $sent" "$lost" 0
[ "$reaped" -gt 0 ] || fail "nothing was ever to be reaped: this proved nothing"
proved "$reaped things reaped in $GC_ROUNDS rounds of $GC_PODS pods beside $GC_LIVE live ones"
cri end-pods-but
gc
expect_equal "names" "$(names)" 0
expect_equal "records" "$(records)" 0

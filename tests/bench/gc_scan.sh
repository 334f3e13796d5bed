#!/usr/bin/env bash
# How long `isthmus gc --dry-run` looks, by the size of the host, against the pipelines people use today. Times are the
# best of five, in milliseconds, and processor time of one run: ISTHMUS_BIN=build/isthmus tests/bench/gc_scan.sh
# Every mount namespace has a copy of every name: more than a real node, whose containers have few.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/../e2e/lib.sh"
need ip python3
source "$here/best.sh"

echo "names tasks descriptors namespaces |  gc: ms    cpu | awk: ms    cpu | lsns: ms   cpu"
made=0
for scale in 1 2 4; do
  names=$((125 * scale)) processes=$((125 * scale)) namespaces=$((25 * scale))
  for i in $(seq $((made + 1)) $names); do echo "netns add cni-1-2-3-4-$(printf %x "$i")"; done | ip -batch -
  made=$names
  exec 9< <(exec python3 "$here/crowd.py" $processes 5 22 $namespaces)
  crowd=$!
  read -r -u 9 _
  gc=$(best 5 "$ISTHMUS_BIN" gc --here --dry-run)
  awk=$(best 5 bash -c "awk '/ net:\\[/ { print FILENAME, \$5 }' /proc/[0-9]*/mountinfo")
  lsns=$(best 5 lsns -t net)
  printf '%5d %5d %11d %10d | %s | %s | %s\n' $names $((processes * 5)) $((processes * 26)) $namespaces "$gc" "$awk" "$lsns"
  kill $crowd
  exec 9<&-
done

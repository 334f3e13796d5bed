#!/usr/bin/env bash
# The tables of docs/seeing.md that set isthmus beside lsns and `ip netns identify` are what these print now.
set -euo pipefail
here=$(dirname "$0")
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
bash "$here/../bench/seen_by.sh" >"$out" || status=$?
[ "$status" = 0 ] || { cat "$out" && exit "$status"; }
while read -r line; do
  [ -z "$line" ] || grep -qxF -- "$line" "$here/../../docs/seeing.md" || { echo "not in docs/seeing.md: $line" && status=1; }
done <"$out"
cat "$out"
exit "$status"

#!/usr/bin/env bash
# Runs each fuzz target for a while and says what it reached; fails when one finds something.
# usage: run.sh BUILD JOBS SECONDS
set -uo pipefail
cd "$(dirname "$0")" || exit 1
build=$(realpath "$OLDPWD/$1")
jobs=$2
seconds=$3

run_one() {
  local target=$1 work=$2/fuzz/$1 log=$2/fuzz/$1.log
  # What earlier runs found goes on from there.
  mkdir -p "$work"
  "$2/tests/fuzz/fuzz_$target" -max_total_time="$3" -timeout=20 -rss_limit_mb=2048 -max_len=16384 -dict=fuzz.dict \
    -artifact_prefix="$2/fuzz/found-$target-" -print_final_stats=1 "$work" "corpus/$target" >"$log" 2>&1 </dev/null
  local status=$?
  local runs coverage
  runs=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  coverage=$(grep -oE ' cov: [0-9]+' "$log" | tail -1)
  echo "$target: ${runs:-?} runs a second,${coverage:- cov: ?} edges"
  [ "$status" = 0 ] && return 0
  echo "$target FAILED; $log:"
  grep -aE -A1 'does not hold|runtime error|^SUMMARY|Test unit written' "$log" | cut -c1-300
  return 1
}
export -f run_one
find corpus -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort |
  xargs -P "$jobs" -I{} bash -c 'run_one "$@"' _ {} "$build" "$seconds"

#!/usr/bin/env bash
# How long `isthmus list --all` takes, by the size of the node, against what people use today: a program run in each
# namespace (nsenter ... ip addr), lsns, and `ip netns identify` for each process. Milliseconds, best of three.
# ISTHMUS_BIN=build/isthmus tests/bench/list_all.sh
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/../e2e/lib.sh"
need ip python3 nsenter lsns
source "$here/best.sh"

echo "names tasks   fds | list --all   cpu | nsenter loop   cpu | ip netns identify   cpu | lsns -t net   cpu"
made=0
for names in ${BENCH_NAMES:-100 250 500}; do
  for i in $(seq $((made + 1)) "$names"); do
    echo "netns add c$i"
    echo "link add v$i type veth peer name eth0 netns c$i"
  done | ip -batch -
  for i in $(seq $((made + 1)) "$names"); do echo "addr add 10.9.$((i / 250)).$((i % 250 + 1))/16 dev eth0" | ip -n "c$i" -batch -; done
  made=$names
  exec 9< <(exec python3 "$here/crowd.py" "$names" 5 22 "${BENCH_MOUNT_NAMESPACES:-0}")
  crowd=$!
  read -r -u 9 _
  list=$(best 5 "$ISTHMUS_BIN" list --all -o json)
  loop=$(best 1 bash -c 'for f in /run/netns/c*; do nsenter --net=$f ip -o addr; done')
  identify=$(best 1 bash -c 'for p in /proc/[0-9]*; do ip netns identify ${p#/proc/}; done')
  lsns=$(best 3 lsns -t net)
  printf '%5d %5d %5d | %s | %s | %s | %s\n' "$names" $((names * 5)) $((names * 26)) "$list" "$loop" "$identify" "$lsns"
  kill $crowd
  wait $crowd 2>/dev/null || true
  exec 9<&-
done
"$ISTHMUS_BIN" list --all --no-headers --columns NETNS,ADDRESS | sed -n '2,3p'

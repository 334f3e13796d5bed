#!/usr/bin/env bash
# How long `isthmus list --all` takes, by the size of the node, against what people use today: a program run in each
# namespace (nsenter ... ip addr), Go's way of entering each, lsns, and `ip netns identify` for each process.
# Milliseconds, best of some; "no crowd" is list --all with the names alone. Each line is checked to have listed every address.
# ISTHMUS_BIN=build/isthmus tests/bench/list_all.sh
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
go_way=${TMPDIR:-/tmp}/isthmus-go-way-$(id -u)
[ -n "${PRIVATE_STAGE:-}" ] || {
  command -v go >/dev/null || skip "golang is not installed (make deps-test)"
  GO111MODULE=off CGO_ENABLED=0 GOCACHE=$go_way.cache go build -o "$go_way" "$here/setns/addresses.go"
}
enter_private_host "$@"
source "$here/../e2e/lib.sh"
need ip python3 nsenter lsns
source "$here/best.sh"

nsenter_loop() { for f in /run/netns/c*; do nsenter --net="$f" ip -o addr; done; }
export -f nsenter_loop
expect_addresses() { # COMMAND...: of all containers are in what it prints
  expect_equal "addresses that ${1##*/} prints" "$("$@" | grep -oE '10\.9\.[0-9]+\.[0-9]+' | sort -u | grep -vc '\.255$')" "$made" >/dev/null
}

echo "names tasks   fds | list --all   cpu | no crowd   cpu | nsenter loop   cpu | Go, no exec  cpu | ip netns identify   cpu | lsns -t net   cpu"
made=0
for names in ${BENCH_NAMES:-100 250 500}; do
  for i in $(seq $((made + 1)) "$names"); do
    echo "netns add c$i"
    echo "link add v$i type veth peer name eth0 netns c$i"
  done | ip -batch -
  for i in $(seq $((made + 1)) "$names"); do echo "addr add 10.9.$((i / 250)).$((i % 250 + 1))/16 dev eth0" | ip -n "c$i" -batch -; done
  made=$names
  alone=$(best 5 "$ISTHMUS_BIN" list --all -o json)
  exec 9< <(exec python3 "$here/crowd.py" "$names" 5 22 "${BENCH_MOUNT_NAMESPACES:-0}")
  crowd=$!
  read -r -u 9 _
  for command in "$ISTHMUS_BIN list --all -o json" nsenter_loop "$go_way"; do
    # shellcheck disable=SC2086
    expect_addresses $command
  done
  list=$(best 5 "$ISTHMUS_BIN" list --all -o json)
  loop=$(best 1 bash -c nsenter_loop)
  go=$(best 5 "$go_way")
  identify=$(best 1 bash -c 'for p in /proc/[0-9]*; do ip netns identify ${p#/proc/}; done')
  lsns=$(best 3 lsns -t net)
  printf '%5d %5d %5d | %s | %s | %s | %s | %s | %s\n' "$names" $((names * 5)) $((names * 26)) "$list" "$alone" "$loop" "$go" "$identify" "$lsns"
  kill $crowd
  wait $crowd 2>/dev/null || true
  exec 9<&-
done
"$ISTHMUS_BIN" list --all --no-headers --columns NETNS,ADDRESS | sed -n '2,3p'

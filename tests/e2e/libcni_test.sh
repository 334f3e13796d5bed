#!/usr/bin/env bash
# isthmus under libcni 1.1.2, the library that containerd and podman are built on.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox go iptables
need_plugins host-local static portmap bandwidth tuning

# The client is built outside of the private host, so that the next run finds it.
client=${ISTHMUS_BIN%/*}/e2e/libcni-client
[ -n "${PRIVATE_STAGE:-}" ] || GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=${client%/*}/go-cache \
  go build -o "$client" "$here/libcni/client.go" || skip "golang-github-appc-cni-dev is not installed (make deps-test)"
enter_private_host "$@"

install_cni 10-isthmus.conflist 10-isthmus-dual-stack.conflist 10-isthmus-host-local.conflist \
  10-isthmus-static.conflist 10-isthmus-chained.conflist 10-isthmus-bridge.conflist
# The same network as a client of 2020 would write it.
jq '.cniVersion = "0.4.0" | .name = "isthmus-0.4.0"' "$TOP/conf/10-isthmus.conflist" >/etc/cni/net.d/old.conflist
ip netns add web
ip netns add client
remember_host

cni() { "$client" "$1" "$2" "${3:-web}" "/run/netns/${4:-${3:-web}}"; }
address() { ip -n "$1" -j -"${2:-4}" addr show dev eth0 scope global | jq -r '.[0].addr_info[0].local'; }
ping_from() { ip netns exec "$1" ping -q -c 2 -i 0.05 -W 2 "$2" >/dev/null || fail "$1 cannot reach $2"; }
add_both() {
  cni add "$1" web >"$PRIVATE_WORK/web"
  cni add "$1" client >"$PRIVATE_WORK/client"
}
del_both() {
  cni del "$1" web
  cni del "$1" client
}

one_life() { # NETWORK VERSION
  step "network $1, results of version $2"
  expect_output capabilities cni validate "$1"
  add_both "$1"
  expect_equal "the result's version" "$(jq -r .cniVersion "$PRIVATE_WORK/web")" "$2"
  expect_equal "the container's address" "$(address web)" "$(jq -r '.ips[0].address | split("/")[0]' "$PRIVATE_WORK/web")"
  [ "$(cni cached "$1" | jq -cS .)" = "$(jq -cS . "$PRIVATE_WORK/web")" ] || fail "libcni cached another result"
  proved "libcni has cached the result"
  ping_from client "$(address web)"
  ping_from web "$(address client)"
  proved "the containers reach each other"
  cni check "$1"
  proved "CHECK agrees"
  ip -n web addr flush dev eth0
  expect_failure "$(jq -r '.ips[0].address | split("/")[0]' "$PRIVATE_WORK/web")" cni check "$1"
  del_both "$1"
  cni del "$1" web
  proved "a second DEL succeeds"
  expect_host_as_remembered
}

one_life isthmus 1.0.0
one_life isthmus-0.4.0 0.4.0

step "two families"
add_both isthmus-dual-stack
ping_from client "$(address web 4)"
ping_from client "$(address web 6)"
proved "the containers reach each other by IPv4 and IPv6"
cni check isthmus-dual-stack
del_both isthmus-dual-stack
expect_host_as_remembered

step "a bridge, two families, and portmap behind it"
export CAPABILITIES='{"portMappings": [{"hostPort": 18081, "containerPort": 8080, "protocol": "tcp"}]}'
cni add isthmus-bridge web >"$PRIVATE_WORK/web"
CAPABILITIES='' cni add isthmus-bridge client >"$PRIVATE_WORK/client"
ping_from client "$(address web 4)"
ping_from client "$(address web 6)"
serve "hello from web" 8080 ip netns exec web
# The second from itself: hairpin.
for from in client web; do
  expect_output "hello from web" ip netns exec $from busybox timeout 3 busybox wget -qO- http://10.244.6.1:18081/
done
cni del isthmus-bridge web
CAPABILITIES='' cni del isthmus-bridge client
expect_equal "ports of the bridge" "$(ip -o link show master cni0)" ""
ip link del cni0
nft flush ruleset
expect_host_as_remembered
unset CAPABILITIES

step "addresses from the official host-local"
add_both isthmus-host-local
expect_equal "host-local's lease holds" "$(head -n 1 "/var/lib/cni/networks/isthmus-host-local/$(address web)" | tr -d '\r')" web
ping_from client "$(address web)"
cni check isthmus-host-local
del_both isthmus-host-local
expect_host_as_remembered

step "an address from the official static"
cni add isthmus-static >"$PRIVATE_WORK/web"
expect_equal "the container's address" "$(address web)" 10.244.4.17
ping_from web 10.244.4.1
cni check isthmus-static
cni del isthmus-static
expect_host_as_remembered

step "the official portmap, bandwidth and tuning behind isthmus"
export CAPABILITIES='{"portMappings": [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}],
  "bandwidth": {"ingressRate": 8000000, "ingressBurst": 800000, "egressRate": 8000000, "egressBurst": 800000}}'
cni add isthmus-chained >"$PRIVATE_WORK/web"
expect_equal "portmap's rule leads to" \
  "$(iptables-save -t nat | sed -n 's/.*--dport 18080 -j DNAT --to-destination //p')" "$(address web):80"
host_end=$(jq -r '.interfaces[] | select(.sandbox == null or .sandbox == "") | .name' "$PRIVATE_WORK/web" | head -n 1)
expect_output tbf tc qdisc show dev "$host_end"
expect_equal "tuning's sysctl" "$(ip netns exec web cat /proc/sys/net/core/somaxconn)" 512
serve "hello from web" 80 ip netns exec web
CAPABILITIES='' cni add isthmus client >/dev/null
gateway=$(ip -n client -j route show default | jq -r '.[0].gateway')
expect_output "hello from web" ip netns exec client busybox timeout 3 busybox wget -qO- "http://$gateway:18080/"
CAPABILITIES='' cni del isthmus client
cni del isthmus-chained
expect_equal "rules that portmap left for the port" "$(iptables-save -t nat | grep -c 18080 || true)" 0

step "an ADD that fails in the chain leaves nothing of ours"
CAPABILITIES='{"portMappings": [{"hostPort": 0, "containerPort": 80, "protocol": "tcp"}]}' \
  expect_failure "Invalid host port" cni add isthmus-chained
CAPABILITIES='' cni del isthmus-chained
iptables -t nat -F
iptables -t nat -X
nft flush ruleset
expect_host_as_remembered

#!/usr/bin/env bash
# The main job from beginning to end, told as a story (`make demo`). Ends with a failure if anything is not as told.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox
enter_private_host "$@"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' good=$'\e[32m' plain=$'\e[0m'; else bold='' dim='' good='' plain=''; fi
chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
shell_line() { printf '   %s$ %s%s\n' "$dim" "$*" "$plain"; }
told() { printf '   %-24s %s%s%s\n' "$1" "$good" "$2" "$plain"; }

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
jq '{cniVersion, name} + .plugins[0]' "$TOP/conf/10-isthmus.conflist" >net.conf

# cni VERB CONTAINER CONFIGURATION: one call as a runtime makes it. The container's name serves as its id.
cni() {
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
    /opt/cni/bin/isthmus <"$3"
}
show_cni() {
  shell_line "CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 isthmus <$3"
}
address() { ip -n "$1" -j -4 addr show dev eth0 | jq -r '.[0].addr_info[0].local'; }

attach() {
  local start end
  show_cni ADD "$1" net.conf
  start=$(date +%s%N)
  cni ADD "$1" net.conf >"$1.result" || fail "ADD: $(cat "$1.result")"
  end=$(date +%s%N)
  told "$1 has" "$(jq -r '.ips[0] | "\(.address), gateway \(.gateway)"' "$1.result"), after $(((end - start) / 1000000)) ms"
}

ping_shown() { # WHO, ADDRESS, COMMAND TO ENTER...
  local who=$1 to=$2 seconds
  shift 2
  seconds=$("$@" busybox ping -q -c 1 -W 2 "$to" | sed -n 's|^round-trip.* = [0-9.]*/\([0-9.]*\)/.*|\1|p') || true
  [ -n "$seconds" ] || fail "$who: no answer to ping $to"
  told "$who" "ping $to: answered in $seconds ms"
}

fetch_shown() { # WHO, ADDRESS:PORT, TEXT, COMMAND TO ENTER...
  local who=$1 from=$2 wanted=$3 got
  shift 3
  got=$("$@" busybox timeout 3 busybox wget -qO- "http://$from/") || fail "$who: no answer from $from"
  [ "$got" = "$wanted" ] || fail "$who: $from said '$got'"
  told "$who" "TCP $from: \"$got\""
}

# One row of the picture: what is really there, on either side of one veth.
row() { printf '   | %-38s |%s| %-38s |\n' "$1" "$2" "$3"; }
picture_of() {
  local name=$1 host_end container_address
  container_address=$(address "$name")
  host_end=$(ip -j route show "$container_address" | jq -r '.[0].dev')
  [ "$host_end" != null ] || fail "the host has no route to $container_address"
  row "$(ip -j link show dev "$host_end" | jq -r '.[0].ifalias // ""')" "         " "$name"
  row "$host_end" "--veth---" "eth0  $(ip -n "$name" -j addr show dev eth0 | jq -r '.[0].address')"
  row "gateway $(ip -j -4 addr show dev "$host_end" | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')" "         " \
    "address $(ip -n "$name" -j -4 addr show dev eth0 | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')"
  row "route $container_address -> $host_end" "         " \
    "default via $(ip -n "$name" -j route show default | jq -r '.[0].gateway')"
}

cat <<TEXT
A container begins without any network. A runtime (containerd, podman, ...) runs isthmus with ADD, and the container
has an interface, an address and routes; with DEL, all of it is gone again. Here isthmus does so for two containers, on
a host of their own: a set of namespaces that ends with this demo and that your machine never notices.
TEXT

chapter "1  Two containers; for the kernel, each is a network namespace"
for name in web client; do
  shell_line "ip netns add $name"
  ip netns add "$name"
done
remember_host
serve "hello from the host" 8080

chapter "2  ADD, in the words in which every runtime says it"
shell_line "jq -c . net.conf"
printf '   %s\n' "$(jq -c . net.conf)"
attach web
attach client
serve "hello from web" 80 ip netns exec web

chapter "3  They talk"
gateway=$(jq -r '.ips[0].gateway' client.result)
ping_shown "client -> web" "$(address web)" ip netns exec client
fetch_shown "client -> web" "$(address web):80" "hello from web" ip netns exec client
ping_shown "client -> host" "$gateway" ip netns exec client
fetch_shown "client -> host" "$gateway:8080" "hello from the host" ip netns exec client
fetch_shown "host -> web" "$(address web):80" "hello from web"

chapter "4  What ADD made"
line=$(printf '%40s' '' | tr ' ' -)
border() { printf '   +%s+%9s+%s+\n' "$line" "" "$line"; }
border
row "this host" "         " "the containers"
border
picture_of web
border
picture_of client
border

chapter "5  CHECK: is all of it still there? (ADD's result is in the configuration then)"
for name in web client; do
  jq --slurpfile result "$name.result" '. + {prevResult: $result[0]}' net.conf >"$name.conf"
  show_cni CHECK "$name" "$name.conf"
  error=$(cni CHECK "$name" "$name.conf") || fail "CHECK: $error"
  told "$name" "yes"
done
shell_line "ip -n client route del default"
ip -n client route del default
show_cni CHECK client client.conf
! error=$(cni CHECK client client.conf) || fail "CHECK does not miss the route"
told client "no: $(jq -r .msg <<<"$error")"

chapter "6  DEL"
for name in web client; do
  show_cni DEL "$name" net.conf
  error=$(cni DEL "$name" net.conf) || fail "DEL: $error"
  ! ip -n "$name" link show dev eth0 >/dev/null 2>&1 || fail "$name still has eth0"
  told "$name" "has no eth0 any more"
done

chapter "7  What is left?"
difference=$(host_inventory | diff "$PRIVATE_WORK/inventory" - | grep '^[<>]') || true
[ -z "$difference" ] || fail "the host is not as it was (<: gone, >: left behind):"$'\n'"$difference"
for kind in link address route namespace mount state; do
  told "${kind/state/lease and record} entries" "$(grep -c "^$kind " inventory || true) before, $(host_inventory | grep -c "^$kind " || true) after"
done
printf '\n%sNothing is left behind.%s\n' "$good" "$plain"

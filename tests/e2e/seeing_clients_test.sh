#!/usr/bin/env bash
# list, find and doctor beside real clients: pods of containerd, containers of podman and names of `ip netns` on one host,
# on isthmus' network and on the official bridge. What they say is held against what clients and kernel say.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
. "$here/cri.sh"
need nsenter
need_plugins bridge host-local
enter_private_host "$@"
. "$here/podman.sh"
prepare_cri
configure_podman
isthmus() { "$ISTHMUS_BIN" "$@"; }
pod_on() { # NETWORK NAME: containerd takes up a changed configuration by itself, in its own time
  local pod
  while pod=$(cri run-pod "$2") && ! compgen -G "/var/lib/cni/results/$1-$pod-*" >/dev/null; do cri remove-pod "$pod"; done
  echo "$pod"
}
find_container() { isthmus find "$1" -o json | jq -r '[.items[].netns.inode] | join(" ")'; }
item() { jq -r --argjson inode "$inode" ".items[] | select(.inode == \$inode) | $1" "$PRIVATE_WORK/all"; }

# expect_seen PID NAME-PATTERN POD CONTAINER RUNTIME BRIDGE [CONTAINER...]: the namespace of that process, by the kernel,
# is listed with all of that and found by whatever belongs to it, and by every one of the containers.
expect_seen() {
  local pid=$1 pattern=$2 pod=$3 container=$4 runtime=$5 bridge=$6 inode link peer what path tasks=0
  shift 6
  inode=$(stat -Lc %i "/proc/$pid/ns/net")
  link=$(nsenter --target "$pid" --net ip -j addr show eth0 | jq '.[0]')
  peer=$(ip -j link | jq --argjson index "$(jq .link_index <<<"$link")" '.[] | select(.ifindex == $index)')
  for path in /proc/[0-9]*/task/[0-9]*; do [ "$(readlink "$path/ns/net")" != "net:[$inode]" ] || tasks=$((tasks + 1)); done
  isthmus list --all -o json >"$PRIVATE_WORK/all" 2>"$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
  [[ $(item .name) == $pattern ]] || fail "its name is '$(item .name)', not like $pattern"
  expect_equal "pod, container, runtime" "$(item '.pod + " " + .containerId + " " + .runtime')" "$pod $container $runtime"
  expect_equal "tasks, and one of them" "$(item '.holders | "\(.tasks) \([.named[].pid] | contains(['"$pid"']))"')" "$tasks true"
  expect_equal "address and MAC" "$(item '.links[] | select(.name == "eth0") | "\(.addresses[0]) \(.mac)"')" \
    "$(jq -r '.addr_info[0] | "\(.local)/\(.prefixlen)"' <<<"$link") $(jq -r .address <<<"$link")"
  expect_equal "its end on the host" "$(item '.hostEnds[] | "\(.inside) \(.name) \(.ifindex) \(.bridge)"')" \
    "eth0 $(jq -r '"\(.ifname) \(.ifindex) \(.master // "")"' <<<"$peer")"
  expect_equal "the bridge" "$(jq -r '.master // ""' <<<"$peer")" "$bridge"
  for what in "$(jq -r '.addr_info[0].local' <<<"$link")" "$(jq -r .address <<<"$link")" "pid:$pid" "inode:$inode" \
    "$(jq -r .ifname <<<"$peer")" "$(jq -r .address <<<"$peer")" "ifindex:$(jq .ifindex <<<"$peer")" \
    "$pod" "${pod#*/}" "$(item .name)" "/run/netns/$(item .name)" "$container" "${container:0:12}" "$@"; do
    [ "$(find_container "$what" | cut -d' ' -f1)" = "$inode" ] || fail "find $what finds '$(find_container "$what")', not $inode"
  done
  expect_equal "the address inside" "$(isthmus exec "$container" -- ip -j addr show eth0 | jq -c '.[0].addr_info')" "$(jq -c .addr_info <<<"$link")"
}

step "containerd's pods and podman's containers, on isthmus and on the official bridge, and a name of ip netns"
install_cni 10-isthmus.conflist
import_into_podman "$PRIVATE_WORK/image/rootfs.tar"
start_cri
within 10 ready
ours=$(pod_on isthmus ours)
ours_main=$(cri run "$ours" sleep 1000)
echo '{"cniVersion":"0.4.0","name":"theirs","plugins":[{"type":"bridge","bridge":"cni-theirs","isGateway":true,"ipam":
  {"type":"host-local","subnet":"10.88.7.0/24"}}]}' >"$PRIVATE_WORK/theirs"
mv "$PRIVATE_WORK/theirs" /etc/cni/net.d/05-theirs.conflist
theirs=$(pod_on theirs theirs)
theirs_main=$(cri run "$theirs" sleep 1000)
own=$(podman run -d --name own --network isthmus "$IMAGE")
other=$(podman run -d --name other --network theirs "$IMAGE")
at_host=$(podman run -d --name at-host --network host "$IMAGE")
ip netns add plain
pid_of() { ctr -n k8s.io task ls | awk -v id="$1" '$1 == id { print $2 }'; }

step "a pod on isthmus' network"
expect_seen "$(pid_of "$ours")" 'cni-*' default/ours "$ours" containerd "" "$ours_main" "${ours_main:0:12}"
step "a pod on the official bridge"
expect_seen "$(pid_of "$theirs")" 'cni-*' default/theirs "$theirs" containerd cni-theirs "$theirs_main" "${theirs_main:0:12}"
step "podman's container on isthmus' network"
expect_seen "$(podman inspect -f '{{.State.Pid}}' own)" 'netns-*' own "$own" podman ""
step "podman's container on the official bridge"
expect_seen "$(podman inspect -f '{{.State.Pid}}' other)" 'netns-*' other "$other" podman cni-theirs
step "the others"
expect_equal "a container in the host's network" "$(find_container "$at_host")" "$(stat -Lc %i /proc/self/ns/net)"
expect_equal "a name of ip netns" "$(find_container plain)" "$(stat -Lc %i /run/netns/plain)"
expect_equal "all there is" "$(jq -r '[.items[] | .name | sub("-.*"; "")] | sort | join(" ")' "$PRIVATE_WORK/all")" "(host) cni cni netns netns plain"
expect_equal "attachments are isthmus' alone" "$(isthmus list -o json | jq -r '[.items[] | .pod + " " + .state] | join(", ")')" "default/ours ok, own ok"
remember_host
isthmus find "$theirs" >/dev/null
isthmus doctor --here >"$PRIVATE_WORK/out" || fail "doctor finds something wrong: $(cat "$PRIVATE_WORK/out")"
proved "$(tail -n 1 "$PRIVATE_WORK/out")"
expect_host_as_remembered

step "while pods come and go: no alarm, nothing missing"
cri churn 30 2 >/dev/null &
churn=$!
rounds=0 partly=0
while kill -0 $churn 2>/dev/null; do
  isthmus doctor --here >"$PRIVATE_WORK/out" || fail "doctor ends with $?: $(grep -vE "^NOTE|^ " "$PRIVATE_WORK/out")"
  # Takes one look only: it may meet a task in the act of ending, and then says so.
  isthmus list --all >/dev/null 2>>"$PRIVATE_WORK/err" || partly=$((partly + 1))
  expect_equal "attachments without their namespace" "$(isthmus list -o json | jq '[.items[] | select(.state == "netns-gone")] | length')" 0 >/dev/null
  rounds=$((rounds + 1))
done
wait $churn
[ "$rounds" -gt 2 ] || fail "only $rounds rounds"
[ "$partly" -le 1 ] || fail "list --all missed something $partly times in $rounds: $(cat "$PRIVATE_WORK/err")"
proved "right $rounds times"

step "a container that has the host's names without mount propagation keeps what the host unmounts"
deaf=$(podman run -d --name deaf --network host -v /run/netns:/names:rprivate "$IMAGE")
podman run -d --name hears --network host -v /run/netns:/names:rslave "$IMAGE" >/dev/null
deaf_pid=$(podman inspect -f '{{.State.Pid}}' deaf)
copies() { grep -c " /names/$1 " "/proc/$deaf_pid/mountinfo" || true; }
inode=$(find_container plain)
expect_equal "copies of plain" "$(copies plain)" 1
umount /run/netns/plain # as libnetwork does, which removes the file a minute later
isthmus doctor --here --only copies -o json >"$PRIVATE_WORK/out" && fail "doctor finds nothing: $(cat "$PRIVATE_WORK/out")"
finding() { jq -r "[.items[] | .$1] | join(\" \")" "$PRIVATE_WORK/out"; }
expect_equal "severity" "$(finding severity)" critical
expect_equal "who keeps it" "$(finding object)" "the mount namespace of pid $deaf_pid (sleep)"
expect_equal "what" "$(finding what)" "the mount namespace of pid $deaf_pid (sleep) keeps 1 network namespace without a task and without a name here: /names/plain; it is that of container ${deaf:0:12}"
expect_output "mountPropagation: HostToContainer" finding cure
cure=$(finding cure | grep -o 'rm /[^ ]*')
expect_equal "find says who" "$(isthmus find "inode:$inode" -o json | jq -r '.items[0].netns.holders.copies[0] | "\(.pid) \(.path)"')" "$deaf_pid /names/plain"
eval "$cure"
expect_equal "copies after $cure" "$(copies plain)" 0
isthmus doctor --here --only copies || fail "still not well"
expect_equal "what is left of it" "$(find_container "inode:$inode")" ""

step "a container without its monitor, as after a crash"
inode=$(find_container "$other")
kill -KILL "$(podman inspect -f '{{.State.ConmonPid}}' other)" "$(podman inspect -f '{{.State.Pid}}' other)"
empty() { [ "$(isthmus list --all -o json | jq ".items[] | select(.inode == $inode) | .holders.tasks")" = 0 ]; }
within 5 empty
isthmus find "$other" -o json >"$PRIVATE_WORK/out"
expect_equal "whose it is, without a task" "$(jq -r '.items[] | .netns | "\(.inode) \(.pod) \(.containerId)"' "$PRIVATE_WORK/out")" "$inode other $other"
expect_output "has no task; it is held by only a name" isthmus doctor --here --only namespaces

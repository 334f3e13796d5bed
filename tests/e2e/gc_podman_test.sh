#!/usr/bin/env bash
# isthmus gc beside a real podman, found by what it keeps in /run, and asked by its own program: what it knows stays, with
# or without a process; what it has forgotten goes. The docker client, where there is one, is asked over podman's API.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
need ip jq busybox
enter_private_host "$@"
. "$here/podman.sh"

install_cni 10-isthmus.conflist
make_image "$PRIVATE_WORK/image"
configure_podman "infra_image = \"$IMAGE\""
import_into_podman "$PRIVATE_WORK/image/rootfs.tar"
gc() {
  local status=0
  "$ISTHMUS_BIN" gc --here --yes --older-than 0s -o json "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  [ "$status" -le 1 ] || fail "gc ended with $status: $(cat "$PRIVATE_WORK/err")"
}
name_of() { jq -r .netns "/run/isthmus/networks/isthmus/attachments/$1:eth0" | sed 's/.*\///'; }
item() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .verdict + "/" + .outcome' "$PRIVATE_WORK/out"; }
says() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .owner.text' "$PRIVATE_WORK/out"; }
asked() { jq -r '.coverage.runtimes | join(", ")' "$PRIVATE_WORK/out"; }
has_ended() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
# As a power cut for that container: neither it nor its monitor gets to say anything.
shoot() { # CONTAINER
  local pid monitor
  pid=$(podman inspect -f '{{.State.Pid}}' "$1")
  monitor=$(podman inspect -f '{{.State.ConmonPid}}' "$1")
  kill -KILL "$monitor" "$pid"
  within 3 has_ended "$monitor"
  within 3 has_ended "$pid"
}
known() { podman ps -a -q --no-trunc | wc -l; }

step "two containers, and a pod with its infra container"
one=$(podman run -d --network isthmus "$IMAGE")
two=$(podman run -d --network isthmus "$IMAGE")
podman pod create --name pod --network isthmus --infra-command "/bin/sleep 1000000" >/dev/null 2>&1 || fail "no pod"
podman run -d --pod pod "$IMAGE" >/dev/null
infra=$(podman pod inspect pod | jq -r .InfraContainerID)
one_name=$(name_of "$one") two_name=$(name_of "$two") pod_name=$(name_of "$infra")
gc
for name in "$one_name" "$two_name" "$pod_name"; do expect_equal "$name" "$(item "$name")" live/none; done

step "without a process each is podman's still"
shoot "$one"
shoot "$infra"
shoot "$(podman ps -a -q --no-trunc --filter pod=pod | grep -v "$infra")"
gc
expect_equal "asked" "$(asked)" "podman: $(known) containers"
expect_equal "$one_name" "$(item "$one_name")" pinned/none
expect_equal "$pod_name, by the infra container" "$(item "$pod_name")" pinned/none
proved "$(says "$pod_name")"
expect_equal "$two_name" "$(item "$two_name")" live/none

step "what podman itself takes away is no finding"
podman rm -f -t 0 "$one" >/dev/null
expect_equal "$one_name is gone" "$([ ! -e "/run/netns/$one_name" ] && echo yes)" yes
gc
expect_equal "$one_name" "$(item "$one_name")" ""

if command -v docker >/dev/null; then
  step "the docker client, over the API that podman has for it"
  podman system service --time 0 unix:///run/docker.sock 2>"$PRIVATE_WORK/service" &
  service=$!
  within 10 test -S /run/docker.sock
  if docker ps -q >/dev/null 2>"$PRIVATE_WORK/docker"; then
    # The service has the pod's namespace open, so that there must be another that nothing holds: only then it asks.
    ip netns add cni-1-2-3-4-5
    gc --runtime docker --foreign
    expect_equal "asked" "$(asked)" "docker: $(docker ps -a -q | wc -l) containers"
    docker ps -a -q --no-trunc | grep -qF "$two" || fail "the docker client does not know $two"
    expect_equal "a name that looks like containerd's, whom nobody asked," "$(item cni-1-2-3-4-5)" unknown/none
    ip netns delete cni-1-2-3-4-5
  else
    proved "not shown: this docker client does not speak with this podman: $(head -1 "$PRIVATE_WORK/docker")"
  fi
  kill $service
  wait $service 2>/dev/null || true
fi

step "podman does not answer"
mv /var/lib/containers/storage /var/lib/containers/away
echo 'not a directory' >/var/lib/containers/storage
gc
expect_equal "$pod_name, by what its bundle says" "$(item "$pod_name")" pinned/none
expect_equal "who was asked" "$(asked)" ""
rm /var/lib/containers/storage
mv /var/lib/containers/away /var/lib/containers/storage

step "podman's store is lost, as by rm -r"
shoot "$two"
rm -r /var/lib/containers/storage/libpod
expect_equal "containers podman knows" "$(known)" 0
links=$(ip -o link show type veth | wc -l)
gc
for name in "$two_name" "$pod_name"; do
  [ "$(item "$name")" = leaked/reaped ] || fail "$name: $(item "$name"), $(jq -r '.items[].reason.text' "$PRIVATE_WORK/out")"
  [ ! -e "/run/netns/$name" ] || fail "$name is still there"
done
proved "both names went, of $links links none is left: $(ip -o link show type veth | wc -l)"
expect_equal "records" "$(find /run/isthmus -path '*/attachments/*' -type f | wc -l)" 0

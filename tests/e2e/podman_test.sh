#!/usr/bin/env bash
# isthmus under podman 4.3 with its CNI network backend.
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
configure_podman "tmp_dir = \"$PRIVATE_WORK/podman-tmp\""
podman() { command podman --root "$PRIVATE_WORK/podman" --runroot "$PRIVATE_WORK/podman-run" "$@"; }
import_into_podman "$PRIVATE_WORK/image/rootfs.tar"
run() { # NAME NETWORK COMMAND...
  local name=$1 network=$2
  shift 2
  podman run -d --name "$name" --network "$network" "$IMAGE" "$@" >/dev/null
}
address() { podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }
remember_host

step "two containers"
expect_output isthmus podman network ls --format '{{.Name}} {{.Driver}}'
run client isthmus
run web isthmus sh -c 'echo hello from web >/www/index.html; exec httpd -f -p 80 -h /www'
expect_output "inet $(address web)" podman exec web ip -4 addr show dev eth0
expect_output "0% packet loss" podman exec client ping -q -c 2 -W 2 "$(address web)"
expect_output "hello from web" podman exec client wget -qO- "http://$(address web)/"
expect_output "hello from web" http_get "$(address web)"

step "an address and a MAC address of the user's choice"
run chosen isthmus:ip=10.244.1.77,mac=02:00:00:00:00:77
expect_output "inet 10.244.1.77" podman exec chosen ip -4 addr show dev eth0
expect_output 02:00:00:00:00:77 podman exec chosen ip link show dev eth0
expect_output "0% packet loss" podman exec client ping -q -c 2 -W 2 10.244.1.77
expect_failure 10.244.1.77 run twin isthmus:ip=10.244.1.77

step "a restart"
podman restart -t 0 web >/dev/null
expect_output "hello from web" podman exec client timeout 3 wget -qO- "http://$(address web)/"

step "their end"
podman rm -f -t 0 client web chosen twin >/dev/null
expect_host_as_remembered

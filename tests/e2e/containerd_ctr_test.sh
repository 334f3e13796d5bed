#!/usr/bin/env bash
# isthmus under containerd's own client: `ctr run --cni`, in the foreground and detached.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
need ip jq busybox containerd ctr runc
enter_private_host "$@"
. "$here/containerd.sh"

install_cni 10-isthmus.conflist
make_image "$PRIVATE_WORK/image"
start_containerd
ctr image import "$PRIVATE_WORK/image/image.tar" >/dev/null
remember_host

step "a container in the foreground"
expect_output "inet 10.244.1." ctr run --rm --cni "$IMAGE" shortlived ip -4 addr show dev eth0
expect_host_as_remembered

step "two detached containers"
ctr run -d --cni "$IMAGE" client sleep 1000
ctr run -d --cni "$IMAGE" web sh -c 'echo hello from web >/www/index.html; exec httpd -f -p 80 -h /www'
inside() { # CONTAINER COMMAND...
  exec_id=$((${exec_id:-0} + 1))
  ctr task exec --exec-id "e$exec_id-$RANDOM" "$@"
}
address() { inside "$1" ip -4 -o addr show dev eth0 | sed -n 's/.* inet \([0-9.]*\).*/\1/p'; }
web=$(address web)
client=$(address client)
[ "$web" != "$client" ] || fail "both have $web"
gateway=$(inside client ip -4 route show default | awk '{ print $3 }')
expect_output "0% packet loss" inside client ping -q -c 2 -W 2 "$web"
expect_output "0% packet loss" inside client ping -q -c 2 -W 2 "$gateway"
expect_output "hello from web" inside client wget -qO- "http://$web/"
expect_output "hello from web" http_get "$web"

step "their end"
# ctr 1.6 never calls DEL for a detached container. With the namespace the veth goes, and its route with it; record and
# lease stay until a runtime says what is still valid, which is the verb GC (sent by containerd 2 and CRI-O).
for name in web client; do
  ctr task kill -s KILL "$name"
  within 5 eval "ctr task ls | grep -q '^$name .*STOPPED'"
  ctr task delete "$name" >/dev/null 2>&1 || true
  ctr container delete "$name"
done
links() { ip -o link | grep -vc ': lo:' || true; }
within 5 eval '[ "$(links)" = 0 ]'
rm -r /var/lib/cni/results # of libcni, which waits for the DEL too
expect_equal "links left" "$(links)" 0
expect_equal "routes to containers left" "$(ip route | grep -c "^10\.244\.1\." || true)" 0
expect_equal "leases kept" "$(ls /run/isthmus/networks/isthmus/leases | paste -sd ' ')" "$client $web"
jq '{name, cniVersion: "1.1.0", "cni.dev/valid-attachments": []} + .plugins[0]' "$TOP/conf/10-isthmus.conflist" |
  CNI_COMMAND=GC CNI_PATH=/opt/cni/bin /opt/cni/bin/isthmus
expect_host_as_remembered

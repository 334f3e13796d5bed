#!/usr/bin/env bash
# dns.writeNetnsResolvConf: /etc/netns/NAME/resolv.conf as `ip netns exec` reads it, gone at DEL, never somebody else's.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox
enter_private_host "$@"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
cni() { # VERB CONTAINER CONFIGURATION
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/isthmus <"$3"
}
cat >net.conf <<'CONFIG'
{ "cniVersion": "1.0.0", "name": "named", "type": "isthmus",
  "dns": { "nameservers": ["192.0.2.53"], "search": ["svc.test"], "writeNetnsResolvConf": true },
  "ipam": { "type": "isthmus", "subnet": "10.93.0.0/24" } }
CONFIG
ip netns add web

step "written at ADD, seen by ip netns exec only, removed at DEL"
before=$(cat /etc/resolv.conf 2>/dev/null || true)
cni ADD web net.conf >result
expect_equal "nameserver of the result" "$(jq -r '.dns.nameservers[0]' result)" 192.0.2.53
expect_output "nameserver 192.0.2.53" ip netns exec web cat /etc/resolv.conf
expect_output "search svc.test" ip netns exec web cat /etc/resolv.conf
expect_equal "the host's own resolv.conf" "$(cat /etc/resolv.conf 2>/dev/null || true)" "$before"
cni DEL web net.conf
[ ! -e /etc/netns/web ] || fail "/etc/netns/web is left: $(ls /etc/netns/web)"
proved "nothing is left under /etc/netns"

step "a file of somebody else is neither overwritten nor removed, and ADD leaves nothing"
mkdir -p /etc/netns/web && echo '# mine' >/etc/netns/web/resolv.conf
expect_failure '[resolv-conf-taken]' cni ADD web net.conf
expect_equal "its content" "$(cat /etc/netns/web/resolv.conf)" '# mine'
expect_equal "links in the container" "$(ip -n web -o link | grep -vc ' lo:')" 0
cni DEL web net.conf
expect_equal "its content after DEL" "$(cat /etc/netns/web/resolv.conf)" '# mine'
rm -r /etc/netns/web

step "a file that was changed after ADD is somebody else's now"
cni ADD web net.conf >/dev/null
echo '# changed' >>/etc/netns/web/resolv.conf
cni DEL web net.conf
expect_output '# changed' cat /etc/netns/web/resolv.conf

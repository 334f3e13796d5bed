#!/usr/bin/env bash
# A state directory that is full, read-only, somebody else's or gone: one error that says so, everything undone, DEL works.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq busybox
enter_private_host "$@"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
ip netns add web
jq '{cniVersion, name} + .plugins[0] + {stateDir: "/run/state/isthmus"}' /etc/cni/net.d/10-isthmus.conflist >net.conf
cni() { # VERB
  CNI_COMMAND=$1 CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/isthmus <net.conf
}
nothing_made() {
  expect_equal "links in the container" "$(ip -n web -o link | grep -vc ' lo:')" 0
  expect_equal "links of ours on the host" "$(ip -o link | grep -c ' ist')" 0
}
mkdir /run/state

step "a full disk"
mount -t tmpfs -o size=8k,nr_inodes=5 full /run/state
busybox dd if=/dev/zero of=/run/state/ballast bs=1k count=64 2>/dev/null || true
expect_failure '[state-unwritable]' cni ADD
nothing_made
cni DEL
rm /run/state/ballast
umount /run/state

step "a read-only directory"
mount -t tmpfs -o ro readonly /run/state
expect_failure 'Read-only file system (EROFS)' cni ADD
nothing_made
cni DEL
umount /run/state

step "a directory that others may write to, or that belongs to somebody else"
mkdir -m 0777 /run/state/isthmus && chmod 0777 /run/state/isthmus
expect_failure '[state-untrusted]' cni ADD
chmod 0700 /run/state/isthmus && chown 65534 /run/state/isthmus
expect_failure '[state-untrusted]' cni ADD
nothing_made
rmdir /run/state/isthmus

step "a pool without addresses"
jq '.ipam += {rangeStart: "10.244.1.9", rangeEnd: "10.244.1.9"}' net.conf >one && mv one net.conf
cni ADD >/dev/null
ip netns add second
expect_failure '[ipam-exhausted]' env CNI_COMMAND=ADD CNI_CONTAINERID=second CNI_NETNS=/run/netns/second CNI_IFNAME=eth0 \
  CNI_PATH=/opt/cni/bin sh -c '/opt/cni/bin/isthmus <net.conf'
expect_equal "links in the second container" "$(ip -n second -o link | grep -vc ' lo:')" 0
expect_equal "records" "$(find /run/state/isthmus -path '*attachments/*' | wc -l)" 1

step "the state directory is lost while the container lives: DEL finds the link by its name all the same"
rm -rf /run/state/isthmus
cni DEL
nothing_made

step "a kernel that refuses: settings below /proc/sys cannot be written"
jq '.ipam = {type: "isthmus", subnet: "fd00:94::/64"}' net.conf >six && mv six net.conf
mount --bind -o ro /proc/sys /proc/sys 2>/dev/null && mount -o remount,bind,ro /proc/sys
expect_failure '[sysctl-write]' cni ADD
nothing_made
expect_equal "records and leases" "$(find /run/state/isthmus -path '*/attachments/*' -o -path '*/leases/*' | wc -l)" 0

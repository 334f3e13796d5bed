#!/usr/bin/env bash
# A name that its runtime left behind after DEL: the record that DEL set aside proves that it was ours, and only that very
# namespace; it goes with the name.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq

CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
cni() { # VERB ID [NETNS] [IFNAME]
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=${3:-} CNI_IFNAME=${4:-eth0} CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF" >/dev/null
}
released() { find /run/isthmus/released -type f 2>/dev/null | wc -l; }
alive() { printf '%s\n' "$@" >"$PRIVATE_WORK/alive"; }
gc() {
  local status=0
  "$ISTHMUS_BIN" gc --here --yes --older-than 0s --alive "$PRIVATE_WORK/alive" -o json >"$PRIVATE_WORK/out" || status=$?
  [ "$status" -le 1 ] || fail "gc ended with $status"
}
item() { jq -r --arg name "$1" '.items[] | select(.name == $name) | .verdict + "/" + .outcome' "$PRIVATE_WORK/out"; }

step "the runtime dies between DEL and the end of the name"
ip netns add a
cni ADD a /run/netns/a
cni ADD a /run/netns/a eth1
expect_equal "records set aside" "$(released)" 0
cni DEL a /run/netns/a eth1
cni DEL a /run/netns/a
expect_equal "records set aside" "$(released)" 2
expect_equal "files of the network" "$(find /run/isthmus/networks -type f ! -name 'cursor.*' | wc -l)" 0
alive a
gc
expect_equal "a, which the runtime still knows" "$(item a)" pinned/none
alive other
ip netns exec a sleep 300 &
user=$!
within 3 sh -c '[ -n "$(ip netns pids a)" ]'
gc
expect_equal "a, with a process" "$(item a)" live/none
kill $user
wait $user || true
gc
expect_equal "a, without --foreign" "$(item a)" leaked/reaped
jq -e '.items[] | select(.name == "a") | .owner.containers | index("a")' "$PRIVATE_WORK/out" >/dev/null || fail "gc does not say whose it was"
expect_equal "records set aside" "$(released)" 0

step "another namespace of that name is not ours"
ip netns add b
cni ADD b /run/netns/b
cni DEL b /run/netns/b
ip netns delete b
ip netns add b
gc
expect_equal "b, made anew by somebody else" "$(item b)" pinned/none
ip netns delete b
ip netns add b
cni ADD b /run/netns/b
cni DEL b /run/netns/b
inode=$(stat -Lc %i /run/netns/b)
ip netns delete b
for try in $(seq 300); do
  ip netns add b
  [ "$(stat -Lc %i /run/netns/b)" != "$inode" ] || break
  ip netns delete b
  sleep 0.03
done
if [ -e /run/netns/b ]; then
  gc
  expect_equal "b, with the same inode number, after $try tries," "$(item b)" pinned/none
  ip netns delete b
else
  echo "   (the kernel gave the number to somebody else in $try tries)"
fi
gc
expect_equal "records set aside" "$(released)" 0

step "DEL a second time, and again for the same container in another namespace"
for round in 1 2 3; do
  ip netns add c$round
  cni ADD c /run/netns/c$round
  cni DEL c /run/netns/c$round
  cni DEL c /run/netns/c$round
done
expect_equal "records set aside" "$(released)" 3
gc
for round in 1 2 3; do expect_equal "c$round" "$(item c$round)" leaked/reaped; done
expect_equal "records set aside" "$(released)" 0

step "a healthy runtime leaves one at most, however many containers it had"
for i in $(seq 12); do
  ip netns add d$i
  cni ADD d$i /run/netns/d$i
  cni DEL d$i /run/netns/d$i
  ip netns delete d$i
done
expect_equal "records set aside" "$(released)" 1

step "names that stay do not keep those that go"
for i in $(seq 20); do
  ip netns add e$i
  cni ADD e$i /run/netns/e$i
  cni DEL e$i /run/netns/e$i
done
for i in $(seq 30); do
  ip netns add f$i
  cni ADD f$i /run/netns/f$i
  cni DEL f$i /run/netns/f$i
  ip netns delete f$i
done
[ "$(released)" -le 30 ] || fail "$(released) records are set aside for 20 names"
proved "$(released) for 20 names, after 30 containers more"

step "without the namespace's name there is nothing to prove"
ip netns add g
cni ADD g /run/netns/g
ip netns delete g
before=$(released)
cni DEL g
[ "$(released)" -le "$before" ] || fail "a record without a name was kept"

step "a file in that place is no proof, and another boot's is none"
mkdir -p /run/isthmus/released
echo '{"format":1,' >/run/isthmus/released/torn
echo another >/run/isthmus/boot_id
ip netns add h
cni ADD h /run/netns/h
expect_equal "records set aside after another boot" "$(released)" 0
cni DEL h /run/netns/h
ip netns delete h

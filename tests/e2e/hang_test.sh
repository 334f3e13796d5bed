#!/usr/bin/env bash
# A FUSE file system that never answers, at each path that a call is given: it ends by itself and says on what it waited.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq python3
enter_private_host "$@"
[ -c /dev/fuse ] || skip "no /dev/fuse"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
jq '{cniVersion, name} + .plugins[0]' /etc/cni/net.d/10-isthmus.conflist >net.conf
ip netns add web
cni ADD web net.conf >result && cni DEL web net.conf
remember_host
mkdir /opt/frozen
exec 8< <(exec python3 "$TOP/tests/e2e/freeze.py" /opt/frozen)
server=$!
read -r -u 8 -t 10 _ || skip "FUSE cannot be mounted here"

limited() { # WHAT SECONDS COMMAND...
  local what=$1 most=$2 start
  shift 2
  start=$(date +%s%N)
  "$@"
  took=$((($(date +%s%N) - start) / 1000000))
  [ "$took" -lt $((most * 1000)) ] || fail "$what took $took ms"
  proved "$what took $took ms"
}

step "all at the same time: they only wait"
jq '.log = {file: "/opt/frozen/log"}' net.conf >log.conf
jq '.stateDir = "/opt/frozen/state"' net.conf >state.conf
(limited "ADD with its state there" 20 expect_failure '[state-unwritable]' cni ADD web state.conf) &
first=$!
(limited "DEL with its state there" 20 expect_failure '[state-unwritable]' cni DEL other state.conf) &
second=$!
jq '.cniVersion = "1.1.0"' state.conf >status.conf
(limited "STATUS with its state there" 6 expect_failure '[state-unwritable]' cni STATUS web status.conf) &
fourth=$!
frozen_netns() {
  expect_failure '[netns-timeout]' env CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/opt/frozen/ns CNI_IFNAME=eth0 \
    CNI_PATH=/opt/cni/bin /opt/cni/bin/isthmus <net.conf
}
third=$second
# As long as the verb's deadline; tests/netns/netns has the same with a short one.
[ "${ISTHMUS_TORTURE:-}" != whole ] || { (limited "ADD with its namespace there" 28 frozen_netns) & third=$!; }
logged() { cni ADD web log.conf >result && cni DEL web log.conf; }
limited "ADD and DEL with their log there" 10 logged
jq -e .ips result >/dev/null || fail "no result"
for pid in $(printf '%s\n' $first $second $third $fourth | sort -u); do wait "$pid" || fail "see above"; done

step "what waits there holds nothing of the caller"
for pid in $(pgrep -x isthmus); do
  for fd in 0 1 2; do
    case $(readlink "/proc/$pid/fd/$fd" || true) in '' | socket:*) ;; *) fail "$pid has $fd open: $(ls -l "/proc/$pid/fd")" ;; esac
  done
done
proved "$(pgrep -xc isthmus || true) helpers wait for the server"
kill "$server"
within 5 sh -c '! pgrep -x isthmus >/dev/null'
proved "and end with it"
expect_host_as_remembered_but_frozen() { host_inventory | grep -v 'mount /opt/frozen' | diff "$PRIVATE_WORK/inventory" - || fail "that is left"; }
expect_host_as_remembered_but_frozen

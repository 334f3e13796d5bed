#!/usr/bin/env bash
# One line per call, to syslog unless told otherwise, never on stdout; a log daemon that does not read holds nobody up.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq python3
enter_private_host "$@"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
jq '{cniVersion, name} + .plugins[0]' /etc/cni/net.d/10-isthmus.conflist >net.conf
ip netns add web
cni() { # VERB
  CNI_COMMAND=$1 CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
    CNI_ARGS='K8S_POD_NAMESPACE=default;K8S_POD_NAME=shop' /opt/cni/bin/isthmus <net.conf
}

step "syslog"
mount --bind "$PRIVATE_WORK" /dev 2>/dev/null || fail "cannot cover /dev"
python3 - >"$PRIVATE_WORK/lines" <<'PYTHON' &
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
while True:
    print(log.recv(65536).decode().rstrip("\n"), flush=True)
PYTHON
daemon=$!
within 5 test -S /dev/log
cni ADD >result
cni DEL
line() { grep -E "verb=$1 " "$PRIVATE_WORK/lines"; }
within 5 line DEL >/dev/null
expect_equal "lines" "$(wc -l <"$PRIVATE_WORK/lines")" 2
for wanted in isthmus result=ok net=isthmus pod=default/shop cid=web if=eth0 netns=/run/netns/web ip=10.244.1.2 dur_ms=; do
  expect_output "$wanted" line ADD
done
jq -e .ips result >/dev/null
proved "stdout holds the result alone"

step "a daemon that has stopped reading"
kill "$daemon" && wait "$daemon" 2>/dev/null || true
rm /dev/log
python3 - <<'PYTHON' &
import socket, time
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
filler.setblocking(False)
try:
    while True:
        filler.sendto(b"x", "/dev/log")
except BlockingIOError:
    open("/dev/full-up", "w").close()
time.sleep(60)
PYTHON
daemon=$!
within 5 test -e /dev/full-up
start=$(date +%s%N)
cni ADD >result
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -lt 10000 ] || fail "ADD took $took ms"
proved "ADD succeeded after $took ms"
kill "$daemon"

step "on request to stderr"
expect_output 'verb=CHECK result=error' sh -c 'CNI_COMMAND=CHECK CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 \
  CNI_PATH=/opt/cni/bin ISTHMUS_LOG=stderr /opt/cni/bin/isthmus <net.conf 2>&1 >"$PRIVATE_WORK/out"; true'
cni DEL

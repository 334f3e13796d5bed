#!/usr/bin/env bash
# isthmus doctor: threads, names, copies, veths, rules and configuration that are not as they should be, each with its
# reason and a cure; nothing on a healthy node. What is stuck in FUSE: doctor_stuck_test.sh
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
leaky=${TMPDIR:-/tmp}/isthmus-leaky-$(id -u)
[ -n "${PRIVATE_STAGE:-}" ] || {
  command -v go >/dev/null || skip "golang is not installed (make deps-test)"
  GO111MODULE=off CGO_ENABLED=0 GOCACHE=$leaky.cache go build -o "$leaky" "$here/doctor/leaky.go"
}
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 nft iptables

doctor() { # CHECK [OPTION...]: what it found, in $found
  status=0
  found=$("$ISTHMUS_BIN" doctor --here --only "$@" -o json 2>"$PRIVATE_WORK/err") || status=$?
  [ "$status" -le 1 ] || fail "doctor ended with $status: $(cat "$PRIVATE_WORK/err") $(jq -c .coverage <<<"$found")"
}
of() { jq -r --arg object "$1" ".items[] | select(.object | test(\$object)) | $2" <<<"$found"; }
expect_found() { # OBJECT SEVERITY WHAT
  [ "$(of "$1" .severity)" = "$2" ] || fail "$1 is not $2: $(jq -c .items <<<"$found")"
  of "$1" .what | grep -q -- "$3" || fail "$1: $(of "$1" .what), without $3"
  proved "$2: $(of "$1" .what | cut -c1-160)"
}
expect_nothing() { expect_equal "findings" "$(jq -c '[.items[] | select(.severity != "note")]' <<<"$found")" "[]"; }
mount --make-shared /run

step "a healthy node"
ip netns add quiet
"$ISTHMUS_BIN" doctor --here || fail "exit status $?"
# Sockets that looked into it a moment ago are counted still.
for _ in 1 2 3; do ip netns exec quiet ip link >/dev/null; done
"$ISTHMUS_BIN" doctor --here || fail "exit status $?"
ip netns delete quiet

step "a daemon whose threads stayed in a container"
ip netns add web
exec 7< <(exec "$leaky" /run/netns/web)
daemon=$!
read -r -u 7 _ lost
[ "$lost" -gt 0 ] || fail "it lost no thread"
doctor threads
expect_equal "threads found" "$(jq '.items | length' <<<"$found")" "$lost"
expect_equal "warnings, because the namespace has a name" "$(jq -r '[.items[].severity] | unique[]' <<<"$found")" warning
grep -q "restart pid $daemon" <<<"$found" || fail "$found"
proved "$(jq -r '.items[0].what' <<<"$found")"
inode=$(stat -Lc %i /run/netns/web)
ip netns delete web
doctor threads
expect_equal "without its name they alone keep it" "$(jq -r '[.items[].severity] | unique[]' <<<"$found")" critical
expect_equal "what other tools see in it" "$(lsns -t net -n -o NS | grep -c "$inode" || true)" 0
kill $daemon

step "a thread that only passes by"
ip netns add web
cat >"$PRIVATE_WORK/passer.py" <<'P'
import ctypes, os, sys, threading, time
libc = ctypes.CDLL(None)
def visit():
    own, other = os.open("/proc/thread-self/ns/net", 0), os.open("/run/netns/web", 0)
    while True:
        libc.setns(other, 0); time.sleep(0.002); libc.setns(own, 0); time.sleep(0.02)
threading.Thread(target=visit, daemon=True).start()
print("ready", flush=True)
time.sleep(1000)
P
exec 7< <(exec python3 "$PRIVATE_WORK/passer.py")
passer=$!
read -r -u 7 _
doctor threads
expect_nothing
kill $passer
ip netns delete web

step "names"
ip netns add below
touch -d '1 hour ago' /run/netns/stale
touch /run/netns/young
unshare --mount --propagation private sh -c 'ip netns add elsewhere && exec sleep 300' &
monitor=$!
within 5 grep -q /run/netns/elsewhere "/proc/$monitor/mountinfo"
ip netns add above
mount --bind /run/netns/above /run/netns/below
doctor names
expect_found /run/netns/stale warning "namespace it named is gone"
expect_found /run/netns/elsewhere warning "mount namespace of pid $monitor"
expect_found /run/netns/below warning "stack of mounts"
expect_equal "nothing else" "$(jq '.items | length' <<<"$found")" 3
doctor copies
expect_found "pid $monitor" critical /run/netns/elsewhere
doctor namespaces
expect_equal "names without a task are notes" "$(jq -r '[.items[].severity] | unique[]' <<<"$found")" note
kill $monitor
umount /run/netns/below
ip -all netns delete
rm -f /run/netns/*
ip netns add shadowed
mount --make-private /run/netns
mount --bind /run/netns /run/netns
expect_failure "Invalid argument" nsenter --net=/run/netns/shadowed true
doctor names
expect_found /run/netns/shadowed warning "another mount covers /run/netns"
umount /run/netns
doctor names
expect_nothing
ip netns delete shadowed

step "a namespace that a descriptor keeps"
exec 7< <(exec python3 -c 'import ctypes,os,time
own=os.open("/proc/thread-self/ns/net",0); l=ctypes.CDLL(None); l.unshare(0x40000000); k=os.open("/proc/thread-self/ns/net",0); l.setns(own,0); print(os.fstat(k).st_ino,flush=True); time.sleep(1000)')
keeper=$!
read -r -u 7 inode
doctor namespaces
expect_found "$inode" warning "of pid $keeper (python3)"
kill $keeper

step "what attachments need of the host"
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipMasq":true,"ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
ip netns add web
cni() { CNI_COMMAND=$1 CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$ISTHMUS_BIN" <<<"$CONF"; }
cni ADD >"$PRIVATE_WORK/result"
doctor rules,veths
expect_nothing
sysctl -qw net.ipv4.ip_forward=0
nft flush ruleset
nft 'table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }'
doctor rules
expect_found net.ipv4.ip_forward critical "is 0"
expect_found "masquerade of net" critical "gone or incomplete"
expect_found "ip filter FORWARD" warning "drops"
eval "$(of net.ipv4.ip_forward .cure | cut -d';' -f1)" >/dev/null
nft delete table ip filter
eval "$(of "masquerade of net" .cure | cut -d';' -f1 | sed "s,^isthmus,$ISTHMUS_BIN,")" >/dev/null
doctor rules
expect_nothing
veth=$(jq -r '.interfaces[0].name' "$PRIVATE_WORK/result")
mv /run/isthmus "$PRIVATE_WORK/kept"
doctor veths
expect_found "$veth" warning "no record"
mv "$PRIVATE_WORK/kept" /run/isthmus
cni DEL
ip netns delete web
exec 7< <(exec python3 -c 'import ctypes,os,socket,subprocess,time
own=os.open("/proc/thread-self/ns/net",0); l=ctypes.CDLL(None); l.unshare(0x40000000)
s=socket.socket(); k=os.open("/proc/thread-self/ns/net",0); l.setns(own,0)
subprocess.run(["ip","link","add","v0","type","veth","peer","name","eth0","netns","/proc/%d/fd/%d"%(os.getpid(),k)],check=True)
os.close(k); print("ready",flush=True); time.sleep(1000)')
keeper=$!
read -r -u 7 _
doctor veths
expect_found v0 warning "no task, descriptor or mount leads to"
kill $keeper
within 5 sh -c '! ip link show v0 2>/dev/null'

step "configuration the runtime will not load"
rm -f /etc/cni/net.d/*
install_cni 10-isthmus.conflist
doctor cni --cni-bin-dir /opt/cni/bin
expect_nothing
echo '{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"nosuchplugin"}]}' >/etc/cni/net.d/05-missing.conflist
echo '{"cniVersion":"1.0.0", // why' >/etc/cni/net.d/20-torn.conflist
printf '{ /* a comment */ "cniVersion":"1.0.0","name":"c","type":"isthmus"}' >/etc/cni/net.d/30-comment.conf
doctor cni --cni-bin-dir /opt/cni/bin
expect_found 05-missing critical "nosuchplugin.*/opt/cni/bin"
expect_found 20-torn warning "no JSON"
expect_found 30-comment warning "comments"
expect_found 'net.d$' note "05-missing.conflist is the network"

step "for programs"
status=0
"$ISTHMUS_BIN" doctor --here --only cni --textfile "$PRIVATE_WORK/doctor.prom" >"$PRIVATE_WORK/out" || status=$?
expect_equal "the exit status with findings" "$status" 1
grep -q '^isthmus_doctor_findings{check="cni",severity="critical"} 1$' "$PRIVATE_WORK/doctor.prom" || fail "$(cat "$PRIVATE_WORK/doctor.prom")"
grep -q '      cure  mend it' "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
expect_failure "there is no check 'nonsense'" "$ISTHMUS_BIN" doctor --here --only nonsense
expect_failure "initial pid namespace" "$ISTHMUS_BIN" doctor

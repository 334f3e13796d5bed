#!/usr/bin/env bash
# isthmus list: attachments with their state; with --all every network namespace of the node, by whatever holds it; a
# bridge's containers with MAC and address, right every time and without running a program in any of them.
# LIST_CONTAINERS and LIST_CALLS make it longer.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 setpriv script strace

: "${LIST_CONTAINERS:=100}" "${LIST_CALLS:=40}"
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
cni() { # VERB ID
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
    CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=pod-$2" "$ISTHMUS_BIN" <<<"$CONF"
}
list() { "$ISTHMUS_BIN" list "$@"; }
states() { list -o json | jq -r '[.items[] | .containerId + "=" + .state] | join(" ")'; }

step "an empty node"
expect_equal "items" "$(list -o json | jq -c .items)" "[]"
expect_equal "ps is list" "$("$ISTHMUS_BIN" ps)" "$(list)"

step "attachments, and what became of them"
for name in a b c d; do
  ip netns add $name
  cni ADD $name >/dev/null
done
expect_equal "states" "$(states)" "a=ok b=ok c=ok d=ok"
list -o json >"$PRIVATE_WORK/out"
veth=$(jq -r '.items[0].hostIfname' "$PRIVATE_WORK/out")
expect_equal "the host's end" "$(ip -j link show "$veth" | jq -r '.[0].address')" "$(jq -r '.items[0].hostMac' "$PRIVATE_WORK/out")"
expect_equal "inode" "$(stat -Lc %i /run/netns/a)" "$(jq -r '.items[0].netnsInode' "$PRIVATE_WORK/out")"
expect_output "shop/pod-a" list
expect_equal "one column" "$(list --no-headers --columns ADDRESS,if | head -1)" "$(jq -r '.items[0].addresses[0]' "$PRIVATE_WORK/out" | cut -d/ -f1)  eth0"
ip link del "$veth"
ip netns delete b
ip -n c link set eth0 down
ip link set "$(jq -r '.items[3].hostIfname' "$PRIVATE_WORK/out")" down
expect_equal "states" "$(states)" "a=link-missing b=netns-gone c=no-carrier d=link-down"
echo torn >"/run/isthmus/networks/net/attachments/e:eth0"
status=0
list >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
expect_equal "the exit status with a record that cannot be read" "$status" 3
grep -q 'bad-record' "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
rm "/run/isthmus/networks/net/attachments/e:eth0"
expect_equal "the other network" "$(list --network other -o json | jq -c .items)" "[]"
expect_failure "bad-column" list --columns NOPE
for name in a b c d; do cni DEL $name; done
ip -all netns delete
expect_equal "items after DEL" "$(list -o json | jq -c .items)" "[]"

step "every namespace, by what holds it"
cat >"$PRIVATE_WORK/hold.py" <<'P'
import ctypes, os, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def say(what, netns=None): print(what, netns or os.stat("/proc/thread-self/ns/net").st_ino, flush=True)
def home(f):
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    libc.unshare(0x40000000); f(); libc.setns(own, 0); os.close(own)
home(lambda: (globals().update(kept=os.open("/proc/thread-self/ns/net", os.O_RDONLY)), say("fd")))
home(lambda: (globals().update(sock=socket.socket(socket.AF_INET, socket.SOCK_DGRAM)), say("socket-without-a-way-in")))
def thread(): libc.unshare(0x40000000); say("thread"); time.sleep(1000)
threading.Thread(target=thread, daemon=True).start()
time.sleep(1000)
P
exec 7< <(exec python3 "$PRIVATE_WORK/hold.py")
holder=$!
declare -A inode
for _ in 1 2 3; do
  read -r -u 7 what number
  inode[$what]=$number
done
ip netns add named
inode[name]=$(stat -Lc %i /run/netns/named)
unshare --net sleep 300 &
task=$!
within 5 sh -c "[ \"\$(readlink /proc/$task/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
inode[task]=$(stat -Lc %i "/proc/$task/ns/net")
unshare --mount --propagation private sh -c 'ip netns add hidden && exec sleep 300' &
copy=$!
within 5 grep -q /run/netns/hidden "/proc/$copy/mountinfo"
inode[copy]=$(stat -Lc %i "/proc/$copy/root/run/netns/hidden")
list --all -o json >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
of() { jq -r --argjson inode "${inode[$1]}" ".items[] | select(.inode == \$inode) | $2" "$PRIVATE_WORK/out"; }
expect_equal "held by a descriptor" "$(of fd .holders.summary)" "fd $(of fd '.holders.named[0].fd') of pid $holder (python3)"
expect_equal "held by a thread" "$(of thread '.holders.named[0].pid')" "$holder"
[ "$(of thread '.holders.named[0].tid')" != "$holder" ] || fail "the thread is not named"
expect_equal "held by a name" "$(of name .holders.summary)" "only a name"
expect_equal "held by a task" "$(of task .holders.tasks)" 1
expect_equal "held in another mount namespace" "$(of copy '.holders.copies[0].pid')" "$copy"
expect_equal "a way in" "$(of copy .enter)" "/proc/$copy/root/run/netns/hidden"
expect_equal "the host's is the first" "$(jq -r '.items[0].host' "$PRIVATE_WORK/out")" true
# Nothing in /proc leads to a namespace that only a socket holds: what no tool can enter, none lists.
expect_equal "held by a socket alone" "$(of socket-without-a-way-in .inode)" ""
kill $holder $task $copy

step "while namespaces come and go"
churn=()
for _ in 1 2; do
  (while :; do unshare --net sleep 0.01; done) &
  churn+=($!)
done
(while :; do ip netns add passing && ip netns delete passing; done) &
churn+=($!)
for _ in $(seq "$LIST_CALLS"); do
  list --all >/dev/null 2>"$PRIVATE_WORK/err" || fail "exit status $?: $(cat "$PRIVATE_WORK/err")"
done
proved "$LIST_CALLS times nothing is missing, although some are gone before they are looked into"
kill "${churn[@]}"
wait "${churn[@]}" 2>/dev/null || true

step "the containers of a bridge, $LIST_CONTAINERS of them, $LIST_CALLS times"
ip -all netns delete
ip link add weave type bridge
ip link set weave up
for i in $(seq "$LIST_CONTAINERS"); do
  echo "netns add c$i"
  echo "link add v$i type veth peer name eth0 netns c$i address 02:00:00:00:$(printf '%02x:%02x' $((i / 256)) $((i % 256)))"
  echo "link set v$i master weave up"
done | ip -batch -
for i in $(seq "$LIST_CONTAINERS"); do
  printf 'addr add 10.32.%d.%d/12 dev eth0\nlink set eth0 up\n' $((i / 250)) $((i % 250 + 1)) | ip -n "c$i" -batch -
done
for i in $(seq "$LIST_CONTAINERS"); do
  printf 'c%d 02:00:00:00:%02x:%02x 10.32.%d.%d v%d\n' "$i" $((i / 256)) $((i % 256)) $((i / 250)) $((i % 250 + 1)) "$i"
done | sort >"$PRIVATE_WORK/wanted"
unshare --net sleep 300 & # one that is not on the bridge
other=$!
for _ in $(seq "$LIST_CALLS"); do
  list --bridge weave --no-headers --columns NETNS,MAC,ADDRESS,HOST-IF | tr -s ' ' | sort >"$PRIVATE_WORK/got"
  cmp -s "$PRIVATE_WORK/wanted" "$PRIVATE_WORK/got" || fail "$(diff "$PRIVATE_WORK/wanted" "$PRIVATE_WORK/got" | head)"
done
proved "right $LIST_CALLS times"
expect_equal "programs run" "$(strace -f -e trace=execve -o /dev/stdout "$ISTHMUS_BIN" list --bridge weave -o json 2>&1 | grep -c 'execve(')" 1
kill $other

step "on a terminal, and for everybody"
script -qec "stty cols 60; NO_COLOR= TERM=xterm $ISTHMUS_BIN list --bridge weave" /dev/null >"$PRIVATE_WORK/out"
expect_equal "lines wider than the terminal" "$(tr -d '\r' <"$PRIVATE_WORK/out" | awk 'length > 60' | wc -l)" 0
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$ISTHMUS_BIN" list --all -o json >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
expect_equal "the exit status without privileges" "$status" 3
[ "$(jq '.items | length' "$PRIVATE_WORK/out")" -gt "$LIST_CONTAINERS" ] || fail "names are not shown"
grep -q CAP_SYS_PTRACE "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
proved "$(head -1 "$PRIVATE_WORK/err")"

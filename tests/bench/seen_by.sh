#!/usr/bin/env bash
# What Debian's lsns and `ip netns identify` can answer about network namespaces, and what isthmus can: the two tables of
# docs/seeing.md, by runs. An answer counts when the command prints what is asked for.
# ISTHMUS_BIN=build/isthmus tests/bench/seen_by.sh
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/../e2e/lib.sh"
need ip lsns python3 jq
cat >"$PRIVATE_WORK/hold.py" <<'P'
import ctypes, os, socket, subprocess, threading, time
libc = ctypes.CDLL(None)
def inode(): return os.stat("/proc/thread-self/ns/net").st_ino
def away(hold):
    own = os.open("/proc/thread-self/ns/net", 0)
    libc.unshare(0x40000000); kept = hold(); libc.setns(own, 0); os.close(own)
    return kept
def descriptor():
    print(inode(), flush=True)
    return os.open("/proc/thread-self/ns/net", 0)
def only_socket():
    print(inode(), flush=True)
    return socket.socket(), os.open("/proc/thread-self/ns/net", 0)
kept = away(descriptor)
alone, way = away(only_socket)
end = "/proc/%d/fd/%d" % (os.getpid(), way)
subprocess.run(["ip", "link", "add", "veth9", "type", "veth", "peer", "name", "eth0", "netns", end], check=True)
os.close(way)
def thread(): libc.unshare(0x40000000); print(inode(), flush=True); time.sleep(1000)
threading.Thread(target=thread, daemon=True).start()
time.sleep(1000)
P
exec 7< <(exec python3 "$PRIVATE_WORK/hold.py")
holder=$!
read -r -u 7 fd
read -r -u 7 socket
read -r -u 7 thread
ip netns add named
ip netns add used
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
CNI_COMMAND=ADD CNI_CONTAINERID=c0ffee01 CNI_NETNS=/run/netns/used CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
  CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart" "$ISTHMUS_BIN" <<<"$CONF" >"$PRIVATE_WORK/result"
ip netns exec used sleep 300 &
user=$!
unshare --net sleep 300 &
task=$!
unshare --mount --propagation private sh -c 'ip netns add hidden && exec sleep 300' &
copy=$!
within 5 grep -q /run/netns/hidden "/proc/$copy/mountinfo"
within 5 sh -c "[ \"\$(cat /proc/$user/comm /proc/$task/comm | uniq)\" = sleep ]"

lsns_of() { lsns -t net -n -o NS,NPROCS,PID,NETNSID,NSFS,COMMAND "$@"; }
identify() { ip netns identify "$@"; }
isthmus() { "$ISTHMUS_BIN" "$@"; }
answer() { # WANTED COMMAND...
  local wanted=$1
  shift
  [ $# -gt 0 ] || { printf ' - |' && return; }
  # It says by its status, too, that it found something.
  if { "$@" 2>/dev/null || true; } | grep -w -- "$wanted" >/dev/null; then printf ' yes |'; else printf ' no |'; fi
}

echo "| held by | \`lsns -t net\` | \`ip netns identify PID\` | \`isthmus find\` |"
echo "|---|---|---|---|"
seen() { # WHAT INODE NAME PID
  printf '| %s |%s%s%s\n' "$1" "$(answer "$2" lsns_of)" "$(answer "${3:-.}" ${4:+identify "$4"})" "$(answer "$2" isthmus find "inode:$2")"
}
seen "a process, and a name" "$(stat -Lc %i /run/netns/used)" used $user
seen "a process, no name" "$(stat -Lc %i /proc/$task/ns/net)" "" $task
seen "one thread of a process that is elsewhere" "$thread" "" $holder
seen "a name alone" "$(stat -Lc %i /run/netns/named)" named ""
seen "a descriptor alone" "$fd" "" $holder
seen "a mount in another mount namespace" "$(stat -Lc %i /proc/$copy/root/run/netns/hidden)" hidden $copy
seen "a socket alone" "$socket" "" $holder

echo
echo "| of a container that has a process and a name | \`lsns -t net\` | \`ip netns identify PID\` | isthmus |"
echo "|---|---|---|---|"
inode=$(stat -Lc %i /run/netns/used)
veth=$(jq -r '.interfaces[0].name' "$PRIVATE_WORK/result")
address=$(jq -r '.ips[0].address' "$PRIVATE_WORK/result")
mac=$(jq -r '.interfaces[1].mac' "$PRIVATE_WORK/result")
asked() { # QUESTION WANTED LSNS IDENTIFY ISTHMUS: the last three are commands, empty where that cannot be asked
  # shellcheck disable=SC2086
  printf '| %s |%s%s%s\n' "$1" "$(answer "$2" $3)" "$(answer "$2" $4)" "$(answer "$2" $5)"
}
asked "what is it called, by the process" used "lsns_of -p $user" "identify $user" "isthmus find pid:$user"
asked "which process is in it" "$user" lsns_of "" "isthmus find used"
asked "what are its addresses" "${address%/*}" lsns_of "identify $user" "isthmus list --all"
asked "which link of the host leads there" "$veth" lsns_of "identify $user" "isthmus list --all"
asked "whose is it: pod" shop/cart lsns_of "identify $user" "isthmus list --all"
asked "which one has this address" "$inode" "" "" "isthmus find ${address%/*}"
asked "which one has this MAC address" "$inode" "" "" "isthmus find $mac"
asked "which one is behind this veth" "$inode" "" "" "isthmus find $veth"
asked "a veth that leads where nothing else does" "veth9 ends" lsns_of "" "isthmus doctor --here --only veths"
kill $holder $user $task $copy

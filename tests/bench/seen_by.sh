#!/usr/bin/env bash
# Which tool sees a network namespace, by what holds it: a line each. ISTHMUS_BIN=build/isthmus tests/bench/seen_by.sh
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/../e2e/lib.sh"
need ip lsns python3 jq
cat >"$PRIVATE_WORK/hold.py" <<'P'
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
own = os.open("/proc/thread-self/ns/net", 0)
libc.unshare(0x40000000); kept = os.open("/proc/thread-self/ns/net", 0); libc.setns(own, 0)
print(os.fstat(kept).st_ino, flush=True)
def thread(): libc.unshare(0x40000000); print(os.stat("/proc/thread-self/ns/net").st_ino, flush=True); time.sleep(1000)
threading.Thread(target=thread, daemon=True).start()
time.sleep(1000)
P
exec 7< <(exec python3 "$PRIVATE_WORK/hold.py")
holder=$!
read -r -u 7 fd
read -r -u 7 thread
ip netns add named
ip netns add used
ip netns exec used sleep 300 &
unshare --net sleep 300 &
task=$!
unshare --mount --propagation private sh -c 'ip netns add hidden && exec sleep 300' &
copy=$!
within 5 grep -q /run/netns/hidden "/proc/$copy/mountinfo"
seen() { # WHAT INODE NAME PID
  local lsns=no identify=no find=no
  lsns -t net -n -o NS | grep -qw "$2" && lsns=yes
  [ -n "$4" ] && [ -n "$(ip netns identify "$4" 2>/dev/null)" ] && identify=yes
  [ "$("$ISTHMUS_BIN" find "inode:$2" -o json 2>/dev/null | jq '.items | length')" = 1 ] && find=yes
  printf '%-40s lsns %-4s ip netns identify %-4s isthmus %s\n' "$1" $lsns $identify $find
}
set +e +o pipefail
seen "a process, and a name" "$(stat -Lc %i /run/netns/used)" used "$(pgrep -x sleep | head -1)"
seen "a process, no name" "$(stat -Lc %i /proc/$task/ns/net)" "" $task
seen "one thread of a process elsewhere" "$thread" "" $holder
seen "a name alone" "$(stat -Lc %i /run/netns/named)" named ""
seen "a descriptor alone" "$fd" "" $holder
seen "a mount in another mount namespace" "$(stat -Lc %i /proc/$copy/root/run/netns/hidden)" "" $copy
kill $holder $task $copy %2

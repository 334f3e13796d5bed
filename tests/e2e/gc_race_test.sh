#!/usr/bin/env bash
# gc beside a runtime that makes and removes sandboxes as fast as it can: with names that look like a runtime's, without
# a process in them, some reaped by gc and some removed by their maker. A namespace that its maker still wants must never
# lose its name, and the maker must never see an error.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip python3

SECONDS_OF_RACE=${ISTHMUS_RACE_SECONDS:-8}
cat >"$PRIVATE_WORK/runtime.py" <<'PYTHON'
# A runtime's way with names: an exclusive file, a bind mount of a fresh namespace, a life without a process, the removal.
import ctypes, os, random, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def check(result, what):
    if result != 0: raise OSError(ctypes.get_errno(), what)
end = time.monotonic() + float(sys.argv[1])
wanted, rounds = [], 0
random.seed(int(sys.argv[2]))
while time.monotonic() < end:
    name = "/run/netns/cni-%08x-%04x-%04x-%04x-%012x" % tuple(random.getrandbits(b) for b in (32, 16, 16, 16, 48))
    os.close(os.open(name, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o644))
    time.sleep(random.random() / 500)
    check(libc.unshare(0x40000000), "unshare")
    check(libc.mount(b"/proc/thread-self/ns/net", name.encode(), b"none", 0x1000, None), "mount " + name)
    wanted.append((name, os.stat(name).st_ino))
    time.sleep(random.random() / 200)
    for path, inode in wanted:
        if os.stat(path).st_ino != inode: raise SystemExit("lost: " + path)
    while len(wanted) > 20:
        path, _ = wanted.pop(random.randrange(len(wanted)))
        check(libc.umount2(path.encode(), 2), "umount " + path)
        os.unlink(path)
    rounds += 1
for path, inode in wanted:
    if os.stat(path).st_ino != inode: raise SystemExit("lost: " + path)
print(rounds)
PYTHON

step "two makers against gc in a loop, for $SECONDS_OF_RACE s"
ip netns add leak0
python3 "$PRIVATE_WORK/runtime.py" "$SECONDS_OF_RACE" 1 >"$PRIVATE_WORK/first" &
first=$!
python3 "$PRIVATE_WORK/runtime.py" "$SECONDS_OF_RACE" 2 >"$PRIVATE_WORK/second" &
second=$!
runs=0
end=$((SECONDS + SECONDS_OF_RACE))
mkdir -p /run/netns
while [ "$SECONDS" -lt "$end" ]; do
  # Younger than the grace time: whatever a maker has just made is safe, however it looks. 20 names live about 0.1 s.
  status=0
  "$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 3s >"$PRIVATE_WORK/out" 2>&1 || status=$?
  [ "$status" -le 1 ] || fail "gc ended with $status: $(cat "$PRIVATE_WORK/out")"
  runs=$((runs + 1))
done
wait $first || fail "a maker lost a name"
wait $second || fail "a maker lost a name"
proved "$(cat "$PRIVATE_WORK/first" "$PRIVATE_WORK/second" | paste -sd+ | sed 's/+/ + /') sandboxes made, $runs runs of gc, none lost"

step "what the makers left behind is reaped once it is old enough"
left=$(find /run/netns -name 'cni-*' | wc -l)
[ "$left" -ge 20 ] || fail "only $left left"
"$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 1s >/dev/null 2>&1 || true
sleep 1.2
"$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 1s --limit "$left" >"$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
expect_equal "names left of $left" "$(find /run/netns -name 'cni-*' | wc -l)" 0

step "two runs at once: one of them works"
ip netns add cni-1-2-3-4-5
"$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 0s >/dev/null 2>"$PRIVATE_WORK/err1" & one=$!
"$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 0s >/dev/null 2>"$PRIVATE_WORK/err2" & other=$!
s1=0 s2=0
wait $one || s1=$?
wait $other || s2=$?
case $s1$s2 in
  00) proved "one after the other" ;;
  02 | 20) grep -q reap-busy "$PRIVATE_WORK"/err? && proved "the other said reap-busy" ;;
  *) fail "$s1 and $s2: $(cat "$PRIVATE_WORK"/err?)" ;;
esac
[ ! -e /run/netns/cni-1-2-3-4-5 ] || fail "it is still there"

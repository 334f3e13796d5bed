#!/usr/bin/env bash
# isthmus gc on names: every verdict, every option, every exit status; what it must not touch stays as it was.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 setpriv

gc() { "$ISTHMUS_BIN" gc --here "$@"; }
# run STATUS COMMAND...: stdout and stderr in $PRIVATE_WORK/out and err.
run() {
  local wanted=$1 status=0
  shift
  "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" </dev/null || status=$?
  [ "$status" = "$wanted" ] || fail "$* ended with $status, not $wanted: $(cat "$PRIVATE_WORK/out" "$PRIVATE_WORK/err")"
}
said() { grep -qF -- "$1" "$PRIVATE_WORK/out" "$PRIVATE_WORK/err" || fail "nothing says '$1': $(cat "$PRIVATE_WORK/out" "$PRIVATE_WORK/err")"; }
verdict() { awk -v name="$1" '$1 == name { print $3 }' "$PRIVATE_WORK/out"; }
mounts() { awk '/ nsfs /' /proc/self/mountinfo; { find /run/netns /run/isthmus -printf '%p %i %T@\n' 2>/dev/null || true; } | sort; }
LEAK=cni-1f0c9c2e-8a1b-4c3d-9e8f-0123456789a
foreign=(--foreign --runtime none --older-than 0s)

step "an empty host"
run 0 gc
run 0 gc --dry-run -o json
expect_equal "the list of items" "$(jq -c .items "$PRIVATE_WORK/out")" "[]"

step "outside what can be seen"
run 2 "$ISTHMUS_BIN" gc --yes
said "--here asserts"
run 2 setpriv --bounding-set -sys_ptrace "$ISTHMUS_BIN" gc --here --yes
said "no CAP_SYS_PTRACE"
run 2 setpriv --bounding-set -sys_admin "$ISTHMUS_BIN" gc --here --yes
said "no CAP_SYS_ADMIN"
run 2 setpriv --reuid 65534 --clear-groups "$ISTHMUS_BIN" gc --here
run 2 unshare --mount sh -c "mount -o remount,hidepid=2 /proc && exec '$ISTHMUS_BIN' gc --here; s=\$?; mount -o remount,hidepid=0 /proc; exit \$s"
said "hidepid"
mount -o remount,hidepid=0 /proc
proved "not root, missing capabilities, hidepid and a foreign namespace end with 2"

step "words that are none"
for bad in "--older-than 5" "--older-than 1y" "--only nothing" "-o yaml" "--root relative" "--textfile x.txt" "--unknown" "--dry-run --yes"; do
  # shellcheck disable=SC2086
  run 2 gc $bad
done
run 2 gc --runtime nobody "${foreign[@]:0:1}" --root /absent
proved "each ends with 2"

step "each verdict"
ip netns add mine
for i in 1 2 3; do ip netns add "$LEAK$i"; done
ip netns add "${LEAK}4"
ip netns exec "${LEAK}4" sleep 300 &
ip netns add "${LEAK}5"
ip netns add "${LEAK}6"
mkdir -p /var/lib/cni/results
echo '{"kind":"cniCacheV1","containerId":"abc","netns":"/var/run/netns/'"${LEAK}6"'"}' >/var/lib/cni/results/net-abc-eth0
# A socket without any task or descriptor in the namespace.
python3 - "/run/netns/${LEAK}5" <<'P' &
import ctypes, os, socket, sys, time
home = os.open("/proc/self/ns/net", os.O_RDONLY)
name = os.open(sys.argv[1], os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.setns(name, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
libc.setns(home, 0)
os.close(name)
os.close(home)
time.sleep(300)
P
sleep 0.5
touch /run/netns/stale
mounts >"$PRIVATE_WORK/before"
run 1 gc --dry-run
expect_equal "without --foreign ${LEAK}1" "$(verdict "${LEAK}1")" pinned
run 1 gc --dry-run --foreign --older-than 0s
expect_equal "without a runtime to ask ${LEAK}1" "$(verdict "${LEAK}1")" unknown
run 1 gc --dry-run --foreign --runtime none
expect_equal "${LEAK}1, seen for the first time," "$(verdict "${LEAK}1")" ageing
run 1 gc --dry-run "${foreign[@]}"
expect_equal mine "$(verdict mine)" pinned
for i in 1 2 3; do expect_equal "$LEAK$i" "$(verdict "$LEAK$i")" leaked; done
expect_equal "with a process" "$(verdict "${LEAK}4")" live
expect_equal "with a socket" "$(verdict "${LEAK}5")" live
expect_equal "claimed by the library's cache" "$(verdict "${LEAK}6")" pinned
expect_equal "the plain file" "$(verdict stale)" leaked
said "(sleep)"
run 1 gc "${foreign[@]}"
said "no terminal"
mounts | diff "$PRIVATE_WORK/before" - || fail "looking changed something"
proved "looking changed nothing: same mounts, same files, no state"

step "a claim of a container that its runtime denies is a leftover"
echo "other" >"$PRIVATE_WORK/alive"
run 1 gc --dry-run --foreign --alive "$PRIVATE_WORK/alive" --older-than 0s
expect_equal "denied" "$(verdict "${LEAK}6")" leaked
echo "abc" >"$PRIVATE_WORK/alive"
run 1 gc --dry-run --foreign --alive "$PRIVATE_WORK/alive" --older-than 0s
expect_equal "known" "$(verdict "${LEAK}6")" pinned

step "a plan acts only on what still is the same"
run 1 gc --dry-run "${foreign[@]}" --plan "$PRIVATE_WORK/plan"
ip netns delete "${LEAK}2"
ip netns add "${LEAK}2"
run 0 gc --yes "${foreign[@]}" --from-plan "$PRIVATE_WORK/plan"
[ -e "/run/netns/${LEAK}2" ] || fail "a fresh namespace of a planned name was reaped"
[ ! -e "/run/netns/${LEAK}1" ] || fail "a planned name is still there"
[ ! -e /run/netns/stale ] || fail "the planned file is still there"
proved "the name that was made anew was left alone, the others went"
echo '{}' >"$PRIVATE_WORK/plan"
run 2 gc --yes "${foreign[@]}" --from-plan "$PRIVATE_WORK/plan"

step "limit, metrics, JSON"
ip netns add "${LEAK}7"
run 1 gc --yes "${foreign[@]}" --limit 1 --textfile "$PRIVATE_WORK/isthmus.prom"
run 0 gc --yes "${foreign[@]}" --textfile "$PRIVATE_WORK/isthmus.prom" -o json
expect_equal "reaped in two runs" "$(awk '/^isthmus_gc_reaped_total.kind="name"/ { print $2 }' "$PRIVATE_WORK/isthmus.prom")" 2
expect_equal "apiVersion" "$(jq -r .apiVersion "$PRIVATE_WORK/out")" isthmus/v1
jq -e '.items[] | select(.outcome == "reaped") | .identity.mountId > 0 and .age.scans >= 2 and .holders.tasks == 0
  and .coverage.unreadable == [] and (.steps | length) > 0 and .owner.looksLike == "containerd"' "$PRIVATE_WORK/out" >/dev/null ||
  fail "an item lacks something: $(cat "$PRIVATE_WORK/out")"
proved "the JSON has identity, age, owner, holders, coverage and steps"
for name in mine "${LEAK}4" "${LEAK}5" "${LEAK}6"; do
  [ -n "$(awk -v p="/run/netns/$name" '$5 == p' /proc/self/mountinfo)" ] || fail "$name was taken away"
done
proved "what is live or pinned is still there"

step "grace: a name must have been unused for so long, and be seen so twice"
ip netns add "${LEAK}8"
run 1 gc --yes --foreign --runtime none --older-than 2s
expect_equal "at first" "$(verdict "${LEAK}8")" ageing
sleep 2.2
run 0 gc --yes --foreign --runtime none --older-than 2s
[ ! -e "/run/netns/${LEAK}8" ] || fail "it is still there"
ip netns add "${LEAK}8"
run 1 gc --yes --foreign --runtime none --older-than 2s
expect_equal "a new one of that name" "$(verdict "${LEAK}8")" ageing
sed -i '1s/[0-9a-f]*$/0000/' /run/isthmus/reap/seen
sleep 2.2
run 1 gc --yes --foreign --runtime none --older-than 2s
expect_equal "after another boot" "$(verdict "${LEAK}8")" ageing
ip netns delete "${LEAK}8"

step "stacked, covered and foreign directories"
mkdir -p /run/elsewhere
touch /run/elsewhere/one
ip netns add "${LEAK}9"
ip netns add "${LEAK}a"
mount --bind "/run/netns/${LEAK}9" "/run/netns/${LEAK}a"
run 1 gc --yes "${foreign[@]}"
expect_equal "stacked" "$(verdict "${LEAK}a")" unknown
umount "/run/netns/${LEAK}a"
mount --bind "/run/netns/${LEAK}9" /run/elsewhere/one
run 1 gc --dry-run "${foreign[@]}" --only mounts
expect_equal "also mounted elsewhere" "$(verdict "${LEAK}9")" pinned
umount /run/elsewhere/one
run 1 gc --dry-run "${foreign[@]}" --root /run/elsewhere
expect_equal "a file in a directory of the caller's" "$(awk '$1 == "/run/elsewhere/one" { print $3 }' "$PRIVATE_WORK/out")" leaked

step "a runtime that works in another mount namespace is not relied on"
mkdir -p /run/crio
unshare --mount python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("/run/crio/crio.sock")
s.listen()
time.sleep(300)' &
elsewhere=$!
within 5 test -S /run/crio/crio.sock
sleep 0.2
run 1 gc --yes --foreign --older-than 0s
expect_equal "${LEAK}a" "$(verdict "${LEAK}a")" unknown
said "works in another mount namespace"
kill $elsewhere
rm -r /run/crio

step "strictly: somebody who only looks at a name keeps it"
while sleep 0.05; do stat "/run/netns/${LEAK}9" >/dev/null 2>&1 || true; done &
looking=$!
run 1 gc --yes "${foreign[@]}" --strict 500ms
said "somebody opened or inspected it meanwhile"
[ -e "/run/netns/${LEAK}9" ] || fail "it was taken"
[ ! -e "/run/netns/${LEAK}a" ] || fail "nobody looked at ${LEAK}a, and it is still there"
kill $looking
run 0 gc --yes "${foreign[@]}" --strict 200ms
[ ! -e "/run/netns/${LEAK}9" ] || fail "nobody looks any more, and it is still there"

step "too many at once"
for i in $(seq 20); do echo "netns add cni-1-2-3-4-$(printf %x "$i")"; done | ip -batch -
run 1 gc --yes "${foreign[@]}"
said "reap-too-many"
expect_equal "names left" "$(find /run/netns -name 'cni-1-2-3-4-*' | wc -l)" 20
run 0 gc --yes "${foreign[@]}" --limit 40
expect_equal "names left with --limit" "$(find /run/netns -name 'cni-1-2-3-4-*' | wc -l)" 0

step "on a terminal it asks"
ip netns add "${LEAK}b"
python3 - "$ISTHMUS_BIN" n <<'P' || fail "declining"
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "gc", "--here", "--foreign", "--runtime", "none", "--older-than", "0s"])
seen = b""
while b"[y/N]" not in seen:
    seen += os.read(fd, 4096)
os.write(fd, sys.argv[2].encode() + b"\n")
try:
    while os.read(fd, 4096): pass
except OSError: pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(0 if status == (1 if sys.argv[2] == "n" else 0) else 1)
P
[ -e "/run/netns/${LEAK}b" ] || fail "no was taken for yes"
proved "no changes nothing and ends with 1"

#!/usr/bin/env bash
# list and doctor where looking takes long, or is not allowed: a line of progress after a second for whoever sits at a
# terminal, what was seen so far at the deadline, and for nobody's eyes what nobody may see.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 script setpriv strace

for i in $(seq 10); do ip netns add "c$i"; done
# Each look into a namespace takes that long. A file, because not every shell hands functions on.
slowly=$PRIVATE_WORK/slowly
cat >"$slowly" <<'END'
#!/bin/sh
exec strace -f --seccomp-bpf -qq -o /dev/null -e trace=setns,clock_nanosleep -e "inject=setns,clock_nanosleep:delay_enter=${SLOW:-150000}" "$@"
END
chmod +x "$slowly"
at_terminal() { # COMMAND: its standard error, of which a terminal shows nothing in the end if it is progress
  local status=0
  script -qec "bash -c '$* >$PRIVATE_WORK/out'" "$PRIVATE_WORK/typescript" >/dev/null || status=$?
  sed '1d; $d' "$PRIVATE_WORK/typescript" | tr '\r' '\n' | sed 's/\x1b\[K//g; /^$/d'
  return "$status"
}
status_of() {
  local status=0
  "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  echo "$status$([ $status != 2 ] || cat "$PRIVATE_WORK/err")"
}

step "progress, after a second and at a terminal"
shows_nothing() { [ -z "$(at_terminal "$ISTHMUS_BIN list --all")" ]; }
within 20 shows_nothing # a busy machine may be slow, but not each time
at_terminal "$slowly $ISTHMUS_BIN list --all" >"$PRIVATE_WORK/shown" || fail "status $?: $(cat "$PRIVATE_WORK/shown" "$PRIVATE_WORK/out")"
grep -qx 'looking at namespaces: [0-9]*/11' "$PRIVATE_WORK/shown" || fail "$(cat "$PRIVATE_WORK/shown")"
expect_equal "what else it shows" "$(grep -vc '^looking at namespaces: [0-9]*/11$' "$PRIVATE_WORK/shown" || true)" 0
expect_equal "namespaces" "$(wc -l <"$PRIVATE_WORK/out")" 12
"$slowly" "$ISTHMUS_BIN" list --all >/dev/null 2>"$PRIVATE_WORK/err"
expect_equal "where standard error is a file" "$(cat "$PRIVATE_WORK/err")" ""
exec 7< <(exec python3 -c 'import ctypes,threading,time
def away(): ctypes.CDLL(None).unshare(0x40000000); print("away", flush=True); time.sleep(1000)
threading.Thread(target=away, daemon=True).start(); time.sleep(1000)')
lost=$!
read -r -u 7 _
at_terminal "SLOW=200000 $slowly $ISTHMUS_BIN doctor --here --only threads" >"$PRIVATE_WORK/shown" || true
grep -q 'looking at odd tasks again: [1-4]/5' "$PRIVATE_WORK/shown" || fail "$(cat "$PRIVATE_WORK/shown")"
proved "$(tail -n 1 "$PRIVATE_WORK/shown")"
grep -q '^FAIL  thread' "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
kill $lost

step "the deadline: what was seen so far, and that it was not all"
expect_equal "the exit status of list" "$(status_of env SLOW=300000 "$slowly" "$ISTHMUS_BIN" list --all -o json --deadline 2s)" 3
expect_equal "namespaces" "$(jq '.items | length' "$PRIVATE_WORK/out")" 11
[ "$(jq '[.items[] | select(.problem == "")] | length' "$PRIVATE_WORK/out")" -ge 2 ] || fail "$(cat "$PRIVATE_WORK/out")"
grep -q 'could not look into c' "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
proved "$(tr '\n' ' ' <"$PRIVATE_WORK/err")"
touch -d '1 hour ago' /run/netns/stale
expect_equal "the exit status of doctor" "$(status_of env SLOW=300000 "$slowly" "$ISTHMUS_BIN" doctor --here -o json --deadline 2s)" 1
expect_equal "what it found all the same" "$(jq -r '.items[] | select(.check == "names") | .object' "$PRIVATE_WORK/out")" /run/netns/stale
jq -r '.coverage.unreadable[]' "$PRIVATE_WORK/out" | grep -q 'inside of network namespace c.* more)' || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(jq -rc .coverage.unreadable "$PRIVATE_WORK/out")"

step "as nobody"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"; }
expect_equal "doctor's exit status" "$(status_of as_nobody "$ISTHMUS_BIN" doctor --here -o json)" 1
expect_equal "what it finds" "$(jq -r '.items[] | select(.severity != "note") | .object' "$PRIVATE_WORK/out")" /run/netns/stale
rm /run/netns/stale
expect_equal "the exit status without findings" "$(status_of as_nobody "$ISTHMUS_BIN" doctor --here)" 3
grep -q '^not seen: .*CAP_SYS_PTRACE' "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
grep -q '^not seen: inside of network namespace c1: .*(and of 9 more)' "$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
proved "$(grep '^not seen: inside' "$PRIVATE_WORK/out")"
expect_equal "find by name" "$(status_of as_nobody "$ISTHMUS_BIN" find c3)" 0
expect_equal "find of what is not there" "$(status_of as_nobody "$ISTHMUS_BIN" find 192.0.2.7)" 3
expect_equal "list" "$(status_of as_nobody "$ISTHMUS_BIN" list)" 0
expect_equal "exec" "$(status_of as_nobody "$ISTHMUS_BIN" exec c3 -- true)" 125
grep -q 'needs CAP_SYS_ADMIN' "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
proved "$(cat "$PRIVATE_WORK/err")"

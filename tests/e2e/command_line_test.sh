#!/usr/bin/env bash
# The commands as somebody meets them who has never seen them: help, mistakes, colours, a full disk, a pager that was left.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq script

isthmus() { "$ISTHMUS_BIN" "$@"; }
status_of() {
  local status=0
  "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  echo "$status"
}
CONF='{"cniVersion":"1.0.0","name":"net","type":"isthmus","ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.2.0/24"}]]}}'
ip netns add web
CNI_COMMAND=ADD CNI_CONTAINERID=c0ffee01 CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
  CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart" isthmus <<<"$CONF" >/dev/null

step "help"
for command in list ps find exec doctor gc repair; do
  isthmus $command --help >"$PRIVATE_WORK/help"
  expect_equal "$command --help begins with two examples" "$(sed -n '1p; 2,3s/^  isthmus .*/EXAMPLE/p; 4p' "$PRIVATE_WORK/help" | tr '\n' ' ')" "examples: EXAMPLE EXAMPLE  "
  isthmus help $command | cmp -s - "$PRIVATE_WORK/help" || fail "help $command says something else"
  grep -q '^exit: \|exit' "$PRIVATE_WORK/help" || fail "$command --help does not tell its exit status"
done
expect_equal "commands that help tells of, on standard output" \
  "$(isthmus help 2>/dev/null | awk '/^  [a-z]+ / && !/COMMAND/ { print $1 }' | tr '\n' ' ')" "list ps find exec doctor gc repair completion man version help "
# Each example is one that the command understands.
while read -r _ command arguments; do
  # shellcheck disable=SC2086
  case $command in
    exec | doctor) continue ;; # of the host; needs names that are not here
    *) [[ $(status_of isthmus "$command" $arguments) == [01] ]] || fail "isthmus $command $arguments: $(cat "$PRIVATE_WORK/err")" ;;
  esac
done < <(for command in list find; do isthmus $command --help | sed -n '2,3p'; done)

step "mistakes"
for mistake in "list --nonsense" "list extra" "list -o yaml" "list --columns NOPE" "list --all --network net" "find" "find a b" \
  "doctor --only nonsense" "doctor --deadline soon" "doctor --textfile x.txt" "nonsense"; do
  # shellcheck disable=SC2086
  expect_equal "isthmus $mistake" "$(status_of isthmus $mistake)" 2
  [ -s "$PRIVATE_WORK/err" ] && [ ! -s "$PRIVATE_WORK/out" ] || fail "it does not say why on standard error, and nothing else"
done
expect_output "see isthmus list --help" sh -c "! $ISTHMUS_BIN list --nonsense"
expect_equal "what is not there" "$(status_of isthmus find 192.0.2.9)" 1

step "tables"
expect_equal "of columns by name" "$(isthmus list --columns pod,STATE --no-headers)" "shop/cart  ok"
expect_equal "columns that wide adds" "$(isthmus list -o wide | head -n 1 | tr -s ' ' '\n' | grep -vxF "$(isthmus list | head -n 1 | tr -s ' ' '\n')" | tr '\n' ' ')" \
  "MAC HOST-MAC HOST-IFINDEX INODE MODE IPAM CONTAINER-ID "
expect_equal "ps is list" "$(isthmus ps --columns POD)" "$(isthmus list --columns POD)"
coloured() { grep -c $'\x1b\\[32mok' || true; }
expect_equal "colour in a file" "$(isthmus list | coloured)" 0
expect_equal "colour on a terminal" "$(script -qec "TERM=xterm $ISTHMUS_BIN list" /dev/null | coloured)" 1
expect_equal "with NO_COLOR" "$(script -qec "TERM=xterm NO_COLOR=1 $ISTHMUS_BIN list" /dev/null | coloured)" 0
expect_equal "on a dumb one" "$(script -qec "TERM=dumb $ISTHMUS_BIN list" /dev/null | coloured)" 0
expect_equal "with --color never" "$(script -qec "TERM=xterm $ISTHMUS_BIN list --color never" /dev/null | coloured)" 0
expect_equal "with --color always" "$(isthmus list --color always | coloured)" 1
expect_equal "keys of an attachment" "$(isthmus list -o json | jq -r '.items[0] | keys_unsorted | join(" ")')" \
  "pod containerId ifname network addresses mac hostIfname hostIfindex hostMac netns netnsInode netnsCookie mode ipam created ageSeconds state"
expect_equal "keys of a namespace" "$(isthmus list --all -o json | jq -r '.items[0] | keys_unsorted | join(" ")')" \
  "name inode host cookie nsid paths enter pod containerId runtime holders links hostEnds problem"
expect_equal "keys of a finding" "$(isthmus doctor --here -o json | jq -r '.items[0] | keys_unsorted | join(" ")')" "check severity object what why cure"

step "output that is lost"
for command in "list" "list --all -o json" "find web" "doctor --here"; do
  expect_equal "isthmus $command onto a full disk" "$(status_of sh -c "$ISTHMUS_BIN $command >/dev/full")" 2
  grep -q "cannot write to standard output: No space left" "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
done
expect_equal "into a pager that was left" "$(status_of bash -o pipefail -c "$ISTHMUS_BIN list --all | true")" 0
expect_equal "what it says then" "$(cat "$PRIVATE_WORK/err")" ""

#!/usr/bin/env bash
# budget.sh TALLY ISTHMUS [BUDGET]: holds what a call costs against the recorded budget: user instructions, system calls,
# netlink messages and bytes. Fails with the name of what grew. BUDGET=- prints what a new budget would be.
#
# Also that the functions a call needs are still those that the linker puts next to each other (plugin/static/hot_functions.ld).
#
# Counts hardly vary: a tenth of the instructions (they depend on the C library and on the processor it chooses its functions
# for) and two system calls or messages (announcements of other links may be read in one piece or two) are let pass.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/../support/private-host.sh"
enter_private_host "$@"
tally=$1 isthmus=$2 budget=${3:-$here/budget.tsv}
cd "$PRIVATE_WORK"

# The same text as long as the budget stands.
cat >conf <<'JSON'
{"cniVersion": "1.0.0", "name": "budget", "type": "isthmus", "ipMasq": true, "log": {"level": "error"},
 "ipam": {"type": "isthmus", "ranges": [[{"subnet": "10.90.0.0/16"}]]}}
JSON
call() { # VERB CONTAINER [PROGRAM...]
  local verb=$1 container=$2
  shift 2
  env -i PATH=/usr/bin CNI_COMMAND="$verb" CNI_CONTAINERID="$container" CNI_NETNS="/run/netns/$container" CNI_IFNAME=eth0 \
    CNI_PATH=/opt/cni/bin "$@" "$isthmus" <conf
}
# what_it_costs VERB CONTAINER WHAT: lines "VERB<TAB>COUNT<TAB>NUMBER". How often DEL has to look for the announcement it waits
# for, and what else is announced meanwhile, is not its doing.
what_it_costs() {
  call "$1" "$2" "$tally" "$3" 3>report >answer || { cat answer >&2; exit 1; }
  awk -v verb="$1" '
    $1 == "call.poll" || $1 == "call.recvmsg" { waiting += $2 }
    $1 ~ /^call\./ || (verb == "DEL" && $1 ~ /^netlink-received/) { next }
    { count[$1] = $2 }
    END { if ("calls" in count) count["calls"] -= waiting
          for (name in count) print verb "\t" name "\t" count[name] }' report | sort
  sort report >"report.$1.$3"
}

existing=200
{
  for i in $(seq 1 $((existing + 6))); do echo "netns add budget-$(printf %03d "$i")"; done
} | ip -batch -
container() { printf 'budget-%03d' "$1"; }
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

call ADD "$(container 1)" >answer
# What DEL leaves until the name of the namespace is gone, a later DEL looks at: as a rule it is gone.
leave_two_notes() {
  local name
  for name in gone1 gone2; do
    ip netns add $name && call ADD $name >answer && call DEL $name && ip netns del $name
  done
}
measure() { # CONTAINER WHAT
  leave_two_notes
  what_it_costs ADD "$1" "$2"
  what_it_costs DEL "$1" "$2"
}
{
  what_it_costs VERSION "$(container 2)" instructions
  measure "$(container 2)" instructions
  measure "$(container 2)" calls
} | sort -u >measured
ip netns del "$(container 2)"

# Scale: the two hundredth costs what the second does.
for i in $(seq 3 $existing); do call ADD "$(container "$i")" >answer; done
for verb in ADD DEL; do mv "report.$verb.calls" "report.$verb.first"; done
measure "$(container $((existing + 1)))" calls >at-scale
awk -F'\t' -v existing=$existing 'NR == FNR { first[$1 $2] = $3; next }
  { slack = $2 ~ /bytes/ ? 400 : 2
    if ($3 > first[$1 $2] + slack) {
      printf "%s: %s grew from %d to %d with %d attachments\n", $1, $2, first[$1 $2], $3, existing
      bad = 1 } }
  END { exit bad }' measured at-scale || {
  for verb in ADD DEL; do diff "report.$verb.first" "report.$verb.calls" | sed -n "s/^[<>]/$verb &/p"; done
  exit 1
}

if [ "$budget" = - ]; then
  cat measured
  exit
fi
read -r start size < <(readelf -SW "$isthmus" | sed -nE 's/.* \.text\.hot_functions +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) .*/\1 \2/p') || {
  echo "$isthmus has no section .text.hot_functions: was it linked by GNU ld with plugin/static/hot_functions.ld?"
  exit 1
}
call ADD "$(container $((existing + 2)))" "$tally" profile 3>profile >answer
python3 - profile "$start" "$size" <<'PYTHON'
import re, sys
start, size = int(sys.argv[2], 16), int(sys.argv[3], 16)
steps = [(int(m[1], 16), int(m[2])) for m in (re.match(r"^([0-9a-f]+) (\d+)$", line) for line in open(sys.argv[1])) if m]
share = 100 * sum(n for at, n in steps if start <= at < start + size) / sum(n for _, n in steps)
print("ADD      %-24s %7.1f %%" % ("among hot functions", share))
# On another processor the C library's own functions for strings, a tenth of it all, may be others.
if share < 75:
    sys.exit("ADD: a quarter of its instructions is not among the functions in plugin/static/hot_functions.ld: make hot-functions")
PYTHON
awk -F'\t' 'NR == FNR { if ($0 !~ /^#/) allowed[$1 "\t" $2] = $3; next }
  { key = $1 "\t" $2
    if (!(key in allowed)) { print $1 ": no budget for " $2; bad = 1; next }
    limit = $2 == "processes" || $2 == "threads" ? allowed[key] : $2 == "instructions" ? allowed[key] * 1.1 : $2 ~ /bytes/ ? allowed[key] + 400 : allowed[key] + 2
    printf "%-8s %-24s %8d of %d\n", $1, $2, $3, allowed[key]
    if ($3 > limit) { printf "%s: %s grew to %d; the budget is %d\n", $1, $2, $3, allowed[key]; bad = 1 }
    seen[key] = 1 }
  END { for (key in allowed) if (!(key in seen)) { print key ": not measured"; bad = 1 }
        if (bad) print "If that is the price of something worth it: tests/bench/budget.sh TALLY ISTHMUS - >tests/bench/budget.tsv"
        exit bad }' "$budget" measured

#!/usr/bin/env bash
# hot_functions.sh TALLY ISTHMUS MAP: the linker script plugin/static/hot_functions.ld anew, on standard output.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/../support/private-host.sh"
enter_private_host "$@"
tally=$1 isthmus=$2 map=$3
cd "$PRIVATE_WORK"
ip -batch - <<<$'netns add warm\nnetns add pod'
call() { # VERB CONTAINER CONFIGURATION [PROGRAM...]
  local verb=$1 container=$2 conf=$3
  shift 3
  env -i PATH=/usr/bin CNI_COMMAND="$verb" CNI_CONTAINERID="$container" CNI_NETNS="/run/netns/$container" CNI_IFNAME=eth0 \
    CNI_PATH=/opt/cni/bin "$@" "$isthmus" <"$conf"
}
profiles=()
profile() { # VERB CONFIGURATION: its answer is in the file answer
  profiles+=("profile.${#profiles[@]}")
  call "$1" pod "$2" "$tally" profile 3>"${profiles[-1]}" >answer
}
for mode in ptp bridge; do
  jq -n --arg mode $mode --argjson gateway "$([ $mode = bridge ] && echo '{"isDefaultGateway": true}' || echo '{}')" \
    '{cniVersion: "1.0.0", name: $mode, type: "isthmus", mode: $mode, ipMasq: true, ipam: {type: "isthmus",
      ranges: [[{subnet: "10.90.0.0/16"}], [{subnet: "fd00:90::/64"}]]}} + $gateway' >$mode
  jq 'del(.ipam.ranges[1])' $mode >$mode.v4
  for conf in $mode.v4 $mode; do
    call ADD warm $conf >answer
    # The second of a pod is the usual one: the directories are there.
    call ADD pod $conf >answer
    call DEL pod $conf
    profile VERSION $conf
    profile ADD $conf
    jq --slurpfile result answer '.prevResult = $result[0]' $conf >check
    profile CHECK check
    profile DEL $conf
    profile STATUS <(jq '.cniVersion = "1.1.0"' $conf)
    call DEL warm $conf
  done
done
python3 -B "$here/hot_functions.py" "$map" "${profiles[@]}"

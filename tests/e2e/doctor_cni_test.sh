#!/usr/bin/env bash
# What isthmus doctor says of CNI configuration is what a real containerd does with it: refuses to load it, or takes it
# and can start no pod.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
. "$here/cri.sh"
enter_private_host "$@"
prepare_cri
not_ready() { ! ready; }
doctor() { "$ISTHMUS_BIN" doctor --here --only cni --cni-bin-dir /opt/cni/bin -o json || true; }
put() { # NAME CONTENT: at once, because containerd reads when it sees a file written
  rm -f /etc/cni/net.d/*
  within 5 not_ready
  echo "$2" >"$PRIVATE_WORK/conf"
  mv "$PRIVATE_WORK/conf" "/etc/cni/net.d/$1"
}
expect_finding() { # NAME WHAT WHY
  local found
  found=$(doctor | jq -r '.items[] | select(.severity == "critical") | .what + " " + .why')
  [[ $found == "/etc/cni/net.d/$1 cannot be used: "*"$2"*"$3"* ]] || fail "$1: $found"
  proved "$2"
}
refused() { # NAME WHAT CONTENT
  put "$1" "$3"
  sleep 0.3
  not_ready || fail "containerd takes $3"
  expect_finding "$1" "$2" "containerd loads nothing"
}
useless() { # NAME WHAT CONTENT
  local said
  put "$1" "$3"
  within 5 ready
  ! said=$(cri run-pod "pod-$RANDOM" 2>&1) || fail "containerd starts a pod with $3"
  expect_finding "$1" "$2" "no pod can be started"
  proved "containerd: $(grep -o 'failed to setup network.*' <<<"$said" | cut -c1-250)"
}

start_cri
install_cni

step "what containerd loads and doctor finds well"
for name in a.conflist b.conf; do
  put "$name" "$(if [ $name = b.conf ]; then jq -c '.plugins[0] + {name, cniVersion}' "$TOP/conf/10-isthmus.conflist"; else cat "$TOP/conf/10-isthmus.conflist"; fi)"
  within 5 ready
  cri remove-pod "$(cri run-pod "pod-$name")"
  expect_equal "findings about $name" "$(doctor | jq -c .items)" "[]"
done

step "what containerd does not load"
refused a.conflist "no JSON" '{"cniVersion":"1.0.0", // why'
refused a.conflist "comments" '{ /* a comment */ "cniVersion":"1.0.0","name":"a","plugins":[{"type":"isthmus"}]}'
refused a.conf "does not end in .conflist" '{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"isthmus"}]}'
refused a.conflist "no 'name'" '{"cniVersion":"1.0.0","plugins":[{"type":"isthmus"}]}'
refused a.conflist "no 'plugins'" '{"cniVersion":"1.0.0","name":"a","plugins":[]}'
refused a.conflist "no 'type'" '{"cniVersion":"1.0.0","name":"a","plugins":[{"ipam":{}}]}'
refused a.conf "no 'type'" '{"cniVersion":"1.0.0","name":"a"}'
refused a.conflist "'cniVersion' is no string" '{"cniVersion":1.0,"name":"a","plugins":[{"type":"isthmus"}]}'
refused a.conflist "'disableCheck'" '{"cniVersion":"1.0.0","name":"a","disableCheck":"maybe","plugins":[{"type":"isthmus"}]}'

step "what it loads, and cannot use"
useless a.conflist "plugin 'nosuchplugin' is in none of /opt/cni/bin" '{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"nosuchplugin"}]}'
useless a.conflist "no version of the specification" '{"cniVersion":"9.0.0","name":"a","plugins":[{"type":"isthmus","ipam":{"type":"isthmus","subnet":"10.1.2.0/24"}}]}'
useless a.conflist "none that the specification allows" '{"cniVersion":"1.0.0","name":"a b","plugins":[{"type":"isthmus","ipam":{"type":"isthmus","subnet":"10.1.2.0/24"}}]}'

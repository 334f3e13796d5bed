# What the end-to-end tests share. Sourced after tests/support/private-host.sh.
# shellcheck shell=bash

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${ISTHMUS_BIN:=$TOP/build/isthmus}"
: "${OFFICIAL_PLUGINS:=/usr/lib/cni}"
IMAGE=isthmus.test/busybox:1

step() { printf '\n== %s\n' "$*"; }
proved() { printf '   ok: %s\n' "$*" | sed -E 's/([0-9a-f]{12})[0-9a-f]{52}/\1/g'; } # container ids cut short
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  [ ! -f "${DAEMON_LOG:-}" ] || grep -E 'level=(error|fatal)|^containerd:' "$DAEMON_LOG" | tail -n 5 >&2
  exit 1
}

# expect_equal WHAT GOT WANTED
expect_equal() {
  [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
  proved "$1: $3"
}

# expect_output WANTED COMMAND...: the command succeeds and prints something that contains WANTED.
expect_output() {
  local wanted=$1 output
  shift
  output=$("$@" 2>&1) || fail "$*: $output"
  case $output in
    *"$wanted"*) proved "$* -> $wanted" ;;
    *) fail "$* printed '$output', without '$wanted'" ;;
  esac
}

# expect_failure WANTED COMMAND...: the command fails and prints something that contains WANTED.
expect_failure() {
  local wanted=$1 output
  shift
  ! output=$("$@" 2>&1) || fail "$* succeeded"
  case $output in
    *"$wanted"*) proved "$* is refused with $wanted" ;;
    *) fail "$* printed '$output', without '$wanted'" ;;
  esac
}

# within SECONDS COMMAND...: repeats the command until it succeeds.
within() {
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "still not so at the deadline: $*"
    sleep 0.05
  done
}

# need PROGRAM...: the test cannot run without them.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || skip "$program is not installed (make deps-test)"
  done
  [ -x "$ISTHMUS_BIN" ] || skip "no $ISTHMUS_BIN (make build)"
}

# need_plugins NAME...: official plugins of Debian's containernetworking-plugins.
need_plugins() {
  local name
  for name in "$@"; do
    [ -x "$OFFICIAL_PLUGINS/$name" ] || skip "no $OFFICIAL_PLUGINS/$name (make deps-test)"
  done
}

# install_cni CONFIGURATION...: the plugins and the named files of conf/, where every client looks for them.
install_cni() {
  local name
  cp "$ISTHMUS_BIN" /opt/cni/bin/isthmus
  for name in "$OFFICIAL_PLUGINS"/*; do [ ! -x "$name" ] || ln -s "$name" /opt/cni/bin/; done
  for name in "$@"; do cp "$TOP/conf/$name" /etc/cni/net.d/; done
}

# Client and server on this host, the server in a namespace if a command to enter one follows.
http_get() { timeout 3 busybox wget -qO- "http://$1/"; }
serve() { # TEXT PORT [COMMAND...]
  local text=$1 port=$2 root
  shift 2
  root=$(mktemp -d "$PRIVATE_WORK/www.XXXX")
  echo "$text" >"$root/index.html"
  "$@" busybox httpd -p "$port" -h "$root"
}

# Everything a plugin could leave on this host, one line each, in an order that compares. Files that only say where to
# go on counting, or that are empty locks, are no leftovers; nor are mounts in the scratch directory, which are a client's.
host_inventory() {
  ip -o link | awk '{ print "link", $2 }' | sort
  ip -o addr | awk '{ print "address", $2, $4 }' | sort
  ip -4 route show table all | sed 's/^/route /' | sort
  ip -6 route show table all | sed 's/^/route /' | sort
  ip rule | sed 's/^/rule /'
  ip -6 rule | sed 's/^/rule /'
  nft list ruleset 2>/dev/null | grep -v '^#' | sed 's/^/nft /' || true
  find /run/netns -mindepth 1 | sed 's/^/namespace /' | sort
  find /run/isthmus/networks -type f ! -name 'cursor.*' 2>/dev/null | sed 's/^/state /' | sort || true
  find /var/lib/cni -type f ! -name lock ! -name 'last_reserved_ip.*' | sed 's/^/state /' | sort
  find /etc/netns -mindepth 1 | sed 's/^/file /' | sort
  awk -v own="$PRIVATE_WORK/" '$5 !~ /^\/(proc|sys)/ && index($5, own) != 1 { print "mount", $5 }' /proc/self/mountinfo | sort
}
remember_host() { host_inventory >"$PRIVATE_WORK/inventory"; }
expect_host_as_remembered() {
  local difference
  difference=$(host_inventory | diff "$PRIVATE_WORK/inventory" - | grep '^[<>]') || true
  [ -z "$difference" ] || fail "the host is not as it was (<: gone, >: left behind):"$'\n'"$difference"
  proved "links, addresses, routes, rules, namespaces, mounts, leases and records are as before"
}

# cni VERB CONTAINER CONFIGURATION [IFNAME]: as a runtime calls the plugin that the configuration names; the container's
# namespace has its name.
cni() {
  local type
  type=$(jq -r .type "$3")
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=${4:-eth0} \
    CNI_PATH="/opt/cni/bin:$OFFICIAL_PLUGINS" "/opt/cni/bin/$type" <"$3"
}
# check_conf CONFIGURATION RESULT: the configuration as CHECK gets it, on standard output.
check_conf() { jq --slurpfile prev "$2" '.prevResult = $prev[0]' "$1"; }

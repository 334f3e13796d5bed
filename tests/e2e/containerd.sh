# A containerd of the test's own, with everything it keeps below $PRIVATE_WORK/c.
# shellcheck shell=bash

CONTAINERD_SOCKET=$PRIVATE_WORK/c/socket
DAEMON_LOG=$PRIVATE_WORK/c/log

start_containerd() {
  local dir=$PRIVATE_WORK/c
  mkdir -p "$dir"
  cat >"$dir/config.toml" <<CONFIG
version = 2
root = "$dir/root"
state = "$dir/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "$CONTAINERD_SOCKET"
[ttrpc]
  address = "$CONTAINERD_SOCKET.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$IMAGE"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
    conf_template = "${CONTAINERD_CNI_TEMPLATE:-}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
CONFIG
  containerd --config "$dir/config.toml" >>"$DAEMON_LOG" 2>&1 &
  CONTAINERD_PID=$!
  # After a crash it first clears away the shims that died.
  within "${CONTAINERD_START_TIME:-15}" ctr_quiet version
}

stop_containerd() {
  kill "$CONTAINERD_PID"
  wait "$CONTAINERD_PID" || true
  rm -f "$CONTAINERD_SOCKET"
}

ctr() { command ctr --address "$CONTAINERD_SOCKET" "$@"; }
ctr_quiet() { ctr "$@" >/dev/null 2>&1; }

# The kubelet's side of containerd, with an image to run. Sourced after lib.sh and image.sh by a script that then calls
# `enter_private_host "$@"` and `prepare_cri`.
# shellcheck shell=bash

need ip jq busybox containerd ctr runc protoc
need_plugins loopback
/usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || skip "python3-grpcio is not installed (make deps-test)"

prepare_cri() {
  # shellcheck source=tests/e2e/containerd.sh
  . "$here/containerd.sh"
  make_image "$PRIVATE_WORK/image"
  protoc --proto_path="$here/cri" --python_out="$PRIVATE_WORK" runtime.proto
  export IMAGE CRI_SOCKET=$CONTAINERD_SOCKET PYTHONPATH=$PRIVATE_WORK PYTHONDONTWRITEBYTECODE=1
}
start_cri() {
  start_containerd
  ctr -n k8s.io image import "$PRIVATE_WORK/image/image.tar" >/dev/null
}
cri() { "$here/cri/client.py" "$@"; }
ready() { cri network-ready >/dev/null; }

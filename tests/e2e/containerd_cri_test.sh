#!/usr/bin/env bash
# isthmus on the kubelet's path: the CRI socket of containerd 1.6.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
. "$here/image.sh"
. "$here/cri.sh"
enter_private_host "$@"
prepare_cri

start_cri
expect_failure "cni" cri network-ready
install_cni 10-isthmus.conflist
within 5 ready
proved "NetworkReady once the configuration is there"
remember_host

step "two pods"
web=$(cri run-pod web)
client=$(cri run-pod client)
web_address=$(cri addresses "$web")
web_main=$(cri run "$web" sh -c 'echo hello from web >/www/index.html; exec httpd -f -p 80 -h /www')
client_main=$(cri run "$client" sleep 1000)
expect_output "inet $web_address" cri exec "$web_main" ip -4 addr show dev eth0
gateway=$(cri exec "$client_main" ip -4 route show default | awk '{ print $3 }')
expect_output "0% packet loss" cri exec "$client_main" ping -q -c 2 -W 2 "$web_address"
expect_output "0% packet loss" cri exec "$client_main" ping -q -c 2 -W 2 "$gateway"
expect_output "hello from web" cri exec "$client_main" wget -qO- "http://$web_address/"
expect_output "hello from web" http_get "$web_address"
expect_output "0% packet loss" ping -q -c 2 -i 0.05 -W 2 "$(cri addresses "$client")"

step "containerd restarts"
stop_containerd
expect_output "hello from web" http_get "$web_address"
start_containerd
within 5 ready
expect_equal "the pod's address" "$(cri addresses "$web")" "$web_address"
expect_output "hello from web" cri exec "$client_main" wget -qO- "http://$web_address/"

step "the pods' end: stop, stop again, remove"
for pod in "$web" "$client"; do
  cri stop-pod "$pod"
  cri stop-pod "$pod"
  cri remove-pod "$pod"
done
expect_equal "the list of pods" "$(cri pods)" ""
expect_host_as_remembered

step "20 pods, 4 at a time"
cri churn 20 4
expect_host_as_remembered

# The configuration as containerd fills it in when Kubernetes' node IPAM has told it the node's ranges.
one_template() { # TEMPLATE
  step "the configuration from conf/$1, as the node's pod ranges arrive"
  stop_containerd
  rm -f /etc/cni/net.d/*
  CONTAINERD_CNI_TEMPLATE=$TOP/conf/$1 start_containerd
  cri pod-cidr 10.244.7.0/24,fd00:10:244:7::/64
  within 5 ready
  local web client client_main pod
  web=$(cri run-pod web 18080)
  expect_equal "the pod's addresses" "$(cri addresses "$web" | paste -sd ' ')" "10.244.7.2 fd00:10:244:7::2"
  cri run "$web" sh -c 'echo hello from web >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
  client=$(cri run-pod client)
  client_main=$(cri run "$client" sleep 1000)
  expect_output "0% packet loss" cri exec "$client_main" ping -q -c 2 -W 2 fd00:10:244:7::2
  expect_output "hello from web" cri exec "$client_main" wget -qO- "http://10.244.7.1:18080/"
  for pod in "$web" "$client"; do
    cri stop-pod "$pod"
    cri remove-pod "$pod"
  done
  # What is left is portmap's: its empty chains, and a bridge, which stays for the next pod.
  nft flush ruleset
  ip link del cni0 2>/dev/null || true
  rm -rf /run/isthmus
  expect_host_as_remembered
}
one_template 10-isthmus.conflist.template
one_template 10-isthmus-bridge.conflist.template

# podman with its CNI network backend. Sourced inside the private host, after lib.sh.
# shellcheck shell=bash

need podman conmon runc

# configure_podman [LINE...]: the lines go into its section [engine]
configure_podman() {
  export CONTAINERS_CONF=$PRIVATE_WORK/containers.conf
  cat >"$CONTAINERS_CONF" <<CONFIG
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
$(printf '%s\n' "$@")
[containers]
log_driver = "k8s-file"
CONFIG
}
import_into_podman() { # ARCHIVE
  podman import -q --change 'CMD ["/bin/sleep","1000000"]' --change 'ENV PATH=/bin' "$1" "$IMAGE" >/dev/null
}

# Sourced by a test script, which then calls `enter_private_host "$@"`: the script starts again from its first line in a
# host of its own, with fresh network, mount, pid, ipc, uts and cgroup namespaces. There
#   - /run is an empty tmpfs; /etc, /opt and /var are overlays whose changes are lost, with nothing in the directories
#     that CNI clients read without asking, so fixed paths and fixed names are private;
#   - /sys shows the devices of this host, and the cgroups made are below one cgroup that is removed afterwards;
#   - every daemon dies with the pid namespace, and that dies with the script, even by kill -9.
# $PRIVATE_WORK is a scratch directory. Its path is short because socket paths are limited to 107 bytes.
# shellcheck shell=bash

# Ends the test as not run. In CI (ISTHMUS_NO_SKIP=1) that is a failure.
skip() {
  echo "SKIP: $*"
  [ "${ISTHMUS_NO_SKIP:-}" != 1 ] || exit 1
  exit 77
}

enter_private_host() {
  case ${PRIVATE_STAGE:-} in
    join-cgroups)
      join_cgroups
      PRIVATE_STAGE=furnish exec unshare --cgroup bash "$0" "$@"
      ;;
    furnish)
      export PRIVATE_STAGE=inside
      furnish_private_host
      return
      ;;
  esac
  [ "$(id -u)" = 0 ] || skip "needs root"
  export PRIVATE_CGROUP=isthmus-test-$$ PRIVATE_WORK=/run/t LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
  local status=0
  make_cgroups
  trap remove_cgroups EXIT
  # Without a /proc of the new pid namespace, Go programs cannot open the namespace of their own thread.
  PRIVATE_STAGE=join-cgroups setpriv --pdeathsig KILL unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc \
    --propagation private bash "$0" "$@" </dev/null || status=$?
  exit "$status"
}

cgroup_roots() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts | sort -u; }

make_cgroups() {
  local root file old
  for root in $(cgroup_roots); do
    # Those of a script that was killed.
    for old in "$root"/isthmus-test-*; do
      [ ! -d "$old" ] || [ -d "/proc/${old##*-}" ] || find "$old" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    mkdir "$root/$PRIVATE_CGROUP" 2>/dev/null || continue
    # A cpuset starts without any processor, and runtimes copy from the parent only below the root they see.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$root/$file" ] || cat "$root/$file" >"$root/$PRIVATE_CGROUP/$file"
    done
  done
}

# The cgroup namespace then made has our cgroup as its root, so that runtimes agree on the names of those below.
join_cgroups() {
  local root
  for root in $(cgroup_roots); do
    [ ! -d "$root/$PRIVATE_CGROUP" ] || echo 0 >"$root/$PRIVATE_CGROUP/cgroup.procs"
  done
}

# A cgroup is busy until the last of its processes is reaped, which may be a moment after they were killed.
remove_cgroups() {
  local root try
  for root in $(cgroup_roots); do
    for try in 1 2 3 4 5 6 7 8 9 10; do
      [ -d "$root/$PRIVATE_CGROUP" ] || break
      find "$root/$PRIVATE_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    [ ! -d "$root/$PRIVATE_CGROUP" ] || echo "cannot remove $root/$PRIVATE_CGROUP" >&2
  done
}

furnish_private_host() {
  local dir
  mount -t tmpfs -o mode=0755 tmpfs /run || skip "cannot mount a tmpfs"
  for dir in etc opt var; do
    mkdir -p "/run/overlay/$dir/upper" "/run/overlay/$dir/work"
    mount -t overlay -o "lowerdir=/$dir,upperdir=/run/overlay/$dir/upper,workdir=/run/overlay/$dir/work" \
      overlay "/$dir" || skip "cannot mount an overlay on /$dir"
  done
  for dir in /etc/cni /etc/netns /opt/cni /var/lib/cni /var/lib/containers; do
    mkdir -p "$dir"
    mount -t tmpfs -o mode=0755 tmpfs "$dir"
  done
  mkdir -p /etc/cni/net.d /opt/cni/bin /run/netns "$PRIVATE_WORK"
  # As ip, containerd and podman would make it, each with the first namespace.
  mount --bind /run/netns /run/netns
  mount --make-shared /run/netns
  furnish_sys
  ip link set lo up
}

# A sysfs shows the devices of the network namespace it was mounted in. Of the cgroups only our own are carried over:
# runtimes find a hierarchy by its first mount, so the whole one must not be there too.
furnish_sys() {
  local root target
  mkdir /run/sys
  mount -t sysfs sysfs /run/sys
  ! mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=0755 tmpfs /run/sys/fs/cgroup
  for root in $(cgroup_roots); do
    [ -d "$root/$PRIVATE_CGROUP" ] || continue
    target=/run/sys${root#/sys}
    mkdir -p "$target"
    mount --bind "$root/$PRIVATE_CGROUP" "$target"
  done
  find /sys/fs/cgroup -maxdepth 1 -type l -exec cp -P {} /run/sys/fs/cgroup/ \;
  mount --move /run/sys /sys
  rmdir /run/sys
  # In the unified hierarchy a cgroup with processes of its own cannot divide its resources among those below.
  [ ! -f /sys/fs/cgroup/cgroup.controllers ] || { mkdir /sys/fs/cgroup/test && echo 0 >/sys/fs/cgroup/test/cgroup.procs; }
}

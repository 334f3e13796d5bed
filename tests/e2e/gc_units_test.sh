#!/usr/bin/env bash
# What periodic runs run with: the restrictions of the systemd unit, and the Kubernetes manifest's way out of a container.
# In both, a planted leak must be gone for everybody else, not only for the run.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip setpriv

UNIT=$TOP/conf/systemd/isthmus-gc.service
LEAK=cni-1-2-3-4-5
# Seen from another process of the host: the first one of the pid namespace.
leaked() { grep -c "/run/netns/$LEAK " /proc/1/mountinfo || true; }

step "the unit has no setting that makes a mount namespace"
! grep -E '^(Protect(System|Home|KernelTunables|KernelModules|KernelLogs|ControlGroups|Proc|Clock)|Private(Tmp|Devices|Mounts|Users|IPC)|ProcSubset|(ReadWrite|ReadOnly|Inaccessible|Exec|NoExec)Paths|BindPaths|BindReadOnlyPaths|TemporaryFileSystem|Root(Directory|Image)|MountAPIVFS|DynamicUser|MountFlags|(Runtime|State|Cache|Logs)Directory)=' "$UNIT" ||
  fail "it has"
grep -q '^ExecStart=/usr/bin/isthmus gc ' "$UNIT" || fail "ExecStart"
proved "none"

step "with the unit's capabilities and no new privileges"
ip netns add $LEAK
expect_equal "mounts of the leak before" "$(leaked)" 1
capabilities=$(sed -n 's/^CapabilityBoundingSet=//p' "$UNIT" | sed 's/CAP_/+/g' | tr 'A-Z ' 'a-z,')
setpriv --bounding-set="-all,$capabilities" --inh-caps=-all --no-new-privs \
  "$ISTHMUS_BIN" gc --here --yes --foreign --runtime none --older-than 0s >"$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
expect_equal "mounts of the leak afterwards" "$(leaked)" 0

step "in a mount namespace of its own it refuses instead of doing nothing"
ip netns add $LEAK
status=0
unshare --mount --propagation private "$ISTHMUS_BIN" gc --yes --foreign --runtime none --older-than 0s 2>"$PRIVATE_WORK/err" || status=$?
expect_equal "the exit status" "$status" 2
grep -q "not in the mount namespace of pid 1" "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
expect_equal "mounts of the leak" "$(leaked)" 1

step "as in the Kubernetes manifest: from a container with other mounts, by --host"
grep -q 'isthmus gc --host --yes' "$TOP/conf/kubernetes/isthmus-gc.yaml" || fail "the manifest does otherwise"
for word in 'hostPID: true' 'hostNetwork: true' 'privileged: true'; do
  grep -q "$word" "$TOP/conf/kubernetes/isthmus-gc.yaml" || fail "the manifest lacks $word"
done
unshare --mount --propagation private sh -c "umount -l /run/netns && ls /run/netns && \
  '$ISTHMUS_BIN' gc --host --here --yes --foreign --runtime none --older-than 0s" >"$PRIVATE_WORK/out" || fail "$(cat "$PRIVATE_WORK/out")"
expect_equal "mounts of the leak afterwards" "$(leaked)" 0
[ ! -e "/run/netns/$LEAK" ] || fail "the file is still there"

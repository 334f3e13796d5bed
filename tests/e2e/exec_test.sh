#!/usr/bin/env bash
# isthmus exec: the command sees its namespace's network, /sys and /etc/netns/NAME, the host sees nothing of that, and
# status, signals and terminal are the command's own. EXEC_RUNS makes it longer.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip jq python3 script

: "${EXEC_RUNS:=300}"
run() { "$ISTHMUS_BIN" exec "$@"; }
status_of() {
  local status=0
  "$@" >"$PRIVATE_WORK/out" 2>"$PRIVATE_WORK/err" || status=$?
  echo "$status"
}
expect_same_mounts() {
  cat /proc/self/mountinfo | diff "$PRIVATE_WORK/mounts" - || fail "the host's mounts are others than before"
  proved "the host's mounts are as before"
}
mount --make-rshared /
for name in web db; do
  ip netns add $name
  mkdir -p /etc/netns/$name
  echo "nameserver 192.0.2.$([ $name = web ] && echo 1 || echo 2)" >/etc/netns/$name/resolv.conf
  ip -n $name link add $name type bridge
done
rm -f /etc/resolv.conf
echo "nameserver 198.51.100.9" >/etc/resolv.conf

step "network, /sys and /etc of the namespace"
inode=$(stat -Lc %i /run/netns/web)
for where in web /run/netns/web /var/run/netns/web "$inode" "net:[$inode]"; do
  expect_equal "in $where" "$(run "$where" -- cat /etc/resolv.conf)" "nameserver 192.0.2.1"
done
expect_equal "devices in /sys" "$(run web -- ls /sys/class/net | tr '\n' ' ')" "lo web "
expect_equal "cgroups in /sys" "$(run web -- find /sys/fs/cgroup -maxdepth 2 | wc -l)" "$(find /sys/fs/cgroup -maxdepth 2 | wc -l)"
"$ISTHMUS_BIN" exec db sleep 300 &
task=$!
within 5 sh -c "[ \"\$(cat /proc/$task/comm)\" = sleep ]"
expect_equal "where a pid is" "$(run $task -- cat /etc/resolv.conf)" "nameserver 192.0.2.2"
ip -n db addr add 10.7.7.7/24 dev db
expect_equal "where an address is" "$(run 10.7.7.7 -- cat /etc/resolv.conf)" "nameserver 192.0.2.2"
expect_equal "the command's own options" "$(run web printf '%s' --all)" "--all"
mv /etc/resolv.conf /etc/real.conf
ln -s real.conf /etc/resolv.conf
expect_equal "behind a symbolic link" "$(run web -- cat /etc/resolv.conf)" "nameserver 192.0.2.1"
expect_equal "the host's" "$(cat /etc/resolv.conf)" "nameserver 198.51.100.9"

step "nothing comes back to the host, and nothing is pinned"
cat /proc/self/mountinfo >"$PRIVATE_WORK/mounts"
run web -- sh -c 'mkdir -p /run/deep && mount -t tmpfs none /run/deep && ip link add inside type bridge'
expect_same_mounts
ip netns delete db
expect_equal "names that the command pins" "$(grep -c ' /run/netns/db ' "/proc/$task/mountinfo" || true)" 0
kill $task

step "status, signals and the terminal are the command's"
expect_equal "its own status" "$(status_of run web -- sh -c 'exit 7')" 7
expect_equal "a signal" "$(status_of run web -- sh -c 'kill -TERM $$')" 143
expect_equal "no such command" "$(status_of run web -- no-such-command)" 127
expect_equal "a directory" "$(status_of run web -- /etc)" 126
expect_equal "no such place" "$(status_of run nowhere -- true)" 125
grep -q 'exec-where' "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
expect_equal "usage" "$(status_of run --nonsense)" 125
rm /etc/real.conf
expect_equal "a file that cannot be put in its place" "$(status_of run web -- true)" 125
grep -q 'symbolic link to nothing' "$PRIVATE_WORK/err" || fail "$(cat "$PRIVATE_WORK/err")"
proved "$(cat "$PRIVATE_WORK/err")"
rm /etc/resolv.conf
echo "nameserver 198.51.100.9" >/etc/resolv.conf
"$ISTHMUS_BIN" exec web -- sleep 300 &
expect_equal "the same process" "$(within 5 grep -q sleep "/proc/$!/comm" && cat "/proc/$!/comm")" sleep

kill $!
expect_output "/dev/pts/" script -qec "$ISTHMUS_BIN exec web -- tty" /dev/null
expect_equal "signals ignored or blocked" "$(run web -- grep -E '^Sig(Blk|Ign)' /proc/self/status)" "$(grep -E '^Sig(Blk|Ign)' /proc/self/status)"
expect_equal "descriptors" "$(run web -- sh -c 'ls /proc/$$/fd' | tr '\n' ' ')" "$(sh -c 'ls /proc/$$/fd' | tr '\n' ' ')"

step "$EXEC_RUNS commands at once, in two namespaces, while the host is watched"
ip netns add db
echo "nameserver 192.0.2.2" >/etc/netns/db/resolv.conf
cat /proc/self/mountinfo >"$PRIVATE_WORK/mounts"
cat >"$PRIVATE_WORK/parallel.py" <<'P'
import os, subprocess, sys
binary, runs = sys.argv[1], int(sys.argv[2])
wanted, running, wrong, host_wrong = {}, [], 0, 0
for name, address in (("web", "192.0.2.1"), ("db", "192.0.2.2")):
    wanted[name] = "nameserver %s\nnet:[%d]\n" % (address, os.stat("/run/netns/" + name).st_ino)
host, own_net = open("/etc/resolv.conf").read(), os.readlink("/proc/self/ns/net")
mounts = open("/proc/self/mountinfo").read()
def finish(entry):
    global wrong, host_wrong
    name, process = entry
    out = process.communicate()[0]
    wrong += out != wanted[name] or process.returncode != 0
    host_wrong += open("/etc/resolv.conf").read() != host or os.readlink("/proc/self/ns/net") != own_net
    host_wrong += open("/proc/self/mountinfo").read() != mounts
for number in range(runs):
    name = "web" if number % 2 else "db"
    command = [binary, "exec", name, "--", "sh", "-c", "cat /etc/resolv.conf; readlink /proc/self/ns/net"]
    running.append((name, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
    if len(running) >= 64:
        finish(running.pop(0))
for entry in running:
    finish(entry)
print("%d right, %d wrong, %d times something on the host" % (runs - wrong, wrong, host_wrong))
P
expect_equal "inside and outside" "$(python3 "$PRIVATE_WORK/parallel.py" "$ISTHMUS_BIN" "$EXEC_RUNS")" \
  "$EXEC_RUNS right, 0 wrong, 0 times something on the host"
expect_same_mounts

#!/usr/bin/env bash
# Names, paths and containers that mean harm. Whatever they try, a call ends with success or one error in plain characters,
# and nothing outside our own objects is touched.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip jq python3 strace
enter_private_host "$@"

install_cni 10-isthmus.conflist
cd "$PRIVATE_WORK"
cat >net.conf <<'CONFIG'
{ "cniVersion": "1.0.0", "name": "hostile", "type": "isthmus", "ipMasq": true,
  "dns": { "nameservers": ["192.0.2.53"], "writeNetnsResolvConf": true },
  "ipam": { "type": "isthmus", "subnet": "10.95.0.0/24" } }
CONFIG
ip netns add web
hold() { # as a container's process, so that gc takes the name for what it is
  ip netns exec web sleep 1000 &
  holder=$!
}
hold
cni ADD web net.conf >result && cni DEL web net.conf # what stays after the first: state directory, forwarding
remember_host

step "names of every kind in every variable and key"
cat >names.py <<'PYTHON'
import itertools, json, os, subprocess, sys, unicodedata
base = json.load(open("net.conf"))
nasty = ["/", "..", "../../etc", "a/../b", "a\nb", "a\rb", "\x1b[2J\x1b]0;gone\x07", "\x7f", "\x9b2J", "\u202e", "x" * 200,
         "x" * 4000, "-rf", " ", "a b", "%s%n", "$(id)", "'\"\\", "\t", "\x01", "\u00e9", ".", "a:b"]
good = {"CNI_CONTAINERID": "web", "CNI_IFNAME": "eth0", "CNI_NETNS": "/run/netns/web", "CNI_PATH": "/opt/cni/bin"}

def call(verb, env, conf, raw={}):
    full = {k.encode(): v.encode() for k, v in {**good, **env, "CNI_COMMAND": verb, "ISTHMUS_LOG": "debug:stderr"}.items()}
    full.update(raw)
    text = conf if isinstance(conf, bytes) else json.dumps(conf).encode()
    return subprocess.run(["/opt/cni/bin/isthmus"], input=text, env=full, capture_output=True, timeout=30)

def is_plain(data, what):
    for char in data.decode():  # raises on what is no UTF-8
        if char != "\n" and unicodedata.category(char) == "Cc":
            raise SystemExit("%s: %r in %r" % (what, char, data))

def judge(what, done):
    # A result repeats the text of the configuration.
    if done.returncode != 0: is_plain(done.stdout, what + ", stdout")
    is_plain(done.stderr, what + ", stderr")
    if done.returncode < 0: raise SystemExit("%s: signal %d" % (what, -done.returncode))
    if done.returncode == 0: return
    error = json.loads(done.stdout)
    if set(error) - {"cniVersion", "code", "msg", "details"} or not error["msg"]: raise SystemExit(what + ": " + str(error))
    # As people see it once a runtime has decoded it.
    is_plain(error["msg"].encode(), what + ", msg")
    # A path of 4,000 bytes is repeated in full: it is what somebody has to find.
    if len(error["msg"]) > 5000: raise SystemExit(what + ": a message of %d characters" % len(error["msg"]))

points = 0
def try_all(what, env, conf, raw={}):
    global points
    points += 1
    added = call("ADD", env, conf, raw)
    judge(what + ": ADD", added)
    if added.returncode == 0 and isinstance(conf, dict):
        judge(what + ": CHECK", call("CHECK", env, {**conf, "prevResult": json.loads(added.stdout)}, raw))
    removed = call("DEL", env, conf, raw)
    judge(what + ": DEL", removed)
    if added.returncode == 0 and removed.returncode != 0: raise SystemExit(what + ": ADD but no DEL: %s" % removed.stdout)

for text in nasty:
    for variable in ("CNI_CONTAINERID", "CNI_IFNAME"): try_all(variable + repr(text)[:40], {variable: text}, base)
    for path in (text, "/run/netns/" + text): try_all("CNI_NETNS" + repr(path)[:40], {"CNI_NETNS": path}, base)
    try_all("CNI_COMMAND", {"CNI_COMMAND": text}, base)
    judge("verb", call(text, {}, base))
    try_all("pod" + repr(text)[:40], {"CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s" % (text, text)}, base)
    try_all("MAC" + repr(text)[:40], {"CNI_ARGS": "MAC=%s;IP=%s" % (text, text)}, base)
    for key in ("name", "mode", "cniVersion", "type"): try_all(key + repr(text)[:40], {}, {**base, key: text})
    try_all("bridge" + repr(text)[:40], {}, {**base, "mode": "bridge", "bridge": text})
    # A bridge stays when its last container goes; the kernel takes such names.
    subprocess.run([b"ip", b"link", b"del", text.encode()], capture_output=True)
    try_all("ipam.type" + repr(text)[:40], {}, {**base, "ipam": {"type": text}})
    try_all("subnet" + repr(text)[:40], {}, {**base, "ipam": {"type": "isthmus", "subnet": text}})
    try_all("dns" + repr(text)[:40], {}, {**base, "dns": {"nameservers": [text], "search": [text]}})
    try_all("log" + repr(text)[:40], {}, {**base, "log": {"level": text}})
    try_all("key" + repr(text)[:40], {}, {**base, text: 1, "ipMask" + text: True})
for raw in (b"\xff\xfe", b"\x9b2J", b"a\xc2", b"\xc0\xaf"):
    for variable in (b"CNI_CONTAINERID", b"CNI_IFNAME", b"CNI_NETNS", b"CNI_ARGS"):
        try_all(repr((variable, raw)), {}, base, {variable: raw})
    try_all("stdin" + repr(raw), {}, b'{"cniVersion": "1.0.0", "name": "' + raw + b'", "type": "isthmus"}')
print(points, "names and places, each with ADD and DEL")
PYTHON
proved "$(python3 names.py)"
expect_host_as_remembered

step "a delegate that answers with escape sequences"
cat >/opt/cni/bin/rude <<'SH'
#!/bin/sh
cat >/dev/null
printf '\033[2Jgone\n' >&2
printf '{"cniVersion": "1.0.0", "code": 11, "msg": "\\u001b[2J\\u009b2J\\nrude", "details": "\\u007f"}'
exit 1
SH
chmod +x /opt/cni/bin/rude
jq '.ipam = {type: "rude"}' net.conf >rude.conf
! cni ADD web rude.conf >out 2>err || fail "it succeeded"
! LC_ALL=C grep -qP '[^\x20-\x7e]' out || fail "raw bytes on stdout: $(od -c out)"
expect_equal "code of its error" "$(jq .code out)" 11
expect_host_as_remembered

step "what children get in their environment"
cat >/opt/cni/bin/tell <<'SH'
#!/bin/sh
cat >/dev/null
env >/run/t/told
grep CapEff /proc/self/status >>/run/t/told
ls -l /proc/self/fd >>/run/t/told
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.96.0.2/24", "gateway": "10.96.0.1"}]}'
SH
chmod +x /opt/cni/bin/tell
jq '.ipam = {type: "tell"}' net.conf >tell.conf
BASH_ENV=/run/t/evil GLIBC_TUNABLES=glibc.malloc.check=3 LD_LIBRARY_PATH=/run/t LD_PRELOAD='' PYTHONPATH=/run/t PASSED=on \
  cni ADD web tell.conf 7</dev/null >result
! grep -E '^(LD_|BASH_ENV|GLIBC_TUNABLES|PYTHONPATH)' told || fail "a delegate got that"
grep -q PASSED=on told || fail "a delegate did not get what the runtime set for it"
expect_equal "capabilities of a delegate" "$(awk '/CapEff/ { print $2 }' told)" "$(awk '/CapEff/ { print $2 }' /proc/self/status)"
cni DEL web tell.conf

step "capabilities of a call that runs no delegate: only those it needs"
CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
  strace -o traced -e trace=capset /opt/cni/bin/isthmus <net.conf >/dev/null
expect_equal "what it keeps" "$(sed -nE 's/.*effective=([^,]*), permitted=([^,]*),.*/\1 \2/p' traced | tr -d ' ' | sed 's/1<<CAP_//g')" \
  "$(printf '%s' 'DAC_OVERRIDE|DAC_READ_SEARCH|NET_ADMIN|SYS_PTRACE|SYS_ADMIN' 'DAC_OVERRIDE|DAC_READ_SEARCH|NET_ADMIN|SYS_PTRACE|SYS_ADMIN')"
cni DEL web net.conf

step "any umask: files for root alone"
for mask in 000 777; do
  rm -rf /run/isthmus
  (umask $mask && jq '.log = {file: "/run/t/calls.log"}' net.conf >/dev/null && cni ADD web net.conf >/dev/null)
  wrong=$(find /run/isthmus \( -type f ! -perm 0600 -o -type d ! -perm 0700 \) -printf '%m %p\n')
  [ -z "$wrong" ] || fail "with umask $mask: $wrong"
  cni DEL web net.conf
done
jq '.log = {file: "/run/t/calls.log"}' net.conf >logged.conf
(umask 000 && cni ADD web logged.conf >/dev/null && cni DEL web logged.conf)
expect_equal "mode and lines of the log file" "$(stat -c %a calls.log) $(wc -l <calls.log)" "600 2"

step "a symbolic link wherever we write"
mkdir -p /run/victim && echo precious >/run/victim/file && chmod 0755 /run/victim && chmod 0644 /run/victim/file
victim_is_well() {
  expect_equal "the victim" "$(find /run/victim -printf '%P %m %s\n' | sort | tr '\n' ';') $(cat /run/victim/file)" " 755 60;file 644 9; precious"
}
plant() { # TARGET PATH: then ADD and DEL, which may fail, but touch nothing there
  rm -rf "$2"
  (umask 077 && mkdir -p "$(dirname "$2")")
  ln -s "$1" "$2"
  cni ADD web net.conf >out 2>&1 || true
  cni DEL web net.conf >out2 2>&1 || true
  "$ISTHMUS_BIN" gc --here --yes --runtime none --older-than 0s >/dev/null 2>&1 || true
  [ -L "$2" ] && rm "$2"
  cni DEL web net.conf >out2 2>&1 || fail "after a link at $2, DEL: $(cat out2)"
}
cni ADD web net.conf >/dev/null && cni DEL web net.conf
for path in /run/isthmus /run/isthmus/networks /run/isthmus/networks/hostile /run/isthmus/networks/hostile/attachments \
  /run/isthmus/networks/hostile/leases /run/isthmus/released /etc/netns/web; do
  plant /run/victim "$path"
done
victim_is_well
for path in /run/isthmus/boot_id /run/isthmus/lock /run/isthmus/networks/hostile/attachments/web:eth0 \
  /run/isthmus/networks/hostile/attachments/.web:eth0 /run/isthmus/networks/hostile/leases/10.95.0.2 /etc/netns/web/resolv.conf; do
  plant /run/victim/file "$path"
  plant /run/victim/absent "$path"
done
rm -rf /etc/netns/web
ln -s /run/victim/file planted.log
jq '.log = {file: "/run/t/planted.log"}' net.conf >logged.conf
cni ADD web logged.conf >/dev/null && cni DEL web logged.conf
ln -f /run/victim/file planted.log
cni ADD web logged.conf >/dev/null && cni DEL web logged.conf
rm planted.log && mkfifo planted.log
cni ADD web logged.conf >/dev/null && cni DEL web logged.conf
rm planted.log
victim_is_well

step "a record that names files of others"
cni ADD web net.conf >/dev/null
record=/run/isthmus/networks/hostile/attachments/web:eth0
mkdir -p /run/victim/etc
cp /etc/netns/web/resolv.conf /run/victim/etc/resolv.conf
sed -i 's,/etc/netns/web/resolv.conf,/etc/netns/../../run/victim/etc/resolv.conf,' "$record"
cni DEL web net.conf >out 2>&1 || true
[ -e /run/victim/etc/resolv.conf ] || fail "DEL followed a record out of /etc/netns"
proved "DEL: $(head -c 300 out)"
rm -rf /run/victim/etc /etc/netns/web && rm -f "$record"
cni DEL web net.conf
victim_is_well
rm -rf /run/victim

step "a container that renames its end, moves it away, deletes it"
check() { check_conf net.conf result >with_prev && cni CHECK web with_prev; }
cni ADD web net.conf >result
ip -n web link set eth0 down && ip -n web link set eth0 name "$(printf 'x\033[2J')"
! check >out 2>&1 || fail "CHECK found a renamed link"
! jq -r .msg out | LC_ALL=C grep -qP '[^\x20-\x7e]' || fail "raw bytes: $(od -c out)"
cni DEL web net.conf
expect_host_as_remembered
ip netns add elsewhere
cni ADD web net.conf >result
ip -n web link set eth0 netns elsewhere
! check >out 2>&1 || fail "CHECK found a link that has gone"
cni DEL web net.conf
expect_equal "links where it went" "$(ip -n elsewhere -o link | grep -vc ' lo:')" 0
ip netns del elsewhere
cni ADD web net.conf >result
ip -n web link del eth0
! check >out 2>&1 || fail "CHECK found a deleted link"
cni DEL web net.conf
expect_host_as_remembered

step "a container that moves its end to the host, under a name that looks like ours"
cni ADD web net.conf >result
host_end=$(jq -r '.interfaces[] | select(has("sandbox") | not) | .name' result)
ip link add bystander0 type veth peer name bystander1
ip -n web link set eth0 netns 1 name ist00000000 2>/dev/null || ip -n web link set eth0 netns $$ name ist00000000
cni DEL web net.conf
! ip link show "$host_end" >/dev/null 2>&1 || fail "$host_end is left"
ip link show bystander0 >/dev/null || fail "a bystander is gone"
ip link del bystander0
expect_host_as_remembered

[ "${ISTHMUS_TORTURE:-}" != whole ] || ISTHMUS_CROWD=10000
step "a container that fills its namespace: ${ISTHMUS_CROWD:=2000} links, 4 x $ISTHMUS_CROWD routes and addresses"
cni ADD web net.conf >result
{ for i in $(seq "$ISTHMUS_CROWD"); do echo "link add link eth0 name m$i type macvlan"; done; } >links
ip -n web -batch links 2>/dev/null || { # no macvlan in this kernel
  for i in $(seq $((ISTHMUS_CROWD / 2))); do echo "link add m$i type veth peer name n$i"; done >links
  ip -n web -batch links
}
{
  for i in $(seq "$ISTHMUS_CROWD"); do
    echo "route add 172.$((16 + i / 60000)).$((i / 250 % 240)).$((i % 250))/32 dev eth0"
    echo "route add fd01::$(printf %x "$i")/128 dev eth0"
    echo "address add 10.200.$((i / 250)).$((i % 250 + 1))/32 dev eth0"
    echo "address add fd02::$(printf %x "$i")/128 dev eth0 nodad"
  done
} >crowd
ip -n web -batch crowd
expect_equal "links" "$(($(ip -n web -o link | wc -l) >= ISTHMUS_CROWD))" 1
start=$(date +%s%N)
check >out 2>&1 || true
proved "CHECK took $((($(date +%s%N) - start) / 1000000)) ms, and said: $(head -c 200 out)"
start=$(date +%s%N)
cni DEL web net.conf
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -lt 20000 ] || fail "DEL took $took ms"
proved "DEL took $took ms"
expect_host_as_remembered
kill "$holder"
ip netns del web && ip netns add web
hold

step "a container that mounts over our paths"
cni ADD web net.conf >result
ip netns exec web unshare --mount --propagation private sh -c '
  mount -t tmpfs evil /run && mkdir -p /run/isthmus /run/netns && mount -t tmpfs evil /etc/netns && : >/run/t-ready
  exec sleep 60' &
evil=$!
within 5 test -e "/proc/$evil/root/run/t-ready"
check
"$ISTHMUS_BIN" gc --here --yes --runtime none --older-than 0s >out 2>&1 || true
check
proved "CHECK and gc see the host's own"
# By its own /proc path, whose root is what the container made of it.
CNI_COMMAND=DEL CNI_CONTAINERID=web CNI_NETNS=/proc/$evil/ns/net CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/isthmus <net.conf
kill "$evil"
wait "$evil" 2>/dev/null || true
expect_host_as_remembered
kill "$holder"

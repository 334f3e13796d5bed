# at_once.py BINARY COUNT RUN SOAK: calls side by side, in the host this runs in. A call may only fail as a lone one would; no
# address is given twice; nothing is left; and no thread is in a namespace where it has no business.
import collections, ctypes, json, os, subprocess, sys, threading, time

BINARY, COUNT, AT_A_TIME, SOAK = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
libc = ctypes.CDLL(None, use_errno=True)
HOME = os.readlink("/proc/self/ns/net")


def conf(network):
    third = int(network[3:]) * 4
    return {"cniVersion": "1.1.0", "name": network, "type": "isthmus", "ipMasq": True, "log": {"level": "error"},
            "ipam": {"type": "isthmus", "ranges": [[{"subnet": "10.77.%d.0/22" % third}], [{"subnet": "fd77:%d::/64" % third}]]}}


def start(verb, container, network, ifname="eth0", extra=None):
    environment = {"CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_NETNS": "/run/netns/" + container,
                   "CNI_IFNAME": ifname, "CNI_PATH": "/opt/cni/bin:/usr/lib/cni", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen([BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    process.what = "%s %s %s %s" % (verb, container, network, ifname)
    with process.stdin as pipe:
        pipe.write(json.dumps({**conf(network), **(extra or {})}).encode())
    return process


def finish(process, may_fail=False):
    out, err = process.stdout.read(), process.stderr.read()
    if process.wait() != 0 and not may_fail:
        sys.exit("%s: exit %d: %s%s" % (process.what, process.returncode, out.decode(), err.decode()))
    return json.loads(out) if out else None


def side_by_side(calls, may_fail=False):
    """Keeps AT_A_TIME of them under way; (verb, container, network, ifname, extra) each."""
    running, answers = collections.deque(), []
    for call in calls:
        if len(running) >= AT_A_TIME:
            answers.append(finish(running.popleft(), may_fail))
        running.append(start(*call))
    while running:
        answers.append(finish(running.popleft(), may_fail))
    return answers


def addresses(answers):
    all_of_them = [ip["address"] for answer in answers for ip in answer["ips"]]
    twice = [address for address, count in collections.Counter(all_of_them).items() if count > 1]
    if twice:
        sys.exit("given twice: %s" % twice)
    return all_of_them


def make_namespace(name):
    path = "/run/netns/" + name
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o444))
    if libc.unshare(0x40000000) != 0 or libc.mount(b"/proc/thread-self/ns/net", path.encode(), b"none", 0x1000, None) != 0:
        sys.exit("cannot make " + path)


def picture():
    """What a call could leave."""
    facts = set()
    for words in (["ip", "-o", "link"], ["ip", "-o", "address"], ["ip", "route", "show", "table", "all"],
                  ["ip", "-6", "route", "show", "table", "all"], ["ip", "rule"], ["nft", "list", "ruleset"]):
        for line in subprocess.run(words, capture_output=True, text=True).stdout.splitlines():
            facts.add(words[0] + " " + " ".join(line.split(" qdisc ")[0].split(" valid_lft ")[0].split()))
    for root, _, files in os.walk("/run/isthmus"):
        facts.update(os.path.join(root, name) for name in files
                     if name not in ("lock", "boot_id", "seen") and not name.startswith("cursor."))
    return facts


def expect_as_before(before, what):
    for _ in range(200):  # the kernel finishes deferred work; released records go when their names do
        now = {fact for fact in picture() if "/released/" not in fact}
        if now == before:
            return
        time.sleep(0.02)
    sys.exit("%s: %s" % (what, sorted(now ^ before)))


class Watch(threading.Thread):
    """Looks at the threads of all processes of the binary while they run: the first one is always at home, others are at home or
    in the namespace that their call names; `isthmus gc` looks into all of them."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.away, self.wrong, self.stop = 0, 0, [], False
        self.own = os.stat(BINARY).st_ino

    def run(self):
        while not self.stop:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    if os.stat("/proc/%s/exe" % pid).st_ino == self.own:
                        self.look(pid)
                except OSError:
                    pass
            time.sleep(0.001)

    def look(self, pid):
        environment = open("/proc/%s/environ" % pid, "rb").read().split(b"\0")
        path = next((v[10:].decode() for v in environment if v.startswith(b"CNI_NETNS=")), None)
        allowed = {HOME} | ({"net:[%d]" % os.stat(path).st_ino} if path and os.path.exists(path) else set())
        for thread in os.listdir("/proc/%s/task" % pid):
            namespace = os.readlink("/proc/%s/task/%s/ns/net" % (pid, thread))
            self.seen += 1
            self.away += namespace != HOME
            if (path and namespace not in allowed) or (thread == pid and namespace != HOME):
                self.wrong.append((pid, thread, namespace))


def step(text, since):
    print("   ok: %s, %.1f s" % (text, time.monotonic() - since), flush=True)


# A thread of its own makes the namespaces: this one stays at home.
def make_all():
    for index in range(COUNT):
        make_namespace("c%d" % index)


maker = threading.Thread(target=make_all)
maker.start()
maker.join()
# What stays after the first.
finish(start("ADD", "c0", "net0")), finish(start("DEL", "c0", "net0"))
time.sleep(0.1)
before = {fact for fact in picture() if "/released/" not in fact}
watch = Watch()
watch.start()
names = ["c%d" % index for index in range(COUNT)]

since = time.monotonic()
addresses(side_by_side([("ADD", name, "net0") for name in names]))
side_by_side([("DEL", name, "net0") for name in names])
expect_as_before(before, "ADD and DEL")
step("%d ADD, then %d DEL, of different containers" % (COUNT, COUNT), since)

since = time.monotonic()
few = names[:max(COUNT // 8, 4)]
four = [(name, "net%d" % network, "eth%d" % network) for name in few for network in range(4)]
# One default route in a container: the first network's.
plain = [{}, *[{"ipam": {**conf("net%d" % n)["ipam"], "routes": [{"dst": "172.16.%d.0/24" % n}]}} for n in (1, 2, 3)]]
addresses(side_by_side([("ADD", name, network, ifname, plain[int(network[3:])]) for name, network, ifname in four]))
side_by_side([("DEL", name, network, ifname) for name, network, ifname in four])
expect_as_before(before, "four networks")
step("%d containers on four networks at the same time" % len(few), since)

since = time.monotonic()
side_by_side([("ADD", name, "net0") for name in few])
side_by_side([("DEL", name, "net0") for name in few for _ in range(2)])
expect_as_before(before, "DEL twice")
step("DEL twice at the same time", since)

since = time.monotonic()
keep = {"cni.dev/valid-attachments": [{"containerID": name, "ifname": "eth0"} for name in names]}
mixed = []
for index, name in enumerate(few):
    mixed += [("ADD", name, "net0"), ("GC", name, "net0", "eth0", keep)]
sweeper = [subprocess.Popen([BINARY, "gc", "--here", "--yes", "--runtime", "none", "--older-than", "1h"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
addresses([answer for answer in side_by_side(mixed) if answer])
for process in sweeper:
    said = process.stderr.read().decode()
    if process.wait() not in (0, 1) and "[reap-busy]" not in said:
        sys.exit("isthmus gc ended with %d: %s" % (process.returncode, said))
for name in few:
    if not os.path.exists("/run/isthmus/networks/net0/attachments/%s:eth0" % name):
        sys.exit("a GC or isthmus gc took the attachment of " + name)
side_by_side([("DEL", name, "net0") for name in few])
expect_as_before(before, "ADD against GC")
step("ADD against GC and isthmus gc", since)

if SOAK:
    since = time.monotonic()
    for turn in range(SOAK):
        name = names[turn % COUNT]
        finish(start("ADD", name, "net0"))
        finish(start("DEL", name, "net0"))
    expect_as_before(before, "soak")
    step("%d attachments in a row" % SOAK, since)

watch.stop = True
watch.join()
if watch.wrong:
    sys.exit("threads in a wrong namespace: %s" % watch.wrong[:5])
if watch.seen == 0:
    sys.exit("no thread was seen")
print("   ok: %d looks at threads, %d of them in a container, all where they belong" % (watch.seen, watch.away))

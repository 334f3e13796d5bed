# Contestants of the benchmark: a plugin with a configuration, in a host of its own (stopwatch.cc), told what to do in turn.
import json
import subprocess

OFFICIAL = "/usr/lib/cni"
# For the floor, which only reads it. Where connections are masqueraded the kernel looks through all of them when a link goes.
MASQUERADE = """
table inet floor {
  set sources4 { type ipv4_addr; flags interval; elements = { 10.90.0.0/16 }; };
  set sources6 { type ipv6_addr; flags interval; elements = { fd00:0:0:90::/64 }; };
  chain postrouting {
    type nat hook postrouting priority 120; policy accept;
    ip saddr @sources4 ip daddr != @sources4 ip daddr != 224.0.0.0/4 masquerade fully-random;
    ip6 saddr @sources6 ip6 daddr != @sources6 ip6 daddr != ff00::/8 ip6 daddr != fe80::/10 masquerade fully-random;
  };
}
"""


class Failed(Exception):
    pass


class Host:
    def __init__(self, programs, name, plugin, configuration):
        self.name = name
        self.plugin = plugin
        file = programs["work"] + "/" + name.replace(" ", "-").replace("/", "-") + ".json"
        with open(file, "w") as out:
            out.write(json.dumps(configuration))
        self.process = subprocess.Popen([programs["stopwatch"], plugin, file, OFFICIAL, programs["tally"]],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if configuration["type"] == "floor" and configuration.get("ipMasq"):
            self.shell("nft '%s'" % " ".join(MASQUERADE.split()))

    def tell(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.hear()

    def hear(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed(self.name + ": " + self.process.stderr.read().strip()[:400])
        return answer.strip()

    def namespaces(self, count):
        self.tell("netns %d" % count)

    def run(self, verb, container):
        wall, cpu, peak, faults = map(int, self.tell("run %s %d" % (verb, container)).split())
        return {"wall": wall / 1e6, "cpu": cpu / 1e3, "peak": peak, "faults": faults}

    def count(self, what, verb, container):
        counts = {}
        line = self.tell("count %s %s %d" % (what, verb, container))
        while line != ".":
            name, number = line.split()
            counts[name] = int(number)
            line = self.hear()
        return counts

    # Seconds in all, milliseconds of each.
    def many(self, width, script, first, last):
        numbers = list(map(int, self.tell("many %d %s %d %d" % (width, script, first, last)).split()))
        return numbers[0] / 1e9, [number / 1e6 for number in numbers[1:]]

    # Milliseconds on the clock and of processors.
    def shell(self, command):
        wall, cpu = map(int, self.tell("shell " + command).split())
        return wall / 1e6, cpu / 1e3

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ranges(dual):
    sets = [[{"subnet": "10.90.0.0/16"}]]
    return sets + [[{"subnet": "fd00:0:0:90::/64"}]] if dual else sets


def configuration(kind, ipam, masquerade=False, dual=False):
    common = {"cniVersion": "1.0.0", "name": "bench"}
    if ipam == "host-local":
        common["ipam"] = {"type": ipam, "ranges": ranges(dual)}
        if "ptp" in kind:  # a bridge has isDefaultGateway for it
            common["ipam"]["routes"] = [{"dst": "0.0.0.0/0"}] + ([{"dst": "::/0"}] if dual else [])
    else:
        common["ipam"] = {"type": ipam, "ranges": ranges(dual)}
    if masquerade:
        common["ipMasq"] = True
    bridge = {"bridge": "cni0", "isGateway": True, "isDefaultGateway": True}
    if kind == "isthmus ptp":
        return {**common, "type": "isthmus"}
    if kind == "isthmus bridge":
        return {**common, "type": "isthmus", "mode": "bridge", **bridge}
    if kind == "official ptp":
        return {**common, "type": "ptp"}
    if kind == "official bridge":
        return {**common, "type": "bridge", **bridge}
    if kind in ("floor bridge", "floor musl bridge"):
        return {**common, "type": "floor", **bridge}
    return {**common, "type": "floor"}


# Who is compared with whom: what the first takes longer than the second.
def pairs(names):
    official = [("official bridge masq", "isthmus bridge masq"), ("official bridge masq", "isthmus ptp masq"),
                ("official ptp masq", "isthmus ptp masq"), ("official ptp", "isthmus ptp"),
                ("official ptp masq", "isthmus ptp masq host-local"), ("official ptp dual", "isthmus ptp dual")]
    floor = [("isthmus " + mode + what, ("floor bridge" if mode == "bridge" else "floor") + what)
             for mode in ("ptp", "bridge") for what in ("", " dual", " masq", " masq dual")]
    floor += [("isthmus " + mode + what, ("floor musl bridge" if mode == "bridge" else "floor musl") + what)
              for mode in ("ptp", "bridge") for what in (" masq", " masq dual")]
    return [pair for pair in official + floor if names.issuperset(pair)]


# NAME -> (program, configuration). The name says all that differs. Those that are compared with each other are neighbours:
# what the machine does meanwhile, and what is left in its caches, is the same for both.
def contestants(programs):
    found = {}
    for mode in "ptp", "bridge":
        bridge = " bridge" if mode == "bridge" else ""
        kinds = {"floor" + bridge: programs["floor"], "floor musl" + bridge: programs["floor musl"],
                 "isthmus " + mode: programs["isthmus"], "official " + mode: OFFICIAL + "/" + mode}
        for masquerade, dual in (False, False), (False, True), (True, False), (True, True):
            for kind, program in kinds.items():
                if kind.startswith("floor musl") and not masquerade:
                    continue
                own_ipam = "host-local" if kind.startswith("official") else "isthmus"
                name = kind + (" masq" if masquerade else "") + (" dual" if dual else "")
                found[name] = program, configuration(kind, own_ipam, masquerade, dual)
        found["isthmus " + mode + " masq host-local"] = programs["isthmus"], configuration("isthmus " + mode, "host-local", True)
    return found

# bench.py BUILD SOURCE: measures isthmus beside the official plugins, the same with delegation, and the floor; all in one run,
# contestants in turn. Run inside a private host (tests/bench/bench.sh). Prints a table and writes docs/bench/.
import json
import os
import statistics
import subprocess
import sys
import time

from hosts import Failed, Host, contestants, pairs
from report import write_all

BUILD, SOURCE = sys.argv[1], sys.argv[2]
QUICK = os.environ.get("BENCH_QUICK") == "1"
ROUNDS = 5 if QUICK else 31
LEVELS = [1, 20] if QUICK else [1, 100, 500, 1000]
WIDTHS = [1, 4] if QUICK else [1, 2, 4, 8, 16]
SIZES = [10, 50] if QUICK else [10, 100, 500]
BARRIER = 0.02  # seconds in which the kernel finishes what a DEL that has answered left to a child
PROGRAMS = {"isthmus": BUILD + "/isthmus", "floor": BUILD + "/tests/bench/floor",
            "floor musl": BUILD + "/tests/bench/floor-musl",
            "stopwatch": BUILD + "/tests/bench/stopwatch", "tally": BUILD + "/tests/bench/tally",
            "work": os.environ["PRIVATE_WORK"]}
ALL = contestants(PROGRAMS)
skipped = {}
started = time.monotonic()


def say(text):
    print("[%4d s] %s" % (time.monotonic() - started, text), flush=True)


def summary(values):
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "min": ordered[0], "p90": ordered[int(len(ordered) * 0.9)],
            "runs": len(ordered)}


# Hosts in which one ADD and its DEL went well; of the others it is said why not.
def open_hosts(names, namespaces):
    hosts = []
    for name in names:
        host = Host(PROGRAMS, name, *ALL[name])
        try:
            host.namespaces(namespaces)
            host.run("ADD", 1)
            host.run("DEL", 1)
            hosts.append(host)
        except Failed as failure:
            skipped[name] = str(failure)
            say("without " + str(failure))
    return hosts


def verbs_of(host):
        # The official plugins of Debian 12 do not know STATUS, host-local among them; the floor has no state to tell of.
    knows_status = host.name.startswith("isthmus") and not host.name.endswith("host-local")
    return ["VERSION"] + (["STATUS"] if knows_status else []) + ["ADD", "CHECK", "DEL"]


# The median of what was measured in the same rounds: the machine is faster in one minute than in the next.
def ratios(samples):
    names = {name for name, _ in samples}
    rows = {}
    for one, other in pairs(names):
        for verb in "ADD", "CHECK", "DEL", "VERSION":
            a, b = samples.get((one, verb)), samples.get((other, verb))
            if a and b:
                rows.setdefault("%s : %s" % (one, other), {})[verb] = summary([x["wall"] / y["wall"] for x, y in zip(a, b)])
    return rows


# One attachment stays all the time: a network's first and last are not the usual case.
def measure_verbs(names, rounds):
    hosts = open_hosts(names, rounds + 2)
    for host in hosts:
        host.run("ADD", 1)
    samples = {}
    for round in range(rounds):
        order = hosts[round % len(hosts):] + hosts[:round % len(hosts)]
        for verb in "VERSION", "STATUS", "ADD", "CHECK", "DEL":
            for host in order:
                if verb not in verbs_of(host):
                    continue
                samples.setdefault((host.name, verb), []).append(host.run(verb, round + 2))
                if verb == "DEL":
                    time.sleep(BARRIER)
    last = {host.name: host.run("DEL", 1)["wall"] for host in hosts}
    rows = {}
    for (name, verb), runs in samples.items():
        rows.setdefault(name, {})[verb] = {**summary([run["wall"] for run in runs]),
                                           "cpu": statistics.mean(run["cpu"] for run in runs),
                                           "peak": max(run["peak"] for run in runs)}
    for name, wall in last.items():
        rows[name]["DEL of the last"] = {"median": wall, "min": wall, "p90": wall, "runs": 1}
    for host in hosts:
        host.close()
    return rows, ratios(samples)


def count_verbs(names):
    rows = {}
    for host in open_hosts(names, 4):
        host.run("ADD", 1)
        row = rows[host.name] = {}
        for what in "calls", "instructions":
            for verb in verbs_of(host):
                # Each is stepped through, at some 10 us; runtimes with threads take minutes, and a deadline goes by.
                if what == "instructions" and (verb == "CHECK" or "official" in host.name or "host-local" in host.name):
                    continue
                row.setdefault(verb, {}).update(host.count(what, verb, 2))
                time.sleep(BARRIER)
        host.close()
    return rows


def measure_parallel(names):
    rows = {}
    count = 16 if QUICK else 64
    for name in names:
        hosts = open_hosts([name], count + 1)
        for host in hosts:
            host.run("ADD", count + 1)
            calls = count if not name.startswith("official") else count // 2
            for width in WIDTHS:
                row = rows.setdefault(name, {})[str(width)] = {}
                for script in "ADD", "DEL", "ADD+DEL":
                    elapsed, walls = host.many(width, script, 1, calls)
                    row[script] = {"per_second": calls / elapsed, "median": statistics.median(walls)}
                    time.sleep(BARRIER * 5)
            host.close()
    return rows


def measure_scale(names):
    rows = {}
    hosts = open_hosts(names, LEVELS[-1] + 20)
    have = {host.name: 0 for host in hosts}
    for level in LEVELS:
        for host in hosts:
            host.many(2, "ADD", have[host.name] + 1, level)
            have[host.name] = level
        samples = {}
        for round in range(11):
            for verb in "ADD", "CHECK", "DEL":
                for host in hosts:
                    samples.setdefault((host.name, verb), []).append(host.run(verb, level + 1 + round % 19)["wall"])
                    if verb == "DEL":
                        time.sleep(BARRIER)
        for (name, verb), walls in samples.items():
            rows.setdefault(name, {}).setdefault(str(level), {})[verb] = summary(walls)
        for host in hosts:
            if not host.name.startswith("official"):
                counts = host.count("calls", "ADD", level + 1)
                host.run("DEL", level + 1)
                rows[host.name][str(level)]["counts"] = counts
        say("scale: %d attachments each" % level)
    for host in hosts:
        host.close()
    return rows


PIPELINES = {
    "gc --dry-run": PROGRAMS["isthmus"] + " gc --here --dry-run",
    "awk over mountinfo": "awk '/ net:\\[/ { print FILENAME, $5 }' /proc/[0-9]*/mountinfo",
    "lsns -t net": "lsns -t net",
    "list --all": PROGRAMS["isthmus"] + " list --all",
    "ip netns exec for each": "for n in $(ls /run/netns); do ip netns exec $n ip -br addr; done",
}


def measure_commands():
    rows = {}
    if subprocess.run([PROGRAMS["isthmus"], "list", "--help"], capture_output=True).returncode != 0:
        skipped["list --all"] = "isthmus has no such command"
        say("without list --all: isthmus has no such command")
    for size in SIZES:
        host = Host(PROGRAMS, "isthmus ptp masq", *ALL["isthmus ptp masq"])
        host.namespaces(size)
        host.many(2, "ADD", 1, size)
        for name, command in PIPELINES.items():
            if name in skipped:
                continue
            runs = [host.shell(command)[0] for _ in range(5)]
            rows.setdefault(name, {})[str(size)] = summary(runs)
        host.close()
    return rows


def size_of(program):
    """As it is installed: without symbols."""
    stripped = PROGRAMS["work"] + "/stripped"
    subprocess.run(["strip", "-o", stripped, program], check=True)
    return os.path.getsize(stripped)


def main():
    results = {"machine": {"kernel": os.uname().release, "processors": os.cpu_count(),
                           "date": time.strftime("%Y-%m-%d", time.gmtime())},
               "sizes": {name: size_of(PROGRAMS[name]) for name in ("isthmus", "floor")}}
    # Duplicate address detection lets the official ptp wait two seconds for each ADD.
    slow = ["official ptp dual", "official ptp masq dual"]
    say("each verb, %d rounds in turn" % ROUNDS)
    results["verbs"], results["ratios"] = measure_verbs([name for name in ALL if name not in slow], ROUNDS)
    beside = "isthmus ptp dual"
    rows, few = measure_verbs(["official ptp dual", beside], 2 if QUICK else 4)
    results["verbs"]["official ptp dual"] = rows["official ptp dual"]
    results["ratios"].update({name: row for name, row in few.items() if name not in results["ratios"]})
    say("counts")
    results["counts"] = count_verbs(["floor masq", "floor bridge masq", "isthmus ptp masq", "isthmus bridge masq", "isthmus ptp masq host-local",
                                     "official ptp masq", "official bridge masq"])
    say("at once")
    results["parallel"] = measure_parallel(["floor masq", "isthmus ptp masq", "isthmus bridge masq", "official ptp",
                                            "official bridge masq"])
    say("commands against pipelines")
    results["commands"] = measure_commands()
    say("existing attachments")
    results["scale"] = measure_scale(["floor masq", "floor bridge masq", "isthmus ptp masq", "isthmus bridge masq", "official ptp",
                                      "official bridge"])
    results["skipped"] = skipped
    results["seconds"] = round(time.monotonic() - started)
    print(write_all(results, SOURCE, quick=QUICK))


main()

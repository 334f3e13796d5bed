# What a run of bench.py is told as: a table for people, JSON for machines, plots without a plotting program.
import json
import math
import os

COLOURS = {"floor": "#888888", "floor bridge": "#bbbbbb", "isthmus ptp": "#1b7837", "isthmus bridge": "#5aae61",
           "official ptp": "#762a83", "official bridge": "#c2a5cf"}


def colour_of(name):
    return next(colour for kind, colour in reversed(COLOURS.items()) if name.startswith(kind))


def number(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def cell(row, verb):
    if verb not in row:
        return ""
    return "%s (%s to %s)" % tuple(number(row[verb][part]) for part in ("median", "min", "p90"))


def verb_table(results):
    verbs = "ADD", "CHECK", "DEL", "STATUS", "VERSION"
    return table(["milliseconds: median (least to 90th percentile)", *verbs],
                 [[name, *(cell(row, verb) for verb in verbs)] for name, row in results["verbs"].items()])


def ratio_table(results):
    verbs = "ADD", "CHECK", "DEL", "VERSION"
    rows = [[pair, *(number(row[verb]["median"]) if verb in row else "" for verb in verbs)]
            for pair, row in results["ratios"].items()]
    return table(["how many times as long", *verbs], rows)


def count_table(results):
    keys = "processes", "threads", "calls", "instructions", "netlink-sent", "netlink-sent-bytes", "netlink-received-bytes"
    rows = []
    for name, verbs in results["counts"].items():
        for verb, counts in verbs.items():
            peak = results["verbs"].get(name, {}).get(verb, {}).get("peak")
            rows.append([name + " " + verb, *(str(counts.get(key, "")) for key in keys), str(peak or "")])
    return table(["", "processes", "threads", "system calls", "user instructions", "netlink messages", "bytes sent",
                  "bytes received", "peak KiB"], rows)


def parallel_table(results):
    widths = next(iter(results["parallel"].values())).keys()
    rows = []
    for name, row in results["parallel"].items():
        for script in "ADD", "DEL", "ADD+DEL":
            rows.append([name + " " + script, *("%.0f" % row[width][script]["per_second"] for width in widths)])
    return table(["calls (ADD+DEL: pairs) a second", *(width + " at once" for width in widths)], rows)


def scale_table(results):
    levels = next(iter(results["scale"].values())).keys()
    rows = []
    for name, row in results["scale"].items():
        for verb in "ADD", "CHECK", "DEL":
            rows.append([name + " " + verb, *(number(row[level][verb]["median"]) for level in levels)])
        for key in "calls", "netlink-sent-bytes", "netlink-received-bytes":
            if all("counts" in row[level] for level in levels):
                rows.append(["%s ADD, %s" % (name, key), *(str(row[level]["counts"].get(key, 0)) for level in levels)])
    return table(["milliseconds (median) with so many attachments", *levels], rows)


def command_table(results):
    sizes = next(iter(results["commands"].values())).keys()
    return table(["milliseconds (median) with so many namespaces", *sizes],
                 [[name, *(number(row[size]["median"]) for size in sizes)] for name, row in results["commands"].items()])


def text_of(results):
    machine = results["machine"]
    parts = [
        "Linux %s, %d processors, %s; %d s for the whole run. Binary: isthmus %d KiB, floor %d KiB, both static." % (
            machine["kernel"], machine["processors"], machine["date"], results["seconds"], results["sizes"]["isthmus"] // 1024,
            results["sizes"]["floor"] // 1024)]
    parts += ["Without %s: %s." % pair for pair in results["skipped"].items()]
    parts += [verb_table(results), ratio_table(results), count_table(results), parallel_table(results),
              scale_table(results), command_table(results)]
    return "\n\n".join(parts) + "\n"


class Plot:
    WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 760, 420, 60, 40, 50, 210

    # `values` are positive; both axes run over the powers of ten (y) and the given steps (x).
    def __init__(self, title, x_label, y_label, steps, values):
        self.steps = steps
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.parts = ['<text x="%d" y="20" font-size="15">%s</text>' % (self.LEFT, title),
                      '<text x="%d" y="%d" font-size="12">%s</text>' % (self.LEFT, self.HEIGHT - 8, x_label),
                      '<text x="8" y="34" font-size="12">%s</text>' % y_label]
        self.series = 0
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            self.parts.append('<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" font-size="12" text-anchor="end">%g</text>' % (
                self.LEFT, y, self.WIDTH - self.RIGHT, self.LEFT - 6, y + 4, 10 ** power))
        for step in steps:
            self.parts.append('<text x="%.1f" y="%d" font-size="12" text-anchor="middle">%s</text>' % (
                self.x(step), self.HEIGHT - self.BOTTOM + 18, step))

    def x(self, step):
        return self.LEFT + 20 + self.steps.index(step) * (self.WIDTH - self.RIGHT - self.LEFT - 40) / max(len(self.steps) - 1, 1)

    def y(self, value):
        height = self.HEIGHT - self.TOP - self.BOTTOM
        return self.HEIGHT - self.BOTTOM - (math.log10(value) - self.low) / (self.high - self.low) * height

    def legend(self, name, colour):
        y = self.TOP + 10 + 18 * self.series
        self.series += 1
        self.parts.append('<rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d" font-size="12">%s</text>' % (
            self.WIDTH - self.RIGHT + 12, y, colour, self.WIDTH - self.RIGHT + 30, y + 11, name))

    def line(self, name, points):
        colour = colour_of(name)
        path = " ".join("%.1f,%.1f" % (self.x(step), self.y(value)) for step, value in points)
        self.parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (path, colour))
        self.legend(name, colour)

    # One bar a contestant at each step, with its spread.
    def bars(self, names, row_of):
        width = (self.WIDTH - self.RIGHT - self.LEFT) / len(self.steps) * 0.8 / len(names)
        for position, name in enumerate(names):
            for step in self.steps:
                row = row_of(name, step)
                if row is None:
                    continue
                x = self.x(step) + (position - len(names) / 2) * width
                top, bottom = self.y(row["median"]), self.HEIGHT - self.BOTTOM
                self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (
                    x, top, width - 1, bottom - top, colour_of(name)))
                self.parts.append('<path d="M%.1f %.1fV%.1f" stroke="black"/>' % (
                    x + width / 2, self.y(row["min"]), self.y(row["p90"])))
            self.legend(name, colour_of(name))

    def write(self, path):
        with open(path, "w") as out:
            out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">'
                      '<rect width="100%%" height="100%%" fill="white"/>%s</svg>\n' % (
                          self.WIDTH, self.HEIGHT, "\n".join(self.parts)))


def write_plots(results, folder):
    verbs = results["verbs"]
    names = [name for name in ("floor masq", "isthmus ptp masq", "isthmus bridge masq", "official ptp masq",
                               "official bridge masq") if name in verbs]
    times = [verbs[name][verb][part] for name in names for verb in verbs[name] for part in ("min", "p90", "median")]
    plot = Plot("One call, with masquerade", "median, least and 90th percentile", "ms", ["ADD", "CHECK", "DEL", "VERSION"], times)
    plot.bars(names, lambda name, verb: verbs[name].get(verb))
    plot.write(folder + "/verbs.svg")
    lines("ADD by existing attachments", "attachments", "ms", results["scale"],
          lambda row: row["ADD"]["median"]).write(folder + "/scale.svg")
    lines("ADD and then DEL, pairs a second", "calls at once", "pairs/s", results["parallel"],
          lambda row: row["ADD+DEL"]["per_second"]).write(folder + "/parallel.svg")


# `rows` has for each contestant a row for each step.
def lines(title, x_label, y_label, rows, value_of):
    steps = list(next(iter(rows.values())))
    values = {name: [(step, value_of(row[step])) for step in steps] for name, row in rows.items()}
    plot = Plot(title, x_label, y_label, steps, [value for points in values.values() for _, value in points])
    for name, points in values.items():
        plot.line(name, points)
    return plot


def put_between(path, text):
    begin, end = "<!-- bench -->\n", "<!-- /bench -->\n"
    with open(path) as file:
        content = file.read()
    head, rest = content.split(begin)
    with open(path, "w") as file:
        file.write(head + begin + text + end + rest.split(end)[1])


def write_all(results, source, quick):
    text = text_of(results)
    folder = os.environ.get("BENCH_OUT", source + "/docs/bench")
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/results.json", "w") as out:
        json.dump(results, out, indent=1)
        out.write("\n")
    write_plots(results, folder)
    if not quick:
        put_between(source + "/docs/bench.md", text)
        put_between(source + "/README.md", ratio_table(results) + "\n")
    return text

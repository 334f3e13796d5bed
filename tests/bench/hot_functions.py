"""hot_functions.py MAP PROFILE...: a linker script that puts the functions found in the profiles next to each other.

The kernel maps a program in windows of 16 pages, each at the price of a page fault; functions that a call needs are all
over the program otherwise. MAP is the linker's (-Map), a profile is what `tally profile` writes. Names are cut to the
shortest beginning that no other function has, so that few lines say it and a changed signature does no harm.
"""
import bisect
import re
import sys

SECTION = re.compile(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")


def sections_of(path):
    """(address, size, section, file) of each piece of .text, by address."""
    found, name = [], None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = SECTION.match(line)
            if match and (match[1] or name):
                found.append((int(match[2], 16), int(match[3], 16), match[1] or name, match[4]))
            alone = re.match(r"^ (\.text\S*)$", line)
            name = alone[1] if alone else None
    return sorted(piece for piece in found if piece[0] and piece[1])


def touched(sections, profiles):
    """The pieces in the order in which the profiles come to them."""
    starts = [piece[0] for piece in sections]
    order = {}
    for path in profiles:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                match = re.match(r"^([0-9a-f]+) \d+$", line)
                at = bisect.bisect(starts, int(match[1], 16)) - 1 if match else -1
                if at >= 0 and int(match[1], 16) < sections[at][0] + sections[at][1]:
                    order[sections[at]] = True
    return list(order)


def pattern_of(piece, cold):
    """As the linker matches it: a function by its section, code that has no section of its own by its object."""
    _, _, section, file = piece
    archive = re.match(r"(?:.*/)?(lib[^/]*\.a)\(([^)]*)\)$", file)
    if section.startswith(".text._Z"):
        for length in range(len(".text._Z") + 4, len(section)):
            beginning = section[:length]
            at = bisect.bisect_left(cold, beginning)
            if at == len(cold) or not cold[at].startswith(beginning):
                return f"*({beginning}*)"
        return f"*({section})"
    return f"*{archive[1]}:{archive[2]}({section})" if archive else None


def main():
    sections = sections_of(sys.argv[1])
    hot = touched(sections, sys.argv[2:])
    cold = sorted({piece[2] for piece in sections} - {piece[2] for piece in hot})
    patterns = dict.fromkeys(filter(None, (pattern_of(piece, cold) for piece in hot)))
    print("/* What a call of the runtime needs, in the order of need; made by `make hot-functions`.")
    print("   Without it the program works as well, and a tenth slower. */")
    print("SECTIONS\n{\n  .text.hot_functions :\n  {")
    line = "   "
    for pattern in patterns:
        if len(line) + len(pattern) > 138:
            print(line)
            line = "   "
        line += " " + pattern
    print(line + "\n  }\n}\nINSERT BEFORE .text;")


main()

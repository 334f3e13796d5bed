# Sourced by the benchmarks of single commands.
# shellcheck shell=bash

# best TRIES COMMAND...: milliseconds of wall clock, and of processor time
best() {
  python3 - "$@" <<'PYTHON'
import os, subprocess, sys, time
rows = []
for _ in range(int(sys.argv[1])):
    before, start = os.times(), time.monotonic()
    subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.monotonic() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    rows.append((took * 1000, cpu * 1000))
print("%7.0f %6.0f" % (min(r[0] for r in rows), min(r[1] for r in rows)))
PYTHON
}

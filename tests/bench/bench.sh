#!/usr/bin/env bash
# bench.sh BUILD SOURCE: the benchmark, in a private host. BENCH_QUICK=1 tries everything with few runs and writes no docs.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/../support/private-host.sh"
enter_private_host "$@"
exec python3 -B "$here/bench.py" "$@"

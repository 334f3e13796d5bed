#!/usr/bin/env bash
# Many calls at the same time (tests/torture/at_once.py). ISTHMUS_TORTURE=whole: 200 at once, and 10,000 attachments in a row.
set -euo pipefail
here=$(dirname "$0")
. "$here/../support/private-host.sh"
. "$here/lib.sh"
need ip nft python3
enter_private_host "$@"
if [ "${ISTHMUS_TORTURE:-}" = whole ]; then
  python3 "$TOP/tests/torture/at_once.py" "$ISTHMUS_BIN" 200 200 10000
else
  python3 "$TOP/tests/torture/at_once.py" "$ISTHMUS_BIN" 60 30 0
fi

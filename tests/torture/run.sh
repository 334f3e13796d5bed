#!/bin/bash
# run.sh PROGRAM [ARGUMENTS]: the program as the first process of a pid namespace of its own, so that `isthmus gc` sees
# every process there is, and none outlives it.
[ "$(id -u)" = 0 ] || {
  echo "SKIP: needs root"
  [ "${ISTHMUS_NO_SKIP:-}" != 1 ] || exit 1
  exit 77
}
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$@" </dev/null

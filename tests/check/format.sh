#!/bin/bash
# Every source file is as clang-format 14 leaves it. Other versions disagree in details, so they are not asked.
# usage: format.sh REPOSITORY
set -u
cd "$1" || exit 1
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "no clang-format 14 here"
  [ -n "${ISTHMUS_NO_SKIP:-}" ] && exit 1
  exit 77
fi
find netns netlink plugin tests \( -name '*.h' -o -name '*.cc' \) -print0 | sort -z |
  xargs -0 -n 40 -P "$(nproc)" clang-format --dry-run -Werror

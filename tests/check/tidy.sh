#!/bin/bash
# clang-tidy 14 over the production sources, with the checks of .clang-tidy.
# usage: tidy.sh REPOSITORY BUILD_DIRECTORY
set -u
cd "$1" || exit 1
if ! clang-tidy --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "no clang-tidy 14 here"
  [ -n "${ISTHMUS_NO_SKIP:-}" ] && exit 1
  exit 77
fi
# The largest first, so that no core is left alone with one at the end. Options that only g++ knows are not errors.
find netns netlink plugin -name '*.cc' -printf '%s %p\0' | sort -znr | sed -z 's,^[0-9]* ,,' |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$2" --extra-arg=-Wno-unknown-warning-option 2> >(
    grep -v 'warnings\?\( and .*\)\? generated\|^Suppressed\|^Use -header-filter' >&2)

#!/bin/bash
# Every header compiles alone: it includes what it uses. A build file by file (without CMAKE_UNITY_BUILD) proves it for a
# header that its own .cc includes first; the others are compiled here.
# usage: headers_alone.sh REPOSITORY COMPILER OPTION...
set -u
cd "$1" || exit 1
shift
unproved=()
while read -r header; do
  source=${header%.h}.cc
  [ -f "$source" ] && [ "$(grep -m1 '^#include' "$source")" = "#include \"$header\"" ] && continue
  unproved+=("$header")
done < <(find netns netlink plugin tests/support -name '*.h')
[ "${#unproved[@]}" = 0 ] && exit 0
printf '%s\0' "${unproved[@]}" | xargs -0 -P "$(nproc)" -I{} "$@" -fsyntax-only -x c++ -include {} /dev/null

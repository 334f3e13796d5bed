#!/bin/bash
# clang-tidy 14 over the production sources, with the checks of .clang-tidy.
# usage: tidy.sh REPOSITORY
set -u
cd "$1" || exit 1
if ! clang-tidy --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "no clang-tidy 14 here"
  [ -n "${ISTHMUS_NO_SKIP:-}" ] && exit 1
  exit 77
fi
# A folder at a time, as one file: most of the cost is walking the system headers again for each.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
flags=(-std=c++20 -D_GNU_SOURCE '-DISTHMUS_VERSION="0"' -DSPDLOG_FMT_EXTERNAL -DFMT_HEADER_ONLY -I. -isystem /usr/include/libnl3
       -Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers)
for folder in netns netlink netlink/libmnl plugin plugin/*/; do
  folder=${folder%/}
  unit=$work/$(tr / _ <<<"$folder").cc
  echo '#include <netinet/in.h>' >"$unit"
  find "$folder" -maxdepth 1 -name '*.cc' | sort | sed 's/.*/#include "&"/' >>"$unit"
done
find "$work" -name '*.cc' -printf '%s %p\0' | sort -znr | sed -z 's,^[0-9]* ,,' |
  xargs -0 -P "$(nproc)" -I{} clang-tidy --quiet --config-file=.clang-tidy --header-filter='(netns|netlink|plugin)/' {} -- "${flags[@]}" 2> >(
    grep -v 'warnings\?\( and .*\)\? generated\|^Suppressed\|^Use -header-filter' >&2)

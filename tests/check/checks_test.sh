#!/bin/bash
# The checks themselves: each violation planted in a small tree of its own has to be found.
# usage: checks_test.sh CHECKS_DIRECTORY
set -u
checks=$1
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
failed=0

fresh_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{netns,netlink,tests,plugin/{cni,ipam,log,verbs}}
  local header
  for header in netns/floor netlink/link plugin/cni/ids plugin/ipam/lease plugin/log/log plugin/verbs/add; do
    printf '#pragma once\n' >"$tree/$header.h"
    printf '#include "%s.h"\n' "$header" >"$tree/$header.cc"
  done
  printf '#include <netlink/msg.h>\n' >>"$tree/netlink/link.cc"
  printf '#include <nlohmann/json.hpp>\n#include "netns/floor.h"\n' >>"$tree/plugin/cni/ids.cc"
  printf '#include <spdlog/spdlog.h>\n' >>"$tree/plugin/log/log.cc"
  # Half of a circle: the other half is planted below.
  printf '#pragma once\n#include "plugin/ipam/lease.h"\n' >"$tree/plugin/ipam/other.h"
  printf 'void enter() { setns(3, 0); }\n' >>"$tree/netns/floor.cc"
}
# expect_found CHECK FILE TEXT: appended to FILE, the TEXT has to make the CHECK fail and be named by it.
expect_found() {
  local check=$1 file=$2 text=$3 output
  fresh_tree
  printf '%b\n' "$text" >>"$tree/$file"
  if output=$("$checks/$check.sh" "$tree" 2>&1) || ! grep -q "$file" <<<"$output"; then
    echo "$check.sh does not find in $file: ${text:0:60}; it says: $output"
    failed=1
  fi
}
expect_silence() {
  local check=$1 file=$2 text=$3 output
  fresh_tree
  printf '%b\n' "$text" >>"$tree/$file"
  if ! output=$("$checks/$check.sh" "$tree" 2>&1); then
    echo "$check.sh complains of $file: ${text:0:60}: $output"
    failed=1
  fi
}

expect_silence includes netns/floor.h ''
expect_silence includes plugin/verbs/add.cc '#include "plugin/ipam/lease.h"\n#include <vector>'
expect_found includes netns/floor.h '#include "netlink/link.h"'
expect_found includes netns/floor.cc '#include "plugin/cni/ids.h"'
expect_found includes netlink/link.cc '#include "plugin/cni/ids.h"'
expect_found includes plugin/cni/ids.cc '#include "plugin/ipam/lease.h"'
expect_found includes plugin/ipam/lease.h '#include "plugin/verbs/add.h"'
expect_found includes plugin/log/log.cc '#include "plugin/verbs/add.h"'
expect_found includes plugin/verbs/add.cc '#include "plugin/log/log.h"'
expect_found includes plugin/verbs/add.cc '#include "tests/support/x.h"'
expect_found includes plugin/verbs/add.cc '#include "ids.h"'
expect_found includes netlink/link.h '#include <netlink/msg.h>'
expect_found includes plugin/cni/ids.cc '#include <libmnl/libmnl.h>'
expect_found includes plugin/cni/ids.h '#include <nlohmann/json_fwd.hpp>'
expect_found includes netns/floor.cc '  #  include <nlohmann/json.hpp>'
expect_found includes plugin/verbs/add.cc '#include <spdlog/spdlog.h>'
expect_found includes netns/floor.cc '#include <iostream>'
expect_found includes plugin/cni/ids.cc '#include <regex>'
expect_found includes plugin/cni/new.h '#pragma once\n#include "plugin/cni/new.h"'

expect_found includes plugin/ipam/lease.h '#include "plugin/ipam/other.h"'
expect_silence source_rules netlink/link.cc '// as setns(2) does\nconst char* text = "unshare(";\nthrow std::bad_alloc();'
expect_found source_rules netlink/link.cc 'int err = setns(fd, 0);'
expect_found source_rules plugin/verbs/add.cc '  ::unshare (0);'
expect_found source_rules plugin/cni/ids.cc 'throw std::runtime_error("no");'
expect_found source_rules netns/floor.cc 'printf("x");'
expect_found source_rules plugin/cni/ids.h 'using namespace std;'
expect_found source_rules netlink/new.h '#include <vector>'
expect_found source_rules plugin/ipam/lease.cc "$(yes '//' | head -300)"
exit "$failed"

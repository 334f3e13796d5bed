#!/bin/bash
# Rules of the house that a search can check.
# usage: source_rules.sh REPOSITORY
set -u
cd "$1" || exit 1
failed=0
mapfile -t production < <(find netns netlink plugin -name '*.h' -o -name '*.cc' | sort)
mapfile -t all < <(find netns netlink plugin tests -name '*.h' -o -name '*.cc' | sort)
mapfile -t above_netns < <(printf '%s\n' "${production[@]}" | grep -v '^netns/')
mapfile -t below_plugin < <(printf '%s\n' "${production[@]}" | grep -v '^plugin/')

# Says `why` and shows each line of code in the files that matches `pattern` and not `exception` ("-": none is).
# Comments and text in quotes are not code.
forbid() {
  local why=$1 pattern=$2 exception=$3 hits
  shift 3
  hits=$(awk -v pattern="$pattern" -v exception="$exception" '{
    code = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
    sub(/\/\/.*/, "", code)
    if (code ~ pattern && (exception == "-" || code !~ exception)) print "  " FILENAME ":" FNR ": " $0
  }' "$@")
  [ -z "$hits" ] && return
  echo "$why:"
  echo "$hits"
  failed=1
}

start='(^|[^a-zA-Z0-9_])'
forbid "only netns/ may change namespace" "$start(setns|unshare)[ ]*[(]" - "${above_netns[@]}"
forbid "failures are values (Result); exceptions are for memory and for promises of our own that broke" \
  "${start}throw([^a-zA-Z0-9_]|$)" 'throw std::(bad_alloc|length_error|logic_error)[(]' "${production[@]}"
forbid "only plugin/ speaks to stdout and stderr" "$start(printf|puts|fprintf|fputs|perror)[ ]*[(]" - "${below_plugin[@]}"
forbid "no 'using namespace' for a whole file" '^using namespace' - "${production[@]}"

for file in "${all[@]}"; do
  lines=$(wc -l <"$file")
  if [ "$lines" -gt 300 ]; then
    echo "$file has $lines lines; split it by concept (300 at most)"
    failed=1
  fi
  if [[ $file == *.h ]] && [ "$(grep -c '^#pragma once$' "$file")" != 1 ]; then
    echo "$file has no '#pragma once'"
    failed=1
  fi
done
exit "$failed"

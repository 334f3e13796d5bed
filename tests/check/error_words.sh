#!/usr/bin/env bash
# Every word an error can carry is in the table, and docs/errors.md explains exactly the words of the table, with their codes.
set -euo pipefail
cd "$(dirname "$0")/../.."

table=$(sed -nE 's/.*ErrorWord\{"([a-z0-9-]+)", ([0-9]+)\}.*/\1 \2/p' plugin/cni/error_words.cc | sort)
documented=$(awk '/^### \[/ { word = $2; gsub(/[][]/, "", word) }
                  /^Code [0-9]+/ && word { code = $2; sub(/\..*/, "", code); print word, code; word = "" }' docs/errors.md | sort)
if ! diff <(echo "$table") <(echo "$documented"); then
  echo "docs/errors.md (right) and plugin/cni/error_words.cc (left) differ" >&2
  exit 1
fi

# Words in the sources: in brackets inside texts, or the word argument of an error.
used=$(grep -rhoE '"[^"]*\[[a-z]+(-[a-z]+)+\][^"]*"' plugin netlink netns --include='*.cc' | grep -oE '\[[a-z-]+\]' | tr -d '[]' | sort -u)
missing=$(comm -23 <(echo "$used") <(echo "$table" | cut -d' ' -f1 | sort -u))
if [ -n "$missing" ]; then
  echo "words that are not in the table: $missing" >&2
  exit 1
fi

#!/bin/bash
# usage: check.sh SOURCE COMPILER OPTION...
# SOURCE must not compile, for the reason its "// expect:" line gives; with -DFIXED, which mends that one thing, it must.
set -u
source=$1
shift

expected=$(sed -n 's,^// expect: ,,p' "$source")
if [ -z "$expected" ]; then
  echo "$source has no line '// expect: REGEX'"
  exit 1
fi
if ! output=$("$@" -fsyntax-only -DFIXED "$source" 2>&1); then
  echo "the mended version does not compile, so nothing is proved:"
  echo "$output"
  exit 1
fi
if output=$("$@" -fsyntax-only "$source" 2>&1); then
  echo "$source compiles, and must not"
  exit 1
fi
if ! grep -Eq "error:.*($expected)" <<<"$output"; then
  echo "it does not compile, but for another reason than '$expected':"
  echo "$output"
  exit 1
fi

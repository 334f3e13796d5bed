#!/bin/bash
# The static binary asks for no shared library: not in its headers, and not when it is all there is.
# usage: static_binary.sh ISTHMUS-STATIC
set -u
failed=0
if headers=$(readelf -lW "$1") && ! grep -qE '^ +(INTERP|DYNAMIC) ' <<<"$headers"; then
  echo "no interpreter, no dynamic section"
else
  echo "$1 is not static:"
  echo "$headers"
  failed=1
fi
if [ "$(id -u)" = 0 ]; then
  root=$(mktemp -d) || exit 1
  trap 'rm -rf "$root"' EXIT
  cp "$1" "$root/isthmus"
  if answer=$(CNI_COMMAND=VERSION chroot "$root" /isthmus <<<'{"cniVersion":"1.0.0"}') && [[ $answer == *supportedVersions* ]]; then
    echo "answers where there is nothing but itself"
  else
    echo "fails where there is nothing but itself: $answer"
    failed=1
  fi
fi
exit "$failed"

#!/bin/bash
# The direction of the arrows: which folder may include which, and where foreign headers may stand.
# usage: includes.sh REPOSITORY
set -u
cd "$1" || exit 1
mapfile -t sources < <(find netns netlink plugin -name '*.h' -o -name '*.cc')
failures=0
complain() {
  echo "$1"
  failures=$((failures + 1))
}

# What each folder may include of ours. plugin/main.cc belongs to "plugin".
declare -A allowed=(
  [netns]="netns"
  [netlink]="netns netlink"
  [netlink/libmnl]="netlink/libmnl"
  [plugin/static]="plugin/static"
  [plugin/cni]="netns netlink plugin/cni"
  [plugin/log]="netns netlink plugin/cni plugin/log"
  [plugin/ipam]="netns netlink plugin/cni plugin/ipam"
  [plugin/attachment]="netns netlink plugin/cni plugin/ipam plugin/attachment"
  [plugin/verbs]="netns netlink plugin/cni plugin/ipam plugin/attachment plugin/verbs"
  [plugin/reap]="netns netlink plugin/cni plugin/ipam plugin/attachment plugin/verbs plugin/reap"
  [plugin/inspect]="netns netlink plugin/cni plugin/ipam plugin/attachment plugin/verbs plugin/reap plugin/inspect"
)
everything="netns netlink plugin/cni plugin/ipam plugin/attachment plugin/verbs plugin/reap plugin/inspect plugin/log plugin/commands"
allowed[plugin/commands]=$everything
allowed[plugin]=$everything
for folder in $(printf '%s\n' "${sources[@]}" | xargs -n1 dirname | sort -u); do
  [ -n "${allowed[$folder]:-}" ] || complain "$folder is new: give it its place among the arrows in $0"
done

# FILE:LINE "header" or <header>, one a line.
includes() { grep -Hno '^ *# *include *["<][^">]*[">]' "${sources[@]}" | sed -E 's,# *include *,,; s, +, ,g'; }

headers=$(mktemp) || exit 1
trap 'rm -f "$headers"' EXIT
while IFS=: read -r file line header; do
  header=${header# }
  name=${header:1:-1}
  folder=$(dirname "$file")
  case $header in
    \"*)
      target=$(dirname "$name")
      [ -f "$name" ] || complain "$file:$line: \"$name\" is no file below the repository: includes begin at its root"
      [[ " ${allowed[$folder]:-} " == *" $target "* ]] || complain "$file:$line: $folder may not include $target ($name)"
      [ "$file" = "$name" ] && complain "$file:$line: includes itself"
      [[ $file == *.h ]] && echo "$file $name" >>"$headers"
      ;;
    "<netlink/"* | "<libmnl/"* | "<libnftnl/"*)
      [[ $file == netlink/*.cc ]] || complain "$file:$line: $header belongs into netlink/*.cc"
      ;;
    "<nlohmann/"*)
      [[ $file == plugin/*.cc ]] || complain "$file:$line: $header belongs into .cc files of plugin/, it costs 2 s a file"
      ;;
    "<CLI/"*)
      [[ $file == plugin/commands/cli11.h ]] || complain "$file:$line: $header belongs into plugin/commands/cli11.h, it brings iostreams"
      ;;
    "<spdlog/"*)
      [[ $file == plugin/log/log.cc ]] || complain "$file:$line: $header belongs into plugin/log/log.cc, it costs 3.5 s a file"
      ;;
    "<iostream>" | "<istream>" | "<ostream>" | "<fstream>" | "<sstream>" | "<iomanip>" | "<locale>" | "<regex>")
      complain "$file:$line: $header brings the locale machinery into a program that lives for milliseconds"
      ;;
  esac
done < <(includes)

# No two headers need each other, not even through a third.
if ! circles=$(tsort "$headers" 2>&1 >/dev/null); then
  complain "these include each other in a circle:"
  sed -n 's,^tsort: ,  ,p' <<<"$circles" | grep -v "$headers"
fi
[ "$failures" = 0 ] || exit 1

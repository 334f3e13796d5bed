#!/usr/bin/env bash
# Completion and manual pages tell of what is there: bash completes commands, options and names; zsh and fish take
# their scripts; groff formats every page without a warning.
set -euo pipefail
here=$(dirname "$0")
source "$here/../support/private-host.sh"
enter_private_host "$@"
source "$here/lib.sh"
need ip groff zsh fish

complete_line() { # WORD...: what bash offers for the last one
  bash -c 'source <("$0" completion bash); COMP_WORDS=(isthmus "$@"); COMP_CWORD=$#; _isthmus; printf "%s\n" "${COMPREPLY[@]}"' "$ISTHMUS_BIN" "$@" | sort | tr '\n' ' '
}
step "bash"
ip netns add web
ip netns add 'we$(id)'
expect_equal "commands" "$(complete_line d)" "doctor "
expect_equal "options" "$(complete_line list --c)" "--color --columns "
expect_equal "options of the alias" "$(complete_line ps --b)" "--bridge "
expect_equal "names" "$(complete_line exec we)" 'we$(id) web '
[[ " $(complete_line exec web bas) " == *" bash "* ]] || fail "exec does not complete commands"
proved "commands behind exec"

step "every option that --help tells of, in every script"
for shell in bash zsh fish; do "$ISTHMUS_BIN" completion $shell >"$PRIVATE_WORK/$shell"; done
for command in list find exec doctor gc repair; do
  "$ISTHMUS_BIN" man $command >"$PRIVATE_WORK/page"
  for option in $("$ISTHMUS_BIN" $command --help | grep -oE '^ +(-[a-zA-Z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
    for shell in bash zsh; do
      grep -q -- "$option" "$PRIVATE_WORK/$shell" || fail "$command $option is missing for $shell"
    done
    grep -q -- "-l ${option#--} " "$PRIVATE_WORK/fish" || fail "$command $option is missing for fish"
    grep -qF -- "${option//-/\\-}" "$PRIVATE_WORK/page" || fail "$command $option is missing in the manual"
  done
  expect_equal "$command --help begins with examples" "$("$ISTHMUS_BIN" $command --help | grep -c '^  isthmus ')" 2
done
step "zsh and fish"
mv "$PRIVATE_WORK/zsh" "$PRIVATE_WORK/_isthmus"
zsh -n "$PRIVATE_WORK/_isthmus" || fail "zsh refuses its script"
zsh -fc 'fpath=($1 $fpath); autoload -Uz compinit; compinit -u -d "$1/dump"; [[ $_comps[isthmus] == _isthmus ]]' zsh "$PRIVATE_WORK" || fail "zsh does not take it"
proved "zsh takes its script"
offered=$(HOME=$PRIVATE_WORK fish --no-config -c "source $PRIVATE_WORK/fish; complete -C 'isthmus doctor --on'; complete -C 'isthmus fi'; complete -C 'isthmus exec web'" | cut -f1 | tr '\n' ' ')
expect_equal "fish" "$offered" "--only find web "

step "manual pages"
for page in "" list find exec doctor gc repair; do
  warnings=$("$ISTHMUS_BIN" man $page | groff -man -Tutf8 -ww 2>&1 >"$PRIVATE_WORK/page")
  [ -z "$warnings" ] || fail "isthmus man $page: $warnings"
  grep -q isthmus "$PRIVATE_WORK/page" || fail "isthmus man $page is empty"
done
proved "seven pages without a warning"
expect_failure "Usage: isthmus completion" "$ISTHMUS_BIN" completion tcsh

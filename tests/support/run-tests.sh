#!/usr/bin/env bash
# run-tests.sh BUILD JOBS [CTEST ARGUMENTS]: runs ctest and ends with one line that counts every single test case:
# those inside the GoogleTest programs, and one for each other test.
set -euo pipefail
build=$(realpath "$1")
jobs=$2
shift 2

reports=$build/reports
rm -rf "$reports"
mkdir -p "$reports"
status=0
GTEST_OUTPUT=xml:$reports/gtest/ ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error \
  --output-junit "$reports/ctest.xml" "$@" </dev/null || status=$?

# A program that wrote a report counts with its cases, unless it fell over in spite of them.
shopt -s nullglob
awk '
  function number(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3) + 0 : 0 }
  function word(name) { return match($0, " " name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : "" }
  /<testsuite / && FILENAME ~ /\/gtest\// {
    program = FILENAME
    sub(/.*\//, "", program)
    sub(/\.xml$/, "", program)
    cases[program] += number("tests") - number("disabled")
    bad[program] += number("failures") + number("errors")
    left_out[program] += number("skipped")
  }
  /<testcase / && FILENAME ~ /ctest\.xml$/ {
    program = word("name")
    sub(/\./, "_", program)
    verdict = word("status")
    if (program in cases) {
      wrong = bad[program]
      if (verdict == "fail" && wrong == 0) wrong = 1
      failed += wrong
      skipped += left_out[program]
      passed += cases[program] - wrong - left_out[program]
    } else if (verdict == "run") passed++
    else if (verdict == "fail") failed++
    else skipped++
  }
  END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped }
' "$reports"/gtest/*.xml "$reports/ctest.xml"
exit "$status"

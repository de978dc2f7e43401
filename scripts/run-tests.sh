#!/bin/sh
# Both halves of the tests side by side: they wait for servers and clocks more than they compute.  Ends with the worse
# of their results; the second half is shown when it is over.  Its argument is what runs Python: .venv/bin/python, or
# .venv/bin/coverage run.
set -u
cd "$(dirname "$0")/.."
tests="$1 -m pytest -m"
log=$(mktemp)

$tests "not nightly" tests/acceptance >"$log" 2>&1 &
second=$!
trap 'kill "$second" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

$tests "not nightly" tests/unit tests/integration
first_result=$?
echo "The acceptance tests, which began at the same time:"
wait "$second"
second_result=$?
cat "$log"
[ "$first_result" -gt "$second_result" ] && exit "$first_result"
exit "$second_result"

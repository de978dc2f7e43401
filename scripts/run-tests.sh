#!/bin/sh
# The tests in three parts side by side: they wait for servers and clocks more than they compute.  Ends with the worst of
# their results; the parts that ran beside the first are shown when they are over.  Its argument is what runs Python:
# .venv/bin/python, or .venv/bin/coverage run.
set -u
cd "$(dirname "$0")/.."
tests="$1 -m pytest -m"
# Hundreds of commands are started: without this each compiles all of Bascule anew, where the machine keeps no bytecode.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$PWD/.cache/bytecode"
second=$(mktemp)
third=$(mktemp)

# Of every eight files with servers two run beside the unit tests and three in each other part: about a third of the time.
turns() { ls tests/acceptance/test_*.py tests/integration/test_*.py | awk -v turns="$1" 'index(turns, NR % 8)'; }
$tests "not nightly" $(turns 257) >"$second" 2>&1 &
second_process=$!
$tests "not nightly" $(turns 036) >"$third" 2>&1 &
third_process=$!
trap 'kill "$second_process" "$third_process" 2>/dev/null; rm -f "$second" "$third"' EXIT
trap 'exit 130' INT TERM

$tests "not nightly" tests/unit $(turns 14)
worst=$?
for part in "$second_process $second" "$third_process $third"; do
    echo "Tests that began at the same time:"
    wait "${part%% *}"
    result=$?
    cat "${part#* }"
    [ "$result" -gt "$worst" ] && worst=$result
done
exit "$worst"

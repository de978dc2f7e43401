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
odd=$(mktemp)
even=$(mktemp)

# Every other file, and every third of the integration tests: what takes long is spread over all three.
acceptance() { ls tests/acceptance/test_*.py | sed -n "$1"; }
integration() { ls tests/integration/test_*.py | sed -n "$1"; }
$tests "not nightly" $(acceptance 'p;n') $(integration 'n;p;n') >"$odd" 2>&1 &
odd_process=$!
$tests "not nightly" $(acceptance 'n;p') $(integration 'n;n;p') >"$even" 2>&1 &
even_process=$!
trap 'kill "$odd_process" "$even_process" 2>/dev/null; rm -f "$odd" "$even"' EXIT
trap 'exit 130' INT TERM

$tests "not nightly" tests/unit $(integration 'p;n;n')
worst=$?
for part in "$odd_process $odd" "$even_process $even"; do
    echo "Tests that began at the same time:"
    wait "${part%% *}"
    result=$?
    cat "${part#* }"
    [ "$result" -gt "$worst" ] && worst=$result
done
exit "$worst"

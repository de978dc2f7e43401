#!/bin/sh
# The tests in three processes side by side: they wait for servers and clocks more than they compute.  Each takes the next
# file when it is through with one, those that take long first.  The argument is what runs Python: .venv/bin/python, or
# .venv/bin/coverage run.
set -eu
cd "$(dirname "$0")/.."
# Hundreds of commands are started: without this each compiles all of Bascule anew, where the machine keeps no bytecode.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$PWD/.cache/bytecode"
exec $1 -m pytest -m "not nightly" --numprocesses 3 --dist loadfile --no-loadscope-reorder \
    tests/acceptance tests/integration tests/unit

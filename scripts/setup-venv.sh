#!/bin/sh
# Makes .venv with this project and one of its extras: setup-venv.sh sandbox|test.  Does nothing when that is done already.
set -eu
cd "$(dirname "$0")/.."
extra=$1
python=${PYTHON:-python3}
stamp=.venv/.installed-$extra
wanted=$(cksum <pyproject.toml)

.venv/bin/python -c '' 2>/dev/null || rm -rf .venv
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi

if [ ! -d .venv ]; then
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "Bascule needs Python 3.11 or newer, and $python is older or missing." >&2
        echo "Name another one: make ${MAKECMDGOALS:-test} PYTHON=python3.12" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "This Python cannot make virtual environments.  On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
    echo "Making .venv"
    "$python" -m venv .venv
fi
echo "Installing bascule with what \"$extra\" needs into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extra]"
echo "$wanted" >"$stamp"

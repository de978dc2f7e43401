"""The command's entry: makes sure that our packages are ours, then runs the command line.

The four import packages have plain names, and other distributions on PyPI use them too (sqlalchemy-migrate installs
``migrate``).  This module has a name of its own, so that it can say so instead of failing in the middle.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

PACKAGES = ("connectors", "plans", "migrate", "runbooks")
DISTRIBUTION = "bascule"


def main() -> None:
    """Run the command line; exit with 2 when another distribution stands in the way."""
    # What is imported is no garbage: looking for some takes a tenth of the start.  The command line enables it again.
    gc.disable()
    try:
        strangers = [name for name in PACKAGES if not _is_ours(name)]
        if strangers:
            sys.exit(_explain(strangers))
        import_module("migrate.cli.main").main()
    except KeyboardInterrupt:
        # Before the command line listens to Ctrl-C itself.
        sys.exit(130)


def _is_ours(name: str) -> bool:
    try:
        package = import_module(name)
    except ImportError:
        return False
    return getattr(package, "DISTRIBUTION", None) == DISTRIBUTION


def _explain(strangers: list[str]) -> int:
    # Here, for it takes longer than all else before main, where Ctrl-C would show a traceback.
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    for name in strangers:
        others = sorted({owner for owner in owners.get(name, []) if owner != DISTRIBUTION})
        owner = " and ".join(others) or "something else on the Python path"
        print(f'bascule cannot start: the Python package "{name}" belongs to {owner} here.', file=sys.stderr)
    print(
        "Install bascule where it is alone: with pipx, or in a new environment (python3 -m venv).",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    main()

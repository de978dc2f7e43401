"""The programs that made a file."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import distributions, version
from typing import Any

from migrate.ledger.schema import REVISION

_PACKAGES = ("SQLAlchemy", "alembic", "pydantic", "click", "dnspython", "Jinja2")


def versions() -> dict[str, Any]:
    """Those that what a file says may depend on."""
    return {
        "bascule": version("bascule"),
        "ledger": REVISION,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def every_version() -> dict[str, Any]:
    """For who helps: every package, and the kind of machine."""
    packages = sorted(distributions(), key=lambda one: one.name.lower())
    return versions() | {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {one.name: one.version for one in packages},
    }

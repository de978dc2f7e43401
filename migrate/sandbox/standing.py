"""What stands in a sandbox, as a file tells other programs: ``stand-ins.json``, which holds no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

FILE = "stand-ins.json"


class StandIn(BaseModel):
    """One server.  ``plan``: the keys of a system in organisation.yaml that lead to it, none for what is no system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    #: ``HOST:PORT``, or where its sign-in is.
    address: str
    plan: Mapping[str, Any] | None = None


class Standing(BaseModel):
    """A sandbox that runs.  ``folder``: where its passwords, zones and what was sent elsewhere lie."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pid: int
    #: ISO 8601, with its zone.
    since: str
    folder: str
    #: Whether its state stays when it ends.
    kept: bool
    stand_ins: Mapping[str, StandIn]


@contextmanager
def announced(standing: Standing, folder: Path) -> Iterator[None]:
    """The file is there for as long as the block lasts, or until :func:`withdraw`; it is whole from the beginning."""
    new = folder / f"{FILE}.new"
    new.write_text(standing.model_dump_json(indent=2) + "\n", encoding="utf-8")
    new.replace(folder / FILE)
    try:
        yield
    finally:
        withdraw(folder)


def is_announced(folder: Path) -> bool:
    """Whether the sandbox there is to go on."""
    return (folder / FILE).exists()


def withdraw(folder: Path) -> None:
    """Take the file away: the sandbox that wrote it sees that and ends, whatever number its process has."""
    (folder / FILE).unlink(missing_ok=True)


def read_standing(folder: Path) -> Standing | None:
    """What was written last; None when nothing was."""
    try:
        return Standing.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None

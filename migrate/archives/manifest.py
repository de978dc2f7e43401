"""What an export says of itself: whose it is, so that it can be gone on with, and its counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from connectors.archives.contract import Archive
from connectors.language import _
from migrate.archives.files import as_json_text, make_private, write_whole

NAME = "manifest.json"


class ForeignFolder(Exception):
    """The folder is not this export's: worded for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What an export was made of, and how.  The same again goes on with it."""

    #: Absolute.
    path: Path
    kind: str
    identity: str
    epoch: str
    form: str
    salvage: bool

    @classmethod
    def of(cls, archive: Archive, path: Path, form: str, *, salvage: bool) -> Origin:
        return cls(path.absolute(), archive.kind, archive.identity, archive.epoch, form, salvage)

    def told(self) -> dict[str, Any]:
        return {
            "archive": {
                "path": str(self.path), "kind": self.kind, "identity": self.identity, "epoch": self.epoch,
            },
            "as": self.form,
            "salvage": self.salvage,
        }  # fmt: skip

    def differs_from(self, told: dict[str, Any]) -> str | None:
        """Why an export that says ``told`` of itself cannot be gone on with; None when it can."""
        archive = told["archive"]
        where = str(archive["path"])
        same = archive["identity"] == self.identity if self.identity else where == str(self.path)
        if archive["kind"] != self.kind or not same:
            return _("It holds the export of another archive, {path}.").format(path=where)
        if (told["as"], told["salvage"]) != (self.form, self.salvage):
            return _("It holds the same archive, exported in another way.")
        if archive["epoch"] != self.epoch:
            return _("The archive was made anew since it was exported there.")
        return None


def begin(folder: Path, origin: Origin) -> bool:
    """Take the folder for this export; whether an earlier run had come to its end.

    Raises :class:`ForeignFolder` when it holds anything but this very export, OSError when it cannot be made.
    """
    file = folder / NAME
    if not file.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ForeignFolder(
                _("{folder} holds other files already. Name a folder that is empty or does not exist yet.").format(
                    folder=folder
                )
            )
        make_private(folder)
        _write(folder, origin.told() | {"complete": False})
        return False
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        why, complete = origin.differs_from(told), bool(told["complete"])
    except (ValueError, LookupError, TypeError):
        why, complete = _("Its file {name} cannot be understood.").format(name=NAME), False
    if why is not None:
        refusal = _("{folder} cannot be gone on with.").format(folder=folder)
        advice = _("Name another folder.")
        raise ForeignFolder(f"{refusal} {why} {advice}")
    if complete:
        _write(folder, told | {"complete": False})
    return complete


def finish(folder: Path, origin: Origin, told: dict[str, Any]) -> None:
    """Write what came of it.  Raises OSError."""
    _write(folder, origin.told() | told)


def reported_as_json(reported: Sequence[Any]) -> list[dict[str, Any]]:
    """Items that stand in no file, and why."""
    return [
        {
            "folder": list(one.source), "key": one.key, "nature": one.nature.value, "code": one.code,
            "message": str(one.message),
        }
        for one in reported
    ]  # fmt: skip


def _write(folder: Path, told: dict[str, Any]) -> None:
    whole = {
        "made_by": {"tool": "bascule", "version": version("bascule")},
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        **told,
    }
    write_whole(folder / NAME, (as_json_text(whole) + "\n").encode())

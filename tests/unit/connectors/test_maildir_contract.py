"""The Maildir connector keeps the contract, in both layouts, with names in both spellings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, Source, Target
from connectors.imap.names import encode
from connectors.maildir.connector import MaildirConnector
from connectors.maildir.settings import MaildirSettings
from connectors.suite import Harness, Mail, SourceContract, TargetContract

MANNERS: dict[str, dict[str, Any]] = {
    "Maildir++": {},
    "Maildir++, names in UTF-8": {"names": "utf-8"},
    "directories": {"layout": "directories"},
    "directories, names in UTF-8": {"layout": "directories", "names": "utf-8"},
}
_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}
_numbers = count(1)


class MaildirHarness(Harness):
    """Looks at the files by itself, with nothing of the connector but how a folder's name is spelt."""

    def __init__(self, manner: dict[str, Any], folder: Path) -> None:
        (folder / "spool").mkdir()
        self.resources = Resources(ByteBudget(), folder / "spool")
        self.manner = manner
        self.root = folder / "mail" / "ann"
        for part in ("cur", "new", "tmp"):
            (self.root / part).mkdir(parents=True)
        self.connector = MaildirConnector(MaildirSettings(path=folder / "mail" / "{user}", **manner), self.resources)

    def open_source(self) -> Source:
        return self.connector.open_source(Account("ann"), Event())

    def open_target(self) -> Target:
        return self.connector.open_target(Account("ann"), Event())

    def open_with_wrong_password(self) -> Source:
        # There are no passwords; a name that would lead out of the folder is what is turned away.
        return self.connector.open_source(Account(".."), Event())

    def folder(self, path: tuple[str, ...]) -> Path:
        if path == ("INBOX",):
            return self.root
        names = [part if self.manner.get("names") == "utf-8" else encode(part).decode() for part in path]
        return self.root.joinpath(*names) if "layout" in self.manner else self.root / ("." + ".".join(names))

    def put(self, path: tuple[str, ...], *mails: Mail) -> None:
        for part in ("cur", "new", "tmp"):
            (self.folder(path) / part).mkdir(parents=True, exist_ok=True)
        for mail in mails:
            self.write(path, mail, f"{next(_numbers) + 1_600_000_000}.M1P2.somewhere")

    def write(self, path: tuple[str, ...], mail: Mail, base: str) -> Path:
        file = self.folder(path) / "cur" / f"{base}:2,{''.join(sorted(map(_LETTERS.__getitem__, mail.flags)))}"
        file.write_bytes(mail.data)
        when = int(mail.received.timestamp())
        os.utime(file, (when, when))
        return file

    def look(self, path: tuple[str, ...]) -> list[Mail]:
        return [self.mail(file) for file in self.files(path)]

    def mail(self, file: Path) -> Mail:
        keywords = file.parents[1] / "dovecot-keywords"
        known = {letter: flag for flag, letter in _LETTERS.items()}
        for line in keywords.read_text().splitlines() if keywords.exists() else ():
            number, keyword = line.split(" ", 1)
            known["abcdefghijklmnopqrstuvwxyz"[int(number)]] = keyword
        flags = frozenset(known[letter] for letter in file.name.partition(":2,")[2])
        return Mail(file.read_bytes(), datetime.fromtimestamp(file.stat().st_mtime, UTC), flags)

    def files(self, path: tuple[str, ...]) -> list[Path]:
        """In the order of their times; the names of these tests and of the connector have them in full."""
        folder = self.folder(path) / "cur"
        return sorted(folder.iterdir(), key=_time) if folder.is_dir() else []

    def set_flags(self, path: tuple[str, ...], index: int, flags: Collection[str]) -> None:
        file = self.files(path)[index]
        letters = "".join(sorted(map(_LETTERS.__getitem__, flags)))
        file.rename(file.with_name(f"{file.name.partition(':')[0]}:2,{letters}"))

    def delete(self, path: tuple[str, ...], index: int) -> None:
        self.files(path)[index].unlink()

    def remove_folder(self, path: tuple[str, ...]) -> None:
        shutil.rmtree(self.folder(path))

    def as_stored(self, data: bytes) -> bytes:
        return data if b"\r\r\n" in data else data.replace(b"\r\n", b"\n")


def _time(file: Path) -> tuple[int, int]:
    seconds, rest = file.name.split(".")[:2]
    return int(seconds), int(rest[1:].partition("P")[0])


@pytest.fixture(params=MANNERS.values(), ids=MANNERS)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> MaildirHarness:
    return MaildirHarness(request.param, tmp_path)


class TestMaildirSource(SourceContract):
    def test_a_source_session_changes_nothing(self, harness: MaildirHarness) -> None:
        harness.put(("Work",), *(Mail(f"Subject: {n}\n\nx\n".encode()) for n in range(3)))
        new = harness.folder(("Work",)) / "new" / "1700000000.M1P1.somewhere"
        new.write_bytes(b"Subject: new\n\nx\n")
        before = _everything(harness.root)
        session = harness.open_source()
        assert not isinstance(session, Target)
        for folder in session.folders():
            keys = [entry.key for window in session.entries(folder, None) for entry in window.entries]
            list(session.headers(folder, keys))
            list(session.read(folder, keys))
        session.close()
        assert _everything(harness.root) == before


class TestMaildirTarget(TargetContract):
    pass


def _everything(root: Path) -> dict[str, tuple[float, ...]]:
    """Every file and folder with its times, the one of last access too."""
    paths = [root, *root.rglob("*")]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.stat().st_atime_ns) for path in paths}

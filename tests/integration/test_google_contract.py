"""The Google Workspace connector keeps the contract before a stand-in, whether Gmail keeps twins or not."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, Source, Target
from connectors.google_workspace import GoogleWorkspaceConnector
from connectors.google_workspace.mailbox_labels import SYSTEM
from connectors.suite import Harness, Mail, SourceContract, TargetContract, samples
from connectors.suite.harness import FolderPath
from migrate.sandbox.google.started import HeldMail
from tests.servers.google import GoogleForTests
from tests.servers.google_workspace import delete_label, settings_for

_LABELS = {path: role for role, path in SYSTEM.items()}


class GoogleHarness(Harness):
    """A mailbox of its own in a stand-in that runs as long as the tests do."""

    def __init__(self, google: GoogleForTests, folder: Path) -> None:
        spool = folder / "spool"
        spool.mkdir()
        self.resources = Resources(ByteBudget(), spool)
        self.google = google
        self.stand_in = google.stand_in
        self.user = google.person()
        self.connector = GoogleWorkspaceConnector(settings_for(google), self.resources)

    def open_source(self) -> Source:
        return self.connector.open_source(self._account(), Event())

    def open_target(self) -> Target:
        return self.connector.open_target(self._account(), Event())

    def open_with_wrong_password(self) -> Source:
        key = self.stand_in.control("key")
        self.stand_in.control("revoke_key", key_id=key["private_key_id"])
        other = GoogleWorkspaceConnector(settings_for(self.google, json.dumps(key)), self.resources)
        return other.open_source(self._account(), Event())

    def put(self, path: FolderPath, *mails: Mail) -> None:
        for mail in mails:
            self.stand_in.put(self.user, [mail.data], [_label(path), *_marks(mail.flags)], mail.received)

    def look(self, path: FolderPath) -> list[Mail]:
        return [Mail(held.raw, held.internal_date, _flags(held)) for held in self._held(path)]

    def set_flags(self, path: FolderPath, index: int, flags: Collection[str]) -> None:
        self.stand_in.relabel(self.user, self._held(path)[index].id, [_label(path), *_marks(flags)])

    def delete(self, path: FolderPath, index: int) -> None:
        self.stand_in.remove(self.user, self._held(path)[index].id)

    def remove_folder(self, path: FolderPath) -> None:
        delete_label(self.connector.access, self.user, _label(path))

    @contextmanager
    def stall(self) -> Iterator[None]:
        self.stand_in.fault("latency", user=self.user, seconds=20, times=None)
        try:
            yield
        finally:
            self.stand_in.control("heal")

    def told(self, mail: Mail) -> Mail:
        return Mail(mail.data, mail.received, frozenset(mail.flags & {"\\Seen", "\\Flagged"}))

    def dated(self, data: bytes, received: datetime) -> datetime | None:
        """Gmail shows the sender's date."""
        field = samples.digest_bytes(data).date_field
        return parsedate_to_datetime(field.decode()) if field else None

    def refuses(self) -> bytes | None:
        return b"From: nobody at all\r\nMessage-ID: <refused@x>\r\n\r\nno sender\r\n"

    def _account(self) -> Account:
        return Account(self.user, address=self.user)

    def _held(self, path: FolderPath) -> list[HeldMail]:
        return [held for held in self.stand_in.mailbox(self.user) if _label(path) in held.labels]


def _label(path: FolderPath) -> str:
    return {("INBOX",): "INBOX", ("Sent Mail",): "SENT"}.get(path) or "/".join(path)


def _marks(flags: Collection[str]) -> list[str]:
    return ["UNREAD"] * ("\\Seen" not in flags) + ["STARRED"] * ("\\Flagged" in flags)


def _flags(held: HeldMail) -> frozenset[str]:
    flags = {"\\Seen"} if "UNREAD" not in held.labels else set()
    return frozenset(flags | ({"\\Flagged"} if "STARRED" in held.labels else set()))


@pytest.fixture(params=["twins are kept", "the index lags"])
def harness(google: GoogleForTests, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[GoogleHarness]:
    google.stand_in.manners(dedupe=False, index_delay=3600.0 if request.param == "the index lags" else 0.0)
    yield GoogleHarness(google, tmp_path)
    google.stand_in.reset()


class TestGoogleSource(SourceContract):
    pass


class TestGoogleTarget(TargetContract):
    pass

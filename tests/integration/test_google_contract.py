"""The Google Workspace connector keeps the contract before a stand-in, whether Gmail keeps twins or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, Source, Target
from connectors.google_workspace.connector import GoogleWorkspaceConnector
from connectors.suite import Harness, Mail, SourceContract, TargetContract
from connectors.suite.finding import FindingContract
from connectors.suite.harness import FolderPath
from connectors.suite.writing import WritingContract
from connectors.wire import digest_bytes
from migrate.sandbox.google.started import HeldMail
from tests.servers.google import GoogleForTests
from tests.servers.google_workspace import delete_label, settings_for


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
        field = digest_bytes(data).date_field
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


@pytest.fixture
def harness(google: GoogleForTests, tmp_path: Path) -> GoogleHarness:
    google.stand_in.manners(dedupe=False)
    return GoogleHarness(google, tmp_path)


class _Opening:
    """What the parts of the contract ask for."""

    @pytest.fixture
    def open_target(self, harness: GoogleHarness) -> Iterator[Callable[[], Target]]:
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(harness.open_target()))

    @pytest.fixture
    def target(self, open_target: Callable[[], Target]) -> Target:
        return open_target()


class TestGoogleSource(SourceContract):
    pass


class TestGoogleTarget(TargetContract):
    pass


class TestWhileTheIndexLags(FindingContract, _Opening):
    """What was in flight is found, though no search sees it for an hour."""

    @pytest.fixture
    def harness(self, google: GoogleForTests, tmp_path: Path) -> GoogleHarness:
        google.stand_in.manners(dedupe=False, index_delay=3600.0)
        return GoogleHarness(google, tmp_path)


class TestWhereOneOfTwoIsKept(FindingContract, WritingContract, _Opening):
    """As Gmail does by most reports; a second copy of what is there cannot be told from the first."""

    test_twins_are_found_one_to_one = None

    @pytest.fixture
    def harness(self, google: GoogleForTests, tmp_path: Path) -> GoogleHarness:
        google.stand_in.manners(dedupe=True)
        return GoogleHarness(google, tmp_path)

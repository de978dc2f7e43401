"""What is particular to Cyrus: a folder full of keywords, object ids that STATUS makes up or that are given twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, FlagChange, Outgoing, Resources, Target
from connectors.errors import ConnectorError, Fatal
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.wire import digest_bytes
from tests.conftest import _entered
from tests.servers.cyrus import running_cyrus
from tests.servers.mail import Mail, holdings, seed
from tests.servers.server import ImapServer

_numbers = count(1)
#: Keywords that a folder of Cyrus 3.6 keeps.
LIMIT = 100
INBOX = ("INBOX",)


@pytest.fixture(scope="module")
def cyrus() -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_cyrus())


@pytest.fixture
def user() -> str:
    return f"ann{next(_numbers)}"


@pytest.fixture
def target(cyrus: ImapServer, user: str, tmp_path: Path) -> Iterator[Target]:
    settings = ImapSettings(host=cyrus.host, port=cyrus.port, tls="plain", settle=1)
    connector = ImapConnector(settings, Resources(ByteBudget(), tmp_path))
    session = connector.open_target(Account(user, cyrus.password), Event())
    yield session
    session.close()


def _body(number: int) -> bytes:
    return f"From: a@example.org\r\nMessage-ID: <{number}@example.org>\r\n\r\nbody {number}\r\n".encode()


def _outgoing(ordinal: int, *flags: str) -> Outgoing:
    data = _body(1000 + ordinal)
    digests = digest_bytes(data)
    return Outgoing(
        ordinal, MemoryBody(data), Mail(INBOX, data).received, frozenset(flags), digests.wire, digests.header, None
    )


@pytest.fixture
def full_of_keywords(cyrus: ImapServer, user: str) -> None:
    seed(cyrus, user, [Mail(INBOX, _body(number), frozenset({f"word{number}"})) for number in range(LIMIT)])
    with pytest.raises(AssertionError, match="Too many user flags"):
        seed(cyrus, user, [Mail(INBOX, _body(LIMIT), frozenset({"another"}))])


def test_a_message_is_stored_without_the_keyword_that_its_folder_cannot_hold(
    cyrus: ImapServer, user: str, full_of_keywords: None, target: Target
) -> None:
    inbox = target.ensure(INBOX, None)
    commits: list[int] = []
    sent = _outgoing(0, "\\Seen", "word7", "another")
    (receipt,) = target.write(inbox, [sent], lambda: commits.append(1))
    assert (receipt.outcome, receipt.kept_flags) == ("stored", {"\\Seen", "word7"})
    assert len(commits) == 2, "each APPEND is allowed for itself"
    # The folder is known now: no second attempt.
    later = [_outgoing(1, "word8", "yet another"), _outgoing(2, "\\Flagged")]
    receipts = list(target.write(inbox, later, lambda: commits.append(1)))
    assert [receipt.outcome for receipt in receipts] == ["stored", "stored"]
    assert (receipts[0].kept_flags, receipts[1].kept_flags) == ({"word8"}, None)
    assert len(commits) == 3
    assert sum(holdings(cyrus, user)[INBOX].values()) == LIMIT + 3


def test_a_refused_message_with_keywords_is_refused_for_itself(
    cyrus: ImapServer, user: str, full_of_keywords: None, target: Target
) -> None:
    """A NUL is to blame, and the folder's keywords are doubted no longer than that."""
    inbox = target.ensure(INBOX, None)
    sent = _outgoing(0, "another")
    data = sent.body.open().read() + b"\0"
    (receipt,) = target.write(
        inbox, [Outgoing(0, MemoryBody(data), sent.received, sent.flags, sent.wire_digest, sent.header_digest, None)],
        lambda: None,
    )  # fmt: skip
    assert receipt.outcome == "refused"
    assert sum(holdings(cyrus, user)[INBOX].values()) == LIMIT


def test_system_flags_are_set_though_a_keyword_is_refused(
    cyrus: ImapServer, user: str, full_of_keywords: None, target: Target
) -> None:
    inbox = target.ensure(INBOX, None)
    (marked,) = target.mark(inbox, [FlagChange("1", add=frozenset({"\\Flagged", "another"}))])
    assert (marked.outcome, marked.added) == ("refused", {"\\Flagged"})
    flags = [stored.flags for stored in holdings(cyrus, user)[INBOX]]
    assert {"\\Flagged", "word0"} in flags


def test_every_folder_is_listed_whatever_its_status_makes_up(cyrus: ImapServer, user: str, target: Target) -> None:
    """STATUS with MAILBOXID among other items answers with bytes that are no id, and sometimes with a line end."""
    paths = [("Folder", str(number)) for number in range(60)]
    for path in paths:
        target.ensure(path, None)
    folders = {folder.path: folder for folder in target.folders()}
    assert folders.keys() >= set(paths)
    assert all(folder.object_id is None and folder.token for folder in folders.values())


def test_a_folder_that_is_put_in_the_place_of_another_stops_everything(tmp_path: Path) -> None:
    """Several processes make their first folder in the same second: of eight, within seven seconds, two at least."""
    with ExitStack() as running:
        cyrus = _entered(running, running_cyrus(chooses_partition=True))
        settings = ImapSettings(host=cyrus.host, port=cyrus.port, tls="plain", settle=1)
        connector = ImapConnector(settings, Resources(ByteBudget(), tmp_path))

        def make(connector: ImapConnector, number: int) -> ConnectorError | None:
            account = Account(f"bob{number}", cyrus.password)
            session = running.enter_context(closing(connector.open_target(account, Event())))
            try:
                folder = session.ensure(("Projects",), None)
                list(session.write(folder, [_outgoing(number)], lambda: None))
            except ConnectorError as error:
                return error
            return None

        with ThreadPoolExecutor(8) as people:
            errors = [error for error in people.map(partial(make, connector), range(8)) if error is not None]
            # The folders are there now, and each has the mail of another.
            later = ImapConnector(settings, Resources(ByteBudget(), tmp_path))
            errors_later = [error for error in people.map(partial(make, later), range(8)) if error is not None]
    assert errors
    assert all(isinstance(error, Fatal) and error.tells_what_to_do for error in errors)
    assert any(isinstance(error, Fatal) for error in errors_later)
    assert any(re.search(r"Projects of bob\d .* Projects of bob\d", str(error)) for error in errors)

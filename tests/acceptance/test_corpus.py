"""Every awkward message of the shared corpus arrives byte for byte, or the ledger says why it did not."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.wire import wire_bytes
from tests.acceptance.letters import footprint
from tests.acceptance.organisation import Organisation, imap, organisation
from tests.servers.mail import Mail, bodies, holdings, seed
from tests.servers.server import ImapServer

FLAGS = (
    frozenset[str](),
    frozenset({"\\Seen"}),
    frozenset({"\\Seen", "\\Answered", "$Forwarded"}),
    frozenset({"\\Flagged", "\\Draft", "Projekt-7", "NonJunk"}),
    frozenset({"\\Deleted", "$MDNSent"}),
)


@pytest.fixture(scope="module")
def source(old: ImapServer, shared_corpus: Path) -> str:
    """A mailbox with the whole corpus, each message with flags and a date of its own."""
    files = sorted((shared_corpus / "eml").glob("*.eml"))
    assert len(files) > 50
    mails = [
        Mail(
            ("INBOX",) if number % 2 else ("Corpus", "été"),
            wire_bytes(file.read_bytes()),
            FLAGS[number % len(FLAGS)],
            datetime(1999, 12, 31, 23, 59, 58, tzinfo=UTC) + timedelta(days=101 * number, seconds=number),
        )
        for number, file in enumerate(files)
    ]
    for mail in mails:
        seed(old, "corpus", [mail])
    served = Counter(data for folder in bodies(old, "corpus").values() for data in folder)
    assert served == Counter(mail.data for mail in mails), "the source refuses nothing and alters nothing"
    return "corpus"


@pytest.mark.parametrize("new", ["dovecot", "courier", "cyrus"], indirect=True)
def test_the_corpus_arrives_byte_for_byte_or_with_a_reason(
    place: Path, old: ImapServer, new: ImapServer, user: str, source: str
) -> None:
    plan = organisation(place, imap(old.port), imap(new.port), source_user=source, target_user=user)
    before = footprint(old, source)

    ended = plan.copy()

    refused = _refused(plan)
    assert ended.code == (3 if refused else 0), ended.err
    assert ended.mailbox["seen"] == sum(ended.mailbox["outcomes"].values())
    assert all(refused.values()), "a refusal has its reason"
    there, wanted = bodies(new, user), bodies(old, source)
    assert set(there) == set(wanted)
    for path, folder in wanted.items():
        expected = Counter(_as_kept(new, data) for data in folder if hashlib.sha256(data).digest() not in refused)
        assert Counter(there[path]) == expected
    if not refused:
        assert holdings(new, user) == holdings(old, source), "flags, keywords and dates"
    assert footprint(old, source) == before
    assert plan.copy().copied == 0


def _as_kept(server: ImapServer, data: bytes) -> bytes:
    """Courier ends every message with a line end, and leaves out a CR that ends no line."""
    if "courier" not in str(server.folder):
        return data
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def _refused(plan: Organisation) -> dict[bytes, str | None]:
    """By source digest, why a message is not there."""
    with closing(sqlite3.connect(f"file:{plan.ledger}?mode=ro", uri=True)) as ledger:
        return dict(ledger.execute("SELECT source_digest, reason FROM message WHERE outcome NOT IN ('stored')"))

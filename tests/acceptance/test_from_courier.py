"""Courier as the source: folders below ``INBOX.``, no token that tells of changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.conftest import TrapFactory
from tests.acceptance.journey import Journey, journey, sent
from tests.acceptance.letters import letter, letters
from tests.acceptance.organisation import imap, organisation
from tests.acceptance.trap import Moment, Snap, Trap
from tests.servers.mail import bodies, expected
from tests.servers.server import ImapServer


@pytest.fixture
def before_new(trap: TrapFactory, new: ImapServer) -> Trap:
    return trap(new.port)


@pytest.fixture
def one(place: Path, standing_courier: ImapServer, new: ImapServer, before_new: Trap, user: str) -> Journey:
    source = sent(standing_courier, f"from-{user}", letters(130))
    return journey(place, source, new, user, source_port=standing_courier.port, target_port=before_new.port, batch=20)


def test_a_killed_copy_is_continued(one: Journey, before_new: Trap) -> None:
    assert one.killed(before_new, Snap(Moment.LAST_BYTE, nth=3))
    one.ends_exactly()
    assert one.plan.copy().copied == 0
    one.has_arrived()


def test_what_changed_travels(one: Journey, standing_courier: ImapServer, new: ImapServer) -> None:
    one.ends_exactly()
    source, target = Box(standing_courier, one.sent.user), Box(new, one.user)
    first, *_ = one.sent.mails
    source.add(letter(500, folder=("INBOX",)), letter(501, folder=("Neu", "drunter")))
    source.flag(first, "+FLAGS", "\\Flagged")
    before = source.marks()
    ended = one.plan.copy()
    assert (ended.copied, ended.mailbox["this_pass"]["flags_changed"]) == (2, 1)
    assert target.holds() == source.holds()
    assert source.marks() == before
    assert sum(folder.total() for folder in target.holds().values()) == sum(map(len, (one.sent.mails, "ab")))


def test_an_inbox_that_nobody_ever_opened_is_empty(
    place: Path, standing_courier: ImapServer, new: ImapServer, before_new: Trap, user: str
) -> None:
    """Its UIDVALIDITY is another each second until then."""
    source = Box(standing_courier, f"fresh-{user}")
    source.add(letter(1, folder=("Sent",)))
    mails = sent(standing_courier, source.user, [letter(2, folder=("Sent",))])
    one = journey(place, mails, new, user, source_port=standing_courier.port, target_port=before_new.port)
    assert one.plan.copy().code == 0
    assert Box(new, user).holds() == expected([letter(1, folder=("Sent",)), letter(2, folder=("Sent",))])


def test_mail_in_an_inbox_that_nobody_ever_opened_is_copied(
    place: Path, standing_courier: ImapServer, new: ImapServer, user: str
) -> None:
    """As that of a person who only ever used POP3."""
    owner = f"pop-{user}"
    with standing_courier.login(owner):
        pass
    maildir = standing_courier.folder / "mail" / owner / "Maildir" / "new"
    mails = [letter(number, folder=("INBOX",)) for number in range(3)]
    for number, mail in enumerate(mails):
        (maildir / f"17000000{number}.M{number}.host").write_bytes(mail.data.replace(b"\r\n", b"\n"))
    plan = organisation(place, imap(standing_courier.port), imap(new.port), source_user=owner, target_user=user)
    assert plan.copy().code == 0
    assert sorted(bodies(new, user)["INBOX",]) == sorted(mail.data for mail in mails)

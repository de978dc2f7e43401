"""Cyrus: what its folders cannot hold is left out and said, and what it does to renamed folders and removed mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.conftest import Standing, TrapFactory
from tests.acceptance.journey import journey, sent
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, imap, organisation
from tests.acceptance.trap import Moment, Snap
from tests.conftest import CyrusFactory
from tests.servers.cyrus import ADMIN
from tests.servers.mail import Mail, expected
from tests.servers.server import ImapServer

#: Keywords that one folder of Cyrus 3.6 keeps, and how many are one too many.
LIMIT, MORE = 100, 12


@pytest.mark.parametrize("new", ["cyrus"], indirect=True)
def test_a_folder_with_more_keywords_than_it_keeps_arrives(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    mails = [
        Mail(("Tags",), letter(number).data, frozenset({"\\Seen", f"tag{number}"}), letter(number).received)
        for number in range(LIMIT + MORE)
    ]
    source, target = Box(old, f"tags-{user}"), Box(new, user)
    source.add(*mails)
    # One connection and one message after the other: which keywords find room does not depend on chance.
    plan = organisation(
        place,
        imap(old.port),
        imap(new.port, sessions=1, batch=1),
        source_user=source.user,
        target_user=target.user,
    )
    ended = plan.copy()
    assert ended.code == 0, ended.err
    kept = [
        mail if number < LIMIT else Mail(mail.folder, mail.data, frozenset({"\\Seen"}), mail.received)
        for number, mail in enumerate(mails)
    ]
    assert target.holds() == expected(kept)
    again = plan.copy()
    assert (again.code, set(again.mailbox["this_pass"].values())) == (0, {0})
    verified = plan.run("verify", SITE, "--json")
    assert (verified.code, verified.mailbox["grade"]) == (0, "good")
    assert [(one["kind"], one["cause"], one["lacks"]) for one in verified.mailbox["findings"]] == [
        ("flags", "not-kept", [f"tag{number}"]) for number in range(LIMIT, LIMIT + MORE)
    ]


@pytest.mark.parametrize("new", ["cyrus"], indirect=True)
def test_in_batches_too_every_message_arrives(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    mails = [
        Mail(("Tags",), letter(number).data, frozenset({f"tag{number}"}), letter(number).received)
        for number in range(LIMIT + MORE)
    ]
    source, target = Box(old, f"tags-{user}"), Box(new, user)
    source.add(*mails)
    plan = organisation(place, imap(old.port), imap(new.port), source_user=source.user, target_user=target.user)
    ended = plan.copy()
    assert ended.code == 0, ended.err
    (there,) = target.holds().values()
    bare = [Mail(mail.folder, mail.data, received=mail.received) for mail in mails]
    assert sorted(stored.content for stored in there) == sorted(stored.content for stored in expected(bare)["Tags",])
    assert len({flag for stored in there for flag in stored.flags}) > LIMIT - 50


@pytest.fixture
def source(standing: Standing, user: str) -> Box:
    box = Box(standing("cyrus"), f"from-{user}")
    box.add(*(letter(number, folder=("Travail", "Notes")) for number in range(40)), letter(900, folder=("INBOX",)))
    return box


def test_a_folder_renamed_on_the_source_is_not_sent_again(place: Path, source: Box, new: ImapServer, user: str) -> None:
    plan = organisation(place, imap(source.server.port), imap(new.port), source_user=source.user, target_user=user)
    assert plan.copy().copied == 41
    source.rename(("Travail", "Notes"), ("Archive 2019",))
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert sum(folder.total() for folder in Box(new, user).holds().values()) == 41


def test_mail_removed_from_the_source_is_counted_though_cyrus_keeps_it_for_a_while(
    place: Path, source: Box, new: ImapServer, user: str
) -> None:
    plan = organisation(place, imap(source.server.port), imap(new.port), source_user=source.user, target_user=user)
    source.delete(letter(3, folder=("Travail", "Notes")))
    assert plan.copy().copied == 40
    source.delete(letter(4, folder=("Travail", "Notes")))
    ended = plan.copy()
    assert (ended.code, ended.copied, ended.mailbox["gone_from_source"]) == (0, 0, 1)


@pytest.mark.parametrize("new", ["cyrus"], indirect=True)
@pytest.mark.parametrize("batch", [1, 10])
def test_mail_with_raw_8_bit_headers_is_not_sent_twice_by_a_killed_copy(
    place: Path, old: ImapServer, new: ImapServer, user: str, trap: TrapFactory, batch: int
) -> None:
    """Cyrus stores an X for each such byte, so that our copy is not what we sent."""
    mails = [
        Mail(("INBOX",), mail.data.replace(b"Subject: letter", b"Subject: r\xe9ponse \xe0"), mail.flags, mail.received)
        for mail in (letter(number) for number in range(30))
    ]
    before_new = trap(new.port)
    source = sent(old, f"raw-{user}", mails)
    one = journey(place, source, new, user, source_port=old.port, target_port=before_new.port, batch=batch, sessions=1)
    assert one.killed(before_new, Snap(Moment.LAST_BYTE, nth=2))
    assert one.intents > 0
    assert one.plan.copy().code == 0
    assert one.there == len(mails)
    one.plan.forget()
    ended = one.plan.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert one.there == len(mails)


@pytest.mark.parametrize("batch", [2, 100])
def test_a_full_mailbox_is_said_to_be_full_and_the_copy_goes_on_when_there_is_room(
    place: Path, old: ImapServer, cyrus: CyrusFactory, user: str, batch: int
) -> None:
    """Cyrus refuses what it has no room for without a code that says why."""
    target = cyrus(quota=40)
    source = Box(old, f"full-{user}")
    source.add(*(letter(number, size=3000, folder=("INBOX",)) for number in range(20)))
    plan = organisation(place, imap(old.port), imap(target.port, batch=batch), source_user=source.user)
    ended = plan.copy()
    assert ended.code == 5, ended.err
    assert "the mailbox is full" in ended.out
    box = Box(target, "anna")
    there = sum(stored.total() for stored in box.holds().values())
    assert there < 20
    assert there > 0 if batch < 20 else there == 0, "a batch is stored whole or not at all"
    assert ended.mailbox["outcomes"]["pending"] == 20 - there
    with target.login(ADMIN) as connection:
        assert connection.setquota("user.anna", "(STORAGE 2000)")[0] == "OK"
    assert plan.copy().code == 0
    assert box.holds() == source.holds()

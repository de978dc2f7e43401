"""Cyrus as the target: what it cannot hold is left out and said, and the message arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, imap, organisation
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

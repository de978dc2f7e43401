"""One mailbox, with all that ten years leave behind in it, from each kind of server to each other.

For every way the story is told once: a copy, a second pass, a verification, changes on the source and a third pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.acceptance.box import Box
from tests.acceptance.company import EMPTY, large, tree
from tests.acceptance.conftest import Standing
from tests.acceptance.letters import Footprint, letter
from tests.acceptance.organisation import SITE, Ended, Organisation, imap, organisation
from tests.servers.mail import Mail, Path, expected

#: The others by night.
BY_DAY = 10
WAYS = [
    ("dovecot", "cyrus"),
    ("cyrus", "dovecot"),
    ("courier", "cyrus"),
    ("cyrus", "courier"),
    ("dovecot", "courier"),
    ("courier", "dovecot"),
    ("plain dovecot", "dovecot"),
    ("dovecot", "plain dovecot"),
    ("plain dovecot", "cyrus"),
    ("modern cyrus", "cyrus"),
    ("cyrus", "modern cyrus"),
    ("cyrus", "plain dovecot"),
    ("plain dovecot", "courier"),
    ("courier", "plain dovecot"),
]
#: Too large for memory alone.
LARGE = 12_000_000
#: These cannot follow a message that moved on the source: they offer no MOVE.
WITHOUT_MOVE = {"courier", "plain dovecot"}
MOVED, MARKED, DELETED = (letter(number, folder=("INBOX",)) for number in (700, 701, 702))
ARRIVED = [letter(710, folder=("INBOX",)), letter(711, folder=("Neu", "drunter & drüber"))]
SENT: Path = ("Sent",)


def _mails() -> list[Mail]:
    """Every kind of folder, flag and date; twins; mail without a Message-ID, once and twice; a large one."""
    mails = tree(120)
    nameless = [
        Mail(mail.folder, mail.data.replace(b"Message-ID:", b"X-Was:"), mail.flags, mail.received)
        for mail in (letter(720), letter(721), letter(721))
    ]
    return sorted([*mails, *mails[::30], *nameless, large(LARGE), MOVED, MARKED, DELETED], key=lambda mail: mail.folder)


def _as_held(kind: str, mails: Sequence[Mail]) -> list[Mail]:
    """Courier holds no emoji in a folder's name."""
    return [Mail(_as_named(kind, mail.folder), mail.data, mail.flags, mail.received) for mail in mails]


def _as_named(kind: str, path: Path) -> Path:
    return tuple(name.replace("\N{PARTY POPPER}", "_") for name in path) if kind == "courier" else path


@dataclass
class Way:
    """A mailbox seeded on one server, and what every run over it left on both."""

    old: str
    new: str
    source: Box
    target: Box
    plan: Organisation
    #: As seeded, and as the target holds it.
    mails: Sequence[Mail]
    before: Footprint
    copied: Ended
    there: object


@pytest.fixture(
    scope="module",
    params=[*WAYS[:BY_DAY], *(pytest.param(way, marks=pytest.mark.nightly) for way in WAYS[BY_DAY:])],
    ids=" to ".join,
)
def way(request: pytest.FixtureRequest, standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Way:
    old, new = request.param
    user = f"way{WAYS.index(request.param)}"
    source, target = Box(standing(old), f"from-{user}"), Box(standing(new), f"to-{user}")
    mails = _as_held(old, _mails())
    source.add(*mails)
    for depth in range(len(EMPTY)):
        source.create(EMPTY[: depth + 1])
    assert source.holds() == expected(mails), "the source holds what it was given"
    plan = organisation(
        tmp_path_factory.mktemp("way"),
        imap(source.server.port),
        imap(target.server.port),
        source_user=source.user,
        target_user=target.user,
    )
    before = source.marks()
    copied = plan.copy()
    return Way(old, new, source, target, plan, _as_held(new, mails), before, copied, target.holds())


def test_every_message_arrives_once_with_flags_keywords_and_date(way: Way) -> None:
    assert way.copied.code == 0, way.copied.err
    assert way.there == expected(way.mails)
    assert way.copied.mailbox["seen"] == way.copied.mailbox["outcomes"]["stored"] == len(way.mails)


def test_every_folder_arrives_and_is_subscribed(way: Way) -> None:
    wanted = {("INBOX",), EMPTY, *(mail.folder for mail in way.mails)}
    assert wanted <= way.target.folders()
    assert wanted <= way.target.subscribed()


def test_a_second_pass_moves_nothing(way: Way) -> None:
    marks = way.target.marks()
    ended = way.plan.copy()
    assert (ended.code, set(ended.mailbox["this_pass"].values())) == (0, {0})
    assert way.target.marks() == marks
    assert way.source.marks() == way.before, "the source is as it was"


def test_both_servers_read_afresh_say_perfect(way: Way) -> None:
    ended = way.plan.run("verify", SITE, "--json")
    assert (ended.code, ended.json["grade"]) == (0, "perfect"), ended.out
    assert ended.mailbox["found"] == len(way.mails)


def test_a_lost_ledger_is_adopted(way: Way) -> None:
    marks = way.target.marks()
    way.plan.forget()
    adopted = way.plan.run("adopt", SITE, "--json")
    assert adopted.mailbox["outcomes"]["already_there"] == len(way.mails), adopted.out
    ended = way.plan.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert way.target.marks() == marks


def test_what_changed_on_the_source_travels(way: Way) -> None:
    """Last, for it changes the mailbox."""
    way.source.add(*ARRIVED)
    way.source.move(MOVED, SENT)
    way.source.flag(MARKED, "+FLAGS", "\\Flagged", "Projekt-7")
    way.source.delete(DELETED)
    ended = way.plan.copy()
    moves = way.new not in WITHOUT_MOVE
    assert ended.code == 0, ended.err
    done = {"copied": 2, "moved": moves, "flags_changed": 1, "adopted": 0, "dual_delivered": 0}
    assert ended.mailbox["this_pass"] == done
    mails = [*way.mails, *ARRIVED]
    mails[mails.index(MARKED)] = Mail(
        MARKED.folder, MARKED.data, MARKED.flags | {"\\Flagged", "Projekt-7"}, MARKED.received
    )
    if moves:
        mails[mails.index(MOVED)] = Mail(SENT, MOVED.data, MOVED.flags, MOVED.received)
    assert way.target.holds() == expected(mails)

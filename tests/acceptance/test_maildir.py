"""`bascule copy` into the Maildirs of a mail server at work, killed and continued; the server itself is asked."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.journey import Sent, sent
from tests.acceptance.letters import footprint, letters
from tests.acceptance.organisation import SITE, Organisation, imap, killed_at, organisation, running
from tests.servers.mail import expected
from tests.servers.server import ImapServer

SERIES, BY_NIGHT, IN_A_ROW = 2, 20, 6


@pytest.fixture(scope="module")
def source(old: ImapServer) -> Sent:
    return sent(old, "maildirsource", letters(700, size=5000))


@pytest.fixture
def plan(place: Path, source: Sent, standing_dovecot: ImapServer, user: str) -> Organisation:
    """From a server to the files of another one."""
    files = {"connector": "maildir", "path": str(standing_dovecot.folder / "mail" / "{user}" / "maildir")}
    return organisation(place, imap(source.server.port), files, source_user=source.user, target_user=user)


@pytest.mark.parametrize(
    "series", [*range(SERIES), *(pytest.param(number, marks=pytest.mark.nightly) for number in range(SERIES, BY_NIGHT))]
)
def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(
    plan: Organisation, source: Sent, standing_dovecot: ImapServer, user: str, series: int
) -> None:
    chance = random.Random(series)
    root = standing_dovecot.folder / "mail" / user / "maildir"
    killed = 0
    for _ in range(IN_A_ROW):
        enough = _count(root) + chance.randrange(1, 90)
        with running(plan.start("copy", SITE, "--json")) as process:
            killed += killed_at(process, lambda: _count(root), enough, look=chance.random() / 500)
    assert killed >= IN_A_ROW - 2
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == len(source.mails)
    assert Box(standing_dovecot, user).holds() == expected(source.mails)
    assert footprint(source.server, source.user) == source.marks


def test_a_dry_run_makes_no_maildir(plan: Organisation, source: Sent, standing_dovecot: ImapServer, user: str) -> None:
    ended = plan.run("copy", SITE, "--dry-run")
    assert ended.code == 0, ended.err
    assert "copy    234" in ended.out
    assert not (standing_dovecot.folder / "mail" / user).exists()


def test_a_maildir_that_was_copied_elsewhere_or_first_opened_by_a_server_is_recognised(
    place: Path, tmp_path: Path, old: ImapServer, standing_dovecot: ImapServer, user: str
) -> None:
    """Its folders have another identity then; its messages are the same."""
    mails = letters(12)
    sent(old, user, mails)
    files = {"connector": "maildir", "path": str(tmp_path / "mail" / "{user}")}
    kept = tmp_path / "mail" / user
    shutil.copytree(old.folder / "mail" / user / "maildir", kept)
    for known in kept.rglob("dovecot-uid*"):
        known.unlink()
    plan = organisation(place, files, imap(standing_dovecot.port), source_user=user, target_user=user)
    assert plan.copy().copied == 12
    shutil.copytree(kept, tmp_path / "copied")
    shutil.rmtree(kept)
    (tmp_path / "copied").rename(kept)
    assert plan.copy().copied == 0
    (kept / "dovecot-uidlist").write_text("3 V1275660208 N13 Gx\n")
    again = plan.copy()
    assert (again.copied, again.mailbox["outcomes"]["stored"]) == (0, 12)
    assert Box(standing_dovecot, user).holds() == expected(mails)


def _count(root: Path) -> int:
    return sum(1 for _ in root.glob("cur/*")) + sum(1 for _ in root.glob(".*/cur/*"))

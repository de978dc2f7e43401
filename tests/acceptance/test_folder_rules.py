"""Folders from a server that announces no roles, with a plan that has rules: Courier to Dovecot."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.servers.mail import Mail
from tests.servers.server import ImapServer

SENT, PRIVATE, BIN = ("Éléments envoyés",), ("Personnel", "Été & co"), ("Corbeille", "Vieux & usé")


def planned(place: Path, old: ImapServer, new: ImapServer, user: str, rules: str) -> Organisation:
    plan = organisation(place, imap(old.port), imap(new.port), source_user=f"rules-{user}", target_user=user)
    say(plan, rules)
    return plan


def say(plan: Organisation, rules: str) -> None:
    plan.write()
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(f"{site.read_text()}{rules}\n")


def seeded(old: ImapServer, user: str) -> list[Mail]:
    mails = [letter(number, folder=folder) for number, folder in enumerate([("INBOX",), SENT, PRIVATE, BIN])]
    Box(old, f"rules-{user}").add(*mails)
    return mails


def test_a_sent_folder_is_known_by_its_name_and_private_folders_wait_for_a_decision(
    place: Path, standing_courier: ImapServer, new: ImapServer, user: str
) -> None:
    inbox, sent, private, binned = seeded(standing_courier, user)
    target = Box(new, user)
    target.add(letter(100, folder=("Sent Items",)))
    plan = planned(place, standing_courier, new, user, "leave_out: {folders: [Corbeille], private: ask}")

    asked = plan.copy()

    assert (asked.code, asked.mailbox["reasons"]) == (0, {"rule-folder": 1, "private-undecided": 1})
    assert (target.places_of(inbox), target.places_of(sent)) == ([("INBOX",)], [("Sent Items",)])
    assert target.places_of(private) == target.places_of(binned) == []

    say(plan, "leave_out: {folders: [Corbeille], private: copy}")
    agreed = plan.copy()

    assert (agreed.copied, agreed.mailbox["reasons"]) == (1, {"rule-folder": 1})
    assert target.places_of(private) == [PRIVATE]
    assert plan.copy().copied == 0


def test_everything_goes_below_one_folder_and_a_second_copy_moves_nothing(
    place: Path, standing_courier: ImapServer, new: ImapServer, user: str
) -> None:
    mails = seeded(standing_courier, user)
    plan = planned(place, standing_courier, new, user, "folders: {put_under: Ancien courrier}")

    assert (plan.copy().copied, plan.copy().copied) == (len(mails), 0)

    target = Box(new, user)
    assert target.places(mails) == [[("Ancien courrier", *mail.folder)] for mail in mails]

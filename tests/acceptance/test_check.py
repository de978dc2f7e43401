"""``check`` and ``folders``: what stands in the way is known before anything is copied, and nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.box import Box
from tests.acceptance.full import quota
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import DovecotFactory
from tests.servers.dovecot import find_dovecot
from tests.servers.mail import Mail, seed
from tests.servers.server import ImapServer

LIMITED = "IMAP4rev1 LITERAL+ NAMESPACE UIDPLUS MULTIAPPEND UNSELECT APPENDLIMIT=5000"


def codes(mailbox: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in mailbox["findings"]]


def test_a_site_that_is_ready_has_a_line_each_and_an_estimate(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    people = [f"{user}a", f"{user}b", f"{user}c"]
    for name in people:
        seed(old, name, [letter(number) for number in range(9)])
    plan = organisation(place, imap(old.port), imap(new.port), people=people)
    shown = plan.run("check", SITE)
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    for name in people:
        assert any(line.startswith(f"{name}@example.org") and line.rstrip().endswith("OK") for line in lines), shown.out
    assert "3 of 3 mailboxes ready." in shown.out
    assert "First estimate: " in shown.out
    assert "old calls itself Dovecot." in shown.out
    told = valid(plan.run("check", SITE, "--json").json, "check")
    assert told["servers"] == {"source": "Dovecot", "target": "Dovecot"}
    assert [one["state"] for one in told["mailboxes"]] == ["ok"] * 3
    assert [one["messages"] for one in told["mailboxes"]] == [9] * 3
    assert told["mailboxes"][0]["size"] == sum(len(letter(number).data) for number in range(9))
    assert all(len(line) <= 80 for line in lines)


def test_checking_writes_nothing(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    seed(old, f"source-{user}", [letter(number) for number in range(9)])
    plan = organisation(place, imap(old.port), imap(new.port), source_user=f"source-{user}", target_user=user)
    source, target = Box(old, f"source-{user}"), Box(new, user)
    before = source.marks(), target.marks(), target.folders()
    assert plan.run("check", SITE).code == 0
    assert plan.run("folders", SITE).code == 0
    assert (source.marks(), target.marks(), target.folders()) == before
    assert not plan.ledger.exists()
    assert plan.copy().code == 0
    rows = plan.run("status", "--json").json
    assert plan.run("check", SITE).code == 0
    assert plan.run("status", "--json").json == rows


def test_only_the_mailbox_that_is_named_is_looked_at(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    people = [f"{user}a", f"{user}b"]
    for name in people:
        seed(old, name, [letter(1)])
    plan = organisation(place, imap(old.port), imap(new.port), people=people)
    told = plan.run("check", SITE, "--json", "--mailbox", f"{user}b@example.org").json
    assert [one["mailbox"] for one in told["mailboxes"]] == [f"{user}b@example.org"]


def test_too_little_room_is_a_problem_before_the_copy(place: Path, old: ImapServer, dovecot: DovecotFactory) -> None:
    target = dovecot(settings=quota(20, find_dovecot()[1]))
    seed(old, "roomy", [letter(1)])
    seed(old, "large", [letter(number, size=3000) for number in range(20)])
    plan = organisation(place, imap(old.port), imap(target.port), people=["roomy", "large"])
    ended = plan.run("check", SITE, "--json")
    assert ended.code == 5
    large, roomy = valid(ended.json, "check")["mailboxes"]
    assert (codes(large), codes(roomy)) == (["quota-short"], [])
    assert large["target"]["quota"]["limit"] == 20 * 1024
    assert "more on the target" in large["findings"][0]["to_do"]
    shown = plan.run("check", SITE)
    assert "large@example.org: the target has 20 kB free" in shown.out
    assert "1 of 2 mailboxes ready." in shown.out


def test_the_room_on_the_old_server_is_kept_for_the_rollout(
    place: Path, new: ImapServer, dovecot: DovecotFactory, user: str
) -> None:
    """Two messages of this month in a mailbox of 60 kB, and forty days until the switch."""
    source = dovecot(settings=quota(60, find_dovecot()[1]))
    today = datetime.now(UTC)
    seed(source, user, [Mail(("INBOX",), letter(number, size=9000).data, (), today) for number in range(2)])
    plan = organisation(place, imap(source.port), imap(new.port), people=[user])
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + f"switch: {today.date() + timedelta(days=40)}\n")
    assert plan.run("rollout", "status").code == 0
    assert plan.run("check", SITE).code == 0
    for _phase in ("prepare", "pre-copy"):
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    (told,) = valid(plan.run("rollout", "status", SITE, "--json").json, "rollout-status")["sites"]
    (space,) = (gate for gate in told["gates"] if gate["gate"] == "space")
    assert (space["state"], f"{user}@example.org" in space["missing"]) == ("not met", True)


def test_what_earlier_copies_brought_needs_no_room_again(
    place: Path, old: ImapServer, dovecot: DovecotFactory, user: str
) -> None:
    target = dovecot(settings=quota(20, find_dovecot()[1]))
    seed(old, user, [letter(number, size=3000, folder=("INBOX",)) for number in range(4)])
    plan = organisation(place, imap(old.port), imap(target.port), people=[user])
    assert plan.run("check", SITE).code == 0
    assert plan.copy().code == 0
    assert plan.run("check", SITE).code == 0


def test_messages_that_are_too_large_or_left_out_are_counted(
    place: Path, old: ImapServer, dovecot: DovecotFactory, user: str
) -> None:
    target = dovecot(capability=LIMITED)
    inbox = ("INBOX",)
    seed(old, user, [letter(1, size=9000, folder=inbox), letter(2, folder=inbox), letter(3, folder=("Private",))])
    plan = organisation(place, imap(old.port), imap(target.port), people=[user])
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "folders: {exclude: [Private]}\n")
    ended = plan.run("check", SITE, "--json")
    (mailbox,) = valid(ended.json, "check")["mailboxes"]
    assert ended.code == 3
    assert codes(mailbox) == ["too-large", "left-out"]
    assert mailbox["target"]["max_message"] == 5000
    assert mailbox["to_copy"]["messages"] == 1


def test_names_that_meet_on_the_target_are_told_as_the_copy_then_makes_them(
    place: Path, dovecot: DovecotFactory, user: str
) -> None:
    """A dot separates folders on this target, and is a letter of the name on the source."""
    source, target = dovecot(storage="sdbox"), dovecot(separator=".")
    mails = [letter(1, folder=("v1.2",)), letter(2, folder=("v1_2",)), letter(3, folder=("a.b",))]
    seed(source, user, mails)
    plan = organisation(place, imap(source.port), imap(target.port), people=[user])
    ended = plan.run("check", SITE, "--json")
    (mailbox,) = ended.json["mailboxes"]
    assert ended.code == 3
    assert set(codes(mailbox)) == {"folders-meet", "name-changed"}
    assert plan.copy().code == 0
    texts = " ".join(finding["text"] for finding in mailbox["findings"])
    made = Box(target, user).folders() - {("INBOX",)}
    assert len(made) == 3
    for path in made:
        assert f'"{"/".join(path)}"' in texts


def test_folders_shows_where_each_goes_and_why_not(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    seed(
        old, user, [letter(1, folder=("Projets", "R&D été")), letter(2, folder=("Private",)), letter(3, folder=("A",))]
    )
    plan = organisation(place, imap(old.port), imap(new.port), source_user=user, target_user=f"to-{user}")
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "folders: {exclude: [Private], map: {A: B/C}}\n")
    told = valid(plan.run("folders", SITE, "--json").json, "folders")
    (mailbox,) = told["mailboxes"]
    places = {tuple(one["folder"]): (one["to"], one["messages"], one["reason"]) for one in mailbox["folders"]}
    assert places["Projets", "R&D été"] == (["Projets", "R&D été"], 1, None)
    assert places["A",] == (["B", "C"], 1, None)
    assert places["Private",] == (None, 1, "rule-folder")
    shown = plan.run("folders", SITE)
    assert shown.code == 0
    assert "(left out: the plan leaves out its folder)" in " ".join(shown.out.split())
    assert "1 left out, with 1 message" in shown.out
    plan.copy()
    made = Box(new, f"to-{user}").folders()
    assert {("B", "C"), ("Projets", "R&D été")} <= made
    assert ("Private",) not in made


def test_an_account_that_is_refused_does_not_hide_the_others(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    people = [f"{user}a", f"{user}b"]
    for name in people:
        seed(old, name, [letter(1)])
    plan = organisation(place, imap(old.port), imap(new.port), people=people)
    plan.passwords[f"{people[0]}@example.org"] = ("wrong", "wrong")
    plan.write()
    ended = plan.run("check", SITE, "--json")
    first, second = valid(ended.json, "check")["mailboxes"]
    assert ended.code == 7
    assert codes(first) == ["source-sign-in", "target-sign-in"]
    assert second["state"] == "ok"
    folders = plan.run("folders", SITE, "--json")
    assert folders.code == 7
    assert [bool(one["error"]) for one in valid(folders.json, "folders")["mailboxes"]] == [True, False]


def test_no_subject_is_shown(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    data = letter(1).data.replace(b"Subject: letter 1", b"Subject: Zwiebelkuchen")
    seed(old, user, [Mail(("INBOX",), data)])
    plan = organisation(place, imap(old.port), imap(new.port), people=[user])
    for command in ("check", "folders"):
        ended = plan.run(command, SITE)
        assert "Zwiebelkuchen" not in ended.out + ended.err

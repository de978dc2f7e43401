"""Broken mail on real servers: repaired with proof where the server would change it, its original kept, verified."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.acceptance.schemas import valid
from tests.acceptance.test_check import LIMITED
from tests.conftest import DovecotFactory
from tests.servers.mail import Mail, bodies, seed
from tests.servers.server import ImapServer

INBOX = ("INBOX",)


def broken(number: int, kind: str) -> bytes:
    """A letter with one thing wrong."""
    data = letter(number, folder=INBOX).data
    match kind:
        case "nul":
            return data + b"a\0b\r\n"
        case "raw-8bit-header":
            return data.replace(b"Subject: letter", b"Subject: caf\xe9")
        case "long-line":
            return data + b"word " * 2000 + b"\r\n"
        case "missing-date":
            return b"".join(line for line in data.splitlines(keepends=True) if not line.startswith(b"Date:"))
        case _:
            return data


def on_disk(folder: Path, messages: Iterable[bytes]) -> dict[str, object]:
    """A Maildir with these messages, as a system of the plan.  No server stands between them and the reader."""
    root = folder / "anna"
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    for number, data in enumerate(messages):
        (root / "cur" / f"15{number:08}.M{number}.host:2,S").write_bytes(data.replace(b"\r\n", b"\n"))
    return {"connector": "maildir", "path": str(folder / "{user}")}


def kept(plan: Organisation) -> list[Path]:
    return sorted((plan.folder / "kept").rglob("*.eml"))


def test_dovecot_changes_a_nul_once_and_never_again(
    place: Path, tmp_path: Path, standing_dovecot: ImapServer, user: str
) -> None:
    letters = [broken(number, kind) for number, kind in enumerate(["nul", "", "nul", "long-line", "nul"])]
    files = on_disk(tmp_path / "mail", letters)
    plan = organisation(place, files, imap(standing_dovecot.port), source_user="anna", target_user=user)

    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == 5
    status = valid(plan.run("status", SITE, "--json").json, "status")
    for counted in (valid(ended.json, "run")["mailboxes"][0], status["sites"][SITE][0]):
        assert (counted["repaired"], counted["altered_by_target"]) == (2, 1)
    shown = plan.run("status", SITE).out
    assert "2 of them were repaired for the target, their originals kept. Nothing to do" in shown
    assert "1 of them was changed by the target. Nothing to do" in shown

    there = bodies(standing_dovecot, user)[INBOX]
    assert {letters[1], letters[3]} <= set(there)
    assert sum(b"a\x80b" in data for data in there) == 1, "the first one: nobody could know before"
    assert sum(data.endswith(b"a=00b\r\n") for data in there) == 2
    told = valid(plan.run("not-copied", SITE, "--json").json, "not-copied")
    assert [one["what"] for one in told["changed"]] == ["altered-by-target", "repaired", "repaired"]
    assert {rule for one in told["changed"] for rule in one["rules"]} == {"nul"}
    for one in told["changed"][1:]:
        file = Path(one["kept_as"])
        assert file.parent == plan.folder / "kept" / "anna@example.org"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert sha256(file.read_bytes()).hexdigest() == one["digests"]["original"] == file.stem
        assert file.read_bytes() in letters
        assert one["digests"]["sent"] in {sha256(data).hexdigest() for data in there}
    assert told["changed"][0]["digests"]["found"] in {sha256(data).hexdigest() for data in there}
    assert len(kept(plan)) == 2

    shown = plan.run("not-copied", SITE)
    assert shown.code == 0
    assert "2 copied, repaired by the rule nul: NUL bytes" in shown.out
    assert "1 copied, and changed by the target itself" in shown.out
    assert str(kept(plan)[0]) in shown.out

    verified = plan.run("verify", SITE, "--json")
    assert verified.code == 0
    assert verified.mailbox["grade"] == "good"
    assert verified.mailbox["equality"]["repaired"] == 2
    found = [(one["kind"], one["cause"], one["rules"]) for one in verified.mailbox["findings"]]
    assert found == [("repaired", "repaired", ["nul"])] * 2
    assert plan.copy().copied == 0


def test_with_repair_off_dovecot_changes_them_all(
    place: Path, tmp_path: Path, standing_dovecot: ImapServer, user: str
) -> None:
    files = on_disk(tmp_path / "mail", [broken(number, "nul") for number in range(2)])
    plan = organisation(place, files, imap(standing_dovecot.port), source_user="anna", target_user=user)
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "copy: {repair: off}\n")
    assert plan.copy().code == 0
    assert all(b"a\x80b" in data for data in bodies(standing_dovecot, user)[INBOX])
    assert kept(plan) == []


def test_courier_keeps_what_is_broken_so_nothing_is_repaired(
    place: Path, tmp_path: Path, standing_courier: ImapServer, user: str
) -> None:
    kinds = ["nul", "raw-8bit-header", "long-line", "missing-date", "nul"]
    letters = [broken(number, kind) for number, kind in enumerate(kinds)]
    plan = organisation(
        place, on_disk(tmp_path / "mail", letters), imap(standing_courier.port), source_user="anna", target_user=user
    )
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert sorted(bodies(standing_courier, user)[INBOX]) == sorted(letters)
    assert valid(plan.run("not-copied", SITE, "--json").json, "not-copied")["changed"] == []
    assert kept(plan) == []


def test_a_backup_keeps_broken_mail_as_it_is(place: Path, tmp_path: Path, standing_dovecot: ImapServer) -> None:
    letters = [broken(number, "nul") for number in range(2)]
    files = on_disk(tmp_path / "mail", letters)
    plan = organisation(place, files, imap(standing_dovecot.port), source_user="anna")
    assert plan.run("backup", SITE).code == 0
    stored = [file.read_bytes() for file in (plan.folder / "backup").rglob("cur/*")]
    assert sorted(stored) == sorted(data.replace(b"\r\n", b"\n") for data in letters)
    assert kept(plan) == []


@pytest.fixture
def limited(dovecot: DovecotFactory) -> ImapServer:
    """Says that it takes no message over 5,000 bytes."""
    return dovecot(capability=LIMITED)


def test_what_is_too_large_is_found_before_kept_once_and_reported(
    place: Path, old: ImapServer, limited: ImapServer, user: str
) -> None:
    large: Mail = letter(1, size=9000, folder=INBOX)
    seed(old, user, [large, letter(2, folder=INBOX)])
    plan = organisation(place, imap(old.port), imap(limited.port), source_user=user, target_user=user)
    before = valid(plan.run("check", SITE, "--json").json, "check")
    assert before["mailboxes"][0]["too_large"] == [
        {"folder": ["INBOX"], "key": "1", "received": large.received.isoformat(), "size": len(large.data)}
    ]
    assert "INBOX  (key 1)" in plan.run("check", SITE).out
    for copied in (1, 0):
        ended = plan.copy()
        assert (ended.code, ended.copied) == (3, copied)
        (file,) = kept(plan)
        assert file.read_bytes() == large.data
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (one,) = valid(plan.run("not-copied", SITE, "--json").json, "not-copied")["messages"]
    assert (one["reason"], one["kept_as"]) == ("too-large", str(file))
    shown = plan.run("not-copied", SITE)
    assert f"kept as {file}" in shown.out
    assert "bring the file" in shown.out

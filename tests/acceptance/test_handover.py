"""An organisation goes to another machine and goes on there: nothing secret travels, one machine writes at a time."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.acceptance.organisation import SITE, Organisation, killed_at, running
from tests.acceptance.schemas import valid

#: Planted where secrets are kept, and where somebody left one.
_PLANTED = {
    "secrets/paris.csv": "address,source_password,target_password\nanna@example.org,planted-one,planted-two\n",
    "secrets/token.txt": "planted-three",
    "secrets/pin.dat": "4711",
    "secrets/service.json": '{"type": "service_account", "private_key": "planted-four"}',
    "notes.txt": "to try: planted-one\n",
    "old/service-copy.json": '{"private_key": "planted-five"}',
}
_WORDS = (b"planted-one", b"planted-two", b"planted-three", b"planted-four", b"planted-five")


@pytest.fixture
def plan(place: Path, tmp_path: Path) -> Organisation:
    """From one Maildir to another: nobody needs a password."""
    for side in ("old", "new"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / side / "anna@example.org" / part).mkdir(parents=True)
    for number in range(3):
        mail = f"Message-ID: <{number}@example.org>\nSubject: {number}\n\nbody\n"
        (tmp_path / "old" / "anna@example.org" / "cur" / f"150000000{number}.M1.x:2,S").write_text(mail)
    systems: dict[str, dict[str, object]] = {
        side: {"connector": "maildir", "path": str(tmp_path / side / "{address}")} for side in ("old", "new")
    }
    made = Organisation(place, systems, [{"address": "anna@example.org"}], {})
    made.write()
    for name, text in _PLANTED.items():
        file = place / name
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
    return made


def _elsewhere(plan: Organisation, folder: Path, *, secrets: bool = True) -> Organisation:
    """The other machine: its folder, with the secrets that came by another way."""
    other = Organisation(folder, plan.systems, plan.people, plan.passwords)
    if secrets:
        shutil.copytree(plan.folder / "secrets", folder / "secrets")
    return other


def test_it_goes_on_over_there_and_nothing_is_copied_twice(plan: Organisation, tmp_path: Path) -> None:
    assert plan.copy().copied == 3
    file = tmp_path / "pack.zip"
    packed = plan.run("handover", "pack", "--to", "Sophie", "--by", "Karim", "--file", str(file), "--json")
    told = valid(packed.json, "handover-pack")
    assert {one["path"] for one in told["left_out"]} == set(_PLANTED)
    other = _elsewhere(plan, tmp_path / "there", secrets=False)
    missing = other.run("handover", "accept", str(file), "--by", "Sophie")
    assert missing.code == 7
    assert "secrets/paris.csv" in missing.err
    # Until she has accepted, nobody writes, neither here nor there.
    assert (plan.copy().code, other.copy().code) == (4, 4)
    shutil.copytree(plan.folder / "secrets", other.folder / "secrets")
    accepted = other.run("handover", "accept", str(file), "--by", "Sophie", "--json")
    assert accepted.code == 0, accepted.out + accepted.err
    assert valid(accepted.json, "handover-accept")["holder"] == "Sophie"
    assert other.copy().copied == 0
    here = plan.copy()
    assert here.code == 4
    assert "Sophie" in here.mailbox["errors"][0]["message"]
    assert plan.run("rollout", "force", SITE, "--because", "I was first").code == 4
    assert other.run("rollout", "status", "--json").json["holder"] == "Sophie"
    again = other.run("handover", "accept", str(file), "--by", "Sophie")
    assert (again.code, "accepted before" in again.out) == (0, True)


def test_no_secret_is_in_the_pack(plan: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    with ZipFile(file) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert not any(word in data for word in _WORDS), name
        assert "sites/paris.yaml" in archive.namelist()


def test_a_ledger_that_is_put_back_and_a_second_folder_hold_nothing(plan: Organisation, tmp_path: Path) -> None:
    assert plan.copy().code == 0
    before = tmp_path / "before.sqlite"
    shutil.copy(plan.ledger, before)
    file = tmp_path / "pack.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    other = _elsewhere(plan, tmp_path / "there", secrets=False)
    other.run("handover", "accept", str(file), "--by", "Sophie")
    shutil.copytree(plan.folder / "secrets", other.folder / "secrets")
    assert other.run("handover", "accept", str(file), "--by", "Sophie").code == 0
    # The old machine's ledger is put back from a backup; and the new one's is copied over to it.
    for ledger in (before, other.ledger):
        plan.forget()
        shutil.copy(ledger, plan.ledger)
        assert plan.copy().code == 4


def test_it_can_be_taken_back_by_whoever_says_so(plan: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    refused = plan.run("handover", "accept", str(file), "--by", "Karim")
    assert (refused.code, "--take-back" in refused.err) == (2, True)
    assert plan.run("handover", "accept", str(file), "--by", "Karim", "--take-back").code == 0
    assert plan.copy().copied == 3


def test_a_damaged_pack_and_a_folder_in_use_are_refused(plan: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-200])
    altered = tmp_path / "altered.zip"
    _alter(file, altered)
    used = tmp_path / "used"
    used.mkdir()
    (used / "thesis.txt").write_text("mine")
    for pack, folder in ((cut, tmp_path / "a"), (altered, tmp_path / "b"), (file, used)):
        ended = _elsewhere(plan, folder, secrets=False).run("handover", "accept", str(pack), "--by", "Sophie")
        assert ended.code == 2, ended.out
        assert "Traceback" not in ended.err
    assert [one.name for one in used.iterdir()] == ["thesis.txt"]
    assert not (tmp_path / "b" / "sites" / "paris.yaml").exists()


def test_a_pack_that_leads_out_of_its_folder_is_refused(plan: Organisation, tmp_path: Path) -> None:
    file, evil = tmp_path / "pack.zip", tmp_path / "evil.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    for name in ("../escaped.txt", "/escaped.txt", "a/../../escaped.txt"):
        with ZipFile(file) as archive, ZipFile(evil, "w") as other:
            manifest = json.loads(archive.read("manifest.json"))
            manifest["files"].append({"path": name, "size": 4, "sha256": hashlib.sha256(b"evil").hexdigest()})
            for one in manifest["files"][:-1]:
                other.writestr(one["path"], archive.read(one["path"]))
            other.writestr(name, b"evil")
            other.writestr("manifest.json", json.dumps(manifest))
        there = _elsewhere(plan, tmp_path / "there", secrets=False)
        assert there.run("handover", "accept", str(evil), "--by", "Sophie").code == 2
        assert not there.folder.exists()
    assert not (tmp_path / "escaped.txt").exists()


def _alter(file: Path, to: Path) -> None:
    """The same pack with another plan in it."""
    with ZipFile(file) as archive, ZipFile(to, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            other.writestr(name, data.replace(b"paris", b"parix") if name == "sites/paris.yaml" else data)


def test_killed_in_the_middle_the_same_command_makes_the_pack(plan: Organisation, tmp_path: Path) -> None:
    assert plan.copy().code == 0
    for number in range(1500):
        (plan.folder / "old" / f"{number}.md").write_text(f"page {number}")
    file = tmp_path / "pack.zip"
    command = ("handover", "pack", "--to", "Sophie", "--by", "Karim", "--file", str(file), "--json")
    with running(plan.start(*command)) as process:
        draft = tmp_path / ".pack.zip.part"
        killed_at(process, draft.exists, look=0.001)
    assert draft.exists()
    assert not file.exists()
    for changing in (("copy", SITE), ("accounts", "apply", SITE, "--yes"), ("domain", "add", "new.example")):
        assert plan.run(*changing).code == 4, f"it was handed over: {changing}"
    assert plan.run(*command).code == 0
    there = _elsewhere(plan, tmp_path / "there", secrets=False)
    there.run("handover", "accept", str(file), "--by", "Sophie")
    shutil.copytree(plan.folder / "secrets", there.folder / "secrets")
    assert there.run("handover", "accept", str(file), "--by", "Sophie").code == 0
    assert there.copy().copied == 0
    assert len(list((there.folder / "old").glob("*.md"))) == 1500


def test_accepting_that_was_killed_is_gone_on_with(plan: Organisation, tmp_path: Path) -> None:
    for number in range(1500):
        (plan.folder / "old" / f"{number}.md").write_text(f"page {number}")
    file = tmp_path / "pack.zip"
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0
    there = _elsewhere(plan, tmp_path / "there", secrets=False)
    with running(there.start("handover", "accept", str(file), "--by", "Sophie")) as process:
        killed_at(process, (there.folder / "old").exists, look=0.001)
    assert len(list(there.folder.rglob("*.md"))) < 1500
    assert there.run("handover", "accept", str(file), "--by", "Sophie").code == 7, "the secrets are missing"
    shutil.copytree(plan.folder / "secrets", there.folder / "secrets")
    assert there.run("handover", "accept", str(file), "--by", "Sophie").code == 0
    assert len(list(there.folder.rglob("*.md"))) == 1500

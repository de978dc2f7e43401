"""The file of proofs, the bundle for support, support hours and the report, by the installed command."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import yaml

from tests.acceptance.organisation import SITE, Organisation
from tests.acceptance.schemas import valid

_PASSWORD = "planted-password"
#: What may stand in no file that is given away.
_PLANTED = (_PASSWORD.encode(), b"planted-subject", b"planted-body", b"planted-letter")


@pytest.fixture
def plan(place: Path, tmp_path: Path) -> Organisation:
    """From one Maildir to another, with a folder that a spreadsheet would run, which a rule leaves out; of a site that
    speaks another language than its organisation."""
    for side in ("old", "new"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / side / "anna@example.org" / part).mkdir(parents=True)
    old = tmp_path / "old" / "anna@example.org"
    for part in ("cur", "new", "tmp"):
        (old / ".=CMD()" / part).mkdir(parents=True)
    for number, folder in enumerate((old, old, old / ".=CMD()")):
        mail = f"Message-ID: <{number}@example.org>\nSubject: planted-subject {number}\n\nplanted-body\n"
        (folder / "cur" / f"150000000{number}.M1.x:2,S").write_text(mail)
    systems: dict[str, dict[str, object]] = {
        side: {"connector": "maildir", "path": str(tmp_path / side / "{address}")} for side in ("old", "new")
    }
    people = [{"address": "anna@example.org", "name": "Anna Berg"}]
    made = Organisation(place, systems, people, {}, site={"leave_out": {"folders": ["=CMD()"]}, "language": "fr"})
    made.write()
    file = place / "organisation.yaml"
    told = yaml.safe_load(file.read_text()) | {
        "domains": {"example.org": {"mx_first": "old"}},
        "support": {"hours": 10, "until": "2027-11-30", "slice": "30min"},
        "contacts": {"support": {"name": "Fabien"}},
    }
    file.write_text(yaml.safe_dump(told))
    (place / "secrets" / f"{SITE}.csv").write_text(
        f"address,source_password,target_password\nanna@example.org,{_PASSWORD},\n"
    )
    (place / "secrets" / f"{SITE}.csv").chmod(0o600)
    return made


def _moved(plan: Organisation, tmp_path: Path) -> None:
    """Copied, verified, with a decision, two proofs, a look at DNS, a message to somebody, and a password where it does
    not belong."""
    assert plan.copy().copied == 2
    assert plan.run("verify", SITE).code == 0
    letter, photograph = tmp_path / "letter.eml", tmp_path / "signed.txt"
    letter.write_text("Subject: planted-letter\n\nplanted-letter\n")
    photograph.write_text("signed by Claire\n")
    for proof in (letter, photograph):
        ended = plan.run("rollout", "confirm", SITE, "scope", "--by", "Claire", "--evidence", str(proof))
        assert ended.code == 0, ended.err
    assert plan.run("rollout", "incident", SITE, f"tried {_PASSWORD}", "--open", "P3", "--by", "Karim").code == 0
    messages = plan.folder / "documents" / SITE / "messages"
    (messages / "j-7").mkdir(parents=True)
    (messages / "j-7" / "anna@example.org.eml").write_text("Subject: J-7\n\nBonjour\n")
    (messages / ".lock").touch()
    looks = plan.folder / "evidence" / "dns" / "example.org"
    looks.mkdir(parents=True)
    (looks / "2026-11-01T10-00-00-000000Z-check.json").write_text('{"domain": "example.org"}\n')
    (looks / "2026-11-02T10-00-00-000000Z-check.json").write_text(json.dumps({"note": _PASSWORD}))


def _pack(plan: Organisation, file: Path) -> dict[str, object]:
    ended = plan.run("evidence", SITE, "--file", str(file), "--by", "Karim", "--json")
    assert ended.code == 0, ended.err
    return valid(ended.json, "evidence")


def _table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_proofs_of_a_site_are_in_one_file_and_nothing_that_is_secret_or_was_written(
    plan: Organisation, tmp_path: Path
) -> None:
    _moved(plan, tmp_path)
    told = _pack(plan, file := tmp_path / "proofs.zip")
    with ZipFile(file) as archive:
        found = {one: archive.read(one) for one in archive.namelist()}
    for word in _PLANTED:
        assert [name for name, data in found.items() if word in data] == []
    (missed,) = _table(found["not-copied.csv"])
    # A spreadsheet shows it, and does not run it.
    assert (missed["folder"], missed["reason"]) == ("'=CMD()", "rule-folder")
    assert "laisse" in missed["meaning"]
    (account,) = _table(found["accounting.csv"])
    assert (account["seen"], account["stored"], account["left_out"]) == ("3", "2", "1")
    assert {one["event"] for one in _table(found["events.csv"])} == {"confirm", "incident"}
    assert sorted(Path(name).suffix for name in found if name.startswith("verification/")) == [".html", ".json"]
    assert [name for name in found if name.startswith("dns/")] == [
        "dns/example.org/2026-11-01T10-00-00-000000Z-check.json"
    ]
    assert any(name.startswith("rollout/") and data == b"signed by Claire\n" for name, data in found.items())
    withheld = {one["why"] for one in told["withheld"]}  # type: ignore[attr-defined]
    assert withheld == {"mail", "secret"}
    assert not [one for one in told["withheld"] if one["path"].startswith("documents/")]  # type: ignore[attr-defined]
    assert {one["part"] for one in told["missing"]} == {"probes", "documents/paris", "documents/example.org"}  # type: ignore[attr-defined]


def test_the_same_state_makes_the_same_file_and_its_manifest_is_known_again(plan: Organisation, tmp_path: Path) -> None:
    _moved(plan, tmp_path)
    first, second = tmp_path / "one.zip", tmp_path / "two.zip"
    assert _pack(plan, first)["manifest_sha256"] == _pack(plan, second)["manifest_sha256"]
    assert first.read_bytes() == second.read_bytes()
    ended = plan.run("evidence", "verify", str(first), "--json")
    assert ended.code == 0
    assert valid(ended.json, "evidence-verify")["manifest"] == "same"


def _rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with ZipFile(file) as archive:
        found = {one: archive.read(one) for one in archive.namelist()}
    change(found)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(name, data)


def _forge(found: dict[str, bytes]) -> None:
    """As somebody does who knows how the manifest is made."""
    from hashlib import sha256

    from migrate.evidence.zipping import manifest_bytes

    found["accounting.csv"] += b"forged,0\r\n"
    told = json.loads(found["manifest.json"])
    for one in told["files"]:
        if one["path"] == "accounting.csv":
            data = found["accounting.csv"]
            one |= {"size": len(data), "sha256": sha256(data).hexdigest()}
    found["manifest.json"] = manifest_bytes({name: value for name, value in told.items() if name != "seal"})


_HARM: dict[str, tuple[Callable[[dict[str, bytes]], object], list[tuple[str, str]], str]] = {
    "changed": (
        lambda found: found.update({"accounting.csv": found["accounting.csv"].replace(b"3", b"4", 1)}),
        [("accounting.csv", "changed")], "same",
    ),
    "longer": (
        lambda found: found.update({"events.csv": found["events.csv"] + b"x"}), [("events.csv", "changed")], "same",
    ),
    "missing": (lambda found: found.pop("not-copied.csv"), [("not-copied.csv", "missing")], "same"),
    "added": (lambda found: found.update({"more.csv": b"x"}), [("more.csv", "added")], "same"),
    "outside": (lambda found: found.update({"../more.csv": b"x"}), [("../more.csv", "unsafe")], "same"),
    "manifest": (
        lambda found: found.update({"manifest.json": found["manifest.json"].replace(b": \"paris\"", b": \"lyon\"")}),
        [("manifest.json", "seal")], "unknown",
    ),
    "forged": (_forge, [], "another"),
}  # fmt: skip


@pytest.mark.parametrize("harm", _HARM)
def test_whatever_was_changed_is_named(plan: Organisation, tmp_path: Path, harm: str) -> None:
    assert plan.copy().code == 0
    digest = _pack(plan, file := tmp_path / "proofs.zip")["manifest_sha256"]
    change, problems, manifest = _HARM[harm]
    _rewritten(file, change)  # type: ignore[arg-type]  # what a change returns is of no use
    ended = plan.run("evidence", "verify", str(file), "--json")
    assert ended.code == 3
    told = valid(ended.json, "evidence-verify")
    assert [(one["path"], one["what"]) for one in told["problems"]] == problems
    assert told["manifest"] == manifest
    # Who has no ledger was told the digest.
    given = plan.run("evidence", "verify", str(file), "--digest", str(digest), "--json").json
    assert (given["manifest"] == "another") is (harm in ("manifest", "forged"))


def test_what_is_no_file_of_ours_is_told_and_a_bomb_is_not_unpacked(plan: Organisation, tmp_path: Path) -> None:
    assert plan.copy().code == 0
    _pack(plan, file := tmp_path / "proofs.zip")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-200])
    other = tmp_path / "other.zip"
    with ZipFile(other, "w") as archive:
        archive.writestr("manifest.json", '{"kind": "another"}')
    bomb = tmp_path / "bomb.zip"
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("x", b"")
    # It says of itself that it is five gigabytes long.
    data = bytearray(bomb.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    for _file in range(2):
        data[at + 24 : at + 28] = (0xFFFF_FFF0).to_bytes(4, "little")
        at = data.index(b"PK\x01\x02")
    bomb.write_bytes(data)
    for harmful, word in ((cut, "cut short"), (other, "cut short"), (bomb, "GB unpacked")):
        ended = plan.run("evidence", "verify", str(harmful))
        assert ended.code == 2
        assert word in ended.err
        assert "Traceback" not in ended.err
    assert zipfile.is_zipfile(file)


def test_a_bundle_for_support_does_not_say_whose_it_is(plan: Organisation, tmp_path: Path) -> None:
    _moved(plan, tmp_path)
    file = tmp_path / "support.zip"
    ended = plan.run("evidence", "--for-support", "--file", str(file), "--json")
    assert ended.code == 0, ended.err
    valid(ended.json, "evidence-for-support")
    with ZipFile(file) as archive:
        found = {one: archive.read(one) for one in archive.namelist()}
    for word in (*_PLANTED, b"anna", b"Anna", b"Berg", b"example.org", str(tmp_path).encode(), b'"paris"', b"CMD"):
        assert [name for name, data in found.items() if word in data and name != "versions.json"] == [], word
    (mailbox,) = json.loads(found["ledger.json"])
    assert (mailbox["mailbox"], mailbox["seen"], mailbox["stored"]) == ("person-1", 3, 2)
    (site,) = json.loads(found["plan.json"])["sites"].values()
    assert site["people"][0]["address"] == "person-1"


def test_support_hours_are_used_in_slices_and_what_is_left_is_told_where_help_is_looked_for(plan: Organisation) -> None:
    logged = plan.run("hours", "log", "40min", "records of the domain", "--site", SITE, "--by", "Fabien", "--json")
    assert valid(logged.json, "hours")["minutes"] == {"bought": 600, "used": 60, "left": 540}
    assert plan.run("hours", "log", "1h30", "archives", "--by", "Fabien").code == 0
    assert "Or ask Fabien (7 h 30 left)." in plan.run("rollout", "next", SITE).out
    assert plan.run("hours", "take-back", "2", "--because", "told twice", "--by", "Karim").code == 0
    shown = plan.run("hours", "show")
    assert "9 h left" in shown.out
    assert "told twice" in shown.out
    assert plan.run("hours", "take-back", "2", "--because", "again").code == 2
    for wrong in (
        ("a while", "x"),
        ("30min", " "),
        ("30min", "x", "--site", "nowhere"),
        ("30min", "x", "--on", "2099"),
    ):
        ended = plan.run("hours", "log", *wrong)
        assert ended.code == 2
        assert ended.err.startswith("Error:")
    assert valid(plan.run("hours", "show", "--json").json, "hours")["minutes"]["left"] == 540


def test_the_report_tells_the_whole_organisation_and_names_nobody(plan: Organisation, tmp_path: Path) -> None:
    _moved(plan, tmp_path)
    assert plan.run("hours", "log", "30min", "<script>alert(1)</script>", "--by", "Fabien").code == 0
    told = valid(plan.run("report", "--json").json, "report")
    assert told["moved"] == {"seen": 3, "there": 2, "left_out": 1, "refused": 0, "open": 0, "rate": 1.0}
    assert told["not_there"] == [{"reason": "rule-folder", "count": 1, "left_out": True}]
    assert told["sites"][0]["grade"] == "perfect"
    assert {one["code"] for one in told["risks"]} == {"incident", "no-day"}
    page = tmp_path / "report.html"
    for language, word in (("fr", "où en est la migration"), ("en", "where the migration stands")):
        assert plan.run("report", "--file", str(page), "--language", language).code == 0
        text = page.read_text()
        assert word in text
        assert "<script>alert" not in text
        assert "anna@" not in text
    assert plan.run("report", "--file", "report.doc").code == 2

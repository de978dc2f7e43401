"""bascule archive, as installed: looked into, exported and killed, collected, compared with a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from filelock import FileLock

from migrate.archives.crew import cores
from tests.acceptance.box import Box
from tests.acceptance.letters import letter, write_mbox
from tests.acceptance.organisation import (
    COMMAND,
    SITE,
    Ended,
    Organisation,
    finished,
    killed_at,
    running,
)  # fmt: skip
from tests.acceptance.schemas import valid
from tests.pst_writer import Attachment, PstWriter
from tests.pst_writer.letters import letter as pst_letter
from tests.servers.mail import Mail

ANNA = "anna@example.org"
_MANY = 700


def run(folder: Path, *arguments: str) -> Ended:
    """The command in a folder that is no organisation's."""
    process = subprocess.Popen(
        [str(COMMAND), "archive", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    )
    with running(process):
        return finished(process)


def exported(to: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (to / "items.jsonl").read_text().splitlines()]


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "box.mbox"
    write_mbox(path, [letter(number, size=4000) for number in range(_MANY)])
    return path


def test_archives_are_looked_into_without_an_organisation(tmp_path: Path, shared_corpus: Path) -> None:
    archives = shared_corpus / "archives"
    ended = run(tmp_path, "inspect", "--json", str(archives / "aspose-*.pst"), str(archives / "gyb-sample.mbox"))
    told = valid(ended.json, "archive-inspect")
    assert ended.code == 0
    assert Counter(one["kind"] for one in told["archives"]) == {"pst": 5, "mbox": 1}
    table = run(tmp_path, "inspect", str(archives / "aspose-Outlook_1.pst"))
    assert re.search(r"^Inbox +8 +8 +2 ", table.out, re.MULTILINE)
    assert "1 appointment, 1 contact" in table.out
    assert list(tmp_path.iterdir()) == []


def test_unknown_x500_addresses_are_told_and_put_into_a_table_to_fill_in(tmp_path: Path) -> None:
    told = "2 X.500 addresses have no mail address: nobody can answer to them."
    with PstWriter(tmp_path / "old mail.pst") as pst:
        inbox = pst.folder("Inbox")
        for number in range(4):
            sender = {0x0C1E001F: "EX", 0x0C1F001F: f"/o=Example/cn=Recipients/cn=p{number % 2}"}
            pst.message(inbox, pst_letter(number, tags=sender))
    first = run(tmp_path, "export", "old mail.pst", "--to", "out")
    assert (first.code, told in first.out) == (0, True), first.out
    assert "bascule archive inspect 'old mail.pst' --template x500.csv" in first.out
    # What was exported before has addresses as well.
    again = run(tmp_path, "export", "old mail.pst", "--to", "out", "--json").json
    assert sorted(again["unknown_addresses"]) == [f"/o=Example/cn=Recipients/cn=p{number}" for number in range(2)]
    looked = run(tmp_path, "inspect", "old mail.pst", "--template", "x500.csv")
    assert told in looked.out
    assert "2 of them are new in x500.csv." in looked.out
    table = tmp_path / "x500.csv"
    table.write_text(re.sub(r"(cn=p\d),", r"\1,\1@example.org", table.read_text()))
    filled = run(tmp_path, "inspect", "old mail.pst", "--addresses", "x500.csv", "--template", "more.csv")
    assert (filled.code, "X.500 addresses have" in filled.out, (tmp_path / "more.csv").exists()) == (0, False, False)


def test_what_is_no_archive_and_what_is_not_there_are_mistakes_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Anna")
    ended = run(tmp_path, "inspect", "letter.txt")
    assert (ended.code, "no mail archive of a kind that is known" in ended.out) == (2, True)
    missing = run(tmp_path, "inspect", "*.pst")
    assert (missing.code, missing.err) == (2, "Error: No archive is named as *.pst.\n")
    export = run(tmp_path, "export", "letter.txt", "--to", "out")
    assert (export.code, "Traceback" in export.err) == (2, False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "form", ["mbox", *(pytest.param(form, marks=pytest.mark.nightly) for form in ("eml", "maildir"))]
)
def test_an_export_that_is_killed_is_gone_on_with_and_nothing_is_lost_or_doubled(
    box: Path, tmp_path: Path, form: str
) -> None:
    to = tmp_path / "out"
    arguments = ("export", str(box), "--to", str(to), "--as", form, "--json")
    journal = to / "items.jsonl"
    kills = 0
    for enough in (50, 300):
        process = subprocess.Popen(
            [str(COMMAND), "archive", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
        with running(process):
            kills += killed_at(process, lambda: journal.exists() and journal.read_bytes().count(b"\n"), enough)
    ended = run(tmp_path, *arguments)
    told = valid(ended.json, "archive-export")
    assert kills > 0
    assert (ended.code, told["complete"], told["items"], told["exported"]) == (0, True, _MANY, _MANY)
    lines = exported(to)
    wanted = Counter(sha256(one).hexdigest() for one in _messages(box))
    assert Counter(line["sha256"] for line in lines) == wanted
    files = [path for path in (to / "mail").rglob("*") if path.is_file() and path.name != "maildirfolder"]
    if form == "mbox":
        (file,) = files
        assert len(re.findall(rb"^From - ", file.read_bytes(), re.MULTILINE)) == _MANY
    else:
        assert Counter(sha256(path.read_bytes()).hexdigest() for path in files) == wanted
    assert not [path for path in to.rglob("*") if path.suffix == ".part"]


@pytest.mark.skipif(cores() == 1, reason="one processor is not shared out")
def test_an_export_by_several_processes_that_is_killed_leaves_none_behind_and_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "anna.pst"
    with PstWriter(path) as writer:
        folders = [writer.folder(name) for name in ("Inbox", "Sent Items")]
        for number in range(2 * _MANY):
            attachment = Attachment("a.bin", number.to_bytes(2, "big") * 25_000)
            writer.message(folders[number % 2], pst_letter(number, attachment))
    to = tmp_path / "out"
    arguments = ("export", str(path), "--to", str(to), "--json")
    journal = to / "items.jsonl"
    kills = 0
    for _time in range(2):
        enough = _lines_in(journal) + 1
        process = subprocess.Popen(
            [str(COMMAND), "archive", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
        helpers: set[int] = set()
        with running(process):

            def noted(pid: int = process.pid, seen: set[int] = helpers) -> int:
                seen.update(_children(pid))
                return _lines_in(journal)

            kills += killed_at(process, noted, enough)
        assert helpers
        _wait_for_the_end_of(helpers)
    ended = run(tmp_path, *arguments)
    told = ended.json
    assert kills == 2
    assert (ended.code, told["complete"], told["items"], told["exported"]) == (0, True, 2 * _MANY, 2 * _MANY)
    lines = exported(to)
    assert len({line["item"] for line in lines}) == len(lines) == 2 * _MANY
    files = {path.relative_to(to).as_posix(): path for path in (to / "mail").rglob("*") if path.is_file()}
    assert {line["file"]: line["sha256"] for line in lines} == {
        name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }


def _lines_in(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _children(pid: int) -> set[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(OSError):
        return set(map(int, listed.read_text().split()))
    return set()


def _wait_for_the_end_of(processes: set[int]) -> None:
    """Nobody writes to an export any more whose command was killed."""
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < until
        time.sleep(0.02)


def _messages(box: Path) -> list[bytes]:
    """Without their From_ lines, and the empty lines behind them."""
    return [one.partition(b"\n")[2][:-1] for one in re.split(rb"(?m)^From ", box.read_bytes())[1:]]


def test_an_export_says_what_a_full_disk_or_a_foreign_folder_is(box: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "letter.txt").write_text("mine")
    ended = run(tmp_path, "export", str(box), "--to", "there")
    assert (ended.code, "holds other files already" in ended.err, "Traceback" in ended.err) == (2, True, False)
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["letter.txt"]


def test_a_damaged_archive_is_salvaged_and_the_words_say_what_may_come_back(
    tmp_path: Path, shared_corpus: Path
) -> None:
    data = (shared_corpus / "archives" / "aspose-Outlook_1.pst").read_bytes()
    broken = tmp_path / "broken.pst"
    broken.write_bytes(data[:16] + bytes(496) + data[512:])
    looked = run(tmp_path, "inspect", "broken.pst")
    assert looked.code == 3
    assert "bascule archive salvage broken.pst" in looked.out
    ended = run(tmp_path, "salvage", "broken.pst", "--to", "out")
    assert ended.code in (0, 3), ended.err
    assert "Messages that their person deleted may have come back" in ended.out
    lines = exported(tmp_path / "out")
    assert len(lines) >= 12
    assert all(line["salvaged"] for line in lines)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["salvage"] is True


@pytest.fixture
def plan(plan: Organisation) -> Organisation:
    plan.site = {"archives": {"collected_in": "collected"}}
    return plan


def names(plan: Organisation, *archives: Path | str) -> None:
    plan.people[0]["archives"] = "|".join((*map(str, archives), ""))
    plan.write()


def on(day: date, number: int) -> Mail:
    """A message that came at noon of a day."""
    received = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    mail = letter(number, folder=("INBOX",))
    data = re.sub(rb"Date: [^\r]*", f"Date: {received:%a, %d %b %Y %H:%M:%S} +0000".encode(), mail.data)
    return Mail(mail.folder, data, frozenset({"\\Seen"}), received)


def test_archives_are_collected_verified_and_copied_from_there(plan: Organisation, target: Box, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    box = drive / "Old mail.mbox"
    write_mbox(box, [letter(number) for number in range(20)])
    names(plan, f"{drive}/*.mbox => Archive")
    before = box.stat()
    ended = plan.run("archive", "collect", SITE, "--json")
    assert ended.code == 0, ended.err
    (told,) = valid(ended.json, "archive-collect")["archives"]
    copy = plan.folder / "collected" / ANNA / "Old mail.mbox"
    assert (told["outcome"], told["file"], told["kind"]) == ("collected", str(copy), "mbox")
    assert told["sha256"] == sha256(copy.read_bytes()).hexdigest() == sha256(box.read_bytes()).hexdigest()
    assert (box.stat().st_mtime_ns, box.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    # The drive goes back to its owner.
    drive.rename(tmp_path / "away")
    assert plan.copy().copied == 20
    assert plan.copy().copied == 0
    again = plan.run("archive", "collect", SITE)
    assert (again.code, "is the drive connected" in again.out, "Traceback" in again.err) == (3, True, False)
    assert plan.run("plan", "check").code == 0
    names(plan, f"{drive}/*.mbox => Archive", f"{drive}/*.pst")
    missing = plan.run("copy", SITE)
    assert (missing.code, f"{drive}/*.pst: the archive is not there" in missing.out) == (6, True), missing.out
    names(plan, f"{drive}/*.mbox => Archive")
    (tmp_path / "away").rename(drive)
    write_mbox(box, [letter(number) for number in range(23)])
    renewed = plan.run("archive", "collect", SITE, "--json")
    assert renewed.code == 0
    assert [one["outcome"] for one in renewed.json["archives"]] == ["renewed"]
    assert len(list((plan.folder / "collected" / ANNA / "earlier").iterdir())) == 1
    assert plan.copy().copied == 3


def test_two_runs_do_not_collect_at_the_same_time(plan: Organisation, tmp_path: Path) -> None:
    box = tmp_path / "a.mbox"
    write_mbox(box, [letter(1)])
    names(plan, box)
    (plan.folder / ".bascule").mkdir(exist_ok=True)
    with FileLock(plan.folder / ".bascule" / f"collect-{SITE}.lock"):
        assert plan.run("archive", "collect", SITE).code == 4
    assert plan.run("archive", "collect", SITE).code == 0


def _archives_gate(plan: Organisation) -> str:
    while (site := plan.run("rollout", "status", "--json").json["sites"][0])["phase"] != "dual-delivery":
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    return str(next(gate["state"] for gate in site["gates"] if gate["gate"] == "archives"))


def test_days_that_only_a_pc_has_are_shown_until_the_archive_is_collected_again(
    plan: Organisation, source: Box, tmp_path: Path
) -> None:
    today = datetime.now(ZoneInfo("Europe/Paris")).date()  # the plan's day: UTC's ends an hour or two later
    ago = [today - timedelta(days=number) for number in range(40)]
    source.add(*(on(day, number) for number, day in enumerate(ago[:5])))
    box = tmp_path / "Outlook.mbox"
    write_mbox(box, [on(day, 100 + number) for number, day in enumerate(reversed(ago[9:30]))])
    when = datetime(ago[9].year, ago[9].month, ago[9].day, 18, tzinfo=UTC).timestamp()
    os.utime(box, (when, when))
    names(plan, box)
    assert plan.run("archive", "collect", SITE).code == 0
    marks = source.marks()
    ended = plan.run("archive", "coverage", SITE, "--json")
    (told,) = valid(ended.json, "archive-coverage")["mailboxes"]
    assert ended.code == 3
    received = told["received"]
    assert received["uncovered"] == {"first": ago[8].isoformat(), "last": ago[5].isoformat(), "days": 4}
    assert (received["archive"]["messages"], received["server"]["messages"]) == (21, 5)
    # Nothing tells what was sent since.
    assert told["sent"]["uncovered"] == {"first": ago[8].isoformat(), "last": today.isoformat(), "days": 9}
    shown = plan.run("archive", "coverage", SITE)
    assert "4 days uncovered" in shown.out
    assert "bascule archive collect paris" in shown.out
    assert source.marks() == marks
    # An archive that nobody collected may be the one that Outlook writes to: of what was sent nothing is known then.
    write_mbox(plan.folder / "collected" / "by hand.mbox", [on(ago[20], 300)])
    names(plan, box, "by hand.mbox")
    both = plan.run("archive", "coverage", SITE, "--json").json["mailboxes"][0]
    assert (both["archives"], both["complete_on"], both["sent"]["uncovered"]) == (2, None, None)
    assert both["received"]["uncovered"] == received["uncovered"]
    names(plan, box)
    # Outlook fetched what there was, and was closed.
    write_mbox(box, [on(day, 100 + number) for number, day in enumerate(reversed(ago[5:30]))])
    assert plan.run("archive", "collect", SITE).code == 0
    # A rollout that has begun goes by what was seen.
    assert _archives_gate(plan) == "unknown"
    covered = plan.run("archive", "coverage", SITE)
    assert (covered.code, "no day uncovered" in covered.out) == (0, True), covered.out
    assert _archives_gate(plan) == "met"


def test_a_server_that_cannot_be_reached_is_no_proof_of_anything(plan: Organisation, tmp_path: Path) -> None:
    box = tmp_path / "Outlook.mbox"
    write_mbox(box, [letter(1)])
    names(plan, box)
    plan.systems["old"]["port"] = 1
    plan.write()
    ended = plan.run("archive", "coverage", SITE, "--json")
    valid(ended.json, "archive-coverage")
    assert ended.code == 6
    assert ended.json["mailboxes"][0]["error"]["kind"] == "Unavailable"


def test_calendars_and_contacts_reach_their_person_with_the_copy(
    plan: Organisation, target: Box, shared_corpus: Path
) -> None:
    names(plan, shared_corpus / "archives" / "aspose-Outlook_1.pst")
    ended = plan.run("copy", SITE)
    assert ended.code == 0, ended.err
    folder = plan.folder / "handover" / ANNA
    assert f"{ANNA}: 3 items that are no mail were handed over, in {folder}" in ended.out
    assert {path.name for path in folder.iterdir()} == {
        "aspose-Outlook_1", "how-to-import.html", "how-to-import.md",
    }  # fmt: skip
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sum(path.suffix == ".ics" for path in before) == 2
    assert plan.copy().code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_names_that_are_no_text_stop_no_command(plan: Organisation, tmp_path: Path) -> None:
    """As on a drive of an old Linux, or from somebody who means to command the terminal."""
    (tmp_path / "drive").mkdir()
    box = tmp_path / "drive" / os.fsdecode(b"caf\xe9\x1b[2J.mbox")
    write_mbox(box, [letter(1)])
    looked = run(tmp_path, "inspect", str(box))
    assert (looked.code, looked.err) == (0, "")
    assert "\x1b" not in looked.out
    told = run(tmp_path, "inspect", str(box), "--json")
    assert valid(told.json, "archive-inspect")["archives"][0]["items"] == 1
    export = run(tmp_path, "export", str(box), "--to", "out", "--json")
    assert (export.code, export.json["exported"]) == (0, 1), export.err
    assert run(tmp_path, "export", str(box), "--to", "out").code == 0
    names(plan, tmp_path / "drive" / "*")
    collected = plan.run("archive", "collect", SITE, "--json")
    assert collected.code == 0, collected.err
    assert [one["outcome"] for one in collected.json["archives"]] == ["collected"]
    copied = plan.copy()
    assert copied.code == 0, copied.err
    assert copied.copied == 1

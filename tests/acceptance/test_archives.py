"""Archives that the people file names, copied by the installed command into a real server."""

from __future__ import annotations

import hashlib
import mailbox
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.acceptance.box import Box
from tests.acceptance.conftest import TrapFactory
from tests.acceptance.letters import letter
from tests.acceptance.organisation import LIMIT, SITE, Organisation, imap, running
from tests.acceptance.trap import Snap
from tests.pst_writer import Attachment, Message, PstWriter
from tests.servers.mail import Mail, bodies, content_of

INBOX = ("INBOX",)
ANNA = "anna@example.org"
#: Of the shared corpus: each kind of archive that another program made.
CORPUS = {
    "Outlook": "aspose-Outlook_1.pst",
    "Outlook 2002": "gopst-32-bit-ansi.pst",
    "mbox": "gyb-takeout.mbox",
    "Outlook Express": "dzw-Inbox.dbx",
    "Outlook for Mac": "aspose-SampleOLM.olm",
    "message of Outlook": "oxmsg-message.msg",
    "message of Apple Mail": "mikez-richtext.emlx",
}
FILE = bytes(range(256)) * 30


@pytest.fixture
def plan(plan: Organisation) -> Organisation:
    plan.site = {"archives": {"collected_in": "collected"}}
    (plan.folder / "collected").mkdir()
    return plan


def names(plan: Organisation, *archives: str) -> None:
    plan.people[0]["archives"] = "|".join((*archives, ""))
    plan.write()


def collected(plan: Organisation, *parts: str) -> Path:
    path = plan.folder.joinpath("collected", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def marks(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Everything a reader could have changed: times, sizes and bytes.  The bytes are looked at last."""
    paths = [folder, *sorted(folder.rglob("*"))]
    told = {path: path.stat() for path in paths}
    return {
        str(path): (
            stat.st_mtime_ns,
            stat.st_ctime_ns,
            stat.st_size,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path, stat in told.items()
    }


def received(number: int) -> datetime:
    return datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC) + timedelta(hours=number)


def header(number: int) -> str:
    """As it came over the network, without what says how the body is packed."""
    return (
        f"Received: from mx.example by pop.example; {received(number):%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"From: Ben <ben@example.org>\r\nTo: anna@example.org\r\nSubject: item {number}\r\n"
        f"Date: {received(number):%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <item{number}@example.org>\r\n"
    )


def served(number: int, attached: bytes = b"") -> Mail:
    """The same message as its server keeps it."""
    if not attached:
        data = f"{header(number)}Content-Type: text/plain\r\n\r\nhello {number}\r\n"
    else:
        lines = attached.hex(" ").upper().replace(" ", "=")
        folded = "=\r\n".join(f"={lines}"[at : at + 72] for at in range(0, len(lines) + 1, 72))
        data = (
            f'{header(number)}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
            f"--b\r\n\r\nhello {number}\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
            f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{folded}\r\n--b--\r\n"
        )
    return Mail(INBOX, data.encode(), frozenset({"\\Seen"}), received(number) + timedelta(seconds=3))


def item(number: int, attached: bytes = b"") -> Message:
    tags = {
        0x0037001F: f"item {number}",
        0x1000001F: f"hello {number}\r\n",
        0x0E060040: received(number),
        0x0039_0040: received(number),
        0x007D001F: header(number),
        0x1035001F: f"<item{number}@example.org>",
    }
    return Message(tags, attachments=[Attachment("a.pdf", attached)] if attached else [])


def write_pst(path: Path, numbers: Sequence[int], attached: Callable[[int], bytes] = lambda _number: b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with PstWriter(path) as pst:
        work = pst.folder("Work")
        for number in numbers:
            pst.message(work, item(number, attached(number)))


def write_mbox(path: Path, mails: Sequence[Mail]) -> None:
    """Behind what is there."""
    with path.open("ab") as out:
        for mail in mails:
            out.write(b"From ben Mon Jan  5 08:00:00 2026\n" + mail.data.replace(b"\r\n", b"\n") + b"\n")


def subjects(box: Box) -> Counter[str]:
    """What is in a mailbox, by subject."""
    there = [data for folder in bodies(box.server, box.user).values() for data in folder]
    return Counter(data.split(b"\r\nSubject: ", 1)[1].split(b"\r\n")[0].decode() for data in there)


def verified(plan: Organisation) -> dict[str, str]:
    ended = plan.run("verify", SITE, "--json")
    assert ended.code == 0, ended.out + ended.err
    return {one["mailbox"]: one["grade"] for one in ended.json["mailboxes"]}


@pytest.mark.parametrize("kind", CORPUS)
def test_an_archive_that_another_program_made_arrives_whole(
    plan: Organisation, target: Box, shared_corpus: Path, kind: str
) -> None:
    file = collected(plan, CORPUS[kind])
    shutil.copyfile(shared_corpus / "archives" / CORPUS[kind], file)
    names(plan, f"{file.name} => Archive/2012")
    before = marks(file.parent)
    ended = plan.copy()
    assert ended.code in (0, 3), ended.err
    mine = ended.mailbox
    assert mine["seen"] == mine["outcomes"]["stored"] + mine["outcomes"]["left_out"] + mine["outcomes"]["refused"]
    assert mine["seen"] > 0
    assert set(mine["reasons"]) <= {"not-mail", "unreadable"}
    assert all(path[:2] == ("Archive", "2012") for path in target.holds())
    assert sum(sum(folder.values()) for folder in target.holds().values()) == mine["outcomes"]["stored"]
    assert verified(plan)[f"{ANNA} ({file.name})"] in ("perfect", "good")
    again = plan.copy()
    assert set(again.mailbox["this_pass"].values()) == {0}
    assert marks(file.parent) == before


def test_folders_of_files_are_archives_too(plan: Organisation, target: Box) -> None:
    letters = [letter(number) for number in range(9)]
    box = mailbox.Maildir(collected(plan, "maildir"))
    for mail in letters[:3]:
        box.add(mail.data)
    for number, mail in enumerate(letters[3:6]):
        collected(plan, "files", "sub", f"{number}.eml").write_bytes(mail.data)
    write_mbox(collected(plan, "letters.mbox"), letters[6:])
    names(plan, "*")
    before = marks(plan.folder / "collected")
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 9), ended.out + ended.err
    assert {stored.content for folder in target.holds().values() for stored in folder} == {
        content_of(mail.data) for mail in letters
    }
    assert {path[:2] for path in target.holds()} == {
        ("Archives", "maildir"),
        ("Archives", "files"),
        ("Archives", "letters"),
    }
    assert set(verified(plan)) == {ANNA, *(f"{ANNA} ({name})" for name in ("files", "letters.mbox", "maildir"))}
    assert plan.copy().copied == 0
    assert marks(plan.folder / "collected") == before


def test_a_newer_copy_of_an_archive_under_any_path_moves_only_what_is_new(plan: Organisation, target: Box) -> None:
    write_pst(collected(plan, "monday", "anna.pst"), range(10))
    names(plan, "monday/anna.pst => Archive")
    assert plan.copy().copied == 10
    write_pst(plan.folder / "elsewhere" / "Outlook copy.pst", range(13))
    names(plan, f"{plan.folder / 'elsewhere' / 'Outlook copy.pst'} => Archive")
    ended = plan.copy()
    assert (ended.code, ended.copied, ended.mailbox["seen"]) == (0, 3, 13)
    assert subjects(target) == Counter(f"item {number}" for number in range(13))


def test_mail_in_the_archive_and_on_the_server_is_copied_once_whichever_came_first(
    plan: Organisation, source: Box, target: Box
) -> None:
    def attached(number: int) -> bytes:
        return FILE + bytes([number]) if number % 2 else b""

    source.add(*(served(number, attached(number)) for number in range(6)))
    write_pst(collected(plan, "anna.pst"), range(4, 10), attached)
    names(plan, "anna.pst")
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 10), ended.out + ended.err
    assert ended.mailbox["reasons"] == {"in-another-source": 2}
    assert verified(plan) == {ANNA: "perfect", f"{ANNA} (anna.pst)": "good"}
    # What comes to the server now lay in the archive before.
    source.add(served(8), served(9, attached(9)))
    later = plan.copy()
    assert (later.copied, later.mailbox["reasons"]) == (0, {"in-another-source": 4})
    assert subjects(target) == Counter(f"item {number}" for number in range(10))
    listed = plan.run("not-copied", SITE, "--json").json["messages"]
    assert Counter(one["source"] for one in listed) == {"anna.pst": 2, "old": 2}
    assert "in-another-source  anna.pst Work" in plan.run("not-copied", SITE).out
    assert set(verified(plan).values()) == {"good"}
    # A ledger that is lost is taken up again for all sources before any of them is copied, by a command or by itself.
    for adopts in (True, False):
        plan.forget()
        assert not adopts or plan.run("adopt", SITE).code == 0
        found_again = plan.copy()
        assert (found_again.copied, found_again.mailbox["reasons"]["in-another-source"]) == (0, 4)
    assert "4 messages are pending again" in plan.run("not-copied", SITE, "--copy-again").out
    assert plan.copy().copied == 4
    assert plan.copy().copied == 0


def test_a_renamed_mbox_copies_nothing_again_and_one_that_grew_what_is_new(plan: Organisation, target: Box) -> None:
    file = collected(plan, "letters.mbox")
    write_mbox(file, [letter(number) for number in range(5)])
    names(plan, "letters.mbox => Letters")
    assert plan.copy().copied == 5
    file = file.rename(file.with_name("letters of 2026"))
    names(plan, "letters of 2026 => Letters")
    renamed = plan.copy()
    assert (renamed.code, renamed.copied, renamed.mailbox["reasons"]) == (0, 0, {"in-another-source": 5})
    write_mbox(file, [letter(7)])
    assert plan.copy().copied == 1
    assert sum(sum(folder.values()) for folder in target.holds().values()) == 6


def write_thunderbird(file: Path, numbers: Sequence[int], *, read: bool) -> None:
    """As the program leaves a folder behind: with its own marks in each header, which change under our hands."""
    status = b"0001" if read else b"0000"
    head = b"From - Mon Jan  5 08:00:00 2026\nX-Mozilla-Status: " + status + b"\nX-Mozilla-Status2: 00000000\n"
    data = b"".join(head + letter(number).data.replace(b"\r\n", b"\n") + b"\n" for number in numbers)
    file.write_bytes(data)
    file.with_name(f"{file.name}.msf").write_text('// <!-- <mdb:mork:z v="1.4"/> -->\n')


def test_a_live_thunderbird_folder_that_grows_and_is_compacted_copies_nothing_again(
    plan: Organisation, target: Box
) -> None:
    inbox = collected(plan, "thunderbird", "Inbox")
    sub = collected(plan, "thunderbird", "Inbox.sbd", "Projects")
    write_thunderbird(inbox, range(6), read=False)
    write_thunderbird(sub, [20, 21], read=True)
    names(plan, "thunderbird => .")
    assert plan.copy().copied == 8
    assert set(target.holds()) == {INBOX, ("INBOX", "Projects")}
    # New mail came, old mail was deleted and cut out of the file, and what is left was read: every offset moved.
    write_thunderbird(inbox, [1, 3, 4, 5, 6, 7], read=True)
    ended = plan.copy()
    assert (ended.code, ended.copied, ended.mailbox["seen"]) == (0, 2, 10), ended.out
    assert ended.mailbox["this_pass"]["flags_changed"] == 4
    assert sum(sum(folder.values()) for folder in target.holds().values()) == 10
    assert plan.copy().copied == 0


def test_an_archive_may_go_into_the_mailbox_itself(plan: Organisation, target: Box) -> None:
    write_mbox(collected(plan, "Sent.mbox"), [letter(1)])
    names(plan, "Sent.mbox => .")
    assert plan.copy().copied == 1
    assert list(target.holds()) == [("Sent",)]


def test_an_archive_that_is_not_there_is_told_and_does_not_stop_the_rest(
    plan: Organisation, source: Box, target: Box
) -> None:
    write_pst(collected(plan, "anna.pst"), range(3))
    names(plan, "anna.pst|drive/old.pst")
    source.add(letter(1))
    ended = plan.copy()
    assert (ended.code, ended.copied) == (6, 4)
    assert "old.pst" in str(ended.mailbox["errors"])
    (plan.folder / "collected" / "anna.pst").unlink()
    source.add(letter(2))
    later = plan.copy()
    assert (later.code, later.copied) == (6, 1)
    assert later.mailbox["gone_from_source"] == 0
    checked = plan.run("plan", "check")
    assert checked.code == 2
    assert "There is no archive drive/old.pst" in checked.err
    assert plan.run("status").code == 0
    for command in (("folders", SITE), ("copy", SITE, "--dry-run"), ("backup", SITE)):
        shown = plan.run(*command)
        assert shown.code == 6, shown.err
        assert "drive/old.pst: the archive is not there" in shown.out.replace("\n", "")
        assert "See that its drive is connected" in shown.out
    assert len(list((plan.folder / "backup" / SITE / ANNA).rglob("*.M*"))) == 2


def test_names_in_commands_are_those_of_files(plan: Organisation, target: Box) -> None:
    for folder in ("a", "b"):
        write_pst(collected(plan, folder, "same.pst"), range(2))
    write_pst(collected(plan, "one.pst"), range(2, 4))
    names(plan, "a/same.pst|b/same.pst|one.pst")
    labels = [f"{ANNA} ({name})" for name in ("a/same.pst", "b/same.pst", "one.pst")]
    for command in (("folders", SITE), ("copy", SITE, "--dry-run")):
        shown = plan.run(*command)
        assert shown.code == 0, shown.err
        assert all(label in shown.out for label in labels)
    assert plan.run("check", SITE, "--json").json["mailboxes"][0]["messages"] == 6
    assert plan.copy().copied == 4
    backed_up = plan.run("backup", SITE, "--json")
    assert backed_up.code == 0, backed_up.out + backed_up.err
    assert backed_up.json["mailboxes"][0]["seen"] == 6


@pytest.mark.parametrize("series", [0, *(pytest.param(number, marks=pytest.mark.nightly) for number in range(1, 12))])
def test_a_copy_that_is_killed_anywhere_loses_and_doubles_nothing(
    plan: Organisation, source: Box, target: Box, trap: TrapFactory, series: int
) -> None:
    source.add(*(served(number) for number in range(60)))
    write_pst(collected(plan, "anna.pst"), range(30, 260))
    write_mbox(collected(plan, "letters.mbox"), [served(number) for number in range(200, 320)])
    before = trap(target.server.port)
    plan.systems["new"] = imap(before.port, batch=20)
    names(plan, "anna.pst", "letters.mbox")
    untouched = marks(plan.folder / "collected")
    chance = random.Random(series)
    for _kill in range(5 if series else 2):
        # Each at a random point of so small a part of all bytes that every one hits a run that still has work.
        snap = Snap(size=chance.randrange(1, 24_000), late=chance.choice([None, 0.0, 0.3]))
        with running(plan.start("copy", SITE)) as process:
            before.set(snap, process.kill)
            process.communicate(timeout=LIMIT)
        assert before.snapped.is_set()
        print(f"series {series}: killed at byte {snap.size}, {subjects(target).total()} there")
    before.set(Snap(), lambda: None)
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert subjects(target) == Counter(f"item {number}" for number in range(320))
    mine = ended.mailbox
    assert mine["seen"] == sum(mine["outcomes"].values()) == 60 + 230 + 120
    assert mine["reasons"] == {"in-another-source": 90}
    assert plan.copy().copied == 0
    assert marks(plan.folder / "collected") == untouched


def test_a_zip_of_several_kinds_is_one_archive(plan: Organisation, source: Box, target: Box) -> None:
    write_pst(plan.folder / "old.pst", range(3))
    write_mbox(plan.folder / "letters.mbox", [letter(number) for number in range(3)])
    with ZipFile(collected(plan, "anna.zip"), "w") as packed:
        packed.write(plan.folder / "old.pst", "Outlook/old.pst")
        packed.write(plan.folder / "letters.mbox", "letters.mbox")
    source.add(served(1))
    names(plan, "anna.zip => Archive")
    ended = plan.copy()
    assert (ended.code, ended.copied, ended.mailbox["reasons"]) == (0, 6, {"in-another-source": 1}), ended.err
    assert all(path == INBOX or path[0] == "Archive" for path in target.holds())
    assert set(verified(plan)) == {ANNA, f"{ANNA} (anna.zip)"}
    assert plan.copy().copied == 0

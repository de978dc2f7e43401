"""What a person's archives are called, where their mail goes, and how one is opened that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from connectors.archives.source import ArchiveSource
from connectors.body import ByteBudget
from connectors.contract import ArchiveUnreadable, Entry, Fatal, Folder, Message, Reason, Resources, Role
from connectors.maildir.source import MaildirSource
from migrate.copy.placement import Placement
from migrate.engine.archives import ArchiveRules, PersonalArchive, no_archive, personal_archives
from plans import Organisation, Person, Site
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import Archives, NamedArchive
from plans.private_folders import PrivateFolders
from tests.pst_writer import PstWriter

ZONE = ZoneInfo("Europe/Paris")
MAIL = b"From x Mon Jan  5 08:00:00 2026\nFrom: a@example.org\nSubject: s\nMessage-ID: <1@x>\n\nhello\n"


def site(folder: Path, people: tuple[Person, ...] = (), rules: FolderRules = FolderRules(), **more: object) -> Site:  # noqa: B008  frozen
    values = {"private_folders": PrivateFolders(), "message_rules": MessageRules(), "passwords": None} | more
    return Site("lyon", "old", "new", people, rules, language="en", time_zone=ZONE,
                archives=Archives(folder / "collected", "Archives", timedelta(days=30)), **values)  # type: ignore[arg-type]  # fmt: skip


Found = Callable[..., list[PersonalArchive]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """The archives of a person who names these paths."""

    def archives(*paths: str) -> list[PersonalArchive]:
        person = Person("anna@x.org", "", "a", "a", None, None, archives=tuple(map(NamedArchive, paths)))
        one = site(tmp_path, (person,))
        organisation = Organisation("x", "en", ZONE, {}, {"lyon": one}, tmp_path)
        return personal_archives(organisation, one, person, Resources(ByteBudget(), tmp_path))

    return archives


def pst(path: Path, seed: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with PstWriter(path, seed=seed):
        pass


def mbox(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAIL)


def test_an_archive_that_knows_itself_has_one_name_wherever_it_lies(found: Found, tmp_path: Path) -> None:
    pst(tmp_path / "collected" / "a.pst")
    pst(tmp_path / "drive" / "b.pst")
    (one,) = found("a.pst")
    (other,) = found("drive/b.pst")
    assert one.source == other.source
    assert (one.called, other.called) == ("a.pst", "b.pst")
    assert (one.rebuilt, other.rebuilt) == (True, True)


def test_two_copies_of_one_archive_are_both_read_under_names_of_their_own(found: Found, tmp_path: Path) -> None:
    pst(tmp_path / "collected" / "a.pst")
    pst(tmp_path / "collected" / "old" / "a.pst")
    one, other = found("a.pst", "old/a.pst")
    assert other.source == f"{one.source}:old/a.pst"
    assert [archive.called for archive in (one, other)] == ["collected/a.pst", "old/a.pst"]


def test_others_are_called_by_their_files_told_apart_by_folders(found: Found, tmp_path: Path) -> None:
    for path in ("x/a.mbox", "y/a.mbox", "b.mbox", f"{'n' * 240}.mbox"):
        mbox(tmp_path / "collected" / path)
    archives = found("x/a.mbox", "y/a.mbox", "b.mbox", "n*.mbox")
    assert [archive.source for archive in archives[:3]] == ["archive:x/a.mbox", "archive:y/a.mbox", "archive:b.mbox"]
    assert [archive.rebuilt for archive in archives] == [False] * 4
    assert len(archives[3].source) <= 200


def test_one_that_cannot_be_read_says_so_when_it_is_opened(found: Found, tmp_path: Path) -> None:
    (tmp_path / "collected").mkdir()
    (tmp_path / "collected" / "notes.txt").write_text("no mail at all")
    away, text = found("drive/a.pst", "notes.txt")
    with pytest.raises(Fatal, match=r"drive/a.pst: the archive is not there; is the drive connected"):
        away.open(Event())
    with pytest.raises(Fatal, match=r"notes.txt is no mail archive of a kind that is known"):
        text.open(Event())
    assert "no mail archive" in no_archive(tmp_path / "collected" / "notes.txt")


def test_a_drive_that_is_connected_during_a_run_is_read_by_the_next_one(found: Found, tmp_path: Path) -> None:
    """By what it calls itself mail is told from that of others, and whether it is rebuilt how it is recognised."""
    (tmp_path / "collected").mkdir()
    outlook, letters = found("drive/a.pst", "drive/letters.mbox")
    pst(tmp_path / "collected" / "drive" / "a.pst")
    mbox(tmp_path / "collected" / "drive" / "letters.mbox")
    with pytest.raises(ArchiveUnreadable, match=r"a\.pst .* was not there then: run it again"):
        outlook.open(Event())
    letters.open(Event()).close()  # it is called by its file either way
    for archive in found("drive/a.pst"):
        archive.open(Event()).close()


def test_one_that_another_one_took_the_place_of_is_not_read_under_its_name(found: Found, tmp_path: Path) -> None:
    pst(tmp_path / "collected" / "a.pst", "anna's")
    (one,) = found("a.pst")
    pst(tmp_path / "collected" / "a.pst", "bruno's")
    with pytest.raises(ArchiveUnreadable, match="another archive"):
        one.open(Event())


def test_one_that_is_damaged_from_its_beginning_says_what_may_still_find_its_mail(found: Found, tmp_path: Path) -> None:
    pst(tmp_path / "collected" / "a.pst")
    data = (tmp_path / "collected" / "a.pst").read_bytes()
    (tmp_path / "collected" / "a.pst").write_bytes(data[:24] + bytes(488) + data[512:])
    (one,) = found("a.pst")
    with pytest.raises(ArchiveUnreadable, match=r"bascule archive salvage .*/a\.pst"):
        one.open(Event())


def test_a_maildir_is_read_as_one_and_anything_else_by_the_sites_rule_of_what_was_read(
    found: Found, tmp_path: Path
) -> None:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "collected" / "maildir" / part).mkdir(parents=True)
    mbox(tmp_path / "collected" / "a.mbox")
    today = f"{datetime.now(UTC):%a %b %d %H:%M:%S %Y}".encode()
    with (tmp_path / "collected" / "a.mbox").open("ab") as out:
        out.write(b"\n" + MAIL.replace(b"Mon Jan  5 08:00:00 2026", today).replace(b"<1@x>", b"<2@x>"))
    assert no_archive(tmp_path / "collected" / "a.mbox") == ""
    maildir, other = (archive.open(Event()) for archive in found("maildir", "a.mbox"))
    assert isinstance(maildir, MaildirSource)
    assert isinstance(other, ArchiveSource)
    (folder,) = other.folders()
    keys = [entry.key for window in other.entries(folder, None) for entry in window.entries]
    flags = [message.flags for message in other.read(folder, keys) if isinstance(message, Message)]
    assert flags == [{"\\Seen"}, set()]
    other.close()


def folder(*path: str, role: Role | None = None) -> Folder:
    return Folder(path, role, "1")


def test_an_archive_goes_below_its_folder_whole_but_for_what_the_site_leaves_out(tmp_path: Path) -> None:
    rules = FolderRules(exclude=("Trash", "*/Spam"), include=("INBOX",), map={"Sent": "Elsewhere"}, put_under="Top")
    private = PrivateFolders("leave_out", ())
    one = ArchiveRules(site(tmp_path, rules=rules, private_folders=private), ("Archives", "2012"), "2012")
    placed = one.place(folder("Sent", role=Role.SENT))
    assert placed == Placement(("Archives", "2012", "Sent"), None, under=("Archives", "2012"))
    assert one.place(folder("Trash")) is one.place(folder("A", "Spam")) is one.place(folder("Perso")) is None
    assert one.why_left_out(folder("Trash")) is Reason.RULE_FOLDER
    assert one.why_left_out(folder("Perso")) is Reason.RULE_PRIVATE


def test_the_one_folder_of_a_single_file_takes_the_archives_place(tmp_path: Path) -> None:
    one = ArchiveRules(site(tmp_path), ("Archives", "2012"), "2012")
    for path, place in ((("2012",), ("Archives", "2012")), (("2012", "x"), ("Archives", "2012", "x"))):
        placed = one.place(folder(*path))
        assert placed is not None
        assert placed.path == place


def test_what_goes_into_the_mailbox_itself_keeps_names_and_roles(tmp_path: Path) -> None:
    one = ArchiveRules(site(tmp_path), (), "Sent")
    assert one.place(folder("Sent", role=Role.SENT)) == Placement(("Sent",), Role.SENT)


def test_the_rules_of_messages_hold_and_every_change_of_rules_is_noticed(tmp_path: Path) -> None:
    old = datetime(2010, 1, 1, tzinfo=UTC)
    strict = site(tmp_path, message_rules=MessageRules(before=datetime(2015, 1, 1, tzinfo=UTC)))
    one = ArchiveRules(strict, ("A",), "x")
    assert one.leaves_out(Entry("1", 1, old, None)) is Reason.RULE_DATE
    digests = {
        rules.digest()
        for rules in (
            one,
            ArchiveRules(strict, ("B",), "x"),
            ArchiveRules(strict, ("A",), "y"),
            ArchiveRules(strict, ("A", "x"), ""),
            ArchiveRules(site(tmp_path), ("A",), "x"),
        )
    }
    assert len(digests) == 5

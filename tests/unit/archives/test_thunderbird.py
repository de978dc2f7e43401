"""Thunderbird's profiles: accounts, folders in folders, names that it shortened, Maildirs."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from connectors.contract import Role
from connectors.mbox.mork import folder_name
from connectors.mbox.thunderbird import is_thunderbird, open_thunderbird
from connectors.quiet import names_in
from tests.unit.archives.looking import codes, folder_of, holdings, items, reading

FROM = b"From - Fri Aug 05 10:57:20 2016\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n"


def mail(number: int) -> bytes:
    return b"Subject: %d\n\ntext %d\n" % (number, number)


def folder(path: Path, *numbers: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(FROM + mail(number) + b"\n" for number in numbers))
    path.with_name(f"{path.name}.msf").write_bytes(b'// <!-- <mdb:mork:z v="1.4"/> -->\n')


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    profile = tmp_path / "abcd.default"
    local, imap = profile / "Mail" / "Local Folders", profile / "ImapMail" / "imap.example.org"
    folder(local / "Inbox", 1, 2)
    folder(local / "Sent", 3)
    folder(local / "Empty")
    folder(local / "Projects", 4)
    folder(local / "Projects.sbd" / "2012", 5)
    folder(local / "Projects.sbd" / "2012.sbd" / "Deep", 6)
    folder(local / "Only.sbd" / "Below", 7)
    (local / "Bare").write_bytes(FROM + mail(8) + b"\n")  # its index was deleted
    folder(imap / "INBOX", 9)
    folder(imap / "&AMk-t&AOk-", 10)
    for name in ("msgFilterRules.dat", "filterlog.html", "nstmp", "nstmp.msf", ".parentlock"):
        (local / name).write_bytes(b"From nobody\n")
    (local / "notes").write_bytes(b"shopping list\n")
    (local / "Backup of 2012").mkdir()
    (local / "Inbox.mozmsgs").mkdir()
    (profile / "prefs.js").touch()
    (profile / "Mail" / "smart mailboxes").mkdir()
    return profile


def test_a_profile_is_read_folder_by_folder(profile: Path, tmp_path: Path) -> None:
    assert is_thunderbird(profile)
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        local, imap = "Local Folders", "imap.example.org"
        assert holdings(archive) == {
            (local, "Inbox"): [mail(1), mail(2)],
            (local, "Sent"): [mail(3)],
            (local, "Empty"): [],
            (local, "Projects"): [mail(4)],
            (local, "Projects", "2012"): [mail(5)],
            (local, "Projects", "2012", "Deep"): [mail(6)],
            (local, "Only"): [],
            (local, "Only", "Below"): [mail(7)],
            (local, "Bare"): [mail(8)],
            (imap, "INBOX"): [mail(9)],
            (imap, "Été"): [mail(10)],
        }
        roles = {one.path: one.role for one in archive.folders() if one.role}
        assert roles == {
            (local, "Inbox"): Role.INBOX,
            (local, "Sent"): Role.SENT,
            (imap, "INBOX"): Role.INBOX,
        }
        assert items(archive, local, "Inbox")[0].flags == {"\\Seen"}
        assert archive.problems()[-1].message.startswith("2 entries among the folders")
        assert [(one.code, one.folder) for one in archive.problems()] == [
            ("offline-copy", (imap,)),
            ("other-files", None),
        ]


def test_one_account_has_no_account_before_its_folders(profile: Path, tmp_path: Path) -> None:
    with closing(open_thunderbird(profile / "Mail" / "Local Folders", reading(tmp_path))) as archive:
        assert folder_of(archive, "Inbox").role is Role.INBOX
        assert folder_of(archive, "Projects", "2012", "Deep")
    with closing(open_thunderbird(profile / "ImapMail" / "imap.example.org", reading(tmp_path))) as archive:
        assert folder_of(archive, "Été")
        assert codes(archive) == {"offline-copy"}
    with closing(open_thunderbird(profile / "Mail", reading(tmp_path))) as archive:
        assert folder_of(archive, "Local Folders", "Inbox")


def test_other_folders_are_none_of_thunderbirds(tmp_path: Path) -> None:
    (tmp_path / "Mail" / "x").mkdir(parents=True)
    (tmp_path / "Mail" / "x" / "Inbox").write_bytes(FROM + mail(1))
    assert not is_thunderbird(tmp_path)
    assert not is_thunderbird(tmp_path / "Mail")
    assert not is_thunderbird(tmp_path / "nothing")


def test_folders_come_go_and_keep_their_keys(profile: Path, tmp_path: Path) -> None:
    local = profile / "Mail" / "Local Folders"
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        before = {one.path: one.key for one in archive.folders()}
        token = archive.token()
        assert archive.token() == token
        folder(local / "New", 11)
        (local / "Sent").unlink()
        (local / "Sent.msf").unlink()
        assert archive.token() != token
        after = {one.path: one.key for one in archive.folders()}
        changed = {("Local Folders", "New"), ("Local Folders", "Sent")}
        assert set(before) ^ set(after) == changed
        assert {path: key for path, key in before.items() if path not in changed}.items() <= after.items()
        assert len(holdings(archive)["Local Folders", "New"]) == 1


MORK = b"""// <!-- <mdb:mork:z v="1.4"/> -->
< <(a=c)> // (f=iso-8859-1)
  (B8=folderName)(80=ns:msg:db:row:scope:dbfolderinfo:all)>
<(81=12)(82=%s)>
{1:^80 {(k^97:c)(s=9)} [1(^B8%s)(^A1=5)]}
"""


@pytest.mark.parametrize(
    ("atom", "value", "name"),
    [
        (b"old", b"=R$C3$A9union: 2012", "Réunion: 2012"),
        (b"a\\) b$5C", b"^82", "a) b\\"),
        (b"x", b"^99", None),
        (b"x", b"=\xe9", "é"),
    ],
)
def test_the_name_in_an_index_is_read(tmp_path: Path, atom: bytes, value: bytes, name: str | None) -> None:
    (tmp_path / "x.msf").write_bytes(MORK % (atom, value))
    assert folder_name(tmp_path / "x.msf") == name


def test_names_that_thunderbird_shortened_are_those_that_people_gave(tmp_path: Path) -> None:
    local = tmp_path / "Mail" / "Local Folders"
    folder(local / "mehrb93587c9", 1)
    (local / "mehrb93587c9.msf").write_bytes(MORK % (b"x", b"=mehr:test"))
    folder(local / "deadbeef", 2)
    folder(local / "twice0badcafe", 3)
    (local / "twice0badcafe.msf").write_bytes(MORK % (b"x", b"=deadbeef"))
    with closing(open_thunderbird(local, reading(tmp_path))) as archive:
        assert holdings(archive) == {("mehr:test",): [mail(1)], ("deadbeef",): [mail(2)], ("deadbeef_",): [mail(3)]}


def test_an_index_of_anything_gives_no_name_and_no_error(tmp_path: Path) -> None:
    for data in (b"", b"\0" * 1000, b"(B8=folderName)" + b"(^B8=" * 1000, b"(B8=folderName)(^B8=" + b"x" * 100_000):
        (tmp_path / "x.msf").write_bytes(data)
        assert folder_name(tmp_path / "x.msf") is None
    assert folder_name(tmp_path / "none.msf") is None


def test_a_profile_that_keeps_maildirs(tmp_path: Path) -> None:
    account = tmp_path / "Mail" / "pop.example.org"
    for name in ("cur", "tmp"):
        (account / "Inbox" / name).mkdir(parents=True)
        (account / "Inbox.sbd" / "Below" / name).mkdir(parents=True)
    (account / "Inbox.msf").touch()
    cur = account / "Inbox" / "cur"
    (cur / "1470394640.eml").write_bytes(b"X-Mozilla-Status: 0003\nX-Mozilla-Keys: $label1\n" + mail(1))
    (cur / "1470394641.x:2,S").write_bytes(mail(2))
    (account / "Inbox.sbd" / "Below" / "cur" / "3").write_bytes(mail(3))
    with closing(open_thunderbird(account, reading(tmp_path))) as archive:
        assert holdings(archive) == {("Inbox",): [mail(1), mail(2)], ("Inbox", "Below"): [mail(3)]}
        first, second = items(archive, "Inbox")
        assert first.flags == {"\\Seen", "\\Answered", "$label1"}
        assert second.flags == {"\\Seen"}
        (cur / "1470394640.eml").write_bytes(b"X-Mozilla-Status: 0000\nX-Mozilla-Keys: \n" + mail(1))
        (cur / "1470394641.x:2,S").rename(cur / "1470394649.x:2,RS")
        assert [item.key for item in items(archive, "Inbox")] == [first.key, second.key]


def test_nothing_of_a_profile_is_touched(profile: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int, int]]:
        found = {}
        for place, _folders, files in os.walk(profile):
            for name in ("", *files):
                status = (Path(place) / name).stat()
                found[f"{place}/{name}"] = (status.st_mtime_ns, status.st_atime_ns, status.st_size)
        return found

    for place, folders, files in os.walk(profile):
        for name in (*folders, *files):
            os.utime(Path(place) / name, (1000, 2000))
    before = state()
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        holdings(archive)
        archive.token()
    assert state() == before


def test_a_folder_that_changes_while_another_is_listed_is_not_mixed_up(profile: Path, tmp_path: Path) -> None:
    """One file is open at a time; one that is opened again is the same one, or there is an error."""
    inbox = profile / "Mail" / "Local Folders" / "Inbox"
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        listing = archive.items(folder_of(archive, "Local Folders", "Inbox"))
        assert next(listing).key
        assert len(items(archive, "Local Folders", "Sent")) == 1
        assert next(listing).key, "nothing has changed"
        listing = archive.items(folder_of(archive, "Local Folders", "Inbox"))
        assert len(items(archive, "Local Folders", "Sent")) == 1
        inbox.write_bytes(b"\n" * 10 + inbox.read_bytes())
        with pytest.raises(OSError, match="Stale"):
            next(listing)
        assert len(items(archive, "Local Folders", "Inbox")) == 2


def test_names_that_are_no_utf_8_are_read_in_the_encoding_that_was_named(tmp_path: Path) -> None:
    account = tmp_path / "account"
    folder(account / os.fsdecode(b"\xc9t\xe9\n"), 1)
    with closing(open_thunderbird(account, reading(tmp_path))) as archive:
        assert holdings(archive) == {("Été\\x0a",): [mail(1)]}


def test_a_folder_that_may_not_be_read_is_told(profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(place: Path) -> list[str]:
        if place.name == "Projects.sbd":
            raise PermissionError
        return names_in(place)

    monkeypatch.setattr("connectors.archives.walking.names_in", names)
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        paths = {one.path[1:] for one in archive.folders()}
        assert ("Projects",) in paths
        assert ("Projects", "2012") not in paths
        assert "unreadable" in codes(archive)


def test_an_account_that_may_not_be_looked_into_is_told(
    profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names(place: Path) -> list[str]:
        if place.name == "imap.example.org":
            raise PermissionError
        return names_in(place)

    monkeypatch.setattr("connectors.archives.walking.names_in", names)
    with closing(open_thunderbird(profile, reading(tmp_path))) as archive:
        assert {folder.path[0] for folder in archive.folders()} == {"Local Folders"}
        told = [problem.message for problem in archive.problems() if problem.code == "unreadable"]
        assert [one.partition(" cannot")[0] for one in told] == ["1 folder"]

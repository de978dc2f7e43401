"""What is particular to Maildirs: the commit point, exact bytes, other programs at work, names, and mistakes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from pydantic import ValidationError

from connectors.body import ByteBudget
from connectors.contract import (
    Account,
    AuthFailed,
    Fatal,
    FlagChange,
    FolderMissing,
    OverQuota,
    Reason,
    Resources,
    Target,
    Unread,
)
from connectors.errors import ConnectorError, Transient
from connectors.maildir import keywords as keywords_module
from connectors.maildir.connector import MaildirConnector
from connectors.maildir.filename import FileName, Stamps, order
from connectors.maildir.flags import changed, flags_of
from connectors.maildir.listing import list_folder
from connectors.maildir.settings import MaildirSettings
from connectors.maildir.source import MaildirSource
from connectors.maildir.target import MaildirTarget
from connectors.maildir.verdicts import verdict
from connectors.suite import Mail, samples
from connectors.suite.samples import contents, folder_at, listed, message
from connectors.wire import wire_bytes

ANN = Account("ann", address="ann@example.org")


@pytest.fixture
def open_target(tmp_path: Path) -> Callable[..., MaildirTarget]:
    def opened(**settings: str) -> MaildirTarget:
        return _connector(tmp_path, **settings).open_target(ANN, Event())

    return opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "mail" / "ann"


def _connector(tmp_path: Path, **settings: str) -> MaildirConnector:
    (tmp_path / "spool").mkdir(exist_ok=True)
    given = {"path": tmp_path / "mail" / "{user}", **settings}
    return MaildirConnector(MaildirSettings.model_validate(given), Resources(ByteBudget(), tmp_path / "spool"))


def _source(tmp_path: Path, **settings: str) -> MaildirSource:
    return _connector(tmp_path, **settings).open_source(ANN, Event())


def _make(folder: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return folder


def _file(folder: Path, name: str, data: bytes = b"Subject: x\n\nbody\n", part: str = "cur") -> Path:
    file = _make(folder) / part / name
    file.write_bytes(data)
    return file


# -- the commit point -------------------------------------------------------------------------------------------------

#: Writes five messages and dies by SIGKILL when it is asked for the third time whether it may: all five are in tmp.
_KILLED = """
import os, signal
from pathlib import Path
from threading import Event
from connectors.body import ByteBudget
from connectors.contract import Account, Resources
from connectors.maildir.connector import MaildirConnector
from connectors.maildir.settings import MaildirSettings
from connectors.suite import samples

folder = Path({folder!r})
made = MaildirConnector(MaildirSettings(path=folder / "mail" / "{{user}}"), Resources(ByteBudget(), folder))
target = made.open_target(Account("ann"), Event())
there = target.ensure(("Work",), None)
batch = samples.batch(samples.mails(5))
print(target.fence(there, batch), flush=True)
asked = []
def may_commit():
    asked.append(None)
    if len(asked) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
list(target.write(there, batch, may_commit))
"""


@pytest.mark.parametrize("at", [1, 3, 5])
def test_killed_before_the_rename_nothing_more_is_there_and_find_tells_which(
    tmp_path: Path, root: Path, open_target: Callable[[], Target], at: int
) -> None:
    script = textwrap.dedent(_KILLED.format(folder=str(tmp_path), at=at))
    died = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    stored = at - 1
    assert len(list((root / ".Work" / "cur").iterdir())) == stored
    assert len(list((root / ".Work" / "tmp").iterdir())) == 5 - stored
    target = open_target()
    folder = folder_at(target, ("Work",))
    sent = samples.batch(samples.mails(5))
    found = list(target.find(folder, died.stdout.strip(), samples.suspects(sent, atomic=False), frozenset()))
    assert [item.verdict for item in found] == ["present"] * stored + ["absent"] * (5 - stored)


def test_a_message_is_synced_before_it_appears_and_its_folder_before_the_receipt(
    open_target: Callable[[], Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    did: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        did.append("folder synced" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "message synced")  # noqa: PTH112
        sync(descriptor)

    def renamed(path: Path, to: Path) -> Path:
        did.append("appears")
        return rename(path, to)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    receipts = target.write(folder, samples.batch(samples.mails(2)), lambda: did.append("may"))
    did.extend(receipt.outcome for receipt in receipts)
    assert did == [
        "message synced", "message synced", "may", "appears", "may", "appears", "folder synced", "stored", "stored",
    ]  # fmt: skip


def test_a_full_disk_stores_nothing_and_leaves_nothing_behind(
    root: Path, open_target: Callable[[], Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OverQuota, match="disk is full"):
        list(target.write(folder, samples.batch(samples.mails(3)), lambda: None))
    assert [list((root / ".Work" / part).iterdir()) for part in ("cur", "new", "tmp")] == [[], [], []]


def test_a_clock_that_is_set_back_hides_nothing_from_find(root: Path, open_target: Callable[[], Target]) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    _file(root / ".Work", "4000000000.M000001P1R00000000.future,S=1,W=1:2,")
    sent = samples.batch(samples.mails(1))
    fence = target.fence(folder, sent)
    (receipt,) = target.write(folder, sent, lambda: None)
    (found,) = target.find(folder, fence, samples.suspects(sent, atomic=False), frozenset())
    assert (found.verdict, found.key) == ("present", receipt.key)
    assert [entry.key for entry in listed(target, folder)][-1] == receipt.key


def test_the_sum_of_a_quota_grows_where_there_is_one(root: Path, open_target: Callable[[], Target]) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))
    assert not (root / "maildirsize").exists()
    (root / "maildirsize").write_text("1000000S\n500 3\n")
    list(target.write(folder, samples.batch(samples.mails(3)[1:]), lambda: None))
    size = sum(file.stat().st_size for file in sorted((root / ".Work" / "cur").iterdir())[1:])
    assert (root / "maildirsize").read_text() == f"1000000S\n500 3\n{size} 2\n"


# -- bytes ------------------------------------------------------------------------------------------------------------

EXACT = {
    "CRLF": b"A: b\r\n\r\nx\r\n",
    "a CR before CRLF": b"A: b\r\n\r\nx\r\r\ny\r\n",
    "CRs alone": b"A: b\r\n\r\nx\ry\r\r",
    "a CR at a border of pieces": b"A: b\r\n\r\n" + b"x" * ((1 << 18) - 9) + b"\r\ny\r\n",
    "a CR before CRLF at a border": b"A: b\r\n\r\n" + b"x" * ((1 << 18) - 9) + b"\r\r\ny\r\n",
    "no line end": b"A: b\r\n\r\nx",
    "empty": b"",
}


@pytest.mark.parametrize("data", EXACT.values(), ids=EXACT)
def test_what_is_written_is_read_back_to_the_byte(open_target: Callable[[], Target], data: bytes) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    (receipt,) = target.write(folder, [samples.outgoing(0, Mail(data))], lambda: None)
    (answer,) = target.read(folder, [receipt.key or ""])
    assert wire_bytes(contents(message(answer).body)) == data


def test_files_have_the_line_ends_of_a_maildir(root: Path, open_target: Callable[[], Target]) -> None:
    target = open_target()
    list(target.write(target.ensure(("Work",), None), [samples.outgoing(0, samples.mail(0))], lambda: None))
    (file,) = (root / ".Work" / "cur").iterdir()
    assert b"\r" not in file.read_bytes()
    assert f",S={file.stat().st_size},W={len(samples.mail(0).data)}:2," in file.name


def test_a_message_that_a_server_compressed_is_unreadable_and_the_others_are_read(tmp_path: Path, root: Path) -> None:
    _file(root, "1.M1P1.a:2,", b"\x1f\x8b\x08\x00rest")
    _file(root, "2.M1P1.a:2,")
    source = _source(tmp_path)
    first, second = source.read(folder_at(source, ("INBOX",)), ["1.M1P1.a", "2.M1P1.a"])
    assert first == Unread("1.M1P1.a", Reason.UNREADABLE)
    assert contents(message(second).body) == b"Subject: x\n\nbody\n"


# -- flags and keywords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1.a:2,FS", "1.a;2,FS", "1.a!2,FS", "1.a:2,SF", "1.a:2,FS,extra", "1.a:2,FSX"])
def test_flags_are_read_after_any_separator(tmp_path: Path, root: Path, name: str) -> None:
    _file(root, name)
    source = _source(tmp_path)
    (entry,) = listed(source, folder_at(source, ("INBOX",)))
    assert (entry.key, entry.flags) == ("1.a", {"\\Flagged", "\\Seen"})


@pytest.mark.parametrize("name", ["1.a", "1.a:1,experimental", "1.a!important,x"])
def test_a_name_without_flags_has_none(name: str) -> None:
    assert FileName.parse(name).letters == ""


def test_mail_in_new_is_unseen_and_stays_where_it_is(tmp_path: Path, root: Path) -> None:
    file = _file(root, "1.a:2,FS", part="new")
    source = _source(tmp_path)
    folder = folder_at(source, ("INBOX",))
    (entry,) = listed(source, folder)
    assert entry.flags == {"\\Flagged"}
    assert message(next(iter(source.read(folder, [entry.key])))).flags == {"\\Flagged"}
    assert file.exists()


def test_passed_is_forwarded_and_its_mark_goes_with_the_keyword() -> None:
    assert flags_of("PS", {}) == {"$Forwarded", "\\Seen"}
    assert changed("PSa", set(), {"$Forwarded"}, {"a": "$Forwarded"}) == "S"


def test_letters_of_other_programs_stay(root: Path, open_target: Callable[[], Target]) -> None:
    _file(root / ".Work", "1.M1P1.a!2,QSz,more")
    target = open_target()
    folder = target.ensure(("Work",), None)
    list(target.mark(folder, [FlagChange("1.M1P1.a", frozenset({"\\Flagged"}), frozenset({"\\Seen"}))]))
    assert [file.name for file in (root / ".Work" / "cur").iterdir()] == ["1.M1P1.a!2,FQz,more"]


def test_keywords_keep_the_letters_that_dovecot_gave_them(root: Path, open_target: Callable[[], Target]) -> None:
    _make(root / ".Work")
    (root / ".Work" / "dovecot-keywords").write_text("0 $Label1\n2 Zwei\n")
    target = open_target()
    folder = target.ensure(("Work",), None)
    sent = samples.outgoing(0, Mail(b"A: b\r\n\r\n", flags=frozenset({"zwei", "Neu"})))
    (receipt,) = target.write(folder, [sent], lambda: None)
    assert receipt.kept_flags is None
    assert (root / ".Work" / "dovecot-keywords").read_text() == "0 $Label1\n1 Neu\n2 Zwei\n"
    assert [file.name.rpartition(",")[2] for file in (root / ".Work" / "cur").iterdir()] == ["bc"]


def test_a_27th_keyword_is_told_as_not_kept(open_target: Callable[[], Target]) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    many = frozenset(f"k{number:02}" for number in range(27))
    sent = samples.outgoing(0, Mail(b"A: b\r\n\r\n", flags=many | {"\\Seen"}))
    (receipt,) = target.write(folder, [sent], lambda: None)
    assert receipt.kept_flags == many - {"k26"} | {"\\Seen"}
    assert [entry.flags for entry in listed(target, folder)] == [receipt.kept_flags]


def test_a_lock_on_the_keywords_is_waited_for_and_an_old_one_is_taken_away(
    root: Path, open_target: Callable[[], Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords_module, "_WAIT", 0.1)
    target = open_target()
    folder = target.ensure(("Work",), None)
    lock = root / ".Work" / "dovecot-keywords.lock"
    lock.touch()
    sent = [samples.outgoing(0, Mail(b"A: b\r\n\r\n", flags=frozenset({"Neu"})))]
    with pytest.raises(Transient, match="locked"):
        list(target.write(folder, sent, lambda: None))
    os.utime(lock, (1, 1))
    assert [receipt.outcome for receipt in target.write(folder, sent, lambda: None)] == ["stored"]
    assert not lock.exists()


def test_couriers_keywords_are_read_with_the_latest_change_winning(tmp_path: Path, root: Path) -> None:
    for base in ("1.a", "2.a", "3.a"):
        _file(root, f"{base}:2,S")
    courier = root / "courierimapkeywords"
    courier.mkdir()
    (courier / ":list").write_text("Eins\nZwei\n\n1.a:0 1\n2.a:1\n")
    (courier / ".100.2.a").write_text("Alt\n")
    (courier / ".101.2.a").write_text("Neu\n")
    (courier / "3.a").write_text("Drei\n")
    source = _source(tmp_path)
    flags = {entry.key: entry.flags for entry in listed(source, folder_at(source, ("INBOX",)))}
    assert flags == {"1.a": {"\\Seen", "Eins", "Zwei"}, "2.a": {"\\Seen", "Neu"}, "3.a": {"\\Seen", "Drei"}}


# -- other programs at work -------------------------------------------------------------------------------------------


def test_a_message_that_is_renamed_while_it_is_marked_is_looked_up_again(
    root: Path, open_target: Callable[[], Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(root / ".Work", "1.M1P1.a:2,")
    target = open_target()
    folder = target.ensure(("Work",), None)
    rename, times = Path.rename, iter(range(2))

    def renamed(path: Path, to: Path) -> Path:
        if next(times, None) == 0:
            rename(file, file.with_name("1.M1P1.a:2,R"))
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", renamed)
    (marked,) = target.mark(folder, [FlagChange("1.M1P1.a", frozenset({"\\Seen"}))])
    assert marked.outcome == "done"
    assert [file.name for file in (root / ".Work" / "cur").iterdir()] == ["1.M1P1.a:2,RS"]


def test_a_listing_does_not_miss_what_is_renamed_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a system may answer: a name that changes while names are read comes neither as the old nor as the new."""
    _file(root, "1.a:2,")
    file = _file(root, "2.a:2,")
    from connectors.maildir import listing

    looks = []

    def names_in(folder: Path) -> list[str]:
        looks.append(folder)
        names = os.listdir(folder)  # noqa: PTH208
        if folder.name == "cur" and len(looks) == 2:
            file.rename(file.with_name("2.a:2,S"))
            return ["1.a:2,"]
        return names

    monkeypatch.setattr(listing, "names_in", names_in)
    assert list(list_folder(root)) == ["1.a", "2.a"]


def test_two_files_of_one_base_name_are_two_messages(tmp_path: Path, root: Path) -> None:
    _file(root, "1.a:2,", b"one\n")
    _file(root, "1.a:2,S", b"other\n")
    source = _source(tmp_path)
    folder = folder_at(source, ("INBOX",))
    keys = [entry.key for entry in listed(source, folder)]
    assert keys == ["1.a", "1.a:2,S"]
    assert [contents(message(answer).body) for answer in source.read(folder, keys)] == [b"one\n", b"other\n"]


def test_a_folder_that_was_made_anew_has_another_epoch(
    tmp_path: Path, root: Path, open_target: Callable[[], Target]
) -> None:
    target = open_target()
    folder = target.ensure(("Work",), None)
    (root / ".Work").rename(root / ".Old")
    assert target.ensure(("Work",), None).epoch != folder.epoch
    assert folder_at(target, ("Old",)).epoch == folder.epoch
    with pytest.raises(FolderMissing):
        list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))


def test_dovecots_uidvalidity_is_the_epoch_of_a_source(tmp_path: Path, root: Path) -> None:
    _file(root, "1.a:2,")
    (root / "dovecot-uidlist").write_text("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n1 :1.a\n")
    assert folder_at(_source(tmp_path), ("INBOX",)).epoch == "v1275660208"


def test_what_a_dead_process_left_in_tmp_is_cleared_after_a_day_and_a_half(
    root: Path, open_target: Callable[[], Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = _file(root, "1600000000.M000001P1R00000000.host", part="tmp")
    other = _file(root, "1600000000.M1P1.host", part="tmp")
    open_target().ensure(("INBOX",), None)
    assert ours.exists(), "it may be being written just now"
    monkeypatch.setattr("connectors.maildir.making._ABANDONED", -1)
    open_target().ensure(("INBOX",), None)
    assert (ours.exists(), other.exists()) == (False, True)


# -- names and places -------------------------------------------------------------------------------------------------


def test_a_target_makes_nothing_before_it_is_asked_to(tmp_path: Path, open_target: Callable[[], Target]) -> None:
    assert list(open_target().folders()) == []
    assert not (tmp_path / "mail").exists()


def test_folders_of_a_new_maildir_are_private_and_marked(root: Path, open_target: Callable[[], Target]) -> None:
    open_target().ensure(("Été", "R&D"), None)
    folder = root / ".&AMk-t&AOk-.R&-D"
    assert {path.name for path in folder.iterdir()} == {"cur", "new", "tmp", "maildirfolder", "bascule-epoch"}
    assert {path.stat().st_mode & 0o777 for path in (root, folder, folder / "cur")} == {0o700}


def test_a_maildir_that_a_group_shares_stays_shared(root: Path, open_target: Callable[[], Target]) -> None:
    _make(root)
    root.chmod(0o770)
    target = open_target()
    folder = target.ensure(("Work",), None)
    list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))
    (file,) = (root / ".Work" / "cur").iterdir()
    modes = [path.stat().st_mode & 0o777 for path in (root / ".Work", root / ".Work" / "cur", file)]
    assert modes == [0o770, 0o770, 0o660]


def test_a_folder_in_another_spelling_is_the_folder(root: Path, open_target: Callable[..., Target]) -> None:
    _make(root / ".&AMk-t&AOk-")
    assert open_target(names="utf-8").ensure(("Été",), None).path == ("Été",)
    _make(root / ".Hiver")
    _make(root / ".Noël")
    assert [path for path in root.iterdir() if path.name.startswith(".")] != []
    assert open_target().ensure(("Noël",), None).path == ("Noël",)
    assert sorted(path.name for path in root.glob(".*")) == [".&AMk-t&AOk-", ".Hiver", ".Noël", ".Été"]


def test_a_name_that_the_layout_cannot_hold_is_changed_as_little_as_possible(
    open_target: Callable[..., Target],
) -> None:
    assert open_target().ensure(("v1.2", "a/b\x07"), None).path == ("v1_2", "a_b_")
    nested = open_target(layout="directories")
    assert nested.ensure(("v1.2", "cur"), None).path == ("v1.2", "cur_")
    assert nested.ensure((".hidden",), None).path == ("_hidden",)


def test_a_name_that_is_too_long_is_refused(open_target: Callable[[], Target]) -> None:
    with pytest.raises(ConnectorError, match="cannot be made") as refused:
        open_target().ensure(("x" * 300,), None)
    assert getattr(refused.value, "reason", None) is Reason.FOLDER_REFUSED


@pytest.mark.parametrize(
    ("folders", "paths"),
    [
        ([".A", ".A.B"], [("INBOX",), ("A",), ("A", "B")]),
        (["A/B", "C"], [("INBOX",), ("A", "B"), ("C",)]),
        ([".&AMk-t&AOk-"], [("INBOX",), ("Été",)]),
        ([".Été & Co"], [("INBOX",), ("Été & Co",)]),
        ([".R&D"], [("INBOX",), ("R&D",)]),
        ([".&AOk-", ".é"], [("INBOX",), ("&AOk-",), ("é",)]),
    ],
)
def test_a_source_finds_out_how_it_is_laid_out(
    tmp_path: Path, root: Path, folders: list[str], paths: list[tuple[str, ...]]
) -> None:
    for name in ("", *folders):
        _make(root / name)
    assert [folder.path for folder in _source(tmp_path).folders()] == paths


def test_an_inbox_in_a_folder_of_its_own_is_the_inbox(tmp_path: Path, root: Path) -> None:
    _make(root / "Inbox")
    _make(root / "Sent")
    assert [folder.path for folder in _source(tmp_path).folders()] == [("INBOX",), ("Sent",)]
    target = _connector(tmp_path).open_target(ANN, Event())
    target.ensure(("INBOX",), None)
    assert not (root / "cur").exists()


def test_names_are_sorted_by_their_time() -> None:
    names = ["10.M5P1.a", "9.M10P1.a", "9.M9P1.a", "no-time"]
    assert sorted(names, key=order) == ["9.M9P1.a", "9.M10P1.a", "10.M5P1.a", "no-time"]


def test_stamps_only_grow() -> None:
    stamps = Stamps()
    given = [stamps.next() for _ in range(1000)]
    stamps.follow(given[-1] + 10_000_000)
    given.append(stamps.next())
    assert given == sorted(set(given))


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_no_maildir_is_told_with_its_path(tmp_path: Path, root: Path) -> None:
    with pytest.raises(Fatal, match=f"{root}: there is no Maildir here"):
        _source(tmp_path)


@pytest.mark.parametrize("user", ["", "..", ".", "a/b", "a\0b", "../../etc"])
def test_an_account_cannot_lead_out_of_its_folder(tmp_path: Path, user: str) -> None:
    with pytest.raises(AuthFailed):
        _connector(tmp_path).open_target(Account(user), Event())


@pytest.mark.parametrize(
    ("path", "told"), [("/mail", "must hold"), ("/mail/{domain}", "must hold"), ("/mail/{user}/{usre}", "{usre}")]
)
def test_a_path_that_is_not_one_mailbox_s_is_refused(path: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        MaildirSettings.model_validate({"path": path})


def test_placeholders_are_filled(tmp_path: Path) -> None:
    settings = MaildirSettings.model_validate({"path": "/mail/{domain}/{user}/{address}"})
    assert settings.root(Account("a.nn", address="ann@example.org")) == Path("/mail/example.org/a.nn/ann@example.org")
    assert settings.root(Account("bob@x.org")) == Path("/mail/x.org/bob@x.org/bob@x.org")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(28, OverQuota), (122, OverQuota), (13, Fatal), (30, Fatal), (2, FolderMissing), (5, Transient)],
)
def test_what_the_system_says_has_its_verdict(number: int, kind: type[ConnectorError]) -> None:
    assert type(verdict(OSError(number, "secret words"), "/mail")) is kind
    assert "secret" not in str(verdict(OSError(number, "secret words"), "/mail"))

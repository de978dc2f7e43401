"""An archive beside the server: what both hold is copied once, and what is only alike is not left behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from threading import Event

import pytest
from sqlalchemy import select

from connectors.archives.contract import Nature
from connectors.archives.source import ArchiveSource
from connectors.contract import ArchiveUnreadable, Reason, Source
from connectors.read_state import ReadRule
from migrate.copy.job import Job, Quiet
from migrate.copy.run import PassResult
from migrate.ledger import identity, not_copied, sources
from migrate.ledger.schema import Direction, Outcome, message
from tests.unit.archives.shelf import INBOX, Shelf, ShelfArchive
from tests.unit.passes.world import ACCOUNT, Sides, mail, when

OLD = ("Archives", "2012")
MADE = b"@bascule.invalid>"
FILE = b"%PDF" + bytes(range(256)) * 8


@dataclass
class Counted(Quiet):
    """How far a pass says it is."""

    wanted: int = 0
    done: int = 0
    sizes: list[int] = field(default_factory=list)

    def to_copy(self, mailbox: str, messages: int, size: int) -> None:
        self.wanted = messages

    def copied(self, mailbox: str, messages: int, size: int) -> None:
        self.done += messages
        self.sizes.append(size)


class ArchiveSide:
    """An archive of the mailbox of ``sides``."""

    def __init__(self, sides: Sides, name: str = "archive:1", called: str = "old.pst", *, rebuilt: bool = True) -> None:
        self.sides = sides
        self.name = name
        self.called = called
        self.shelf = Shelf(rebuilt=rebuilt)
        self.file = sides.folder / called
        self.file.touch()

    def job(self, **changes: object) -> Job:
        def open_source(_stop: Event) -> Source:
            return ArchiveSource(ShelfArchive(self.shelf), self.file, self.sides.resources, ReadRule())

        named = {"source": self.name, "called": self.called, "open_source": open_source}
        of_archive = {"rebuilt": self.shelf.rebuilt, "beside_rebuilt": self.shelf.rebuilt, "is_archive": True}
        return self.sides.job(**changes | named | of_archive)


@pytest.fixture
def pst(sides: Sides) -> ArchiveSide:
    return ArchiveSide(sides)


def run(sides: Sides, *archives: ArchiveSide, aware: bool = True, **changes: object) -> PassResult:
    """One pass over the server and these archives; ``aware``: the plan tells the server's job of them."""
    return sides.run(*archives, beside_rebuilt=aware, **changes)  # type: ignore[arg-type]  # as a further side


def served(number: int, *files: bytes, message_id: bool = True) -> bytes:
    """As a server keeps it."""
    made = EmailMessage(policy=SMTP)
    made["Received"] = "from mx.example by imap.example; Mon, 05 Jan 2026 08:00:09 +0000"
    made["From"], made["Subject"] = "b@example.org", f"s{number}"
    made["Date"] = "Mon, 05 Jan 2026 08:00:00 +0000"
    if message_id:
        made["Message-ID"] = f"<{number}@example.org>"
    made.set_content("hello\n")
    for data in files:
        made.add_attachment(data, maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes()


def rebuilt(number: int, *files: bytes, message_id: bool = True) -> bytes:
    """As it comes out of an archive that keeps the pieces."""
    made = EmailMessage(policy=SMTP)
    if message_id:
        made["Message-ID"] = f"<{number}@example.org>"
    made["Date"] = "Mon, 05 Jan 2026 08:00:00 +0000"
    made["Subject"], made["From"] = f"s{number}", "b@example.org"
    made.set_content("<html>hello</html>\n", subtype="html", cte="base64")
    for data in files:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename="A.PDF")
    return made.as_bytes()


def numbers(sides: Sides) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_path, data), count in sides.on_target().items():
        found[data.split(b"Subject: ", 1)[1].split(b"\r\n")[0].decode()] += count
    return found


def test_mail_on_the_server_and_in_the_archive_is_copied_once(sides: Sides, pst: ArchiveSide) -> None:
    for number in range(4):
        sides.source.deliver(served(number, *[FILE] * (number % 2)), received=when(number))
    for number in range(2, 6):
        pst.shelf.put(rebuilt(number, *[FILE] * (number % 2)), OLD, received=when(number + 1))
    told = Counted()
    result = run(sides, pst, progress=told)
    assert result.complete
    assert numbers(sides) == Counter(f"s{number}" for number in range(6))
    assert (result.copied, result.tally.seen) == (6, 8)
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 2
    assert told.done == told.wanted == 8
    assert all(told.sizes)
    again = run(sides, pst)
    assert (again.copied, again.complete) == (0, True)
    with sides.ledger.read() as connection:
        rows = connection.execute(
            select(message.c.evidence, message.c.target_key).where(message.c.same_as.is_not(None))
        ).all()
        assert [tuple(row) for row in rows] == [("likeness", None), ("likeness", None)]
        listed = not_copied.page(connection, 1, Direction.FORTH, Outcome.ALREADY_THERE, 0, 9)
        assert [(one.source, one.folder, one.reason) for one in listed] == [
            ("archive:1", OLD, Reason.IN_ANOTHER_SOURCE)
        ] * 2
        assert sources.called(connection, 1) == {"archive:1": "old.pst"}


def test_each_pair_can_be_undone(sides: Sides, pst: ArchiveSide) -> None:
    sides.source.deliver(served(1), received=when(1))
    pst.shelf.put(rebuilt(1), OLD)
    run(sides, pst)
    with sides.ledger.write() as connection:
        assert identity.separate(connection, 1, Direction.FORTH) == 1
    assert run(sides, pst).copied == 1
    assert numbers(sides) == {"s1": 2}
    assert run(sides, pst).copied == 0


def test_the_archive_may_come_first(sides: Sides, pst: ArchiveSide) -> None:
    pst.shelf.put(rebuilt(1, FILE), OLD)
    pst.shelf.put(rebuilt(2), OLD)
    assert run(sides, pst).copied == 2
    sides.source.deliver(served(1, FILE), received=when(1))
    sides.source.deliver(served(3), received=when(3))
    # In this run the drive with the archive is not there, so nothing but the ledger knows of it.
    result = run(sides, aware=False)
    assert (result.copied, result.tally.reasons[Reason.IN_ANOTHER_SOURCE]) == (1, 1)
    assert numbers(sides) == {"s1": 1, "s2": 1, "s3": 1}


@pytest.mark.parametrize("archive_first", [True, False])
def test_what_an_archive_lost_a_part_of_stands_for_no_copy_that_has_it(
    sides: Sides, pst: ArchiveSide, archive_first: bool
) -> None:
    """Header and attachments are the same, and the text is on the server alone."""
    cut = pst.shelf.put(rebuilt(1, FILE).replace(b"PGh0", b""), OLD)
    pst.shelf.put(rebuilt(2), OLD)
    pst.shelf.cut.add(cut)
    if archive_first:
        assert run(sides, pst).copied == 2
    for number in (1, 2):
        sides.source.deliver(served(number, *[FILE] * (number == 1)), received=when(number))
    run(sides, pst)
    assert numbers(sides) == {"s1": 1 + archive_first, "s2": 1}
    assert any(b"hello" in data for (_path, data) in sides.on_target() if b"Subject: s1\r" in data)
    again = run(sides, pst)
    assert (again.copied, again.complete) == (0, True)


def test_an_archive_that_is_named_later_meets_what_was_copied_before(sides: Sides, pst: ArchiveSide) -> None:
    sides.source.deliver(served(1, FILE), received=when(1))
    sides.source.deliver(served(2), received=when(2))
    run(sides, aware=False)
    pst.shelf.put(rebuilt(1, FILE), OLD)
    assert run(sides, pst).tally.reasons[Reason.IN_ANOTHER_SOURCE] == 1
    assert numbers(sides) == {"s1": 1, "s2": 1}


def test_what_a_person_moved_on_the_server_is_known_again(sides: Sides, pst: ArchiveSide) -> None:
    sides.source.create(("Work",))
    sides.source.deliver(served(1), received=when(1))
    run(sides)
    (inbox,) = [state for state in sides.worlds[0].reader(ACCOUNT.user).folders() if state.path == INBOX]
    sides.source.move(INBOX, ("Work",), inbox.messages[0].key)
    assert run(sides).copied == 0
    pst.shelf.put(rebuilt(1), OLD)
    assert run(sides, pst).copied == 0


@pytest.mark.parametrize(
    ("on_server", "in_archive"),
    [
        (served(1, FILE), rebuilt(1)),
        (served(1, FILE), rebuilt(1, FILE + b"x")),
        (served(1, FILE), rebuilt(1, FILE, FILE)),
        (served(1, message_id=False), rebuilt(1, message_id=False)),
        (served(1), rebuilt(1).replace(b"Subject: s1", b"Subject: s2")),
        (served(1), rebuilt(1).replace(b"08:00:00", b"08:00:01")),
        (served(1).replace(b"@example.org>", MADE), rebuilt(1).replace(b"@example.org>", MADE)),
    ],
)
def test_in_doubt_both_are_copied(sides: Sides, pst: ArchiveSide, on_server: bytes, in_archive: bytes) -> None:
    sides.source.deliver(on_server, received=when(1))
    pst.shelf.put(in_archive, OLD)
    result = run(sides, pst)
    assert (result.copied, result.tally.reasons) == (2, {})


def test_where_bytes_are_kept_a_like_message_is_another_one(sides: Sides) -> None:
    mbox = ArchiveSide(sides, rebuilt=False)
    sides.source.deliver(served(1), received=when(1))
    mbox.shelf.put(rebuilt(1), OLD)
    mbox.shelf.put(served(1), OLD)
    result = run(sides, mbox, aware=False)
    assert (result.copied, result.tally.reasons) == (2, {Reason.IN_ANOTHER_SOURCE: 1})


def test_pairs_are_one_to_one_and_never_within_one_source(sides: Sides, pst: ArchiveSide) -> None:
    for _twin in range(2):
        sides.source.deliver(served(1), received=when(1))
    for _twin in range(3):
        pst.shelf.put(rebuilt(1), OLD)
    result = run(sides, pst)
    assert (result.copied, result.tally.reasons) == (3, {Reason.IN_ANOTHER_SOURCE: 2})
    alone = ArchiveSide(sides, "archive:2", "other.pst")
    for _twin in range(4):
        alone.shelf.put(rebuilt(1), OLD)
    assert run(sides, pst, alone).copied == 1


def test_what_is_no_mail_is_accounted_for_and_not_copied(sides: Sides, pst: ArchiveSide) -> None:
    pst.shelf.put(b"", OLD, nature=Nature.CONTACT)
    pst.shelf.put(b"", ("Calendar",), nature=Nature.APPOINTMENT)
    pst.shelf.put(rebuilt(1), OLD)
    result = run(sides, pst)
    assert result.complete
    assert result.tally.reasons == {Reason.NOT_MAIL: 2}
    assert result.tally.outcomes == {Outcome.STORED: 1, Outcome.LEFT_OUT: 2}
    assert pst.shelf.read == 1


def test_a_folder_of_contacts_is_on_the_target_only_if_mail_lies_in_it(sides: Sides, pst: ArchiveSide) -> None:
    contacts, calendar = ("Contacts",), ("Calendar",)
    pst.shelf.put(b"", contacts, nature=Nature.CONTACT)
    pst.shelf.put(b"", calendar, nature=Nature.APPOINTMENT)
    pst.shelf.put(rebuilt(1), calendar)
    pst.shelf.not_for_mail |= {contacts, calendar}
    pst.shelf.folders["Empty",] = []
    for _pass in range(2):
        run(sides, pst)
        there = {folder.path for folder in sides.target.folders()}
        assert {calendar, ("Empty",)} <= there
        assert contacts not in there
    pst.shelf.put(rebuilt(2), contacts)
    assert run(sides, pst).copied == 1
    assert contacts in {folder.path for folder in sides.target.folders()}


def test_an_archive_that_did_not_change_is_not_listed_again(sides: Sides, pst: ArchiveSide) -> None:
    for number in range(5):
        pst.shelf.put(rebuilt(number), OLD, flags=None)
    run(sides, pst)
    listed, read = pst.shelf.listed, pst.shelf.read
    result = run(sides, pst)
    assert (pst.shelf.listed, pst.shelf.read) == (listed, read)
    assert (result.copied, result.flagged) == (0, 0)
    pst.shelf.put(rebuilt(9), OLD)
    assert run(sides, pst).copied == 1
    assert pst.shelf.read == read + 1


def test_what_was_moved_within_an_archive_is_not_copied_again(sides: Sides, pst: ArchiveSide) -> None:
    pst.shelf.put(rebuilt(1), OLD, key="1", received=when(1))
    run(sides, pst)
    pst.shelf.drop(OLD, 0)
    # Outlook may count its bytes anew.
    pst.shelf.put(rebuilt(1) + b"\r\n", ("Kept",), key="1", received=when(1))
    result = run(sides, pst)
    assert (result.copied, result.tally.seen) == (0, 1)
    assert numbers(sides) == {"s1": 1}


def test_two_copies_of_one_archive_that_lived_on_apart_lose_and_double_nothing(sides: Sides, pst: ArchiveSide) -> None:
    other = ArchiveSide(sides, "archive:1 (2)", "backup.pst")
    for number in range(3):
        for side in (pst, other):
            side.shelf.put(rebuilt(number), OLD, key=str(number), received=when(number))
    pst.shelf.put(rebuilt(10), OLD, key="3-a", received=when(10))
    other.shelf.put(rebuilt(20), OLD, key="3-b", received=when(20))
    assert run(sides, pst, other).copied == 5
    # The other way round, as when the plan names them in another order.
    pst.shelf, other.shelf = other.shelf, pst.shelf
    for side in (pst, other):
        side.shelf.changed += 100
    assert run(sides, pst, other).copied == 0
    assert numbers(sides) == {"s0": 1, "s1": 1, "s2": 1, "s10": 1, "s20": 1}


def test_an_archive_that_is_not_there_keeps_nobody_from_the_others_and_loses_nothing(
    sides: Sides, pst: ArchiveSide
) -> None:
    pst.shelf.put(rebuilt(1), OLD)
    run(sides, pst)
    pst.shelf.away = True
    pst.file.unlink()
    mbox = ArchiveSide(sides, "archive:old.mbox", "old.mbox", rebuilt=False)
    mbox.shelf.put(mail(2), OLD)
    sides.source.deliver(served(3), received=when(3))
    result = run(sides, pst, mbox)
    assert [type(error) for error in result.errors] == [ArchiveUnreadable]
    assert "old.pst: the archive is not there" in str(result.errors[0])
    assert (result.copied, result.tally.gone, result.tally.seen) == (2, 0, 3)
    assert not result.complete


@pytest.mark.parametrize("reads", [0, 1, 5, 11])
def test_a_drive_that_is_pulled_out_costs_what_it_holds_until_it_is_back(
    sides: Sides, pst: ArchiveSide, reads: int
) -> None:
    for number in range(12):
        sides.source.deliver(served(number), received=when(number))
        pst.shelf.put(rebuilt(number + 6), OLD)
    pst.shelf.away_after = reads
    cut = run(sides, pst)
    assert not cut.complete
    pst.shelf.away, pst.shelf.away_after = False, None
    assert run(sides, pst).complete
    assert numbers(sides) == Counter(f"s{number}" for number in range(18))


def test_a_ledger_that_was_lost_is_taken_up_for_all_sources_before_any_is_copied(
    sides: Sides, pst: ArchiveSide
) -> None:
    """What only the archive had brought lies in its folder, where the server's pass alone would not look for it."""
    pst.shelf.put(rebuilt(1, FILE), OLD)
    pst.shelf.put(rebuilt(2), OLD)
    assert run(sides, pst).copied == 2
    for number in (1, 2, 3):
        sides.source.deliver(served(number, *[FILE] * (number == 1)), received=when(number))
    assert run(sides, pst).copied == 1
    sides.lose_ledger()
    again = run(sides, pst)
    assert again.complete
    assert (again.copied, again.adopted) == (0, 3)
    assert again.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 2
    assert numbers(sides) == {"s1": 1, "s2": 1, "s3": 1}
    later = run(sides, pst)
    assert (later.copied, later.adopted, later.complete) == (0, 0, True)


def test_a_ledger_that_was_lost_while_the_drive_is_away_is_told_and_loses_nothing(
    sides: Sides, pst: ArchiveSide
) -> None:
    pst.shelf.put(rebuilt(1), OLD)
    run(sides, pst)
    sides.source.deliver(served(2), received=when(2))
    run(sides, pst)
    sides.lose_ledger()
    pst.shelf.away = True
    pst.file.unlink()
    result = run(sides, pst)
    assert [type(error) for error in result.errors] == [ArchiveUnreadable]
    assert (result.copied, result.adopted) == (0, 1)
    pst.shelf.away = False
    pst.file.touch()
    assert run(sides, pst).adopted == 1
    assert numbers(sides) == {"s1": 1, "s2": 1}

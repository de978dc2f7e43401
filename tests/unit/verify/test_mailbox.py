"""Verifying a mailbox between two systems in memory: what servers do, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from connectors.contract import Entry, Folder, FolderMissing, Reason, Source
from connectors.memory import MemorySettings
from migrate.copy.halt import Halt
from migrate.copy.kept import KeptMail
from migrate.copy.placement import Placement
from migrate.ledger import mailboxes
from migrate.verify.figures import Verified
from migrate.verify.findings import Cause, Kind
from migrate.verify.grade import Grade
from migrate.verify.matching import Equality
from migrate.verify.run import verify_mailbox
from migrate.verify.sampling import Sample
from tests.unit.passes.world import ACCOUNT, Sides, mail, when

INBOX, SENT = ("INBOX",), ("Sent",)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Sides]]:
    made: list[Sides] = []

    def sides(**manners: Any) -> Sides:
        one = Sides(tmp_path, **manners)
        made.append(one)
        one.source.create(SENT, None)
        for number in range(12):
            one.source.deliver(mail(number), received=when(number), path=SENT if number % 3 == 0 else INBOX)
        return one

    yield sides
    for one in made:
        one.close()


def verified(sides: Sides, sample: Sample | None = None, **changes: object) -> Verified:
    result = verify_mailbox(sides.job(**changes), sides.ledger, Halt(), sample)
    assert result.expected == result.found.total() + result.count(Kind.MISSING)
    assert sides.resources.budget.used == 0
    return result


def test_what_is_gone_since_its_person_works_there_is_asked_about_and_all_else_is_judged(
    make: Callable[..., Sides],
) -> None:
    sides = make()
    sides.run()
    with sides.ledger.write() as connection:
        (row,) = mailboxes.every(connection)
        mailboxes.go_live(connection, [row.id], when(0).timestamp())
    copy = next(iter(sides.worlds[1].reader(ACCOUNT.user).folder(INBOX).messages))
    sides.target.delete(INBOX, copy.key)
    result = verified(sides)
    assert [(one.kind, one.cause) for one in result.findings] == [(Kind.MISSING, Cause.REMOVED)]
    assert result.judged()[0] is Grade.INVESTIGATE
    assert result.but_for_removed().judged()[0] is Grade.PERFECT


def test_a_copy_is_perfect_and_its_figures_add_up(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    result = verified(sides)
    assert result.judged() == (Grade.PERFECT, [])
    assert (result.on_source, result.left_out, result.found) == (12, 0, {Equality.IDENTICAL: 12})
    assert (result.read, result.only_on_target) == (24, 0)


def test_what_a_server_adds_on_top_is_good(make: Callable[..., Sides]) -> None:
    sides = make(target=MemorySettings(rewrites="adds-header"))
    sides.run()
    result = verified(sides)
    assert (result.judged()[0], result.found) == (Grade.GOOD, {Equality.FIELDS: 12})


def test_a_body_that_the_target_trims_is_altered(make: Callable[..., Sides]) -> None:
    sides = make(target=MemorySettings(rewrites="alters-body"))
    sides.run()
    result = verified(sides)
    assert (result.judged()[0], result.count(Kind.ALTERED)) == (Grade.POOR, 12)


def test_keywords_that_the_target_does_not_keep_are_explained(make: Callable[..., Sides]) -> None:
    sides = make(target=MemorySettings(keywords=False))
    sides.source.deliver(mail(20), received=when(20), flags={"\\Seen", "Projekt"})
    sides.run()
    result = verified(sides)
    assert result.judged()[0] is Grade.GOOD
    assert [(one.kind, one.cause, one.lacks) for one in result.findings] == [(Kind.FLAGS, Cause.NOT_KEPT, {"Projekt"})]


def test_a_refused_message_is_explained_by_its_reason(make: Callable[..., Sides]) -> None:
    sides = make(target=MemorySettings(max_message=1000))
    sides.source.deliver(mail(20, "x" * 2000), received=when(20))
    sides.run()
    result = verified(sides)
    assert result.judged()[0] is Grade.GOOD
    assert [(one.kind, one.cause, one.reason) for one in result.findings] == [
        (Kind.MISSING, Cause.REFUSED, "too-large")
    ]


def test_a_copy_that_outlived_its_original_is_counted_and_no_difference(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    sides.source.delete(INBOX, "k1")
    sides.run()
    result = verified(sides)
    assert result.judged()[0] is Grade.PERFECT
    assert (result.only_on_target, result.left_source) == (1, 1)


def test_a_twin_that_left_the_source_explains_the_other_on_the_target(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.source.deliver(mail(1), received=when(1))
    sides.run()
    sides.source.delete(INBOX, "k1")
    sides.run()
    result = verified(sides)
    assert [(one.kind, one.cause) for one in result.findings] == [(Kind.EXTRA, Cause.LEFT_SOURCE)]
    assert result.judged()[0] is Grade.GOOD


@pytest.mark.parametrize("sample", [None, Sample(1, 1)])
def test_a_message_in_a_folder_that_only_the_target_has_is_found_there(
    make: Callable[..., Sides], sample: Sample | None
) -> None:
    sides = make()
    sides.run()
    sides.target.create(("Elsewhere",), None)
    sides.target.deliver(mail(1), received=when(1), path=("Elsewhere",))
    sides.target.deliver(b"Subject: mine\r\n\r\nmine\r\n", received=when(50), path=("Elsewhere",))
    first = next(iter(sides.worlds[1].reader("anna@example.org").folder(INBOX).messages))
    sides.target.delete(INBOX, first.key)
    result = verified(sides, sample)
    ((finding),) = result.findings
    assert (finding.kind, finding.target and finding.target.folder) == (Kind.FOLDER, ("Elsewhere",))
    assert (result.count(Kind.MISSING), result.only_on_target) == (0, 1)


def test_an_empty_folder_that_is_not_there_is_told(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    sides.source.create(("Empty",), None)
    result = verified(sides)
    assert [(one.kind, one.folder) for one in result.findings] == [(Kind.NO_FOLDER, ("Empty",))]
    assert result.judged()[0] is Grade.INVESTIGATE


def test_a_folder_that_is_made_anew_meanwhile_is_looked_at_again(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    bumped = []

    def then(folder: Folder) -> None:
        if not bumped:
            bumped.append(folder)
            sides.source.bump_epoch(INBOX)

    job = sides.job()
    result = verified(sides, open_source=lambda stop: _Meeting(job.open_source(stop), then))
    assert (result.judged()[0], bumped[0].path) == (Grade.PERFECT, INBOX)


def test_a_folder_that_never_holds_still_is_an_error_of_the_mailbox(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    job = sides.job()
    with pytest.raises(FolderMissing):
        verified(
            sides,
            open_source=lambda stop: _Meeting(job.open_source(stop), lambda _folder: sides.source.bump_epoch(INBOX)),
        )


def test_a_message_that_goes_while_it_is_verified_is_not_missed(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    job = sides.job()

    def then(_key: str) -> None:
        sides.source.delete(INBOX, "k2")

    result = verified(sides, open_source=lambda stop: _Meeting(job.open_source(stop), before_read=then))
    assert (result.on_source, result.only_on_target, result.findings) == (11, 1, [])


def test_what_was_moved_on_the_source_since_the_last_pass_is_explained(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    sides.source.move(INBOX, SENT, "k1")
    result = verified(sides)
    assert [(one.kind, one.folder, one.cause) for one in result.findings] == [
        (Kind.FOLDER, SENT, Cause.MOVED_ON_SOURCE)
    ]
    sides.run()
    assert verified(sides).judged() == (Grade.PERFECT, [])


def test_mail_and_folders_that_no_pass_has_seen_are_still_to_be_copied(make: Callable[..., Sides]) -> None:
    """Mail that came while the last pass ran is newer than all that it saw, and older than its end."""
    sides = make()
    sides.run()
    sides.source.deliver(mail(20), received=when(20))
    sides.source.create(("New",), None)
    sides.source.deliver(mail(21), ("New",), received=when(0))
    result = verified(sides)
    assert [(one.kind, one.cause) for one in result.findings] == [(Kind.MISSING, Cause.NEW)] * 2
    assert result.judged()[0] is Grade.INVESTIGATE


def test_an_old_message_that_no_pass_has_seen_has_no_explanation(make: Callable[..., Sides]) -> None:
    sides = make()
    sides.run()
    sides.source.deliver(mail(20), received=when(2))
    result = verified(sides)
    assert [(one.kind, one.cause) for one in result.findings] == [(Kind.MISSING, None)]
    assert result.judged()[0] is Grade.POOR


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_reads_little_and_finds_what_the_listing_shows(make: Callable[..., Sides], seed: int) -> None:
    sides = make()
    sides.run()
    reader = sides.worlds[1].reader("anna@example.org")
    first, second, *_rest = reader.folder(INBOX).messages
    sides.target.delete(INBOX, first.key)
    sides.target.delete(INBOX, second.key)
    sides.target.deliver(second.data, received=when(90))
    result = verified(sides, Sample(2, seed))
    assert [one.kind for one in result.findings] == [Kind.MISSING, Kind.DATE]
    assert result.read <= 2 * 2 + 3
    assert result.found[Equality.LISTED] >= 7


def test_rules_of_the_plan_are_expected_to_have_been_followed(make: Callable[..., Sides]) -> None:
    class LeavesOut:
        def place(self, folder: Folder) -> Placement | None:
            return None if folder.path == SENT else Placement(folder.path, folder.role)

        def why_left_out(self, folder: Folder) -> Reason:
            return Reason.RULE_FOLDER

        def leaves_out(self, entry: Entry) -> Reason | None:
            return Reason.RULE_DATE if entry.received == when(1) else None

        def digest(self) -> str:
            return "some"

    sides = make()
    sides.run(rules=LeavesOut())
    result = verified(sides, rules=LeavesOut())
    assert result.judged()[0] is Grade.PERFECT
    assert (result.on_source, result.left_out, result.expected) == (12, 5, 7)


class _Meeting:
    """A source to which something happens before it lists a folder or reads its first message."""

    def __init__(
        self,
        inner: Source,
        before_listing: Callable[[Folder], None] | None = None,
        before_read: Callable[[str], None] | None = None,
    ) -> None:
        self._inner = inner
        self._before_listing = before_listing
        self._before_read = before_read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Any]:
        if self._before_listing is not None and folder.path == INBOX:
            self._before_listing(folder)
        return self._inner.entries(folder, cursor)

    def read(self, folder: Folder, keys: list[str]) -> Iterator[Any]:
        if self._before_read is not None:
            self._before_read(keys[0])
            self._before_read = None
        return self._inner.read(folder, keys)


def test_each_source_is_compared_with_what_it_should_have_brought(make: Callable[..., Sides]) -> None:
    sides = make()
    older = sides.further()
    older.mailbox.create(SENT, None)
    # One that the other source has twice, one that it has in another folder with another date and flag, one of its own.
    for _ in range(2):
        older.mailbox.deliver(mail(1), received=when(1), path=INBOX)
    older.mailbox.deliver(mail(2), received=when(70), flags={"\\Seen"}, path=SENT)
    older.mailbox.deliver(mail(40), received=when(40), path=INBOX)
    sides.run(older)

    own = verified(sides)
    assert own.judged() == (Grade.PERFECT, [])
    assert own.count(Kind.EXTRA) == 0

    further = verify_mailbox(older.job(), sides.ledger, Halt())
    assert (further.mailbox, further.found) == ("anna@example.org (older)", {Equality.IDENTICAL: 4})
    assert {(finding.kind, finding.cause) for finding in further.findings} == {
        (kind, Cause.IN_ANOTHER_SOURCE) for kind in (Kind.FOLDER, Kind.DATE, Kind.FLAGS)
    }
    assert further.judged()[0] is Grade.GOOD

    (key,) = [message.key for state in sides.worlds[1].reader("anna@example.org").folders()
              for message in state.messages if message.data == mail(2)]  # fmt: skip
    sides.target.delete(INBOX, key)
    assert verified(sides).judged()[0] is Grade.POOR
    assert verify_mailbox(older.job(), sides.ledger, Halt()).count(Kind.MISSING) == 1


def test_a_repaired_message_is_there_as_it_was_repaired(make: Callable[..., Sides], tmp_path: Path) -> None:
    sides = make(target=MemorySettings(refuses=frozenset({"nul", "missing-message-id"})))
    sides.kept = KeptMail(tmp_path / "kept")
    sides.source.deliver(mail(20) + b"a\0b\r\n", received=when(20))
    sides.source.deliver(mail(21, message_id=False), received=when(21))
    sides.run()
    result = verified(sides)
    assert (result.judged()[0], result.found[Equality.REPAIRED]) == (Grade.GOOD, 2)
    assert {(one.kind, one.cause, one.rules) for one in result.findings} == {
        (Kind.REPAIRED, Cause.REPAIRED, ("nul",)),
        (Kind.REPAIRED, Cause.REPAIRED, ("missing-message-id",)),
    }
    # Without the proof it is another message.
    sides.lose_ledger()
    assert verified(sides).judged()[0] is Grade.POOR


def test_a_repair_explains_nothing_that_happened_to_the_copy_later(make: Callable[..., Sides], tmp_path: Path) -> None:
    sides = make(target=MemorySettings(refuses=frozenset({"nul"})))
    sides.kept = KeptMail(tmp_path / "kept")
    sides.source.deliver(mail(20) + b"a\0b\r\n", received=when(20))
    sides.run()
    inbox = next(state for state in sides.worlds[1].reader(ACCOUNT.user).folders() if state.path == INBOX)
    (copy,) = [one for one in inbox.messages if b"=00" in one.data]
    sides.target.delete(INBOX, copy.key)
    sides.target.deliver(copy.data.replace(b"=00", b"forged"), INBOX, received=when(20))
    result = verified(sides)
    assert (result.judged()[0], [one.kind for one in result.findings]) == (Grade.POOR, [Kind.ALTERED])


def test_what_the_target_altered_when_it_stored_it_is_explained_and_nothing_else(
    make: Callable[..., Sides], tmp_path: Path
) -> None:
    sides = make()
    sides.kept = KeptMail(tmp_path / "kept")
    raw = mail(20).replace(b"Subject: s20", b"Subject: caf\xe9")
    sides.source.deliver(raw, received=when(20))
    with patch.object(MemorySettings, "rewritten", lambda _, data: data.replace(b"\xe9", b"X")):
        sides.run()
    result = verified(sides)
    assert [(one.kind, one.cause, one.rules) for one in result.findings] == [
        (Kind.ALTERED, Cause.ALTERED_BY_TARGET, ("raw-8bit-header",))
    ]
    assert result.judged()[0] is Grade.GOOD

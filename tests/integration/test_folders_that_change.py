"""Folders that are renamed, deleted or made while a pass runs, on both sides, and a ledger that is taken away.

Whatever a person does, no message is there twice, and what the person left alone arrives.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from connectors.contract import Reason
from migrate.copy.hold import MailboxBusy
from migrate.ledger import store
from migrate.ledger.store import Ledger, LedgerError
from tests.acceptance.box import Box
from tests.acceptance.letters import FOLDERS, letter
from tests.conftest import DovecotFactory
from tests.integration.passes import Copy, struck
from tests.servers.faults import Effect, Fault
from tests.servers.mail import _Names, content_of
from tests.servers.phases import Phase

INBOX, PROJECTS, SENT = FOLDERS


def contents(box: Box) -> Counter[str]:
    """By content, wherever it lies."""
    return Counter(stored.content for folder in box.holds().values() for stored in folder.elements())


def wanted(copy: Copy) -> Counter[str]:
    return Counter(content_of(mail.data) for mail in copy.mails)


def ends(copy: Copy) -> None:
    """Passes until there is nothing more to do, and one more that does nothing."""
    for _ in range(3):
        result = copy.run()
        if result.complete:
            break
    assert result.complete, result.errors
    assert result.in_flight == 0
    assert copy.run().copied == 0


def delete(box: Box, path: tuple[str, ...]) -> None:
    with box.server.login(box.user) as connection:
        status, lines = connection.delete(_Names(connection).quoted(path))
        assert status == "OK", lines


def made_anew(box: Box, copy: Copy, path: tuple[str, ...]) -> None:
    """The same mail in a folder of the same name, which is another."""
    delete(box, path)
    box.add(*(mail for mail in copy.mails if mail.folder == path))


#: Sent is written first, two batches of ten: when the second is on its way; and how many are there then.
NTH_OF = {Phase.APPEND: 2, Phase.IN_LITERAL: 15, Phase.LAST_BYTE: 15, Phase.STORED: 2}
IN_SENT = {Phase.APPEND: 10, Phase.IN_LITERAL: 10, Phase.LAST_BYTE: 10, Phase.STORED: 20}


def in_sent(copy: Copy, phase: Phase) -> list[str]:
    """What was sent before, once it is stored: the person sees what they delete or rename.

    Of a batch that it is storing at that very moment Dovecot keeps some; the others are uncertain then.
    """
    while (there := copy.target.holds().get(SENT, Counter())).total() < IN_SENT[phase]:
        time.sleep(0.02)
    return [stored.content for stored in there.elements()]


WHILE_READ = pytest.mark.parametrize("phase", [Phase.FETCH, Phase.IN_BODY, Phase.FETCHED], ids=lambda phase: phase.name)
WHILE_WRITTEN = pytest.mark.parametrize(
    "phase", [Phase.APPEND, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.STORED], ids=lambda phase: phase.name
)
EFFECTS = pytest.mark.parametrize(
    "effect",
    [
        pytest.param(Effect.NONE, id="the line holds"),
        pytest.param(Effect.CUT, id="the line breaks", marks=pytest.mark.nightly),
    ],
)


@WHILE_READ
@EFFECTS
def test_a_source_folder_renamed_while_it_is_read(copying: Callable[..., Copy], phase: Phase, effect: Effect) -> None:
    copy = copying()
    struck(copy, Fault(phase, effect, do=lambda: copy.source.rename(SENT, ("Sent items",))))
    ends(copy)
    assert contents(copy.target) == wanted(copy)


@WHILE_READ
@EFFECTS
def test_a_source_folder_deleted_while_it_is_read(copying: Callable[..., Copy], phase: Phase, effect: Effect) -> None:
    copy = copying()
    struck(copy, Fault(phase, effect, do=lambda: delete(copy.source, SENT)))
    ends(copy)
    there = contents(copy.target)
    assert there <= wanted(copy)
    assert contents(copy.source) <= there


@WHILE_READ
@EFFECTS
def test_a_source_folder_made_anew_while_it_is_read(copying: Callable[..., Copy], phase: Phase, effect: Effect) -> None:
    copy = copying()
    struck(copy, Fault(phase, effect, do=lambda: made_anew(copy.source, copy, SENT)))
    ends(copy)
    assert contents(copy.target) == wanted(copy)


@WHILE_READ
def test_a_source_folder_made_while_others_are_read(copying: Callable[..., Copy], phase: Phase) -> None:
    copy = copying()
    late = letter(900, folder=("Late", "below"))
    struck(copy, Fault(phase, Effect.NONE, do=lambda: copy.source.add(late)))
    ends(copy)
    assert copy.target.holds() == copy.source.holds()


@WHILE_WRITTEN
@EFFECTS
def test_a_target_folder_renamed_while_it_is_written(
    copying: Callable[..., Copy], phase: Phase, effect: Effect
) -> None:
    """What is in it already is the person's to keep where they put it."""
    copy = copying()

    def do() -> None:
        in_sent(copy, phase)
        copy.target.rename(SENT, ("Kept",))

    struck(copy, Fault(phase, effect, nth=NTH_OF[phase], do=do))
    ends(copy)
    assert contents(copy.target) == wanted(copy)


@WHILE_WRITTEN
@EFFECTS
def test_a_target_folder_deleted_while_it_is_written(
    copying: Callable[..., Copy], phase: Phase, effect: Effect
) -> None:
    """What a person deletes is not brought back; what had not arrived does."""
    copy = copying()
    deleted: Counter[str] = Counter()

    def do() -> None:
        deleted.update(in_sent(copy, phase))
        delete(copy.target, SENT)

    struck(copy, Fault(phase, effect, nth=NTH_OF[phase], do=do))
    ends(copy)
    there = contents(copy.target)
    assert there <= wanted(copy), "nothing is there twice"
    assert wanted(copy) - there <= deleted, "nothing is missing but what the person deleted"


@WHILE_WRITTEN
def test_a_target_folder_that_somebody_makes_meanwhile(copying: Callable[..., Copy], phase: Phase) -> None:
    copy = copying()
    theirs = letter(950, folder=("Theirs",))
    struck(copy, Fault(phase, Effect.NONE, do=lambda: copy.target.add(theirs)))
    ends(copy)
    assert contents(copy.target) == wanted(copy) + Counter([content_of(theirs.data)])


def test_a_target_mailbox_emptied_by_hand_stays_empty(copying: Callable[..., Copy]) -> None:
    copy = copying()
    assert copy.run().complete
    for path in (SENT, PROJECTS):
        delete(copy.target, path)
    new = letter(901, folder=SENT)
    copy.source.add(new)
    ends(copy)
    assert contents(copy.target) == Counter(
        content_of(mail.data) for mail in [*copy.mails, new] if mail.folder == INBOX or mail is new
    )


@pytest.mark.parametrize("path", [SENT, PROJECTS])
def test_a_source_folder_made_anew_between_two_passes(copying: Callable[..., Copy], path: tuple[str, ...]) -> None:
    copy = copying()
    assert copy.run().complete
    made_anew(copy.source, copy, path)
    ends(copy)
    assert contents(copy.target) == wanted(copy)


@pytest.mark.parametrize("phase", [Phase.FETCH, Phase.APPEND, Phase.STORED], ids=lambda phase: phase.name)
def test_a_ledger_locked_in_the_middle_of_a_pass(
    copying: Callable[..., Copy], monkeypatch: pytest.MonkeyPatch, phase: Phase
) -> None:
    """By another program, for longer than anybody waits."""
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.05)
    copy = copying()
    ledger = copy.folder / ".bascule" / "ledger.sqlite"
    ledger.parent.mkdir()
    Ledger(ledger).close()
    with closing(sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)) as other:
        fault = Fault(phase, Effect.NONE, nth=3, do=lambda: other.execute("BEGIN IMMEDIATE") and None)
        copy.before_old.faults = copy.before_new.faults = [fault]
        with pytest.raises(LedgerError, match="stays locked by another program"):
            copy.run()
        assert fault.struck
    copy.before_old.faults = copy.before_new.faults = []
    copy.has_no_double()
    copy.arrives(copy.run())


def test_a_second_pass_beside_the_first_is_kept_away(copying: Callable[..., Copy]) -> None:
    copy = copying()
    met: list[BaseException] = []

    def second() -> None:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30)

    def run() -> None:
        try:
            copy.run()
        except MailboxBusy as error:
            met.append(error)

    copy.before_new.faults = [Fault(Phase.STORED, Effect.NONE, nth=2, do=second)]
    copy.arrives(copy.run())
    assert len(met) == 1


@pytest.mark.parametrize(
    ("storage", "name"),
    [("maildir:~/fs:LAYOUT=fs", "subscriptions"), ("sdbox:~/sdbox", "dbox-Mails")],
    ids=["answered SERVERBUG", "answered CANNOT"],
)
def test_a_folder_that_the_target_does_not_make_keeps_no_other_from_travelling(
    copying: Callable[..., Copy], dovecot: DovecotFactory, storage: str, name: str
) -> None:
    """Dovecot keeps files of its own under these names."""
    copy = copying(new=dovecot(settings=f"mail_location = {storage}"))
    copy.source.add(letter(990, folder=(name,)))
    for _ in range(2):
        result = copy.run()
        assert result.errors == ()
        assert result.tally.reasons == {Reason.FOLDER_REFUSED: 1}
        assert contents(copy.target) == wanted(copy)

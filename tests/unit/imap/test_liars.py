"""Servers that lie: whole passes from them lose nothing, invent nothing, say why, and go on."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from connectors.body import ByteBudget
from connectors.contract import Account, Source, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.wire import wire_bytes
from connectors.wrappers import RetryingSource, RetryPolicy, Timekeeper
from migrate.copy.reader import _MOST_HELD, AHEAD
from migrate.copy.run import PassResult
from migrate.ledger.schema import Outcome, message
from tests.unit.imap.model import BASIC, CONDSTORE, QRESYNC, Lie, Model, Store
from tests.unit.passes.world import ACCOUNT, Sides, mail

MESSAGES = 6


class Company:
    """A mailbox on a lying server, on its way to a target in memory."""

    def __init__(self, model: Model, sides: Sides) -> None:
        self.model = model
        self.sides = sides
        values = ImapSettings(host="127.0.0.1", port=model.port, tls="plain", timeout=1)
        self._connector = ImapConnector(values, sides.resources)

    def run(self) -> PassResult:
        policy = RetryPolicy(tries=3, timekeeper=Timekeeper(lambda: 0.0, lambda _seconds: None), first=0, longest=0)

        def open_source(stop: Event) -> Source:
            return RetryingSource(lambda: self._connector.open_source(Account("ann", "x"), stop), policy, stop)

        def open_target(stop: Event) -> Target:
            return self.sides.connectors[1].open_target(ACCOUNT, stop)

        result = self.sides.run(open_source=open_source, open_target=open_target)
        assert result.tally.seen == sum(result.tally.outcomes.values())
        return result

    def on_source(self) -> Counter[bytes]:
        return Counter(wire_bytes(message.data) for message in self.model.inbox.messages)

    def on_target(self) -> Counter[bytes]:
        return Counter(data for (_, data), count in self.sides.on_target().items() for _ in range(count))

    def dates(self) -> set[datetime]:
        return {message.received for state in self.sides.target.folders() for message in state.messages}


@contextmanager
def company(capabilities: str = BASIC, lie: Lie | None = None) -> Iterator[Company]:
    model = Model(capabilities)
    for number in range(MESSAGES):
        model.inbox.deliver(mail(number), *(["\\Seen"] if number % 2 else []))
    if lie is not None:
        model.lie = lie
    sides = Sides(Path(tempfile.mkdtemp()))
    with model.serving():
        try:
            yield Company(model, sides)
        finally:
            sides.close()


def fetch(change: Callable[[bytes], list[bytes]]) -> Lie:
    """A lie about every FETCH answer."""

    def lie(command: str, said: list[bytes]) -> list[bytes]:
        if "FETCH" not in command:
            return said
        return [line for one in said for line in (change(one) if b" FETCH (" in one else [one])]

    return lie


def _swapped(pattern: bytes, by: bytes) -> Lie:
    return fetch(lambda line: [re.sub(pattern, by, line, count=1)])


def _other_news(line: bytes) -> list[bytes]:
    """Flags of others, sizes of none, and messages that nobody asked for, around every answer."""
    return [
        b"* 2 FETCH (FLAGS (\\Seen))\r\n",
        b"* 9 EXISTS\r\n",
        line,
        b"* 1 FETCH (UID 1 MODSEQ (9))\r\n",
        b"* 0 RECENT\r\n",
    ]


#: What the server says instead of the truth, where the copy is as right as if it had told it.
HARMLESS: dict[str, Lie] = {
    "every size is too small": _swapped(rb"RFC822.SIZE \d+", b"RFC822.SIZE 1"),
    "every size is zero": _swapped(rb"RFC822.SIZE \d+", b"RFC822.SIZE 0"),
    "every size is too large": _swapped(rb"RFC822.SIZE \d+", b"RFC822.SIZE 9999999"),
    "every size is beyond all bounds": _swapped(rb"RFC822.SIZE \d+", b"RFC822.SIZE 99999999999999999999"),
    "no size": _swapped(rb" RFC822.SIZE \d+", b""),
    "a size of NIL": _swapped(rb"RFC822.SIZE \d+", b"RFC822.SIZE NIL"),
    "no INTERNALDATE": _swapped(rb' INTERNALDATE "[^"]*"', b""),
    "an INTERNALDATE of NIL": _swapped(rb'INTERNALDATE "[^"]*"', b"INTERNALDATE NIL"),
    "an INTERNALDATE that is none": _swapped(rb'INTERNALDATE "[^"]*"', b'INTERNALDATE "31-Feb-2024 99:99:99 +9999"'),
    "every answer twice": fetch(lambda line: [line, line]),
    "every answer again at the end": lambda command, said: said + said if "FETCH" in command else said,
    "answers backwards": lambda command, said: said[::-1] if "FETCH" in command else said,
    "other news": fetch(_other_news),
    "UIDs without their number": _swapped(rb"^\* \d+ FETCH", b"* 4294967295 FETCH"),
    "labels and sections that nobody asked for": _swapped(rb"FETCH \(", b'FETCH (X-ODD ("a" (NIL)) PREVIEW NIL '),
}


@pytest.mark.parametrize("capabilities", [BASIC, QRESYNC])
@pytest.mark.parametrize("lie", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_lie_changes_nothing(lie: Lie, capabilities: str) -> None:
    with company(capabilities, lie) as here:
        first = here.run()
        assert first.complete
        assert here.on_target() == here.on_source()
        here.model.inbox.deliver(mail(100))
        here.model.inbox.set_flags(1, "\\Flagged")
        here.model.inbox.expunge(4)
        second = here.run()
        assert second.complete
        assert second.copied == 1
        assert sum(here.on_target().values()) == MESSAGES + 1
        assert second.tally.seen == MESSAGES + 1


@pytest.mark.parametrize("said", [b"()", b"(NIL)", b"(M1)"])
def test_an_object_id_that_all_messages_share_makes_no_two_of_them_one(said: bytes) -> None:
    """The mail that came would count as the one that went, moved, and never travel."""
    with company(BASIC + " OBJECTID", _swapped(rb"(RFC822.SIZE \d+)\)", rb"\1 EMAILID " + said + b")")) as here:
        assert here.run().complete
        here.model.inbox.expunge(2)
        came = here.model.inbox.deliver(mail(100))
        alike = here.model.inbox.deliver(mail(101))
        result = here.run()
        assert result.complete
        assert result.copied == 2
        assert here.on_target()[wire_bytes(came.data)] == here.on_target()[wire_bytes(alike.data)] == 1


@pytest.mark.parametrize("lie", ["every size is too small", "no size"])
def test_mail_larger_than_it_was_listed_is_counted_as_what_it_is(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by what a batch really holds."""
    most, size = 0, 1_000_000
    exceed = ByteBudget.exceed

    def counted(budget: ByteBudget, more: int) -> None:
        nonlocal most
        exceed(budget, more)
        most = max(most, budget.used)

    monkeypatch.setattr(ByteBudget, "exceed", counted)
    with company(lie=HARMLESS[lie]) as here:
        for number in range(30):
            here.model.inbox.deliver(mail(200 + number) + b"x" * size)
        assert here.run().complete
        assert here.on_target() == here.on_source()
        batch = _MOST_HELD + size
        # One is being filled, one waits to be handed over, some wait for the writer, one is written.
        assert size < most <= (AHEAD + 3) * batch
        assert here.sides.resources.budget.used == 0


def test_a_list_of_what_went_that_is_too_long_to_be_heard_leaves_nothing_unseen() -> None:
    """A server that forgot when mail went names every UID that is missing: that folder is listed whole."""
    with company(QRESYNC) as here:
        assert here.run().complete
        inbox = here.model.inbox
        inbox.deliver(mail(100))
        inbox.expunge(2)
        inbox.gone = [(inbox.modseq, 1_000_000 + 2 * number) for number in range(150_000)]
        result = here.run()
        assert result.complete
        assert result.copied == 1
        assert result.tally.gone == 1


def test_a_date_that_is_missing_is_the_senders() -> None:
    with company(lie=HARMLESS["an INTERNALDATE of NIL"]) as here:
        assert here.run().complete
        assert here.dates() == {datetime(2026, 1, 5, 8, tzinfo=UTC)}


def test_uids_that_jump_are_listed_in_their_order() -> None:
    with company(QRESYNC) as here:
        for place, message in enumerate(here.model.inbox.messages):
            message.uid = 1 + place * 700_000_000
        here.model.inbox.uidnext = 4_294_967_294
        assert here.run().complete
        here.model.inbox.deliver(mail(100))
        here.model.inbox.deliver(mail(101))
        assert here.run().copied == 2
        assert here.on_target() == here.on_source()
        here.model.inbox.expunge(4_294_967_295)
        assert here.run().complete


def test_messages_that_nobody_asked_for_are_not_taken_for_others() -> None:
    stranger = b"* 1 FETCH (UID 77 FLAGS () BODY[] {8}\r\nstranger)\r\n"

    def lie(command: str, said: list[bytes]) -> list[bytes]:
        return [stranger, *said, stranger] if "BODY.PEEK[]" in command else said

    with company(lie=lie) as here:
        assert here.run().complete
        assert here.on_target() == here.on_source()


@pytest.mark.parametrize("body", [b"BODY[] NIL", b'BODY[] ""'], ids=["NIL", "empty"])
def test_a_body_that_is_nothing_is_told_and_the_others_travel(body: bytes) -> None:
    """NIL is no message; an empty string is one, of no bytes, as a server may well hold."""

    def change(line: bytes) -> list[bytes]:
        return (
            [re.sub(rb"BODY\[\] \{\d+\}\r\n.*\)\r\n\Z", body + b")\r\n", line, flags=re.DOTALL)]
            if b"UID 3 " in line
            else [line]
        )

    with company(lie=fetch(change)) as here:
        result = here.run()
        there = here.on_target()
        if body.endswith(b"NIL"):
            assert result.tally.outcomes[Outcome.REFUSED] == 1
            assert result.tally.reasons == {"unreadable": 1}
            assert sum(there.values()) == MESSAGES - 1
        else:
            assert there[b""] == 1
        assert sum(there[wire_bytes(message.data)] for message in here.model.inbox.messages) == MESSAGES - 1
        here.model.lie = lambda _command, said: said
        assert here.run().complete


@pytest.mark.parametrize("says", [-7, 9, 4 << 30], ids=["fewer", "more", "without end"])
def test_a_body_of_another_length_than_announced_is_not_stored(says: int) -> None:
    """What is behind it can no longer be told apart: the connection ends, and the message is asked for again."""
    lies = iter([True] * 2)

    def change(line: bytes) -> list[bytes]:
        if b"BODY[]" not in line or b"UID 3 " not in line or not next(lies, False):
            return [line]
        return [re.sub(rb"\{(\d+)\}", lambda found: b"{%d}" % (int(found[1]) + says), line)]

    with company(lie=fetch(change)) as here:
        for _ in range(3):
            result = here.run()
        assert result.complete
        assert here.on_target() == here.on_source()


def _another_length(says: int) -> Callable[[bytes], list[bytes]]:
    return lambda line: [re.sub(rb"\{(\d+)\}", lambda found: b"{%d}" % (int(found[1]) + says), line, count=1)]


#: What becomes of the answer about a message that a server cannot hand out.
DEADLY: dict[str, Callable[[bytes], list[bytes]]] = {
    "fewer bytes than announced": _another_length(9),
    "more bytes than announced": _another_length(-7),
    "the end of the session": lambda _line: [b"* BYE internal error\r\n"],
}


def _dying_of(poisoned: Sequence[int], dies: Callable[[bytes], list[bytes]]) -> Lie:
    def change(line: bytes) -> list[bytes]:
        is_one = b"BODY[]" in line and any(b"UID %d " % uid in line for uid in poisoned)
        return dies(line) if is_one else [line]

    return fetch(change)


@pytest.mark.parametrize(
    ("dies", "poisoned"),
    [
        *((dies, poisoned) for dies in list(DEADLY)[1:] for poisoned in ([1], [3, 4], [150], [1, *range(80, 85), 160])),
        ("fewer bytes than announced", [150]),  # waits for the rest each time
    ],
    ids=str,
)
def test_a_message_that_ends_every_session_does_not_keep_the_others_back(dies: str, poisoned: list[int]) -> None:
    with company(lie=_dying_of(poisoned, DEADLY[dies])) as here:
        here.model.inbox.messages = []
        for number in range(160):
            here.model.inbox.deliver(mail(number)).uid = number + 1
        for _ in range(2):
            result = here.run()
            assert result.complete
            assert result.tally.outcomes == {Outcome.STORED: 160 - len(poisoned), Outcome.REFUSED: len(poisoned)}
            assert result.tally.reasons == {"unreadable": len(poisoned)}
        here.model.lie = lambda _command, said: said
        assert here.run().complete
        assert here.on_target() == here.on_source()


@pytest.mark.parametrize("says", [b"NO [UNAVAILABLE] not now", b"NO [INUSE] not now", b"BAD what"])
def test_who_answers_that_it_is_not_now_says_nothing_about_a_message(says: bytes) -> None:
    left = [40]

    def lie(command: str, said: list[bytes]) -> list[bytes]:
        if "BODY.PEEK[]" not in command or not left[0]:
            return said
        left[0] -= 1
        return [said[-1].split()[0] + b" " + says + b"\r\n"]

    with company(lie=lie) as here:
        results = [here.run() for _ in range(20)]
        assert not any(result.complete for result in results if result.tally.outcomes[Outcome.PENDING])
        assert results[-1].complete
        assert not results[-1].tally.reasons
        assert here.on_target() == here.on_source()


def test_a_line_that_breaks_a_few_times_at_one_message_makes_it_not_unreadable() -> None:
    """As many tries as it has among others, and as many alone."""
    breaks = iter([True] * 5)

    def change(line: bytes) -> list[bytes]:
        return [b"* BYE\r\n"] if b"BODY[]" in line and b"UID 6 " in line and next(breaks, False) else [line]

    with company(lie=fetch(change)) as here:
        result = here.run()
        assert result.complete
        assert result.tally.outcomes == {Outcome.STORED: MESSAGES}


@pytest.mark.parametrize("breaks", range(1, 20))
def test_a_content_that_cannot_be_compared_doubles_nothing(breaks: int) -> None:
    """A message without a Message-ID moves; its content tells that it is the one that was copied."""
    with company() as here:
        (moved,) = here.model.inbox.messages[2:3]
        moved.data = mail(2, message_id=False)
        assert here.run().complete
        here.model.inbox.expunge(moved.uid)
        work = here.model.folders["Work"] = Store()
        work.deliver(moved.data)
        left = [breaks]

        def change(line: bytes) -> list[bytes]:
            if b"BODY[]" not in line or not left[0]:
                return [line]
            left[0] -= 1
            return [b"* BYE\r\n"]

        here.model.lie = fetch(change)
        for _ in range(8):
            result = here.run()
        assert result.complete
        assert sum(here.on_target().values()) == MESSAGES


@pytest.mark.parametrize("ended", [5, 8, 12, 20])
def test_a_server_that_ends_every_session_for_a_while_makes_no_message_unreadable(ended: int) -> None:
    """As one does behind a balancer that lets everybody connect: nobody gets as far as a message."""
    left = [0]

    def lie(command: str, said: list[bytes]) -> list[bytes]:
        if "BODY.PEEK[]" in command and left[0] == 0:
            left[0] = ended
        if left[0] > 1:
            left[0] -= 1
            raise ConnectionResetError
        return said

    with company(lie=lie) as here:
        results = [here.run() for _ in range(12)]
        assert not any(result.tally.reasons for result in results)
        assert results[-1].complete
        assert here.on_target() == here.on_source()


def test_a_line_that_breaks_at_every_message_is_told_as_what_it_is() -> None:
    with company(lie=_dying_of(range(1, 50), DEADLY["the end of the session"])) as here:
        for number in range(30):
            here.model.inbox.deliver(mail(100 + number))
        result = here.run()
        assert not result.complete
        assert result.errors
        assert result.tally.outcomes[Outcome.PENDING] >= 1
        here.model.lie = lambda _command, said: said
        assert here.run().complete
        assert here.on_target() == here.on_source()


def test_a_folder_that_shrinks_while_it_is_read_is_no_fault() -> None:
    with company() as here:

        def before(command: str) -> None:
            if "BODY.PEEK[]" in command and len(here.model.inbox.messages) == MESSAGES:
                here.model.inbox.expunge(2)
                here.model.inbox.expunge(5)

        def lie(command: str, said: list[bytes]) -> list[bytes]:
            return [b"* 5 EXPUNGE\r\n", b"* 2 EXPUNGE\r\n", b"* 4 EXISTS\r\n", *said] if "BODY" in command else said

        here.model.before, here.model.lie = before, lie
        result = here.run()
        assert result.complete
        assert here.on_target() == here.on_source()
        assert result.tally.outcomes[Outcome.REFUSED] == 2, "they were seen, and are accounted for as gone"


@pytest.mark.parametrize("capabilities", [BASIC, CONDSTORE, QRESYNC])
def test_a_folder_that_shrinks_while_it_is_listed_is_no_fault(capabilities: str) -> None:
    with company(capabilities) as here:
        assert here.run().complete
        here.model.inbox.deliver(mail(100))

        def before(command: str) -> None:
            if "RFC822.SIZE" in command and len(here.model.inbox.messages) > MESSAGES:
                here.model.inbox.expunge(2)

        here.model.before = before
        assert here.run().complete
        assert here.on_target()[wire_bytes(mail(100))] == 1
        second = here.run()
        assert second.complete
        assert second.tally.gone == 1


def test_a_server_that_leaves_messages_out_of_its_listing_is_not_believed() -> None:
    hides = fetch(lambda line: [] if b"UID 4 " in line else [line])
    with company() as here:
        assert here.run().complete
        here.model.inbox.deliver(mail(100))
        here.model.lie = hides
        result = here.run()
        assert not result.complete
        assert "fewer messages" in str(result.errors[0])
        assert result.tally.gone == 0, "what it does not tell is not gone"
        here.model.lie = lambda _command, said: said
        assert here.run().complete
        assert here.on_target() == here.on_source()


@pytest.mark.parametrize("uid", [b"0", b"4294967296", b"99999999999"])
def test_an_answer_about_no_possible_message_ends_the_listing_with_a_reason(uid: bytes) -> None:
    lie = fetch(lambda line: [re.sub(rb"UID 3 ", b"UID " + uid + b" ", line)])
    with company(lie=lie) as here:
        result = here.run()
        assert not result.complete
        assert "makes no sense" in str(result.errors[0])
        assert not here.on_target()


def _gone_at(here: Company) -> dict[str, float | None]:
    with here.sides.ledger.read() as connection:
        return {row.key: row.gone_at for row in connection.execute(select(message.c.key, message.c.gone_at))}


def test_what_went_long_ago_and_is_named_again_keeps_its_time() -> None:
    """As Dovecot does, which no longer knows when a message went: it then names all that are not there."""
    with company(QRESYNC) as here:
        assert here.run().complete
        here.model.inbox.expunge(2)
        assert here.run().complete
        before = _gone_at(here)["2"]
        here.sides.clock.advance(3600)
        here.model.inbox.expunge(5)
        here.model.inbox.gone = [(here.model.inbox.modseq, uid) for uid in (2, 5)]
        assert here.run().complete
        after = _gone_at(here)
        assert before is not None
        assert after["2"] == before
        assert after["5"] == before + 3600
        assert [key for key, when in after.items() if when is not None] == ["2", "5"]


@pytest.mark.parametrize("capabilities", [BASIC, CONDSTORE, QRESYNC])
def test_a_folder_that_was_emptied_and_filled_again_is_known_anew(capabilities: str) -> None:
    with company(capabilities) as here:
        assert here.run().complete
        for uid in range(1, MESSAGES + 1):
            here.model.inbox.expunge(uid)
        emptied = here.run()
        assert emptied.complete
        assert emptied.tally.gone == MESSAGES
        here.model.inbox.deliver(mail(100))
        filled = here.run()
        assert (filled.complete, filled.copied, filled.tally.gone) == (True, 1, MESSAGES)

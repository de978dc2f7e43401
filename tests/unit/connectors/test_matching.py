"""Finding again what was in flight."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Found, Suspect
from connectors.matching import Candidate, match

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def suspect(
    ordinal: int, wire: bytes, batch: str = "b", header: bytes = b"h", second: int = 0, size: int = 10
) -> Suspect:
    return Suspect(ordinal, batch, wire, size, header, NOON + timedelta(seconds=second))


def candidate(key: str, wire: bytes, header: bytes = b"h", second: int = 0, size: int = 10) -> Candidate:
    return Candidate(key, NOON + timedelta(seconds=second), size, wire, header)


def test_the_wire_digest_decides() -> None:
    found = list(match([suspect(0, b"a"), suspect(1, b"b")], [candidate("2", b"b"), candidate("1", b"a")], atomic=True))
    assert found == [Found(0, "present", "1"), Found(1, "present", "2")]


def test_twins_are_paired_one_to_one() -> None:
    twins = [suspect(n, b"a", batch=str(n)) for n in range(3)]
    found = list(match(twins, [candidate("1", b"a"), candidate("2", b"a")], atomic=False))
    assert [item.verdict for item in found] == ["present", "present", "absent"]
    assert {item.key for item in found[:2]} == {"1", "2"}


def test_changed_bytes_are_recognised_by_date_and_header() -> None:
    found = list(
        match(
            [suspect(0, b"a", header=b"x", second=5), suspect(1, b"b", header=b"y", second=6)],
            [candidate("1", b"?", header=b"x", second=5), candidate("2", b"!", header=b"y", second=7)],
            atomic=False,
        )
    )
    assert found == [Found(0, "present", "1"), Found(1, "absent", None)]


def test_dates_agree_to_the_second_in_any_zone() -> None:
    east = candidate("1", b"?")
    elsewhere = NOON.replace(microsecond=700_000).astimezone(timezone(timedelta(hours=9)))
    moved = Candidate("1", elsewhere, east.size, east.wire_digest, east.header_digest)
    assert [item.verdict for item in match([suspect(0, b"a")], [moved], atomic=False)] == ["present"]


def test_size_breaks_a_tie() -> None:
    found = list(
        match([suspect(0, b"a", size=50)], [candidate("1", b"?", size=90), candidate("2", b"?", size=52)], atomic=False)
    )
    assert found == [Found(0, "present", "2")]


def test_an_atomic_batch_is_whole_absent_or_uncertain() -> None:
    suspects = [suspect(n, bytes([n]), batch=str(n // 2), header=bytes([n])) for n in range(6)]
    candidates = [candidate(str(n), bytes([n]), header=bytes([n])) for n in (0, 1, 2)]
    verdicts = [item.verdict for item in match(suspects, candidates, atomic=True)]
    assert verdicts == ["present", "present", "uncertain", "uncertain", "absent", "absent"]


def test_without_atomic_batches_each_message_is_its_own_answer() -> None:
    found = match([suspect(0, b"a"), suspect(1, b"b", header=b"i")], [candidate("1", b"a")], atomic=False)
    assert [item.verdict for item in found] == ["present", "absent"]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2)), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2)), max_size=8),
    st.booleans(),
)
def test_one_answer_a_suspect_and_no_key_twice(
    sent: list[tuple[int, int, int]], there: list[tuple[int, int, int]], atomic: bool
) -> None:
    suspects = [suspect(n, bytes([w]), str(n % 3), bytes([h]), s) for n, (w, h, s) in enumerate(sent)]
    candidates = [candidate(f"k{n}", bytes([w]), bytes([h]), s) for n, (w, h, s) in enumerate(there)]
    found = list(match(suspects, candidates, atomic=atomic))
    assert [item.ordinal for item in found] == list(range(len(sent)))
    keys = Counter(item.key for item in found if item.key is not None)
    assert not keys or max(keys.values()) == 1
    assert set(keys) <= {item.key for item in candidates}
    assert all(item.key is not None for item in found if item.verdict == "present")
    wire_there = Counter(item.wire_digest for item in candidates)
    wire_sent = Counter(item.wire_digest for item in suspects)
    assert len(keys) >= sum((wire_there & wire_sent).values()), "a message with the very bytes was not taken"

"""Samples: the same seed draws the same messages, and a listing that fits is believed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from migrate.verify.sampling import Sample, to_read
from migrate.verify.shown import Shown

INBOX = ("INBOX",)

listings = st.lists(
    st.builds(lambda second, size: Shown(INBOX, "", second, size, frozenset()), st.integers(0, 20), st.integers(0, 30)),
    max_size=20,
).map(lambda some: [replace(one, key=str(key)) for key, one in enumerate(some)])


@given(st.dictionaries(st.tuples(st.text(max_size=3)), st.integers(0, 50), max_size=6), st.integers(1, 80))
def test_a_draw_is_over_the_whole_mailbox_and_complete(counts: dict[tuple[str, ...], int], messages: int) -> None:
    sample = Sample(messages, 7)
    shares = sample.shares("anna", counts)
    assert sum(shares.values()) == min(messages, sum(counts.values()))
    assert all(shares[path] <= count for path, count in counts.items())
    assert shares == Sample(messages, 7).shares("anna", counts)


@given(listings, st.integers(0, 9), st.integers(0, 25))
def test_a_listing_that_fits_is_read_only_where_it_was_drawn(listed: list[Shown], seed: int, share: int) -> None:
    there = [replace(one, key=f"t{one.key}") for one in listed]
    drawn = Sample(5, seed).draw("anna", INBOX, listed, share)
    plan = to_read(listed, there, drawn)
    assert len(drawn) == min(share, len(listed))
    assert {id(one) for one in drawn} <= {id(one) for one in plan.sources}
    looks = {(one.second, one.size) for one in drawn}
    assert all((one.second, one.size) in looks for one in (*plan.sources, *plan.targets))
    assert len(plan.sources) + len(plan.listed) == len(listed)
    assert plan.left == []


@given(listings, listings)
def test_every_message_is_read_believed_or_left(listed: list[Shown], there: list[Shown]) -> None:
    plan = to_read(listed, there, [])
    assert len(plan.sources) + len(plan.listed) == len(listed)
    assert len(plan.targets) + len(plan.listed) + len(plan.left) == len(there)
    assert [one.key for one in plan.sources] == sorted((one.key for one in plan.sources), key=int)
    assert all((pair.source.second, pair.source.size) == (pair.target.second, pair.target.size) for pair in plan.listed)


def test_mail_that_only_the_target_has_is_not_read() -> None:
    mine = Shown(INBOX, "1", 100, 1000, frozenset())
    theirs = Shown(INBOX, "t9", 5000, 77, frozenset())
    plan = to_read([mine], [replace(mine, key="t1"), theirs], [mine])
    assert (plan.targets, plan.left) == ([replace(mine, key="t1")], [theirs])


def test_a_message_whose_size_moved_a_little_is_read_beside_its_likely_copy() -> None:
    mine = Shown(INBOX, "1", 100, 1000, frozenset())
    plan = to_read([mine], [replace(mine, key="t1", size=1002)], [])
    assert (len(plan.sources), len(plan.targets), plan.listed) == (1, 1, [])

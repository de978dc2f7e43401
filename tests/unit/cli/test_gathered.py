"""A reason that many mailboxes share is told once."""

from __future__ import annotations

import pytest

from migrate.cli.gathered import gathered


@pytest.fixture(autouse=True)
def spoken(in_english: None) -> None: ...


def test_reasons_come_in_their_order_and_every_mailbox_is_named() -> None:
    told = [("a@x.example", "down"), ("b@x.example", "full"), ("c@x.example", "down"), ("d@x.example", "down")]
    assert list(gathered(told)) == [
        "3 mailboxes: down",
        "  a@x.example, c@x.example, d@x.example",
        "b@x.example: full",
    ]


def test_a_mailbox_whose_both_sides_fail_alike_counts_once() -> None:
    assert list(gathered([("a@x.example", "down"), ("a@x.example", "down")])) == ["a@x.example: down"]


def test_nothing_to_say_is_nothing() -> None:
    assert list(gathered([])) == []

"""Limits of a system as a plan gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.imap.settings import ImapSettings
from plans import PlanError, load
from plans.joining import system_of
from plans.model import Rates
from plans.system_file import SystemEntry
from tests.unit.plans.conftest import ORGANISATION

Write = Callable[..., Path]


def old_host(write: Write, lines: str) -> object:
    text = ORGANISATION.replace("host: mail.old.example\n", f"host: mail.old.example\n    {lines}\n")
    return load(write({"organisation.yaml": text})).systems["old-host"]


def test_limits_of_a_system_and_of_each_mailbox(write: Write) -> None:
    system = old_host(
        write,
        "read_a_day: 20 GB\n    written_a_day: 5 Go\n    each_mailbox: {bandwidth: 8Mbit/s, messages_per_second: 2.5,"
        " read_a_day: 1 GB, written_a_day: 100 MB}",
    )
    assert (system.read_a_day, system.written_a_day) == (20_000_000_000, 5_000_000_000)  # type: ignore[attr-defined]
    assert system.each_mailbox == Rates(1_000_000, 2.5, 1_000_000_000, 100_000_000)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("each_mailbox: {read_a_dya: 1 GB}", 'Did you mean "read_a_day"?'),
        ("each_mailbox: {messages_per_second: 0}", '"messages_per_second" must be more than 0'),
        ("read_a_day: lots", '"lots" is not a size.'),
        ("each_mailbox: 20", '"each_mailbox" must be a group of keys'),
    ],
)
def test_mistakes_in_limits(write: Write, lines: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        old_host(write, lines)
    assert message in str(caught.value)


def entry(**keys: object) -> SystemEntry:
    return SystemEntry.model_validate({"connector": "imap", **keys})


@pytest.mark.parametrize("host", ["imap.gmail.com", "IMAP.googlemail.com."])
def test_gmails_own_allowance_is_known(host: str) -> None:
    system = system_of("old", "imap", entry(), ImapSettings(host=host), Path())
    assert system.each_mailbox == Rates(read_a_day=2_500_000_000, written_a_day=500_000_000)
    told = entry(each_mailbox={"read_a_day": "1 GB"})
    assert system_of("old", "imap", told, ImapSettings(host=host), Path()).each_mailbox == Rates(
        read_a_day=1_000_000_000, written_a_day=500_000_000
    )


def test_of_another_host_nothing_is_known() -> None:
    assert system_of("old", "imap", entry(), ImapSettings(host="mail.example"), Path()).each_mailbox == Rates()

"""Two names for one server: a mailbox is never copied onto itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import PlanError, load
from tests.unit.plans.conftest import ORGANISATION, SITE

Write = Callable[..., Path]

# With the connectors that ship: their settings know which port is meant.
pytestmark = pytest.mark.usefixtures("connectors_that_ship")


@pytest.fixture
def connectors_that_ship(stand_in_connectors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()


def said(write: Write, old: str, new: str, people: str = "adresse\na@m.example\n") -> str:
    head = ORGANISATION.partition("systems:")[0]
    systems = f"systems:\n  old-host: {{{old}}}\n  new-host: {{{new}}}\n"
    try:
        load(write({"organisation.yaml": head + systems, "sites/lyon.yaml": SITE, "sites/lyon.csv": people}))
    except PlanError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("connector: imap, host: Mail.example", "connector: imap, host: mail.example"),
        ("connector: imap, host: mail.example", "connector: imap, host: mail.example., tls: starttls"),
        ("connector: pop3, host: mail.example", "connector: imap, host: mail.example"),
        ("connector: maildir, path: 'mail/{address}'", "connector: maildir, path: 'mail/{address}'"),
    ],
)
def test_one_server_under_two_names_is_told(write: Write, old: str, new: str) -> None:
    assert said(write, old, new) == (
        'sites/lyon.yaml:3:9: "old-host" and "new-host" are the same server, and a@m.example signs in on both. '
        "A mailbox cannot be copied onto itself."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("connector: imap, host: old.example", "connector: imap, host: new.example"),
        ("connector: imap, host: mail.example, port: 1143", "connector: imap, host: mail.example, port: 2143"),
        ("connector: maildir, path: 'old/{address}'", "connector: maildir, path: 'new/{address}'"),
    ],
)
def test_two_servers_are_two(write: Write, old: str, new: str) -> None:
    assert said(write, old, new) == ""


def test_another_user_of_the_same_server_is_another_mailbox(write: Write) -> None:
    one = "connector: imap, host: mail.example"
    assert said(write, one, one, "adresse;utilisateur source\na@m.example;a-old\n") == ""


def test_a_further_source_that_is_the_target_is_told_with_its_line(write: Write) -> None:
    old, new = "connector: imap, host: old.example", "connector: imap, host: new.example"
    both = f"{new}}}\n  twice: {{{new}"
    assert said(write, old, both, "adresse;sources\na@m.example;twice:A@m.example\n") == (
        'sites/lyon.csv:2: "twice" and "new-host" are the same server, and A@m.example signs in on both. '
        "A mailbox cannot be copied onto itself."
    )

"""Which folder names Cyrus holds: everything that is proposed is made just so, and nothing is changed without need."""

from __future__ import annotations

import imaplib
import string
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, Target, names_of
from connectors.folder_names import FolderPath, NameRules
from connectors.imap.arguments import quoted
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from migrate.copy.naming import Wanted, propose
from migrate.copy.placement import Placement
from tests.conftest import _entered
from tests.servers.cyrus import running_cyrus
from tests.servers.server import ImapServer

_numbers = count(1)
#: All of ASCII but control characters, which no name has; letters and digits at once, every other one for itself.
ASCII = [*string.punctuation, " ", string.ascii_letters + string.digits]
HIDDEN = [
    "#addressbooks", "#calendars", "#drive", "#jmap", "#jmappushsubscription", "#jmapsubmission", "#notifications",
    "#sieve",
]  # fmt: skip


@pytest.fixture(scope="module", params=["debian", "modern"])
def cyrus(request: pytest.FixtureRequest) -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_cyrus(modern=request.param == "modern"))


@pytest.fixture
def user() -> str:
    return f"ann{next(_numbers)}"


@pytest.fixture
def target(cyrus: ImapServer, user: str, tmp_path: Path) -> Iterator[Target]:
    settings = ImapSettings(host=cyrus.host, port=cyrus.port, tls="plain", settle=1)
    connector = ImapConnector(settings, Resources(ByteBudget(), tmp_path))
    with closing(connector.open_target(Account(user, cyrus.password), Event())) as session:
        yield session


def proposed(paths: list[FolderPath], names: NameRules) -> dict[FolderPath, FolderPath]:
    return {
        source: one.path for source, one in propose([Wanted(path, Placement(path)) for path in paths], names).items()
    }


def assert_made_just_so(target: Target, paths: list[FolderPath]) -> None:
    found = proposed(paths, names_of(target))
    made = {source: target.ensure(place, None).path for source, place in found.items()}
    assert made == found
    listed = {folder.path for folder in target.folders()}
    assert set(found.values()) <= listed
    assert len(set(found.values())) == len(paths)


@pytest.mark.parametrize("form", ["{}b", "a{}b", "a{}"])
def test_a_name_with_any_character_is_made_as_it_was_proposed(target: Target, form: str) -> None:
    names = [form.format(char) for char in ASCII]
    assert_made_just_so(target, [(name,) for name in names] + [("below", name) for name in names])


def test_no_character_is_replaced_that_the_server_holds(cyrus: ImapServer, user: str, target: Target) -> None:
    forbidden = names_of(target).forbidden
    prefix, separator = ("INBOX.", ".") if "." in forbidden else ("", "/")
    with imaplib.IMAP4(cyrus.host, cyrus.port) as session:
        session.login(user, cyrus.password)
        for char in forbidden.replace(separator, ""):
            word, _ = session.create(quoted(f"{prefix}a{char}b".encode()).decode())
            assert word == "NO", char
        for name in HIDDEN:
            session.create(f'"{prefix}{name}"')
            assert session.list(pattern=f'"{prefix}{name}"') == ("OK", [None]), name


def test_names_that_mean_something_to_the_server_are_kept_away_from_it(target: Target) -> None:
    inbox = [("INBOX",), ("INBOX", "INBOX"), ("INBOX", "Inbox", "x"), ("INBOX", "x"), ("x",), ("a", "INBOX")]
    others = [("Other Users",), ("Other Users", "x"), ("Shared Folders",), ("user", "x"), ("DELETED",), ("~x",)]
    assert_made_just_so(target, inbox + others + [(name,) for name in HIDDEN] + [(HIDDEN[0], "x")])


def test_names_that_come_to_the_same_are_kept_apart(target: Target) -> None:
    names = ["R%D", "R_D", "R;D", "R%D (2)", "Reports", "reports", "tail", "tail ", "tail.", "Été", "E\u0301te\u0301"]
    assert_made_just_so(target, [(name,) for name in names])
    assert proposed([("R%D",), ("R_D",)], names_of(target)) == {("R%D",): ("R_D (2)",), ("R_D",): ("R_D",)}


def test_a_long_path_has_room_also_beside_a_long_user_name(cyrus: ImapServer, tmp_path: Path) -> None:
    settings = ImapSettings(host=cyrus.host, port=cyrus.port, tls="plain", settle=1)
    connector = ImapConnector(settings, Resources(ByteBudget(), tmp_path))
    long = [("l" * 600,), ("a", "l" * 240, "m" * 240, "n" * 240), ("d",) * 300, ("é" * 90, "è" * 90, "ê" * 90)]
    with closing(connector.open_target(Account("u" * 64, cyrus.password), Event())) as target:
        assert_made_just_so(target, long)


def test_characters_beyond_ascii_are_held(target: Target) -> None:
    assert_made_just_so(target, [(f"x{char}",) for char in "é日🎉\u00a0\u0085\u200b\u2028\ufeff\ufffd\uffff\ue000"])

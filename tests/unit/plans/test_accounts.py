"""Who signs in: the person's own reference, the passwords file, then the master user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import Account
from plans import SecretError, load
from plans.accounts import source_account, target_account
from tests.unit.plans.conftest import ORGANISATION, SITE

Write = Callable[..., Path]
Accounts = Callable[..., tuple[Account, Account]]

PASSWORDS = """\
adresse;mot de passe source;mot de passe cible
JEAN.P@meridional.example;jean's; new one
lea.t@meridional.example;lea's;
"""


@pytest.fixture
def folder(write: Write) -> Path:
    return write()


def passwords(folder: Path, text: str | bytes = PASSWORDS, mode: int = 0o600) -> Path:
    path = folder / "secrets" / "lyon.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def accounts(folder: Path, address: str) -> tuple[Account, Account]:
    organisation = load(folder)
    site = organisation.sites["lyon"]
    person = next(person for person in site.people if person.mailbox == address)
    return source_account(organisation, site, person), target_account(organisation, site, person)


def refused(folder: Path, address: str) -> str:
    with pytest.raises(SecretError) as caught:
        accounts(folder, address)
    assert "jean's" not in str(caught.value)
    return str(caught.value)


def test_the_passwords_file_gives_each_side_its_password_to_the_last_space(folder: Path) -> None:
    passwords(folder)

    source, target = accounts(folder, "jean.p@meridional.example")

    assert source == Account("jeanp", "jean's")
    assert target == Account("Jean.P@meridional.example", " new one")


def test_the_master_user_signs_in_where_the_file_has_no_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords(folder)
    monkeypatch.setenv("NEW_MASTER", "the master's")

    _, target = accounts(folder, "lea.t@meridional.example")

    assert target == Account("lea.t@meridional.example", "the master's", "admin")


def test_a_persons_own_reference_counts_before_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JEAN_NEW", "his own")
    people = "adresse;mot de passe cible\njean.p@meridional.example;env:JEAN_NEW\n"
    folder = write({"sites/lyon.csv": people})
    passwords(folder)

    _, target = accounts(folder, "jean.p@meridional.example")

    assert target == Account("jean.p@meridional.example", "his own")


def test_without_any_password_the_error_says_what_to_fill(write: Write) -> None:
    organisation = ORGANISATION.replace("    master: {user: admin, password: env:NEW_MASTER}\n", "")
    folder = write({"organisation.yaml": organisation})
    passwords(folder)

    assert accounts(folder, "jean.p@meridional.example")
    assert refused(folder, "lea.t@meridional.example") == (
        "There is no target password for lea.t@meridional.example in file:secrets/lyon.csv. "
        'Fill its target_password there, or give the system "new-host" a master user.'
    )


def test_a_site_without_a_passwords_file_says_so(write: Write) -> None:
    folder = write({"sites/lyon.yaml": SITE.replace("passwords: file:secrets/lyon.csv\n", "")})

    assert refused(folder, "lea.t@meridional.example") == (
        'There is no source password for lea.t@meridional.example: the site "lyon" names no passwords file. '
        'Name one with passwords: in the site, or give the system "old-host" a master user.'
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_passwords_file_that_others_can_read_is_refused(folder: Path, mode: int) -> None:
    path = passwords(folder, mode=mode)

    assert refused(folder, "jean.p@meridional.example") == (
        f"file:secrets/lyon.csv can be read by others on this machine. Run: chmod 600 {path}"
    )


def test_a_missing_passwords_file_is_named(folder: Path) -> None:
    assert refused(folder, "jean.p@meridional.example") == (
        f"file:secrets/lyon.csv: there is no file {folder}/secrets/lyon.csv. Make it, readable by you only."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'secrets/lyon.csv: This file is empty. Its first line holds the headings, such as "address".'),
        (
            "jean.p@meridional.example;jean's\n",
            (
                "secrets/lyon.csv:1: The first line must hold the headings. "
                "Known headings: address, source password, target password."
            ),
        ),
        (
            PASSWORDS + "jean.p@meridional.example;x;y\n",
            "secrets/lyon.csv:4: This address is on line 2 already. Keep one of the two lines.",
        ),
        (PASSWORDS + ";x;y\n", "secrets/lyon.csv:4: This line has no address."),
        (
            PASSWORDS + "a@b.example;jean's;jean's;jean's\n",
            (
                "secrets/lyon.csv:4: This line has 4 cells, but there are only 3 headings. "
                'Put double quotes around a text that holds ";".'
            ),
        ),
    ],
)
def test_a_mistake_in_a_passwords_file_is_told_without_showing_it(folder: Path, text: str, message: str) -> None:
    passwords(folder, text)

    assert refused(folder, "jean.p@meridional.example") == message


def test_a_changed_password_counts_from_the_next_account_on(folder: Path) -> None:
    passwords(folder)
    assert accounts(folder, "jean.p@meridional.example")[0].password == "jean's"

    passwords(folder, PASSWORDS.replace("jean's", "Pérès").encode("cp1252"))

    assert accounts(folder, "jean.p@meridional.example")[0].password == "Pérès"


def test_no_password_shows_in_what_could_be_logged(folder: Path) -> None:
    passwords(folder)

    assert "jean's" not in repr(accounts(folder, "jean.p@meridional.example")) + repr(load(folder))


def test_a_system_without_passwords_asks_for_none(folder: Path) -> None:
    loaded = load(folder)
    lyon = loaded.sites["lyon"]
    disk = replace(loaded.systems["old-host"], connector="maildir")
    organisation = replace(loaded, systems={**loaded.systems, "old-host": disk})
    person = next(person for person in lyon.people if person.mailbox == "jean.p@meridional.example")

    assert source_account(organisation, lyon, person) == Account("jeanp", address="jean.p@meridional.example")

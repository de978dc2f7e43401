"""The passwords file that Bascule makes: for everybody, for nobody else's eyes, and never over what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import SecretError, load
from plans.passwords_file import Filled, fill

Write = Callable[..., Path]


def filled(folder: Path, language: str = "fr") -> Filled:
    site = load(folder).sites["lyon"]
    assert site.passwords is not None
    return fill(site.passwords, folder, site, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "fr",
            "\ufeffadresse;mot de passe source;mot de passe cible\r\nJean.P@meridional.example;;\r\nold-host:x;;\r\n",
        ),
        ("en", "address,source password,target password\nJean.P@meridional.example,,\nold-host:x,,\n"),
    ],
)
def test_a_new_one_has_a_line_for_each_account_and_only_its_owner_reads_it(
    write: Write, language: str, text: str
) -> None:
    folder = write({"sites/lyon.csv": "adresse;autres sources\nJean.P@meridional.example;old-host:x\n"})

    made = filled(folder, language)

    assert made.path == folder / "secrets" / "lyon.csv"
    assert made.path.read_bytes().decode() == text
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o700


def test_lines_are_added_below_what_was_typed(write: Write) -> None:
    before = 'mot de passe cible;Adresse\r\n"a;b ";LEA.T@meridional.example'
    folder = write({"secrets/lyon.csv": before})
    path = folder / "secrets" / "lyon.csv"
    path.chmod(0o600)

    made = filled(folder)

    assert made.added == ["Jean.P@meridional.example"]
    assert path.read_bytes().decode() == f"{before}\r\n;Jean.P@meridional.example\r\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert filled(folder).added == []


def test_one_that_others_can_read_is_not_added_to(write: Write) -> None:
    folder = write({"secrets/lyon.csv": "adresse;mot de passe source\n"})
    path = folder / "secrets" / "lyon.csv"
    path.chmod(0o644)

    with pytest.raises(SecretError, match=r"can be read by others on this machine\. Run: chmod 600"):
        filled(folder)
    assert path.read_bytes() == b"adresse;mot de passe source\n"

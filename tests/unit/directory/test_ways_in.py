"""First passwords, hashes that are carried over, names of people, and the record."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path

import pytest

from migrate.directory.first_passwords import FirstPasswords, new_password
from migrate.directory.hashes import Hash, read_hashes
from migrate.directory.names import names_of
from migrate.directory.record import FILE, Record
from plans import PlanError, SecretError, SecretRef
from plans.model import Person

MD5_CRYPT = "$1$abcdefgh$" + "x" * 22
SHA512_CRYPT = "$6$rounds=5000$saltsalt$" + "y" * 86


def test_first_passwords_can_be_read_out_and_are_all_different() -> None:
    made = [new_password() for _number in range(200)]
    assert len(set(made)) == 200
    for password in made:
        assert re.fullmatch(r"([A-Za-z0-9]{4}-){4}[A-Za-z0-9]{4}", password)
        assert not set(password.lower()) & set("aeiou01lsz258bv")
        kinds = (str.isupper, str.islower, str.isdigit)
        assert all(any(kind(sign) for sign in password) for kind in kinds)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_first_password_is_made_once_and_kept_in_a_private_file(tmp_path: Path, language: str) -> None:
    first = FirstPasswords(tmp_path, "lyon", language).of("anna@a.example")
    other = FirstPasswords(tmp_path, "lyon", language).of("ben@a.example")
    file = tmp_path / "secrets" / "first-passwords-lyon.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    again = FirstPasswords(tmp_path, "lyon", language)
    assert (again.of("anna@a.example"), again.of("ben@a.example")) == (first, other)
    assert file.read_bytes() == before
    assert first.password
    assert first.password not in repr(vars(again))


def test_first_passwords_that_others_can_read_are_not_gone_on_with(tmp_path: Path) -> None:
    passwords = FirstPasswords(tmp_path, "lyon", "en")
    passwords.of("anna@a.example")
    (tmp_path / passwords.name).chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        passwords.of("ben@a.example")


@pytest.mark.parametrize(
    ("text", "google"),
    [
        (MD5_CRYPT, ("crypt", MD5_CRYPT)),
        (SHA512_CRYPT, ("crypt", SHA512_CRYPT)),
        (f"{{SHA512-CRYPT}}{SHA512_CRYPT}", ("crypt", SHA512_CRYPT)),
        ("{CRYPT}ab0123456789.", ("crypt", "ab0123456789.")),
        ("{SHA}" + b64encode(hashlib.sha1(b"x").digest()).decode(), ("SHA-1", hashlib.sha1(b"x").hexdigest())),
        ("{MD5}" + b64encode(hashlib.md5(b"x").digest()).decode(), ("MD5", hashlib.md5(b"x").hexdigest())),
        ("{PLAIN-MD5}" + hashlib.md5(b"x").hexdigest(), ("MD5", hashlib.md5(b"x").hexdigest())),
        ("$6$rounds=656000$saltsalt$" + "y" * 86, None),
        ("$2y$10$" + "x" * 53, None),
        ("{SSHA}" + b64encode(b"x" * 28).decode(), None),
        ("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", None),
        ("{SHA}not base64!", None),
    ],
)
def test_google_takes_the_hashes_that_it_says_and_no_others(text: str, google: tuple[str, str] | None) -> None:
    assert Hash(text).for_google() == google
    assert text not in repr(Hash(text))


def test_dovecot_gets_a_hash_with_its_scheme() -> None:
    assert Hash(MD5_CRYPT).for_dovecot() == "{CRYPT}" + MD5_CRYPT
    assert Hash("{SSHA}abc=").for_dovecot() == "{SSHA}abc="


def test_hashes_are_read_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "hashes.csv"
    file.write_text(f"adresse;empreinte\nAnna@A.example;{MD5_CRYPT}\nben@a.example;\n")
    file.chmod(0o600)
    assert read_hashes(SecretRef("file", "hashes.csv"), tmp_path) == {"anna@a.example": Hash(MD5_CRYPT)}
    assert read_hashes(None, tmp_path) == {}
    file.write_text("x;y\n")
    with pytest.raises(PlanError):
        read_hashes(SecretRef("file", "hashes.csv"), tmp_path)


def _person(name: str = "", first: str = "", last: str = "") -> Person:
    return Person("jean-luc.petit@a.example", name, "", "", None, None, first_name=first, last_name=last)


@pytest.mark.parametrize(
    ("person", "names"),
    [
        (_person("Anna Berg"), ("Anna", "Berg")),
        (_person("Le\u0301a Be\u0301rard"), ("L\u00e9a", "B\u00e9rard")),
        (_person("Berg, Anna"), ("Anna", "Berg")),
        (_person("DE LA TOUR Marie"), ("Marie", "DE LA TOUR")),
        (_person("Anna van den Berg"), ("Anna", "van den Berg")),
        (_person("Berg", first="Anna"), ("Anna", "Berg")),
        (_person("Anna Berg", first="Anna"), ("Anna", "Berg")),
        (_person("Anna Berg", last="Berg"), ("Anna", "Berg")),
        (_person("whatever", first="Anna", last="Berg"), ("Anna", "Berg")),
        (_person("Info"), ("Info", "Info")),
        (_person("  "), ("Jean-luc", "Petit")),
        (_person("IBM"), ("IBM", "IBM")),
    ],
)
def test_a_name_is_cut_in_two_as_people_write_it(person: Person, names: tuple[str, str]) -> None:
    assert names_of(person) == names


def test_the_record_says_what_was_done_and_goes_on_after_half_a_line(tmp_path: Path) -> None:
    record = Record(tmp_path, "lyon", "google", "Karim")
    record.add("create-account", "anna@a.example", "create the account", "done")
    with (tmp_path / FILE).open("a") as file:
        file.write('{"half')
    record.add("add-alias", "anna@a.example", "add an alias", "failed", "why")
    lines = (tmp_path / FILE).read_text().splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[2])
    assert (first["by"], first["site"], first["change"], first["outcome"]) == (
        "Karim",
        "lyon",
        "create-account",
        "done",
    )
    assert (lines[1], last["what"]) == ('{"half', "why")

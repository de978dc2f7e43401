"""A Dovecot passwd-file: what is there stays, what is new is whole, and twice is once."""

from __future__ import annotations

from pathlib import Path

import pytest
from passlib.hash import sha512_crypt

from connectors.errors import Fatal
from migrate.directory.changes import CreateAccount
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.diff import difference
from migrate.directory.hashes import Hash
from migrate.directory.model import Wanted, WantedAccount
from migrate.directory.passwd_file import PasswdFileDirectory
from plans.model import PasswdFile

ANNA = CreateAccount("anna@a.example", WantedAccount("anna@a.example", "Anna", "Ber:g"))


def _directory(folder: Path) -> PasswdFileDirectory:
    return PasswdFileDirectory(PasswdFile(folder / "users", "/srv/{user}", 5000, 5001))


def test_a_new_account_is_a_line_that_dovecot_reads(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    assert directory.do(ANNA, Initial(password="planted-Secret")) is True
    user, hashed, *rest = (tmp_path / "users").read_text().rstrip("\n").split(":")
    assert (user, rest) == ("anna@a.example", ["5000", "5001", "Anna Ber g", "/srv/anna@a.example", "", ""])
    assert sha512_crypt.verify("planted-Secret", hashed.removeprefix("{SHA512-CRYPT}"))
    assert (tmp_path / "users").stat().st_mode & 0o777 == 0o640


def test_lines_that_are_there_stay_byte_for_byte_and_twice_is_once(tmp_path: Path) -> None:
    before = b"# ours\n\nbob:{PLAIN}x::::::\nlatin\xe9:{PLAIN}y::::::"
    (tmp_path / "users").write_bytes(before)
    (tmp_path / "users").chmod(0o600)
    directory = _directory(tmp_path)
    assert directory.do(ANNA, Initial(password="x")) is True
    after = (tmp_path / "users").read_bytes()
    assert after.startswith(before + b"\nanna@a.example:")
    assert directory.do(ANNA, Initial(password="other")) is False
    assert (tmp_path / "users").read_bytes() == after
    assert (tmp_path / "users").stat().st_mode & 0o777 == 0o600
    wanted = Wanted({ANNA.subject: ANNA.account})
    assert difference(wanted, directory.look(wanted), directory.manners).changes == []


def test_a_hash_that_is_carried_over_stands_as_it_was(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    directory.do(ANNA, Initial(hash=Hash("$6$salt$hash")))
    assert ":{CRYPT}$6$salt$hash:" in (tmp_path / "users").read_text()
    assert not directory.takes_hash(Hash("{PLAIN}x:y"))
    assert not directory.takes_hash(Hash("{PLAIN}x\nroot:{PLAIN}y"))


@pytest.mark.parametrize("user", ["anna:berg", "#anna", "anna\nroot:{PLAIN}x"])
def test_a_name_that_would_be_another_line_is_not_written(user: str, tmp_path: Path) -> None:
    with pytest.raises(NotTaken, match="by hand"):
        _directory(tmp_path).do(CreateAccount(user, WantedAccount(user, "A", "B")), Initial(password="x"))
    assert not (tmp_path / "users").exists()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    with pytest.raises(Fatal, match="cannot be read or written"):
        _directory(tmp_path).look(Wanted())

"""A real Dovecot lets in by the passwd-file that was written, with first passwords and with hashes carried over."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from passlib.hash import sha256_crypt

from migrate.directory.changes import CreateAccount
from migrate.directory.contract import Initial
from migrate.directory.first_passwords import new_password
from migrate.directory.hashes import Hash
from migrate.directory.model import WantedAccount
from migrate.directory.passwd_file import PasswdFileDirectory
from plans.model import PasswdFile
from tests.conftest import DovecotFactory, _present
from tests.servers.dovecot import find_dovecot
from tests.servers.process import private_folder

#: Asked first, and the last to be asked for who is in it: what lets everybody in comes after.
_PASSDBS = {
    "2.3": "passdb {{\n  driver = passwd-file\n  args = {file}\n  result_failure = return-fail\n}}\n",
    "2.4": "passdb passwd-file {{\n  passwd_file_path = {file}\n  result_failure = return-fail\n}}\n",
}


def test_dovecot_lets_in_by_the_file_that_was_written(dovecot: DovecotFactory) -> None:
    series = _present(find_dovecot)[1]
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with private_folder("accounts", owner=account.pw_uid) as folder:
        file = folder / "users"
        server = dovecot(passdbs=_PASSDBS[series].format(file=file))
        directory = PasswdFileDirectory(PasswdFile(file, f"{folder}/{{user}}", account.pw_uid, account.pw_gid))
        first = new_password()
        _made(directory, "anna@a.example", Initial(password=first), account)
        _made(
            directory, "ben@a.example", Initial(hash=Hash(sha256_crypt.using(rounds=5000).hash("as before"))), account
        )
        _signs_in(server.port, "anna@a.example", first)
        _signs_in(server.port, "ben@a.example", "as before")
        for user, wrong in (("anna@a.example", "as before"), ("carl@a.example", first)):
            with pytest.raises(LoginError):
                _signs_in(server.port, user, wrong)


def _made(directory: PasswdFileDirectory, user: str, initial: Initial, account: pwd.struct_passwd) -> None:
    assert directory.do(CreateAccount(user, WantedAccount(user, "A", "B")), initial)
    file = Path(directory._path)
    if os.getuid() == 0:
        # Root writes a file of root's; the server of the tests has no rights.
        os.chown(file, account.pw_uid, account.pw_gid)


def _signs_in(port: int, user: str, password: str) -> None:
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login(user, password)
        assert client.folder_exists("INBOX")

"""Accounts in a Dovecot passwd-file: https://doc.dovecot.org/2.4.0/core/config/auth/databases/passwd_file.html

A line an account, ``user:{scheme}hash:uid:gid:gecos:home::``.  Lines that are there stay as they are; the file is
replaced as a whole, so that Dovecot never reads half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from filelock import FileLock, Timeout
from passlib.hash import sha512_crypt

from connectors.errors import Fatal, Transient
from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.directory.changes import Change, CreateAccount
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.hashes import Hash
from migrate.directory.model import Account, Found, Manners, Wanted
from plans.csv_writing import replace, write_new
from plans.model import PasswdFile

#: What crypt(3) itself takes: a first password is random, and more rounds would only cost the server.
_ROUNDS = 5000
#: What ends a field, or the line.
_ENDS = frozenset(":\r\n\0")
#: Seconds for which another writer is waited for.
_PATIENCE = 10.0


class PasswdFileDirectory:
    """A :class:`migrate.directory.contract.Directory` in one file."""

    def __init__(self, settings: PasswdFile) -> None:
        self._settings = settings
        self._path = settings.path

    @property
    def manners(self) -> Manners:
        # Aliases and groups are the mail server's beside it; what stands in a line belongs to whoever wrote it.
        return Manners("Dovecot", names=False, aliases=False, groups=False, licences=False, domains=False)

    @property
    def domains(self) -> None:
        return None

    def look(self, wanted: Wanted) -> Found:
        accounts = {}
        for line in self._lines():
            fields = line.split(":")
            if not line.startswith("#") and fields[0]:
                accounts[fields[0].lower()] = Account(fields[0].lower())
        return Found(accounts=accounts)

    def by_hand(self, change: Change) -> Sequence[str]:
        return ()

    def afterwards(self, change: Change) -> Sequence[str]:
        return ()

    def takes_hash(self, one: Hash) -> bool:
        # What would end the field, or the line, is no hash.
        return not set(one.text) & _ENDS

    def do(self, change: Change, initial: Initial | None) -> bool:
        assert isinstance(change, CreateAccount), change
        assert initial is not None
        if set(change.subject) & _ENDS or change.subject.startswith("#"):
            told = _("A line of this file cannot hold the name {user}: make the account by hand.")
            raise NotTaken(told.format(user=change.subject), system=str(self._path))
        hashed = initial.hash.for_dovecot() if initial.hash else _hashed(initial.password or "")
        try:
            with FileLock(f"{self._path}.lock", timeout=_PATIENCE):
                return self._added(change, hashed)
        except Timeout as error:
            told = _("Another program has been writing this file for {n} seconds.").format(n=f"{_PATIENCE:g}")
            raise Transient(told, system=str(self._path)) from error
        except OSError as error:
            raise self._fault(error) from error

    def _added(self, change: CreateAccount, hashed: str) -> bool:
        if not self._path.exists():
            write_new(self._path, b"", mode=0o640)
        data = self._path.read_bytes()
        if any(line.split(":")[0].lower() == change.subject for line in _text(data).splitlines()):
            return False
        account, settings = change.account, self._settings
        home = (settings.home or "").replace("{user}", change.subject)
        numbers = ("" if number is None else str(number) for number in (settings.uid, settings.gid))
        fields = (change.subject, hashed, *numbers, _plain(account.name), home, "", "")
        before = b"" if not data or data.endswith(b"\n") else b"\n"
        replace(self._path, data + before + ":".join(fields).encode() + b"\n")
        return True

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        there = self.look(Wanted()).accounts
        return {user: user in there for user in users}

    def close(self) -> None:
        """Nothing is held open."""

    def _lines(self) -> list[str]:
        try:
            return _text(self._path.read_bytes()).splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> Fatal:
        told = _("The file of accounts cannot be read or written: {why}.").format(why=os_error_text(error))
        return Fatal(told, system=str(self._path))


def _hashed(password: str) -> str:
    hashed: str = sha512_crypt.using(rounds=_ROUNDS).hash(password)
    return f"{{SHA512-CRYPT}}{hashed}"


def _text(data: bytes) -> str:
    # Whatever encoding somebody wrote in: it is read for its colons and line ends, and written back as bytes.
    return data.decode("utf-8", "surrogateescape")


def _plain(name: str) -> str:
    return " ".join(name.replace(":", " ").split())

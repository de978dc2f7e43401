"""First passwords: made once, kept in one private file, never shown.

The file is a CSV with mode 0600 under ``secrets/``; a line is on disk before its account is made, so that a run that
was cut off cannot leave an account that nobody can open.  Lines that are there are never changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from connectors.language import _
from migrate.directory.contract import Initial
from plans.csv_file import Heading, read_table
from plans.csv_writing import new_table, replace, with_rows, write_new
from plans.problems import PlanError
from plans.secrets import SecretRef, read_private

_COLUMNS = {
    "address": Heading("address", "adresse", ("user", "utilisateur")),
    "password": Heading("first password", "premier mot de passe", ("password", "mot de passe")),
}
#: Neither vowels, so that no word comes about, nor signs that look like another: 0 O, 1 I l, 5 S, 2 Z, 8 B, u v.
_SIGNS = "cdfghjkmnpqrtwxy34679"
_GROUPS, _LENGTH = 5, 4


class FirstPasswords:
    """The first passwords of one site's accounts."""

    def __init__(self, folder: Path, site: str, language: str) -> None:
        self.name = f"secrets/first-passwords-{site}.csv"
        self._folder = folder
        self._path = folder / self.name
        self._language = language
        #: By user, those in the file; None before it was read.
        self._there: dict[str, Initial] | None = None

    @property
    def asked(self) -> bool:
        """Whether anybody's was asked for."""
        return self._there is not None

    def prepare(self, users: Iterable[str]) -> None:
        """See to it that each of ``users`` has a line in the file, which is written once for all of them.

        Raises SecretError when others can read the file, PlanError when somebody has spoilt it, OSError when it
        cannot be written.
        """
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            headings = [heading.written(self._language) for heading in _COLUMNS.values()]
            write_new(self._path, new_table(headings, (), self._language), mode=0o600)
        data = read_private(SecretRef("file", self.name), self._folder)
        table = read_table(data, self.name, _COLUMNS, strip=False)
        if table.problems:
            raise PlanError(table.problems)
        # Of two lines for one person the first counts.
        rows = ((row.cells.get("address", "").strip().lower(), row.cells.get("password")) for row in table.rows[::-1])
        there = {user: Initial(password) for user, password in rows if password}
        made = {user: Initial(new_password()) for user in users if user not in there}
        if made:
            lines = [{"address": user, "password": one.password or ""} for user, one in made.items()]
            replace(self._path, with_rows(data, _COLUMNS, lines))
        self._there = there | made

    def of(self, user: str) -> Initial:
        """With the first password of ``user``: the one in the file, or a new one that is in the file when this returns.

        Raises as :meth:`prepare`.
        """
        if self._there is None or user not in self._there:
            self.prepare([user])
        assert self._there is not None
        return self._there[user]

    def where(self) -> str:
        """What people are told of it."""
        return _("First passwords are in {file}, readable by you only.").format(file=self.name)


def new_password() -> str:
    """One that can be read out and typed: five groups of four signs, 87 bits, with a capital letter and a digit.

    It has signs of three of the four kinds that Microsoft asks for, and the length that any system takes.
    """
    while True:
        groups = ["".join(secrets.choice(_SIGNS) for _sign in range(_LENGTH)) for _group in range(_GROUPS)]
        password = "-".join(groups)
        letters = [place for place, sign in enumerate(password) if sign.isalpha()]
        if letters and any(sign.isdigit() for sign in password):
            return password[: letters[0]] + password[letters[0]].upper() + password[letters[0] + 1 :]

"""The passwords file of a site: a CSV that only its owner can read.

Its columns are address, source_password and target_password (or the French headings); a missing row, or an empty
cell, matters only when that person's account is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from connectors.language import _
from plans.addresses import cleaned
from plans.csv_file import Heading, read_table
from plans.problems import Problem
from plans.secrets import SecretError, SecretRef, read_private

COLUMNS = {
    "address": Heading("address", "adresse", ("adresse mail", "adresse e-mail", "e-mail", "email", "mail", "courriel")),
    "source_password": Heading("source password", "mot de passe source", ("password source",)),
    "target_password": Heading("target password", "mot de passe cible", ("password target",)),
}


@dataclass(frozen=True, slots=True)
class _Passwords:
    source: dict[str, str] = field(repr=False)
    target: dict[str, str] = field(repr=False)


def password_of(ref: SecretRef, folder: Path, mailbox: str, side: Literal["source", "target"]) -> str | None:
    """The password of one mailbox, None when the file has none.

    Raises :class:`SecretError` when the file is missing, open to others or cannot be read.
    """
    passwords = _read(read_private(ref, folder), ref.value)
    return (passwords.source if side == "source" else passwords.target).get(mailbox)


@lru_cache(maxsize=4)
def _read(data: bytes, file: str) -> _Passwords:
    # Cached by content: a pass asks for every person in turn, and an edited file counts from the next one on.
    table = read_table(data, file, COLUMNS, strip=False)
    problems = list(table.problems)
    found = _Passwords({}, {})
    lines: dict[str, int] = {}
    for row in table.rows:
        mailbox = cleaned(row.cells.get("address", "")).lower()
        if not mailbox:
            problems.append(Problem(file, row.line, None, _("This line has no address.")))
        elif mailbox in lines:
            message = _("This address is on line {line} already.").format(line=lines[mailbox])
            problems.append(Problem(file, row.line, None, message, _("Keep one of the two lines.")))
        lines.setdefault(mailbox, row.line)
        for side, passwords in (("source_password", found.source), ("target_password", found.target)):
            if side in row.cells:
                passwords[mailbox] = row.cells[side]
    if problems:
        raise SecretError("\n".join(str(problem) for problem in problems))
    return found

"""What a kind of directory must do to be looked at and changed: Google's, Microsoft's, a program, a Dovecot file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.errors import ConnectorError
from migrate.directory.changes import Change
from migrate.directory.domains import Domains
from migrate.directory.hashes import Hash
from migrate.directory.model import Found, Manners, Wanted


@dataclass(frozen=True, slots=True)
class Initial:
    """How somebody signs in at first: with a first password, or as before.  Opens an account: no repr."""

    password: str | None = field(default=None, repr=False)
    hash: Hash | None = field(default=None, repr=False)


class NotTaken(ConnectorError):
    """The target does not take this one change; others may go on."""


class Directory(Protocol):
    """The directory of one target.  Every method raises :class:`connectors.errors.ConnectorError` with its verdict.

    One thread at a time.  Nothing here deletes.
    """

    @property
    def manners(self) -> Manners: ...

    @property
    def domains(self) -> Domains | None:
        """Its domains; None where it has none of its own."""

    def look(self, wanted: Wanted) -> Found:
        """All that the comparison with ``wanted`` needs; writes nothing."""

    def by_hand(self, change: Change) -> Sequence[str]:
        """What a person runs or clicks for this change, a line each; empty where :meth:`do` does it.  Pure."""

    def afterwards(self, change: Change) -> Sequence[str]:
        """What remains for a person after :meth:`do`, a line each.  Pure."""

    def takes_hash(self, one: Hash) -> bool:
        """Whether an account can be made with this hash."""

    def do(self, change: Change, initial: Initial | None) -> bool:
        """Make the change; False where it was so already.  ``initial``: of a new account.

        Raises Transient also for an object that was made a moment ago and is not seen yet.
        """

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        """Of each of these accounts, whether its mailbox takes mail."""

    def close(self) -> None: ...

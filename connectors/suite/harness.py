"""What a connector brings to the contract suite."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.contract import Resources, Source, Target

FolderPath = tuple[str, ...]

#: Folder names as people give them: nested, accented, quoted, with the characters that modified UTF-7 is about.
PATHS: list[FolderPath] = [
    ("Work",),
    ("Work", "2024"),
    ("Été & Co",),
    ("Été & Co", "Réponses reçues"),
    ("\N{PACKAGE} Archiv",),
    ("日本語",),
    ('a "quoted" name',),
]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as the system holds it.  ``flags`` without ``\\Recent``, keywords among them."""

    data: bytes = field(repr=False)
    received: datetime = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    flags: frozenset[str] = frozenset()


class Harness(ABC):
    """One fresh mailbox of a system: sessions of the connector on it, and a view from behind the connector.

    Paths are in the connector's terms: separators, prefixes and encodings are the harness's own business, INBOX is
    ``("INBOX",)``.  ``index`` counts the messages of a folder in the order of :meth:`look`, from 0.
    """

    #: What the sessions were given: the suite looks at the budget and the spool folder.
    resources: Resources
    #: Those of the suite's folder names that the system can hold.
    paths: Sequence[FolderPath] = PATHS
    #: Where the reading tests have their mail; INBOX on a system that has no other folder.
    work: FolderPath = ("Work",)
    #: Whether a session that has listed a folder may still read what was removed from it meanwhile.
    keeps_view: bool = False
    #: Whether a session sees the mailbox as it was when it signed in; then it is opened when it is first used.
    snapshot: bool = False

    @abstractmethod
    def open_source(self) -> Source:
        """A new source session on the mailbox."""

    def open_target(self) -> Target:
        """A new target session on the mailbox.  Systems that can only be read leave it out."""
        raise NotImplementedError("TargetContract opens a target by the harness")

    @abstractmethod
    def open_with_wrong_password(self) -> Source:
        """Try to sign in with a password that is not the mailbox's."""

    @abstractmethod
    def put(self, path: FolderPath, *mails: Mail) -> None:
        """Have mail in a folder, made when it is not there.

        Messages come in wire form, in which the system may change what it likes; one that it refuses is left out.
        """

    @abstractmethod
    def look(self, path: FolderPath) -> list[Mail]:
        """All messages of a folder in their order; none when there is no such folder.  Changes nothing."""

    @abstractmethod
    def set_flags(self, path: FolderPath, index: int, flags: Collection[str]) -> None:
        """The owner sets a message's flags, whatever they were."""

    @abstractmethod
    def delete(self, path: FolderPath, index: int) -> None:
        """The owner removes a message for good."""

    @abstractmethod
    def remove_folder(self, path: FolderPath) -> None:
        """The owner removes a folder."""

    def stall(self) -> AbstractContextManager[None] | None:
        """While it is entered the system answers nobody, so that calls hang.  None: cannot be arranged."""
        return None

    def settle(self) -> None:
        """Wait until whatever was sent is there if it ever will be, and can be found.  Virtual time is moved."""
        return

    def as_stored(self, data: bytes) -> bytes:
        """What the system makes of a message in wire form that it takes."""
        return data

    def told(self, mail: Mail) -> Mail:
        """What a source tells of a message that lies so in the mailbox; a system may know no flags, or no dates."""
        return mail

    def dated(self, data: bytes, received: datetime) -> datetime | None:
        """The date that a message in wire form shows after it was written as one received then.

        Some systems go by the message's own Date; None: by none that is known.
        """
        return received

    def refuses(self) -> bytes | None:
        """A message in wire form that the system refuses for itself.  None: it takes everything."""
        return None

"""What a bag of MAPI properties can be asked, whatever file it lies in ([MS-OXCDATA] 2.11 for types and values)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol
from uuid import UUID


class Properties(Protocol):
    """The properties of a message, a recipient, an attachment or a folder.

    A property that is damaged counts as absent and is told by the file's own list of problems.
    """

    def get(self, identifier: int) -> object | None:
        """The value of a property by its 16-bit identifier, None when it has none.

        int, float, bool, str, bytes, UUID, datetime (UTC), or a tuple of one of them for properties of several values.
        8-bit text is decoded by the item's own code page.  Long values are read whole: see :meth:`open`.
        """

    def named(self, group: UUID, name: int | str) -> object | None:
        """The value of a named property ([MS-OXPROPS] 1.3.2), as :meth:`get`."""

    def size(self, identifier: int) -> int | None:
        """Bytes of a property's stored value; None when it has none.  Reads no long value."""

    def open(self, identifier: int) -> BinaryIO | None:
        """The stored bytes of a property, read in pieces; None when it has none.

        Text as it is stored: UTF-16LE or 8-bit, as :meth:`is_unicode` says.
        """

    def is_unicode(self, identifier: int) -> bool:
        """Whether a text property is stored as UTF-16LE and not as 8-bit text."""

    def identifiers(self) -> Iterator[int]:
        """Identifiers of all properties it has, named ones included, in ascending order."""


class MapiAttachment(Protocol):
    """An attachment of an item."""

    @property
    def properties(self) -> Properties: ...
    def embedded(self) -> MapiItem | None:
        """The item that is attached (PidTagAttachMethod 5); None for any other kind."""

    def storage(self) -> BinaryIO | None:
        """An OLE object (method 6) as the bytes of a compound file; None for any other kind."""


class MapiItem(Protocol):
    """A message or any other item."""

    @property
    def properties(self) -> Properties: ...
    def recipients(self) -> Iterator[Properties]: ...
    def attachments(self) -> Iterator[MapiAttachment]: ...

"""An item as the message that it was: RFC 5322 and MIME, written in pieces ([MS-OXCMAIL] 2.1).

The same item gives the same bytes each time; line ends are CRLF.
"""

from __future__ import annotations

from functools import cached_property
from typing import BinaryIO

from connectors.archives.contract import Damaged, Nature
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.attachments import Attached, by_value, file_name, is_embedded
from connectors.mapi.body import bodies, plain_part
from connectors.mapi.context import Context
from connectors.mapi.made import bcc, date_field, made, own_message_id, seed, subject
from connectors.mapi.nature import message_class, nature_of
from connectors.mapi.parts import Multipart, Part, Text, Written, disposition
from connectors.mapi.personal import personal_item
from connectors.mapi.properties import MapiAttachment, MapiItem
from connectors.mapi.reports import report_text
from connectors.mapi.smime import signed
from connectors.mapi.transport import Transport, transport

#: Messages within messages go this deep.  No person forwards so often; a file that was made to harm may.
DEEPEST = 60
#: And so many of them in one: two that each hold the same two, and so on, would never end.
MOST = 2000
#: Fields of a message that arrived from elsewhere; with none of them, its header is a piece of one and is made up for.
_WHOLE = frozenset((b"from", b"sender"))
_VERSION = b"MIME-Version: 1.0\r\n"
_PERSONAL = {".ics": b"text/calendar; charset=utf-8", ".vcf": b"text/vcard; charset=utf-8"}


def write_message(item: MapiItem, out: BinaryIO, context: Context) -> None:
    """The whole message.  What cannot be read of it costs only itself, and is told to the context.

    Raises OSError, and :class:`~connectors.archives.contract.Damaged` when nothing of the item can be read.
    """
    _Writing(item, context).write(item, out, 0)


def header(item: MapiItem, context: Context) -> bytes:
    """The header of the same message, each field with its line end, without the empty line.

    Tells the context of unknown addresses alone: whoever wants to know of problems writes the message.
    """
    return _Writing(item, context.counting()).plan(item, 0)[0]


class _Writing:
    """One message, with all messages within it."""

    def __init__(self, item: MapiItem, context: Context) -> None:
        self._context = context
        self._item = item
        self._multiparts = 0
        self._inner = 0

    def write(self, item: MapiItem, out: BinaryIO, depth: int) -> None:
        head, root = self.plan(item, depth)
        out.write(head + b"\r\n")
        root.write(out)

    def plan(self, item: MapiItem, depth: int) -> tuple[bytes, Part]:
        """Its header, and the part that is its body."""
        arrived = transport(item.properties, self._context)
        name = message_class(item.properties)
        root = signed(item, name, arrived, self._context, self._seed if depth else None)
        if root is None:
            root = self._tree(item, name, depth)
        return self._fields(item, arrived) + _VERSION + root.head, root

    def _fields(self, item: MapiItem, arrived: Transport) -> bytes:
        names = arrived.names
        if not names & _WHOLE:
            ours = made(item, self._context)
            return arrived.fields + b"".join([field for name, field in ours.items() if name not in names])
        properties, fields = item.properties, arrived.fields
        if b"date" not in names:
            fields += date_field(properties)
        if b"message-id" not in names and (own := own_message_id(properties)) is not None:
            fields += f"Message-ID: {own}\r\n".encode("ascii")
        if b"bcc" not in names and properties.get(tags.DISPLAY_BCC):
            fields += bcc(item, self._context)
        return fields

    def _tree(self, item: MapiItem, name: str, depth: int) -> Part:
        said = bodies(item.properties, self._context)
        if said.plain is None and said.html is None and (told := report_text(item, self._context)):
            said.plain = plain_part(told)
        others: list[Part] = []
        shown: list[Part] = []
        for one in self._attachments(item):
            try:
                found = self._embedded(one, depth) if is_embedded(one.properties) else by_value(one, self._context)
            except Damaged as error:
                self._context.problem(error.code, str(error))
                continue
            if isinstance(found, Attached):
                inline = said.html is not None and found.is_shown_in(said.html_text)
                (shown if inline else others).append(found.part(inline=inline))
            elif found is not None:
                others.append(found)
        if said.rtf is not None:
            others.append(said.rtf)
        # Numbered from the outside in: the header's own delimiter is the same when nothing else is written.
        mixed = self._boundary() if others else b""
        body = self._alternatives(said.plain, said.html, shown, self._meeting(item, name))
        if not others:
            return body or Text(b"text/plain; charset=us-ascii", b"")
        return Multipart(b"mixed", mixed, [body, *others] if body is not None else others)

    def _alternatives(
        self, plain: Part | None, html: Part | None, shown: list[Part], meeting: Part | None
    ) -> Part | None:
        """The same, said in several ways, the richest last (RFC 2046 5.1.4)."""
        several = sum(one is not None for one in (plain, html, meeting)) > 1
        outer = self._boundary() if several else b""
        if html is not None and shown:
            html = Multipart(b'related; type="text/html"', self._boundary(), [html, *shown])
        ways = [one for one in (plain, html, meeting) if one is not None]
        if several:
            return Multipart(b"alternative", outer, ways)
        return ways[0] if ways else None

    def _meeting(self, item: MapiItem, name: str) -> Part | None:
        """What mail about a meeting asks for, as every calendar understands it ([MS-OXCMAIL] 2.1.3.4.7)."""
        if not name.startswith("ipm.schedule.meeting."):
            return None
        # Only with the first meeting: the library takes more memory than everything else here.
        from connectors.mapi.calendar import meeting_file

        found = meeting_file(item, name, self._context)
        if found is None:
            return None
        return Text(b"text/calendar; charset=utf-8; method=" + found[0].encode("ascii"), found[1])

    def _attachments(self, item: MapiItem) -> list[MapiAttachment]:
        found: list[MapiAttachment] = []
        try:
            found.extend(item.attachments())
        except Damaged as error:
            self._context.problem(error.code, str(error))
        return found

    def _embedded(self, attachment: MapiAttachment, depth: int) -> Part | Attached | None:
        """An item within the item: a message as it is, anything else as its file."""
        if depth >= DEEPEST:
            self._context.problem(
                "nested-too-deep",
                _("Messages lie within messages deeper than any person nests them; the innermost are left out."),
            )
            return None
        self._inner += 1
        if self._inner > MOST:
            self._context.problem(
                "too-many-messages",
                _("A message holds more messages than any person puts into one; the rest is left out."),
            )
            return None
        item = attachment.embedded()
        if item is None:
            return by_value(attachment, self._context)
        name = file_name(attachment.properties) or subject(item.properties)
        nature = nature_of(item.properties)
        if nature is not Nature.MAIL:
            try:
                personal = personal_item(item, nature, self._context)
            except Damaged as error:
                self._context.problem(error.code, str(error))
            else:
                return Text(_PERSONAL[personal.suffix], personal.data, _ending(name or nature, personal.suffix))

        def write(out: BinaryIO) -> None:
            try:
                self.write(item, out, depth + 1)
            except Damaged as error:
                self._context.problem(error.code, str(error))

        head = disposition(b"message/rfc822", _ending(name or "message", ".eml"))
        return Written(head + b"Content-Transfer-Encoding: 8bit\r\n", write)

    @cached_property
    def _seed(self) -> bytes:
        return seed(self._item.properties).encode("ascii")

    def _boundary(self) -> bytes:
        self._multiparts += 1
        return b"=_%d_%s" % (self._multiparts, self._seed)


def _ending(name: str, suffix: str) -> str:
    return name if name.lower().endswith(suffix) else name + suffix

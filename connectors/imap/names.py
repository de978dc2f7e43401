"""Folder names: modified UTF-7, prefixes and separators, roles of folders (RFC 9051 5.1, RFC 2342, RFC 6154)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from imapclient import imap_utf7

from connectors.contract import Role
from connectors.folder_names import harmless
from connectors.imap.response import MalformedResponse, Part, parse_values

_INBOX = "INBOX"
_ROLES = {
    "\\sent": Role.SENT,
    "\\drafts": Role.DRAFTS,
    "\\trash": Role.TRASH,
    "\\junk": Role.JUNK,
    "\\archive": Role.ARCHIVE,
    "\\all": Role.ALL,
}
#: What a new folder of a role is marked with (CREATE-SPECIAL-USE, RFC 6154).
USES = {role: "\\" + word[1:].capitalize() for word, role in _ROLES.items()}
_UNSELECTABLE = frozenset({"\\noselect", "\\nonexistent"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Characters that some servers hold in no folder name: surrogates in UTF-16, as emoji are; layouts on disk and
#: wildcards of LIST too.
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_OFTEN_REFUSED = re.compile('[./\\\\~%*:|"<>?&#!;^`{}\U00010000-\U0010ffff]')


@dataclass(frozen=True)
class Namespace:
    """Where the user's own folders are: what stands before their names, and between the parts of a name."""

    prefix: str = ""
    separator: str | None = "/"
    #: Prefixes of other people's and shared folders, which are not part of this mailbox.  An empty one among them
    #: says that all folders are foreign whose names begin with no other prefix.
    foreign: tuple[str, ...] = ()
    #: Further prefixes of the user's own folders, which stay in their paths: an archive beside the mailbox, say.
    further: tuple[str, ...] = ()

    @property
    def personal(self) -> tuple[str, ...]:
        """All prefixes of the user's own folders."""
        return (self.prefix, *self.further)

    def is_foreign(self, listed: Listed) -> bool:
        """Whether a folder is somebody else's, or the folder in which theirs lie."""
        name = listed.raw + (listed.separator or "").encode("latin-1")
        if any(name[:length] in prefixes for length, prefixes in self._foreign.items()):
            return True
        return self._rest_is_foreign and listed.raw != b"INBOX" and not name.startswith(self._own)

    @cached_property
    def _rest_is_foreign(self) -> bool:
        return "" in self.foreign

    @cached_property
    def _own(self) -> tuple[bytes, ...]:
        return tuple(encode(prefix) for prefix in self.personal if prefix)

    @cached_property
    def _foreign(self) -> dict[int, set[bytes]]:
        """The prefixes as servers spell them, by length: there may be one for each colleague."""
        found: dict[int, set[bytes]] = {}
        for prefix in self.foreign:
            if len(prefix) > len(self.prefix) or not self.prefix.startswith(prefix):
                raw = encode(prefix)
                found.setdefault(len(raw), set()).add(raw)
        return found


@dataclass(frozen=True, slots=True)
class Listed:
    """One LIST response: the raw name as the server spells it."""

    raw: bytes
    separator: str | None
    role: Role | None
    selectable: bool
    #: Mail programs that go by subscriptions show it; None where nothing was said of any.
    subscribed: bool | None = None


def parse_namespace(responses: Iterable[Sequence[Part]]) -> Namespace | None:
    """The namespaces, of which the first personal one is taken off names; None when there is none of any kind.

    Where none is personal, what lies in no other is the user's own.
    """
    for parts in responses:
        values = _values(parts)
        if len(values) < 5 or not isinstance(values[1], bytes) or values[1].upper() != b"NAMESPACE":
            continue
        personal, *others = map(_pairs, values[2:5])
        own = {prefix for prefix, _ in personal}
        foreign = [pair for group in others for pair in group if pair[0] not in own]
        if foreign and not personal:  # so Cyrus tells somebody without an inbox
            personal = [("", foreign[0][1])]
        if personal:
            further = tuple(prefix for prefix, _ in personal[1:])
            return Namespace(*personal[0], tuple(prefix for prefix, _ in foreign), further)
    return None


def _pairs(group: object) -> list[tuple[str, str | None]]:
    """Prefixes and separators.  What is no such pair is left out: it must not pass for an empty prefix."""
    found: list[tuple[str, str | None]] = []
    for item in group if isinstance(group, list) else []:
        if isinstance(item, list) and len(item) >= 2 and isinstance(item[0], bytes):
            separator = item[1].decode("latin-1") if isinstance(item[1], bytes) and item[1] else None
            found.append((decode(item[0]), separator))
    return found


def parse_list(parts: Sequence[Part], word: bytes = b"LIST") -> Listed | None:
    """A LIST response, or one of LSUB; None for every other one."""
    values = _values(parts)
    if len(values) < 5 or not isinstance(values[1], bytes) or values[1].upper() != word:
        return None
    attributes, separator, name = values[2:5]
    if not isinstance(attributes, list) or not isinstance(name, bytes | None):
        return None
    words = {word.decode("ascii", "replace").casefold() for word in attributes if isinstance(word, bytes)}
    role = next((role for word, role in _ROLES.items() if word in words), None)
    raw = b"NIL" if name is None else name  # a folder may be called so
    if raw.upper() == b"INBOX":
        raw, role = b"INBOX", Role.INBOX
    apart = separator.decode("latin-1") if isinstance(separator, bytes) else None
    return Listed(raw, apart, role, not words & _UNSELECTABLE, "\\subscribed" in words)


def _values(parts: Sequence[Part]) -> list[object]:
    try:
        return list(parse_values(parts))
    except MalformedResponse:
        return []


def decode(raw: bytes) -> str:
    """A raw name or part of one for people.  What is no modified UTF-7 stays as it is written."""
    try:
        name = str(imap_utf7.decode(raw))
        name.encode("utf-8")
    except (UnicodeError, ValueError):
        return _as_written(raw)
    return harmless(name)


def encode(name: str) -> bytes:
    """Modified UTF-7 of a name."""
    return bytes(imap_utf7.encode(name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


def _as_written(raw: bytes) -> str:
    try:
        return harmless(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return harmless(raw.decode("ascii", "backslashreplace"))


def path_of(raw: bytes, separator: str | None, namespace: Namespace) -> tuple[str, ...]:
    """The path of a raw name, without the namespace's prefix; INBOX in upper case."""
    parts = raw.split(separator.encode("latin-1")) if separator else [raw]
    prefix = encode(namespace.prefix)
    if prefix and raw.startswith(prefix) and len(raw) > len(prefix):
        inner = raw[len(prefix) :]
        inner_parts = inner.split(separator.encode("latin-1")) if separator else [inner]
        if inner_parts[0].upper() != b"INBOX":  # INBOX.INBOX must not pass for INBOX
            parts = inner_parts
    path = [decode(part) for part in parts]
    if path[0].upper() == _INBOX:
        path[0] = _INBOX
    return tuple(path)


def by_path(folders: Iterable[Listed], namespace: Namespace) -> dict[tuple[str, ...], Listed]:
    """The folders of a mailbox by path.

    Two raw names never share a path: it goes to the one that is spelt as we would, the other keeps its own spelling.
    """
    found: dict[tuple[str, ...], Listed] = {}
    doubles: list[Listed] = []
    for folder in folders:
        path = path_of(folder.raw, folder.separator, namespace)
        holder = found.setdefault(path, folder)
        if holder.raw != folder.raw:
            as_we_would = folder.raw == raw_of(path, namespace)
            doubles.append(holder if as_we_would else folder)
            found[path] = folder if as_we_would else holder
    numbers: dict[str, Iterator[int]] = {}
    for folder in doubles:
        written = name = _as_written(folder.raw)
        while (name,) in found:
            number = next(numbers.setdefault(written, count(1)))  # there may be many that are written alike
            name = f"{written}_{number}" if number > 1 else f"{written}_"
        found[name,] = folder
    return found


def raw_of(path: tuple[str, ...], namespace: Namespace) -> bytes:
    """The raw name for a path: the separator inside a part, and control characters, become ``_``."""
    if len(path) == 1 and path[0].upper() == _INBOX:
        return b"INBOX"
    if path[0].upper() == _INBOX:
        path = (_INBOX, *path[1:])  # as path_of spells it
    separator = namespace.separator or ""
    parts = [_holdable(part, separator) for part in path]
    if not separator:
        parts = ["_".join(parts)]
    prefix = namespace.prefix
    if path[0].upper() == _INBOX and prefix.upper() == _INBOX + separator.upper():
        parts = parts[1:]  # the prefix says INBOX already: no INBOX.INBOX
    return encode(prefix + separator.join(parts))


def cautious(path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Other paths for a server that does not hold this one, the nearest first; the last is one that every server holds.

    Where an emoji alone is to blame, the folder stays beside its siblings, whose parent may have a ``&`` in its name.
    """
    others = [tuple(refused.sub("_", part) for part in path) for refused in (_BEYOND, _OFTEN_REFUSED)]
    return [other for at, other in enumerate(others) if other not in (path, *others[:at])]


def _holdable(part: str, separator: str) -> str:
    part = _CONTROL.sub("_", part)
    if separator:
        part = part.replace(separator, "_")
    return part or "_"

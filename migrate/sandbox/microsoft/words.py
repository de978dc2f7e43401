"""What Exchange's IMAP takes and what it says of folders: pure functions of commands and lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from imapclient.imap_utf7 import decode as decode_utf7

from migrate.sandbox.microsoft.manners import FLAGS, FOLDERS, RESERVED

#: Commands of a session that is signed in; with UID, those of the second set.
COMMANDS = frozenset(
    {
        "CAPABILITY", "NOOP", "LOGOUT", "ID", "NAMESPACE", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME",
        "SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB", "STATUS", "APPEND", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE",
        "SEARCH", "FETCH", "STORE", "COPY", "MOVE", "IDLE",
    }
)  # fmt: skip
UID_COMMANDS = frozenset({"FETCH", "STORE", "COPY", "MOVE", "SEARCH", "EXPUNGE"})
#: Those that need an open folder.
OF_A_FOLDER = frozenset({"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY", "MOVE"})

_STATUS_ITEMS = frozenset({b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"})
_FETCH_ITEMS = frozenset(
    {
        b"ALL", b"FAST", b"FULL", b"ENVELOPE", b"FLAGS", b"INTERNALDATE", b"UID", b"BODY", b"BODY.PEEK",
        b"BODYSTRUCTURE", b"RFC822", b"RFC822.HEADER", b"RFC822.SIZE", b"RFC822.TEXT",
    }
)  # fmt: skip
_SEARCH_EXTENSIONS = frozenset(
    {b"RETURN", b"MODSEQ", b"EMAILID", b"THREADID", b"YOUNGER", b"OLDER", b"SAVEDSINCE", b"FUZZY", b"X-GM-RAW"}
)
_DEFAULTS = frozenset({"inbox", *(name.lower() for name in FOLDERS)})
_KNOWN_FLAGS = {flag.lower(): flag for flag in FLAGS}


def takes(name: str, arguments: Sequence[bytes], raw: bytes) -> bool:
    """Whether Exchange reads these arguments: nothing of an extension that it does not announce."""
    upper = [argument.upper() for argument in arguments]
    if name in ("SELECT", "EXAMINE"):
        return len(arguments) == 1
    if name in ("LIST", "LSUB"):
        return len(arguments) == 2
    if name == "STATUS":
        return len(upper) > 3 and upper[1] == b"(" and upper[-1] == b")" and set(upper[2:-1]) <= _STATUS_ITEMS
    if name == "SEARCH":
        return not set(upper) & _SEARCH_EXTENSIONS
    if name == "FETCH":
        items = re.sub(rb"\[[^\]]*\](?:<\d+(?:\.\d+)?>)?", b"", raw.upper().partition(b"FETCH ")[2])
        words = items.replace(b"(", b" ").replace(b")", b" ").split()[1:]
        return bool(words) and set(words) <= _FETCH_ITEMS
    if name == "STORE":
        return len(upper) > 2 and upper[1] in (
            b"FLAGS", b"+FLAGS", b"-FLAGS", b"FLAGS.SILENT", b"+FLAGS.SILENT", b"-FLAGS.SILENT",
        )  # fmt: skip
    return True


def sort_flags(flags: Iterable[bytes]) -> tuple[list[str], list[str]]:
    """Flags that Exchange knows, in its own writing, and those that it does not."""
    known, unknown = [], []
    for flag in flags:
        text = flag.decode("latin-1")
        if text in "()":
            continue
        if text.lower() in _KNOWN_FLAGS:
            known.append(_KNOWN_FLAGS[text.lower()])
        else:
            unknown.append(text)
    return known, unknown


def folder_key(name: bytes) -> str:
    """Equal for names that are one folder: no regard to case, to Unicode's two forms, to dots and spaces at an end."""
    text = unicodedata.normalize("NFC", decode_utf7(name)).casefold()
    return "/".join(part.rstrip(" .") for part in text.split("/"))


def fault_of_name(name: bytes, existing: Iterable[bytes], *, depth: int, subfolders: int) -> str | None:
    """Why a folder of this name cannot be made; None when it can."""
    parts = decode_utf7(name).rstrip("/").split("/")
    keys = {folder_key(one) for one in existing}
    key = folder_key(name.rstrip(b"/"))
    if key in keys or key == "inbox":
        return "NO CREATE failed: a folder with this name exists already."
    if key in RESERVED:
        return "NO CREATE failed: the name is reserved."
    if any(not part or "\\" in part or len(part.encode("utf-16-le")) // 2 > 255 for part in parts):
        return "NO CREATE failed: invalid folder name."
    if len(parts) > depth:
        return "NO CREATE failed: ErrorFolderDepthExceeded."
    parent = key.rpartition("/")[0]
    if sum(1 for one in keys if one.rpartition("/")[0] == parent) >= subfolders:
        return "NO CREATE failed: ErrorQuotaExceeded."
    return None


def is_default(name: bytes) -> bool:
    """Whether it is one of the folders that every mailbox has; they cannot be removed or renamed."""
    return folder_key(name) in _DEFAULTS


def missing_parents(name: bytes, existing: Iterable[bytes]) -> list[bytes]:
    """The folders above that have to be made first, outermost first: Exchange has no folder without those."""
    keys = {folder_key(one) for one in existing}
    parts = name.rstrip(b"/").split(b"/")
    above = [b"/".join(parts[:count]) for count in range(1, len(parts))]
    return [one for one in above if folder_key(one) not in keys]


def attributes_of(name: bytes, names: Iterable[bytes], kept: Iterable[bytes]) -> bytes:
    """What Exchange says of a folder in a listing."""
    key = folder_key(name)
    has_children = any(folder_key(one).startswith(key + "/") for one in names)
    attributes = [b"\\HasChildren" if has_children else b"\\HasNoChildren"]
    attributes += [one for one in kept if one.lower() in (b"\\noselect", b"\\nonexistent")]
    role = next((role for folder, role in FOLDERS.items() if folder.lower() == key), "")
    if role:
        attributes.append(role.encode())
    return b" ".join(attributes)


def longest_line(message: bytes) -> int:
    """Bytes of a message's longest line, without its end."""
    if len(message) < 1000:
        return max(map(len, message.split(b"\r\n")))
    longest = start = 0
    while start <= len(message):
        end = message.find(b"\r\n", start)
        if end < 0:
            end = len(message)
        longest = max(longest, end - start)
        start = end + 2
    return longest

"""Files that are no archives here, and are known all the same: what they are, and what to do with them."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.language import _, mark

_PACKED = mark("it is packed by a program other than zip: unpack it, and name the folder that comes of it")
_LOCKED = mark("it is encrypted: decrypt it first, with the program and the key that it was made with")
_DATABASE = mark("it is a database of a mail program: export its mail from that program, and name the export")


@dataclass(frozen=True, slots=True)
class _Foreign:
    begins: bytes
    what: str
    at: int = 0


_FOREIGN = (
    _Foreign(b"7z\xbc\xaf\x27\x1c", _PACKED),
    _Foreign(b"Rar!\x1a\x07", _PACKED),
    _Foreign(b"\x1f\x8b", _PACKED),
    _Foreign(b"BZh", _PACKED),
    _Foreign(b"\xfd7zXZ\0", _PACKED),
    _Foreign(b"\x28\xb5\x2f\xfd", _PACKED),
    _Foreign(b"MSCF\0\0\0\0", _PACKED),
    _Foreign(b"ustar", _PACKED, 257),
    _Foreign(b"PK\5\6", mark("it is a zip without any file in it")),
    _Foreign(b"-----BEGIN PGP MESSAGE", _LOCKED),
    _Foreign(b"age-encryption.org/", _LOCKED),
    _Foreign(b"Salted__", _LOCKED),
    _Foreign(b"LUKS\xba\xbe", _LOCKED),
    _Foreign(b"encrcdsa", _LOCKED),
    _Foreign(b"-FVE-FS-", _LOCKED, 3),
    _Foreign(b"SQLite format 3\0", _DATABASE),
    _Foreign(b"\xef\xcd\xab\x89", _DATABASE, 4),
    _Foreign(b"\x1a\0\0\4\0\0", _DATABASE),
    _Foreign(b"JMF", mark("it is a folder of Outlook Express 4: open it with version 5 or 6 once, which converts it")),
    _Foreign(b"!BDN", mark("it is a file of Outlook that holds no mail, or is damaged at its beginning")),
    _Foreign(b"\xd0\xcf\x11\xe0", mark("it is a document of Microsoft Office, and no message of Outlook")),
    _Foreign(b"%PDF-", mark("it is a document (PDF)")),
)


def foreign(head: bytes) -> str | None:
    """What a file that begins so is, None when nobody knows."""
    found = next((one for one in _FOREIGN if head[one.at :].startswith(one.begins)), None)
    return _(found.what) if found else None

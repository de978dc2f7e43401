"""Which kind of archive lies at a path, by what is in it and never by its name; and the one way to open any of them.

Readers are imported when they are needed: none of them costs anything to who has no such archive.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from connectors.archives.contract import Archive, NotAnArchive, Reading
from connectors.archives.foreign import foreign
from connectors.language import _
from connectors.os_errors import os_error_text
from connectors.quiet import names_in, open_regular

#: What a file begins with is looked at so far, in bytes.
HEAD = 1 << 14
#: Windows: another program has the file open and lets nobody else read it.
_HELD = frozenset({32, 33})
#: Flags at the end of the name of a message in a Maildir; Windows has no colons in names.
_MARKED = re.compile(r"[:;!]2,[A-Za-z]*$")


@dataclass(frozen=True)
class Kind:
    """A line of the table; functions are named as ``module:function``."""

    name: str
    #: ``head``: it is asked with the first bytes of a file; ``file``, ``folder``: with the path of one.
    asks: Literal["head", "file", "folder"]
    is_it: str
    #: ``(path, reading) -> Archive``.
    open_it: str
    #: Mail is rebuilt from what the archive keeps of it (see ``Archive.rebuilt``).
    rebuilt: bool = False
    #: Such a file holds one item and no more.
    single: bool = False
    #: Opens a directory in which, and below which, there are only files of this kind.
    tree: str = ""
    #: The end of their names without which the opener of a tree does not take them.
    ends: str = ""
    #: Several files are one mailbox: they are read together, and what stands in several of them once.
    joined: bool = False
    #: Such a file says how others of the kind beside it belong together; this opens the directory with all of them.
    gathers: str = ""
    #: Asked with the path of a file of no kind: whether its beginning alone is wrecked.
    traces: str = ""

    @cached_property
    def check(self) -> Callable[[Any], bool]:
        return cast("Callable[[Any], bool]", _named(self.is_it))

    @cached_property
    def opener(self) -> Callable[[Path, Reading], Archive]:
        return cast("Callable[[Path, Reading], Archive]", _named(self.open_it))


MAILDIR, MIXED, ZIP = "maildir", "mixed", "zip"

#: In the order of asking: what is certain first, a text that looks like a message last.
KINDS: tuple[Kind, ...] = (
    Kind(
        "pst", "head", "connectors.pst.header:is_pst", "connectors.pst.archive:open_pst", rebuilt=True,
        traces="connectors.pst.salvage:has_traces",
    ),
    Kind(
        "dbx", "head", "connectors.dbx:is_list_of_folders", "connectors.dbx:open_dbx",
        gathers="connectors.dbx:open_store",
    ),
    Kind("dbx", "head", "connectors.dbx:is_dbx", "connectors.dbx:open_dbx", traces="connectors.dbx:has_traces"),
    Kind("msg", "file", "connectors.msg.archive:is_msg", "connectors.msg.archive:open_msg", rebuilt=True, single=True),
    Kind("olm", "file", "connectors.olm:is_olm", "connectors.olm:open_olm", rebuilt=True),
    Kind(ZIP, "head", "connectors.zips:is_zip", "connectors.mixed:open_mixed"),
    Kind(
        "takeout", "head", "connectors.archives.texts:begins_takeout", "connectors.mbox.takeout:open_takeout",
        tree="connectors.mbox.takeout:open_takeout", ends=".mbox", joined=True,
    ),
    Kind("mbox", "head", "connectors.mbox.archive:begins_mbox", "connectors.mbox.archive:open_mbox"),
    Kind(
        "emlx", "head", "connectors.eml.emlx:begins_emlx", "connectors.eml.apple:open_emlx", single=True,
        tree="connectors.eml.apple:open_emlx", ends=".emlx",
    ),
    Kind(
        "eml", "head", "connectors.archives.texts:begins_message", "connectors.eml.archive:open_eml_folder",
        single=True, tree="connectors.eml.archive:open_eml_folder", ends=".eml",
    ),
    Kind(MAILDIR, "folder", "connectors.archives.kinds:is_maildir", "connectors.maildir.archive:open_maildir"),
    Kind("dbx", "folder", "connectors.mixed.trees:is_store_of_outlook_express", "connectors.dbx:open_dbx"),
    Kind(
        "thunderbird", "folder", "connectors.mbox.thunderbird:is_thunderbird",
        "connectors.mbox.thunderbird:open_thunderbird",
    ),
    Kind(
        "emlx", "folder", "connectors.archives.kinds:is_bundle", "connectors.eml.apple:open_emlx",
        tree="connectors.eml.apple:open_emlx",
    ),
)  # fmt: skip
_MESSAGE = next(kind for kind in KINDS if kind.name == "eml")
_MIXED = Kind(MIXED, "folder", "connectors.mixed:is_mixed", "connectors.mixed:open_mixed")
#: Apple Mail's folders are directories of this name.
_BUNDLE = ".mbox"


def recognise(path: Path) -> Kind:
    """The kind of archive at ``path``; ``mixed`` for any directory that is of no kind itself, whatever is in it.

    Raises NotAnArchive when there is nothing, nothing that can be read, or nothing that is known.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return kind_of_folder(path) or kind_of_tree(path) or _MIXED
        if not stat.S_ISREG(mode):
            raise NotAnArchive(path, _("{path} is a pipe or a device, and no file.").format(path=path))
        with open_regular(path) as reader:
            head = reader.read(HEAD)
        if not head:
            raise NotAnArchive(
                path, _("{path} is empty: it holds no mail, or was not copied to its end.").format(path=path)
            )
        kind = kind_of_file(head, lambda: path, path.name)
    except OSError as error:
        raise NotAnArchive(path, _why_unreadable(path, error)) from error
    if kind is None:
        raise NotAnArchive(path, unknown(path, head))
    return kind


def open_archive(path: Path, reading: Reading) -> Archive:
    """The archive at ``path``, whatever its kind.  Raises NotAnArchive, OSError."""
    try:
        kind = recognise(path)
    except NotAnArchive:
        traced = kind_by_traces(path) if path.is_file() else None
        if traced is None:
            raise
        if not reading.salvage:
            what = _("{path} is damaged at its beginning. A search of the whole file may still find messages.")
            raise NotAnArchive(path, what.format(path=path), salvageable=True) from None
        kind = traced
    return kind.opener(path, reading)


def kind_of_file(head: bytes, path: Callable[[], Path], name: str) -> Kind | None:
    """The kind of a file that begins so, None when it is of none.

    ``path`` is called only when a look at the beginning is not enough, ``name`` is looked at only where nothing in it
    says what it is: mail may begin with anything.  Raises OSError.
    """
    for kind in KINDS:
        if kind.asks == "head" and kind.check(head):
            return kind
        if kind.asks == "file" and _may_be(kind, head) and kind.check(path()):
            return kind
    if head and name.lower().endswith(_MESSAGE.ends) and foreign(head) is None:
        return _MESSAGE
    return None


def kind_by_traces(path: Path) -> Kind | None:
    """The kind that a file of no kind was, by what lies behind its beginning.  Raises OSError."""
    return next((kind for kind in KINDS if kind.traces and _named(kind.traces)(path)), None)


def kind_of_folder(path: Path) -> Kind | None:
    """The kind of a directory that is an archive as a whole.  Raises OSError."""
    return next((kind for kind in KINDS if kind.asks == "folder" and kind.check(path)), None)


def kind_of_tree(path: Path) -> Kind | None:
    """The kind of all that lies in a directory, if that is one.  Raises OSError."""
    from connectors.mixed.trees import only_kind  # which asks this module for kinds itself

    kind = only_kind(path)
    return replace(kind, asks="folder", open_it=kind.tree) if kind is not None else None


def is_bundle(path: Path) -> bool:
    """Whether a directory is a folder of Apple Mail.  Raises OSError."""
    if not path.name.lower().endswith(_BUNDLE) or not path.is_dir():
        return False
    from connectors.eml.apple import is_emlx

    return is_emlx(path)


def is_maildir(path: Path) -> bool:
    """Whether a directory is a Maildir: mail lies in it, or in the folders of its first level.  Raises OSError."""
    return _holds_mail(path) or any(name.startswith(".") and _holds_mail(path / name) for name in names_in(path))


def _holds_mail(path: Path) -> bool:
    """People call directories ``new`` as well; copies of a Maildir may have lost what was empty in it."""
    cur = path / "cur"
    if not cur.is_dir():
        return False
    return (path / "new").is_dir() or (path / "tmp").is_dir() or any(_MARKED.search(name) for name in names_in(cur))


def unknown(path: Path, head: bytes) -> str:
    """Why a file that begins so is not read."""
    why = foreign(head)
    told = _("{path} is no mail archive of a kind that is known.").format(path=path)
    return f"{path}: {why}" if why else told


#: What files of a kind that is asked with their path begin with: whoever asks would have to unpack them first.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "olm": (b"PK\3\4",),
    "msg": (b"\xd0\xcf\x11\xe0",),
}


def _may_be(kind: Kind, head: bytes) -> bool:
    beginnings = _BEGINNINGS.get(kind.name)
    return beginnings is None or head.startswith(beginnings)


def _named(place: str) -> Callable[..., Any]:
    module, _colon, function = place.partition(":")
    return cast("Callable[..., Any]", getattr(import_module(module), function))


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _("There is nothing at {path}; is the drive connected that it is on?").format(path=path)
    if getattr(error, "winerror", 0) in _HELD:
        what = _("{path} is held by another program: close Outlook, or whichever program has it open, and try again.")
        return what.format(path=path)
    if isinstance(error, PermissionError):
        held = _("{path} may not be read by this user, or is held by another program that has it open.")
        return held.format(path=path)
    return _("{path} cannot be read: {why}").format(path=os.fspath(path), why=os_error_text(error))

"""What SQLite says of a ledger that cannot be used, worded for the person who has to do something about it."""

from __future__ import annotations

from pathlib import Path

from connectors.language import _, mark

#: By the beginning of SQLite's own name for the error (sqlite.org/rescode.html).
_WORDS = {
    "SQLITE_BUSY": mark(
        "{path} stays locked by another program. Close what has the ledger open (another bascule, a backup, a viewer of"
        " databases), then run the same command again; it continues where it stopped."
    ),
    "SQLITE_FULL": mark(
        "{path} cannot grow: the disk is full. Make room on it, then run the same command again; it continues where it"
        " stopped."
    ),
    "SQLITE_READONLY": mark(
        "{path} cannot be written to: the file or its folder is read-only for this user. Run the command as the owner"
        " of the organisation's folder, or give this user the right to write there."
    ),
    "SQLITE_CANTOPEN": mark(
        "{path} cannot be opened: its folder may not be written to by this user, or the disk is full."
    ),
    "SQLITE_CORRUPT": mark(
        "{path} is damaged. Bring back its last copy, or move the file away and run bascule adopt: it makes a new"
        " ledger from what is on both sides, and nothing is sent twice."
    ),
    "SQLITE_NOTADB": mark(
        "{path} is no ledger. Move the file away; bascule adopt makes a new one from what is on both sides."
    ),
    "SQLITE_IOERR": mark(
        "{path} cannot be read or written: the disk does not do as it is told ({cause}). See that it is connected, has"
        " room and is in order, then run the same command again."
    ),
}


def worded(path: Path, error: Exception) -> str:
    """One or two sentences.  SQLAlchemy's own would carry the statement and its values."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", "")
    text = next((words for start, words in _WORDS.items() if name.startswith(start)), None)
    return (_(text) if text else _("{path} cannot be used: {cause}")).format(path=path, cause=name or cause)

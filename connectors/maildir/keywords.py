"""Keywords of a folder: Dovecot's file of letters, which is read and written, and Courier's list, which is read.

Dovecot keeps ``dovecot-keywords`` in each folder, one line a letter: ``0 $Forwarded`` makes ``a`` mean that.  It
replaces the file under ``dovecot-keywords.lock``, and so do we.  Courier keeps ``courierimapkeywords/:list``: the
keywords, an empty line, then ``BASE:0 2`` for each message; beside it a file for each message that changed since.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import Transient
from connectors.language import _
from connectors.maildir.flags import KEYWORD_LETTERS, is_keyword
from connectors.maildir.owner import Owner
from connectors.quiet import names_in, read_quietly

_FILE = "dovecot-keywords"
_COURIER = "courierimapkeywords"
_COURIER_CHANGE = re.compile(r"(?:\.(\d+)\.)?([^:.][^:]*)")
#: Seconds: how long another program's lock is waited for, and when a lock was left behind by one that died.
_WAIT, _ABANDONED = 10.0, 120.0


def keywords_by_letter(folder: Path) -> dict[str, str]:
    """What the small letters mean in this folder."""
    found: dict[str, str] = {}
    for line in _lines(folder / _FILE):
        number, _space, keyword = line.partition(" ")
        if number.isdecimal() and int(number) < len(KEYWORD_LETTERS) and keyword:
            found[KEYWORD_LETTERS[int(number)]] = keyword
    return found


def add_keywords(folder: Path, flags: Collection[str], owner: Owner) -> dict[str, str]:
    """Give letters to the keywords among ``flags``, as long as there are letters; what the letters mean then.

    Raises Transient when another program keeps the file locked.
    """
    known = keywords_by_letter(folder)
    if not _missing(flags, known):
        return known
    with _locked(folder, owner) as lock:
        known = keywords_by_letter(folder)
        free = [letter for letter in KEYWORD_LETTERS if letter not in known]
        known |= dict(zip(free, _missing(flags, known), strict=False))
        lines = (f"{KEYWORD_LETTERS.index(letter)} {keyword}\n" for letter, keyword in sorted(known.items()))
        lock.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
        lock.replace(folder / _FILE)
    return known


def courier_keywords(folder: Path) -> dict[str, frozenset[str]]:
    """Keywords by base name, as Courier keeps them."""
    try:
        names = names_in(folder / _COURIER)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = dict(_courier_list(folder / _COURIER / ":list"))
    changes = sorted((int(change[1] or 1 << 62), change[2], change[0]) for change in map(_change, names) if change)
    for _age, base, name in changes:
        found[base] = frozenset(filter(None, _lines(folder / _COURIER / name)))
    return found


def _change(name: str) -> re.Match[str] | None:
    return _COURIER_CHANGE.fullmatch(name)


def _courier_list(file: Path) -> Iterator[tuple[str, frozenset[str]]]:
    lines = _lines(file)
    end = lines.index("") if "" in lines else len(lines)
    keywords = lines[:end]
    for line in lines[end + 1 :]:
        base, _colon, numbers = line.rpartition(":")
        chosen = (int(number) for number in numbers.split() if number.isdecimal())
        yield base, frozenset(keywords[number] for number in chosen if number < len(keywords))


def _missing(flags: Collection[str], known: dict[str, str]) -> list[str]:
    there = {keyword.casefold() for keyword in known.values()}
    return sorted(flag for flag in flags if is_keyword(flag) and flag.casefold() not in there)


def _lines(file: Path) -> list[str]:
    try:
        return read_quietly(file).decode("utf-8", "surrogateescape").split("\n")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return []


@contextmanager
def _locked(folder: Path, owner: Owner) -> Iterator[Path]:
    """Dovecot's lock: a file that only one can make, and that becomes the new one."""
    lock = folder / f"{_FILE}.lock"
    patience = time.monotonic() + _WAIT
    while True:
        try:
            lock.touch(mode=0o600, exist_ok=False)
            break
        except FileExistsError:
            _clear_abandoned(lock)
            if time.monotonic() > patience:
                raise Transient(_("another program keeps the keywords locked"), system=str(folder)) from None
            time.sleep(0.02)
    owner.take(lock)
    try:
        yield lock
    finally:
        lock.unlink(missing_ok=True)


def _clear_abandoned(lock: Path) -> None:
    try:
        abandoned = time.time() - lock.stat().st_mtime > _ABANDONED
    except FileNotFoundError:
        return
    if abandoned:
        lock.unlink(missing_ok=True)

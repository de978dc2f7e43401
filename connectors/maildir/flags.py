"""Flags as letters in a file's name: five of IMAP's, one for forwarded mail, and small letters for keywords."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from string import ascii_lowercase

_SYSTEM = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_FORWARDED = "$Forwarded"
#: ``P`` (passed) is read as the keyword that all servers use for it; written is the keyword alone.
_PASSED = "P"
LETTERS = {flag: letter for letter, flag in _SYSTEM.items()}
#: Letters that stand for keywords; a folder has no more of them.
KEYWORD_LETTERS = ascii_lowercase


def flags_of(letters: str, keywords: Mapping[str, str]) -> frozenset[str]:
    """The flags of these letters; ``keywords`` by letter.  Letters that mean nothing here are left out."""
    known = _SYSTEM | {_PASSED: _FORWARDED} | dict(keywords)
    return frozenset(known[letter] for letter in letters if letter in known)


def letters_of(flags: Collection[str], keywords: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    """Letters for these flags, and the flags that have one."""
    known = LETTERS | {_same(keyword): letter for letter, keyword in keywords.items()}
    kept = {flag: known[_same(flag)] for flag in flags if _same(flag) in known}
    return "".join(kept.values()), frozenset(kept)


def changed(letters: str, add: Collection[str], remove: Collection[str], keywords: Mapping[str, str]) -> str:
    """The letters after a change; letters that mean nothing here stay."""
    adding, _ = letters_of(add, keywords)
    removing, _ = letters_of(remove, keywords)
    if _FORWARDED in remove:
        removing += _PASSED
    return "".join(sorted((set(letters) - set(removing)) | set(adding)))


def is_keyword(flag: str) -> bool:
    return not flag.startswith("\\")


def _same(flag: str) -> str:
    """Keywords are the same in any letter case (RFC 9051 2.3.2)."""
    return flag.casefold() if is_keyword(flag) else flag

"""Keywords: the flags that people and programs name themselves (RFC 9051 2.3.2)."""

from __future__ import annotations

import re
import unicodedata

#: atom = 1*ATOM-CHAR: no CTL, space, ``( ) { % * " \ ]``, nothing above ASCII.
_ATOM = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_NO_ATOM = re.compile(r'[^\x21-\x7e]|[(){%*"\\\]]')
_LONGEST = 128


def is_keyword(flag: str) -> bool:
    """Whether ``flag`` can be sent as a keyword: an atom of ASCII and of sane length."""
    return len(flag) <= _LONGEST and _ATOM.fullmatch(flag) is not None


def as_keyword(name: str) -> str:
    """A name as a word of ASCII: accents go, every other character becomes ``_``.  It may still be too long for one."""
    letters = (char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return _NO_ATOM.sub("_", "".join(letters))

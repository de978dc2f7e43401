"""What people read their mail with: the words of the column ``uses``, and what is one and the same.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache

#: Words that mean what another column says, or the same thing in another language.
_SAME = {
    "telephone": "phone",
    "mobile": "phone",
    "smartphone": "phone",
    "portable": "phone",
    "shared": "shared-mailbox",
    "boite-partagee": "shared-mailbox",
    "gmail": "private-gmail",
    "gmail-personnel": "private-gmail",
}
#: How alike two codes are of which one was mistyped.
_NEAR = 0.85


@lru_cache(maxsize=1024)
def case_code(text: str) -> str:
    """``Outlook 2016 (POP)`` is ``outlook-2016-pop``: however it is written, the same is the same."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    code = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return _SAME.get(code, code)


def alike(codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of which one may be the other, mistyped.  Versions are told by their digits, and differ on purpose."""
    ordered = sorted(set(codes))
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            same_digits = re.findall(r"\d+", one) == re.findall(r"\d+", other)
            if same_digits and SequenceMatcher(None, one, other).ratio() > _NEAR:
                yield one, other

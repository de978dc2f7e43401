"""Texts in the syntax of PowerShell (about_Quoting_Rules)."""

from __future__ import annotations

import re

#: PowerShell ends a text at any of these, and takes two of them for one.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def quoted(text: str) -> str:
    """``text`` as PowerShell reads it back: nothing in it is a variable, a command, or the end of it."""
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"

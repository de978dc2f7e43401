"""Folder paths and patterns of paths, as a plan writes them.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

from connectors.language import _
from plans.problems import Worded


def fold(text: str) -> str:
    """Names that people hold for the same: case and the way accents are encoded do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def checked_path(text: str) -> str:
    """A path of names with ``/`` between them.  Raises :class:`Worded`."""
    if not text or any(not name.strip() for name in text.split("/")):
        message = _('"{path}" is not a folder path.').format(path=text)
        raise Worded(message, _('Write the names with one / between them, such as "A/B".'))
    return text


FolderPath = Annotated[str, AfterValidator(checked_path)]
Pattern = Annotated[str, AfterValidator(checked_path)]


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = (".*" if part.startswith("*") else "." if part == "?" else re.escape(part)
              for part in re.split(r"(\*+|\?)", fold(pattern)))  # fmt: skip
    return re.compile("".join(pieces), re.DOTALL)


def with_parents(path: tuple[str, ...]) -> list[str]:
    """The path and all it lies under, longest first, each folded and joined by ``/``."""
    return [fold("/".join(path[:depth])) for depth in range(len(path), 0, -1)] or [""]


def fits(patterns: Sequence[str], path: tuple[str, ...]) -> bool:
    """Whether a pattern fits the path, or a folder it lies under."""
    paths = with_parents(path) if patterns else []
    return any(_expression(pattern).fullmatch(one) for pattern in patterns for one in paths)

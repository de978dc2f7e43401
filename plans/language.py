"""The organisation's language, known before its plan is: the plan's problems are worded in it too."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.language import LANGUAGES

_LINE = re.compile(rf"^language:\s*[\"']?({'|'.join(LANGUAGES)})\b", re.MULTILINE)


def language_of(folder: Path) -> str | None:
    """What ``organisation.yaml`` says, None when it says nothing or cannot be read."""
    try:
        text = (folder / "organisation.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _LINE.search(text)
    return found[1] if found else None

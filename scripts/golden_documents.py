"""Writes what documents are compared with: tests/golden/documents, and those of examples/meridional."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.documents.golden import DOCUMENTS, GOLDEN, LANGUAGES, examples, golden


def main() -> None:
    for language in LANGUAGES:
        _write(GOLDEN, dict(golden(language)), GOLDEN / language)
    _write(DOCUMENTS, dict(examples()), DOCUMENTS)


def _write(folder: Path, wanted: dict[Path, str], only: Path) -> None:
    """What is no longer wanted goes."""
    for path in only.rglob("*"):
        if path.is_file() and path.relative_to(folder) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

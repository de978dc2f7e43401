"""What was built, and of which facts: kept beside the documents, so that one that is out of date can say so.

Below ``documents/``, ``.built/`` has one record a document and language, and the facts that they were built from,
each set once, under its digest.  All of it is private to this user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from migrate.archives.files import make_private, write_whole
from runbooks.catalogue import Kind
from runbooks.document_facts import DocumentFacts

_BUILT = ".built"


class Built(BaseModel):
    """One document in one language, as it was built last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str
    language: Literal["fr", "en"]
    at: datetime
    plan_hash: str
    #: Of its text, and of the templates and notes that it was made of.
    text_digest: str
    sources_digest: str
    #: The file of its facts in ``.built/facts``, without ending.
    facts: str
    #: Dotted names of the facts that its templates use.
    used: tuple[str, ...]
    #: By file beside the record's folder, the digest that it was written with.
    files: dict[str, str]


class Records:
    """Those of one folder of documents.  Every method may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept = folder / _BUILT

    def of(self, kind: Kind, language: str) -> Built | None:
        """None when it was never built, or the record can no longer be read."""
        try:
            return Built.model_validate_json(self._record(kind.code, language).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError, UnicodeDecodeError):
            return None

    def every(self) -> list[Built]:
        """Those that can be read, by document and language."""
        found = []
        for path in sorted(self._kept.glob("*.json")):
            try:
                found.append(Built.model_validate_json(path.read_text(encoding="utf-8")))
            except (ValidationError, UnicodeDecodeError):
                continue
        return found

    def keep(self, built: Built) -> None:
        make_private(self._kept)
        write_whole(self._record(built.document, built.language), f"{built.model_dump_json(indent=1)}\n".encode())

    def keep_facts(self, facts: DocumentFacts) -> str:
        """The name under which these facts are kept from now on."""
        told = facts.model_dump_json(exclude={"about"}).encode()
        name = hashlib.sha256(told).hexdigest()[:32]
        path = self._facts(name)
        if not path.exists():
            make_private(path.parent)
            write_whole(path, told)
        return name

    def facts(self, name: str, like: DocumentFacts) -> DocumentFacts | None:
        """Facts that were kept; None when they are gone, or of a version with other facts."""
        try:
            told = self._facts(name).read_text(encoding="utf-8")
            about = like.about.model_dump_json()
            return type(like).model_validate_json(f'{{"about": {about}, {told.removeprefix("{")}')
        except (FileNotFoundError, ValidationError, UnicodeDecodeError):
            return None

    def forget_facts(self, wanted: Iterable[str]) -> None:
        """All but these, and those that a record names."""
        kept = {*wanted, *(one.facts for one in self.every())}
        for path in (self._kept / "facts").glob("*.json"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    def _record(self, code: str, language: str) -> Path:
        return self._kept / f"{code.replace('/', '-')}.{language}.json"

    def _facts(self, name: str) -> Path:
        return self._kept / "facts" / f"{name}.json"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

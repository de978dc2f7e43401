"""Building documents into the organisation's folder, and telling which of them are no longer true."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from connectors.language import in_language
from migrate.archives.files import write_whole
from migrate.documents.gathering import Gathered, Language, Subject
from migrate.documents.kept import Built, Records, digest
from migrate.documents.signing import signatures
from runbooks.building import build
from runbooks.catalogue import DOCUMENTS, GUIDES, Kind
from runbooks.changes import changes
from runbooks.document_facts import Change, DocumentFacts, Signature, SiteDocumentFacts
from runbooks.output.document import Document, Picture
from runbooks.output.office import office
from runbooks.output.page import html_page
from runbooks.output.pdf import pdf
from runbooks.pictures.of_facts import pictures
from runbooks.template_facts import Reading, checked
from runbooks.templating import Templates

Form = Literal["md", "html", "pdf", "docx", "odt"]
WRITERS: Mapping[Form, Callable[[Document], bytes]] = {
    "md": lambda one: one.markdown.encode(),
    "html": lambda one: html_page(one).encode(),
    "pdf": pdf,
    "docx": lambda one: office(one, "docx"),
    "odt": lambda one: office(one, "odt"),
}
#: Where the organisation keeps templates of its own, in folders by language, and notes, in folders by site or domain.
TEMPLATES, NOTES = "runbooks", "runbooks/notes"


@dataclass(frozen=True, slots=True)
class Made:
    """A document that was written."""

    built: Built
    #: The files of this time, below the documents' folder.
    files: Sequence[str]
    signed: Signature | None
    #: Since it was signed.
    changes: Sequence[Change]
    #: What files that we had not written so are called now, below the documents' folder.
    set_aside: Sequence[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a document is still true."""

    built: Built
    #: What it says and is no longer so.
    changes: Sequence[Change]
    plan_changed: bool
    template_changed: bool
    #: Files that were edited or are gone.
    touched: Sequence[str]
    signed: Signature | None
    #: The text that was built last is the one that was signed.
    signed_as_built: bool

    @property
    def stale(self) -> bool:
        return bool(self.changes or self.plan_changed or self.template_changed or self.touched)


@dataclass(frozen=True)
class Desk:
    """The documents of one subject in one language."""

    gathered: Gathered
    subject: Subject
    language: Language
    _readings: dict[str, Reading] = field(default_factory=dict)

    @cached_property
    def facts(self) -> DocumentFacts:
        return self.gathered.facts(self.subject, self.language)

    @cached_property
    def _kept_facts(self) -> str:
        return self.records.keep_facts(self.facts)

    @cached_property
    def records(self) -> Records:
        return Records(self.subject.folder(self.gathered.organisation.folder))

    @cached_property
    def templates(self) -> Templates:
        return Templates(self.language, self.gathered.organisation.folder / TEMPLATES)

    @cached_property
    def pictures(self) -> Mapping[str, Picture]:
        with in_language(self.language):
            return pictures(self.facts)

    @cached_property
    def notes(self) -> Mapping[str, str]:
        """By block, or by the code of a document without blocks."""
        folder = self.gathered.organisation.folder / NOTES / self.subject.name
        return {
            path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.md"))
        }

    def kinds(self) -> list[Kind]:
        """The documents that this subject has: of the quick guides, those for programs that are used there."""
        return [kind for kind in DOCUMENTS.values() if kind.of == self.subject.of and self._is_wanted(kind)]

    def _is_wanted(self, kind: Kind) -> bool:
        folder, _slash, program = kind.code.rpartition("/")
        if folder != "guides" or not isinstance(self.facts, SiteDocumentFacts):
            return True
        found = {one.guide for one in self.facts.plan.programs}
        # Where nobody said what is used, all of them may be.
        return program == "webmail" or program in found or not found & set(GUIDES)

    def reading(self, kind: Kind) -> Reading:
        """The facts that its templates use.  Raises TemplateProblem."""
        if kind.code not in self._readings:
            found = checked(self.templates, kind.code, type(self.facts))
            if kind.heading == "state":
                head = checked(self.templates, "header", type(self.facts))
                found = Reading(found.used | head.used, [], found.templates | head.templates)
            self._readings[kind.code] = found
        return self._readings[kind.code]

    def document(self, kind: Kind) -> tuple[Document, DocumentFacts]:
        """As it is to be written now, and its facts.  Raises TemplateProblem."""
        self.reading(kind)
        signed = self._signed(kind)
        about = self.facts.about.model_copy(
            update={
                "code": kind.code,
                "title": kind.titles[self.language],
                "signed": signed and signed[0],
                "changes": self._since_signed(kind),
            }
        )
        facts = self.facts.model_copy(update={"about": about})
        return build(kind, facts, self.templates, self.notes, self.pictures), facts

    def make(self, kind: Kind, forms: Sequence[Form]) -> Made:
        """Write it; files that somebody edited are set aside first.

        Raises TemplateProblem, UnknownPicture, PdfMissing, OfficeMissing, OSError.
        """
        document, facts = self.document(kind)
        before = self.records.of(kind, self.language)
        wanted: Sequence[Form] = ["md", *(one for one in forms if one != "md")]
        written: dict[str, str] = {}
        set_aside: list[str] = []
        for form in wanted:
            name = f"{kind.code}.{self.language}.{form}"
            data = WRITERS[form](document)
            path = self.records.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            written[name] = digest(data)
            set_aside += _set_aside(path, self.records.folder, before, written[name])
            write_whole(path, data)
        built = Built(
            document=kind.code,
            language=self.language,
            at=facts.about.state_at,
            plan_hash=facts.about.plan_hash,
            text_digest=written[f"{kind.code}.{self.language}.md"],
            sources_digest=self._sources(kind),
            facts=self._kept_facts,
            used=tuple(sorted(self.reading(kind).used)),
            files=(before.files if before is not None else {}) | written,
        )
        self.records.keep(built)
        return Made(built, list(written), facts.about.signed, facts.about.changes, set_aside)

    def tidy(self) -> None:
        """Forget facts that no document and no signature names any more.  Raises OSError."""
        signed = (one.detail.get("facts") for one in self.gathered.events if one.event == "sign")
        self.records.forget_facts(one for one in signed if isinstance(one, str))

    def standing(self, built: Built) -> Standing:
        """Whether it is still true.  Raises TemplateProblem, OSError."""
        kind = DOCUMENTS[built.document]
        then = self.records.facts(built.facts, self.facts)
        with in_language(self.language):
            found = () if then is None else changes(then, self.facts, built.used)
        signed = self._signed(kind)
        return Standing(
            built=built,
            changes=found,
            plan_changed=built.plan_hash != self.facts.about.plan_hash,
            template_changed=then is None or built.sources_digest != self._sources(kind),
            touched=[name for name, was in built.files.items() if _digest_of(self.records.folder / name) != was],
            signed=signed and signed[0],
            signed_as_built=signed is not None and signed[0].digest == built.text_digest,
        )

    def _signed(self, kind: Kind) -> tuple[Signature, Mapping[str, object]] | None:
        """The newest signature, on the clocks of the site, with what was recorded beside it."""
        found = signatures(self.gathered.events, self.subject, kind.code)
        if not found:
            return None
        signature, event = found[-1]
        at = signature.at.astimezone(self.facts.about.state_at.tzinfo)
        return signature.model_copy(update={"at": at}), event.detail

    def _since_signed(self, kind: Kind) -> tuple[Change, ...]:
        signed = self._signed(kind)
        if signed is None:
            return ()
        then = self.records.facts(str(signed[1]["facts"]), self.facts)
        if then is None:
            return ()
        with in_language(self.language):
            return changes(then, self.facts, self.reading(kind).used)

    def _sources(self, kind: Kind) -> str:
        """The digest of all templates and notes that the document is made of."""
        names = sorted(self.reading(kind).templates)
        parts = [f"{name}\0{self.templates.source(name)}" for name in names]
        wanted = {*kind.blocks, kind.code}
        parts += [f"{name}\0{text}" for name, text in sorted(self.notes.items()) if name in wanted]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _set_aside(path: Path, folder: Path, before: Built | None, wanted: str) -> Iterator[str]:
    """Keep a file beside the new one that is not as we wrote it last: somebody's work may be in it."""
    there = _digest_of(path)
    name = path.relative_to(folder).as_posix()
    if there in (None, wanted) or (before is not None and before.files.get(name) == there):
        return
    number = 1
    while (aside := path.with_name(f"{path.stem}.edited-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    yield aside.relative_to(folder).as_posix()


def _digest_of(path: Path) -> str | None:
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None

"""The messages of one moment to the people of a site, made from the facts that documents have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from migrate.archives.files import make_private, write_whole
from migrate.documents.gathering import Gathered, Language, Subject
from migrate.documents.making import TEMPLATES
from migrate.messages.letters import Addressee, message_id, message_of
from migrate.messages.post import Outgoing
from migrate.messages.record import Line, Record
from plans import Person, Site
from plans.model import Messages
from runbooks.building import build
from runbooks.catalogue import DOCUMENTS, Kind
from runbooks.document_facts import PersonDocumentFacts, SiteDocumentFacts
from runbooks.output.letter import letter
from runbooks.plan_facts import PersonFacts
from runbooks.template_facts import checked
from runbooks.templating import Templates

#: What nobody can name a file on some system, and the letters that a name may have on all of them.
_UNSAFE = re.compile(r"[^\w.@+-]")
_LONGEST = 150


@dataclass(frozen=True)
class Writing:
    """``moment`` as the catalogue has it: ``j-7``.  ``switch``: the day that all of it is about."""

    gathered: Gathered
    site: Site
    moment: str
    sender: Messages
    switch: date
    record: Record

    @property
    def folder(self) -> Path:
        """Where the files of this moment lie."""
        return messages_folder(self.gathered.organisation.folder, self.site.name) / self.moment

    @cached_property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.gathered.world.now, self.site.time_zone).replace(microsecond=0)

    @cached_property
    def _shared(self) -> dict[Language, _Shared]:
        return {}

    def messages(self, people: Sequence[Person], *, again: bool = False) -> Iterator[tuple[Person, Outgoing]]:
        """One for each, in their own language.  ``again``: counts as another message, also where one was taken.

        Raises TemplateProblem, UnknownPicture.
        """
        for person in people:
            language: Language = person.language or self.site.language
            shared = self._shared_by(language)
            made = letter(build(self._kind, shared.facts_of(person), shared.templates, {}, {}))
            before = self.record.newest(self.moment, person.address)
            time = 1 if before is None else before.time + (again and before.state == "accepted")
            key = message_id(
                self.gathered.organisation.name, self.site.name, self.moment, person.address, time, self.sender.address
            )
            message = message_of(
                made, self.sender, Addressee(person.address, person.name), language, self.now, key
            )  # fmt: skip
            line = Line(
                moment=self.moment, address=person.address, state="sending", at=self.now, message_id=key,
                time=time, switch=self.switch,
            )  # fmt: skip
            yield person, Outgoing(message, line)

    def write(self, person: Person, one: Outgoing) -> Path:
        """As a file.  Raises OSError."""
        make_private(self.folder)
        path = self.folder / f"{_file_name(person.mailbox)}.eml"
        write_whole(path, one.message.as_bytes())
        return path

    def forget_others(self, kept: Collection[str]) -> None:
        """Take away the files of people who are no longer in the plan.  ``kept`` by name.  Raises OSError."""
        for path in self.folder.glob("*.eml"):
            if path.name not in kept:
                path.unlink()

    @property
    def _kind(self) -> Kind:
        return DOCUMENTS[f"messages/{self.moment}"]

    def _shared_by(self, language: Language) -> _Shared:
        """Raises TemplateProblem."""
        if language not in self._shared:
            facts = self.gathered.facts(Subject("site", self.site.name), language)
            assert isinstance(facts, SiteDocumentFacts)
            about = facts.about.model_copy(update={"code": self._kind.code, "title": self._kind.titles[language]})
            templates = Templates(language, self.gathered.organisation.folder / TEMPLATES)
            checked(templates, self._kind.code, PersonDocumentFacts)
            told = {name: getattr(facts, name) for name in SiteDocumentFacts.model_fields} | {"about": about}
            self._shared[language] = _Shared(templates, told, {one.address: one for one in facts.plan.people})
        return self._shared[language]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the messages of one language have in common, and what each is of, by address."""

    templates: Templates
    facts: Mapping[str, Any]
    people: Mapping[str, PersonFacts]

    def facts_of(self, person: Person) -> PersonDocumentFacts:
        return PersonDocumentFacts.model_construct(**self.facts, person=self.people[person.address])


def _file_name(mailbox: str) -> str:
    """One of its own for each mailbox, readable as far as it can be."""
    shown = _UNSAFE.sub("_", mailbox)[:_LONGEST]
    return shown if shown == mailbox else f"{shown}-{hashlib.sha256(mailbox.encode()).hexdigest()[:8]}"


def messages_folder(organisation: Path, site: str) -> Path:
    """Where a site's messages and their record lie."""
    return Subject("site", site).folder(organisation) / "messages"

"""Names put in the place of people, addresses and domains, the same one for the same thing throughout a bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from re import Pattern
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from plans import Organisation, SecretRef

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
#: Keys whose words are Bascule's own, or the vendor's: they identify nobody.
_OWN_WORDS = frozenset(
    {"connector", "tls", "language", "time_zone", "mode", "mx_first", "zone_at", "sku", "private_folders", "kind",
     "posting", "consent", "only", "sign_in", "certificate", "preset", "said", "from_preset", "services_off"}
)  # fmt: skip
#: What stands in quotation marks is somebody's: a folder, a user's name, an answer of a server.
_QUOTED = re.compile(r"""["“«][^"”»]*["”»]""")
#: Keys that hold things by name: the names are the customer's.
_BY_NAME = frozenset({"systems", "sites", "domains", "licences", "contacts", "probes", "groups", "x500_addresses"})
_WORD = re.compile(r"\w+")
#: Characters: what is shorter stands in too many other words.
_SHORTEST = 3


@dataclass
class Pseudonyms:
    """Filled from the plan first, so that longer names are found before what they contain."""

    _given: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    #: Names by their first word: a text is searched for those alone whose first word is in it.
    _by_word: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, organisation: Organisation) -> Pseudonyms:
        made = cls()
        made.give("folder", str(organisation.folder.resolve()))
        made.give("organisation", organisation.name)
        for domain in sorted(organisation.domains):
            made.give("domain", domain)
        for system in sorted(organisation.systems):
            made.give("system", system)
        for name, site in sorted(organisation.sites.items()):
            made.give("site", name)
            for person in site.people:
                for kind, one in _of_person(person):
                    made.give(kind, one)
        return made

    def give(self, kind: str, name: str) -> str:
        """The name in its place; numbered by kind, in the order in which things are met."""
        key = name.casefold()
        if key not in self._given:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._given[key] = f"{kind}-{self._counts[kind]}"
            if len(key) >= _SHORTEST:
                self._by_word.setdefault("".join(_WORD.findall(key)[:1]), []).append(key)
        return self._given[key]

    def text(self, text: str) -> str:
        """Text with every known name, and every address, known or not, replaced."""
        # Addresses first: a known domain in an unknown address is no longer one after it was replaced.
        found = _ADDRESS.sub(lambda hit: self.give("person", hit[0].rstrip(".")), _QUOTED.sub("“…”", text))
        words = {"", *_WORD.findall(found.casefold())}
        names = sorted((one for word in words for one in self._by_word.get(word, ())), key=lambda one: (-len(one), one))
        if not names:
            return found
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)"
        return re.sub(pattern, lambda hit: self._given[hit[0].casefold()], found, flags=re.IGNORECASE)

    def plain(self, value: Any, key: str = "") -> Any:
        """What a plan holds, as JSON has it, with nothing in it that says whose it is."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, SecretRef):
            return f"({value.kind})"
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, date | time | ZoneInfo | timedelta):
            return str(value)
        if isinstance(value, Path | Pattern):
            return self.give("path" if isinstance(value, Path) else "pattern", str(value))
        if isinstance(value, str):
            return self._word(value, key)
        return self._many(value, key)

    def _word(self, text: str, key: str) -> str:
        if not text or key in _OWN_WORDS:
            return text
        if key == "host":
            return self.text(text)
        return self._given.get(text.casefold()) or self.give("person" if "@" in text else "word", text)

    def _many(self, value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            named = key in _BY_NAME
            return {
                (self._word(str(name), "") if named else str(name)): self.plain(one, "" if named else str(name))
                for name, one in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            told = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return [self.plain(one, key) for one in told]
        if isinstance(value, BaseModel):
            return {name: self.plain(getattr(value, name), name) for name in type(value).model_fields}
        if is_dataclass(value):
            return {
                one.name: self.plain(getattr(value, one.name), one.name)
                for one in fields(value)
                if one.name != "folder" and not callable(getattr(value, one.name))
            }
        return f"({type(value).__name__})"


def _of_person(person: Any) -> Iterator[tuple[str, str]]:
    """Everything by which a person is known, the address first."""
    yield "person", person.address
    for one in (person.name, person.source_user, person.target_user, person.last_name, *person.aliases):
        if one:
            yield "person", one

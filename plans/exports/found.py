"""What was found in an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plans.exports.formats import Format


class NotAnExport(Exception):
    """The file cannot be read as an export.  The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of an export: its line in the file (from 1) and its filled values by simplified heading.

    May hold passwords: no repr.
    """

    line: int
    values: Mapping[str, Sequence[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A person, as a people file would name them."""

    address: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    licence: str = ""
    shared: bool = False
    #: The export says that this account is suspended or disabled.
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An entry that is no person to move.  ``why`` is the rest of a sentence, ready to be read."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Export:
    """A read export.  ``ignored`` are the headings that mean nothing to a people file, as written."""

    format: Format
    people: Sequence[Found]
    passed_over: Sequence[PassedOver] = ()
    ignored: Sequence[str] = ()
    notes: Sequence[str] = ()

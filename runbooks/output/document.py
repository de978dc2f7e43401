"""A document before it has a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG drawing, and what it shows in words: for who cannot see it, and where it cannot be drawn."""

    svg: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """Markdown (CommonMark, with tables and tasks) and what stands around it.

    A picture is named in the text as ``![caption](picture:NAME)``.  Raw HTML in the text is shown as it is written.
    """

    #: The same from one build to the next: a page remembers under it what was ticked.
    name: str
    title: str
    language: Literal["fr", "en"]
    markdown: str
    #: One line at the foot of each page: whose it is, of which plan, and of when.
    stamp: str
    pictures: Mapping[str, Picture] = field(default_factory=dict)


class UnknownPicture(LookupError):
    """The text names a picture that there is none of, or one that lies elsewhere: ``name`` as it is written."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

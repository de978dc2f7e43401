"""A drawing that cannot leave its frame: texts are cut to the room that they have, and nothing in them is markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from markupsafe import Markup

from runbooks.output.document import Picture
from runbooks.output.markdown import visible

Ink = Literal["text", "quiet", "line", "done", "rest", "good", "bad", "back"]

#: What stands where no page says otherwise; ``page.css`` has the same by ``.ink-…``.
INKS: Final[Mapping[Ink, str]] = {
    "text": "#1c1c1a",
    "quiet": "#5c5c56",
    "line": "#c9c9c0",
    "done": "#0b57a4",
    "rest": "#dbe6f2",
    "good": "#23702a",
    "bad": "#b3261e",
    "back": "#ffffff",
}
#: Units; a page of A4 shows them as wide as its text, and about half as many again fit on it from top to bottom.
WIDTH: Final = 720
SIZE: Final = 12
#: Widths of letters, in parts of their size: no font in use is wider.
_WIDE, _CAPITAL, _LETTER = 1.05, 0.85, 0.64
#: Spaces that do not break stay as they are: French needs them.
_BREAKS = re.compile("[ \\t\\r\\n\\f\\v\\x85\\u2028\\u2029]+")


class Drawing:
    """One picture in the making.  Coordinates are units from the upper left corner."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._parts: list[Markup] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        room: float,
        *,
        ink: Ink = "text",
        anchor: Literal["start", "middle", "end"] = "start",
        size: float = SIZE,
        bold: bool = False,
    ) -> None:
        """One line, cut where it would need more than ``room``."""
        self._add(
            '<text class="ink-{}" x="{}" y="{}" fill="{}" text-anchor="{}" font-size="{}"{}>{}</text>',
            ink, _figure(x), _figure(y), INKS[ink], anchor, _figure(size),
            Markup(' font-weight="bold"') if bold else "", cut(words, room, size),
        )  # fmt: skip

    def bar(self, x: float, y: float, width: float, height: float, ink: Ink) -> None:
        told = (ink, _figure(x), _figure(y), _figure(max(width, 0)), _figure(height), INKS[ink])
        self._add('<rect class="ink-{}" x="{}" y="{}" width="{}" height="{}" fill="{}"/>', *told)

    def line(self, x: float, y: float, to_x: float, to_y: float, ink: Ink = "line", width: float = 1) -> None:
        told = (ink, _figure(x), _figure(y), _figure(to_x), _figure(to_y), INKS[ink], _figure(width))
        self._add('<line class="stroke-{}" x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"/>', *told)

    def dot(self, x: float, y: float, radius: float, ink: Ink, *, hollow: bool = False) -> None:
        fill: Ink = "back" if hollow else ink
        self._add(
            '<circle class="ink-{} stroke-{}" cx="{}" cy="{}" r="{}" fill="{}" stroke="{}" stroke-width="2"/>',
            fill, ink, _figure(x), _figure(y), _figure(radius), INKS[fill], INKS[ink],
        )  # fmt: skip

    def picture(self, title: str, told: Sequence[str]) -> Picture:
        """The whole.  ``told``: sentences that say what it shows."""
        words = " ".join(clean(one) for one in told)
        svg = Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" font-family="Liberation Sans, DejaVu Sans, Helvetica, Arial, sans-serif">'
            "<title>{title}</title><desc>{words}</desc>\n{parts}\n</svg>\n"
        ).format(
            width=WIDTH,
            height=_figure(self._height),
            title=clean(title),
            words=words,
            parts=Markup("\n").join(self._parts),
        )
        return Picture(svg=str(svg), text=f"{clean(title)}. {words}".strip())

    def _add(self, shape: str, *values: object) -> None:
        self._parts.append(Markup(shape).format(*values))  # noqa: S704  a shape of ours; what it is given is escaped


def clean(words: str) -> str:
    """On one line, and without what no XML may hold; what turns the direction of letters is shown as what it is."""
    return visible(_BREAKS.sub(" ", words).strip()).replace("\u2068", "").replace("\u2069", "")


def cut(words: str, room: float, size: float = SIZE) -> str:
    """As much as fits into ``room`` units, with an ellipsis when that is not all."""
    text = clean(words)
    if _length(text, size) <= room:
        return text
    left = room - _length("…", size)
    kept = []
    for one in text:
        left -= _length(one, size)
        if left < 0:
            break
        kept.append(one)
    return "".join(kept).rstrip() + "…"


def wrapped(words: str, room: float, size: float, lines: int) -> list[str]:
    """At most so many lines of ``room`` units; the last one is cut."""
    found: list[str] = []
    rest = clean(words).split(" ")
    while rest and len(found) < lines - 1:
        taken = 1
        while taken < len(rest) and _length(" ".join(rest[: taken + 1]), size) <= room:
            taken += 1
        found.append(cut(" ".join(rest[:taken]), room, size))
        rest = rest[taken:]
    return [*found, cut(" ".join(rest), room, size)] if rest else found


def _length(text: str, size: float) -> float:
    return size * sum(map(_part, text))


def _part(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF" or unicodedata.category(letter) == "So":
        return _WIDE
    if letter in "MW@%—…":
        return _WIDE
    return _CAPITAL if letter.isupper() or letter in "mw" else _LETTER


def _figure(value: float) -> str:
    return f"{round(value, 1):g}"

"""Rows of bars: how far the waves are, how large mailboxes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.language import _, labelled, plural
from runbooks.facts import Copied, Seen, SiteFacts
from runbooks.filters import spoken_filters
from runbooks.mail_facts import Inventory
from runbooks.output.document import Picture
from runbooks.pictures.drawing import SIZE, WIDTH, Drawing
from runbooks.plan_facts import PersonFacts

#: Rows beyond these are counted: a picture is no higher than a page.
MOST_ROWS = 40
_ROW, _TOP = 24, 8
_LABEL, _FIGURE = 220, 170
_BAR = WIDTH - _LABEL - _FIGURE - 2 * 8
_GIGA = 10**9
#: Upper ends of the classes of mailboxes, in gigabytes.
_CLASSES = (1, 5, 10, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class Row:
    """``part``: of the longest possible bar, 0 to 1; None where nothing is known."""

    label: str
    part: float | None
    figure: str
    #: The rest of the bar is drawn too: it is a part of a whole.
    of_whole: bool = False


def bars(title: str, rows: Sequence[Row]) -> Picture:
    """A row each, with its name before and its figure behind."""
    shown = rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS - 1]
    drawing = Drawing(_TOP * 2 + _ROW * (len(shown) + (len(shown) < len(rows))))
    for number, row in enumerate(shown):
        y = _TOP + _ROW * number
        drawing.text(0, y + 16, row.label, _LABEL - 8)
        if row.of_whole:
            drawing.bar(_LABEL, y + 4, _BAR, _ROW - 8, "rest")
        if row.part:
            # What is there is seen, however little it is.
            drawing.bar(_LABEL, y + 4, max(2.0, _BAR * min(row.part, 1.0)), _ROW - 8, "done")
        drawing.text(
            WIDTH - _FIGURE, y + 16, row.figure, _FIGURE, ink="quiet" if row.part is None else "text", size=SIZE
        )
    if len(shown) < len(rows):
        more = plural("and {n} more", "and {n} more", len(rows) - len(shown))
        drawing.text(0, _TOP + _ROW * len(shown) + 16, more, _LABEL, ink="quiet")
    return drawing.picture(title, [f"{labelled(row.label, row.figure)}." for row in rows])


def progress(sites: Sequence[SiteFacts]) -> Picture | None:
    """How much of what is to be copied is there, by wave; None without sites."""
    waves = sorted({one.wave for one in sites}, key=lambda wave: (wave is None, wave or 0))
    rows = [_wave(wave, [one for one in sites if one.wave == wave]) for wave in waves]
    return bars(_("Messages copied, by wave"), rows) if rows else None


def _wave(wave: int | None, sites: Sequence[SiteFacts]) -> Row:
    count = plural("{n} site", "{n} sites", len(sites))
    name = _("Without a wave") if wave is None else _("Wave {n}").format(n=wave)
    label = f"{name} ({count})"
    seen: list[Copied] = [one.copied.value for one in sites if isinstance(one.copied, Seen)]
    if not seen:
        return Row(label, None, _("not begun"), of_whole=True)
    wanted = sum(one.seen - one.left_out for one in seen)
    there = sum(one.there for one in seen)
    # Sites that were not begun count by what is known of the others: by their people.
    begun = sum(one.people for one in sites if isinstance(one.copied, Seen))
    people = sum(one.people for one in sites)
    rate = (there / wanted if wanted > 0 else 1.0) * (begun / people if people else 1.0)
    return Row(label, rate, _percent(rate), of_whole=True)


def largest(inventory: Inventory) -> Picture | None:
    """The largest mailboxes; None while none is known."""
    top = max((one.size for one in inventory.largest), default=0)
    rows = [Row(one.address, one.size / top if top else 0.0, _size(one.size)) for one in inventory.largest]
    return bars(_("The largest mailboxes"), rows) if rows else None


def sizes(people: Iterable[PersonFacts]) -> Picture | None:
    """How many mailboxes there are of each size; None without mailboxes."""
    found = [one.size for one in people]
    if not found:
        return None
    counts = [0] * (len(_CLASSES) + 1)
    for size in found:
        if size is not None:
            counts[sum(size >= edge * _GIGA for edge in _CLASSES)] += 1
    used = [place for place, count in enumerate(counts) if count]
    unknown = sum(size is None for size in found)
    top = max([*counts, unknown])
    rows = []
    for place in range(used[0], used[-1] + 1) if used else ():
        count = counts[place]
        rows.append(Row(_class(place), count / top, plural("{n} mailbox", "{n} mailboxes", count)))
    if unknown:
        rows.append(Row(_("not looked at yet"), None, plural("{n} mailbox", "{n} mailboxes", unknown)))
    return bars(_("Mailboxes by size"), rows)


def _class(place: int) -> str:
    if place == 0:
        return _("under {size}").format(size=_size(_CLASSES[0] * _GIGA))
    if place == len(_CLASSES):
        return _("{size} and more").format(size=_size(_CLASSES[-1] * _GIGA))
    low, high = (_size(_CLASSES[one] * _GIGA) for one in (place - 1, place))
    return _("{low} to {high}").format(low=low, high=high)


def _percent(value: float) -> str:
    return str(spoken_filters()["percent"](value, 1))


def _size(value: int) -> str:
    return str(spoken_filters()["size"](value))

"""The probe matrix: from where, to whom, and what test messages proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.language import _, labelled, mark
from runbooks.output.document import Picture
from runbooks.pictures.drawing import WIDTH, Drawing
from runbooks.route_facts import ProbeCell, ProbeMatrix

_SENDERS: Final[Mapping[str, str]] = {
    "outside": mark("From outside"),
    "old": mark("From the old side"),
    "new": mark("From the new side"),
}
_WHOM: Final[Mapping[str, str]] = {
    "moved": mark("somebody who has moved"),
    "not-moved": mark("somebody who has not"),
    "group": mark("a group"),
    "alias": mark("a second address"),
    "unknown": mark("an unknown address"),
}
_LABEL, _HEAD, _ROW, _GAP = 230, 26, 34, 4


def probe_matrix(matrix: ProbeMatrix) -> Picture | None:
    """A cell for each pair of sender and addressee; None without probes."""
    senders = [one for one in _SENDERS if any(cell.sender == one for cell in matrix.cells)]
    whom = [one for one in _WHOM if any(cell.whom == one for cell in matrix.cells)]
    if not senders or not whom:
        return None
    drawing = Drawing(_HEAD + _ROW * len(whom))
    room = (WIDTH - _LABEL) / len(senders)
    for column, sender in enumerate(senders):
        drawing.text(_LABEL + room * (column + 0.5), 16, _(_SENDERS[sender]), room - 8, anchor="middle", bold=True)
    for row, one in enumerate(whom):
        y = _HEAD + _ROW * row
        drawing.text(0, y + 20, _("to {whom}").format(whom=_(_WHOM[one])), _LABEL - 8)
        for column, sender in enumerate(senders):
            cells = [cell for cell in matrix.cells if (cell.sender, cell.whom) == (sender, one)]
            _cell(drawing, cells, _LABEL + room * column, y, room)
    proved = _("{done} of {all} routes are proved.").format(done=matrix.proved, all=len(matrix.cells))
    wrong = [f"{labelled(cell.address, cell.text)} ({_(_SENDERS[cell.sender])})." for cell in matrix.cells
             if not cell.good and cell.sender in _SENDERS]  # fmt: skip
    return drawing.picture(_("Test messages"), [proved, *wrong])


def _cell(drawing: Drawing, cells: list[ProbeCell], x: float, y: float, room: float) -> None:
    width, height = room - _GAP, _ROW - _GAP
    if not cells:
        drawing.text(x + room / 2, y + 20, "–", room, ink="quiet", anchor="middle")
        return
    good = sum(cell.good for cell in cells)
    ink = "good" if good == len(cells) else "bad"
    drawing.bar(x + _GAP / 2, y, width, height, "good" if ink == "good" else "bad")
    sign = "✓" if good == len(cells) else "✗"
    drawing.text(x + room / 2, y + 20, f"{sign} {good}/{len(cells)}", width - 8, ink="back", anchor="middle", bold=True)

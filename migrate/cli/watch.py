"""``bascule status --watch``: the ledger looked at again and again, beside a copy that runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from connectors.language import _, labelled, number
from migrate.cli.count_table import count_lines
from migrate.cli.lines import show_line
from migrate.cli.pace import Pace
from migrate.cli.results import tally_columns
from migrate.figures import rate_text, time_text
from migrate.ledger.counts import Tally
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.schema import MailboxState, Outcome

#: Seconds between looks, on a terminal and elsewhere.
_LIVE, _PLAIN = 2.0, 10.0
#: Lines of a site that are not mailboxes, and the fewest mailboxes that are shown however low the terminal is.
_LINES_A_SITE, _FEWEST = 4, 3


@dataclass(frozen=True)
class Look:
    """A site at one look."""

    site: str
    #: People of the site, begun or not.
    people: int
    rows: Sequence[MailboxRow]
    tallies: Mapping[int, Tally]

    @property
    def seen(self) -> int:
        return sum(self.tallies[row.id].seen for row in self.rows)

    @property
    def pending(self) -> int:
        return sum(self.tallies[row.id].outcomes[Outcome.PENDING] for row in self.rows)

    @property
    def copying(self) -> list[MailboxRow]:
        """Mailboxes that a pass works on, or worked on when it was killed."""
        return [row for row in self.rows if row.state is MailboxState.COPYING]


class Watch:
    """Turns looks into rates: what is seen and no longer pending is done.  Pure; times are seconds."""

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}

    def line(self, look: Look, now: float) -> str:
        """How a site goes on."""
        done = look.seen - look.pending
        pace = self._paces.setdefault(look.site, Pace(now, done))
        pace.note(now, done)
        begun = _("{begun} of {people} mailboxes begun").format(begun=len(look.rows), people=look.people)
        count = _("{done} of {seen} messages done").format(done=number(done), seen=number(look.seen))
        rate, _size_rate = pace.rates(now)
        left = pace.left(now, look.pending)
        if not look.pending and not look.copying:
            going = _("nothing to do") if look.rows else _("not begun")
        elif rate and left is not None:
            going = _("{rate}, {time} left").format(rate=rate_text(rate), time=time_text(left))
        elif look.copying and pace.is_young(now):
            going = _("measuring the rate")
        elif look.copying:
            going = _("listing, waiting, or cut off: nothing was copied in the last half minute")
        else:
            going = _("no copy is running")
        return labelled(look.site, f"{begun}, {count}, {going}")


def watch(look: Callable[[], Sequence[Look]], console: Console) -> None:
    """Look until interrupted; returns then."""
    with suppress(KeyboardInterrupt):
        if console.is_terminal:
            _live(look, console)
        else:
            _lines(look, console)


def _live(look: Callable[[], Sequence[Look]], console: Console) -> None:
    told = Watch()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(_page(look(), told, console.width, console.height), refresh=True)
            time.sleep(_LIVE)


def _lines(look: Callable[[], Sequence[Look]], console: Console) -> None:
    told = Watch()
    while True:
        for site in look():
            line = f"{time.strftime('%H:%M:%S')} {told.line(site, time.monotonic())}"
            show_line(console, line)
        time.sleep(_PLAIN)


def _page(looks: Sequence[Look], told: Watch, width: int, height: int) -> RenderableType:
    """What fits the terminal: mailboxes that are being copied first."""
    room = max(_FEWEST, height // max(1, len(looks)) - _LINES_A_SITE)
    parts: list[RenderableType] = []
    for look in looks:
        parts.append(Text(told.line(look, time.monotonic()), style="bold"))
        ordered = sorted(look.rows, key=lambda row: row.state is not MailboxState.COPYING)
        if ordered:
            columns = tally_columns([(row.name, look.tallies[row.id]) for row in ordered[:room]])
            parts.append(Text("\n".join(count_lines(width, *columns))))
        if len(ordered) > room:
            parts.append(Text(_("... and {n} more").format(n=number(len(ordered) - room)), style="dim"))
    parts.append(Text(_("Ctrl-C ends this, and no copy."), style="dim"))
    return Group(*parts)

"""A calendar of copies as a table and as JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, plural
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit
from migrate.cli.gathered import gathered
from migrate.cli.lines import show_line
from migrate.figures import moment_text, rate_text, size_text
from migrate.ledger.pace import MailboxSize
from migrate.rollout.estimate import Load
from migrate.rollout.outlook import Outlook
from migrate.rollout.waves import Planned, SiteWork
from plans import Site

#: Seconds after which sizes are said to be of another day.
_OLD = 86400


@dataclass
class Known:
    """What is known of a site's mailboxes, and what could not be found out."""

    site: Site
    outlook: Outlook
    sizes: Mapping[str, MailboxSize]
    copied: Mapping[str, tuple[int, int]]
    errors: dict[str, BaseException] = field(default_factory=dict)

    @property
    def loads(self) -> list[Load]:
        """What is still to be copied of each mailbox."""
        found = []
        for mailbox, one in self.sizes.items():
            messages, size = self.copied.get(mailbox, (0, 0))
            found.append(Load(max(one.messages - messages, 0), max(one.size - size, 0), one.listing))
        return found

    @property
    def unknown(self) -> list[str]:
        return [person.mailbox for person in self.site.people if person.mailbox not in self.sizes]


def as_json(planned: Sequence[Planned], known: Mapping[str, Known], code: Exit) -> dict[str, object]:
    return {"exit_code": int(code), "sites": [_site_as_json(one, known[one.work.site]) for one in planned]}


def _site_as_json(one: Planned, known: Known) -> dict[str, object]:
    work, limits = one.work, one.work.limits
    rate = work.pace.typical
    return {
        "site": work.site,
        "wave": work.wave,
        "mailboxes": len(work.loads),
        "messages": sum(load.messages for load in work.loads),
        "size": sum(load.size for load in work.loads),
        "largest_mailbox": max((load.size for load in work.loads), default=0),
        "begin": one.begin and one.begin.isoformat(),
        "p50": one.typical and one.typical.isoformat(),
        "p90": one.slow and one.slow.isoformat(),
        "switch": work.switch and work.switch.isoformat(),
        "late": one.late,
        "pace": {
            "messages_per_second": rate.messages_per_second,
            "bytes_per_second": rate.bytes_per_second,
            "measured_passes": work.pace.passes,
            "documented": known.outlook.documented,
            "mailboxes_at_once": limits.at_once,
            "each_a_day": limits.each_a_day,
        },
        "unknown": [
            {"mailbox": mailbox, "error": error_as_json(known.errors[mailbox]) if mailbox in known.errors else None}
            for mailbox in known.unknown
        ],
    }


def show(console: Console, planned: Sequence[Planned], known: Mapping[str, Known]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("wave"), justify="right")
    table.add_column(_("site"), overflow="fold")
    table.add_column(_("to copy"), justify="right")
    for heading in (_("begins"), _("done (P50)"), _("done (P90)")):
        table.add_column(heading)
    for one in planned:
        work = one.work
        table.add_row(
            "-" if work.wave is None else str(work.wave),
            Text(work.site),
            "-" if one.unknown else _size(work),
            *("-" if one.unknown else _moment(moment) for moment in (one.begin, one.typical, one.slow)),
        )
    console.print(table)
    for one in planned:
        _show_grounds(console, one, known[one.work.site])


def _size(work: SiteWork) -> str:
    """Of all mailboxes, or at least of those whose size is known."""
    known = size_text(sum(load.size for load in work.loads))
    return known if len(work.loads) == work.mailboxes else f"≥ {known}"


def _moment(moment: datetime | None) -> str:
    return _("more than ten years") if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _why_unknown(error: BaseException | None) -> str:
    why = worded(error) if error is not None else _("it was not looked at")
    return _("not in the estimate: {why}").format(why=why)


def _show_grounds(console: Console, one: Planned, known: Known) -> None:
    work = one.work
    rate = rate_text(work.pace.typical.messages_per_second, work.pace.typical.bytes_per_second)
    at_once = plural("{n} mailbox at a time", "{n} mailboxes at a time", work.limits.at_once)
    if work.pace.passes:
        passes = plural("{n} pass", "{n} passes", work.pace.passes)
        grounds = _("{rate} a mailbox, {mailboxes}, as measured on {passes}.")
        told = grounds.format(rate=rate, mailboxes=at_once, passes=passes)
    else:
        grounds = _("{rate} a mailbox, {mailboxes}: nothing was measured yet; this is {source}.")
        told = grounds.format(rate=rate, mailboxes=at_once, source=known.outlook.documented)
    show_line(console, labelled(work.site, told))
    if work.limits.each_a_day is not None:
        a_day = _("what a mailbox may move in a day ({size}) is kept to.").format(
            size=size_text(work.limits.each_a_day)
        )
        show_line(console, labelled(work.site, a_day))
    if one.late and work.switch is not None:
        late = _("the copy may not be done before the switch on {day}: begin earlier, or move it.")
        show_line(console, labelled(work.site, late.format(day=work.switch.isoformat())), "yellow")
    for line in gathered((mailbox, _why_unknown(known.errors.get(mailbox))) for mailbox in known.unknown):
        show_line(console, line if line.startswith(" ") else labelled(work.site, line), "yellow")
    oldest = min((size.found_at for size in known.sizes.values()), default=None)
    if oldest is not None and time.time() - oldest > _OLD:
        when = moment_text(datetime.fromtimestamp(oldest, work.hours.zone))
        show_line(console, labelled(work.site, _("sizes as found {when}; --look looks again.").format(when=when)))

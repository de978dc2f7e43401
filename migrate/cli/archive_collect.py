"""``bascule archive collect``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.archives.contract import NotAnArchive
from connectors.archives.kinds import MAILDIR, open_archive, recognise
from connectors.language import _, labelled
from migrate.archives.collect import Came, Collecting, NoRoom, Original, Outcome
from migrate.archives.named import to_collect
from migrate.archives.verified_copy import CopyStopped
from migrate.cli.archive_files import Working, disks_told, reading_with, shown
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import choose
from migrate.figures import size_text
from plans import Person, Site
from plans.archive_files import archives_of


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def collect(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Are the archives in safety?  Copies those that the people file names into the organisation's folder, verified.

    Each copy is digested while it is read and read back from the disk; originals are never touched. What Outlook still
    has open is said. Run again it continues, and copies only what changed; an older copy is kept in the folder earlier.

    \b
    Example:  bascule archive collect lyon
              bascule archive collect lyon --mailbox anna@example.org
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    chosen = choose(plan, mailboxes)
    originals = _originals(place.folder.absolute(), plan, chosen)
    outcomes: list[Outcome] = []
    working = Working(terminal(stderr=True))
    stopping = _("Stopping: what was copied so far is gone on with by the next run.")
    into = archives_of(place.folder.absolute(), plan).collected_in.absolute()
    with (
        interruptible(terminal(stderr=True), stopping) as halt,
        reading_with(None) as reading,
        # Two runs would write into one draft.
        alone(place.state / f"collect-{plan.name}.lock", _("Another run is collecting the archives of this site.")),
        disks_told(into),
        working.shown(),
    ):
        done = [0]

        def told(size: int) -> None:
            done[0] += size
            # What is copied is read back, so all comes twice.
            working.say(
                lambda: _("{done} of {all} copied and read back").format(
                    done=size_text(done[0]), all=size_text(max(2 * needed, done[0]))
                )
            )

        run = Collecting(into, originals, open_archive, reading, plan.time_zone, halt.stop, told=told)
        try:
            needed = run.begin()
            for original in originals:
                outcomes.append(run.collect(original))  # noqa: PERF401  # those before a stop count
        except CopyStopped:
            pass
        except NoRoom as error:
            raise Trouble(str(error), Exit.QUOTA) from error
        interrupted = len(outcomes) < len(originals)
    code = Exit.INTERRUPTED if interrupted else Exit.OK if all(one.good for one in outcomes) else Exit.PARTIAL
    if to_json:
        told_ = {
            "exit_code": int(code), "collected_in": str(into), "archives": [one.as_json() for one in outcomes],
        }  # fmt: skip
        print_json(told_)
    else:
        _show(terminal(), outcomes, into, interrupted=interrupted)
    sys.exit(code)


def _originals(folder: Path, site: Site, people: Sequence[Person]) -> list[Original]:
    found = [Original(person.mailbox, path) for person in people for path in to_collect(folder, site, person)]
    if not found:
        text = _("The people file names no archive that could be collected. Fill in its column archives.")
        raise Trouble(text)
    return found


def _show(console: Console, outcomes: Sequence[Outcome], into: Path, *, interrupted: bool) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, right in ((_("mailbox"), 0), (_("file"), 0), (_("kind"), 0), (_("size"), 1), (_("outcome"), 0)):
        table.add_column(heading, overflow="fold", justify="right" if right else "left")
    for one in outcomes:
        entry = one.entry
        size = size_text(entry.stamp.size) if entry is not None else ""
        name = shown(one.original.path)
        cells = (one.original.mailbox, name, entry.kind if entry else "", size, came_text(one.came))
        table.add_row(*(Text(cell) for cell in cells))
    if outcomes:
        console.print(table)
    for one in outcomes:
        if one.why:
            show_line(console, labelled(one.original.mailbox, shown(one.why)), "red")
        if one.entry is not None and not one.entry.kind and (why := _unfit(one.original.path)):
            show_line(console, labelled(one.original.mailbox, shown(why)), "yellow")
        if one.open:
            text = _(
                "{path} was copied while a program seems to have it open: what it has not written yet is missing. Close"
                " Outlook on that PC, and collect again."
            )
            show_line(console, labelled(one.original.mailbox, text.format(path=shown(one.original.path))), "yellow")
    show_line(console, _("The copies are in {folder}.").format(folder=into))
    if interrupted:
        show_line(console, _("Interrupted. The same command continues where this one stopped."))


def _unfit(path: Path) -> str:
    """Why what was collected cannot be copied as it is; empty when it can."""
    try:
        if recognise(path).name == MAILDIR:
            return ""
    except (NotAnArchive, OSError) as error:
        return str(error)
    return _("{path} is damaged; bascule archive inspect tells what can be done.").format(path=path)


def came_text(came: Came) -> str:
    """What became of an archive, for people."""
    return {
        "collected": _("collected"),
        "renewed": _("newer copy collected, the older kept"),
        "unchanged": _("unchanged since it was collected"),
        "here": _("lies there already"),
        "missing": _("not there"),
        "locked": _("held by another program"),
        "changed": _("changed while it was copied"),
        "unreadable": _("cannot be read"),
        "not-the-same": _("does not read back as it was"),
    }[came]

"""``bascule archive inspect``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.archives.contract import Nature
from connectors.archives.kinds import open_archive
from connectors.language import _, labelled, number, plural, spoken
from migrate.archives.inspect import FolderFigures, Inspected, Inspector, as_json
from migrate.cli.archive_files import (
    Working,
    address_lines,
    addresses_options,
    expanded,
    fill_template,
    reading_with,
    shown,
)
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.figures import path_text, size_text, typed

#: Problems of an archive that are printed; JSON has all of them.
_PRINTED = 20


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--full", is_flag=True, help="Read large files through too, whose counts cost that.")
@addresses_options
@json_option
def inspect(paths: tuple[str, ...], full: bool, addresses: Path | None, template: Path | None, to_json: bool) -> None:
    """What is in these archives?  Tells kind, folders, items, dates, damage and what is no mail; changes nothing.

    A PATH is a file, a folder, a zip, or a wildcard. Messages are not read; of archives up to 500 MB, or with --full,
    headers are, for X.500 addresses that no mail can be sent to. No organisation's folder is needed.

    \b
    Example:  bascule archive inspect /media/usb/*.pst
              bascule archive inspect outlook.pst --template x500.csv
    """
    console, found = terminal(), []
    working = Working(terminal(stderr=True))
    stopping = _("Stopping: nothing further is looked at.")
    with interruptible(terminal(stderr=True), stopping) as halt, reading_with(addresses) as reading:
        for path in expanded(paths):

            def begun(one: Inspected) -> None:
                if not to_json:
                    _show_head(console, one)

            def listed(items: int) -> None:
                working.say(lambda: plural("listing: {n} item so far", "listing: {n} items so far", items))

            inspector = Inspector(open_archive, reading, halt.stop, full, begun, listed)
            with working.shown():
                one = inspector.inspect(path)
            found.append(one)
            if not to_json:
                _show(console, one, interrupted=halt.stop.is_set())
            if halt.stop.is_set():
                break
        interrupted = halt.stop.is_set()
    unknown = {address: count for one in found for address, count in (one.unknown_addresses or {}).items()}
    added = fill_template(template, unknown, spoken())
    code = Exit.INTERRUPTED if interrupted else worst(_code(one) for one in found)
    if to_json:
        told = {"exit_code": int(code), "archives": [as_json(one) for one in found]}
        print_json(told)
    else:
        hint = _("For a table to fill in, run it again with --template x500.csv.")
        for line in address_lines(len(unknown), template, added, hint):
            show_line(console, line)
    sys.exit(code)


def _code(one: Inspected) -> Exit:
    if one.error is not None and not one.salvageable:
        return Exit.USAGE
    return Exit.OK if one.good else Exit.PARTIAL


def _show_head(console: Console, one: Inspected) -> None:
    """What is known before anything is listed."""
    counts = [folder.told for folder in one.folders]
    parts = [one.kind, size_text(one.size), plural("{n} folder", "{n} folders", len(one.folders))]
    if None not in counts:
        parts.append(plural("{n} item", "{n} items", sum(count or 0 for count in counts)))
    show_line(console, labelled(shown(one.path), ", ".join(parts)), "bold")


def _show(console: Console, one: Inspected, *, interrupted: bool) -> None:
    if one.error is not None:
        show_line(console, shown(one.error), "red")
        if one.salvageable:
            text = _("A search of the whole file may find mail: bascule archive salvage {path} --to FOLDER")
            show_line(console, text.format(path=shown(typed(one.path))))
        return
    _show_folders(console, one)
    for line in _lines(one, interrupted=interrupted):
        show_line(console, line)
    for problem in one.problems[:_PRINTED]:
        text = shown(problem.message)
        told = labelled(shown(path_text(problem.folder)), text) if problem.folder else text
        show_line(console, f"  {problem.code}  {told}", "yellow")
    if len(one.problems) > _PRINTED:
        more = len(one.problems) - _PRINTED
        show_line(console, plural("  and {n} more; --json has all", "  and {n} more; --json has all", more))


def _show_folders(console: Console, one: Inspected) -> None:
    headings = (_("folder"), _("items"), _("mail"), _("unread"), _("size"), _("oldest"), _("newest"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", justify="right" if 0 < at < 5 else "left")
    for folder in one.folders:
        table.add_row(*(Text(cell) for cell in _cells(folder)))
    console.print(table)


def _cells(folder: FolderFigures) -> tuple[str, ...]:
    items = "?" if folder.items is None else number(folder.items)
    name = shown(path_text(folder.path)) or _("(the file itself)")
    if not folder.listed:
        return name, items, "", "", "", "", ""
    mail = folder.natures[Nature.MAIL]
    unread = "" if not mail else "?" if folder.unstated == mail else number(folder.unread)
    size = size_text(folder.size) if folder.size else ""
    return name, items, number(mail) if folder.items else "", unread, size, _day(folder.oldest), _day(folder.newest)


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()


def _lines(one: Inspected, *, interrupted: bool) -> list[str]:
    """What is to be said below the folders."""
    lines = []
    natures = one.natures
    others = {nature: count for nature, count in natures.items() if nature is not Nature.MAIL}
    if others:
        told = ", ".join(_counted(nature, count) for nature, count in sorted(others.items()))
        lines.append(_("Beside mail, for calendars and address books: {told}").format(told=told))
    if one.read_state == "unknown":
        lines.append(_("The archive does not say what was read: the plan decides (unread_if_newer_than)."))
    elif one.read_state == "partly":
        lines.append(_("Of some messages the archive does not say whether they were read."))
    if interrupted and not one.complete:
        lines.append(_("Interrupted: not all of it was looked at. Run it again."))
    elif one.error is None and not one.complete:
        lines.append(_("Not all folders were counted, as that means to read the whole file. Run it with --full."))
    if one.addresses_unread and not interrupted:
        lines.append(_("X.500 addresses were not looked for, as that means to read every header. Run it with --full."))
    if one.damaged:
        lines.append(plural("{n} item cannot be read", "{n} items cannot be read", one.damaged))
    if one.problems:
        lines.append(plural("{n} problem:", "{n} problems:", len(one.problems)))
    return lines


def _counted(nature: Nature, count: int) -> str:
    """So many items that are no mail, for people."""
    return {
        Nature.APPOINTMENT: lambda: plural("{n} appointment", "{n} appointments", count),
        Nature.CONTACT: lambda: plural("{n} contact", "{n} contacts", count),
        Nature.TASK: lambda: plural("{n} task", "{n} tasks", count),
        Nature.NOTE: lambda: plural("{n} note", "{n} notes", count),
        Nature.LIST: lambda: plural("{n} distribution list", "{n} distribution lists", count),
    }.get(nature, lambda: plural("{n} other item", "{n} other items", count))()

"""``bascule archive export`` and ``bascule archive salvage``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from connectors.archives.contract import NotAnArchive
from connectors.archives.kinds import open_archive
from connectors.language import _, number, plural, spoken
from migrate.archives.export import PERSONAL, Export, Exported
from migrate.archives.forms import Changed
from migrate.archives.journal import BrokenJournal
from migrate.archives.manifest import ForeignFolder, Origin
from migrate.archives.personal import Reported
from migrate.cli.archive_files import (
    Working,
    address_lines,
    addresses_options,
    disks_told,
    fill_template,
    reading_with,
    shown,
)  # fmt: skip
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Trouble
from migrate.figures import size_text, typed

_C = TypeVar("_C", bound=Callable[..., object])


def _options(command: _C) -> _C:
    """What both commands take."""
    command = addresses_options(json_option(command))
    command = click.option(
        "--as",
        "form",
        type=click.Choice(["eml", "mbox", "maildir"]),
        default="eml",
        help="A file a message (eml, unless given), an mbox a folder, or a Maildir.",
    )(command)
    to = click.Path(file_okay=False, path_type=Path)
    command = click.option("--to", type=to, required=True, help="A folder that is empty or does not exist yet.")(
        command
    )
    return click.argument("path", type=click.Path(path_type=Path))(command)


@click.command()
@_options
def export(path: Path, to: Path, form: str, addresses: Path | None, template: Path | None, to_json: bool) -> None:
    """How do I get the mail out as files?  Writes every message, with folders and dates, and counts them.

    items.jsonl beside the mail tells flags, categories and the sha256 of each message; calendars and contacts become
    .ics and .vcf files with a guide. Run again it continues, and nothing is written twice.

    \b
    Example:  bascule archive export outlook.pst --to /media/usb/anna --as maildir
    """
    sys.exit(_export(path, to, form, addresses, template, to_json=to_json, salvage=False))


@click.command()
@_options
def salvage(path: Path, to: Path, form: str, addresses: Path | None, template: Path | None, to_json: bool) -> None:
    """What can be saved of a damaged archive?  Searches the whole file, and writes what it finds as export does.

    Messages that their person deleted may come back. What was found by the search is marked in items.jsonl.

    \b
    Example:  bascule archive salvage damaged.pst --to /media/usb/anna-salvaged
    """
    sys.exit(_export(path, to, form, addresses, template, to_json=to_json, salvage=True))


def _export(
    path: Path, to: Path, form: str, addresses: Path | None, template: Path | None, *, to_json: bool, salvage: bool
) -> Exit:
    working = Working(terminal(stderr=True))
    stopping = _("Stopping after the message in hand.")
    with interruptible(terminal(stderr=True), stopping) as halt, reading_with(addresses, salvage=salvage) as reading:

        def told(messages: int, size: int) -> None:
            working.say(lambda: _said(messages, size))

        with _told(path), disks_told(to.absolute(), path), working.shown():
            archive = open_archive(path, reading)
            try:
                origin = Origin.of(archive, path, form, salvage=salvage)
                made = Export(archive, origin, to.absolute(), halt.stop, spoken(), told, reading).run()
            finally:
                archive.close()
    unknown = dict(made.unknown)
    added = fill_template(template, unknown, spoken())
    code = Exit.INTERRUPTED if not made.complete else Exit.PARTIAL if made.reported else Exit.OK
    if to_json:
        shape = {"exit_code": int(code), "folder": str(to), **origin.told(), **made.as_json()}
        shape["unknown_addresses"] = dict(sorted(unknown.items()))
        print_json(shape)
    else:
        hint = _("For a table to fill in: bascule archive inspect {path} --template x500.csv")
        lines = address_lines(len(unknown), template, added, hint.format(path=shown(typed(path))))
        _show(made, to, lines, salvage=salvage)
    return code


def _said(messages: int, size: int) -> str:
    count = plural("{n} message", "{n} messages", messages)
    return f"{count}, {size_text(size)}"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What is wrong with the archive or the folder, as a :class:`Trouble`."""
    try:
        yield
    except NotAnArchive as error:
        text = shown(error)
        if error.salvageable:
            hint = _("A search of the whole file may find mail: bascule archive salvage {path} --to FOLDER")
            text = f"{text} {hint.format(path=shown(typed(path)))}"
        raise Trouble(text) from error
    except ForeignFolder as error:
        raise Trouble(str(error)) from error
    except (Changed, BrokenJournal) as error:
        what = _("{file} was changed since it was exported. Export into a new folder.")
        raise Trouble(what.format(file=error)) from error


def _show(made: Exported, to: Path, addresses: Sequence[str], *, salvage: bool) -> None:
    console = terminal()
    show_line(console, _sum(made), "bold")
    new = plural("{n} message was written now.", "{n} messages were written now.", made.written)
    if made.written != made.exported:
        show_line(console, new)
    if salvage and not made.salvaged:
        show_line(console, _("The search found no more than the file itself tells."))
    elif salvage:
        show_line(
            console,
            plural(
                "{n} message was found by the search; it is marked in items.jsonl.",
                "{n} messages were found by the search; they are marked in items.jsonl.",
                made.salvaged,
            ),
        )
        show_line(
            console, _("Messages that their person deleted may have come back: have them looked through."), "yellow"
        )
    if made.personal.files:
        text = _("Calendars and contacts with a guide to import them: {folder}")
        show_line(console, text.format(folder=to / PERSONAL))
    for line in _reported(made.reported):
        show_line(console, line, "yellow")
    for line in addresses:
        show_line(console, line)
    show_line(console, _("Written to {folder}; manifest.json there has the counts.").format(folder=to))
    if not made.complete:
        show_line(console, _("Interrupted. The same command continues where this one stopped."))


def _sum(made: Exported) -> str:
    """What must add up."""
    parts = [
        (made.exported, _("exported")),
        (made.in_personal_files, _("in calendar and contact files")),
        (len(made.reported), _("reported")),
    ]
    shown = " + ".join(f"{number(count)} {word}" for count, word in parts if count) or "0"
    if not made.complete:
        return shown
    return _("{items} items = {parts}").format(items=number(made.items), parts=shown)


def _reported(reported: list[Reported]) -> list[str]:
    """One line for each reason; JSON and the manifest name the items."""
    counts = Counter((one.code, one.nature.value) for one in reported)
    messages = {one.code: str(one.message) for one in reported}
    return [
        f"  {number(count)} {nature}  {code}  {shown(messages[code])}"
        for (code, nature), count in sorted(counts.items())
    ]

"""``bascule people``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import plans
from connectors.language import LANGUAGES, _, labelled, plural, spoken
from connectors.os_errors import os_error_text
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_site, json_option, site_argument
from migrate.cli.organisation import Place, Trouble
from plans import PlanError
from plans.csv_writing import replace, write_new
from plans.exports import FORMATS, Export, Found, NotAnExport, read_export
from plans.people import COLUMNS
from plans.people_file import Merge, NoPeopleFile, addresses_elsewhere, merged, people_file, template, with_people


@click.group()
def people() -> None:
    """Who is at a site?  Makes and fills its people file."""


@people.command("template")
@click.argument("site", required=False, shell_complete=complete_site)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the headings; the organisation's unless given.")
@click.pass_obj
def write_template(place: Place, site: str | None, language: str | None) -> None:
    """What does a people file look like?  Writes an empty one with all headings.

    With SITE it becomes that site's people file, unless there is one; without, it is printed.

    \b
    Examples:  bascule people template lyon
               bascule people template --language fr > people.csv
    """
    language = language or plans.language_of(place.folder) or spoken()
    if site is None:
        click.echo(template(language), nl=False)
        return
    path = _path(place, site)
    if path.exists():
        raise Trouble(_("{file} is there already, and nothing was changed.").format(file=_shown(place, path)))
    _write(path, template(language))
    click.echo(_("Written: {file}. Fill in one person a line.").format(file=_shown(place, path)))


@people.command("import")
@site_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--from",
    "from_",
    type=click.Choice(list(FORMATS)),
    metavar="FORMAT",
    help="Such as google, microsoft365, zimbra or ldif; recognised unless given.",
)
@click.option("--merge", is_flag=True, help="Add who is new to a people file that is there; its lines stay.")
@json_option
@click.pass_obj
def import_(place: Place, site: str, file: Path, from_: str | None, merge: bool, to_json: bool) -> None:
    """Who is in this export of a hoster or directory?  Writes them into the site's people file.

    A people file that is there is never changed without --merge, and its lines never at all.  People of other sites
    are left out.

    \b
    Example:  bascule people import lyon export.csv
              bascule people import lyon export.csv --from google --merge
    """
    path = _path(place, site)
    language = plans.language_of(place.folder) or spoken()
    try:
        export = read_export(file.read_bytes(), from_)
    except NotAnExport as error:
        raise Trouble(labelled(str(file), str(error))) from None
    except OSError as error:
        raise Trouble(_("{file} cannot be read: {why}.").format(file=file, why=os_error_text(error))) from None
    elsewhere = addresses_elsewhere(place.folder, site)
    here = [one for one in export.people if one.address.lower() not in elsewhere]
    others = {one.address: elsewhere[one.address.lower()] for one in export.people if one.address.lower() in elsewhere}
    before = path.read_bytes() if path.exists() else None
    change = _change(before, _shown(place, path), here, language)
    written = (before is None or merge) and bool(change.added)
    if written:
        if before is not None and path.read_bytes() != before:
            message = _("{file} was changed meanwhile, and was left as it is. Run the command again.")
            raise Trouble(message.format(file=_shown(place, path)))
        _write(path, change.data)
    code = Exit.OK if written or not change.added else Exit.USAGE
    if to_json:
        told = _as_json(export, change, others, _shown(place, path), written=written, code=code)
        print_json(told)
    else:
        _show(terminal(), export, change, others, _shown(place, path), written=written)
    sys.exit(code)


def _path(place: Place, site: str) -> Path:
    try:
        return people_file(place.folder, site)
    except NoPeopleFile as error:
        raise Trouble(str(error)) from None


def _change(before: bytes | None, file: str, found: Sequence[Found], language: str) -> Merge:
    if before is None:
        return Merge(with_people(found, language), found, (), (), ())
    try:
        return merged(before, file, found, language)
    except PlanError as error:
        raise Trouble(_("The people file must be right before anybody is added:") + f"\n{error}") from None


def _write(path: Path, data: bytes) -> None:
    try:
        if path.exists():
            replace(path, data)
        else:
            write_new(path, data)
    except OSError as error:
        raise Trouble(_("{file} cannot be written: {why}.").format(file=path, why=os_error_text(error))) from None


def _shown(place: Place, path: Path) -> str:
    return Path(os.path.relpath(path, place.folder)).as_posix()


def _as_json(
    export: Export, change: Merge, others: dict[str, str], file: str, *, written: bool, code: Exit
) -> dict[str, object]:
    return {
        "exit_code": int(code),
        "file": file,
        "written": written,
        "format": export.format.key,
        "added": [
            {
                "address": one.address,
                "name": one.name,
                "aliases": list(one.aliases),
                "groups": list(one.groups),
                "licence": one.licence,
                "shared": one.shared,
                "blocked": one.blocked,
            }
            for one in change.added
        ],
        "kept": list(change.kept),
        "in_other_sites": others,
        "not_in_export": list(change.not_in_export),
        "passed_over": [{"line": one.line, "why": one.why} for one in export.passed_over],
        "ignored_columns": list(export.ignored),
        "columns_lacking": list(change.lacking),
        "notes": list(export.notes),
    }


def _show(console: Console, export: Export, change: Merge, others: dict[str, str], file: str, *, written: bool) -> None:
    say = partial(show_line, console)

    say(_("Read as: {format}.").format(format=_(export.format.title)))
    if change.added:
        _show_people(console, change.added)
    if change.kept:
        say(plural("{n} person is in the file already; the line stays as it is.",
                   "{n} people are in the file already; their lines stay as they are.", len(change.kept)))  # fmt: skip
    for address, site in others.items():
        say(_("{address} is left out: a person of the site {site}.").format(address=address, site=site))
    for address in change.not_in_export:
        say(_("{address} is in the file and not in the export; the line stays.").format(address=address), "yellow")
    for one in export.passed_over:
        say(_("Line {line} of the export is passed over: {why}.").format(line=one.line, why=one.why))
    blocked = [one.address for one in change.added if one.blocked]
    if blocked:
        message = _(
            "Switched off in the export, and taken all the same: {addresses}. Take out whose mail stays behind."
        )
        say(message.format(addresses=", ".join(blocked)), "yellow")
    if export.ignored:
        say(_("Columns that were not used: {columns}.").format(columns=", ".join(export.ignored)))
    if change.lacking:
        message = _("{file} has no columns for: {columns}. Add the headings, and fill these in by hand.")
        headings = ", ".join(COLUMNS[name].written(spoken()) for name in change.lacking)
        say(message.format(file=file, columns=headings), "yellow")
    for note in export.notes:
        say(note, "yellow")
    say(_outcome(change, file, written=written), "bold")


def _show_people(console: Console, added: Sequence[Found]) -> None:
    headings = (_("address"), _("name"), _("aliases"), _("groups"), _("licence"), _("shared"))
    columns = list(zip(*(_columns(one) for one in added), strict=True))
    shown = [index for index, column in enumerate(columns) if any(column)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index in shown:
        table.add_column(headings[index], overflow="fold")
    for row in zip(*(columns[index] for index in shown), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _columns(one: Found) -> tuple[str, ...]:
    shared = _("yes") if one.shared else ""
    return one.address, one.name, ", ".join(one.aliases), ", ".join(one.groups), one.licence, shared


def _outcome(change: Merge, file: str, *, written: bool) -> str:
    number = len(change.added)
    if not number:
        return _("Nobody is new; {file} stays as it is.").format(file=file)
    if written:
        told = plural("{n} person written.", "{n} people written.", number)
        return _("{file}: {written}").format(file=file, written=told)
    unchanged = _("{file} is there already, and nothing was changed.").format(file=file)
    advice = plural("With --merge {n} person is added.", "With --merge {n} people are added.", number)
    return f"{unchanged} {advice}"

"""``bascule advise``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.files import write_whole
from migrate.cli.advise_asking import ask
from migrate.cli.advise_results import show
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.engine.remembered import Remembered
from plans import PlanError
from plans.choice import CHOICE_FILE, OPTIONS, Choice, read_choice
from runbooks.choice_facts import ChoiceFacts

if TYPE_CHECKING:
    from migrate.documents.making import Form

_FORMS: Mapping[str, Form] = {".md": "md", ".html": "html", ".pdf": "pdf", ".docx": "docx", ".odt": "odt"}


@click.command()
@click.option("--ask", "again", is_flag=True, help="Ask everything again; Enter keeps an answer.")
@click.option(
    "--out",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the note: .md, .html, .pdf, .docx or .odt; may be given again.",
)
@json_option
@click.pass_obj
def advise(place: Place, again: bool, files: tuple[Path, ...], to_json: bool) -> None:
    """Where should the mail go?  Google Workspace, Microsoft 365 and an open-source server side by side, for you.

    On a terminal it asks a dozen questions, once, and keeps the answers in choice.yaml, where prices are written by
    hand. It asks no server: sizes come from bascule estimate. Where nothing decides, it names no winner.

    \b
    Example:  bascule advise --out choice.pdf
    """
    for file in files:
        if file.suffix.lower() not in _FORMS:
            text = _("{file}: the note can be written as {forms}; give the file one of these endings.")
            raise Trouble(text.format(file=file, forms=", ".join(_FORMS)))
    place.load()
    try:
        choice = read_choice(place.folder)
        asks = not to_json and sys.stdin.isatty() and sys.stdout.isatty()
        if again and not asks:
            raise Trouble(_("There is no terminal to ask on: write your answers into choice.yaml."))
        if asks:
            choice = ask(place.folder, choice, again=again)
    except PlanError as error:
        raise Trouble(str(error)) from error
    facts = _note(place, choice or Choice())
    for file in files:
        _write(place, file, facts)
    if to_json:
        told = {"exit_code": int(Exit.OK), **facts.model_dump(mode="json")}
        print_json(told)
        return
    show(terminal(), facts)
    if choice is None:
        click.echo(_("There is no {file} yet: bascule advise asks on a terminal.").format(file=CHOICE_FILE))
    for file in files:
        click.echo(_("Written: {file}").format(file=file))


def _note(place: Place, choice: Choice) -> ChoiceFacts:
    from migrate.choice.gathering import duration_of, gather  # loads every connector that it compares
    from migrate.choice.note import note_of

    organisation = place.load()
    now = datetime.now(organisation.time_zone).replace(microsecond=0)
    with closing(Remembered(place.ledger_file)) as remembered:
        known = gather(organisation, remembered, now)
        durations = {code: duration_of(code, organisation, known, remembered, now) for code in OPTIONS}
    return note_of(organisation, choice, known, durations, now)


def _write(place: Place, file: Path, facts: ChoiceFacts) -> None:
    from migrate.cli.runbook_whom import telling  # templates and formats, which the table does not need
    from migrate.documents.making import TEMPLATES, WRITERS
    from runbooks.choice import document_of
    from runbooks.templating import Templates

    with telling():
        document = document_of(facts, Templates(facts.language, place.folder / TEMPLATES))
        made = WRITERS[_FORMS[file.suffix.lower()]](document)
    try:
        write_whole(file, made)
    except OSError as error:
        text = _("{file} cannot be written: {why}.")
        raise Trouble(text.format(file=file, why=os_error_text(error))) from error

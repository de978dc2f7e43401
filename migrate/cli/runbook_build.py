"""``bascule runbook build``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, cast

import click

from connectors.language import _, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.runbook_whom import chosen, complete_whom, gathered, kind_named, kinds_of, language_of, shown
from migrate.documents.gathering import Language, Subject
from migrate.documents.making import WRITERS, Desk, Form, Made
from plans import Organisation
from runbooks.catalogue import Kind
from runbooks.document_facts import Change


def _forms(_context: click.Context, _parameter: click.Parameter, text: str) -> list[Form]:
    named = [one.strip().lower() for one in text.split(",") if one.strip()]
    for one in named:
        if one not in WRITERS:
            raise Trouble(_('There is no form "{form}". Forms: {known}.').format(form=one, known=", ".join(WRITERS)))
    if not named:
        raise Trouble(_("Name at least one form: {known}.").format(known=", ".join(WRITERS)))
    return cast("list[Form]", list(dict.fromkeys(named)))


@click.command()
@click.argument("names", nargs=-1, metavar="[SITE|DOMAIN]...", shell_complete=complete_whom)
@click.option("--document", "documents", multiple=True, metavar="CODE", help="Only this one; may be given again.")
@click.option(
    "--form",
    "forms",
    default="md,html",
    show_default=True,
    metavar="md,html,pdf,docx,odt",
    callback=_forms,
    help="Forms, separated by commas; the text (md) is always written, because it is what is signed.",
)
@click.option("--language", type=click.Choice(["fr", "en"]), help="The site's own unless given.")
@json_option
@click.pass_obj
def build(
    place: Place,
    names: tuple[str, ...],
    documents: tuple[str, ...],
    forms: list[Form],
    language: Language | None,
    to_json: bool,
) -> None:
    """What do people follow?  Writes the documents, and shows what changed since they were signed.

    Into documents/SITE, documents/DOMAIN and, for those of the whole organisation, documents. Without SITE or DOMAIN,
    all of them. A file that somebody edited is kept beside the new one; what has to stay belongs into
    runbooks/notes/SITE. Asks no server.

    \b
    Example:  bascule runbook build lyon
              bascule runbook build lyon --document runbook --form html,pdf
              bascule runbook build organisation --language en
    """
    organisation = place.load()
    subjects = chosen(organisation, names)
    wanted = _wanted(subjects, documents)
    told: list[dict[str, Any]] = []
    console = terminal()
    interrupted = False
    stopping = _("Stopping after the document in hand.")
    with gathered(place, organisation) as facts, interruptible(terminal(stderr=True), stopping) as halt:
        for one in subjects:
            at = Desk(facts, one, language or language_of(organisation, one))
            for kind in _kinds(at, wanted[one], documents):
                if halt.stop.is_set():
                    interrupted = True
                    break
                made = at.make(kind, forms)
                told.append(_as_json(organisation, one, made, at))
                if not to_json:
                    _show(console, one, made)
            if interrupted:
                break
            at.tidy()
    code = Exit.INTERRUPTED if interrupted else Exit.OK
    if to_json:
        print_json({"exit_code": int(code), "documents": told})
    elif interrupted:
        click.echo(_("Interrupted: the documents above are whole. The same command writes the others."))
    else:
        folder = place.folder / "documents"
        count = plural("{n} document", "{n} documents", len(told))
        show_line(console, _("Written: {what}, in {folder}").format(what=count, folder=folder))
    sys.exit(code)


def _wanted(subjects: Sequence[Subject], documents: Sequence[str]) -> dict[Subject, list[Kind]]:
    """Raises :class:`Trouble` for a document that none of them has."""
    everything = list(dict.fromkeys(kind for one in subjects for kind in kinds_of(one)))
    named = {kind_named(code, everything) for code in documents}
    return {one: [kind for kind in kinds_of(one) if not named or kind in named] for one in subjects}


def _kinds(at: Desk, wanted: Sequence[Kind], documents: Sequence[str]) -> Iterator[Kind]:
    """A guide for a program that nobody uses is written only when it is asked for."""
    own = at.kinds()
    yield from (kind for kind in wanted if documents or kind in own)


def _as_json(organisation: Organisation, one: Subject, made: Made, at: Desk) -> dict[str, Any]:
    folder = at.records.folder.relative_to(organisation.folder)
    return {
        "document": made.built.document,
        "subject": one.name,
        "language": made.built.language,
        "plan": made.built.plan_hash,
        "at": made.built.at.isoformat(timespec="seconds"),
        "files": [(folder / name).as_posix() for name in made.files],
        "set_aside": [(folder / name).as_posix() for name in made.set_aside],
        "signed": None if made.signed is None else made.signed.version,
        "changes": [change_as_json(change) for change in made.changes],
    }


def change_as_json(change: Change) -> dict[str, str]:
    return {"fact": change.fact, "was": change.was, "now": change.now}


def change_text(change: Change) -> str:
    if not change.was and not change.now:
        return change.title
    return _("{what}: {was}, now {now}").format(what=change.title, was=change.was or "…", now=change.now or "…")


def _show(console: Any, one: Subject, made: Made) -> None:
    show_line(console, f"✓ {shown(one, made.built.document)}", "green")
    for name in made.set_aside:
        show_line(
            console,
            "  " + _("What was there is not what was built last; it is now {file}.").format(file=name),
            "yellow",
        )
    if made.signed is not None and made.changes:
        text = _("Since {name} signed version {n}:")
        show_line(console, "  " + text.format(name=made.signed.by, n=made.signed.version), "yellow")
        for change in made.changes:
            show_line(console, f"    {change_text(change)}")

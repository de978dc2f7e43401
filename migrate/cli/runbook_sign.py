"""``bascule runbook sign``."""

from __future__ import annotations

import click

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import name_of
from migrate.cli.runbook_whom import (
    complete_document,
    gathered,
    kind_named,
    kinds_of,
    language_of,
    shown,
    subject,
)
from migrate.documents.gathering import Language, Subject
from migrate.documents.making import Desk
from migrate.documents.signing import Changed
from migrate.documents.signing import sign as put
from plans import Organisation
from runbooks.catalogue import Kind


@click.command()
@click.argument("document", metavar="SITE/DOCUMENT", shell_complete=complete_document)
@click.option("--by", required=True, metavar="NAME", help="Who signs: it is kept on the record for good.")
@click.option("--note", metavar="TEXT", help="With what reserve, or where the paper lies.")
@click.option(
    "--language", type=click.Choice(["fr", "en"]), help="Which of two was signed; the site's own unless given."
)
@json_option
@click.pass_obj
def sign(place: Place, document: str, by: str, note: str | None, language: Language | None, to_json: bool) -> None:
    """Who agreed to this version?  Keeps name, time and digest on the record, and a copy of the text.

    What is signed is the text as it was built last. From then on bascule runbook build shows at its top what changed
    since.

    \b
    Example:  bascule runbook sign lyon/scope-note --by "Claire M."
              bascule runbook sign organisation/gdpr --by "Karim B." --note "with one reserve, see the paper"
    """
    organisation = place.load()
    one, kind = _whose(organisation, document)
    who = name_of(by)
    with gathered(place, organisation) as facts:
        at = Desk(facts, one, language or language_of(organisation, one))
        built = at.records.of(kind, at.language)
        if built is None:
            text = _("{document} was not built yet. Build it, read it, then sign it: bascule runbook build {subject}")
            raise Trouble(text.format(document=shown(one, kind.code), subject=one.name))
        try:
            signature = put(facts, at.records, one, built, who, note)
        except Changed as error:
            text = _(
                "{file} is not the text that was built: nothing was signed. Build it again: runbook build {subject}"
            )
            raise Trouble(text.format(file=at.records.folder / error.file, subject=one.name)) from error
    if to_json:
        told = {
            "exit_code": int(Exit.OK),
            "document": kind.code,
            "subject": one.name,
            "language": built.language,
            "version": signature.version,
            "by": signature.by,
            "at": signature.at.isoformat(timespec="seconds"),
            "digest": signature.digest,
        }
        print_json(told)
        return
    text = _("{name} signed version {n} of {document}. SHA-256 of its text: {digest}")
    show_line(
        terminal(),
        text.format(name=who, n=signature.version, document=shown(one, kind.code), digest=signature.digest),
    )


def _whose(organisation: Organisation, document: str) -> tuple[Subject, Kind]:
    """Raises :class:`Trouble`."""
    name, slash, code = document.partition("/")
    if not slash:
        text = _("Name the document with whose it is, such as lyon/runbook; bascule runbook status shows them.")
        raise Trouble(text)
    one = subject(organisation, name)
    return one, kind_named(code, kinds_of(one))

"""``bascule init``."""

from __future__ import annotations

import sys
from typing import cast

import click

from connectors.language import _, speak, spoken
from migrate.cli.organisation import Place, Trouble
from migrate.figures import typed
from plans.site_checks import ORGANISATION_FILE
from plans.template import Answers, Language, NotWritten, fault_of, write_organisation


@click.command()
@click.option("--name", help="The organisation's name.")
@click.option("--site", help="The first site, in one word; the pilot.")
@click.option("--language", type=click.Choice(["fr", "en"]), help="The language of the plan's comments and of reports.")
@click.option("--time-zone", help="The organisation's time zone, such as Europe/Paris.")
@click.option("--domain", help="The mail domain, such as company.example.")
@click.option("--source-host", help="The IMAP server to leave.")
@click.option("--target-host", help="The IMAP server to go to.")
@click.option("--schemas", is_flag=True, help="Write JSON Schemas too, for editors that know them.")
@click.pass_obj
def init(
    place: Place,
    name: str | None,
    site: str | None,
    language: str | None,
    time_zone: str | None,
    domain: str | None,
    source_host: str | None,
    target_host: str | None,
    schemas: bool,
) -> None:
    """How do I begin?  Makes an organisation's folder: a commented plan, a people file and a passwords file to fill in.

    On a terminal it asks for what the options do not say.

    \b
    Example:  bascule -C meridional init
              bascule -C meridional init --name Méridional --site paris --language fr
    """
    asks = (name is None or site is None) and _on_a_terminal()
    if not asks and (name is None or site is None):
        raise Trouble(_("Without a terminal to ask on, --name and --site are needed."))
    if asks and (place.folder / ORGANISATION_FILE).exists():
        raise Trouble(_("{file} is there already.").format(file=place.folder / ORGANISATION_FILE))
    if asks and language is None:
        language = _ask("Language of the plan / langue du plan", spoken(), choice=("fr", "en"))
    spoken_in = cast("Language", language or spoken())
    speak(spoken_in)
    given = {
        "name": name, "site": site, "time_zone": time_zone, "domain": domain,
        "source_host": source_host, "target_host": target_host,
    }  # fmt: skip
    known = {question: answer for question, answer in given.items() if answer is not None}
    answers = Answers.defaults(spoken_in, **(_asked(spoken_in, known) if asks else known))
    try:
        written = write_organisation(place.folder, answers, schemas=schemas)
    except NotWritten as error:
        raise Trouble(str(error)) from error
    click.echo(_("Written:"))
    for path in written:
        click.echo(f"  {path}")
    command = f"bascule -C {typed(place.folder)} plan check"
    click.echo(_("Fill them in that order, then: {command}").format(command=command))


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _asked(language: Language, known: dict[str, str]) -> dict[str, str]:
    """The answers of the person at the terminal; what is known already is not asked for."""
    defaults = Answers.defaults(language)
    click.echo(_("Enter takes what stands in brackets; everything can be changed in the files later."))
    questions = {
        "name": _("Name of the organisation"),
        "site": _("The first site, in one word"),
        "time_zone": _("Time zone"),
        "domain": _("Mail domain, what stands after the @"),
        "source_host": _("IMAP server to leave"),
        "target_host": _("IMAP server to go to"),
    }
    answers = dict(known)
    for key, question in questions.items():
        while key not in answers:
            answer = _ask(question, getattr(defaults, key))
            if fault := fault_of(key, answer):
                click.echo(fault, err=True)
            else:
                answers[key] = answer
    return answers


def _ask(question: str, default: str, choice: tuple[str, ...] = ()) -> str:
    kind = click.Choice(choice) if choice else str
    answer = click.prompt(question, default=default or None, type=kind, show_choices=bool(choice))
    return str(answer).strip()

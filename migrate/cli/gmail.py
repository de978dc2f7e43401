"""``bascule gmail``."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime

import click

from connectors.google_workspace.personal import ask_for_leave, read_client
from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.engine.private_gmail import Leave, keep_leave
from plans import Organisation, Person, Site
from plans.secrets import resolve


@click.group()
def gmail() -> None:
    """Do people agree that their private Gmail is read?  They say so themselves, before anything is read."""


@gmail.command()
@click.argument("person")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening the browser of this machine.")
@json_option
@click.pass_obj
def authorise(place: Place, person: str, no_browser: bool, to_json: bool) -> None:
    """Does PERSON agree that their private mail is read?  They say so by signing in.

    The browser shows Google's own page, which says what is asked for: to read mail, and nothing else. What is kept is a
    token in secrets/gmail, readable by you only, with the time. The person can take it back at any moment, at
    https://myaccount.google.com/connections.

    \b
    Example:  bascule gmail authorise anna@example.org
    """
    organisation = place.load()
    site, found = _person(organisation, person)
    plan = site.personal_gmail
    if found.gmail is None:
        told = _("{person} has no private Gmail account in the people file: fill in its column gmail.")
        raise Trouble(told.format(person=person))
    if plan is None or plan.client is None:
        told = _("The plan of {site} names no desktop application: write personal_gmail: {{client: file:...}} there.")
        raise Trouble(told.format(site=site.name))
    client = read_client(resolve(plan.client, organisation.folder))
    try:
        with redirect_stdout(sys.stderr):
            token = ask_for_leave(client, found.gmail, open_browser=not no_browser)
    except KeyboardInterrupt:
        raise Trouble(_("Stopped: nothing was kept."), Exit.INTERRUPTED) from None
    leave = Leave(found.gmail, datetime.now(UTC), token)
    path = keep_leave(organisation.folder, leave)
    if to_json:
        kept = {
            "address": leave.address,
            "given_at": leave.given_at.isoformat(timespec="seconds"),
            "kept_in": str(path),
        }
        print_json(kept)
        return
    click.echo(_("{address} agreed. The next copy of {site} reads it.").format(address=leave.address, site=site.name))


def _person(organisation: Organisation, wanted: str) -> tuple[Site, Person]:
    for site in organisation.sites.values():
        for person in site.people:
            if wanted.lower() in (person.address.lower(), person.mailbox.lower(), (person.gmail or "").lower()):
                return site, person
    told = _("There is nobody called {person} in the people files. Write the mail address.")
    raise Trouble(told.format(person=wanted), Exit.USAGE)

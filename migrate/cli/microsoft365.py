"""``bascule microsoft365``."""

from __future__ import annotations

import sys

import click

from connectors.errors import Stopped
from connectors.language import _
from connectors.microsoft365.access import Access, DeviceCode, access_of
from connectors.microsoft365.grants import full_access, imap_on, register
from connectors.microsoft365.settings import Microsoft365Settings
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import choose
from plans import Organisation


@click.group()
def microsoft365() -> None:
    """Let Bascule into a Microsoft 365 tenant: sign in by code, or the lines that let an app open mailboxes."""


@microsoft365.command("sign-in")
@click.argument("system")
@json_option
@click.pass_obj
def sign_in(place: Place, system: str, to_json: bool) -> None:
    """How does SYSTEM let us in without a secret or a certificate?  By a code that somebody enters.

    Shows a code to enter in a browser on any device, as the person whose mailbox it is or as somebody with full access
    to all of them.  It is remembered in a file that only you can read; run it again for each further person.

    \b
    Example:  bascule microsoft365 sign-in m365
    """
    settings = _settings(place.load(), system)
    if settings.app_only:
        message = _('The system "{name}" signs in as an application; nobody has to sign in by code.')
        raise Trouble(message.format(name=system))
    access = access_of(settings)
    with interruptible(terminal(stderr=True), _("Stopping: nobody was signed in.")) as halt:
        try:
            person = access.sign_in(_show, halt.stop)
        except Stopped:
            sys.exit(Exit.INTERRUPTED)
    _told(access, person, to_json)


def _told(access: Access, person: str, to_json: bool) -> None:
    if to_json:
        told = {"exit_code": int(Exit.OK), "signed_in": person, "remembered": access.people()}
        print_json(told)
    else:
        click.echo(_("Signed in as {person}.").format(person=person or "-"))


@microsoft365.command()
@site_argument
@mailbox_option
@click.option("--for", "opener", help="Object ID of the app under Enterprise applications, or who signed in by code.")
@json_option
@click.pass_obj
def grants(place: Place, site: str, mailboxes: tuple[str, ...], opener: str | None, to_json: bool) -> None:
    """What lets the app open the mailboxes of SITE?  Writes the lines of PowerShell; runs nothing.

    For the tenant's administrator, in Exchange Online PowerShell after Connect-ExchangeOnline.  Without --for
    they ask Entra for it, which takes the module Microsoft.Graph.

    \b
    Example:  bascule microsoft365 grants lyon > grants.ps1
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    if isinstance(organisation.systems[plan.source].settings, Microsoft365Settings):
        settings, users = _settings(organisation, plan.source), [person.source_user for person in people]
    else:
        settings, users = _settings(organisation, plan.target), [person.target_user for person in people]
    lines = _lines(settings, users, opener)
    if to_json:
        print_json({"exit_code": int(Exit.OK), "lines": lines})
    else:
        click.echo("\n".join(lines))


def _lines(settings: Microsoft365Settings, users: list[str], opener: str | None) -> list[str]:
    """A script; for an app whose object ID is not given it looks that up itself."""
    lines = ["Connect-ExchangeOnline"]
    if settings.app_only:
        if opener is None:
            opener = "$app.Id"
            lines += [
                "Connect-MgGraph -Scopes Application.Read.All",
                f"$app = Get-MgServicePrincipal -Filter \"appId eq '{settings.client_id}'\"",
            ]
        lines.append(register(settings.client_id, opener))
    elif opener is None:
        raise Trouble(_("Say who signed in by code, and is to open the mailboxes: --for ADDRESS"))
    for user in users:
        lines += [full_access(user, opener), imap_on(user)]
    return lines


def _settings(organisation: Organisation, name: str) -> Microsoft365Settings:
    system = organisation.systems.get(name)
    if system is None:
        known = ", ".join(sorted(organisation.systems)) or _("none yet")
        raise Trouble(_('There is no system "{name}" in the plan. Systems: {known}.').format(name=name, known=known))
    if not isinstance(system.settings, Microsoft365Settings):
        message = _('The system "{name}" is no Microsoft 365 tenant but of the kind {kind}.')
        raise Trouble(message.format(name=name, kind=system.connector))
    return system.settings


def _show(code: DeviceCode) -> None:
    text = _("Within {minutes} minutes, open {address} in a browser, on any device, and enter the code {code}")
    show_line(terminal(stderr=True), text.format(minutes=code.minutes, address=code.address, code=code.code))

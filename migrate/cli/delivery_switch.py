"""``bascule delivery on`` and ``bascule delivery off``."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from connectors.language import _, plural
from migrate.cli.lines import print_json
from migrate.cli.options import json_option, mailbox_option, moment_of, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, name_of
from migrate.cli.running import choose
from migrate.ledger import deliveries
from migrate.ledger import mailboxes as rows
from migrate.ledger.holder import check_standing, read_held, standing

_C = TypeVar("_C", bound=Callable[..., object])


def _options(command: _C) -> _C:
    return click.option(
        "--at",
        "when",
        metavar="TIME",
        help="Since when, such as 2027-02-01T09:00, on the site's clocks; now unless given.",
    )(by_option(command))


@click.command()
@site_argument
@mailbox_option
@_options
@json_option
@click.pass_obj
def on(place: Place, site: str, mailboxes: tuple[str, ...], when: str | None, by: str | None, to_json: bool) -> None:
    """Has dual delivery been switched on?  Notes since when, and changes no server.

    From then on a copy never brings again what arrived in the new mailbox by itself. Run it when the recipe's steps
    are done, or give the time at which they were. If in doubt, name an earlier time.

    \b
    Example:  bascule delivery on paris
              bascule delivery on paris --at 2027-02-01T09:00 --by Karim
    """
    _switch(place, site, mailboxes, "on", when, by, to_json)


@click.command()
@site_argument
@mailbox_option
@_options
@json_option
@click.pass_obj
def off(place: Place, site: str, mailboxes: tuple[str, ...], when: str | None, by: str | None, to_json: bool) -> None:
    """Has dual delivery been switched off?  Notes since when, and changes no server.

    What comes to the source from then on is copied at once.

    \b
    Example:  bascule delivery off paris
    """
    _switch(place, site, mailboxes, "off", when, by, to_json)


def _switch(
    place: Place,
    site: str,
    mailboxes: tuple[str, ...],
    what: deliveries.What,
    when: str | None,
    by: str | None,
    to_json: bool,
) -> None:
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    now = time.time()
    at = now if when is None else moment_of(when, plan.time_zone)
    if at > now + 60:
        raise Trouble(_("{time} is still to come: say so when it has happened.").format(time=when))
    who = name_of(by)
    with place.ledger() as ledger, ledger.write() as connection:
        check_standing(standing(connection), read_held(place.state))
        for person in people:
            row = rows.get_or_create(connection, person.mailbox, plan.name)
            deliveries.switch(connection, row.id, what, at, now, who)
    shown = f"{datetime.fromtimestamp(at, plan.time_zone):%Y-%m-%d %H:%M}"
    if to_json:
        told = {
            "exit_code": 0,
            "site": plan.name,
            "dual_delivery": what,
            "at": datetime.fromtimestamp(at, UTC).isoformat(),
            "by": who,
            "mailboxes": [person.mailbox for person in people],
        }
        print_json(told)
        return
    count = plural("{n} mailbox", "{n} mailboxes", len(people))
    text = (
        _("Dual delivery is on since {time}, for {mailboxes}. Now prove it: bascule delivery probe {site}")
        if what == "on"
        else _("Dual delivery is off since {time}, for {mailboxes}. Now run: bascule copy {site}")
    )
    click.echo(text.format(time=shown, mailboxes=count, site=plan.name))

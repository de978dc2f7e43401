"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

import plans
from connectors.language import _, speak
from connectors.presets import presets
from migrate.cli.organisation import Trouble
from plans import PlanError

_C = TypeVar("_C", bound=Callable[..., object])


def json_option(command: _C) -> _C:
    """``--json``, given to the command as ``to_json``.  What programs read is English."""
    return click.option(
        "--json", "to_json", is_flag=True, is_eager=True, callback=_speak_english, help="For programs."
    )(command)


def site_argument(command: _C) -> _C:
    """``SITE``, completed by the shell from the plan."""
    return click.argument("site", shell_complete=complete_site)(command)


def mailbox_option(command: _C) -> _C:
    """``--mailbox``, given to the command as ``mailboxes``; completed by the shell from the plan."""
    return click.option(
        "--mailbox",
        "mailboxes",
        multiple=True,
        shell_complete=complete_mailbox,
        help="Only this address; may be given again.",
    )(command)


def complete_site(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of sites; none when the plan cannot be read."""
    organisation = plan_of(context)
    names = sorted(organisation.sites) if organisation else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_system(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The providers whose records are known, and the plan's systems."""
    from migrate.dns.providers import TITLES  # a table that no other command needs

    organisation = plan_of(context)
    names = [*TITLES, *sorted(organisation.systems if organisation else ())]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_system_name(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The plan's systems, and the presets."""
    organisation = plan_of(context)
    names = [*sorted(organisation.systems if organisation else ()), *presets()]
    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(incomplete)]


def complete_mailbox(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Addresses of the site's people, of everybody's when no site is named yet."""
    organisation = plan_of(context)
    if organisation is None:
        return []
    # Click cannot parse a line that ends in an option without its value, and leaves the words before it in args.
    named = context.params.get("site") or next(iter(context.args), "")
    site = organisation.sites.get(named)
    sites = [site] if site else list(organisation.sites.values())
    addresses = sorted({person.address for one in sites for person in one.people})
    return [CompletionItem(address) for address in addresses if address.lower().startswith(incomplete.lower())]


def moment_of(text: str, zone: tzinfo) -> float:
    """A time as given on the command line, on the clocks of ``zone`` unless it says its own; seconds since 1970.

    Of the hour that a clock shows twice, the first.  Raises :class:`Trouble`.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except ValueError:
        raise Trouble(_('"{time}" is no time. Write it as 2027-02-01T09:00.').format(time=text)) from None


def plan_of(context: click.Context) -> plans.Organisation | None:
    """The plan, for what the shell completes; None when it cannot be read."""
    # The shell asks while a line is being written: no command has run that could have set anything up.
    folder = context.find_root().params.get("organisation") or Path()
    try:
        return plans.load(Path(folder))
    except (PlanError, OSError):
        return None


def _speak_english(_context: click.Context, _parameter: click.Parameter, to_json: bool) -> bool:
    if to_json:
        speak("en", settle=True)
    return to_json

"""``bascule accounts diff``."""

from __future__ import annotations

import sys

import click

from connectors.language import _, labelled
from migrate.cli.accounts_site import (
    as_change,
    as_finding,
    counted,
    looked_at,
    observe_accounts,
    show_by_hand,
    show_changes,
    show_findings,
)
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, site_argument
from migrate.cli.organisation import Place
from migrate.directory.findings import Code


@click.command()
@site_argument
@json_option
@click.pass_obj
def diff(place: Place, site: str, to_json: bool) -> None:
    """What differs between the plan and the target?  Asks, and changes nothing.

    Compares accounts, names, aliases, licences, groups, members and domains of the site's people with what the target
    has. What is there and not in the plan is told, and stays.

    \b
    Example:  bascule accounts diff lyon
    """
    with looked_at(place, site, terminal(stderr=True, quiet=to_json)) as looked:
        found, directory = looked.difference, looked.directory
        differs = bool(found.changes) or any(not finding.note for finding in found.findings)
        code = Exit.PARTIAL if differs else Exit.OK
        blocked = {finding.subject for finding in found.findings if finding.code is Code.SUSPENDED}
        ready = {user: one.ready and user not in blocked for user, one in looked.found.accounts.items()}
        observe_accounts(place, looked, ready, f"bascule accounts diff {site}")
        if to_json:
            told = {
                "exit_code": int(code),
                "site": site,
                "system": looked.site.target,
                "changes": [as_change(directory, change) for change in found.changes],
                "findings": [as_finding(finding, site) for finding in found.findings],
            }
            print_json(told)
            sys.exit(code)
        console = terminal()
        if found.changes:
            show_changes(console, found.changes, directory)
        show_findings(console, found.findings, site)
        show_by_hand(console, [line for change in found.changes for line in directory.by_hand(change)])
    if differs:
        show_line(console, labelled(site, counted(found)), "bold")
        if found.changes:
            show_line(console, _("To make these changes: {command}").format(command=f"bascule accounts apply {site}"))
    else:
        show_line(console, _("{site}: nothing differs.").format(site=site), "bold")
    sys.exit(code)

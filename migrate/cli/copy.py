"""``bascule copy``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from connectors.folder_names import FolderPath
from connectors.language import _
from migrate.cli.copy_back import copy_back
from migrate.cli.dry_run import dry_run
from migrate.cli.exit_codes import Exit
from migrate.cli.handing import Handing
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.running import choose, folder_paths, run_people, scratch_ledger
from migrate.copy.run import run_pass
from migrate.engine.hours import CopyHours
from plans import Organisation, Person, Site


@click.command()
@site_argument
@click.option("--dry-run", "only_plan", is_flag=True, help="Say what would be done; write to neither side.")
@mailbox_option
@click.option(
    "--folder", "folders", multiple=True, help="Only this source folder and what lies below it; may be given again."
)
@click.option("--now", "at_once", is_flag=True, help="Do not wait for the plan's hours for copying.")
@click.option("--back", is_flag=True, help="The other way: what arrived since the switch, to the old system.")
@click.option("--since", metavar="TIME", help="With --back: from when on, such as 2027-02-09T08:00; else the switch.")
@click.option("--yes", is_flag=True, help="With --back: do not ask.")
@json_option
@click.pass_obj
def copy(
    place: Place,
    site: str,
    only_plan: bool,
    mailboxes: tuple[str, ...],
    folders: tuple[str, ...],
    at_once: bool,
    back: bool,
    since: str | None,
    yes: bool,
    to_json: bool,
) -> None:
    """What is still missing on the target?  Copies it, each message exactly once.

    Run it as often as you like: what is there already is not sent again, and what was interrupted is continued.
    Ctrl-C ends after the batches in hand; a second one cuts the connections. Nothing is lost either way.

    What archives hold beside mail is written to handover/ in the organisation's folder, with a guide to import it.

    Outside the plan's hours for copying it waits for them, unless the plan gives a daytime_limit to keep to.

    With --back it brings to the old system what arrived, or was sent, in the new one since each mailbox's switch, and
    never what came from there. It writes into the old system, asks for its name before, and does not wait for hours.

    \b
    Example:  bascule copy paris --mailbox anna@example.org
              bascule copy paris --back --dry-run
    """
    if not back and (since is not None or yes):
        raise click.UsageError(_("--since and --yes belong to --back."))
    if back and folders:
        raise click.UsageError(_("--folder does not go with --back: what was moved is known only from all folders."))
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    only_folders = folder_paths(folders)
    if back:
        sys.exit(
            copy_back(place, organisation, plan, people, since=since, only_plan=only_plan, agreed=yes, to_json=to_json)
        )
    if only_plan:
        with scratch_ledger(place) as ledger:
            code, _fine = dry_run(
                place, organisation, plan, people, ledger=ledger, only_folders=only_folders, to_json=to_json
            )
        sys.exit(code)
    hours = None if at_once else CopyHours.of(plan)
    sys.exit(_copied(place, organisation, plan, people, only_folders, hours, to_json=to_json))


def _copied(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    only_folders: tuple[FolderPath, ...],
    hours: CopyHours | None,
    *,
    to_json: bool,
) -> Exit:
    """Copy, and hand over what is no mail: of some folders alone it would be half of it."""
    handing = Handing(organisation, site)
    with place.ledger() as ledger:
        code = run_people(
            place,
            organisation,
            site,
            people,
            run_pass if only_folders else handing.run,
            ledger=ledger,
            only_folders=only_folders,
            to_json=to_json,
            hours=hours,
        )
    if not to_json:
        handing.show()
    return code

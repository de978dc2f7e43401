"""``bascule cases``: the ways in which people work with their mail, and where each was tried."""

from __future__ import annotations

import sys
from datetime import tzinfo

import click
from rich.table import Table
from rich.text import Text

from connectors.language import _, number, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_site, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, deciding, name_of
from migrate.rollout.cases import Case, all_cases
from plans.problems import suggestion
from plans.uses import case_code


@click.group(invoke_without_command=True)
@click.option("--site", shell_complete=complete_site, help="Only the cases of this site's people.")
@json_option
@click.pass_context
def cases(context: click.Context, site: str | None, to_json: bool) -> None:
    """Which ways of working are there, and was each tried?  Webmail, Outlook, telephone, archives, shared mailboxes.

    They come from the people files: the column uses, and what the other columns say. A site is not copied before each
    of its cases was tried somewhere, best at the pilot. Exit code 3 while one is untried.

    \b
    Example:  bascule cases
              bascule cases tested outlook-2016-pop --site hq --by "Karim B."
    """
    if context.invoked_subcommand is not None:
        return
    place: Place = context.obj
    organisation = place.load()
    if site is not None:
        place.site(organisation, site)
    with deciding(place, organisation) as rollout:
        found = all_cases(organisation, rollout.world().history.tested)
    found = [case for case in found if site is None or site in case.people]
    code = Exit.OK if all(case.tested for case in found) else Exit.PARTIAL
    if to_json:
        print_json({"exit_code": int(code), "cases": list(map(_as_json, found))})
    else:
        _show(found, organisation.time_zone)
    sys.exit(code)


@cases.command()
@click.argument("case")
@click.option("--site", required=True, shell_complete=complete_site, help="Where it was tried.")
@by_option
@click.option("--note", default="", metavar="TEXT", help="What is to be known about it.")
@json_option
@click.pass_obj
def tested(place: Place, case: str, site: str, by: str | None, note: str, to_json: bool) -> None:
    """Has somebody tried CASE, and does it work?  Then this is kept, with who and where.

    \b
    Example:  bascule cases tested thunderbird --site hq --by "Karim B." --note "profile made anew"
    """
    organisation = place.load()
    place.site(organisation, site)
    code, known = case_code(case), [one.code for one in all_cases(organisation, {})]
    if code not in known:
        hint = suggestion(code, known, _("Cases"))
        raise Trouble(_('Nobody has the case "{case}". {hint}').format(case=case, hint=hint))
    who = name_of(by)
    with deciding(place, organisation) as rollout:
        rollout.tested(code, site, who, note)
    if to_json:
        print_json({"exit_code": 0, "case": code, "site": site, "by": who})
    else:
        click.echo(_("{case}: tried at {site} by {name}.").format(case=code, site=site, name=who))


def _as_json(case: Case) -> dict[str, object]:
    return {
        "case": case.code,
        "title": case.title,
        "people": dict(case.people),
        "tested": [
            {"site": one.site, "by": one.by, "at": one.at.isoformat(timespec="seconds"), "note": one.note}
            for one in case.tested
        ],
    }


def _show(found: list[Case], zone: tzinfo) -> None:
    console = terminal()
    if not found:
        show_line(
            console, _("The people files name no case. Fill in the column uses: webmail, Outlook 2016 POP, phone …")
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("case"), overflow="fold")
    table.add_column("")
    table.add_column(_("people"), justify="right")
    table.add_column(_("sites"), overflow="fold")
    table.add_column(_("tried"), overflow="fold")
    for case in found:
        told = "; ".join(
            _("{site}, {day}, {name}").format(
                site=one.site, day=one.at.astimezone(zone).date().isoformat(), name=one.by
            )
            + (f" ({one.note})" if one.note else "")
            for one in case.tested
        )
        state = Text(told, style="green") if told else Text(_("nowhere"), style="red")
        table.add_row(
            case.code, Text(case.title), number(sum(case.people.values())), Text(", ".join(case.people)), state
        )
    console.print(table)
    untried = sum(not case.tested for case in found)
    if untried:
        show_line(console, plural("{n} case was tried nowhere.", "{n} cases were tried nowhere.", untried), "bold")

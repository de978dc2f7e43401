"""``bascule runbook status``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from migrate.cli.runbook_build import change_as_json, change_text
from migrate.cli.runbook_whom import chosen, complete_whom, gathered, shown
from migrate.documents.gathering import Gathered, Language, Subject
from migrate.documents.kept import Records
from migrate.documents.making import Desk, Standing
from migrate.figures import moment_text
from runbooks.catalogue import DOCUMENTS

#: Changes that the table names; JSON has all of them.
_NAMED = 3
Found = tuple[Subject, Standing]


@click.command()
@click.argument("names", nargs=-1, metavar="[SITE|DOMAIN]...", shell_complete=complete_whom)
@json_option
@click.pass_obj
def status(place: Place, names: tuple[str, ...], to_json: bool) -> None:
    """Are the documents still true?  Of each: of when it is, what it says that is no longer so, and who signed it.

    A document is out of date when a fact that it uses, its plan, its template or its notes changed, or when somebody
    edited its files. Exit code 3 when one is. Asks no server.

    \b
    Example:  bascule runbook status lyon
    """
    organisation = place.load()
    with gathered(place, organisation) as facts:
        found = [(one, standing) for one in chosen(organisation, names) for standing in _standings(facts, one)]
    code = Exit.PARTIAL if any(standing.stale for _one, standing in found) else Exit.OK
    if to_json:
        told = {"exit_code": int(code), "documents": [_as_json(one, standing) for one, standing in found]}
        print_json(told)
    else:
        _show(terminal(), found, datetime.fromtimestamp(facts.world.now, organisation.time_zone))
    sys.exit(code)


def _standings(facts: Gathered, one: Subject) -> Iterator[Standing]:
    desks: dict[Language, Desk] = {}
    for built in Records(one.folder(facts.organisation.folder)).every():
        if built.document in DOCUMENTS and DOCUMENTS[built.document].of == one.of:
            desk = desks.setdefault(built.language, Desk(facts, one, built.language))
            yield desk.standing(built)


def _as_json(one: Subject, standing: Standing) -> dict[str, Any]:
    built, signed = standing.built, standing.signed
    return {
        "document": built.document,
        "subject": one.name,
        "language": built.language,
        "at": built.at.isoformat(timespec="seconds"),
        "plan": built.plan_hash,
        "stale": standing.stale,
        "plan_changed": standing.plan_changed,
        "template_changed": standing.template_changed,
        "edited": list(standing.touched),
        "changes": [change_as_json(change) for change in standing.changes],
        "signed": None
        if signed is None
        else {
            "version": signed.version,
            "by": signed.by,
            "at": signed.at.isoformat(timespec="seconds"),
            "digest": signed.digest,
            "as_built": standing.signed_as_built,
        },
    }


def _show(console: Console, found: Sequence[Found], now: datetime) -> None:
    if not found:
        show_line(console, _("No document was built yet. Begin with: bascule runbook build SITE"))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("document"), _("language"), _("as of"), _("still true?"), _("signed")):
        table.add_column(heading, overflow="fold")
    for one, standing in found:
        true = Text(_("no"), "yellow") if standing.stale else Text(_("yes"), "green")
        at = standing.built.at.astimezone(now.tzinfo)
        table.add_row(
            Text(shown(one, standing.built.document)), standing.built.language, moment_text(at, now), true,
            Text(_signed(standing)),
        )  # fmt: skip
    console.print(table)
    for one, standing in found:
        for reason in _reasons(standing):
            show_line(console, f"{shown(one, standing.built.document)} ({standing.built.language}): {reason}", "yellow")
    if any(standing.stale for _one, standing in found):
        show_line(console, _("To bring them up to date: bascule runbook build SITE"))


def _signed(standing: Standing) -> str:
    signed = standing.signed
    if signed is None:
        return _("no")
    told = _("version {n}, {name}").format(n=signed.version, name=signed.by)
    return told if standing.signed_as_built else _("{version}; built anew since").format(version=told)


def _reasons(standing: Standing) -> Iterator[str]:
    if standing.plan_changed:
        yield _("the plan changed")
    if standing.template_changed:
        yield _("a template, a note or the version of Bascule changed")
    for name in standing.touched:
        yield _("{file} was edited or is gone; the next build keeps an edited one beside the new one").format(file=name)
    for change in standing.changes[:_NAMED]:
        yield change_text(change)
    if len(standing.changes) > _NAMED:
        yield _("and {n} more").format(n=len(standing.changes) - _NAMED)

"""``bascule delivery probe --remove``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

import click

from connectors.contract import ConnectorError
from connectors.language import _, labelled, plural
from migrate.cli.advice import worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import show_errors
from migrate.cli.lines import print_json, terminal
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import started
from migrate.delivery.evidence import Evidence
from migrate.delivery.looking import put_away
from migrate.delivery.probes import Arrived, ProbeRun, Side
from plans import Organisation


@dataclass
class _Removed:
    moved: int = 0
    left: int = 0
    errors: dict[str, ConnectorError] = field(default_factory=dict)


def remove(place: Place, organisation: Organisation, evidence: Evidence, site: str, *, to_json: bool) -> Exit:
    """Move the last run's probes to the trash of the target.

    Only probes, known by their tokens, and only on the target: a source is never touched.
    """
    run = evidence.last()
    if run is None:
        raise Trouble(_("No probes were sent for {site} yet.").format(site=site))
    done = _put_away(place, organisation, run)
    on_source = {mailbox: sum(map(len, some.values())) for mailbox, some in _copies(run, "old").items()}
    code = worst(code_of(error) for error in done.errors.values())
    if to_json:
        told = {
            "exit_code": int(code),
            "moved_to_trash": done.moved,
            "left_on_target": done.left,
            "left_on_source": on_source,
            "errors": {mailbox: worded(error) for mailbox, error in done.errors.items()},
        }
        print_json(told)
    else:
        _show(done, on_source)
    return code


def _copies(run: ProbeRun, side: Side) -> Mapping[str, dict[str, list[Arrived]]]:
    """By mailbox and token."""
    found: dict[str, dict[str, list[Arrived]]] = defaultdict(lambda: defaultdict(list))
    for one in run.probes:
        for copy in one.arrived:
            if copy.side == side:
                found[copy.mailbox][one.token].append(copy)
    return found


def _put_away(place: Place, organisation: Organisation, run: ProbeRun) -> _Removed:
    done = _Removed()
    tokens = frozenset(one.token for one in run.probes)
    copies = _copies(run, "new")
    for site in organisation.sites.values():
        people = [person for person in site.people if person.mailbox in copies]
        if not people:
            continue
        with started(place, organisation, site, people) as begun:
            for person in people:
                try:
                    job = begun.site.jobs(person, passwords="when_needed")[0]
                    with closing(job.open_target(begun.halt.stop)) as target:
                        moved, left = put_away(target, tokens, copies[person.mailbox])
                except ConnectorError as error:
                    done.errors[person.mailbox] = error
                else:
                    done.moved += moved
                    done.left += left
    return done


def _show(done: _Removed, on_source: Mapping[str, int]) -> None:
    click.echo(plural("{n} probe was moved to the trash.", "{n} probes were moved to the trash.", done.moved))
    if done.left:
        click.echo(_("This target has no trash that probes could be moved to: their people delete them by hand."))
    for mailbox, count in sorted(on_source.items()):
        text = plural(
            "{n} probe is on the old side, which is never touched: the person deletes it by hand, or leaves it.",
            "{n} probes are on the old side, which is never touched: the person deletes them by hand, or leaves them.",
            count,
        )
        click.echo(labelled(mailbox, text))
    show_errors(terminal(), done.errors.items())

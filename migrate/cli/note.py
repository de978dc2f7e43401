"""``bascule note``: what was learnt at one site, for the next ones."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from connectors.language import _
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, deciding, name_of
from migrate.rollout.gates import STEPS
from migrate.rollout.history import ALL_SITES
from plans.problems import suggestion


def _complete_step(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(step) for step in sorted(STEPS) if step.startswith(incomplete)]


@click.command()
@click.argument("step", required=False, shell_complete=_complete_step)
@click.argument("text", required=False)
@click.option("--sites", default=ALL_SITES, metavar="all|SITE", help="For whom; all unless given.")
@by_option
@json_option
@click.pass_obj
def note(place: Place, step: str | None, text: str | None, sites: str, by: str | None, to_json: bool) -> None:
    """What did we learn?  Carries a lesson to every later site: bascule rollout next shows it with the step.

    STEP is a gate's name, as bascule rollout status SITE shows it. Without STEP, all notes are shown.

    \b
    Example:  bascule note at-work "On iPhones take the old account out first" --sites all
    """
    organisation = place.load()
    if step is not None:
        if step not in STEPS:
            hint = suggestion(step, sorted(STEPS), _("Steps"))
            raise Trouble(_('There is no step "{step}". {hint}').format(step=step, hint=hint))
        if not (text and text.strip()):
            raise Trouble(_('Say what was learnt: bascule note {step} "…"').format(step=step))
        if sites != ALL_SITES:
            place.site(organisation, sites)
    with deciding(place, organisation) as rollout:
        if step is not None and text is not None:
            rollout.note(step, text.strip(), sites, name_of(by))
        lessons = rollout.world().history.lessons
    if to_json:
        told = [
            {
                "step": one.step,
                "sites": whom,
                "text": one.text,
                "by": one.by,
                "at": one.at.isoformat(timespec="seconds"),
            }
            for whom, one in lessons
        ]
        print_json({"exit_code": 0, "notes": told})
        return
    if step is not None:
        click.echo(_("Noted. bascule rollout next shows it with the step {step}.").format(step=step))
        return
    if not lessons:
        click.echo(_("Nothing was noted yet."))
    for whom, one in lessons:
        shown = _("{step} ({sites}): {text} ({name}, {day})").format(
            step=one.step,
            sites=whom,
            text=one.text,
            name=one.by,
            day=one.at.astimezone(organisation.time_zone).date().isoformat(),
        )
        show_line(terminal(), shown)

"""``bascule report``: the whole organisation on one page, for the customer's management."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import click

from connectors.language import _
from migrate.archives.files import write_whole
from migrate.cli.lines import print_json
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.runbook_whom import gathered
from migrate.documents.gathering import ORGANISATION, Gathered, Language
from migrate.documents.making import WRITERS, Desk
from migrate.documents.reporting import report_facts
from runbooks.building import build
from runbooks.catalogue import PAGES
from runbooks.output.document import Document
from runbooks.report_facts import ReportFacts
from runbooks.template_facts import checked

_KIND = PAGES["report"]
_FORMS = {".html": WRITERS["html"], ".pdf": WRITERS["pdf"], ".md": WRITERS["md"]}


@click.command()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to: a page (.html), .pdf or .md; report.html in this folder unless given.",
)
@click.option("--language", type=click.Choice(["fr", "en"]), help="Of the page; the organisation's unless given.")
@json_option
@click.pass_obj
def report(place: Place, file: Path | None, language: Language | None, to_json: bool) -> None:
    """Where does the whole move stand?  One page for the customer's management, and the same facts for programs.

    Sites by wave and phase, what was moved and what was not and why, dates, licences, support hours, and what to watch.
    It names no person's mailbox, and needs nothing else: it can be sent, printed and kept. Asks no server.

    \b
    Example:  bascule report --file meridional.html
              bascule report --json
    """
    organisation = place.load()
    target = file or Path("report.html")
    writer = _FORMS.get(target.suffix.lower())
    if writer is None:
        raise Trouble(_("{file}: the ending says what is written, one of {known}.").format(
            file=target, known=", ".join(_FORMS)
        ))  # fmt: skip
    if not target.absolute().parent.is_dir():
        raise Trouble(_("There is no folder {folder} to write the report to.").format(folder=target.absolute().parent))
    with gathered(place, organisation) as facts:
        if not to_json or file is not None:
            document = _document(facts, language or organisation.language)
            write_whole(target, writer(document))
        if to_json:
            told = _as_json(report_facts(facts, "en"), None if file is None else target)
            print_json(told)
            return
    click.echo(_("The report is in {file}.").format(file=target.absolute()))


def _document(facts: Gathered, language: Language) -> Document:
    """Raises TemplateProblem."""
    of_all = Desk(facts, ORGANISATION, language)
    checked(of_all.templates, _KIND.code, ReportFacts)
    told = report_facts(facts, language)
    about = told.about.model_copy(update={"code": _KIND.code, "title": _KIND.titles[language]})
    return build(_KIND, told.model_copy(update={"about": about}), of_all.templates, of_all.notes, of_all.pictures)


def _as_json(facts: ReportFacts, file: Path | None) -> dict[str, Any]:
    support = facts.organisation.support
    return {
        "exit_code": 0,
        "file": None if file is None else str(file.absolute()),
        "organisation": facts.organisation.name,
        "as_of": facts.about.state_at.astimezone(UTC).isoformat(timespec="seconds"),
        "plan": facts.about.plan_hash,
        "people": facts.organisation.people,
        "switched": facts.switched,
        "done": facts.done,
        "sites": [_without(one.model_dump(mode="json"), "phase_title", "grade_title") for one in facts.sites],
        "domains": [_without(one.model_dump(mode="json"), "phase_title") for one in facts.domains],
        "moved": {**facts.moved.model_dump(), "rate": facts.moved.rate},
        "not_there": [
            {"reason": one.code, "count": one.count, "left_out": one.left_out} for one in facts.not_there
        ],
        "licences": [
            _without(one.model_dump(mode="json"), "needed_here") for one in facts.organisation.licences
        ],
        "support": None if support is None else support.model_dump(mode="json"),
        "hours": [_without(one.model_dump(mode="json"), "text") for one in facts.hours],
        "ahead": [one.model_dump(mode="json") for one in facts.ahead],
        "risks": [one.model_dump(mode="json") for one in facts.risks],
    }  # fmt: skip


def _without(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}

"""What is wrong between a site's file and the rest of the plan: names that are not there, rules that clash."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from connectors.language import _
from plans.folder_patterns import fits
from plans.model import FurtherSource
from plans.people import Placed
from plans.problems import Problem, suggestion
from plans.site_file import SiteFile
from plans.yaml_file import Document

ORGANISATION_FILE = "organisation.yaml"


def site_problems(
    shape: SiteFile,
    document: Document,
    people: Collection[Placed],
    systems: Collection[str] | None,
    domains: Collection[str] | None,
) -> Iterator[Problem]:
    """The problems of one site.  ``systems`` and ``domains``: the names in organisation.yaml, None when unknown."""
    yield from _names(shape, document, systems, domains)
    if shape.source == shape.target and any(one.person.source_user == one.person.target_user for one in people):
        message = _("Source and target are the same system, and the same user signs in on both.")
        yield document.problem(("target",), message, _("A mailbox cannot be copied onto itself."))
    yield from _sources(shape, people)
    yield from _rules(shape, document)


def _sources(shape: SiteFile, people: Collection[Placed]) -> Iterator[Problem]:
    """Each further source that is the mailbox that mail comes from anyway."""
    for placed in people:
        own = FurtherSource(shape.source, placed.person.source_user)
        for source in placed.person.further_sources:
            if str(source).lower() == str(own).lower():
                message = _("The source {source} is the one that this mailbox is copied from anyway.")
                hint = _("Take it away from the further sources.")
                yield Problem(placed.file, placed.line, placed.column, message.format(source=source), hint)


def _names(
    shape: SiteFile, document: Document, systems: Collection[str] | None, domains: Collection[str] | None
) -> Iterator[Problem]:
    for side, system in (("source", shape.source), ("target", shape.target)):
        if systems is not None and system not in systems:
            message = _('There is no system "{name}" in {file}.').format(name=system, file=ORGANISATION_FILE)
            yield document.problem((side,), message, suggestion(system, systems, _("Its systems are")))
    if shape.domain is not None and domains is not None and shape.domain not in domains:
        message = _('There is no domain "{name}" in {file}.').format(name=shape.domain, file=ORGANISATION_FILE)
        hint = suggestion(shape.domain, domains, _("Its domains are")) or _("Name it there under domains:")
        yield document.problem(("domain",), message, hint)


def _rules(shape: SiteFile, document: Document) -> Iterator[Problem]:
    left_out, folders = shape.leave_out, shape.folders
    today = datetime.now(UTC).date()
    if left_out.before is not None and left_out.before > today:
        message = _("This day is still to come: every message up to today would stay behind.")
        yield document.problem(("leave_out", "before"), message, _("Check the year."))
    excluded = (*folders.exclude, *left_out.folders)
    for old in folders.map:
        if fits(excluded, tuple(old.split("/"))):
            message = _('"{folder}" gets another name here, and another rule leaves it out.').format(folder=old)
            yield document.problem(("folders", "map", old), message, _("Take one of the two lines away."), at_key=True)

"""Systems to which the plan grants fewer sessions than a copy needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.language import _
from plans.model import Site, System
from plans.problems import Problem
from plans.yaml_file import Document


def one_session_for_both_sides(
    sites: Iterable[Site], systems: Mapping[str, System], document: Document
) -> Iterator[Problem]:
    """Each system that mail is copied from and to, one session at a time: no copy could ever begin.

    ``systems``: those that are right; ``document``: the file that names them.
    """
    on_both_sides = {site.target for site in sites if site.target in _sources(site)}
    for name, system in systems.items():
        if name in on_both_sides and system.max_sessions < 2:
            message = _('"{name}" is source and target at once, and may have one session only.').format(name=name)
            hint = _("A copy reads with one and writes with another: write max_sessions: 2 or more.")
            yield document.problem(("systems", name, "max_sessions"), message, hint)


def _sources(site: Site) -> set[str]:
    return {site.source, *(further.system for person in site.people for further in person.further_sources)}

"""A site as it is rehearsed: its plan with the stand-in as target, its folder, its ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from connectors.contract import Source
from migrate.copy.job import Rules
from migrate.engine.jobs import StandIn
from migrate.sandbox.rehearsal.sampling import SampledRules, SampledSource
from migrate.sandbox.rehearsal.stand_ins import Standing, Unkept
from plans import Organisation, Site


def folder_of(state: Path, site: str) -> Path:
    """Where a site's rehearsal keeps what it has done; throwing it away begins a rehearsal anew."""
    folder = state / "rehearsals" / site
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, exist_ok=True)
    return folder


def stage_name(site: Site) -> str:
    """What the stand-in is called meanwhile: a name that no system of a plan has."""
    return f"{site.target} (rehearsal)"


@dataclass
class Shares:
    """Which part of each mailbox is rehearsed; all of it unless told."""

    by_mailbox: dict[str, float] = field(default_factory=dict)

    def sourced(self, mailbox: str, session: Source) -> Source:
        share = self.by_mailbox.get(mailbox, 1.0)
        return session if share >= 1 else SampledSource(session, share)

    def ruled(self, mailbox: str, rules: Rules) -> Rules:
        share = self.by_mailbox.get(mailbox, 1.0)
        return rules if share >= 1 else SampledRules(rules, share)


def staged(
    organisation: Organisation, site: Site, standing: Standing, shares: Shares, folder: Path
) -> tuple[Organisation, Site, StandIn]:
    """The plan of a rehearsal: everything as it is, but for the target."""
    systems = {**organisation.systems, standing.system.name: standing.system}
    stage = replace(site, target=standing.system.name)
    stand_in = StandIn(standing.connect, Unkept(folder / "kept"), shares.sourced, shares.ruled)
    return replace(organisation, systems=systems), stage, stand_in

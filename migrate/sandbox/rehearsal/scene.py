"""A site as it is rehearsed: its plan with the stand-in as target, its folder, its ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from connectors.contract import Source
from migrate.copy.job import Rules
from migrate.engine.jobs import StandIn
from migrate.sandbox.emptied import empty
from migrate.sandbox.rehearsal.sampling import SampledRules, SampledSource
from migrate.sandbox.rehearsal.stand_ins import Standing, Unkept
from plans import Organisation, Site

LOCK = "lock"


def folder_of(state: Path, site: str) -> Path:
    """Where a site's rehearsal keeps what it has done; throwing it away begins a rehearsal anew."""
    folder = state / "rehearsals" / site
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, exist_ok=True)
    return folder


def begin_anew_if_changed(folder: Path, judged_by: str) -> None:
    """Throw away what was judged by other rules than these: it would be told as if it had been judged by them."""
    known = folder / "judged-by"
    if known.exists() and known.read_text(encoding="ascii") == judged_by:
        return
    known.unlink(missing_ok=True)  # first: a kill in between leaves nothing that counts
    empty(folder, but=LOCK)
    known.write_text(judged_by, encoding="ascii")


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

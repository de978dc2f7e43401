"""The way mail takes: records seen and wanted, the recipe of the old server, the last run of test messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from migrate.delivery import making
from migrate.delivery.evidence import Evidence
from migrate.delivery.judging import Patience, Proof, Verdict, is_decided, judge
from migrate.delivery.recipe import CannotDeliver
from migrate.dns import kept_steps, snapshots
from migrate.dns.facts import Facts, Mx, Outcome, Soa, Srv, Tlsa, Value
from migrate.dns.records import CannotWrite
from migrate.dns.snapshots import Snapshot
from migrate.rollout.history import moment
from migrate.rollout.world import World
from plans import Organisation, Site
from runbooks.facts import DomainFacts, Seen, Unknown
from runbooks.route_facts import (
    Delivery,
    DnsAnswer,
    DnsFacts,
    DnsNow,
    DnsStep,
    DnsSteps,
    ProbeCell,
    ProbeMatrix,
    Recipe,
    RecipeFile,
    RecipeStep,
)

#: What a proof is called in the language that is spoken.
ProofText = Callable[[Verdict], str]


def dns_facts(world: World, domain: DomainFacts) -> DnsFacts:
    """Of one domain, from the evidence that ``bascule dns`` kept."""
    folder, name = world.organisation.folder, domain.name
    looks = snapshots.kept(folder, name)
    command = f"bascule dns check {name} --expect {domain.expect}"
    ttl = domain.ttl
    earliest = None
    if isinstance(ttl, Seen) and ttl.value.lowered_at is not None:
        earliest = (ttl.value.lowered_at + timedelta(seconds=ttl.value.old)).astimezone(world.organisation.time_zone)
    return DnsFacts(
        domain=name,
        zone_at=domain.zone_at,
        now=_now(world, looks[-1]) if looks else Unknown(how=command),
        target=_target(world, domain),
        ttl=ttl,
        earliest_cutover=earliest,
        command=command,
    )


def _now(world: World, look: Snapshot) -> Seen[DnsNow]:
    facts = look.facts
    questions = {question: None for view in facts.of("authoritative") for question in view.answers}
    answers = []
    for question in questions:
        answer = facts.answer(question.name, question.type)
        if answer.outcome is Outcome.RECORDS and question.type not in ("SOA", "A", "AAAA", "NS"):
            values = tuple(sorted(_text(one) for one in answer.values))
            answers.append(DnsAnswer(name=question.name, type=question.type, values=values, ttl=answer.ttl))
    serials = {view.name: serial for view in facts.of("authoritative") for serial in _serial(facts, view.name)}
    common = max(serials.values(), default=None, key=list(serials.values()).count)
    told = DnsNow(
        answers=tuple(sorted(answers, key=lambda one: (one.type, one.name))),
        serial=common,
        disagreeing=tuple(sorted(name for name, serial in serials.items() if serial != common)),
    )
    at = look.at.astimezone(world.organisation.time_zone)
    return Seen(value=told, at=at, source=f"bascule dns {look.command}")


def _serial(facts: Facts, server: str) -> Iterator[int]:
    for view in facts.of("authoritative"):
        if view.name == server:
            yield from (one.serial for one in view.answer(facts.zone, "SOA").values if isinstance(one, Soa))


def _text(value: Value) -> str:
    """As a zone file has it."""
    match value:
        case Mx():
            return f"{value.preference} {value.host}."
        case Srv():
            return f"{value.priority} {value.weight} {value.port} {value.target}."
        case Tlsa():
            return f"{value.usage} {value.selector} {value.matching} {value.data}"
        case Soa():
            return f"{value.primary}. {value.serial}"
    return value


def _target(world: World, domain: DomainFacts) -> Seen[DnsSteps] | Unknown:
    how = f"bascule dns records {domain.name} --expect {domain.expect}"
    try:
        known = kept_steps.kept(world.organisation.folder, domain.name)
    except CannotWrite as error:
        return Unknown(how=str(error))
    if known is None:
        return Unknown(how=how)
    told = tuple(
        DnsStep(
            when=one.when,
            wait=one.wait,
            remove=tuple(line.text() for line in one.remove),
            enter=tuple(line.text() for line in one.enter),
        )
        for one in known.steps
    )
    at = known.made.astimezone(world.organisation.time_zone)
    return Seen(value=DnsSteps(expected=known.expected, steps=told), at=at, source=how)


def delivery_facts(world: World, site: Site, text: ProofText) -> Delivery:
    """The recipe is made anew from the plan, for the server that somebody made one for last."""
    return Delivery(recipe=_recipe(world, site), probes=_probes(world, site, text))


def _recipe(world: World, site: Site) -> Seen[Recipe] | Unknown:
    how = Unknown(how=f"bascule delivery recipe {site.name} --server SERVER")
    folder = _newest(world.organisation.folder / "delivery" / site.name)
    if folder is None:
        return how
    try:
        told = _made(world.organisation, site, folder)
    except (CannotDeliver, OSError):
        return how
    at = moment((folder / making.STEPS).stat().st_mtime).astimezone(site.time_zone)
    return Seen(value=told, at=at, source=f"bascule delivery recipe {site.name} --server {folder.name}")


def _newest(folder: Path) -> Path | None:
    """The folder of the recipe that was made last, by the day that its steps were written."""
    made = [one for one in folder.glob("*") if one.name in making.SERVERS and (one / making.STEPS).is_file()]
    return max(made, key=lambda one: ((one / making.STEPS).stat().st_mtime, one.name), default=None)


def _made(organisation: Organisation, site: Site, folder: Path) -> Recipe:
    routes = making.routes_of(organisation, site, making.earlier_people(folder))
    one = making.make(folder.name, routes, _mode(folder))
    return Recipe(
        server=one.server,
        title=one.title,
        mode=one.mode,
        domain=one.domain,
        technical=one.technical,
        files=tuple(RecipeFile(name=file.name, text=file.text, goes_to=file.goes_to) for file in one.files),
        steps=tuple(RecipeStep(**asdict(step)) for step in one.steps),
        pitfalls=tuple(one.pitfalls),
    )


def _mode(folder: Path) -> Any:
    """Which kind lies there: the mode itself is not kept, so that its first line tells, in either language."""
    with (folder / making.STEPS).open(encoding="utf-8") as file:
        first = file.readline()
    return "split" if "split delivery" in first or "distribution partagée" in first else "dual"


def _probes(world: World, site: Site, text: ProofText) -> Seen[ProbeMatrix] | Unknown:
    run = Evidence.of(world.organisation.folder, site.name).last()
    if run is None:
        return Unknown(how=f"bascule delivery probe {site.name}")
    verdicts = judge(run, run.ended or world.now, Patience())
    told = ProbeMatrix(
        mode=run.mode,
        cells=tuple(_cell(one, text) for one in verdicts),
        proved=sum(one.proof is Proof.PROVED for one in verdicts),
        decided=is_decided(verdicts),
    )
    at = moment(run.ended or run.began).astimezone(site.time_zone)
    return Seen(value=told, at=at, source=f"bascule delivery probe {site.name}")


def _cell(one: Verdict, text: ProofText) -> ProbeCell:
    route = one.probe.route
    return ProbeCell(
        sender=route.sender,
        whom=route.whom,
        address=route.address,
        proof=one.proof.value,
        text=text(one),
        good=one.proof is Proof.PROVED,
        latency=None if one.latency is None else round(one.latency, 1),
    )

"""What a person decides: going on, going on by force, going back, confirming, incidents.  Each is one event.

Facts are looked at first, and the event is added only if no other event came in between, so that of two commands at
once one wins and the other is told.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Connection

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.files import make_private, write_whole
from migrate.copy.hold import locked
from migrate.ledger import events, mailboxes
from migrate.ledger.events import Event, Kind
from migrate.ledger.holder import check_holder
from migrate.ledger.store import Ledger, LedgerError
from migrate.rollout import hours
from migrate.rollout.facts import domain_facts, site_facts
from migrate.rollout.gates import IN_THE_PLACE_OF
from migrate.rollout.phases import after, before, domain_reached, phase_text
from migrate.rollout.steps import Judged, judged
from migrate.rollout.world import World
from plans import Organisation, Person
from runbooks.facts import DomainFacts, DomainPhase, Severity, SiteFacts

#: Where proofs of a rollout are kept, in the organisation's folder.
EVIDENCE = "evidence/rollout"
#: A pass over the old mailboxes that is under way when one of these begins has not seen what it is about: at the switch
#: whose the copies are, at the delta what was written until all were at work.  Who joined the site in between switches
#: with the others at the delta.
_FROM_NOW_ON = ("switch", "delta")


class Refused(Exception):
    """It cannot be done as things stand: worded for people.  Nothing was recorded."""


class GatesOpen(Refused):
    """Gates are not met."""

    def __init__(self, facts: SiteFacts | DomainFacts, unmet: Judged) -> None:
        text = _("{subject} stays in the phase {phase}: {n} of its gates are not met.")
        super().__init__(text.format(subject=facts.name, phase=phase_text(facts.phase), n=len(unmet)))
        self.phase = facts.phase
        self.unmet = unmet


@dataclass(frozen=True)
class Rollout:
    """One organisation's rollout, for one command."""

    organisation: Organisation
    ledger: Ledger
    #: Seconds since 1970.
    clock: Callable[[], float] = time.time

    def world(self) -> World:
        with self.ledger.read() as connection:
            return World.read(self.organisation, connection, self.clock())

    def facts(self, world: World, kind: Kind, name: str) -> SiteFacts | DomainFacts:
        if kind == "site":
            return site_facts(world, self.organisation.sites[name])
        return domain_facts(world, name)

    def advance(self, kind: Kind, name: str, who: str) -> Event:
        """To the next phase.  Raises :class:`GatesOpen`, :class:`Refused`, MailboxBusy, Overtaken, NotHolder."""
        world, facts, to = self._before_going_on(kind, name)
        unmet = [(gate, verdict) for gate, verdict in judged(facts) if not verdict.met]
        if unmet:
            raise GatesOpen(facts, unmet)
        return self._go(world, facts, Event(kind, name, "advance", who, world.now, facts.phase, to))

    def force(self, kind: Kind, name: str, who: str, because: str) -> Event:
        """To the next phase whatever the gates say; the reason and the gates are on the record for good.

        Raises as :meth:`advance`, and :class:`Refused` where nothing could be taken back, or nothing is in the way.
        """
        world, facts, to = self._before_going_on(kind, name)
        unmet = [gate.code for gate, verdict in judged(facts) if not verdict.met]
        if to == "decommission":
            text = _("{subject}: an old server is not switched off by force. Bring the evidence, or leave it running.")
            raise Refused(text.format(subject=name))
        if not unmet:
            raise Refused(_("Every gate is met. Go on with: bascule rollout advance {subject}").format(subject=name))
        event = Event(kind, name, "force", who, world.now, facts.phase, to, note=because, detail={"unmet": unmet})
        return self._go(world, facts, event)

    def back(self, kind: Kind, name: str, who: str, because: str) -> Event:
        """To the phase before; what was confirmed there is to be confirmed afresh.

        Raises :class:`Refused` in the first phase, and where mail would not follow the people.
        """
        check_holder(self.ledger)
        world = self.world()
        facts = self.facts(world, kind, name)
        to = before(kind, facts.phase)
        if to is None:
            text = _("{subject} is in its first phase: there is nothing to go back to.")
            raise Refused(text.format(subject=name))
        if kind == "site" and facts.phase == "switch":
            _check_mail_follows(world, name)
        return self._add(Event(kind, name, "back", who, world.now, facts.phase, to, note=because), world)

    def confirm(self, kind: Kind, name: str, gate: str, who: str, note: str, evidence: Path | None) -> Event:
        """A named person's word on a gate of the phase that the subject is in."""
        check_holder(self.ledger)
        world = self.world()
        facts = self.facts(world, kind, name)
        found = {one.code: (one, verdict) for one, verdict in judged(facts)}
        instead = IN_THE_PLACE_OF.get((kind, facts.phase), ())
        if gate in instead:
            return self._confirmed(world, facts, gate, who, note, evidence)
        open_ = [code for code, (one, _verdict) in found.items() if one.how != "automatic"]
        if gate not in open_:
            known = ", ".join([*open_, *instead]) or _("none")
            text = _(
                'There is no gate "{gate}" to confirm in the phase {phase} of {subject}. A person confirms: {known}.'
            )
            raise Refused(text.format(gate=gate, phase=phase_text(facts.phase), subject=name, known=known))
        one, verdict = found[gate]
        if verdict.state == "not met" and one.how == "either":
            raise Refused(
                _("{gate} is not met, and nobody's word mends that: {missing}.").format(
                    gate=gate, missing=verdict.missing
                )
            )
        if verdict.until is not None:
            raise Refused(_("Too early: {missing}.").format(missing=verdict.missing))
        if one.proof and evidence is None:
            text = _("{gate} needs proof: name the file with --evidence. Without it the step did not happen.")
            raise Refused(text.format(gate=gate))
        return self._confirmed(world, facts, gate, who, note, evidence)

    def open_incident(self, kind: Kind, name: str, who: str, severity: Severity, what: str) -> int:
        """Returns the incident's number."""
        check_holder(self.ledger)
        world = self.world()
        self._add(Event(kind, name, "incident", who, world.now, note=what, detail={"severity": severity}), world)
        return world.history.course(kind, name).opened + 1

    def solve(self, kind: Kind, name: str, who: str, number: int, note: str) -> None:
        check_holder(self.ledger)
        world = self.world()
        if number not in world.history.course(kind, name).incidents:
            text = _("{subject} has no open incident {number}.")
            raise Refused(text.format(subject=name, number=number))
        self._add(Event(kind, name, "solved", who, world.now, note=note, detail={"number": number}), world)

    def tested(self, case: str, site: str, who: str, note: str) -> None:
        """Somebody tried a case."""
        check_holder(self.ledger)
        world = self.world()
        self._add(Event("case", case, "tested", who, world.now, note=note, detail={"site": site}), world)

    def note(self, step: str, text: str, sites: str, who: str) -> None:
        """A lesson for a step: of one site, or of all."""
        check_holder(self.ledger)
        world = self.world()
        self._add(Event("step", step, "note", who, world.now, note=text, detail={"sites": sites}), world)

    def used(self, day: date, minutes: int, count: int, site: str | None, what: str, who: str) -> None:
        """Support hours that were used."""
        check_holder(self.ledger)
        world = self.world()
        detail = hours.detail_of(day, minutes, count, site)
        self._add(Event("organisation", "organisation", hours.USED, who, world.now, note=what, detail=detail), world)

    def take_back(self, number: int, why: str, who: str) -> None:
        """Support hours that do not count after all.  Raises :class:`Refused`."""
        check_holder(self.ledger)
        world = self.world()
        uses = world.history.hours
        if not 1 <= number <= len(uses):
            raise Refused(_("There is no entry {n}. bascule hours show numbers them.").format(n=number))
        if uses[number - 1].taken_back is not None:
            raise Refused(_("The entry {n} was taken back before.").format(n=number))
        told = Event(
            "organisation", "organisation", hours.TAKEN_BACK, who, world.now, note=why, detail={"number": number}
        )
        self._add(told, world)

    def _before_going_on(self, kind: Kind, name: str) -> tuple[World, SiteFacts | DomainFacts, str]:
        check_holder(self.ledger)
        world = self.world()
        facts = self.facts(world, kind, name)
        to = after(kind, facts.phase)
        if to is None:
            raise Refused(_("{subject} is in its last phase: there is nothing left to do.").format(subject=name))
        return world, facts, to

    def _go(self, world: World, facts: SiteFacts | DomainFacts, event: Event) -> Event:
        kept = self._kept_facts(facts, event)
        people = self.organisation.sites[facts.name].people if isinstance(facts, SiteFacts) else ()
        try:
            with self.ledger.write() as connection:
                events.add(connection, kept, world.history.newest)
                if kept.to_phase in _FROM_NOW_ON:
                    self._go_live(connection, facts.name, people, kept.at)
        except Exception:
            # No proof of what did not happen.  Ctrl-C may come after it happened: then the proof stays.
            (self.organisation.folder / str(kept.evidence)).unlink(missing_ok=True)
            raise
        return kept

    def _go_live(self, connection: Connection, site: str, people: Iterable[Person], at: float) -> None:
        """From now on each person's copy is theirs alone; who has worked there before keeps their time.

        Whoever begins a pass reads the row in a transaction of its own, after it locked the mailbox: a pass that is
        under way is met here, one that begins later sees what this transaction wrote.
        """
        names = {person.mailbox for person in people}
        rows = [row for row in mailboxes.get_or_create_all(connection, sorted(names), site) if row.name in names]
        for row in rows:
            with locked(self.ledger, row):
                pass
        mailboxes.go_live(connection, [row.id for row in rows], at)

    def _confirmed(
        self, world: World, facts: SiteFacts | DomainFacts, gate: str, who: str, note: str, evidence: Path | None
    ) -> Event:
        kind: Kind = "site" if isinstance(facts, SiteFacts) else "domain"
        file = digest = None
        if evidence is not None:
            try:
                data = evidence.read_bytes()
            except OSError as error:
                text = _("The evidence {file} cannot be read: {why}.")
                raise Refused(text.format(file=evidence, why=os_error_text(error))) from error
            file, digest = self._kept(f"{facts.name}-{gate}-{_stamp(world.now)}", evidence.suffix, data)
        event = Event(
            kind, facts.name, "confirm", who, world.now, evidence=file, evidence_digest=digest, note=note,
            detail={"gate": gate},
        )  # fmt: skip
        return self._add(event, world)

    def _kept_facts(self, facts: SiteFacts | DomainFacts, event: Event) -> Event:
        """The event with what it was decided on, kept as a file."""
        told = {
            "facts": facts.model_dump(mode="json"),
            "gates": gates_as_json(judged(facts)),
            "event": {"event": event.event, "from": event.from_phase, "to": event.to_phase, "who": event.who},
        }
        data = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
        file, digest = self._kept(f"{facts.name}-{event.to_phase}-{_stamp(event.at)}", ".json", data)
        return Event(
            event.kind, event.subject, event.event, event.who, event.at, event.from_phase, event.to_phase, file, digest,
            event.note, event.detail,
        )  # fmt: skip

    def _kept(self, name: str, suffix: str, data: bytes) -> tuple[str, bytes]:
        digest = hashlib.sha256(data)
        # The digest tells two files of one second apart.
        file = self.organisation.folder / EVIDENCE / f"{name}-{digest.hexdigest()[:8]}{suffix}"
        try:
            make_private(file.parent)
            write_whole(file, data)
        except OSError as error:
            text = _("{file} cannot be written: {why}.")
            raise LedgerError(text.format(file=file, why=os_error_text(error))) from error
        return f"{EVIDENCE}/{file.name}", digest.digest()

    def _add(self, event: Event, world: World) -> Event:
        with self.ledger.write() as connection:
            events.add(connection, event, world.history.newest)
        return event


def _check_mail_follows(world: World, site: str) -> None:
    """Raises :class:`Refused` where people who go back to the old mailbox would miss what arrives on the new side."""
    for domain, sites in world.sites_of.items():
        course = world.history.course("domain", domain)
        # With mx_first: new the new side delivers to both from the start.
        old_first = world.organisation.domains[domain].mx_first == "old"
        if site not in sites or not old_first or "split-delivery" in course.confirmed:
            continue
        if domain_reached(cast("DomainPhase", course.phase), "cutover"):
            text = _(
                "The MX of {domain} leads to the new side: what arrives there would be missing in the old mailboxes of"
                " {site}. First: bascule rollout back {domain}. Or have the new side bring their mail to the old one,"
                " and confirm that: bascule rollout confirm {domain} split-delivery"
            )
            raise Refused(text.format(domain=domain, site=site))


def gates_as_json(found: Judged) -> list[dict[str, object]]:
    """The published shape of gates."""
    return [
        {
            "gate": gate.code,
            "how": gate.how,
            "state": verdict.state,
            "figure": verdict.figure,
            "missing": verdict.missing,
            "until": verdict.until and verdict.until.astimezone(UTC).isoformat(timespec="seconds"),
            "waits_for": verdict.waits_for,
        }
        for gate, verdict in found
    ]


def _stamp(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%SZ}"

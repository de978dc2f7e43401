"""A run of probes: tokens are written down, probes sent, mailboxes looked into until everything is decided."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from connectors.contract import ConnectorError
from migrate.copy.job import Clock
from migrate.delivery.evidence import Evidence
from migrate.delivery.judging import Patience, Verdict, is_decided, judge
from migrate.delivery.looking import MailboxEye
from migrate.delivery.probes import Probe, ProbeRun, Route
from migrate.delivery.recipe import Mode
from migrate.delivery.sending import Mailer
from plans.secrets import SecretError

#: Seconds between two looks.
_BETWEEN = 5.0


def new_run(site: str, mode: Mode, routes: Sequence[Route], now: float) -> ProbeRun:
    """A run with a token for each route; nothing is sent yet."""
    probes = tuple(Probe(token=f"bascule-probe-{secrets.token_hex(12)}", route=route) for route in routes)
    return ProbeRun(site=site, mode=mode, began=now, probes=probes)


@dataclass
class Probing:
    """A run that goes on, from wherever it was left."""

    run: ProbeRun
    mailer: Mailer
    eyes: Sequence[MailboxEye]
    evidence: Evidence
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    #: Hears the verdicts after each look.
    heard: Callable[[Sequence[Verdict]], None] = lambda _verdicts: None
    between: float = _BETWEEN

    def go_on(self, stop: Event) -> list[Verdict]:
        """Send what was not sent, and look until all is decided or ``stop`` is set.

        Raises SecretError when a password cannot be had.
        """
        self.evidence.save(self.run)
        for number, probe in enumerate(self.run.probes):
            if probe.state == "pending" and not stop.is_set():
                self._send(number, probe)
        try:
            while True:
                self._look(stop)
                verdicts = judge(self.run, self.clock.now(), self.patience)
                self.heard(verdicts)
                if is_decided(verdicts):
                    self.run = self.run.model_copy(update={"ended": self.clock.now()})
                    self.evidence.save(self.run)
                    return verdicts
                if stop.is_set() or self.clock.wait(self.between, stop):
                    return verdicts
        finally:
            for eye in self.eyes:
                eye.close()

    def _send(self, number: int, probe: Probe) -> None:
        if not self.mailer.can_send(probe.route.sender):
            self._note(number, probe.model_copy(update={"state": "unsendable"}))
            return
        now = self.clock.now()
        # It may leave even if we never hear of it: then it is waited for, and never sent again.
        sending = probe.model_copy(update={"state": "sending", "sent_at": now})
        self._note(number, sending)
        try:
            sent = self.mailer.send(probe, now)
        except SecretError:
            # Nothing has left: the next run sends it.
            self._note(number, probe)
            raise
        self._note(number, sending.model_copy(update={"state": sent.state, "answer": sent.answer}))

    def _note(self, number: int, probe: Probe) -> None:
        probes = list(self.run.probes)
        probes[number] = probe
        self.run = self.run.model_copy(update={"probes": tuple(probes)})
        self.evidence.save(self.run)

    def _look(self, stop: Event) -> None:
        tokens = frozenset(probe.token for probe in self.run.probes)
        unseen: list[str] = []
        by_token = {probe.token: number for number, probe in enumerate(self.run.probes)}
        for eye in self.eyes:
            if stop.is_set():
                return
            try:
                found = eye.look(tokens, self.run.began, self.clock.now(), stop)
            except ConnectorError:
                unseen.append(f"{eye.side} {eye.mailbox}")
                continue
            for token, arrived in found:
                probe = self.run.probes[by_token[token]]
                known = {(one.side, one.mailbox, one.folder, one.key) for one in probe.arrived}
                if (arrived.side, arrived.mailbox, arrived.folder, arrived.key) not in known:
                    more = probe.model_copy(update={"arrived": (*probe.arrived, arrived)})
                    self._note(by_token[token], more)
        if tuple(unseen) != self.run.unseen:
            self.run = self.run.model_copy(update={"unseen": tuple(unseen)})
            self.evidence.save(self.run)

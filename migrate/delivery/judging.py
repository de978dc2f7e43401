"""What probes prove.  Pure: verdicts over what was sent and what arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migrate.delivery.probes import Arrived, Hop, Probe, ProbeRun

#: Seconds after which a copy is late.
LATE = 300.0


class Proof(StrEnum):
    """What a probe came to; the worst first.  Codes are part of what programs read."""

    LOOP = "loop"  #: it came back to a server that had sent it on
    DOUBLED = "doubled"  #: a mailbox got more than one copy
    STRAYED = "strayed"  #: a copy lies where none may be
    MISSING = "missing"  #: a copy did not come in time, and nobody was told
    REFUSED = "refused"  #: a server would not take it
    NOT_SENT = "not-sent"  #: it could not be handed to the sender's own server
    UNSEEN = "unseen"  #: a mailbox could not be looked into
    LATE = "late"  #: all copies came, one after more than five minutes
    WAITING = "waiting"  #: a copy may still come
    UNSENDABLE = "unsendable"  #: the plan names no account for this sender
    PROVED = "proved"


#: What says that something is wrong, as against what is not known yet.
FAULTS = frozenset({Proof.LOOP, Proof.DOUBLED, Proof.STRAYED, Proof.MISSING, Proof.REFUSED, Proof.NOT_SENT, Proof.LATE})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A probe judged.  ``where``: mailboxes that the proof is about, as ``side mailbox``, or hosts of a loop."""

    probe: Probe
    proof: Proof
    where: tuple[str, ...] = ()
    #: Seconds until the slowest copy was there; None when none came.
    latency: float | None = None
    #: Checks of the new side that failed ("spf", "dkim", "dmarc"): such mail may end among junk.
    failed_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: after ``missing`` a copy that has not come is missing; for ``second`` after the last one that was waited
    for another may follow, which doubles it, or strays.
    """

    missing: float = 600.0
    second: float = 60.0


def judge(run: ProbeRun, now: float, patience: Patience) -> list[Verdict]:
    """A verdict for each probe."""
    return [_judge(probe, run, now, patience) for probe in run.probes]


def is_decided(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing is left to be waited for."""
    return all(one.proof is not Proof.WAITING for one in verdicts)


def _judge(probe: Probe, run: ProbeRun, now: float, patience: Patience) -> Verdict:
    if probe.state == "unsendable":
        return Verdict(probe, Proof.UNSENDABLE)
    latency = max((_took(probe, one) for one in probe.arrived), default=None)
    failed = tuple(sorted({check for one in probe.arrived for check in _failed_checks(one)}))

    def verdict(proof: Proof, where: Iterator[str] | Sequence[str] = ()) -> Verdict:
        return Verdict(probe, proof, tuple(where), latency, failed)

    for proof, where in _seen(probe):
        if where:
            return verdict(proof, where)
    if probe.state == "failed":
        return verdict(Proof.NOT_SENT)
    if probe.state == "refused":
        # Whom nobody knows is to be refused; everybody else is not.
        return verdict(Proof.PROVED if probe.route.whom == "unknown" else Proof.REFUSED)
    sent_at = probe.sent_at
    absent = _absent(probe)
    if sent_at is None or (absent and now < sent_at + patience.missing):
        return verdict(Proof.WAITING, absent)
    if absent:
        unseen = [place for place in absent if place in run.unseen]
        return verdict(Proof.UNSEEN if unseen else Proof.MISSING, unseen or absent)
    if now < max([sent_at, *(one.at for one in probe.arrived)]) + patience.second:
        return verdict(Proof.WAITING)
    if latency is not None and latency > LATE:
        return verdict(Proof.LATE, _slow(probe))
    return verdict(Proof.PROVED)


def _seen(probe: Probe) -> Iterator[tuple[Proof, tuple[str, ...]]]:
    """Faults that what has arrived shows by itself."""
    yield Proof.LOOP, tuple(sorted({host for one in probe.arrived for host in loops(one)}))
    allowed = {f"{leg.side} {leg.mailbox}" for leg in probe.route.legs}
    there = Counter(f"{one.side} {one.mailbox}" for one in probe.arrived)
    yield Proof.DOUBLED, tuple(sorted(place for place, count in there.items() if count > 1))
    yield Proof.STRAYED, tuple(sorted(set(there) - allowed))


def _absent(probe: Probe) -> list[str]:
    there = {f"{one.side} {one.mailbox}" for one in probe.arrived}
    return [place for leg in probe.route.legs if leg.must and (place := f"{leg.side} {leg.mailbox}") not in there]


def _took(probe: Probe, one: Arrived) -> float:
    """Seconds on the way; clocks that differ make no copy come before it was sent."""
    return max(0.0, one.at - (one.at if probe.sent_at is None else probe.sent_at))


def _slow(probe: Probe) -> Iterator[str]:
    for one in probe.arrived:
        if _took(probe, one) > LATE:
            yield f"{one.side} {one.mailbox}"


def loops(one: Arrived) -> set[str]:
    """Hosts that took the message, handed it to another, and took it again; addresses it was delivered to twice.

    A host that stands twice in a row handed it to a program of its own, a filter say: that is no loop.
    """
    path: list[str] = []
    for hop in reversed(one.hops):
        if not path or path[-1] != hop.by:
            path.append(hop.by)
    again = {host for host, count in Counter(path).items() if count > 1}
    delivered = Counter(address.lower() for address in one.delivered_to)
    return again | {address for address, count in delivered.items() if count > 1}


def _failed_checks(one: Arrived) -> Iterator[str]:
    """SPF fails for every copy that a server sends on; it matters where DKIM does not pass either (RFC 7489)."""
    found = one.authentication
    if found.get("dmarc") == "fail":
        yield "dmarc"
    if found.get("dkim") in ("fail", "permerror"):
        yield "dkim"
    if found.get("spf") in ("fail", "softfail", "permerror") and found.get("dkim") != "pass":
        yield "spf"


def hop(field: str) -> Hop | None:
    """The hosts of a Received field (RFC 5321 4.4), None for one that names none."""
    words = field.split(";", 1)[0].split()
    lower = [word.lower() for word in words]
    by = _after("by", words, lower)
    return Hop(by=by.lower(), source=_after("from", words, lower).lower()) if by else None


def _after(word: str, words: Sequence[str], lower: Sequence[str]) -> str:
    place = lower.index(word) + 1 if word in lower else len(words)
    return words[place].strip("()[],;") if place < len(words) else ""


def authentication(field: str) -> dict[str, str]:
    """The verdicts of an Authentication-Results field (RFC 8601 2.2): what each method came to, the first of it."""
    found: dict[str, str] = {}
    for part in field.split(";")[1:]:
        method, equals, rest = part.strip().partition("=")
        name = method.strip().lower().partition("/")[0]
        if equals and name in ("spf", "dkim", "dmarc", "arc") and rest.split():
            found.setdefault(name, rest.split()[0].lower())
    return found

"""Whether all who answer for the domain say the same: its own servers, resolvers, and those inside.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from connectors.language import _
from migrate.dns.codes import Code
from migrate.dns.facts import Answer, Mx, Outcome, Question, Soa, Srv, Tlsa, Value, View
from migrate.dns.findings import Aims, Finding, Look, Severity, serial_of
from migrate.dns.wording import outcome_text

#: How a name server of the zone fails, and how bad that is: the others may be enough, and may be cut off too.
_FAILURES: dict[Outcome, tuple[Code, Severity]] = {
    Outcome.LAME: ("server-lame", "problem"),
    Outcome.REFUSED: ("server-refuses", "problem"),
    Outcome.SERVFAIL: ("server-fails", "problem"),
    Outcome.BROKEN: ("server-fails", "problem"),
    Outcome.TIMEOUT: ("server-silent", "attention"),
    Outcome.UNREACHABLE: ("server-silent", "attention"),
}


def judge_servers(look: Look, _aims: Aims) -> Iterator[Finding]:
    facts = look.facts
    for kind in ("SOA", "MX", "TXT"):
        look.answer(facts.zone if kind == "SOA" else facts.domain, kind)
    servers, resolvers, inside = facts.of("authoritative"), facts.of("resolver"), facts.of("inside")
    yield from _failures(look, servers)
    yield from _disagreement(servers)
    yield from _serials(look, servers)
    yield from _number(look, servers)
    yield from _resolvers(look, resolvers)
    for view in inside:
        yield from _inside(look, view)


def _failures(look: Look, servers: Sequence[View]) -> Iterator[Finding]:
    zone = look.facts.zone
    for view in servers:
        if view.address is None:
            yield Finding(
                "problem", "server-without-address", zone,
                _("{server} is named as a name server, and has no address.").format(server=view.name),
                _("Each name server has an address."),
                _("Correct its name in the NS records and at the registrar, or take it out."),
                "RFC 1912, section 2.8",
            )  # fmt: skip
            continue
        outcome = view.answer(zone, "SOA").outcome
        if outcome in _FAILURES:
            code, severity = _FAILURES[outcome]
            yield Finding(
                severity, code, zone, f"{view}: {outcome_text(outcome)}",
                _("Each name server of the zone answers for it: senders ask any of them."),
                _("Ask whoever runs this name server to set up the zone; or take it out, here and at the registrar."),
                "RFC 1912, section 2.8; RFC 2182",
            )  # fmt: skip
    silent = all(not view.answer(zone, "SOA").definite for view in servers)
    if silent and look.answer(look.domain, "MX").outcome is not Outcome.NXDOMAIN:
        yield Finding(
            "problem", "no-server", zone, _("None of the zone's name servers could be asked."),
            _("At least two name servers that answer."),
            _("See whether this machine may ask name servers (UDP and TCP port 53); else ask the zone's keeper."),
            "RFC 2182, section 5",
        )  # fmt: skip


def _disagreement(servers: Sequence[View]) -> Iterator[Finding]:
    """Each question that servers of the zone answer differently."""
    for question in _questions(servers):
        if question.type == "SOA":
            continue
        said: defaultdict[object, list[View]] = defaultdict(list)
        for view in servers:
            answer = view.answer(question.name, question.type)
            if answer.definite:
                said[answer.same].append(view)
        if len(said) > 1:
            told = "; ".join(
                f"{', '.join(map(str, views))}: {answer_text(views[0].answers[question])}" for views in said.values()
            )
            yield Finding(
                "problem", "servers-disagree", question.name,
                _("The name servers disagree on {type}: {answers}").format(type=question.type, answers=told),
                _("All name servers say the same."),
                _("Correct the zone on the server that is wrong; if one is a copy, see why it is not renewed."),
                "RFC 1034, section 4.3.5",
            )  # fmt: skip


def _serials(look: Look, servers: Sequence[View]) -> Iterator[Finding]:
    zone = look.facts.zone
    serials = {str(view): serial for view in servers if (serial := serial_of(view, zone)) is not None}
    if len(set(serials.values())) > 1:
        yield Finding(
            "attention", "serials-differ", zone,
            _("The name servers have different versions of the zone: {serials}").format(
                serials=", ".join(f"{server}: {serial}" for server, serial in serials.items())
            ),
            _("The same serial everywhere; within minutes after a change, at most the refresh time of the SOA."),
            _("Check again in an hour. If it stays, ask the zone's keeper why the copies are not renewed."),
            "RFC 1034, section 4.3.5",
        )  # fmt: skip


def _number(look: Look, servers: Sequence[View]) -> Iterator[Finding]:
    names = {view.name for view in servers}
    if len(names) == 1:
        yield Finding(
            "note", "one-server", look.facts.zone, _("The zone has one name server, {name}.").format(name=min(names)),
            _("Two or more, so that mail finds its way while one is down."), _("Ask the zone's keeper for a second."),
            "RFC 2182, section 5",
        )  # fmt: skip


def _resolvers(look: Look, resolvers: Sequence[View]) -> Iterator[Finding]:
    facts = look.facts
    for view in resolvers:
        for question in sorted(view.answers, key=str):
            if not facts.in_zone(question.name):
                continue
            theirs, zones = view.answers[question], facts.answer(question.name, question.type)
            if question == Question(facts.domain, "MX"):
                yield from _failed(view, question, theirs, zones)
            # The zone above names its servers too, and resolvers may have taken that.
            if theirs.definite and zones.own_zone and theirs.same != zones.same and question.type not in ("NS", "SOA"):
                yield _remembered(view, question, theirs)


def _failed(view: View, question: Question, theirs: Answer, zones: Answer) -> Iterator[Finding]:
    if theirs.outcome is Outcome.SERVFAIL and zones.definite and zones.own_zone:
        yield Finding(
            "problem", "resolver-fails", question.name,
            _("{resolver} cannot look the domain up (SERVFAIL), though the zone's own servers answer.").format(
                resolver=view
            ),
            _("Every resolver finds the domain."),
            _("Most often DNSSEC is broken: see that the DS record at the registrar belongs to the zone's keys."),
            "RFC 4035, section 5",
        )  # fmt: skip
    elif not theirs.definite and theirs.outcome is not Outcome.UNASKED:
        yield Finding(
            "note", "resolver-silent", question.name, f"{view}: {outcome_text(theirs.outcome)}",
            _("An answer."), _("Nothing, if other resolvers answer; this network may keep it away."), "",
        )  # fmt: skip


def _remembered(view: View, question: Question, theirs: Answer) -> Finding:
    if theirs.ttl is None:
        mend = _("Wait until it has forgotten; check again.")
    else:
        mend = _("Wait {seconds} seconds, until it has forgotten; check again.").format(seconds=theirs.ttl)
    return Finding(
        "attention", "resolver-behind", question.name,
        _("{resolver} still says of {type}: {answer}").format(
            resolver=view, type=question.type, answer=answer_text(theirs)
        ),
        _("What the zone's own servers say."), mend, "RFC 1034, section 4.3.5; RFC 2308",
    )  # fmt: skip


def _inside(look: Look, view: View) -> Iterator[Finding]:
    """A server inside that has a zone of its own knows nothing of changes outside."""
    domain = look.domain
    theirs, outside = view.answer(domain, "MX"), look.facts.answer(domain, "MX")
    if theirs.outcome is Outcome.UNASKED:
        return
    if not theirs.definite:
        yield Finding(
            "note", "inside-silent", domain, f"{view}: {outcome_text(theirs.outcome)}", _("An answer."),
            _("Check from a machine that may ask it."), "",
        )  # fmt: skip
    elif theirs.same == outside.same:
        if theirs.own_zone:
            yield Finding(
                "note", "inside-zone", domain,
                _("{server} has a zone of its own for {domain}, which says the same today.").format(
                    server=view, domain=domain
                ),
                _("Who changes the records outside changes them there too."),
                _("Note it for the cutover: this zone is changed with the other."), "RFC 9499, section 6",
            )  # fmt: skip
    elif outside.definite:
        severity: Severity = "problem" if theirs.own_zone else "attention"
        yield Finding(
            severity, "split-brain", domain,
            _("Inside, {server} says of MX: {inside} Outside it is: {outside}").format(
                server=view, inside=answer_text(theirs), outside=answer_text(outside)
            ),
            _("Who writes from inside reaches the same mailboxes."),
            _("Change the zone on the server inside, or take it away.")
            if theirs.own_zone
            else _("If the MX was changed a short time ago, wait for the TTL; else look where this server asks."),
            "RFC 9499, section 6",
        )  # fmt: skip


def _questions(servers: Sequence[View]) -> list[Question]:
    return sorted({question for view in servers for question in view.answers}, key=str)


def answer_text(answer: Answer) -> str:
    """What was answered, for people."""
    if answer.outcome is not Outcome.RECORDS:
        # An alias that leads out of the zone is all that the zone's own servers have to say.
        return f"CNAME {answer.aliases[-1]}." if answer.aliases else outcome_text(answer.outcome)
    return ", ".join(sorted(map(value_text, answer.values))) + "."


def value_text(value: Value) -> str:
    """A record's value as a zone file has it."""
    match value:
        case Mx():
            return f"{value.preference} {value.host or '.'}"
        case Srv():
            return f"{value.priority} {value.weight} {value.port} {value.target or '.'}"
        case Tlsa():
            return f"{value.usage} {value.selector} {value.matching} {value.data}"
        case Soa():
            return f"{value.primary} {value.serial}"
    return value

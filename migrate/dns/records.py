"""The records of a domain before, at and after its cutover, and those for the way back.  Pure.

Nothing is made up: old records are those that the zone's own servers gave, with their TTLs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.language import _
from migrate.dns.facts import DEFINITE, Mx, Outcome
from migrate.dns.findings import Look
from migrate.dns.judge_mx import strangers
from migrate.dns.judge_transport import enforced, uncovered
from migrate.dns.providers import GOOGLE_NOW, SPF_INCLUDES, Expected, provider_of
from migrate.dns.spf import LOOK_UPS, is_spf, parse, walk

#: Seconds: while the MX changes, and when it has settled.
SHORT, SETTLED = 300, 3600
#: What counts as short when somebody else lowered it.
LOW = 600
#: Bytes of one string of a TXT record (RFC 1035, section 3.3.14).
_STRING = 255

When = Literal["before", "cutover", "after", "back"]


class CannotWrite(Exception):
    """Something must be mended, or told, before records can be written; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    ttl: int
    type: str
    #: As a zone file has it, with names that end in a dot.
    data: str

    def text(self, below: str | None = None) -> str:
        """A line of a zone file; its name is relative to ``below`` where that is given, as OVH and Gandi have it."""
        relative = "@" if self.name == below else self.name.removesuffix(f".{below}")
        name = f"{self.name}." if below is None else relative
        return f"{name} {self.ttl} IN {self.type} {self.data}"


@dataclass(frozen=True, slots=True)
class Step:
    when: When
    #: Seconds that the step before it must have been done for.
    wait: int
    remove: tuple[Line, ...]
    enter: tuple[Line, ...]


def steps(look: Look, expected: Expected, hosts: Sequence[str] = ()) -> list[Step]:
    """What to enter and to take out, in order; empty when the domain's MX is there already.  Raises CannotWrite.

    ``hosts``: the new MX by preference, where it is not known from ``expected``.
    """
    answer = look.answer(look.domain, "MX")
    if answer.outcome is Outcome.UNASKED:
        return []
    if answer.aliases:
        told = _(
            "{domain} is an alias (CNAME) of {target}, and an alias has no MX of its own: have records of its own"
            " entered in the place of the alias first."
        )
        raise CannotWrite(told.format(domain=look.domain, target=answer.aliases[-1]))
    said = {view.answer(look.domain, "MX").same for view in look.facts.of("authoritative")}
    said = {one for one in said if one[0] in DEFINITE}
    if len(said) != 1 or not answer.own_zone:
        raise CannotWrite(_("The zone's name servers do not say what the MX is, or disagree: see bascule dns check."))
    old = look.mx(look.domain)
    if old and not strangers(look, expected, [one.host for one in old]):
        return []
    ttl = answer.ttl or 0
    before, new = _mx(look, old, ttl), new_mx(expected, hosts)
    _check_policy(look, [one.host for one in new])
    old_spf, new_spf = _spf(look, expected)
    lowered, first, settled = _mx(look, old, min(ttl, SHORT)), _mx(look, new, SHORT), _mx(look, new, SETTLED)
    unlowered = before if ttl > SHORT else ()
    return [
        Step("before", 0, (*unlowered, *old_spf), (*(lowered if unlowered else ()), *new_spf)),
        Step("cutover", ttl, lowered, first),
        Step("after", SHORT, first, settled),
        Step("back", 0, (*first, *new_spf), (*before, *old_spf)),
    ]


def _check_policy(look: Look, hosts: Sequence[str]) -> None:
    """Raises CannotWrite where senders would refuse to bring mail to the new hosts."""
    if not any(text.startswith("v=STSv1") for text in look.texts(f"_mta-sts.{look.domain}")):
        return
    policy = look.policy()
    text = "" if policy is None else policy.text or ""
    if enforced(text) and (others := uncovered(text, hosts)):
        raise CannotWrite(
            _(
                "The MTA-STS policy does not name {hosts}. Add them to it, give the record at _mta-sts a new id, and"
                " wait the policy's max_age; then come back."
            ).format(hosts=", ".join(others))
        )


def new_mx(expected: Expected, hosts: Sequence[str]) -> list[Mx]:
    """The MX that is to come.  Raises CannotWrite when it must be told, or is not the expected provider's."""
    if expected.provider is not None and (others := [one for one in hosts if provider_of(one) != expected.provider]):
        text = _("{host} is no MX of {system}: look at what its admin centre shows.")
        raise CannotWrite(text.format(host=others[0], system=expected.title))
    if expected.provider == "microsoft365":
        if len(hosts) != 1:
            raise CannotWrite(
                _(
                    "Microsoft makes the MX for each tenant: copy it from the admin centre (Settings, Domains, DNS"
                    " records) to --mx HOST."
                )
            )
        return [Mx(0, hosts[0])]
    if expected.provider == "google" and not hosts:
        return [Mx(1, host) for host in sorted(GOOGLE_NOW)]
    return [Mx(10 * place, host) for place, host in enumerate(hosts or (expected.host,), 1)]


def _mx(look: Look, records: Sequence[Mx], ttl: int) -> tuple[Line, ...]:
    return tuple(Line(look.domain, ttl, "MX", f"{one.preference} {one.host}.") for one in records)


def _spf(look: Look, expected: Expected) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The SPF record as it is and with the new sender, both empty when it is in already or there is none.

    A domain without SPF gets none by the way: it would shut out senders that nobody thought of.
    """
    answer = look.answer(look.domain, "TXT")
    records = [text for text in look.texts(look.domain) if is_spf(text)]
    if not records:
        return (), ()
    if len(records) > 1 or parse(records[0]).wrong or answer.ttl is None:
        raise CannotWrite(_("The SPF record must be mended first: bascule dns check says how."))
    done = walk(look, look.domain, records[0])
    if expected.provider is not None:
        sender, there = f"include:{SPF_INCLUDES[expected.provider]}", SPF_INCLUDES[expected.provider] in done.domains
    else:
        addresses, _answers = look.addresses(expected.host)
        sender, there = f"a:{expected.host}", all(done.admits(address) for address in addresses)
    if there:
        return (), ()
    text = _with_sender(records[0], sender)
    if (count := len(walk(look, look.domain, text).look_ups)) > LOOK_UPS:
        told = _("With {sender} the SPF record needs {count} look-ups, and 10 is the most: take out others first.")
        raise CannotWrite(told.format(sender=sender, count=count))
    old, new = (Line(look.domain, answer.ttl, "TXT", quoted(one)) for one in (records[0], text))
    return (old,), (new,)


def _with_sender(text: str, sender: str) -> str:
    """``sender`` before ``all``, else at the end: a redirect is looked at last, wherever it stands."""
    words = text.split()
    last = next((term.written for term in parse(text).terms if term.name == "all"), None)
    words.insert(len(words) if last is None else words.index(last), sender)
    return " ".join(words)


def quoted(text: str) -> str:
    """A text as the strings of a TXT record."""
    raw = text.encode()
    parts = [raw[at : at + _STRING] for at in range(0, len(raw), _STRING)] or [b""]
    return " ".join('"' + "".join(map(_written, part)) + '"' for part in parts)


def _written(byte: int) -> str:
    sign = chr(byte)
    if sign in '"\\':
        return f"\\{sign}"
    return sign if 32 <= byte < 127 else f"\\{byte:03}"

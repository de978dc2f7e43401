"""SPF records as RFC 7208 reads them: their terms, and all that a receiver would look up for them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrate.dns.facts import Answer, Outcome
from migrate.dns.findings import Look, absent

#: Section 4.6.4: look-ups in all, those of them that find nothing, and MXs or PTR names of one mechanism.
LOOK_UPS, VOID_LOOK_UPS, NAMES_OF_A_TERM = 10, 2, 10
#: A chain of records that is longer than any receiver follows is not followed by us.
_DEEPEST, _MOST_RECORDS = 12, 60
_TERM = re.compile(r"([+\-?~]?)([a-z0-9]+)(?::([^/]+|[^/]*%\{.+))?((?:/\d+)?(?://\d+)?)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(\S*)", re.IGNORECASE)
#: Section 7.1: what a macro may look like; whatever else has a percent sign is no macro.
_MACRO = re.compile(r"%(\{[slodiphcrtv]\d*r?[.\-+,/_=]*\}|%|_|-)", re.IGNORECASE)
_NAME = re.compile(r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9-]*[a-z0-9])?\.?", re.IGNORECASE)
_WITH_NAME, _MAY_NAME, _BARE = frozenset({"include", "exists"}), frozenset({"a", "mx", "ptr"}), frozenset({"all"})
_NETWORKS = frozenset({"ip4", "ip6"})
#: Terms that cost a look-up (section 4.6.4).
_COSTS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism or modifier.  ``name`` is in small letters; ``value`` a domain or an address, empty for none."""

    written: str
    name: str
    qualifier: str = "+"
    value: str = ""
    prefixes: tuple[int | None, int | None] = (None, None)
    modifier: bool = False

    @property
    def has_macro(self) -> bool:
        return "%" in self.value


@dataclass(frozen=True, slots=True)
class Parsed:
    terms: tuple[Term, ...]
    #: Terms that no receiver can read: the record counts as broken (section 4.6).
    wrong: tuple[str, ...]


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (section 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def parse(text: str) -> Parsed:
    """The terms of a record that :func:`is_spf`."""
    terms, wrong = [], []
    for written in text.split(" ")[1:]:
        if not written:
            continue
        term = _term(written)
        if term is None:
            wrong.append(written)
        else:
            terms.append(term)
    for name in ("redirect", "exp"):
        wrong += [term.written for term in terms if term.name == name and term.modifier][1:]
    return Parsed(tuple(terms), tuple(wrong))


def _term(written: str) -> Term | None:
    modifier = _MODIFIER.fullmatch(written)
    if modifier:
        name, value = modifier[1].lower(), modifier[2]
        known = name in ("redirect", "exp")
        return None if known and not _is_domain(value) else Term(written, name, value=_plain(value), modifier=True)
    found = _TERM.fullmatch(written)
    if found is None and (network := re.fullmatch(r"([+\-?~]?)(ip[46]):(\S+)", written, re.IGNORECASE)):
        return _network_term(written, network[1], network[2].lower(), network[3])
    if found is None:
        return None
    sign, name, value = found[1] or "+", found[2].lower(), found[3] or ""
    if name in _NETWORKS:
        return _network_term(written, sign, name, value + found[4])
    if name in _MAY_NAME | _WITH_NAME | _BARE:
        return _name_term(written, sign, name, value, found[4])
    return None


def _network_term(written: str, sign: str, name: str, value: str) -> Term | None:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
    return Term(written, name, sign or "+", value) if network.version == int(name[2]) else None


def _name_term(written: str, sign: str, name: str, value: str, lengths: str) -> Term | None:
    asks = ":" in written
    if (name in _WITH_NAME and not value) or (name in _BARE and (asks or lengths)) or (asks and not value):
        return None
    if value and not _is_domain(value):
        return None
    if lengths and name not in ("a", "mx"):
        return None
    v4, _, v6 = lengths.removeprefix("/").partition("//") if not lengths.startswith("//") else ("", "", lengths[2:])
    prefixes = (int(v4) if v4 else None, int(v6) if v6 else None)
    if (prefixes[0] or 0) > 32 or (prefixes[1] or 0) > 128:
        return None
    return Term(written, name, sign, _plain(value), prefixes)


def _is_domain(value: str) -> bool:
    """Section 7.1: macros, and an end that is a name or a macro."""
    without = _MACRO.sub("x", value)
    return "%" not in without and _NAME.fullmatch(without) is not None


def _plain(value: str) -> str:
    return value if "%" in value else value.lower().rstrip(".")


@dataclass
class Walk:
    """What a receiver does that has to read a domain's record to its end."""

    #: Terms that cost a look-up, in their order, with the domain in whose record they stand.
    look_ups: list[tuple[str, str]] = field(default_factory=list)
    #: Names that were looked up, and do not exist or have nothing.
    void: list[str] = field(default_factory=list)
    #: Domains that are included or redirected to, whose records cannot be used, with what is there.
    unusable: list[tuple[str, str]] = field(default_factory=list)
    #: Domains whose record is part of this one, itself among them.
    domains: list[str] = field(default_factory=list)
    #: Addresses that may send (a qualifier other than ``+`` makes nobody a sender).
    networks: list[Network] = field(default_factory=list)
    #: Terms with a macro that stands for the sender: who they let in cannot be known from outside.
    unknowable: list[str] = field(default_factory=list)
    #: Mechanisms ``mx`` of more than ten hosts, and names that nobody could be asked about.
    crowded: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    def admits(self, address: str) -> bool:
        one = ipaddress.ip_address(address)
        return any(one in network for network in self.networks)


def walk(look: Look, domain: str, text: str) -> Walk:
    """Follows the record of ``domain`` through all that it includes."""
    done = Walk()
    _follow(look, domain, text, done, (domain,))
    return done


def _follow(look: Look, domain: str, text: str, done: Walk, above: tuple[str, ...]) -> None:
    done.domains.append(domain)
    terms = parse(text).terms
    at_all = next((place for place, term in enumerate(terms) if term.name == "all"), None)
    mechanisms = [term for place, term in enumerate(terms) if at_all is None or place < at_all]
    for term in mechanisms:
        if term.modifier:
            continue
        if term.name in _NETWORKS and term.qualifier == "+":
            done.networks.append(ipaddress.ip_network(term.value, strict=False))
        elif term.name in _COSTS:
            _look_up(look, domain, term, done, above)
    for term in terms:
        # Section 6.1: beside an ``all`` a redirect is not looked at.
        if term.modifier and term.name == "redirect" and at_all is None:
            _look_up(look, domain, term, done, above)


def _look_up(look: Look, domain: str, term: Term, done: Walk, above: tuple[str, ...]) -> None:
    done.look_ups.append((domain, term.written))
    if term.has_macro:
        done.unknowable.append(term.written)
        return
    target = term.value or domain
    if term.name in ("include", "redirect"):
        _part(look, target, term, done, above)
    elif term.name in ("a", "exists"):
        found, answers = _networks(look, target, term, both=term.name == "a")
        if absent(answers):
            done.void.append(target)
        elif term.name == "exists":
            done.unknowable.append(term.written)
        done.networks += found if term.name == "a" and term.qualifier == "+" else []
    elif term.name == "mx":
        _exchangers(look, target, term, done)


def _part(look: Look, target: str, term: Term, done: Walk, above: tuple[str, ...]) -> None:
    answer = look.answer(target, "TXT")
    records = [text for text in look.texts(target) if is_spf(text)]
    if absent([answer]):
        done.void.append(target)
    if not answer.definite:
        if answer.outcome is not Outcome.UNASKED:
            done.undecided.append(target)
    elif target in above or len(above) > _DEEPEST or len(done.look_ups) > _MOST_RECORDS:
        done.unusable.append((target, "loop" if target in above else "too-deep"))
    elif len(records) != 1:
        done.unusable.append((target, "several" if records else "none"))
    elif parse(records[0]).wrong:
        done.unusable.append((target, "syntax"))
    else:
        inner = done if term.qualifier == "+" else Walk(done.look_ups, done.void, done.unusable, done.domains)
        _follow(look, target, records[0], inner, (*above, target))


def _exchangers(look: Look, target: str, term: Term, done: Walk) -> None:
    answer = look.answer(target, "MX")
    hosts = [one.host for one in look.mx(target) if one.host]
    if absent([answer]):
        done.void.append(target)
    if len(hosts) > NAMES_OF_A_TERM:
        done.crowded.append(target)
    for host in hosts[:NAMES_OF_A_TERM]:
        found, _answers = _networks(look, host, term, both=True)
        done.networks += found if term.qualifier == "+" else []


def _networks(look: Look, name: str, term: Term, *, both: bool) -> tuple[list[Network], list[Answer]]:
    """Addresses of a name with the term's prefix lengths, and the answers."""
    found: list[Network] = []
    answers = []
    for kind, length in zip(("A", "AAAA") if both else ("A",), term.prefixes, strict=False):
        answer = look.answer(name, kind)
        answers.append(answer)
        found += _with_length(answer, length)
    return found, answers


def _with_length(answer: Answer, length: int | None) -> Iterator[Network]:
    for value in answer.values:
        if isinstance(value, str):
            text = value if length is None else f"{value}/{length}"
            yield ipaddress.ip_network(text, strict=False)

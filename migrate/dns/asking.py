"""Asking: the zone's own servers without recursion, resolvers, and those inside; many at a time, each with a limit.

A name that may be new (a DKIM key, ``mta-sts``) is asked for at the zone's own servers first, and at resolvers only
when it is there: they would remember for the SOA's negative TTL that it is not (RFC 2308), and hide it for that long.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from connectors.language import _
from migrate.dns.answers import answer_of
from migrate.dns.facts import SILENT, UNASKED, Answer, Facts, Kind, Outcome, Policy, Question, View
from migrate.dns.findings import Aims, Finding, Look
from migrate.dns.judging import judge

T = TypeVar("T")
PORT = 53
#: Questions under way at a time, rounds of questions that follow from answers, and bytes that UDP brings unbroken.
_AT_ONCE, _ROUNDS, _PAYLOAD = 24, 40, 1232
_SERVER = re.compile(r"\[(?P<six>[0-9a-fA-F:.]+)\](?::(?P<port6>\d+))?|(?P<four>[\d.]+)(?::(?P<port4>\d+))?")


class NobodyAnswers(Exception):
    """Neither a resolver nor a name server answered; the message is for people."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked."""

    name: str
    #: None for a name server whose name has no address.
    address: str | None
    port: int = PORT

    def __str__(self) -> str:
        if self.address is None:
            return self.name
        shown = f"[{self.address}]" if ":" in self.address and self.port != PORT else self.address
        return shown if self.port == PORT else f"{shown}:{self.port}"


def server_at(text: str) -> Server:
    """``ADDRESS``, ``ADDRESS:PORT`` or ``[ADDRESS]:PORT``.  Raises ValueError."""
    found = _SERVER.fullmatch(text)
    bare = found["six"] or found["four"] if found else text
    address = str(ipaddress.ip_address(bare))
    port = int((found["port6"] or found["port4"] or PORT) if found else PORT)
    if not 0 < port < 65536:
        raise ValueError("no such port")
    one = Server("", address, port)
    return Server(str(one), address, port)


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is to be asked.  ``servers``: instead of those that the zone's NS records name."""

    resolvers: Sequence[Server]
    inside: Sequence[Server] = ()
    servers: Sequence[Server] = ()
    #: Where those answer.
    port: int = PORT
    #: Seconds for one try of a question, and tries.
    timeout: float = 3.0
    tries: int = 2


@dataclass
class _Asked:
    """A server, what it said, and whether it is still worth asking."""

    kind: Kind
    server: Server
    answers: dict[Question, Answer] = field(default_factory=dict)
    silent: bool = False

    @property
    def view(self) -> View:
        address = None if self.server.address is None else str(self.server)
        return View(self.kind, self.server.name, address, self.answers)


class Inquiry:
    """One domain, asked about until nothing more is to be known."""

    def __init__(self, domain: str, whom: Whom, stop: Event, fetch: Callable[[str], Policy]) -> None:
        self._domain = domain
        self._zone = domain
        self._whom = whom
        self._stop = stop
        self._fetch = fetch
        self._policy: Policy | None = None
        self._outside = [_Asked("resolver", server) for server in whom.resolvers]
        self._inside = [_Asked("inside", server) for server in whom.inside]
        self._servers: list[_Asked] = []
        self._done: set[Question] = set()

    @property
    def facts(self) -> Facts:
        views = [one.view for one in (*self._servers, *self._outside, *self._inside)]
        return Facts(self._domain, self._zone, views, self._policy)

    def judge(self, aims: Aims) -> list[Finding]:
        """All that is to be said of the domain.  As :meth:`follow`."""
        return self.follow(lambda look: judge(look, aims))

    def follow(self, judging: Callable[[Look], T]) -> T:
        """Ask, judge, ask what the judge still wants to know, until it is content.  Raises NobodyAnswers.

        Ends early, with what is known, when it is told to stop.
        """
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="dns") as self._pool:
            self._find_servers()
            if all(answer.outcome in SILENT for view in self.facts.views for answer in view.answers.values()):
                raise NobodyAnswers(
                    _(
                        "No name server and no resolver answers. See whether this machine has a network, and may ask"
                        " port 53; --resolver ADDRESS names a resolver that it may ask."
                    )
                )
            for _round in range(_ROUNDS):
                look = Look(self.facts)
                found = judging(look)
                missing = look.missing - self._done
                wants_policy = look.wants_policy and self._policy is None
                if self._stop.is_set() or not (missing or wants_policy):
                    break
                if wants_policy:
                    self._policy = self._fetch(self._domain)
                self._ask_all(missing)
        return found

    def _find_servers(self) -> None:
        """The zone that the domain lies in, and its name servers with their addresses."""
        # Who does not answer this is asked nothing more: all wait for them together, and once.
        self._ask([*self._outside, *self._inside], [Question(self._domain, "MX")])
        labels = self._domain.split(".")
        names: list[str] = []
        for above in range(max(len(labels) - 1, 1)):
            candidate = ".".join(labels[above:])
            answer = self._first(Question(candidate, "NS"), unchecked=True)
            if answer.outcome is Outcome.RECORDS and not answer.aliases:
                self._zone = candidate
                names = sorted(str(value) for value in answer.values)
                break
        if self._whom.servers:
            found = list(self._whom.servers)
        else:
            found = [one for servers in self._pool.map(self._located, names) for one in servers]
        self._servers = [_Asked("authoritative", one) for one in found]
        self._ask(self._servers, [Question(self._zone, "SOA")])
        facts = self.facts
        known = {question for view in facts.of("resolver", "inside") for question in view.answers}
        self._ask(self._servers, [question for question in sorted(known, key=str) if facts.in_zone(question.name)])
        self._done.add(Question(self._zone, "SOA"))

    def _located(self, name: str) -> list[Server]:
        addresses = [
            str(value) for kind in ("A", "AAAA") for value in self._first(Question(name, kind), unchecked=True).values
        ]
        reached = [address for address in addresses if _has_route(address)]
        return [Server(name, address, self._whom.port) for address in reached or addresses] or [Server(name, None)]

    def _ask_all(self, questions: Iterable[Question]) -> None:
        questions = sorted(questions, key=str)
        facts = self.facts
        inner = [question for question in questions if facts.in_zone(question.name)]
        self._ask(self._servers, inner)
        facts = self.facts
        public = [one for one in inner if self._is_public(facts.answer(one.name, one.type))]
        self._ask([*self._outside, *self._inside], public)
        for _answer in self._pool.map(self._first, [one for one in questions if one not in inner]):
            pass
        self._done.update(questions)

    def _is_public(self, answer: Answer) -> bool:
        """Whether resolvers may be asked: it is there, or leads elsewhere, or the zone's servers do not say."""
        return answer.outcome is Outcome.RECORDS or bool(answer.aliases) or not answer.definite

    def _first(self, question: Question, *, unchecked: bool = False) -> Answer:
        """The first answer of a resolver that says something for certain, else the last one that came.

        ``unchecked``: its signatures do not matter, so that the servers of a zone with broken ones are found.
        """
        answer = UNASKED
        for one in (*self._outside, *self._inside):
            if one.silent or self._stop.is_set():
                continue
            answer = one.answers.get(question) or self._put(one, question, unchecked=unchecked)
            if answer.definite:
                return answer
        return answer

    def _ask(self, whom: Sequence[_Asked], questions: Sequence[Question]) -> None:
        pairs = [(one, question) for question in questions for one in whom if question not in one.answers]
        for _answer in self._pool.map(lambda pair: self._put(*pair), pairs):
            pass

    def _put(self, one: _Asked, question: Question, *, unchecked: bool = False) -> Answer:
        """Ask, and remember the answer.  One that was silent before is not waited for again."""
        if one.silent or one.server.address is None or self._stop.is_set():
            return UNASKED
        zone = self._zone if one.kind == "authoritative" else None
        answer = ask(one.server, question, zone, self._whom.timeout, self._whom.tries, unchecked=unchecked)
        one.silent = one.silent or answer.outcome in (Outcome.TIMEOUT, Outcome.UNREACHABLE)
        one.answers[question] = answer
        return answer


def ask(
    server: Server, question: Question, zone: str | None, timeout: float, tries: int, *, unchecked: bool = False
) -> Answer:
    """One question to one server; ``zone`` as in :func:`answer_of`.  Never raises for what the network does.

    ``timeout``: seconds for each of the ``tries``; ``unchecked``: a resolver need not verify signatures.
    """
    assert server.address is not None
    query = dns.message.make_query(question.name, question.type, use_edns=0, payload=_PAYLOAD)
    # Servers are asked for what they have themselves; resolvers for all, and whether they have verified it.
    query.flags = dns.flags.Flag(0) if zone is not None else dns.flags.RD | dns.flags.AD
    if unchecked:
        query.flags |= dns.flags.CD
    outcome = Outcome.TIMEOUT
    for _try in range(tries):
        try:
            response, _by_tcp = dns.query.udp_with_fallback(query, server.address, timeout=timeout, port=server.port)
        except dns.exception.Timeout:
            continue
        except OSError:
            outcome = Outcome.UNREACHABLE
            continue
        except (dns.exception.DNSException, EOFError):
            return Answer(Outcome.BROKEN)
        if response.rcode() == dns.rcode.FORMERR and query.edns >= 0:
            query.use_edns(edns=False)  # RFC 6891, section 7: who does not know it, says so like this
            continue
        return answer_of(response, zone)
    return Answer(outcome)


def _has_route(address: str) -> bool:
    """Whether this machine knows a way there at all: without IPv6, servers are asked at their other addresses."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, PORT))
    except OSError:
        return False
    return True

"""The mail servers of a company that moves: three SMTP servers that deliver where recipes and DNS tell them to.

They deliver by the clock of the tests, which real servers do not; that real ones follow the recipes is proved in
tests/integration/test_delivery.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

import dns.message
import dns.query
from aiosmtpd.controller import Controller
from imapclient import IMAPClient

from tests.servers.process import free_port

Side = Literal["old", "new"]
#: Where one copy goes: a side, and a mailbox there.
Leg = tuple[Side, str]


@dataclass
class Postman:
    """Everybody's mail servers, and how they are set up."""

    #: Ports of the IMAP servers, and the passwords of their people.
    imap: Mapping[Side, int]
    passwords: Mapping[Side, Mapping[str, str]]
    #: Where the zones are asked for.
    dns_port: int
    #: By address, who it is.
    aliases: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: On the old server: a copy to this address (what a recipe switches on).
    copies: dict[str, str] = field(default_factory=dict)
    #: On the new side: whose mail goes back to the old server.
    back: set[str] = field(default_factory=set)
    #: Domains whose mail the old server passes on.
    passed_on: set[str] = field(default_factory=set)

    def legs(self, side: Side, address: str) -> set[Leg] | None:
        """Every copy of a message that this side takes; None for somebody whom nobody knows."""
        address = address.lower()
        if address in self.groups:
            return {leg for one in self.groups[address] for leg in self.legs(side, one) or ()}
        person = self.aliases.get(address, address)
        local, _, domain = person.rpartition("@")
        if side == "new" and domain.startswith("new."):
            person = f"{local}@{domain.removeprefix('new.')}"
            return {("new", person)} if person in self.passwords["new"] else None
        if person not in self.passwords[side]:
            return None
        if side == "new":
            return self.legs("old", person) if person in self.back else {("new", person)}
        if domain in self.passed_on:
            return self.legs("new", person)
        copy = self.copies.get(person)
        return {("old", person)} | (set() if copy is None else self.legs("new", copy) or set())

    def from_outside(self, address: str) -> set[Leg] | None:
        """As somebody's server elsewhere does: to where the MX leads."""
        query = dns.message.make_query(address.rpartition("@")[2], "MX")
        (answer,) = dns.query.udp(query, "127.0.0.1", port=self.dns_port, timeout=5).answer
        first = min(answer, key=lambda record: record.preference)  # type: ignore[attr-defined]
        old = first.exchange.to_text().startswith("mail.")  # type: ignore[attr-defined]
        return self.legs("old" if old else "new", address)

    def deliver(self, legs: set[Leg], data: bytes) -> None:
        now = datetime.fromtimestamp(time.time(), UTC)
        for side, person in sorted(legs):
            trace = f"Received: from sender by {side}.example; {format_datetime(now)}\r\n"
            with IMAPClient("127.0.0.1", self.imap[side], ssl=False, timeout=30) as client:
                client.login(person, self.passwords[side][person])
                client.append("INBOX", trace.encode() + data, msg_time=now)


class _Handler:
    """An SMTP server: of a side, or of the world outside."""

    def __init__(self, postman: Postman, side: Side | None) -> None:
        self._postman, self._side = postman, side

    def _legs(self, address: str) -> set[Leg] | None:
        if self._side is None:
            return self._postman.from_outside(address)
        return self._postman.legs(self._side, address)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802  # aiosmtpd's name
        if self._legs(address) is None:
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        for address in envelope.rcpt_tos:
            self._postman.deliver(self._legs(address) or set(), bytes(envelope.content))
        return "250 delivered"


@contextmanager
def listening(postman: Postman) -> Iterator[dict[str, int]]:
    """The ports of the servers ``outside``, ``old`` and ``new``."""
    sides: dict[str, Side | None] = {"outside": None, "old": "old", "new": "new"}
    with ExitStack() as running:
        ports = {}
        for name, side in sides.items():
            ports[name] = free_port()
            server = Controller(
                _Handler(postman, side), hostname="127.0.0.1", port=ports[name], server_hostname=f"{name}.example"
            )
            server.start()
            running.callback(server.stop)
        yield ports

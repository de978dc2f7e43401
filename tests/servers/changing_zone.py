"""A name server of one zone, whose TXT records a test changes while it runs; resolver and name server in one."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset


@dataclass
class ChangingZone:
    """``texts`` is what it answers; ``asked`` how often it was asked for them."""

    domain: str
    port: int = 0
    texts: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def options(self) -> list[str]:
        """What a command is told, so that it asks nobody else."""
        return [f"--{name}={self.address}" for name in ("resolver", "inside", "server")]

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        (question,) = query.question
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        zone = f"{self.domain}."
        soa = dns.rrset.from_text(zone, 60, "IN", "SOA", f"ns.{zone} root.{zone} 1 60 60 60 60")
        if name == zone and kind == "TXT":
            self.asked += 1
            if self.texts:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{one}"' for one in self.texts)))
        elif name == zone and kind == "NS":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "NS", f"ns.{zone}"))
        elif name == zone and kind == "SOA":
            response.answer.append(soa)
        if not response.answer:
            response.authority.append(soa)
        return response


@contextmanager
def running_changing_zone(domain: str) -> Iterator[ChangingZone]:
    zone = ChangingZone(domain)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            socket.sendto(zone.answer(dns.message.from_wire(data)).to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        zone.port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield zone
        finally:
            server.shutdown()

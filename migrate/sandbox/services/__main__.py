"""The process of the small servers; started by :mod:`migrate.sandbox.running`, never by a person.

Reads what to serve as one line of JSON from standard input, writes the ports as another, ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import dns.message

from migrate.sandbox.parent import tell_ready, until_gone
from migrate.sandbox.services.names import TcpNames, UdpNames, Zones
from migrate.sandbox.services.pop3 import Pop3Server
from migrate.sandbox.services.smtp import Delivery, start_smtp


class _OneAtATime(Zones):
    """UDP and TCP ask the same zones."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lock = Lock()

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        with self._lock:
            return super().answer(query)


async def serve(wanted: dict[str, Any]) -> dict[str, int]:
    """Start all of it; the port of each by name."""
    ports: dict[str, int] = {}
    given = wanted["ports"]
    for name, server in wanted["imap"].items():
        imap = ("127.0.0.1", int(server["port"]))
        if server.get("pop3"):
            pop3 = Pop3Server(given.get("pop3", 0), imap)
            Thread(target=pop3.serve_forever, daemon=True).start()
            ports["pop3"] = pop3.port
        delivery = Delivery(imap, server["people"], Path(wanted["outbox"]))
        smtp = await start_smtp(given.get(f"smtp-{name}", 0), delivery)
        ports[f"smtp-{name}"] = smtp.sockets[0].getsockname()[1]
    zones = _OneAtATime(Path(wanted["zones"]))
    tcp = TcpNames(given.get("dns", 0), zones)
    port = int(tcp.server_address[1])
    udp = UdpNames(port, zones)
    for names in (tcp, udp):
        Thread(target=names.serve_forever, daemon=True).start()
    ports["dns"] = port
    return ports


async def main() -> None:
    tell_ready(await serve(json.loads(sys.stdin.readline())))
    await until_gone()


if __name__ == "__main__":
    # A client that is killed in the middle of a command is what these servers are for, and no news.
    logging.disable(logging.CRITICAL)
    asyncio.run(main())

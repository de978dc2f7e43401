"""The process of the small servers; started by :mod:`migrate.sandbox.running`, never by a person.

Reads what to serve as one line of JSON from standard input, writes the ports as another, ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from migrate.sandbox.parent import tell_ready, until_gone
from migrate.sandbox.services.names import TcpNames, UdpNames, Zones
from migrate.sandbox.services.pop3 import Pop3Server
from migrate.sandbox.services.smtp import Delivery, start_smtp

#: A port that is free for TCP may be somebody's for UDP.
_TRIES = 20


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
    tcp, udp = _names(given.get("dns", 0), Zones(Path(wanted["zones"])))
    for names in (tcp, udp):
        Thread(target=names.serve_forever, daemon=True).start()
    ports["dns"] = int(tcp.server_address[1])
    return ports


def _names(port: int, zones: Zones) -> tuple[TcpNames, UdpNames]:
    """Both on one port: that one, or any that is free for both."""
    for left in reversed(range(_TRIES)):
        tcp = TcpNames(port, zones)
        try:
            return tcp, UdpNames(int(tcp.server_address[1]), zones)
        except OSError:
            tcp.server_close()
            if port or not left:
                raise
    raise AssertionError("the last try returned or raised")


async def main() -> None:
    tell_ready(await serve(json.loads(sys.stdin.readline())))
    await until_gone()


if __name__ == "__main__":
    # A client that is killed in the middle of a command is what these servers are for, and no news.
    logging.disable(logging.CRITICAL)
    asyncio.run(main())

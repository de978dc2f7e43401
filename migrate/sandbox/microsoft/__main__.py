"""The process of the stand-in; started by :mod:`migrate.sandbox.microsoft.started`, never by a person.

    python -m migrate.sandbox.microsoft [--state FOLDER] [--port N] [--imap-port N] [--behind HOST:PORT]

Writes one line of JSON when it is ready, and ends when its standard input does.  The password for the server behind, if
one is given, is the first line of standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from migrate.sandbox.certificates import throw_away_tls
from migrate.sandbox.microsoft.behind import Behind, Given
from migrate.sandbox.microsoft.control import PREFIX, Control
from migrate.sandbox.microsoft.device_page import device_page
from migrate.sandbox.microsoft.exchange import Exchange
from migrate.sandbox.microsoft.front import serve_exchange
from migrate.sandbox.microsoft.graph.service import Graph
from migrate.sandbox.microsoft.people import add_domain
from migrate.sandbox.microsoft.sign_in import SignIn
from migrate.sandbox.microsoft.tenant import Tenant, load_tenant, save_tenant
from migrate.sandbox.microsoft.tokens import Tokens
from migrate.sandbox.parent import tell_ready, until_gone
from migrate.sandbox.web import Answer, Request, serve_web

#: Seconds between two looks at whether there is anything to keep.
_SAVE_EVERY = 5.0


class StandIn:
    """All of it behind one HTTPS address and one IMAP port."""

    def __init__(self, tenant: Tenant, behind: Behind, word: str) -> None:
        tokens = Tokens()
        self.address = ""
        self._exchange = Exchange(tenant, tokens, behind)
        self._sign_in = SignIn(tenant, tokens)
        self._graph = Graph(tenant, tokens, behind)
        self._control = Control(self._exchange, self._sign_in, self._graph, word)

    @property
    def exchange(self) -> Exchange:
        return self._exchange

    async def answer(self, request: Request) -> Answer:
        """By path: the control channel, Graph, the page for codes, the sign-in."""
        request = replace(request, path=unquote(request.path))
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        if request.path.startswith(("/v1.0/", "/beta/")):
            return await self._graph.answer(request, self.address)
        if request.path == "/device":
            return device_page(request, self._sign_in)
        answer = self._sign_in.answer(request, self.address)
        return answer if answer is not None else Answer(404)


async def serve(state: Path | None, certificate: Path, port: int, imap_port: int, given: Given | None) -> None:
    """Until standard input ends."""
    tenant = load_tenant(state) if state is not None else Tenant()
    if tenant.initial_domain not in tenant.domains:
        add_domain(tenant, tenant.initial_domain, verified=True, initial=True)
    behind = Behind(given, state)
    await behind.start()
    word = secrets.token_urlsafe(16)
    stand_in = StandIn(tenant, behind, word)
    tls = throw_away_tls(certificate)
    web = await serve_web(stand_in.answer, tls=tls, port=port)
    imap = await serve_exchange(stand_in.exchange, tls, imap_port)
    stand_in.address = f"https://localhost:{web.sockets[0].getsockname()[1]}"
    ready = {
        "address": stand_in.address, "imap_port": imap.sockets[0].getsockname()[1], "ca_file": str(certificate),
        "tenant": tenant.tenant_id, "control": word,
    }  # fmt: skip
    tell_ready(ready)

    def keep() -> None:
        if state is not None:
            save_tenant(tenant, state)
            behind.save()

    await until_gone(keep, every=_SAVE_EVERY)
    web.close()
    imap.close()
    behind.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m migrate.sandbox.microsoft")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--imap-port", type=int, default=0)
    parser.add_argument("--behind", help="HOST:PORT of a plain IMAP server; its password is the first line of input")
    options = parser.parse_args()
    # A client that is killed in the middle of a command is what these stand-ins are for, and no news.
    logging.disable(logging.CRITICAL)
    given = None
    if options.behind:
        host, _, port = options.behind.rpartition(":")
        given = Given(host, int(port), sys.stdin.readline().rstrip("\n"))
    if options.state is not None:
        options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="bascule-microsoft-") as folder:
        certificate = (options.state or Path(folder)) / "ca.pem"
        asyncio.run(serve(options.state, certificate, options.port, options.imap_port, given))


if __name__ == "__main__":
    main()

"""The process of one stand-in: ``python -m migrate.sandbox.google``.

It prints one line of JSON when it answers (``endpoint``, and ``control``, the word for :mod:`control`), and ends when
its standard input does, so that it cannot outlive whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import sys
from pathlib import Path

from migrate.sandbox.google.control import Control
from migrate.sandbox.google.service import Service
from migrate.sandbox.google.world import World
from migrate.sandbox.parent import tell_ready, until_gone
from migrate.sandbox.web import Answer, Request, serve_web


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m migrate.sandbox.google", description="A local stand-in of Google Workspace."
    )
    parser.add_argument("--state", type=Path, help="keep accounts and mail in this folder (default: nothing is kept)")
    parser.add_argument("--port", type=int, default=0, help="the port of 127.0.0.1 (default: the last one, or any)")
    parser.add_argument("--domain", default="example.org", help="the customer's first domain (default: example.org)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # clients that vanish are what it is for
    try:
        asyncio.run(serve(options.state, options.port, options.domain))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as wrong:
        sys.exit(f"The stand-in cannot start: {wrong}")


async def serve(state: Path | None, port: int, domain: str) -> None:
    """Serve on ``port`` of 127.0.0.1 until standard input ends."""
    world = World(state, domain)
    service = Service(world)
    word = secrets.token_urlsafe(16)
    control = Control(service, word)

    def answer(request: Request) -> Answer:
        return control.answer(request) if request.path.startswith("/control/") else service.answer(request)

    kept = (world.counters.get("port") or {"last": 0})["last"]
    try:
        # Key files that were handed out earlier name the port of that time.
        server = await serve_web(answer, port=port or kept, too_long=service.too_long)
    except OSError:
        if port:
            raise
        server = await serve_web(answer, too_long=service.too_long)
    port = server.sockets[0].getsockname()[1]
    if port != kept:
        world.counters.put("port", {"last": port})
    service.endpoint = f"http://127.0.0.1:{port}"
    tell_ready({"endpoint": service.endpoint, "control": word, "pid": os.getpid()})
    await until_gone()
    server.close()
    world.journal.close()


if __name__ == "__main__":
    main()

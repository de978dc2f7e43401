"""The process of one pymap stand-in; started by :mod:`migrate.sandbox.pymap_server`, never by a person.

Reads its users as one line of JSON from standard input, writes its port to standard output, and ends when standard
input does: it cannot outlive whoever started it.  With a ``state`` folder its mail is kept there.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from migrate.sandbox.parent import tell_ready, until_gone
from migrate.sandbox.pymap_mail import PymapMail

#: Seconds between two looks at whether there is anything to keep.
_SAVE_EVERY = 5.0


async def serve(wanted: dict[str, Any]) -> None:
    """Serve ``users`` (name to password) on a port of 127.0.0.1 until standard input ends."""
    mail = PymapMail()
    await mail.start(max_message=wanted["max_message"], port=wanted.get("port") or 0)
    state = Path(wanted["state"]) if wanted.get("state") else None
    if state is not None:
        await mail.load(state)
    for name, password in wanted["users"].items():
        await mail.add_user(name, password)
    tell_ready(mail.port)
    await until_gone(lambda: mail.save(state) if state is not None else None, every=_SAVE_EVERY)
    mail.close()


if __name__ == "__main__":
    # A client that is killed in the middle of a command is what these stand-ins are for, and no news.
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(json.loads(sys.stdin.readline())))

"""The process of one pymap stand-in; started by :mod:`migrate.sandbox.pymap_server`, never by a person.

Reads its users as one line of JSON from standard input, writes its port to standard output, and ends when standard
input does: it cannot outlive whoever started it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Mapping

# The greeting would look up this machine's name, which takes seconds where there is no network.
os.environ.setdefault("FQDN", "localhost")

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash


async def serve(users: Mapping[str, str], max_message: int | None) -> None:
    """Serve ``users`` (name to password) on a free port of 127.0.0.1 until standard input ends."""
    settings = Namespace(
        host="127.0.0.1", port=0, debug=False, cert=None, key=None, tls=False, proxy_protocol=None, passlib_cfg=None,
        demo_data=False, demo_user="", demo_password="",
    )  # fmt: skip
    # One round of hashing: these passwords protect nothing, and a login must not cost a tenth of a second.
    backend, config = await DictBackend.init(settings, max_append_len=max_message, hash_context=BuiltinHash(rounds=1))
    del backend.login.users_dict[""]
    passwords = Passwords(config)
    for name, password in users.items():
        hashed = await passwords.hash_password(password)
        backend.login.users_dict[name] = UserMetadata(config, name, password=hashed)
    config.apply_context()
    connected = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    # A client that is killed in the middle of a command is what these stand-ins are for, and no news.
    logging.disable(logging.CRITICAL)
    wanted = json.loads(sys.stdin.readline())
    asyncio.run(serve(wanted["users"], wanted["max_message"]))

"""SMTP of the sandbox: mail for its people is delivered into an IMAP stand-in, all other mail to a file each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

#: Bytes a message at most.
_LARGEST = 160 << 20


class Delivery:
    """What becomes of a message.  ``people``: passwords by user name, an address; ``outbox``: everybody else's."""

    def __init__(self, imap: tuple[str, int], people: Mapping[str, str], outbox: Path) -> None:
        self._imap = imap
        #: By address in small letters, as mail may be addressed in any.
        self._people = {user.lower(): (user, password) for user, password in people.items()}
        self._domains = {address.rpartition("@")[2] for address in self._people}
        self._outbox = outbox

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Nobody else has an address in a domain of the sandbox."""
        known = address.lower()
        if known not in self._people and known.rpartition("@")[2] in self._domains:
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Delivered to all, or refused for now."""
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        try:
            for address in envelope.rcpt_tos:
                await server.loop.run_in_executor(None, self._deliver, session, envelope.mail_from or "", address, body)
        except (OSError, IMAPClientError):
            return "451 4.3.0 the mailbox cannot be reached"
        return "250 2.0.0 delivered"

    def _deliver(self, session: Session, sender: str, address: str, body: bytes) -> None:
        now = datetime.now(UTC)
        host = str(session.host_name or "unknown").replace("\r", "").replace("\n", "")
        trace = (
            f"Return-Path: <{sender}>\r\nReceived: from {host} by sandbox.invalid with ESMTP for <{address}>;"
            f" {format_datetime(now)}\r\n"
        )
        whole = trace.encode("utf-8", "replace") + body
        signing_in = self._people.get(address.lower())
        if signing_in is None:
            self._outbox.mkdir(mode=0o700, exist_ok=True)
            (self._outbox / f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.eml").write_bytes(whole)
            return
        with IMAPClient(*self._imap, ssl=False, timeout=60) as client:
            client.login(*signing_in)
            client.append("INBOX", whole, msg_time=now)


async def start_smtp(port: int, delivery: Delivery) -> asyncio.Server:
    """Listen on loopback."""
    loop = asyncio.get_running_loop()
    # Its own name is given: looking it up takes seconds where there is no network.
    return await loop.create_server(
        lambda: SMTP(delivery, hostname="sandbox.invalid", data_size_limit=_LARGEST, decode_data=False, loop=loop),
        "127.0.0.1",
        port,
    )

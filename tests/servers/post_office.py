"""A mail server that takes messages and keeps them (aiosmtpd): STARTTLS, signing in, and refusals on demand."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificates import Certificates
from tests.servers.process import free_port

USER, PASSWORD = "posts", "swordfish-of-the-post"


@dataclass
class PostOffice:
    """``answers`` by address: what RCPT is told in the place of 250."""

    port: int
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    #: Is called before a message is answered; what it returns is the answer, None: taken.
    before_answer: Callable[[str], str | None] = lambda _address: None

    def clear(self) -> None:
        self.taken.clear()
        self.raw.clear()
        self.answers.clear()
        self.before_answer = lambda _address: None

    def wait_for(self, count: int, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.taken) >= count

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast("bytes", envelope.content)
        (address,) = envelope.rcpt_tos
        self.raw.append(content)
        self.taken.append((address, cast("EmailMessage", message_from_bytes(content, policy=cast("Any", default)))))
        loop = server.loop
        told = await loop.run_in_executor(None, self.before_answer, address)
        return told or "250 Taken"


def _sign_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def running_post_office(certificates: Certificates) -> Iterator[PostOffice]:
    """On 127.0.0.1; nothing is taken before STARTTLS and signing in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    office = PostOffice(free_port())
    controller = Controller(
        office, hostname="127.0.0.1", port=office.port, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=_sign_in,
    )  # fmt: skip
    controller.start()
    try:
        yield office
    finally:
        controller.stop()

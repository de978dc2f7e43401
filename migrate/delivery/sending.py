"""Sending probes by SMTP (RFC 5321, RFC 6409)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from connectors.language import _
from connectors.net.verdicts import errno_name
from migrate.delivery.probes import FIELD, Probe, Sender
from plans.model import Submission
from plans.secrets import resolve

#: Seconds for each answer of a server.
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender's own server said; ``answer`` is an SMTP code, or the kind of trouble.

    ``sending``: the line broke before it said anything, so that the probe may be on its way.
    """

    state: Literal["sending", "accepted", "refused", "failed", "unsendable"]
    answer: str = ""


@dataclass(frozen=True)
class Mailer:
    """The plan's accounts for sending.  ``folder``: the organisation's, where secrets are looked for."""

    accounts: Mapping[str, Submission]
    folder: Path
    #: What certificates are checked by; the system's authorities unless given.
    trust: ssl.SSLContext | None = None

    def can_send(self, sender: Sender) -> bool:
        return sender in self.accounts

    def send(self, probe: Probe, when: float) -> Sent:
        """Hand one probe to its sender's server.  Raises SecretError when a password cannot be had."""
        account = self.accounts.get(probe.route.sender)
        if account is None:
            return Sent("unsendable")
        password = None if account.password is None else resolve(account.password, self.folder)
        try:
            server = connected(account, self.trust)
        except smtplib.SMTPResponseException as error:
            return Sent("failed", str(error.smtp_code))
        except OSError as error:
            return Sent("failed", errno_name(error))
        try:
            if account.user is not None and password is not None:
                server.login(account.user, password)
            return _handed_over(server, _message(probe, account.address, when), account.address, probe.route.address)
        except smtplib.SMTPResponseException as error:
            return Sent("failed", str(error.smtp_code))
        except OSError as error:
            return Sent("failed", errno_name(error))
        finally:
            # How it says good-bye changes nothing about what it took.
            with suppress(OSError):
                server.quit()
            server.close()


def _handed_over(server: smtplib.SMTP, message: EmailMessage, sender: str, address: str) -> Sent:
    """Raises SMTPException where it certainly did not leave."""
    try:
        server.send_message(message, sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        # For now (4xx) is not for ever: the sender's own server would have to try again, which it does not for us.
        return Sent("refused" if 500 <= code < 600 else "failed", str(code))
    except OSError as error:
        if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        return Sent("sending", errno_name(error))
    return Sent("accepted", "250")


def connected(account: Submission, trust: ssl.SSLContext | None = None) -> smtplib.SMTP:
    """A server that has greeted, on a line as the plan wants it.  Raises SMTPException, OSError."""
    trust = trust or ssl.create_default_context()
    if account.tls == "implicit":
        return smtplib.SMTP_SSL(account.host, account.port, timeout=_TIMEOUT, context=trust)
    server = smtplib.SMTP(account.host, account.port, timeout=_TIMEOUT)
    if account.tls == "starttls":
        try:
            server.starttls(context=trust)
        except BaseException:
            server.close()
            raise
    return server


def _message(probe: Probe, sender: str, when: float) -> EmailMessage:
    """A probe says what it is to whoever comes upon it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = probe.route.address
    message["Subject"] = f"Bascule {probe.token}"
    message["Date"] = format_datetime(datetime.fromtimestamp(when, UTC))
    message["Message-ID"] = f"<{probe.token}@{sender.rpartition('@')[2]}>"
    message[FIELD] = probe.token
    # Nobody's answering machine replies to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        _("This message tests the way mail takes. Nobody needs to answer it, and it may be deleted.") + "\n"
    )
    return message

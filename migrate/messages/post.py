"""Posting messages by SMTP (RFC 5321, RFC 6409), each on record before and after."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from threading import Event

from connectors.net.verdicts import errno_name
from migrate.delivery.sending import connected
from migrate.messages.record import Line, Record, State
from plans.model import Submission
from plans.secrets import resolve


class NoServer(Exception):
    """The server that posts cannot be reached, or breaks off before it takes anything.  ``why`` is short."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotLetIn(Exception):
    """The server does not take the account of the plan.  ``code`` is its answer."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``line``: as it is put on record before the message goes out."""

    message: EmailMessage
    line: Line


@dataclass
class Post:
    """One run of posting.  ``folder``: the organisation's, where secrets are looked for."""

    account: Submission
    folder: Path
    record: Record
    clock: Callable[[], datetime]
    #: What certificates are checked by; the system's authorities unless given.
    trust: ssl.SSLContext | None = None
    _server: smtplib.SMTP | None = field(default=None, init=False)

    def send(self, letters: Sequence[Outgoing], stop: Event) -> Iterator[Line]:
        """What became of each, in order; ends early when ``stop`` is set.

        Raises :class:`NoServer`, :class:`NotLetIn`, SecretError, OSError for the record.
        """
        try:
            for one in letters:
                if stop.is_set():
                    return
                server = self._server or self._connected()
                self.record.add(one.line)
                state, answer = self._one(server, one)
                done = one.line.model_copy(update={"state": state, "answer": answer, "at": self.clock()})
                self.record.add(done)
                yield done
        finally:
            self._close()

    def _connected(self) -> smtplib.SMTP:
        password = None if self.account.password is None else resolve(self.account.password, self.folder)
        try:
            self._server = connected(self.account, self.trust)
            if self.account.user is not None and password is not None:
                self._server.login(self.account.user, password)
        except smtplib.SMTPAuthenticationError as error:
            raise NotLetIn(error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            raise NoServer(str(error.smtp_code)) from None
        except (smtplib.SMTPException, OSError) as error:
            # Never what a server said: it may repeat what it was sent.
            raise NoServer(errno_name(error)) from None
        return self._server

    def _one(self, server: smtplib.SMTP, one: Outgoing) -> tuple[State, str]:
        try:
            server.send_message(one.message, self.account.address, [one.line.address])
        except smtplib.SMTPRecipientsRefused as error:
            return self._answered(next(iter(error.recipients.values()))[0])
        except smtplib.SMTPNotSupportedError:
            return "refused", "SMTPUTF8"
        except smtplib.SMTPResponseException as error:
            return self._answered(error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            return "unknown", errno_name(error)
        return "accepted", "250"

    def _answered(self, code: int) -> tuple[State, str]:
        if code == 421 or self._server is None or self._server.sock is None:  # it says that it hangs up
            self._close()
        return ("refused" if 500 <= code < 600 else "later"), str(code)

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()

"""A running IMAP server as the tests see it."""

from __future__ import annotations

import imaplib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerProcess

#: The password of every mailbox on every test server.
PASSWORD = "correct-horse"
#: Signs in to any mailbox of a Dovecot as ``<mailbox>*<MASTER_USER>``.
MASTER_USER, MASTER_PASSWORD = "migration", "master-key"


@dataclass(frozen=True)
class ImapServer:
    """Any user name is a mailbox, made empty at its first login, with the same ``password``."""

    #: Plain; offers STARTTLS where there are certificates.
    port: int
    #: Where the server keeps its data and its log.
    folder: Path
    process: ServerProcess
    #: Implicit TLS.
    tls_port: int | None = None
    #: PEM file of the authority that signed the server's certificate.
    authority: Path | None = None
    host: str = "127.0.0.1"
    password: str = PASSWORD
    #: POP3, plain (with STLS where there are certificates) and with implicit TLS, where it was asked for.
    pop3_port: int | None = None
    pop3s_port: int | None = None

    def login(self, user: str, password: str | None = None) -> imaplib.IMAP4:
        """A plain connection, signed in; the caller closes it with ``with`` or ``logout``."""
        connection = imaplib.IMAP4(self.host, self.port, timeout=30)
        # imaplib sends a literal and its line end apart; without this every APPEND would wait 40 ms for an ACK.
        connection.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.login(_quoted(user), password if password is not None else self.password)
        except BaseException:
            connection.shutdown()
            raise
        return connection

    def trust(self) -> ssl.SSLContext:
        """A verifying context that trusts this server's authority and nothing else."""
        assert self.authority is not None, "this server has no certificate"
        return ssl.create_default_context(cafile=str(self.authority))

    def restart(self) -> None:
        """Every connection is closed; mail and ports stay."""
        self.process.stop(orderly=True)
        self.process.start()


def _quoted(user: str) -> str:
    """imaplib quotes the password and not the user name."""
    return '"' + user.replace("\\", "\\\\").replace('"', '\\"') + '"'

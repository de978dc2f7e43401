"""A mailbox of the contract suite as an IMAP server holds it: seen and changed from behind the connector."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from connectors.suite import Harness, Mail
from connectors.suite.harness import FolderPath
from tests.servers import mail as servers_mail
from tests.servers.mail import _done
from tests.servers.proxy import Proxy
from tests.servers.server import ImapServer

#: Seconds after which a message of a cut connection is there, if it ever will be: on loopback it takes up to 70 ms.
SETTLE = 0.3


class BehindImap(Harness):
    """The owner's side; a subclass opens the sessions."""

    server: ImapServer
    user: str
    #: Between the sessions and the server.
    proxy: Proxy

    def put(self, path: FolderPath, *mails: Mail) -> None:
        for mail in mails:
            one = servers_mail.Mail(path, mail.data, mail.flags, mail.received)
            try:
                servers_mail.seed(self.server, self.user, [one])
            except AssertionError:
                continue

    def look(self, path: FolderPath) -> list[Mail]:
        with self.server.login(self.user) as connection:
            names = servers_mail._Names(connection)
            status, [found] = connection.select(names.quoted(path), readonly=True)
            if status != "OK":
                return []
            assert found is not None
            return [
                Mail(data, stored.received, stored.flags)
                for stored, data in servers_mail._messages(connection, int(found))
            ]

    def set_flags(self, path: FolderPath, index: int, flags: Collection[str]) -> None:
        with self.opened(path) as connection:
            _done(connection.store(str(index + 1), "FLAGS.SILENT", f"({' '.join(flags)})"))

    def delete(self, path: FolderPath, index: int) -> None:
        with self.opened(path) as connection:
            _done(connection.store(str(index + 1), "+FLAGS.SILENT", "(\\Deleted)"))
            _done(connection.expunge())

    def remove_folder(self, path: FolderPath) -> None:
        with self.server.login(self.user) as connection:
            _done(connection.delete(servers_mail._Names(connection).quoted(path)))

    @contextmanager
    def stall(self) -> Iterator[None]:
        self.proxy.stall()
        try:
            yield
        finally:
            self.proxy.resume()

    def settle(self) -> None:
        time.sleep(SETTLE)

    @contextmanager
    def opened(self, path: FolderPath) -> Iterator[imaplib.IMAP4]:
        with self.server.login(self.user) as connection:
            _done(connection.select(servers_mail._Names(connection).quoted(path)))
            yield connection

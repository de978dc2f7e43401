"""A Microsoft 365 whose mail is in a real Dovecot: the stand-in before it, and an app that may open mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from connectors.microsoft365.settings import Microsoft365Settings
from connectors.secret_setting import Secret
from migrate.sandbox.microsoft.started import App, MicrosoftStandIn, running_microsoft
from tests.servers.certificates import Certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer

DOMAIN = "contoso.example"


class Exchange:
    """``server`` is the Dovecot: what it holds is what was stored, whatever the front said."""

    def __init__(self, server: ImapServer, stand_in: MicrosoftStandIn) -> None:
        self.server = server
        self.stand_in = stand_in
        self.app: App = stand_in.app()

    def plan(self, **more: Any) -> dict[str, Any]:
        """What stands in a plan for a system that settles quickly; without a secret."""
        stand_in = self.stand_in
        return {
            "connector": "microsoft365",
            "tenant": stand_in.tenant,
            "client_id": self.app.client_id,
            "ca_file": str(stand_in.ca_file),
            "endpoints": self.endpoints(stand_in.imap_port),
            "settle": 1,
            **more,
        }

    def endpoints(self, imap_port: int) -> dict[str, str]:
        address = self.stand_in.address
        return {"sign_in": address, "graph": address, "imap": f"localhost:{imap_port}"}

    def settings(self, **more: Any) -> Microsoft365Settings:
        """Settings with the app's secret, as a connector gets them."""
        told = self.plan(secret=Secret("env:NAME").fetched_by(lambda: self.app.secret)) | more
        return Microsoft365Settings(**{key: value for key, value in told.items() if key != "connector"})

    def person(self, user: str) -> str:
        """The address of a new person, whose mailbox the app may open."""
        address = f"{user}@{DOMAIN}"
        self.stand_in.person(address, opened_by=self.app)
        return address


@contextmanager
def running_exchange(certificates: Certificates, **options: Any) -> Iterator[Exchange]:
    """``options`` are those of the Dovecot behind."""
    with ExitStack() as running:
        server = running.enter_context(running_dovecot(certificates, separator="/", **options))
        behind = ("127.0.0.1", server.port, server.password)
        yield Exchange(server, running.enter_context(running_microsoft(behind=behind)))

"""The stand-in as other code starts and holds it."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from migrate.sandbox.child import running_child

#: All that Bascule asks for, by resource: applications' permissions, and people's.
ALL_ROLES = {
    "exchange": ["IMAP.AccessAsApp"],
    "graph": [
        "User.ReadWrite.All", "Group.ReadWrite.All", "Domain.ReadWrite.All", "Organization.Read.All",
        "Application.Read.All", "Mail.ReadWrite", "MailboxSettings.ReadWrite", "Directory.ReadWrite.All",
    ],
}  # fmt: skip
ALL_SCOPES = {"exchange": ["IMAP.AccessAsUser.All"], "graph": ["User.Read", "Mail.ReadWrite"]}


@dataclass(frozen=True)
class App:
    """An application that was registered.  ``principal_id``: of the enterprise application."""

    client_id: str
    object_id: str
    principal_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class MicrosoftStandIn:
    """A running stand-in.  ``address`` answers sign-in (``<address>/<tenant>``) and Graph (``<address>/v1.0``)."""

    address: str
    imap_port: int
    ca_file: Path
    tenant: str
    _word: str = field(repr=False)
    host: str = "localhost"

    @property
    def authority(self) -> str:
        """As msal takes it, with ``instance_discovery=False`` and ``verify=str(ca_file)``."""
        return f"{self.address}/{self.tenant}"

    def control(self, operation: str, **parameters: Any) -> Any:
        """One operation of :class:`migrate.sandbox.microsoft.control.Control`.  Raises ValueError when it fails."""
        with httpx.Client(verify=_trusting(self.ca_file), trust_env=False, timeout=60) as client:
            answer = client.post(
                f"{self.address}/_stand_in/{operation}",
                json=parameters,
                headers={"Authorization": f"Bearer {self._word}"},
            )
        told = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise ValueError(told["problem"])
        return told["result"]

    def app(self, *, known_to_exchange: bool = True, **parameters: Any) -> App:
        """Register an application with a new secret and all permissions that Bascule asks for, unless told others."""
        secret = secrets.token_urlsafe(30)
        wanted = {"secret": secret, "roles": ALL_ROLES, "scopes": ALL_SCOPES, **parameters}
        made = self.control("application", **wanted)
        if known_to_exchange:
            self.control("new_service_principal", client_id=made["client_id"], object_id=made["principal_id"])
        return App(**made, secret=secret)

    def person(self, address: str, name: str = "Anna Berg", *, opened_by: App | None = None) -> str:
        """A user with a licence and a mailbox, which ``opened_by`` may open; the user's id."""
        made = str(self.control("person", address=address, name=name))
        if opened_by is not None:
            self.control("add_mailbox_permission", mailbox=address, user=opened_by.principal_id)
        return made

    def fault(self, what: str, on: str, **more: Any) -> None:
        """Plan trouble (:class:`migrate.sandbox.microsoft.faults.Fault`)."""
        self.control("fault", what=what, on=on, **more)

    def stats(self) -> dict[str, Any]:
        told: dict[str, Any] = self.control("stats")
        return told


@contextmanager
def running_microsoft(
    *, state: Path | None = None, port: int = 0, imap_port: int = 0, behind: tuple[str, int, str] | None = None
) -> Iterator[MicrosoftStandIn]:
    """Start a stand-in; it ends with the block.

    ``state``: a folder where it is kept and found again.  ``behind``: host, port and everybody's password of a plain
    IMAP server that holds the mail in the place of pymap.
    """
    arguments = ["--port", str(port), "--imap-port", str(imap_port)]
    if state is not None:
        arguments += ["--state", str(state)]
    if behind is not None:
        arguments += ["--behind", f"{behind[0]}:{behind[1]}"]
    first_line = behind[2] if behind is not None else ""
    with running_child("migrate.sandbox.microsoft", arguments, first_line) as told:
        yield MicrosoftStandIn(
            told["address"], told["imap_port"], Path(told["ca_file"]), told["tenant"], told["control"]
        )


def _trusting(ca_file: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file))

"""What a tenant holds, as data: applications, people, groups, domains, licences, mailboxes.

Secrets and passwords are held as digests only, so no state that is kept and no dump can show one.  Times are seconds
since 1970.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

_FILE = "tenant.json"

#: Resources that a token can be for, by the identifiers that scopes begin with.
EXCHANGE, GRAPH = "exchange", "graph"
RESOURCES = {
    "https://outlook.office365.com": EXCHANGE,
    "https://outlook.office.com": EXCHANGE,
    "https://graph.microsoft.com": GRAPH,
}


def new_id() -> str:
    return str(uuid4())


def digest(secret: str) -> str:
    """What is kept of a secret: long random values need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


class _Held(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Secret(_Held):
    """A client secret or refresh token, of which only the digest is known."""

    digest: str
    expires: float


class Application(_Held):
    """An app registration and its enterprise application (service principal)."""

    app_id: str = Field(default_factory=new_id)
    name: str = "Bascule"
    #: Of the registration, and of the enterprise application: Exchange takes the second only.
    object_id: str = Field(default_factory=new_id)
    principal_id: str = Field(default_factory=new_id)
    enabled: bool = True
    secrets: list[Secret] = []
    #: PEM of public certificates.
    certificates: list[str] = []
    #: Application permissions that an administrator consented to, by resource.
    roles: dict[str, set[str]] = {}
    #: Delegated permissions consented to, by resource.
    scopes: dict[str, set[str]] = {}
    #: Whether "allow public client flows" is on, without which there is no device code.
    public: bool = True


class Mailbox(_Held):
    """What Exchange knows of one mailbox."""

    address: str
    kind: Literal["user", "shared"] = "user"
    #: Ready from then on.
    ready_at: float = 0.0
    imap_enabled: bool = True
    #: Object ids of service principals, and addresses of people, with FullAccess.
    full_access: set[str] = set()
    #: Bytes a message; Set-Mailbox -MaxReceiveSize moves it up to 150 MB.
    max_receive: int = 36_700_160
    #: Bytes it holds at most; none: as much as this machine.
    quota: int | None = None
    #: Outlook's colours by category.
    categories: dict[str, str] = {}
    #: Categories of messages, by Graph id.
    marked: dict[str, list[str]] = {}


class Sku(_Held):
    """A subscription: what was bought."""

    sku_id: str
    part_number: str
    bought: int
    status: Literal["Enabled", "Warning", "Suspended", "Deleted", "LockedOut"] = "Enabled"
    renews: str | None = None
    trial: bool = False
    #: Whether it comes with a mailbox.
    mailbox: bool = True
    subscription_id: str = Field(default_factory=new_id)


class Domain(_Held):
    """``token`` makes its records: nothing of them can be guessed."""

    name: str
    verified: bool = False
    is_default: bool = False
    is_initial: bool = False
    services: list[str] = []
    token: str = Field(default_factory=lambda: uuid4().hex)


class Tenant(_Held):
    """One customer's tenant."""

    tenant_id: str = Field(default_factory=new_id)
    name: str = "Contoso"
    initial_domain: str = "contoso.onmicrosoft.com"
    created: float = Field(default_factory=time.time)
    applications: list[Application] = []
    #: Principals that New-ServicePrincipal made known to Exchange: application id by the object id given.
    principals: dict[str, str] = {}
    #: Graph objects by id.
    users: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}
    #: Members' ids by group id.
    members: dict[str, list[str]] = {}
    owners: dict[str, list[str]] = {}
    #: Deleted users and groups, which keep their addresses for 30 days: [object, time].
    deleted: dict[str, tuple[dict[str, Any], float]] = {}
    #: Mailboxes by address in small letters.
    mailboxes: dict[str, Mailbox] = {}
    domains: dict[str, Domain] = {}
    skus: dict[str, Sku] = {}
    #: Refresh tokens by digest.
    refresh: dict[str, dict[str, Any]] = {}
    #: Seconds from the licence to the mailbox.
    mailbox_delay: float = 0.0
    #: TXT records that count as published, by domain: what a resolver would answer.
    published: dict[str, list[str]] = {}

    def application(self, app_id: str) -> Application | None:
        return next((one for one in self.applications if one.app_id == app_id), None)

    def mailbox(self, address: str) -> Mailbox | None:
        """By its address or that of its user."""
        found = self.mailboxes.get(address.lower())
        if found is None and (user := self.user(address)) is not None:
            found = self.mailboxes.get(str(user.get("mail") or user["userPrincipalName"]).lower())
        return found

    def user(self, key: str) -> dict[str, Any] | None:
        """By id or user principal name."""
        return self.users.get(key) or next(
            (one for one in self.users.values() if one["userPrincipalName"].lower() == key.lower()), None
        )

    def licensed(self, address: str) -> bool:
        """Whether the user of this mailbox has a licence that comes with one; shared mailboxes need none."""
        mailbox = self.mailbox(address)
        if mailbox is not None and mailbox.kind == "shared":
            return True
        user = self.user(address) or next(
            (one for one in self.users.values() if str(one.get("mail") or "").lower() == address.lower()), None
        )
        return user is not None and any(
            (sku := self.skus.get(licence["skuId"])) is not None and sku.mailbox
            for licence in user.get("assignedLicenses", [])
        )


def load_tenant(folder: Path) -> Tenant:
    """The tenant that was kept in ``folder``, or a new one."""
    path = folder / _FILE
    return Tenant.model_validate_json(path.read_bytes()) if path.exists() else Tenant()


def save_tenant(tenant: Tenant, folder: Path) -> None:
    """Whole or not at all."""
    new = folder / f"{_FILE}.new"
    new.write_text(tenant.model_dump_json(), encoding="utf-8")
    new.replace(folder / _FILE)

"""What all sessions with the stand-in's Exchange share, and the judgement of who may open which mailbox."""

from __future__ import annotations

import base64
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from migrate.sandbox.microsoft.behind import Behind
from migrate.sandbox.microsoft.faults import Faults, Throttle
from migrate.sandbox.microsoft.manners import Manners
from migrate.sandbox.microsoft.tenant import EXCHANGE, Mailbox, Tenant
from migrate.sandbox.microsoft.tokens import Grant, Tokens

#: The permissions without which a token does not open IMAP: an application's, a person's.
AS_APP, AS_USER = "IMAP.AccessAsApp", "IMAP.AccessAsUser.All"


class Entry(Enum):
    """What becomes of a sign-in."""

    REFUSED = "NO AUTHENTICATE failed."
    #: Let in, and no command works: Exchange does not say why.
    NOT_CONNECTED = "not connected"
    CONNECTED = "connected"


@dataclass
class Exchange:
    """Tenant-wide: the throttle, planned faults, counts."""

    tenant: Tenant
    tokens: Tokens
    behind: Behind
    manners: Manners = field(default_factory=Manners)
    faults: Faults = field(default_factory=Faults)
    throttle: Throttle = field(default_factory=Throttle)
    #: Sessions open now, by mailbox.
    inside: Counter[str] = field(default_factory=Counter)
    #: Commands that came, and answers by their first word, since the counts were last cleared.
    commands: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    #: The most sessions that were open at a time, by mailbox.
    most: Counter[str] = field(default_factory=Counter)
    #: Bytes appended to mailboxes that have a quota.
    held: Counter[str] = field(default_factory=Counter)

    def judge(self, mailbox_name: str, token: str) -> tuple[Entry, Grant | None, Mailbox | None]:
        """Whether ``token`` opens the mailbox.

        The order is Exchange's: the token, then whether Exchange knows the application, then the mailbox.
        """
        grant = self.tokens.grant_of(token)
        if grant is None or grant.expired or grant.resource != EXCHANGE or grant.tenant_id != self.tenant.tenant_id:
            return Entry.REFUSED, None, None
        if grant.user is None and not self._known(grant):
            return Entry.REFUSED, None, None
        if grant.user is not None and AS_USER not in grant.permissions:
            return Entry.REFUSED, None, None
        mailbox = self.tenant.mailbox(mailbox_name)
        if mailbox is None:
            return Entry.NOT_CONNECTED, grant, None
        usable = (
            self._may_open(grant, mailbox)
            and mailbox.imap_enabled
            and time.time() >= mailbox.ready_at
            and self.tenant.licensed(mailbox.address)
            and self.inside[mailbox.address] < self.manners.sessions
        )
        return (Entry.CONNECTED if usable else Entry.NOT_CONNECTED), grant, mailbox

    def _known(self, grant: Grant) -> bool:
        """Consent, and New-ServicePrincipal run with the object id of the enterprise application."""
        application = self.tenant.application(grant.app_id)
        return (
            application is not None
            and AS_APP in grant.permissions
            and self.tenant.principals.get(application.principal_id) == grant.app_id
        )

    def _may_open(self, grant: Grant, mailbox: Mailbox) -> bool:
        if grant.user is not None:
            return grant.user.lower() == mailbox.address.lower() or grant.user.lower() in mailbox.full_access
        application = self.tenant.application(grant.app_id)
        return application is not None and application.principal_id in mailbox.full_access


def read_xoauth2(text: bytes) -> tuple[str, str] | None:
    """Mailbox and token of an initial response; None when it is not one."""
    try:
        parts = base64.b64decode(text, validate=True).decode().split("\x01")
    except ValueError:
        return None
    given = dict(part.split("=", 1) for part in parts if "=" in part)
    kind, _, token = given.get("auth", "").partition(" ")
    if "user" not in given or kind.lower() != "bearer" or not token:
        return None
    return given["user"], token

"""What a test or a learner does to the stand-in: the administrator's hand, PowerShell's, and trouble on demand.

Each public method is an operation: ``POST /_stand_in/<name>`` with its parameters as a JSON object, and the word that
the process told its parent as a bearer token: other people of this machine have no say.  No answer holds a secret or a
token.
"""

from __future__ import annotations

import hmac
import inspect
import json
import time
from collections.abc import Sequence
from typing import Any

from migrate.sandbox.microsoft.exchange import Exchange
from migrate.sandbox.microsoft.faults import Fault
from migrate.sandbox.microsoft.graph.domains import dkim_of
from migrate.sandbox.microsoft.graph.service import Graph
from migrate.sandbox.microsoft.manners import Manners
from migrate.sandbox.microsoft.people import add_domain, add_mailbox, add_person, add_sku
from migrate.sandbox.microsoft.sign_in import SignIn
from migrate.sandbox.microsoft.tenant import Application, Mailbox, Secret, digest
from migrate.sandbox.web import Answer, Request

PREFIX = "/_stand_in/"


class Control:
    """The operations."""

    def __init__(self, exchange: Exchange, sign_in: SignIn, graph: Graph, word: str) -> None:
        self._exchange = exchange
        self._word = word
        self._tenant = exchange.tenant
        self._sign_in = sign_in
        self._graph = graph

    def answer(self, request: Request) -> Answer:
        """401 without the word, 404 for an operation that there is none of, 400 for parameters that do not fit."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {self._word}".encode()):
            return Answer.of_json(401, {"problem": "the word of this stand-in is missing"})
        name = request.path.removeprefix(PREFIX)
        operation = getattr(self, name, None) if name.isidentifier() and not name.startswith("_") else None
        if operation is None or name == "answer":
            return Answer.of_json(404, {"problem": f"there is no operation {name}"})
        try:
            parameters = json.loads(request.body or b"{}")
            inspect.signature(operation).bind(**parameters)
            return Answer.of_json(200, {"result": operation(**parameters)})
        except (TypeError, ValueError, KeyError) as error:
            return Answer.of_json(400, {"problem": f"{name}: {type(error).__name__}: {error}"})

    def application(
        self,
        name: str = "Bascule",
        secret: str | None = None,
        secret_lasts: float = 86400.0 * 180,
        certificate: str | None = None,
        roles: dict[str, list[str]] | None = None,
        scopes: dict[str, list[str]] | None = None,
    ) -> dict[str, str]:
        """Register an application with an administrator's consent to these permissions, by resource."""
        made = Application(
            name=name,
            secrets=[] if secret is None else [Secret(digest=digest(secret), expires=time.time() + secret_lasts)],
            certificates=[] if certificate is None else [certificate],
            roles={resource: set(given) for resource, given in (roles or {}).items()},
            scopes={resource: set(given) for resource, given in (scopes or {}).items()},
        )
        self._tenant.applications.append(made)
        return {"client_id": made.app_id, "object_id": made.object_id, "principal_id": made.principal_id}

    def change_application(self, client_id: str, **changes: Any) -> None:
        """Any field of it; roles and scopes as lists."""
        application = self._tenant.application(client_id)
        if application is None:
            raise KeyError(client_id)
        for key, value in changes.items():
            setattr(application, key, value)

    def new_secret(self, client_id: str, secret: str, lasts: float = 86400.0 * 180) -> None:
        """One more client secret; a negative ``lasts`` makes one that has expired."""
        application = self._tenant.application(client_id)
        if application is None:
            raise KeyError(client_id)
        application.secrets.append(Secret(digest=digest(secret), expires=time.time() + lasts))

    def new_service_principal(self, client_id: str, object_id: str) -> None:
        """PowerShell's New-ServicePrincipal: takes any object id and works with the right one only."""
        self._tenant.principals[object_id] = client_id

    def add_mailbox_permission(self, mailbox: str, user: str) -> None:
        """PowerShell's Add-MailboxPermission -AccessRights FullAccess: to a principal's object id or a person."""
        held = self._mailbox(mailbox)
        held.full_access = {*held.full_access, user.lower()}

    def remove_mailbox_permission(self, mailbox: str, user: str) -> None:
        held = self._mailbox(mailbox)
        held.full_access = held.full_access - {user.lower()}

    def set_mailbox(self, mailbox: str, **changes: Any) -> None:
        """PowerShell's Set-Mailbox and Set-CASMailbox: max_receive, quota, imap_enabled, ready_in (seconds)."""
        held = self._mailbox(mailbox)
        if "ready_in" in changes:
            changes["ready_at"] = time.time() + changes.pop("ready_in")
        for key, value in changes.items():
            setattr(held, key, value)

    def person(self, address: str, name: str, sku: str | None = "O365_BUSINESS_PREMIUM") -> str:
        """A user with a licence and so a mailbox; its id.  The domain counts as verified."""
        self._own_domain(address)
        sku_id = None
        if sku is not None:
            known = next((one for one in self._tenant.skus.values() if one.part_number == sku), None)
            sku_id = (known or add_sku(self._tenant, sku, 1000, renews="2027-11-01T00:00:00Z")).sku_id
        return str(add_person(self._tenant, address, name, sku_id=sku_id)["id"])

    def people(self, people: Sequence[tuple[str, str]], opened_by: str) -> None:
        """Users by address and name, each with a mailbox that this principal may open; who is there already stays."""
        for address, name in people:
            if address.lower() not in self._tenant.mailboxes:
                self.person(address, name)
            self.add_mailbox_permission(address, opened_by)

    def shared_mailbox(self, address: str, name: str) -> str:
        """PowerShell's New-Mailbox -Shared: a user that is switched off, without a licence; its id."""
        self._own_domain(address)
        user = add_person(self._tenant, address, name, sku_id=None)
        user["accountEnabled"] = False
        add_mailbox(self._tenant, user, "shared")
        return str(user["id"])

    def sku(self, part_number: str, bought: int, **more: Any) -> str:
        """Buy licences; the id of the SKU."""
        return add_sku(self._tenant, part_number, bought, **more).sku_id

    def domain(self, name: str, verified: bool = True) -> None:
        add_domain(self._tenant, name, verified=verified)

    def dkim_signing_config(self, domain: str) -> dict[str, str]:
        """PowerShell's Get-DkimSigningConfig: where a domain's two selectors have to lead; nobody can construct it."""
        return dkim_of(self._tenant, self._tenant.domains[domain.lower()])

    def publish(self, domain: str, texts: Sequence[str]) -> None:
        """What a resolver finds as TXT records of a domain."""
        self._tenant.published[domain.lower()] = list(texts)

    def tenant(self, mailbox_delay: float | None = None, name: str | None = None) -> dict[str, str]:
        """Seconds from a licence to its mailbox; the tenant's names."""
        if mailbox_delay is not None:
            self._tenant.mailbox_delay = mailbox_delay
        if name is not None:
            self._tenant.name = name
        return {
            "tenant_id": self._tenant.tenant_id, "name": self._tenant.name, "domain": self._tenant.initial_domain
        }  # fmt: skip

    def manners(self, **changes: Any) -> None:
        """Exchange's limits and manners (:class:`~migrate.sandbox.microsoft.manners.Manners`)."""
        for key, value in changes.items():
            setattr(self._exchange.manners, key, value)

    def graph_limits(self, **changes: Any) -> None:
        """Graph's limits (:class:`~migrate.sandbox.microsoft.graph.limits.Limits`)."""
        self._graph.limits.change(**changes)

    def fault(self, **fault: Any) -> None:
        """Plan one (:class:`~migrate.sandbox.microsoft.faults.Fault`); Graph's have a method and a path in ``on``."""
        planned = Fault.model_validate(fault)
        (self._graph.faults if " " in planned.on else self._exchange.faults).plan(planned)

    def throttle(self, milliseconds: int, word: Any = "BAD") -> None:
        """From now on the whole tenant is told to wait."""
        self._exchange.throttle.begin(milliseconds, word)

    def tokens(self, lifetime: int | None = None, expire_all: bool = False, refuse: int | None = None) -> None:
        """``lifetime`` of new tokens in seconds; ``refuse``: with this AADSTS number, 0 for none any more."""
        if lifetime is not None:
            self._exchange.tokens.lifetime = lifetime
        if expire_all:
            self._exchange.tokens.expire_all()
        if refuse is not None:
            self._sign_in.refuse_all = refuse or None

    def approve(self, user_code: str, user: str) -> bool:
        """A person enters the code and signs in."""
        return self._sign_in.approve(user_code, user)

    def stats(self) -> dict[str, Any]:
        """What was asked since :meth:`reset`."""
        exchange = self._exchange
        return {
            "commands": dict(exchange.commands),
            "answers": dict(exchange.answers),
            "most_sessions": dict(exchange.most),
            "while_throttled": dict(exchange.throttle.ignored),
            "tokens": dict(self._sign_in.given),
            "graph": {"requests": dict(self._graph.requests), "answers": dict(self._graph.answers)},
        }

    def reset(self) -> None:
        """No trouble, usual manners, counts at zero; the tenant and its mail stay."""
        exchange = self._exchange
        exchange.manners = Manners()
        exchange.faults.clear()
        exchange.throttle.end()
        for counts in (exchange.commands, exchange.answers, exchange.most, self._sign_in.given):
            counts.clear()
        exchange.tokens.lifetime = 3599
        self._sign_in.refuse_all = None
        self._graph.reset()

    def dump(self) -> dict[str, Any]:
        """All that the tenant holds, without digests of secrets."""
        told = self._tenant.model_dump(mode="json", exclude={"refresh": True})
        for application in told["applications"]:
            application["secrets"] = [{"expires": one["expires"]} for one in application["secrets"]]
        return told

    def _mailbox(self, address: str) -> Mailbox:
        found = self._tenant.mailbox(address)
        if found is None:
            raise KeyError(address)
        return found

    def _own_domain(self, address: str) -> None:
        name = address.rpartition("@")[2].lower()
        if name not in self._tenant.domains:
            add_domain(self._tenant, name, verified=True)

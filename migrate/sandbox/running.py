"""A whole sandbox: every stand-in on loopback, for as long as a block lasts."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.private_file import write_private
from migrate.sandbox.child import running_child
from migrate.sandbox.google.started import running_google
from migrate.sandbox.microsoft.started import ALL_ROLES, ALL_SCOPES, running_microsoft
from migrate.sandbox.pymap_server import PymapServer, running_pymap
from migrate.sandbox.standing import StandIn, Standing
from migrate.sandbox.zones import write_zones

#: What can be left out; the small servers go with the IMAP servers whose mail they serve.
NAMES = ("imap", "google", "microsoft")
#: Packages of the extra, by the name of their module.
_PACKAGES = {"aiosmtpd": "aiosmtpd", "httptools": "httptools", "pymap": "pymap", "jwt": "pyjwt"}
_KEPT = "kept.json"
#: A sandbox stores what a cut connection sent within this many seconds; real systems keep their default.
_SETTLE = 2
#: Ten times what Google allows: the stand-in has no quota unless told, and a lesson should not take hours.
_GOOGLE_UNITS = 60_000


class _Kept(BaseModel):
    """What the next start of a kept sandbox needs, readable by its owner only."""

    model_config = ConfigDict(extra="forbid")

    ports: dict[str, int] = {}
    #: Passwords of the IMAP servers, by server and address.
    passwords: dict[str, dict[str, str]] = {}
    #: Of the application in the Microsoft tenant.
    client_id: str = ""
    principal_id: str = ""
    google_admin: str = ""


@dataclass(frozen=True)
class Sandbox:
    """A running one.  ``new``: nothing was kept from an earlier one."""

    standing: Standing
    new: bool
    #: The plain IMAP servers, ``old`` and ``new``; none when they were left out.
    imap: Mapping[str, PymapServer]

    def plan_of(self, name: str) -> dict[str, Any]:
        """The keys of a system that leads to this stand-in."""
        return dict(self.standing.stand_ins[name].plan or {})


def missing_packages() -> list[str]:
    """What of the extra ``sandbox`` is not installed."""
    return [package for module, package in _PACKAGES.items() if find_spec(module) is None]


@contextmanager
def running_sandbox(
    folder: Path,
    people: Sequence[tuple[str, str]],
    *,
    kept: bool,
    only: Collection[str] = NAMES,
    largest: int | None = None,
) -> Iterator[Sandbox]:
    """Start the stand-ins in ``only`` for ``people`` (address and name); they end with the block.

    ``folder`` is there and only its owner can read it; ``largest``: bytes a message on the new IMAP server.  Raises
    :class:`~migrate.sandbox.child.NotStarted` when one does not start.
    """
    known = folder / _KEPT
    memory = _Kept.model_validate_json(known.read_bytes()) if known.exists() else _Kept()
    new = not known.exists()
    with ExitStack() as running:
        stand_ins: dict[str, StandIn] = {}
        imap: dict[str, PymapServer] = {}
        if "imap" in only:
            imap = _start_imap(running, folder, people, memory, kept=kept, largest=largest)
            stand_ins |= _imap_stand_ins(imap)
            stand_ins |= _start_services(running, folder, imap, memory)
        if "google" in only:
            stand_ins["google"] = _start_google(running, folder, people, memory, kept=kept)
        if "microsoft" in only:
            stand_ins["microsoft"] = _start_microsoft(running, folder, people, memory, kept=kept)
        standing = Standing(
            pid=os.getpid(), since=datetime.now(UTC).isoformat(timespec="seconds"), folder=str(folder.absolute()),
            kept=kept, stand_ins=stand_ins,
        )  # fmt: skip
        if kept:
            write_private(known, memory.model_dump_json())
        yield Sandbox(standing, new, imap)


def _start_imap(
    running: ExitStack,
    folder: Path,
    people: Sequence[tuple[str, str]],
    memory: _Kept,
    *,
    kept: bool,
    largest: int | None,
) -> dict[str, PymapServer]:
    servers = {}
    for name in ("old", "new"):
        passwords = memory.passwords.setdefault(name, {})
        for address, _ in people:
            passwords.setdefault(address, secrets.token_urlsafe(12))
        state = _state(folder / name, kept=kept)
        servers[name] = running.enter_context(
            running_pymap(
                passwords, max_message=largest if name == "new" else None, state=state, port=memory.ports.get(name, 0)
            )
        )
        memory.ports[name] = servers[name].port
    lines = [f"{address},{servers['old'].users[address]},{servers['new'].users[address]}" for address, _ in people]
    write_private(folder / "passwords.csv", "\n".join(["address,source password,target password", *lines, ""]))
    return servers


def _state(folder: Path, *, kept: bool) -> Path | None:
    """A folder that only its owner can read; None when nothing is kept."""
    if not kept:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _imap_stand_ins(servers: Mapping[str, PymapServer]) -> dict[str, StandIn]:
    return {
        name: StandIn(
            kind="IMAP",
            address=f"{server.host}:{server.port}",
            plan={"connector": "imap", "host": server.host, "port": server.port, "tls": "plain", "settle": _SETTLE},
        )
        for name, server in servers.items()
    }


def _start_services(
    running: ExitStack, folder: Path, imap: Mapping[str, PymapServer], memory: _Kept
) -> dict[str, StandIn]:
    zones = folder / "zones"
    zones.mkdir(exist_ok=True)
    write_zones(zones, sorted({address.rpartition("@")[2].lower() for address in imap["old"].users}))
    wanted = {
        "imap": {
            name: {"port": server.port, "pop3": name == "old", "people": dict(server.users)}
            for name, server in imap.items()
        },
        "zones": str(zones),
        "outbox": str(folder / "outbox"),
        "ports": memory.ports,
    }
    ports: dict[str, int] = running.enter_context(
        running_child("migrate.sandbox.services", first_line=json.dumps(wanted))
    )
    memory.ports.update(ports)
    kinds = {"pop3": "POP3", "smtp-old": "SMTP", "smtp-new": "SMTP", "dns": "DNS"}
    plans = {"pop3": {"connector": "pop3", "host": "127.0.0.1", "port": ports["pop3"], "tls": "plain"}}
    return {
        name: StandIn(kind=kind, address=f"127.0.0.1:{ports[name]}", plan=plans.get(name))
        for name, kind in kinds.items()
    }


def _start_google(
    running: ExitStack, folder: Path, people: Sequence[tuple[str, str]], memory: _Kept, *, kept: bool
) -> StandIn:
    state = _state(folder / "google", kept=kept)
    domain = people[0][0].rpartition("@")[2]
    google = running.enter_context(running_google(state=state, port=memory.ports.get("google", 0), domain=domain))
    memory.ports["google"] = int(google.endpoint.rpartition(":")[2])
    key = folder / "google.json"
    memory.google_admin = f"admin@{google.control('summary')['domain']}"
    google.add_users([memory.google_admin, *(address for address, _ in people)], admin=memory.google_admin)
    if not key.exists():
        google.write_key(key)
    return StandIn(
        kind="Google Workspace",
        address=google.endpoint,
        plan={
            "connector": "google_workspace", "admin": memory.google_admin, "key": f"file:{key.absolute()}",
            "endpoint": google.endpoint, "settle": _SETTLE,
            "user_units_per_minute": _GOOGLE_UNITS,
        },
    )  # fmt: skip


def _start_microsoft(
    running: ExitStack, folder: Path, people: Sequence[tuple[str, str]], memory: _Kept, *, kept: bool
) -> StandIn:
    state = _state(folder / "microsoft", kept=kept)
    ports = memory.ports
    microsoft = running.enter_context(
        running_microsoft(state=state, port=ports.get("microsoft", 0), imap_port=ports.get("microsoft-imap", 0))
    )
    ports["microsoft"] = int(microsoft.address.rpartition(":")[2])
    ports["microsoft-imap"] = microsoft.imap_port
    secret_file = folder / "microsoft-secret.txt"
    if not memory.client_id or not secret_file.exists():  # a start that was killed may have got this far only
        secret = secrets.token_urlsafe(30)
        made = microsoft.control("application", secret=secret, roles=ALL_ROLES, scopes=ALL_SCOPES)
        memory.client_id, memory.principal_id = made["client_id"], made["principal_id"]
        microsoft.control("new_service_principal", client_id=memory.client_id, object_id=memory.principal_id)
        write_private(secret_file, secret)
    microsoft.control("people", people=people, opened_by=memory.principal_id)
    authority = folder / "microsoft-ca.pem"
    authority.write_bytes(microsoft.ca_file.read_bytes())
    return StandIn(
        kind="Microsoft 365",
        address=microsoft.address,
        plan={
            "connector": "microsoft365", "tenant": microsoft.tenant, "client_id": memory.client_id,
            "secret": f"file:{secret_file.absolute()}", "ca_file": str(authority.absolute()), "settle": _SETTLE,
            "endpoints": {
                "sign_in": microsoft.address, "graph": microsoft.address,
                "imap": f"{microsoft.host}:{microsoft.imap_port}",
            },
        },
    )  # fmt: skip

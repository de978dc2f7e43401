"""A person's private Gmail account as a source of their mailbox, read by leave that they gave themselves.

Leave is a refresh token in a file of its own, readable by nobody else, with the time at which it was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from urllib.parse import quote

from connectors.contract import AuthFailed, Denial, Resources, Source
from connectors.errors import telling
from connectors.language import _
from connectors.private_file import write_private
from plans import Organisation, Person, Site
from plans.secrets import MissingSecret, SecretRef, read_private, resolve


@dataclass(frozen=True, slots=True)
class Leave:
    """What a person gave by signing in."""

    address: str
    given_at: datetime
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PrivateGmail:
    """A private account of a person."""

    address: str
    #: Raises ConnectorError and SecretError when it cannot be read.
    open: Callable[[Event], Source]


def private_gmail(organisation: Organisation, site: Site, person: Person, resources: Resources) -> PrivateGmail | None:
    """The person's private account; None where there is none, or where the plan asks for nothing of it."""
    plan, address = site.personal_gmail, person.gmail
    if plan is None or plan.client is None or address is None:
        return None
    client = plan.client

    def opened(stop: Event) -> Source:
        # Half a second of imports, for the few who have such accounts.
        from connectors.google_workspace.personal import PersonalMail, open_personal, read_client

        leave = leave_of(organisation.folder, address, person.address)
        mail = PersonalMail(read_client(resolve(client, organisation.folder)), address, leave.refresh_token)
        domains = domains_of(organisation, site) if plan.only == "our_domains" else ()
        return open_personal(mail, address, domains, resources, stop)

    return PrivateGmail(address, opened)


def domains_of(organisation: Organisation, site: Site) -> frozenset[str]:
    """The organisation's domains: those of the plan, the site's own, and those of the site's people."""
    named = {*organisation.domains, *(person.address.rpartition("@")[2] for person in site.people)}
    return frozenset(named | ({site.domain} if site.domain else set()))


def leave_file(folder: Path, address: str) -> Path:
    """Where a person's leave is kept."""
    return folder / "secrets" / "gmail" / f"{quote(address.lower(), safe='@+')}.json"


def keep_leave(folder: Path, leave: Leave) -> Path:
    """Write it down, readable by its owner only; an older one is replaced at once.  Raises OSError."""
    path = leave_file(folder, leave.address)
    path.parent.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    told = {
        "address": leave.address,
        "given_at": leave.given_at.isoformat(timespec="seconds"),
        "refresh_token": leave.refresh_token,
    }
    write_private(path, json.dumps(told))
    return path


def leave_of(folder: Path, address: str, person: str) -> Leave:
    """What the person gave.  Raises AuthFailed when they gave nothing yet, SecretError when it cannot be read."""
    ref = SecretRef("file", str(leave_file(folder, address).relative_to(folder)))
    missing = _("{address} gave no leave yet: have {person} sit down here and run bascule gmail authorise {person}")
    told = missing.format(address=address, person=person)
    try:
        kept = json.loads(read_private(ref, folder))
        return Leave(str(kept["address"]), datetime.fromisoformat(kept["given_at"]), str(kept["refresh_token"]))
    except MissingSecret:
        raise telling(AuthFailed(told, denial=Denial.TOKEN)) from None
    except (ValueError, KeyError, TypeError):
        raise telling(AuthFailed(told, denial=Denial.TOKEN)) from None

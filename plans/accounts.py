"""Who signs in for a person, resolved when it is needed and written nowhere."""

from __future__ import annotations

from typing import Literal

from connectors.contract import Account
from connectors.registry import needs_password
from plans.model import Organisation, Person, Site
from plans.passwords import password_of
from plans.secrets import SecretError, SecretRef, resolve


def source_account(organisation: Organisation, site: Site, person: Person) -> Account:
    """The account that reads.

    The person's own reference counts first, then the site's passwords file, then the system's master user.  Raises
    :class:`SecretError` when there is none, or it cannot be had.  A system without passwords asks for none.
    """
    return _account(organisation, site, person, "source", person.source_user, person.source_password)


def target_account(organisation: Organisation, site: Site, person: Person) -> Account:
    """The account that writes; as :func:`source_account`."""
    return _account(organisation, site, person, "target", person.target_user, person.target_password)


def _account(
    organisation: Organisation,
    site: Site,
    person: Person,
    side: Literal["source", "target"],
    user: str,
    own: SecretRef | None,
) -> Account:
    system = organisation.systems[site.source if side == "source" else site.target]
    if not needs_password(system.connector):
        return Account(user, address=person.mailbox)
    if own is not None:
        return Account(user, resolve(own, organisation.folder))
    if site.passwords is not None:
        password = password_of(site.passwords, organisation.folder, person.mailbox, side)
        if password is not None:
            return Account(user, password)
    if system.master is not None:
        return Account(user, resolve(system.master.password, organisation.folder), system.master.user)
    if site.passwords is not None:
        where, advice = f" in {site.passwords}", f"Fill its {side}_password there"
    else:
        where, advice = f': the site "{site.name}" names no passwords file', "Name one with passwords: in the site"
    raise SecretError(
        f"There is no {side} password for {person.address}{where}. "
        f'{advice}, or give the system "{system.name}" a master user.'
    )

"""Who signs in for a person, resolved when it is needed and written nowhere."""

from __future__ import annotations

from typing import Literal

from connectors.contract import Account
from connectors.language import _
from connectors.registry import needs_password, takes_tokens
from plans.model import FurtherSource, Organisation, Person, Site
from plans.passwords import password_of
from plans.secrets import MissingSecret, SecretRef, resolve
from plans.tokens import tokens_of


def source_account(organisation: Organisation, site: Site, person: Person) -> Account:
    """The account that reads.

    The person's own reference counts first, then the site's passwords file, then the system's master user.  Raises
    :class:`MissingSecret` when there is none, another :class:`SecretError` when it cannot be had.
    A system without passwords asks for none.
    """
    return _account(organisation, site, person, "source", person.source_user, person.source_password)


def target_account(organisation: Organisation, site: Site, person: Person) -> Account:
    """The account that writes; as :func:`source_account`."""
    return _account(organisation, site, person, "target", person.target_user, person.target_password)


def further_account(organisation: Organisation, site: Site, person: Person, source: FurtherSource) -> Account:
    """The account that reads a further source of ``person``.

    Its password stands in the site's passwords file, on a line of its own: ``system:user`` in the place of the
    address.  Without one the system's master user signs in.  Raises as
    :func:`source_account`.  A system without passwords asks for none.
    """
    if not needs_password(organisation.systems[source.system].connector):
        return Account(source.user, address=source.user)
    if site.passwords is not None:
        password = password_of(site.passwords, organisation.folder, str(source).lower(), "source")
        if password is not None:
            return Account(source.user, password)
    account = _of_master(organisation, source.system, source.user)
    if account is not None:
        return account
    if site.passwords is None:
        raise MissingSecret(_no_file(site, "source", source.system, f"{source} ({person.address})"))
    raise MissingSecret(
        _(
            "There is no password for {source} of {address} in {file}. Add a line there with {source} in the place of "
            'the address, or give the system "{system}" a master user.'
        ).format(source=source, address=person.address, file=site.passwords, system=source.system)
    )


def _account(
    organisation: Organisation,
    site: Site,
    person: Person,
    side: Literal["source", "target"],
    user: str,
    own: SecretRef | None,
) -> Account:
    system = site.source if side == "source" else site.target
    if not needs_password(organisation.systems[system].connector):
        return Account(user, address=person.mailbox)
    if own is not None:
        return _with_secret(organisation, system, user, own)
    if site.passwords is not None:
        password = password_of(site.passwords, organisation.folder, person.mailbox, side)
        if password is not None:
            return Account(user, password)
    account = _of_master(organisation, system, user)
    if account is not None:
        return account
    if site.passwords is None:
        raise MissingSecret(_no_file(site, side, system, person.address))
    message = {
        "source": _(
            "There is no source password for {address} in {file}. "
            'Fill its source_password there, or give the system "{system}" a master user.'
        ),
        "target": _(
            "There is no target password for {address} in {file}. "
            'Fill its target_password there, or give the system "{system}" a master user.'
        ),
    }[side]
    raise MissingSecret(message.format(address=person.address, file=site.passwords, system=system))


def _of_master(organisation: Organisation, system: str, user: str) -> Account | None:
    master = organisation.systems[system].master
    return _with_secret(organisation, system, user, master.password, master.user) if master else None


def _with_secret(
    organisation: Organisation, system: str, user: str, ref: SecretRef, master_user: str | None = None
) -> Account:
    """A reference can be asked again, so that a token which has expired is renewed; a password is resolved once."""
    if takes_tokens(organisation.systems[system].settings):
        return Account(user, master_user=master_user, tokens=tokens_of(ref, organisation.folder))
    return Account(user, resolve(ref, organisation.folder), master_user)


def _no_file(site: Site, side: Literal["source", "target"], system: str, whom: str) -> str:
    message = {
        "source": _(
            'There is no source password for {whom}: the site "{site}" names no passwords file. '
            'Name one with passwords: in the site, or give the system "{system}" a master user.'
        ),
        "target": _(
            'There is no target password for {whom}: the site "{site}" names no passwords file. '
            'Name one with passwords: in the site, or give the system "{system}" a master user.'
        ),
    }[side]
    return message.format(whom=whom, site=site.name, system=system)

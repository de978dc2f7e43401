"""Changes of a Google Workspace.  What the API cannot do is told for a person to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError
from connectors.google_workspace.settings import GoogleSettings
from connectors.language import _
from migrate.directory.changes import (
    AddAlias,
    AddDomain,
    AddMember,
    AssignLicence,
    Change,
    CreateAccount,
    CreateGroup,
    CreateOrgUnit,
    SetGroup,
    SetNames,
    SetOrgUnit,
)
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.google.calls import (
    CUSTOMER,
    GROUP_SETTINGS,
    GROUPS,
    LICENCES,
    ORG_UNITS,
    USERS,
    Calls,
    Conflict,
)
from migrate.directory.google.domains import GoogleDomains
from migrate.directory.google.reading import DELETED_DAYS, POSTING, look, mailboxes_ready, product_of
from migrate.directory.hashes import Hash
from migrate.directory.model import Found, Manners, Wanted, WantedAccount, WantedGroup
from migrate.directory.skus import GOOGLE, skus_of
from plans.model import System

_MANNERS = Manners(
    "Google Workspace",
    org_units=True,
    most_aliases=30,
    deleted_days=DELETED_DAYS,
    one_licence_of=frozenset(sku.key for sku in skus_of(GOOGLE)),
)


class GoogleDirectory:
    """A :class:`migrate.directory.contract.Directory` over Google's administrative APIs."""

    def __init__(self, system: System) -> None:
        assert isinstance(system.settings, GoogleSettings)
        self.calls = Calls(system.settings)

    @property
    def manners(self) -> Manners:
        return _MANNERS

    @property
    def domains(self) -> GoogleDomains:
        return GoogleDomains(self.calls)

    def look(self, wanted: Wanted) -> Found:
        return look(self.calls, wanted)

    def by_hand(self, change: Change) -> Sequence[str]:
        return [f"bascule domain add {change.subject}"] if isinstance(change, AddDomain) else ()

    def afterwards(self, change: Change) -> Sequence[str]:
        return ()

    def takes_hash(self, one: Hash) -> bool:
        return one.for_google() is not None

    def do(self, change: Change, initial: Initial | None) -> bool:
        try:
            return self._do(change, initial)
        except Conflict as error:
            return self._after(change, error)

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        return mailboxes_ready(self.calls, list(users))

    def close(self) -> None:
        """Connections belong to threads, and end with them."""

    def _do(self, change: Change, initial: Initial | None) -> bool:
        users, change_ = self.calls.api(USERS).users(), self.calls.change
        body: dict[str, Any]
        match change:
            case CreateAccount(account=account):
                change_(users.insert(body=_user(account, initial or Initial())), USERS)
            case SetNames(subject=user, given_name=given, family_name=family):
                body = {"name": {"givenName": given, "familyName": family}}
                change_(users.patch(userKey=user, body=body), USERS)
            case SetOrgUnit(subject=user, org_unit=unit):
                change_(users.patch(userKey=user, body={"orgUnitPath": unit}), USERS)
            case AddAlias(subject=user, alias=alias):
                change_(users.aliases().insert(userKey=user, body={"alias": alias}), USERS)
            case AssignLicence(subject=user, licence=licence):
                product, sku = product_of(licence)
                assignments = self.calls.api(LICENCES).licenseAssignments()
                change_(assignments.insert(productId=product, skuId=sku, body={"userId": user}), LICENCES)
            case CreateOrgUnit(subject=path):
                parent, _slash, name = path.rpartition("/")
                body = {"name": name, "parentOrgUnitPath": parent or "/"}
                change_(self.calls.api(ORG_UNITS).orgunits().insert(customerId=CUSTOMER, body=body), ORG_UNITS)
            case CreateGroup(subject=address, group=group):
                body = {"email": address, "name": group.name}
                change_(self.calls.api(GROUPS).groups().insert(body=body), GROUPS)
                self._set_group(group)
            case SetGroup(group=group):
                self._set_group(group)
            case AddMember(subject=address, member=member):
                body = {"email": member, "role": "MEMBER"}
                change_(self.calls.api(GROUPS).members().insert(groupKey=address, body=body), GROUPS)
            case _:
                raise AssertionError(change)
        return True

    def _set_group(self, group: WantedGroup) -> None:
        settings = self.calls.api(GROUP_SETTINGS).groups()
        self.calls.change(settings.patch(groupUniqueId=group.address, body=_settings(group)), GROUP_SETTINGS)

    def _after(self, change: Change, conflict: Conflict) -> bool:
        """After a conflict: False where it was so already, whoever did it.  Raises NotTaken where it is not."""
        ask = self.calls.ask_for
        match change:
            case CreateAccount(subject=user):
                found = ask(self.calls.api(USERS).users().get(userKey=user), USERS)
                if found and str(found.get("primaryEmail", "")).lower() == user:
                    return False
                told = _("{address} belongs to another account or group there, or to one that was deleted.")
                raise self._not_taken(told.format(address=user), conflict)
            case AddAlias(subject=user, alias=alias):
                found = ask(self.calls.api(USERS).users().get(userKey=user), USERS) or {}
                if alias in {str(one).lower() for one in found.get("aliases", ())}:
                    return False
                told = _("{address} belongs to another account or group there, or to one that was deleted.")
                raise self._not_taken(told.format(address=alias), conflict)
            case AssignLicence(subject=user, licence=licence):
                product, sku = product_of(licence)
                assignments = self.calls.api(LICENCES).licenseAssignments()
                if ask(assignments.get(productId=product, skuId=sku, userId=user), LICENCES):
                    return False
                told = _("No licence is left, or {user} has another one of this product.").format(user=user)
                raise self._not_taken(told, conflict)
            case CreateGroup(subject=address, group=group):
                found = ask(self.calls.api(GROUPS).groups().get(groupKey=address), GROUPS) or {}
                if str(found.get("email", "")).lower() == address:
                    # It was made before; its settings may not have been.
                    self._set_group(group)
                    return False
                told = _("{address} belongs to another account or group there, or to one that was deleted.")
                raise self._not_taken(told.format(address=address), conflict)
            case CreateOrgUnit() | AddMember():
                return False
        raise self._not_taken(_("Google does not take this."), conflict)

    def _not_taken(self, told: str, conflict: Conflict) -> ConnectorError:
        return NotTaken(told, system=self.calls.access.system, detail=str(conflict.answer))


def _user(account: WantedAccount, initial: Initial) -> dict[str, Any]:
    """A new user.  Who gets a first password must change it; who keeps the old one need not."""
    body: dict[str, Any] = {
        "primaryEmail": account.user,
        "name": {"givenName": account.given_name, "familyName": account.family_name},
        "orgUnitPath": account.org_unit or "/",
    }
    hashed = initial.hash.for_google() if initial.hash else None
    if hashed is not None:
        function, text = hashed
        return {**body, "hashFunction": function, "password": text}
    return {**body, "password": initial.password, "changePasswordAtNextLogin": True}


def _settings(group: WantedGroup) -> dict[str, str]:
    """What the Groups Settings API takes: its yes and no are texts."""
    kinds = {"forum": ("true", "false"), "collaborative_inbox": ("true", "true"), "list": ("false", "false")}
    archived, inbox = kinds[group.kind]
    external = {"allowExternalMembers": "true"} if group.external else {}
    return {
        "isArchived": archived,
        "enableCollaborativeInbox": inbox,
        "whoCanPostMessage": POSTING[group.posting],
        **external,
    }

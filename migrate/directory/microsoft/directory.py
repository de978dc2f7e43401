"""Changes of a Microsoft 365 tenant: by Graph, and where it cannot, as lines of PowerShell for a person to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Event
from typing import Any
from urllib.parse import quote

from connectors.denials import Denial
from connectors.errors import AuthFailed, Transient
from connectors.language import _
from connectors.microsoft365.access import access_of
from connectors.microsoft365.graph import Call, Graph, GraphRefused
from connectors.microsoft365.settings import Microsoft365Settings
from migrate.directory.changes import (
    AddAlias,
    AddDomain,
    AddMember,
    AssignLicence,
    Change,
    CreateAccount,
    CreateGroup,
    MakeShared,
    SetGroup,
    SetNames,
    SetServices,
    SetUsageLocation,
    domain_of,
)
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.hashes import Hash
from migrate.directory.microsoft import powershell
from migrate.directory.microsoft.domains import MicrosoftDomains
from migrate.directory.microsoft.reading import DELETED_DAYS, Tenant, look
from migrate.directory.model import Found, Manners, Wanted, WantedAccount, WantedGroup, full_name
from migrate.directory.skus import MICROSOFT, skus_of
from plans.model import System

_MANNERS = Manners(
    "Microsoft 365",
    shared=True,
    usage_location=True,
    services=True,
    deleted_days=DELETED_DAYS,
    one_licence_of=frozenset(sku.key for sku in skus_of(MICROSOFT)),
    shared_without_licence=True,
)


class MicrosoftDirectory:
    """A :class:`migrate.directory.contract.Directory` over Microsoft Graph."""

    def __init__(self, system: System, stop: Event | None = None) -> None:
        assert isinstance(system.settings, Microsoft365Settings)
        self.graph: Graph = access_of(system.settings).graph(stop or Event())
        self._tenant = Tenant(Found(), {}, {}, None)

    @property
    def manners(self) -> Manners:
        return _MANNERS

    @property
    def domains(self) -> MicrosoftDomains:
        return MicrosoftDomains(self.graph)

    def look(self, wanted: Wanted) -> Found:
        try:
            self._tenant = look(self.graph, wanted)
        except GraphRefused as error:
            if error.status == 403:
                what = _not_permitted()
                raise AuthFailed(what, denial=Denial.NO_RIGHT, system=error.system, detail=error.detail) from None
            raise
        return self._tenant.found

    def by_hand(self, change: Change) -> Sequence[str]:
        match change:
            case AddDomain(subject=domain):
                return [f"bascule domain add {domain}"]
            case CreateAccount(account=account) if account.shared:
                return powershell.new_shared_mailbox(account)
            case MakeShared(subject=user):
                return powershell.make_shared(user)
            case AddAlias(subject=user, alias=alias):
                return powershell.add_alias(user, alias)
            case CreateGroup(group=group) if not self._makes(group):
                return powershell.new_group(group)
            case SetGroup(group=group):
                return powershell.change_group(group)
            case AddMember(subject=group, member=member, kind=kind, external=external):
                if external or kind != "forum":
                    return powershell.add_member(group, member, kind, external=external)
        return ()

    def afterwards(self, change: Change) -> Sequence[str]:
        return powershell.open_group(change.group) if isinstance(change, CreateGroup) else ()

    def takes_hash(self, one: Hash) -> bool:
        return False

    def do(self, change: Change, initial: Initial | None) -> bool:
        try:
            return self._do(change, initial)
        except GraphRefused as error:
            if error.status == 404:
                told = _("It is not there, or Microsoft does not see it yet.")
                raise Transient(told, system=error.system, detail=error.detail) from None
            if error.status in (400, 409) and self._is_so(change):
                return False
            raise NotTaken(_refusal(change, error), system=error.system, detail=error.detail) from None

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        """Whether Exchange opens the mailbox; where the app may not ask that, whether the account has its address."""
        asked = list(users)
        calls = [Call("GET", f"/users/{quote(user)}/mailFolders/inbox?$select=id") for user in asked]
        found: dict[str, bool] = {}
        for user, answer in zip(asked, self.graph.batch(calls), strict=True):
            if answer.status == 403:
                found[user] = bool((self._get(_path(user), "mail") or {}).get("mail"))
            elif answer.error is not None and answer.status != 404:
                raise answer.error
            else:
                found[user] = answer.error is None
        return found

    def close(self) -> None:
        """Connections belong to the tenant's access, which others use too."""

    def _makes(self, group: WantedGroup) -> bool:
        """Whether Graph can make this group: Microsoft 365 groups, and in the tenant's default domain alone."""
        return group.kind == "forum" and domain_of(group.address) == self._tenant.default_domain

    def _do(self, change: Change, initial: Initial | None) -> bool:
        graph = self.graph
        match change:
            case CreateAccount(account=account):
                graph.post("/users", _user(account, initial or Initial()))
            case SetNames(subject=user, given_name=given, family_name=family):
                name = full_name(given, family)
                graph.patch(_path(user), {"givenName": given, "surname": family, "displayName": name})
            case SetUsageLocation(subject=user, usage_location=country):
                graph.patch(_path(user), {"usageLocation": country})
            case AssignLicence(subject=user, licence=licence, services_off=off):
                self._assign(user, licence, off)
            case SetServices(subject=user, licence=licence, services_off=off):
                self._assign(user, licence, off)
            case CreateGroup(group=group):
                if self._id_of_group(group.address) is not None:
                    return False
                graph.post("/groups", _group(group))
            case AddMember(subject=group, member=member):
                self._add_member(group, member)
            case _:
                raise AssertionError(change)
        return True

    def _assign(self, user: str, licence: str, off: Iterable[str]) -> None:
        sku = self._tenant.skus.get(licence)
        if sku is None:
            raise NotTaken(_("The tenant has no such licence."), system=self.graph.system, detail=licence)
        if unknown := sorted(set(off) - set(sku.services)):
            told = _("The licence {licence} has no service {services}. It has: {known}.")
            known = ", ".join(sorted(sku.services))
            what = told.format(licence=licence, services=", ".join(unknown), known=known)
            raise NotTaken(what, system=self.graph.system)
        plans = [sku.services[name] for name in sorted(off)]
        body = {"addLicenses": [{"skuId": sku.id, "disabledPlans": plans}], "removeLicenses": []}
        self.graph.post(f"{_path(user)}/assignLicense", body)

    def _add_member(self, group: str, member: str) -> None:
        found = self._get(_path(member), "id")
        group_id = self._id_of_group(group)
        if found is None or group_id is None:
            told = _("It is not there, or Microsoft does not see it yet.")
            raise Transient(told, system=self.graph.system, detail=group if group_id is None else member)
        reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{found['id']}"
        self.graph.post(f"/groups/{group_id}/members/$ref", {"@odata.id": reference})

    def _is_so(self, change: Change) -> bool:
        """After a refusal: whether it is there already, whoever made it."""
        match change:
            case CreateAccount(subject=user):
                return self._get(_path(user), "id") is not None
            case CreateGroup(subject=address):
                return self._id_of_group(address) is not None
            case AddMember(subject=group, member=member):
                path = f"/groups/{self._id_of_group(group)}/members"
                members = self.graph.pages(path, {"$select": "id,userPrincipalName", "$top": "999"})
                return any(str(one.get("userPrincipalName", "")).lower() == member for one in members)
        return False

    def _id_of_group(self, address: str) -> str | None:
        if address in self._tenant.ids and address in self._tenant.found.groups:
            return self._tenant.ids[address]
        nickname = address.partition("@")[0].replace("'", "''")
        found = self.graph.pages("/groups", {"$filter": f"mailNickname eq '{nickname}'", "$select": "id,mail"})
        # Another domain may have a group of this name; one that was made a moment ago may have no address yet.
        return next((str(one["id"]) for one in found if str(one.get("mail") or address).lower() == address), None)

    def _get(self, path: str, select: str) -> dict[str, Any] | None:
        try:
            return self.graph.get(path, {"$select": select})
        except GraphRefused as error:
            if error.status != 404:
                raise
            return None


def _path(user: str) -> str:
    """Where Graph has an account; an address may hold what means something in an address of the web."""
    return f"/users/{quote(user)}"


def _user(account: WantedAccount, initial: Initial) -> dict[str, Any]:
    body: dict[str, Any] = {
        "accountEnabled": True,
        "displayName": account.name,
        "givenName": account.given_name,
        "surname": account.family_name,
        "mailNickname": account.user.partition("@")[0],
        "userPrincipalName": account.user,
        "passwordProfile": {"password": initial.password, "forceChangePasswordNextSignIn": True},
    }
    return body if account.usage_location is None else {**body, "usageLocation": account.usage_location}


def _group(group: WantedGroup) -> dict[str, Any]:
    return {
        "displayName": group.name,
        "mailEnabled": True,
        "mailNickname": group.address.partition("@")[0],
        "securityEnabled": False,
        "groupTypes": ["Unified"],
    }


def _refusal(change: Change, error: GraphRefused) -> str:
    if error.status == 403:
        return _not_permitted()
    if isinstance(change, AssignLicence):
        return _("No licence is left, another one excludes it, or the account has no usage location.")
    if isinstance(change, CreateAccount):
        return _("{address} belongs to something else there, or to an account that was deleted.").format(
            address=change.subject
        )
    return _("Microsoft does not take this.")


def _not_permitted() -> str:
    return _(
        "The app registration may not do this: in the Entra admin centre, under App registrations > API permissions,"
        " add the application permissions User.ReadWrite.All, Group.ReadWrite.All, Domain.ReadWrite.All,"
        " Organization.Read.All and LicenseAssignment.ReadWrite.All, and grant admin consent."
    )

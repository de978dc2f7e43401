"""From the shapes of files to what the rest of the program sees.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from connectors.secret_setting import Secret
from plans.files import ContactEntry, DomainEntry, GroupEntry, OrderingEntry, OrganisationFile
from plans.message_rules import MessageRules
from plans.model import (
    AccountsOf,
    Archives,
    Contact,
    Domain,
    GroupPlan,
    Licence,
    Master,
    Messages,
    Ordering,
    Organisation,
    PasswdFile,
    Person,
    PersonalGmail,
    Rates,
    Site,
    Submission,
    Support,
    System,
    ZoneAccess,
)
from plans.preset_keys import Filled
from plans.private_folders import PrivateFolders
from plans.problems import Worded
from plans.secrets import SecretRef, resolve
from plans.site_file import ArchivesEntry, LeaveOutEntry, SiteFile
from plans.system_file import AccountsEntry, RatesEntry, SystemEntry


def organisation_of(
    shape: OrganisationFile,
    systems: dict[str, System],
    sites: dict[str, Site],
    folder: Path,
    x500_addresses: Mapping[str, str],
) -> Organisation:
    return Organisation(
        name=shape.name,
        language=shape.language,
        time_zone=shape.time_zone,
        systems=systems,
        sites=sites,
        folder=folder,
        domains={name: _domain(name, entry) for name, entry in shape.domains.items()},
        probes={
            side: Submission(one.address, one.host, one.port, one.tls, one.user, one.password)
            for side in ("outside", "old", "new")
            if (one := getattr(shape.probes, side)) is not None
        },
        messages=_messages(shape),
        licences={
            name: Licence(name, entry.bought, entry.renews, entry.sku or name, entry.price)
            for name, entry in shape.licences.items()
        },
        support=Support(shape.support.hours, shape.support.until, shape.support.slice) if shape.support else None,
        contacts={name: _contact(entry) for name, entry in shape.contacts.items()},
        x500_addresses=x500_addresses,
        ordering=_ordering(shape.ordering),
        groups={address.lower(): _group(address, entry, folder) for address, entry in shape.groups.items()},
    )


def _messages(shape: OrganisationFile) -> Messages | None:
    one = shape.messages
    if one is None:
        return None
    server = Submission(one.address, one.host, one.port, one.tls, one.user, one.password) if one.host else None
    return Messages(one.address, one.name or shape.name, one.reply_to, server)


def system_of(
    name: str,
    connector: str,
    entry: SystemEntry,
    settings: BaseModel,
    folder: Path,
    filled: Filled = Filled({}, frozenset()),  # noqa: B008  frozen
) -> System:
    """A system; relative paths and secrets in the settings of its connector start in ``folder``, as a plan means them.

    Raises :class:`plans.problems.Worded` for a secret that is none: see :func:`wrong_secrets`.
    """
    return System(
        name=name,
        connector=connector,
        settings=settings_at_home(settings, folder),
        max_sessions=entry.max_sessions,
        bandwidth=entry.bandwidth,
        messages_per_second=entry.messages_per_second,
        master=Master(entry.master.user, entry.master.password) if entry.master else None,
        each_mailbox=_rates(entry.each_mailbox, settings),
        read_a_day=entry.read_a_day,
        written_a_day=entry.written_a_day,
        accounts=_accounts(entry.accounts, folder) if entry.accounts else AccountsOf(),
        preset=entry.preset,
        from_preset=filled.from_preset,
        said=filled.said,
    )


def settings_at_home(settings: BaseModel, folder: Path) -> BaseModel:
    """The settings with their paths and secrets as seen from the organisation's folder."""
    update: dict[str, object] = {}
    for key in type(settings).model_fields:
        value = getattr(settings, key)
        if isinstance(value, Path):
            update[key] = folder / value
        elif isinstance(value, Secret):
            update[key] = value.fetched_by(partial(resolve, SecretRef.parse(value.reference), folder))
    return settings.model_copy(update=update)


def wrong_secrets(settings: BaseModel) -> Iterator[tuple[str, Worded]]:
    """The keys of settings whose secret is no reference, with what is wrong."""
    for key in type(settings).model_fields:
        value = getattr(settings, key)
        if isinstance(value, Secret):
            try:
                SecretRef.parse(value.reference)
            except Worded as error:
                yield key, error


def _accounts(entry: AccountsEntry, folder: Path) -> AccountsOf:
    file = entry.passwd_file
    return AccountsOf(
        hook=entry.hook,
        passwd_file=PasswdFile(folder / file.path, file.home, file.uid, file.gid) if file else None,
        hashes=entry.hashes,
        licence=entry.licence,
        services_off=entry.services_off,
        org_unit=entry.org_unit,
        usage_location=entry.usage_location,
    )


def _ordering(entry: OrderingEntry) -> Ordering:
    usual = Ordering()
    return Ordering(entry.takes or usual.takes, entry.warn or usual.warn, entry.partner)


def _group(address: str, entry: GroupEntry, folder: Path) -> GroupPlan:
    return GroupPlan(
        address=address.lower(),
        name=entry.name or address.partition("@")[0],
        kind=entry.kind,
        posting=entry.posting,
        members=tuple(member.lower() for member in entry.members),
        archive=folder / entry.archive if entry.archive else None,
    )


def _rates(entry: RatesEntry, settings: BaseModel) -> Rates:
    """What the plan says of each mailbox; of a day also what the connector knows of this host."""
    known = getattr(settings, "known_allowance", None) or (None, None)
    return Rates(
        entry.bandwidth,
        entry.messages_per_second,
        known[0] if entry.read_a_day is None else entry.read_a_day,
        known[1] if entry.written_a_day is None else entry.written_a_day,
    )


def site_of(shape: SiteFile, people: tuple[Person, ...], organisation: OrganisationFile | None, folder: Path) -> Site:
    """A site.  What it does not say of its own is the organisation's; without one, a stand-in that is never used."""
    zone = shape.time_zone or (organisation.time_zone if organisation else ZoneInfo("UTC"))
    language = shape.language or (organisation.language if organisation else "en")
    left_out, archives, gmail = shape.leave_out, shape.archives, shape.personal_gmail
    folders = shape.folders.model_copy(update={"exclude": (*shape.folders.exclude, *left_out.folders)})
    return Site(
        name=shape.site,
        source=shape.source,
        target=shape.target,
        people=people,
        folder_rules=folders,
        message_rules=_message_rules(left_out, zone),
        passwords=shape.passwords,
        private_folders=PrivateFolders(left_out.private, left_out.not_private),
        language=language,
        time_zone=zone,
        wave=shape.wave,
        domain=shape.domain,
        switch=shape.switch,
        correspondent=_contact(shape.correspondent) if shape.correspondent else None,
        copy_window=shape.copy_.window,
        daytime_limit=shape.copy_.daytime_limit,
        repair=shape.copy_.repair == "on",
        archives=_archives(archives, folder) if archives else None,
        personal_gmail=PersonalGmail(gmail.only, gmail.consent, gmail.client) if gmail else None,
    )


def _domain(name: str, entry: DomainEntry) -> Domain:
    return Domain(
        name,
        entry.zone_at,
        entry.mx_first,
        zone_access=None if entry.zone_access is None else ZoneAccess(**dict(entry.zone_access)),
        technical=entry.technical_domain,
        new_host=entry.new_host,
        old_host=entry.old_host,
        mixed_group=entry.mixed_group,
    )


def _contact(entry: ContactEntry) -> Contact:
    return Contact(entry.name, entry.phone, entry.mail)


def _archives(entry: ArchivesEntry, folder: Path) -> Archives:
    return Archives(folder / entry.collected_in, entry.put_under, entry.unread_if_newer_than, entry.shared)


def _message_rules(entry: LeaveOutEntry, zone: ZoneInfo) -> MessageRules:
    before = None if entry.before is None else datetime.combine(entry.before, time(), zone)
    after = None if entry.after is None else datetime.combine(entry.after + timedelta(days=1), time(), zone)
    return MessageRules(before, entry.larger_than, after)

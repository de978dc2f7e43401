"""From the shapes of files to what the rest of the program sees.  Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from plans.files import ContactEntry, OrganisationFile, SystemEntry
from plans.message_rules import MessageRules
from plans.model import (
    Archives,
    Contact,
    Domain,
    Licence,
    Master,
    Organisation,
    Person,
    PersonalGmail,
    Site,
    Support,
    System,
)
from plans.private_folders import PrivateFolders
from plans.site_file import LeaveOutEntry, SiteFile


def organisation_of(
    shape: OrganisationFile, systems: dict[str, System], sites: dict[str, Site], folder: Path
) -> Organisation:
    return Organisation(
        name=shape.name,
        language=shape.language,
        time_zone=shape.time_zone,
        systems=systems,
        sites=sites,
        folder=folder,
        domains={name: Domain(name, entry.zone_at, entry.mx_first) for name, entry in shape.domains.items()},
        licences={name: Licence(name, entry.bought, entry.renews) for name, entry in shape.licences.items()},
        support=Support(shape.support.hours, shape.support.until, shape.support.slice) if shape.support else None,
        contacts={name: _contact(entry) for name, entry in shape.contacts.items()},
    )


def system_of(name: str, connector: str, entry: SystemEntry, settings: BaseModel, folder: Path) -> System:
    """A system; relative paths in the settings of its connector start in ``folder``, as a plan means them."""
    values = ((key, getattr(settings, key)) for key in type(settings).model_fields)
    at_home = settings.model_copy(update={key: folder / value for key, value in values if isinstance(value, Path)})
    return System(
        name=name,
        connector=connector,
        settings=at_home,
        max_sessions=entry.max_sessions,
        bandwidth=entry.bandwidth,
        messages_per_second=entry.messages_per_second,
        master=Master(entry.master.user, entry.master.password) if entry.master else None,
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
        archives=Archives(folder / archives.collected_in, archives.put_under) if archives else None,
        personal_gmail=PersonalGmail(gmail.only, gmail.consent) if gmail else None,
    )


def _contact(entry: ContactEntry) -> Contact:
    return Contact(entry.name, entry.phone, entry.mail)


def _message_rules(entry: LeaveOutEntry, zone: ZoneInfo) -> MessageRules:
    before = None if entry.before is None else datetime.combine(entry.before, time(), zone)
    after = None if entry.after is None else datetime.combine(entry.after + timedelta(days=1), time(), zone)
    return MessageRules(before, entry.larger_than, after)

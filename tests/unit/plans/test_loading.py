"""What a correct plan becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.reasons import Reason
from migrate.cli.rollout_whom import subject_of
from migrate.rollout.world import sites_of
from plans import Master, Person, SecretRef, load, loading
from plans.model import Archives, Contact, Domain, Licence, PersonalGmail, Support
from plans.private_folders import PrivateFolders
from plans.quantities import HoursOfDay
from tests.unit.plans.conftest import ORGANISATION, SITE, StandInSettings
from tests.unit.plans.test_mistakes_around_a_site import RIGHT, RIGHT_SITE

Write = Callable[..., Path]


def test_a_plan_is_joined_from_its_files(write: Write) -> None:
    folder = write()

    organisation = load(folder)

    assert (organisation.name, organisation.language, organisation.folder) == ("Méridional", "fr", folder)
    assert organisation.time_zone == ZoneInfo("Europe/Paris")
    assert list(organisation.systems) == ["old-host", "new-host"]
    lyon = organisation.sites["lyon"]
    assert (lyon.name, lyon.source, lyon.target) == ("lyon", "old-host", "new-host")
    assert lyon.passwords == SecretRef("file", "secrets/lyon.csv")
    jean, lea = lyon.people
    assert jean == Person("Jean.P@meridional.example", "Jean Pérès", "jeanp", "Jean.P@meridional.example", None, None)
    assert jean.mailbox == "jean.p@meridional.example"
    assert lea.source_user == lea.target_user == lea.address


def test_a_system_has_the_settings_of_its_connector_and_the_limits_of_all_systems(write: Write) -> None:
    limits = "host: mail.old.example\n    port: 143\n    max_sessions: 3\n    bandwidth: 2Mbit/s\n"
    text = ORGANISATION.replace("host: mail.old.example\n", limits + "    messages_per_second: 0.5\n")

    organisation = load(write({"organisation.yaml": text}))

    old, new = organisation.systems.values()
    assert isinstance(old.settings, StandInSettings)
    assert (old.name, old.connector, old.settings.host, old.settings.port) == (
        "old-host",
        "imap",
        "mail.old.example",
        143,
    )
    assert (old.max_sessions, old.bandwidth, old.messages_per_second, old.master) == (3, 250_000, 0.5, None)
    assert (new.max_sessions, new.bandwidth, new.messages_per_second) == (10, None, None)
    assert new.master == Master("admin", SecretRef("env", "NEW_MASTER"))


def test_yes_and_no_are_understood_where_true_or_false_is_meant(write: Write) -> None:
    text = ORGANISATION.replace("host: mail.old.example\n", "host: mail.old.example\n    verify: no\n")

    settings = load(write({"organisation.yaml": text})).systems["old-host"].settings

    assert isinstance(settings, StandInSettings)
    assert settings.verify is False


def test_a_relative_path_in_a_connectors_settings_starts_at_the_organisation(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithPath(StandInSettings):
        ca_file: Path | None = None

    monkeypatch.setattr(loading, "connector_class", lambda name: type("C", (), {"Settings": WithPath}))
    text = ORGANISATION.replace("host: mail.old.example\n", "host: mail.old.example\n    ca_file: keys/ca.pem\n")
    folder = write({"organisation.yaml": text})

    old, new = (system.settings for system in load(folder).systems.values())

    assert isinstance(old, WithPath)
    assert isinstance(new, WithPath)
    assert (old.ca_file, new.ca_file) == (folder / "keys/ca.pem", None)


def test_people_may_stand_in_the_sites_file(write: Write) -> None:
    people = """
  - lea.t@meridional.example
  - {address: jean.p@meridional.example, name: 12, source_user: 007, source_password: env:JEAN}
"""
    site = SITE.replace(" lyon.csv\n", people, 1)

    lea, jean = load(write({"sites/lyon.yaml": site})).sites["lyon"].people

    assert (lea.address, lea.name) == ("lea.t@meridional.example", "")
    assert (jean.name, jean.source_user, jean.source_password) == ("12", "007", SecretRef("env", "JEAN"))


def test_a_people_file_is_found_from_the_sites_file_that_names_it(write: Write) -> None:
    site = SITE.replace("people: lyon.csv", "people: ../staff/lyon.csv")

    organisation = load(write({"sites/lyon.yaml": site, "staff/lyon.csv": "address\na@b.example\n"}))

    assert [person.address for person in organisation.sites["lyon"].people] == ["a@b.example"]


def test_days_begin_at_midnight_in_the_organisations_time_zone(write: Write) -> None:
    rules = load(write({"sites/lyon.yaml": SITE + "leave_out: {before: 2020-07-01, larger_than: 25 MB}\n"}))
    paris = ZoneInfo("Europe/Paris")

    found = rules.sites["lyon"].message_rules

    assert (found.before, found.larger_than) == (datetime(2020, 7, 1, tzinfo=paris), 25_000_000)
    assert found.left_out(datetime(2020, 6, 30, 23, 59, 59, tzinfo=paris), 1) is Reason.RULE_DATE


def test_folder_rules_come_with_the_site(write: Write) -> None:
    rules = 'folders: {exclude: [Corbeille], map: {"Éléments envoyés": Sent}}\n'

    found = load(write({"sites/lyon.yaml": SITE + rules})).sites["lyon"].folder_rules

    assert found.decide(("Corbeille", "2019")) is None
    assert found.decide(("éléments ENVOYÉS", "2019")) == ("Sent", "2019")


def test_an_organisation_may_have_no_site_yet(write: Write) -> None:
    assert load(write({"sites/lyon.yaml": None})).sites == {}


def test_nothing_secret_is_looked_at_while_loading(write: Write) -> None:
    site = SITE.replace("secrets/lyon.csv", "secrets/not-there.csv")

    assert load(write({"sites/lyon.yaml": site})).sites["lyon"].passwords == SecretRef("file", "secrets/not-there.csv")


def test_two_thousand_people_load_at_once(write: Write) -> None:
    rows = "".join(f"person{number}@x.example;Person {number}\n" for number in range(2000))

    organisation = load(write({"sites/lyon.csv": "adresse;nom\n" + rows}))

    assert len(organisation.sites["lyon"].people) == 2000


def test_what_surrounds_the_copy_is_read_in_full(write: Write) -> None:
    folder = write({"organisation.yaml": ORGANISATION + RIGHT, "sites/lyon.yaml": SITE + RIGHT_SITE})

    organisation = load(folder)

    lyon = organisation.sites["lyon"]
    assert organisation.domains == {"meridional.example": Domain("meridional.example", "ovh", "old")}
    assert organisation.licences == {
        "business-standard": Licence("business-standard", 40, date(2027, 3, 1), "business-standard")
    }
    assert organisation.support == Support(10, date(2027, 11, 30), timedelta(minutes=30))
    assert organisation.contacts == {"it": Contact("Karim B.", "+33400000000", "karim@elsewhere.example")}
    assert (lyon.wave, lyon.domain, lyon.switch) == (2, "meridional.example", date(2027, 2, 9))
    assert lyon.correspondent == Contact("Claire M.", None, None)
    assert (lyon.language, lyon.time_zone) == ("en", ZoneInfo("Europe/London"))
    assert (lyon.copy_window, lyon.daytime_limit) == (HoursOfDay(time(19), time(7)), 250_000)
    assert not lyon.repair
    assert lyon.private_folders == PrivateFolders("ask", ("RH",))
    assert lyon.folder_rules.decide(("Corbeille",)) is None
    assert lyon.archives == Archives(folder / "archives" / "lyon", "Archives")
    assert lyon.personal_gmail == PersonalGmail("our_domains", "required")
    london = ZoneInfo("Europe/London")
    assert lyon.message_rules.before == datetime(2015, 1, 1, tzinfo=london)
    assert lyon.message_rules.after == datetime(2027, 1, 1, tzinfo=london)


def test_what_a_site_does_not_say_is_the_organisations(write: Write) -> None:
    lyon = load(write()).sites["lyon"]

    assert (lyon.language, lyon.time_zone) == ("fr", ZoneInfo("Europe/Paris"))
    assert (lyon.private_folders, lyon.domain, lyon.copy_window) == (PrivateFolders("copy"), None, None)
    assert lyon.repair


def test_a_domain_with_an_accent_is_the_one_of_its_addresses(write: Write) -> None:
    """A person writes it with the accent, addresses and name servers as xn--…; it is one and the same."""
    files = {
        "organisation.yaml": ORGANISATION + "domains: {Méridional.example: {mx_first: old}}\n",
        "sites/lyon.yaml": SITE + "domain: méridional.example\n",
        "sites/lyon.csv": "address\nlea@xn--mridional-b4a.example\n",
    }

    organisation = load(write(files))

    assert list(organisation.domains) == ["xn--mridional-b4a.example"]
    assert sites_of(organisation) == {"xn--mridional-b4a.example": ("lyon",)}
    assert subject_of(organisation, "MÉRIDIONAL.example").kind == "domain"

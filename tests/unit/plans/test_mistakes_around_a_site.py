"""Mistakes in what surrounds the copy: domains, licences, support, days, hours, private folders; with the exact words
that a person reads.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.plans.conftest import ORGANISATION, SITE

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]

A_DATE = "Write year-month-day, such as 2027-02-09."
HOURS = 'Write the first and the last hour, such as "19:00-07:00".'
RIGHT = """\
domains: {meridional.example: {zone_at: ovh, mx_first: old}}
licences: {business-standard: {bought: 40, renews: 2027-03-01}}
support: {hours: 10, until: 2027-11-30, slice: 30min}
contacts: {it: {name: Karim B., phone: "+33400000000", mail: karim@elsewhere.example}}
"""
RIGHT_SITE = """\
wave: 2
domain: meridional.example
switch: 2027-02-09
correspondent: {name: Claire M.}
language: en
time_zone: Europe/London
copy: {window: "19:00-07:00", daytime_limit: 2Mbit/s, repair: off}
folders: {map: {Envoyés: Sent}, put_under: Old mail, inbox_children: lift}
leave_out: {folders: [Corbeille], private: ask, not_private: [RH], before: 2015-01-01, after: 2026-12-31}
archives: {collected_in: archives/lyon, put_under: Archives}
personal_gmail: {only: our_domains, consent: required}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        (
            "mx_first: old",
            "mx_first: odl",
            ['organisation.yaml:12:56: "mx_first" must be old or new. Did you mean "old"?'],
        ),
        (
            "zone_at",
            "zone",
            ['organisation.yaml:12:32: Unknown key "zone" in "meridional.example". Did you mean "zone_at"?'],
        ),
        (
            "{meridional.example: ",
            "{meridional: ",
            [
                (
                    'organisation.yaml:12:11: "meridional" is not a mail domain. '
                    "Write what stands after the @, such as company.example."
                ),
                (
                    'sites/lyon.yaml:7:9: There is no domain "meridional.example" in organisation.yaml. '
                    'Did you mean "meridional"?'
                ),
            ],
        ),
        ("bought: 40", "bought: forty", ['organisation.yaml:13:40: "bought" must be a whole number.']),
        ("bought: 40", "bought: -1", ['organisation.yaml:13:40: "bought" must be 0 or more.']),
        (
            "bought: 40, ",
            "",
            ['organisation.yaml:13:12: The key "bought" is missing in "business-standard".'],
        ),
        (
            "renews: 2027-03-01",
            "renews: 01/03/2027",
            [f'organisation.yaml:13:52: "01/03/2027" is not a date. {A_DATE}'],
        ),
        (
            "renews: 2027-03-01",
            "renews: 2072-03-01",
            ['organisation.yaml:13:52: "2072-03-01" cannot be meant: the year is too far away. Check the year.'],
        ),
        ("hours: 10", "hours: ten", ['organisation.yaml:14:18: "hours" must be a number.']),
        (
            "slice: 30min",
            "slice: 30",
            ['organisation.yaml:14:48: "30" is not a length of time. Write it as 30min, 2h or 1h30.'],
        ),
        (
            "phone:",
            "telephone:",
            ['organisation.yaml:15:33: Unknown key "telephone" in "it". Did you mean "phone"?'],
        ),
        (
            "karim@elsewhere.example",
            "karim",
            ['organisation.yaml:15:62: "mail" must be a mail address. It has no @. Write it as name@company.example.'],
        ),
    ],
)
def test_a_mistake_in_an_organisation_is_told(
    complaints: Complaints, right: str, wrong: str, messages: list[str]
) -> None:
    assert RIGHT.count(right) == 1
    files: dict[str, str | bytes | None] = {
        "organisation.yaml": ORGANISATION + RIGHT.replace(right, wrong),
        "sites/lyon.yaml": SITE + RIGHT_SITE,
    }

    assert complaints(files) == messages


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        ("wave: 2", "wave: two", ['6:7: "wave" must be a whole number.']),
        ("wave: 2", "wave: 0", ['6:7: "wave" must be 1 or more.']),
        (
            "domain: meridional.example",
            "domain: meridoinal.example",
            [
                ('7:9: There is no domain "meridoinal.example" in organisation.yaml. '
                'Did you mean "meridional.example"?')
            ],
        ),
        (
            "domain: meridional.example",
            "domain: other.test",
            ['7:9: There is no domain "other.test" in organisation.yaml. Its domains are: meridional.example.'],
        ),
        ("switch: 2027-02-09", "switch: 2027-02-30", [f'8:9: "2027-02-30" is not a date. {A_DATE}']),
        (
            "switch: 2027-02-09",
            "switch: 2007-02-09",
            ['8:9: "2007-02-09" cannot be meant: the year is too far away. Check the year.'],
        ),
        ("switch: 2027", "swich: 2027", ['8:1: Unknown key "swich". Did you mean "switch"?']),
        ("correspondent: {name: Claire M.}", "correspondent: Claire M.",
         ['9:16: "correspondent" must be a group of keys, each on its own line.']),
        ("language: en", "language: english", ['10:11: "language" must be fr or en.']),
        (
            "Europe/London",
            "London",
            ['11:12: "London" is not a time zone. Did you mean "Europe/London"?'],
        ),
        ("19:00-07:00", "evening", [f'12:16: "evening" is not a window of hours. {HOURS}']),
        ("19:00-07:00", "19:00-25:00", [f'12:16: "19:00-25:00" names an hour that no clock shows. {HOURS}']),
        (
            "19:00-07:00",
            "7h-07:00",
            ['12:16: "7h-07:00" begins and ends at the same hour. Take the line away to copy at any hour.'],
        ),
        (
            'window: "19:00-07:00", ',
            "",
            [
                ('12:7: "daytime_limit" says nothing without "window". '
                'Add the hours for copying, such as window: "19:00-07:00".')
            ],
        ),
        (
            "daytime_limit: 2Mbit/s",
            "daytime_limit: 2Mb/s",
            ['12:46: "2Mb/s" is not a speed. Write 2Mbit/s (bits) or 250kB/s (bytes).'],
        ),
        ("repair: off", "repair: no", ['12:63: "repair" must be on or off.']),
        (
            "inbox_children: lift",
            "inbox_children: lif",
            ['13:70: "inbox_children" must be keep or lift. Did you mean "lift"?'],
        ),
        (
            "put_under: Old mail",
            "put_under: /Old mail",
            [
                '13:44: "/Old mail" is not a folder path. Write the names with one / between them, such as "A/B".'
            ],
        ),
        (
            "[Corbeille]",
            "[Corbeille, Envoy*]",
            [
                (
                    '13:17: "Envoyés" gets another name here, and another rule leaves it out. '
                    "Take one of the two lines away."
                )
            ],
        ),
        (
            "private: ask",
            "private: aks",
            ['14:44: "private" must be ask, leave_out or copy. Did you mean "ask"?'],
        ),
        (
            "not_private: [RH]",
            "notprivate: [RH]",
            ['14:49: Unknown key "notprivate" in "leave_out". Did you mean "not_private"?'],
        ),
        (
            "before: 2015-01-01",
            "before: 2027-01-01",
            [
                ('14:12: "before" and "after" together leave out every message. '
                "The day of before comes first: what lies between the two travels.")
            ],
        ),
        (
            "before: 2015-01-01, after: 2026-12-31",
            "before: 2115-01-01",
            ["14:76: This day is still to come: every message up to today would stay behind. Check the year."],
        ),
        (
            "collected_in: archives/lyon, ",
            "",
            ['15:1: The key "collected_in" is missing in "archives".'],
        ),
        (
            "only: our_domains",
            "only: our_domain",
            ['16:24: "only" must be our_domains or everything. Did you mean "our_domains"?'],
        ),
        (
            "consent: required",
            "consent:",
            ['16:45: "consent" has no value. Write one after the colon, or take the line away.'],
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_site_is_told(complaints: Complaints, right: str, wrong: str, messages: list[str]) -> None:
    assert RIGHT_SITE.count(right) == 1
    files: dict[str, str | bytes | None] = {
        "organisation.yaml": ORGANISATION + RIGHT,
        "sites/lyon.yaml": SITE + RIGHT_SITE.replace(right, wrong),
    }

    assert complaints(files) == [f"sites/lyon.yaml:{message}" for message in messages]


def test_two_sites_whose_names_differ_by_case_alone_are_one(complaints: Complaints) -> None:
    assert complaints({"sites/paris.yaml": SITE.replace("site: lyon", "site: LYON").replace("lyon.csv", "p.csv"),
                       "sites/p.csv": "address\nx@meridional.example\n"}) == [
        'sites/paris.yaml:1:7: Another file has the site "LYON" already. Give each site a name of its own.'
    ]  # fmt: skip

"""What is worth a look in a plan that is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plans import load
from plans.notes import notes
from tests.unit.plans.conftest import ORGANISATION, SITE

Write = Callable[..., Path]

#: With servers that are not those of a new plan.
OURS = ORGANISATION.replace("host: mail.", "host: imap.")


def told(write: Write, site: str = "", organisation: str = "", **more: str) -> list[str]:
    files = {f"sites/{name}.yaml": text for name, text in more.items()}
    return notes(load(write({"organisation.yaml": OURS + organisation, "sites/lyon.yaml": SITE + site, **files})))


def test_a_plain_plan_needs_no_look(write: Write) -> None:
    assert told(write, "wave: 1\nswitch: 2027-02-09\n", "support: {hours: 10, until: 2027-11-30}\n") == []


def test_days_that_do_not_fit_are_told(write: Write) -> None:
    assert told(write, "switch: 2027-02-07\n", "support: {hours: 10, until: 2027-01-31}\n") == [
        "lyon switches on a weekend, 2027-02-07.",
        "lyon switches on 2027-02-07, after the support ends.",
    ]


def test_a_later_wave_that_switches_first_is_told(write: Write) -> None:
    paris = "site: paris\nsource: old-host\ntarget: new-host\npeople: []\nwave: 1\nswitch: 2027-03-02\n"

    assert told(write, "wave: 2\nswitch: 2027-02-09\n", paris=paris) == [
        "lyon is in wave 2 and switches before a site of an earlier wave."
    ]


def test_what_waits_for_a_decision_is_said(write: Write) -> None:
    site = (
        "leave_out: {private: ask}\ncopy: {window: 19h-7h}\narchives: {collected_in: archives}\n"
        "personal_gmail: {consent: not_required}\n"
    )
    organisation = load(write({"organisation.yaml": OURS, "sites/lyon.yaml": SITE + site}))

    assert [note.partition(";")[0] for note in notes(organisation)] == [
        ("lyon: private folders stay behind until you decide. Then write private: leave_out, or private: copy."),
        (
            "lyon: nothing is copied from private Gmail accounts until personal_gmail: client names the file of a"
            " desktop application."
        ),
    ]


def test_one_account_that_two_people_are_copied_from_is_told(write: Write) -> None:
    people = "adresse;utilisateur source\na@m.example;jeanp\nb@m.example;JeanP\nc@m.example;\n"
    organisation = load(write({"organisation.yaml": OURS, "sites/lyon.csv": people}))
    assert notes(organisation) == ["b@m.example and a@m.example are both copied from the account JeanP: is that meant?"]

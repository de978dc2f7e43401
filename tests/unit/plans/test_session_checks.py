"""A system that is source and target at once needs a session for each side."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plans import load
from tests.unit.plans.conftest import ORGANISATION, SITE, Write

Files = dict[str, str | bytes | None]
Complaints = Callable[[Files], list[str]]

WITHIN_OLD_HOST = SITE.replace("target: new-host", "target: old-host")
TO_OLD_HOST = WITHIN_OLD_HOST.replace("source: old-host", "source: new-host")


def with_sessions(of_old_host: int, site: str, people: str) -> Files:
    host = "host: mail.old.example\n"
    return {
        "organisation.yaml": ORGANISATION.replace(host, f"{host}    max_sessions: {of_old_host}\n"),
        "sites/lyon.yaml": site,
        "sites/lyon.csv": people,
    }


@pytest.mark.parametrize(
    ("site", "people"),
    [
        (WITHIN_OLD_HOST, "adresse;utilisateur source\na@m.example;a-old\n"),
        (TO_OLD_HOST, "adresse;sources\na@m.example;old-host:a-old\n"),
    ],
    ids=["the site's own source", "a further source"],
)
def test_one_session_for_both_sides_is_told_at_its_line(
    complaints: Complaints, write: Write, site: str, people: str
) -> None:
    assert complaints(with_sessions(1, site, people)) == [
        (
            'organisation.yaml:8:19: "old-host" is source and target at once, and may have one session only. '
            "A copy reads with one and writes with another: write max_sessions: 2 or more."
        )
    ]
    load(write(with_sessions(2, site, people)))


def test_one_session_is_enough_for_one_side(write: Write) -> None:
    load(write(with_sessions(1, SITE, "adresse\na@m.example\n")))

"""Mistakes in organisation.yaml, each with the exact words that a person reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.registry import BrokenConnector
from plans import PlanError, load, loading
from tests.unit.plans.conftest import ORGANISATION

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]
Write = Callable[..., Path]

HOST = "    host: mail.old.example\n"
A_REFERENCE = "Write env:NAME, file:PATH, keyring:SERVICE/USER or command:PROGRAM."


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        (
            "language",
            "langauge",
            [
                'organisation.yaml:1:1: The key "language" is missing.',
                'organisation.yaml:2:1: Unknown key "langauge". Did you mean "language"?',
            ],
        ),
        (
            "name: ",
            "colour: red\nname: ",
            [
                (
                    'organisation.yaml:1:1: Unknown key "colour". Known keys: contacts, domains, groups, language, '
                    "licences, messages, name, ordering, probes, support, systems, time_zone, "
                    "x500_addresses."
                )
            ],
        ),
        ("language: fr", "language: french", ['organisation.yaml:2:11: "language" must be fr or en.']),
        ("language: fr", "language: [fr]", ['organisation.yaml:2:11: "language" must be fr or en.']),
        (
            "Europe/Paris",
            "Paris",
            ['organisation.yaml:3:12: "Paris" is not a time zone. Did you mean "Europe/Paris"?'],
        ),
        (
            "Europe/Paris",
            "CET-ish",
            ['organisation.yaml:3:12: "CET-ish" is not a time zone. Write one such as Europe/Paris.'],
        ),
        (
            "connector: imap",
            "connector: imapp",
            ['organisation.yaml:6:16: There is no connector "imapp". Did you mean "imap"?'],
        ),
        (
            "connector: imap",
            "connector: pop3",
            ['organisation.yaml:6:16: There is no connector "pop3". Known connectors: imap, memory.'],
        ),
        (
            "    connector: imap\n",
            "",
            ['organisation.yaml:5:3: The key "connector" is missing in "old-host".'],
        ),
        (
            HOST,
            "    hots: mail.old.example\n",
            [
                'organisation.yaml:5:3: The key "host" is missing in "old-host".',
                'organisation.yaml:7:5: Unknown key "hots" in "old-host". Did you mean "host"?',
            ],
        ),
        (
            HOST,
            HOST + "    max_session: 3\n",
            ['organisation.yaml:8:5: Unknown key "max_session" in "old-host". Did you mean "max_sessions"?'],
        ),
        (
            HOST,
            HOST + "    port: imaps\n    tls: startls\n",
            [
                'organisation.yaml:8:11: "port" must be a whole number.',
                'organisation.yaml:9:10: "tls" must be implicit, starttls or none. Did you mean "starttls"?',
            ],
        ),
        (HOST, HOST + "    port: 99999\n", ['organisation.yaml:8:11: "port" must be 65535 or less.']),
        (HOST, HOST + "    verify: maybe\n", ['organisation.yaml:8:13: "verify" must be true or false.']),
        (
            HOST,
            HOST + "    certificate: {pim: x}\n",
            [
                'organisation.yaml:8:5: The key "pin" is missing in "certificate".',
                'organisation.yaml:8:19: Unknown key "pim" in "certificate". Did you mean "pin"?',
            ],
        ),
        (
            HOST,
            HOST + "    certificate: x\n",
            ['organisation.yaml:8:18: "certificate" must be a group of keys, each on its own line.'],
        ),
        (
            HOST,
            HOST + "    others: [{pin: x, pim: y}, z]\n",
            [
                'organisation.yaml:8:23: Unknown key "pim". Did you mean "pin"?',
                'organisation.yaml:8:32: Item 2 of "others" must be a group of keys, each on its own line.',
            ],
        ),
        (
            HOST,
            "    host: imaps://mail.old.example\n",
            ['organisation.yaml:7:11: "host": only the name of the server, without imap://.'],
        ),
        (
            HOST,
            "    host:\n",
            [
                'organisation.yaml:7:10: "host" has no value. Write one after the colon, or take the line away.',
            ],
        ),
        (HOST, '    host: ""\n', ['organisation.yaml:7:11: "host" is empty.']),
        (HOST, "    host: 10\n", ['organisation.yaml:7:11: "host" must be a text. Put it in double quotes.']),
        (
            HOST,
            HOST + "    bandwidth: 2Mb/s\n    messages_per_second: 0\n    max_sessions: 2.5\n",
            [
                'organisation.yaml:8:16: "2Mb/s" is not a speed. Write 2Mbit/s (bits) or 250kB/s (bytes).',
                'organisation.yaml:9:26: "messages_per_second" must be more than 0.',
                'organisation.yaml:10:19: "max_sessions" must be a whole number.',
            ],
        ),
        (HOST, HOST + "    max_sessions: 0\n", ['organisation.yaml:8:19: "max_sessions" must be 1 or more.']),
        (
            "    connector: imap\n" + HOST,
            "    imap\n",
            ['organisation.yaml:6:5: "old-host" must be a group of keys, each on its own line.'],
        ),
        (
            "old-host:",
            "old host:",
            [
                (
                    'organisation.yaml:5:3: "old host" cannot be a name here. '
                    "Use letters, digits, dots, hyphens and underscores."
                ),
                'sites/lyon.yaml:2:9: There is no system "old-host" in organisation.yaml. Did you mean "old host"?',
            ],
        ),
        (
            "env:NEW_MASTER",
            "hunter2",
            [
                'organisation.yaml:11:37: "password" must say where the password is, and not be the password itself. '
                + A_REFERENCE
            ],
        ),
        (
            "env:NEW_MASTER",
            "env:NEW-MASTER",
            [
                (
                    "organisation.yaml:11:37: After env: comes the name of an environment variable. "
                    "For example env:OLD_MAIL_PASSWORD."
                )
            ],
        ),
        (
            "env:NEW_MASTER",
            "keyring:admin",
            ["organisation.yaml:11:37: After keyring: come a service and a user. For example keyring:old-mail/admin."],
        ),
        (
            "env:NEW_MASTER",
            "'command:pass show \"x'",
            ["organisation.yaml:11:37: A quote in this command is not closed. Add the closing quote."],
        ),
        (", password: env:NEW_MASTER", "", ['organisation.yaml:11:5: The key "password" is missing in "master".']),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    complaints: Complaints, right: str, wrong: str, messages: list[str]
) -> None:
    assert right in ORGANISATION

    assert complaints({"organisation.yaml": ORGANISATION.replace(right, wrong, 1)}) == messages


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        (
            "systems:\n",
            'organisation.yaml:4:9: "systems" has no value. Write one after the colon, or take the line away.',
        ),
        ("systems: {}\n", 'organisation.yaml:4:10: "systems" is empty.'),
        ("systems: [imap]\n", 'organisation.yaml:4:10: "systems" must be a group of keys, each on its own line.'),
        ("", 'organisation.yaml:1:1: The key "systems" is missing.'),
    ],
)
def test_an_organisation_needs_systems(complaints: Complaints, systems: str, message: str) -> None:
    head = ORGANISATION.partition("systems:")[0]

    assert complaints({"organisation.yaml": head + systems})[0] == message


def test_a_missing_organisation_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        load(tmp_path / "nowhere")

    assert str(caught.value) == (
        "organisation.yaml: This file does not exist. Go to the organisation's folder, or name it with -C; a new one is"
        " made by: bascule init"
    )


def test_a_file_that_ends_in_yml_is_recognised(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": None, "organisation.yml": ORGANISATION}) == [
        "organisation.yaml: This file does not exist. There is organisation.yml: rename it."
    ]


def test_a_list_is_no_organisation(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": "- name: x\n"}) == [
        "organisation.yaml:1:1: This file must hold a group of keys. Write lines such as name: Example."
    ]


def test_a_connector_that_cannot_be_loaded_is_told_at_its_line(
    complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> type[BaseModel]:
        raise BrokenConnector(name, "their-connector", "it has no pydantic model named Settings")

    monkeypatch.setattr(loading, "connector_class", broken)

    assert complaints({})[0] == (
        'organisation.yaml:6:16: The connector "imap" cannot be used: it has no pydantic model named Settings. '
        "Install the package their-connector again."
    )


def test_no_error_ever_shows_a_password_that_was_written_into_the_plan(complaints: Complaints) -> None:
    for literal in ("hunter2", "'hunter2:x'", "hunter2, hunter2", "[hunter2]", "{hunter2: hunter2}", "*hunter2"):
        said = complaints({"organisation.yaml": ORGANISATION.replace("env:NEW_MASTER", literal)})
        assert "hunter2" not in "\n".join(said), literal

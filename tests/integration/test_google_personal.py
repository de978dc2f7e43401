"""A private account of which only the company's mail is read: of the rest nothing is seen, not even a label's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.body import ByteBudget
from connectors.contract import Resources
from connectors.google_workspace.personal import PersonalMail, open_personal, read_client
from connectors.google_workspace.scopes import READ_MAIL
from connectors.google_workspace.source import GoogleSource
from connectors.suite import samples
from tests.servers.google import GoogleForTests


def _letter(number: int, sender: str) -> bytes:
    return f"From: {sender}\r\nMessage-ID: <{number}@personal>\r\n\r\nx\r\n".encode()


@pytest.fixture
def private(google: GoogleForTests, tmp_path: Path) -> Iterator[GoogleSource]:
    address = google.person()
    for number, (sender, labels) in enumerate(
        [
            ("boss@company.example", ["Work/Contracts"]),
            ("boss@company.example", []),
            ("aunt@family.example", ["Family/Divorce"]),
            ("aunt@family.example", ["SPAM"]),
            ("aunt@family.example", []),
        ]
    ):
        google.stand_in.put(address, [_letter(number, sender)], labels)
    leave = google.stand_in.control("refresh_token", address=address, scopes=[READ_MAIL])
    mail = PersonalMail(read_client(json.dumps(google.stand_in.control("client"))), address, leave)
    source = open_personal(mail, address, ["company.example"], Resources(ByteBudget(), tmp_path), Event())
    yield source
    source.close()


def test_only_places_with_mail_of_the_companys_are_told(private: GoogleSource) -> None:
    assert [folder.path for folder in private.folders()] == [("INBOX",), ("All Mail",), ("Work", "Contracts")]


def test_no_message_is_asked_for_but_by_the_search(private: GoogleSource, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    gets = private._line.get

    def get(path: str, units: int, **query: Any) -> dict[str, Any]:
        asked.append((path, query))
        return gets(path, units, **query)

    monkeypatch.setattr(private._line, "get", get)
    found = {folder.path: len(samples.listed(private, folder)) for folder in private.folders()}
    assert found == {("INBOX",): 0, ("All Mail",): 1, ("Work", "Contracts"): 1}
    assert all("company.example" in query["q"] for path, query in asked if path == "messages")
    assert sum(path.startswith("messages/") for path, _query in asked) == 2

"""The Google Workspace connector before the stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import httplib2

from connectors.body import ByteBudget
from connectors.contract import Account, Resources
from connectors.google_workspace.access import Access
from connectors.google_workspace.connector import GoogleWorkspaceConnector
from connectors.google_workspace.scopes import WRITE_MAIL
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.target import GoogleTarget
from connectors.secret_setting import Secret
from tests.servers.google import ADMIN, GoogleForTests


def settings_for(google: GoogleForTests, key: str | None = None, **values: Any) -> GoogleSettings:
    """What a plan would say of the stand-in; without a ``key`` with the one that it handed out first."""
    text = key if key is not None else google.key.read_text()
    wanted = {"admin": ADMIN, "key": "file:secrets/google.json", "endpoint": google.stand_in.endpoint, "settle": 0}
    settings = GoogleSettings.model_validate(
        {**wanted, "user_units_per_minute": 60_000_000, "project_units_per_minute": 60_000_000, **values}
    )
    return settings.model_copy(update={"key": Secret("file:secrets/google.json").fetched_by(lambda: text)})


class Place:
    """A mailbox of its own, and sessions on it."""

    def __init__(self, google: GoogleForTests, folder: Path, **values: object) -> None:
        self.google = google
        self.stand_in = google.stand_in
        self.user = google.person()
        self.resources = Resources(ByteBudget(), folder)
        self.connector = GoogleWorkspaceConnector(settings_for(google, **values), self.resources)
        self.account = Account(self.user, address=self.user)
        self._open: list[GoogleTarget] = []

    def target(self) -> GoogleTarget:
        self._open.append(self.connector.open_target(self.account, Event()))
        return self._open[-1]

    def there(self) -> list[bytes]:
        return sorted(held.raw for held in self.stand_in.mailbox(self.user))

    def close(self) -> None:
        for target in self._open:
            target.close()


def delete_label(access: Access, user: str, name: str) -> None:
    """What a person does who takes a label away."""
    headers = {"authorization": f"Bearer {access.grant(user, WRITE_MAIL).token()}"}
    labels = f"{access.settings.endpoint}/gmail/v1/users/me/labels"
    http = httplib2.Http()
    told = json.loads(http.request(labels, headers=headers)[1])["labels"]
    for label in told:
        if label["name"] == name:
            http.request(f"{labels}/{label['id']}", "DELETE", headers=headers)
    http.close()

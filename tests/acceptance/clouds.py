"""An organisation whose target is a stand-in of a cloud, for the commands about accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from migrate.sandbox.microsoft.started import App, MicrosoftStandIn
from tests.acceptance.organisation import SITE, Ended, Organisation
from tests.acceptance.organisation import organisation as plain
from tests.servers.google import ADMIN, GoogleForTests

OLD = {"connector": "imap", "host": "127.0.0.1", "port": 9, "tls": "plain"}


@dataclass
class Cloud:
    """One site, whose people and whatever else the organisation says are given when it is written."""

    organisation: Organisation
    domain: str
    more: dict[str, Any] = field(default_factory=dict)

    def name(self, local: str) -> str:
        return f"{local}@{self.domain}"

    def write(self, people: list[dict[str, Any]], **more: Any) -> None:
        """The plan, with ``more`` in organisation.yaml."""
        self.organisation.people = people
        self.organisation.write()
        file = self.organisation.folder / "organisation.yaml"
        told = yaml.safe_load(file.read_text()) | {"domains": {self.domain: {}}} | more
        file.write_text(yaml.safe_dump(told))

    def run(self, *arguments: str) -> Ended:
        return self.organisation.run(*arguments)

    def apply(self, *options: str) -> Ended:
        return self.run("accounts", "apply", SITE, "--yes", "--json", *options)

    def diff(self) -> Ended:
        return self.run("accounts", "diff", SITE, "--json")


def google_cloud(folder: Path, google: GoogleForTests, domain: str, **accounts: Any) -> Cloud:
    """A target at Google's stand-in."""
    system = {
        "connector": "google_workspace", "admin": ADMIN, "key": "file:secrets/google.json",
        "endpoint": google.stand_in.endpoint, "accounts": accounts,
    }  # fmt: skip
    made = plain(folder, OLD, system)
    (folder / "secrets" / "google.json").write_bytes(google.key.read_bytes())
    (folder / "secrets" / "google.json").chmod(0o600)
    return Cloud(made, domain)


def microsoft_cloud(folder: Path, microsoft: MicrosoftStandIn, app: App, domain: str, **accounts: Any) -> Cloud:
    """A target at Microsoft's stand-in."""
    system = {
        "connector": "microsoft365", "tenant": microsoft.tenant, "client_id": app.client_id,
        "secret": "file:secrets/app.txt", "ca_file": str(microsoft.ca_file),
        "endpoints": {
            "sign_in": microsoft.address, "graph": microsoft.address,
            "imap": f"{microsoft.host}:{microsoft.imap_port}",
        },
        "accounts": accounts,
    }  # fmt: skip
    made = plain(folder, OLD, system)
    secret = folder / "secrets" / "app.txt"
    secret.write_text(app.secret)
    secret.chmod(0o600)
    return Cloud(made, domain)


def own_name(start: str) -> str:
    """A name that no other test has."""
    return f"{start}-{uuid4().hex[:8]}"


def outcomes(told: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """By change, subject and what it adds, how it ended."""
    return {(one["change"], one["subject"], one["detail"]): one["outcome"] for one in told["changes"]}

"""What a plan may say about Google Workspace."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.language import _
from connectors.secret_setting import SecretSetting

#: Where Google's APIs are, whatever their name.
GOOGLE = "https://www.googleapis.com"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_GOOGLES = (".google.com", ".googleapis.com")


def is_googles(address: str) -> bool:
    """Whether an address is one of Google's own, over TLS."""
    return address.startswith("https://") and _host(address).endswith(_GOOGLES)


def is_on_this_machine(address: str) -> bool:
    return _host(address) in _THIS_MACHINE


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


class GoogleSettings(BaseModel):
    """An organisation's Google Workspace, reached by a service account with domain-wide delegation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    admin: str = Field(
        description=(
            "mail address of an administrator of the organisation: questions about accounts are asked in this"
            " person's name"
        )
    )
    key: SecretSetting = Field(
        description=(
            "where the service account's key is, the JSON file that Google Cloud hands out once:"
            " `file:secrets/google.json`"
        )
    )
    keywords: Literal["off", "labels"] = Field(
        default="off",
        description=(
            "what becomes of keywords, which Gmail does not have: `off` (left out, and reported; unless given), or"
            " `labels` (each becomes a label of its name)"
        ),
    )
    user_units_per_minute: int = Field(
        default=6000,
        ge=50,
        description=(
            "quota units that one mailbox may use a minute; 6000 unless given, which is 4 messages a second. Projects"
            " made before May 2026 have 15000: look under Quotas in the Google Cloud console"
        ),
    )
    project_units_per_minute: int = Field(
        default=1_200_000,
        ge=50,
        description="quota units that the whole project may use a minute; 1200000 unless given",
    )
    settle: float = Field(
        default=60,
        ge=0,
        description=(
            "seconds after which a message whose answer was lost can no longer appear in the mailbox; 60 unless given."
            " Only then is it sent again"
        ),
    )
    timeout: float = Field(default=60, gt=0, description="seconds to wait for Google's next bytes; 60 unless given")
    endpoint: str | None = Field(
        default=None,
        description=(
            "address of a stand-in on this machine, such as `http://127.0.0.1:8080`, for rehearsals and tests; Google"
            " itself unless given"
        ),
    )

    @field_validator("admin")
    @classmethod
    def _is_an_address(cls, admin: str) -> str:
        admin = admin.strip()
        if not _ADDRESS.fullmatch(admin):
            raise ValueError(_("must be the mail address of an administrator, such as admin@example.com"))
        return admin

    @field_validator("endpoint")
    @classmethod
    def _is_on_this_machine(cls, endpoint: str | None) -> str | None:
        """Tokens and mail go there: nothing but this machine may stand in for Google."""
        if endpoint is None:
            return None
        endpoint = endpoint.strip()
        if not is_on_this_machine(endpoint) or not endpoint.startswith(("http://", "https://")) or "?" in endpoint:
            raise ValueError(_("must be an address of this machine, such as http://127.0.0.1:8080"))
        return endpoint.rstrip("/")

    @property
    def server(self) -> str:
        """What asks for pauses: all systems at Google's share it, each stand-in is one of its own."""
        return urlsplit(self.endpoint or GOOGLE).netloc

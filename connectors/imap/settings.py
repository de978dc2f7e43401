"""What a plan may say about an IMAP system."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_IMPLICIT_TLS_PORT = 993
_PORT = 143


class ImapSettings(BaseModel):
    """An IMAP system, as source or as target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="Name or address of the IMAP server.")
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="TCP port; 993 with implicit TLS, else 143, when not given.",
    )
    tls: Literal["implicit", "starttls", "plain"] = Field(
        default="implicit",
        description=(
            "How the connection is protected: `implicit` (TLS from the first byte), `starttls` (refused when the server"
            " does not offer it), or `plain` (no protection: passwords and mail can be read on the way)."
        ),
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities to trust for this server, instead of those of the machine.",
    )
    timeout: float = Field(
        default=60,
        gt=0,
        description="Seconds to wait for the server's next bytes before the connection is given up.",
    )
    connect_timeout: float = Field(
        default=20,
        gt=0,
        description="Seconds to wait for the connection itself.",
    )
    master_user_form: str = Field(
        default="{user}*{master}",
        description="Login name when a master user signs in for somebody, made of `{user}` and `{master}`.",
    )
    settle: float = Field(
        default=60,
        ge=0,
        description=(
            "Seconds after which a message of a cut connection can no longer appear on this system; until then it is"
            " neither believed stored nor sent again."
        ),
    )
    sessions: int = Field(default=4, ge=1, le=64, description="Connections that one mailbox may hold at a time.")
    batch: int = Field(default=100, ge=1, le=1000, description="Messages written with one command.")

    @field_validator("master_user_form")
    @classmethod
    def _names_both(cls, form: str) -> str:
        if form.count("{user}") != 1 or form.count("{master}") != 1:
            raise ValueError("must hold {user} once and {master} once")
        return form

    @property
    def effective_port(self) -> int:
        return self.port or (_IMPLICIT_TLS_PORT if self.tls == "implicit" else _PORT)

    def login_name(self, user: str, master_user: str | None) -> str:
        """The name to sign in with, for ``user`` or for a master user on their behalf."""
        if master_user is None:
            return user
        before, after = self.master_user_form.split("{user}")
        return before.replace("{master}", master_user) + user + after.replace("{master}", master_user)

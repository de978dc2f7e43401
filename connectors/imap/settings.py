"""What a plan may say about an IMAP system."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.language import _

_IMPLICIT_TLS_PORT = 993
_PORT = 143


class ImapSettings(BaseModel):
    """An IMAP system, as source or as target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="name or address of the server")
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="993 with implicit TLS, else 143, unless given",
    )
    tls: Literal["implicit", "starttls", "plain"] = Field(
        default="implicit",
        description=(
            "`implicit` (TLS from the first byte; unless given), `starttls` (refused when the server does not offer it:"
            " there is no silent downgrade), or `plain` (no protection: passwords and mail can be read on the way)"
        ),
    )
    ca_file: Path | None = Field(
        default=None,
        description=(
            "a PEM file with the authorities to trust for this server instead of the machine's; a relative path starts"
            " in the organisation's folder"
        ),
    )
    timeout: float = Field(
        default=60,
        gt=0,
        description="seconds to wait for the server's next bytes; 60 unless given",
    )
    connect_timeout: float = Field(
        default=20,
        gt=0,
        description="seconds to wait for the connection itself; 20 unless given",
    )
    master_user_form: str = Field(
        default="{user}*{master}",
        description="how a master user names whom it signs in for; `{user}*{master}` (Dovecot's) unless given",
    )
    settle: float = Field(
        default=60,
        ge=0,
        description=(
            "seconds after which a message of a cut connection can no longer appear on this system; 60 unless given."
            " Until then it is neither believed stored nor sent again. Lower it only for a server that you know: see"
            " [servers.md](servers.md)"
        ),
    )
    sessions: int = Field(
        default=4, ge=1, le=64, description="connections that one mailbox may hold at a time; 4 unless given"
    )
    batch: int = Field(default=100, ge=1, le=1000, description="messages written with one command; 100 unless given")

    shared_folders: bool = Field(
        default=False,
        description=(
            "as a source, read also public folders and those that other people share with a mailbox; left out unless"
            " `true`, because each mailbox that sees them would bring a copy of its own"
        ),
    )

    @field_validator("master_user_form")
    @classmethod
    def _names_both(cls, form: str) -> str:
        if form.count("{user}") != 1 or form.count("{master}") != 1:
            raise ValueError(_("must hold {{user}} once and {{master}} once").format())
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

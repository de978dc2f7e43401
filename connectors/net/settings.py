"""What a plan may say about any server that is signed in to over the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.language import _

#: The master user's form that keeps both names apart.
AUTHZID = "authzid"
_FINGERPRINT = re.compile(r"sha256:([0-9a-f]{64})")


class ServerSettings(BaseModel):
    """A server, how it is trusted, and how one signs in.  Each protocol says ``port`` and ``auth`` in its own words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: With TLS from the first byte, and without.
    ports: ClassVar[tuple[int, int]]

    host: str = Field(min_length=1, description="name or address of the server")
    port: int | None = None
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
    certificate_pin: str | None = Field(
        default=None,
        description=(
            "the sha256 fingerprint of the one certificate to trust for this server, such as `sha256:5E:0C:...`: for a"
            " server whose certificate is self-signed or has expired. No authority, name or date counts beside it. The"
            " error about such a certificate prints the line; compare it with what the server's administrator says"
            " over another road"
        ),
    )
    auth: str | None = None
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
        description=(
            "how a master user names whom it signs in for; `{user}*{master}` (Dovecot's) unless given, or `authzid`"
            " where the server wants both names apart (SASL PLAIN, as Cyrus does)"
        ),
    )

    @field_validator("master_user_form")
    @classmethod
    def _names_both(cls, form: str) -> str:
        if form == AUTHZID:
            return form
        if form.count("{user}") != 1 or form.count("{master}") != 1:
            raise ValueError(_("must hold {{user}} once and {{master}} once").format())
        return form

    @field_validator("certificate_pin")
    @classmethod
    def _is_a_fingerprint(cls, pin: str | None) -> str | None:
        """``sha256:`` and 64 hexadecimal digits, in lower case; people write them with colons and in upper case."""
        if pin is None:
            return None
        kind, _colon, digits = pin.strip().lower().partition(":")
        plain = f"{kind}:{digits.replace(':', '').replace(' ', '')}"
        if not _FINGERPRINT.fullmatch(plain):
            raise ValueError(_("must be sha256: and the 64 hexadecimal digits of a fingerprint"))
        return plain

    @model_validator(mode="after")
    def _fits_together(self) -> ServerSettings:
        if self.certificate_pin is not None and self.tls == "plain":
            raise ValueError(_("certificate_pin means nothing with tls: plain"))
        if self.certificate_pin is not None and self.ca_file is not None:
            raise ValueError(_("certificate_pin and ca_file exclude each other: take one of them away"))
        if self.master_user_form == AUTHZID and self.auth not in (None, "plain", "oauthbearer", "xoauth2"):
            raise ValueError(_("master_user_form: authzid goes with auth: plain"))
        return self

    @property
    def takes_tokens(self) -> bool:
        """Whether the secrets of this system are access tokens."""
        return self.auth in ("oauthbearer", "xoauth2")

    @property
    def effective_port(self) -> int:
        return self.port or self.ports[self.tls != "implicit"]

    @property
    def server(self) -> str:
        """What grants sessions and asks for pauses; two systems of one host and port share it."""
        return f"{self.host}:{self.effective_port}"

    def login_name(self, user: str, master_user: str | None) -> str:
        """The name to sign in with, for ``user`` or for a master user on their behalf."""
        if master_user is None or self.takes_tokens:
            return user
        if self.master_user_form == AUTHZID:
            return master_user
        before, after = self.master_user_form.split("{user}")
        return before.replace("{master}", master_user) + user + after.replace("{master}", master_user)

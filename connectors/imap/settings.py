"""What a plan may say about an IMAP system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.language import _

_IMPLICIT_TLS_PORT = 993
_PORT = 143
#: The master user's form that keeps both names apart.
AUTHZID = "authzid"
_FINGERPRINT = re.compile(r"sha256:([0-9a-f]{64})")


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
    certificate_pin: str | None = Field(
        default=None,
        description=(
            "the sha256 fingerprint of the one certificate to trust for this server, such as `sha256:5E:0C:...`: for a"
            " server whose certificate is self-signed or has expired. No authority, name or date counts beside it. The"
            " error about such a certificate prints the line; compare it with what the server's administrator says"
            " over another road"
        ),
    )
    auth: Literal["scram-sha-256", "scram-sha-1", "plain", "login", "cram-md5", "oauthbearer", "xoauth2"] | None = (
        Field(
            default=None,
            description=(
                "how to sign in: `scram-sha-256`, `scram-sha-1`, `plain`, `login` or `cram-md5`; unless given, the"
                " first of these that the server offers (without TLS, `cram-md5` comes before `plain`). With"
                " `oauthbearer` or `xoauth2` the passwords of this system are access tokens: one that comes from"
                " `command:` is asked for again when it has expired"
            ),
        )
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
        description=(
            "how a master user names whom it signs in for; `{user}*{master}` (Dovecot's) unless given, or `authzid`"
            " where the server wants both names apart (SASL PLAIN, as Cyrus does)"
        ),
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
    compress: bool = Field(
        default=False,
        description=(
            "`true`: the connection is compressed where the server offers it (COMPRESS=DEFLATE). Only for a slow line:"
            " on a fast one it costs more time than it saves; `false` unless given"
        ),
    )

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
    def _fits_together(self) -> ImapSettings:
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
        return self.port or (_IMPLICIT_TLS_PORT if self.tls == "implicit" else _PORT)

    def login_name(self, user: str, master_user: str | None) -> str:
        """The name to sign in with, for ``user`` or for a master user on their behalf."""
        if master_user is None or self.takes_tokens:
            return user
        if self.master_user_form == AUTHZID:
            return master_user
        before, after = self.master_user_form.split("{user}")
        return before.replace("{master}", master_user) + user + after.replace("{master}", master_user)

"""What a plan may say about an IMAP system."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from connectors.net.settings import ServerSettings
from connectors.presets import of_host


class ImapSettings(ServerSettings):
    """An IMAP system, as source or as target."""

    ports: ClassVar[tuple[int, int]] = (993, 143)

    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="993 with implicit TLS, else 143, unless given",
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

    @property
    def known_allowance(self) -> tuple[int | None, int | None] | None:
        """Bytes that may be read and written in a day, where a provider publishes it: who takes more is locked out."""
        preset = of_host(self.host)
        limits = None if preset is None else preset.limits
        return None if limits is None else (limits.read_a_day, limits.written_a_day)

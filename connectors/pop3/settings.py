"""What a plan may say about a POP3 system."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from connectors.language import _
from connectors.net.settings import ServerSettings
from connectors.read_state import days_of

_GMAIL = ("pop.gmail.com", "pop.googlemail.com")
#: Seconds that Gmail wants between two sign-ins of one account, also where it does not announce them.
_GMAIL_LOGIN_DELAY = 300


def _parse_days(value: object) -> timedelta:
    """As a plan spells days everywhere: ``30 days``, ``30 jours``."""
    if isinstance(value, timedelta):
        return value
    found = days_of(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(_("must be a number of days, such as 30 days"))
    return found


_Days = Annotated[timedelta, PlainValidator(_parse_days), WithJsonSchema({"type": "string", "examples": ["30 days"]})]


class Pop3Settings(ServerSettings):
    """A POP3 system, as source."""

    ports: ClassVar[tuple[int, int]] = (995, 110)

    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="995 with implicit TLS, else 110, unless given",
    )
    auth: (
        Literal["scram-sha-256", "scram-sha-1", "plain", "user", "apop", "cram-md5", "oauthbearer", "xoauth2"] | None
    ) = Field(
        default=None,
        description=(
            "how to sign in: `scram-sha-256`, `scram-sha-1`, `plain`, `user` (the commands USER and PASS), `apop` or"
            " `cram-md5`; unless given, the first of these that the server offers (without TLS, `cram-md5` and `apop`"
            " come before `plain`). With `oauthbearer` or `xoauth2` the passwords of this system are access tokens:"
            " one that comes from `command:` is asked for again when it has expired"
        ),
    )
    unread_if_newer_than: _Days | None = Field(
        default=None,
        description=(
            "a POP3 server does not tell what was read: what is newer than so many days when it is copied, `30 days`,"
            " arrives unread, all else as read; all arrives as read unless given"
        ),
    )

    @property
    def login_delay(self) -> int:
        """Seconds that are known to be wanted between two sign-ins of one account."""
        return _GMAIL_LOGIN_DELAY if self.host.lower().rstrip(".") in _GMAIL else 0

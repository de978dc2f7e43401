"""The table of presets: ``presets.toml`` beside this module, checked when it is first asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from connectors.folder_names import EXCHANGE, GMAIL_LABELS, NameRules

_NAMES: Mapping[str, NameRules] = {"gmail": GMAIL_LABELS, "exchange": EXCHANGE}
#: What a connector's table holds beside settings of that connector.
_NOT_SETTINGS = frozenset({"host_pattern", "source"})


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Data):
    """Where one protocol is spoken."""

    #: Empty where each customer has another one, which the plan has to name.
    host: str = ""
    port: int | None = None
    tls: Literal["implicit", "starttls"] | None = None
    auth: str | None = None
    master_user_form: str | None = None
    #: The form that such hosts have, where each customer has another one.
    host_pattern: str = ""
    source: str

    def settings(self) -> dict[str, str | int]:
        """What it says of a connector's settings, by key."""
        said = self.model_dump(exclude=set(_NOT_SETTINGS), exclude_none=True)
        return {key: value for key, value in said.items() if value != ""}


class Limits(_Data):
    """What the system is known to allow to one mailbox; None where nothing is known."""

    #: Sessions at a time.
    sessions: int | None = None
    #: Bytes in a day.
    read_a_day: int | None = None
    written_a_day: int | None = None
    #: The longest message, in bytes, and messages written in a second.
    max_message: int | None = None
    messages_per_second: float | None = None
    #: The longest line of a message, in bytes without its end.
    longest_line: int | None = None
    source: str


class Dns(_Data):
    """By which records a domain on this system is known."""

    #: Patterns of its MX, in lower case and without the dot at the end.
    mx: tuple[str, ...]
    #: Whole sets of MX that the provider has its customers enter.
    mx_forms: tuple[frozenset[str], ...] = ()
    spf: str = ""
    selectors: tuple[str, ...] = ()
    source: str


class Preset(_Data):
    """One mail system."""

    name: str
    title: str
    #: Whether its servers are one provider's, or anybody's who runs this software.
    kind: Literal["provider", "software"]
    connector: str
    #: Who signs in: the whole address, or what stands before the @; None where it depends.
    user: Literal["address", "local"] | None = None
    #: Words of :mod:`connectors.presets.words`.
    sign_in: str
    quirks: tuple[str, ...] = ()
    imap: Server | None = None
    pop3: Server | None = None
    smtp: Server | None = None
    limits: Limits | None = None
    dns: Dns | None = None
    names: Literal["gmail", "exchange"] | None = None
    #: Further names of its servers.
    hosts: tuple[str, ...] = ()

    def server(self, connector: str) -> Server | None:
        """Where a connector reaches it."""
        return {"imap": self.imap, "pop3": self.pop3}.get(connector)

    def speaks(self, connector: str) -> bool:
        """Whether a plan may take this preset with this connector."""
        software_over_imap = self.kind == "software" and self.connector == "imap"
        return (
            connector == self.connector
            or self.server(connector) is not None
            or (software_over_imap and connector == "pop3")
        )

    @property
    def name_rules(self) -> NameRules | None:
        """Which folder names it holds; None where that is not known."""
        return _NAMES[self.names] if self.names else None


@cache
def presets() -> Mapping[str, Preset]:
    """All of them, by name, in the order of the table."""
    text = files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return {name: Preset(name=name, **said) for name, said in tomllib.loads(text).items()}


def find(name: str) -> Preset | None:
    return presets().get(name)


@cache
def of_host(host: str) -> Preset | None:
    """Whose server this is, where one is known by that name; of several presets the first."""
    wanted = host.lower().rstrip(".")
    if not wanted:
        return None
    for preset in presets().values():
        servers = [server for server in (preset.imap, preset.pop3) if server is not None]
        known = {server.host for server in servers if server.host} | set(preset.hosts)
        if preset.kind == "provider" and (
            wanted in known or any(re.fullmatch(server.host_pattern, wanted) for server in servers)
        ):
            return preset
    return None


def of_mx(hosts: Iterable[str]) -> Preset | None:
    """On which system a domain with these MX is, by their form; None where they are of none that is known."""
    wanted = [host.lower().rstrip(".") for host in hosts]
    for preset in presets().values():
        if preset.dns is not None and any(re.fullmatch(form, host) for form in preset.dns.mx for host in wanted):
            return preset
    return None

"""Mail systems of the plan as documents show them: what people call them, and where mail programs knock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from connectors.language import _
from connectors.presets.table import Preset, find, of_host
from connectors.presets.table import Server as Known
from plans import Organisation, System
from runbooks.facts import Unknown
from runbooks.plan_facts import Door, SystemFacts

#: support.google.com/mail/answer/7126229 and
#: support.microsoft.com/office/pop-imap-and-smtp-settings-8361e398-8af4-4e97-b147-6c6c4ac95353
_CLOUDS: Mapping[str, tuple[str, Door, Door, str]] = {
    "google_workspace": (
        "Google Workspace",
        Door(protocol="imap", host="imap.gmail.com", port=993, tls="implicit"),
        Door(protocol="smtp", host="smtp.gmail.com", port=465, tls="implicit"),
        "https://mail.google.com",
    ),
    "microsoft365": (
        "Microsoft 365",
        Door(protocol="imap", host="outlook.office365.com", port=993, tls="implicit"),
        Door(protocol="smtp", host="smtp.office365.com", port=587, tls="starttls"),
        "https://outlook.office.com",
    ),
}
_PORTS: Mapping[tuple[str, str], int] = {
    ("imap", "implicit"): 993,
    ("imap", "starttls"): 143,
    ("pop3", "implicit"): 995,
    ("pop3", "starttls"): 110,
    ("smtp", "implicit"): 465,
    ("smtp", "starttls"): 587,
}


def system_facts(organisation: Organisation, name: str) -> SystemFacts:
    """Of one system."""
    system = organisation.systems[name]
    host = str(getattr(system.settings, "host", "") or "")
    preset = find(system.preset) if system.preset else of_host(host) if host else None
    limits = system.each_mailbox
    title, incoming, outgoing, webmail = _doors(system, host, preset)
    return SystemFacts(
        name=name,
        connector=system.connector,
        title=title,
        host=host,
        incoming=incoming,
        outgoing=outgoing,
        webmail=webmail,
        sessions=system.max_sessions,
        read_a_day=system.read_a_day,
        written_a_day=system.written_a_day,
        each_read_a_day=limits.read_a_day,
        each_written_a_day=limits.written_a_day,
        keywords=str(getattr(system.settings, "keywords", "")),
    )


def _doors(
    system: System, host: str, preset: Preset | None
) -> tuple[str, Door | Unknown, Door | Unknown, str | Unknown]:
    if system.connector in _CLOUDS:
        return _CLOUDS[system.connector]
    nobody = Unknown(how=_("ask whoever runs {system}").format(system=system.name))
    incoming: Door | Unknown = nobody
    if host and system.connector in ("imap", "pop3"):
        incoming = _own(system)
    outgoing = _known("smtp", preset.smtp) if preset is not None and preset.smtp is not None else None
    title = preset.title if preset is not None else host or system.name
    return title, incoming, outgoing or nobody, nobody


def _own(system: System) -> Door | Unknown:
    settings: Any = system.settings
    tls = getattr(settings, "tls", "implicit")
    if tls not in ("implicit", "starttls"):
        return Unknown(how=_("ask whoever runs {system}").format(system=system.name))
    port = getattr(settings, "port", None) or _PORTS[system.connector, tls]
    protocol = cast('Literal["imap", "pop3"]', system.connector)
    return Door(protocol=protocol, host=settings.host, port=port, tls=tls)


def _known(protocol: Literal["smtp"], server: Known) -> Door | None:
    if not server.host:
        return None
    tls = server.tls or "implicit"
    return Door(protocol=protocol, host=server.host, port=server.port or _PORTS[protocol, tls], tls=tls)

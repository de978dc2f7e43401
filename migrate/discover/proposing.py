"""From what was found to a plan that can be checked: systems, and which side receives first.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import yaml

from connectors.language import _
from connectors.presets import Preset
from migrate.discover.endpoints import Endpoint
from migrate.discover.finding_out import DomainFound

Value = str | int | bool
#: Systems that can keep a message and send a copy on: ``bascule delivery recipe`` writes how.
_RECIPES: Mapping[str, str] = {
    "dovecot": "sieve",
    "cyrus": "sieve",
    "courier": "postfix",
    "zimbra": "zimbra",
    "hmailserver": "hmailserver",
    "exchange": "exchange",
    "cpanel": "cpanel",
    "plesk": "plesk",
    "ovh": "ovh",
    "ovh-email-pro": "ovh",
    "ovh-exchange": "exchange",
    "gandi": "gandi",
    "google": "google",
    "microsoft365": "microsoft365",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """``system``: the keys of the old system in a plan.  ``remarks``: what a person has to know about it."""

    system: Mapping[str, Value]
    mx_first: Literal["old", "new"]
    why: str
    #: Of ``bascule delivery recipe --server``; None where none is known.
    recipe: str | None
    remarks: tuple[str, ...]

    @property
    def yaml(self) -> str:
        """The lines to paste into ``organisation.yaml``."""
        text: str = yaml.safe_dump(
            {"systems": {"old": dict(self.system)}}, sort_keys=False, allow_unicode=True, width=1000
        )
        return "".join(f"# {one}\n" for one in self.remarks) + text


def propose(found: DomainFound) -> Proposal:
    """Where mail is read from now on, as far as it shows."""
    preset = found.recognised.preset
    system, remarks = _system(found, preset)
    recipe = None if preset is None else _RECIPES.get(preset.name)
    first, why = _first(preset, recipe)
    return Proposal(system, first, why, recipe, tuple(remarks))


def best(endpoints: Sequence[Endpoint], protocol: str) -> Endpoint | None:
    """The one to sign in at: with a good certificate before one without, TLS from the first byte before STARTTLS."""
    answering = [one for one in endpoints if one.state == "answers" and one.candidate.protocol == protocol]
    return min(answering, key=lambda one: (not one.trusted, one.candidate.tls != "implicit"), default=None)


def _first(preset: Preset | None, recipe: str | None) -> tuple[Literal["old", "new"], str]:
    if preset is None:
        why = _("The old system is not known: it stays first until somebody says that it cannot send a copy on.")
        return "old", why
    if recipe is not None:
        why = _("{system} can keep each message and send a copy on.")
        return "old", why.format(system=preset.title)
    if preset.kind == "provider":
        why = _("No way is known to have {system} keep a message and send a copy on: the new side receives first.")
        return "new", why.format(system=preset.title)
    return "old", _("Whoever looks after the old server can have it send a copy on.")


def _system(found: DomainFound, preset: Preset | None) -> tuple[dict[str, Value], list[str]]:
    domain = found.records.domain
    if preset is not None and preset.connector == "google_workspace":
        keys: dict[str, Value] = {"admin": f"admin@{domain}", "key": "file:secrets/google.json"}
        return {"preset": preset.name, **keys}, [_("Say who the administrator is, and where the key lies.")]
    if preset is not None and preset.connector == "microsoft365":
        keys = {"tenant": domain, "client_id": "00000000-0000-0000-0000-000000000000"}
        remark = _("Say which application signs in.")
        return {"preset": preset.name, **keys, "secret": "file:secrets/microsoft365.txt"}, [remark]
    connector = "imap" if best(found.endpoints, "imap") is not None or _named(preset, "imap") else "pop3"
    answering = best(found.endpoints, connector)
    if answering is None and connector == "pop3":
        connector = "imap"  # nobody answers at all: what is usual stands there until somebody says better
    said: dict[str, Value] = {"preset": preset.name} if preset is not None and preset.speaks(connector) else {}
    if not said or (preset is not None and connector != preset.connector):
        said["connector"] = connector
    remarks = []
    if not (said.get("preset") and _named(preset, connector)):
        if answering is None:
            remarks.append(_("No server was found that answers: say which it is."))
            said["host"] = f"mail.{domain}"
        else:
            said |= _where(answering)
            remarks += _certificate(answering)
    return said, remarks


def _named(preset: Preset | None, connector: str) -> bool:
    """Whether the preset itself says where the server is."""
    server = None if preset is None else preset.server(connector)
    return server is not None and bool(server.host)


def _where(endpoint: Endpoint) -> dict[str, Value]:
    one = endpoint.candidate
    said: dict[str, Value] = {"host": one.host}
    if not one.usual:
        said["port"] = one.port
    if one.tls != "implicit":
        said["tls"] = one.tls
    return said


def _certificate(endpoint: Endpoint) -> list[str]:
    seen = endpoint.certificate
    if seen is None or not seen.fault:
        return []
    text = _(
        "{why}. Fingerprint sha256:{fingerprint}: compare it with the administrator's, then write certificate_pin."
    )
    return [text.format(why=seen.fault[:1].upper() + seen.fault[1:], fingerprint=seen.fingerprint)]

"""A system that names a preset: what is known of that mail system fills in what the plan does not say.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.language import _
from connectors.presets import Limits, Preset, find, presets
from plans.problems import Worded, suggestion
from plans.yaml_file import Value

#: Sessions a mailbox that a connector opens unless told otherwise: a system that grants fewer has to be known.
_USUAL_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class Filled:
    """The keys of a system, and where they are from; those of a group are named ``group.key``."""

    keys: Mapping[str, Value]
    said: frozenset[str]
    from_preset: frozenset[str] = frozenset()


def preset_of(keys: Mapping[str, Value]) -> Preset | None:
    """The preset that these keys of a system name; None when they name none that is known."""
    name = keys.get("preset")
    return find(name.strip()) if isinstance(name, str) else None


def wrong_preset_of(keys: Mapping[str, Value]) -> tuple[str, Worded] | None:
    """The key that is wrong about a preset, and why: an unknown name, or a connector that it cannot be reached by."""
    name = keys.get("preset")
    if not isinstance(name, str):
        return None  # what is no text is told as any other key's
    preset = preset_of(keys)
    if preset is None:
        message = _('There is no preset "{name}".').format(name=name)
        return "preset", Worded(message, suggestion(name, presets(), _("Known presets")))
    connector = keys.get("connector")
    if isinstance(connector, str) and not preset.speaks(connector):
        message = _('The preset "{preset}" says nothing for the connector "{connector}".').format(
            preset=preset.name, connector=connector
        )
        return "connector", Worded(message, _("Take one of the two lines away."))
    return None


def filled(keys: Mapping[str, Value], preset: Preset | None) -> Filled:
    """The keys of a plan with those of its preset; what the plan says wins, key by key.

    A port goes with the kind of TLS: where the plan says another ``tls``, the preset's port means nothing.
    """
    said = frozenset(_names(keys))
    if preset is None:
        return Filled(keys, said)
    whole = dict(keys)
    connector = whole.setdefault("connector", preset.connector)
    server = preset.server(connector) if isinstance(connector, str) else None
    known: dict[str, Value] = {} if server is None else {**server.settings()}
    if "tls" in keys:
        known.pop("port", None)
    for key, value in known.items():
        whole.setdefault(key, value)
    if preset.limits is not None and server is not None:
        _fill_limits(whole, preset.limits, imap=connector == "imap")
    return Filled(whole, said, frozenset(_names(whole)) - said)


def _fill_limits(keys: dict[str, Value], limits: Limits, *, imap: bool) -> None:
    if imap and limits.sessions is not None and limits.sessions < _USUAL_SESSIONS:
        keys.setdefault("sessions", limits.sessions)
    each = keys.get("each_mailbox", {})
    a_day = {key: getattr(limits, key) for key in ("read_a_day", "written_a_day")} if imap else {}
    known = {key: f"{value} B" for key, value in a_day.items() if value is not None}
    if known and isinstance(each, dict):
        keys["each_mailbox"] = {**known, **each}


def _names(keys: Mapping[str, Value]) -> Iterator[str]:
    for key, value in keys.items():
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key

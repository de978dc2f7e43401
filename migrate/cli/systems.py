"""``bascule systems``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

import click
from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, mark
from connectors.presets import Preset, Server, presets
from connectors.presets.words import quirk_texts, sign_in_text
from connectors.secret_setting import Secret
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_system_name, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.figures import size_text
from plans import System
from plans.model import PasswdFile
from plans.problems import suggestion
from plans.secrets import SecretRef
from plans.system_file import SystemEntry

_ORIGINS = {
    "plan": mark("the plan"),
    "preset": mark("the preset"),
    "host": mark("known of this host"),
    "usual": mark("as usual"),
}
_PROTOCOLS = ("imap", "pop3", "smtp")


@click.group()
def systems() -> None:
    """Which mail systems are known? Presets for a plan, and what is in force for each of its systems."""


@systems.command("list")
@json_option
@click.pass_obj
def list_presets(_place: Place, to_json: bool) -> None:
    """Which mail systems are known?  Each has a preset, which a system of a plan can name.

    \b
    Example:  bascule systems list
    """
    if to_json:
        told = {"exit_code": int(Exit.OK), "presets": [_as_json(preset) for preset in presets().values()]}
        print_json(told)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("preset", _("system"), _("connector"), _("server")):
        table.add_column(heading, overflow="fold")
    for name, preset in presets().items():
        server = preset.server(preset.connector)
        table.add_row(name, Text(preset.title), preset.connector, "" if server is None else server.host)
    console = terminal()
    console.print(table)
    show_line(console, _("Name one in a plan: {example}").format(example="systems: {old: {preset: ovh}}"))


@systems.command()
@click.argument("name", shell_complete=complete_system_name)
@json_option
@click.pass_obj
def show(place: Place, name: str, to_json: bool) -> None:
    """What is known of a mail system?  Shows a preset, or a system of the plan: what is in force, and from where.

    \b
    Example:  bascule systems show ovh
    """
    system = _of_plan(place, name)
    if system is not None:
        _show_system(system, to_json=to_json)
        return
    preset = presets().get(name)
    if preset is None:
        text = _('There is neither a preset nor a system of a plan here called "{name}". {hint}')
        raise Trouble(text.format(name=name, hint=suggestion(name, presets(), _("Known presets"))))
    if to_json:
        told = {"exit_code": int(Exit.OK), "presets": [_as_json(preset)]}
        print_json(told)
        return
    _show_preset(preset)


def _of_plan(place: Place, name: str) -> System | None:
    """The plan's system of this name, which goes before a preset; None where there is no plan, or none of this name."""
    if not (place.folder / "organisation.yaml").exists():
        return None
    return place.load().systems.get(name)


def _as_json(preset: Preset) -> dict[str, object]:
    return preset.model_dump(mode="json")


def _show_preset(preset: Preset) -> None:
    console = terminal()
    show_line(console, labelled(preset.name, preset.title), "bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("what"), _("value"), _("read where")):
        table.add_column(heading, overflow="fold")
    sources: dict[str, int] = {}
    for what, value, source in _facts(preset):
        table.add_row(Text(what), Text(value), Text(f"[{sources.setdefault(source, len(sources) + 1)}]"))
    if table.row_count:
        console.print(table)
    for source, number in sources.items():
        show_line(console, f"[{number}] {source}")
    show_line(console, sign_in_text(preset))
    for text in quirk_texts(preset):
        show_line(console, text)
    if preset.server(preset.connector) is not None or preset.connector != "imap":
        example = f"systems: {{old: {{preset: {preset.name}}}}}"
    else:
        example = f"systems: {{old: {{preset: {preset.name}, host: mail.example.org}}}}"
    show_line(console, _("Name it in a plan: {example}").format(example=example))


def _facts(preset: Preset) -> Iterator[tuple[str, str, str]]:
    for protocol in _PROTOCOLS:
        server: Server | None = getattr(preset, protocol)
        if server is not None:
            yield protocol.upper(), _server_text(server), server.source
    limits = preset.limits
    if limits is not None:
        for what, value in (
            (_("sessions a mailbox"), limits.sessions),
            (_("read a day and mailbox"), limits.read_a_day and size_text(limits.read_a_day)),
            (_("written a day and mailbox"), limits.written_a_day and size_text(limits.written_a_day)),
            (_("longest message"), limits.max_message and size_text(limits.max_message)),
            (_("messages written a second and mailbox"), limits.messages_per_second),
            (_("longest line of a message"), limits.longest_line),
        ):
            if value is not None:
                yield what, f"{value:g}" if isinstance(value, int | float) else value, limits.source
    if preset.dns is not None:
        yield "MX", " ".join(preset.dns.mx), preset.dns.source
        if preset.dns.spf:
            yield "SPF", f"include:{preset.dns.spf}", preset.dns.source


def _server_text(server: Server) -> str:
    where = server.host or server.host_pattern or "…"
    port = f":{server.port}" if server.port else ""
    more = [word for word in (server.tls, server.auth, server.master_user_form) if word]
    return " ".join([f"{where}{port}", *more])


def _show_system(system: System, *, to_json: bool) -> None:
    rows = [(key, value, _origin(system, key, value)) for key, value in _in_force(system).items()]
    if to_json:
        told = {
            "exit_code": int(Exit.OK),
            "system": system.name,
            "preset": system.preset,
            "values": [{"key": key, "value": value, "from": origin} for key, value, origin in rows],
        }
        print_json(told)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("key"), _("value"), _("from")):
        table.add_column(heading, overflow="fold")
    for key, value, origin in rows:
        told_origin = _(_ORIGINS[origin])
        if origin == "preset" and system.preset:
            told_origin = labelled(told_origin, system.preset)
        table.add_row(key, Text("-" if value is None else _text(value)), told_origin)
    terminal().print(table)


def _in_force(system: System) -> Mapping[str, object]:
    """Every key of a system with its value, in the plan's words; secrets are not shown."""
    values: dict[str, object] = {"connector": system.connector}
    for key in SystemEntry.model_fields:
        if key in ("connector", "preset", "master", "each_mailbox", "accounts"):
            continue
        values[key] = getattr(system, key)
    for key in ("bandwidth", "messages_per_second", "read_a_day", "written_a_day"):
        values[f"each_mailbox.{key}"] = getattr(system.each_mailbox, key)
    if system.master is not None:
        values["master.user"] = system.master.user
    for field in fields(system.accounts):
        value = getattr(system.accounts, field.name)
        if value != field.default:
            values[f"accounts.{field.name}"] = _account_value(value)
    return {**values, **_settings(system.settings)}


def _account_value(value: object) -> str:
    if isinstance(value, SecretRef):
        return _("(a secret)")
    if isinstance(value, PasswdFile):
        return str(value.path)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _settings(settings: BaseModel) -> dict[str, object]:
    said: dict[str, object] = {}
    for key in type(settings).model_fields:
        value = getattr(settings, key)
        if isinstance(value, Secret):
            value = _("(a secret)")
        said[key] = value if value is None or isinstance(value, bool | int | float) else str(value)
    port = getattr(settings, "effective_port", None)
    return {**said, "port": port} if port is not None and said.get("port") is None else said


def _origin(system: System, key: str, value: object) -> str:
    if key in system.said:
        return "plan"
    if key in system.from_preset:
        return "preset"
    return "host" if key.endswith("_a_day") and value is not None else "usual"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

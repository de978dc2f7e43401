"""Postfix: virtual_alias_maps, or recipient_bcc_maps (postfix.org: virtual(5), postconf(5), transport(5))."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from migrate.delivery.quoting import comment, shell, written
from migrate.delivery.recipe import CannotDeliver, Mode, Recipe, RecipeFile, RecipeStep, Routes
from migrate.delivery.servers.common import host_and_port, of_server, probe_step, recipe, told_step, untold_step

_SCRIPT = """\
#!/bin/sh
# Postfix, {mode} delivery of {site}.  May be run again; run it again whenever the map has changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
etc=$(postconf -h config_directory)
type=$(postconf -h default_database_type)
install -m 644 "$here/{map}" "$etc/{map}"
postmap "$type:$etc/{map}"
{transport}
add() {{
    now=$(postconf -h "$1")
    case ",$(printf %s "$now" | tr -d ' ')," in
        *",$2,"*) ;;
        *) postconf -e "$1 = ${{now:+$now, }}$2" ;;
    esac
}}
add {setting} "$type:$etc/{map}"
{add_transport}
postfix reload
"""
_TRANSPORT = """\
install -m 644 "$here/{name}" "$etc/{name}"
postmap "$type:$etc/{name}"
"""
_OFF = """\
#!/bin/sh
# Postfix, {mode} delivery of {site}: off.  May be run again.  The maps stay where they are and are no longer read.
set -eu
etc=$(postconf -h config_directory)
type=$(postconf -h default_database_type)
# The map alone is taken out: whatever else stands there stays as it is.
drop() {{
    all=", $(postconf -h "$1"), "
    case $all in
        *", $2, "*) all="${{all%%", $2, "*}}, ${{all#*", $2, "}}" ;;
    esac
    all=${{all#, }}
    postconf -e "$1 = ${{all%, }}"
}}
drop {setting} "$type:$etc/{map}"
postfix reload
"""


def by_alias(routes: Routes, mode: Mode) -> Recipe:
    """Copies by ``virtual_alias_maps``: groups that the server expands get them too."""
    pitfalls = [
        _(
            "When the new side refuses a copy, Postfix tells the sender, although the old mailbox has the message."
            " Probe first, and watch the log."
        ),
        _(
            "A virtual alias of this address in another map is found first, and the copy is not made. The step after"
            " switching on shows such addresses."
        ),
    ]
    return _recipe("postfix", routes, mode, "virtual_alias_maps", list(_aliases(routes, mode)), pitfalls)


def by_bcc(routes: Routes, mode: Mode) -> Recipe:
    """Copies by ``recipient_bcc_maps``.  Raises :class:`CannotDeliver` for split delivery."""
    if mode == "split":
        raise CannotDeliver(
            _("recipient_bcc_maps only adds copies. Switch this recipe off, and take postfix for split delivery.")
        )
    pitfalls = [
        _(
            "A copy that fails is told to nobody: read the log for {technical} every day, and probe again after every"
            " change."
        ).format(technical=routes.technical),
        _(
            "Mail to a group that this server expands brings no copy, because the recipient is the group's address. Use"
            " the recipe postfix where there are such groups."
        ),
    ]
    lines = list(_copies(routes))
    return _recipe("postfix-bcc", routes, mode, "recipient_bcc_maps", lines, pitfalls)


def _recipe(server: str, routes: Routes, mode: Mode, setting: str, lines: list[str], pitfalls: list[str]) -> Recipe:
    table, transport = f"bascule{server.removeprefix('postfix')}-{routes.site}", f"bascule-transport-{routes.site}"
    values = {"mode": mode, "site": comment(routes.site), "map": table, "setting": setting, "name": transport}
    there = routes.new_host is not None
    on = _SCRIPT.format(
        transport=_TRANSPORT.format(**values) if there else "",
        add_transport=f'add transport_maps "$type:$etc/{transport}"' if there else "",
        **values,
    )
    files = [
        RecipeFile(table, "".join(f"{line}\n" for line in lines), f"/etc/postfix/{table}"),
        RecipeFile("switch-on.sh", on, executable=True),
        RecipeFile("switch-off.sh", _OFF.format(**values), executable=True),
    ]
    if routes.new_host is not None:
        host, port = host_and_port(routes.new_host)
        line = f"{routes.technical} smtp:[{host}]{f':{port}' if port else ''}\n"
        files.insert(1, RecipeFile(transport, line, f"/etc/postfix/{transport}"))
    return recipe(server, "Postfix", mode, routes, files, _steps(routes, setting, table), pitfalls)


def _steps(routes: Routes, setting: str, table: str) -> Iterator[RecipeStep]:
    yield RecipeStep(
        "on",
        of_server(),
        _("Bring this folder to the server, and run the script as root. It may be run again."),
        "sh switch-on.sh",
        _("It ends without a word, or with “refreshing the Postfix mail system”."),
        _("Run switch-off.sh, and keep what it said."),
    )
    yield told_step(routes)
    first = written(routes.recipients[0].address) if routes.recipients else f"user@{routes.domain}"
    yield RecipeStep(
        "check",
        of_server(),
        _("Ask Postfix where mail for one of the people goes."),
        f"postmap -q {shell(first)} $(postconf -xh {setting} | tr ',' ' ')",
        _("The address on {technical} is among what it says.").format(technical=routes.technical),
        _("Another map answers first: add the address on {technical} there.").format(technical=routes.technical),
    )
    yield RecipeStep(
        "check",
        of_server(),
        _("Look for copies that the new side did not take."),
        f"grep {shell(routes.technical)} /var/log/mail.log | grep -v status=sent",
        _("Nothing but lines that are older than the switching on."),
        _("What the line says in brackets is the new side's answer."),
    )
    yield probe_step(routes)
    yield RecipeStep(
        "off",
        of_server(),
        _("Run the other script as root. It may be run again."),
        "sh switch-off.sh",
        _("postconf {setting} no longer names {table}.").format(setting=setting, table=table),
        _("Take the map out of {setting} by hand, and say postfix reload.").format(setting=setting),
    )
    yield untold_step(routes)


def _aliases(routes: Routes, mode: Mode) -> Iterator[str]:
    for person in routes.recipients:
        for address in person.addresses:
            kept = f"{written(address)}, " if mode == "dual" else ""
            yield f"{_key(address)} {kept}{written(person.copy_to)}"


def _copies(routes: Routes) -> Iterator[str]:
    for person in routes.recipients:
        for address in person.addresses:
            yield f"{_key(address)} {written(person.copy_to)}"


def _key(address: str) -> str:
    """Raises :class:`CannotDeliver` for an address that no map of Postfix can hold."""
    key = written(address)
    if key.startswith("#"):
        raise CannotDeliver(
            _("Postfix takes a line that begins with # for a comment: take another recipe for {address}.").format(
                address=address
            )
        )
    return key

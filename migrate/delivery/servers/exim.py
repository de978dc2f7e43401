"""Exim 4: a redirect router before the local ones (exim.org: chapters 9, 15 and 22 of the specification)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from migrate.delivery.quoting import always_quoted, comment, parts, quoted, shell
from migrate.delivery.recipe import Mode, Recipe, RecipeFile, RecipeStep, Routes
from migrate.delivery.servers.common import host_and_port, of_server, probe_step, recipe, told_step, untold_step

_ROUTER = """\
# Exim, {mode} delivery of {site}: to be read directly below "begin routers".
{name}:
  driver = redirect
  domains = {domain}
  data = ${{lookup{{${{quote_local_part:$local_part}}@$domain}}lsearch{{{map}}}{{$value}}fail}}
  forbid_file
  forbid_pipe
  forbid_include
  forbid_filter_run
{seen}
"""
_HOST = """\
{name}_host:
  driver = manualroute
  domains = {technical}
  transport = {transport}
  route_list = * {host}
  self = send
  no_more
"""
_DUAL = """\
  unseen
  no_verify
  # Who wrote the message hears nothing of a copy that fails; whoever runs the server does.
  errors_to = postmaster@{domain}"""


def exim(routes: Routes, mode: Mode) -> Recipe:
    table, routers = f"bascule-{routes.site}", f"bascule-{routes.site}.routers"
    name = "bascule_" + "".join(char if char.isalnum() else "_" for char in routes.site)
    text = _ROUTER.format(
        mode=mode,
        site=comment(routes.site),
        name=name,
        domain=routes.domain,
        map=f"/etc/exim4/{table}",
        seen=_DUAL.format(domain=routes.domain) if mode == "dual" else "",
    )
    if routes.new_host is not None:
        host, port = host_and_port(routes.new_host)
        text += _HOST.format(
            name=name,
            technical=routes.technical,
            transport="remote_smtp",
            host=f'"{host}::{port}"' if port else host,
        )
    files = [
        RecipeFile(table, "".join(_lines(routes)), f"/etc/exim4/{table}"),
        RecipeFile(routers, text, f"/etc/exim4/{routers}"),
    ]
    pitfalls = [
        _(
            "The router has to come first: below a router for local users it is never asked. On Debian with a split"
            " configuration the line goes into a file of its own, /etc/exim4/conf.d/router/050_bascule."
        ),
        _("The transport is called remote_smtp on most servers; where it has another name, write that into the file."),
    ]
    return recipe("exim", "Exim", mode, routes, files, _steps(routes, table, routers), pitfalls)


def _lines(routes: Routes) -> Iterator[str]:
    for person in routes.recipients:
        for address in person.addresses:
            local, domain = parts(address)
            key = f"{local if _plain(local) else quoted(local)}@{domain}"
            yield f"{quoted(key)}: {always_quoted(person.copy_to)}\n"


def _plain(local: str) -> bool:
    """Whether Exim's quote_local_part leaves it as it is."""
    return all(char.isalnum() or char in "!#$%&'*+-/=?^_`{|}~." or ord(char) > 127 for char in local)


def _steps(routes: Routes, table: str, routers: str) -> Iterator[RecipeStep]:
    include = f".include_if_exists /etc/exim4/{routers}"
    yield RecipeStep(
        "on",
        of_server(),
        _("Copy both files to /etc/exim4. When people join or leave, copy the first one anew."),
        f"install -m 644 {shell(table)} {shell(routers)} /etc/exim4/",
    )
    yield RecipeStep(
        "on",
        of_server(),
        _("Write this line directly below “begin routers” in Exim's configuration, once, and let Exim read it."),
        f"{include}\nexim -bV && systemctl reload exim4",
        _("exim -bV ends without a complaint."),
        _("Take the line out again, and keep what Exim said."),
    )
    yield told_step(routes)
    first = routes.recipients[0].address if routes.recipients else f"user@{routes.domain}"
    yield RecipeStep(
        "check",
        of_server(),
        _("Ask Exim where mail for one of the people goes."),
        f"exim -bt {shell(first)}",
        _("The address on {technical} is among what it says.").format(technical=routes.technical),
        _("Another router is asked first: the line has to stand higher."),
    )
    yield probe_step(routes)
    yield RecipeStep(
        "off",
        of_server(),
        _("Remove the file of routers; the line may stay."),
        f"rm -f /etc/exim4/{shell(routers)} && systemctl reload exim4",
        _("exim -bt no longer names {technical}.").format(technical=routes.technical),
    )
    yield untold_step(routes)

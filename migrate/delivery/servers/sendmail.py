"""Sendmail: virtusertable, aliases and mailertable (sendmail.org: cf/README)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from connectors.language import _
from migrate.delivery.quoting import always_quoted, parts, quoted, shell, written
from migrate.delivery.recipe import Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes
from migrate.delivery.servers.common import host_and_port, of_server, probe_step, recipe, told_step, untold_step


def sendmail(routes: Routes, mode: Mode) -> Recipe:
    virtual, aliases = f"virtusertable-{routes.site}", f"aliases-{routes.site}"
    files = [RecipeFile(virtual, "".join(_virtual(routes, mode)))]
    if mode == "dual":
        files.append(RecipeFile(aliases, "".join(_alias(one) for one in routes.recipients)))
    if routes.new_host is not None:
        host, port = host_and_port(routes.new_host)
        line = f"{routes.technical}\tesmtp:[{host}]{f' {port}' if port else ''}\n"
        files.append(RecipeFile(f"mailertable-{routes.site}", line))
    pitfalls = [
        _("An address that stands twice in virtusertable counts once: take out the older line, and keep it."),
        _(
            "A backslash before the name keeps .forward files and further aliases out; somebody who uses one has to be"
            " looked at by hand."
        ),
    ]
    steps = _steps(routes, [one.name for one in files])
    return recipe("sendmail", "Sendmail", mode, routes, files, steps, pitfalls)


def _virtual(routes: Routes, mode: Mode) -> Iterator[str]:
    for person in routes.recipients:
        for address in person.addresses:
            yield f"{written(address)}\t{_name(person) if mode == 'dual' else written(person.copy_to)}\n"


def _alias(person: Recipient) -> str:
    local = parts(person.address)[0]
    plain = all(char.isalnum() or char in "-_.'" for char in local)
    kept = "\\" + (local if plain else quoted(local))
    return f"{_name(person)}: {kept}, {always_quoted(person.copy_to)}\n"


def _name(person: Recipient) -> str:
    """A name that needs no quotes in any table, and stays the same."""
    return "dual-" + sha256(person.address.lower().encode()).hexdigest()[:12]


def _steps(routes: Routes, names: list[str]) -> Iterator[RecipeStep]:
    tables = [(name, name.partition("-")[0]) for name in names]
    begin, end = f"# bascule {routes.site} begin", f"# bascule {routes.site} end"
    clean = "\n".join(f"sed -i {shell(f'/^{begin}$/,/^{end}$/d')} /etc/mail/{table}" for _name, table in tables)
    put = "\n".join(
        f"{{ echo {shell(begin)}; cat {shell(name)}; echo {shell(end)}; }} >> /etc/mail/{table}"
        for name, table in tables
    )
    make = "make -C /etc/mail && newaliases && service sendmail reload"
    yield RecipeStep(
        "on",
        of_server(),
        _(
            "Put the lines of each file into the table of the same name, between two marks: earlier ones are taken out"
            " first, so that this may be done again."
        ),
        f"{clean}\n{put}\n{make}",
        _("newaliases counts the aliases and complains about none."),
        _("Take the steps under “switch off”, and keep what it said."),
    )
    yield told_step(routes)
    first = routes.recipients[0].address if routes.recipients else f"user@{routes.domain}"
    yield RecipeStep(
        "check",
        of_server(),
        _("Ask Sendmail where mail for one of the people goes."),
        f"sendmail -bv {shell(first)}",
        _("The address on {technical} is among what it says.").format(technical=routes.technical),
        _("FEATURE(virtusertable) or FEATURE(mailertable) is missing in sendmail.mc."),
    )
    yield probe_step(routes)
    yield RecipeStep("off", of_server(), _("Take the lines between the marks out again."), f"{clean}\n{make}")
    yield untold_step(routes)

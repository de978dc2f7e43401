"""Zimbra: the administrator's forwarding of each account (wiki.zimbra.com: zmprov)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from migrate.delivery.quoting import quoted, shell
from migrate.delivery.recipe import Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes
from migrate.delivery.servers.common import of_server, probe_step, recipe, told_step, untold_step


def zimbra(routes: Routes, mode: Mode) -> Recipe:
    only_there = "FALSE" if mode == "dual" else "TRUE"
    on = "".join(_change(one, "+", only_there) for one in routes.recipients)
    on += "".join(_change(one, "-", "FALSE") for one in routes.taken_away)
    off = "".join(_change(one, "-", "FALSE") for one in (*routes.recipients, *routes.taken_away))
    files = [RecipeFile("switch-on.zmprov", on), RecipeFile("switch-off.zmprov", off)]
    pitfalls = [
        _(
            "People who may forward their mail by themselves can change it in the webmail"
            " (zimbraFeatureMailForwarding); this recipe uses the administrator's own setting, which they do not see."
        ),
        _("A distribution list is expanded here, so its members have their copies; a list at the new side is not."),
    ]
    return recipe("zimbra", "Zimbra", mode, routes, files, _steps(routes), pitfalls)


def _change(person: Recipient, sign: str, only_there: str) -> str:
    # A plus adds to what there is, a minus takes nothing else away.
    return (
        f"modifyAccount {quoted(person.address)} {sign}zimbraMailForwardingAddress {quoted(person.copy_to)} "
        f"zimbraPrefMailLocalDeliveryDisabled {only_there}\n"
    )


def _steps(routes: Routes) -> Iterator[RecipeStep]:
    yield RecipeStep(
        "on",
        of_server(),
        _("Bring this folder to the server, and run the lines as the user zimbra. They may be run again."),
        "zmprov -f switch-on.zmprov",
        _("No line says ERROR."),
        _("Run the lines of switch-off.zmprov, and keep what it said."),
    )
    yield told_step(routes)
    first = routes.recipients[0].address if routes.recipients else f"user@{routes.domain}"
    yield RecipeStep(
        "check",
        of_server(),
        _("Look at one of the people."),
        f"zmprov getAccount {shell(first)} zimbraMailForwardingAddress zimbraPrefMailLocalDeliveryDisabled",
        _("The address on {technical} is among what it says.").format(technical=routes.technical),
        _("Look whether the account has this address, or has it as an alias."),
    )
    yield probe_step(routes)
    yield RecipeStep("off", of_server(), _("Run the other lines as the user zimbra."), "zmprov -f switch-off.zmprov")
    yield untold_step(routes)

"""What several servers' recipes share: texts, steps, lists of people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from connectors.language import _
from migrate.delivery.recipe import CannotDeliver, Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes

#: Who has a copy sent where, and who had one.
PEOPLE = "people.csv"


def recipe(
    server: str,
    title: str,
    mode: Mode,
    routes: Routes,
    files: Iterable[RecipeFile],
    steps: Iterable[RecipeStep],
    pitfalls: Iterable[str],
) -> Recipe:
    """The recipe with the list of people and the check that every server's has."""
    return Recipe(
        server,
        title,
        mode,
        routes.site,
        routes.domain,
        routes.technical,
        (people_file(routes), *files),
        tuple(steps),
        (*pitfalls, *_everywhere(mode, routes)),
    )


def people_file(routes: Routes) -> RecipeFile:
    """Who has a copy sent where; ``off`` stands beside those who were taken away since an earlier recipe."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";", lineterminator="\n")
    rows.writerow(["address", "copy_to", "aliases", "state"])
    for state, people in (("on", routes.recipients), ("off", routes.taken_away)):
        rows.writerows([_cell(one.address), _cell(one.copy_to), _cell(" ".join(one.aliases)), state] for one in people)
    return RecipeFile(PEOPLE, text.getvalue())


def _cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def read_people(text: str) -> list[Recipient]:
    """The people of an earlier list, whatever their state."""
    rows = csv.DictReader(io.StringIO(text), delimiter=";")
    return [
        Recipient(
            row["address"].removeprefix("'"), row["copy_to"].removeprefix("'"), tuple((row["aliases"] or "").split())
        )
        for row in rows
    ]


def of_server() -> str:
    return _("whoever runs the mail server")


def of_domain_account() -> str:
    return _("whoever holds the account at the hoster")


def probe_step(routes: Routes) -> RecipeStep:
    return RecipeStep(
        "check",
        _("whoever runs Bascule"),
        _("Send probes over every route, and wait until they are judged."),
        f"bascule delivery probe {routes.site}",
        _("Every line says “proved”: one copy on each side that is to have one."),
        _("Take the steps under “switch off”; the line says where to look first. No mail is lost by that."),
    )


def told_step(routes: Routes) -> RecipeStep:
    return RecipeStep(
        "on",
        _("whoever runs Bascule"),
        _("Note since when the copies are sent: the copy of mailboxes never brings back what they brought."),
        f"bascule delivery on {routes.site}",
        _("It says the time, and how many mailboxes."),
    )


def untold_step(routes: Routes) -> RecipeStep:
    return RecipeStep(
        "off",
        _("whoever runs Bascule"),
        _("Note that the copies have ended."),
        f"bascule delivery off {routes.site}",
        _("It says the time, and how many mailboxes."),
    )


def no_old_host(routes: Routes) -> CannotDeliver:
    return CannotDeliver(
        _(
            "The plan does not say which host takes mail for those who have not moved. Write old_host below {domain} in"
            " organisation.yaml."
        ).format(domain=routes.domain)
    )


def host_and_port(host: str) -> tuple[str, str]:
    """``host`` or ``host:port``."""
    name, _colon, port = host.partition(":")
    return name, port


def _everywhere(mode: Mode, routes: Routes) -> Iterable[str]:
    yield _(
        "Nothing on the new side may send {technical} back to the old server: that is what would make a loop. Mail"
        " for {domain} must not be forwarded from there either while this recipe is on."
    ).format(technical=routes.technical, domain=routes.domain)
    yield _(
        "The copy leaves this server under a stranger's name, so SPF fails at the new side; SRS repairs SPF, not DMARC."
        " DMARC then rests on the sender's DKIM signature: no footer, no warning in the subject, nothing that changes"
        " the message may be added before the copy leaves."
    )
    yield _(
        "Do not list this server as an inbound gateway of the new side if others share its address: whatever comes"
        " from there would be believed."
    )
    if mode == "split":
        yield _(
            "From now on the new mailbox is the only one that gets this person's mail. Switch a person only when the"
            " probes are proved, and keep the way back: the steps under “switch off”."
        )

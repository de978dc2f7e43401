"""``bascule licences order`` and ``skus``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import click
from rich.table import Table
from rich.text import Text

from connectors.language import _, in_language, labelled, number, plural
from connectors.os_errors import os_error_text
from migrate.cli.accounts_site import found_by_system
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.observing import observe
from migrate.cli.options import json_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.directory.licences import stocks
from migrate.directory.model import Found
from migrate.directory.ordering import Order, order_of
from migrate.directory.skus import SKUS, sku_named
from migrate.ledger import counts
from plans import Organisation, Site
from plans.csv_writing import new_table


@click.command()
@site_argument
@click.option("--form", type=click.Choice(["markdown", "csv"]), default="markdown", help="markdown unless given.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there; printed unless given.")
@click.option(
    "--check",
    "checked",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What bascule check SITE --json said, for the sizes of mailboxes that were not copied yet.",
)
@click.option("--offline", is_flag=True, help="Do not ask the target what is assigned already.")
@json_option
@click.pass_obj
def order(
    place: Place,
    site: str,
    form: Literal["markdown", "csv"],
    out: Path | None,
    checked: Path | None,
    offline: bool,
    to_json: bool,
) -> None:
    """Which licences are to be ordered for a site?  Writes the order for your partner.

    Each person gets the licence that the plan names, or has one already, or else gets the cheapest that holds the mail;
    sizes come from the ledger or from a check, prices from the plan. Names of people are not in the order.

    \b
    Example:  bascule licences order lyon --out order.md
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    if not organisation.licences:
        raise Trouble(_("The plan names no licences: write them into organisation.yaml under licences:"))
    sizes = _sizes(place, plan, checked)
    working = terminal(stderr=True, quiet=to_json)
    found = {} if offline else found_by_system(place, organisation, working)
    free, has = _there(organisation, plan, found)
    made = order_of(organisation, plan, sizes, free, has)
    code = Exit.PARTIAL if any(choice.offer is None for choice in made.choices) else Exit.OK
    if not offline:
        short = {line.offer.licence.name for line in made.lines if line.number}
        enough = {name: name not in short for name in organisation.licences}
        observe(place, "site", site, "licences", enough, f"bascule licences order {site}", whole=True)
    if to_json:
        print_json(_as_json(made, code))
        sys.exit(code)
    with in_language(organisation.language):
        text = _markdown(organisation, plan, made) if form == "markdown" else _csv(organisation, made)
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    _tell(made, out)
    sys.exit(code)


@click.command()
@json_option
def skus(to_json: bool) -> None:
    """Which licences are known, and how much mail do they hold?

    \b
    Example:  bascule licences skus
    """
    if to_json:
        told = [
            {"sku": one.name, "key": one.key, "connector": one.connector, "title": one.title, "mailbox": one.mailbox}
            for one in SKUS
        ]
        print_json({"exit_code": int(Exit.OK), "skus": told})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("sku", _("target"), _("what the vendor calls it"), _("its own name"), _("mailbox")):
        table.add_column(heading, overflow="fold")
    for one in SKUS:
        table.add_row(*map(Text, (one.name, one.connector, one.title, one.key, _size(one.mailbox))))
    terminal().print(table)


def _sizes(place: Place, site: Site, checked: Path | None) -> Mapping[str, int]:
    """Bytes of mail by mailbox: what a check saw, and over it what the ledger knows."""
    sizes: dict[str, int] = {}
    if checked is not None:
        try:
            told = json.loads(checked.read_text(encoding="utf-8"))
            sizes |= {str(one["mailbox"]).lower(): int(one["size"]) for one in told["mailboxes"]}
        except (OSError, ValueError, KeyError, TypeError):
            message = _("{file} is not what bascule check {site} --json writes.")
            raise Trouble(message.format(file=checked, site=site.name)) from None
    if place.ledger_file.exists():
        with place.ledger() as ledger, ledger.read() as connection:
            sizes |= counts.sizes(connection, site.name)
    return sizes


def _there(
    organisation: Organisation, site: Site, found: Mapping[str, Found]
) -> tuple[Mapping[str, int], Mapping[str, str]]:
    """Licences that nobody has, and who has which."""
    mine = [one for one in stocks(organisation, found) if one.system == site.target]
    free = {one.name: one.bought - (one.assigned or 0) for one in mine}
    there = found.get(site.target)
    has: dict[str, str] = {}
    connector = organisation.systems[site.target].connector
    for licence in organisation.licences.values():
        key = sku_named(licence.sku, connector).key
        for account in there.accounts.values() if there is not None else ():
            if key in account.licences:
                has[account.user] = licence.name
    return free, has


def _markdown(organisation: Organisation, site: Site, made: Order) -> str:
    partner = organisation.contacts.get(organisation.ordering.partner or "")
    today = datetime.now(organisation.time_zone).date().isoformat()
    lines = [
        "# " + _("Order of licences: {organisation}, {site}").format(organisation=organisation.name, site=site.name),
        "",
    ]
    lines.append(labelled(_("Date"), today) + "  ")
    if partner is not None:
        lines.append(labelled(_("For"), partner.name) + "  ")
    if site.switch is not None:
        day = (site.switch - organisation.ordering.takes).isoformat()
        lines.append(
            labelled(_("Needed"), _("ordered by {day}, in use on {switch}").format(day=day, switch=site.switch))
        )
    headings = (_("licence"), _("its own name"), _("number"), _("price a month"), _("a month"))
    lines += ["", f"| {' | '.join(headings)} |"]
    lines.append("|---|---|---:|---:|---:|")
    for line in made.lines:
        title = line.offer.sku.title.replace("|", "\\|")
        price = _money(line.offer.licence.price)
        lines.append(f"| {title} | {line.offer.sku.key} | {number(line.number)} | {price} | {_money(line.cost)} |")
    if made.cost is not None:
        lines += ["", labelled(_("Together, a month"), _money(made.cost))]
    free = sum(min(line.free, line.needed) for line in made.lines)
    if free:
        lines += ["", plural("{n} licence that nobody has yet is not in this order.",
                             "{n} licences that nobody has yet are not in this order.", free)]  # fmt: skip
    return "\n".join(lines) + "\n"


def _csv(organisation: Organisation, made: Order) -> str:
    headings = (_("licence"), _("its own name"), _("number"), _("price a month"), _("a month"))
    rows = [
        (
            line.offer.sku.title,
            line.offer.sku.key,
            str(line.number),
            _plain(line.offer.licence.price),
            _plain(line.cost),
        )
        for line in made.lines
    ]
    return new_table(headings, rows, organisation.language).decode("utf-8-sig")


def _tell(made: Order, out: Path | None) -> None:
    """What the order does not say, for whoever sends it."""
    console = terminal(stderr=True)
    if out is not None:
        show_line(console, _("Written: {file}").format(file=out))
    unsized = sum(choice.size is None for choice in made.choices)
    if unsized:
        text = plural(
            "The mail of {n} person was not measured yet.", "The mail of {n} people was not measured yet.", unsized
        )
        advice = _("Run: bascule check {site} --json > FILE, and come back with --check FILE.").format(site=made.site)
        show_line(console, f"{text} {advice}", "yellow")
    for choice in made.choices:
        if choice.offer is None:
            text = _("{address}: no licence of the plan holds {size} of mail.")
            show_line(console, text.format(address=choice.address, size=_size(choice.size)), "red")
        elif choice.instead_of is not None:
            text = _("{address}: {named} does not hold {size} of mail; {licence} is ordered.")
            values = {"address": choice.address, "named": choice.instead_of, "size": _size(choice.size)}
            show_line(console, text.format(licence=choice.offer.licence.name, **values), "yellow")


def _as_json(made: Order, code: Exit) -> dict[str, object]:
    return {
        "exit_code": int(code),
        "site": made.site,
        "system": made.system,
        "lines": [
            {
                "licence": line.offer.licence.name,
                "sku": line.offer.sku.key,
                "title": line.offer.sku.title,
                "needed": line.needed,
                "free": line.free,
                "number": line.number,
                "price": line.offer.licence.price,
                "cost": line.cost,
            }
            for line in made.lines
        ],
        "cost": made.cost,
        "people": [
            {
                "mailbox": choice.address.lower(),
                "size": choice.size,
                "licence": choice.offer and choice.offer.licence.name,
                "instead_of": choice.instead_of,
            }
            for choice in made.choices
        ],
    }


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8-sig" if out.suffix.lower() == ".csv" else "utf-8", newline="")
    except OSError as error:
        raise Trouble(_("{file} cannot be written: {why}.").format(file=out, why=os_error_text(error))) from None


def _size(size: int | None) -> str:
    return "" if size is None else f"{number(size / 1024**3, 1)} GB"


def _money(price: float | None) -> str:
    return "" if price is None else number(price, 2)


def _plain(price: float | None) -> str:
    return "" if price is None else f"{price:.2f}"

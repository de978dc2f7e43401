"""A choice note on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, number
from migrate.cli.lines import show_line
from migrate.figures import time_text
from runbooks.choice_facts import ChoiceFacts, OptionFacts, Stance
from runbooks.facts import Seen

_SIGNS: dict[Stance, str] = {"for": "+", "against": "-", "rules_out": "✗"}


def show(console: Console, facts: ChoiceFacts) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for option in facts.options:
        table.add_column(option.title, justify="right", overflow="fold")
    for label, cells in _rows(facts):
        table.add_row(label, *(Text(cell) for cell in cells))
    console.print(table)
    for option in facts.options:
        for ground in option.grounds:
            told = f"{_SIGNS[ground.stance]} {ground.why} [{ground.source}]"
            show_line(console, labelled(option.title, told), "yellow" if ground.stance == "rules_out" else None)
    for line in facts.verdict.why:
        show_line(console, line, "bold")
    asked = dict.fromkeys(one for option in facts.options for one in option.cost.ask)
    if isinstance(facts.inventory.sizes, Seen):
        sizes = facts.inventory.sizes.value
        if sizes.missing:
            asked[_("Sizes of mailboxes that nobody has looked at: bascule estimate looks.")] = None
    for line in asked:
        show_line(console, labelled(_("To ask"), line))


def _rows(facts: ChoiceFacts) -> list[tuple[str, list[str]]]:
    currency = facts.options[0].cost.currency
    rows = [(_("copying (P50, P90)"), [_duration(option) for option in facts.options])]
    for at in range(max((len(_years(option)) for option in facts.options), default=0)):
        label = _("year {n}, {currency}").format(n=at + 1, currency=currency)
        rows.append((label, [_year(option, at) for option in facts.options]))
    rows.append((_("work a year, {currency}").format(currency=currency), [_work(option) for option in facts.options]))
    rows.append((_("all years, {currency}").format(currency=currency), [_total(option) for option in facts.options]))
    lost = [str(sum(change.verdict == "lost" for change in option.changes)) for option in facts.options]
    rows.append((_("things lost"), lost))
    for label, stance in ((_("speaks for"), "for"), (_("against"), "against"), (_("rules out"), "rules_out")):
        rows.append((label, [str(sum(one.stance == stance for one in option.grounds)) for option in facts.options]))
    return rows


def _duration(option: OptionFacts) -> str:
    told = option.duration
    if not isinstance(told, Seen):
        return _("not known")
    return f"{time_text(told.value.typical)}, {time_text(told.value.slow)}"


def _years(option: OptionFacts) -> tuple[object, ...]:
    return option.cost.years.value if isinstance(option.cost.years, Seen) else ()


def _year(option: OptionFacts, at: int) -> str:
    if not isinstance(option.cost.years, Seen):
        return _("not known")
    year = option.cost.years.value[at]
    return _money(year.amount, whole=year.whole)


def _work(option: OptionFacts) -> str:
    work = option.cost.work
    return _money(work.value, whole=True) if isinstance(work, Seen) else _("not known")


def _total(option: OptionFacts) -> str:
    total = option.cost.total
    if not isinstance(total, Seen):
        return _("not known")
    return _money(total.value.amount, whole=total.value.whole)


def _money(amount: float, *, whole: bool) -> str:
    return number(amount, 2) if whole else f"≥ {number(amount, 2)}"

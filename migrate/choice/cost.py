"""What a system costs, year by year.  Pure: prices and sizes in, amounts out; what is not known makes no amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from connectors.language import _
from plans.choice import Choice, Price
from runbooks.choice_facts import Cost, Money, Year
from runbooks.facts import Seen, Unknown
from runbooks.filters import spoken_filters

_MONTHS = 12
_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be kept: the mailboxes' number, and the bytes of those that were looked at."""

    mailboxes: int
    sizes: Sequence[int]


def cost_of(title: str, choice: Choice, price: Price | None, load: Load, at: datetime) -> Cost:
    """Of one system, for the years that the organisation wants told."""
    currency = choice.prices.currency
    if price is None:
        how = _(
            "Ask for the price of {system}: a month for each mailbox or for all, what a mailbox may hold, what more"
            " costs, and until when the offer holds. Write it into choice.yaml with the day."
        ).format(system=title)
        nothing = Unknown(how=how)
        return Cost(currency=currency, looked_up=None, years=nothing, work=nothing, total=nothing, ask=(how,))
    asked = _asked(title, price, load)
    if choice.growth is None and choice.years > 1:
        asked.append(
            _("How will the number of mailboxes grow? Costs are told for as many as today (choice.yaml: growth).")
        )
    day = spoken_filters()["day"](price.looked_up, "long")
    source = _("{source}, looked up on {day}").format(source=price.source, day=day)
    growth = choice.growth or 0.0
    years = tuple(_year(number, price, load, growth) for number in range(1, choice.years + 1))
    work = _work(title, price, source, at)
    priced = price.mailbox is not None or price.month is not None
    if not priced:
        told: Seen[tuple[Year, ...]] | Unknown = Unknown(how=asked[0])
        total: Seen[Money] | Unknown = Unknown(how=asked[0])
    else:
        told = Seen(value=years, at=at, source=source)
        amount = sum(year.amount for year in years) + (work.value * len(years) if isinstance(work, Seen) else 0.0)
        whole = isinstance(work, Seen) and all(year.whole for year in years)
        total = Seen(value=Money(amount=round(amount, 2), whole=whole), at=at, source=source)
    if isinstance(work, Unknown):
        asked.append(work.how)
    return Cost(currency=currency, looked_up=price.looked_up, years=told, work=work, total=total, ask=tuple(asked))


def _year(number: int, price: Price, load: Load, growth: float) -> Year:
    mailboxes = ceil(load.mailboxes * (1 + growth / 100) ** (number - 1))
    each = mailboxes * (price.mailbox or 0.0) * _MONTHS
    month = (price.month or 0.0) * _MONTHS
    once = (price.once or 0.0) if number == 1 else 0.0
    storage = _beyond(price, load) / _GB * (price.more_storage or 0.0) * _MONTHS
    parts = {"mailbox": each, "month": month, "once": once, "storage": storage}
    rounded = {name: round(amount, 2) for name, amount in parts.items()}
    return Year(
        year=number,
        mailboxes=mailboxes,
        **rounded,
        amount=round(sum(rounded.values()), 2),
        whole=_storage_known(price, load),
    )


def _beyond(price: Price, load: Load) -> int:
    """Bytes over what the price includes, at today's sizes."""
    included = price.storage
    return 0 if included is None else sum(max(size - included, 0) for size in load.sizes)


def _storage_known(price: Price, load: Load) -> bool:
    """Whether what is stored is paid for: all sizes are known, and what goes beyond has a price."""
    if len(load.sizes) < load.mailboxes or price.storage is None:
        return False
    return _beyond(price, load) == 0 or price.more_storage is not None


def _asked(title: str, price: Price, load: Load) -> list[str]:
    asked = []
    if price.mailbox is None and price.month is None:
        asked.append(_("{system}: what does it cost a month, for each mailbox or for all?").format(system=title))
    if price.storage is None:
        asked.append(_("{system}: how much may a mailbox hold for that price?").format(system=title))
    elif _beyond(price, load) and price.more_storage is None:
        asked.append(
            _("{system}: some mailboxes hold more than the price includes; what does a GB more cost?").format(
                system=title
            )
        )
    if len(load.sizes) < load.mailboxes:
        asked.append(_("Sizes of mailboxes that nobody has looked at: bascule estimate looks."))
    return asked


def _work(title: str, price: Price, source: str, at: datetime) -> Seen[float] | Unknown:
    if price.hours is None or (price.hour is None and price.hours > 0):
        how = _("{system}: how many hours a month will keeping it take, and what does an hour cost?")
        return Unknown(how=how.format(system=title))
    return Seen(value=round(price.hours * (price.hour or 0.0) * _MONTHS, 2), at=at, source=source)

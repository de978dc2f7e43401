"""The choice note: answers, inventory, prices and rules put together.  Pure but for what was gathered before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.language import _, number
from migrate.choice.changes import changes_of
from migrate.choice.cost import Load, cost_of
from migrate.choice.gathering import Known
from migrate.choice.rules import grounds_for
from migrate.choice.systems import SYSTEMS
from migrate.choice.verdict import verdict_of
from plans import Organisation
from plans.choice import OPEN, OPTIONS, QUESTIONS, Choice, OptionCode
from runbooks.choice_facts import Answer, ChoiceFacts, Cost, Duration, Ground, Need, OptionFacts
from runbooks.facts import Seen, Unknown


def note_of(
    organisation: Organisation,
    choice: Choice,
    known: Known,
    durations: Mapping[OptionCode, Seen[Duration] | Unknown],
    now: datetime,
) -> ChoiceFacts:
    """In the language that is spoken."""
    options = tuple(_option(code, choice, known, durations[code], now) for code in OPTIONS)
    return ChoiceFacts(
        organisation=organisation.name,
        language=organisation.language,
        at=now,
        answers=tuple(_answer(key, choice) for key in QUESTIONS),
        inventory=known.inventory,
        options=options,
        verdict=verdict_of(options, choice),
    )


def _answer(key: str, choice: Choice) -> Answer:
    question, given = QUESTIONS[key], getattr(choice, key)
    told = None if given in (OPEN, None) else _(question.words[given]) if question.words else _figure(float(given))
    return Answer(code=key, question=_(question.text), answer=told)


def _figure(value: float) -> str:
    return number(value, 0 if value == int(value) else 2)


def _option(
    code: OptionCode, choice: Choice, known: Known, duration: Seen[Duration] | Unknown, now: datetime
) -> OptionFacts:
    system = SYSTEMS[code]
    load = Load(known.inventory.mailboxes.value, known.mailbox_sizes)
    title = _(system.title)
    cost = cost_of(title, choice, choice.prices.of(code), load, now)
    return OptionFacts(
        code=code,
        title=title,
        duration=duration,
        cost=cost,
        changes=changes_of(system, known.inventory),
        needs=tuple(Need(what=_(what), source=source) for what, source in system.needs),
        grounds=(*grounds_for(code, choice), *_over_budget(cost, choice)),
    )


def _over_budget(cost: Cost, choice: Choice) -> tuple[Ground, ...]:
    """A year that costs more than there is, known for certain even where more may come."""
    if choice.budget is None or isinstance(cost.years, Unknown):
        return ()
    work = cost.work.value if isinstance(cost.work, Seen) else 0.0
    dearest = max(cost.years.value, key=lambda year: year.amount)
    amount = dearest.amount + work
    if amount <= choice.budget:
        return ()
    why = _("Year {n} costs at least {amount} {currency}, and there are {budget} a year.").format(
        n=dearest.year, amount=number(amount, 2), currency=cost.currency, budget=number(choice.budget, 2)
    )
    return (Ground(code="budget", stance="against", why=why, source=f"{cost.years.source} · choice.yaml: budget"),)

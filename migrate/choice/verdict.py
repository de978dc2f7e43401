"""Whether one system leads, and if none does, what people have to weigh.  Pure.

Grounds are not added up: nobody can say how many habits make up for a law.  One system leads only where, of those that
nothing rules out, no other has a single thing better: no ground, and no cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.language import _, plural
from plans.choice import OPEN, QUESTIONS, Choice
from runbooks.choice_facts import OptionFacts, Verdict
from runbooks.facts import Seen

_WORTH = {"for": 1, "against": -1}


def open_questions(choice: Choice) -> list[str]:
    """Keys of what nobody knows yet."""
    return [key for key in QUESTIONS if getattr(choice, key) in (OPEN, None)]


def verdict_of(options: Sequence[OptionFacts], choice: Choice) -> Verdict:
    """In the language that is spoken."""
    left = [one for one in options if not ruled_out(one)]
    if not left:
        why = _("Each of the three is ruled out by an answer: change what can be changed, and look again.")
        return Verdict(kind="none_left", option=None, why=(why,))
    unanswered = open_questions(choice)
    if unanswered:
        questions = plural("{n} answer is open", "{n} answers are open", len(unanswered))
        why = _("{questions} ({keys}): no system leads before they are known.")
        return Verdict(kind="open", option=None, why=(why.format(questions=questions, keys=", ".join(unanswered)),))
    leading = [one for one in left if all(one is other or _leads(one, other) for other in left)]
    if leading:
        return Verdict(kind="one", option=leading[0].code, why=_why_leading(leading[0], left))
    return Verdict(kind="to_weigh", option=None, why=_why_not(left))


def ruled_out(option: OptionFacts) -> bool:
    return any(ground.stance == "rules_out" for ground in option.grounds)


def _leads(one: OptionFacts, other: OptionFacts) -> bool:
    """Nothing speaks more for the other, something speaks more for this one, and it costs no more, as far as known."""
    mine, theirs = _stances(one), _stances(other)
    differences = [mine.get(code, 0) - theirs.get(code, 0) for code in mine.keys() | theirs.keys()]
    if any(difference < 0 for difference in differences):
        return False
    costs = [_whole_total(option) for option in (one, other)]
    if costs[0] is None or costs[1] is None or costs[0] > costs[1]:
        return False
    return any(difference > 0 for difference in differences) or costs[0] < costs[1]


def _stances(option: OptionFacts) -> dict[str, int]:
    return {ground.code: _WORTH[ground.stance] for ground in option.grounds if ground.stance in _WORTH}


def _whole_total(option: OptionFacts) -> float | None:
    total = option.cost.total
    return total.value.amount if isinstance(total, Seen) and total.value.whole else None


def _why_leading(option: OptionFacts, left: Sequence[OptionFacts]) -> tuple[str, ...]:
    if len(left) == 1:
        return (_("{system} is the only one that nothing rules out.").format(system=option.title),)
    why = _("Nothing that was looked at speaks more for another system than for {system}, and none costs less.")
    return (why.format(system=option.title),)


def _why_not(left: Sequence[OptionFacts]) -> tuple[str, ...]:
    reasons = []
    without = [one.title for one in left if _whole_total(one) is None]
    if without:
        text = _("Not all of the cost is known of: {systems}.")
        reasons.append(text.format(systems=", ".join(without)))
    for one in left:
        text = _("Only for {system}: {why}")
        reasons += [
            text.format(system=one.title, why=ground.why)
            for ground in one.grounds
            if ground.stance == "for" and max(_others(one, left, ground.code)) < 1
        ]
    costs = {one.title: cost for one in left if (cost := _whole_total(one)) is not None}
    if len(costs) == len(left) and len(set(costs.values())) > 1:
        text = _("{system} costs least.")
        reasons.append(text.format(system=min(costs, key=lambda title: costs[title])))
    return tuple(reasons) or (_("Nothing that was looked at tells them apart."),)


def _others(one: OptionFacts, left: Sequence[OptionFacts], code: str) -> list[int]:
    return [_stances(other).get(code, 0) for other in left if other is not one]

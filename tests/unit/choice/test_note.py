"""A choice note: more is never cheaper, what is unknown stays so, and nothing is said without its source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connectors.language import in_language
from migrate.choice.cost import Load, cost_of
from migrate.choice.gathering import Known
from migrate.choice.note import note_of
from migrate.choice.rules import RULES, grounds_for
from migrate.choice.verdict import open_questions, ruled_out
from migrate.ledger.pace import MailboxSize
from plans import Organisation
from plans.choice import OPEN, OPTIONS, QUESTIONS, Choice, Price
from runbooks.choice import document_of
from runbooks.choice_facts import ChoiceFacts, Duration, Inventory, OptionFacts, Sizes
from runbooks.facts import Plain, Seen, Unknown
from runbooks.output.page import html_page
from runbooks.templating import Templates
from tests.unit.choice.world import company

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
GB = 10**9

amounts = st.none() | st.floats(0, 10_000)
prices = st.builds(
    lambda **parts: Price.model_validate({"looked_up": "2026-11-20", "from": "an offer", **parts}),
    mailbox=amounts, month=amounts, once=amounts, more_storage=amounts,
    storage=st.none() | st.integers(0, 60).map(lambda n: f"{n} GB"), hours=st.none() | st.floats(0, 100), hour=amounts,
)  # fmt: skip
answers = st.fixed_dictionaries({
    key: st.sampled_from([*question.words, OPEN]) if question.words else st.just(OPEN) | st.floats(0, 50)
    for key, question in QUESTIONS.items()
})  # fmt: skip
sizes = st.lists(st.integers(0, 200 * GB), max_size=5)


def inventory(found: list[int], missing: int = 0) -> Inventory:
    told = Sizes(
        mailboxes=len(found), missing=missing, messages=len(found), bytes=sum(found),
        largest_mailbox=max(found, default=0), largest_message=max(found, default=0) // 10,
    )  # fmt: skip
    seen = Seen(value=0, at=NOW, source="plan")
    return Inventory(
        mailboxes=Seen(value=len(found) + missing, at=NOW, source="plan"), shared=seen, groups=seen, archives=seen,
        sizes=Seen(value=told, at=NOW, source="bascule estimate") if found else Unknown(how="bascule estimate"),
        keywords=Unknown(how="bascule copy"), folders=Unknown(how="bascule copy"),
    )  # fmt: skip


def note(choice: Choice, found: list[int], missing: int = 0, organisation: Organisation | None = None) -> ChoiceFacts:
    looked_at = {f"p{n}": MailboxSize(1, size, size, 0.0, 0.0) for n, size in enumerate(found)}
    known = Known(inventory(found, missing), {"paris": looked_at})
    durations: dict[Any, Seen[Duration] | Unknown] = {code: Unknown(how="bascule estimate") for code in OPTIONS}
    return note_of(organisation or company(), choice, known, durations, NOW)


def choice_of(said: dict[str, object], **priced: Price) -> Choice:
    return Choice.model_validate({**said, "prices": priced})


@settings(max_examples=40, deadline=None)
@given(prices, sizes, st.integers(0, 3), st.integers(0, 3), st.integers(0, 9 * GB), st.floats(-20, 50))
def test_more_mailboxes_and_larger_ones_never_cost_less(
    price: Price, found: list[int], missing: int, more: int, larger: int, growth: float
) -> None:
    choice = Choice(growth=growth)
    before = cost_of("X", choice, price, Load(len(found) + missing, found), NOW).years
    for load in (
        Load(len(found) + missing + more, [*found, *[larger] * more]),
        Load(len(found) + missing, [size + larger for size in found]),
    ):
        after = cost_of("X", choice, price, load, NOW).years
        assert isinstance(before, Seen) == isinstance(after, Seen)
        if isinstance(before, Seen) and isinstance(after, Seen):
            for one, other in zip(before.value, after.value, strict=True):
                assert one.amount <= other.amount
                assert one.whole or not other.whole, "what was missing is not found by having more"
                assert one.amount == pytest.approx(one.mailbox + one.month + one.once + one.storage)


@settings(max_examples=40, deadline=None)
@given(prices, sizes, st.integers(0, 3))
def test_without_a_price_there_is_no_figure_and_what_is_not_known_is_asked_for(
    price: Price, found: list[int], missing: int
) -> None:
    load = Load(len(found) + missing, found)
    nothing = cost_of("X", Choice(), None, load, NOW)
    assert all(isinstance(one, Unknown) for one in (nothing.years, nothing.work, nothing.total))
    assert nothing.ask
    told = cost_of("X", Choice(growth=0), price, load, NOW)
    if price.mailbox is None and price.month is None:
        assert {type(told.years), type(told.total)} == {Unknown}
    if isinstance(told.total, Seen) and told.total.value.whole:
        assert (told.ask, missing, price.storage is None, type(told.work)) == ((), 0, False, Seen[float])
    else:
        assert told.ask


@settings(max_examples=40, deadline=None)
@given(answers, sizes, st.dictionaries(st.sampled_from(OPTIONS), prices), st.integers(0, 2))
def test_every_figure_and_every_ground_names_its_source(
    said: dict[str, object], found: list[int], priced: dict[str, Price], missing: int
) -> None:
    facts = note(choice_of(said, **priced), found, missing)
    assert ChoiceFacts.model_validate_json(facts.model_dump_json()) == facts
    told = list(_within(facts))
    assert all(one.source.strip() for one in told if isinstance(one, Seen))
    assert all(one.how.strip() for one in told if isinstance(one, Unknown))
    for option in facts.options:
        assert all(one.source.strip() and one.why.strip() for one in option.grounds)
        assert all(one.source.strip() for one in (*option.changes, *option.needs))
        assert all(one.count is None for one in option.changes if one.code in ("keywords", "folders"))


@settings(max_examples=60, deadline=None)
@given(answers, sizes, st.dictionaries(st.sampled_from(OPTIONS), prices))
def test_one_leads_only_where_nothing_is_open_and_no_other_has_anything_better(
    said: dict[str, object], found: list[int], priced: dict[str, Price]
) -> None:
    choice = choice_of(said, **priced)
    facts = note(choice, found)
    verdict, options = facts.verdict, {option.code: option for option in facts.options}
    left = [option for option in facts.options if not ruled_out(option)]
    assert (verdict.option is not None) == (verdict.kind == "one")
    assert (verdict.kind == "none_left") == (not left)
    assert verdict.why
    if verdict.option is not None:
        assert not open_questions(choice)
        leader = options[verdict.option]
        assert leader in left
        for other in left:
            if other is not leader:
                assert _amount(leader) <= _amount(other)
                assert not _codes(other, "for") - _codes(leader, "for")
                assert not _codes(leader, "against") - _codes(other, "against")


def _amount(option: OptionFacts) -> float:
    total = option.cost.total
    assert isinstance(total, Seen)
    assert total.value.whole, "a cost that is not known leads nowhere"
    return total.value.amount


def _codes(option: OptionFacts, stance: str) -> set[str]:
    return {ground.code for ground in option.grounds if ground.stance == stance}


#: All is answered, and Outlook's habits and budget speak for one.
SAID: dict[str, object] = {
    "strategy": "growth", "owner": "private", "skills": "some", "time": "some", "help": "yes", "spending": "monthly",
    "budget": 10_000, "habits": "outlook", "documents": "microsoft", "regulation": "usual", "location": "anywhere",
    "independence": "indifferent", "internet": "reliable", "growth": 0,
}  # fmt: skip


def _priced(**mailbox: float) -> dict[str, Price]:
    rest = {"looked_up": "2026-11-20", "from": "an offer", "storage": "50 GB", "hours": 0}
    return {option: Price.model_validate({**rest, "mailbox": amount}) for option, amount in mailbox.items()}


def test_where_all_speaks_for_one_it_leads_and_a_dearer_or_unknown_price_takes_that_away() -> None:
    cheap = _priced(google_workspace=10, microsoft365=9, open_source=9)
    assert note(choice_of(SAID, **cheap), [GB]).verdict.option == "microsoft365"
    dear = _priced(google_workspace=10, microsoft365=11, open_source=9)
    assert note(choice_of(SAID, **dear), [GB]).verdict.kind == "to_weigh"
    assert note(choice_of(SAID, **_priced(microsoft365=9)), [GB]).verdict.kind == "to_weigh"
    assert note(choice_of(SAID, **cheap), [GB], missing=1).verdict.kind == "to_weigh", "its size is not known"
    assert note(choice_of({**SAID, "internet": "open"}, **cheap), [GB]).verdict.kind == "open"


def test_what_rules_out_leaves_one_or_none() -> None:
    at_home = {**SAID, "location": "own_premises"}
    assert note(choice_of(at_home), [GB]).verdict.option == "open_source"
    nobody = {**at_home, "skills": "none", "help": "no"}
    assert note(choice_of(nobody), [GB]).verdict.kind == "none_left"


@settings(max_examples=40, deadline=None)
@given(answers, answers, st.sampled_from(sorted(RULES)))
def test_a_rule_asks_about_nothing_but_the_answers_that_it_names(
    said: dict[str, object], other: dict[str, object], code: str
) -> None:
    rule = RULES[code]
    mixed = {**other, **{key: said[key] for key in rule.when}}
    assert rule.speaks(choice_of(said)) == rule.speaks(choice_of(mixed))
    assume(any(said[key] == OPEN for key in rule.when))
    assert not rule.speaks(choice_of(said))


@pytest.mark.parametrize("code", RULES)
def test_a_rule_names_answers_that_exist_and_can_speak(code: str) -> None:
    rule = RULES[code]
    for key, words in rule.when.items():
        assert words <= set(QUESTIONS[key].words)
    said = {key: min(words) for key, words in rule.when.items()}
    for option, stance in rule.stances.items():
        found = [ground for ground in grounds_for(option, choice_of(said)) if ground.code == code]
        assert [(ground.stance, bool(ground.why)) for ground in found] == [(stance, True)]
        assert all(key in found[0].source for key in rule.when) or rule.source.strip()


def test_each_question_offers_what_the_file_takes() -> None:
    for key, question in QUESTIONS.items():
        annotation = Choice.model_fields[key].annotation
        if question.words:
            assert {*question.words, OPEN} == set(get_args(annotation))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("found", [[], [GB, 200 * GB]])
def test_the_note_is_a_whole_page_whatever_it_is_told(language: Any, found: list[int]) -> None:
    evil = "<script>alert(1)</script> | =CMD() `x` \u202e ](http://x)"
    price = Price.model_validate({"looked_up": "2026-11-20", "from": "<img src=x>|*_`", "mailbox": 5, "hours": 1})
    with in_language(language):
        facts = note(choice_of(SAID, microsoft365=price), found, 1, company(name=evil, language=language))
    document = document_of(facts, Templates(language))
    page = html_page(document)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in document.markdown, "nothing turns the direction of what follows"
    for line in document.markdown.splitlines():
        assert not line.startswith("|") or line.endswith("|"), line
    for option in facts.options:
        assert option.title in page
    assert ("inconnu" if language == "fr" else "not known") in page


def _within(value: object) -> Any:
    yield value
    if isinstance(value, Plain):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _within(one)

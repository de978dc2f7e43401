"""What a step changes in a zone as it is: nothing twice, and nothing that is somebody else's."""

from __future__ import annotations

import pytest

from migrate.dns.changing import Key, changes, keys_of
from migrate.dns.records import CannotWrite, Line, Step, quoted
from migrate.dns.zones.contract import RecordSet

_MX: Key = ("example.org", "MX")
_TXT: Key = ("example.org", "TXT")
_OLD_SPF, _NEW_SPF, _OTHER = '"v=spf1 mx -all"', '"v=spf1 mx include:_spf.google.com -all"', '"token=AbC"'


def _line(key: Key, data: str, ttl: int) -> Line:
    return Line(key[0], ttl, key[1], data)


_CUTOVER = Step(
    "cutover", 0, (_line(_MX, "10 Old.example.org.", 300), _line(_MX, "20 b.example.org.", 300)),
    (_line(_MX, "1 smtp.google.com.", 300),),
)  # fmt: skip
_BEFORE = Step(
    "before", 0, (_line(_MX, "10 old.example.org.", 7200), _line(_TXT, _OLD_SPF, 3600)),
    (_line(_MX, "10 old.example.org.", 300), _line(_TXT, _NEW_SPF, 3600)),
)  # fmt: skip


def _set(key: Key, ttl: int, *values: str) -> RecordSet:
    return RecordSet(*key, ttl, frozenset(values))


def test_an_mx_is_replaced_whole() -> None:
    there = {_MX: _set(_MX, 300, "10 old.example.org.", "20 b.example.org.")}
    assert changes(_CUTOVER, there) == [_set(_MX, 300, "1 smtp.google.com.")]


def test_of_texts_those_that_are_not_named_stay() -> None:
    there = {_MX: _set(_MX, 7200, "10 old.example.org."), _TXT: _set(_TXT, 3600, _OLD_SPF, _OTHER)}
    assert keys_of(_BEFORE) == [_MX, _TXT]
    assert changes(_BEFORE, there) == [
        _set(_MX, 300, "10 old.example.org."),
        _set(_TXT, 3600, _NEW_SPF, _OTHER),
    ]


def test_what_is_done_is_not_done_again_and_what_was_cut_off_is_gone_on_with() -> None:
    done = {_MX: _set(_MX, 300, "10 old.example.org."), _TXT: _set(_TXT, 3600, _NEW_SPF, _OTHER)}
    assert changes(_BEFORE, done) == []
    half = done | {_TXT: _set(_TXT, 3600, _OLD_SPF, _OTHER)}
    assert changes(_BEFORE, half) == [_set(_TXT, 3600, _NEW_SPF, _OTHER)]
    both = {_MX: _set(_MX, 300, "10 old.example.org.", "20 b.example.org.", "1 smtp.google.com.")}
    assert changes(_CUTOVER, both) == [_set(_MX, 300, "1 smtp.google.com.")]


def test_an_mx_of_somebody_else_is_not_removed() -> None:
    there = {_MX: _set(_MX, 300, "10 old.example.org.", "20 b.example.org.", "5 new.example.net.")}
    with pytest.raises(CannotWrite, match=r"5 new\.example\.net"):
        changes(_CUTOVER, there)


@pytest.mark.parametrize("there", [None, _set(_TXT, 3600, _OTHER), _set(_TXT, 3600, '"v=spf1 a -all"')])
def test_a_text_that_somebody_changed_meanwhile_is_told(there: RecordSet | None) -> None:
    with pytest.raises(CannotWrite, match="v=spf1 mx -all"):
        changes(_BEFORE, {_MX: _set(_MX, 7200, "10 old.example.org."), _TXT: there})


def test_texts_differ_by_their_letters_and_names_do_not() -> None:
    there = {_MX: _set(_MX, 300, "10 OLD.example.org."), _TXT: _set(_TXT, 3600, _NEW_SPF.upper())}
    with pytest.raises(CannotWrite):
        changes(_BEFORE, there)
    assert changes(_BEFORE, there | {_TXT: _set(_TXT, 3600, _NEW_SPF)}) == []


def test_the_first_record_of_a_name_is_entered() -> None:
    step = Step("cutover", 0, (), (_line(_MX, "1 smtp.google.com.", 300),))
    assert changes(step, {_MX: None}) == [_set(_MX, 300, "1 smtp.google.com.")]


@pytest.mark.parametrize("cut", [20, 200])
def test_a_text_is_the_same_however_it_is_cut_into_strings(cut: int) -> None:
    text = "v=spf1 " + " ".join(f"ip4:198.51.100.{number}" for number in range(30)) + " -all"
    step = Step("before", 0, (_line(_TXT, quoted(text), 3600),), (_line(_TXT, _NEW_SPF, 3600),))
    elsewhere = " ".join(f'"{text[at : at + cut]}"' for at in range(0, len(text), cut))
    assert changes(step, {_TXT: _set(_TXT, 3600, elsewhere, _OTHER)}) == [_set(_TXT, 3600, _NEW_SPF, _OTHER)]
    back = Step("back", 0, step.enter, step.remove)
    assert changes(back, {_TXT: _set(_TXT, 3600, elsewhere, _OTHER)}) == []


def test_a_way_back_never_leaves_a_domain_without_an_mx() -> None:
    step = Step("back", 0, (_line(_MX, "1 smtp.google.com.", 300),), ())
    with pytest.raises(CannotWrite, match="by hand"):
        changes(step, {_MX: _set(_MX, 300, "1 smtp.google.com.")})


def test_on_the_way_back_the_mx_which_shows_where_the_zone_stands_is_changed_last() -> None:
    back = Step("back", 0, _BEFORE.enter, _BEFORE.remove)
    there = {_MX: _set(_MX, 300, "10 old.example.org."), _TXT: _set(_TXT, 3600, _NEW_SPF)}
    assert [one.type for one in changes(back, there)] == ["TXT", "MX"]

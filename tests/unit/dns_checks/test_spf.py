"""SPF records are read, followed and counted as RFC 7208 says, shown with its own examples (appendix A)."""

from __future__ import annotations

import pytest

from migrate.dns.facts import Facts, Outcome, Question, View
from migrate.dns.findings import Look
from migrate.dns.spf import Walk, is_spf, parse, walk
from tests.unit.dns_checks.world import answer, records

#: The zone of appendix A, with the addresses that it gives.
_RFC = """
example.com A 192.0.2.10
example.com A 192.0.2.11
example.com MX 10 mail-a.example.com.
example.com MX 20 mail-b.example.com.
amy.example.com A 192.0.2.65
bob.example.com A 192.0.2.66
mail-a.example.com A 192.0.2.129
mail-b.example.com A 192.0.2.130
example.org MX 10 mail-c.example.org.
mail-c.example.org A 192.0.2.140
"""


def _walked(text: str, zone: str = _RFC) -> Walk:
    known, asked = records(zone), set[Question]()
    while True:
        said = {question: answer(known, question, own_zone=False) for question in asked}
        look = Look(Facts("example.com", "example.com", [View("resolver", "192.0.2.53", None, said)]))
        done = walk(look, "example.com", text)
        if look.missing <= asked:
            return done
        asked |= look.missing


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("v=spf1 a -all", {10, 11}),
        ("v=spf1 a:example.org -all", set()),
        ("v=spf1 mx -all", {129, 130}),
        ("v=spf1 mx:example.org -all", {140}),
        ("v=spf1 mx mx:example.org -all", {129, 130, 140}),
        ("v=spf1 mx/30 mx:example.org/30 -all", {*range(128, 132), *range(140, 144)}),
        ("v=spf1 ip4:192.0.2.128/28 -all", set(range(128, 144))),
        ("v=spf1 -ip4:192.0.2.129 ~mx ?a -all", set()),
    ],
)
def test_the_examples_of_the_rfc_admit_those_that_it_says(text: str, addresses: set[int]) -> None:
    done = _walked(text)
    assert {last for last in range(256) if done.admits(f"192.0.2.{last}")} == addresses


def test_an_include_that_is_no_pass_lets_nobody_in() -> None:
    zone = _RFC + 'part.example.com TXT "v=spf1 mx:example.com -all"\n'
    assert _walked("v=spf1 include:part.example.com -all", zone).admits("192.0.2.129")
    assert not _walked("v=spf1 ~include:part.example.com -all", zone).admits("192.0.2.129")


@pytest.mark.parametrize(
    ("text", "look_ups"),
    [
        ("v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all", 0),
        ("v=spf1 a mx ptr exists:example.com -all", 4),
        ("v=spf1 -all a mx", 0),
        ("v=spf1 a redirect=one.example.com", 5),
        ("v=spf1 redirect=one.example.com -all", 0),
        ("v=spf1 include:one.example.com include:one.example.com -all", 8),
        ("v=spf1 exp=explain.example.com exists:%{i}._spf.%{d} -all", 1),
    ],
)
def test_look_ups_are_counted_over_all_that_is_included(text: str, look_ups: int) -> None:
    zone = _RFC + 'one.example.com TXT "v=spf1 a include:two.example.com -all"\ntwo.example.com TXT "v=spf1 mx -all"\n'
    assert len(_walked(text, zone).look_ups) == look_ups


def test_names_with_nothing_are_counted_once_each_whatever_the_type() -> None:
    done = _walked("v=spf1 a:no.example.com mx:amy.example.com include:bob.example.com exists:none.example.com -all")
    assert done.void == ["no.example.com", "amy.example.com", "bob.example.com", "none.example.com"]


def test_records_that_include_each_other_come_to_an_end() -> None:
    zone = (
        _RFC
        + 'one.example.com TXT "v=spf1 include:two.example.com"\ntwo.example.com TXT "v=spf1 include:one.example.com"\n'
    )
    assert _walked("v=spf1 include:one.example.com -all", zone).unusable == [("one.example.com", "loop")]


def test_a_record_that_doubles_at_each_step_comes_to_an_end() -> None:
    lines = [
        f'd{n}.example.com TXT "v=spf1 include:d{n + 1}.example.com include:d{n + 1}.example.com"' for n in range(40)
    ]
    done = _walked("v=spf1 include:d0.example.com -all", "\n".join(lines))
    assert (len(done.look_ups) < 200, ("too-deep" in {why for _name, why in done.unusable})) == (True, True)


@pytest.mark.parametrize(
    "term",
    [
        "a",
        "A",
        "+a",
        "?mx",
        "mx:example.com",
        "a/24",
        "a//64",
        "a/24//64",
        "a:example.com/24//64",
        "ip4:192.0.2.0/24",
        "ip6:2001:db8::1",
        "ip6:2001:db8::/32",
        "include:_spf.example.com",
        "include:%{d2}.example.com",
        "ptr",
        "ptr:example.com",
        "exists:%{ir}.%{v}._spf.%{d}",
        "redirect=_spf.example.com",
        "exp=explain.%{d}",
        "unknown=x",
        "~all",
        "ALL",
    ],
)
def test_terms_of_the_grammar_are_read(term: str) -> None:
    parsed = parse(f"v=spf1  {term} ")
    assert (len(parsed.terms), parsed.wrong) == (1, ())


@pytest.mark.parametrize(
    "term",
    [
        "a:", "mx:", "include", "include:", "exists", "all:example.com", "all/24", "a/33", "a//129", "ptr/24", "ip4",
        "ip4:", "ip4:192.0.2.256", "ip4:192.0.2.0/33", "ip4:2001:db8::1", "ip6:192.0.2.1", "ipv4:192.0.2.1", "-", "foo",
        "include:a b", "redirect=", "include:exa mple", "include:%{q}.example.com", "include:-x-.example.com", "+a=b:c",
        "include:user@example.com", "ip4=192.0.2.1/33 ip4",
    ],
)  # fmt: skip
def test_terms_outside_the_grammar_are_told(term: str) -> None:
    assert parse(f"v=spf1 {term} -all").wrong


def test_a_second_redirect_or_explanation_is_wrong() -> None:
    assert parse("v=spf1 redirect=a.example redirect=b.example").wrong == ("redirect=b.example",)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("v=spf1", True), ("V=SPF1 -all", True), ("v=spf10 -all", False), ("v=spf1-all", False), ("spf2.0/pra", False)],
)
def test_what_counts_as_an_spf_record(text: str, is_one: bool) -> None:
    assert is_spf(text) is is_one


def test_nothing_is_asked_twice_and_nothing_behind_a_macro() -> None:
    look = Look(Facts("example.com", "example.com", []))
    walk(look, "example.com", "v=spf1 include:%{i}.example.com a a -all")
    assert look.missing == {Question("example.com", "A"), Question("example.com", "AAAA")}
    assert look.facts.answer("example.com", "A").outcome is Outcome.UNASKED

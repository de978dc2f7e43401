"""The records of a cutover: each step undoes exactly what it names, and the way back is what was there."""

from __future__ import annotations

import pytest

from migrate.dns.facts import Answer, Mx, Outcome, Policy, Question
from migrate.dns.findings import Look
from migrate.dns.providers import Expected, expected_host, expected_provider
from migrate.dns.records import CannotWrite, Step, quoted, steps
from tests.unit.dns_checks.world import World

_GOOGLE, _MICROSOFT = expected_provider("google"), expected_provider("microsoft365")
_HOST = expected_host("new", "mail.example.net")
_OLD = """
example.org MX 10 mail.example.org.
example.org MX 20 backup.example.org.
example.org TXT "v=spf1 mx -all"
mail.example.org A 198.51.100.40
backup.example.org A 198.51.100.41
mail.example.net A 198.51.100.50
"""
_OLD_MX = ["example.org. 7200 IN MX 10 mail.example.org.", "example.org. 7200 IN MX 20 backup.example.org."]
_OLD_SPF = 'example.org. 7200 IN TXT "v=spf1 mx -all"'


def _steps(world: World, expected: Expected, *hosts: str) -> list[Step]:
    asked: set[Question] = set()
    while True:
        look = Look(world.facts(asked))
        found = steps(look, expected, hosts)
        if look.missing <= asked:
            return found
        asked |= look.missing


def _texts(step: Step) -> tuple[list[str], list[str]]:
    return [line.text() for line in step.remove], [line.text() for line in step.enter]


def test_each_step_names_what_it_replaces_and_the_way_back_is_what_was_there() -> None:
    before, cutover, after, back = _steps(World(_OLD, ttl=7200), _GOOGLE)
    lowered = [line.replace(" 7200 ", " 300 ") for line in _OLD_MX]
    new_spf = 'example.org. 7200 IN TXT "v=spf1 mx include:_spf.google.com -all"'
    assert _texts(before) == ([*_OLD_MX, _OLD_SPF], [*lowered, new_spf])
    assert _texts(cutover) == (lowered, ["example.org. 300 IN MX 1 smtp.google.com."])
    assert _texts(after) == (
        ["example.org. 300 IN MX 1 smtp.google.com."], ["example.org. 3600 IN MX 1 smtp.google.com."],
    )  # fmt: skip
    assert _texts(back) == (["example.org. 300 IN MX 1 smtp.google.com.", new_spf], [*_OLD_MX, _OLD_SPF])
    assert [one.wait for one in (before, cutover, after, back)] == [0, 7200, 300, 0]


def test_a_ttl_that_is_short_already_is_left_and_waited_for() -> None:
    before, cutover, _after, _back = _steps(World(_OLD, ttl=120), _GOOGLE)
    assert "MX" not in {line.type for line in (*before.remove, *before.enter)}
    assert (cutover.wait, {line.ttl for line in cutover.remove}) == (120, {120})


def test_the_first_mx_of_a_domain_replaces_nothing() -> None:
    _before, cutover, _after, back = _steps(World('example.org TXT "v=spf1 -all"\n'), _GOOGLE)
    assert (cutover.remove, [line.data for line in cutover.enter]) == ((), ["1 smtp.google.com."])
    assert {line.type for line in back.enter} == {"TXT"}


def test_a_domain_that_is_there_already_has_no_steps() -> None:
    assert _steps(World("example.org MX 1 smtp.google.com.\n"), _GOOGLE) == []


def test_a_domain_without_spf_gets_none_by_the_way() -> None:
    before = _steps(World(_OLD.replace("v=spf1 mx -all", "something")), _GOOGLE)[0]
    assert "TXT" not in {line.type for line in (*before.remove, *before.enter)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=spf1 ~all", "v=spf1 include:_spf.google.com ~all"),
        ("v=spf1 mx", "v=spf1 mx include:_spf.google.com"),
        ("v=spf1 redirect=spf.example.net", "v=spf1 redirect=spf.example.net include:_spf.google.com"),
        ("v=spf1 A MX -ALL", "v=spf1 A MX include:_spf.google.com -ALL"),
    ],
)
def test_a_new_sender_stands_before_all(old: str, new: str) -> None:
    enter = _steps(World(_OLD.replace("v=spf1 mx -all", old)), _GOOGLE)[0].enter
    assert [line.data for line in enter if line.type == "TXT"] == [f'"{new}"']


def test_microsofts_mx_is_told_and_never_made() -> None:
    with pytest.raises(CannotWrite, match="--mx"):
        _steps(World(_OLD), _MICROSOFT)
    with pytest.raises(CannotWrite, match=r"smtp\.google\.com is no MX of Microsoft 365"):
        _steps(World(_OLD), _MICROSOFT, "smtp.google.com")
    cutover = _steps(World(_OLD), _MICROSOFT, "made-for-us.o-v1.mx.microsoft")[1]
    assert [line.data for line in cutover.enter] == ["0 made-for-us.o-v1.mx.microsoft."]


def test_a_system_of_the_plan_is_its_host_and_may_send() -> None:
    before, cutover, _after, _back = _steps(World(_OLD), _HOST)
    assert [line.data for line in cutover.enter] == ["10 mail.example.net."]
    assert '"v=spf1 mx a:mail.example.net -all"' in [line.data for line in before.enter]


_MX = Question("example.org", "MX")
_OTHER = Answer(Outcome.RECORDS, (Mx(1, "x.example"),), 9, (), own_zone=True)


@pytest.mark.parametrize(
    "world",
    [
        World(_OLD + 'example.org TXT "v=spf1 a -all"\n'),
        World(_OLD.replace("mx -all", "ip4:x -all")),
        World(
            _OLD, says={("ns2.example.org", _MX): Answer(Outcome.RECORDS, (Mx(1, "x.example"),), 9, (), own_zone=True)}
        ),
        World(_OLD, says={(f"ns{number}.example.org", None): Answer(Outcome.TIMEOUT) for number in (1, 2)}),
        World(
            _OLD + '_mta-sts.example.org TXT "v=STSv1; id=1"\n',
            policy=Policy("version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 86400\n"),
        ),
        World(_OLD.replace("mx -all", " ".join(f"a:h{number}.example.org" for number in range(9)) + " -all")),
    ],
    ids=["two-spf", "broken-spf", "servers-disagree", "servers-silent", "mta-sts", "eleven-look-ups"],
)
def test_nothing_is_written_over_what_must_be_mended_first(world: World) -> None:
    with pytest.raises(CannotWrite):
        _steps(world, _GOOGLE)


@pytest.mark.parametrize("mode", ["none", "testing"])
def test_a_policy_that_refuses_nobody_stands_in_nobodys_way(mode: str) -> None:
    text = f"version: STSv1\nmode: {mode}\nmx: *.example.org\nmax_age: 86400\n"
    assert _steps(World(_OLD + '_mta-sts.example.org TXT "v=STSv1; id=1"\n', policy=Policy(text)), _GOOGLE)


def test_an_alias_gets_no_mx() -> None:
    world = World(_OLD + "shop.example.org CNAME example.org.\n", domain="shop.example.org")
    with pytest.raises(CannotWrite, match=r"alias \(CNAME\) of example\.org"):
        _steps(world, _GOOGLE)


def test_names_are_written_as_each_hoster_has_them() -> None:
    line = _steps(World(_OLD), _GOOGLE)[1].enter[0]
    assert (line.text(), line.text("example.org"), line.text("org")) == (
        "example.org. 300 IN MX 1 smtp.google.com.", "@ 300 IN MX 1 smtp.google.com.",
        "example 300 IN MX 1 smtp.google.com.",
    )  # fmt: skip


def test_a_long_text_is_cut_into_strings_and_comes_back_whole() -> None:
    text = 'v=spf1 "quoted" \\ é ' + "x" * 600
    zone = World(f"example.org TXT {quoted(text)}\n")
    look = Look(zone.facts({Question("example.org", "TXT")}))
    assert look.texts("example.org") == [text]

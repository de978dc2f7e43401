"""Templates: facts are text, one block can be the customer's, and a mistake is told with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from runbooks.building import build
from runbooks.catalogue import Kind
from runbooks.document_facts import DocumentFacts
from runbooks.filters import filters_of
from runbooks.templating import TemplateProblem, Templates
from tests.unit.documents.any_facts import AnyFacts


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    (folder / "fr" / "sheet").mkdir(parents=True)
    (folder / "fr" / "sheet.md.j2").write_text('# {{ title }}\n{% include "sheet/part.md.j2" %}\n')
    (folder / "fr" / "sheet" / "part.md.j2").write_text("{% for name in names %}\n- {{ name }}\n{% endfor %}\n")
    return folder


def _rendered(own: Path, **facts: Any) -> str:
    return Templates("fr", own).render("sheet", facts, {})


def test_facts_are_text_and_what_macros_and_filters_give_is_markup(own: Path) -> None:
    (own / "fr" / "sheet.md.j2").write_text(
        "{% macro strong(what) %}**{{ what }}**{% endmacro %}\n"
        "{{ strong(title) }} {{ title | code }} {{ made() }} {{ names | listed }} {{ title ~ '*' }}\n"
    )
    told = Templates("fr", own).render(
        "sheet", {"title": "a*b", "names": ["x_y", "<z>"]}, {"made": lambda: Markup("_m_")}
    )
    assert told.strip() == r"**a\*b** `a*b` _m_ x\_y et \<z\> a\*b\*"


def test_a_block_is_found_below_the_customers_folder_first(own: Path) -> None:
    assert _rendered(own, title="T", names=["a", "b"]) == "# T\n- a\n- b\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("ok\n{{ nothing }}\n", 2, "nothing"),
        ("ok\n\n{{ title.nothing }}\n", 3, "nothing"),
        ("ok\n{% if %}\n", 2, ""),
        ("{{ title | nothing }}\n", 1, "nothing"),
        ("\n{{ 1 // 0 }}\n", 2, "ZeroDivisionError"),
        ("\n{{ ''.__class__.__mro__ }}\n", 2, ""),
        ("\n{{ title.format.__globals__ }}\n", 2, ""),
        ('\n{% include "sheet/missing.md.j2" %}\n', None, "sheet/missing.md.j2"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(own: Path, text: str, line: int | None, said: str) -> None:
    (own / "fr" / "sheet.md.j2").write_text(text)
    with pytest.raises(TemplateProblem) as caught:
        _rendered(own, title="T", names=[])
    assert (caught.value.file, caught.value.line) == ("runbooks/fr/sheet.md.j2", line)
    assert said in caught.value.what


def test_a_picture_that_there_is_none_of_is_a_mistake(own: Path) -> None:
    kind = Kind("sheet", "organisation", {"fr": "Feuille", "en": "Sheet"}, heading="none")
    facts = AnyFacts(0, there=True).of(DocumentFacts)
    (own / facts.about.language / "sheet.md.j2").parent.mkdir(exist_ok=True)
    (own / facts.about.language / "sheet.md.j2").write_text('\n{{ picture("calendar", "x") }}\n')
    with pytest.raises(TemplateProblem, match=r"calendar.*gantt") as caught:
        build(kind, facts, Templates(facts.about.language, own), {}, {})
    assert caught.value.line == 2


def test_a_template_that_includes_itself_is_a_mistake(own: Path) -> None:
    (own / "fr" / "sheet.md.j2").write_text('{% include "sheet.md.j2" %}\n')
    with pytest.raises(TemplateProblem, match=r"sheet\.md\.j2:1: "):
        _rendered(own, title="T", names=[])


def test_a_mistake_in_a_block_names_the_block(own: Path) -> None:
    (own / "fr" / "sheet" / "part.md.j2").write_text("\n\n{{ nothing }}\n")
    with pytest.raises(TemplateProblem) as caught:
        _rendered(own, title="T", names=[])
    assert str(caught.value).startswith("runbooks/fr/sheet/part.md.j2:3: ")


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "sheet/../../../secret"])
def test_no_template_is_read_from_elsewhere(own: Path, name: str) -> None:
    (own.parent / "secret.md.j2").write_text("planted")
    with pytest.raises(TemplateProblem):
        Templates("fr", own).render(name, {}, {})


@pytest.mark.parametrize(
    ("name", "value", "french", "english"),
    [
        ("number", 12345.5, "12\u202f345,5", "12,345.5"),
        ("percent", 0.5, "50\u00a0%", "50%"),
        ("size", 0, "0\u202foctets", "0\u00a0bytes"),
        ("size", 25_300_000_000, "25,3\u202fGo", "25.3\u00a0GB"),
        ("size", 999_999, "1\u202f000\u202fko", "1,000\u00a0kB"),
        ("duration", 1500, "25\u00a0min", "25 mins"),
        ("duration", timedelta(days=2, hours=3, minutes=4), "2\u00a0jours 3\u202fh", "2 days 3 hrs"),
        ("duration", 0, "0\u00a0min", "0 mins"),
        ("duration", 2.3, "3\u202fs", "3 secs"),
        ("recorded", "2027-02-09", "9 févr. 2027", "9 Feb 2027"),
        ("recorded", "2027-02-09T08:05:00+01:00", "9 févr. 2027 à 8\u202fh\u202f05", "9 Feb 2027, 08:05"),
        ("recorded", "98413", "98\u202f413", "98,413"),
        ("recorded", "3/5", "3/5", "3/5"),
        ("recorded", "2027-02-30", "2027-02-30", "2027-02-30"),
        ("day", date(2027, 2, 9), "mardi 9 février 2027", "Tuesday, 9 February 2027"),
        (
            "moment",
            datetime(2027, 2, 9, 8, 5, tzinfo=UTC),
            "9 février 2027 à 8\u202fh\u202f05",
            "9 February 2027, 08:05",
        ),
    ],
)
def test_figures_and_dates_are_those_of_the_language(name: str, value: Any, french: str, english: str) -> None:
    assert (filters_of("fr")[name](value), filters_of("en")[name](value)) == (french, english)


def test_a_part_that_is_not_whole_is_never_shown_as_whole() -> None:
    percent = filters_of("en")["percent"]
    assert (percent(0.99999, 2), percent(0.99999), percent(1, 2), percent(0.9997, 2)) == (
        "99.99%",
        "99%",
        "100.00%",
        "99.97%",
    )


@pytest.mark.parametrize(("text", "shown"), [("a b", "`a b`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``"), ("", "")])
def test_code_keeps_what_it_quotes(text: str, shown: str) -> None:
    assert filters_of("fr")["code"](text) == shown


def test_a_listing_ends_where_it_ends() -> None:
    assert filters_of("fr")["listing"](["a", "```", "b"]) == "````\na\n```\nb\n````"

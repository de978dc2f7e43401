"""Reading a template for its facts: what it uses is named, what there is none of is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbooks.document_facts import FACTS_OF, SiteDocumentFacts
from runbooks.fact_listing import facts_of
from runbooks.template_facts import Reading, checked, read
from runbooks.templating import TemplateProblem, Templates


def _read(folder: Path, text: str, **others: str) -> Reading:
    (folder / "en").mkdir(exist_ok=True)
    for name, told in {"sheet": text, **others}.items():
        (folder / "en" / f"{name}.md.j2").write_text(told)
    return read(Templates("en", folder), "sheet", SiteDocumentFacts)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("{{ site.name }}", {"site.name"}),
        ("{{ inventory.value.messages }}", {"inventory.messages"}),
        ("{% if site.accounts is known %}{{ site.accounts.value.whole }}{% endif %}", {"site.accounts"}),
        ("{% for one in plan.people %}{{ one.address }}{{ one.aliases | length }}{% endfor %}", {"plan.people"}),
        ("{% for one in plan.people if one.shared %}{{ one.name }}{% endfor %}", {"plan.people"}),
        ("{% for code, word in site.confirmed.items() %}{{ code }}{{ word.by }}{% endfor %}", {"site.confirmed"}),
        ('{{ timeline.value.days["j-14"] | day }}', {"timeline.days"}),
        ("{% set first = phases | first %}{{ first.gates[0].step.who }}", {"phases"}),
        ('{{ plan.people | selectattr("shared") | list | length }}', {"plan.people"}),
        ("{{ site.whom.it.name if site.whom.it else plan.source.title }}", {"site.whom", "plan.source"}),
        ('{% include "part.md.j2" %}', {"next"}),
        ('{% from "part2.md.j2" import said %}{{ said(site) }}{{ note("dns") }}{{ loop }}', {"site"}),
    ],
)
def test_what_a_template_uses_is_found(tmp_path: Path, text: str, used: set[str]) -> None:
    found = _read(
        tmp_path, text, part="{{ next.title }}", part2="{% macro said(one) %}{{ one.anything }}{% endmacro %}"
    )
    assert found.misused == []
    # A fact and what is asked of it.
    assert used <= found.used | {path.rsplit(".", 1)[0] for path in found.used}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\n{{ nothing }}", 2, "nothing"),
        ("{{ site.nam }}", 1, "site: nam"),
        ("{{ site.accounts.value.messages }}", 1, "messages"),
        ("\n\n{% for one in plan.people %}{{ one.surname }}{% endfor %}", 3, "surname"),
        ('{{ plan.people | sort(attribute="surname") | length }}', 1, "surname"),
        ('{{ plan.people | selectattr("surname") | list }}', 1, "surname"),
        ("{% set one = plan.people | first %}{{ one.surname }}", 1, "surname"),
        ("{% for code, word in site.confirmed.items() %}{{ word.whom }}{% endfor %}", 1, "whom"),
        ("{% if false %}{{ site.nam }}{% endif %}", 1, "nam"),
        ("{{ estimate.value.p50.weekday_name }}", 1, "weekday_name"),
        ('{% from "part.md.j2" import said %}{{ said() }}', 1, "site"),
    ],
)
def test_a_fact_that_there_is_none_of_is_told_also_where_nothing_would_render_it(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    found = _read(tmp_path, text, part="{% macro said() %}{{ site.name }}{% endmacro %}")
    assert [one.line for one in found.misused] == [line]
    assert what in found.misused[0].what


def test_a_mistake_in_a_customers_block_is_a_message_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    _read(tmp_path / "runbooks", "ok\n{{ site.nam }}\n")
    with pytest.raises(TemplateProblem) as caught:
        checked(Templates("en", tmp_path / "runbooks"), "sheet", SiteDocumentFacts)
    assert str(caught.value).startswith("runbooks/en/sheet.md.j2:2: ")


@pytest.mark.parametrize("of", sorted(FACTS_OF))
def test_every_fact_is_listed_once_under_the_name_that_templates_take(of: str) -> None:
    listed = [one.name for one in facts_of(FACTS_OF[of])]
    assert len(listed) == len(set(listed))
    assert {name for name in listed if "." not in name} == set(FACTS_OF[of].model_fields)
    assert "organisation.contacts[].phone" in listed

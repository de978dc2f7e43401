"""``bascule runbook template``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click
from click.shell_completion import CompletionItem
from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.runbook_whom import telling
from migrate.documents.gathering import Language
from migrate.documents.making import TEMPLATES
from plans.problems import suggestion
from runbooks.building import FUNCTIONS
from runbooks.catalogue import DOCUMENTS, PAGES, templates_of
from runbooks.choice_facts import ChoiceFacts
from runbooks.document_facts import FACTS_OF
from runbooks.fact_listing import Listed, facts_of
from runbooks.report_facts import ReportFacts
from runbooks.templating import SUFFIX, Templates, filter_names

#: What every document may include.
_SHARED = ("header", "macros")
_KINDS = {**DOCUMENTS, **PAGES}
#: Pages have facts of their own.
_PAGE_FACTS: Mapping[str, type[BaseModel]] = {"report": ReportFacts, "choice": ChoiceFacts}


def _names() -> list[str]:
    """All templates that can be copied out, a document before its blocks."""
    found = [name for kind in _KINDS.values() for name in (kind.code, *templates_of(kind))]
    return list(dict.fromkeys([*found, *_SHARED]))


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in _names() if name.startswith(incomplete)]


@click.command()
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--facts", "list_facts", is_flag=True, help="List the facts that it may use, copying nothing.")
@click.option("--language", type=click.Choice(["fr", "en"]), help="The organisation's own unless given.")
@json_option
@click.pass_obj
def template(place: Place, name: str | None, list_facts: bool, language: Language | None, to_json: bool) -> None:
    """Do you want a document in your own words?  Copies a template out, to be edited.

    Without NAME, lists the documents and their blocks. A block (runbook/dns) is a part of a document; the others stay
    ours when one is yours. The copy lies in runbooks/LANGUAGE; removed, ours is used again.

    \b
    Example:  bascule runbook template
              bascule runbook template runbook/contacts
              bascule runbook template runbook --facts
    """
    organisation = place.load()
    spoken: Language = language or organisation.language
    templates = Templates(spoken, place.folder / TEMPLATES)
    if name is None:
        _list(templates, spoken, to_json=to_json)
        return
    if name not in _names():
        raise Trouble(
            _('There is no template "{name}". {hint}').format(
                name=name, hint=suggestion(name, _names(), _("Templates"))
            )
        )
    if list_facts:
        _list_facts(name, to_json=to_json)
        return
    with telling():
        source = templates.source(name)
    path = place.folder / TEMPLATES / spoken / f"{name}{SUFFIX}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(source)
    except FileExistsError:
        text = _("{file} is there already: edit it, or remove it to use ours again.")
        raise Trouble(text.format(file=path)) from None
    except OSError as error:
        text = _("{file} cannot be written: {why}.")
        raise Trouble(text.format(file=path, why=os_error_text(error)), Exit.LEDGER) from error
    if to_json:
        print_json({"exit_code": 0, "template": name, "language": spoken, "file": str(path)})
        return
    show_line(terminal(), _("Edit {file}; documents are made of it from now on.").format(file=path))
    show_line(terminal(), _("What it may use: bascule runbook template {name} --facts").format(name=name))


def _list(templates: Templates, language: Language, *, to_json: bool) -> None:
    if to_json:
        told = [
            {
                "document": kind.code,
                "of": kind.of,
                "title": kind.titles[language],
                "templates": [{"name": one, "own": templates.is_own(one)} for one in _of(kind.code)],
            }
            for kind in _KINDS.values()
        ]
        print_json({"exit_code": 0, "documents": told})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("template"), _("of"), _("title")):
        table.add_column(heading, overflow="fold")
    of = {"site": _("a site"), "domain": _("a domain"), "organisation": _("the organisation"), "person": _("a person")}
    for kind in _KINDS.values():
        for one in _of(kind.code):
            name = _("{template} (yours)").format(template=one) if templates.is_own(one) else one
            first = one == kind.code
            table.add_row(Text(name), of[kind.of] if first else "", Text(kind.titles[language] if first else ""))
    console = terminal()
    console.print(table)
    show_line(console, _("To edit one: bascule runbook template NAME"))


def _of(code: str) -> list[str]:
    return list(dict.fromkeys((code, *templates_of(_KINDS[code]))))


def _list_facts(name: str, *, to_json: bool) -> None:
    of = next((kind.of for kind in _KINDS.values() if name in _of(kind.code)), "organisation")
    found = facts_of(_PAGE_FACTS.get(name, FACTS_OF[of]))
    if to_json:
        told = {
            "exit_code": 0,
            "template": name,
            "facts": [{"name": one.name, "is": one.kind} for one in found],
            "functions": list(FUNCTIONS),
            "filters": filter_names(),
        }
        print_json(told)
        return
    console = terminal()
    for line, style in _fact_lines(found):
        show_line(console, line, style)


def _fact_lines(found: list[Listed]) -> Iterator[tuple[str, str | None]]:
    width = min(max(len(one.name) for one in found), 60)
    for one in found:
        yield f"{one.name:<{width}}  {one.kind}{f'  · {one.title}' if one.title else ''}", None
    yield "", None
    yield (
        _("A fact that may be unknown is asked first: {example}").format(
            example="{% if inventory is known %} {{ inventory.value.messages | number }} {% endif %}"
        ),
        None,
    )
    yield _("Filters: {names}").format(names=", ".join(filter_names())), None
    for told in FUNCTIONS.values():
        yield told, None

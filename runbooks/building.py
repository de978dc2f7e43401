"""From facts to a document: the title, the templates, and the notes that people keep beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from connectors.language import _, in_language
from runbooks.catalogue import PICTURES, Kind
from runbooks.document_facts import DocumentFacts
from runbooks.filters import filters_of
from runbooks.output.document import Document, Picture, UnknownPicture
from runbooks.output.markdown import plain, visible
from runbooks.templating import Templates

#: What a template may call, with what it gives.
FUNCTIONS: Mapping[str, str] = {
    "note": 'note("BLOCK"): what runbooks/notes/SITE/BLOCK.md holds, if there is one',
    "picture": f'picture("NAME", "caption"): a picture, nothing where its facts are not known: {", ".join(PICTURES)}',
    "range": "range(5): 0 to 4",
}


def build(
    kind: Kind, facts: DocumentFacts, templates: Templates, notes: Mapping[str, str], pictures: Mapping[str, Picture]
) -> Document:
    """One document.  ``notes`` by block, or by the document's code; they stay as their writers wrote them.

    Raises TemplateProblem.
    """
    language = facts.about.language
    told: dict[str, Any] = {name: getattr(facts, name) for name in type(facts).model_fields}

    def note(block: str) -> Markup:
        return _noted(notes[block], language) if notes.get(block, "").strip() else Markup()

    def picture(name: str, caption: str) -> Markup:
        if name not in PICTURES:
            raise UnknownPicture(name)
        return Markup("![{}](picture:{})").format(Markup(plain(caption)), name) if name in pictures else Markup()  # noqa: S704

    functions: dict[str, Callable[..., Any]] = {"note": note, "picture": picture}
    body = templates.render(kind.code, told, functions)
    if not kind.blocks:
        body = f"{body.rstrip()}\n\n{note(kind.code)}"
    return Document(
        name=f"{facts.about.subject}-{kind.code}",
        title=facts.about.title,
        language=language,
        markdown=_tidy(f"{_heading(kind, facts, templates, told, functions)}{body}"),
        stamp=stamp(facts),
        pictures=pictures,
    )


def stamp(facts: DocumentFacts) -> str:
    """The line at the foot of each page: whose it is, of which plan, and of when."""
    about = facts.about
    with in_language(about.language):
        return _("{organisation} · {title} · plan {hash} · as of {when}").format(
            organisation=visible(facts.organisation.name),
            title=about.title,
            hash=about.plan_hash,
            when=filters_of(about.language)["moment"](about.state_at),
        )


def _heading(
    kind: Kind, facts: DocumentFacts, templates: Templates, told: Mapping[str, Any], functions: Mapping[str, Any]
) -> str:
    if kind.heading == "none":
        return ""
    if kind.heading == "title":
        return f"# {plain(facts.about.title)}\n\n"
    return templates.render("header", told, functions).rstrip() + "\n\n"


def _noted(text: str, language: str) -> Markup:
    """Set apart from what is generated."""
    with in_language(language):
        label = _("Our notes")
    lines = (f"> {line}".rstrip() for line in text.strip().splitlines())
    return Markup("> **{}**\n>\n{}\n").format(label, Markup("\n".join(lines)))  # noqa: S704  Markdown of the organisation's own


def _tidy(text: str) -> str:
    """No more than one empty line where templates left several, except where lines stand as they are typed."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        bare = line.strip().lstrip("> ")
        if fence:
            fence = "" if bare == fence else fence
        elif bare.startswith("```"):
            fence = bare[: len(bare) - len(bare.lstrip("`"))]
        elif not line.strip() and (not lines or not lines[-1].strip()):
            continue
        lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"

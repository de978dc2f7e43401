"""The choice note as a document."""

from __future__ import annotations

from connectors.language import _, in_language
from runbooks.choice_facts import ChoiceFacts
from runbooks.filters import filters_of
from runbooks.output.document import Document
from runbooks.templating import Templates


def document_of(facts: ChoiceFacts) -> Document:
    """In the organisation's language, which the facts are worded in."""
    told = {name: getattr(facts, name) for name in type(facts).model_fields}
    with in_language(facts.language):
        title = _("Choice note: {organisation}").format(organisation=facts.organisation)
        stamp = _("{organisation} · choice note · as of {when}").format(
            organisation=facts.organisation, when=filters_of(facts.language)["moment"](facts.at)
        )
    return Document(
        name="choice",
        title=title,
        language=facts.language,
        markdown=Templates(facts.language).render("choice", told, {}),
        stamp=stamp,
    )

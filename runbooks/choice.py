"""The choice note as a document."""

from __future__ import annotations

from connectors.language import _, in_language
from runbooks.catalogue import PAGES
from runbooks.choice_facts import ChoiceFacts
from runbooks.filters import filters_of
from runbooks.output.document import Document
from runbooks.output.markdown import visible
from runbooks.template_facts import checked
from runbooks.templating import Templates

_CODE = PAGES["choice"].code


def document_of(facts: ChoiceFacts, templates: Templates) -> Document:
    """In the organisation's language, which facts and templates are of.  Raises TemplateProblem."""
    checked(templates, _CODE, ChoiceFacts)
    told = {name: getattr(facts, name) for name in type(facts).model_fields}
    organisation = visible(facts.organisation)
    with in_language(facts.language):
        title = _("Choice note: {organisation}").format(organisation=organisation)
        stamp = _("{organisation} · choice note · as of {when}").format(
            organisation=organisation, when=filters_of(facts.language)["moment"](facts.at)
        )
    return Document(
        name=_CODE, title=title, language=facts.language, markdown=templates.render(_CODE, told, {}), stamp=stamp
    )

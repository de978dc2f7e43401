"""What is compared with files of the project: documents from fixed facts, and the example organisation's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.language import in_language
from migrate.documents.making import Desk
from runbooks.building import build
from runbooks.catalogue import PAGES
from runbooks.output.page import html_page
from runbooks.pictures.of_facts import pictures
from runbooks.templating import Templates
from tests.unit.documents.fixed_facts import Language, every_document
from tests.unit.documents.fixed_pages import pages
from tests.unit.documents.meridional import EXAMPLE, gathered

GOLDEN = Path(__file__).parents[2] / "golden" / "documents"
DOCUMENTS = EXAMPLE / "documents"
LANGUAGES: tuple[Language, ...] = ("fr", "en")


def golden(language: Language) -> Iterator[tuple[Path, str]]:
    """Each document and page of the catalogue, below the folder of golden files."""
    templates = Templates(language)
    for kind, facts in every_document(language).items():
        with in_language(language):
            drawn = pictures(facts)
        document = build(kind, facts, templates, {}, drawn)
        yield Path(language) / f"{kind.code}.md", document.markdown
    for code, page in zip(PAGES, pages(language), strict=True):
        yield Path(language) / f"{code}.md", page.markdown


def examples() -> Iterator[tuple[Path, str]]:
    """What ``bascule runbook build`` writes for the example organisation, below its folder of documents."""
    from migrate.cli.runbook_whom import language_of, subjects_of

    with TemporaryDirectory(prefix="bascule-") as state, gathered(EXAMPLE, Path(state)) as found:
        for subject in subjects_of(found.organisation):
            language = language_of(found.organisation, subject)
            desk = Desk(found, subject, language)
            folder = subject.folder(EXAMPLE).relative_to(DOCUMENTS)
            for kind in desk.kinds():
                document, _facts = desk.document(kind)
                yield folder / f"{kind.code}.{language}.md", document.markdown
                yield folder / f"{kind.code}.{language}.html", html_page(document)

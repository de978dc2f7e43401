"""PDF of the same page, by WeasyPrint: A4, with the stamp and the page's number at the foot of each."""

from __future__ import annotations

import hashlib
from typing import NoReturn

from connectors.language import _
from runbooks.output.document import Document
from runbooks.output.page import html_page


class PdfMissing(Exception):
    """WeasyPrint lacks what it draws with on this machine; the text says what to install."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "PDF files need Pango on this machine. Debian and Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0;"
                " macOS: brew install pango; Windows: see WeasyPrint's page on installation. Pages can be made without."
            )
        )


def pdf(document: Document) -> bytes:
    """A tagged file (PDF/UA-1) that programs read aloud; the same document gives the same bytes.

    Raises PdfMissing, UnknownPicture.
    """
    try:
        # Loads fonts and takes a second: only when a PDF is asked for.
        from weasyprint import HTML
    except OSError as error:
        raise PdfMissing from error

    page = html_page(document)
    written = HTML(string=page, url_fetcher=_nothing).write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=hashlib.sha256(page.encode()).digest()[:16]
    )
    assert isinstance(written, bytes)
    return written


def _nothing(url: str, *_arguments: object, **_options: object) -> NoReturn:
    """The page has all that it needs; what a fact names is not fetched."""
    raise PermissionError(url)

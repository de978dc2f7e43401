"""One page that needs nothing else: it works offline, prints well, and remembers what was ticked."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from connectors.language import _, in_language
from runbooks.output.document import Document
from runbooks.output.frames import frame
from runbooks.output.markdown import inside, visible


def html_page(document: Document) -> str:
    """The page.  Its policy lets it load nothing, and run nothing but its own few lines for check boxes.

    Raises UnknownPicture.
    """
    script = _part("page.js")
    with in_language(document.language):
        labels = {
            "skip": _("Skip to the text"),
            "contents": _("Contents"),
            "ticked": _("{done} of {all} done"),
        }
    facts = {
        "document": document,
        "title": visible(document.title),
        "inside": inside(document),
        "labels": labels,
        "style": _part("page.css"),
        "script": script,
        "script_digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    return frame("page.html.j2").render(facts)


@cache
def _part(name: str) -> Markup:
    # Our own, and without anything from outside.
    return Markup(files("runbooks").joinpath("templates", name).read_text(encoding="utf-8"))  # noqa: S704

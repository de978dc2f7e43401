"""Files for word processors, by pandoc: the extra ``office``."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from markupsafe import Markup

from connectors.language import _
from runbooks.output.document import Document, Picture
from runbooks.output.markdown import inside

#: A check box, which word processors show as a sign to tick by hand.
_BOX = re.compile(r'<input type="checkbox"[^>]*?(?P<ticked> checked)?>')
#: Dots a picture has for each of its own units.
_SCALE = 2


class OfficeMissing(Exception):
    """The extra is not installed; the text says how to install it."""

    def __init__(self) -> None:
        super().__init__(_('Files for word processors need the extra "office": pip install "bascule[office]"'))


def office(document: Document, form: Literal["docx", "odt"]) -> bytes:
    """The document, with its pictures as dots.  Raises OfficeMissing, UnknownPicture."""
    try:
        import cairosvg
        import pypandoc
    except ImportError as error:
        raise OfficeMissing from error
    with TemporaryDirectory(prefix="bascule-") as place:
        folder = Path(place)

        def drawn(picture: Picture, caption: str) -> str:
            file = folder / f"{len(list(folder.iterdir()))}.png"
            cairosvg.svg2png(bytestring=picture.svg.encode(), write_to=str(file), scale=_SCALE)
            image = Markup('<img src="{}" alt="{}">').format(file.name, picture.text)
            return image + (Markup("<br><em>{}</em>").format(caption) if caption else "")

        found = inside(document, drawn)
        body = _BOX.sub(lambda box: "☑" if box["ticked"] else "☐", found.title + found.html).replace("<wbr>", "")
        out = folder / f"document.{form}"
        pypandoc.convert_text(
            body + str(Markup("<hr><p>{}</p>").format(document.stamp)),
            form,
            format="html",
            outputfile=str(out),
            extra_args=[f"--metadata=lang:{document.language}", f"--resource-path={folder}"],
        )
        return out.read_bytes()

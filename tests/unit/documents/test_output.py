"""The forms of a document: what a page, a PDF and files for word processors hold, and what they never do."""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser

import pytest

from runbooks.building import build
from runbooks.catalogue import DOCUMENTS
from runbooks.output.document import Document, Picture, UnknownPicture
from runbooks.output.markdown import anchor_of, inside, plain
from runbooks.output.office import office
from runbooks.output.page import html_page
from runbooks.output.pdf import pdf
from runbooks.templating import Templates
from tests.unit.documents.fixed_facts import every_document

EVIL = [
    "<script>alert(1)</script>",
    "=CMD()",
    "../x",
    "x" * 300,
    "שלום",
    "a\u202eb",
    "a|b",
    "[a](b)",
    "`c`",
    "1\n2",
    "\x07",
]
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 20"><rect width="75" height="20"/></svg>'
_TEXT = """\
# Mode opératoire\u00a0: Lyon

## Étape 1

1. [ ] **Karim**, 20 min. Lancez\u00a0:
   ```
   bascule archive collect lyon
   ```
2. [x] Fermez *Outlook*.

- [ ] une case `code`
- [ ] une case `code`
- rien

| boîte | messages |
|---|---:|
| anna@example.org | 12 |

![Progression](picture:progress)

## Étape 1

Fin <b>brute</b>.
"""


def document(text: str = _TEXT, **more: object) -> Document:
    told = {"stamp": "Méridional, plan 3fa2", "pictures": {"progress": Picture(_SVG, "75 %")}} | more
    return Document("lyon-runbook", "Lyon", "fr", text, **told)  # type: ignore[arg-type]


class _Seen(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_loads_nothing_and_runs_nothing_but_its_own() -> None:
    page = html_page(document())
    seen = _Seen(page)
    assert not [tag for tag, told in seen.tags if tag in ("img", "link", "iframe") or "src" in told]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert [told["lang"] for tag, told in seen.tags if tag == "html"] == ["fr"]


def test_headings_have_anchors_of_their_own_that_the_contents_lead_to() -> None:
    found = inside(document())
    assert [one.anchor for one in found.headings] == ["mode-operatoire-lyon", "etape-1", "etape-1-2"]
    assert anchor_of("«\u202f?!\u202f»") == "section"


def test_tasks_are_boxes_that_keep_their_place_when_the_document_is_built_again() -> None:
    keys = re.findall(r'data-key="(\w+)"( checked)?', str(inside(document()).html))
    assert (len(keys), len({key for key, _ticked in keys})) == (4, 4)
    assert [bool(ticked) for _key, ticked in keys] == [False, True, False, False]
    grown = inside(document(_TEXT.replace("## Étape 1\n", "## Avant\n\n- [ ] nouveau\n\n## Étape 1\n", 1)))
    assert [key for key, _ticked in keys] == re.findall(r'data-key="(\w+)"', str(grown.html))[1:]


def test_raw_html_and_links_that_run_something_stay_text() -> None:
    found = inside(document("# x\n\n<b>fett</b> [a](javascript:alert(1)) <img src=x onerror=y>\n"))
    assert "<b>" not in found.html
    assert "href" not in found.html
    assert "<img" not in found.html


@pytest.mark.parametrize("place", ["picture:nothing", "https://example.org/x.png", "x.png", "progress"])
@pytest.mark.parametrize("form", ["![a]({})", "![a][b]\n\n[b]: {}"])
def test_a_picture_from_elsewhere_is_refused(place: str, form: str) -> None:
    text = form.format(place)
    for made in (html_page, pdf, lambda one: office(one, "docx")):
        with pytest.raises(UnknownPicture) as caught:
            made(document(text))
        assert caught.value.name == place


def test_a_picture_is_drawn_in_and_told_in_words() -> None:
    html = str(inside(document()).html)
    assert 'aria-label="75 %"' in html
    assert "<svg" in html
    assert "Progression" in html


@pytest.mark.parametrize("fact", EVIL)
def test_a_fact_is_text_whatever_it_holds(fact: str) -> None:
    found = inside(document(f"# x\n\n| a | b |\n|---|---|\n| {plain(fact)} | y |\n\n- [ ] {plain(fact)}\n"))
    html = str(found.html)
    assert html.count("<td>") == 2
    assert not re.search(r"<(script|a|code|em|strong)\b", html)
    seen = _Seen(html).text
    for hidden in ("\u202e", "\x07"):
        assert hidden not in seen
    assert " ".join(fact.split()).replace("\u202e", r"\u202e").replace("\x07", r"\u0007") in seen.replace(
        "\u2068", ""
    ).replace("\u2069", "")


def test_a_title_turns_no_line_around() -> None:
    titled = Document("x", "a\u202eb <c>", "en", "# x\n", "stamp")
    assert re.findall("<title>(.*)</title>", html_page(titled)) == ["a\\u202eb &lt;c&gt;"]


def test_an_address_breaks_after_its_signs_in_a_table_and_is_whole_for_who_copies_it() -> None:
    text = "| a |\n|---|\n| claire.m@meridional.example, `x.y` |\n\njean.p@meridional.example\n"
    html = str(inside(document(text)).html)
    assert "claire.<wbr>m@<wbr>meridional.<wbr>example, <code>x.y</code>" in html
    assert "jean.p@meridional.example" in html
    made = zipfile.ZipFile(io.BytesIO(office(document(text), "docx"))).read("word/document.xml").decode()
    assert "claire.m@meridional.example" in re.sub(r"<[^>]*>", "", made)


@pytest.mark.parametrize("guide", ["outlook-classic", "ios"])
def test_a_quick_guide_is_one_page(guide: str) -> None:
    """The longest of them; in French, which needs more room."""
    from pypdfium2 import PdfDocument

    kind = DOCUMENTS[f"guides/{guide}"]
    made = build(kind, every_document("fr")[kind], Templates("fr"), {}, {})
    assert len(PdfDocument(pdf(made))) == 1


def test_the_same_document_is_the_same_pdf_and_says_its_stamp_on_each_page() -> None:
    from pypdfium2 import PdfDocument

    long = document(_TEXT + "\n\nencore\n" * 80)
    first = pdf(long)
    assert first == pdf(long)
    pages = PdfDocument(first)
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        text = page.get_textpage().get_text_range()
        assert "Méridional, plan 3fa2" in text
        assert f"{number} / {len(pages)}" in text


@pytest.mark.parametrize(("form", "part"), [("docx", "word/document.xml"), ("odt", "content.xml")])
def test_a_file_for_word_processors_holds_the_text_and_its_pictures(form: str, part: str) -> None:
    made = zipfile.ZipFile(io.BytesIO(office(document(), form)))  # type: ignore[arg-type]
    text = re.sub(r"<[^>]*>", "", made.read(part).decode())
    for said in (
        "Karim",
        "bascule archive collect lyon",
        "anna@example.org",
        "☐ Karim",
        "☑ Fermez",
        "&lt;b&gt;brute&lt;/b&gt;",
        "plan 3fa2",
    ):
        assert said in text
    assert [name for name in made.namelist() if name.endswith(".png")]

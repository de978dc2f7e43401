"""Pictures: they say in words what they show, keep to their frame, and are the same for the same facts."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connectors.language import in_language
from runbooks.catalogue import PICTURES
from runbooks.output.document import Document, Picture
from runbooks.output.office import office
from runbooks.output.pdf import pdf
from runbooks.pictures.bars import MOST_ROWS, largest, progress, sizes
from runbooks.pictures.drawing import INKS, cut, wrapped
from runbooks.pictures.gantt import sites_calendar
from tests.unit.documents.picture_facts import company, enormous_pictures, person, plain_pictures, site

GOLDEN = Path(__file__).parents[2] / "golden" / "pictures"
STYLE = Path(__file__).parents[3] / "runbooks" / "templates" / "page.css"
SVG = "{http://www.w3.org/2000/svg}"


def made(which: str, language: str = "en") -> dict[str, Picture]:
    with in_language(language):
        return dict({"plain": plain_pictures, "enormous": enormous_pictures}[which]())


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_of_known_facts_is_drawn_as_it_was(kind: str) -> None:
    """``python -m tests.unit.documents.test_pictures`` draws them anew, for somebody to look at."""
    assert made("plain")[kind].svg == (GOLDEN / f"{kind}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_says_what_it_shows_and_names_run_nothing(kind: str) -> None:
    one = made("enormous")[kind]
    drawn = ET.fromstring(one.svg)
    assert drawn.attrib["role"] == "img"
    assert drawn[0].tag == f"{SVG}title"
    assert (drawn[0].text or "") in one.text
    assert drawn[1].tag == f"{SVG}desc"
    assert not [shape for shape in drawn.iter() if shape.tag == f"{SVG}script"]
    assert not re.search("[\u202e\x07]", one.svg + one.text)


@pytest.mark.parametrize("kind", PICTURES)
def test_every_shape_is_within_the_frame_and_the_frame_on_a_page(kind: str) -> None:
    drawn = ET.fromstring(made("enormous")[kind].svg)
    width, height = float(drawn.attrib["width"]), float(drawn.attrib["height"])
    # The text of an A4 page: 176 mm wide, 259 mm high.
    assert height / width <= 259 / 176
    for shape in drawn.iter(f"{SVG}rect"):
        x, y, wide, high = (float(shape.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert x >= 0 <= y
        assert x + wide <= width + 0.2
        assert y + high <= height
    for text in drawn.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["y"]) <= height


def test_colours_of_a_picture_are_those_that_the_page_changes_by_night() -> None:
    style = STYLE.read_text(encoding="utf-8")
    for kind, one in made("plain").items():
        for name in set(re.findall(r"class=\"([^\"]*)\"", one.svg)) - {"gantt"}:
            for single in name.split():
                assert single.partition("-")[2] in INKS
                assert f".{single} {{" in style, f"{kind}: {single}"


def test_words_tell_what_the_bars_show() -> None:
    told = made("plain")["progress"].text
    assert "Wave 1 (1 site): 99.9%." in told, "what is not whole is not told as whole"
    assert "Wave 3 (1 site): not begun." in told


def test_a_wave_is_as_far_as_all_its_sites() -> None:
    with in_language("en"):
        half = progress([site("a", 1, 100, 100), site("b", 1, 0, 0)])
        assert progress([]) is None
    assert half is not None
    assert "Wave 1 (2 sites): 50.0%." in half.text


def test_more_rows_than_a_page_holds_are_counted() -> None:
    drawn = ET.fromstring(made("enormous")["progress"].svg)
    words = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    assert words[-1] == f"and {60 - (MOST_ROWS - 1)} more"


def test_mailboxes_are_counted_by_size_without_their_names() -> None:
    with in_language("en"):
        shown = sizes([person("anna@x.example", 0), person("b@x.example", 5 * 10**9), person("c@x.example", None)])
        assert sizes([]) is None
        assert sites_calendar(company(())) is None
    assert shown is not None
    assert "anna" not in shown.svg + shown.text
    assert shown.text == (
        "Mailboxes by size. under 1\u00a0GB: 1 mailbox. 1\u00a0GB to 5\u00a0GB: 0 mailboxes. "
        "5\u00a0GB to 10\u00a0GB: 1 mailbox. not looked at yet: 1 mailbox."
    )


def test_a_route_without_proof_is_told_by_sign_number_and_words() -> None:
    one = made("plain")["probes"]
    assert "✗ 0/1" in one.svg
    assert "14 of 15 routes are proved. anna@meridional.example: no copy arrived (From the old side)." in one.text


def test_words_are_cut_to_their_room() -> None:
    assert cut("abc", 1000) == "abc"
    assert cut("W" * 300, 100).endswith("…")
    assert len(cut("漢" * 300, 100)) < len(cut("i" * 300, 100))
    assert wrapped("one two three", 1000, 12, 3) == ["one two three"]
    lines = wrapped("one two three four five six seven", 50, 12, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")


def test_all_forms_take_the_pictures() -> None:
    pictures = made("plain")
    text = "# x\n\n" + "".join(f"![{name}](picture:{name})\n\n" for name in pictures)
    document = Document("x", "x", "en", text, "x", pictures)
    assert pdf(document).startswith(b"%PDF")
    assert office(document, "docx").startswith(b"PK")


def test_no_mailbox_has_no_largest() -> None:
    from runbooks.mail_facts import Inventory

    empty = Inventory(mailboxes=0, looked_at=0, shared=0, messages=0, size=0, largest=(), longest_message=None)
    assert largest(empty) is None


def _draw_anew() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, one in made("plain").items():
        (GOLDEN / f"{name}.svg").write_text(one.svg, encoding="utf-8")


if __name__ == "__main__":
    _draw_anew()

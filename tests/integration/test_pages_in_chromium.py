"""Pages as people see them, in a real browser: nothing overflows, nothing is fetched, what was ticked stays ticked."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from pypdfium2 import PdfDocument

from runbooks.output.markdown import plain
from runbooks.output.page import html_page
from tests.conftest import _present
from tests.servers.chromium import Chromium, running_chromium
from tests.unit.documents.picture_facts import enormous_pictures
from tests.unit.documents.test_output import _TEXT, EVIL, document

_WIDE = "\n".join(f"| {'x' * 40} |" + " 123456789 |" * 11 for _row in range(3))
_LONG = (
    _TEXT
    + "".join(f"\n## {plain(fact)}\n\n{plain(fact)} {plain('y' * 300)}\n" for fact in EVIL)
    + f"\n| {' | '.join('abcdefghijkl')} |\n{'|---' * 12}|\n{_WIDE}\n\n```\n{'bascule ' * 60}\n```\n"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with ExitStack() as running:
        yield _present(lambda: running.enter_context(running_chromium(tmp_path_factory.mktemp("chromium"))))


@pytest.fixture
def page(tmp_path: Path, chromium: Chromium) -> str:
    file = tmp_path / "page.html"
    file.write_text(html_page(document(_LONG)), encoding="utf-8")
    chromium.open(file.as_uri())
    return file.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(chromium: Chromium, page: str, width: int) -> None:
    chromium.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    wide = chromium.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    chromium.devtools("Emulation.clearDeviceMetricsOverride")


def test_no_error_is_logged_and_nothing_is_fetched(chromium: Chromium, page: str) -> None:
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0
    assert [one for one in chromium.said() if one["level"] in ("SEVERE", "WARNING")] == []


def test_what_was_ticked_is_ticked_when_the_page_is_opened_again(chromium: Chromium, page: str) -> None:
    assert _ticked(chromium) == [False, True, False, False]
    chromium.click("input[type=checkbox]", 0)
    chromium.click("input[type=checkbox]", 1)
    chromium.click("input[type=checkbox]", 2)
    assert _ticked(chromium) == [True, False, True, False]
    told = chromium.run("return document.querySelector('.ticked').innerText")
    assert "2" in told
    assert "4" in told
    # The first tab stays: a browser tells its other tabs of the ticks a moment later, and a tab that is left at once
    # never does.
    until = monotonic() + 20
    with chromium.another_tab():
        while _reopened(chromium, page) != [True, False, True, False]:
            assert monotonic() < until


def _reopened(chromium: Chromium, page: str) -> list[bool]:
    chromium.open(page)
    return _ticked(chromium)


def _ticked(chromium: Chromium) -> list[bool]:
    found = chromium.run("return [...document.querySelectorAll('input[type=checkbox]')].map((box) => box.checked)")
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_page_by_day_and_by_night(chromium: Chromium, page: str, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.devtools("Emulation.setEmulatedMedia", features=features)
    for selector in ("body", "footer", "nav a", ".caption"):
        colours = chromium.run(
            "const one = getComputedStyle(document.querySelector(arguments[0]));"
            "return [one.color, getComputedStyle(document.querySelector('nav')).backgroundColor]",
            selector,
        )
        # WCAG 2.2, 1.4.3: 4.5 to 1, on the darker and on the lighter of the page's two shades.
        assert _contrast(*colours) >= 4.5, selector
    chromium.devtools("Emulation.setEmulatedMedia", features=[])


def test_the_printed_page_has_its_boxes_and_every_word(chromium: Chromium, page: str, tmp_path: Path) -> None:
    told = chromium.devtools("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    file = tmp_path / "page.pdf"
    file.write_bytes(base64.b64decode(told["data"]))
    text = "".join(one.get_textpage().get_text_range() for one in PdfDocument(file))
    assert "☐" in text
    assert "Fermez Outlook" in text.replace("\r\n", " ")


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_word_of_a_picture_leaves_its_frame_or_fades_into_the_page(
    tmp_path: Path, chromium: Chromium, scheme: str
) -> None:
    pictures = enormous_pictures()
    text = "# x\n\n" + "".join(f"![{name}](picture:{name})\n\n" for name in pictures)
    file = tmp_path / "pictures.html"
    file.write_text(html_page(document(text, pictures=pictures)), encoding="utf-8")
    chromium.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    chromium.open(file.as_uri())
    outside = chromium.run(
        "return [...document.querySelectorAll('.figure svg text')].filter((text) => {"
        "  const frame = text.ownerSVGElement.getBoundingClientRect(), box = text.getBoundingClientRect();"
        "  return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;"
        "}).map((text) => text.textContent)"
    )
    assert outside == []
    ink, page = chromium.run(
        "return [getComputedStyle(document.querySelector('.ink-text')).fill,"
        "        getComputedStyle(document.body).backgroundColor]"
    )
    assert _contrast(ink, page) >= 4.5
    chromium.devtools("Emulation.setEmulatedMedia", features=[])

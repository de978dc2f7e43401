"""A document as a letter: its first heading is the subject, the rest a text for every mail program, and a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from runbooks.output.document import Document, Picture
from runbooks.output.frames import frame
from runbooks.output.markdown import inside

_COLUMNS = 72
_TAGS = re.compile(r"<[^>]*>")
#: Spaces that do not break stay.
_BREAKS = re.compile(r"[ \t\r\n]+")
_TASK = re.compile(r"^\[(?P<done>[ xX])\][ \u00a0]+")
#: Nobody ticks a box in a mail; it is there to be ticked on paper.
_BOX = re.compile(r'<label><input type="checkbox"[^>]*?(?P<ticked> checked)?>(?P<words>.*?)</label>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Letter:
    """``subject`` on one line, ``text`` plain, ``html`` a whole page that loads nothing."""

    subject: str
    text: str
    html: str


def letter(document: Document) -> Letter:
    """The document's title is the subject where it does not begin with a heading.  Raises UnknownPicture."""
    found = inside(document, _told)
    subject = _BREAKS.sub(" ", _TAGS.sub("", found.title)).strip()
    subject = unescape(subject) or document.title
    body = _BOX.sub(lambda box: f"{'☑' if box['ticked'] else '☐'} {box['words'].strip()}", found.html)
    page = frame("message.html.j2")
    html = page.render(language=document.language, subject=subject, inside=Markup(body))  # noqa: S704  made above
    return Letter(subject.replace("\u2068", "").replace("\u2069", ""), _text(document), html)


def _told(picture: Picture, caption: str) -> str:
    """Mail programs draw no SVG."""
    return Markup("<em>{}</em>").format(f"{caption}. {picture.text}" if caption else picture.text)


def _text(document: Document) -> str:
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(document.markdown)
    begins = len(tokens) > 1 and tokens[0].tag == "h1"
    return "\n".join(_Lines(document, tokens[3:] if begins else tokens).all()).strip("\n") + "\n"


class _Lines:
    """Walks the tokens of a document and lays out lines."""

    def __init__(self, document: Document, tokens: Sequence[Token]) -> None:
        self._document = document
        self._tokens = tokens
        #: What stands before the lines of a block within lists and quotations.
        self._margin: list[str] = []
        self._numbers: list[int | None] = []
        #: What stands before the first line of an item, once.
        self._sign: str | None = None
        self._cells: list[str] = []
        self._in_table = False

    def all(self) -> Iterator[str]:
        for token in self._tokens:
            if token.type.endswith("_open"):
                self._enter(token)
            elif token.type.endswith("_close"):
                yield from self._leave(token)
            else:
                yield from self._content(token)

    def _enter(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
            case "list_item_open":
                number = self._numbers[-1]
                self._sign = "- " if number is None else f"{number}. "
                self._numbers[-1] = None if number is None else number + 1
                self._margin.append(" " * len(self._sign))
            case "blockquote_open":
                self._margin.append("> ")
            case "table_open":
                self._in_table = True

    def _leave(self, token: Token) -> Iterator[str]:
        match token.type:
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                if not self._numbers:
                    yield ""
            case "list_item_close" | "blockquote_close":
                self._margin.pop()
            case "table_close":
                self._in_table = False
                yield ""
            case "tr_close":
                yield from self._laid("   ".join(self._cells))
                self._cells = []
            case "paragraph_close" | "heading_close" if not token.hidden:
                yield "".join(self._margin).rstrip()

    def _content(self, token: Token) -> Iterator[str]:
        if token.type in ("fence", "code_block"):
            yield from (f"{''.join(self._margin)}    {line}" for line in token.content.rstrip("\n").split("\n"))
            yield ""
        elif token.type == "hr":
            yield "-" * 20
            yield ""
        elif token.type == "inline" and self._in_table:
            self._cells.append(self._words(token))
        elif token.type == "inline":
            yield from self._laid(self._words(token))

    def _laid(self, words: str) -> Iterator[str]:
        margin = "".join(self._margin)
        first = margin
        if self._sign is not None:
            first = margin[: len(margin) - len(self._sign)] + self._sign
            self._sign = None
        for line in words.split("\n"):
            # Addresses of the web stay whole, whatever their length.
            laid = textwrap.wrap(
                line, _COLUMNS, initial_indent=first, subsequent_indent=margin,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
            yield from laid
            first = margin

    def _words(self, inline: Token) -> str:
        said: list[str] = []
        leads_to = ""
        for one in inline.children or ():
            match one.type:
                case "text" | "code_inline":
                    said.append(one.content)
                case "softbreak":
                    said.append(" ")
                case "hardbreak":
                    said.append("\n")
                case "image":
                    picture = self._document.pictures[str(one.attrs["src"]).removeprefix("picture:")]
                    said.append(f"{one.content}. {picture.text}" if one.content else picture.text)
                case "link_open":
                    leads_to = str(one.attrs["href"])
                case "link_close" if leads_to not in "".join(said):
                    said.append(f" <{leads_to}>")
        words = "".join(said)
        return _TASK.sub(lambda box: "☐ " if box["done"] == " " else "☑ ", words)

"""Markdown to the inside of a page: headings that can be linked to, tasks that can be ticked, pictures drawn in."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from runbooks.output.document import Document, Picture, UnknownPicture

_TASK = re.compile(r"\[(?P<done>[ xX])\][ \u00a0]+")
_PICTURE = "picture:"
#: What Markdown would take for more than text.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
#: What separates words and lines.  Spaces that hold together what they stand between stay.
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
#: Of these, those that belong to the writing of words and to pictures made of several signs.
_JOINERS = "\u00ad\u200c\u200d"
_ADDRESS = re.compile(r"([^\s@]+@[^\s@]+)")
_BREAKS_AFTER = re.compile(r"(?<=[@.])(?=\w)")
#: Headings that the table of contents shows.
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the table of contents."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands inside a page.  ``title``: the heading that it begins with, empty when it begins otherwise."""

    title: Markup
    html: Markup
    headings: Sequence[Heading]
    tasks: int


def drawn_in(picture: Picture, caption: str) -> str:
    """A picture as a part of the page."""
    # A figure may not stand in a paragraph, where Markdown puts a picture; these roles say the same.
    text = Markup('<span class="figure" role="img" aria-label="{text}">{svg}</span>').format(
        text=picture.text,
        svg=Markup(picture.svg),  # noqa: S704  our own drawing, whose texts are escaped
    )
    return text + (Markup('<span class="caption">{}</span>').format(caption) if caption else "")


def inside(document: Document, draw: Callable[[Picture, str], str] = drawn_in) -> Inside:
    """The document's text as HTML; ``draw`` makes that of a picture and its caption.  Raises UnknownPicture."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(document.markdown)
    headings = _headings(tokens)
    tasks = _tasks(tokens, document.name)
    _pictures(tokens, document, draw)
    _tables(tokens)
    begins = len(tokens) > 1 and tokens[0].tag == "h1"
    title, rest = (
        Markup(reader.renderer.render(some, reader.options, {}))  # noqa: S704  raw HTML is off
        for some in ((tokens[:3], tokens[3:]) if begins else ([], tokens))
    )
    return Inside(title, rest, headings, tasks)


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    """Give each heading an anchor of its own; those that the table of contents shows."""
    found: list[Heading] = []
    used: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))
        anchor = anchor_of(text)
        used[anchor] += 1
        if used[anchor] > 1:
            anchor = f"{anchor}-{used[anchor]}"
        opening.attrSet("id", anchor)
        level = int(opening.tag[1])
        if level <= _DEEPEST:
            found.append(Heading(level, anchor, text))
    return found


def anchor_of(text: str) -> str:
    """The anchor of a heading: small letters without accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"


def _tasks(tokens: Sequence[Token], name: str) -> int:
    """Turn items that begin with ``[ ]`` into check boxes; how many there are.

    What a box is remembered by follows from its words, so that it stays ticked when the document is built again.
    """
    seen: Counter[str] = Counter()
    items: list[Token] = []
    count = 0
    for token in tokens:
        if token.type == "list_item_open":
            items.append(token)
        elif token.type == "list_item_close":
            items.pop()
        elif token.type == "inline" and items and (found := _TASK.match(token.content)):
            first = (token.children or [Token("text", "", 0)])[0]
            if first.type != "text" or not _TASK.match(first.content + " "):
                continue
            words = token.content[found.end() :]
            seen[words] += 1
            key = hashlib.sha256(f"{name}\0{words}\0{seen[words]}".encode()).hexdigest()[:16]
            first.content = _TASK.sub("", first.content + ("" if _TASK.match(first.content) else " "), count=1)
            box = Token("html_inline", "", 0)
            ticked = Markup(" checked") if found["done"] != " " else Markup("")
            box.content = Markup('<label><input type="checkbox" data-key="{key}"{ticked}> ').format(
                key=key, ticked=ticked
            )
            end = Token("html_inline", "", 0)
            end.content = "</label>"
            token.children = [box, *(token.children or ()), end]
            items[-1].attrJoin("class", "task")
            count += 1
    return count


def _pictures(tokens: Sequence[Token], document: Document, draw: Callable[[Picture, str], str]) -> None:
    """Draw the pictures in; the page loads nothing from elsewhere."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                name = str(child.attrs["src"]).removeprefix(_PICTURE)
                picture = document.pictures.get(name)
                if picture is None or not str(child.attrs["src"]).startswith(_PICTURE):
                    raise UnknownPicture(str(child.attrs["src"]))
                child.content = draw(picture, child.content)
                child.type, child.tag, child.children = "html_inline", "", None


def _tables(tokens: list[Token]) -> None:
    """A table that is wider than the page is scrolled by itself, by keys too; in its cells, addresses break well."""
    for before, cell in pairwise(tokens):
        if before.type in ("td_open", "th_open") and cell.children:
            cell.children = [part for child in cell.children for part in _breaking(child)]
    at = 0
    while at < len(tokens):
        if tokens[at].type in ("table_open", "table_close"):
            wrapper = Token("html_block", "", 0)
            opening = tokens[at].type == "table_open"
            wrapper.content = '<div class="wide" tabindex="0" role="region">\n' if opening else "</div>\n"
            tokens.insert(at if opening else at + 1, wrapper)
            at += 1
        at += 1


def _breaking(child: Token) -> list[Token]:
    """An address in narrow room breaks after its @ or a dot, not within a word; who copies it copies nothing else."""
    if child.type != "text" or "@" not in child.content:
        return [child]
    found = []
    for number, part in enumerate(_ADDRESS.split(child.content)):
        for place, word in enumerate(_BREAKS_AFTER.split(part) if number % 2 else [part]):
            if place:
                found.append(Token("html_inline", "", 0, content="<wbr>"))
            found.append(Token("text", "", 0, content=word))
    return found


def plain(text: object) -> str:
    """A fact for Markdown: none of its characters is markup, and it stays on one line and by itself."""
    shown = visible(_SPACES.sub(" ", str(text)).strip(" "))
    return _MARKUP.sub(r"\\\1", shown)


def visible(text: str) -> str:
    """Control characters, and those that turn the direction of what follows, as what they are.

    A text that runs from right to left is kept apart from the line around it (Unicode Standard Annex 9, isolates).
    """
    visible = "".join(
        f"\\u{ord(one):04x}" if unicodedata.category(one) in _UNSEEN and one not in _JOINERS else one for one in text
    )
    leftwards = any(unicodedata.bidirectional(one) in ("R", "AL") for one in visible)
    return f"\u2068{visible}\u2069" if leftwards else visible

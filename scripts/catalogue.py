"""The French catalogue: `catalogue.py update` takes up new texts, `catalogue.py check` says what is not translated.

Texts come from three places: calls of `_`, `plural` and `mark` in the packages, the help of commands and options,
and Click's own words.
"""

from __future__ import annotations

import ast
import io
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from connectors.language import DOMAIN, FOLDER
from migrate.cli.help_language import help_texts
from migrate.cli.main import bascule

ROOT = Path(__file__).parents[1]
PACKAGES = ("connectors", "plans", "migrate", "runbooks")
PO = FOLDER / "fr" / "LC_MESSAGES" / f"{DOMAIN}.po"
#: Keyword arguments of `plural` are its singular and plural.
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "mark": None, "plural": (1, 2), "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.j2", "jinja2")]


def main() -> int:
    if sys.argv[1:] == ["update"]:
        update()
        return 0
    if sys.argv[1:] == ["check"]:
        found = list(problems())
        click.echo("\n".join(found) or "The French catalogue is complete.")
        return bool(found)
    click.echo(__doc__, err=True)
    return 2


def update() -> None:
    """Take up what is new, drop what is gone, and compile."""
    catalogue, wanted = _catalogue(), _own_texts()
    for message in _texts_of_click():
        wanted.add(message.id)
    catalogue.update(wanted, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, no_location=True, omit_header=False)
    PO.with_suffix(".mo").write_bytes(_compiled(_catalogue()))


def problems() -> Iterator[str]:
    """Texts that have no French, French that nothing asks for, values that do not fit, and a .mo that is stale.

    Click's own words come and go with its versions: they may be missing, or left over.
    """
    yield from _hidden()
    catalogue, wanted = _catalogue(), _own_texts()
    of_click = {_first(message.id) for message in _texts_of_click()}
    for message in wanted:
        if not message.id:
            continue
        translated = catalogue.get(message.id)
        if translated is None or not _is_whole(translated):
            yield f"Not translated: {message.id!r}"
        elif translated.fuzzy:
            yield f"Only guessed: {message.id!r}"
        elif _fields(message.id) != _fields(translated.string):
            yield f"The values differ: {message.id!r}"
    for message in catalogue:
        if message.id and wanted.get(message.id) is None and _first(message.id) not in of_click:
            yield f"No longer used: {message.id!r}"
    compiled = PO.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != _compiled(catalogue):
        yield f"{compiled.name} is older than {PO.name}: run scripts/catalogue.py update"


def _hidden() -> Iterator[str]:
    """Calls inside an f-string, which the extraction does not see before Python 3.12."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield from (
                        f"Hidden in an f-string: {file.relative_to(ROOT)}:{call.lineno}"
                        for call in ast.walk(node)
                        if isinstance(call, ast.Call)
                        and isinstance(call.func, ast.Name)
                        and call.func.id in KEYWORDS
                        and any(isinstance(one, ast.Constant) for one in call.args)
                    )


def _catalogue() -> Catalog:
    if not PO.exists():
        return Catalog(
            locale="fr", domain=DOMAIN, project="bascule", version="1", fuzzy=False, header_comment="# French."
        )
    with PO.open("rb") as file:
        return read_po(file, locale="fr", domain=DOMAIN)


def _own_texts() -> Catalog:
    catalogue = Catalog(domain=DOMAIN)
    for package in PACKAGES:
        for _file, _line, text, _comments, _context in extract_from_dir(ROOT / package, METHODS, keywords=KEYWORDS):
            catalogue.add(text)
    for _owner, text in help_texts(bascule.complete()):
        catalogue.add(text)
    return catalogue


def _texts_of_click() -> Iterator[Message]:
    catalogue = Catalog(domain=DOMAIN)
    for _file, _line, text, _comments, _context in extract_from_dir(
        Path(click.__file__).parent, METHODS[:1], keywords=KEYWORDS
    ):
        catalogue.add(text)
    yield from (message for message in catalogue if message.id)


def _compiled(catalogue: Catalog) -> bytes:
    data = io.BytesIO()
    write_mo(data, catalogue)
    return data.getvalue()


def _first(texts: str | list[str] | tuple[str, ...]) -> str:
    return texts if isinstance(texts, str) else texts[0]


def _is_whole(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, list | tuple) else bool(message.string)


def _fields(texts: str | list[str] | tuple[str, ...]) -> set[str]:
    """The names of the values in a text; of several, those of the last."""
    text = texts if isinstance(texts, str) else texts[-1]
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return set()  # a brace that stands for itself


if __name__ == "__main__":
    sys.exit(main())

"""What the commands that take the paths of archives have in common."""

from __future__ import annotations

import glob
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from connectors.archives.contract import Reading
from connectors.folder_names import harmless
from connectors.language import _, labelled, plural
from connectors.os_errors import os_error_text
from migrate.archives.addresses import add_unknown, read_addresses
from migrate.archives.troubles import CannotRead, CannotWrite
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import show_line
from migrate.cli.organisation import Trouble
from plans import PlanError

_C = TypeVar("_C", bound=Callable[..., object])
#: Seconds between plain lines, and between two looks of the terminal.
_PLAIN_EVERY, _SHOWN_EVERY = 10.0, 0.1


def addresses_options(command: _C) -> _C:
    """``--addresses`` and ``--template``."""
    file = click.Path(dir_okay=False, path_type=Path)
    command = click.option(
        "--template", type=file, help="Add the X.500 addresses that nobody knows to this CSV, to be filled in."
    )(command)
    return click.option(
        "--addresses", type=file, help="A CSV with the mail addresses of X.500 addresses (columns x500, address)."
    )(command)


def expanded(texts: Sequence[str]) -> list[Path]:
    """Paths as given, wildcards filled in where the shell did not.  Raises :class:`Trouble` when one fits nothing."""
    paths: list[Path] = []
    for text in texts:
        path = Path(text)
        found = [path] if path.exists() or not any(sign in text for sign in "*?") else []
        found = found or [Path(one) for one in sorted(glob.glob(text.replace("[", "[[]"), recursive=True))]  # noqa: PTH207
        if not found:
            raise Trouble(_("No archive is named as {path}.").format(path=shown(text)))
        paths += [one for one in found if one not in paths]
    return paths


@contextmanager
def reading_with(addresses: Path | None, *, salvage: bool = False) -> Iterator[Reading]:
    """How archives are read, with a private folder for what is large.  Raises :class:`Trouble`."""
    known: Mapping[str, str] = {}
    if addresses is not None:
        with addresses_told(addresses):
            known = read_addresses(addresses)
    with TemporaryDirectory(prefix="bascule-") as spool:
        yield Reading(Path(spool), known, salvage=salvage)


def fill_template(template: Path | None, unknown: Mapping[str, int], language: str) -> int | None:
    """Add what is lacking to the table that is to be filled in; how many lines.  Raises :class:`Trouble`."""
    if template is None:
        return None
    with addresses_told(template):
        return add_unknown(template, unknown, language)


def address_lines(unknown: int, template: Path | None, added: int | None, hint: str) -> list[str]:
    """What is to be said of X.500 addresses without a mail address, and of the table that is to be filled in.

    ``hint``: how to come by one.
    """
    lines = []
    if unknown:
        lines.append(
            plural(
                "{n} X.500 address has no mail address: nobody can answer to it.",
                "{n} X.500 addresses have no mail address: nobody can answer to them.",
                unknown,
            )
        )
    if template is None:
        lines += [hint] if unknown else []
    elif added:
        text = plural("{n} of them is new in {{file}}.", "{n} of them are new in {{file}}.", added)
        lines.append(text.format(file=shown(template)) + " " + _("Fill in its column of mail addresses."))
    else:
        lines.append(_("Nothing was written to {file}: it lacks no X.500 address.").format(file=shown(template)))
    return lines


@contextmanager
def addresses_told(file: Path) -> Iterator[None]:
    """What is wrong with a table of addresses, as a :class:`Trouble`."""
    try:
        yield
    except PlanError as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        raise Trouble(labelled(str(file), os_error_text(error))) from error


@contextmanager
def disks_told(to: Path, archive: Path | None = None) -> Iterator[None]:
    """What a disk refuses, as a :class:`Trouble` that says where and what to do: the file, else where it lies."""
    try:
        yield
    except CannotWrite as trouble:
        error = trouble.error
        full = error.errno in (ENOSPC, EDQUOT)
        text = _("{file} cannot be written: {why}. Make room, or see that this user may write there.")
        advice = _("Run the same command again; it continues where it stopped.")
        told = text.format(file=shown(error.filename or to), why=os_error_text(error))
        raise Trouble(f"{told} {advice}", Exit.QUOTA if full else Exit.LEDGER) from error
    except CannotRead as trouble:
        error = trouble.error
        text = _("{file} cannot be read: {why}. See that the drive is connected.")
        advice = _("Run the same command again; it continues where it stopped.")
        told = text.format(file=shown(error.filename or archive or to), why=os_error_text(error))
        raise Trouble(f"{told} {advice}", Exit.CONNECTION) from error


def shown(text: object) -> str:
    """A path or a text of an archive's, for a terminal: nothing in it commands one, or cannot be written there."""
    return harmless(str(text).encode("utf-8", "backslashreplace").decode())


class Working:
    """Says how far a command is: on a terminal in one line, elsewhere in a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = self._shown = time.monotonic()
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=self._console, transient=True) as bar:
            self._bar = bar
            self._task = bar.add_task("")
            yield
        self._bar = None

    def say(self, word: Callable[[], str]) -> None:
        """Called as often as anything happens; words it seldom."""
        now = time.monotonic()
        if self._bar is not None:
            if now - self._shown >= _SHOWN_EVERY:
                self._shown = now
                self._bar.update(self._task, description=word())
        elif now - self._said >= _PLAIN_EVERY:
            self._said = now
            show_line(self._console, word())

"""Help in the language of the reader: Click keeps one text for each command and option."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from connectors.language import _

#: The English texts, by what they belong to; a process may learn its language after it was set up.
_english: dict[click.Command | click.Option, str] = {}


def help_texts(command: click.Command) -> Iterator[tuple[click.Command | click.Option, str]]:
    """Each command and option at or below ``command`` that has a help text, with that text in English."""
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    owners: list[click.Command | click.Option] = [command, *options]
    for one in owners:
        if one.help:
            yield one, _english.setdefault(one, cleandoc(one.help))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from help_texts(below)


def translate_help(command: click.Command) -> None:
    """Word the help of ``command`` and all below it in the language of this process."""
    for one, english in help_texts(command):
        one.help = _(english)
        if isinstance(one, click.Command):
            one.short_help = question(one.help)


def question(text: str) -> str:
    """What the list of a group shows of a help text: the question that the command answers, which fits a line."""
    return " ".join(text.partition("\n\n")[0].partition("  ")[0].split())

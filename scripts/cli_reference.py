"""Writes docs/cli.md, the question, options and examples of every command, from the command line itself.

Run it after a command or an option changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from migrate.cli.main import bascule

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_HEAD = """\
# Help of every command

What `bascule COMMAND --help` says, in one page.
[Commands](commands.md) says more about each, with exit codes and reason codes.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *_commands(bascule.complete(), "bascule")])


def _commands(command: click.Command, name: str) -> Iterator[str]:
    yield f"## `{_usage(command, name)}`\n\n{_text(command.help or '')}\n"
    options = [
        parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    if options:
        rows = (
            f"| {', '.join(f'`{word}`' for word in option.opts)} | {_cell(option.help or '')} |" for option in options
        )
        yield "\n".join(["| option | is |", "|---|---|", *rows]) + "\n"
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            yield from _commands(one, f"{name} {below}")


def _usage(command: click.Command, name: str) -> str:
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    words = [(one.human_readable_name if one.required else f"[{one.human_readable_name}]") for one in arguments]
    return " ".join([name, *words])


def _text(text: str) -> str:
    """Help as Markdown: what Click is told not to wrap becomes a block of code."""
    paragraphs = cleandoc(text).split("\n\n")
    return "\n\n".join(f"```{one.removeprefix(chr(8))}\n```" if one.startswith(chr(8)) else one for one in paragraphs)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

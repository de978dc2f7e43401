"""Every command that a document tells somebody to type is there, with its options."""

from __future__ import annotations

import re
import shlex

import click

from migrate.cli.main import bascule
from tests.unit.documents.golden import GOLDEN

_TYPED = re.compile(r"`(bascule [^`]*)`")


def _unknown(typed: str) -> list[str]:
    """Words of a command that nobody would understand."""
    command: click.Command = bascule
    context = click.Context(bascule)
    words = shlex.split(typed)[1:]
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            break
        command, context, words = found, click.Context(found, parent=context), words[1:]
    if command is bascule:
        return words[:1]
    known = {name for parameter in command.params for name in parameter.opts}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


def test_every_command_of_a_document_is_one_of_ours() -> None:
    typed = {one for path in GOLDEN.rglob("*.md") for one in _TYPED.findall(path.read_text(encoding="utf-8"))}
    assert len(typed) > 50
    assert {one: wrong for one in sorted(typed) if (wrong := _unknown(one))} == {}

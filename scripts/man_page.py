"""Writes docs/man/bascule.1 from the command line itself; run it after a command or an option changed."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from migrate.cli.exit_codes import Exit
from migrate.cli.explanations import EXITS
from migrate.cli.main import bascule

PAGE = Path(__file__).parents[1] / "docs" / "man" / "bascule.1"


def page() -> str:
    """The manual page, in roff."""
    lines = [
        '.TH BASCULE 1 "" "Bascule" "User Commands"',
        ".SH NAME",
        r"bascule \- moves the mailboxes of an organisation, each message exactly once",
        ".SH SYNOPSIS",
        r".B bascule",
        r"[\-C \fIFOLDER\fR] \fICOMMAND\fR [\fIOPTION\fR...]",
        ".SH DESCRIPTION",
        *_text(bascule.help or ""),
        ".SH OPTIONS",
        *_options(bascule),
        ".SH COMMANDS",
    ]
    for words, command in _leaves(bascule.complete(), ()):
        lines += [f".SS {_safe(' '.join(words))} {_safe(_arguments(command))}".rstrip()]
        lines += _text(command.help or "")
        lines += _options(command)
    lines += [".SH EXIT STATUS"]
    for code in Exit:
        lines += [".TP", rf"\fB{int(code)}\fR", _safe(f"{EXITS[code].what}.")]
    lines += [
        ".PP",
        "Of several troubles the highest number wins; an interruption always tells.",
        ".SH FILES",
        ".TP",
        r"\fIorganisation.yaml\fR, \fIsites/*.yaml\fR",
        "The plan.",
        ".TP",
        r"\fI.bascule/ledger.sqlite\fR",
        "The ledger: where every message went, or why not.",
        ".SH ENVIRONMENT",
        ".TP",
        r"\fBLANGUAGE\fR, \fBLC_ALL\fR, \fBLC_MESSAGES\fR, \fBLANG\fR",
        "The language, French or English, where no plan names one.",
    ]
    return "\n".join(lines) + "\n"


def _leaves(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, (*above, name))
        else:
            yield (*above, name), command


def _arguments(command: click.Command) -> str:
    return " ".join(
        (name if parameter.required else f"[{name}]")
        for parameter in command.params
        if isinstance(parameter, click.Argument)
        for name in [(parameter.name or "").upper()]
    )


def _options(command: click.Command) -> list[str]:
    lines: list[str] = []
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        names = ", ".join(rf"\fB{_safe(name)}\fR" for name in parameter.opts)
        value = "" if parameter.is_flag else rf" \fI{_safe(_value(parameter))}\fR"
        lines += [".TP", f"{names}{value}", _safe(parameter.help or "")]
    return lines


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "|".join(option.type.choices)
    if isinstance(option.type, click.Path):
        return "FOLDER"
    return option.opts[-1].lstrip("-").replace("-", "_").upper()


def _text(text: str) -> list[str]:
    """Paragraphs of a help text; those that Click keeps as they are written stay so here."""
    lines: list[str] = []
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines += [".PP", ".nf", *(_safe(line) for line in paragraph.splitlines()[1:]), ".fi"]
        else:
            lines += [".PP", _safe(" ".join(paragraph.split()))]
    return lines


def _safe(text: str) -> str:
    """Text as roff takes it: a backslash, a hyphen and a dot at the start of a line mean something there."""
    safe = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return rf"\&{safe}" if safe.startswith(".") else safe


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")

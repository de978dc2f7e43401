"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from connectors.language import speak

_C = TypeVar("_C", bound=Callable[..., object])


def json_option(command: _C) -> _C:
    """``--json``, given to the command as ``to_json``.  What programs read is English."""
    return click.option(
        "--json", "to_json", is_flag=True, is_eager=True, callback=_speak_english, help="For programs."
    )(command)


def _speak_english(_context: click.Context, _parameter: click.Parameter, to_json: bool) -> bool:
    if to_json:
        speak("en", settle=True)
    return to_json

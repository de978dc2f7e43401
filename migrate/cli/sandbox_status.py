"""``bascule sandbox status``."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.sandbox_page import answers, show
from migrate.cli.sandbox_room import keep_option, room_of, runs
from migrate.sandbox.standing import read_standing


@click.command()
@keep_option("The folder that sandbox up was given.")
@json_option
@click.pass_obj
def status(place: Place, keep: Path | None, to_json: bool) -> None:
    """Does a sandbox run, where, and does each of its servers answer?

    Exit code 6 when none runs, or when one of its servers does not answer.

    \b
    Example:  bascule -C learn sandbox status
    """
    room = room_of(place, keep)
    standing = read_standing(room) if runs(room) else None
    if standing is None:
        if not to_json:
            told = _("No sandbox runs in {folder}. Start one with: bascule sandbox up")
            raise Trouble(told.format(folder=room), Exit.CONNECTION)
        print_json({"exit_code": int(Exit.CONNECTION), "running": False, "folder": str(room.absolute()),
                    "pid": None, "since": None, "kept": None, "stand_ins": {}})  # fmt: skip
        raise SystemExit(Exit.CONNECTION)
    answering = {name: answers(stand_in) for name, stand_in in standing.stand_ins.items()}
    code = Exit.OK if all(answering.values()) else Exit.CONNECTION
    if to_json:
        told_ins = {
            name: {**stand_in.model_dump(), "answers": answering[name]} for name, stand_in in standing.stand_ins.items()
        }
        print_json({"exit_code": int(code), "running": True, **standing.model_dump(exclude={"stand_ins"}),
                    "stand_ins": told_ins})  # fmt: skip
    else:
        show(terminal(), standing)
    raise SystemExit(code)

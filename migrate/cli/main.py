"""The command ``bascule``."""

from __future__ import annotations

import gc
import logging
import signal
from pathlib import Path

import click

import plans
from connectors.language import language_of, speak
from migrate.cli.adopt import adopt
from migrate.cli.advice import worded
from migrate.cli.backup import backup
from migrate.cli.check import check
from migrate.cli.completion import completion
from migrate.cli.copy import copy
from migrate.cli.exit_codes import Exit, code_of
from migrate.cli.explain import explain
from migrate.cli.folders import folders
from migrate.cli.help_language import translate_help
from migrate.cli.init import init
from migrate.cli.not_copied import not_copied
from migrate.cli.organisation import Place, Trouble
from migrate.cli.people import people
from migrate.cli.plan import plan
from migrate.cli.secrets import secrets
from migrate.cli.status import status
from migrate.cli.verify import verify


class Commands(click.Group):
    """Turns the troubles that people can do something about into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            code = code_of(error)
            if code is Exit.BUG:
                raise
            raise Trouble(worded(error), code) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bascule", prog_name="bascule")
@click.option(
    "-C",
    "--organisation",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The organisation's folder; the current one unless given.",
)
@click.pass_context
def bascule(ctx: click.Context, organisation: Path) -> None:
    """Move a company's mailboxes, site by site, without losing or doubling a message.

    \b
    Begin with:  bascule init --name "Example Ltd" --site paris
    Then:        bascule plan check
                 bascule check paris
                 bascule copy paris --dry-run
                 bascule copy paris
                 bascule status
                 bascule not-copied paris
                 bascule verify paris
    """
    ctx.obj = Place(organisation)
    speak(plans.language_of(organisation) or language_of())
    translate_help(bascule)


for command in (
    init, plan, people, secrets, check, folders, backup, copy, status, not_copied, verify, adopt, explain, completion
):  # fmt: skip
    bascule.add_command(command)


def main() -> None:
    # Libraries log what goes over the line; nothing of that may reach a terminal or a file.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable(logging.WARNING)
    # What was imported stays for good: the collector need not look at it again and again.
    gc.freeze()
    # The organisation's own language follows once its folder is known.
    speak(language_of())
    translate_help(bascule)
    try:
        bascule(prog_name="bascule")
    finally:
        # The command is over: a late Ctrl-C must not turn its end into a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

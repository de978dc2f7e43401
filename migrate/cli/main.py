"""The command ``bascule``."""

from __future__ import annotations

import ast
import gc
import logging
import signal
from importlib import import_module
from pathlib import Path
from typing import cast

import click
from click.shell_completion import CompletionItem

import plans
from connectors.language import _, language_of, speak
from migrate.cli.exit_codes import Exit, code_of
from migrate.cli.help_language import question, translate_help
from migrate.cli.organisation import Place, Trouble
from plans.problems import did_you_mean

#: Commands in the order of a move, each in the module of the same name.
_COMMANDS = (
    "init", "discover", "systems", "plan", "people", "secrets", "microsoft365", "gmail", "sandbox", "archive",
    "advise", "dns", "accounts", "domain", "licences", "groups", "check", "rehearse", "estimate", "folders",
    "backup", "copy", "status", "not-copied", "verify", "adopt", "delivery", "rollout", "cases", "note", "handover",
    "runbook", "messages", "evidence", "report", "hours", "explain", "completion",
)  # fmt: skip


class Commands(click.Group):
    """Imports a command when it is called: start-up is short, and what other commands need no part of it.

    Turns the troubles that people can do something about into one message and an exit code.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _COMMANDS:
            self.add_command(_imported(cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _question(name)) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=_question(name)) for name in names]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def complete(self) -> Commands:
        """The same with all its commands, for what describes them."""
        for name in _COMMANDS:
            # In their order, whichever was called before.
            self.commands[name] = self.commands.pop(name) if name in self.commands else _imported(name)
        return self

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            # Click knows the commands that were imported, and this one is none of them.
            hint = did_you_mean(args[0], _COMMANDS)
            raise click.UsageError(f"{error.message} {hint}".rstrip(), error.ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            # Commands that have something to finish first, or more to say, hear Ctrl-C themselves.
            text = _("Interrupted. Run the same command again when it suits.")
            raise Trouble(text, Exit.INTERRUPTED) from None
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            # Troubles are rare, and what words them would cost every start.
            from migrate.cli.advice import worded

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


def _question(name: str) -> str:
    """What the command answers, read from its module and not imported: a list of commands waits for none of them."""
    word = name.replace("-", "_")
    module = ast.parse(Path(__file__).with_name(f"{word}.py").read_text(encoding="utf-8"))
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == word)
    return question(_(next(filter(None, map(ast.get_docstring, functions)))))


def _imported(name: str) -> click.Command:
    word = name.replace("-", "_")
    command = cast("click.Command", getattr(import_module(f"migrate.cli.{word}"), word))
    translate_help(command)
    # What was imported stays for good: the collector need not look at it again and again.
    gc.freeze()
    gc.enable()
    return command


def main() -> None:
    # Libraries log what goes over the line; nothing of that may reach a terminal or a file.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable(logging.WARNING)
    # The organisation's own language follows once its folder is known.
    speak(language_of())
    translate_help(bascule)
    try:
        bascule(prog_name="bascule")
    finally:
        # The command is over: a late Ctrl-C must not turn its end into a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

"""``bascule completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """How does my shell complete commands, sites and addresses with the Tab key?  Prints the script for it.

    Put its output into ~/.bashrc or ~/.zshrc, or for fish into ~/.config/fish/completions/bascule.fish.

    \b
    Example:  bascule completion bash >> ~/.bashrc
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that can be chosen"
    root = context.find_root()
    click.echo(kind(root.command, {}, "bascule", "_BASCULE_COMPLETE").source())

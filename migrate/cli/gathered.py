"""What is true of many mailboxes for one reason: the reason is told once, and every mailbox is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from connectors.language import labelled, plural
from migrate.cli.advice import worded
from migrate.cli.lines import show_line


def gathered(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The lines for pairs of a mailbox and what there is to say of it, in the order in which reasons first come.

    A server that is down fails a whole site: a hundred times the same advice hides what else is wrong.
    """
    reasons: dict[str, dict[str, None]] = {}
    for mailbox, why in told:
        reasons.setdefault(why, {})[mailbox] = None  # once, also where both sides fail for the same reason
    for why, mailboxes in reasons.items():
        if len(mailboxes) == 1:
            yield labelled(next(iter(mailboxes)), why)
        else:
            yield labelled(plural("{n} mailbox", "{n} mailboxes", len(mailboxes)), why)
            yield "  " + ", ".join(mailboxes)


def show_errors(console: Console, failed: Iterable[tuple[str, BaseException]]) -> None:
    """What went wrong with which mailboxes, and what to do about it."""
    for line in gathered((mailbox, worded(error)) for mailbox, error in failed):
        show_line(console, line, "red")

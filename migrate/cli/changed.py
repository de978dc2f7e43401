"""Copies that are not what the source holds, as ``bascule not-copied`` tells of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click

from connectors.language import _, mark
from migrate.copy.kept import KeptMail
from migrate.figures import path_text, size_text
from migrate.ledger import repairs
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.repairs import Changed
from migrate.ledger.schema import Direction
from migrate.ledger.store import Ledger

#: What each rule did, for people who have to decide whether it matters.
_RULES = {
    "nul": mark("NUL bytes, which no mail may hold, travel encoded, or were taken out where they could not"),
    "raw-8bit-header": mark("raw 8-bit bytes in the header became encoded words, which show the same letters"),
    "long-line": mark("lines that are too long were folded, or travel encoded; what they say is the same"),
    "missing-date": mark("there was no date; the day it was received stands in"),
    "missing-from": mark("there was no sender; unknown@unknown.invalid stands in"),
    "missing-message-id": mark("there was no Message-ID; one made of its content stands in"),
}


def kept_line(path: Path) -> str:
    return _("      kept as {path}").format(path=path)


def changed_as_json(ledger: Ledger, begun: Sequence[MailboxRow], kept: KeptMail) -> list[dict[str, object]]:
    return [
        {
            "mailbox": row.name,
            "folder": one.folder,
            "key": one.key,
            "received": None if one.received is None else datetime.fromtimestamp(one.received, UTC).isoformat(),
            "size": one.size,
            "what": "repaired" if one.by_us else "altered-by-target",
            "rules": one.rules,
            "when": datetime.fromtimestamp(one.when, UTC).isoformat(),
            "kept_as": None if one.original is None else str(kept.path(row.name, one.original)),
            "digests": {
                "original": one.original and one.original.hex(),
                "sent": one.sent.hex(),
                "found": one.found and one.found.hex(),
            },
        }
        for row in begun
        for one in _of(ledger, row)
    ]


def print_changed(ledger: Ledger, begun: Sequence[MailboxRow], zone: tzinfo, kept: KeptMail) -> None:
    """A line a message, and for each rule what it means."""
    counted: Counter[tuple[bool, str]] = Counter()
    for row in begun:
        found = _of(ledger, row)
        if found:
            click.secho(_("{mailbox}, copied otherwise than it was:").format(mailbox=row.name), bold=True)
        for one in found:
            counted.update((one.by_us, rule) for rule in one.rules)
            click.echo(_line(one, zone))
            if one.original is not None:
                click.echo(kept_line(kept.path(row.name, one.original)))
    for (by_us, rule), count in counted.items():
        if by_us:
            click.echo(
                _(
                    "{count} copied, repaired by the rule {rule}: {meaning}. The originals are kept; nothing to do."
                ).format(count=count, rule=rule, meaning=_(_RULES[rule]))
            )
        else:
            click.echo(
                _(
                    "{count} copied, and changed by the target itself, as was seen when it was read back. What comes"
                    " after it is repaired by the rule {rule} where that may be. Nothing to do, unless bytes matter."
                ).format(count=count, rule=rule)
            )


def _of(ledger: Ledger, row: MailboxRow) -> list[Changed]:
    with ledger.read() as connection:
        return repairs.of_mailbox(connection, row.id, Direction.FORTH)


def _line(one: Changed, zone: tzinfo) -> str:
    received = "" if one.received is None else f"{datetime.fromtimestamp(one.received, zone):%Y-%m-%d %H:%M}"
    size = "" if one.size is None else size_text(one.size)
    what = _("repaired: {rules}") if one.by_us else _("altered: {rules}")
    return _("  {received:16}  {size:>8}  {what:15}  {folder}  (key {key})").format(
        received=received,
        size=size,
        what=what.format(rules=", ".join(one.rules)),
        folder=path_text(one.folder),
        key=one.key,
    )

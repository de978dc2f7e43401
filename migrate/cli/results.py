"""What a run says at its end: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console

from connectors.language import _, number, plural
from migrate.cli.advice import error_as_json
from migrate.cli.count_table import show_counts
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import show_errors
from migrate.cli.lines import show_line
from migrate.ledger.counts import Tally
from migrate.ledger.outcomes import outcome_text
from migrate.ledger.schema import Outcome

if TYPE_CHECKING:
    # Who looks at the ledger alone needs nothing that copies.
    from migrate.copy.run import PassResult

#: The columns that are always shown; the others only where there is something to show.
_ALWAYS = (Outcome.STORED, Outcome.ALREADY_THERE, Outcome.PENDING)


@dataclass(frozen=True)
class Row:
    """One mailbox at the end of a run: what its pass came to, or why there was none."""

    mailbox: str
    result: PassResult | None
    error: BaseException | None = None
    #: Whether the pass was to bring everything to the target.
    copies: bool = True

    @property
    def errors(self) -> Sequence[BaseException]:
        if self.error is not None:
            return (self.error,)
        return self.result.errors if self.result else ()

    @property
    def code(self) -> Exit:
        codes = [code_of(error) for error in self.errors]
        if self.result is not None and self.copies:
            open_outcomes = (Outcome.PENDING, Outcome.REFUSED, Outcome.UNCERTAIN)
            if any(self.result.tally.outcomes[outcome] for outcome in open_outcomes):
                codes.append(Exit.PARTIAL)
        return worst(codes)


def as_json(rows: Iterable[Row], code: Exit, opens: datetime | None = None) -> dict[str, Any]:
    """The published shape of a run's result.  ``opens``: ended outside the hours for copying, which begin then."""
    return {
        "exit_code": int(code),
        "hours_begin": opens and opens.isoformat(),
        "mailboxes": [
            {
                "mailbox": row.mailbox,
                **(as_counts(row.result.tally) if row.result else {}),
                **(_done(row.result) if row.result else {}),
                "errors": [error_as_json(error) for error in row.errors],
            }
            for row in rows
        ],
    }


def as_counts(tally: Tally) -> dict[str, Any]:
    """``seen`` is the sum of the outcomes; the others count some of those on the target once more."""
    return {
        "seen": tally.seen,
        "outcomes": {outcome.value: tally.outcomes[outcome] for outcome in Outcome},
        "reasons": dict(sorted(tally.reasons.items())),
        "gone_from_source": tally.gone,
        "repaired": tally.repaired,
        "altered_by_target": tally.altered,
    }


def _done(result: PassResult) -> dict[str, Any]:
    return {
        "complete": result.complete,
        "interrupted": result.interrupted,
        "in_flight": result.in_flight,
        "this_pass": {
            "copied": result.copied,
            "moved": result.moved,
            "flags_changed": result.flagged,
            "adopted": result.adopted,
            "dual_delivered": result.delivered,
        },
        "awaited": result.awaited,
    }


def show(console: Console, rows: Sequence[Row]) -> None:
    """The table, the sum that must add up, and what went wrong."""
    tallies = [(row.mailbox, row.result.tally) for row in rows if row.result is not None]
    show_tallies(console, tallies)
    awaited = sum(row.result.awaited for row in rows if row.result is not None)
    if awaited:
        text = plural(
            "{n} message has just come, and dual delivery may still bring it: the next copy looks again.",
            "{n} messages have just come, and dual delivery may still bring them: the next copy looks again.",
            awaited,
        )
        show_line(console, text)
    show_errors(console, ((row.mailbox, error) for row in rows for error in row.errors))


def show_tallies(console: Console, tallies: Sequence[tuple[str, Tally]]) -> None:
    if not tallies:
        return
    heading, columns, counted = tally_columns(tallies)
    show_counts(console, heading, columns, counted)
    seen = sum(tally.seen for _name, tally in tallies)
    sums = ((outcome, sum(tally.outcomes[outcome] for _name, tally in tallies)) for outcome in Outcome)
    parts = " + ".join(f"{number(count)} {outcome_text(outcome)}" for outcome, count in sums if count)
    console.print(_("{seen} seen = {parts}").format(seen=number(seen), parts=parts or "0"), highlight=False)
    for line in _changed([tally for _name, tally in tallies]):
        show_line(console, line)


def _changed(tallies: Sequence[Tally]) -> Iterator[str]:
    """What is on the target otherwise than on the source, and what to do."""
    repaired, altered = sum(tally.repaired for tally in tallies), sum(tally.altered for tally in tallies)
    more = _("{what}. Nothing to do; bascule not-copied names each of them.")
    if repaired:
        what = plural(
            "{n} of them was repaired for the target, its original kept",
            "{n} of them were repaired for the target, their originals kept",
            repaired,
        )
        yield more.format(what=what)
    if altered:
        yield more.format(
            what=plural("{n} of them was changed by the target", "{n} of them were changed by the target", altered)
        )


def tally_columns(tallies: Sequence[tuple[str, Tally]]) -> tuple[str, list[str], list[tuple[str, list[int]]]]:
    """What a table of tallies shows; columns that are empty everywhere are left out, but for the most usual."""
    shown = [o for o in Outcome if o in _ALWAYS or any(tally.outcomes[o] for _name, tally in tallies)]
    counted = [(name, [tally.seen, *(tally.outcomes[outcome] for outcome in shown)]) for name, tally in tallies]
    return _("mailbox"), [_("seen"), *map(outcome_text, shown)], counted

"""What a rehearsal came to, as a table and as JSON; the JSON is kept as evidence."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, number, plural
from connectors.os_errors import os_error_text
from connectors.reasons import Reason
from migrate.check.findings import Finding, Kind
from migrate.cli.advice import error_as_json
from migrate.cli.exit_codes import Exit
from migrate.cli.explanations import REASONS
from migrate.cli.gathered import gathered, show_errors
from migrate.cli.lines import show_line
from migrate.cli.organisation import Trouble
from migrate.cli.results import as_counts
from migrate.figures import moment_text, path_text, rate_text, size_text
from migrate.ledger.pace import PassRate
from migrate.rollout.estimate import Forecast
from migrate.sandbox.rehearsal.results import MailboxResult, Refusal, Result
from plans import Site

FOLDER = "rehearsals"
#: The worst first.
_STYLES: Mapping[Kind, str | None] = MappingProxyType({"problem": "red", "attention": "yellow", "note": None})
#: Messages of a mailbox that are printed; JSON has all of them.
_PRINTED = 20


def as_json(
    site: Site, result: Result, told: Forecast, rates: Sequence[PassRate], code: Exit, now: datetime
) -> dict[str, object]:
    """The published shape; also what is kept."""
    source = _source_rate(rates)
    return {
        "exit_code": int(code),
        "site": site.name,
        "at": now.isoformat(),
        "interrupted": result.interrupted,
        "target": {
            "system": site.target,
            "stand_in": result.stand_in,
            "preset": result.preset,
            "max_message": result.max_message,
        },
        "sample": result.sample,
        "mailboxes": [_mailbox_as_json(one) for one in result.mailboxes],
        "source_rate": None
        if source is None
        else {"messages_per_second": source[0], "bytes_per_second": source[1], "seconds": source[2]},
        "forecast": {
            "begin": told.begin.isoformat(),
            "p50": told.typical and told.typical.isoformat(),
            "p90": told.slow and told.slow.isoformat(),
        },
    }


def _mailbox_as_json(one: MailboxResult) -> dict[str, object]:
    return {
        "mailbox": one.mailbox,
        "to_copy": {"messages": one.messages, "size": one.size},
        "judged": one.read,
        "complete": one.complete,
        "counts": None if one.tally is None else as_counts(one.tally),
        "findings": [
            {"kind": finding.kind, "code": finding.code, "text": finding.text, "to_do": finding.to_do}
            for finding in one.findings
        ],
        "would_fail": [
            {
                "folder": refusal.folder,
                "key": refusal.key,
                "received": refusal.received,
                "size": refusal.size,
                "reason": refusal.reason,
            }
            for refusal in one.refusals
        ],
        "errors": [error_as_json(error) for error in one.errors],
    }


def keep(folder: Path, site: str, report: dict[str, object]) -> Path:
    """Write a report into the organisation's folder, for its owner alone.  Raises Trouble."""
    at = str(report["at"]).partition(".")[0].partition("+")[0].replace(":", "")
    file = folder / FOLDER / f"{site}-{at}.json"
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        message = _("{file} cannot be written: {why}.")
        raise Trouble(message.format(file=file, why=os_error_text(error))) from error
    return file


def show(console: Console, result: Result, told: Forecast, rates: Sequence[PassRate]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("mailbox"), overflow="fold")
    for heading in (_("messages"), _("size"), _("judged"), _("would fail")):
        table.add_column(heading, justify="right")
    for one in result.mailboxes:
        table.add_row(
            Text(one.mailbox),
            number(one.messages),
            size_text(one.size),
            number(one.read),
            number(len(one.refusals)),
        )
    console.print(table)
    for kind, style in _STYLES.items():
        found = ((one.mailbox, finding) for one in result.mailboxes for finding in one.findings if finding.kind == kind)
        for line in gathered((mailbox, _finding_text(finding)) for mailbox, finding in found):
            show_line(console, line, style)
    show_errors(console, ((one.mailbox, error) for one in result.mailboxes for error in one.errors))
    for one in result.mailboxes:
        if one.refusals:
            _show_refusals(console, one)
    _show_reasons(console, result)
    _show_summary(console, result, told, rates)


def _finding_text(finding: Finding) -> str:
    """Without its error, which the pass met too."""
    text = finding.text if finding.text.endswith(".") else f"{finding.text}."
    return f"{text} {finding.to_do}".rstrip()


def _show_refusals(console: Console, one: MailboxResult) -> None:
    show_line(console, one.mailbox, "bold")
    for refusal in one.refusals[:_PRINTED]:
        show_line(console, "  " + _refusal_text(refusal))
    if len(one.refusals) > _PRINTED:
        more = plural("{n} more", "{n} more", len(one.refusals) - _PRINTED)
        show_line(console, "  " + _("{more}: see --json.").format(more=more))


def _refusal_text(refusal: Refusal) -> str:
    return _("{received:10}  {size:>8}  {folder}  (key {key})  {reason}").format(
        received=(refusal.received or "")[:10],
        size="" if refusal.size is None else size_text(refusal.size),
        folder=path_text(refusal.folder),
        key=refusal.key,
        reason=refusal.reason,
    )


def _show_reasons(console: Console, result: Result) -> None:
    """Each reason once, with what to do."""
    counts = Counter(refusal.reason for one in result.mailboxes for refusal in one.refusals)
    for reason, count in counts.most_common():
        known = REASONS[Reason(reason)].told()
        messages = plural("{n} message", "{n} messages", count)
        show_line(console, labelled(reason, f"{messages}: {known.what}. {known.to_do}"), "yellow")


def _show_summary(console: Console, result: Result, told: Forecast, rates: Sequence[PassRate]) -> None:
    failing = sum(len(one.refusals) for one in result.mailboxes)
    judged = sum(one.read for one in result.mailboxes)
    summary = _("{judged} read and judged, {failing} of them would not arrive.")
    messages = plural("{n} message", "{n} messages", judged)
    show_line(console, summary.format(judged=messages, failing=number(failing)), "bold")
    if result.max_message is None and result.preset is None:
        show_line(
            console,
            _("Nothing is documented of this target: name its preset in the plan to have sizes and names judged."),
        )
    source = _source_rate(rates)
    if source is not None:
        text = _("The source gave {rate} a mailbox.")
        show_line(console, text.format(rate=rate_text(source[0], source[1])))
    if told.typical is None or told.slow is None:
        show_line(console, _("The real copy would take more than ten years."), "red")
    else:
        text = _("Begun now, the real copy would be done {typical} in the middle of cases, {slow} in the worst tenth.")
        show_line(console, text.format(typical=moment_text(told.typical), slow=moment_text(told.slow)))


def _source_rate(rates: Sequence[PassRate]) -> tuple[float, float, float] | None:
    """Messages and bytes a second of one mailbox, and the seconds they were measured over."""
    seconds = sum(one.seconds for one in rates)
    if not seconds:
        return None
    return sum(one.messages for one in rates) / seconds, sum(one.size for one in rates) / seconds, seconds

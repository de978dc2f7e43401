"""What a verification says at its end: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any

from rich.console import Console
from rich.table import Table

from connectors.language import _, labelled, number, plural
from migrate.cli.advice import error_as_json
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import show_errors
from migrate.cli.lines import show_line
from migrate.verify import grade as grades
from migrate.verify.figures import Verified
from migrate.verify.findings import Finding, Kind
from migrate.verify.grade import Grade, Weight, Why, weigh
from migrate.verify.matching import Equality
from migrate.verify.sampling import Sample
from migrate.verify.words import (
    cause_words,
    date_words,
    difference_words,
    folder_words,
    grade_meaning,
    grade_word,
    kind_word,
    method_sentence,
    next_steps,
    why_sentence,
)

#: Findings of a mailbox that are printed; JSON has all of them.
_PRINTED = 20
#: Characters of an address that stay in one line, whatever the other columns need.
_ADDRESS = 20


@dataclass(frozen=True)
class Row:
    """One source of a mailbox at the end: what its verification came to, or why there was none."""

    mailbox: str
    result: Verified | None
    error: BaseException | None = None
    #: The mailbox without the source's name; ``mailbox`` unless given.
    of: str = ""

    @cached_property
    def judged(self) -> tuple[Grade, Sequence[Why]] | None:
        return None if self.result is None else self.result.judged()

    @property
    def grade(self) -> Grade | None:
        return None if self.judged is None else self.judged[0]

    @property
    def code(self) -> Exit:
        if self.error is not None:
            return code_of(self.error)
        return Exit.PARTIAL if self.grade in (Grade.INVESTIGATE, Grade.POOR) else Exit.OK


@dataclass(frozen=True)
class Verification:
    """A site, verified."""

    organisation: str
    site: str
    at: datetime
    zone: tzinfo
    sample: Sample | None
    rows: Sequence[Row]
    interrupted: bool

    @property
    def code(self) -> Exit:
        return Exit.INTERRUPTED if self.interrupted else worst(row.code for row in self.rows)

    @property
    def grade(self) -> Grade | None:
        """The worst of the mailboxes'; a mailbox that could not be verified leaves the site to be investigated.

        None when no mailbox was verified.
        """
        given = [row.grade for row in self.rows if row.grade is not None]
        if not given:
            return None
        return grades.worst([*given, *(Grade.INVESTIGATE for _row in range(self.unverified))])

    @property
    def unverified(self) -> int:
        return sum(row.result is None for row in self.rows)

    @property
    def findings(self) -> list[Finding]:
        return [finding for row in self.rows if row.result for finding in row.result.findings]

    @property
    def steps(self) -> list[str]:
        return next_steps(self.site, self.findings, self.unverified, self.sample)


def figures(result: Verified) -> dict[str, int]:
    """The counts of a mailbox, under the names of the JSON."""
    return {
        "on_source": result.on_source,
        "left_out": result.left_out,
        "expected": result.expected,
        "found": result.found.total(),
        "missing": result.count(Kind.MISSING),
        "only_on_target": result.only_on_target,
        "left_source": result.left_source,
        "read": result.read,
        "read_bytes": result.read_bytes,
    }


def as_json(verification: Verification) -> dict[str, Any]:
    """The published shape."""
    sample = verification.sample
    return {
        "exit_code": int(verification.code),
        "site": verification.site,
        "verified_at": verification.at.astimezone(UTC).isoformat(timespec="seconds"),
        "sample": sample and {"messages": sample.messages, "seed": sample.seed},
        "grade": verification.grade,
        "mailboxes": [
            {
                "mailbox": row.mailbox,
                **(_mailbox_json(row.result, row.judged) if row.result and row.judged else {}),
                "errors": [] if row.error is None else [error_as_json(row.error)],
            }
            for row in verification.rows
        ],
    }


def _mailbox_json(result: Verified, judged: tuple[Grade, Sequence[Why]]) -> dict[str, Any]:
    grade, why = judged
    return {
        "grade": grade,
        "why": [
            {
                "what": one.what,
                "count": one.count,
                "explained": one.weight is Weight.EXPLAINED,
                "gives": one.grade,
                "borne": one.borne,
            }
            for one in why
        ],
        **figures(result),
        "equality": {equality.value: result.found[equality] for equality in Equality},
        "folders": [
            {
                "folders": folder.sources,
                "target": folder.target,
                "on_source": folder.on_source,
                "left_out": folder.left_out,
                "on_target": folder.on_target,
                "found": folder.found,
            }
            for folder in result.folders
        ],
        "findings": [_finding_json(finding) for finding in result.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    target = finding.target
    shown = finding.shown
    return {
        "kind": finding.kind,
        "folder": finding.folder,
        "key": shown and shown.key,
        "received": _iso(shown.second if shown else None),
        "size": shown and shown.size,
        "expected_in": finding.expected_in,
        "target": target
        and {"folder": target.folder, "key": target.key, "received": _iso(target.second), "size": target.size},
        "lacks": sorted(finding.lacks),
        "has_more": sorted(finding.has_more),
        "explained": weigh(finding) is Weight.EXPLAINED,
        "cause": finding.cause,
        "reason": finding.reason,
        "rules": finding.rules,
    }


def _iso(second: int | None) -> str | None:
    return None if second is None else datetime.fromtimestamp(second, UTC).isoformat()


def show(console: Console, verification: Verification) -> None:
    """The figures, the grades with what gives them, the differences, and what to do."""
    _show_table(console, verification)
    for row in verification.rows:
        if row.error is None and row.result is not None and row.judged is not None:
            _show_mailbox(console, verification, row.result, row.judged[1])
    show_errors(console, ((row.mailbox, row.error) for row in verification.rows if row.error is not None))
    grade = verification.grade
    if grade is None:
        show_line(console, _("No mailbox was verified."), "bold")
        return
    show_line(console, labelled(verification.site, f"{grade_word(grade)}. {grade_meaning(grade)}"), "bold")
    show_line(console, method_sentence(verification.sample))
    for step in verification.steps:
        show_line(console, f"→ {step}")


def _show_table(console: Console, verification: Verification) -> None:
    rows = [(row.mailbox, row.result, row.grade) for row in verification.rows if row.result and row.grade]
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    width = min(_ADDRESS, max(len(mailbox) for mailbox, _result, _grade in rows))
    table.add_column(_("mailbox"), overflow="fold", min_width=width)
    table.add_column(_("grade"), no_wrap=True)
    lost = (Kind.MISSING, Kind.ALTERED)
    for name in (_("expected"), _("found"), *map(kind_word, lost), _("different")):
        table.add_column(name, justify="right")
    for mailbox, result, grade in rows:
        different = sum(finding.kind not in lost for finding in result.findings)
        counts = (result.expected, result.found.total(), *map(result.count, lost), different)
        table.add_row(mailbox, grade_word(grade), *(number(count) for count in counts))
    console.print(table)
    if only := _only_on_target(verification.rows):
        more = plural(
            "{n} message is only on the target, such as new mail.",
            "{n} messages are only on the target, such as new mail.",
            only,
        )
        show_line(console, more)


def _only_on_target(rows: Sequence[Row]) -> int:
    """Each source of a mailbox is compared with the same target: what only that has counts once a mailbox."""
    found: dict[str, int] = {}
    for row in rows:
        if row.result is not None:
            mailbox = row.of or row.mailbox
            found[mailbox] = min(found.get(mailbox, row.result.only_on_target), row.result.only_on_target)
    return sum(found.values())


def _show_mailbox(console: Console, verification: Verification, result: Verified, why: Sequence[Why]) -> None:
    if not why:
        return
    show_line(console, result.mailbox, "bold")
    for one in why:
        show_line(console, "  " + labelled(grade_word(one.grade), why_sentence(one)))
    # The explained ones are counted above; listed is what somebody has to look at.
    listed = [finding for finding in result.findings if weigh(finding) is not Weight.EXPLAINED]
    for finding in listed[:_PRINTED]:
        show_line(console, f"  - {finding_line(finding, verification.zone)}")
    if len(listed) > _PRINTED:
        more = plural("{n} more", "{n} more", len(listed) - _PRINTED)
        show_line(console, "  " + _("{more}: see --report or --json.").format(more=more))


def finding_line(finding: Finding, zone: tzinfo) -> str:
    """One difference in one line: what, where, which message, what the target has, why."""
    shown = finding.shown
    parts = [kind_word(finding.kind), folder_words(finding.folder)]
    if shown is not None:
        parts += [
            _("key {key}").format(key=shown.key),
            date_words(shown.second, zone),
            "" if shown.size is None else plural("{n} byte", "{n} bytes", shown.size),
        ]
    parts += [difference_words(finding, zone), cause_words(finding)]
    return ", ".join(part for part in parts if part)

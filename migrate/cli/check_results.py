"""What ``bascule check`` found, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import click
from rich.console import Console
from rich.table import Table

from connectors.language import _, labelled, number, plural
from migrate.check.findings import KINDS, Finding, Kind
from migrate.check.survey import Survey
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import gathered
from migrate.engine.site import Standing
from migrate.figures import path_text, rate_text, size_text, time_text
from migrate.rollout.outlook import Guess
from plans import Site

#: Messages of a mailbox that are printed as too large; JSON has all of them.
_PRINTED = 20


@dataclass(frozen=True)
class Checked:
    """One mailbox, looked at and judged."""

    survey: Survey
    findings: Sequence[Finding]
    #: Messages and bytes that earlier copies brought to the target.
    copied: tuple[int, int]

    @property
    def state(self) -> str:
        kinds = {finding.kind for finding in self.findings}
        if any(one.found.met is False for one in self.survey.standing):
            return "problem"  # also for what is told once for all mailboxes
        return next((kind for kind in ("problem", "attention") if kind in kinds), "ok")

    @property
    def code(self) -> Exit:
        return worst(exit_of(finding) for finding in self.findings)


def exit_of(finding: Finding) -> Exit:
    if finding.kind == "note":
        return Exit.OK
    if finding.code == "precondition":
        return Exit.AUTH if finding.kind == "problem" else Exit.PARTIAL
    if finding.kind == "problem" and finding.error is not None:
        return code_of(finding.error)
    return Exit.QUOTA if finding.code == "quota-short" else Exit.PARTIAL


def as_json(one: Checked) -> dict[str, object]:
    found = one.survey
    quota = found.quota
    return {
        "mailbox": found.mailbox,
        "state": one.state,
        "folders": len(found.folders),
        "messages": found.messages,
        "size": found.size,
        "to_copy": {"messages": found.travelling, "size": found.travelling_size},
        "target": {
            "messages": found.on_target,
            "max_message": found.max_message,
            "quota": quota and {
                "limit": quota.limit,
                "used": quota.used,
                "messages_limit": quota.messages_limit,
                "messages_used": quota.messages_used,
            },
        },
        "preconditions": [standing_as_json(one) for one in found.standing if one.found.of == "mailbox"],
        "too_large": [
            {
                "folder": folder,
                "key": entry.key,
                "received": entry.received and entry.received.astimezone(UTC).isoformat(),
                "size": entry.size,
            }
            for folder, entry in found.too_large
        ],
        "findings": [
            {
                "kind": finding.kind,
                "code": finding.code,
                "text": finding.text,
                "to_do": finding.to_do,
                "error": None if finding.error is None else error_as_json(finding.error),
            }
            for finding in one.findings
        ],
    }  # fmt: skip


def standing_as_json(one: Standing) -> dict[str, object]:
    found = one.found
    return {
        "system": one.system,
        "side": one.side,
        "code": found.code,
        "met": found.met,
        "what": found.what,
        "mend": found.mend,
    }


def servers(done: Sequence[Checked]) -> dict[str, str]:
    """What each side calls itself; empty when it does not say."""
    return {
        "source": next((one.survey.source_product for one in done if one.survey.source_product), ""),
        "target": next((one.survey.target_product for one in done if one.survey.target_product), ""),
    }


def show_servers(site: Site, done: Sequence[Checked]) -> None:
    products = servers(done)
    for system, product in ((site.source, products["source"]), (site.target, products["target"])):
        if product:
            click.echo(_("{system} calls itself {product}.").format(system=system, product=product))


def estimate_as_json(taken: Guess) -> dict[str, object]:
    return {
        "seconds": round(taken.typical),
        "seconds_p90": round(taken.slow),
        "mailboxes_at_once": taken.mailboxes_at_once,
        "messages_per_second": taken.rate.messages_per_second,
        "bytes_per_second": taken.rate.bytes_per_second,
        "measured_passes": taken.passes,
    }


def show(console: Console, done: Sequence[Checked], of_all: Sequence[Finding], taken: Guess) -> None:
    states = {"ok": _("OK"), "attention": _("attention"), "problem": _("problem")}
    styles = {"ok": "green", "attention": "yellow", "problem": "red"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("mailbox"), overflow="fold")
    for name in (_("folders"), _("messages"), _("size"), _("free")):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in done:
        found = one.survey
        readable = found.source_error is None
        table.add_row(
            found.mailbox,
            number(len(found.folders)) if readable else "-",
            number(found.messages) if readable else "-",
            size_text(found.size) if readable else "-",
            _free(found),
            f"[{styles[one.state]}]{states[one.state]}[/]",
        )
    console.print(table)
    for finding in of_all:
        _show_line(console, _told(finding), styles.get(finding.kind, ""))
    for kind in KINDS:
        _show_findings(console, done, kind, styles.get(kind, ""))
    _show_estimate(console, done, taken)


def _free(found: Survey) -> str:
    quota = found.quota
    if quota is None or quota.limit is None:
        return _("not known") if found.target_error is None else "-"
    return size_text(max(quota.limit - (quota.used or 0), 0))


def _show_findings(console: Console, done: Sequence[Checked], kind: Kind, style: str) -> None:
    """What has lines of its own below it stands for itself."""
    found = [(one, finding) for one in done for finding in one.findings if finding.kind == kind]
    alike = [(one.survey.mailbox, _told(finding)) for one, finding in found if finding.code != "too-large"]
    for line in gathered(alike):
        _show_line(console, line, style)
    for one, finding in found:
        if finding.code == "too-large":
            _show_line(console, labelled(one.survey.mailbox, _told(finding)), style)
            _show_too_large(console, one.survey)


def _told(finding: Finding) -> str:
    text = finding.text
    if finding.error is not None:
        # It ends as it does elsewhere: with a command, perhaps, that is to be copied.
        text = labelled(text, worded(finding.error))
    if (finding.error is None or finding.to_do) and not text.endswith("."):
        text += "."
    return f"{text} {finding.to_do}".rstrip()


def _show_line(console: Console, text: str, style: str) -> None:
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def _show_too_large(console: Console, found: Survey) -> None:
    """A line a message, so that somebody can look at it."""
    for folder, entry in found.too_large[:_PRINTED]:
        received = "" if entry.received is None else f"{entry.received:%Y-%m-%d}"
        told = _("  {received:10}  {size:>8}  {folder}  (key {key})").format(
            received=received, size=size_text(entry.size or 0), folder=path_text(folder), key=entry.key
        )
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    if len(found.too_large) > _PRINTED:
        more = plural("{n} more", "{n} more", len(found.too_large) - _PRINTED)
        console.print("  " + _("{more}: see --json.").format(more=more), highlight=False, markup=False, soft_wrap=True)


def _show_estimate(console: Console, done: Sequence[Checked], taken: Guess) -> None:
    ready = [one for one in done if one.state != "problem"]
    console.print(
        _("{ready} of {all} ready.").format(
            ready=number(len(ready)), all=plural("{n} mailbox", "{n} mailboxes", len(done))
        ),
        style="bold",
        highlight=False,
    )
    if not any(one.survey.travelling for one in ready):
        return
    if taken.passes:
        text = _(
            "Estimate: {time}, and {slow} in one case of ten, at {rate} over {mailboxes} at a time, as measured on"
            " {passes}."
        )
    else:
        text = _(
            "First estimate: {time}, and {slow} in one case of ten, at {rate} over {mailboxes} at a time. That is a"
            " cautious guess, not a measurement; once the copy runs, bascule status --watch shows what it reaches."
        )
    rate = taken.rate
    told = text.format(
        time=time_text(taken.typical),
        slow=time_text(taken.slow),
        rate=rate_text(rate.messages_per_second, rate.bytes_per_second),
        mailboxes=plural("{n} mailbox", "{n} mailboxes", taken.mailboxes_at_once),
        passes=plural("{n} pass", "{n} passes", taken.passes),
    )
    console.print(told, highlight=False)
    console.print(_("bascule estimate says on which days."), highlight=False)

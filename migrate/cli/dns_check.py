"""``bascule dns check``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, mark, number, plural
from migrate.cli.dns_keeping import keep_look, organisation_with, say_kept, with_takers
from migrate.cli.dns_seen import keep_senders
from migrate.cli.dns_whom import asked_of, checked, expected_of, kind_text, whom_options
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_system, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.dns.asking import Inquiry, NobodyAnswers, Server
from migrate.dns.facts import Facts, Outcome, View
from migrate.dns.findings import Aims, Finding, serial_of
from migrate.dns.judge_servers import answer_text, value_text
from migrate.dns.policy import fetch_policy

_STYLES = {"problem": "red", "attention": "yellow", "note": ""}
_SEVERITIES = {"problem": mark("problem"), "attention": mark("attention"), "note": mark("note")}


@click.command()
@click.argument("domain")
@click.option(
    "--expect",
    shell_complete=complete_system,
    help="Who is to receive its mail: google, microsoft365, or a system of the plan.",
)
@click.option("--selector", "selectors", multiple=True, help="A DKIM selector that must be there; may be given again.")
@whom_options
@json_option
@click.pass_obj
def check(
    place: Place,
    domain: str,
    expect: str | None,
    selectors: tuple[str, ...],
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """Are this domain's mail records right, and does everybody see them so?  Asks, and changes nothing.

    Asks each of its name servers, public resolvers and those inside, and judges MX, SPF, DKIM, DMARC, autodiscover,
    SRV, MTA-STS, TLS reports and TLSA. Each finding says what is, what should be and what to do. No organisation's
    folder is needed, but for a system of the plan.

    \b
    Example:  bascule dns check example.org --expect google
    """  # fmt: skip
    name, whom = checked(domain), asked_of(resolvers, inside, servers)
    organisation = organisation_with(place, name)
    aims = Aims(with_takers(organisation, name, expected_of(place, expect)) if expect else None, selectors)
    working = terminal(stderr=True)
    with interruptible(working, _("Stopping: no further question is asked.")) as halt:
        inquiry = Inquiry(name, whom, halt.stop, fetch_policy)
        try:
            with working.status(_("Asking name servers and resolvers")):
                findings = inquiry.judge(aims)
        except NobodyAnswers as error:
            if halt.stop.is_set():
                sys.exit(Exit.INTERRUPTED)
            raise Trouble(str(error), Exit.CONNECTION) from error
        interrupted = halt.stop.is_set()
    if not interrupted and expect is not None:
        keep_senders(place, organisation, name, expect, findings)
    code = Exit.INTERRUPTED if interrupted else _code(findings)
    kept = None if interrupted else keep_look(organisation, "check", inquiry.facts)
    if to_json:
        print_json(_as_json(inquiry.facts, findings, code))
    else:
        _show(terminal(), inquiry.facts, findings)
        say_kept(kept)
    sys.exit(code)


def _code(findings: Sequence[Finding]) -> Exit:
    return Exit.PARTIAL if any(finding.severity != "note" for finding in findings) else Exit.OK


def _as_json(facts: Facts, findings: Sequence[Finding], code: Exit) -> dict[str, object]:
    return {
        "exit_code": int(code),
        "domain": facts.domain,
        "zone": facts.zone,
        "asked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "servers": [_view_as_json(facts, view) for view in facts.views],
        "policy": facts.policy and facts.policy.text,
        "findings": [
            {
                "severity": finding.severity,
                "code": finding.code,
                "name": finding.name,
                "found": finding.found,
                "wanted": finding.wanted,
                "to_do": finding.mend,
                "rfc": finding.rfc,
            }
            for finding in findings
        ],
    }


def _view_as_json(facts: Facts, view: View) -> dict[str, object]:
    return {
        "kind": view.kind,
        "name": view.name,
        "address": view.address,
        "serial": serial_of(view, facts.zone),
        "answers": [
            {
                "name": question.name,
                "type": question.type,
                "outcome": answer.outcome.value,
                "values": [value_text(value) for value in answer.values],
                "ttl": answer.ttl,
                "aliases": list(answer.aliases),
                "secure": answer.secure,
            }
            for question, answer in sorted(view.answers.items(), key=lambda pair: str(pair[0]))
        ],
    }


def _show(console: Console, facts: Facts, findings: Sequence[Finding]) -> None:
    _show_servers(console, facts)
    for finding in findings:
        kind = _(_SEVERITIES[finding.severity])
        about = "" if finding.name in finding.found else f"{finding.name}: "
        show_line(console, labelled(f"{kind}  {finding.code}", f"{about}{finding.found}"), _STYLES[finding.severity])
        show_line(console, "  " + labelled(_("should be"), finding.wanted))
        if finding.mend:
            show_line(console, "  " + labelled(_("to do"), finding.mend))
        if finding.rfc:
            show_line(console, f"  {finding.rfc}", "dim")
    counts = [sum(finding.severity == severity for finding in findings) for severity in _SEVERITIES]
    if not any(counts[:2]):
        show_line(console, _("{domain}: all is well.").format(domain=facts.domain), "bold")
        return
    told = (
        plural("{n} problem", "{n} problems", counts[0]),
        plural("{n} needs attention", "{n} need attention", counts[1]),
        plural("{n} note", "{n} notes", counts[2]),
    )
    show_line(console, labelled(facts.domain, ", ".join(told)), "bold")


def _show_servers(console: Console, facts: Facts) -> None:
    """Who was asked, and where each of them says that mail goes."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("server"), "", _("serial"), "MX", "TTL"):
        table.add_column(heading, overflow="fold")
    for view in facts.views:
        serial, answer = serial_of(view, facts.zone), view.answer(facts.domain, "MX")
        asked = view.answer(facts.zone, "SOA") if answer.outcome is Outcome.UNASKED else answer
        ttl = "" if answer.ttl is None else number(answer.ttl)
        cells = (str(view), kind_text(view.kind), "" if serial is None else str(serial), answer_text(asked), ttl)
        table.add_row(*map(Text, cells))
    console.print(table)

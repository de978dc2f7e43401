"""``bascule dns check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click
import dns.exception
import dns.resolver
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, mark, number, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import show_line, terminal
from migrate.cli.options import complete_system, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.dns.asking import Inquiry, NobodyAnswers, Server, Whom, server_at
from migrate.dns.facts import Facts, Kind, Outcome, View
from migrate.dns.findings import Aims, Finding, serial_of
from migrate.dns.judge_servers import answer_text, value_text
from migrate.dns.policy import fetch_policy
from migrate.dns.providers import TITLES, Expected, expected_host, expected_provider
from plans.files import checked_domain
from plans.problems import Worded, suggestion

#: Cloudflare, Google, Quad9, OpenDNS and FDN: resolvers that anybody may ask.
_RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9", "208.67.222.222", "80.67.169.12")
_STYLES = {"problem": "red", "attention": "yellow", "note": ""}
_SEVERITIES = {"problem": mark("problem"), "attention": mark("attention"), "note": mark("note")}
_KINDS: dict[Kind, str] = {
    "authoritative": mark("name server"),
    "resolver": mark("resolver"),
    "inside": mark("inside"),
}


def _servers(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> tuple[Server, ...]:
    """``ADDRESS`` or ``ADDRESS:PORT``, as often as given."""
    found = []
    for text in texts:
        try:
            found.append(server_at(text))
        except ValueError:
            told = _("{value} is no IP address; write one such as 192.0.2.53, or 192.0.2.53:5353 with a port.")
            raise Trouble(told.format(value=text)) from None
    return tuple(found)


@click.command()
@click.argument("domain")
@click.option(
    "--expect",
    shell_complete=complete_system,
    help="Who is to receive its mail: google, microsoft365, or a system of the plan.",
)
@click.option("--selector", "selectors", multiple=True, help="A DKIM selector that must be there; may be given again.")
@click.option(
    "--resolver",
    "resolvers",
    metavar="ADDRESS",
    callback=_servers,
    multiple=True,
    help="Ask this resolver instead of five public ones; may be given again.",
)
@click.option(
    "--inside",
    metavar="ADDRESS",
    callback=_servers,
    multiple=True,
    help="A DNS server inside the company, instead of those this machine uses; may be given again.",
)
@click.option(
    "--server",
    "servers",
    metavar="ADDRESS",
    callback=_servers,
    multiple=True,
    help="Ask this name server instead of those that the zone names; may be given again.",
)
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
    aims = Aims(_expected(place, expect), selectors)
    outside = resolvers or tuple(map(server_at, _RESOLVERS))
    whom = Whom(outside, inside or _of_this_machine(outside), servers)
    working = terminal(stderr=True)
    with interruptible(working, _("Stopping: no further question is asked.")) as halt:
        inquiry = Inquiry(_checked(domain), whom, halt.stop, fetch_policy)
        try:
            with working.status(_("Asking name servers and resolvers")):
                findings = inquiry.judge(aims)
        except NobodyAnswers as error:
            raise Trouble(str(error), Exit.CONNECTION) from error
        interrupted = halt.stop.is_set()
    code = Exit.INTERRUPTED if interrupted else _code(findings)
    if to_json:
        click.echo(json.dumps(_as_json(inquiry.facts, findings, code), ensure_ascii=False, indent=2))
    else:
        _show(terminal(), inquiry.facts, findings)
    sys.exit(code)


def _code(findings: Sequence[Finding]) -> Exit:
    return Exit.PARTIAL if any(finding.severity != "note" for finding in findings) else Exit.OK


def _checked(domain: str) -> str:
    """As DNS writes it: letters with accents have a form of their own there (RFC 5891)."""
    try:
        return checked_domain(domain.removesuffix(".")).encode("idna").decode()
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}") from error
    except UnicodeError as error:
        raise Trouble(_('"{value}" is not a mail domain.').format(value=domain)) from error


def _expected(place: Place, expect: str | None) -> Expected | None:
    if expect is None:
        return None
    for provider in TITLES:
        if expect == provider:
            return expected_provider(provider)
    # Without a plan there are no systems, and its absence is not what is wrong.
    systems = place.load().systems if (place.folder / "organisation.yaml").exists() else {}
    if expect not in systems:
        hint = suggestion(expect, [*TITLES, *systems], _("What can be expected"))
        raise Trouble(_('There is no system "{system}". {hint}').format(system=expect, hint=hint))
    host = getattr(systems[expect].settings, "host", None)
    if host is None:
        raise Trouble(_('The system "{system}" has no host that an MX could lead to.').format(system=expect))
    return expected_host(expect, host)


def _of_this_machine(but: Sequence[Server]) -> tuple[Server, ...]:
    """The resolvers that this machine asks: in a company often those inside it."""
    try:
        found = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException:
        return ()
    asked = {one.address for one in but}
    return tuple(server_at(str(one)) for one in found if str(one) not in asked)


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
        cells = (str(view), _(_KINDS[view.kind]), "" if serial is None else str(serial), answer_text(asked), ttl)
        table.add_row(*map(Text, cells))
    console.print(table)

"""What ``bascule discover`` found, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, mark, number, plural
from connectors.presets import Preset
from connectors.presets.words import quirk_texts, sign_in_text
from migrate.cli.discover_people import SiteFound
from migrate.cli.exit_codes import Exit
from migrate.cli.gathered import gathered
from migrate.cli.lines import show_line
from migrate.discover.endpoints import Endpoint
from migrate.discover.finding_out import DomainFound
from migrate.discover.inventory import Inventory
from migrate.discover.proposing import Proposal, propose
from migrate.discover.questions import Question
from migrate.discover.recognising import Recognised
from migrate.discover.waves import Wave
from migrate.dns.judge_servers import value_text
from migrate.figures import size_text

_SIGNS = {"mx": "MX", "server": mark("server"), "spf": "SPF", "greeting": mark("what the server says")}
_STATES = {
    "answers": mark("answers"),
    "closed": mark("closed"),
    "silent": mark("silent"),
    "not-understood": mark("not understood"),
}
_POP = {"yes": mark("yes"), "likely": mark("likely"), "no-sign": ""}
#: Mailboxes that a table shows, the largest first; JSON and the files have all of them.
_SHOWN = 15


def as_json(
    found: DomainFound,
    proposal: Proposal,
    waves: Sequence[Wave],
    looked: Sequence[SiteFound],
    asked: Sequence[Question],
    code: Exit,
    now: datetime,
) -> dict[str, object]:
    records, preset = found.records, found.recognised.preset
    return {
        "exit_code": int(code),
        "domain": records.domain,
        "looked_at": now.isoformat(timespec="seconds"),
        "records": {
            "mx": [{"preference": one.preference, "host": one.host} for one in records.mx],
            "receives_nothing": records.null_mx,
            "spf": records.spf,
            "services": {service: [value_text(one) for one in those] for service, those in records.services.items()},
            "name_servers": list(records.nameservers),
        },
        "pages": [
            {"kind": page.kind, "url": page.url, "servers": len(page.servers), "why": page.why} for page in found.pages
        ],
        "servers": [_endpoint(one) for one in found.endpoints],
        "preset": None if preset is None else preset.name,
        "title": None if preset is None else preset.title,
        "signs": [{"sign": one.sign, "value": one.value, "preset": one.preset} for one in found.recognised.evidence],
        "contradicting": sorted({one.preset for one in found.recognised.contradicting}),
        "quirks": expected(preset, found),
        "proposal": {
            "systems": {"old": dict(proposal.system)},
            "yaml": proposal.yaml,
            "mx_first": proposal.mx_first,
            "why": proposal.why,
            "recipe": proposal.recipe,
            "remarks": list(proposal.remarks),
            "waves": [_wave(one) for one in waves],
        },
        "sites": [{"site": one.site.name, "mailboxes": [_mailbox(each) for each in one.found]} for one in looked],
        "questions": [{"code": one.code, "question": one.text, "why": one.why} for one in asked],
    }


def expected(preset: Preset | None, found: DomainFound) -> list[str]:
    """What is odd about the system, and how one signs in, a sentence each."""
    said = [] if preset is None else [sign_in_text(preset), *quirk_texts(preset)]
    capabilities = {word for one in found.endpoints for word in one.capabilities}
    if "EXPIRE=0" in capabilities:
        said.append(_("Its POP3 server may delete what was read: it is left without a word, so that it does not."))
    delay = next((word.removeprefix("LOGIN-DELAY=") for word in capabilities if word.startswith("LOGIN-DELAY=")), "")
    if delay and delay != "0":
        said.append(_("Its POP3 server wants {seconds} seconds between two sign-ins.").format(seconds=delay))
    if any(server.user == "local" for server in found.told):
        said.append(_("One signs in with what stands before the @: write source_user into the people file."))
    return said


def _endpoint(one: Endpoint) -> dict[str, object]:
    seen = one.certificate
    return {
        "protocol": one.candidate.protocol,
        "host": one.candidate.host,
        "port": one.candidate.port,
        "tls": one.candidate.tls,
        "named_by": one.candidate.origin,
        "state": one.state,
        "greeting": one.greeting,
        "capabilities": list(one.capabilities),
        "certificate": None
        if seen is None
        else {
            "trusted": not seen.fault,
            "fault": seen.fault,
            "fingerprint": seen.fingerprint,
            "ends": seen.ends and seen.ends.isoformat(),
        },
        "why": one.why,
    }


def _wave(one: Wave) -> dict[str, object]:
    return {
        "wave": one.number,
        "site": one.site.site,
        "week": one.week,
        "people": one.site.people,
        "messages": one.site.messages,
        "size": one.site.size,
        "begin_early": list(one.site.early),
        "largest": list(one.site.largest),
    }


def _mailbox(one: Inventory) -> dict[str, object]:
    told = one.as_json()
    del told["at"]
    return {**told, "signs": list(one.signs)}


def show(console: Console, found: DomainFound, looked: Sequence[SiteFound], told: Mapping[str, object]) -> None:
    proposal = propose(found)
    _show_records(console, found)
    _show_endpoints(console, found.endpoints)
    _show_recognised(console, found.recognised)
    for text in expected(found.recognised.preset, found):
        show_line(console, text)
    for one in looked:
        _show_site(console, one)
    show_line(console, "")
    show_line(console, _("Proposed for organisation.yaml:"), "bold")
    console.print(Text(proposal.yaml.rstrip("\n")), soft_wrap=True)
    show_line(console, f"mx_first: {proposal.mx_first}  # {proposal.why}")
    _show_waves(console, told)
    asked = told["questions"]
    assert isinstance(asked, list), "as it was made"
    if asked:
        text = plural("{n} question for the site:", "{n} questions for the site:", len(asked))
        show_line(console, "")
        show_line(console, text, "bold")
        for one_asked in asked:
            show_line(console, f"- {one_asked['question']}")


def _show_records(console: Console, found: DomainFound) -> None:
    records = found.records
    mx = ", ".join(f"{one.preference} {one.host}" for one in records.mx)
    if records.null_mx:
        mx = _("none: the domain says that it receives no mail")
    show_line(console, labelled("MX", mx or _("none")))
    show_line(console, labelled("SPF", records.spf or _("none")))
    for service, those in records.services.items():
        show_line(console, labelled(f"SRV {service}", ", ".join(f"{one.target}:{one.port}" for one in those)))
    for page in found.pages:
        told = plural("{n} server", "{n} servers", len(page.servers)) if page.servers else page.why
        told = _("speaks of Exchange") if page.exchange and not page.servers else told
        show_line(console, labelled(page.url.partition("?")[0], told))


def _show_endpoints(console: Console, endpoints: Sequence[Endpoint]) -> None:
    if not endpoints:
        show_line(console, _("No server for mail programs is named, and none has a usual name."))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("server"), _("protocol"), "TLS", _("state"), _("certificate")):
        table.add_column(heading, overflow="fold")
    for one in endpoints:
        # Of ports that are only usual, those that are shut say nothing.
        if one.state == "answers" or one.candidate.origin not in ("usual-name", "mx"):
            cells = (f"{one.candidate.host}:{one.candidate.port}", one.candidate.protocol.upper(), one.candidate.tls)
            table.add_row(*map(Text, (*cells, _(_STATES[one.state]), _certificate(one))))
    if table.row_count:
        console.print(table)
    else:
        show_line(console, _("No server was found that answers."))


def _certificate(one: Endpoint) -> str:
    if one.certificate is None:
        return one.why
    if one.certificate.fault:
        return one.certificate.fault
    ends = one.certificate.ends
    return _("good") if ends is None else _("good until {day}").format(day=ends.date().isoformat())


def _show_recognised(console: Console, recognised: Recognised) -> None:
    preset = recognised.preset
    if preset is None:
        show_line(console, _("The system is not one that is known."), "bold")
        return
    values: dict[str, list[str]] = {}
    for one in recognised.evidence:
        if one.preset == preset.name:
            values.setdefault(_(_SIGNS[one.sign]), []).append(one.value)
    signs = ", ".join(labelled(sign, " ".join(those)) for sign, those in values.items())
    show_line(console, _("It is {system} ({signs}).").format(system=preset.title, signs=signs), "bold")
    for one in recognised.contradicting:
        text = _("But {sign} {value} is of another system: {preset}.")
        show_line(console, text.format(sign=_(_SIGNS[one.sign]), value=one.value, preset=one.preset), "yellow")


def _show_site(console: Console, one: SiteFound) -> None:
    show_line(console, "")
    good = [each for each in one.found if not each.error]
    text = _("{site}: {mailboxes}, {messages}, {size}").format(
        site=one.site.name,
        mailboxes=plural("{n} mailbox", "{n} mailboxes", len(good)),
        messages=plural("{n} message", "{n} messages", sum(each.messages for each in good)),
        size=size_text(sum(each.size for each in good)),
    )
    show_line(console, text, "bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("mailbox"), overflow="fold")
    for heading in (_("messages"), _("size"), _("too large"), _("private")):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in (_("years"), "POP"):
        table.add_column(heading, no_wrap=True)
    for each in sorted(good, key=lambda each: -each.size)[:_SHOWN]:
        too_large = "?" if each.oversize is None else number(each.oversize)
        counts = (number(each.messages), size_text(each.size), too_large, number(each.private_folders))
        table.add_row(*map(Text, (each.mailbox, *counts, _years(each), _pop(each))))
    if table.row_count:
        console.print(table)
    if len(good) > _SHOWN:
        show_line(console, _("… and {n} more; --json and --out have all of them.").format(n=number(len(good) - _SHOWN)))
    for line in gathered((each.mailbox, each.error) for each in one.found if each.error):
        show_line(console, line, "red")


def _years(one: Inventory) -> str:
    """From the oldest message to the newest; JSON and the files have the days."""
    return "-".join(dict.fromkeys(day[:4] for day in (one.oldest, one.newest) if day))


def _pop(one: Inventory) -> str:
    return _(_POP[one.pop]) if _POP[one.pop] else ""


def _show_waves(console: Console, told: Mapping[str, object]) -> None:
    proposal = told["proposal"]
    assert isinstance(proposal, dict), "as it was made"
    for one in proposal["waves"]:
        text = _("Wave {wave}, week {week}: {site} ({people}, {size})").format(
            wave=one["wave"],
            week=one["week"],
            site=one["site"],
            people=plural("{n} person", "{n} people", one["people"]),
            size=size_text(one["size"]),
        )
        show_line(console, text)
        if one["begin_early"]:
            names = ", ".join(one["begin_early"])
            show_line(console, "  " + _("Begin copying now: {mailboxes}").format(mailboxes=names))

"""What mail programs find their server with: autodiscover, autoconfig and SRV records.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from migrate.dns.facts import Outcome, Srv
from migrate.dns.findings import Aims, Finding, Look, absent
from migrate.dns.judge_servers import value_text

MICROSOFT_AUTODISCOVER = "autodiscover.outlook.com"
_SERVICES = ("_imaps._tcp", "_imap._tcp", "_pop3s._tcp", "_pop3._tcp", "_submissions._tcp", "_submission._tcp")
_AUTODISCOVER = "_autodiscover._tcp"
#: Nobody has this name: what it leads to, a wildcard gives to all names.
_NO_NAME = "no-such-name-bascule"


def judge_services(look: Look, aims: Aims) -> Iterator[Finding]:
    yield from _autodiscover(look, aims)
    yield from _leads_somewhere(look, f"autoconfig.{look.domain}")
    for service in (*_SERVICES, _AUTODISCOVER):
        name = f"{service}.{look.domain}"
        for one in look.srv(name):
            yield from _target(look, name, one)


def _autodiscover(look: Look, aims: Aims) -> Iterator[Finding]:
    name, service = f"autodiscover.{look.domain}", f"{_AUTODISCOVER}.{look.domain}"
    alias = look.answer(name, "CNAME")
    addresses, answers = look.addresses(name)
    targets = [str(value) for value in alias.values] or addresses
    targets += [one.target for one in look.srv(service) if one.target]
    provider = aims.expected.provider if aims.expected else None
    if provider == "microsoft365" and MICROSOFT_AUTODISCOVER not in alias.values:
        found = _("autodiscover leads to {targets}.").format(targets=", ".join(targets))
        if not targets and not (absent(answers) and absent([alias])):
            return
        yield Finding(
            "problem" if targets else "attention", "autodiscover-elsewhere" if targets else "autodiscover-missing",
            name, found if targets else _("No autodiscover record: Outlook has to be set up by hand."),
            _("An alias (CNAME) to autodiscover.outlook.com, once the people work there."),
            _("Change it on the day of the switch, not before: Outlook follows it at once."), "[MS-OXDISCO]",
        )  # fmt: skip
    elif provider == "google" and targets and addresses != look.addresses(f"{_NO_NAME}.{look.domain}")[0]:
        yield Finding(
            "attention", "autodiscover-left", name,
            _("autodiscover leads to {targets}: Outlook goes on finding the old server there.").format(
                targets=", ".join(targets)
            ),
            _("None, once the last site has switched: Google has no autodiscover."),
            _("Take it out on that day."), "[MS-OXDISCO]",
        )  # fmt: skip
    yield from _leads_somewhere(look, name)


def _leads_somewhere(look: Look, name: str) -> Iterator[Finding]:
    alias = look.answer(name, "CNAME")
    if alias.outcome is not Outcome.RECORDS:
        return
    addresses, answers = look.addresses(name)
    if not addresses and absent(answers):
        yield Finding(
            "attention", "alias-leads-nowhere", name,
            _("{name} is an alias of {target}, which has no address.").format(name=name, target=alias.values[0]),
            _("An alias of something that is there, or none."),
            _("Correct it, or take it out: mail programs wait for it, and somebody else could register the name."),
            "RFC 1034, section 3.6.2",
        )  # fmt: skip


def _target(look: Look, name: str, one: Srv) -> Iterator[Finding]:
    if not one.target:
        return  # RFC 2782: the service is decidedly not there
    alias = look.answer(one.target, "CNAME")
    addresses, answers = look.addresses(one.target)
    if alias.outcome is Outcome.RECORDS:
        yield Finding(
            "attention", "srv-is-alias", name,
            _("The SRV record leads to {target}, which is an alias.").format(target=one.target),
            _("The name of a host with addresses of its own."),
            _("Put {target} into the SRV record.").format(target=alias.values[0]), "RFC 2782",
        )  # fmt: skip
    elif not addresses and absent(answers):
        yield Finding(
            "attention", "srv-leads-nowhere", name,
            _("The SRV record {record} leads to a name without an address.").format(record=value_text(one)),
            _("The name of a host that is there."), _("Correct the SRV record, or take it out."), "RFC 2782",
        )  # fmt: skip

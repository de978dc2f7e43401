"""Where the domain's mail goes: MX records, and the hosts that they name.  Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from connectors.language import _
from migrate.dns.facts import Mx, Outcome
from migrate.dns.findings import Aims, Finding, Look, absent
from migrate.dns.providers import GOOGLE_BEFORE, Expected, complete, provider_of
from migrate.dns.wording import outcome_text

#: Seconds: with more than this, a change of the MX takes its time, and so does the way back.
_LONG_TTL = 3600
#: Where nobody outside gets to.
_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/127", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


def judge_mx(look: Look, aims: Aims) -> Iterator[Finding]:
    domain = look.domain
    answer = look.answer(domain, "MX")
    records = look.mx(domain)
    if answer.outcome is Outcome.UNASKED:
        return
    if answer.outcome is Outcome.NXDOMAIN:
        yield Finding(
            "problem", "domain-missing", domain, _("There is no such domain."), _("A domain that is registered."),
            _("Look at the spelling, and whether the registration was paid for."), "RFC 8020",
        )  # fmt: skip
    elif answer.outcome is Outcome.NODATA:
        yield from _no_mx(look)
    elif not answer.definite:
        yield Finding(
            "problem", "mx-unknown", domain, outcome_text(answer.outcome), _("MX records that anybody can look up."),
            _("See what is said of the name servers. Until they answer, senders keep their mail and try again."),
            "RFC 5321, section 5.1",
        )  # fmt: skip
    else:
        yield from _records(look, aims, records)


def _no_mx(look: Look) -> Iterator[Finding]:
    addresses, answers = look.addresses(look.domain)
    if addresses:
        found = _("No MX record; senders take the domain's own address, {addresses}, which often is a web server's.")
        found = found.format(addresses=", ".join(addresses))
    elif absent(answers):
        found = _("No MX record, and no address either: nobody can send mail to this domain.")
    else:
        found = _("No MX record.")
    yield Finding(
        "problem", "mx-missing", look.domain, found, _("MX records that name the hosts that receive its mail."),
        _("Enter them at whoever keeps the zone."), "RFC 5321, section 5.1",
    )  # fmt: skip


def _records(look: Look, aims: Aims, records: Sequence[Mx]) -> Iterator[Finding]:
    domain = look.domain
    hosts = [one.host for one in records if one.host]
    if not hosts:
        yield Finding(
            "problem" if aims.expected else "note", "mx-null", domain,
            _("A null MX: the domain says that it takes no mail."),
            _("MX records, if anybody is to write to it; else all is well."),
            _("Enter the MX of the system that is to receive its mail."), "RFC 7505, section 3",
        )  # fmt: skip
    elif len(hosts) < len(records):
        yield Finding(
            "problem", "mx-null-beside-others", domain,
            _("A null MX stands beside {hosts}.").format(hosts=", ".join(hosts)),
            _("Either a null MX alone, or none."), _('Take out the MX record with "." as its host.'),
            "RFC 7505, section 3",
        )  # fmt: skip
    for host in dict.fromkeys(hosts):
        yield from _host(look, host)
    if aims.expected and hosts:
        yield from _expected(look, aims.expected, hosts)
    yield from _time(look, aims)


def _time(look: Look, aims: Aims) -> Iterator[Finding]:
    ttl = look.answer(look.domain, "MX").ttl
    arrived = aims.expected and not strangers(look, aims.expected, [one.host for one in look.mx(look.domain)])
    if aims.expected and not arrived and ttl is not None and ttl > _LONG_TTL:
        yield Finding(
            "note", "mx-ttl-long", look.domain,
            _("Others may remember the MX for {seconds} seconds.").format(seconds=ttl),
            _("300 to 600 seconds before the cutover, and during it."),
            _("Lower the TTL of the MX records, and wait at least {seconds} seconds before you change them.").format(
                seconds=ttl
            ),
            "RFC 2308",
        )  # fmt: skip


def _host(look: Look, host: str) -> Iterator[Finding]:
    if _is_address(host):
        yield Finding(
            "problem", "mx-is-address", host, _("An MX record names an IP address, {host}.").format(host=host),
            _("The name of a host."), _("Give the host a name with that address, and put the name into the MX."),
            "RFC 5321, section 5.1",
        )  # fmt: skip
        return
    alias = look.answer(host, "CNAME")
    if alias.outcome is Outcome.RECORDS:
        yield Finding(
            "problem", "mx-is-alias", host,
            _("{host} is an alias (CNAME) of {target}.").format(host=host, target=alias.values[0]),
            _("The MX names a host that has addresses of its own."),
            _("Put {target} into the MX, or give {host} its addresses instead of the alias.").format(
                host=host, target=alias.values[0]
            ),
            "RFC 5321, section 5.1; RFC 2181, section 10.3",
        )  # fmt: skip
    addresses, answers = look.addresses(host)
    failed = next((one for one in answers if not one.definite and one.outcome is not Outcome.UNASKED), None)
    if absent(answers):
        yield Finding(
            "problem", "mx-without-address", host,
            _("{host} has no address: no mail can be brought there.").format(host=host),
            _("An A or AAAA record."), _("Correct the host's name in the MX, or give it an address."),
            "RFC 5321, section 5.1",
        )  # fmt: skip
    elif failed and not addresses:
        yield Finding(
            "attention", "mx-address-unknown", host, outcome_text(failed.outcome), _("An A or AAAA record."),
            _("Check again in some minutes; if it stays, ask whoever keeps the zone of {host}.").format(host=host),
            "RFC 5321, section 5.1",
        )  # fmt: skip
    private = [address for address in addresses if any(ipaddress.ip_address(address) in one for one in _INSIDE)]
    if private:
        yield Finding(
            "problem", "mx-private-address", host,
            _("{host} has an address that nobody outside can reach: {addresses}.").format(
                host=host, addresses=", ".join(private)
            ),
            _("Addresses that the internet reaches."), _("Take the address out of the public zone."),
            "RFC 1918; RFC 6890",
        )  # fmt: skip


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _expected(look: Look, expected: Expected, hosts: Sequence[str]) -> Iterator[Finding]:
    others = strangers(look, expected, hosts)
    ours = [host for host in hosts if host not in others]
    if not ours:
        yield Finding(
            "problem", "mx-elsewhere", look.domain,
            _("Mail goes to {hosts}.").format(hosts=", ".join(others)),
            _("Mail goes to {system}.").format(system=expected.title), _mend(expected), "RFC 5321, section 5.1",
        )  # fmt: skip
    elif others:
        yield Finding(
            "problem", "mx-mixed", look.domain,
            _("Mail goes to {system}, and to {hosts} too: a part of it arrives there.").format(
                system=expected.title, hosts=", ".join(others)
            ),
            _("Only the MX of {system}.").format(system=expected.title),
            _("Take out the MX records of {hosts}, once that system has nothing more to receive.").format(
                hosts=", ".join(others)
            ),
            "RFC 5321, section 5.1",
        )  # fmt: skip
    elif expected.provider and not complete(expected.provider, hosts):
        yield Finding(
            "attention", "mx-incomplete", look.domain,
            _("Only some of the provider's MX records, or two forms of them: {hosts}.").format(hosts=", ".join(hosts)),
            _("All records of one form."), _mend(expected), "",
        )  # fmt: skip


def _mend(expected: Expected) -> str:
    if expected.provider == "google":
        return _("Enter smtp.google.com with preference 1 alone; or keep the older form, {hosts}.").format(
            hosts=", ".join(sorted(GOOGLE_BEFORE))
        )
    if expected.provider == "microsoft365":
        return _(
            "Enter the MX that the Microsoft 365 admin centre shows for this domain (Settings, Domains, DNS records),"
            " alone. It is made for your tenant: do not put it together yourself."
        )
    return _("Enter {host} as MX, or the host that receives mail for it.").format(host=expected.host)


def strangers(look: Look, expected: Expected, hosts: Sequence[str]) -> list[str]:
    """The MX hosts that are not of the system that is expected: by form, or by name and address."""
    if expected.provider:
        return [host for host in hosts if provider_of(host) != expected.provider]
    there, _answers = look.addresses(expected.host)
    return [
        host
        for host in hosts
        if host not in {expected.host, *expected.takers}
        and (_is_address(host) or not set(look.addresses(host)[0]) & set(there))
    ]

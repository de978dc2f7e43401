"""Who may send for the domain: its SPF record.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _, number
from migrate.dns.codes import Code
from migrate.dns.facts import Outcome
from migrate.dns.findings import Aims, Finding, Look
from migrate.dns.providers import SPF_INCLUDES, TITLES, Provider, provider_of
from migrate.dns.spf import LOOK_UPS, VOID_LOOK_UPS, Parsed, Walk, is_spf, parse, walk


def judge_spf(look: Look, aims: Aims) -> Iterator[Finding]:
    domain = look.domain
    answer = look.answer(domain, "TXT")
    if not answer.definite or answer.outcome is Outcome.NXDOMAIN:
        return
    records = [text for text in look.texts(domain) if is_spf(text)]
    if not records:
        yield Finding(
            "attention", "spf-missing", domain, _("No SPF record."),
            _("One TXT record that begins with v=spf1 and names all who send for the domain."),
            _("Enter one at whoever keeps the zone. Without it, large providers put the domain's mail into junk."),
            "RFC 7208, section 3",
        )  # fmt: skip
    elif len(records) > 1:
        yield Finding(
            "problem", "spf-several", domain,
            _("{count} SPF records: receivers use none of them.").format(count=len(records)), _("One SPF record."),
            _("Join them into one: the terms of both, and one all at the end."), "RFC 7208, section 4.5",
        )  # fmt: skip
    else:
        parsed = parse(records[0])
        yield from _written(domain, parsed)
        done = walk(look, domain, records[0])
        if not parsed.wrong:
            yield from _counted(domain, done)
        yield from _senders(look, aims, done)


def _written(domain: str, parsed: Parsed) -> Iterator[Finding]:
    if parsed.wrong:
        yield Finding(
            "problem", "spf-syntax", domain,
            _("No receiver can read this part of the SPF record: {terms}").format(terms=" ".join(parsed.wrong)),
            _("Terms such as include:NAME, ip4:ADDRESS, a, mx and -all, with a space between them."),
            _("Correct these terms. As it is, the whole record counts as broken."), "RFC 7208, section 4.6",
        )  # fmt: skip
    names = [term.name for term in parsed.terms if not term.modifier]
    ends = [term for term in parsed.terms if term.name == "all"]
    redirects = any(term.modifier and term.name == "redirect" for term in parsed.terms)
    if ends and ends[0].qualifier == "+":
        yield Finding(
            "problem", "spf-all-pass", domain, _("The SPF record ends in +all: anybody may send for this domain."),
            _("-all, or ~all while you are not sure of all senders."), _("Change +all to ~all."),
            "RFC 7208, section 5.1",
        )  # fmt: skip
    if not ends and not redirects and not parsed.wrong:
        yield Finding(
            "attention", "spf-without-end", domain, _("The SPF record says nothing about everybody else."),
            _("-all, or ~all, at its end."), _("Add ~all at the end."), "RFC 7208, section 4.7",
        )  # fmt: skip
    if ends and names.index("all") < len(names) - 1:
        unread = " ".join(term.written for term in parsed.terms if not term.modifier).partition(ends[0].written)[2]
        yield Finding(
            "attention", "spf-after-all", domain,
            _("What stands after all is never read: {terms}").format(terms=unread.strip()),
            _("all is the last term."), _("Move all to the end."), "RFC 7208, section 5.1",
        )  # fmt: skip
    if "ptr" in names:
        yield Finding(
            "attention", "spf-ptr", domain, _("The SPF record uses ptr, which many receivers pass over."),
            _("ip4, ip6, a, mx or include instead."), _("Name the senders' addresses in its place."),
            "RFC 7208, section 5.5",
        )  # fmt: skip


def _counted(domain: str, done: Walk) -> Iterator[Finding]:
    if len(done.look_ups) > LOOK_UPS:
        yield Finding(
            "problem", "spf-look-ups", domain,
            _("The SPF record makes a receiver look up {count} names: {terms}").format(
                count=number(len(done.look_ups)), terms=" ".join(written for _domain, written in done.look_ups)
            ),
            _("10 at most, or the record counts as broken."),
            _("Take out what sends no longer; put ip4 and ip6 in the place of a and mx; give services subdomains."),
            "RFC 7208, section 4.6.4",
        )  # fmt: skip
    if len(done.void) > VOID_LOOK_UPS:
        yield Finding(
            "problem", "spf-void-look-ups", domain,
            _("The SPF record names what is not there: {names}").format(names=", ".join(done.void)),
            _("2 at most, or the record counts as broken."), _("Take these terms out."), "RFC 7208, section 4.6.4",
        )  # fmt: skip
    causes = {
        "none": _("has no SPF record"),
        "several": _("has several SPF records"),
        "syntax": _("has an SPF record that cannot be read"),
        "loop": _("includes what includes it"),
        "too-deep": _("leads through too many others"),
    }
    for name, cause in dict.fromkeys(done.unusable):
        yield Finding(
            "problem", "spf-include-broken", domain,
            _("The SPF record includes {name}, which {cause}.").format(name=name, cause=causes[cause]),
            _("Each include names a domain with one good SPF record; else the whole record counts as broken."),
            _("Correct the name, or take the term out."), "RFC 7208, section 5.2",
        )  # fmt: skip
    for name in dict.fromkeys(done.undecided):
        yield Finding(
            "attention", "spf-include-unknown", domain,
            _("The SPF record includes {name}, whose servers do not answer.").format(name=name),
            _("Servers that answer: as it is, receivers put mail off."), _("Check again in some minutes."),
            "RFC 7208, section 5.2",
        )  # fmt: skip
    for name in dict.fromkeys(done.crowded):
        yield Finding(
            "problem", "spf-many-mx", domain,
            _("The SPF record's mx looks at {name}, which has more than 10 hosts.").format(name=name),
            _("10 at most, or the record counts as broken."), _("Name their addresses instead."),
            "RFC 7208, section 4.6.4",
        )  # fmt: skip


def _senders(look: Look, aims: Aims, done: Walk) -> Iterator[Finding]:
    """Whether those send for the domain who are to, and those who do so far: until the last site has switched, both."""
    now = {provider for one in look.mx(look.domain) if (provider := provider_of(one.host)) is not None}
    new = aims.expected.provider if aims.expected else None
    for provider in sorted(now - {new}):
        yield from _provider(look, provider, done, "spf-old-sender")
    if new:
        yield from _provider(look, new, done, "spf-new-sender")
    elif aims.expected:
        addresses, _answers = look.addresses(aims.expected.host)
        # A system may send by other hosts than it is read at: worth a look, and no more can be said.
        if addresses and not any(done.admits(address) for address in addresses) and not done.unknowable:
            yield Finding(
                "attention", "spf-new-sender", look.domain,
                _("The SPF record does not name {host} ({addresses}).").format(
                    host=aims.expected.host, addresses=", ".join(addresses)
                ),
                _("Whatever {system} sends with may send for the domain, before the first site switches.").format(
                    system=aims.expected.title
                ),
                _("Ask which hosts {system} sends with, and add them if they are not there.").format(
                    system=aims.expected.title
                ),
                "RFC 7208, section 5",
            )  # fmt: skip


def _provider(look: Look, provider: Provider, done: Walk, code: Code) -> Iterator[Finding]:
    include = SPF_INCLUDES[provider]
    if include in done.domains or done.undecided or done.unknowable:
        return
    if code == "spf-new-sender":
        wanted = _("{system} may send for the domain, before the first site switches.")
    else:
        wanted = _("{system} may send for the domain as long as people work there, and some weeks after.")
    yield Finding(
        "problem", code, look.domain,
        _("The SPF record does not include {name}.").format(name=include), wanted.format(system=TITLES[provider]),
        _("Add include:{name} before all.").format(name=include), "RFC 7208, section 5.2",
    )  # fmt: skip

"""What makes senders insist on TLS: MTA-STS, reports on it, and TLSA.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.language import _
from migrate.dns.facts import Outcome, Policy, Tlsa
from migrate.dns.findings import Aims, Finding, Look
from migrate.dns.tags import tags

#: RFC 8461, section 3.2: seconds that a policy may be kept at most.
_LONGEST = 31_557_600
_HASHES = {1: 64, 2: 128}


def judge_mta_sts(look: Look, _aims: Aims) -> Iterator[Finding]:
    name = f"_mta-sts.{look.domain}"
    if not look.answer(name, "TXT").definite:
        return
    records = [text for text in look.texts(name) if text.replace(" ", "").lower().startswith("v=stsv1")]
    if not records:
        return
    found = tags(records[0]) if len(records) == 1 else None
    if found is None or found.get("v") != "STSv1" or not re.fullmatch(r"[A-Za-z0-9]{1,32}", found.get("id", "")):
        yield Finding(
            "problem", "mta-sts-broken", name,
            _("The MTA-STS record cannot be used: {text}").format(text=" | ".join(records)),
            _("One record, v=STSv1; id=LETTERS AND DIGITS."), _("Correct it, with a new id."),
            "RFC 8461, section 3.1",
        )  # fmt: skip
    policy = look.policy()
    if policy is not None:
        yield from _policy(look, policy)


def _policy(look: Look, policy: Policy) -> Iterator[Finding]:
    name = f"mta-sts.{look.domain}"
    if policy.text is None:
        yield Finding(
            "problem", "mta-sts-no-policy", name,
            _("The MTA-STS policy cannot be fetched: {error}").format(error=policy.error),
            _("A text at https://{name}/.well-known/mta-sts.txt, with a certificate for that name.").format(name=name),
            _("Put it there; or take the record at _mta-sts away, once the old policy's max_age is over."),
            "RFC 8461, section 3.3",
        )  # fmt: skip
        return
    keys, patterns = _read(policy.text)
    mode, age = keys.get("mode", ""), keys.get("max_age", "")
    readable = keys.get("version") == "STSv1" and mode in ("enforce", "testing", "none") and age.isdecimal()
    if not readable or (mode != "none" and not patterns) or int(age) > _LONGEST:
        yield Finding(
            "problem", "mta-sts-policy-broken", name, _("The MTA-STS policy cannot be read."),
            _("version: STSv1, mode: enforce (or testing, or none), mx: for each MX, max_age: seconds, a line each."),
            _("Correct it, and give the record at _mta-sts a new id."), "RFC 8461, section 3.2",
        )  # fmt: skip
        return
    outside = uncovered(policy.text, [one.host for one in look.mx(look.domain) if one.host])
    if outside and mode != "none":
        yield Finding(
            "problem" if mode == "enforce" else "attention", "mta-sts-without-mx", name,
            _("The MTA-STS policy does not name {hosts}: with mode: enforce, senders bring no mail there.").format(
                hosts=", ".join(outside)
            ),
            _("An mx: line for each MX, the old ones and the new ones, before the MX changes."),
            _("Add them, give the record at _mta-sts a new id, and wait {seconds} seconds (the old max_age).").format(
                seconds=age
            ),
            "RFC 8461, section 4.1",
        )  # fmt: skip


def enforced(policy: str) -> bool:
    """Whether senders keep mail back from hosts that the policy does not name (RFC 8461, section 5)."""
    return _read(policy)[0].get("mode") == "enforce"


def uncovered(policy: str, hosts: Sequence[str]) -> list[str]:
    """The hosts that a policy does not name.  RFC 8461, section 4.1: a star stands for one label, the first."""
    patterns = _read(policy)[1]
    return [host for host in hosts if host not in patterns and f"*.{host.partition('.')[2]}" not in patterns]


def _read(policy: str) -> tuple[dict[str, str], list[str]]:
    """The keys of a policy, and its patterns of MX hosts (RFC 8461, section 3.2)."""
    lines = [line.partition(":") for line in policy.splitlines() if line.strip()]
    keys = {key.strip(): value.strip() for key, _sign, value in lines if key.strip() != "mx"}
    return keys, [value.strip().lower().rstrip(".") for key, _sign, value in lines if key.strip() == "mx"]


def judge_tls_reports(look: Look, _aims: Aims) -> Iterator[Finding]:
    name = f"_smtp._tls.{look.domain}"
    records = [text for text in look.texts(name) if text.replace(" ", "").lower().startswith("v=tlsrptv1")]
    if not records:
        return
    found = tags(records[0]) if len(records) == 1 else None
    addresses = [one.strip() for one in (found or {}).get("rua", "").split(",")]
    if found is None or not all(one.lower().startswith(("mailto:", "https://")) for one in addresses):
        yield Finding(
            "attention", "tls-rpt-broken", name,
            _("The record for TLS reports cannot be used: {text}").format(text=" | ".join(records)),
            _("One record, v=TLSRPTv1; rua=mailto:ADDRESS."), _("Correct it."), "RFC 8460, section 3",
        )  # fmt: skip


def judge_tlsa(look: Look, _aims: Aims) -> Iterator[Finding]:
    hosts = list(dict.fromkeys(one.host for one in look.mx(look.domain) if one.host))
    with_tlsa = []
    for host in hosts:
        name = f"_25._tcp.{host}"
        answer = look.answer(name, "TLSA")
        if answer.outcome is Outcome.SERVFAIL:
            yield Finding(
                "problem", "tlsa-unknown", name,
                _("The servers do not say whether there is a TLSA record (SERVFAIL): senders that know DANE wait."),
                _("An answer, if only that there is none."), _("Ask the zone's keeper to repair it."),
                "RFC 7672, section 2.1.2",
            )  # fmt: skip
        records = look.tlsa(name)
        if records:
            with_tlsa.append(host)
            yield from _usable(look, name, records)
    if with_tlsa and len(with_tlsa) < len(hosts):
        others = [host for host in hosts if host not in with_tlsa]
        yield Finding(
            "note", "tlsa-not-everywhere", look.domain,
            _("There are TLSA records for {some}, and none for {others}.").format(
                some=", ".join(with_tlsa), others=", ".join(others)
            ),
            _("For each MX, or for none."), _("Add them, or know that mail to the others is less protected."),
            "RFC 7672, section 2.2.1",
        )  # fmt: skip


def _usable(look: Look, name: str, records: Sequence[Tlsa]) -> Iterator[Finding]:
    if not any(_is_usable(one) for one in records):
        yield Finding(
            "problem", "tlsa-unusable", name, _("No TLSA record here can be used for mail."),
            _("3 1 1 with the SHA-256 of the server's key."), _("Make them anew from the server's certificate."),
            "RFC 7672, section 3.1",
        )  # fmt: skip
    resolved = [answer for view in look.facts.of("resolver") if (answer := view.answer(name, "TLSA")).values]
    if resolved and not any(answer.secure for answer in resolved):
        yield Finding(
            "attention", "tlsa-unsigned", name, _("The TLSA record is not signed: it counts for nothing."),
            _("A zone with DNSSEC, verified by resolvers."), _("Have the zone signed, or take the record out."),
            "RFC 7672, section 2.1.1",
        )  # fmt: skip


def _is_usable(one: Tlsa) -> bool:
    """RFC 7672, section 3.1.3: usages 0 and 1 are not for SMTP."""
    return (
        one.usage in (2, 3)
        and one.selector in (0, 1)
        and (one.matching == 0 or len(one.data) == _HASHES.get(one.matching))
    )

"""What receivers check a mail's signature and sender with: DKIM keys and the DMARC policy.  Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from connectors.language import _
from migrate.dns.facts import Outcome
from migrate.dns.findings import Aims, Finding, Look
from migrate.dns.keys import rsa_bits
from migrate.dns.providers import SELECTORS, provider_of
from migrate.dns.tags import tags

#: RFC 8301, section 3.2: shorter keys are worthless; longer than this ones are asked of signers.
_SHORTEST, _ENOUGH = 1024, 2048


def judge_dkim(look: Look, aims: Aims) -> Iterator[Finding]:
    """The selectors that must be there, and whatever is there of those that providers propose."""
    expected = SELECTORS[aims.expected.provider] if aims.expected and aims.expected.provider else ()
    now = [
        selector
        for one in look.mx(look.domain)
        if (provider := provider_of(one.host))
        for selector in SELECTORS[provider]
    ]
    # Who names a selector need not have the one that the provider proposes.
    wanted = aims.selectors or expected[:1]
    for selector in dict.fromkeys([*wanted, *expected, *now]):
        yield from _key(look, f"{selector}._domainkey.{look.domain}", wanted=selector in wanted)


def _key(look: Look, name: str, *, wanted: bool) -> Iterator[Finding]:
    answer = look.answer(name, "TXT")
    # A zone may have a TXT record for whatever name is asked for.
    texts = [text for text in look.texts(name) if text.startswith("v=DKIM1") or "p" in (tags(text) or {})]
    if answer.outcome is Outcome.UNASKED:
        return
    if answer.aliases and not texts and answer.definite:
        yield Finding(
            "problem" if wanted else "note", "dkim-leads-nowhere", name,
            _("{name} is an alias of {target}, where there is no key.").format(name=name, target=answer.aliases[-1]),
            _("A key where the alias leads."),
            _("Switch signing on at the provider; or correct the alias to the one that it shows."),
            "RFC 6376, section 3.6.2",
        )  # fmt: skip
    elif not texts and answer.definite and wanted:
        yield Finding(
            "attention", "dkim-missing", name, _("No DKIM key."), _("The key that the system signs with."),
            _("Let the system make one, enter the record that it shows, then switch signing on there."),
            "RFC 6376, section 3.6.2",
        )  # fmt: skip
    elif not answer.definite and wanted:
        yield Finding(
            "attention", "dkim-unknown", name, _("The servers do not say whether there is a key."), _("A DKIM key."),
            _("Check again in some minutes."), "RFC 6376, section 3.6.2",
        )  # fmt: skip
    elif len(texts) > 1:
        yield Finding(
            "problem", "dkim-several", name, _("{count} records in one place.").format(count=len(texts)),
            _("One: receivers may take any of them."), _("Take out the old one."), "RFC 6376, section 3.6.2.2",
        )  # fmt: skip
    elif texts:
        yield from _written(name, texts[0], wanted=wanted)


def _written(name: str, text: str, *, wanted: bool) -> Iterator[Finding]:
    found = tags(text)
    if found is None or "p" not in found or (found.get("v", "DKIM1") != "DKIM1"):
        yield _broken(name, _("The DKIM record cannot be read."))
        return
    key, kind = "".join(found["p"].split()), found.get("k", "rsa").lower()
    if not key:
        yield Finding(
            "problem" if wanted else "note", "dkim-revoked", name, _("The key was revoked: p= is empty."),
            _("A key, if anything still signs with this selector."),
            _("Enter the key that the system shows, or sign with another selector."), "RFC 6376, section 3.6.1",
        )  # fmt: skip
        return
    bits = rsa_bits(key) if kind == "rsa" else None
    if (kind == "rsa" and bits is None) or (kind == "ed25519" and not _is_ed25519(key)):
        yield _broken(name, _("The key is damaged: often its text was cut off, or joined wrongly from two parts."))
    elif bits is not None and bits < _SHORTEST:
        yield Finding(
            "problem", "dkim-short-key", name,
            _("The key has {bits} bits: receivers do not believe it.").format(bits=bits), _("2048 bits."),
            _("Let the system make a new key."), "RFC 8301, section 3.2",
        )  # fmt: skip
    elif bits is not None and bits < _ENOUGH:
        yield Finding(
            "note", "dkim-weak-key", name, _("The key has {bits} bits.").format(bits=bits), _("2048 bits."),
            _("Let the system make a longer one when it suits."), "RFC 8301, section 3.2",
        )  # fmt: skip
    if "y" in found.get("t", "").split(":"):
        yield Finding(
            "note", "dkim-testing", name, _("The record says that DKIM is only being tried out (t=y)."),
            _("No t=y once it works."), _("Take t=y out."), "RFC 6376, section 3.6.1",
        )  # fmt: skip


def _is_ed25519(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 32  # RFC 8463, section 4
    except binascii.Error:
        return False


def _broken(name: str, found: str) -> Finding:
    return Finding(
        "problem", "dkim-broken", name, found, _("v=DKIM1; k=rsa; p=KEY, the key in one piece."),
        _("Copy the record again from the system that signs."), "RFC 6376, section 3.6.1",
    )  # fmt: skip


def judge_dmarc(look: Look, _aims: Aims) -> Iterator[Finding]:
    """The policy at the domain, else at the nearest domain above that has one."""
    labels = look.domain.split(".")
    for above in range(max(len(labels) - 1, 1)):
        name = "_dmarc." + ".".join(labels[above:])
        answer = look.answer(name, "TXT")
        if not answer.definite:
            return
        records = [text for text in look.texts(name) if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if records:
            yield from _policy(look, name, records)
            return
    yield Finding(
        "attention", "dmarc-missing", f"_dmarc.{look.domain}", _("No DMARC record."),
        _("At least v=DMARC1; p=none; rua=mailto:ADDRESS, whose reports show who sends for the domain."),
        _("Enter it weeks before the first site switches: its reports find the senders that nobody thought of."),
        "RFC 7489, section 6.1",
    )  # fmt: skip


def _policy(look: Look, name: str, records: list[str]) -> Iterator[Finding]:
    if len(records) > 1:
        yield Finding(
            "problem", "dmarc-several", name, _("{count} DMARC records: none counts.").format(count=len(records)),
            _("One."), _("Take out the old one."), "RFC 7489, section 6.6.3",
        )  # fmt: skip
        return
    found = tags(records[0])
    if (
        found is None
        or next(iter(found)) != "v"
        or found["v"] != "DMARC1"
        or found.get("p", "").lower() not in ("none", "quarantine", "reject")
    ):
        yield Finding(
            "problem", "dmarc-broken", name, _("The DMARC record cannot be read: {text}").format(text=records[0]),
            _("v=DMARC1 first, then p=none, p=quarantine or p=reject, with a semicolon between."),
            _("Correct it."), "RFC 7489, section 6.3",
        )  # fmt: skip
        return
    reports = [one.strip() for one in found.get("rua", "").split(",") if one.strip()]
    if not reports:
        yield Finding(
            "note", "dmarc-without-reports", name, _("Nobody gets the DMARC reports."), _("rua=mailto:ADDRESS."),
            _("Add it: after the cutover the reports show who still sends by the old system."),
            "RFC 7489, section 6.3",
        )  # fmt: skip
    wrong = [one for one in reports if not one.lower().startswith(("mailto:", "https:"))]
    if wrong:
        yield Finding(
            "attention", "dmarc-report-address", name,
            _("Reports cannot be sent to {address}.").format(address=", ".join(wrong)), _("rua=mailto:ADDRESS."),
            _("Write mailto: before the address."), "RFC 7489, section 6.3",
        )  # fmt: skip
    for there in sorted({one.rpartition("@")[2].partition("!")[0].lower() for one in reports if "@" in one}):
        yield from _elsewhere(look, name, there)


def _elsewhere(look: Look, name: str, there: str) -> Iterator[Finding]:
    """Who gets reports on another domain must have agreed (RFC 7489, section 7.1)."""
    domain = name.removeprefix("_dmarc.")
    if there == domain or there.endswith(f".{domain}") or domain.endswith(f".{there}"):
        return
    consent = f"{domain}._report._dmarc.{there}"
    answer = look.answer(consent, "TXT")
    if answer.definite and not any(text.startswith("v=DMARC1") for text in look.texts(consent)):
        yield Finding(
            "attention", "dmarc-report-refused", name,
            _("{there} has not said that it takes reports on {domain}: none is sent there.").format(
                there=there, domain=domain
            ),
            _("A TXT record v=DMARC1 at {name}.").format(name=consent),
            _("Ask the keeper of {there} to enter it, or name an address of your own domain.").format(there=there),
            "RFC 7489, section 7.1",
        )  # fmt: skip

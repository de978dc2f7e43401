"""What could not be found out, as questions to the site, in the language that is spoken.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.language import _, number
from connectors.presets import Preset
from migrate.discover.finding_out import DomainFound
from migrate.discover.inventory import Inventory
from migrate.discover.proposing import Proposal, best
from migrate.discover.recognising import Recognised
from migrate.discover.waves import A_NIGHT, SiteTotals
from migrate.figures import size_text

#: A certificate that ends within this is asked about before the copy depends on it.
_SOON = timedelta(days=30)
#: Names in one question.
_NAMED = 12


@dataclass(frozen=True, slots=True)
class Question:
    """``why``: what becomes of the move without an answer."""

    code: str
    text: str
    why: str


def questions(
    found: DomainFound,
    proposal: Proposal,
    sites: Sequence[SiteTotals],
    people: Sequence[Inventory],
    now: datetime,
) -> list[Question]:
    """The most pressing first.  ``people``: as far as mailboxes were looked at."""
    return [
        *_of_system(found, proposal),
        *([] if any(not one.error for one in people) else _of_sign_in(found.recognised.preset)),
        *_of_servers(found, now),
        *_of_people(sites, people),
        *_of_mailboxes(people),
        *_always(found),
    ]


def as_markdown(domain: str, asked: Sequence[Question]) -> str:
    """A page to send: each question with a place for its answer."""
    lines = [
        "# " + _("Questions about the mail of {domain}").format(domain=domain),
        "",
        _("These could not be found out from outside. Please answer below each one; what is not known may stay open."),
    ]
    for place, one in enumerate(asked, 1):
        lines += ["", f"## {place}. {one.text}", "", "*" + one.why + "*", "", _("Answer:"), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _of_system(found: DomainFound, proposal: Proposal) -> Iterator[Question]:
    recognised = found.recognised
    preset = recognised.preset
    if preset is None:
        yield Question(
            "host",
            _("Who keeps the mailboxes today, and under which offer? Which servers stand in the mail programs?"),
            _("Neither the domain's records nor its servers say it."),
        )
    if recognised.contradicting:
        yield Question("relay", _("Where do the mailboxes lie: {systems}?").format(systems=_systems(recognised)),
            _("The domain's records name several: one of them may only filter mail, or be a system that was left."),
        )  # fmt: skip
    if preset is not None and "host-in-panel" in preset.quirks and "host" not in proposal.system:
        yield Question("panel", _("What is the name of the server, as the provider's control panel shows it?"),
            _("Each customer has another one.")
        )  # fmt: skip
    if proposal.recipe is None and proposal.mx_first == "old":
        yield Question("forwarding", _("Can the mail server keep each message and send a copy to another address?"),
            _("Else the new side has to receive first while people move."),
        )  # fmt: skip


def _of_sign_in(preset: Preset | None) -> Iterator[Question]:
    if preset is not None and preset.sign_in in ("service-account", "app-registration"):
        text = _("Who is the administrator of {system}, and can grant access for all mailboxes?")
        yield Question("administrator", text.format(system=preset.title),
            _("Access is granted once for everybody; no password of a person is needed."),
        )  # fmt: skip
        return
    yield Question("passwords",
        _("How do we get into each mailbox: with everybody's password, with new ones, or with one account for all?"),
        _("The copy signs in to each mailbox. Passwords come over a safe way, never by mail."),
    )  # fmt: skip


def _systems(recognised: Recognised) -> str:
    names = [one.preset for one in recognised.evidence if one.sign in ("mx", "server")]
    return ", ".join(dict.fromkeys(names))


def _of_servers(found: DomainFound, now: datetime) -> Iterator[Question]:
    server = best(found.endpoints, "imap") or best(found.endpoints, "pop3")
    if server is None and found.recognised.preset is None:
        yield Question("server", _("Which server do mail programs read mail from (name, port, encryption)?"),
            _("No server was found that answers."),
        )  # fmt: skip
    seen = None if server is None else server.certificate
    if server is not None and seen is not None and seen.fault:
        text = _("Is this the fingerprint of the certificate of {host}: sha256:{fingerprint}?")
        yield Question("certificate", text.format(host=server.candidate.host, fingerprint=seen.fingerprint),
            _("The certificate is not trusted, and nobody signs in before somebody has vouched for it."),
        )  # fmt: skip
    elif server is not None and seen is not None and seen.ends is not None and seen.ends - now < _SOON:
        text = _("Who renews the certificate of {host} before {day}?")
        yield Question("certificate-ends", text.format(host=server.candidate.host, day=seen.ends.date().isoformat()),
            _("The copy stops when it ends."),
        )  # fmt: skip


def _of_people(sites: Sequence[SiteTotals], people: Sequence[Inventory]) -> Iterator[Question]:
    if not sites:
        yield Question("people",
            _("Which people work at which site, and which mailboxes, aliases, shared mailboxes and groups are there?"),
            _("The people file is made of it. An export of the present system will do."),
        )  # fmt: skip
    elif len(sites) > 1 and not any(one.wave is not None for one in sites):
        yield Question("pilot", _("Which site is the head office, or has the most patient people?"),
            _("It moves first, and meets every situation once."),
        )  # fmt: skip
    refused = [one.mailbox for one in people if one.error]
    if refused:
        yield Question("access", _("How do we get into these mailboxes: {mailboxes}?").format(mailboxes=_some(refused)),
            _("Nobody could sign in for them."),
        )  # fmt: skip


def _of_mailboxes(people: Sequence[Inventory]) -> Iterator[Question]:
    likely = [one.mailbox for one in people if one.pop == "likely"]
    if likely:
        yield Question("pop-likely",
            _("Do these people read their mail by POP, and on which PC: {mailboxes}?").format(mailboxes=_some(likely)),
            _("Their mailboxes look as if the mail were fetched and lay on a PC; there, it has to be collected."),
        )  # fmt: skip
    large = [one.mailbox for one in people if one.size > A_NIGHT]
    if large:
        text = _("May these large mailboxes be tidied up, or begun early: {mailboxes}?")
        yield Question("early", text.format(mailboxes=_some(large)),
            _("Each holds more than {size}, which no night is long enough for.").format(size=size_text(A_NIGHT)),
        )  # fmt: skip
    oversize = [one.mailbox for one in people if one.oversize]
    if oversize:
        text = _("What becomes of messages that are too long for the new system, in: {mailboxes}?")
        yield Question("oversize", text.format(mailboxes=_some(oversize)),
            _("They stay behind, and each can be kept as a file."),
        )  # fmt: skip
    private = [one.mailbox for one in people if one.private_folders]
    if private:
        text = _("Do private folders travel? These mailboxes have some: {mailboxes}")
        yield Question("private", text.format(mailboxes=_some(private)),
            _("Without an answer they stay where they are. Nobody opens them."),
        )  # fmt: skip


def _always(found: DomainFound) -> Iterator[Question]:
    servers = ", ".join(found.records.nameservers)
    zone = _("Who may change the DNS records of {domain}, and with which sign-in? Its name servers are {servers}.")
    no_servers = _("Who may change the DNS records of {domain}, and with which sign-in?")
    yield Question("zone", (zone if servers else no_servers).format(domain=found.records.domain, servers=servers),
        _("The mail goes to the new side by a change there."),
    )  # fmt: skip
    yield Question("uses",
        _("With what does each person read mail: webmail, Outlook (which version, POP or IMAP), Thunderbird, a phone?"),
        _("A server does not tell it, and each of them has steps of its own. Who uses POP has the mail on a PC."),
    )  # fmt: skip
    yield Question("archives",
        _("Who has archives on a PC or a share (.pst, .olm, folders of Thunderbird), and where?"),
        _("They are copied too, if we know of them."),
    )  # fmt: skip
    senders = ", ".join(found.records.includes)
    text = _("What sends mail in the name of {domain} beside people: copiers, shop, accounting, newsletters?")
    named = _("The SPF record lets these send: {senders}. Whoever is forgotten is taken for spam after the move.")
    unnamed = _("Whoever is forgotten is taken for spam after the move.")
    yield Question("senders", text.format(domain=found.records.domain),
        named.format(senders=senders) if senders else unnamed,
    )  # fmt: skip
    yield Question("calendars", _("Where are calendars and contacts, and do they move too?"),
        _("They are no mail, and are handed over as files."),
    )  # fmt: skip
    yield Question("hours", _("When may the line be used for copying, and on which days is the move impossible?"),
        _("The copy keeps to hours and to a rate, and nobody moves on the day of the accounts."),
    )  # fmt: skip


def _some(mailboxes: Sequence[str]) -> str:
    named = ", ".join(mailboxes[:_NAMED])
    more = len(mailboxes) - _NAMED
    return named if more <= 0 else _("{mailboxes} and {n} more").format(mailboxes=named, n=number(more))

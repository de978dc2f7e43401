"""A person's message as mail (RFC 5322, MIME): a text and a page of the same words.  Pure."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from plans.model import Messages
from runbooks.output.letter import Letter

#: Letters of a name in a header; a longer one is nobody's.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Addressee:
    address: str
    name: str


def message_of(letter: Letter, sender: Messages, to: Addressee, language: str, at: datetime, key: str) -> EmailMessage:
    """``key``: its Message-ID, without brackets; ``at`` on the clocks of the person's site."""
    ascii_only = f"{sender.address}{sender.reply_to or ''}{to.address}".isascii()
    message = EmailMessage(policy=SMTP if ascii_only else SMTPUTF8)
    message["Date"] = format_datetime(at)
    message["From"] = Address(header_text(sender.name), addr_spec=sender.address)
    message["To"] = Address(header_text(to.name), addr_spec=to.address)
    if sender.reply_to is not None:
        message["Reply-To"] = Address(addr_spec=sender.reply_to)
    message["Subject"] = header_text(letter.subject)
    message["Message-ID"] = f"<{key}>"
    message["Content-Language"] = language
    # Nobody's answering machine replies to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def message_id(organisation: str, site: str, moment: str, address: str, time: int, sender: str) -> str:
    """The same each time that a message is made, so that one that goes out twice can be known as one.

    ``time`` counts from 1 how often the person is to get it.
    """
    told = "\0".join((organisation, site, moment, address, str(time)))
    return f"bascule.{hashlib.sha256(told.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}"


def header_text(text: str) -> str:
    """A name or a subject on one line: nothing in it begins another header, or turns the direction of the letters."""
    kept = "".join(" " if one.isspace() and one != "\u00a0" else one for one in text if _is_seen(one))
    return kept.strip()[:_LONGEST]


def _is_seen(one: str) -> bool:
    return one.isspace() or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn") or one in "\u200c\u200d"

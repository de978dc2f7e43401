"""The company of the demo: two sites, ten mailboxes, ten years of mail, the same at every run."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr
from zoneinfo import ZoneInfo

from migrate.sandbox.letters import Letter

NAME = "Méridional"
DOMAIN = "meridional.example"
#: The target of the demo takes messages up to this many bytes; one message of the company is longer.
MAX_MESSAGE = 1_000_000

_SEED = 20270209
_ZONE = ZoneInfo("Europe/Paris")
_FIRST, _LAST = datetime(2016, 1, 4, 8, tzinfo=_ZONE), datetime(2025, 12, 19, 18, tzinfo=_ZONE)


@dataclass(frozen=True, slots=True)
class Person:
    """One mailbox.  ``login`` is the address, and the user name on both servers of the demo."""

    site: str
    name: str
    login: str
    #: Messages in the mailbox.
    letters: int


#: Paris is the head office and moves first.
PEOPLE: Sequence[Person] = (
    Person("paris", "Jean Perrin", "jean.perrin@meridional.example", 912),
    Person("paris", "Léa Tournier", "lea.tournier@meridional.example", 640),
    Person("paris", "Amélie Noël", "amelie.noel@meridional.example", 587),
    Person("paris", "Karim Benali", "karim.benali@meridional.example", 455),
    Person("paris", "Comptabilité", "comptabilite@meridional.example", 498),
    Person("paris", "Accueil", "contact@meridional.example", 120),
    Person("lyon", "Claire Morel", "claire.morel@meridional.example", 601),
    Person("lyon", "Hervé Garçon", "herve.garcon@meridional.example", 433),
    Person("lyon", "Zoé Lefèvre", "zoe.lefevre@meridional.example", 346),
    Person("lyon", "Atelier", "atelier@meridional.example", 220),
)
#: Messages in the company before anything arrives: 4,812.
LETTERS = sum(person.letters for person in PEOPLE)

_FOLDERS = {
    ("INBOX",): 40,
    ("Envoyés",): 20,
    ("Archives", "2019"): 8,
    ("Archives", "Été 2022"): 6,
    ("Clients", "Café & Crème"): 10,
    ("Clients", "Hôtel de l'Étang"): 6,
    ("Projets", "Réunions d'équipe"): 7,
    ("À classer",): 3,
}
_SUBJECTS = (
    "Compte rendu de la réunion", "Facture n° {}", "Votre commande {}", "Congés d'été", "Devis {} à valider",
    "Re: livraison de jeudi", "Planning semaine {}", "Déjeuner d'équipe ?", "Relance : facture {}",
    "Bon de livraison {}",
)  # fmt: skip
_WORDS = (
    "bonjour", "merci", "pour", "votre", "retour", "la", "réunion", "est", "confirmée", "jeudi", "matin", "devis",
    "signé", "dès", "que", "possible", "cordialement", "équipe", "livraison", "atelier", "client", "commande",
    "facture", "réglée", "à", "réception", "été", "février", "où", "déjà", "reçu",
)  # fmt: skip
_FLAGS = (("\\Seen", 0.85), ("\\Answered", 0.2), ("\\Flagged", 0.05))


def letters(person: Person) -> list[Letter]:
    """The mailbox of one person, folder by folder, oldest first in each.

    Among them: twins (the same mail twice in a folder), mail without a Message-ID and, at the workshop in Lyon,
    one message over :data:`MAX_MESSAGE`.
    """
    chance = random.Random(f"{_SEED} {person.login}")  # noqa: S311  # the same mail at every run; nothing secret
    made = [_letter(chance, person, number) for number in range(person.letters)]
    twins = chance.sample(range(1, person.letters), 3)
    for number in twins:
        made[number] = made[number - 1]
    if person.login.startswith("atelier@"):
        made[-1] = _too_large(chance, person)
    order = {folder: place for place, folder in enumerate(_FOLDERS)}
    return sorted(made, key=lambda letter: (order[letter.folder], letter.received))


def arrivals() -> Iterator[tuple[Person, Letter]]:
    """Three messages that arrive while the company is being moved."""
    for hour, person in enumerate((PEOPLE[0], PEOPLE[1], PEOPLE[6])):
        chance = random.Random(f"{_SEED} arrival {hour}")  # noqa: S311  # as above
        received = _LAST + timedelta(days=3, hours=hour)
        data = _message(chance, person, f"arrival-{hour}", "Bonne nouvelle", received, _text(chance, 600))
        yield person, Letter(("INBOX",), data, frozenset(), received)


def _letter(chance: random.Random, person: Person, number: int) -> Letter:
    received = _FIRST + timedelta(seconds=chance.randrange(int((_LAST - _FIRST).total_seconds())))
    folder = chance.choices(list(_FOLDERS), list(_FOLDERS.values()))[0]
    subject = chance.choice(_SUBJECTS).format(chance.randrange(1000, 9999))
    text = _text(chance, chance.randrange(300, 3000))
    attachment = chance.randbytes(chance.randrange(10_000, 120_000)) if chance.random() < 0.03 else b""
    identity = None if chance.random() < 0.01 else f"{number}.{chance.getrandbits(64):x}"
    data = _message(chance, person, identity, subject, received, text, attachment)
    flags = frozenset(flag for flag, share in _FLAGS if chance.random() < share)
    return Letter(folder, data, flags, received)


def _too_large(chance: random.Random, person: Person) -> Letter:
    received = _LAST - timedelta(days=40)
    data = _message(
        chance, person, "plan", "Plan de l'atelier en haute définition", received, _text(chance, 300),
        chance.randbytes(MAX_MESSAGE),
    )  # fmt: skip
    return Letter(("INBOX",), data, frozenset({"\\Seen"}), received)


def _message(
    chance: random.Random,
    person: Person,
    identity: str | None,
    subject: str,
    sent: datetime,
    text: str,
    attachment: bytes = b"",
) -> bytes:
    sender = chance.choice([other for other in PEOPLE if other is not person])
    head = [
        f"From: {formataddr((sender.name, sender.login))}",
        f"To: {formataddr((person.name, person.login))}",
        "Subject: " + Header(subject, "utf-8").encode(linesep="\r\n"),
        f"Date: {format_datetime(sent)}",
        *([f"Message-ID: <{identity}@{DOMAIN}>"] if identity else []),
        "MIME-Version: 1.0",
    ]
    plain = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text]
    if not attachment:
        return _lines([*head, *plain])
    boundary = f"part-{chance.getrandbits(64):x}"
    return _lines([
        *head, f'Content-Type: multipart/mixed; boundary="{boundary}"', "", f"--{boundary}", *plain, f"--{boundary}",
        'Content-Type: application/pdf; name="document.pdf"', "Content-Transfer-Encoding: base64", "",
        base64.encodebytes(attachment).decode().rstrip("\n").replace("\n", "\r\n"), f"--{boundary}--",
    ])  # fmt: skip


def _text(chance: random.Random, size: int) -> str:
    return "\r\n".join(" ".join(chance.choices(_WORDS, k=10)) for _ in range(size // 65 + 1))


def _lines(lines: Sequence[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()

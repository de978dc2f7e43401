"""X-Gmail-Labels: what Google Takeout writes of each message's labels, in the language of the account.  Pure.

The system's labels (read or not, starred, the inbox) stand among its person's with nothing to tell them apart but
their words, in the language in which the export was asked for.  So the language is found first, by the words that
occur; a label of a person that is a word of another language stays a label.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.keywords import is_keyword
from connectors.labels import INBOX, FolderPath, Labelled
from connectors.role_names import plain
from connectors.values import Role


class Word(StrEnum):
    """What a label of the system says."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFT = "draft"
    TRASH = "trash"
    SPAM = "spam"
    UNREAD = "unread"
    STARRED = "starred"
    IMPORTANT = "important"
    CHAT = "chat"
    #: Said of the message, and nothing that a mailbox keeps: archived, opened, muted, snoozed.
    ASIDE = "aside"


#: For each language what its words are, in all forms that exports of different years have.
WORDS: Mapping[str, Mapping[Word, tuple[str, ...]]] = {
    "en": {
        Word.INBOX: ("Inbox",), Word.SENT: ("Sent",), Word.DRAFT: ("Draft", "Drafts"), Word.TRASH: ("Trash", "Bin"),
        Word.SPAM: ("Spam",), Word.UNREAD: ("Unread",), Word.STARRED: ("Starred",), Word.IMPORTANT: ("Important",),
        Word.CHAT: ("Chat", "Chats"), Word.ASIDE: ("Archived", "Opened", "Muted", "Snoozed", "Scheduled"),
    },
    "fr": {
        Word.INBOX: ("Boîte de réception",), Word.SENT: ("Messages envoyés", "Envoyés", "Envoyé"),
        Word.DRAFT: ("Brouillons", "Brouillon"), Word.TRASH: ("Corbeille",), Word.SPAM: ("Spam",),
        Word.UNREAD: ("Non lus", "Non lu"), Word.STARRED: ("Suivis", "Messages suivis", "Suivi", "Favoris"),
        Word.IMPORTANT: ("Important", "Importants"), Word.CHAT: ("Chat", "Chats", "Tchat"),
        Word.ASIDE: (
            "Archivés", "Archivé", "Messages archivés", "Ouvert", "Ouverts", "Ignorés", "Ignoré", "En attente",
            "Programmés", "Programmé",
        ),
    },
    "de": {
        Word.INBOX: ("Posteingang",), Word.SENT: ("Gesendet",), Word.DRAFT: ("Entwürfe", "Entwurf"),
        Word.TRASH: ("Papierkorb",), Word.SPAM: ("Spam",), Word.UNREAD: ("Ungelesen",), Word.STARRED: ("Markiert",),
        Word.IMPORTANT: ("Wichtig",), Word.CHAT: ("Chat", "Chats"),
        Word.ASIDE: ("Archiviert", "Geöffnet", "Ignoriert", "Zurückgestellt", "Geplant"),
    },
    "es": {
        Word.INBOX: ("Recibidos",), Word.SENT: ("Enviados", "Enviado"), Word.DRAFT: ("Borradores", "Borrador"),
        Word.TRASH: ("Papelera",), Word.SPAM: ("Spam",), Word.UNREAD: ("No leídos", "No leído"),
        Word.STARRED: ("Destacados", "Destacado"), Word.IMPORTANT: ("Importante", "Importantes"),
        Word.CHAT: ("Chat", "Chats"),
        Word.ASIDE: (
            "Archivados", "Archivado", "Abierto", "Abiertos", "Silenciados", "Silenciado", "Pospuestos", "Pospuesto",
            "Programados", "Programado",
        ),
    },
    "it": {
        Word.INBOX: ("Posta in arrivo",), Word.SENT: ("Inviati", "Posta inviata", "Inviata"),
        Word.DRAFT: ("Bozze", "Bozza"), Word.TRASH: ("Cestino",), Word.SPAM: ("Spam",),
        Word.UNREAD: ("Da leggere", "Non letti", "Non lette", "Non letto"), Word.STARRED: ("Speciali", "Speciale"),
        Word.IMPORTANT: ("Importante", "Importanti"), Word.CHAT: ("Chat",),
        Word.ASIDE: (
            "Archiviati", "Archiviate", "Archiviato", "Aperti", "Aperte", "Aperto", "Disattivate", "Disattivati",
            "Posticipati", "Posticipate", "Programmati", "Programmate",
        ),
    },
    "nl": {
        Word.INBOX: ("Postvak IN", "Inbox"), Word.SENT: ("Verzonden", "Verzonden berichten"),
        Word.DRAFT: ("Concepten", "Concept"), Word.TRASH: ("Prullenbak",), Word.SPAM: ("Spam",),
        Word.UNREAD: ("Ongelezen",), Word.STARRED: ("Met ster",), Word.IMPORTANT: ("Belangrijk",),
        Word.CHAT: ("Chat", "Chats"), Word.ASIDE: ("Gearchiveerd", "Geopend", "Genegeerd", "Gesnoozed", "Gepland"),
    },
    "pt": {
        Word.INBOX: ("Caixa de entrada", "Entrada", "Recebidos"),
        Word.SENT: ("Enviados", "Enviadas", "Enviado", "E-mails enviados", "Correio enviado"),
        Word.DRAFT: ("Rascunhos", "Rascunho"), Word.TRASH: ("Lixeira", "Lixo"), Word.SPAM: ("Spam",),
        Word.UNREAD: ("Não lidos", "Não lidas", "Não lido", "Não lida"),
        Word.STARRED: ("Com estrela", "Marcados com estrela", "Marcadas com estrela"),
        Word.IMPORTANT: ("Importante", "Importantes"), Word.CHAT: ("Chat", "Chats"),
        Word.ASIDE: (
            "Arquivados", "Arquivadas", "Arquivado", "Arquivada", "Abertos", "Abertas", "Aberto", "Aberta",
            "Ignorados", "Ignoradas", "Silenciados", "Adiados", "Adiadas", "Agendados", "Programados", "Programadas",
        ),
    },
    "ca": {
        Word.INBOX: ("Safata d'entrada",), Word.SENT: ("Enviats",), Word.DRAFT: ("Esborranys",),
        Word.TRASH: ("Paperera",), Word.SPAM: ("Correu brossa",), Word.UNREAD: ("No llegits",),
        Word.STARRED: ("Destacats",), Word.IMPORTANT: ("Importants",), Word.CHAT: ("Xat",),
        Word.ASIDE: ("Arxivats", "Oberts"),
    },
    "cs": {
        Word.INBOX: ("Doručené",), Word.SENT: ("Odesláno", "Odeslané"), Word.DRAFT: ("Koncepty", "Koncept"),
        Word.TRASH: ("Koš",), Word.SPAM: ("Spam",), Word.UNREAD: ("Nepřečtené",), Word.STARRED: ("S hvězdičkou",),
        Word.IMPORTANT: ("Důležité",), Word.CHAT: ("Chat",), Word.ASIDE: ("Archivováno", "Otevřeno", "Otevřené"),
    },
}  # fmt: skip
#: Words that begin the tabs of the inbox: "Category Promotions", "Catégorie : Promotions".
_CATEGORY = re.compile(r"(?:category|categorie|kategorie|categoria)\s*:?\s+\S")
#: Flags that a mail program set over IMAP.
_IMAP = "IMAP_"
_ROLES = {
    Word.INBOX: Role.INBOX,
    Word.SENT: Role.SENT,
    Word.DRAFT: Role.DRAFTS,
    Word.TRASH: Role.TRASH,
    Word.SPAM: Role.JUNK,
}

_MEANINGS = {
    language: {plain(form): word for word, forms in words.items() for form in forms}
    for language, words in WORDS.items()
}
_ENCODED = re.compile(rb"=\?([^?\s]{1,40})\?([QqBb])\?([^?]*)\?=")
_BETWEEN = re.compile(rb"(\?=)\s+(?==\?)")


@dataclass(frozen=True, slots=True)
class Told:
    """What the labels of one message say."""

    labelled: Labelled
    unread: bool = False
    starred: bool = False
    chat: bool = False
    #: Keywords that a mail program gave it.
    keywords: frozenset[str] = frozenset()
    #: Tabs of the inbox, which are no labels of the person's.
    categories: frozenset[str] = field(default_factory=frozenset)


def labels_of(value: bytes) -> list[str]:
    """The labels in a field's value: encoded words (RFC 2047), commas between them, quotes around one with a comma."""
    labels, label, quoted, escaped = [], list[str](), False, False
    for char in decoded(value):
        if escaped:
            label.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            labels.append("".join(label).strip())
            label = []
        else:
            label.append(char)
    labels.append("".join(label).strip())
    return [one for one in labels if one]


def decoded(value: bytes) -> str:
    """The text of a field's value.  Encoded words that follow each other may cut a character in two."""
    text, position, held, held_charset = [], 0, b"", ""
    value = _BETWEEN.sub(rb"\1", value)
    for found in _ENCODED.finditer(value):
        between = value[position : found.start()]
        charset = found[1].decode("ascii", "replace").partition("*")[0].lower()
        if held and (between or charset != held_charset):
            text.append(_text(held, held_charset))
            held = b""
        text.append(_text(between, "utf-8"))
        held, held_charset, position = held + _bytes(found[2], found[3]), charset, found.end()
    text += [_text(held, held_charset), _text(value[position:], "utf-8")]
    return "".join(text)


def language_of(labels: Iterable[str]) -> str | None:
    """The language whose words the labels of an export use, of which the most occur; None when there are none."""
    present = {plain(label) for label in labels}
    counted = {language: len(present & set(meanings)) for language, meanings in _MEANINGS.items()}
    best = max(counted, key=lambda language: counted[language])
    return best if counted[best] else None


def read(labels: Collection[str], language: str | None) -> Told:
    """What one message's labels say in this language; in none, all but tabs and keywords are its person's."""
    meanings = _MEANINGS.get(language or "", {})
    words, own, keywords, categories = set[Word](), list[FolderPath](), set[str](), set[str]()
    for label in labels:
        word = meanings.get(plain(label))
        if word is not None:
            words.add(word)
        elif label.startswith(_IMAP):
            if is_keyword(label[len(_IMAP) :]):
                keywords.add(label[len(_IMAP) :])
        elif _CATEGORY.match(plain(label)):
            categories.add(label)
        else:
            own.append(_path(label))
    roles = frozenset(_ROLES[word] for word in words if word in _ROLES)
    return Told(
        Labelled(roles, own, Word.IMPORTANT in words),
        Word.UNREAD in words,
        Word.STARRED in words,
        Word.CHAT in words,
        frozenset(keywords),
        frozenset(categories),
    )


def _path(label: str) -> FolderPath:
    parts = tuple(part.strip() for part in label.split("/") if part.strip()) or (label,)
    return (*INBOX, *parts[1:]) if parts[0].upper() == INBOX[0] else parts


def _bytes(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"Qq":
        return quopri.decodestring(text, header=True)
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return text


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")

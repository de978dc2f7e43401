"""Roles of folders by their names, for servers that announce none (RFC 6154 is not everywhere).

The names are those that mail programs and servers give such folders in English, French, German, Spanish, Italian,
Dutch and Portuguese.  Case, accents and hyphens do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from connectors.values import Role

#: For each role its names, the most usual ones first: when several folders could have the role, the first one has it.
NAMES: Mapping[Role, tuple[str, ...]] = {
    Role.SENT: (
        "Sent", "Sent Items", "Sent Messages", "Sent Mail",
        "Éléments envoyés", "Envoyés", "Messages envoyés", "Objets envoyés", "Courrier envoyé", "Envoyé",
        "Gesendete Elemente", "Gesendet", "Gesendete Objekte", "Gesendete Nachrichten",
        "Elementos enviados", "Enviados", "Mensajes enviados", "Correo enviado",
        "Posta inviata", "Inviati", "Elementi inviati", "Messaggi inviati", "Inviata",
        "Verzonden items", "Verzonden", "Verzonden berichten", "Verzonden objecten",
        "Itens enviados", "Mensagens enviadas", "Correio enviado", "E-mails enviados", "Enviadas",
    ),
    Role.DRAFTS: (
        "Drafts", "Draft", "Brouillons", "Brouillon", "Entwürfe", "Borradores", "Borrador", "Bozze", "Concepten",
        "Rascunhos", "Rascunho",
    ),
    Role.TRASH: (
        "Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin",
        "Corbeille", "Éléments supprimés", "Messages supprimés", "Supprimés", "Poubelle",
        "Papierkorb", "Gelöschte Elemente", "Gelöschte Objekte", "Gelöschte Nachrichten", "Gelöscht",
        "Papelera", "Elementos eliminados", "Papelera de reciclaje", "Eliminados",
        "Cestino", "Posta eliminata", "Elementi eliminati",
        "Prullenbak", "Verwijderde items", "Prullenmand", "Verwijderde berichten", "Verwijderd",
        "Lixeira", "Itens eliminados", "Itens excluídos", "Itens apagados", "Lixo", "Reciclagem",
    ),
    Role.JUNK: (
        "Junk", "Junk E-mail", "Junk Email", "Junk Mail", "Spam", "Bulk Mail",
        "Courrier indésirable", "Indésirables", "Indésirable", "Pourriel",
        "Spamverdacht", "Unerwünscht", "Unerwünschte Werbung",
        "Correo no deseado", "Correo basura", "No deseado",
        "Posta indesiderata", "Indesiderata",
        "Ongewenste e-mail", "Ongewenste mail", "Ongewenst",
        "Lixo eletrônico", "Lixo eletrónico", "Lixo electrónico", "E-mail de lixo",
    ),
    Role.ARCHIVE: (
        "Archive", "Archives", "Archiv", "Archivo", "Archivados", "Archivio", "Archief", "Arquivo", "Arquivo morto",
    ),
}  # fmt: skip


def plain(name: str) -> str:
    """The name without what people hold for the same: case, accents, hyphens, underscores and double spaces."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"[\s_-]+", " ", letters).strip()


_RANKS = {plain(name): (role, rank) for role, names in NAMES.items() for rank, name in enumerate(names)}


def roles_by_name(folders: Iterable[tuple[tuple[str, ...], Role | None]]) -> dict[tuple[str, ...], Role]:
    """Roles for those of a mailbox's ``folders`` (each a path and its announced role) that have none.

    Only a folder at the top, or right below INBOX, can have one; a role that any folder has been announced with is
    nobody else's, and no two folders get the same one.
    """
    listed = list(folders)
    taken = {role for _, role in listed if role is not None}
    best: dict[Role, tuple[int, int, tuple[str, ...]]] = {}
    for path, announced in listed:
        below_inbox = len(path) == 2 and path[0] == "INBOX"
        if announced is not None or not (len(path) == 1 or below_inbox):
            continue
        role, rank = _RANKS.get(plain(path[-1]), (None, 0))
        if role is not None and role not in taken:
            candidate = (int(below_inbox), rank, path)
            best[role] = min(best.get(role, candidate), candidate)
    return {path: role for role, (_, _, path) in best.items()}

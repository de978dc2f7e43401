"""Roles by the names of folders, for servers that announce none."""

from __future__ import annotations

import unicodedata

import pytest

from connectors.contract import Role
from connectors.role_names import NAMES, plain, roles_by_name


def test_no_name_means_two_roles() -> None:
    names = [name for group in NAMES.values() for name in {plain(name) for name in group}]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Sent Items", Role.SENT),
        ("éléments envoyés", Role.SENT),
        (unicodedata.normalize("NFD", "Éléments envoyés"), Role.SENT),
        ("Gesendete Objekte", Role.SENT),
        ("Elementos enviados", Role.SENT),
        ("Posta inviata", Role.SENT),
        ("Verzonden items", Role.SENT),
        ("Itens enviados", Role.SENT),
        ("sent-mail", Role.SENT),
        ("Brouillons", Role.DRAFTS),
        ("Entwürfe", Role.DRAFTS),
        ("Borradores", Role.DRAFTS),
        ("Bozze", Role.DRAFTS),
        ("Concepten", Role.DRAFTS),
        ("Rascunhos", Role.DRAFTS),
        ("Corbeille", Role.TRASH),
        ("Papierkorb", Role.TRASH),
        ("Papelera", Role.TRASH),
        ("Cestino", Role.TRASH),
        ("Prullenbak", Role.TRASH),
        ("Lixeira", Role.TRASH),
        ("Courrier indésirable", Role.JUNK),
        ("Spamverdacht", Role.JUNK),
        ("Correo no deseado", Role.JUNK),
        ("Posta indesiderata", Role.JUNK),
        ("Ongewenste e-mail", Role.JUNK),
        ("Lixo eletrônico", Role.JUNK),
        ("Archives", Role.ARCHIVE),
        ("Archief", Role.ARCHIVE),
    ],
)
def test_a_folder_without_an_announced_role_has_that_of_its_name(name: str, role: Role) -> None:
    assert roles_by_name([(("INBOX",), Role.INBOX), ((name,), None)]) == {(name,): role}
    assert roles_by_name([(("INBOX", name), None)]) == {("INBOX", name): role}


@pytest.mark.parametrize("path", [("Clients",), ("Clients", "Sent"), ("INBOX", "Clients", "Sent"), ("Sent 2019",)])
def test_a_name_elsewhere_says_nothing(path: tuple[str, ...]) -> None:
    assert roles_by_name([(path, None)]) == {}


def test_what_the_server_announces_counts_before_any_name() -> None:
    folders = [(("Envoyés",), Role.SENT), (("Sent",), None), (("Trash",), None)]

    assert roles_by_name(folders) == {("Trash",): Role.TRASH}


def test_one_folder_gets_a_role_and_always_the_same_one() -> None:
    folders = [(("INBOX", "Sent"), None), (("Envoyés",), None), (("Sent Items",), None)]

    assert roles_by_name(folders) == roles_by_name(folders[::-1]) == {("Sent Items",): Role.SENT}

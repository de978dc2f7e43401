"""Folders that are their person's own."""

from __future__ import annotations

import pytest

from connectors.reasons import Reason
from plans.private_folders import PrivateFolders, is_private


@pytest.mark.parametrize(
    "name",
    [
        "Personnel", "PERSO", "Privé", "prive", "Vie privée", "Dossier personnel", "Mails perso", "Clients_Perso",
        "Private", "Personal stuff", "Privat", "Persönlich", "Privado", "Privata", "Personale", "Persoonlijk",
        "Pessoal", "Personnel - Jean", "[Perso]", "Perso/2019",
    ],
)  # fmt: skip
def test_a_word_in_a_name_marks_a_folder_and_all_below_it(name: str) -> None:
    path = tuple(name.split("/"))

    assert is_private(path)
    assert is_private((*path, "2019"))
    assert is_private(("INBOX", *path))


@pytest.mark.parametrize(
    "name",
    [
        "INBOX",
        "Gestion du personnel",
        "Le personnel",
        "Personas",
        "Depriver",
        "Privatisation",
        "Clients",
        "",
        "Persona",
    ],
)
def test_other_names_are_the_offices(name: str) -> None:
    assert not is_private((name,))


def test_what_becomes_of_a_private_folder_is_the_plans_to_say() -> None:
    path = ("Personnel", "Photos")

    assert PrivateFolders("copy").left_out(path) is None
    assert PrivateFolders("leave_out").left_out(path) is Reason.RULE_PRIVATE
    assert PrivateFolders("ask").left_out(path) is Reason.PRIVATE_UNDECIDED
    assert PrivateFolders("ask").left_out(("Clients",)) is None


def test_a_folder_that_is_recognised_wrongly_travels_once_it_is_named() -> None:
    rules = PrivateFolders("leave_out", ("Personnel",))

    assert rules.left_out(("PERSONNEL", "Congés")) is None
    assert rules.left_out(("Perso",)) is Reason.RULE_PRIVATE


def test_the_digest_follows_the_rules() -> None:
    rules = [PrivateFolders("copy"), PrivateFolders("ask"), PrivateFolders("leave_out"), PrivateFolders("ask", ("RH",))]

    assert len({rule.digest() for rule in rules}) == 4
    assert PrivateFolders("ask", ("a", "B")).digest() == PrivateFolders("ask", ("b", "A")).digest()

"""A bundle for support: whoever is named in it has another name there, known before or not."""

from __future__ import annotations

import pytest

from migrate.evidence.pseudonyms import Pseudonyms


def _names() -> Pseudonyms:
    names = Pseudonyms()
    for kind, name in [("organisation", "Méridional"), ("domain", "m.example"), ("person", "anna@m.example"),
                       ("person", "Anna Berg"), ("person", "Anna"), ("folder", "/srv/méridional")]:  # fmt: skip
        names.give(kind, name)
    return names


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nothing to hide", "nothing to hide"),
        ("ANNA@m.example was refused", "person-1 was refused"),
        ("anna berg and Anna, not Annabel", "person-2 and person-3, not Annabel"),
        ("/srv/méridional/x of MÉRIDIONAL", "folder-1/x of organisation-1"),
        ("unknown@elsewhere.example has no mailbox at m.example", "person-4 has no mailbox at domain-1"),
    ],
)
def test_every_name_is_replaced_and_an_address_also_where_nobody_knows_it(text: str, told: str) -> None:
    assert _names().text(text) == told

"""What stands in a new plan until somebody writes better over it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SOURCE_HOST = "mail.old.example"
TARGET_HOST = "mail.new.example"
#: The organisation's domain, by language.
DOMAINS: Mapping[str, str] = MappingProxyType({"en": "company.example", "fr": "entreprise.example"})
#: The person of a new people file, by language: what stands before the @, and the name.
PEOPLE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"en": ("first.last", "First Last"), "fr": ("prenom.nom", "Prénom Nom")}
)

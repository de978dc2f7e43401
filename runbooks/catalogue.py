"""The documents as data: what each is called, of what it is, and of which blocks it is put together.

A document with blocks has one template a block, ``LANGUAGE/CODE/BLOCK.md.j2``; each begins with its own heading of
the second level, and ``LANGUAGE/CODE.md.j2`` is the list of them unless somebody writes another.  A document without
blocks is that one template.  The title comes first and is not a part of either; see ``Heading``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Of = Literal["site", "organisation", "person", "domain"]
#: ``state``: the title, and below it plan, state and what changed since it was signed; ``title``: the title alone;
#: ``none``: the template brings its own.
Heading = Literal["state", "title", "none"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One document."""

    code: str
    of: Of
    titles: Mapping[Literal["fr", "en"], str] = field(hash=False)
    blocks: tuple[str, ...] = ()
    heading: Heading = "state"
    #: Somebody signs it by hand; ``bascule runbook sign`` works for all.
    for_signature: bool = False


def _kind(
    code: str, of: Of, fr: str, en: str, *blocks: str, heading: Heading = "state", for_signature: bool = False
) -> Kind:
    return Kind(code, of, {"fr": fr, "en": en}, blocks, heading, for_signature)


#: The sections of a site's runbook, in their order.
SECTIONS: Final = (
    "identity",
    "contacts",
    "inventory",
    "licences",
    "timeline",
    "pre-checks",
    "pre-copy",
    "dual-delivery",
    "dns",
    "go-no-go",
    "steps",
    "way-back",
    "validation",
    "messages",
    "hypercare",
    "decommissioning",
    "acceptance",
)

#: Quick guides, by the program they are for.
GUIDES: Final = ("outlook-classic", "outlook-new", "thunderbird", "apple-mail", "ios", "android", "webmail")

#: Messages to people, by the day they are sent.
MOMENTS: Final = ("j-14", "j-7", "j-1", "j", "j+1")

#: The pictures that a template may name.
PICTURES: Final = ("progress", "gantt", "sizes", "largest", "probes", "dns", "days")

#: Days of the timeline, counted from the switch.
MILESTONES: Final[Mapping[str, int]] = {
    "order-licences": -30,
    "large-mailboxes": -30,
    "scope-signed": -28,
    "accounts": -21,
    "pre-copy": -21,
    "j-14": -14,
    "dual-delivery": -10,
    "j-7": -7,
    "probes": -3,
    "go-no-go": -2,
    "j-1": -1,
    "j": 0,
    "j+1": 1,
    "verification": 2,
    "acceptance": 7,
    "hypercare-end": 14,
    "support-end": 30,
}

_ALL: Final = (
    _kind("runbook", "site", "Mode opératoire", "Runbook", *SECTIONS, for_signature=True),
    _kind("scope-note", "site", "Note de périmètre", "Scope note", for_signature=True),
    _kind("wave-sheet", "site", "Fiche de vague du correspondant", "Wave sheet for the correspondent"),
    _kind("training", "site", "Prise en main de la nouvelle messagerie", "Getting started with the new mail",
          heading="title"),
    _kind("poster", "site", "Affiche", "Poster", heading="none"),
    _kind("my-mail", "site", "Où en est ma messagerie\u202f?", "Where is my mail?", heading="title"),
    _kind("acceptance-record", "site", "Procès-verbal de recette", "Acceptance record", for_signature=True),
    _kind("guides/outlook-classic", "site", "Outlook classique", "Outlook (classic)", heading="title"),
    _kind("guides/outlook-new", "site", "Nouvel Outlook", "New Outlook", heading="title"),
    _kind("guides/thunderbird", "site", "Thunderbird", "Thunderbird", heading="title"),
    _kind("guides/apple-mail", "site", "Mail sur Mac", "Mail on a Mac", heading="title"),
    _kind("guides/ios", "site", "iPhone et iPad", "iPhone and iPad", heading="title"),
    _kind("guides/android", "site", "Téléphone Android", "Android phone", heading="title"),
    _kind("guides/webmail", "site", "Messagerie dans le navigateur", "Mail in the browser", heading="title"),
    _kind("decommissioning", "domain", "Certificat de décommissionnement", "Decommissioning certificate",
          for_signature=True),
    _kind("kick-off", "organisation", "Compte rendu de la réunion de lancement", "Minutes of the kick-off"),
    _kind("steering", "organisation", "Point d’avancement pour le comité de pilotage", "Steering committee one-pager"),
    _kind("gdpr", "organisation", "Annexe RGPD", "GDPR annex", for_signature=True),
    _kind("add-domain", "organisation", "Ajouter un domaine", "Add a domain"),
    _kind("joiner-leaver", "organisation", "Arrivée et départ d’une personne", "A person joins or leaves"),
    _kind("order-licences", "organisation", "Commander des licences", "Order licences"),
    _kind("remote-wipe", "organisation", "Effacer un téléphone perdu à distance", "Wipe a lost phone remotely"),
    _kind("messages/j-14", "person", "Message à J-14", "Message at D-14", heading="none"),
    _kind("messages/j-7", "person", "Message à J-7", "Message at D-7", heading="none"),
    _kind("messages/j-1", "person", "Message à J-1", "Message at D-1", heading="none"),
    _kind("messages/j", "person", "Message du jour J", "Message on the day", heading="none"),
    _kind("messages/j+1", "person", "Message à J+1", "Message at D+1", heading="none"),
)  # fmt: skip

#: All of them, by code, in the order in which they are needed.
DOCUMENTS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in _ALL}

#: What ``bascule report`` and ``bascule advise`` write: in one's own words too, but not built with the rest.
PAGES: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        _kind("report", "organisation", "Rapport d’avancement", "Progress report", heading="none"),
        _kind("choice", "organisation", "Note de choix", "Choice note", heading="none"),
    )
}


def templates_of(kind: Kind) -> tuple[str, ...]:
    """The names of its templates, without language and ending."""
    return tuple(f"{kind.code}/{block}" for block in kind.blocks) or (kind.code,)


def outline_of(kind: Kind) -> str:
    """The template of a document with blocks: these in their order, each with the notes that belong to it."""
    parts = (f'{{% include "{kind.code}/{block}.md.j2" %}}\n{{{{ note("{block}") }}}}\n' for block in kind.blocks)
    return "\n".join(parts)


#: Templates that are made, not written, by the names of their files.
OUTLINES: Final[Mapping[str, str]] = {
    f"{kind.code}.md.j2": outline_of(kind) for kind in DOCUMENTS.values() if kind.blocks
}

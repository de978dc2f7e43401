"""What is wrong between groups, licences and people of a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from connectors.language import _
from plans.files import OrganisationFile
from plans.people import Placed
from plans.problems import Problem, suggestion
from plans.yaml_file import Document


def groups_and_licences(shape: OrganisationFile, document: Document, everyone: Sequence[Placed]) -> Iterator[Problem]:
    """Groups that have a person's address, names of licences and contacts that are not there."""
    owners = {address.lower(): placed for placed in everyone for address in _addresses(placed)}
    for address in shape.groups:
        if (placed := owners.get(address.lower())) is not None:
            message = _("The group {group} has an address of {address}.")
            hint = _("Mail to one address can go to one place: give the group or the person another.")
            told = message.format(group=address, address=placed.person.address)
            yield document.problem(("groups", address), told, hint, at_key=True)
    if shape.ordering.partner is not None and shape.ordering.partner not in shape.contacts:
        message = _('There is no contact "{name}" in this file.').format(name=shape.ordering.partner)
        hint = suggestion(shape.ordering.partner, shape.contacts, _("Its contacts are"))
        yield document.problem(("ordering", "partner"), message, hint or _("Name it under contacts:"))


def licences_of_systems(
    licences: Collection[str], systems: dict[str, str | None], document: Document
) -> Iterator[Problem]:
    """Each system whose ``accounts`` name a licence that is not there; ``systems``: the licence by system."""
    for system, licence in systems.items():
        if licence is not None and licence not in licences:
            message = _('There is no licence "{name}" in this file.').format(name=licence)
            hint = suggestion(licence, licences, _("Its licences are")) or _("Name it under licences:")
            yield document.problem(("systems", system, "accounts", "licence"), message, hint)


def _addresses(placed: Placed) -> tuple[str, ...]:
    return (placed.person.address, *placed.person.aliases)

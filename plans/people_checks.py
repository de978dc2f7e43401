"""What is wrong between people, over all sites: addresses, accounts and sources that clash."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from connectors.language import _
from plans.people import Placed
from plans.problems import Problem, suggestion


def across_sites(everyone: Sequence[Placed], systems: Collection[str] | None) -> list[Problem]:
    """All clashes.  ``systems`` are the names that organisation.yaml knows; None when it could not be read."""
    problems = [*_repeated(everyone), *_sharing_a_target(everyone), *_aliases(everyone), *_sharing_gmail(everyone)]
    for placed in everyone:
        problems += _further_sources(placed, systems)
    return problems


def _repeated(everyone: Sequence[Placed]) -> Iterator[Problem]:
    """Each address that the plan names more than once: a mailbox is one person's, in one site."""
    first: dict[str, Placed] = {}
    for placed in everyone:
        earlier = first.setdefault(placed.person.mailbox, placed)
        if earlier is not placed:
            message = _("{address} is named twice.").format(address=placed.person.address)
            yield _at(placed, message, _first_is(earlier))


def _sharing_a_target(everyone: Sequence[Placed]) -> Iterator[Problem]:
    """Each person whose target account is another's too: two passes would write into one mailbox."""
    first: dict[tuple[str, str], Placed] = {}
    for placed in everyone:
        earlier = first.setdefault((placed.target, placed.person.target_user.lower()), placed)
        if earlier.person.mailbox != placed.person.mailbox:
            message = _("{address} and {other} have the same user on the target.").format(
                address=placed.person.address, other=earlier.person.address
            )
            yield _at(placed, message, _other_is(earlier))


def _aliases(everyone: Sequence[Placed]) -> Iterator[Problem]:
    """Each alias that leads somewhere else already: mail to one address can go to one mailbox only."""
    owners: dict[str, Placed] = {}
    for placed in everyone:
        owners.setdefault(placed.person.mailbox, placed)
    first: dict[str, Placed] = {}
    for placed in everyone:
        seen: set[str] = set()
        for alias in placed.person.aliases:
            folded = alias.lower()
            owner = owners.get(folded)
            earlier = first.setdefault(folded, placed)
            if folded in seen:
                message = _("The alias {alias} is written twice.").format(alias=alias)
                yield _at(placed, message, _("Keep one."))
            elif folded == placed.person.mailbox:
                message = _("{alias} is this person's address and alias at once.").format(alias=alias)
                yield _at(placed, message, _("Take the alias away."))
            elif owner is not None:
                message = _("The alias {alias} of {address} is the address of another person.").format(
                    alias=alias, address=placed.person.address
                )
                yield _at(placed, message, _other_is(owner))
            elif earlier is not placed:
                message = _("{address} and {other} have the same alias {alias}.").format(
                    address=placed.person.address, other=earlier.person.address, alias=alias
                )
                yield _at(placed, message, _other_is(earlier))
            seen.add(folded)


def _sharing_gmail(everyone: Sequence[Placed]) -> Iterator[Problem]:
    first: dict[str, Placed] = {}
    for placed in everyone:
        if placed.person.gmail is None:
            continue
        earlier = first.setdefault(placed.person.gmail.lower(), placed)
        if earlier.person.mailbox != placed.person.mailbox:
            message = _("{address} and {other} have the same private Gmail account.").format(
                address=placed.person.address, other=earlier.person.address
            )
            yield _at(placed, message, _other_is(earlier))


def _further_sources(placed: Placed, systems: Collection[str] | None) -> Iterator[Problem]:
    seen: set[str] = set()
    for source in placed.person.further_sources:
        if systems is not None and source.system not in systems:
            message = _('There is no system "{name}" in {file}.').format(name=source.system, file="organisation.yaml")
            yield _at(placed, message, suggestion(source.system, systems, _("Its systems are")))
        elif (source.system, source.user.lower()) == (placed.target, placed.person.target_user.lower()):
            message = _("The source {source} is the mailbox that mail is copied to.").format(source=source)
            yield _at(placed, message, _("A mailbox cannot be copied onto itself."))
        elif str(source).lower() in seen:
            message = _("The source {source} is written twice.").format(source=source)
            yield _at(placed, message, _("Keep one."))
        seen.add(str(source).lower())


def _first_is(placed: Placed) -> str:
    return _("The first is in {file}, line {line}; keep one of the two.").format(file=placed.file, line=placed.line)


def _other_is(placed: Placed) -> str:
    return _("The other is in {file}, line {line}.").format(file=placed.file, line=placed.line)


def _at(placed: Placed, message: str, hint: str) -> Problem:
    return Problem(placed.file, placed.line, placed.column, message, hint)

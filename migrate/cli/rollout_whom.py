"""What the ``rollout`` commands have in common: which site or domain, and who says so."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

import click
from click.shell_completion import CompletionItem

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.options import plan_of
from migrate.cli.organisation import Place, Trouble
from migrate.rollout.moves import GatesOpen, Refused, Rollout
from plans import Organisation
from plans.problems import did_you_mean
from plans.shapes import domain_name

_C = TypeVar("_C", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Subject:
    """A site or a domain of the plan."""

    kind: Literal["site", "domain"]
    name: str


def subject_argument(command: _C) -> _C:
    """``SITE|DOMAIN``, completed by the shell from the plan."""
    return click.argument("subject", metavar="SITE|DOMAIN", shell_complete=complete_subject)(command)


def by_option(command: _C) -> _C:
    """``--by``, given to the command as ``by``: a name, the one of this machine's user unless given."""
    return click.option("--by", metavar="NAME", help="Who says so; the user of this machine unless given.")(command)


def complete_subject(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of sites and domains; none when the plan cannot be read."""
    organisation = plan_of(context)
    names = [*sorted(organisation.sites), *sorted(organisation.domains)] if organisation else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def subject_of(organisation: Organisation, name: str) -> Subject:
    """Raises :class:`Trouble` where the plan has neither a site nor a domain of this name."""
    if name in organisation.sites:
        return Subject("site", name)
    if (domain := domain_name(name)) in organisation.domains:
        return Subject("domain", domain)
    known = [*sorted(organisation.sites), *sorted(organisation.domains)]
    hint = did_you_mean(name, known) or _("The plan has: {known}.").format(known=", ".join(known) or _("none yet"))
    raise Trouble(_('There is no site and no domain "{name}" in the plan. {hint}').format(name=name, hint=hint))


def name_of(by: str | None) -> str:
    """Who does it, for the record.  Raises :class:`Trouble` when nobody can be told."""
    try:
        name = getpass.getuser() if by is None else by.strip()
    except (KeyError, OSError):
        name = ""
    if not name:
        raise Trouble(_("Say who does this: --by NAME. It is kept on the record."))
    return name


@contextmanager
def deciding(place: Place, organisation: Organisation) -> Iterator[Rollout]:
    """The rollout, for one decision; a refusal becomes a :class:`Trouble`."""
    with place.ledger() as ledger:
        try:
            yield Rollout(organisation, ledger)
        except GatesOpen:
            raise
        except Refused as error:
            raise Trouble(str(error), Exit.USAGE) from error

"""What the ``dns`` commands keep in the organisation's folder: looks as evidence, and the steps of a cutover."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import terminal
from migrate.cli.organisation import Place, Trouble
from migrate.dns import kept_steps, snapshots
from migrate.dns.asking import Inquiry, NobodyAnswers, Whom
from migrate.dns.facts import Facts
from migrate.dns.kept_steps import KeptSteps, Stage
from migrate.dns.policy import fetch_policy
from migrate.dns.providers import Expected
from migrate.dns.records import CannotWrite, steps
from migrate.dns.snapshots import Snapshot
from plans import Organisation


def organisation_with(place: Place, domain: str) -> Organisation | None:
    """The organisation whose domain this is; None outside of its folder, or for a domain that is not its."""
    if not (place.folder / "organisation.yaml").exists():
        return None
    organisation = place.load()
    return organisation if domain in organisation.domains else None


def with_takers(organisation: Organisation | None, domain: str, expected: Expected) -> Expected:
    """With the hosts that were told to take mail for the system, when the steps of the cutover were worked out."""
    if organisation is None or expected.provider is not None:
        return expected
    try:
        known = kept_steps.kept(organisation.folder, domain)
    except CannotWrite as error:
        raise Trouble(str(error), Exit.PARTIAL) from error
    except OSError as error:
        raise _disk(error, organisation) from error
    return replace(expected, takers=known.hosts) if known is not None and known.fits(expected) else expected


def keep_look(organisation: Organisation | None, command: str, facts: Facts) -> Path | None:
    """Keep what was seen of a domain of the organisation.  Raises :class:`Trouble` when the disk does not take it."""
    if organisation is None:
        return None
    try:
        return snapshots.keep(organisation.folder, Snapshot(datetime.now(UTC), command, facts))
    except OSError as error:
        raise _disk(error, organisation) from error


@dataclass(frozen=True)
class StepsSeen:
    """The steps of a cutover, where the zone stands in them (None: nothing has to be changed), and what was seen."""

    told: KeptSteps
    stands: Stage | None
    facts: Facts


def steps_seen(
    organisation: Organisation | None,
    domain: str,
    whom: Whom,
    expected: Expected,
    hosts: Sequence[str],
    *,
    command: str,
    afresh: bool = False,
) -> StepsSeen:
    """Look at a domain, keep the look as ``command``'s, and tell the steps.

    Raises :class:`Trouble`; exits when it is interrupted.
    """
    with interruptible(terminal(stderr=True), _("Stopping: no further question is asked.")) as halt:
        inquiry = Inquiry(domain, whom, halt.stop, fetch_policy)
        try:
            told, stands = _steps_of(organisation, inquiry, expected, hosts, afresh=afresh)
        except NobodyAnswers as error:
            if halt.stop.is_set():
                sys.exit(Exit.INTERRUPTED)
            raise Trouble(str(error), Exit.CONNECTION) from error
        except CannotWrite as error:
            raise Trouble(str(error), Exit.PARTIAL) from error
        if halt.stop.is_set():
            sys.exit(Exit.INTERRUPTED)
    keep_look(organisation, command, inquiry.facts)
    return StepsSeen(told, stands, inquiry.facts)


def _steps_of(
    organisation: Organisation | None, inquiry: Inquiry, expected: Expected, hosts: Sequence[str], *, afresh: bool
) -> tuple[KeptSteps, Stage | None]:
    """The steps of a cutover, and where the zone stands in them; no steps where nothing has to be changed.

    Those that were kept, once the zone was changed and as long as it stands somewhere in them: the way back is what was
    before the first change.  Else, and with ``afresh``, those that follow from what is now, which are kept from here
    on; but not by themselves once the domain was cut over, when somebody else has changed its MX since.  Raises as
    :meth:`Inquiry.follow`, and CannotWrite.
    """
    domain = inquiry.facts.domain
    try:
        known = None if organisation is None else kept_steps.kept(organisation.folder, domain)
        nowhere = False
        if known is not None and not afresh and known.fits(expected, hosts):
            inquiry.follow(lambda look: look.answer(look.domain, "MX"))
            stands = kept_steps.stage(known.steps, inquiry.facts)
            if stands not in (None, "nothing"):
                return known, stands
            nowhere = stands is None
        found = inquiry.follow(lambda look: steps(look, expected, hosts))
        if organisation is not None and known is not None and nowhere and found:
            _check_way_back(organisation, domain, known)
        new = KeptSteps(datetime.now(UTC), expected.title, found)
        if organisation is not None and found and (known is None or list(known.steps) != found):
            kept_steps.keep(organisation.folder, domain, new)
    except OSError as error:
        assert organisation is not None
        raise _disk(error, organisation) from error
    return new, "nothing" if found else None


def _check_way_back(organisation: Organisation, domain: str, known: KeptSteps) -> None:
    """Raises CannotWrite where steps that follow from what is now would forget what was before the cutover."""
    if kept_steps.cut_over(known, snapshots.kept(organisation.folder, domain)):
        text = _(
            "The MX of {domain} was changed after the cutover, and not by a step: see who did it, with bascule dns"
            " check. The way back is kept in {folder}. bascule dns records --afresh begins anew from what is there now."
        )
        raise CannotWrite(text.format(domain=domain, folder=snapshots.folder_of(organisation.folder, domain)))


def say_kept(path: Path | None) -> None:
    """Where the evidence lies, beside the answer itself."""
    if path is not None:
        click.echo(_("Kept as evidence: {file}").format(file=path), err=True)


def _disk(error: OSError, organisation: Organisation) -> Trouble:
    text = _("The evidence cannot be kept in {folder} ({why}).")
    return Trouble(text.format(folder=organisation.folder, why=os_error_text(error)), Exit.LEDGER)

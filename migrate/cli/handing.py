"""After a mailbox's pass: what its archives hold beside mail, as files for its person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from connectors.language import _, labelled, plural
from migrate.cli.lines import show_line, terminal
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.run import PassResult, run_pass
from migrate.ledger.store import Ledger, LedgerError
from plans import Organisation, Person, Site

if TYPE_CHECKING:
    from migrate.archives.handover import HandedOver


@dataclass(frozen=True)
class Handing:
    """Passes of one run, each with what it hands over.  Thread-safe."""

    organisation: Organisation
    site: Site
    _handed: dict[str, HandedOver] = field(default_factory=dict)

    @cached_property
    def _owners(self) -> dict[str, Person]:
        """Who has archives, by mailbox."""
        return {person.mailbox: person for person in self.site.people if person.archives}

    def run(self, jobs: Sequence[Job], ledger: Ledger, halt: Halt) -> PassResult:
        """A pass, and the files; a trouble with these is one of the pass."""
        result = run_pass(jobs, ledger, halt)
        job = jobs[0]
        person = self._owners.get(job.mailbox)
        if person is None or halt.stop.is_set():
            return result
        # Its template engine costs every start, and most people have no archives.
        from migrate.archives.handover import hand_over

        try:
            handed = hand_over(self.organisation, self.site, person, job.resources.spool, halt.stop)
        except LedgerError as error:
            return replace(result, errors=(*result.errors, error))
        if handed is not None:
            self._handed[job.mailbox] = handed
        return result

    def show(self) -> None:
        """Where the files are, mailbox by mailbox."""
        console = terminal()
        for mailbox, handed in sorted(self._handed.items()):
            told = plural(
                "{n} item that is no mail was handed over, in {{folder}}",
                "{n} items that are no mail were handed over, in {{folder}}",
                handed.items - handed.reported,
            )
            show_line(console, labelled(mailbox, told.format(folder=handed.folder)))
            if handed.reported:
                text = _("Items of which no file could be made: {n}. personal.json there names them.")
                show_line(console, labelled(mailbox, text.format(n=handed.reported)), "yellow")

"""Running passes over the people of a site, for the commands that do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click

from connectors.contract import ConnectorError, Resources
from connectors.folder_names import FolderPath
from connectors.language import _
from connectors.wrappers import RetryPolicy
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.observing import observe_passes, observe_way_back
from migrate.cli.organisation import Place, Trouble
from migrate.cli.progress import RunProgress
from migrate.cli.results import Row, as_json, show
from migrate.copy.halt import Halt
from migrate.copy.hold import HoldLost, MailboxBusy
from migrate.copy.job import Job, SystemClock
from migrate.copy.run import PassResult
from migrate.engine.hours import CopyHours, in_turn, passes
from migrate.engine.jobs import StandIn
from migrate.engine.local import Done, LocalEngine
from migrate.engine.remembered import Remembered
from migrate.engine.site import SiteRun
from migrate.engine.spool import new_resources, spool_folder
from migrate.figures import moment_text, path_text
from migrate.ledger.store import Ledger, LedgerError
from plans import Organisation, Person, SecretError, Site

_T = TypeVar("_T")

RunOne = Callable[[Sequence[Job], Ledger, Halt], PassResult]

#: Makes the job of one person's way back.
JobBack = Callable[[SiteRun, Person], Job]

#: Troubles of one mailbox; the others go on.
_OF_ONE_MAILBOX = (ConnectorError, SecretError, MailboxBusy, HoldLost, LedgerError)


def choose(site: Site, addresses: Sequence[str]) -> list[Person]:
    """The people of these addresses, all when none is given.  Raises :class:`Trouble` for an unknown one."""
    by_mailbox = {person.mailbox: person for person in site.people}
    unknown = [address for address in addresses if address.lower() not in by_mailbox]
    if unknown:
        text = _('{addresses}: not among the people of the site "{site}".')
        raise Trouble(text.format(addresses=", ".join(unknown), site=site.name))
    # Who is named twice is meant once.
    return [by_mailbox[address] for address in dict.fromkeys(map(str.lower, addresses))] or list(site.people)


def folder_paths(folders: Sequence[str]) -> tuple[FolderPath, ...]:
    """Source folders as given on the command line, names joined by ``/``."""
    return tuple(tuple(folder.split("/")) for folder in folders)


def check_folders(run: Started, only_folders: Sequence[FolderPath]) -> Exit:
    """Of a run that looked at every mailbox: say which of these folders none of them has."""
    unseen = run.progress.unseen(only_folders)
    for folder in unseen:
        text = _("None of these mailboxes has the folder {folder}. All their names: bascule folders {site}")
        shown = text.format(folder=path_text(folder), site=run.site.site.name)
        show_line(terminal(stderr=True), shown, "red")
    return Exit.USAGE if unseen else Exit.OK


@dataclass(frozen=True)
class Started:
    """A run that has begun: halted by Ctrl-C, showing its progress."""

    halt: Halt
    site: SiteRun
    people: Mapping[str, Person]
    progress: RunProgress
    back: JobBack | None = None

    @property
    def resources(self) -> Resources:
        """What its sessions share."""
        return self.site.resources

    def jobs(self, mailbox: str, only_folders: tuple[FolderPath, ...] = ()) -> list[Job]:
        """One for each source of the mailbox; on the way back, its one.  Raises SecretError for want of a password."""
        person = self.people[mailbox]
        return [self.back(self.site, person)] if self.back is not None else self.site.jobs(person, only_folders)

    def each(self, handle: Callable[[str], _T]) -> Iterator[Done[_T]]:
        """Run ``handle`` for every mailbox; troubles that are not one mailbox's own are raised."""
        engine: LocalEngine[_T] = LocalEngine(self.site.workers)
        engine.submit(list(self.people))
        with self.progress.shown():
            yield from _of_mailboxes(engine.run(handle, self.halt.stop))

    def passes(
        self,
        run_one: RunOne,
        ledger: Ledger,
        only_folders: tuple[FolderPath, ...],
        hours: CopyHours | None,
    ) -> Iterator[Done[PassResult]]:
        """A pass over every mailbox, in these hours alone; troubles that are not one mailbox's own are raised."""

        def one(halt: Halt, mailbox: str) -> PassResult:
            jobs = self.jobs(mailbox, only_folders)
            return in_turn(lambda: run_one(jobs, ledger, halt), halt.stop)

        mailboxes, workers, waiting = list(self.people), self.site.workers, self.progress.outside_hours
        with self.progress.shown():
            yield from _of_mailboxes(passes(mailboxes, workers, one, self.halt, hours, SystemClock(), waiting))


def _of_mailboxes(ended: Iterator[Done[_T]]) -> Iterator[Done[_T]]:
    for done in ended:
        if done.error is not None and not isinstance(done.error, _OF_ONE_MAILBOX):
            raise done.error
        yield done


@contextmanager
def started(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008  frozen
    *,
    copies: bool = False,
    stand_in: StandIn | None = None,
    back: JobBack | None = None,
) -> Iterator[Started]:
    """A run over these people.  ``copies``: it sends messages, which Ctrl-C does not leave half sent.

    With ``back`` it goes the other way, from the site's target to its source.
    """
    stopping = (
        _("Stopping after the batches in hand. Press Ctrl-C again to cut the connections.")
        if copies
        else _("Stopping: nothing further is looked at. Press Ctrl-C again to cut the connections.")
    )
    console = terminal(stderr=True)
    progress = RunProgress(console)
    with (
        interruptible(console, stopping) as halt,
        spool_folder(place.state) as spool,
        closing(Remembered(place.ledger_file)) as remembered,
    ):
        site_run = SiteRun(
            organisation, site, new_resources(spool), progress, retry, remembered, progress.resting, stand_in
        )
        yield Started(halt, site_run, {person.mailbox: person for person in people}, progress, back)


def run_people(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    run_one: RunOne,
    *,
    ledger: Ledger,
    only_folders: tuple[FolderPath, ...],
    to_json: bool,
    hours: CopyHours | None = None,
    copies: bool = True,
    back: JobBack | None = None,
) -> Exit:
    """Run one pass for each person and say what came of it; returns the exit code.

    Outside ``hours`` it waits.  A pass that ``copies`` is done when nothing is pending; another is done when it met
    no trouble.  With ``back`` it goes the other way.
    """
    with started(place, organisation, site, people, copies=copies, back=back) as run:
        ended = run.passes(run_one, ledger, only_folders, hours)
        rows = [Row(done.mailbox, done.result, done.error, copies) for done in ended]
        interrupted = run.halt.stop.is_set()
    rows.sort(key=lambda row: row.mailbox)
    # Who could not be asked may have such a folder.
    folders = Exit.OK if interrupted or any(row.errors for row in rows) else check_folders(run, only_folders)
    code = Exit.INTERRUPTED if interrupted else worst([folders, *(row.code for row in rows)])
    if back is not None:
        observe_way_back(ledger, site.name, {row.mailbox: row.code is Exit.OK for row in rows}, "bascule copy --back")
    elif copies and not only_folders:
        observe_passes(ledger, site.name, rows)
    now = time.time()
    opens = hours.opens(now) if hours is not None and interrupted and not hours.hold(now) else None
    if to_json:
        print_json(as_json(rows, code, opens))
    else:
        show(terminal(), rows)
        if interrupted:
            click.echo(_("Interrupted. The same command continues where this one stopped."))
        if opens is not None:
            text = _("The plan's hours for copying begin {when}.")
            click.echo(text.format(when=moment_text(opens, datetime.now(UTC))))
    return code


@contextmanager
def scratch_ledger(place: Place) -> Iterator[Ledger]:
    """A copy of the ledger that a dry run may write to; thrown away afterwards."""
    with TemporaryDirectory(prefix="bascule-") as folder:
        file = Path(folder) / "ledger.sqlite"
        if place.ledger_file.exists():
            with closing(Ledger(place.ledger_file)) as original:
                original.copy_to(file)
        with closing(Ledger(file)) as copy:
            yield copy

"""``bascule backup``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EDQUOT, ENOSPC
from pathlib import Path
from threading import Event

import click

from connectors.contract import Account, ArchiveUnreadable
from connectors.language import _, labelled, plural
from connectors.maildir.connector import MaildirConnector
from connectors.os_errors import os_error_text
from migrate.backup.check import Checked, check
from migrate.backup.destination import Destination, NoDestination
from migrate.backup.index import as_json as check_as_json
from migrate.backup.index import write_index, write_readme
from migrate.backup.space import NoRoom, check_room, needed
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.observing import observe
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.results import Row, as_json, show
from migrate.cli.running import Started, choose, started
from migrate.copy.actions import Action
from migrate.copy.plan import plan_pass
from migrate.copy.run import PassResult, run_pass
from migrate.ledger.store import Ledger
from plans import Organisation, Person, Site


@click.command()
@site_argument
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the backup; backup/SITE in the organisation's folder unless given.",
)
@mailbox_option
@json_option
@click.pass_obj
def backup(place: Place, site: str, to: Path | None, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Is there a backup?  Copies the source mailboxes of a site to a folder, and verifies what lies there.

    One Maildir a mailbox: a file for each message, which any mail program can read. All of it is copied, whatever the
    plan leaves out. Run it as often as you like: only what is new is copied, and what was deleted on the source stays.

    \b
    Example:  bascule backup paris --to /mnt/usb/paris
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    try:
        destination = Destination.of(place.folder, place.state, plan.name, to)
        code = _Backup(place, organisation, plan, people, destination).run(to_json=to_json)
    except NoDestination as error:
        raise Trouble(str(error)) from error
    sys.exit(code)


@dataclass(frozen=True)
class _Ended:
    """A mailbox whose backup ended."""

    row: Row
    checked: Checked | None

    @property
    def code(self) -> Exit:
        bad = self.checked is not None and (self.checked.missing or self.checked.different)
        return worst([self.row.code, Exit.PARTIAL if bad else Exit.OK])


@dataclass(frozen=True)
class _Backup:
    place: Place
    organisation: Organisation
    site: Site
    people: Sequence[Person]
    destination: Destination

    def run(self, *, to_json: bool) -> Exit:
        organisation, site = self.destination.plan(self.organisation, self.site)
        with started(self.place, organisation, site, self.people, copies=True) as run:
            hopeless = self._plan(run)
            with self.destination.ledger() as ledger:
                with self._written():
                    self._readme()
                ended = self._copy(run, ledger, hopeless)
            interrupted = run.halt.stop.is_set()
        checked = {one.row.mailbox: one.checked for one in ended if one.checked is not None}
        code = Exit.INTERRUPTED if interrupted else worst(one.code for one in ended)
        self._tell(ended, code, to_json=to_json)
        with self._written():
            write_index(self.destination.folder, self.site.name, datetime.now(UTC), checked)
        verified = {one.row.mailbox: one.code is Exit.OK and one.checked is not None for one in ended}
        observe(self.place, "site", self.site.name, "backup", verified, self.destination.command)
        return code

    def _readme(self) -> None:
        destination = self.destination
        write_readme(destination.folder, self.organisation, self.site, destination.command, datetime.now(UTC))

    @contextmanager
    def _written(self) -> Iterator[None]:
        """What keeps a file beside the mail from being written, as a :class:`Trouble`."""
        try:
            yield
        except OSError as error:
            what = _("{folder} cannot be written to: {why}.").format(
                folder=self.destination.folder, why=os_error_text(error)
            )
            raise Trouble(what, Exit.QUOTA if error.errno in (ENOSPC, EDQUOT) else Exit.USAGE) from error

    def _plan(self, run: Started) -> dict[str, BaseException]:
        """See that there is room; why some mailboxes cannot be read, so that they are not asked a second time."""
        with self.destination.scratch_ledger() as scratch:
            done = list(run.each(lambda mailbox: needed(_actions(run, mailbox, scratch))))
        messages, size = (sum(one.result[part] for one in done if one.result) for part in (0, 1))
        try:
            check_room(self.destination.folder, messages, size)
        except NoRoom as error:
            raise Trouble(str(error), Exit.QUOTA) from error
        return {one.mailbox: one.error for one in done if one.error is not None}

    def _copy(self, run: Started, ledger: Ledger, hopeless: dict[str, BaseException]) -> list[_Ended]:
        connector = MaildirConnector(self.destination.settings(), run.resources)

        def one(mailbox: str) -> tuple[PassResult, Checked]:
            if mailbox in hopeless:
                raise hopeless[mailbox]
            result = run_pass(run.jobs(mailbox), ledger, run.halt)
            # As a target it may be a mailbox in which there was nothing to copy; the check itself hears Ctrl-C.
            written = connector.open_target(Account(mailbox, address=mailbox), Event())
            return result, check(written, ledger, mailbox, run.halt)

        ended = [
            _Ended(
                Row(done.mailbox, done.result[0] if done.result else None, done.error), done.result and done.result[1]
            )
            for done in run.each(one)
        ]
        return sorted(ended, key=lambda one: one.row.mailbox)

    def _tell(self, ended: Sequence[_Ended], code: Exit, *, to_json: bool) -> None:
        rows = [one.row for one in ended]
        if to_json:
            told = as_json(rows, code)
            for entry, one in zip(told["mailboxes"], ended, strict=True):
                entry["verified"] = None if one.checked is None else check_as_json(one.checked)
            told["folder"] = str(self.destination.folder)
            print_json(told)
            return
        console = terminal()
        show(console, rows)
        for one in ended:
            if one.checked is not None:
                for line in _lines(one.checked):
                    show_line(console, labelled(one.row.mailbox, line), None if one.checked.good else "red")
        click.echo(
            _("The backup is in {folder}; README.txt there says how to open it.").format(folder=self.destination.folder)
        )
        if code is Exit.INTERRUPTED:
            click.echo(_("Interrupted. The same command continues where this one stopped."))


def _actions(run: Started, mailbox: str, scratch: Ledger) -> list[Action]:
    """What a pass over all sources would do; of an archive that cannot be read the pass itself will tell."""
    actions: list[Action] = []
    for job in run.jobs(mailbox):
        with suppress(ArchiveUnreadable):
            actions += plan_pass(job, scratch, run.halt)
    return actions


def _lines(found: Checked) -> list[str]:
    """What the check of a mailbox says."""
    lines = []
    if found.good:
        lines.append(
            plural("verified: {n} message, digest equal", "verified: {n} messages, digests equal", found.equal)
        )
    elif not found.complete:
        lines.append(_("not verified to the end"))
    if found.uncompared:
        lines.append(
            plural(
                "{n} message was there before the first copy, and is there; its content was not compared",
                "{n} messages were there before the first copy, and are there; their content was not compared",
                found.uncompared,
            )
        )
    if found.missing:
        lines.append(
            plural("{n} message is missing on the disk", "{n} messages are missing on the disk", found.missing)
        )
    if found.different:
        lines.append(
            plural("{n} message was changed on the disk", "{n} messages were changed on the disk", found.different)
        )
    if found.missing or found.different:
        lines.append(_("Keep this backup for what it is, and make another one with --to and a new folder."))
    return lines

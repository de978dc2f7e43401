"""What most commands begin with: the organisation's folder, its plan and its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

import plans
from connectors.language import _, plural
from connectors.os_errors import os_error_text
from migrate.cli.exit_codes import Exit
from plans import Organisation, PlanError, Site

if TYPE_CHECKING:
    from migrate.ledger.store import Ledger

#: Where an organisation's folder keeps what is Bascule's own.
STATE = ".bascule"


class Trouble(click.ClickException):
    """A user's mistake, or a trouble of the world: what is wrong, where, and what to do; no traceback."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.exit_code = int(code)  # type: ignore[misc]  # click reads it from the instance too


@dataclass(frozen=True)
class Place:
    """The organisation's folder, as given on the command line."""

    folder: Path

    @property
    def state(self) -> Path:
        path = self.folder / STATE
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            text = _(
                "{path} cannot be made ({cause}). Make room on the disk, or let this user write to the folder around."
            )
            raise Trouble(text.format(path=path, cause=os_error_text(error)), Exit.LEDGER) from error
        return path

    def load(self) -> Organisation:
        """The plan.  Raises :class:`Trouble` with all its problems."""
        try:
            return plans.load(self.folder)
        except PlanError as error:
            count = plural("The plan has {n} problem:", "The plan has {n} problems:", len(error.problems))
            raise Trouble(f"{count}\n{error}") from error

    def site(self, organisation: Organisation, name: str) -> Site:
        if name not in organisation.sites:
            known = ", ".join(sorted(organisation.sites)) or _("none yet")
            text = _('There is no site "{name}" in {folder}. Sites: {known}.')
            raise Trouble(text.format(name=name, folder=self.folder / "sites", known=known))
        return organisation.sites[name]

    @property
    def ledger_file(self) -> Path:
        return self.folder / STATE / "ledger.sqlite"

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, made when it is not there; its troubles become a :class:`Trouble` in the command's frame."""
        # Commands without a ledger start without its library.
        from migrate.ledger.store import Ledger

        ledger = Ledger(self.state / "ledger.sqlite")
        try:
            yield ledger
        finally:
            ledger.close()

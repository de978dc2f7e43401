"""Where a backup lies, and the plan that leads there: everything of the source, as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote
from shutil import rmtree
from tempfile import TemporaryDirectory

from connectors.language import _
from connectors.maildir.settings import MaildirSettings
from connectors.os_errors import os_error_text
from migrate.ledger.store import Ledger
from plans import Organisation, Site, System
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.private_folders import PrivateFolders

#: The system that a backup goes to.  No system of a plan can be called so.
SYSTEM = "(backup)"
_DEFAULT = "backup"
#: Sessions on the disk; what limits a backup is its source.
_SESSIONS = 64


class NoDestination(Exception):
    """The backup cannot lie there: worded for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A backup's folder, with one Maildir a mailbox, and the folder of its ledger."""

    folder: Path
    state: Path
    #: The command that leads here.
    command: str

    @classmethod
    def of(cls, organisation: Path, state: Path, site: str, to: Path | None) -> Destination:
        """``state`` is Bascule's own folder.  Each folder that is chosen has a ledger of its own, which never mixes
        with that of the migration.  Raises :class:`NoDestination`.
        """
        folder = (to or organisation / _DEFAULT / site).absolute()
        try:
            cls._check(folder, to)
        except OSError as error:
            raise NoDestination(
                _("{folder} cannot be looked at: {why}.").format(folder=folder, why=os_error_text(error))
            ) from error
        name = site if to is None else f"{site}@{sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"
        command = f"bascule backup {site}" if to is None else f"bascule backup {site} --to {quote(str(folder))}"
        return cls(folder, state / _DEFAULT / name, command)

    @staticmethod
    def _check(folder: Path, to: Path | None) -> None:
        if "{" in str(folder) or "}" in str(folder):
            raise NoDestination(_("{folder} cannot hold a backup: its name has braces.").format(folder=folder))
        if to is not None and not folder.parent.is_dir():
            raise NoDestination(
                _("{folder} does not exist. Make it first, or connect the disk that it is on.").format(
                    folder=folder.parent
                )
            )
        if folder.exists() and not folder.is_dir():
            raise NoDestination(_("{folder} is a file. A backup needs a folder.").format(folder=folder))

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The backup's ledger.  A backup that was deleted begins anew: what its ledger says of it is no longer so.

        Raises :class:`NoDestination` when the folder cannot be made.
        """
        try:
            if not self.folder.exists() and self.state.exists():
                rmtree(self.state)
            for folder in (self.folder.parent, self.folder, self.state.parent, self.state):
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise NoDestination(
                _("{folder} cannot be made: {why}.").format(folder=error.filename, why=os_error_text(error))
            ) from error
        ledger = Ledger(self._file)
        try:
            yield ledger
        finally:
            ledger.close()

    @contextmanager
    def scratch_ledger(self) -> Iterator[Ledger]:
        """A copy of the ledger for planning; thrown away afterwards.  Makes nothing at the destination."""
        with TemporaryDirectory(prefix="bascule-") as temporary:
            file = Path(temporary) / "ledger.sqlite"
            if self.folder.exists() and self._file.exists():
                original = Ledger(self._file)
                try:
                    original.copy_to(file)
                finally:
                    original.close()
            copy = Ledger(file)
            try:
                yield copy
            finally:
                copy.close()

    @property
    def _file(self) -> Path:
        return self.state / "ledger.sqlite"

    def settings(self) -> MaildirSettings:
        return MaildirSettings(path=self.folder / "{address}", layout="maildir++", names="utf-7", sessions=4)

    def plan(self, organisation: Organisation, site: Site) -> tuple[Organisation, Site]:
        """The plan of the backup: same source and people; no rule leaves anything out or sends it elsewhere."""
        system = System(SYSTEM, "maildir", self.settings(), _SESSIONS, None, None, None)
        systems = {**organisation.systems, SYSTEM: system}
        whole = replace(
            site, folder_rules=FolderRules(), message_rules=MessageRules(), private_folders=PrivateFolders()
        )
        return replace(organisation, systems=systems), replace(whole, target=SYSTEM, repair=False)

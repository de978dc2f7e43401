"""The connector: opens mailboxes of one organisation's Google Workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from threading import Event, Lock
from typing import ClassVar

from pydantic import BaseModel

from connectors.contract import Account, Resources
from connectors.errors import Stopped
from connectors.google_workspace import units
from connectors.google_workspace.access import Access
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.line import Line
from connectors.google_workspace.readiness import Readiness, Side, mail_scope
from connectors.google_workspace.recent import Recent
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.source import GoogleSource
from connectors.google_workspace.target import GoogleTarget
from connectors.google_workspace.units import ProjectLimits
from connectors.google_workspace.verdicts import being_set_up
from connectors.language import _
from connectors.preconditions import Precondition


class GoogleWorkspaceConnector:
    """Opens the mailbox of an account in this person's name.  Thread-safe."""

    Settings: ClassVar[type[BaseModel]] = GoogleSettings
    #: The service account's key opens every mailbox.
    needs_password: ClassVar[bool] = False

    def __init__(self, settings: GoogleSettings, resources: Resources) -> None:
        self.settings = settings
        self.access = Access(settings)
        self._resources = resources
        self._recent: dict[str, Recent] = defaultdict(Recent)
        self._lock = Lock()
        self._readiness = Readiness(self.access, self._open_and_close)

    def open_source(self, account: Account, stop: Event) -> GoogleSource:
        """Raises AuthFailed, Fatal, TooSoon, Unavailable, Transient; each says what to do about it."""
        line = self._open(account, mail_scope("source"), stop, writes=False)
        return GoogleSource(line, self._resources, keywords=self.settings.keywords == "labels")

    def open_target(self, account: Account, stop: Event) -> GoogleTarget:
        """As ``open_source``."""
        line = self._open(account, mail_scope("target"), stop, writes=True)
        with self._lock:
            recent = self._recent[line.subject]
        return GoogleTarget(line, self.settings, self._resources, recent)

    def preconditions(self, account: Account, side: Side, stop: Event) -> Iterator[Precondition]:
        """The key, each right, the API, the account, its licence, the mailbox; what to click to mend each."""
        return self._readiness.ask(_subject(account), side, stop)

    def _open_and_close(self, subject: str, side: Side, stop: Event) -> None:
        self._open(Account(subject, address=subject), mail_scope(side), stop, writes=False).close()

    def _open(self, account: Account, scope: str, stop: Event, *, writes: bool) -> Line:
        if stop.is_set():
            raise Stopped(_("interrupted before the mailbox was opened"))
        subject = _subject(account)
        project = ProjectLimits.of(
            self.access.system,
            self.access.key.project,
            self.settings.user_units_per_minute,
            self.settings.project_units_per_minute,
        )
        line = Line(self.access, subject, scope, project.mailbox(subject), stop, writes=writes)
        try:
            self._look(line, subject)
        except BaseException:
            line.close()
            raise
        return line

    def _look(self, line: Line, subject: str) -> None:
        """Ask something of the mailbox.  Raises what stands in the way."""
        try:
            line.get("profile", units.LOOK, fields="emailAddress")
        except Denied as answer:
            if not answer.unready:
                raise line.verdict(answer) from None
        else:
            return
        # A mailbox that does not open yet is told from one that never will, as far as the directory can be asked.
        if self._readiness.is_being_made(subject):
            raise being_set_up(self.access.system, subject)
        try:
            # It may have become ready between the two questions.
            line.get("profile", units.LOOK, fields="emailAddress")
        except Denied as answer:
            raise line.verdict(answer) from None


def _subject(account: Account) -> str:
    """In whose name a mailbox is opened: the account that the people file names, which is an address at Google's."""
    return (account.user if "@" in account.user else account.address or account.user).lower()

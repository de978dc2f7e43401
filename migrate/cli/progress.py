"""Progress of a run: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from connectors.contract import Transient
from connectors.folder_names import FolderPath
from connectors.language import _, number, plural
from migrate.cli.lines import show_line
from migrate.cli.pace import Pace
from migrate.figures import moment_text, rate_text, size_text, time_text
from migrate.ledger.limits import Why

#: Seconds between plain lines.
_PLAIN_EVERY = 10.0


class RunProgress:
    """Adds up what the passes of a run report.  Thread-safe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()
        self._said = time.monotonic()
        self._pace = Pace(self._said)
        self._listed: dict[tuple[str, FolderPath], int] = {}
        self._planned: dict[str, tuple[int, int]] = {}
        self._copied = 0
        self._bytes = 0
        self._bar: Progress | None = None
        self._rests: set[tuple[str, datetime]] = set()

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        columns = (BarColumn(bar_width=12), TextColumn("{task.description}"))
        with Progress(*columns, console=self._console, transient=True) as bar:
            self._bar = bar
            self._task = bar.add_task(_("signing in"), total=None)
            yield
        self._bar = None

    def scanned(self, mailbox: str, folder: tuple[str, ...], messages: int) -> None:
        with self._lock:
            self._listed[mailbox, folder] = messages
            if not self._planned:
                self._say([_("listing: {messages} so far").format(messages=_messages(sum(self._listed.values())))])

    def unseen(self, folders: Iterable[FolderPath]) -> list[FolderPath]:
        """Those of these folders that no mailbox has listed, nor anything below them."""
        with self._lock:
            listed = {path[:depth] for _mailbox, path in self._listed for depth in range(1, len(path) + 1)}
        return [folder for folder in folders if folder not in listed]

    def to_copy(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            self._planned[mailbox] = messages, size
            self._show()

    def copied(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            self._copied += messages
            self._bytes += size
            self._pace.note(time.monotonic(), self._copied, self._bytes)
            self._show()

    def waiting(self, mailbox: str, seconds: float, messages: int) -> None:
        self._tell(
            _(
                "{mailbox}: the connection was cut while {messages} were on their way; looking again in {seconds}"
                " whether they arrived"
            ).format(mailbox=mailbox, messages=_messages(messages), seconds=time_text(seconds))
        )

    def pausing(self, mailbox: str, seconds: float, error: Transient) -> None:
        self._tell(
            _("{mailbox}: {error}; trying again in {seconds}").format(
                mailbox=mailbox, error=error, seconds=time_text(max(seconds, 1))
            )
        )

    def outside_hours(self, opens: datetime) -> None:
        """Nothing is copied until then; said above the bar, where it stays, and in it."""
        text = _("Outside the plan's hours for copying: the copy goes on {when}. Ctrl-C ends it; --now copies at once.")
        line = text.format(when=moment_text(opens, datetime.now(UTC)))
        with self._lock:
            self._tell(line)
            if self._bar is not None:
                waiting = _("waiting for the plan's hours for copying")
                self._bar.update(self._task, description=waiting)

    def resting(self, server: str, until: datetime, why: Why) -> None:
        """A server is left alone until then; said once, however many sessions wait for it."""
        with self._lock:
            if (server, until) in self._rests:
                return
            self._rests.add((server, until))
        when = moment_text(until, datetime.now(UTC))
        if why == "allowance":
            line = _("{server}: what a mailbox may move in a day is used up; it goes on {when}")
        else:
            line = _("{server}: the server asked to be left alone for a while; it goes on {when}")
        self._tell(line.format(server=server, when=when))

    def _tell(self, line: str) -> None:
        """What waits, and why: said at once, above the bar."""
        show_line(self._console, line)

    def _show(self) -> None:
        now = time.monotonic()
        planned = sum(messages for messages, _size in self._planned.values())
        size = sum(size for _messages_, size in self._planned.values())
        done = [
            _("{done} of {all} messages").format(done=number(self._copied), all=number(planned)),
            _("{done} of {all}").format(done=size_text(self._bytes), all=size_text(max(size, self._bytes))),
        ]
        speed = [rate_text(*self._pace.rates(now))]
        left = self._pace.left(now, max(planned - self._copied, 0), max(size - self._bytes, 0))
        if left is not None:
            speed.append(_("{time} left").format(time=time_text(left)))
        self._say([", ".join(done), ", ".join(speed)], planned)

    def _say(self, parts: Sequence[str], planned: int | None = None) -> None:
        """On a terminal each part has a line, so that 80 columns are enough; elsewhere all is one line."""
        if self._bar is not None:
            self._bar.update(self._task, description="\n".join(parts), total=planned, completed=self._copied)
        elif time.monotonic() - self._said >= _PLAIN_EVERY:
            self._said = time.monotonic()
            self._tell(", ".join(parts))


def _messages(count: int) -> str:
    return plural("{n} message", "{n} messages", count)

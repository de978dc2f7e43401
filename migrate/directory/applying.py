"""Making changes: each in its order, tried again where that helps, recorded, and never in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal

import tenacity

from connectors.errors import AuthFailed, ConnectorError, Fatal, OverQuota, Transient
from connectors.language import _
from migrate.directory.changes import Change, CreateAccount, key_of
from migrate.directory.contract import Directory, Initial
from migrate.directory.first_passwords import FirstPasswords
from migrate.directory.hashes import Hash
from migrate.directory.patience import pause
from migrate.directory.record import Record

#: ``waiting``: what it rests on is not there yet.  ``not-done``: the run ended before it.
Outcome = Literal["done", "already", "by-hand", "failed", "waiting", "not-done"]
#: Tries of one change, and the longest wait between two, in seconds.
_TRIES, _LONGEST = 6, 60.0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a change.  ``what``: why not; ``error``: the verdict behind it."""

    change: Change
    outcome: Outcome
    what: str = ""
    #: What a person runs or clicks.
    by_hand: Sequence[str] = ()
    error: ConnectorError | None = None


class Applying:
    """One run.  ``passwords``: where first passwords are kept; ``hashes``: by address, what people sign in with now."""

    def __init__(
        self, directory: Directory, passwords: FirstPasswords, hashes: Mapping[str, Hash], record: Record, stop: Event
    ) -> None:
        self._directory = directory
        self._passwords = passwords
        self._hashes = hashes
        self._record = record
        self._stop = stop
        #: Changes that are not done, though they are to be.
        self._open: set[tuple[str, str]] = set()
        #: Who needs a first password, until the first of them does.
        self._to_prepare: list[str] = []
        #: What nothing more is asked for: by kind of change, why.
        self._given_up: dict[type[Change], Result] = {}

    def run(self, changes: Sequence[Change]) -> Iterator[Result]:
        """Each change's outcome, when it is there.  ``changes`` are in their order."""
        self._to_prepare = [change.subject for change in changes if self._needs_password(change)]
        for change in changes:
            result = self._one(change)
            if result.outcome in ("by-hand", "failed", "waiting"):
                self._open.add(key_of(change))
            if result.outcome in ("done", "already", "failed"):
                self._record.add(change.code, change.subject, change.told(), result.outcome, result.what)
            yield result

    def _one(self, change: Change) -> Result:
        if self._stop.is_set():
            return Result(change, "not-done")
        if lines := self._directory.by_hand(change):
            return Result(change, "by-hand", by_hand=lines)
        if change.needs & self._open:
            return Result(change, "waiting", _("What it rests on is not there yet: run the command again then."))
        if (earlier := self._given_up.get(type(change))) is not None:
            return Result(change, "failed", earlier.what, error=earlier.error)
        # A run that is killed now leaves this line without one that says how it ended.
        self._record.add(change.code, change.subject, change.told(), "begun")
        try:
            made = self._tried(change)
        except ConnectorError as error:
            if self._stop.is_set() and isinstance(error, Transient):
                return Result(change, "not-done")
            result = Result(change, "failed", str(error), error=error)
            if isinstance(error, AuthFailed | Fatal | OverQuota):
                # It will be so for all of its kind.
                self._given_up[type(change)] = result
            return result
        return Result(change, "done" if made else "already", by_hand=self._directory.afterwards(change))

    def _tried(self, change: Change) -> bool:
        initial = self._initial(change) if isinstance(change, CreateAccount) else None
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_when_event_set(self._stop),
            wait=pause(_LONGEST),
            sleep=tenacity.sleep_using_event(self._stop),
            reraise=True,
        ):
            with attempt:
                made = self._directory.do(change, initial)
        return made

    def _needs_password(self, change: Change) -> bool:
        return isinstance(change, CreateAccount) and self._hash(change) is None and not self._directory.by_hand(change)

    def _hash(self, change: CreateAccount) -> Hash | None:
        """What the account's person signs in with now, where the target takes it."""
        one = self._hashes.get(change.subject)
        return one if one is not None and self._directory.takes_hash(one) else None

    def _initial(self, change: CreateAccount) -> Initial:
        """How the account's person signs in; a first password is in its file when this returns."""
        if (one := self._hash(change)) is not None:
            return Initial(hash=one)
        if self._to_prepare:
            # One look at the file for all: a file that is written anew for each of many people takes hours.
            self._passwords.prepare(self._to_prepare)
            self._to_prepare = []
        return self._passwords.of(change.subject)

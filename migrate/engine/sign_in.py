"""Trying passwords: who can sign in, asked of the systems themselves.  Reads nothing and writes nothing.

Each account is tried once, so that nobody is locked out; an account that several people share is tried once for all
of them.  The first account of a system is tried alone: a system that cannot be reached is not asked a hundred times.
A master user signs in for everybody with one password: when it is refused for three people and has let in nobody, it
is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Literal

from connectors.contract import Account, AuthFailed, Connector, ConnectorError, Stopped, Transient
from connectors.language import _
from connectors.preconditions import preconditions
from migrate.engine.openings import connector_of
from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner
from migrate.engine.servers import Servers
from migrate.engine.site import MAILBOXES_AT_ONCE
from migrate.engine.spool import new_resources
from plans import Organisation, Person, SecretError, Site
from plans.accounts import further_account, source_account, target_account
from plans.secrets import MissingSecret

#: People for whom a master user is tried before its password counts as wrong.
_MASTER_TRIES = 3


class Verdict(StrEnum):
    """What is known of one account's password."""

    #: It lets in.
    WORKS = "works"
    #: There is one; it was not tried.
    PRESENT = "present"
    #: The system does not let it in.
    WRONG = "wrong"
    #: Nothing names one, or its place is empty.
    MISSING = "missing"
    #: There is one, and it cannot be had.
    UNREADABLE = "unreadable"
    #: The system cannot be reached, or does not speak with us.
    UNREACHABLE = "unreachable"
    #: Left out: a master user that was refused before, or an interruption.
    NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class Credential:
    """One account of one person: on which side, on which system, and what its password was found to be worth."""

    mailbox: str
    #: ``source``, ``target``, or a further source as ``system:user``.
    side: str
    system: str
    user: str
    verdict: Verdict
    #: Why it does not work, in a sentence; empty when it does.
    why: str = ""
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    mailbox: str
    side: str
    system: str
    user: str
    account: Account | None
    error: SecretError | None = None

    @property
    def attempt(self) -> tuple[str, str, str | None, str]:
        """What makes two sign-ins the same."""
        account = self.account
        assert account is not None, "only who has a password signs in"
        return self.system, account.user, account.master_user, account.password

    def judged(self, verdict: Verdict, why: str = "", error: Exception | None = None) -> Credential:
        return Credential(self.mailbox, self.side, self.system, self.user, verdict, why, error)


def look_up(organisation: Organisation, site: Site, people: Sequence[Person]) -> list[Credential]:
    """Whether there is a password for each account, in the order of the people.  Asks no system."""
    return [
        one.judged(Verdict.PRESENT) if one.account is not None else _without_password(one)
        for one in _wanted(organisation, site, people)
    ]


def try_all(
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    stop: Event,
    remembered: Remembered | None = None,
    *,
    sources_only: bool = False,
) -> Iterator[Credential]:
    """Sign in with every account, several at once; yields each as it is known.  After ``stop`` no further one is tried.

    On each system no more sessions are open than its ``max_sessions``, or than its server is ``remembered`` to grant; a
    server that wants to be left alone counts as unreachable.  ``sources_only``: the target is left alone.
    """
    wanted = [one for one in _wanted(organisation, site, people) if one.side != "target" or not sources_only]
    yield from (_without_password(one) for one in wanted if one.account is None)
    by_system: dict[str, list[_Wanted]] = {}
    for one in wanted:
        if one.account is not None:
            by_system.setdefault(one.system, []).append(one)
    with TemporaryDirectory(prefix="bascule-") as spool:
        for name, those in by_system.items():
            system = organisation.systems[name]
            servers = Servers({name: system}, remembered or Remembered(), Manner(patience=0.0, zone=site.time_zone))
            trying = _Trying(connector_of(system, new_resources(Path(spool))), stop, servers)
            yield from trying.all_of(those, min(servers.most(name), MAILBOXES_AT_ONCE))


def _wanted(organisation: Organisation, site: Site, people: Sequence[Person]) -> list[_Wanted]:
    return [one for person in people for one in _of_person(organisation, site, person)]


def _of_person(organisation: Organisation, site: Site, person: Person) -> Iterator[_Wanted]:
    def asked(side: str, system: str, user: str, account: Callable[[], Account]) -> _Wanted:
        try:
            return _Wanted(person.mailbox, side, system, user, account())
        except SecretError as error:
            return _Wanted(person.mailbox, side, system, user, None, error)

    yield asked("source", site.source, person.source_user, lambda: source_account(organisation, site, person))
    yield asked("target", site.target, person.target_user, lambda: target_account(organisation, site, person))
    for one in person.further_sources:
        yield asked(str(one), one.system, one.user, partial(further_account, organisation, site, person, one))


def _without_password(one: _Wanted) -> Credential:
    assert one.error is not None, "it has a password"
    missing = isinstance(one.error, MissingSecret)
    return one.judged(Verdict.MISSING if missing else Verdict.UNREADABLE, str(one.error), one.error)


class _Trying:
    """Sign-ins on one system."""

    def __init__(self, connector: Connector, stop: Event, servers: Servers) -> None:
        self._connector = connector
        self._stop = stop
        self._servers = servers

    def all_of(self, wanted: Sequence[_Wanted], at_once: int) -> Iterator[Credential]:
        attempts: dict[tuple[str, str, str | None, str], list[_Wanted]] = {}
        for one in wanted:
            attempts.setdefault(one.attempt, []).append(one)
        waiting = list(attempts.values())
        refused = 0
        while waiting:
            scouts = waiting.pop(0)
            verdict, error = self._try(scouts[0])
            yield from _told(scouts, verdict, error)
            if verdict is Verdict.UNREACHABLE:
                yield from (known for group in waiting for known in _told(group, verdict, error))
                return
            if verdict is not Verdict.WRONG or not _of_master(scouts):
                break
            refused += 1
            if refused >= _MASTER_TRIES:
                yield from self._given_up([group for group in waiting if _of_master(group)])
                waiting = [group for group in waiting if not _of_master(group)]
                break
        yield from self._together(waiting, at_once)

    def _together(self, waiting: Sequence[Sequence[_Wanted]], at_once: int) -> Iterator[Credential]:
        crowded: list[Sequence[_Wanted]] = []
        with ThreadPoolExecutor(at_once, thread_name_prefix="sign in") as pool:
            running = {pool.submit(self._try, group[0]): group for group in waiting}
            for done in as_completed(running):
                verdict, error = done.result()
                if isinstance(error, Transient):
                    crowded.append(running[done])
                else:
                    yield from _told(running[done], verdict, error)
        yield from self._alone(crowded)

    def _alone(self, crowded: Sequence[Sequence[_Wanted]]) -> Iterator[Credential]:
        """Once more, one after the other: a server may take fewer sessions at a time than the plan allows."""
        verdict, error = Verdict.WORKS, None
        for group in crowded:
            if verdict is not Verdict.UNREACHABLE:
                verdict, error = self._try(group[0])
            yield from _told(group, verdict, error)

    def _try(self, one: _Wanted) -> tuple[Verdict, ConnectorError | None]:
        """One sign-in, and out again."""
        account = one.account
        assert account is not None, "only who has a password signs in"
        if self._stop.is_set():
            return Verdict.NOT_TRIED, None
        try:
            self._see_to_it(one, account)
        except AuthFailed as error:
            return Verdict.WRONG, error
        except Stopped:
            return Verdict.NOT_TRIED, None
        seat = self._servers.seat(one.system, account.user)
        try:
            session = seat.source(lambda: self._connector.open_source(account, self._stop), self._stop)
        except AuthFailed as error:
            return Verdict.WRONG, error
        except Stopped:
            return Verdict.NOT_TRIED, None
        except ConnectorError as error:
            return Verdict.UNREACHABLE, error
        try:
            session.capabilities()
        except AuthFailed as error:
            return Verdict.WRONG, error
        except ConnectorError as error:
            return Verdict.UNREACHABLE, error
        finally:
            session.close()
        return Verdict.WORKS, None

    def _see_to_it(self, one: _Wanted, account: Account) -> None:
        """What has to be true first, where the system can tell: it is told with what mends it.

        Raises AuthFailed for the first thing that is not so, or Stopped.
        """
        side: Literal["source", "target"] = "target" if one.side == "target" else "source"
        for found in preconditions(self._connector, account, side, self._stop):
            if found.met is False:
                what = found.what if found.what.endswith(".") else f"{found.what}."
                told = f"{what} {found.mend}".rstrip()
                raise AuthFailed(told, system=one.system, detail=found.code)

    def _given_up(self, waiting: Sequence[Sequence[_Wanted]]) -> Iterator[Credential]:
        why = _("The master user was refused for {number} people before; it was not tried again.")
        for group in waiting:
            for one in group:
                yield one.judged(Verdict.NOT_TRIED, why.format(number=_MASTER_TRIES))


def _of_master(group: Sequence[_Wanted]) -> bool:
    account = group[0].account
    return account is not None and account.master_user is not None


def _told(group: Sequence[_Wanted], verdict: Verdict, error: ConnectorError | None) -> Iterator[Credential]:
    why = str(error) if error is not None else ""
    return (one.judged(verdict, why, error) for one in group)

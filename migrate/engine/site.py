"""From a plan to jobs: connectors with their wrappers, rules and shared limits for one site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from threading import Event
from typing import Literal, TypeVar

from connectors.contract import Account, Connector, Entry, Folder, Reason, Resources, Source, Target
from connectors.folder_names import FolderPath
from connectors.preconditions import Precondition, preconditions
from connectors.registry import connector_class
from connectors.wrappers import (
    LimitedSource,
    RateLimit,
    RetryingSource,
    RetryingTarget,
    RetryPolicy,
)
from migrate.copy.job import Job, Placement, Progress, Rules
from migrate.copy.kept import KeptMail
from migrate.engine.admission import Permit
from migrate.engine.archives import personal_archives
from migrate.engine.private_gmail import private_gmail
from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner, Told
from migrate.engine.servers import Servers
from migrate.engine.way_back import BackRules, Origin
from migrate.ledger.schema import Direction
from plans import Organisation, Person, SecretError, Site, System
from plans.accounts import further_account, source_account, target_account

#: Mailboxes of one site that are worked on at the same time, if the systems' sessions allow it.
MAILBOXES_AT_ONCE = 8


@dataclass(frozen=True)
class SiteRules:
    """The plan's rules for one site, as a pass applies them."""

    site: Site

    def place(self, folder: Folder) -> Placement | None:
        rules = self.site.folder_rules
        path = rules.decide(folder.path)
        if path is None or self.site.private_folders.left_out(folder.path):
            return None
        role = folder.role if rules.keeps_roles(folder.path) else None
        return Placement(path, role, merge=rules.maps(folder.path), under=rules.under)

    def why_left_out(self, folder: Folder) -> Reason:
        if self.site.folder_rules.decide(folder.path) is None:
            return Reason.RULE_FOLDER
        return self.site.private_folders.left_out(folder.path) or Reason.RULE_FOLDER

    def leaves_out(self, entry: Entry) -> Reason | None:
        return self.site.message_rules.left_out(entry.received, entry.size)

    def digest(self) -> str:
        parts = (self.site.folder_rules, self.site.message_rules, self.site.private_folders)
        return sha256("".join(part.digest() for part in parts).encode("ascii")).hexdigest()


Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one precondition of a system stands, on the side on which the system is used."""

    system: str
    side: Side
    found: Precondition


@dataclass(frozen=True, slots=True)
class StandIn:
    """What takes the place of a site's target, so that nothing leaves this machine.

    Nobody's password for the target is asked for.
    """

    connect: Callable[[Resources], Connector]
    #: Where originals would be kept.
    kept: KeptMail
    #: Around each session of a source, by mailbox; what a job's rules become beside it.
    sourced: Callable[[str, Source], Source]
    ruled: Callable[[str, Rules], Rules]


@dataclass
class SiteRun:
    """What all mailboxes of a run share."""

    organisation: Organisation
    site: Site
    resources: Resources
    progress: Progress
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: What is known of the servers, from one run to the next.
    remembered: Remembered = field(default_factory=Remembered)
    #: Hears of rests that servers ask for.
    resting: Told = Manner.told
    stand_in: StandIn | None = None

    def __post_init__(self) -> None:
        further = {one.system for person in self.site.people for one in person.further_sources}
        names = {self.site.source, self.site.target, *further}
        systems = {name: self.organisation.systems[name] for name in names}
        self._connectors = {
            name: self.stand_in.connect(self.resources)
            if self.stand_in is not None and name == self.site.target
            else connector_of(system, self.resources)
            for name, system in systems.items()
        }
        manner = Manner(self.resting, self.retry.patience, self.site.time_zone)
        self._servers = Servers(systems, self.remembered, manner)
        self._by_day = _by_day(self.site)
        self._kept_mail = self.stand_in.kept if self.stand_in is not None else kept_mail(self.organisation)

    @property
    def workers(self) -> int:
        """Mailboxes at a time: each needs a session on both sides."""
        caps = [self._servers.most(name) for name in (self.site.source, self.site.target)]
        if self.site.source == self.site.target:
            caps = [caps[0] // 2]
        return max(1, min(MAILBOXES_AT_ONCE, *caps))

    def jobs(
        self,
        person: Person,
        only_folders: tuple[tuple[str, ...], ...] = (),
        *,
        passwords: Literal["now", "when_needed"] = "now",
    ) -> list[Job]:
        """The jobs of one person's mailbox, one a source: the site's own, what the people file names, archives.

        Raises SecretError when a password cannot be had.  Who asks for them when they are needed is told so by the
        job's ``open_source`` and ``open_target`` instead, and can look at the one side without the other.
        """

        def resolved(account: Callable[[], Account]) -> Callable[[], Account]:
            if passwords == "when_needed":
                return account
            found = account()
            return lambda: found

        where = self.organisation, self.site, person
        there = self.site.target, person.target_user
        archives = personal_archives(*where, self.resources)

        def admit(*seats: tuple[str, str]) -> Callable[[Event, bool], Permit]:
            return partial(self._admit, (*seats, there))

        own = Job(
            mailbox=person.mailbox,
            site=self.site.name,
            source=self.site.source,
            target=self.site.target,
            kept=self._kept_mail,
            repair=self.site.repair,
            open_source=self._source(person, self.site.source, resolved(partial(source_account, *where))),
            open_target=self._target(person, self.site.target, self._target_account(person, resolved)),
            open_opposite=self._target(person, self.site.source, partial(source_account, *where)),
            rules=self._rules(person, SiteRules(self.site)),
            resources=self.resources,
            admit=admit((self.site.source, person.source_user)),
            progress=self.progress,
            only_folders=only_folders,
            beside_rebuilt=any(archive.rebuilt for archive in archives),
        )
        further = [
            replace(
                own,
                source=str(one),
                called=str(one),
                open_source=self._source(person, one.system, resolved(partial(further_account, *where, one))),
                admit=admit((one.system, one.user)),
            )
            for one in person.further_sources
        ]
        private = private_gmail(*where, self.resources)
        of_private = [
            replace(
                own,
                source=f"gmail:{private.address}",
                called=private.address,
                open_source=self._read_only(person, private.open),
                admit=admit(),
            )
            for private in ([private] if private else [])
        ]
        of_archives = [
            replace(
                own,
                source=archive.source,
                called=archive.called,
                open_source=self._read_only(person, archive.open),
                rules=self._rules(person, archive.rules),
                admit=admit(),
                rebuilt=archive.rebuilt,
                is_archive=True,
            )
            for archive in archives
        ]
        return [own, *further, *of_private, *of_archives]

    def way_back(self, person: Person, since: float, origins: Mapping[FolderPath, Origin]) -> Job:
        """The job that brings what arrived in one person's new mailbox since then (seconds since 1970) to the old one.

        ``origins``: what filled the folders of the new mailbox.  Raises SecretError when a password cannot be had.
        """
        where = self.organisation, self.site, person
        new, old = target_account(*where), source_account(*where)
        seats = (self.site.target, person.target_user), (self.site.source, person.source_user)
        return Job(
            mailbox=person.mailbox,
            site=self.site.name,
            source=self.site.target,
            target=self.site.source,
            direction=Direction.BACK,
            since=since,
            kept=self._kept_mail,
            repair=self.site.repair,
            open_source=self._source(person, self.site.target, lambda: new),
            open_target=self._target(person, self.site.source, lambda: old),
            open_opposite=self._target(person, self.site.target, lambda: new),
            rules=BackRules(self.site, since, origins),
            resources=self.resources,
            admit=partial(self._admit, seats),
            progress=self.progress,
        )

    def _target_account(
        self, person: Person, resolved: Callable[[Callable[[], Account]], Callable[[], Account]]
    ) -> Callable[[], Account]:
        if self.stand_in is not None:
            return partial(Account, person.target_user, address=person.mailbox)
        return resolved(partial(target_account, self.organisation, self.site, person))

    def _rules(self, person: Person, rules: Rules) -> Rules:
        return rules if self.stand_in is None else self.stand_in.ruled(person.mailbox, rules)

    def _sourced(self, person: Person, session: Source) -> Source:
        return session if self.stand_in is None else self.stand_in.sourced(person.mailbox, session)

    def preconditions(self, person: Person, stop: Event) -> Iterator[Standing]:
        """What has to be true for one mailbox, system by system, as far as their connectors can tell.

        A side whose secret cannot be had is left out: whoever signs in is told so.  Raises Stopped.
        """
        where = self.organisation, self.site, person
        sides: list[tuple[str, Side, Callable[[], Account]]] = [
            (self.site.source, "source", partial(source_account, *where)),
            *((one.system, "source", partial(further_account, *where, one)) for one in person.further_sources),
            (self.site.target, "target", partial(target_account, *where)),
        ]
        for system, side, account in sides:
            try:
                who = account()
            except SecretError:
                continue
            for found in preconditions(self._connectors[system], who, side, stop):
                yield Standing(system, side, found)

    def _source(self, person: Person, system: str, account: Callable[[], Account]) -> Callable[[Event], Source]:
        """Signs in to one source of a person's mailbox for reading."""
        connector = self._connectors[system]

        def open_source(stop: Event) -> Source:
            who = account()
            seat = self._servers.seat(system, who.user)

            def sign_in() -> Source:
                session = seat.source(lambda: connector.open_source(who, stop), stop)
                if self._by_day.limits:
                    session = LimitedSource(session, self._by_day, stop)
                return self._sourced(person, session)

            return _opened(RetryingSource(sign_in, seat.policy(self._policy(person)), stop))

        return open_source

    def _read_only(self, person: Person, opened: Callable[[Event], Source]) -> Callable[[Event], Source]:
        """Opens a source of a person's that is no system of the plan: an archive, a private account."""

        def open_source(stop: Event) -> Source:
            def read() -> Source:
                session = opened(stop)
                if self._by_day.limits:
                    session = LimitedSource(session, self._by_day, stop)
                return self._sourced(person, session)

            return _opened(RetryingSource(read, self._policy(person), stop))

        return open_source

    def _target(self, person: Person, system: str, account: Callable[[], Account]) -> Callable[[Event], Target]:
        """As ``_source``, for writing."""
        connector = self._connectors[system]

        def open_target(stop: Event) -> Target:
            who = account()
            seat = self._servers.seat(system, who.user)

            def sign_in() -> Target:
                return seat.target(lambda: connector.open_target(who, stop), stop)

            return _opened(RetryingTarget(sign_in, seat.policy(self._policy(person)), stop))

        return open_target

    def _policy(self, person: Person) -> RetryPolicy:
        return replace(self.retry, told=partial(self.progress.pausing, person.mailbox))

    def _admit(self, seats: Sequence[tuple[str, str]], stop: Event, wait: bool) -> Permit:
        """Leave to open one session for each seat: a system, and who signs in.  Raises Unavailable or Stopped."""
        return self._servers.admit(seats, stop, wait=wait)


def kept_mail(organisation: Organisation) -> KeptMail:
    """Where the originals of an organisation are kept."""
    return KeptMail(organisation.folder / "kept")


def _by_day(site: Site) -> RateLimit:
    """The site's own limit, which holds outside its hours for copying."""
    hours = site.copy_window

    def outside() -> bool:
        return hours is not None and not hours.hold(datetime.now(site.time_zone).time())

    return RateLimit(bytes_per_second=site.daytime_limit, applies=outside)


def connector_of(system: System, resources: Resources) -> Connector:
    """The connector of a system, as its plan configures it."""
    make: Callable[..., Connector] = connector_class(system.connector)
    return make(system.settings, resources)


_S = TypeVar("_S", bound=Source)


def _opened(session: _S) -> _S:
    """Sign in now, so that a refusal is known before anything is planned on it."""
    session.capabilities()
    return session

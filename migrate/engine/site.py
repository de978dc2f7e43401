"""From a plan to jobs: what all mailboxes of one site share in a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Literal

from connectors.contract import Account, Resources
from connectors.folder_names import FolderPath
from connectors.preconditions import Precondition, preconditions
from connectors.wrappers import RetryPolicy
from migrate.copy.job import Job, Progress
from migrate.copy.kept import KeptMail
from migrate.engine.jobs import Passwords, SiteJobs, StandIn
from migrate.engine.openings import Openings, by_day, connector_of
from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner, Told
from migrate.engine.servers import Servers
from migrate.engine.way_back import Origin
from plans import Organisation, Person, SecretError, Site
from plans.accounts import further_account, source_account, target_account

#: Mailboxes of one site that are worked on at the same time, if the systems' sessions allow it.
MAILBOXES_AT_ONCE = 8

Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one precondition of a system stands, on the side on which the system is used."""

    system: str
    side: Side
    found: Precondition


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
        self._jobs = SiteJobs(
            self.organisation,
            self.site,
            self.resources,
            self.progress,
            Openings(self._connectors, self._servers, by_day(self.site), self.retry, self.progress),
            self.stand_in.kept if self.stand_in is not None else kept_mail(self.organisation),
            self.stand_in,
        )

    @property
    def workers(self) -> int:
        """Mailboxes at a time: each needs a session on both sides."""
        caps = [self._servers.most(name) for name in (self.site.source, self.site.target)]
        if self.site.source == self.site.target:
            caps = [caps[0] // 2]
        return max(1, min(MAILBOXES_AT_ONCE, *caps))

    def jobs(
        self, person: Person, only_folders: tuple[FolderPath, ...] = (), *, passwords: Passwords = "now"
    ) -> list[Job]:
        """The jobs of one person's mailbox, one a source: the site's own, what the people file names, archives.

        Raises SecretError when a password cannot be had.  Who asks for them when they are needed is told so by the
        job's ``open_source`` and ``open_target`` instead, and can look at the one side without the other.
        """
        return self._jobs.of(person, only_folders, passwords)

    def way_back(self, person: Person, since: float, origins: Mapping[FolderPath, Origin]) -> Job:
        """As :meth:`SiteJobs.back`."""
        return self._jobs.back(person, since, origins)

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


def kept_mail(organisation: Organisation) -> KeptMail:
    """Where the originals of an organisation are kept."""
    return KeptMail(organisation.folder / "kept")

"""Which jobs a site has: for each mailbox, one a source; and one that brings back what arrived since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Literal

from connectors.contract import Account, Connector, Entry, Folder, Reason, Resources, Source
from connectors.folder_names import FolderPath
from migrate.copy.job import Job, Progress, Rules
from migrate.copy.kept import KeptMail
from migrate.copy.placement import Placement
from migrate.engine.archives import personal_archives
from migrate.engine.openings import Openings
from migrate.engine.private_gmail import private_gmail
from migrate.engine.way_back import BackRules, Origin
from migrate.ledger.schema import Direction
from plans import Organisation, Person, Site
from plans.accounts import further_account, source_account, target_account

#: Whether a password is asked for when a job is made (a missing one is a SecretError), or when its session is opened.
Passwords = Literal["now", "when_needed"]


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


@dataclass(frozen=True)
class SiteJobs:
    """Makes the jobs of one site."""

    organisation: Organisation
    site: Site
    resources: Resources
    progress: Progress
    openings: Openings
    kept: KeptMail
    stand_in: StandIn | None

    def of(self, person: Person, only_folders: tuple[FolderPath, ...], passwords: Passwords) -> list[Job]:
        """The jobs of one person's mailbox: the site's own source first, then what the people file names, archives.

        Raises SecretError when a password cannot be had.
        """
        archives = personal_archives(self.organisation, self.site, person, self.resources)
        own = replace(
            self._own(person, passwords),
            only_folders=only_folders,
            beside_rebuilt=any(archive.rebuilt for archive in archives),
        )
        of_archives = [
            replace(
                self._beside(own, person, archive.source, archive.called),
                open_source=self.openings.read_only(person.mailbox, archive.open, self._around(person)),
                rules=self._rules(person, archive.rules),
                rebuilt=archive.rebuilt,
                is_archive=True,
            )
            for archive in archives
        ]
        return [own, *self._further(own, person, passwords), *self._private(own, person), *of_archives]

    def back(self, person: Person, since: float, origins: Mapping[FolderPath, Origin]) -> Job:
        """The job that brings what arrived in one person's new mailbox since then (seconds since 1970) to the old one.

        ``origins``: what filled the folders of the new mailbox.  Raises SecretError when a password cannot be had.
        """
        where = self.organisation, self.site, person
        new = _now(partial(target_account, *where))
        old = _now(partial(source_account, *where))
        return Job(
            mailbox=person.mailbox,
            site=self.site.name,
            source=self.site.target,
            target=self.site.source,
            direction=Direction.BACK,
            since=since,
            kept=self.kept,
            repair=self.site.repair,
            open_source=self.openings.source(person.mailbox, self.site.target, new, self._around(person)),
            open_target=self.openings.target(person.mailbox, self.site.source, old),
            open_opposite=self.openings.target(person.mailbox, self.site.target, new),
            rules=BackRules(self.site, since, origins),
            resources=self.resources,
            admit=self.openings.admit(self._there(person), (self.site.source, person.source_user)),
            progress=self.progress,
        )

    def _own(self, person: Person, passwords: Passwords) -> Job:
        """The job of the site's own source."""
        asked = _now if passwords == "now" else _when_needed
        old = partial(source_account, self.organisation, self.site, person)
        new = partial(target_account, self.organisation, self.site, person)
        read = self.openings.source(person.mailbox, self.site.source, asked(old), self._around(person))
        if self.stand_in is not None:
            new = partial(Account, person.target_user, address=person.mailbox)
        return Job(
            mailbox=person.mailbox,
            site=self.site.name,
            source=self.site.source,
            target=self.site.target,
            kept=self.kept,
            repair=self.site.repair,
            open_source=read,
            open_target=self.openings.target(person.mailbox, self.site.target, asked(new)),
            open_opposite=self.openings.target(person.mailbox, self.site.source, old),
            rules=self._rules(person, SiteRules(self.site)),
            resources=self.resources,
            admit=self.openings.admit((self.site.source, person.source_user), self._there(person)),
            progress=self.progress,
        )

    def _further(self, own: Job, person: Person, passwords: Passwords) -> Iterator[Job]:
        """One a system that the people file names beside the site's own."""
        asked = _now if passwords == "now" else _when_needed
        for one in person.further_sources:
            account = asked(partial(further_account, self.organisation, self.site, person, one))
            yield replace(
                self._beside(own, person, str(one), str(one)),
                open_source=self.openings.source(person.mailbox, one.system, account, self._around(person)),
                admit=self.openings.admit((one.system, one.user), self._there(person)),
            )

    def _private(self, own: Job, person: Person) -> Iterator[Job]:
        """That of a private Gmail account, where there is one."""
        private = private_gmail(self.organisation, self.site, person, self.resources)
        if private is not None:
            yield replace(
                self._beside(own, person, f"gmail:{private.address}", private.address),
                open_source=self.openings.read_only(person.mailbox, private.open, self._around(person)),
            )

    def _beside(self, own: Job, person: Person, source: str, called: str) -> Job:
        """The job of a source beside the site's own: it needs no seat on a server, and no way back leads to it."""
        admit = self.openings.admit(self._there(person))
        return replace(own, source=source, called=called, admit=admit, open_opposite=None)

    def _there(self, person: Person) -> tuple[str, str]:
        return self.site.target, person.target_user

    def _rules(self, person: Person, rules: Rules) -> Rules:
        return rules if self.stand_in is None else self.stand_in.ruled(person.mailbox, rules)

    def _around(self, person: Person) -> Callable[[Source], Source]:
        if self.stand_in is None:
            return lambda session: session
        return partial(self.stand_in.sourced, person.mailbox)


def _now(account: Callable[[], Account]) -> Callable[[], Account]:
    found = account()
    return lambda: found


def _when_needed(account: Callable[[], Account]) -> Callable[[], Account]:
    return account

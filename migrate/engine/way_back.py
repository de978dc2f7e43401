"""Where mail of the new system goes on the old one, and which of it: the rules of the way back.

A folder that we filled goes back to the folder whose mail it holds; another goes by its role, else by its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from connectors.contract import Entry, Folder, Reason, Role
from connectors.folder_names import FolderPath
from connectors.language import _
from migrate.copy.placement import Placement
from plans import Site, System

#: Clocks differ, and the switch is told by hand (seconds): what is known from before is recognised all the same.
_SKEW = 3600.0


@dataclass(frozen=True, slots=True)
class Origin:
    """The old system's folder that a folder of the new one was filled from."""

    path: FolderPath
    role: Role | None


@dataclass(frozen=True)
class BackRules:
    """The rules of one mailbox's way back.

    ``origins``, by folder of the new system, are the places that the ledger recorded.  What the plan left out on the
    way forth (folders, private ones, sizes) is left out on the way back too.
    """

    site: Site
    #: Seconds since 1970.
    since: float
    origins: Mapping[FolderPath, Origin]

    def place(self, folder: Folder) -> Placement | None:
        path, role = self._origin(folder)
        if self.site.folder_rules.decide(path) is None or self.site.private_folders.left_out(path):
            return None
        return Placement(path, role, merge=role is None and folder.path in self.origins)

    def why_left_out(self, folder: Folder) -> Reason:
        path, _role = self._origin(folder)
        if self.site.folder_rules.decide(path) is None:
            return Reason.RULE_FOLDER
        return self.site.private_folders.left_out(path) or Reason.RULE_FOLDER

    def leaves_out(self, entry: Entry) -> Reason | None:
        if entry.received is not None and entry.received.timestamp() < self.since - _SKEW:
            return Reason.BEFORE_SWITCH
        return self.site.message_rules.left_out(entry.received, entry.size)

    def digest(self) -> str:
        rules = (self.site.folder_rules, self.site.message_rules, self.site.private_folders)
        parts = [rule.digest() for rule in rules]
        parts += [str(self.since), *(f"{path}>{one.path}" for path, one in sorted(self.origins.items()))]
        return sha256("\0".join(parts).encode()).hexdigest()

    def _origin(self, folder: Folder) -> tuple[FolderPath, Role | None]:
        known = self.origins.get(folder.path)
        if known is not None:
            return known.path, known.role
        under = self.site.folder_rules.under
        below = len(folder.path) > len(under) > 0 and folder.path[: len(under)] == under
        return (folder.path[len(under) :] if below else folder.path), folder.role


def why_not_written_to(system: System) -> str | None:
    """Why nothing can be brought back to this system, and what to do instead; None where it can be tried."""
    if system.connector == "pop3":
        return _(
            'The system "{system}" is read by POP3, and POP3 cannot store mail. If the same server speaks IMAP, make'
            " its system connector: imap for the time of the way back; else export what arrived with bascule backup and"
            " import it there."
        ).format(system=system.name)
    if system.connector == "maildir":
        return _(
            'The system "{system}" is a folder of files, the copy of a server, and nobody reads new mail there. Name'
            " the server itself (connector: imap) for the time of the way back, or keep what arrived with bascule"
            " backup."
        ).format(system=system.name)
    return None

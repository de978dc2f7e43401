"""Where things lie in an export: folders are directories below an account, or below what lay on the Mac itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.archives import names
from connectors.values import Role
from connectors.zips import Member
from connectors.zips.names import shown

_LOCAL, _ACCOUNTS = "Local", "Accounts"
_MESSAGES, _ATTACHMENTS = "com.microsoft.__Messages", "com.microsoft.__Attachments"
_OURS = "com.microsoft.__"
_XML = ".xml"
#: Messages that lie in no folder of their account.
_IN_NO_FOLDER = "Messages"
#: What Outlook for Mac calls the folders that belong to no account.
_ON_THE_MAC = "On My Computer"


@dataclass(slots=True)
class StoredFolder:
    """A folder of the export and the XML files of its items."""

    path: tuple[str, ...]
    key: str
    #: For mail, and not for calendars or contacts.
    is_mail: bool
    #: Whether the export has a name for it; without one it is there for its members alone.
    is_named: bool = True
    role: Role | None = None
    members: list[Member] = field(default_factory=list)

    @property
    def count(self) -> int | None:
        """Items in it where each has a file of its own."""
        own = all(member.name.rpartition("/")[2].startswith("message_") for member in self.members)
        return len(self.members) if own else None


def looks_like_olm(files: Iterable[str]) -> bool:
    """Whether these are names of an export's files and directories."""
    return any(_OURS in name and name.split("/", 1)[0] in (_LOCAL, _ACCOUNTS) for name in files)


def folders_of(members: Iterable[Member], directories: Iterable[str]) -> list[StoredFolder]:
    """In the order of the export; folders for mail without any too.

    The account's name stands above its folders when there are folders of more than one.
    """
    found: dict[tuple[str, ...], StoredFolder] = {}
    for name in directories:
        _folder(found, tuple(name.rstrip("/").split("/")))
    for member in members:
        *above, last = member.name.split("/")
        if above and last.lower().endswith(_XML) and (folder := _folder(found, tuple(above))) is not None:
            folder.members.append(member)
    folders = [folder for folder in found.values() if folder.members or (folder.is_mail and folder.is_named)]
    accounts = {folder.path[0] for folder in folders}
    if len(accounts) == 1:
        for folder in folders:
            folder.path = folder.path[1:]
        roles = names.roles(folder.path for folder in folders)
        for folder in folders:
            folder.role = roles.get(folder.path)
    return folders


def _folder(found: dict[tuple[str, ...], StoredFolder], directory: tuple[str, ...]) -> StoredFolder | None:
    """The folder of a directory; None for those that are none."""
    if directory in found:
        return found[directory]
    if directory[0] == _LOCAL:
        account, below = _ON_THE_MAC, directory[1:]
    elif directory[0] == _ACCOUNTS and len(directory) > 1:
        account, below = directory[1], directory[2:]
    else:
        return None
    if _ATTACHMENTS in below:
        return None
    path = tuple(shown(part) for part in below if part != _MESSAGES)
    if not path and not below:
        return None
    folder = found[directory] = StoredFolder(
        (shown(account), *(path or (_IN_NO_FOLDER,))), "/".join(directory), _MESSAGES in below, bool(path)
    )
    return folder

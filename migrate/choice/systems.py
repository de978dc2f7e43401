"""The three systems as data: what of a mailbox they keep, and what somebody has to know and to do for them.

Limits come from the connectors that write to them, so that a limit is told as it is kept to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.source import MAX_MESSAGE
from connectors.imap.settings import ImapSettings
from connectors.language import mark
from connectors.microsoft365.settings import Microsoft365Settings
from plans.choice import OptionCode

#: As Exchange counts them.
_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Ability:
    """What a system does with what people have.  Texts are marked, and worded when they are shown."""

    layout: str
    dates_kept: bool
    keywords: str
    keywords_kept: bool | None
    #: Bytes; None: as its administrator sets it.
    max_message: int | None
    shared: str
    shared_kept: bool | None
    groups: str
    source: str


@dataclass(frozen=True, slots=True)
class MailSystem:
    """One of the three."""

    title: str
    #: The connector that writes to it.
    connector: str
    ability: Ability
    #: What its connector keeps to where the plan says nothing else.
    settings: BaseModel
    needs: tuple[tuple[str, str], ...]


SYSTEMS: Mapping[OptionCode, MailSystem] = {
    "google_workspace": MailSystem(
        title="Google Workspace",
        connector="google_workspace",
        ability=Ability(
            layout=mark("Folders become labels of the same names; a message in two folders is there once."),
            dates_kept=False,
            keywords=mark("Keywords are left out, or become labels where the plan says so."),
            keywords_kept=None,
            max_message=MAX_MESSAGE,
            shared=mark("Shared mailboxes become accounts of their own with delegates, or groups with an inbox."),
            shared_kept=None,
            groups=mark("Groups are made on it, with their members."),
            source="docs/google.md; gmail.v1",
        ),
        settings=GoogleSettings.model_validate({"admin": "admin@new.invalid", "key": "file:key.json"}),
        needs=(
            (mark("A person who manages users, groups and rights in Google’s console"), "docs/google.md"),
            (mark("Once: a service account with domain-wide delegation, and its scopes"), "docs/google.md"),
            (mark("Once: hosts and routing in the console while mail goes to both sides"), "docs/delivery.md"),
        ),
    ),
    "microsoft365": MailSystem(
        title="Microsoft 365",
        connector="microsoft365",
        ability=Ability(
            layout=mark("Folders stay folders; names that differ by case alone are told apart by a number."),
            dates_kept=True,
            keywords=mark("Keywords are left out, or become categories where the plan says so."),
            keywords_kept=None,
            max_message=int(Microsoft365Settings.model_fields["max_message"].default) * _MEGABYTE,
            shared=mark("Shared mailboxes stay shared mailboxes; they are made by hand, in PowerShell."),
            shared_kept=True,
            groups=mark("Groups are made on it; distribution lists are not, by the interface that programs have."),
            source="docs/microsoft365.md",
        ),
        settings=Microsoft365Settings.model_construct(tenant="", client_id=""),
        needs=(
            (mark("A person who manages users, licences and rights in Entra ID and Exchange"), "docs/microsoft365.md"),
            (mark("PowerShell for shared mailboxes, connectors and DKIM"), "docs/microsoft365.md"),
            (mark("Once: a registered application, and its grant for each mailbox"), "docs/microsoft365.md"),
        ),
    ),
    "open_source": MailSystem(
        title=mark("Open-source server"),
        connector="imap",
        ability=Ability(
            layout=mark("Folders stay folders, with their names and dates."),
            dates_kept=True,
            keywords=mark("Keywords stay, on servers that take them for good (PERMANENTFLAGS)."),
            keywords_kept=True,
            max_message=None,
            shared=mark("Shared folders depend on the server’s access lists (RFC 4314); they are set anew."),
            shared_kept=None,
            groups=mark("Lists are aliases, or a list server beside it, which somebody sets up."),
            source="docs/servers.md",
        ),
        settings=ImapSettings.model_construct(host="new.invalid", port=993),
        needs=(
            (mark("A person, or a partner, who keeps a Linux mail server: updates, certificates, disks"), "RFC 5321"),
            (mark("Backups that are tried, and a second place for them"), "docs/guide.md"),
            (mark("Spam and virus filters, and the good name of the sending address"), "RFC 7208; RFC 6376; RFC 7489"),
            (
                mark("Somebody to call at night and in holidays, if mail must not stand still"),
                "choice.yaml: time, help",
            ),
        ),
    ),
}

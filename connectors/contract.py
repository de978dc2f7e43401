"""The connector contract: what a mail system must do to be a source or a target.

A connector says what it can do as data (:class:`Capabilities`) and maps its vendor's errors to the few verdicts of
:mod:`connectors.errors`.  Retry, rate limits and metrics are wrappers around any connector; whatever needs the ledger
(intents, what was seen before, which batch to send) belongs to the engine, never to a connector.

Two rules bind every connector:

* A *source* is never written to.  Flags, read state, dates and messages stay as they are, whatever fails.
* ``write`` may let a message become durable only after ``may_commit()`` has returned for it.

Keys, epochs, fences, cursors and tokens are opaque strings that only the connector which made them can read.
"""

from __future__ import annotations

from connectors.abilities import (
    Shared,
    Surveyed,
    foresee,
    foretell,
    foretell_reading,
    label_facts_of,
    names_of,
    quota_of,
    refused_by,
    roles_of,
    shared_left_out,
)
from connectors.denials import Denial
from connectors.errors import (
    ArchiveUnreadable,
    AuthFailed,
    ConnectionLost,
    ConnectorError,
    Fatal,
    FolderMissing,
    FolderNotMade,
    OverQuota,
    Postponed,
    Refused,
    Stopped,
    TooManySessions,
    TooSoon,
    Transient,
    Unavailable,
    Untrusted,
)
from connectors.folder_names import NameRules
from connectors.nature import Nature
from connectors.reasons import Reason
from connectors.sessions import (
    Connector,
    Session,
    Source,
    Target,
)
from connectors.values import (
    SYSTEM_FLAGS,
    Account,
    Body,
    Capabilities,
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    LabelFacts,
    Marked,
    Message,
    Outgoing,
    Quota,
    Receipt,
    Resources,
    Role,
    Suspect,
    ToEnsure,
    TokenSource,
    Unread,
    Window,
)

__all__ = [
    "SYSTEM_FLAGS",
    "Account",
    "ArchiveUnreadable",
    "AuthFailed",
    "Body",
    "Capabilities",
    "ConnectionLost",
    "Connector",
    "ConnectorError",
    "Denial",
    "Entry",
    "Fatal",
    "FlagChange",
    "Folder",
    "FolderMissing",
    "FolderNotMade",
    "Found",
    "Headers",
    "LabelFacts",
    "Marked",
    "Message",
    "NameRules",
    "Nature",
    "Outgoing",
    "OverQuota",
    "Postponed",
    "Quota",
    "Reason",
    "Receipt",
    "Refused",
    "Resources",
    "Role",
    "Session",
    "Shared",
    "Source",
    "Stopped",
    "Surveyed",
    "Suspect",
    "Target",
    "ToEnsure",
    "TokenSource",
    "TooManySessions",
    "TooSoon",
    "Transient",
    "Unavailable",
    "Unread",
    "Untrusted",
    "Window",
    "foresee",
    "foretell",
    "foretell_reading",
    "label_facts_of",
    "names_of",
    "quota_of",
    "refused_by",
    "roles_of",
    "shared_left_out",
]

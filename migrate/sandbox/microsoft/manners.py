"""Exchange's manners as data: what it says and what it does not take, with where that is known from.

Lines: transcripts of outlook.office365.com in public threads (MailKit 1494 and 1496, email-oauth2-proxy 74,
postalsys/imapflow 314, node-imap 523, imapsync 104, 144, 198, 250); limits: learn.microsoft.com, Exchange Online
limits.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

GREETING = "The Microsoft Exchange IMAP4 service is ready. [UwBBAE4ARABCAE8AWAA=]"
CAPABILITIES = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
#: Once signed in.
CAPABILITIES_INSIDE = (
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES"
    " CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
)
#: No ``\*``: nothing else can ever be kept.
FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$MDNSent")
NOT_CONNECTED = "BAD User is authenticated but not connected."
ARGUMENT_ERROR = "BAD Command Argument Error. 11"
COMMAND_ERROR = "BAD Command Error. 12"
LONG_LINE = "BAD Command Error. 10"
THROTTLED = "Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"
CLOSED = "Connection closed. 14"
EXPIRED = "Session invalidated - AccessTokenExpired"
#: Folders of every mailbox, with their attribute (RFC 6154) where Exchange tells one.
FOLDERS = {
    "Archive": "\\Archive", "Calendar": "", "Contacts": "", "Conversation History": "", "Deleted Items": "\\Trash",
    "Drafts": "\\Drafts", "Journal": "", "Junk Email": "\\Junk", "Notes": "", "Outbox": "", "Sent Items": "\\Sent",
    "Tasks": "",
}  # fmt: skip
#: Names that Exchange has for itself, in small letters.
RESERVED = frozenset({"files"})


class Manners(BaseModel):
    """What a test may turn."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: What becomes of a keyword that is given to APPEND or STORE.
    keywords: Literal["refuse", "forget"] = "refuse"
    #: Characters a line of a message; 0: any number.
    longest_line: int = 10_000
    #: Errors after which a session is closed.
    errors: int = 10
    #: Sessions a mailbox at a time.
    sessions: int = 20
    #: Seconds that each command takes.
    latency: float = 0.0
    #: Messages a folder, folders in one folder, folders in each other.
    folder_messages: int = 1_000_000
    subfolders: int = 10_000
    depth: int = 300
    #: Throttled commands after which a session is closed.
    patience: int = 3

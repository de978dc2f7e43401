"""Why a message was not copied: short stable codes for ledger, JSON and documents."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A reason code.  Codes are English and never change meaning; what people read is kept with the documents."""

    GONE = "gone"  #: went away between listing and reading
    UNREADABLE = "unreadable"  #: the source lists it and will not hand it out
    WRONG_LENGTH = "wrong-length"  #: the source announced another length than it sent
    TOO_LARGE = "too-large"  #: over the target's limit
    CONTENT = "content"  #: the target does not take these bytes
    ARGUMENTS = "arguments"  #: the target does not take this date or these flags
    NO_PERMISSION = "no-permission"
    OVER_QUOTA = "over-quota"
    FOLDER_REFUSED = "folder-refused"  #: the target cannot make the folder
    REFUSED = "refused"  #: the target said no and gave no reason that we know
    UNANSWERED = "unanswered"  #: sent, no answer, and what the target holds does not settle it
    RULE_FOLDER = "rule-folder"  #: left out: the plan leaves out this folder
    RULE_PRIVATE = "rule-private"  #: left out: the plan leaves out private folders
    PRIVATE_UNDECIDED = "private-undecided"  #: left out: private, and the plan asks for a decision first
    RULE_DATE = "rule-date"
    RULE_SIZE = "rule-size"
    CAME_FROM_THERE = "came-from-there"  #: left out: it is our own copy of a message of the system that is written to
    BEFORE_SWITCH = "before-switch"  #: left out of the way back: it came before the new system was worked in
    NOT_MAIL = "not-mail"  #: left out: a calendar entry, a contact or the like, which is handed over as a file
    ADOPTED = "adopted"  #: was on the target before us
    IN_ANOTHER_SOURCE = "in-another-source"  #: another source of the mailbox brought the same message
    DUAL_DELIVERED = "dual-delivered"  #: dual delivery brought it; that copy is its person's, wherever it is by now
    MOVED_ON_SOURCE = "moved-on-source"  #: the same message under another key; our first copy stays where it is

"""What an item of a source is: mail, or something that no mailbox holds."""

from __future__ import annotations

from enum import StrEnum


class Nature(StrEnum):
    """What an item of an archive is.  Only mail travels into mailboxes; the rest becomes files for its people."""

    MAIL = "mail"
    APPOINTMENT = "appointment"
    CONTACT = "contact"
    TASK = "task"
    NOTE = "note"
    LIST = "distribution-list"
    OTHER = "other"

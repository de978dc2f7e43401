"""Flags and folders as Gmail's labels, and back.  Pure.

Which labels can be put on by hand and which come with the message:
https://developers.google.com/workspace/gmail/api/guides/labels.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors.contract import Role
from connectors.keywords import is_keyword

UNREAD, STARRED, DRAFT, SENT = "UNREAD", "STARRED", "DRAFT", "SENT"
#: What stands for a folder that is no label: mail that was archived.
ARCHIVE = "ARCHIVE"

#: Gmail's own label of each role.
ROLE_LABELS: Mapping[Role, str] = {
    Role.INBOX: "INBOX",
    Role.SENT: SENT,
    Role.DRAFTS: DRAFT,
    Role.JUNK: "SPAM",
    Role.TRASH: "TRASH",
    Role.ARCHIVE: ARCHIVE,
}
ROLES = {label: role for role, label in ROLE_LABELS.items()}
#: Only a message's arrival decides about these.
FIXED = frozenset({SENT, DRAFT, "CHAT"})
#: A keyword is a label below this one, so that it is taken for no folder.
KEYWORDS = "Keywords"


def flags_of(labels: Collection[str], keywords: Mapping[str, str]) -> frozenset[str]:
    """The flags that a message's labels say; ``keywords`` are keywords by the id of their label."""
    flags = {keywords[label] for label in labels if label in keywords}
    if UNREAD not in labels:
        flags.add("\\Seen")
    if STARRED in labels:
        flags.add("\\Flagged")
    if DRAFT in labels:
        flags.add("\\Draft")
    return frozenset(flags)


def keywords_in(flags: Collection[str]) -> frozenset[str]:
    """Those of the flags that are words of their own and can be a label's name."""
    return frozenset(
        flag for flag in flags if not flag.startswith("\\") and is_keyword(flag) and "/" not in flag and flag.strip(".")
    )


def kept(flags: Collection[str], label: str, *, keywords: bool) -> frozenset[str]:
    """Those of the flags that Gmail can hold on a message that comes with this label."""
    held = {flag for flag in flags if flag in ("\\Seen", "\\Flagged")}
    if label == DRAFT and "\\Draft" in flags:
        held.add("\\Draft")
    return frozenset(held) | (keywords_in(flags) if keywords else frozenset())


def labels_for(flags: Collection[str], label: str) -> list[str]:
    """The labels of a new message, without those of keywords."""
    labels = [] if label == ARCHIVE else [label]
    if "\\Seen" not in flags:
        labels.append(UNREAD)
    if "\\Flagged" in flags:
        labels.append(STARRED)
    return labels


def label_change(add: Collection[str], remove: Collection[str]) -> tuple[set[str], set[str]]:
    """Labels to put on and to take off for a change of ``\\Seen`` and ``\\Flagged``."""
    on, off = set[str](), set[str]()
    if "\\Seen" in add:
        off.add(UNREAD)
    if "\\Seen" in remove:
        on.add(UNREAD)
    if "\\Flagged" in add:
        on.add(STARRED)
    if "\\Flagged" in remove:
        off.add(STARRED)
    return on, off

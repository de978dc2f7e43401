"""What stands in the way of a change, and what is there and not wanted: told, and left as it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable and English, for programs; docs/accounts.md says more of each."""

    ADDRESS_IS_ALIAS = "address-is-alias"
    ADDRESS_IS_GROUP = "address-is-group"
    ADDRESS_IS_ACCOUNT = "address-is-account"
    ADDRESS_DELETED = "address-of-deleted-account"
    OTHER_DOMAIN = "account-in-another-domain"
    SUSPENDED = "account-suspended"
    NOT_READY = "mailbox-not-ready"
    TOO_MANY_ALIASES = "too-many-aliases"
    LICENCE_UNKNOWN = "licence-unknown"
    LICENCE_OTHER = "licence-other"
    LICENCE_SHORT = "licence-short"
    USAGE_LOCATION = "usage-location-missing"
    GROUP_UNKNOWN = "group-unknown"
    MEMBER_LATER = "member-later"
    MEMBERS_UNKNOWN = "members-unknown"
    SERVICES_BY_HAND = "services-by-hand"
    EXTRA_ACCOUNT = "account-not-in-plan"
    EXTRA_ALIAS = "alias-not-in-plan"
    EXTRA_MEMBER = "member-not-in-plan"


#: What is merely told: nothing stands in the way of anything.
NOTES = frozenset({
    Code.NOT_READY, Code.MEMBER_LATER, Code.MEMBERS_UNKNOWN, Code.SERVICES_BY_HAND,
    Code.EXTRA_ACCOUNT, Code.EXTRA_ALIAS, Code.EXTRA_MEMBER,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` is so, and ``mend`` what to do about it; empty where nothing has to be done."""

    code: Code
    subject: str
    what: str
    mend: str = ""

    @property
    def note(self) -> bool:
        return self.code in NOTES

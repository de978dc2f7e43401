"""The customer behind the stand-in: accounts, groups, domains, licences, and the mailboxes of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from migrate.sandbox.google.clock import Clock
from migrate.sandbox.google.errors import ApiError, Json, failed_precondition, not_found
from migrate.sandbox.google.journal import Journal
from migrate.sandbox.google.mailbox import Mailbox
from migrate.sandbox.google.manners import Manners

CUSTOMER = "C0standin"
#: What a licence is where nobody says which.
PRODUCT, SKU = "Google-Apps", "1010020028"


#: Is told a key, and its row before and after a change.
Changed = Callable[[str, Json | None, Json | None], None]


class Table:
    """Rows of one kind by key; each change is written down."""

    def __init__(self, name: str, journal: Journal, changed: Changed | None) -> None:
        self._name = name
        self._journal = journal
        self._changed = changed
        self._rows: dict[str, Json] = {}
        #: Counts changes.
        self.changes = 0

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> Json | None:
        """The row, or None."""
        return self._rows.get(key)

    def __getitem__(self, key: str) -> Json:
        return self._rows[key]

    def items(self) -> list[tuple[str, Json]]:
        """All rows, in the order in which they were made."""
        return list(self._rows.items())

    def rows(self) -> list[Json]:
        """All rows without their keys, in the order in which they were made."""
        return list(self._rows.values())

    def put(self, key: str, row: Json) -> None:
        """Make or replace a row."""
        self.restore(key, row)
        self._journal.write({"do": "row", "table": self._name, "key": key, "row": row})

    def drop(self, key: str) -> None:
        """Take a row away."""
        self.restore(key, None)
        self._journal.write({"do": "row", "table": self._name, "key": key, "row": None})

    def restore(self, key: str, row: Json | None) -> None:
        """Do again what an earlier run wrote down."""
        self.changes += 1
        before = self._rows.pop(key) if row is None else self._rows.get(key)
        if row is not None:
            self._rows[key] = row
        if self._changed is not None:
            self._changed(key, before, row)


class World:
    """Everything that the APIs tell of, with its rules left to them."""

    def __init__(self, folder: Path | None, domain: str) -> None:
        self.clock = Clock()
        self.manners = Manners()
        self.journal = Journal(folder)
        self._addresses: dict[str, tuple[str, str]] = {}
        #: Ids of users who were deleted, lately or not.
        self.deleted: set[str] = set()
        self.users = self._table("users", partial(self._readdress, "user"))
        self.groups = self._table("groups", partial(self._readdress, "group"))
        self.members = self._table("members")
        self.domains = self._table("domains")
        self.domain_aliases = self._table("domain_aliases")
        self.orgunits = self._table("orgunits")
        self.group_settings = self._table("group_settings")
        self.licences = self._table("licences")
        self.sites = self._table("sites")
        #: Public halves of the keys that were handed out.
        self.keys = self._table("keys")
        #: Digests of refresh tokens.
        self.refresh = self._table("refresh")
        self.counters = self._table("counters")
        self.mailboxes: dict[str, Mailbox] = {}
        #: What was put into groups' archives, by group id.
        self.archives: dict[str, list[bytes]] = {}
        self._replay()
        if not len(self.domains):
            self.domains.put(domain, {"verified": True, "primary": True, "created": self.clock.now()})

    def _table(self, name: str, changed: Changed | None = None) -> Table:
        table = Table(name, self.journal, changed)
        self._tables = {**getattr(self, "_tables", {}), name: table}
        return table

    def _replay(self) -> None:
        for change, body in self.journal.replay():
            if change["do"] == "row":
                self._tables[change["table"]].restore(change["key"], change["row"])
            elif change["do"] == "archived":
                self.archives.setdefault(change["group"], []).append(body)
            else:
                self.mailbox(change.pop("user")).restore(change, body)

    @property
    def primary_domain(self) -> str:
        """The customer's first domain."""
        return next(name for name, row in self.domains.items() if row["primary"])

    def number(self, kind: str) -> int:
        """The next number of its kind, never given twice."""
        last = (self.counters.get(kind) or {"last": 0})["last"] + 1
        self.counters.put(kind, {"last": last})
        return int(last)

    def mailbox(self, user: str) -> Mailbox:
        """The mailbox of the user with this id, whether or not it is set up."""
        if user not in self.mailboxes:
            self.mailboxes[user] = Mailbox(
                lambda change, body: self.journal.write({"user": user, **change}, body)
            )  # fmt: skip
        return self.mailboxes[user]

    def archive(self, group: str, raw: bytes) -> None:
        """Put a message into a group's archive."""
        self.archives.setdefault(group, []).append(raw)
        self.journal.write({"do": "archived", "group": group}, raw)

    def holder(self, address: str) -> tuple[str, str] | None:
        """Who has an address: ("user" or "group", id).  Aliases and domain aliases count; deleted users do not."""
        found = self._addresses.get(address.lower())
        if found is None:
            local, _, domain = address.lower().rpartition("@")
            alias = self.domain_aliases.get(domain)
            found = self._addresses.get(f"{local}@{alias['parent']}") if alias is not None else None
        return found

    def _readdress(self, kind: str, key: str, before: Json | None, after: Json | None) -> None:
        """Keep up with who has an address."""
        for address in _addresses_of(before):
            if self._addresses.get(address) == (kind, key):
                del self._addresses[address]
        for address in _addresses_of(after):
            self._addresses[address] = kind, key
        if after is not None and after.get("deleted") is not None:
            self.deleted.add(key)
        else:
            self.deleted.discard(key)

    def user(self, key: str) -> str | None:
        """The id of a user by id, address or alias; None when there is none (any more), or it is too new to be seen."""
        found = ("user", key) if key in self.users else self.holder(key)
        if found is None or found[0] != "user":
            return None
        row = self.users[found[1]]
        return found[1] if row["deleted"] is None and self.seen(row) else None

    def group(self, key: str) -> str | None:
        """The id of a group by id, address or alias; None when there is none, or it is too new to be seen."""
        found = ("group", key) if key in self.groups else self.holder(key)
        if found is None or found[0] != "group":
            return None
        return found[1] if self.seen(self.groups[found[1]]) else None

    def seen(self, row: Json) -> bool:
        """Whether the directory has caught up with an account or a group."""
        return bool(self.clock.now() >= row["created"] + self.manners.directory_delay)

    def ready(self, user: str) -> bool:
        """Whether a user's mailbox is set up: licensed, and the time for it has passed."""
        row = self.users[user]
        return row["licensed_at"] is not None and self.clock.now() >= row["licensed_at"] + row["mailbox_delay"]

    def opened(self, user: str) -> Mailbox:
        """A user's mailbox, for the Gmail API.  Raises ApiError where it may not be used."""
        row = self.users.get(user)
        if row is None or row["deleted"] is not None:
            raise not_found()
        if row["suspended"]:
            raise ApiError(403, "User is suspended.", "forbidden", "PERMISSION_DENIED")
        if not row["gmail"]:
            raise ApiError(
                403, "The domain administrators have disabled Gmail apps.", "domainPolicy", "PERMISSION_DENIED"
            )  # fmt: skip
        if not self.ready(user):
            raise failed_precondition("Mail service not enabled")
        return self.mailbox(user)


def _addresses_of(row: Json | None) -> list[str]:
    if row is None or row.get("deleted") is not None:
        return []
    return [address.lower() for address in (row["email"], *row["aliases"])]

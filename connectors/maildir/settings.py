"""What a plan may say about Maildirs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.contract import Account
from connectors.errors import AuthFailed
from connectors.language import _

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = ("user", "address", "domain")
#: What may stand in the place of a placeholder: it must stay one name of a folder.
_SAFE = re.compile(r"[^/\\\x00-\x1f\x7f]+")

Layout = Literal["auto", "maildir++", "directories"]
Names = Literal["auto", "utf-7", "utf-8"]


class MaildirSettings(BaseModel):
    """Maildirs, one a mailbox, as source or as target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(
        description=(
            "The folder of one mailbox, the one that holds `cur`, with `{user}`, `{address}` and `{domain}` in the"
            " places of the account, the person's address and what follows its @."
        ),
    )
    layout: Layout = Field(
        default="auto",
        description=(
            "How folders lie on disk: `maildir++` (folders begin with a dot, side by side), `directories` (folders in"
            " folders), or `auto`: as is found, and `maildir++` for a new one."
        ),
    )
    names: Names = Field(
        default="auto",
        description=(
            "How folder names are spelt: `utf-7` (the modified UTF-7 of IMAP), `utf-8`, or `auto`: as is found, and"
            " `utf-7` for a new one."
        ),
    )
    sessions: int = Field(default=2, ge=1, le=64, description="Messages of one mailbox that are copied side by side.")

    @field_validator("path")
    @classmethod
    def _names_the_mailbox(cls, path: Path) -> Path:
        named = _PLACEHOLDER.findall(str(path))
        unknown = [name for name in named if name not in _KNOWN]
        if unknown:
            told = _("knows {known}, and not {unknown}")
            raise ValueError(told.format(known="{user}, {address}, {domain}", unknown=f"{{{unknown[0]}}}"))
        if not {"user", "address"} & set(named):
            raise ValueError(_("must hold {user} or {address}: each mailbox has a Maildir of its own"))
        return path

    def root(self, account: Account) -> Path:
        """The Maildir of this account.  Raises AuthFailed for a name that would lead elsewhere."""
        address = account.address or account.user
        values = {"user": account.user, "address": address, "domain": address.rpartition("@")[2]}

        def filled(found: re.Match[str]) -> str:
            value = values[found[1]]
            if value in ("", ".", "..") or not _SAFE.fullmatch(value):
                raise AuthFailed(_("the name of this account cannot be a part of a path"), system=str(self.path))
            return value

        return Path(_PLACEHOLDER.sub(filled, str(self.path)))

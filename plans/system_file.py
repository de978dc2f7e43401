"""The shape of one system in ``organisation.yaml``, beside the keys of its connector."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from connectors.language import _
from plans.problems import Worded
from plans.quantities import Size, Speed
from plans.secrets import SecretField, SecretRef
from plans.shapes import Name, Shape, Text


class MasterEntry(Shape):
    user: Text = Field(description="its name")
    password: SecretField = Field(description="a [reference](#secrets) to its password")


class RatesEntry(Shape):
    """What may go to and from one mailbox."""

    bandwidth: Speed | None = Field(default=None, description="at most so fast")
    messages_per_second: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="at most so many messages a second"
    )
    read_a_day: Size | None = Field(
        default=None, description="at most so much read in 24 hours; `2500 MB` for Gmail unless given"
    )
    written_a_day: Size | None = Field(
        default=None, description="at most so much written in 24 hours; `500 MB` for Gmail unless given"
    )


def _command(value: object) -> SecretRef:
    ref = SecretRef.parse(value)
    if ref.kind != "command":
        message = _("must be a program, with command: before it.")
        raise Worded(message, _("For example command:/usr/local/bin/mail-accounts."))
    return ref


def _private_file(value: object) -> SecretRef:
    ref = SecretRef.parse(value)
    if ref.kind != "file":
        raise Worded(_("must be a file, with file: before its name."), _("For example file:secrets/hashes.csv."))
    return ref


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise Worded(_('"{value}" is not a country.').format(value=value), _("Write its two letters, such as FR."))
    return value.upper()


def _org_unit(value: str) -> str:
    if not value.startswith("/"):
        message = _('"{value}" is not an organisational unit.').format(value=value)
        raise Worded(message, _("Write its path, such as /Sites/Lyon."))
    return value


class PasswdFileEntry(Shape):
    """Accounts in a file of Dovecot's."""

    path: Text = Field(description="the file, relative to the organisation's folder")
    home: Text | None = Field(
        default=None, description="the home of each new account; `{user}` stands for its name: `/srv/mail/{user}`"
    )
    uid: int | None = Field(default=None, ge=0, description="the system user that owns the mail, by number")
    gid: int | None = Field(default=None, ge=0, description="the system group that owns the mail, by number")


class AccountsEntry(Shape):
    """How the accounts of a target are made."""

    hook: (
        Annotated[SecretRef, PlainValidator(_command), WithJsonSchema({"type": "string", "pattern": "^command:"})]
        | None
    ) = Field(
        default=None,
        description="a program of yours that looks up and makes accounts: `command:` before it. "
        "See [Accounts](accounts.md#a-program-of-your-own)",
    )
    passwd_file: PasswdFileEntry | None = Field(
        default=None, description="a Dovecot passwd-file. See [Accounts](accounts.md#a-dovecot-passwd-file)"
    )
    hashes: (
        Annotated[SecretRef, PlainValidator(_private_file), WithJsonSchema({"type": "string", "pattern": "^file:"})]
        | None
    ) = Field(
        default=None,
        description="a CSV (`address`, `hash`) with the hashes of the old system's passwords, so that people keep "
        "theirs where the target takes such hashes",
    )
    licence: Name | None = Field(
        default=None, description="the licence (one of `licences`) of people whose line in the people file has none"
    )
    services_off: tuple[Text, ...] = Field(
        default=(),
        description="Microsoft: services of the licence that are off, by Microsoft's names (`YAMMER_ENTERPRISE`)",
    )
    org_unit: Annotated[Text, AfterValidator(_org_unit)] | None = Field(
        default=None,
        description="Google: the organisational unit of the accounts, where services are switched on and off; `{site}` "
        "stands for the site's name: `/Sites/{site}`",
    )
    usage_location: Annotated[Text, AfterValidator(_country)] | None = Field(
        default=None,
        description="Microsoft: the country where licences are used, `FR`; it must be set before one is assigned",
    )

    @model_validator(mode="after")
    def _one_way(self) -> AccountsEntry:
        if self.hook is not None and self.passwd_file is not None:
            message = _('"hook" and "passwd_file" both make accounts.')
            raise Worded(message, _("Take one of the two lines away."))
        return self


class SystemEntry(Shape):
    """The keys every system takes, whatever its connector; the connector's own keys stand beside them."""

    connector: Text = Field(
        description=(
            "how the system speaks: `imap`, `pop3` (as a source), [`google_workspace`](google.md),"
            " [`microsoft365`](microsoft365.md), or `maildir` for mail in files on this machine. "
            "(`memory`, a system in memory, is for tests.) "
            "Installed packages may bring [others](connectors.md). With `preset` it need not be said"
        )
    )
    preset: Text | None = Field(
        default=None,
        description=(
            "the mail system it is, such as `ovh` or `gmail`: what is known of it fills in what is not said here. "
            "`bascule systems list` shows [them all](systems.md)"
        ),
    )
    max_sessions: int = Field(
        default=10,
        ge=1,
        description="connections at a time, over all mailboxes; 10 unless given, 2 or more for a system that is source "
        "and target at once",
    )
    bandwidth: Speed | None = Field(
        default=None,
        description=(
            "at most so fast, over all connections: `20Mbit/s`, `500 kB/s`, `1,5 Mo/s`. "
            "`Mb/s` is refused, as some mean bits by it and some bytes"
        ),
    )
    messages_per_second: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="at most so many messages a second, over all connections",
    )
    read_a_day: Size | None = Field(
        default=None, description="at most so much read from it in 24 hours, over all mailboxes: `20 GB`"
    )
    written_a_day: Size | None = Field(
        default=None, description="at most so much written to it in 24 hours, over all mailboxes"
    )
    each_mailbox: RatesEntry = Field(
        default=RatesEntry(),
        description="the same for each mailbox by itself. See [below](#limits-of-a-system)",
    )
    master: MasterEntry | None = Field(default=None, description="one account that may sign in for everyone")
    accounts: AccountsEntry | None = Field(
        default=None, description="how its [accounts](accounts.md) are made. See [below](#accounts-of-a-system)"
    )

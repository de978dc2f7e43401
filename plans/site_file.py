"""The shape of ``sites/*.yaml``, as written.  :mod:`plans.loading` joins it with the organisation and its people.

Each key's description is what docs/plan.md and the JSON Schema for editors say of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from connectors.language import _
from plans.cells import checked_put_under
from plans.files import ContactEntry
from plans.folder_patterns import Pattern
from plans.folder_rules import FolderRules
from plans.problems import Worded
from plans.quantities import Day, Days, PlannedDay, Size, Speed, Window
from plans.secrets import SecretField, SecretRef
from plans.shapes import Domain, Language, Name, Shape, Text, TimeZone


def _passwords_file(value: object) -> SecretRef:
    if isinstance(value, str) and not value.strip().startswith("file:"):
        message = _("The passwords file is named with file: before it.")
        raise Worded(message, _("For example file:secrets/lyon.csv."))
    return SecretRef.parse(value)


class CopyEntry(Shape):
    """When, how fast and how faithfully the site's mail is copied."""

    window: Window | None = Field(
        default=None,
        description=(
            "the hours for copying, on the site's clocks, such as `19:00-07:00`; outside them a copy waits, or keeps to"
            " `daytime_limit` where that is given. See [below](#hours-for-copying)"
        ),
    )
    daytime_limit: Speed | None = Field(
        default=None, description="copy outside these hours too, at most so fast over all mailboxes, such as `2Mbit/s`"
    )

    repair: Literal["on", "off"] = Field(
        default="on",
        description=(
            "what becomes of a message that the target refuses or would change: `on` (unless given): it is "
            "[repaired](kept.md#repairs) by a named rule, and its original kept; `off`: it is sent as it is, "
            "or not copied"
        ),
    )

    @model_validator(mode="after")
    def _a_limit_has_hours(self) -> CopyEntry:
        if self.daytime_limit is not None and self.window is None:
            message = _('"daytime_limit" says nothing without "window".')
            raise Worded(message, _('Add the hours for copying, such as window: "19:00-07:00".'))
        return self


class ArchivesEntry(Shape):
    """Archive files of the site's people."""

    collected_in: Text = Field(
        description=(
            "the folder where they are collected, relative to the organisation's; what the people file names is looked "
            "for there first, and in the organisation's folder then"
        )
    )
    put_under: Annotated[str, AfterValidator(checked_put_under)] = Field(
        default="Archives",
        description=(
            "the target folder that they go below, each in a folder that is called as its file; `Archives` unless given"
        ),
    )
    unread_if_newer_than: Days | None = Field(
        default=None,
        description=(
            "for archives that do not say what was read: what is newer than so many days when it is copied, `30 days`, "
            "arrives unread, all else as read; all arrives as read unless given"
        ),
    )
    shared: tuple[Text, ...] = Field(
        default=(),
        description="archives that several people name on purpose, written as there; any other is a mistake",
    )


class LeaveOutEntry(Shape):
    folders: tuple[Pattern, ...] = Field(
        default=(), description="patterns of folders that stay behind, as `exclude` above"
    )
    private: Literal["ask", "leave_out", "copy"] = Field(
        default="copy",
        description=(
            "what becomes of [private folders](#private-folders): `copy` (unless given), `leave_out`, or `ask` "
            "(they stay behind until you have decided, and are counted apart)"
        ),
    )
    not_private: tuple[Pattern, ...] = Field(
        default=(), description="patterns of folders that are not private, whatever their names"
    )
    before: Day | None = Field(
        default=None,
        description="messages received before this day, `2015-01-01`, in the site's time zone",
    )
    after: Day | None = Field(default=None, description="messages received after this day")
    larger_than: Size | None = Field(
        default=None,
        description="messages longer than this: `50 MB` (50,000,000 bytes), `50 MiB` (52,428,800), `50 Mo`",
    )

    @model_validator(mode="after")
    def _leaves_something(self) -> LeaveOutEntry:
        if self.before is not None and self.after is not None and self.before > self.after:
            message = _('"before" and "after" together leave out every message.')
            raise Worded(message, _("The day of before comes first: what lies between the two travels."))
        return self


class PersonalGmailEntry(Shape):
    """Private Gmail accounts that hold mail of the organisation's."""

    only: Literal["our_domains", "everything"] = Field(
        default="our_domains",
        description=(
            "what is taken: mail from or to the organisation's domains (`our_domains`, unless given), or `everything`"
        ),
    )
    consent: Literal["required", "not_required"] = Field(
        default="required",
        description="whether each person must have agreed first: `required` (unless given) or `not_required`",
    )
    client: SecretField | None = Field(
        default=None,
        description=(
            "where the JSON file of the desktop application is in whose name people are asked for their leave:"
            " `file:secrets/gmail-client.json` ([how to make one](google.md#private-gmail-accounts))"
        ),
    )


class SiteFile(Shape):
    site: Name = Field(
        description="the site's name, as given to commands: letters, digits, dots, hyphens and underscores"
    )
    source: Text = Field(description="the name of the system that mail is read from")
    target: Text = Field(description="the name of the system that mail is written to")
    people: Annotated[Any, WithJsonSchema({"type": ["string", "array"]})] = Field(
        description="the name of a CSV beside this file, or the people themselves, see below"
    )
    passwords: (
        Annotated[SecretRef, PlainValidator(_passwords_file), WithJsonSchema({"type": "string", "pattern": "^file:"})]
        | None
    ) = Field(default=None, description="the site's passwords file, `file:` before its name")
    wave: int | None = Field(default=None, ge=1, description="the wave it moves in: 1, 2, 3 …")
    domain: Domain | None = Field(default=None, description="its mail domain, one of the organisation's `domains`")
    switch: PlannedDay | None = Field(
        default=None, description="the day its people start working in the new mailbox, such as `2027-02-09`"
    )
    correspondent: ContactEntry | None = Field(default=None, description="the person on site to ask and to tell")
    language: Language | None = Field(
        default=None, description="`en` or `fr`: what the site's people read; the organisation's unless given"
    )
    time_zone: TimeZone | None = Field(
        default=None, description="the site's own time zone; the organisation's unless given"
    )
    folders: FolderRules = Field(default=FolderRules(), description="which folders travel, and under which name")
    leave_out: LeaveOutEntry = Field(default=LeaveOutEntry(), description="what does not travel")
    copy_: CopyEntry = Field(
        default=CopyEntry(), alias="copy", description="when and how fast the site's mail is copied"
    )
    archives: ArchivesEntry | None = Field(default=None, description="archive files of the site's people")
    personal_gmail: PersonalGmailEntry | None = Field(
        default=None, description="private Gmail accounts that hold mail of the organisation's"
    )

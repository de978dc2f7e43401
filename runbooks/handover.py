"""How a person imports the calendars and contacts of their archives: a page to read, and the same as Markdown.

Takes plain facts; knows nothing of how the files were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.language import _, in_language

#: Characters that Markdown would take for more than text.
_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|~"})


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file for import: its place below the folder of the guide, and how many items it holds."""

    name: str
    items: int

    @property
    def is_calendar(self) -> bool:
        return self.name.endswith(".ics")


@dataclass(frozen=True, slots=True)
class _Program:
    """How one program imports."""

    name: str
    calendars: Sequence[str]
    contacts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Guide:
    """The two forms of one guide."""

    markdown: str
    html: str


def guide(whose: str, files: Sequence[HandedFile], reported: int, language: str) -> Guide:
    """The guide in ``language``.  ``whose``: the mailbox, or what else tells whose items they are.

    ``reported``: items that stand in no file.
    """
    with in_language(language):
        facts = {
            "language": language,
            "whose": whose,
            "files": files,
            "reported": reported,
            "labels": _labels(),
            "programs": _programs(),
        }
        return Guide(
            _environment(html=False).get_template("handover.md.j2").render(facts),
            _environment(html=True).get_template("handover.html.j2").render(facts),
        )


def _labels() -> dict[str, str]:
    return {
        "title": _("Your calendars and contacts"),
        "what": _(
            "These files hold the calendars, tasks and contacts of your old mail archives. Mail is not in them: it is"
            " copied to your new mailbox."
        ),
        "before": _("Before you begin"),
        "once": _("Import each file once: some programs show everything twice after a second time."),
        "try": _(
            "Import a calendar into a new, empty calendar first. If it is not what you want, delete that calendar, and"
            " nothing else is touched."
        ),
        "parts": _(
            "A large folder comes in several files, numbered (2), (3): Google takes at most 1 MB of calendar, and"
            " 3,000 contacts, at a time. Import them all."
        ),
        "files": _("The files"),
        "file": _("file"),
        "kind": _("what"),
        "number": _("items"),
        "calendar": _("calendar or tasks"),
        "contact_list": _("contacts"),
        "calendars": _("Calendars (files that end in .ics)"),
        "contacts": _("Contacts (files that end in .vcf)"),
        "reported": _("Items that could not be made into a file: {n}. Ask who gave you this folder."),
        "after": _("Afterwards"),
        "delete": _("These files are private. Delete them when everything is where you want it."),
    }


def _programs() -> list[_Program]:
    return [
        _Program(
            _("Google Workspace and Gmail"),
            [
                _("On a computer, open calendar.google.com."),
                _("Beside “Other calendars” choose the plus sign, then “Create new calendar”, and give it a name."),
                _("Again choose the plus sign, then “Import”. Select the file, and the calendar that you made."),
                _("Google Calendar takes no tasks: they stay in the file."),
            ],
            [
                _("On a computer, open contacts.google.com."),
                _("Choose “Import” on the left, then “Select file”, and take the file."),
                _("The contacts get a label with the day, by which you can find them, or take them out again."),
            ],
        ),
        _Program(
            _("Microsoft 365 and Outlook"),
            [
                _("Open outlook.office.com in a browser, and there the calendar."),
                _("Choose “Add calendar”, then “Create blank calendar”, and give it a name."),
                _("Choose “Add calendar” again, then “Upload from file”. Select the file, and the calendar."),
            ],
            [
                _("Outlook takes only the first contact of a .vcf file, so the contacts go by way of Thunderbird."),
                _("In Thunderbird, import the file as below, then export the address book as CSV."),
                _("In outlook.office.com open the contacts, choose “Manage contacts”, then “Import contacts”,"
                  " and take the CSV."),
            ],
        ),
        _Program(
            _("Thunderbird, and servers with CalDAV and CardDAV"),
            [
                _("In Thunderbird, add the calendar of your server first, if it has one: new calendar,"
                  " “On the network”."),
                _("In the menu choose “Import”, then “Import from file”, “Calendar”, and take the file."),
                _("Take the server's calendar as the place for it: what you import is then on your telephone too."),
            ],
            [
                _("In Thunderbird, add the address book of your server first, if it has one: new address book,"
                  " “CardDAV”."),
                _("In the menu choose “Import”, then “Import from file”, “Address book”, “vCard”, and take the file."),
                _("Without a choice of the place, select all new contacts and drag them to the server's address book."),
            ],
        ),
    ]  # fmt: skip


@cache
def _environment(*, html: bool) -> Environment:
    # Markdown is no markup of a browser: what it would take for its own is escaped by the filter.
    environment = Environment(
        loader=PackageLoader("runbooks"),
        autoescape=html,  # noqa: S701  # the one that is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = lambda text: str(text).translate(_MARKUP)
    return environment

"""What is carried, what arrives changed, and what is left behind: from the systems, the plan and a rehearsal.  Pure.

Each thing that people have in a mailbox has one rule here, which says what becomes of it between these two systems
and where that is known from; docs/connectors.md and the vendors' pages are the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.language import _, mark
from runbooks.facts import Seen, Unknown
from runbooks.mail_facts import Inventory, Rehearsal, Scope, ScopeItem, Verdict
from runbooks.plan_facts import SitePlan

#: Systems that hand out one message at a time and know no folders, flags or dates of receipt.
_POP = "pop3"
_GOOGLE, _MICROSOFT = "google_workspace", "microsoft365"


@dataclass(frozen=True)
class Known:
    """What the scope is worked out from."""

    plan: SitePlan
    inventory: Seen[Inventory] | Unknown
    rehearsal: Seen[Rehearsal] | Unknown

    @property
    def source(self) -> str:
        return self.plan.source.connector

    @property
    def target(self) -> str:
        return self.plan.target.connector


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one thing.  Texts are marked, and worded when they are shown."""

    verdict: Verdict
    what: str
    to_do: str = ""
    count: int | None = None
    source: str = "docs/connectors.md"


Rule = Callable[[Known], Fate | None]


def scope_of(known: Known) -> Scope:
    """In the language that is spoken."""
    found: dict[Verdict, list[ScopeItem]] = {"carried": [], "changed": [], "left_behind": []}
    for code, (title, rule) in RULES.items():
        fate = rule(known)
        if fate is None:
            continue
        item = ScopeItem(
            code=code,
            title=_(title),
            what=_(fate.what).format(target=known.plan.target.title),
            to_do=_(fate.to_do) if fate.to_do else "",
            count=fate.count,
            source=fate.source,
        )
        found[fate.verdict].append(item)
    return Scope(**{verdict: tuple(items) for verdict, items in found.items()})


def _messages(known: Known) -> Fate:
    count = known.inventory.value.messages if isinstance(known.inventory, Seen) else None
    source = known.inventory.source if isinstance(known.inventory, Seen) else "docs/connectors.md"
    what = mark("Every message with its attachments, byte for byte. Each one is accounted for.")
    return Fate("carried", what, count=count, source=source)


def _dates(known: Known) -> Fate:
    if known.target == _GOOGLE:
        what = mark("The date of receipt; {target} shows the sender’s date where that can be read.")
        return Fate("changed", what, source="gmail.v1: internalDateSource")
    if known.source == _POP:
        what = mark("The old system tells no date of receipt: the one in the message’s own head is taken.")
        return Fate("changed", what, source="RFC 1939")
    return Fate("carried", mark("The date of receipt, to the second."))


def _folders(known: Known) -> Fate:
    if known.source == _POP:
        what = mark("The old system has one folder only: everything arrives in the inbox.")
        to_do = mark("Folders that exist on a PC alone come over as archives: name them in the people file.")
        return Fate("changed", what, to_do, source="RFC 1939")
    if known.target == _GOOGLE:
        what = mark("Folders become labels with the same names. A message in two folders has both labels.")
        return Fate("changed", what, source="gmail.v1: labels")
    return Fate("carried", mark("Folders with their names and their order below each other."))


def _read_state(known: Known) -> Fate:
    if known.source == _POP:
        what = mark("The old system does not say what was read: everything arrives as read.")
        return Fate("changed", what, source="RFC 1939")
    return Fate("carried", mark("What was read, answered and starred."))


def _keywords(known: Known) -> Fate | None:
    if known.source == _POP:
        return None
    wanted = known.plan.target.keywords
    if known.target == _GOOGLE and wanted == "labels":
        return Fate("changed", mark("Coloured tags become labels, below “Keywords”."), source="docs/google.md")
    if known.target == _GOOGLE:
        what = mark("Coloured tags of mail programs do not exist in {target}.")
        to_do = mark("Use labels instead; search finds them at once.")
        return Fate("left_behind", what, to_do, source="docs/google.md")
    if known.target == _MICROSOFT and wanted == "categories":
        what = mark("Coloured tags become categories of the same names, some time after the message is there.")
        return Fate("changed", what, source="docs/microsoft365.md")
    if known.target == _MICROSOFT:
        what = mark("Coloured tags of mail programs are not taken by {target} while mail is copied.")
        to_do = mark("Set categories anew on the few messages that need one.")
        return Fate("left_behind", what, to_do, source="docs/microsoft365.md")
    return Fate("carried", mark("Tags of mail programs, where the new system takes them."))


def _large(known: Known) -> Fate | None:
    if isinstance(known.rehearsal, Unknown):
        return None
    told = known.rehearsal.value
    count = next((one.count for one in told.reasons if one.code == "too-large"), 0)
    if not count:
        return None
    what = mark("Messages over the new system’s limit. They stay in the old mailbox and are listed one by one.")
    to_do = mark("Save large attachments on a drive, or send a link to them.")
    return Fate("left_behind", what, to_do, count, known.rehearsal.source)


def _refused(known: Known) -> Fate | None:
    if isinstance(known.rehearsal, Unknown):
        return None
    told = known.rehearsal.value
    count = sum(one.count for one in told.reasons if one.code != "too-large" and not one.left_out)
    if not count:
        return None
    what = mark("Messages that the new system is expected to refuse, each listed with its reason.")
    to_do = mark("Look at the list in the runbook and decide on each.")
    return Fate("left_behind", what, to_do, count, known.rehearsal.source)


def _excluded(known: Known) -> Fate | None:
    rules = known.plan.copy_rules
    if not (rules.excluded or rules.before or rules.after or rules.larger_than):
        return None
    what = mark("Folders and messages that the plan leaves out, as agreed. They are counted.")
    return Fate("left_behind", what, source="plan: leave_out")


def _private(known: Known) -> Fate | None:
    mode = known.plan.copy_rules.private
    if mode == "copy":
        what = mark("Folders called “private” are copied as all others; nobody reads them.")
        return Fate("carried", what, source="plan: leave_out.private")
    if mode == "ask":
        what = mark("Folders called “private” stay behind until their owners have decided.")
        to_do = mark("Tell your correspondent whether yours are to be copied.")
        return Fate("left_behind", what, to_do, source="plan: leave_out.private")
    what = mark("Folders called “private” stay behind.")
    to_do = mark("Copy what you want to keep to a place of your own before the old mailbox is closed.")
    return Fate("left_behind", what, to_do, source="plan: leave_out.private")


def _archives(known: Known) -> Fate | None:
    archives = known.plan.archives
    if archives is None or not archives.files:
        return None
    what = mark("Archive files of PCs, below a folder of their own. The files themselves stay as they are.")
    return Fate("carried", what, count=archives.files, source="plan: archives")


def _gmail(known: Known) -> Fate | None:
    rules = known.plan.copy_rules
    if rules.personal_gmail is None:
        return None
    what = mark("Mail of the organisation’s in private Gmail accounts, with the consent of their owners alone.")
    if rules.personal_gmail == "everything":
        what = mark("All mail of the private Gmail accounts that the people file names.")
    return Fate("carried", what, source="plan: personal_gmail")


def _always(verdict: Verdict, what: str, to_do: str = "", source: str = "docs/design.md") -> Rule:
    return lambda _known: Fate(verdict, what, to_do, source=source)


#: By code: what people call it, and its rule.
RULES: Mapping[str, tuple[str, Rule]] = {
    "messages": (mark("Messages"), _messages),
    "dates": (mark("Dates"), _dates),
    "folders": (mark("Folders"), _folders),
    "read-state": (mark("Read and starred"), _read_state),
    "drafts": (
        mark("Drafts and sent mail"),
        _always("carried", mark("Drafts and sent mail, in the folders that the new system has for them.")),
    ),
    "archives": (mark("Archives"), _archives),
    "personal-gmail": (mark("Private Gmail accounts"), _gmail),
    "keywords": (mark("Coloured tags"), _keywords),
    "private": (mark("Private folders"), _private),
    "left-out": (mark("What the plan leaves out"), _excluded),
    "large": (mark("Very large messages"), _large),
    "refused": (mark("Messages that are refused"), _refused),
    "rules": (
        mark("Rules and filters"),
        _always(
            "left_behind",
            mark("Rules that sort, forward or answer mail belong to the old system."),
            mark("Write down your rules before the switch, and make those anew that you still need."),
        ),
    ),
    "absence": (
        mark("Absence messages"),
        _always(
            "left_behind",
            mark("An absence message that is set on the old system does not answer on the new one."),
            mark("Set it anew on the day of the switch."),
        ),
    ),
    "signatures": (
        mark("Signatures"),
        _always(
            "left_behind",
            mark("Signatures are kept in each mail program."),
            mark("Copy yours into a message to yourself before the switch, and paste it into the new settings."),
        ),
    ),
    "autocompletion": (
        mark("Suggested addresses"),
        _always(
            "left_behind",
            mark("Addresses that a program suggests while you type are learnt by that program."),
            mark("They come back as you write; export those that matter as contacts."),
        ),
    ),
    "contacts": (
        mark("Contacts"),
        _always(
            "changed",
            mark("Contacts are no mail. Archives give files for import; on a server they are exported there."),
            mark("Import the file that you are given, once."),
        ),
    ),
    "calendars": (
        mark("Calendars and tasks"),
        _always(
            "changed",
            mark("Calendars are no mail. Archives give files for import; on a server they are exported there."),
            mark("Import the file into a new, empty calendar first."),
        ),
    ),
    "delegation": (
        mark("Delegation and shared folders"),
        _always(
            "left_behind",
            mark("Who may open whose mailbox or folder is set in each system."),
            mark("Tell IT who has to see whose mailbox; it is set anew before the switch."),
        ),
    ),
    "passwords": (
        mark("Passwords"),
        _always(
            "left_behind",
            mark("The old password does not work in the new system."),
            mark("Your first password is given to you by your correspondent, never by mail."),
        ),
    ),
}

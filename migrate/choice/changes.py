"""What would be lost or changed on each system: its abilities against what the organisation has.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.language import _
from migrate.choice.systems import MailSystem
from runbooks.choice_facts import Change, Inventory
from runbooks.facts import Seen

_MB = 1_000_000


def changes_of(system: MailSystem, inventory: Inventory) -> tuple[Change, ...]:
    """In the language that is spoken."""
    can = system.ability
    folders = inventory.folders.value if isinstance(inventory.folders, Seen) else None
    labels = not can.dates_kept
    dates = (
        _("Shows the date that the sender wrote; the date of receipt is kept inside the message.")
        if labels
        else _("The date of receipt is kept, to the second.")
    )
    found: list[Change] = [
        Change(
            code="folders",
            title=_("Folders"),
            verdict="changed" if labels else "kept",
            what=_(can.layout),
            count=folders,
            source=can.source,
        ),
        Change(
            code="dates",
            title=_("Dates"),
            verdict="changed" if labels else "kept",
            what=dates,
            count=None,
            source=can.source,
        ),
        _keywords(system, inventory),
        _large(system, inventory),
        Change(
            code="shared",
            title=_("Shared mailboxes and folders"),
            verdict="not_known" if can.shared_kept is None else "kept",
            what=_(can.shared),
            count=inventory.shared.value,
            source=can.source,
        ),
        Change(
            code="groups",
            title=_("Groups"),
            verdict="changed",
            what=_(can.groups),
            count=inventory.groups.value,
            source=can.source,
        ),
    ]
    return (*found, *_same_everywhere(inventory))


def _keywords(system: MailSystem, inventory: Inventory) -> Change:
    can = system.ability
    count = inventory.keywords.value if isinstance(inventory.keywords, Seen) else None
    verdict = {True: "kept", False: "lost", None: "changed"}[can.keywords_kept]
    return Change(
        code="keywords",
        title=_("Keywords"),
        verdict=verdict,
        what=_(can.keywords),
        count=count,
        source=_both(can.source, inventory.keywords),
    )


def _large(system: MailSystem, inventory: Inventory) -> Change:
    limit, sizes = system.ability.max_message, inventory.sizes
    title = _("Very large messages")
    if limit is None:
        what = _("The longest message is what its administrator sets: set it above the largest that you have.")
        return Change(code="large", title=title, verdict="kept", what=what, count=None, source=system.ability.source)
    figure = _("{n} MB").format(n=limit // _MB)
    source = _both(system.ability.source, sizes)
    if not isinstance(sizes, Seen):
        what = _("A message over {limit} is refused; whether there is one is not known: bascule estimate looks.")
        return Change(
            code="large", title=title, verdict="not_known", what=what.format(limit=figure), count=None, source=source
        )
    if sizes.value.largest_message > limit:
        what = _("A message over {limit} is refused, and there are such; each is kept as a file, and listed.")
        return Change(
            code="large", title=title, verdict="lost", what=what.format(limit=figure), count=None, source=source
        )
    if sizes.value.missing:
        what = _("A message over {limit} is refused; none was found, and not every mailbox was looked at.")
        return Change(
            code="large", title=title, verdict="not_known", what=what.format(limit=figure), count=None, source=source
        )
    what = _("A message over {limit} is refused; none of yours is.")
    return Change(code="large", title=title, verdict="kept", what=what.format(limit=figure), count=0, source=source)


def _same_everywhere(inventory: Inventory) -> Sequence[Change]:
    """What no system takes over from another, so that nobody chooses by it."""
    return (
        Change(
            code="archives",
            title=_("Archives"),
            verdict="kept",
            what=_("Archive files of PCs are copied into the mailboxes, on every system."),
            count=inventory.archives.value,
            source="docs/archives.md",
        ),
        Change(
            code="settings",
            title=_("Rules, absence messages, signatures"),
            verdict="lost",
            what=_("They belong to the old system and to mail programs, and are set anew, on every system."),
            count=None,
            source="docs/archives.md",
        ),
        Change(
            code="calendars",
            title=_("Calendars and contacts"),
            verdict="changed",
            what=_("They are no mail: they travel as files that people import, on every system."),
            count=None,
            source="docs/archives.md",
        ),
    )


def _both(source: str, fact: object) -> str:
    return f"{source} · {fact.source}" if isinstance(fact, Seen) else source

"""Calendar entries, contacts, tasks, notes and distribution lists as files that other programs import."""

from __future__ import annotations

from connectors.archives.contract import Damaged, Nature, PersonalItem
from connectors.language import _
from connectors.mapi.context import Context
from connectors.mapi.properties import MapiItem


def personal_item(item: MapiItem, nature: Nature, context: Context) -> PersonalItem:
    """An item that is no mail: contacts and lists as ``.vcf``, everything else as ``.ics``.

    What of it cannot be read is told to the context; raises :class:`Damaged` when nothing is left to tell.
    """
    # Only with the first such item: the libraries take more memory than the reading of an archive.
    from connectors.mapi.calendar import calendar_file
    from connectors.mapi.contacts import contact_file, list_file

    try:
        if nature is Nature.CONTACT:
            return PersonalItem(nature, ".vcf", contact_file(item, context))
        if nature is Nature.LIST:
            return PersonalItem(nature, ".vcf", list_file(item, context))
        return PersonalItem(nature, ".ics", calendar_file(item, nature, context))
    except (ValueError, TypeError, OverflowError) as error:
        # The libraries that write these files are not made for what damaged ones hold.
        raise Damaged("item-unreadable", _("An item that is no mail is damaged and cannot be told.")) from error

"""Reports of delivery and of reading: what they hold, as the text of a message ([MS-OXOMSG] 2.2.2)."""

from __future__ import annotations

from connectors.mapi import tags
from connectors.mapi.addresses import person
from connectors.mapi.context import Context
from connectors.mapi.nature import message_class
from connectors.mapi.properties import MapiItem


def report_text(item: MapiItem, context: Context) -> str:
    """What a report without a body says: its text, and whom it speaks of with the reason.  Empty for other items."""
    if not message_class(item.properties).startswith(("report.", "ipm.report")):
        return ""
    lines: list[str] = []
    told = item.properties.get(tags.REPORT_TEXT)
    if isinstance(told, str) and told.strip():
        lines += [told.strip(), ""]
    for recipient in item.recipients():
        one = person(recipient, tags.RECIPIENT, context.quiet())
        if one is None:
            continue
        lines.append(f"{one.name} <{one.address}>" if one.address else one.name)
        for identifier in (tags.REPORT_TEXT, tags.SUPPLEMENTARY_INFO):
            why = recipient.get(identifier)
            if isinstance(why, str) and why.strip():
                lines.append("    " + why.strip())
    return "\n".join(lines).strip()

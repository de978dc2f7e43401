"""users.messages.import, insert, modify, trash and the like: what changes a mailbox.

The discovery document's descriptions of these methods; what Gmail refuses is told by headers.py and labels.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, invalid_argument, missing, not_found
from migrate.sandbox.google.headers import Head, check_senders, read_head, sent_at
from migrate.sandbox.google.mailbox import Mailbox, Stored
from migrate.sandbox.google.manners import Manners

#: What every spam filter takes for spam: https://spamassassin.apache.org/gtube/
_GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
_MOST_IDS = 1000
_BARE_LF = re.compile(rb"(?<!\r)\n")
_TRACE = b"Received: from 100000000001 named unknown by gmailapi.google.com with HTTPREST\r\n"
#: What takes a message out of the others' sight.
_AWAY = frozenset({"SPAM", "TRASH"})


def import_message(call: Call) -> Json:
    """As if it had come by SMTP: filtered, and dated by its Date field unless told otherwise."""
    return _add(call, "dateHeader", filtered=True)


def insert_message(call: Call) -> Json:
    """As IMAP's APPEND: unfiltered, and dated now unless told otherwise."""
    return _add(call, "receivedTime", filtered=False)


def modify(call: Call) -> Json:
    """Put labels on a message and take some off."""
    mailbox = call.world.opened(call.user)
    stored = mailbox.get(call.parameters["id"])
    on, off = _changes(call, mailbox)
    mailbox.relabel(stored, _without_places((stored.labels | on) - off, on))
    return brief(stored)


def batch_modify(call: Call) -> None:
    """The same for up to 1,000 messages; those that are not there are passed over."""
    mailbox = call.world.opened(call.user)
    ids = _ids(call)
    on, off = _changes(call, mailbox)
    for stored in _present(mailbox, ids):
        mailbox.relabel(stored, _without_places((stored.labels | on) - off, on))


def batch_delete(call: Call) -> None:
    """Take messages away for good; those that are not there are passed over."""
    mailbox = call.world.opened(call.user)
    for stored in list(_present(mailbox, _ids(call))):
        mailbox.remove(stored)


def delete(call: Call) -> None:
    """Take one message away for good."""
    mailbox = call.world.opened(call.user)
    mailbox.remove(mailbox.get(call.parameters["id"]))


def trash(call: Call) -> Json:
    """Move a message to the trash."""
    mailbox = call.world.opened(call.user)
    stored = mailbox.get(call.parameters["id"])
    mailbox.relabel(stored, _without_places(stored.labels | {"TRASH"}, frozenset({"TRASH"})))
    return brief(stored)


def untrash(call: Call) -> Json:
    """Take a message out of the trash."""
    mailbox = call.world.opened(call.user)
    stored = mailbox.get(call.parameters["id"])
    mailbox.relabel(stored, stored.labels - {"TRASH"})
    return brief(stored)


def brief(stored: Stored) -> Json:
    """What an answer says of a message that was changed."""
    return {"id": stored.id, "threadId": stored.thread_id, "labelIds": sorted(stored.labels)}


HANDLERS: dict[str, Handler] = {
    "gmail.users.messages.import": import_message,
    "gmail.users.messages.insert": insert_message,
    "gmail.users.messages.modify": modify,
    "gmail.users.messages.batchModify": batch_modify,
    "gmail.users.messages.batchDelete": batch_delete,
    "gmail.users.messages.delete": delete,
    "gmail.users.messages.trash": trash,
    "gmail.users.messages.untrash": untrash,
}


def _add(call: Call, dated: str, *, filtered: bool) -> Json:
    world, mailbox = call.world, call.world.opened(call.user)
    raw = call.media if call.media is not None else call.body.get("raw")
    if not raw:
        raise missing("raw") if raw is None else invalid_argument("'raw' RFC822 payload message string is required")
    limit = world.manners.max_message or 0
    if limit and len(raw) > limit:
        raise ApiError(413, "Request Too Large", "uploadTooLarge")
    head = read_head(raw)
    check_senders(head.senders)
    labels = frozenset(call.body.get("labelIds", ()))
    mailbox.labels.check_given(list(labels))
    labels = _filtered(call, raw, labels) if filtered else labels
    known = mailbox.with_message_id(head.message_id) if head.message_id is not None else []
    if known and world.manners.dedupe:
        return brief(_merged(mailbox, known[0], labels))
    now = world.clock.now()
    raw = _as_kept(raw, world.manners)
    source = call.parameters.get("internalDateSource") or dated
    told = sent_at(head.date) if source == "dateHeader" else None
    stored = mailbox.put(
        raw,
        labels,
        told if told is not None else int(now * 1000),
        head=head,
        thread=_thread(mailbox, head, call.body.get("threadId")),
        searched_from=now + world.manners.index_delay,
        keep=world.manners.keep_bodies,
    )
    if call.parameters.get("processForCalendar") and b"text/calendar" in raw:
        mailbox.calendar.append(stored.id)
    told_back = brief(stored)
    if call.parameters.get("deleted"):
        # Only Vault sees it from now on.
        mailbox.remove(stored)
    return told_back


def _as_kept(raw: bytes, manners: Manners) -> bytes:
    """What becomes of a message's bytes where Gmail does not keep them as they are."""
    if manners.crlf:
        raw = _BARE_LF.sub(b"\r\n", raw)
    return _TRACE + raw if manners.trace_field else raw


def _filtered(call: Call, raw: bytes, labels: frozenset[str]) -> frozenset[str]:
    if call.parameters.get("neverMarkSpam") or not call.world.manners.spam_filter or _GTUBE not in raw:
        return labels
    return (labels - {"INBOX"}) | {"SPAM"}


def _merged(mailbox: Mailbox, stored: Stored, labels: frozenset[str]) -> Stored:
    """The copy that is there gets the new one's labels; one in the trash comes back (rgladwell/imap-upload#22)."""
    kept = stored.labels - _AWAY if not labels & _AWAY else stored.labels
    mailbox.relabel(stored, kept | labels)
    return stored


def _thread(mailbox: Mailbox, head: Head, wanted: str | None) -> str | None:
    """The conversation: of a message that it answers and whose subject it shares; otherwise its own."""
    for one in reversed(head.answers):
        for stored in mailbox.with_message_id(one):
            if stored.head.topic == head.topic and wanted in (None, stored.thread_id):
                return stored.thread_id
    if wanted is not None and not any(stored.thread_id == wanted for stored in mailbox):
        raise not_found()
    return None


def _changes(call: Call, mailbox: Mailbox) -> tuple[frozenset[str], frozenset[str]]:
    on, off = frozenset(call.body.get("addLabelIds", ())), frozenset(call.body.get("removeLabelIds", ()))
    if max(len(on), len(off)) > 100:
        raise invalid_argument("Too many labels: at most 100 may be added or removed")
    mailbox.labels.check_changed(sorted(on | off))
    if on & off:
        raise invalid_argument("Cannot both add and remove the same label")
    return on, off


def _without_places(labels: frozenset[str], added: frozenset[str]) -> frozenset[str]:
    """What is thrown away or called spam leaves the inbox."""
    return labels - {"INBOX"} if added & _AWAY else labels


def _ids(call: Call) -> list[str]:
    ids: list[str] = call.body.get("ids", [])
    if not ids:
        raise invalid_argument("No message ids specified.")
    if len(ids) > _MOST_IDS:
        raise invalid_argument(f"Too many message ids: at most {_MOST_IDS}.")
    return ids


def _present(mailbox: Mailbox, ids: Iterable[str]) -> Iterable[Stored]:
    for one in dict.fromkeys(ids):
        try:
            yield mailbox.get(one)
        except ApiError:
            continue

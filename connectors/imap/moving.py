"""Moving messages between folders of one mailbox (MOVE, RFC 6851)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.contract import Folder, Receipt
from connectors.errors import FolderMissing, Transient
from connectors.imap.arguments import uid_of, uid_sets
from connectors.imap.dialogue import Answer
from connectors.imap.mailbox import Mailbox
from connectors.imap.response import uid_list
from connectors.imap.stream import WINDOW, existing
from connectors.imap.verdicts import message_reason
from connectors.reasons import Reason


def move(mailbox: Mailbox, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
    """UID MOVE; one receipt a key, in order, with the new key where COPYUID tells it."""
    uids = [uid_of(key) for key in keys]
    mailbox.open(folder, writable=True, fresh=True)
    destination = mailbox.argument(mailbox.raw_name(to.path))
    receipts: dict[int, Receipt] = {}
    for group, uid_set in uid_sets(sorted(existing(mailbox.dialogue, uids)), WINDOW):
        answer = mailbox.dialogue.run(b"UID MOVE", uid_set, destination)
        receipts.update(_receipts(mailbox, answer, to, group))
    for ordinal, uid in enumerate(uids):
        receipt = receipts.get(uid, Receipt(0, "refused", reason=Reason.GONE))
        yield Receipt(ordinal, receipt.outcome, receipt.key, receipt.reason)


def _receipts(mailbox: Mailbox, answer: Answer, to: Folder, group: Sequence[int]) -> dict[int, Receipt]:
    told = _copyuid(answer, to, len(group))
    if answer.status.word == "OK":
        if told is None:
            return {uid: Receipt(0, "stored") for uid in group}
        return {uid: Receipt(0, "stored", key) for uid, key in told.items()}
    verdict = mailbox.dialogue.refusal("MOVE", answer.status)
    if answer.status.throttle is not None or isinstance(verdict, FolderMissing | Transient):
        raise verdict
    reason = message_reason(answer.status.word, answer.status.code)
    receipts = {uid: Receipt(0, "refused", reason=reason) for uid in group}
    receipts.update({uid: Receipt(0, "stored", key) for uid, key in (told or {}).items()})
    return receipts


def _copyuid(answer: Answer, to: Folder, limit: int) -> dict[int, str | None] | None:
    """New keys by old UID; None when the server does not tell."""
    told: dict[int, str | None] | None = None
    for words in answer.codes("COPYUID"):
        pieces = words.split()
        if len(pieces) != 3:
            continue
        old, new = uid_list(pieces[1], limit), uid_list(pieces[2], limit)
        if old is None or new is None or len(old) != len(new):
            continue
        told = told or {}
        same_epoch = pieces[0].decode("ascii", "replace") == to.epoch
        told.update({uid: str(key) if same_epoch else None for uid, key in zip(old, new, strict=True)})
    return told

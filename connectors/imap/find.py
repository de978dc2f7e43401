"""Looking for what was in flight: the unclaimed messages above a fence, digested one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from connectors import matching
from connectors.body import SPOOL_OVER
from connectors.contract import Folder, Found, Message, Reason, Suspect, Unread
from connectors.imap.bodies import read_bodies
from connectors.imap.mailbox import Mailbox
from connectors.imap.stream import Fetcher, FetchRefused
from connectors.matching import Candidate
from connectors.wire import to_wire

#: Bytes of candidates asked for with one command.
_GROUP_BYTES = 16 << 20


def fence_of(epoch: str, uidnext: int) -> str:
    """A line in a folder, for ``find``."""
    return f"{epoch}:{uidnext}"


def find(
    mailbox: Mailbox, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str], spool: Path,
    *, atomic: bool,
) -> Iterator[Found]:  # fmt: skip
    """One answer a suspect, from a fresh view of the folder."""
    epoch, _, uidnext = fence.partition(":")
    opened = mailbox.open(folder, fresh=True)
    same_epoch = epoch == opened.uidvalidity
    listed = _listed(mailbox, int(uidnext) if same_epoch else 1, opened.exists) if opened.exists else {}
    unclaimed = {uid: told for uid, told in listed.items() if str(uid) not in claimed}
    if not same_epoch:  # the whole folder: only what could match at all is read
        unclaimed = _plausible(unclaimed, suspects)
    candidates, hidden = [], []
    for answer in _read(mailbox, folder, unclaimed):
        if isinstance(answer, Message):
            candidates.append(_candidate(answer, spool))
        elif answer.reason is not Reason.GONE:
            hidden.append(unclaimed[int(answer.key)])
    candidates.sort(key=lambda candidate: int(candidate.key))
    blind = {suspect.ordinal for suspect in suspects if any(_may_be(suspect, *told) for told in hidden)}
    for found in matching.match(suspects, candidates, atomic=atomic):
        # It is there, perhaps, and the server does not hand it out: sent again it would be there twice.
        unknown = found.verdict == "absent" and found.ordinal in blind
        yield replace(found, verdict="uncertain") if unknown else found


_Told = tuple[int | None, int | None]  # size, and the second it was received


def _listed(mailbox: Mailbox, first: int, exists: int) -> dict[int, _Told]:
    dialogue = mailbox.dialogue
    found: dict[int, _Told] = {}
    try:
        for fetched in Fetcher(dialogue).fetch(b"%d:*" % first, b"(UID INTERNALDATE RFC822.SIZE)", exists):
            if fetched.uid is not None and fetched.uid >= first:
                second = None if fetched.received is None else int(fetched.received.timestamp())
                found.setdefault(fetched.uid, (fetched.size, second))
    except FetchRefused as refusal:
        raise dialogue.refusal("FETCH", refusal.status) from None
    return found


def _plausible(listed: dict[int, _Told], suspects: Sequence[Suspect]) -> dict[int, _Told]:
    sizes = {suspect.wire_size for suspect in suspects}
    seconds = {int(suspect.received.timestamp()) for suspect in suspects}
    return {uid: (size, second) for uid, (size, second) in listed.items() if size in sizes or second in seconds}


def _may_be(suspect: Suspect, size: int | None, second: int | None) -> bool:
    return size in (None, suspect.wire_size) or second in (None, int(suspect.received.timestamp()))


def _read(mailbox: Mailbox, folder: Folder, listed: dict[int, _Told]) -> Iterator[Message | Unread]:
    """The messages, in commands of bounded bytes."""
    opened = mailbox.open(folder)
    for number, (told, _) in listed.items():
        if told is not None and told > SPOOL_OVER:
            mailbox.known.note_large(opened.raw, opened.uidvalidity, number, told)
    group: list[int] = []
    size = 0
    for uid in [*sorted(listed), None]:
        if uid is None or size > _GROUP_BYTES:
            yield from read_bodies(mailbox, folder, group)
            group, size = [], 0
        if uid is not None:
            group.append(uid)
            size += listed[uid][0] or SPOOL_OVER


def _candidate(message: Message, spool: Path) -> Candidate:
    body, digests = to_wire(message.body, spool)
    size = body.size
    body.release()
    return Candidate(message.key, message.received, size, digests.wire, digests.header)

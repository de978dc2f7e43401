"""Messages and batches for the contract suite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from connectors.body import MemoryBody
from connectors.contract import Body, Entry, Folder, Message, Outgoing, Source, Suspect, Unread
from connectors.suite.harness import Mail
from connectors.wire import digest_bytes

#: Longer than what any session keeps in memory (bytes).
LARGE = 9 * (1 << 20) + 17

_FLAGS = [frozenset[str](), frozenset({"\\Seen"}), frozenset({"\\Seen", "\\Answered"}), frozenset({"\\Flagged"})]


def mail(number: int) -> Mail:
    """A small message of its own, each number another; dates and flags vary."""
    zone = timezone(timedelta(hours=number % 24 - 11, minutes=30 * (number % 2)))
    data = (
        f"Received: from somewhere by suite.example; Mon, 1 Jan 2024 00:00:{number % 60:02} +0000\r\n"
        f"From: Ann <ann{number}@suite.example>\r\nTo: bob@suite.example\r\n"
        f"Date: Mon, 1 Jan 2024 10:00:00 +0100\r\nMessage-ID: <{number}.suite@suite.example>\r\n"
        f"Subject: Number {number}\r\n folded onto a second line\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\nBody of number {number}\r\n.\r\n..dots\r\nend\r\n"
    )
    received = datetime(1996, 2, 3, 4, 5, 6, tzinfo=zone) + timedelta(days=17 * number, seconds=number)
    return Mail(data.encode(), received, _FLAGS[number % len(_FLAGS)])


def mails(number: int) -> list[Mail]:
    return [mail(n) for n in range(number)]


def large_mail() -> Mail:
    line = b"0123456789abcdef" * 4 + b"\r\n"
    head = mail(7).data
    return Mail(head + (line * (LARGE // len(line) + 1))[: LARGE - len(head) - 2] + b"\r\n")


AWKWARD = {
    "8-bit header": b"From: a@x\r\nSubject: caf\xe9 \xc3\xa9\r\nMessage-ID: <a1@x>\r\n\r\nx\r\n",
    "8-bit body": b"From: a@x\r\nMessage-ID: <a2@x>\r\n\r\n\xff\xfe\x80\xe9\r\n",
    "NUL": b"From: a@x\r\nMessage-ID: <a3@x>\r\n\r\nbefore\x00after\r\n",
    "no body": b"From: a@x\r\nMessage-ID: <a4@x>\r\n\r\n",
    "no blank line": b"From: a@x\r\nMessage-ID: <a5@x>\r\n",
    "no line end": b"From: a@x\r\nMessage-ID: <a6@x>\r\n\r\nno line end",
    "no header": b"\r\nonly a body\r\n",
    "no Message-ID": b"From: a@x\r\nSubject: nameless\r\n\r\nx\r\n",
    "long line": b"From: a@x\r\nMessage-ID: <a7@x>\r\n\r\n" + b"y" * 20_000 + b"\r\n",
    "bare CR": b"From: a@x\r\nMessage-ID: <a8@x>\r\n\r\none\rtwo\r\n",
    "trailing spaces": b"From: a@x\r\nMessage-ID: <a9@x>\r\n\r\none  \r\ntwo\t\r\n",
    "From_ inside": b"From: a@x\r\nMessage-ID: <a10@x>\r\n\r\nFrom here on\r\n>From there\r\n",
    "commands": b"From: a@x\r\nMessage-ID: <a11@x>\r\n\r\nx1 CREATE pwned\r\nx2 LOGOUT\r\n{5+}\r\nx3 DELETE INBOX\r\n",
}  # fmt: skip


def outgoing(ordinal: int, item: Mail) -> Outgoing:
    digests = digest_bytes(item.data)
    return Outgoing(
        ordinal, MemoryBody(item.data), item.received, item.flags, digests.wire, digests.header, digests.message_id
    )


def batch(items: Sequence[Mail], first: int = 0) -> list[Outgoing]:
    return [outgoing(first + n, item) for n, item in enumerate(items)]


def suspect(sent: Outgoing, name: str) -> Suspect:
    """``sent`` as the engine remembers it; ``name`` is shared by an atomic batch."""
    return Suspect(
        sent.ordinal, name, sent.wire_digest, sent.body.size, sent.header_digest, sent.received, sent.message_id
    )


def suspects(sent: Sequence[Outgoing], *, atomic: bool) -> list[Suspect]:
    return [suspect(item, "batch" if atomic else f"attempt {item.ordinal}") for item in sent]


def listed(session: Source, folder: Folder) -> list[Entry]:
    """A whole listing."""
    return [entry for window in session.entries(folder, None) for entry in window.entries]


def folder_at(session: Source, path: tuple[str, ...]) -> Folder:
    return next(folder for folder in session.folders() if folder.path == path)


def contents(body: Body) -> bytes:
    with body.open() as reader:
        return reader.read()


def message(answer: Message | Unread) -> Message:
    assert isinstance(answer, Message), f"could not be read: {answer}"
    return answer


def seconds(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp())


def same_mails(one: Sequence[Mail], other: Sequence[Mail]) -> bool:
    """Same bytes, flags and instants, in any zone."""
    return [_plain(item) for item in one] == [_plain(item) for item in other]


def _plain(item: Mail) -> tuple[bytes, int | None, frozenset[str]]:
    return item.data, seconds(item.received), item.flags

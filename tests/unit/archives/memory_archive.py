"""An archive in memory: what the commands do with any archive, without a file of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Damaged, Item, Nature, PersonalItem, Problem
from connectors.contract import Role

BEGIN = datetime(2019, 3, 4, 9, 30, tzinfo=UTC)


def message(number: int, body: bytes = b"Hello\n", sender: str = "anna@example.org") -> bytes:
    return (
        f"From: {sender}\r\nTo: bruno@example.org\r\nSubject: number {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\nDate: Mon, 4 Mar 2019 09:30:00 +0000\r\n\r\n"
    ).encode() + body


def event(number: int, zone: bytes = b"") -> PersonalItem:
    data = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n%sBEGIN:VEVENT\r\nUID:e%d\r\nDTSTAMP:20190304T093000Z\r\n"
        b"DTSTART:20190304T093000Z\r\nSUMMARY:private %d\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" % (zone, number, number)
    )
    return PersonalItem(Nature.APPOINTMENT, ".ics", data)


def zone(name: bytes, offset: bytes = b"+0100") -> bytes:
    return (
        b"BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:%s\r\n"
        b"TZOFFSETTO:%s\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" % (name, offset, offset)
    )


def card(number: int) -> PersonalItem:
    data = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Person %d\r\nN:Person;%d;;;\r\nEND:VCARD\r\n" % (number, number)
    return PersonalItem(Nature.CONTACT, ".vcf", data)


@dataclass
class Held:
    """One item of a folder."""

    item: Item
    data: bytes = b""
    personal: PersonalItem | None = None
    damaged: str = ""


@dataclass
class HeldFolder:
    path: tuple[str, ...]
    held: list[Held] = field(default_factory=list)
    role: Role | None = None
    #: Whether the archive tells its number of items without reading them.
    counted: bool = True

    @property
    def key(self) -> str:
        return "/".join(self.path)

    def mail(self, number: int, data: bytes | None = None, **more: object) -> Held:
        data = message(number) if data is None else data
        more = {"flags": frozenset({"\\Seen"}), "received": BEGIN + timedelta(days=number)} | more
        held = Held(Item(f"m{number}", len(data), **more), data)  # type: ignore[arg-type]
        self.held.append(held)
        return held

    def other(self, number: int, personal: PersonalItem) -> Held:
        held = Held(Item(f"p{number}", None, None, None, personal.nature), personal=personal)
        self.held.append(held)
        return held


class MemoryArchive:
    kind: ClassVar[str] = "memory"

    def __init__(self, *folders: HeldFolder, identity: str = "one", epoch: str = "1") -> None:
        self.held = {folder.key: folder for folder in folders}
        self._identity = identity
        self._epoch = epoch
        self.unknown: dict[str, int] = {}
        self.found: list[Problem] = []
        #: What was asked for, in order.
        self.asked: list[str] = []
        self.closed = 0

    @property
    def rebuilt(self) -> bool:
        return True

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def epoch(self) -> str:
        return self._epoch

    def token(self) -> str:
        return "1"

    def folders(self) -> Iterator[ArchiveFolder]:
        for one in self.held.values():
            yield ArchiveFolder(one.path, one.role, one.key, len(one.held) if one.counted else None)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        self.asked.append(f"items {folder.key}")
        for held in list(self.held[folder.key].held):
            yield held.item

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        held = self._held(folder, key)
        self.asked.append(f"write {key}")
        half = len(held.data) // 2
        out.write(held.data[:half])
        if held.damaged:
            raise Damaged(held.damaged, "a block cannot be read")
        out.write(held.data[half:])

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        self.asked.append(f"header {key}")
        return self._held(folder, key).data.partition(b"\r\n\r\n")[0]

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        held = self._held(folder, key)
        if held.damaged or held.personal is None:
            raise Damaged(held.damaged or "no-form", "nothing is known of it")
        return held.personal

    def unknown_addresses(self) -> Mapping[str, int]:
        return self.unknown

    def problems(self) -> Sequence[Problem]:
        return self.found

    def close(self) -> None:
        self.closed += 1

    def _held(self, folder: ArchiveFolder, key: str) -> Held:
        for held in self.held[folder.key].held:
            if held.item.key == key:
                return held
        raise KeyError(key)

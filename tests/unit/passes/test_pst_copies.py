"""A PST that its owner goes on using, copied again and again: what they did with it follows, nothing comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from connectors.archives.contract import Reading
from connectors.archives.source import ArchiveSource
from connectors.contract import Source
from connectors.pst.archive import open_pst
from connectors.read_state import ReadRule
from migrate.copy.job import Job
from migrate.copy.run import PassResult
from tests.pst_writer import PstWriter
from tests.pst_writer.letters import letter
from tests.unit.passes.world import Sides

READ, UNREAD, FLAGGED = {0x0E070003: 1}, {0x0E070003: 0}, {0x0E070003: 1, 0x10900003: 2}
FOLDERS = ("Letters", "Kept", "Sent")


@dataclass
class Outlook:
    """What its owner sees: by number, the folder and marks of each message.  Numbers are given once, as in a file."""

    folder: Path
    mail: dict[int, tuple[str, Mapping[int, object]]] = field(default_factory=dict)

    def saved_as(self, name: str, *folders: str) -> Path:
        path = self.folder / name
        with PstWriter(path, seed="anna's") as pst:
            nodes = {one: pst.folder(one) for one in folders or FOLDERS}
            first = pst._next_message
            for number, (place, tags) in sorted(self.mail.items()):
                pst._next_message = first + number
                pst.message(nodes[place], letter(number, tags=tags))
        return path


@dataclass
class PstSide:
    """The archive as a source of the mailbox of ``sides``, wherever the file lies at the moment."""

    sides: Sides
    path: Path

    def job(self, **changes: object) -> Job:
        def open_source(_stop: Event) -> Source:
            archive = open_pst(self.path, Reading(self.sides.folder))
            return ArchiveSource(archive, self.path, self.sides.resources, ReadRule())

        named = {"source": "archive:anna's", "called": self.path.name, "open_source": open_source}
        return self.sides.job(**changes | named | {"rebuilt": True, "is_archive": True, "beside_rebuilt": True})


@pytest.fixture
def outlook(tmp_path: Path) -> Outlook:
    return Outlook(tmp_path, dict.fromkeys(range(8), ("Letters", UNREAD)))


def run(sides: Sides, path: Path) -> PassResult:
    return sides.run(PstSide(sides, path), beside_rebuilt=True)  # type: ignore[arg-type]  # as a further side


def places(sides: Sides) -> dict[int, str]:
    """The folder of each message on the target, by its number; fails when one is there twice."""
    found: dict[int, str] = {}
    for (path, data), count in sides.on_target().items():
        number = int(data.split(b"Subject: Letter ", 1)[1].split(b"\r\n")[0])
        assert (count, number in found) == (1, False), f"{number} is there twice"
        found[number] = path[0]
    return found


def marks(sides: Sides) -> dict[int, frozenset[str]]:
    there = sides.worlds[1].reader("anna@example.org")
    return {
        int(kept.data.split(b"Subject: Letter ", 1)[1].split(b"\r\n")[0]): frozenset(kept.flags)
        for state in there.folders()
        for kept in state.messages
    }


def test_a_newer_copy_brings_what_is_new_and_what_was_done_and_nothing_twice(sides: Sides, outlook: Outlook) -> None:
    assert run(sides, outlook.saved_as("anna.pst")).copied == 8
    assert places(sides) == dict.fromkeys(range(8), "Letters")
    outlook.mail[1] = "Letters", READ
    outlook.mail[2] = "Letters", FLAGGED
    outlook.mail[3] = "Kept", READ
    del outlook.mail[4]
    outlook.mail |= dict.fromkeys((8, 9), ("Letters", UNREAD)) | {10: ("Sent", READ)}
    newer = run(sides, outlook.saved_as("Outlook (2).pst"))
    assert newer.complete
    assert (newer.copied, newer.moved, newer.tally.gone) == (3, 1, 1)
    # Nothing is deleted on the target, and what moved follows.
    assert places(sides) == {**dict.fromkeys(range(10), "Letters"), 3: "Kept", 10: "Sent"}
    told = marks(sides)
    assert {number for number, flags in told.items() if "\\Seen" in flags} == {1, 2, 3, 10}
    assert "\\Flagged" in told[2]
    again = run(sides, outlook.saved_as("anna.pst"))
    assert (again.copied, again.moved, again.flagged) == (0, 0, 0)


def test_an_older_copy_that_comes_later_loses_nothing_and_brings_nothing_twice(sides: Sides, outlook: Outlook) -> None:
    older = outlook.saved_as("2019.pst")
    outlook.mail[3] = "Kept", READ
    del outlook.mail[4]
    outlook.mail[8] = "Letters", READ
    newer = outlook.saved_as("2020.pst")
    for path, copied, moved in ((newer, 8, 0), (older, 1, 1), (newer, 0, 1), (older, 0, 1)):
        result = run(sides, path)
        assert (result.copied, result.moved, result.complete) == (copied, moved, True)
        assert len(places(sides)) == 8 + (path is older or copied == 0)
    assert sorted(places(sides)) == list(range(9))


def test_a_folder_that_was_renamed_brings_nothing_twice(sides: Sides, outlook: Outlook) -> None:
    run(sides, outlook.saved_as("anna.pst"))
    outlook.mail = {number: ("Letters 2019", tags) for number, (_folder, tags) in outlook.mail.items()}
    outlook.mail[8] = "Letters", UNREAD
    later = run(sides, outlook.saved_as("anna.pst", "Letters 2019", "Letters"))
    assert (later.copied, later.complete) == (1, True)
    assert Counter(places(sides).values()) == {"Letters 2019": 8, "Letters": 1}


def test_all_messages_moved_to_another_folder_at_once_follow(sides: Sides, outlook: Outlook) -> None:
    run(sides, outlook.saved_as("anna.pst"))
    for folder in ("Kept", "Sent", "Letters", "Kept", "Letters"):
        outlook.mail = {number: (folder, tags) for number, (_folder, tags) in outlook.mail.items()}
        later = run(sides, outlook.saved_as(f"{folder}.pst"))
        assert (later.copied, later.moved) == (0, 8)
        assert set(places(sides).values()) == {folder}


def test_a_message_that_was_moved_back_goes_on_being_followed(sides: Sides, outlook: Outlook) -> None:
    run(sides, outlook.saved_as("anna.pst"))
    outlook.mail[3] = "Kept", UNREAD
    run(sides, outlook.saved_as("anna.pst"))
    outlook.mail[3] = "Letters", READ
    back = run(sides, outlook.saved_as("anna.pst"))
    assert (back.copied, back.moved, back.tally.gone, back.tally.seen) == (0, 1, 0, 8)
    assert places(sides) == dict.fromkeys(range(8), "Letters")
    assert "\\Seen" in marks(sides)[3]
    outlook.mail[3] = "Letters", FLAGGED
    assert run(sides, outlook.saved_as("anna.pst")).flagged == 1
    assert "\\Flagged" in marks(sides)[3]

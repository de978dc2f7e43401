"""Archives to put into containers, and what is read of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from connectors.archives.contract import Archive, Reading
from tests.unit.dbx.writer import Entry, folder_file, message
from tests.unit.olm.writer import Mail, OlmWriter


def mbox(*numbers: int) -> bytes:
    return b"".join(b"From - Thu Jan  1 00:00:00 2015\n" + text(number) + b"\n" for number in numbers)


def text(number: int) -> bytes:
    head = f"From: a@example.org\nSubject: n{number}\nMessage-ID: <{number}@example.org>\n"
    return f"{head}Date: Thu, 1 Jan 2015 00:00:{number % 60:02d} +0000\n\ntext {number}\n".encode()


def takeout(*labelled: tuple[int, str]) -> bytes:
    """An mbox file as Google Takeout writes it."""
    return b"".join(
        b"From %d@xxx Thu Jan  1 00:00:00 +0000 2015\r\nX-GM-THRID: %d\r\nX-Gmail-Labels: %s\r\n%s\r\n"
        % (number, number, labels.encode(), text(number).replace(b"\n", b"\r\n"))
        for number, labels in labelled
    )


def dbx(*numbers: int) -> bytes:
    return folder_file([Entry(message(number)) for number in numbers])


def olm(folder: Path, *subjects: str) -> bytes:
    writer = OlmWriter().mail("Inbox", *(Mail(subject=one, message_id=f"{one}@example.org") for one in subjects))
    return writer.write(folder / "made.olm").read_bytes()


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def fill(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def keyed(archive: Archive) -> dict[str, bytes]:
    """Every message by its key; in one folder no key stands for two."""
    found: dict[str, bytes] = {}
    for folder in archive.folders():
        own: set[str] = set()
        for item in archive.items(folder):
            assert item.key not in own
            own.add(item.key)
            out = BytesIO()
            archive.write_message(folder, item.key, out)
            assert out.getvalue().startswith(archive.header(folder, item.key))
            # The same message in two folders is called the same, and is there twice.
            found[item.key if item.key not in found else f"{folder.key} {item.key}"] = out.getvalue()
    return found


def counts(archive: Archive) -> dict[tuple[str, ...], int]:
    """How many items each folder has."""
    return {folder.path: len(list(archive.items(folder))) for folder in archive.folders()}


def codes(archive: Archive) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.key) for problem in archive.problems()]


def left_in(reading: Reading) -> list[Path]:
    """What lies in the spool folder."""
    return list(reading.spool.iterdir())

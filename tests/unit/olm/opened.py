"""What is read of an export, for tests to look at."""

from __future__ import annotations

import email
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

from connectors.archives.contract import ArchiveFolder, Item, Reading
from connectors.olm import OlmArchive, open_olm
from tests.unit.olm.writer import OlmWriter


@contextmanager
def opened(writer: OlmWriter, reading: Reading, name: str = "export.olm") -> Iterator[OlmArchive]:
    archive = open_olm(writer.write(reading.spool / name), reading)
    try:
        yield archive
    finally:
        archive.close()


def everything(archive: OlmArchive) -> list[tuple[ArchiveFolder, Item]]:
    return [(folder, item) for folder in archive.folders() for item in archive.items(folder)]


def written(archive: OlmArchive, folder: ArchiveFolder, key: str) -> bytes:
    out = BytesIO()
    archive.write_message(folder, key, out)
    assert out.getvalue().startswith(archive.header(folder, key))
    return out.getvalue()


def parsed(archive: OlmArchive, folder: ArchiveFolder, key: str) -> EmailMessage:
    return email.message_from_bytes(written(archive, folder, key), policy=policy.default)


def only(writer: OlmWriter, reading: Reading) -> tuple[Item, EmailMessage]:
    """The one message of an export."""
    with opened(writer, reading) as archive:
        [(folder, item)] = everything(archive)
        return item, parsed(archive, folder, item.key)


def corpus_olm(shared_corpus: Path) -> Path:
    return shared_corpus / "archives" / "aspose-SampleOLM.olm"

"""Bodies, attachments and headers of real archives are those that libpff finds, wherever libpff finds any."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pypff
import pytest

from connectors.archives.contract import Nature, Reading
from connectors.pst.archive import PstArchive, open_pst

#: Attachments by value that libpff reads in each sample: none may be missed here.
ATTACHMENTS = {
    "aleph-testPST": 0, "aspose-Outlook_1": 30, "aspose-sample": 0, "aspose-search": 0, "aspose-source": 30,
    "hht-alpha-beta": 1, "jlp-dist-list": 0,
}  # fmt: skip
#: Bodies and headers with NULs in them, where libpff ends them.
CUT_BY_LIBPFF = {"aspose-search"}
#: Fields that are left out, lines that belong to another one, and Outlook's own.
_NOT_KEPT = re.compile(r"(?i)content-|mime-version|\s|microsoft mail")


def messages(archive: PstArchive) -> dict[int, tuple[bytes, EmailMessage]]:
    """Every mail by its node."""
    found: dict[int, tuple[bytes, EmailMessage]] = {}
    for folder in archive.folders():
        for item in archive.items(folder):
            if item.nature is not Nature.MAIL:
                continue
            out = BytesIO()
            archive.write_message(folder, item.key, out)
            message = email.message_from_bytes(out.getvalue(), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            found[int(item.key.partition("-")[0], 16)] = (out.getvalue(), message)
    return found


def by_libpff(folder: Any) -> Iterator[Any]:
    yield from folder.sub_messages
    for below in folder.sub_folders:
        yield from by_libpff(below)


def told(message: Any, name: str) -> Any:
    """A body or header, None when libpff cannot read it."""
    try:
        return getattr(message, name, None)
    except OSError:
        return None


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n\0").split("\n")


@pytest.mark.parametrize("name", ATTACHMENTS)
def test_libpff_finds_the_same_bodies_and_attachments(name: str, shared_corpus: Path, tmp_path: Path) -> None:
    path = shared_corpus / "archives" / f"{name}.pst"
    with closing(open_pst(path, Reading(tmp_path))) as archive:
        ours = messages(archive)
    file = pypff.file()
    file.open(str(path))
    attachments = compared = 0
    for theirs in by_libpff(file.get_root_folder()):
        if theirs.identifier not in ours:
            continue
        data, message = ours[theirs.identifier]
        compared += 1
        if text := told(theirs, "plain_text_body"):
            plain = message.get_body(("plain",))
            assert plain is not None
            shown = lines(plain.get_content())
            if name in CUT_BY_LIBPFF:
                shown = lines("\n".join(shown).partition("\0")[0])
            assert shown == lines(text.decode())
        if html := told(theirs, "html_body"):
            part = message.get_body(("html",))
            assert part is not None
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            assert payload.replace(b"\r\n", b"\n").strip() == html.replace(b"\r\n", b"\n").strip(b"\0\n ")
        arrived = "" if name in CUT_BY_LIBPFF else told(theirs, "transport_headers") or ""
        for header in arrived.replace("\r\n", "\n").split("\n"):
            assert _NOT_KEPT.match(header) or not header or header.encode() + b"\r\n" in data
        attachments += sum(one in payloads(message) for one in attached(theirs))
    file.close()
    assert compared == len(ours)
    assert attachments == ATTACHMENTS[name]


def attached(message: Any) -> list[bytes]:
    """Bytes of what is attached by value: what libpff gives of an attached message is no file."""
    parts = [message.get_attachment(number) for number in range(message.number_of_attachments)]
    return [part.read_buffer(part.get_size()) for part in parts if part.get_size()]


def payloads(message: EmailMessage) -> list[object]:
    return [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]

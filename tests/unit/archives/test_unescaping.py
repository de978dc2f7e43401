"""Lines that begin with From are given back as they were sent where that is proven, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import os
from contextlib import closing
from pathlib import Path

import pytest

from connectors.mbox import file as mbox_file
from connectors.mbox import unescaping
from connectors.mbox.archive import open_mbox
from connectors.mbox.unescaping import signed_as
from tests.unit.archives.looking import messages, reading

FROM = b"From anna@example.org Sat Jan  3 01:05:34 1996\n"
SENT = b"Hello\nFrom here on\n>From there\n"
MBOXRD = b"Hello\n>From here on\n>>From there\n"
MBOXO = b"Hello\n>From here on\n>From there\n"


def signed(body: bytes, how: bytes = b"relaxed/relaxed", extra: bytes = b"") -> bytes:
    """A header with the body hash of these bytes, which here need no canonical form but their line ends."""
    text = body.replace(b"\n", b"\r\n")
    digest = base64.b64encode(hashlib.sha256(text).digest())
    return b"DKIM-Signature: v=1; a=rsa-sha256; c=%s; d=x;%s\n bh=%s;\n b=abc\nA: 1\n" % (how, extra, digest)


def stored(tmp_path: Path, *parts: tuple[bytes, bytes]) -> list[bytes]:
    """Headers and bodies in a file, and what is read of it."""
    path = tmp_path / "box"
    path.write_bytes(b"".join(FROM + header + b"\n" + body + b"\n" for header, body in parts))
    os.utime(path, (1, 1))
    with closing(open_mbox(path, reading(tmp_path))) as archive:
        return [data.partition(b"\n\n")[2] for data in messages(archive)]


def test_a_file_that_proves_nothing_keeps_its_bytes(tmp_path: Path) -> None:
    assert stored(tmp_path, (b"A: 1\n", MBOXRD), (b"A: 2\n", b">From x\n")) == [MBOXRD, b">From x\n"]


@pytest.mark.parametrize("how", [b"relaxed/relaxed", b"simple/simple", b"relaxed/simple", b"simple"])
def test_one_signature_over_twice_escaped_lines_proves_the_whole_file(tmp_path: Path, how: bytes) -> None:
    found = stored(tmp_path, (b"A: 1\n", b">From x\n"), (signed(SENT, how), MBOXRD), (b"A: 2\n", b"a\n>>>From y\n"))
    assert found == [b"From x\n", SENT, b"a\n>>From y\n"]


def test_a_signature_over_lines_escaped_once_proves_its_own_message_alone(tmp_path: Path) -> None:
    once = b"Hello\nFrom here on\n"
    found = stored(tmp_path, (b"A: 1\n", b">From x\n"), (signed(once), b"Hello\n>From here on\n"))
    assert found == [b">From x\n", once]


def test_a_signature_over_the_lines_as_they_lie_there_proves_the_contrary(tmp_path: Path) -> None:
    assert stored(tmp_path, (signed(MBOXRD), MBOXRD), (b"A: 2\n", b">>From x\n")) == [MBOXRD, b">>From x\n"]


def test_a_broken_signature_proves_nothing(tmp_path: Path) -> None:
    assert stored(tmp_path, (signed(b"other\n"), MBOXRD)) == [MBOXRD]
    assert signed_as(b"DKIM-Signature: bh=\xff\xff; c=\nDKIM-Signature:\n", b"\n" + MBOXRD, b"\n" + SENT) is None


def test_a_signature_over_a_part_of_the_body_and_with_blanks(tmp_path: Path) -> None:
    body = b"Hello  there \nFrom here\n\n\n"
    canonical = b"Hello there\r\nFrom here\r\n"
    digest = base64.b64encode(hashlib.sha256(canonical[:20]).digest())
    header = b"DKIM-Signature: a=rsa-sha256; c=simple/relaxed; l=20; bh=%s\n" % digest
    assert signed_as(header, b"\n" + body.replace(b"From", b">From"), b"\n" + body) is True


def test_a_message_that_does_not_fit_into_memory_is_treated_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [b">From the start\n" + b"x\n>From y\n" * 100, b">" * 200 + b"From z\nend\n"]
    parts = [(signed(SENT), MBOXRD), *((b"A: 2\n", body) for body in bodies)]
    whole = stored(tmp_path, *parts)
    assert whole[1:] == [b"From the start\n" + b"x\nFrom y\n" * 100, b">" * 199 + b"From z\nend\n"]
    for chunk in (1, 2, 7, 64, 1000):
        monkeypatch.setattr(mbox_file, "_IN_MEMORY", 0)
        monkeypatch.setattr(mbox_file, "_CHUNK", chunk)
        assert stored(tmp_path, *parts) == whole


def test_what_looks_escaped_in_the_middle_of_a_long_line_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mbox_file, "_IN_MEMORY", 0)
    monkeypatch.setattr(unescaping, "_LONGEST_START", 30)
    body = b"".join(b"x" * length + b">From y\n>From z\n" for length in range(1, 200))
    for chunk in (1, 10, 64, 100):
        monkeypatch.setattr(mbox_file, "_CHUNK", chunk)
        found = stored(tmp_path, (signed(SENT), MBOXRD), (b"A: 2\n", body))
        assert found[1] == body.replace(b"\n>From z", b"\nFrom z")

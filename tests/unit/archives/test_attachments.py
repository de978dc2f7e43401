"""What is attached to a message is the same whoever puts the message together, and told from everything else."""

from __future__ import annotations

import io
import tracemalloc
from email.message import EmailMessage, MIMEPart
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.attachments import attachments_digest
from connectors.wire import wire_bytes

PDF = bytes(range(256)) * 40
NONE = attachments_digest(io.BytesIO(b"Subject: x\r\n\r\nno part at all\r\n"))


def digest(data: bytes, step: int = 1 << 18) -> bytes:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or step, step))

    return attachments_digest(Slow(wire_bytes(data)))


def whole(*files: tuple[str, bytes], html: bool = True, encoding: str = "base64") -> bytes:
    """As a server keeps it."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = "s"
    made.set_content("plain\n")
    if html:
        made.add_alternative("<p>plain</p>\n", subtype="html")
    for name, data in files:
        kind = "text" if name.endswith(".txt") else "application"
        made.add_attachment(
            data, maintype=kind, subtype="plain" if kind == "text" else "pdf", filename=name, cte=encoding
        )
    return made.as_bytes()


def rebuilt(*files: tuple[str, bytes]) -> bytes:
    """As somebody writes it who has the pieces alone: another order, other boundaries, another encoding."""
    outer = MIMEMultipart("mixed", boundary="=_another (one)")
    for _name, data in reversed(files):
        part = MIMEApplication(data, "octet-stream")
        part.add_header("Content-Disposition", "attachment", filename="other.bin")
        outer.attach(part)
    outer.attach(MIMEText("<p>another text</p>", "html", "utf-8"))
    return outer.as_bytes()


def test_the_same_files_are_the_same_however_they_are_packed() -> None:
    one, other = ("a.pdf", PDF), ("b.pdf", b"\0\r\n--x--\r\n" * 50)
    assert digest(whole(one, other)) == digest(rebuilt(one, other)) == digest(whole(other, one, html=False))
    assert digest(whole(one, encoding="quoted-printable")) == digest(whole(one))
    assert digest(whole()) == digest(rebuilt()) == NONE


def test_another_file_one_more_of_it_or_none_is_another_message() -> None:
    one = ("a.pdf", PDF)
    found = {digest(whole(one)), digest(whole(one, one)), digest(whole()), digest(whole(("a.pdf", PDF + b"x")))}
    assert len(found) == 4


def test_an_attached_text_is_told_from_a_body_and_its_line_ends_do_not_count() -> None:
    assert digest(whole(("notes.txt", b"one\ntwo\n"))) == digest(whole(("notes.txt", b"one\r\ntwo\r\n\r\n")))
    assert digest(whole(("notes.txt", b"one\n"))) != digest(whole())


def test_a_body_may_say_anything() -> None:
    plain = b"Content-Type: text/plain\r\n\r\n--x\r\nSubject: no\r\n\r\n--x--\r\n"
    assert digest(plain) == NONE
    assert digest(b"Content-Type: text/plain; name=a.txt\r\n\r\nattached\r\n") != NONE


def test_an_attached_message_counts_by_its_header_and_by_what_is_attached_to_it() -> None:
    def carrying(subject: str, *files: tuple[str, bytes]) -> bytes:
        inner = EmailMessage(policy=SMTP)
        inner["Subject"], inner["Message-ID"] = subject, "<1@example.org>"
        inner.set_content("text\n")
        for name, data in files:
            inner.add_attachment(data, maintype="application", subtype="pdf", filename=name)
        outer = EmailMessage(policy=SMTP)
        outer.set_content("see below\n")
        outer.add_attachment(inner)
        return outer.as_bytes()

    with_file = digest(carrying("a", ("a.pdf", PDF)))
    assert with_file == digest(carrying("a", ("other.pdf", PDF)))
    assert len({with_file, digest(carrying("b", ("a.pdf", PDF))), digest(carrying("a")), NONE}) == 4


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000])
def test_pieces_may_end_anywhere(step: int) -> None:
    data = whole(("a.pdf", PDF[:300]), ("notes.txt", b"one\r\n--two\r\n"))
    assert digest(data, step) == digest(data)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nno boundary was named\r\n--x--\r\n",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\nno part\r\n',
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x',
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n--x--\r\n',
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n',
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nA\r\n=A=\r\n",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' * 60,
        b"Content-Type: message/rfc822\r\n\r\n" * 60,
        b"X" * (3 << 20),
    ],
)
def test_a_broken_message_has_a_digest_too(broken: bytes) -> None:
    assert digest(broken) == digest(broken, 5 if len(broken) < 5000 else 4096)


def test_a_cut_multipart_keeps_what_came() -> None:
    data = whole(("a.pdf", PDF), ("b.pdf", b"second"))
    cut = data[: data.rindex(b"--==")]
    assert digest(cut) == digest(data)


parts = st.recursive(
    st.tuples(st.sampled_from(["application/pdf", "text/plain", "image/png"]), st.binary(max_size=300)),
    lambda inner: st.lists(inner, min_size=1, max_size=4),
    max_leaves=8,
)


def build(tree: object) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    if isinstance(tree, tuple):
        kind, data = tree
        main, sub = kind.split("/")
        part.set_content(data, maintype=main, subtype=sub, cte="base64", disposition="attachment")
        return part
    assert isinstance(tree, list)
    part["Content-Type"] = "multipart/mixed"
    part.set_payload([build(one) for one in tree])  # type: ignore[arg-type]
    return part


def leaves(tree: object) -> list[object]:
    return [tree] if isinstance(tree, tuple) else [leaf for one in tree for leaf in leaves(one)]  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(parts, st.integers(1, 90))
def test_any_nesting_is_the_same_as_none(tree: object, step: int) -> None:
    flat = build(leaves(tree))
    nested = build(tree if isinstance(tree, list) else [tree])
    assert digest(nested.as_bytes(), step) == digest(flat.as_bytes())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_end_in_a_digest(data: bytes, step: int) -> None:
    head = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
    assert digest(head + data, step) == digest(head + data)


def test_memory_is_bounded_by_pieces() -> None:
    class Endless(io.RawIOBase):
        left = 200

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            if self.left == 199:
                return b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: a/b\r\n\r\n'
            return b"y" * (1 << 18) if self.left > 0 else b""

    tracemalloc.start()
    attachments_digest(Endless())  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20

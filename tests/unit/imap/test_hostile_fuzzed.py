"""Answers bent at random: a session ends in a verdict or goes on, and nothing else ever happens."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.imap.names import Namespace, by_path, parse_list, parse_namespace, raw_of
from connectors.imap.response import MalformedResponse, parse_fetch, parse_status, parse_values
from tests.unit.imap.hostile import COMMANDS, Bend, hostile, tour

#: More, and other ones each time, for a night's run.
EXAMPLES = os.environ.get("BASCULE_EXAMPLES")


def checks(examples: int) -> settings:
    return settings(
        max_examples=int(EXAMPLES or examples),
        deadline=None,
        derandomize=EXAMPLES is None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


#: What an answer may be bent with: pieces of the grammar in the wrong place, and what is in no grammar.
NASTY = st.one_of(
    st.sampled_from(
        [
            b"(", b")", b'"', b"\\", b"{", b"}", b"[", b"]", b"{5}\r\n", b"{0}\r\n", b"{99999999999}\r\n",
            b"~{3+}\r\nabc", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"NIL", b"*", b"+ ", b"* ", b"* BYE",
            b"* BAD x\r\n", b"B1 OK\r\n", b"UID", b"UID 4294967296", b"-1", b"0", b"99999999999999999999", b"BODY[",
            b"BODY[]", b"FLAGS (", b"FLAGS",
            b"* 1 FETCH (UID 2 FLAGS ())\r\n", b"* 1 EXPUNGE\r\n", b"* 99 EXISTS\r\n", b"* OK [UIDVALIDITY 8] x\r\n",
            b"[APPENDUID 7 ", b"&", b"&-", b"&AAA", b"../", b"\x1b[2J", "é".encode(),
        ]
    ),
    st.binary(min_size=1, max_size=8),
)  # fmt: skip


@st.composite
def bends(draw: st.DrawFn) -> Bend:
    """Up to three places of the answer are replaced, cut out or filled in; now and then it ends there."""
    edits = draw(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), NASTY), min_size=1, max_size=3))
    ends = draw(st.integers(0, 9)) == 0

    def bend(tag: bytes, good: bytes) -> tuple[bytes]:
        for place, length, by in edits:
            at = int(place * len(good))
            good = good[:at] + by + (b"" if ends else good[at + length :])
        return (good,)

    return bend


@checks(120)
@given(st.dictionaries(st.sampled_from(COMMANDS), bends(), min_size=1, max_size=2))
def test_a_bent_answer_is_a_verdict_or_no_matter(bent: dict[str, Bend]) -> None:
    with (
        tempfile.TemporaryDirectory() as spool,
        hostile(**{name.replace(" ", "_"): b for name, b in bent.items()}) as server,
    ):
        tour(server.port, Path(spool), timeout=0.05)
        assert not list(Path(spool).iterdir()), "nothing stays in the spool folder"


@st.composite
def responses(draw: st.DrawFn) -> list[bytes]:
    """A response with its literals taken out."""
    text = b"".join(
        draw(st.lists(st.one_of(NASTY, st.sampled_from([b" ", b"* LIST (", b"* 1 FETCH (UID 1 "])), max_size=30))
    )
    parts = [text]
    for _ in range(draw(st.integers(0, 3))):
        parts += [draw(st.binary(max_size=20)), b"".join(draw(st.lists(NASTY, max_size=5)))]
    return parts


@checks(500)
@given(responses())
def test_a_response_is_understood_or_malformed(parts: list[bytes]) -> None:
    with suppress(MalformedResponse):
        parse_values(parts)
    parse_status(parts[0])
    fetched = parse_fetch(parts)
    assert fetched is None or fetched.uid is None or 0 < fetched.uid < 2**32
    parse_namespace([parts])
    listed = parse_list(parts)
    if listed is not None:
        for path in by_path([listed], Namespace()):
            "/".join(path).encode()
            raw_of(path, Namespace("x/", "/"))


@checks(300)
@given(
    st.lists(st.binary(min_size=1, max_size=30), max_size=8, unique=True),
    st.sampled_from([b"/", b".", b"&", b"\\", b"ab", b"-"]),
)
def test_folders_with_any_names_keep_paths_of_their_own(raws: list[bytes], separator: bytes) -> None:
    listed = [
        one
        for raw in raws
        if (one := parse_list([b'* LIST () "' + separator.replace(b"\\", b"\\\\") + b'" {1}\r\n', raw, b"\r\n"]))
        is not None
    ]
    by_raw = {one.raw: one for one in listed}
    found = by_path(by_raw.values(), Namespace("", separator.decode()))
    assert {one.raw for one in found.values()} == by_raw.keys()
    for path in found:
        "/".join(path).encode()
        assert b"\r" not in raw_of(path, Namespace("", separator.decode()))

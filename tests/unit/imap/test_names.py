"""Folder names survive the way to a server and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Role
from connectors.folder_names import harmless
from connectors.imap.names import (
    Listed,
    Namespace,
    by_path,
    cautious,
    decode,
    encode,
    parse_list,
    parse_namespace,
    path_of,
    raw_of,
)

SLASH = Namespace("", "/")
COURIER = Namespace("INBOX.", ".")


@given(st.text())
def test_modified_utf7_goes_both_ways(name: str) -> None:
    """But for control characters, which are spelt out for people."""
    name = harmless(name.encode("utf-8", "replace").decode())
    assert encode(name).isascii()
    assert decode(encode(name)) == name


@given(st.text())
def test_any_string_can_be_encoded(name: str) -> None:
    assert encode(name).isascii()


@given(st.binary(max_size=30))
def test_no_raw_name_breaks_decoding(raw: bytes) -> None:
    decode(raw).encode("utf-8")


@pytest.mark.parametrize(
    "namespace", [SLASH, COURIER, Namespace("", "."), Namespace("", None), Namespace("mail/", "/")]
)
@given(path=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_made_name_stays_what_it_is(namespace: Namespace, path: list[str]) -> None:
    raw = raw_of(tuple(path), namespace)
    place = path_of(raw, namespace.separator, namespace)
    assert raw_of(place, namespace) == raw
    assert path_of(raw_of(place, namespace), namespace.separator, namespace) == place


def test_the_prefix_is_no_part_of_a_path() -> None:
    assert path_of(b"INBOX.Sent.2020", ".", COURIER) == ("Sent", "2020")
    assert path_of(b"INBOX", ".", COURIER) == ("INBOX",)
    assert path_of(b"inbox/x", "/", SLASH) == ("INBOX", "x")
    assert raw_of(("Sent", "2020"), COURIER) == b"INBOX.Sent.2020"
    assert raw_of(("inbox",), COURIER) == b"INBOX"


def test_there_is_no_inbox_in_the_inbox() -> None:
    assert raw_of(("INBOX", "Sub"), COURIER) == b"INBOX.Sub"
    assert path_of(b"INBOX.INBOX", ".", COURIER) != ("INBOX",)


def test_what_a_server_cannot_hold_becomes_an_underscore() -> None:
    assert raw_of(("a/b", "c\r\nd", ""), SLASH) == b"a_b/c__d/_"
    assert raw_of(("a.b",), COURIER) == b"INBOX.a_b"
    assert cautious(("a.b*", "c\N{PACKAGE}")) == [("a.b*", "c_"), ("a_b_", "c_")]
    assert cautious(("R&D", "\N{PACKAGE}")) == [("R&D", "_"), ("R_D", "_")]
    assert cautious(("a.b",)) == [("a_b",)]
    assert cautious(("plain", "été")) == []


def test_an_invalid_name_keeps_its_spelling_and_its_folder() -> None:
    raws = [b"plain", b"&broken", b"a&-b", b"&AGE-", b"a"]
    folders = by_path([Listed(raw, "/", None, selectable=True) for raw in raws], SLASH)
    assert sorted(listed.raw for listed in folders.values()) == sorted(raws)
    assert folders["a&b",].raw == b"a&-b"
    assert (folders["a",].raw, folders["&AGE-",].raw) == (b"a", b"&AGE-")
    assert len(folders) == len(raws)


def test_thousands_of_names_that_are_written_alike_are_told_apart_by_short_additions() -> None:
    raws = [b"".join(parts) for parts in itertools.product((b"\x01", b"\\x01"), repeat=12)]
    folders = by_path([Listed(raw, "/", None, selectable=True) for raw in raws], SLASH)
    assert sorted(listed.raw for listed in folders.values()) == sorted(raws)
    assert max(len(name) for (name,) in folders) <= len("\\x01") * 12 + len("_4096")
    written = "\\x01" * 12
    assert (f"{written}_",) in folders
    assert (f"{written}_2",) in folders


@pytest.mark.parametrize(
    ("line", "role", "selectable"),
    [
        (rb'* LIST (\HasNoChildren \Sent) "/" "Sent"', Role.SENT, True),
        (rb'* LIST (\NOSELECT) "/" "Sent"', None, False),
        (rb'* LIST (\NonExistent \Trash) "/" Sent', Role.TRASH, False),
        (rb"* LIST (\All) NIL Sent", Role.ALL, True),
    ],
)
def test_listed_attributes_are_understood(line: bytes, role: Role | None, selectable: bool) -> None:
    listed = parse_list([line + b"\r\n"])
    assert listed is not None
    assert (listed.raw, listed.role, listed.selectable) == (b"Sent", role, selectable)


def test_a_name_may_be_a_literal_or_look_like_nil() -> None:
    odd = parse_list([b'* LIST () "/" {4}\r\n', b"a\r\nb", b"\r\n"])
    nil = parse_list([b'* LIST () "/" NIL\r\n'])
    assert odd is not None
    assert nil is not None
    assert (odd.raw, nil.raw) == (b"a\r\nb", b"NIL")


def test_other_peoples_folders_are_foreign() -> None:
    namespace = parse_namespace([[b'* NAMESPACE (("INBOX." ".")) (("user." ".")) (("shared." ".")("#news." "."))\r\n']])
    assert namespace == Namespace("INBOX.", ".", ("user.", "shared.", "#news."))
    assert parse_namespace([[b"* NAMESPACE NIL NIL NIL\r\n"]]) is None
    assert parse_namespace([[b"* NAMESPACE ((\r\n"]]) is None


def _foreign_of(namespace: bytes, names: Iterable[bytes], separator: str | None = ".") -> set[bytes]:
    """Those of the raw names that are foreign under what a server says to NAMESPACE."""
    told = parse_namespace([[b"* NAMESPACE " + namespace + b"\r\n"]])
    assert told is not None
    return {raw for raw in names if told.is_foreign(Listed(raw, separator, None, selectable=True))}


def test_without_a_shared_prefix_what_lies_in_no_other_namespace_is_shared() -> None:
    cyrus = b'(("INBOX." ".")("Attic." ".")) (("user." ".")) (("" "."))'
    own = {b"INBOX", b"INBOX.Work", b"INBOX.user.bob", b"Attic", b"Attic.2019"}
    foreign = {b"user", b"user.bob.Work", b"public", b"public.news", b"INBOXES"}
    assert _foreign_of(cyrus, own | foreign) == foreign
    assert _foreign_of(cyrus, [b"INBOX"], separator=None) == set()
    nested = b'(("user.ann." ".")) (("user." ".")) (("" "."))'
    assert _foreign_of(nested, [b"INBOX", b"user.ann.Work", b"user.bob.Work"]) == {b"user.bob.Work"}


@pytest.mark.parametrize("personal", [b'(("" "/"))', b'(("INBOX/" "/")("" "/"))'])
def test_folders_without_a_prefix_are_the_users_own_before_they_are_shared(personal: bytes) -> None:
    names = [b"INBOX", b"Work", b"user/bob"]
    assert _foreign_of(personal + b' (("user/" "/")) (("" "/"))', names, "/") == {b"user/bob"}


def test_other_peoples_folders_are_foreign_to_a_user_without_any() -> None:
    named = b'NIL (("user." ".")) (("shared." "."))'
    assert parse_namespace([[b"* NAMESPACE " + named + b"\r\n"]]) == Namespace("", ".", ("user.", "shared."))
    names = [b"INBOX", b"Work", b"user.bob.Work", b"shared.news"]
    assert _foreign_of(named, names) == {b"user.bob.Work", b"shared.news"}
    assert _foreign_of(b'NIL (("user." ".")) (("" "."))', names) == {*names} - {b"INBOX"}
    assert _foreign_of(b'NIL NIL (("" "."))', names) == {*names} - {b"INBOX"}


@pytest.mark.parametrize("shared", [b'((NIL "."))', b'("" ".")', b'(("") ())', b'""'])
def test_a_malformed_namespace_does_not_make_everything_shared(shared: bytes) -> None:
    assert _foreign_of(b'(("INBOX." ".")) NIL ' + shared, [b"INBOX", b"INBOX.Work", b"Work"]) == set()


@pytest.mark.parametrize("raw", [b"a\x1b[2Jb", b"&ABs-x", b"a\r\nb", b"\x00\x7f", b"\x9b", "\x9b31m".encode()])
def test_a_name_never_commands_the_terminal_that_it_is_shown_on(raw: bytes) -> None:
    name = decode(raw)
    assert name.isprintable()
    assert "\\x" in name

"""Whatever a server says, there is a verdict: no other exception, no hang, and memory stays bounded."""

from __future__ import annotations

import re
from itertools import repeat
from pathlib import Path

import pytest

from connectors.contract import ConnectorError
from tests.unit.imap.hostile import Bend, hostile, tour


def before(*more: bytes) -> Bend:
    """These lines, and then the answer as it should be."""
    return lambda tag, good: (b"".join(line + b"\r\n" for line in more), good)


def instead(*lines: bytes, status: bytes = b"OK done") -> Bend:
    """These lines, and the end of the command."""
    return lambda tag, good: (b"".join(line + b"\r\n" for line in lines), tag + b" " + status + b"\r\n")


def changed(pattern: bytes, by: bytes) -> Bend:
    return lambda tag, good: (re.sub(pattern, lambda _: by, good),)


def raw(*pieces: bytes) -> Bend:
    return lambda tag, good: pieces


def fetch(*items: bytes) -> Bend:
    return instead(*(b"* 1 FETCH (" + item + b")" for item in items))


GOOD_ITEMS = b'UID 1 FLAGS () INTERNALDATE "05-Jan-2026 08:00:00 +0000" RFC822.SIZE 107'

#: By name: what is bent, and how.
CASES: dict[str, dict[str, Bend]] = {
    # -- lengths that lie
    "a literal of 99999999999 bytes": {"UID_FETCH": raw(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nx")},
    "a literal with a length of 30 digits": {"LIST": raw(b"* LIST () {%s}\r\n" % (b"9" * 30))},
    "a literal of minus one bytes": {"UID_FETCH": raw(b"* 1 FETCH (UID 1 BODY[] {-1}\r\n)\r\n")},
    "a literal that is longer than what follows": {"UID_FETCH": raw(b"* 1 FETCH (UID 1 BODY[] {500}\r\nx)\r\n")},
    "a literal where a number belongs": {"STATUS": instead(b'* STATUS "INBOX" (UIDVALIDITY {1}\r\n7 UIDNEXT 4)')},
    "a literal in a tagged answer": {"CREATE": lambda tag, good: (tag + b" OK {3}\r\nabc\r\n",)},
    "seventy literals in one response": {"LIST": instead(b"* LIST (" + b"{1}\r\na" * 70 + b') "/" x')},
    "a literal of 4 GB among folders": {"LIST": raw(b'* LIST () "/" {4294967290}\r\nx')},
    # -- lines that never end, and lists that never close
    "a line without an end": {"LIST": lambda tag, good: repeat(b"a" * 65536)},
    "a line without an end while signing in": {"CAPABILITY": lambda tag, good: repeat(b"a" * 65536)},
    "a greeting without an end": {"GREETING": lambda tag, good: repeat(b"* OK " * 10000)},
    "a thousand open lists": {"LIST": instead(b"* LIST " + b"(" * 1000 + b")" * 1000)},
    "a thousand open lists in FETCH": {"UID_FETCH": fetch(b"UID 1 FLAGS " + b"(" * 1000 + b")" * 1000)},
    "lists closed that were not open": {"UID_FETCH": fetch(b"UID 1 FLAGS ())))))")},
    "a string without an end": {"LIST": instead(b'* LIST () "/" "abc')},
    "a megabyte of brackets": {"UID_FETCH": fetch(b"BODY[ " * 150_000)},
    "a megabyte of flags": {"UID_FETCH": fetch(b"UID 1 RFC822.SIZE 1 FLAGS (" + b"a " * 400_000 + b")")},
    # -- numbers out of bounds
    "UIDs above 32 bits": {"UID_FETCH": changed(rb"UID \d", b"UID 9999999999")},
    "a UID of zero": {"UID_FETCH": changed(rb"UID \d", b"UID 0")},
    "a negative UID": {"UID_FETCH": changed(rb"UID \d", b"UID -1")},
    "a UID of 5000 digits": {"UID_FETCH": changed(rb"UID \d", b"UID " + b"9" * 5000)},
    "a size above 64 bits": {"UID_FETCH": changed(rb"SIZE \d+", b"SIZE 9999999999999999999")},
    "a size of 63 bits": {"UID_FETCH": changed(rb"SIZE \d+", b"SIZE 9223372036854775807")},
    "a negative size": {"UID_FETCH": changed(rb"SIZE \d+", b"SIZE -5")},
    "a modification sequence above 64 bits": {
        "UID_FETCH": changed(rb"MODSEQ \(\d+\)", b"MODSEQ (9999999999999999999)")
    },
    "5000 digits of messages": {"EXAMINE": changed(rb"3 EXISTS", b"9" * 5000 + b" EXISTS")},
    "more messages than there can be": {"EXAMINE": changed(rb"3 EXISTS", b"999999999999999999 EXISTS")},
    "four billion messages": {"EXAMINE": changed(rb"3 EXISTS", b"4294967295 EXISTS")},
    "a negative number of messages": {"EXAMINE": changed(rb"3 EXISTS", b"-3 EXISTS")},
    "more messages than there can be, by STATUS": {"STATUS": changed(rb"MESSAGES 3", b"MESSAGES 9223372036854775806")},
    "a UIDNEXT above 32 bits": {"STATUS": changed(rb"UIDNEXT 4", b"UIDNEXT 99999999999")},
    "a UIDVALIDITY of a megabyte": {"EXAMINE": changed(rb"UIDVALIDITY 7", b"UIDVALIDITY " + b"7" * 1_000_000)},
    "a UIDVALIDITY that is no number": {"EXAMINE": changed(rb"UIDVALIDITY 7", b"UIDVALIDITY \xff\x00")},
    "an APPENDUID that is no number": {"APPEND": lambda tag, good: (tag + b" OK [APPENDUID x y:z] done\r\n",)},
    "an APPENDUID of four billion": {"APPEND": lambda tag, good: (tag + b" OK [APPENDUID 7 1:4294967295] done\r\n",)},
    "an APPENDUID twice the same": {"APPEND": lambda tag, good: (tag + b" OK [APPENDUID 7 4,4] done\r\n",)},
    "a COPYUID of four billion": {"UID_MOVE": instead(b"* OK [COPYUID 7 1:4294967295 1:4294967295] x")},
    "the UIDs of another window": {"EXAMINE": changed(rb"3 EXISTS", b"12000 EXISTS")},
    "a quota of 5000 digits": {"GETQUOTAROOT": instead(b'* QUOTA "" (STORAGE %s 1)' % (b"9" * 5000))},
    # -- dates
    "a date before the year one": {"UID_FETCH": changed(rb'"05-Jan-2026.*?"', b'"01-Jan-0001 00:00:00 +1400"')},
    "a date behind the year 9999": {"UID_FETCH": changed(rb'"05-Jan-2026.*?"', b'"31-Dec-9999 23:59:59 -1400"')},
    "a date with a zone of 99 hours": {"UID_FETCH": changed(rb'"05-Jan-2026.*?"', b'"05-Jan-2026 08:00:00 +9999"')},
    "a date of a megabyte": {"UID_FETCH": changed(rb'"05-Jan-2026.*?"', b'"' + b"1" * 1_000_000 + b'"')},
    # -- folder names
    "folders that climb": {"LIST": instead(b'* LIST () "/" "../../../etc/passwd"', b'* LIST () "/" "/etc/passwd"')},
    "folders with control characters": {
        "LIST": instead(
            b'* LIST () "/" {8}\r\na\r\nx1 \x1b\x07', b'* LIST () "/" "\x1b[2J\x01"', b'* LIST () "/" {3}\r\na\0b'
        )
    },
    "a folder whose name runs as a command": {"LIST": instead(b'* LIST () "/" {17}\r\na\r\nx1 CREATE pwn\r\n')},
    "a folder of a thousand levels": {"LIST": instead(b'* LIST () "/" "' + b"/".join([b"a"] * 1000) + b'"')},
    "a folder of empty levels": {"LIST": instead(b'* LIST () "/" "' + b"/" * 1000 + b'"')},
    "a folder without a name": {"LIST": instead(b'* LIST () "/" ""')},
    "a folder whose name is no modified UTF-7": {
        "LIST": instead(
            *(
                b'* LIST () "/" "' + name + b'"'
                for name in (b"&", b"&&&", b"&AAA", b"&2D3-", b"&!!-", b"\xff\xfe", b"&ZeVnLIqe")
            )
        )
    },
    "thirty thousand folders": {
        "LIST": instead(
            *(b'* LIST (%s) "/" "f%d"' % (b"" if number < 500 else b"\\NoSelect", number) for number in range(30_000))
        )
    },
    "a name that is a list": {"LIST": instead(b'* LIST () "/" (a b)')},
    "a separator of many characters": {"LIST": instead(b'* LIST () "abc" "xabcy"')},
    "a separator that is a line end": {
        "LIST": instead(b'* LIST () {2}\r\n\r\n "x"'),
        "NAMESPACE": instead(b'* NAMESPACE (("" {2}\r\n\r\n)) NIL NIL'),
    },
    "a prefix that runs as a command": {"NAMESPACE": instead(b'* NAMESPACE (({12}\r\n"\r\nx1 NOOP\r\n "/")) NIL NIL')},
    "a namespace of nothing": {"NAMESPACE": instead(b"* NAMESPACE")},
    "a namespace of twenty thousand other people": {
        "NAMESPACE": instead(
            b'* NAMESPACE (("" "/")) (' + b"".join(b'("o%d/" "/")' % n for n in range(20_000)) + b") NIL"
        ),
        "LIST": instead(*(b'* LIST (\\NoSelect) "/" "f%d"' % number for number in range(20_000))),
    },
    "a namespace of noise": {"NAMESPACE": instead(b"* NAMESPACE 1 (2 (3)) NIL", b"* NAMESPACE ((a) ()) ((()())) x")},
    # -- answers to questions that nobody asked
    "answers to unknown tags": {"LIST": before(b"Z99 OK done")},
    "an answer before the question": {"GREETING": lambda tag, good: (good, b"B1 OK done\r\nB2 OK done\r\n")},
    "an answer twice": {"LIST": lambda tag, good: (good, tag + b" OK done\r\n")},
    "a request to go on that nobody awaits": {"LIST": before(b"+ go on")},
    "noise between the lines": {
        name: before(
            b"* 7 EXPUNGE", b"* 2 EXISTS", b"* 1 FETCH (FLAGS (\\Seen))", b"* FLAGS (a)", b"* OK [ALERT] hear", b"* X"
        )
        for name in (
            "LIST",
            "STATUS",
            "EXAMINE",
            "UID_FETCH",
            "SELECT",
            "APPEND",
            "UID_STORE",
            "UID_MOVE",
            "CREATE",
            "LOGOUT",
        )
    },
    "noise without end before an answer": {"STATUS": lambda tag, good: repeat(b"* OK still here\r\n" * 1000)},
    "noise without end in a listing": {"UID_FETCH": lambda tag, good: repeat(b"* OK still here\r\n" * 1000)},
    "noise without end while signing in": {"LOGIN": lambda tag, good: repeat(b"* OK still here\r\n" * 1000)},
    "capabilities without end": {
        "CAPABILITY": lambda tag, good: (b"* CAPABILITY X%d\r\n" % number for number in range(10**9))
    },
    "noise without end before a literal": {
        "CAPABILITY": changed(rb"LITERAL\+ ", b""),
        "LITERAL": lambda tag, good: repeat(b"* OK still here\r\n" * 1000),
    },
    "noise without end instead of a receipt": {"APPEND": lambda tag, good: repeat(b"* OK still here\r\n" * 1000)},
    "noise without end at the goodbye": {"LOGOUT": lambda tag, good: repeat(b"* OK still here\r\n" * 1000)},
    "one message without end": {"UID_FETCH": lambda tag, good: repeat((b"* 1 FETCH (" + GOOD_ITEMS + b")\r\n") * 1000)},
    "messages without end": {
        "UID_FETCH": lambda tag, good: (
            b'* 1 FETCH (UID %d FLAGS () INTERNALDATE "05-Jan-2026 08:00:00 +0000" RFC822.SIZE 1)\r\n' % number
            for number in range(1, 10**9)
        )
    },
    "folders without end": {"LIST": lambda tag, good: (b'* LIST () "/" f%d\r\n' % number for number in range(10**9))},
    # -- what follows no grammar
    "nothing but line ends": {"LIST": lambda tag, good: repeat(b"\r\n" * 1000)},
    "NUL bytes": {"LIST": lambda tag, good: (b"\0" * 1000 + b"\r\n", good)},
    "HTTP": {"GREETING": raw(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\r\n")},
    "a greeting without words": {"GREETING": raw(b"\r\n")},
    "an empty goodbye": {"LIST": raw(b"* BYE\r\n")},
    "a capability that is no word": {
        "CAPABILITY": changed(rb"IMAP4rev1", b"\xff\xfe APPENDLIMIT=99999999999999999999 =")
    },
    "no capability at all": {"CAPABILITY": instead()},
    "a capability without words": {"CAPABILITY": instead(b"* CAPABILITY")},
    "a FETCH without items": {"UID_FETCH": instead(b"* 1 FETCH", b"* 1 FETCH ()", b"* 1 FETCH (UID)")},
    "a FETCH with a list for a body": {"UID_FETCH": fetch(b"UID 1 BODY[] (a b)")},
    "a FETCH with a spooled flag": {"UID_FETCH": fetch(b"UID 1 FLAGS ({9000000}\r\n" + b"a" * 9_000_000 + b")")},
    "a FETCH with NIL for everything": {
        "UID_FETCH": fetch(b"UID NIL FLAGS NIL INTERNALDATE NIL RFC822.SIZE NIL BODY[] NIL")
    },
    "a STATUS of noise": {"STATUS": instead(b"* STATUS INBOX (UIDVALIDITY)", b"* STATUS INBOX (1 2 3)", b"* STATUS")},
    "a response code without an end": {
        "EXAMINE": before(b"* OK [UIDVALIDITY 7", b"* OK [", b"* OK []", b"* OK [PERMANENTFLAGS (")
    },
    # -- TLS that is none
    "words after STARTTLS": {
        "CAPABILITY": instead(b"* CAPABILITY IMAP4rev1 STARTTLS"),
        "STARTTLS": lambda tag, good: (
            tag + b" OK go\r\n* CAPABILITY IMAP4rev1\r\nB1 OK done\r\n",
            b"\x16\x03\x01\xff\xff" + b"a" * 65535,
        ),
    },
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", CASES)
def test_whatever_a_server_says_has_its_verdict(tmp_path: Path, name: str) -> None:
    with hostile(**CASES[name]) as server:
        tls = "starttls" if "STARTTLS" in CASES[name] else "plain"
        met = tour(server.port, tmp_path, tls=tls)
    assert all(isinstance(error, ConnectorError) for error in met)
    assert not list(tmp_path.iterdir()), "nothing stays in the spool folder"

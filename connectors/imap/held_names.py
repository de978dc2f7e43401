"""Which folder names an IMAP server holds: by what it says it is, and by asking it about names without making them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.folder_names import FolderPath, NameRules
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.mailbox import Mailbox
from connectors.imap.names import Namespace, encode, raw_of
from connectors.imap.response import Status

#: On the safe side of the 255 bytes of a file's name, in which Maildir keeps a whole path.
_FILE_NAME = 250
#: A name that a Maildir cannot hold under this separator, and every other layout can.
_DOTTED = ("a.b",)


def rules_of(mailbox: Mailbox, greeting: bytes) -> NameRules:
    """What the server's names are like.

    Dovecot, Courier and Cyrus tell names apart by case, by Unicode form and by what stands at their end.  Of a server
    that does not say what it is nothing is assumed: names that differ only by these are kept apart by a number.
    """
    words, namespace = greeting.lower(), mailbox.namespace
    rules = NameRules(
        forbidden=namespace.separator or "",
        deepest=None if namespace.separator else 1,
        nests_in_inbox=_nests_in_inbox(namespace),
        longest_name=_FILE_NAME,
        measure=_octets,
    )
    if b"courier" in words or "ACL2=UNION" in mailbox.features:
        return replace(rules, forbidden="./", beyond_bmp=False, longest_path=_FILE_NAME)
    if b"dovecot" in words:
        if namespace.separator == "." or refused(mailbox, [_DOTTED]):  # a Maildir
            return replace(rules, forbidden=f"{namespace.separator or ''}.", longest_path=_FILE_NAME)
        return rules
    if b"cyrus" in words:
        return rules
    return replace(rules, folds_case=True, normal_form="NFC", ignored_end=" .", complete=False)


def refused(mailbox: Mailbox, paths: Sequence[FolderPath]) -> list[FolderPath]:
    """Those that STATUS says can never be (CANNOT, RFC 5530); many questions at a time, and none twice of a server."""
    server = mailbox.known.server
    raws = {path: raw_of(path, mailbox.namespace) for path in paths}
    asked = [raw for raw in raws.values() if is_quotable(raw) and raw not in server.names]
    tags = mailbox.dialogue.start_all([(b"STATUS", quoted(raw), b"(UIDVALIDITY)") for raw in asked])
    found = {raw: mailbox.dialogue.finish(tag).status for raw, tag in zip(asked, tags, strict=True)}
    for raw, status in found.items():
        if status.word == "OK" or (status.code in ("", "NONEXISTENT", "CANNOT") and status.throttle is None):
            server.note_name(raw, is_held=_may_be(status))
    return [path for path, raw in raws.items() if not server.names.get(raw, _may_be(found.get(raw)))]


def _may_be(status: Status | None) -> bool:
    return status is None or status.code != "CANNOT"


def _nests_in_inbox(namespace: Namespace) -> bool:
    return not namespace.prefix or namespace.prefix.upper() != f"INBOX{namespace.separator or ''}".upper()


def _octets(name: str) -> int:
    return len(encode(name))

"""Which folder names an IMAP server holds: by what it says it is, and by asking it about names without making them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.folder_names import FolderPath, NameRules
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.dialogue import Answer
from connectors.imap.mailbox import Mailbox
from connectors.imap.names import Namespace, encode, raw_of

#: On the safe side of the 255 bytes of a file's name, in which Maildir keeps a whole path.
_FILE_NAME = 250
#: A name that a Maildir cannot hold under this separator, and every other layout can.
_DOTTED = ("a.b",)
#: The code of a name that can never be (RFC 5530).
_NEVER = "CANNOT"
#: What no name on a Cyrus has (measured with 3.6), and what none has where ``/`` separates: a dot inside the server.
_CYRUS_FORBIDDEN, _CYRUS_DOT = '/!"%;<>\\`{|}', "^"
#: On the safe side of the 490 bytes in which Cyrus keeps a path together with the user's name.
_CYRUS_PATH = 400
#: Where Cyrus keeps its own: it makes them for whoever asks, takes mail in them, and shows them to nobody.
_CYRUS_HIDDEN = frozenset(
    {
        "#addressbooks", "#calendars", "#drive", "#jmap", "#jmappushsubscription", "#jmapsubmission", "#notifications",
        "#sieve",
    }
)  # fmt: skip


def question_of(mailbox: Mailbox, greeting: bytes) -> tuple[bytes, ...] | None:
    """The command whose answer :func:`rules_of` needs; None when it needs none."""
    if b"dovecot" not in greeting.lower() or mailbox.namespace.separator == ".":
        return None
    return b"STATUS", quoted(raw_of(_DOTTED, mailbox.namespace)), b"(UIDVALIDITY)"


def rules_of(mailbox: Mailbox, greeting: bytes, answer: Answer | None) -> NameRules:
    """What the server's names are like; ``answer``: to :func:`question_of`.

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
        reserved=_of_others(namespace),
    )
    if b"courier" in words or "ACL2=UNION" in mailbox.features:
        return replace(rules, forbidden="./", beyond_bmp=False, longest_path=_FILE_NAME)
    if b"dovecot" in words:
        if namespace.separator == "." or (answer is not None and answer.status.code == _NEVER):  # a Maildir
            return replace(rules, forbidden=f"{namespace.separator or ''}.", longest_path=_FILE_NAME)
        return rules
    if b"cyrus" in words or mailbox.features.is_cyrus:
        return replace(
            rules,
            forbidden=_CYRUS_FORBIDDEN + (_CYRUS_DOT if namespace.separator == "/" else rules.forbidden),
            longest_path=_CYRUS_PATH,
            reserved=rules.reserved | _CYRUS_HIDDEN,
            inbox_in_inbox=False,
        )
    return replace(rules, folds_case=True, normal_form="NFC", ignored_end=" .", complete=False)


def refused(mailbox: Mailbox, paths: Sequence[FolderPath]) -> list[FolderPath]:
    """Those that STATUS says can never be (CANNOT, RFC 5530); many questions at a time."""
    raws = {path: raw_of(path, mailbox.namespace) for path in paths}
    asked = [path for path, raw in raws.items() if is_quotable(raw)]
    tags = mailbox.dialogue.start_all([(b"STATUS", quoted(raws[path]), b"(UIDVALIDITY)") for path in asked])
    answers = [mailbox.dialogue.finish(tag) for tag in tags]
    return [path for path, answer in zip(asked, answers, strict=True) if answer.status.code == _NEVER]


def _nests_in_inbox(namespace: Namespace) -> bool:
    return not namespace.prefix or namespace.prefix.upper() != f"INBOX{namespace.separator or ''}".upper()


def _of_others(namespace: Namespace) -> frozenset[str]:
    """Names at the top that are the roots of other people's folders and shared ones, which are no part of a mailbox."""
    separator = namespace.separator or ""
    own = namespace.prefix
    inside = [prefix.removeprefix(own) for prefix in namespace.foreign if prefix.startswith(own)]
    roots = [prefix.removesuffix(separator).casefold() for prefix in inside]
    return frozenset(root for root in roots if root and not (separator and separator in root))


def _octets(name: str) -> int:
    return len(encode(name))

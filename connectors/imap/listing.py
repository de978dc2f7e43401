"""Which folders there are: LIST of every namespace, with roles, subscriptions and statuses where LIST tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.imap.arguments import quoted
from connectors.imap.connection import Features
from connectors.imap.dialogue import Answer, Dialogue
from connectors.imap.names import Listed, Namespace, by_path, encode, parse_list
from connectors.role_names import roles_by_name

Folders = dict[tuple[str, ...], Listed]


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists the folders of one mailbox."""

    dialogue: Dialogue
    features: Features
    namespace: Namespace
    #: Other people's folders and shared ones belong to it.
    with_shared: bool

    def ask(
        self, status_items: bytes = b"", beside: Sequence[Sequence[bytes]] = ()
    ) -> tuple[list[Answer], list[Answer]]:
        """LIST of all that belongs to the mailbox, in one round trip; the answers to commands ``beside`` it.

        With ``status_items`` the answers hold subscriptions too, and statuses where they are offered (LIST-STATUS,
        RFC 5819).
        """
        extended = "LIST-EXTENDED" in self.features
        prefixes = [*self.namespace.personal, *(self.namespace.foreign if self.with_shared else ())]
        returned = [b"SPECIAL-USE"] if extended and "SPECIAL-USE" in self.features else []
        if status_items and extended:
            returned.append(b"SUBSCRIBED")
        subscribed = self._commands(b"LSUB", self.namespace.personal) if status_items and not extended else []
        if status_items and "LIST-STATUS" in self.features:
            returned.append(b"STATUS " + status_items)
        options = [b"RETURN (%s)" % b" ".join(returned)] if returned else []
        lists = self._commands(b"LIST", prefixes, *options)
        tags = self.dialogue.start_all([*beside, *lists, *subscribed])
        answers = [self.dialogue.finish(tag) for tag in tags]
        others, answers = answers[: len(beside)], answers[len(beside) :]
        if status_items and any(answer.status.word != "OK" for answer in answers[: len(lists)]):
            return self.ask()[0], others
        for answer in answers[: len(lists)]:
            self.dialogue.must("LIST", answer)
        return answers, others

    def folders(self, answers: Iterable[Answer]) -> Folders:
        """The folders by path, and what may not be selected too.

        A role that the server announces for no folder goes to the one whose name says so.
        """
        answers = list(answers)
        found: dict[bytes, Listed] = {}
        for listed in _lists_in(answers):
            if not self.namespace.is_foreign(listed):
                found.setdefault(listed.raw, listed)
            elif self.with_shared:
                found.setdefault(listed.raw, replace(listed, role=None))  # whose Sent it is, is another matter
        folders = by_path(found.values(), self.namespace)
        own = ((path, one) for path, one in folders.items() if one.selectable and not self.namespace.is_foreign(one))
        named = roles_by_name((path, one.role) for path, one in own)
        folders.update({path: replace(folders[path], role=role) for path, role in named.items()})
        return self._with_subscriptions(folders, answers)

    def _with_subscriptions(self, folders: Folders, answers: Sequence[Answer]) -> Folders:
        """The folders with what is known of their subscriptions.

        Nothing is, where no folder is subscribed but INBOX: then nobody goes by it, and what was hidden from a mail
        program that does would be taken for lost.
        """
        subscribed = {listed.raw for listed in _lists_in(answers, b"LSUB")}
        subscribed.update(listed.raw for listed in folders.values() if listed.subscribed)
        known = bool(subscribed - {b"INBOX"})
        return {
            path: replace(listed, subscribed=listed.raw in subscribed if known else None)
            for path, listed in folders.items()
        }

    def shared_left_out(self) -> Folders:
        """Other people's and shared folders that the listing leaves out."""
        if self.with_shared or not self.namespace.foreign:
            return {}
        tags = self.dialogue.start_all(self._commands(b"LIST", self.namespace.foreign))
        found = _lists_in([self.dialogue.finish(tag) for tag in tags])
        return by_path((listed for listed in found if self.namespace.is_foreign(listed)), self.namespace)

    def _commands(self, word: bytes, prefixes: Sequence[str], *options: bytes) -> list[Sequence[bytes]]:
        """One command for what lies below each prefix, and for INBOX, which may lie beside the first of the user's."""
        patterns = dict.fromkeys(encode(prefix + "*") for prefix in prefixes)
        if self.namespace.prefix and self.namespace.prefix in prefixes:
            patterns[b"INBOX"] = None
        return [(word, b'""', quoted(pattern), *options) for pattern in patterns]


def _lists_in(answers: Iterable[Answer], word: bytes = b"LIST") -> Iterator[Listed]:
    found = (parse_list(parts, word) for answer in answers for parts in answer.untagged)
    return (listed for listed in found if listed is not None)

"""Folders made on the target: CREATE with all that is to be known of the new folder, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.contract import Role
from connectors.errors import ConnectorError, FolderMissing, Refused
from connectors.imap.arguments import is_quotable
from connectors.imap.dialogue import Answer
from connectors.imap.mailbox import Mailbox
from connectors.imap.names import USES
from connectors.imap.response import Status
from connectors.imap.status import FolderStatus, statuses_in
from connectors.imap.verdicts import creation_refused

#: Folders made in one go.
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Making:
    """A folder to be made: its raw name, its special use, and whether it is to be subscribed and opened."""

    raw: bytes
    use: str | None
    subscribed: bool
    creates: bool = True
    opens: bool = True


#: Every mailbox has one.  Opened while there is mail in it, what nobody had seen yet would no longer be recent.
_INBOX = Making(b"INBOX", None, subscribed=True, creates=False, opens=False)
_EMPTY_INBOX = replace(_INBOX, opens=True)


class Maker:
    """Makes the folders of one mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        #: Answers to the commands that were sent ahead, until they are asked for.
        self._made: dict[Making, list[Answer]] = {}

    def ahead(self, folders: Sequence[tuple[bytes, Role | None, bool]], *, inbox: bool, inbox_is_empty: bool) -> None:
        """CREATE many folders (raw name, role, whether to subscribe) in few round trips, and meet the ``inbox``.

        Whether it worked is told when each is asked for.
        """
        # The inbox first: where it cannot be left, the next folder that is opened ends that.
        making = [_EMPTY_INBOX if inbox_is_empty else _INBOX] if inbox else []
        making += [Making(raw, self._use_of(role), subscribed) for raw, role, subscribed in folders if is_quotable(raw)]
        self._made.clear()
        for start in range(0, len(making), _AT_ONCE):
            group = {one: self._commands(one) for one in making[start : start + _AT_ONCE]}
            tags = iter(self.mailbox.dialogue.start_all([words for commands in group.values() for words in commands]))
            for one, commands in group.items():
                self._made[one] = [self.mailbox.dialogue.finish(next(tags)) for _ in commands]
                self._must_be_alone(one, self._made[one][0].status)
        self.mailbox.opened = None

    def create(
        self, raw: bytes, parents: Sequence[bytes], role: Role | None, *, subscribed: bool
    ) -> tuple[FolderStatus, Role | None]:
        """CREATE, and SUBSCRIBE; the role too that the server marked it with (CREATE-SPECIAL-USE, RFC 6154).

        A folder that another session made meanwhile is fine.

        Raises Refused (FOLDER_REFUSED) when the server does not hold such a folder, and FolderNotMade when it does not
        make it at the moment.
        """
        use = self._use_of(role)
        created, status = self._create(Making(raw, use, subscribed))
        if isinstance(status, ConnectorError) and use is not None:  # there is one already, or may be none
            use = None
            created, status = self._create(Making(raw, None, subscribed))
        if isinstance(status, ConnectorError) and parents:  # most servers make them by themselves
            for parent in parents:
                self._create(Making(parent, None, subscribed))
            created, status = self._create(Making(raw, None, subscribed))
        if isinstance(status, FolderStatus):
            return status, role if use is not None and created.word == "OK" else None
        if created.word == "OK":
            raise status
        dialogue = self.mailbox.dialogue
        verdict = creation_refused(dialogue.system, created.word, created.code, created.throttle)
        raise verdict or dialogue.refusal("CREATE", created)

    def inbox(self) -> FolderStatus | None:
        """The inbox, which is subscribed, and opened if it is empty; None when it is not there after all."""
        making = _EMPTY_INBOX if _EMPTY_INBOX in self._made else _INBOX
        answers, is_early = self._answers(making)
        status = self._met(making, answers, is_early=is_early)
        if isinstance(status, FolderMissing | Refused):
            return None
        if isinstance(status, ConnectorError):
            raise status
        if not status.messages and _selected(making, answers) is None:
            return open_first(self.mailbox, making.raw, status)
        return status

    def _create(self, making: Making) -> tuple[Status, FolderStatus | ConnectorError]:
        """CREATE, and all that is to be known of the new folder, in one round trip."""
        (created, *answers), is_early = self._answers(making)
        if not is_early:
            self._must_be_alone(making, created.status)
        return created.status, self._met(making, answers, is_early=is_early)

    def _must_be_alone(self, making: Making, created: Status) -> None:
        """Raises Fatal when the server gave a new folder the place of another (see :mod:`connectors.imap.clashes`)."""
        if making.creates and created.word == "OK" and created.code == "MAILBOXID":
            self.mailbox.must_be_alone(making.raw, created.words, is_new=True)

    def _answers(self, making: Making) -> tuple[list[Answer], bool]:
        """The answers to all that is asked about a folder; whether other commands came behind it."""
        early = self._made.pop(making, None)
        if early is not None:
            return early, True
        tags = self.mailbox.dialogue.start_all(self._commands(making))
        return [self.mailbox.dialogue.finish(tag) for tag in tags], False

    def _met(self, making: Making, answers: Sequence[Answer], *, is_early: bool) -> FolderStatus | ConnectorError:
        """The status of a folder as it will stay: until it was opened, each STATUS of Courier tells another epoch."""
        mailbox = self.mailbox
        looked, selected = answers[0], _selected(making, answers)
        status = mailbox.status_in(making.raw, looked, dict(statuses_in(looked)))
        is_made = isinstance(status, FolderStatus) or not making.creates
        if not is_made and making.subscribed and answers[1].status.word == "OK":
            mailbox.dialogue.run(b"UNSUBSCRIBE", mailbox.argument(making.raw))
        if making.opens:
            mailbox.opened = None
        if isinstance(status, FolderStatus) and selected is not None:
            opened = mailbox.opened_by(making.raw, selected, writable=True)
            status = replace(status, uidvalidity=opened.uidvalidity)
            if is_early or "UNSELECT" in mailbox.features:
                mailbox.opened = None
        return status

    def _commands(self, making: Making) -> list[tuple[bytes, ...]]:
        mailbox = self.mailbox
        name = mailbox.argument(making.raw)
        commands: list[tuple[bytes, ...]] = []
        if making.creates:
            use = [] if making.use is None else [b"(USE (%s))" % making.use.encode()]
            commands.append((b"CREATE", name, *use))
        commands.append((b"STATUS", name, mailbox.status_items))
        if making.subscribed:
            commands.append((b"SUBSCRIBE", name))
        if making.opens:
            commands.append((b"SELECT", name))
            if "UNSELECT" in mailbox.features:
                commands.append((b"UNSELECT",))
        return commands

    def _use_of(self, role: Role | None) -> str | None:
        return USES.get(role) if role is not None and "CREATE-SPECIAL-USE" in self.mailbox.features else None


def _selected(making: Making, answers: Sequence[Answer]) -> Answer | None:
    """The answer to SELECT, among those behind CREATE; None when the folder was not opened."""
    if not making.opens:
        return None
    selected = answers[1 + making.subscribed]
    return selected if selected.status.word == "OK" else None


def subscribe(mailbox: Mailbox, raw: bytes) -> None:
    """SUBSCRIBE, which changes nothing where it was done before; not every server keeps subscriptions."""
    mailbox.dialogue.run_on_folder(b"SUBSCRIBE", raw)


def open_first(mailbox: Mailbox, raw: bytes, status: FolderStatus) -> FolderStatus:
    """Open an empty folder, which nobody may have opened before; its status as it will stay.

    Until then each STATUS of Courier tells another UIDVALIDITY.
    """
    return replace(status, uidvalidity=mailbox.open_raw(raw, writable=True, leave=True).uidvalidity)

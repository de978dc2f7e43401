"""Folders made on the target: CREATE with all that is to be known of the new folder, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.contract import Role
from connectors.errors import ConnectorError, FolderMissing, Refused
from connectors.imap.mailbox import Mailbox
from connectors.imap.names import USES
from connectors.imap.response import Status
from connectors.imap.status import FolderStatus, statuses_in
from connectors.language import _
from connectors.reasons import Reason


def create(
    mailbox: Mailbox, raw: bytes, parents: Sequence[bytes], role: Role | None, *, subscribed: bool
) -> tuple[FolderStatus, Role | None]:
    """CREATE, and SUBSCRIBE; the role too that the server marked it with (CREATE-SPECIAL-USE, RFC 6154).

    A folder that another session made meanwhile is fine.

    Raises Refused (FOLDER_REFUSED) when the server does not hold such a folder.
    """
    use = USES.get(role) if role is not None and "CREATE-SPECIAL-USE" in mailbox.features else None
    created, status = _create(mailbox, raw, use, subscribed=subscribed)
    if isinstance(status, ConnectorError) and use is not None:  # there is one already, or may be none
        use = None
        created, status = _create(mailbox, raw, None, subscribed=subscribed)
    if isinstance(status, ConnectorError) and parents:  # most servers make them by themselves
        for parent in parents:
            _create(mailbox, parent, None, subscribed=subscribed)
        created, status = _create(mailbox, raw, None, subscribed=subscribed)
    if isinstance(status, FolderStatus):
        return status, role if use is not None and created.word == "OK" else None
    verdict = mailbox.dialogue.refusal("CREATE", created)
    if isinstance(verdict, Refused | FolderMissing):
        verdict = Refused(
            _("the folder cannot be made"), Reason.FOLDER_REFUSED, system=verdict.system, detail=verdict.detail
        )
    raise verdict if created.word != "OK" else status


def _create(
    mailbox: Mailbox, raw: bytes, use: str | None, *, subscribed: bool
) -> tuple[Status, FolderStatus | ConnectorError]:
    """CREATE, and all that is to be known of the new folder, in one round trip."""
    name = mailbox.argument(raw)
    leaving = [(b"UNSELECT",)] if "UNSELECT" in mailbox.features else []
    creating = (b"CREATE", name) if use is None else (b"CREATE", name, b"(USE (%s))" % use.encode())
    subscribing = [(b"SUBSCRIBE", name)] if subscribed else []
    commands = [creating, (b"STATUS", name, mailbox.status_items), *subscribing, (b"SELECT", name), *leaving]
    answers = [mailbox.dialogue.finish(tag) for tag in mailbox.dialogue.start_all(commands)]
    created, looked = answers[:2]
    selected = answers[2 + len(subscribing)]
    status = mailbox.status_in(raw, looked, dict(statuses_in(looked)))
    mailbox.opened = None
    if isinstance(status, ConnectorError) and subscribed and answers[2].status.word == "OK":
        mailbox.dialogue.run(b"UNSUBSCRIBE", name)  # of a folder that could not be made
    if isinstance(status, FolderStatus) and selected.status.word == "OK":
        status = replace(status, uidvalidity=mailbox.opened_by(raw, selected, writable=True).uidvalidity)
        if leaving:
            mailbox.opened = None
    return created.status, status


def subscribe(mailbox: Mailbox, raw: bytes) -> None:
    """SUBSCRIBE, which changes nothing where it was done before; not every server keeps subscriptions."""
    mailbox.dialogue.run_on_folder(b"SUBSCRIBE", raw)


def open_first(mailbox: Mailbox, raw: bytes, status: FolderStatus) -> FolderStatus:
    """Open an empty folder, which nobody may have opened before; its status as it will stay.

    Until then each STATUS of Courier tells another UIDVALIDITY.
    """
    return replace(status, uidvalidity=mailbox.open_raw(raw, writable=True, leave=True).uidvalidity)

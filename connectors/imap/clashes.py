"""Folders that a Cyrus has put in one place on its disk, which then are one folder.

Cyrus names the place of a folder after its object id (RFC 8474, section 4.1).  Where it chooses partitions itself (no
``defaultpartition`` in its imapd.conf), Debian's 3.6 draws ids from numbers that begin anew with the second in which a
process makes its first folder: folders of different people get one id, and the later one empties the earlier.
"""

from __future__ import annotations

from connectors.errors import Fatal, telling
from connectors.imap.known import Known
from connectors.language import _


def must_be_alone(known: Known, system: str, object_id: bytes, folder: str, *, is_new: bool) -> None:
    """Note a folder of this mailbox.  Raises Fatal when another has its id; all writing there has ended then.

    One that ``is_new`` shares its id with none.  Any other may be one of the same person's that was renamed.
    """
    other = known.server.note_folder(object_id, known.user, folder)
    if other is None or not (is_new or other[0].casefold() != known.user.casefold()):
        return
    known.server.harmed = known.user
    what = _(
        "the server keeps the folder {folder} of {user} in the same place as {other_folder} of {other_user}: what one "
        "of them held is lost, and both show the same mail. Other folders of these two, their inboxes too, may be one "
        "as well. Nothing more is written there in this run. Before the next one, the server's administrator sets "
        "defaultpartition in its imapd.conf, starts it again, and deletes the folders that show the same mail; bascule "
        "verify says whose mail is missing"
    )
    told = what.format(folder=folder, user=known.user, other_folder=other[1], other_user=other[0])
    raise telling(Fatal(told, system=system))


def must_be_unharmed(known: Known, system: str) -> None:
    """Raises Fatal once two folders of the server were found in one place."""
    if known.server.harmed:
        what = _("nothing more is written there in this run, for the reason that is told of {user}")
        raise telling(Fatal(what.format(user=known.server.harmed), system=system))

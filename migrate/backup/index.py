"""What lies beside the mail of a backup: ``index.json`` for programs, ``README.txt`` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any

from connectors.language import _, in_language
from connectors.private_file import write_private
from migrate.backup.check import Checked
from plans import Organisation, Site

_INDEX, _README = "index.json", "README.txt"
#: Characters to a line of the README.
_WIDTH = 78


def write_index(folder: Path, site: str, now: datetime, checked: Mapping[str, Checked]) -> None:
    """``checked`` by mailbox; mailboxes that were backed up another time keep what was said of them."""
    mailboxes = _known(folder / _INDEX)
    mailboxes |= {mailbox: _entry(mailbox, found, now) for mailbox, found in checked.items()}
    index = {
        "made_by": {"tool": "bascule", "version": version("bascule")},
        "site": site,
        "when": now.astimezone(UTC).isoformat(timespec="seconds"),
        "format": "maildir++",
        "mailboxes": [mailboxes[name] for name in sorted(mailboxes)],
    }
    write_private(folder / _INDEX, json.dumps(index, ensure_ascii=False, indent=2) + "\n")


def _known(file: Path) -> dict[str, dict[str, Any]]:
    """What an earlier index says of each mailbox; nothing when it cannot be read: the disk is asked again anyway."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return {entry["mailbox"]: entry for entry in told["mailboxes"]}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _entry(mailbox: str, found: Checked, now: datetime) -> dict[str, Any]:
    return {
        "mailbox": mailbox,
        "folder": mailbox,
        "messages": sum(folder.messages for folder in found.folders),
        "bytes": sum(folder.size for folder in found.folders),
        "when": now.astimezone(UTC).isoformat(timespec="seconds"),
        "verified": as_json(found),
        "folders": [
            {"path": list(folder.path), "messages": folder.messages, "bytes": folder.size} for folder in found.folders
        ],
    }


def as_json(found: Checked) -> dict[str, Any]:
    """The published shape of a check."""
    return {
        "complete": found.complete,
        "equal": found.equal,
        "uncompared": found.uncompared,
        "missing": found.missing,
        "different": found.different,
    }


def write_readme(folder: Path, organisation: Organisation, site: Site, command: str, now: datetime) -> None:
    """In the organisation's language, whatever language the command speaks.  ``command`` brings it up to date."""
    with in_language(organisation.language):
        told = _readme(organisation, site, command, now)
    write_private(folder / _README, told)


def _readme(organisation: Organisation, site: Site, command: str, now: datetime) -> str:
    day = now.astimezone(organisation.time_zone).date().isoformat()
    paragraphs = [
        _("Backup of the mailboxes of {name}, site {site}").format(name=organisation.name, site=site.name),
        _("Last copied on {day} by Bascule {version}.").format(day=day, version=version("bascule")),
        _(
            "Each folder here is one mailbox and bears its address. It is a Maildir: one file a message, in the"
            " layout that Dovecot and Courier call Maildir++. The folders of the mailbox begin with a dot, the inbox"
            " is the folder itself. Dates are those of the files, flags are the letters at the end of their names."
        ),
        _("index.json tells for each mailbox what it holds and what the last verification found."),
        _("To look at one message: open its file in the folder cur with any text editor or mail program."),
        _(
            "To look at a whole mailbox: copy its folder and open the copy with a mail program that reads Maildir, such"
            " as Evolution, KMail or Mutt (mutt -f FOLDER). Open a copy, for a mail program changes what it opens."
        ),
        _(
            "To put a mailbox on a mail server: give a system of the plan the connector maildir and the path of this"
            " folder followed by /{{address}}, make it the source of a site, and run bascule copy."
        ).format(),
        _(
            "To bring the backup up to date: run {command} again. Only what is new is copied, and what was deleted in"
            " the mailbox since stays here."
        ).format(command=command),
        _("Mail is private: keep this folder where only those may read it who have to."),
    ]
    return "\n\n".join(fill(one, _WIDTH, break_long_words=False, break_on_hyphens=False) for one in paragraphs) + "\n"

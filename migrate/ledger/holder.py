"""Who may write to an organisation's ledger after a handover: one machine, which its folder and its ledger both name.

A handover is two events of the organisation: ``handed-over``, after which nobody may write, and ``accepted`` on the
other machine, which is the next generation.  The folder of a machine has the generation that it holds in a file of its
own beside the ledger; a ledger that is put back from a copy, and a folder that was handed over, do not fit together.
Without any handover there is nothing to hold.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from connectors.language import _
from connectors.os_errors import os_error_text
from connectors.private_file import write_private
from migrate.ledger.schema import event
from migrate.ledger.store import Ledger, LedgerError

FILE = "holder.json"


class NotHolder(LedgerError):
    """Another machine holds this organisation, or is to: nothing may be written here.  Worded for people."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a machine's folder says: which generation it holds, or to whom it was handed over."""

    generation: int
    #: Who holds it: the person who accepted, or who is to accept.
    name: str
    handed_over: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says."""

    generation: int
    #: Who holds it; None before the first handover.
    holder: str | None
    #: To whom it was handed over, while that person has not accepted.
    on_its_way_to: str | None
    #: Seconds since 1970, of the last of these events.
    at: float | None


def standing(connection: Connection) -> Standing:
    rows = connection.execute(
        select(event.c.event, event.c.who, event.c.note, event.c.at)
        .where(event.c.subject_kind == "organisation", event.c.event.in_(("handed-over", "accepted")))
        .order_by(event.c.id)
    )
    now = Standing(0, None, None, None)
    for kind, who, note, at in rows:
        if kind == "handed-over":
            now = Standing(now.generation, now.holder or who, note, at)
        else:
            now = Standing(now.generation + 1, who, None, at)
    return now


def read_held(state: Path) -> Held | None:
    """What the folder says; None where there was no handover.  Raises :class:`NotHolder` when it cannot be read."""
    file = state / FILE
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return Held(int(told["generation"]), str(told["name"]), bool(told["handed_over"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        text = _("{file} cannot be read: {why}.")
        raise NotHolder(text.format(file=file, why=os_error_text(error))) from error
    except (ValueError, LookupError, TypeError) as error:
        text = _("{file} cannot be understood: it says who holds this organisation. Put it back from a backup.")
        raise NotHolder(text.format(file=file)) from error


def write_held(state: Path, held: Held) -> None:
    """Whole or not at all.  Raises OSError."""
    write_private(state / FILE, json.dumps(asdict(held)))


def check_holder(ledger: Ledger) -> None:
    """Raises :class:`NotHolder` unless this machine may write."""
    with ledger.read() as connection:
        told = standing(connection)
    check_standing(told, read_held(ledger.path.parent))


def check_standing(told: Standing, held: Held | None) -> None:
    """The same, of what was read already."""
    day = "" if told.at is None else datetime.fromtimestamp(told.at, UTC).astimezone().date().isoformat()
    if told.on_its_way_to is not None and not (held is not None and held.handed_over):
        text = _("This organisation is on its way to {name}. Accept it first: bascule handover accept FILE")
        raise NotHolder(text.format(name=told.on_its_way_to))
    if told.on_its_way_to is not None:
        text = _(
            "This organisation was handed over to {name} on {day}. Nothing may be written here any more; {name} goes on"
            " from there. To take it back: bascule handover accept FILE, with the file that was packed."
        )
        raise NotHolder(text.format(name=told.on_its_way_to, day=day))
    mine = 0 if held is None else held.generation
    if held is not None and held.handed_over:
        text = _("This organisation was handed over to {name}, and its ledger was put back since. {name} holds it now.")
        raise NotHolder(text.format(name=held.name))
    if mine != told.generation:
        text = _(
            "{name} holds this organisation since {day}, on another machine. This folder is a copy: write nothing here."
        )
        raise NotHolder(text.format(name=told.holder or (held.name if held else "?"), day=day))

"""Rows about servers: until when to ask nothing, how many sessions are granted, how many bytes went each way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, select, text

from migrate.ledger.schema import back_off, session_cap, traffic

#: Who is meant: a server, and an account there; "" for all accounts.
Whom = tuple[str, str]
Why = Literal["asked", "allowance"]
Way = Literal["read", "written"]


@dataclass(frozen=True, slots=True)
class BackOff:
    """Nothing is asked before ``until`` (seconds since 1970)."""

    until: float
    why: Why


# What was asked for first still holds when a later answer asks for less.
_NOTE_BACK_OFF = text(
    "INSERT INTO back_off (server, account, until, why) VALUES (:server, :account, :until, :why)"
    " ON CONFLICT (server, account) DO UPDATE SET until = excluded.until, why = excluded.why"
    " WHERE excluded.until > back_off.until"
)
_NOTE_CAP = text(
    "INSERT INTO session_cap (server, account, sessions, learnt_at) VALUES (:server, :account, :sessions, :now)"
    " ON CONFLICT (server, account) DO UPDATE SET sessions = excluded.sessions, learnt_at = excluded.learnt_at"
)
_ADD_TRAFFIC = text(
    "INSERT INTO traffic (server, account, way, hour, bytes) VALUES (:server, :account, :way, :hour, :bytes)"
    " ON CONFLICT (server, account, way, hour) DO UPDATE SET bytes = traffic.bytes + excluded.bytes"
)


def note_back_off(connection: Connection, whom: Whom, until: float, why: Why) -> None:
    server, account = whom
    connection.execute(_NOTE_BACK_OFF, {"server": server, "account": account, "until": until, "why": why})


def back_offs(connection: Connection, now: float) -> Mapping[Whom, BackOff]:
    """Those that hold now."""
    rows = connection.execute(select(back_off).where(back_off.c.until > now))
    return {(row.server, row.account): BackOff(row.until, row.why) for row in rows}


def note_cap(connection: Connection, whom: Whom, sessions: int, now: float) -> None:
    server, account = whom
    connection.execute(_NOTE_CAP, {"server": server, "account": account, "sessions": sessions, "now": now})


def caps(connection: Connection) -> Mapping[Whom, tuple[int, float]]:
    """Sessions that were granted, and when that was learnt."""
    rows = connection.execute(select(session_cap))
    return {(row.server, row.account): (row.sessions, row.learnt_at) for row in rows}


def add_traffic(connection: Connection, whom: Whom, way: Way, hour: int, size: int) -> None:
    server, account = whom
    values = {"server": server, "account": account, "way": way, "hour": hour, "bytes": size}
    connection.execute(_ADD_TRAFFIC, values)


def traffic_since(connection: Connection, whom: Whom, way: Way, hour: int) -> dict[int, int]:
    """Bytes by the hour, from ``hour`` on."""
    of_whom = (traffic.c.server == whom[0], traffic.c.account == whom[1], traffic.c.way == way)
    rows = connection.execute(select(traffic.c.hour, traffic.c.bytes).where(*of_whom, traffic.c.hour >= hour))
    return {row.hour: row.bytes for row in rows}


def forget_traffic(connection: Connection, hour: int) -> None:
    """What went before ``hour`` counts for nothing any more."""
    connection.execute(delete(traffic).where(traffic.c.hour < hour))

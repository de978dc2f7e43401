"""Servers, not mailboxes: every process that works on this ledger obeys these rows.

An account is who signs in there, "" where all are meant.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from migrate.ledger.schema.base import metadata

back_off = Table(
    "back_off",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # Nothing is asked before.
    Column("until", Float, nullable=False),
    # "asked": the server said for how long; "allowance": what it grants in a day is used up.
    Column("why", String(20), nullable=False),
)

session_cap = Table(
    "session_cap",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # Sessions that were open when one more was refused.
    Column("sessions", Integer, nullable=False),
    Column("learnt_at", Float, nullable=False),
)

traffic = Table(
    "traffic",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # "read" or "written".
    Column("way", String(7), primary_key=True),
    # Hours since 1970, UTC.
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("bytes", BigInteger, nullable=False),
)

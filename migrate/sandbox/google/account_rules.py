"""What a person may be called, and what a password may be (schemas User and UserName of the discovery document)."""

from __future__ import annotations

import re

from migrate.sandbox.google.errors import ApiError, Json, invalid_input

_HASHES = {
    "MD5": re.compile(r"[0-9a-fA-F]{32}"),
    "SHA-1": re.compile(r"[0-9a-fA-F]{40}"),
    "crypt": re.compile(r"[./0-9A-Za-z]{13}|\$(?:1|5|6)\$(?:rounds=(\d+)\$)?[^$]{0,16}\$[./0-9A-Za-z]{22,86}"),
}
_MOST_ROUNDS = 10_000
_LONGEST_NAME = 60


def check_name(name: Json) -> None:
    """Raises ApiError unless a person may be called so."""
    for part in ("givenName", "familyName"):
        if not name.get(part) or len(name[part]) > _LONGEST_NAME:
            raise invalid_input(f"INVALID_{'GIVEN' if part == 'givenName' else 'FAMILY'}_NAME")


def check_password(body: Json) -> None:
    """Raises ApiError unless it is 8 to 100 ASCII characters, or a hash of one of the kinds that are taken."""
    password, kind = body["password"], body.get("hashFunction")
    if kind is None:
        good = 8 <= len(password) <= 100 and password.isascii() and password.isprintable()
    else:
        if kind not in _HASHES:
            raise invalid_input("hashFunction")
        found = _HASHES[kind].fullmatch(password)
        rounds = found[1] if found is not None and kind == "crypt" else None
        good = found is not None and int(rounds or 0) <= _MOST_ROUNDS
    if not good:
        raise ApiError(400, "Invalid Password", "invalid")

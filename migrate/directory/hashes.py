"""Hashes of the passwords that people have, carried over where the target takes them.

A hash is as a system exported it: ``$6$…`` and its like of crypt(3), a traditional crypt of 13 signs, or with a scheme
in braces before it as LDAP (RFC 2307) and Dovecot write it: ``{SHA}``, ``{MD5}``, ``{CRYPT}``, ``{SHA512-CRYPT}``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plans.addresses import cleaned
from plans.csv_file import Heading, read_table
from plans.problems import PlanError
from plans.secrets import SecretRef, read_private

_COLUMNS = {
    "address": Heading("address", "adresse", ("user", "utilisateur", "mail", "email")),
    "hash": Heading("hash", "empreinte", ("password hash", "userpassword", "hachage")),
}
_SCHEME = re.compile(r"\{(?P<scheme>[A-Za-z0-9.-]+)\}(?P<rest>.+)")
#: crypt(3): MD5, SHA-256, SHA-512 and the traditional one.
_CRYPT = re.compile(
    r"\$1\$[./0-9A-Za-z]{0,8}\$[./0-9A-Za-z]{22}|\$[56]\$(rounds=(?P<rounds>\d+)\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]+"
)
_TRADITIONAL = re.compile(r"[./0-9A-Za-z]{13}")
#: Google refuses crypt hashes of more rounds.
_MOST_ROUNDS = 10_000
_HEX = {"MD5": 32, "SHA-1": 40}


@dataclass(frozen=True, slots=True)
class Hash:
    """One person's, as it was exported.  It opens the account: no repr."""

    text: str = field(repr=False)

    def for_dovecot(self) -> str:
        """With the scheme that Dovecot reads; a bare one is crypt's."""
        return self.text if self.text.startswith("{") else f"{{CRYPT}}{self.text}"

    def for_google(self) -> tuple[str, str] | None:
        """``hashFunction`` and ``password`` of the Directory API; None where it takes no such hash.

        https://developers.google.com/workspace/admin/directory/reference/rest/v1/users: MD5 and SHA-1 in hexadecimal
        digits, or crypt(3) with at most 10,000 rounds.
        """
        found = _SCHEME.fullmatch(self.text)
        scheme, rest = (found["scheme"].upper(), found["rest"]) if found else ("CRYPT", self.text)
        if scheme in ("CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT", "DES-CRYPT"):
            crypt = _CRYPT.fullmatch(rest)
            few = crypt is not None and int(crypt["rounds"] or 0) <= _MOST_ROUNDS
            return ("crypt", rest) if few or _TRADITIONAL.fullmatch(rest) else None
        name = {"SHA": "SHA-1", "SHA1": "SHA-1", "MD5": "MD5", "PLAIN-MD5": "MD5", "LDAP-MD5": "MD5"}.get(scheme)
        if name is None or rest.startswith("$"):
            return None
        digits = _hexadecimal(rest, _HEX[name])
        return None if digits is None else (name, digits)


def _hexadecimal(text: str, length: int) -> str | None:
    if re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", text):
        return text.lower()
    try:
        digits = base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return None
    return digits if len(digits) == length else None


def read_hashes(ref: SecretRef | None, folder: Path) -> Mapping[str, Hash]:
    """By address in small letters; none where the plan names no file.

    Raises SecretError when others can read it, PlanError when it is not right.
    """
    if ref is None:
        return {}
    table = read_table(read_private(ref, folder), ref.value, _COLUMNS)
    if table.problems:
        raise PlanError(table.problems)
    rows = ((cleaned(row.cells.get("address", "")).lower(), row.cells.get("hash", "")) for row in table.rows)
    return {address: Hash(text) for address, text in rows if address and text}

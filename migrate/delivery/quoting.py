"""Addresses in the syntax of each file and shell.  A local part may hold anything that RFC 5321 4.1.2 quotes."""

from __future__ import annotations

import re
import shlex

_ATOMS = re.compile(r"[^\x00-\x20\x7f()<>@,;:\\\".\[\]]+(\.[^\x00-\x20\x7f()<>@,;:\\\".\[\]]+)*")


def parts(address: str) -> tuple[str, str]:
    """Local part, without the quotes and backslashes of its written form, and domain."""
    local, _at, domain = address.rpartition("@")
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local, domain


def written(address: str) -> str:
    """As it stands in an envelope: the local part in quotes where it needs them."""
    local, domain = parts(address)
    return f"{local if _ATOMS.fullmatch(local) else quoted(local)}@{domain}"


def always_quoted(address: str) -> str:
    """With its local part in quotes whatever it is: a list that runs ``|programs`` takes it for an address."""
    local, domain = parts(address)
    return f"{quoted(local)}@{domain}"


def quoted(text: str) -> str:
    """In double quotes, with a backslash before quotes and backslashes (RFC 5321, Sieve, Exim and alias files)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shell(text: str) -> str:
    """One word of a POSIX shell."""
    return shlex.quote(text)


def sieve(text: str) -> str:
    """A string of Sieve (RFC 5228 2.4.2)."""
    return quoted(text)


def comment(text: str) -> str:
    """Text that cannot leave the comment it stands in."""
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text)

"""``tag=value; tag=value``: the form of DKIM (RFC 6376, section 3.2), DMARC, MTA-STS and TLS-RPT records."""

from __future__ import annotations


def tags(text: str) -> dict[str, str] | None:
    """The tags in their order, names in small letters; None where a part is none or a tag stands there twice."""
    found: dict[str, str] = {}
    parts = text.split(";")
    if parts and not parts[-1].strip():
        parts.pop()
    for part in parts:
        name, sign, value = part.partition("=")
        name = name.strip().lower()
        if not sign or not name.replace("_", "").isalnum() or name in found:
            return None
        found[name] = value.strip()
    return found

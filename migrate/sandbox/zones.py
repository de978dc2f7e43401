"""The zones that a sandbox's DNS begins with: the company's domains as they are before the move."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_ZONE = """\
; The zone of {domain} as the sandbox's name server reads it: change it as you would at your DNS provider.
; A file with a mistake changes nothing; what is wrong is then in {domain}.zone.problem.
$ORIGIN {domain}.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 127.0.0.1
@ MX 10 mail
mail A 198.51.100.25
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
"""


def write_zones(folder: Path, domains: Sequence[str]) -> None:
    """A file for each domain that has none yet; what somebody changed stays."""
    for domain in domains:
        path = folder / f"{domain}.zone"
        if not path.exists():
            path.write_text(_ZONE.format(domain=domain), encoding="utf-8")

"""The sandbox's name server, over its zone files."""

from __future__ import annotations

from pathlib import Path

import dns.message
import dns.rcode
import pytest

from migrate.sandbox.services.names import Zones
from migrate.sandbox.zones import write_zones

_MORE = """\
autodiscover CNAME autodiscover.outlook.com.
www CNAME mail
deep.below A 192.0.2.1
"""


@pytest.mark.parametrize(
    ("name", "kind", "code", "answers"),
    [
        ("example.org", "MX", dns.rcode.NOERROR, 1),
        ("www.example.org", "A", dns.rcode.NOERROR, 2),
        ("www.example.org", "AAAA", dns.rcode.NOERROR, 1),
        ("below.example.org", "A", dns.rcode.NOERROR, 0),
        ("nobody.example.org", "A", dns.rcode.NXDOMAIN, 0),
        ("autodiscover.example.org", "A", dns.rcode.NOERROR, 1),
        ("autodiscover.example.org", "CNAME", dns.rcode.NOERROR, 1),
        ("elsewhere.net", "A", dns.rcode.REFUSED, 0),
    ],
)
def test_a_name_is_answered_as_its_zone_has_it(
    tmp_path: Path, name: str, kind: str, code: dns.rcode.Rcode, answers: int
) -> None:
    write_zones(tmp_path, ["example.org"])
    with (tmp_path / "example.org.zone").open("a") as zone:
        zone.write(_MORE)
    told = Zones(tmp_path).answer(dns.message.make_query(name, kind))
    assert (told.rcode(), len(told.answer)) == (code, answers)

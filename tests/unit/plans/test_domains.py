"""A mail domain has one form: the one that DNS and addresses know it by."""

from __future__ import annotations

import pytest

from plans.files import checked_domain
from plans.problems import Worded


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Company.example", "company.example"),
        ("société.example", "xn--socit-esab.example"),
        ("SOCIÉTÉ.example", "xn--socit-esab.example"),
        ("xn--socit-esab.example", "xn--socit-esab.example"),
        # Another domain than strasse.example, which the standard library takes it for.
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_domain_is_known_as_dns_has_it(written: str, known: str) -> None:
    assert checked_domain(written) == known


@pytest.mark.parametrize("written", ["nothing", "a b.example", "-a.example", "a\u2044b.example", "é" * 70 + ".example"])
def test_what_is_none_is_refused(written: str) -> None:
    with pytest.raises(Worded, match="is not a mail domain"):
        checked_domain(written)

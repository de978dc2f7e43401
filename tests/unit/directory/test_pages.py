"""What docs/accounts.md and the schemas promise is what the program has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from migrate.directory.changes import ORDER
from migrate.directory.findings import NOTES, Code
from migrate.directory.google import calls

_DOCS = Path(__file__).parents[3] / "docs"
_PAGE = (_DOCS / "accounts.md").read_text(encoding="utf-8")


def test_every_finding_is_documented_as_a_note_or_an_obstacle() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (note|obstacle): ", _PAGE, re.MULTILINE))
    assert rows == {code.value: "note" if code in NOTES else "obstacle" for code in Code}


def test_the_schemas_know_every_finding_and_every_change() -> None:
    for name in ("accounts-diff", "accounts-apply"):
        told = json.loads((_DOCS / "schemas" / f"{name}.json").read_text())["properties"]
        assert set(told["findings"]["items"]["properties"]["code"]["enum"]) == {code.value for code in Code}
        assert set(told["changes"]["items"]["properties"]["change"]["enum"]) == {change.code for change in ORDER}


def test_the_scopes_to_grant_are_those_that_are_asked_for() -> None:
    asked = {
        calls.USERS, calls.GROUPS, calls.DOMAINS, calls.ORG_UNITS, calls.GROUP_SETTINGS, calls.LICENCES,
        calls.VERIFICATION, calls.GROUP_ARCHIVE,
    }  # fmt: skip
    (line,) = [line for line in _PAGE.splitlines() if line.startswith("https://www.googleapis.com/auth/")]
    assert set(line.split(",")) == asked

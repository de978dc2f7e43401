"""What opens accounts does not travel with an organisation that is handed over."""

from __future__ import annotations

from pathlib import Path

from migrate.handover.left_out import _named
from plans import SecretRef
from plans.model import AccountsOf, PasswdFile
from tests.unit.directory.plans_for import organisation, person, site


def test_hashes_and_a_passwd_file_stay_behind(tmp_path: Path) -> None:
    accounts = AccountsOf(
        hashes=SecretRef("file", "old/hashes.csv"), passwd_file=PasswdFile(tmp_path / "users", None, None, None)
    )
    plan = organisation(site("lyon", person("anna")), accounts=accounts)
    assert _named(plan, tmp_path.resolve()) == {"old/hashes.csv", "users"}

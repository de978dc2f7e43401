"""``check`` of Google Workspace and Microsoft 365: each thing that is missing is told, with what to click or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrate.cli.exit_codes import Exit
from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.acceptance.schemas import valid
from tests.servers.google import ADMIN, GoogleForTests
from tests.servers.microsoft import MicrosoftStandIn, new_person
from tests.servers.server import ImapServer


@pytest.fixture
def source(standing_dovecot: ImapServer, user: str) -> Box:
    box = Box(standing_dovecot, f"of-{user}")
    box.add(letter(1))
    return box


def plan(place: Path, source: Box, target: dict[str, object], address: str) -> Organisation:
    made = organisation(place, imap(source.server.port), target, source_user=source.user, target_user=address)
    made.write()
    return made


def met(told: dict[str, Any]) -> dict[str, bool | None]:
    """Every precondition that was told, of the system and of the mailbox."""
    (mailbox,) = told["mailboxes"]
    return {one["code"]: one["met"] for one in [*told["systems"], *mailbox["preconditions"]]}


def to_google(place: Path, source: Box, google: GoogleForTests, address: str) -> Organisation:
    target = {
        "connector": "google_workspace",
        "admin": ADMIN,
        "key": f"file:{google.key}",
        "endpoint": google.stand_in.endpoint,
    }
    return plan(place, source, target, address)


def test_google_that_is_ready(place: Path, source: Box, google: GoogleForTests) -> None:
    made = to_google(place, source, google, google.person())
    told = valid(made.run_installed("check", SITE, "--json").json, "check")
    assert set(met(told).values()) == {True}
    assert len(told["systems"]) >= 2, "the key, the rights"
    assert made.run_installed("secrets", "status", SITE).code == 0


def test_a_right_that_google_was_not_given_is_told_once_with_where_to_give_it(
    place: Path, source: Box, google: GoogleForTests
) -> None:
    address = google.person()
    google.stand_in.manners(granted_scopes=[])
    made = to_google(place, source, google, address)
    shown = made.run_installed("check", SITE)
    assert shown.code == Exit.AUTH
    assert "0 of 1 mailbox ready" in shown.out
    told = valid(made.run_installed("check", SITE, "--json").json, "check")
    missing = [one for one in told["systems"] if one["met"] is False]
    assert missing
    assert all("Admin console" in one["what"] + one["mend"] for one in missing), missing
    assert shown.out.count(missing[0]["what"]) == 1
    status = made.run_installed("secrets", "status", SITE)
    assert status.code == Exit.AUTH
    assert missing[0]["what"] in status.out


def test_an_account_that_google_does_not_have_is_told_with_the_mailbox(
    place: Path, source: Box, google: GoogleForTests
) -> None:
    made = to_google(place, source, google, "nobody-has-this@example.org")
    shown = made.run_installed("check", SITE)
    assert shown.code == Exit.AUTH
    assert "anna@example.org: new: there is no account nobody-has-this@example.org." in shown.out
    told = valid(made.run_installed("check", SITE, "--json").json, "check")
    assert all(one["met"] is not False for one in told["systems"])
    assert [one["code"] for one in told["mailboxes"][0]["findings"]].count("target-sign-in") == 0, "told once"


def to_microsoft(
    place: Path, source: Box, microsoft: MicrosoftStandIn, address: str, client_id: str, secret: str
) -> Organisation:
    target = {
        "connector": "microsoft365",
        "tenant": microsoft.tenant,
        "client_id": client_id,
        "secret": "file:secrets/app",
        "ca_file": str(microsoft.ca_file),
        "endpoints": {
            "sign_in": microsoft.address,
            "graph": microsoft.address,
            "imap": f"{microsoft.host}:{microsoft.imap_port}",
        },
    }
    made = plan(place, source, target, address)
    file = made.folder / "secrets" / "app"
    file.write_text(secret)
    file.chmod(0o600)
    return made


def test_microsoft_that_is_ready(place: Path, source: Box, microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft)
    made = to_microsoft(place, source, microsoft, person.address, person.app.client_id, person.app.secret)
    told = valid(made.run_installed("check", SITE, "--json").json, "check")
    assert set(met(told).values()) == {True}, told


def test_what_microsoft_is_missing_is_told_apart(place: Path, source: Box, microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft)
    made = to_microsoft(place, source, microsoft, person.address, person.app.client_id, "another secret")
    shown = made.run_installed("check", SITE)
    assert shown.code == Exit.AUTH
    assert "another secret" not in shown.out + shown.err
    wrong_secret = met(valid(made.run_installed("check", SITE, "--json").json, "check"))
    other = microsoft.app()
    made = to_microsoft(place, source, microsoft, person.address, other.client_id, other.secret)
    told = valid(made.run_installed("check", SITE, "--json").json, "check")
    no_grant = met(told)
    assert False in wrong_secret.values()
    assert False in no_grant.values()
    assert {code for code, good in wrong_secret.items() if good is False} != {
        code for code, good in no_grant.items() if good is False
    }
    mending = [one["mend"] for one in told["mailboxes"][0]["preconditions"] if one["met"] is False]
    assert any("Add-MailboxPermission" in text for text in mending), "the line that mends it"

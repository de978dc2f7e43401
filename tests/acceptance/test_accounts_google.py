"""``bascule accounts`` at Google's stand-in, as installed."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path

import pytest

from migrate.ledger import observations
from migrate.ledger.store import Ledger
from tests.acceptance.clouds import Cloud, google_cloud, own_name
from tests.acceptance.organisation import SITE, running
from tests.acceptance.schemas import valid
from tests.servers.google import DOMAIN, GoogleForTests

LICENCES = {"starter": {"bought": 500, "sku": "business-starter"}}
SHA1 = "{SHA}" + "qvTGHdzF6KLavt4PO0gs2a6pQ00="


@pytest.fixture
def cloud(tmp_path: Path, google: GoogleForTests) -> Cloud:
    return google_cloud(tmp_path, google, DOMAIN, licence="starter", org_unit="/Sites/{site}")


def test_a_whole_site_is_made_and_then_nothing_differs(cloud: Cloud, google: GoogleForTests) -> None:
    anna, ben, info = (cloud.name(own_name(local)) for local in ("anna", "ben", "info"))
    sales, desk = (cloud.name(own_name(local)) for local in ("sales", "desk"))
    people = [
        {"address": anna, "name": "Anna Berg", "aliases": [cloud.name(own_name("ab"))], "groups": ["Sales"]},
        {"address": ben, "name": "Ben Costa", "groups": [desk]},
        {"address": info, "name": "Info", "shared": "yes"},
    ]
    groups = {
        sales: {"name": "Sales", "kind": "forum", "posting": "members", "members": ["helper@outside.example"]},
        desk: {"name": "Desk", "kind": "collaborative_inbox"},
    }
    hashes = cloud.organisation.folder / "secrets" / "hashes.csv"
    hashes.write_text(f"address,hash\n{ben},{SHA1}\n")
    hashes.chmod(0o600)
    cloud.organisation.systems["new"]["accounts"]["hashes"] = "file:secrets/hashes.csv"  # type: ignore[index]
    cloud.write(people, groups=groups, licences=LICENCES)

    told = valid(cloud.diff().json, "accounts-diff")
    assert told["exit_code"] == 3
    changes = [one["change"] for one in told["changes"]]
    assert changes.count("create-account") == 3
    assert changes.index("create-org-unit") < changes.index("create-account") < changes.index("add-alias")
    assert changes.index("add-alias") < changes.index("assign-licence") < changes.index("create-group")
    assert changes.index("create-group") < changes.index("add-member")

    ended = cloud.organisation.run_installed("accounts", "apply", SITE, "--yes", "--json", "--by", "Karim")
    done = valid(ended.json, "accounts-apply")
    assert (ended.code, {one["outcome"] for one in done["changes"]}) == (0, {"done"}), ended.out
    assert done["first_passwords"] == f"secrets/first-passwords-{SITE}.csv"
    with closing(Ledger(cloud.organisation.ledger)):
        """The rollout's commands make it; from then on it keeps what was seen."""
    after = cloud.diff()
    assert (after.code, after.json["changes"]) == (0, [])
    assert cloud.run("licences", "order", SITE, "--json").code == 0
    with closing(Ledger(cloud.organisation.ledger)) as ledger, ledger.read() as connection:
        seen = observations.every(connection)["site", SITE]
    assert {item: one.good for item, one in seen["accounts"].items()} == dict.fromkeys((anna, ben, info), True)
    assert {item: one.good for item, one in seen["licences"].items()} == {"starter": True}

    lines = (cloud.organisation.folder / done["first_passwords"]).read_text().splitlines()
    assert {line.partition(",")[0] for line in lines[1:]} == {anna, info}, "ben keeps his password"
    directory = google.service("admin.directory_v1", f"admin@{DOMAIN}", ["admin.directory.user"])
    user = directory.users().get(userKey=anna).execute()
    assert (user["orgUnitPath"], user["name"]["familyName"]) == (f"/Sites/{SITE}", "Berg")
    settings = google.service("groupssettings.v1", f"admin@{DOMAIN}", ["apps.groups.settings"])
    forum = settings.groups().get(groupUniqueId=sales).execute()
    assert (forum["isArchived"], forum["whoCanPostMessage"], forum["allowExternalMembers"]) == (
        "true", "ALL_MEMBERS_CAN_POST", "true",
    )  # fmt: skip
    assert settings.groups().get(groupUniqueId=desk).execute()["enableCollaborativeInbox"] == "true"
    record = [json.loads(line) for line in (cloud.organisation.folder / done["record"]).read_text().splitlines()]
    assert {line["by"] for line in record} == {"Karim"}
    assert [line["outcome"] for line in record] == ["begun", "done"] * len(done["changes"])


def test_no_password_hash_or_key_is_shown_or_recorded(cloud: Cloud, google: GoogleForTests) -> None:
    anna = cloud.name(own_name("anna"))
    cloud.write([{"address": anna, "name": "Anna Berg"}], licences=LICENCES)
    google.stand_in.fault("500", method="directory.users.aliases.insert", times=None)
    ended = cloud.apply()
    folder = cloud.organisation.folder
    secret = next(
        line.partition(",")[2]
        for line in (folder / "secrets" / f"first-passwords-{SITE}.csv").read_text().splitlines()
        if line.startswith(anna)
    )
    key = json.loads((folder / "secrets" / "google.json").read_text())["private_key"].splitlines()[3]
    shown = [ended.out, ended.err, json.dumps(google.stand_in.control("summary"))]
    shown += [
        file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file() and "secrets" not in file.parts
    ]
    assert len(secret) == 24
    assert not [text for text in shown if secret in text or key in text]


def test_a_run_that_was_killed_anywhere_is_gone_on_with(cloud: Cloud, google: GoogleForTests) -> None:
    people = [
        {"address": cloud.name(own_name("p")), "name": f"Person {n}", "aliases": [cloud.name(own_name("q"))]}
        for n in range(6)
    ]
    cloud.write(people, licences=LICENCES)
    google.stand_in.manners(latency=0.05)
    kills = 0
    for after in (1, 6, 12):
        with running(cloud.organisation.start("accounts", "apply", SITE, "--yes")) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("done") and (after := after - 1) == 0:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    break
    assert kills >= 2
    google.stand_in.manners(latency=0)
    ended = cloud.apply()
    assert ended.code == 0, ended.out
    assert cloud.diff().json["changes"] == []
    lines = (cloud.organisation.folder / "secrets" / f"first-passwords-{SITE}.csv").read_text().splitlines()
    assert len(lines) == len({line.partition(",")[0] for line in lines}) == 7


def test_busy_answers_are_waited_for_and_a_lost_answer_makes_nothing_twice(
    cloud: Cloud, google: GoogleForTests
) -> None:
    anna = cloud.name(own_name("anna"))
    cloud.write([{"address": anna, "name": "Anna Berg", "aliases": [cloud.name(own_name("ab"))]}], licences=LICENCES)
    google.stand_in.fault("429", method="directory.users.list", retry_after=1)
    google.stand_in.fault("503", method="directory.groups.list", retry_after=1)
    google.stand_in.fault("429", method="directory.users.insert", retry_after=1)
    google.stand_in.fault("403", method="directory.users.aliases.insert", retry_after=1)
    google.stand_in.fault("drop_after_commit", method="licensing.licenseAssignments.insert")
    ended = cloud.apply()
    assert ended.code == 0, ended.out + ended.err
    assert cloud.diff().json["changes"] == []


def test_a_right_that_was_not_granted_is_told_with_what_to_do(cloud: Cloud, google: GoogleForTests) -> None:
    cloud.write([{"address": cloud.name(own_name("anna")), "name": "Anna Berg"}], licences=LICENCES)
    scope = "https://www.googleapis.com/auth/"
    google.stand_in.manners(granted_scopes=[f"{scope}gmail.modify"])
    ended = cloud.diff()
    assert (ended.code, ended.out) == (7, "")
    assert "admin.directory.user" in ended.err
    assert "Traceback" not in ended.err
    google.stand_in.manners(granted_scopes=None, disabled_apis=["admin.googleapis.com"])
    disabled = cloud.diff()
    assert (disabled.code, "Admin SDK API" in disabled.err) == (6, True)


def test_addresses_that_are_taken_are_told_and_the_rest_is_made(cloud: Cloud, google: GoogleForTests) -> None:
    boss, anna, ben = (cloud.name(own_name(local)) for local in ("boss", "anna", "ben"))
    directory = google.service("admin.directory_v1", f"admin@{DOMAIN}", ["admin.directory.user"])
    google.stand_in.add_user(boss)
    directory.users().aliases().insert(userKey=boss, body={"alias": anna}).execute()
    gone = google.person()
    directory.users().delete(userKey=gone).execute()
    people = [{"address": address, "name": f"Person {number}"} for number, address in enumerate((anna, ben, gone))]
    cloud.write(people)
    del cloud.organisation.systems["new"]["accounts"]["licence"]  # type: ignore[attr-defined]
    cloud.write(people)
    ended = cloud.apply()
    told = ended.json
    assert ended.code == 3
    assert {(one["change"], one["subject"]) for one in told["changes"]} >= {("create-account", ben)}
    codes = {one["subject"]: one["code"] for one in told["findings"] if one["kind"] == "obstacle"}
    assert codes == {anna: "address-is-alias", gone: "address-of-deleted-account"}
    assert directory.users().get(userKey=boss).execute()["aliases"] == [anna]


def test_mailboxes_that_are_late_are_waited_for(cloud: Cloud, google: GoogleForTests) -> None:
    cloud.write([{"address": cloud.name(own_name("anna")), "name": "Anna Berg"}], licences=LICENCES)
    google.stand_in.manners(mailbox_delay=3600)
    assert cloud.apply().code == 0
    assert "mailbox-not-ready" in {one["code"] for one in cloud.diff().json["findings"]}
    with running(cloud.organisation.start("accounts", "wait", SITE, "--json")) as process:
        assert process.stderr is not None
        assert "1 mailbox is not ready" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _err = process.communicate(timeout=30)
    assert (process.returncode, len(valid(json.loads(out), "accounts-wait")["not_ready"])) == (130, 1)
    google.stand_in.advance(4000)
    assert cloud.run("accounts", "wait", SITE).code == 0

"""The commands that find out who moves, and whose password works, against real servers."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.acceptance.organisation import SITE, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.acceptance.test_secrets import PLANTED, WRONG_PASSWORD, logging_on, planted_in
from tests.servers.process import free_port
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, PASSWORD, ImapServer


@pytest.fixture
def plan(place: Path, old: ImapServer, new: ImapServer, user: str) -> Organisation:
    names = [f"{user}-{number}" for number in range(8)]
    return organisation(place, imap(old.port), imap(new.port), people=names)


def states(plan: Organisation, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    ended = plan.run("secrets", "status", SITE, "--json", *options)
    told = valid(ended.json, "secrets-status")
    assert told["exit_code"] == ended.code
    return ended.code, {
        one["mailbox"]: {account["side"]: account["state"] for account in one["accounts"]} for one in told["mailboxes"]
    }


def test_everybodys_password_works(plan: Organisation, old: ImapServer) -> None:
    code, found = states(plan)

    assert code == 0
    assert found == {address: {"source": "works", "target": "works"} for address in plan.passwords}
    assert not plan.ledger.exists()


def test_ctrl_c_says_what_it_ends(plan: Organisation) -> None:
    """A server that never answers: the first account is being tried."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        plan.systems["old"]["port"] = silent.getsockname()[1]
        plan.write()
        with running(plan.start("secrets", "status", SITE)) as process:
            connection, _address = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                ended = finished(process)

    assert ended.code == 130
    assert ended.err.splitlines()[-1] == "Stopping: no further account is tried."
    assert "not tried" in ended.out


def test_what_works_is_wrong_missing_and_nobodys_is_told_and_no_password(
    plan: Organisation, user: str, tmp_path: Path
) -> None:
    logging_on(plan, tmp_path)
    wrong, missing, *_rest, stray = list(plan.passwords)
    plan.passwords[wrong] = (WRONG_PASSWORD, PASSWORD)
    plan.passwords[missing] = (PASSWORD, "")
    plan.passwords[f"x{stray}"] = plan.passwords.pop(stray)
    plan.write()

    code, found = states(plan)
    shown = plan.run("secrets", "status", SITE)
    offline = plan.run("secrets", "status", SITE, "--offline")

    assert code == shown.code == offline.code == 7
    assert found[wrong] == {"source": "wrong", "target": "works"}
    assert found[missing] == {"source": "works", "target": "missing"}
    assert found[stray] == {"source": "missing", "target": "missing"}
    assert sum(set(sides.values()) == {"works"} for sides in found.values()) == 5
    lines = shown.out.splitlines()
    assert lines[0].split() == ["address", "source", "(old)", "target", "(new)"]
    assert lines[1].split() == [wrong, "wrong", "works"]
    assert f"{wrong} (old): 127.0.0.1: does not let this account in (AUTHENTICATIONFAILED)" in lines
    advice = "no password. Fill it in in secrets/paris.csv, or give the system a master user."
    assert f"{stray} (old): {advice}" in lines
    assert f"{missing}, {stray} (new): {advice}" in lines
    assert "16 accounts: 12 works, 1 wrong, 3 missing" in lines
    assert lines[-1] == (
        f'secrets/paris.csv:9: Nobody of this site has the address on this line. Did you mean "{stray}"?'
    )
    assert "16 accounts: 13 present, 3 missing" in offline.out
    for ended in (shown, offline):
        assert ended.err == ""
        assert planted_in((ended.out + ended.err).encode()) == []
    assert planted_in((tmp_path / "log").read_bytes()) == []
    assert WRONG_PASSWORD in PLANTED


def test_a_passwords_file_that_others_can_read_is_refused_for_everybody_at_once(plan: Organisation) -> None:
    file = plan.folder / "secrets" / f"{SITE}.csv"
    file.chmod(0o644)

    ended = plan.run("secrets", "status", SITE)

    assert ended.code == 7
    assert "16 accounts: 16 unreadable" in ended.out
    assert ended.out.count(f"can be read by others on this machine. Run: chmod 600 {file}") == 2
    assert planted_in(ended.out.encode()) == []


def test_a_system_that_cannot_be_reached_is_told_once(plan: Organisation) -> None:
    plan.systems["new"]["port"] = free_port()
    plan.write()
    began = time.monotonic()

    code, found = states(plan)
    shown = plan.run("secrets", "status", SITE)

    assert code == shown.code == 6
    assert all(sides == {"source": "works", "target": "unreachable"} for sides in found.values())
    assert "and 5 more (new): 127.0.0.1: " in shown.out
    assert time.monotonic() - began < 30


def test_a_wrong_master_password_is_tried_for_three_people_only(plan: Organisation, old: ImapServer, user: str) -> None:
    secret = plan.folder / "secrets" / "master.txt"
    plan.passwords = {}
    plan.systems["old"]["master"] = {"user": MASTER_USER, "password": "file:secrets/master.txt"}
    plan.systems["new"]["master"] = {"user": MASTER_USER, "password": "file:secrets/master.txt"}
    plan.write()
    secret.touch(0o600)
    secret.write_text(WRONG_PASSWORD)

    wrong, found = states(plan)
    secret.write_text(MASTER_PASSWORD)
    right, _ = states(plan)

    assert (wrong, right) == (7, 0)
    assert [sides["source"] for sides in found.values()] == ["wrong"] * 3 + ["not-tried"] * 5


def test_only_the_mailboxes_asked_for_are_tried(plan: Organisation) -> None:
    one = next(iter(plan.passwords))

    assert states(plan, "--mailbox", one.upper()) == (0, {one: {"source": "works", "target": "works"}})


def test_a_slow_refusal_does_not_make_the_others_wait(place: Path, standing_courier: ImapServer, user: str) -> None:
    """Courier takes five seconds to refuse a password."""
    plan = organisation(
        place,
        imap(standing_courier.port, max_sessions=6),
        imap(standing_courier.port, max_sessions=6),
        people=[f"{user}-{number}" for number in range(6)],
    )
    plan.passwords = dict.fromkeys(plan.passwords, (WRONG_PASSWORD, PASSWORD))
    for entry in plan.people:
        entry["target_user"] += "-new"
    plan.write()
    began = time.monotonic()

    code, found = states(plan)

    assert code == 7
    assert all(sides == {"source": "wrong", "target": "works"} for sides in found.values())
    assert time.monotonic() - began < 20


def test_people_are_imported_given_passwords_and_tried(plan: Organisation, user: str, tmp_path: Path) -> None:
    """From an export to a site whose passwords work, by commands alone and what a person types."""
    (plan.folder / "sites" / f"{SITE}.yaml").write_text(
        f"site: {SITE}\nsource: old\ntarget: new\npeople: {SITE}.csv\npasswords: file:secrets/{SITE}.csv\n"
    )
    passwords = plan.folder / "secrets" / f"{SITE}.csv"
    passwords.unlink()
    export = tmp_path / "export.csv"
    export.write_text(
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
        f"Org Unit Path [Required]\nAnna,Berg,{user}@example.org,{WRONG_PASSWORD},/\n"
    )

    imported = plan.run("people", "import", SITE, str(export))
    again = plan.run("people", "import", SITE, str(export))
    made = plan.run("secrets", "template", SITE)
    passwords.write_text(
        passwords.read_text().replace(f"{user}@example.org,,", f"{user}@example.org,{PASSWORD},{PASSWORD}")
    )
    code, found = states(plan)

    assert (imported.code, again.code, made.code, code) == (0, 0, 0, 0), imported.err + made.err
    assert imported.out.splitlines()[-1] == f"sites/{SITE}.csv: 1 person written."
    assert again.out.splitlines()[-1] == f"Nobody is new; sites/{SITE}.csv stays as it is."
    assert made.out == (
        f"secrets/{SITE}.csv: 1 line added. Fill in the passwords, and try them with: bascule secrets status {SITE}\n"
    )
    assert found == {f"{user}@example.org": {"source": "works", "target": "works"}}
    assert planted_in((imported.out + again.out).encode()) == []


@pytest.fixture
def empty_site(plan: Organisation) -> Path:
    """A site whose people file is yet to be made."""
    (plan.folder / "sites" / f"{SITE}.yaml").write_text(f"site: {SITE}\nsource: old\ntarget: new\npeople: {SITE}.csv\n")
    return plan.folder / "sites" / f"{SITE}.csv"


def test_a_template_is_written_once_and_printed_anywhere(plan: Organisation, empty_site: Path, tmp_path: Path) -> None:
    headings = "address,name,source user,target user,archives,gmail,aliases,groups,licence,shared,sources,uses\n"

    made = plan.run("people", "template", SITE)
    empty_site.write_text(headings + "anna@example.org,,,,,,,,,,\n")
    again = plan.run("people", "template", SITE)
    printed = plan.run("people", "template", "--language", "fr")

    assert (made.code, made.out) == (0, f"Written: sites/{SITE}.csv. Fill in one person a line.\n")
    assert (again.code, again.err) == (2, f"Error: sites/{SITE}.csv is there already, and nothing was changed.\n")
    assert empty_site.read_text() == headings + "anna@example.org,,,,,,,,,,\n"
    assert printed.out.startswith("\ufeffadresse;nom;utilisateur source;")


def test_an_import_never_changes_a_line_that_a_person_edited(
    plan: Organisation, empty_site: Path, tmp_path: Path
) -> None:
    edited = "Nom ;adresse; alias\r\nAnna  (mère) ;anna@example.org;\r\nBruno;bruno@example.org;b@example.org".encode(
        "cp1252"
    )
    empty_site.write_bytes(edited)
    export = tmp_path / "export.csv"
    export.write_text(
        "Prénom;Nom;E-mail;Bureau\nAnna;B;ANNA@example.org;1\nB;C;b@example.org;2\nLéa;D;lea@example.org;3\n"
    )

    refused = plan.run("people", "import", SITE, str(export))
    before = empty_site.read_bytes()
    merged = plan.run("people", "import", SITE, str(export), "--merge", "--json")
    after = empty_site.read_bytes()
    again = plan.run("people", "import", SITE, str(export), "--merge")

    assert (refused.code, before) == (2, edited)
    assert refused.out.splitlines() == [
        "Read as: table with headings.",
        "address          name ",
        "lea@example.org  Léa D",
        "2 people are in the file already; their lines stay as they are.",
        "Columns that were not used: Bureau.",
        f"sites/{SITE}.csv is there already, and nothing was changed. With --merge 1 person is added.",
    ]
    assert (merged.code, merged.json["written"]) == (0, True)
    assert [one["address"] for one in merged.json["added"]] == ["lea@example.org"]
    assert after == edited + "\r\nLéa D;lea@example.org;\r\n".encode("cp1252")
    assert (again.code, empty_site.read_bytes()) == (0, after)


def test_a_file_that_is_no_export_is_told_without_a_traceback(
    plan: Organisation, empty_site: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export.xlsx"
    export.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00")

    ended = plan.run("people", "import", SITE, str(export))

    assert (ended.code, ended.out) == (2, "")
    told = "This is no text file. Export the list again as CSV or LDIF; a workbook (.xlsx) is not read."
    assert ended.err == f"Error: {export}: {told}\n"
    assert not empty_site.exists()


def test_people_of_another_site_are_left_out_of_an_import(plan: Organisation, empty_site: Path, tmp_path: Path) -> None:
    """One export often holds a whole company."""
    sites = plan.folder / "sites"
    (sites / "lyon.yaml").write_text("site: lyon\nsource: old\ntarget: new\npeople: lyon.csv\n")
    (sites / "lyon.csv").write_text("address\nLea@example.org\n")
    export = tmp_path / "export.txt"
    export.write_text("anna@example.org\nlea@example.org\n")

    ended = plan.run("people", "import", SITE, str(export), "--json")

    assert ended.code == 0
    assert [one["address"] for one in ended.json["added"]] == ["anna@example.org"]
    assert ended.json["in_other_sites"] == {"lea@example.org": "lyon"}
    valid(ended.json, "people-import")
    assert "lea@" not in empty_site.read_text()

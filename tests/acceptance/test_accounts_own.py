"""``bascule accounts`` for targets of one's own, as installed: a program, and a Dovecot passwd-file."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.acceptance.organisation import SITE, Organisation, organisation, running
from tests.acceptance.schemas import valid

#: Keeps accounts in a file, slowly enough to be caught in the middle; loses nothing that it has said it did.
HOOK = """
import json, pathlib, sys, time
asked, kept = json.load(sys.stdin), pathlib.Path("accounts.json")
there = json.loads(kept.read_text()) if kept.exists() else {}
if asked["action"] == "look":
    print(json.dumps({"accounts": list(there.values()), "manages": ["aliases"]}))
    sys.exit(0)
one = there.setdefault(asked["subject"], {"user": asked["subject"], "aliases": []})
if asked["action"] == "create-account":
    with open("passwords.txt", "a") as file:
        file.write(asked["password"] + "\\n")
    if asked["subject"].startswith("bad"):
        sys.exit("no room for " + asked["password"])
else:
    one["aliases"] = sorted({*one["aliases"], asked["alias"]})
new = pathlib.Path("accounts.new")
new.write_text(json.dumps(there))
new.replace(kept)
time.sleep(0.05)
"""
PEOPLE = [
    {"address": f"p{number}@example.org", "name": f"Person {number}", "aliases": [f"q{number}@example.org"]}
    for number in range(4)
]


def _made(folder: Path, accounts: dict[str, object]) -> Organisation:
    made = organisation(
        folder, {"connector": "maildir", "path": "old/{user}"}, {"connector": "maildir", "path": "new/{user}"}
    )
    made.systems["new"]["accounts"] = accounts
    made.people = PEOPLE  # type: ignore[assignment]  # aliases are a list
    made.write()
    return made


def test_a_program_is_killed_with_us_and_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "hook.py").write_text(HOOK)
    made = _made(tmp_path, {"hook": f"command:{sys.executable} hook.py"})
    with running(made.start("accounts", "apply", SITE, "--yes")) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("done"):
                process.send_signal(signal.SIGKILL)
                break
    time.sleep(0.5)  # its last question may still be answered
    ended = made.run_installed("accounts", "apply", SITE, "--yes", "--json")
    told = valid(ended.json, "accounts-apply")
    assert (ended.code, {one["outcome"] for one in told["changes"]}) == (0, {"done"})
    there = json.loads((tmp_path / "accounts.json").read_text())
    assert {user: one["aliases"] for user, one in there.items()} == {one["address"]: one["aliases"] for one in PEOPLE}
    passwords = (tmp_path / "secrets" / f"first-passwords-{SITE}.csv").read_text()
    assert all(line in passwords for line in (tmp_path / "passwords.txt").read_text().split())
    assert made.run("accounts", "diff", SITE).code == 0


def test_what_a_program_says_of_a_password_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "hook.py").write_text(HOOK)
    made = _made(tmp_path, {"hook": f"command:{sys.executable} hook.py"})
    made.people = [{"address": "bad@example.org", "name": "Bad Luck"}]
    made.write()
    ended = made.run_installed("accounts", "apply", SITE, "--yes")
    secret = (tmp_path / "passwords.txt").read_text().strip()
    record = (tmp_path / "evidence" / "accounts.jsonl").read_text()
    assert ended.code == 3
    assert "no room for ***" in ended.err
    assert secret not in ended.out + ended.err + record


def test_a_passwd_file_gets_a_line_for_everybody_once(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("boss:{PLAIN}x::::::\n")
    made = _made(tmp_path, {"passwd_file": {"path": "users", "uid": os.getuid()}})
    assert made.run("accounts", "apply", SITE, "--yes").code == 0
    after = file.read_text()
    assert [line.partition(":")[0] for line in after.splitlines()] == ["boss", *(one["address"] for one in PEOPLE)]
    again = made.run("accounts", "apply", SITE, "--yes")
    assert (again.code, file.read_text()) == (0, after)
    unanswered = made.run("accounts", "apply", SITE)
    assert (unanswered.code, "nothing is to be done" in unanswered.out) == (0, True)


def test_a_target_of_which_nothing_is_known_is_told_with_what_to_write(tmp_path: Path) -> None:
    made = _made(tmp_path, {})
    ended = made.run("accounts", "diff", SITE)
    assert (ended.code, "passwd_file" in ended.err) == (2, True)
    without_yes = made.run("accounts", "apply", SITE, "--json")
    assert (without_yes.code, "add --yes" in without_yes.err) == (2, True)


def test_the_order_of_licences_knows_the_mail_that_a_copy_has_seen(tmp_path: Path) -> None:
    made = _made(tmp_path, {"licence": "basic"})
    made.people = [{"address": f"{name}@example.org", "name": name} for name in ("anna", "ben")]
    made.write()
    plan = tmp_path / "organisation.yaml"
    plan.write_text(plan.read_text() + "licences: {basic: {bought: 1, price: 2.5}}\n")
    messages = [b"Subject: %d\r\n\r\n%s\r\n" % (size, b"x" * size) for size in (10, 5000)]
    for folder in ("cur", "new", "tmp"):
        for name in ("anna", "ben"):
            (tmp_path / "old" / f"{name}@example.org" / folder).mkdir(parents=True)
    for number, message in enumerate(messages):
        (tmp_path / "old" / "anna@example.org" / "cur" / f"{number}.M1P1.host:2,S").write_bytes(message)
    assert made.run("copy", SITE, "--mailbox", "anna@example.org", "--json").code == 0
    checked = tmp_path / "check.json"
    checked.write_text(json.dumps({"mailboxes": [{"mailbox": "ben@example.org", "size": 7}]}))
    told = valid(made.run("licences", "order", SITE, "--check", str(checked), "--json").json, "licences-order")
    sizes = {one["mailbox"]: one["size"] for one in told["people"]}
    assert sizes == {"anna@example.org": sum(map(len, messages)), "ben@example.org": 7}
    assert [(one["licence"], one["number"], one["cost"]) for one in told["lines"]] == [("basic", 1, 2.5)]
    out = tmp_path / "order.csv"
    assert made.run("licences", "order", SITE, "--form", "csv", "--out", str(out)).code == 0
    assert out.read_text(encoding="utf-8-sig").splitlines()[1] == "basic,basic,1,2.50,2.50"

"""Messages to people: each is mail that every program reads, is posted once, and holds nobody's secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from migrate.messages.letters import header_text
from migrate.messages.record import Line, Record
from tests.acceptance.organisation import COMMAND
from tests.acceptance.schemas import valid
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.post_office import PASSWORD, USER, PostOffice, running_post_office

SECRET = "first-password-of-anna"
TEMPLATE = """\
# {title}{{{{ timeline.value.switch | day }}}}

{hello} {{{{ person.name or person.address }}}},

- [ ] {{{{ person.address }}}}

[web](https://mail.example/) · {{{{ plan.target.title }}}}
"""
EVIL = 'Anna\r\nBcc: victim@evil.example\u202e <b>"x", ü'
PEOPLE = [
    ("anna@m.example", EVIL, ""),
    ("bruno@m.example", "Bruno", "fr"),
    ("chloe@m.example", "Chloé شلوى", "français"),
    ("dora@m.example", "", "en"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def running(certificates: Certificates) -> Iterator[PostOffice]:
    with running_post_office(certificates) as office:
        yield office


@pytest.fixture
def office(running: PostOffice, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    running.clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    return running


@pytest.fixture
def company(tmp_path: Path, office: PostOffice, english: None) -> Path:
    plan(tmp_path, office, day(7))
    return tmp_path


def day(from_today: int) -> date:
    """On the clocks of the plan."""
    return datetime.now(ZoneInfo("Europe/Paris")).date() + timedelta(days=from_today)


def plan(folder: Path, office: PostOffice, switch: date, people: list[tuple[str, str, str]] = PEOPLE) -> None:
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / "post").write_text(PASSWORD)
    (folder / "secrets" / "first").write_text(SECRET)
    for secret in (folder / "secrets").iterdir():
        secret.chmod(0o600)
    (folder / "organisation.yaml").write_text(
        "name: Example\nlanguage: en\ntime_zone: Europe/Paris\n"
        "systems:\n  old: {connector: imap, host: old.example}\n  new: {connector: imap, host: new.example}\n"
        f"messages: {{address: it@m.example, name: IT team, reply_to: help@m.example, host: localhost,"
        f" port: {office.port}, user: {USER}, password: 'file:secrets/post'}}\n"
    )
    (folder / "sites").mkdir(exist_ok=True)
    rows = [",".join((address, _quoted(name), language, "file:secrets/first")) for address, name, language in people]
    (folder / "sites" / "lyon.csv").write_bytes(
        ("address,name,language,target password\n" + "\n".join(rows) + "\n").encode()
    )
    (folder / "sites" / "lyon.yaml").write_text(
        f"site: lyon\nsource: old\ntarget: new\npeople: lyon.csv\nswitch: {switch}\n"
    )
    for language, title, hello in (("fr", "Messagerie\u00a0: le ", "Bonjour"), ("en", "Mail: on ", "Dear")):
        own = folder / "runbooks" / language / "messages"
        own.mkdir(parents=True, exist_ok=True)
        for moment in ("j-7", "j+1"):
            (own / f"{moment}.md.j2").write_text(TEMPLATE.format(title=title, hello=hello))


def _quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""'))


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), "messages", "lyon", *arguments])


def told(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, "--when", "J-7", "--json", *arguments)
    return valid(json.loads(done.stdout), "messages")


def test_a_message_is_written_for_each_person_in_their_own_language(company: Path, office: PostOffice) -> None:
    answer = told(company)
    assert [(one["address"], one["language"], one["state"]) for one in answer["messages"]] == [
        ("anna@m.example", "en", "written"), ("bruno@m.example", "fr", "written"),
        ("chloe@m.example", "fr", "written"), ("dora@m.example", "en", "written"),
    ]  # fmt: skip
    assert office.taken == [], "only written"
    for one in answer["messages"]:
        data = (company / one["file"]).read_bytes()
        assert SECRET.encode() not in data
        message = message_from_bytes(data, policy=default)
        assert message.defects == []
        assert [part.defects for part in message.walk()] == [[], [], []]
        assert message["To"].addresses[0].addr_spec == one["address"]
        assert (message["From"].addresses[0].addr_spec, message["Reply-To"]) == ("it@m.example", "help@m.example")
        assert message["Date"].datetime is not None
        assert str(message["Message-ID"]).startswith("<bascule.")
        assert message["Content-Language"] == one["language"]
        body = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert body.startswith("Dear" if one["language"] == "en" else "Bonjour")
        assert f"- ☐ {one['address']}" in body
        assert "web <https://mail.example/>" in body
        page = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert "<b>" not in page
        assert 'href="https://mail.example/"' in page


def test_an_evil_name_is_a_name_and_no_header(company: Path, office: PostOffice) -> None:
    told(company, "--send", "--mailbox", "anna@m.example")
    ((address, message),) = office.taken
    assert address == "anna@m.example"
    assert message["Bcc"] is None
    assert len(message["To"].addresses) == 1
    assert "Bcc: victim@evil.example" in message["To"].addresses[0].display_name
    assert "\u202e" not in str(message)
    assert header_text("a\r\nb\u2028c\x00d\u00a0e") == "a  b cd\u00a0e"


def test_nobody_is_sent_a_message_twice_unless_asked(company: Path, office: PostOffice) -> None:
    assert told(company, "--send")["exit_code"] == 0
    assert [one["state"] for one in told(company, "--send")["messages"]] == ["accepted"] * 4
    assert Counter(address for address, _message in office.taken) == {one[0]: 1 for one in PEOPLE}
    first = {address: message["Message-ID"] for address, message in office.taken}
    told(company, "--send", "--again", "--mailbox", "dora@m.example")
    address, message = office.taken[-1]
    assert (len(office.taken), address) == (5, "dora@m.example")
    assert message["Message-ID"] != first[address], "another message, not the same once more"
    assert all(PASSWORD.encode() not in raw and SECRET.encode() not in raw for raw in office.raw)
    for file in (company / "documents").rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes()


def test_who_was_refused_is_told_and_tried_again(company: Path, office: PostOffice) -> None:
    office.answers |= {"bruno@m.example": "550 No such person", "dora@m.example": "451 Later"}
    answer = told(company, "--send")
    assert answer["exit_code"] == Exit.PARTIAL
    assert {one["address"]: (one["state"], one["answer"]) for one in answer["messages"]} == {
        "anna@m.example": ("accepted", "250"), "bruno@m.example": ("refused", "550"),
        "chloe@m.example": ("accepted", "250"), "dora@m.example": ("later", "451"),
    }  # fmt: skip
    office.answers.clear()
    assert told(company, "--send")["exit_code"] == 0
    assert Counter(address for address, _message in office.taken) == {one[0]: 1 for one in PEOPLE}


def test_a_killed_run_goes_on_and_only_what_was_on_its_way_may_come_twice(company: Path, office: PostOffice) -> None:
    held = Event()
    office.before_answer = lambda address: held.wait(60) and None if address == "chloe@m.example" else None
    command = [str(COMMAND), "-C", str(company), "messages", "lyon", "--when", "J-7", "--send"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        office.wait_for(3)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        held.set()
    assert {one["address"]: one["state"] for one in told(company)["messages"]} == {
        "anna@m.example": "accepted", "bruno@m.example": "accepted", "chloe@m.example": "sending",
        "dora@m.example": "written",
    }  # fmt: skip
    assert told(company, "--send")["exit_code"] == 0
    count = Counter(address for address, _message in office.taken)
    assert count == {"anna@m.example": 1, "bruno@m.example": 1, "chloe@m.example": 2, "dora@m.example": 1}
    ids = {message["Message-ID"] for address, message in office.taken if address == "chloe@m.example"}
    assert len(ids) == 1, "the same message, for mail systems and people"


def test_ctrl_c_ends_after_the_message_in_hand_and_the_same_command_goes_on(company: Path, office: PostOffice) -> None:
    def interrupt(address: str) -> None:
        if address == "bruno@m.example":
            os.kill(os.getpid(), signal.SIGINT)

    office.before_answer = interrupt
    answer = told(company, "--send")
    assert answer["exit_code"] == Exit.INTERRUPTED
    assert [one["state"] for one in answer["messages"]] == ["accepted", "accepted", "written", "written"]
    office.before_answer = lambda _address: None
    assert told(company, "--send")["exit_code"] == 0
    assert Counter(address for address, _message in office.taken) == {one[0]: 1 for one in PEOPLE}


def test_a_line_that_breaks_is_mended_and_the_message_sent_again(company: Path, office: PostOffice) -> None:
    broken = []

    def once(address: str) -> str | None:
        if address == "bruno@m.example" and not broken:
            broken.append(address)
            return "421 Closing"
        return None

    office.before_answer = once
    answer = told(company, "--send")
    assert [one["state"] for one in answer["messages"]] == ["accepted", "later", "accepted", "accepted"]
    assert told(company, "--send")["exit_code"] == 0


def test_a_certificate_of_nobody_ends_it_before_anything_is_said(
    company: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    done = run(company, "--when", "J-7", "--send")
    assert done.exit_code == Exit.CONNECTION
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert office.taken == []


def test_a_wrong_password_is_told_without_it(company: Path, office: PostOffice) -> None:
    (company / "secrets" / "post").write_text("another-password")
    done = run(company, "--when", "J-7", "--send")
    assert done.exit_code == Exit.AUTH
    assert "535" in done.stderr
    assert "another-password" not in done.output
    assert office.taken == []


@pytest.mark.parametrize(
    ("days", "when", "said"),
    [(0, "J-7", "J-7 is over"), (-1, "j-7", "J-7 is over"), (1, "D+1", "J+1 is still to come")],
)
def test_a_message_that_would_be_untrue_on_this_day_is_not_sent(
    company: Path, office: PostOffice, days: int, when: str, said: str
) -> None:
    plan(company, office, day(days))
    done = run(company, "--when", when, "--send")
    assert (done.exit_code, office.taken) == (Exit.USAGE, [])
    assert said in done.stderr


def test_who_was_told_another_day_is_named(company: Path, office: PostOffice) -> None:
    told(company, "--send")
    plan(company, office, day(14))
    assert "4 people were told another day" in run(company, "--when", "J-7").stdout


def test_files_of_people_who_left_the_plan_go_and_those_of_one_person_leave_the_rest(
    company: Path, office: PostOffice
) -> None:
    told(company)
    folder = company / "documents" / "lyon" / "messages" / "j-7"
    told(company, "--mailbox", "anna@m.example")
    assert len(list(folder.glob("*.eml"))) == 4
    plan(company, office, day(7), PEOPLE[:2])
    told(company)
    assert sorted(one.name for one in folder.glob("*.eml")) == ["anna@m.example.eml", "bruno@m.example.eml"]


def test_each_mailbox_has_a_file_of_its_own_whatever_it_is_called(company: Path, office: PostOffice) -> None:
    plan(company, office, day(7), [(f"{one}@m.example", "", "") for one in ("o'neil", "o_neil", "o!neil", "x" * 240)])
    files = [one["file"] for one in told(company)["messages"]]
    assert len(set(files)) == 4
    addressed = [message_from_bytes((company / one).read_bytes(), policy=default)["To"] for one in files]
    assert len({str(one) for one in addressed}) == 4


def test_a_record_that_ends_in_the_middle_of_a_line_goes_on(tmp_path: Path) -> None:
    line = Line.model_validate(
        {"moment": "j-7", "address": "a@m.example", "state": "sending", "at": "2027-02-02T09:00:00Z",
         "message_id": "x@m.example", "time": 1, "switch": "2027-02-09"}
    )  # fmt: skip
    record = Record(tmp_path)
    record.add(line)
    with (tmp_path / "sent.jsonl").open("ab") as file:
        file.write(b'{"moment": "j-7", "addr')
    Record(tmp_path).add(line.model_copy(update={"state": "accepted"}))
    newest = Record(tmp_path).newest("j-7", "a@m.example")
    assert newest is not None
    assert newest.state == "accepted"


def test_a_record_of_a_later_version_is_told_and_nobody_is_sent_a_message_twice(
    company: Path, office: PostOffice
) -> None:
    told(company, "--send")
    record = company / "documents" / "lyon" / "messages" / "sent.jsonl"
    record.write_text(record.read_text().replace('"answer"', '"later": 1, "answer"'))
    taken = len(office.taken)
    ended = run(company, "--when", "J-7", "--send")
    assert (ended.exit_code, len(office.taken)) == (Exit.USAGE, taken)
    assert "sent.jsonl:1 " in ended.stderr


def test_mistakes_are_told_with_what_to_do(company: Path) -> None:
    for arguments, said in (
        (("--when", "J-8"), "There are: J-14, J-7, J-1, J, J+1"),
        (("--when", "J-7", "--again"), "--again goes with --send"),
        (("--when", "J-7", "--mailbox", "nobody@m.example"), "not in the plan of lyon"),
    ):
        done = run(company, *arguments)
        assert (done.exit_code, said in done.stderr) == (Exit.USAGE, True)
    file = company / "organisation.yaml"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("messages")))
    assert "messages: {address" in run(company, "--when", "J-7").stderr

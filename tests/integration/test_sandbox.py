"""The stand-ins of the demo behave as real servers do, as far as the demo needs it."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import ssl
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from aiosmtpd.smtp import Envelope
from imapclient import IMAPClient

from migrate.sandbox import company
from migrate.sandbox.child import EndedBadly
from migrate.sandbox.counting import present
from migrate.sandbox.letters import Letter
from migrate.sandbox.pymap_server import PymapServer, running_pymap
from migrate.sandbox.running import running_sandbox
from migrate.sandbox.services.smtp import Delivery

_USERS = {person.login: f"secret of {person.login}" for person in company.PEOPLE}


def test_a_mailbox_of_the_company_is_served_as_it_was_delivered() -> None:
    person = min(company.PEOPLE, key=lambda person: person.letters)
    letters = company.letters(person)
    with running_pymap(_USERS) as server:
        server.deliver(person.login, letters)
        assert _served(server, person.login) == Counter(map(_fingerprint, letters))


def test_a_message_over_the_limit_is_refused_and_the_limit_is_announced() -> None:
    user = company.PEOPLE[0].login
    with running_pymap(_USERS, max_message=1000) as server, imaplib.IMAP4(server.host, server.port) as client:
        client.login(user, _USERS[user])
        assert b"APPENDLIMIT=1000" in client.capability()[1][-1].split()
        with pytest.raises(imaplib.IMAP4.error):
            client.append("INBOX", "", "", b"x" * 1001)
        assert client.append("INBOX", "", "", b"x" * 1000)[0] == "OK"


def test_a_wrong_password_does_not_get_in() -> None:
    user = company.PEOPLE[0].login
    with (
        running_pymap(_USERS) as server,
        imaplib.IMAP4(server.host, server.port) as client,
        pytest.raises(imaplib.IMAP4.error),
    ):
        client.login(user, "wrong")


def test_both_servers_survive_a_client_that_is_killed_in_the_middle_of_an_append() -> None:
    user = company.PEOPLE[0].login
    client = (
        "import socket, sys, time\n"
        "for port in sys.argv[2:]:\n"
        "    connection = socket.create_connection(('127.0.0.1', int(port)))\n"
        "    connection.recv(4096)\n"
        "    connection.sendall(f'a LOGIN {sys.argv[1]}\\r\\n'.encode())\n"
        "    connection.recv(4096)\n"
        "    connection.sendall(b'b APPEND INBOX {100000+}\\r\\n' + b'x' * 50000)\n"
        "    globals()[port] = connection\n"
        "print('sent', flush=True)\n"
        "time.sleep(60)\n"
    )
    with running_pymap(_USERS) as source, running_pymap(_USERS) as target:
        login = f'{user} "{_USERS[user]}"'
        process = subprocess.Popen(
            [sys.executable, "-c", client, login, str(source.port), str(target.port)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"sent\n"
        process.kill()
        process.wait()
        assert _served(source, user) == _served(target, user) == Counter()


def test_a_server_ends_with_the_process_that_started_it() -> None:
    script = (
        "import time\n"
        "from migrate.sandbox.pymap_server import running_pymap\n"
        "with running_pymap({'anna': 'secret'}) as server:\n"
        "    print(server.port, flush=True)\n"
        "    time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout:
        port = int(run.stdout.readline())
        client = imaplib.IMAP4("127.0.0.1", port)
        run.kill()
        run.wait()
    with contextlib.closing(client.sock) as connection:
        connection.settimeout(10)
        assert connection.recv(4096) == b"" or connection.recv(4096) == b""  # perhaps a BYE first


def test_a_server_that_could_not_keep_its_mail_says_so(tmp_path: Path) -> None:
    (tmp_path / "mail.json.new").mkdir()  # in the way of what is written at the end
    with pytest.raises(EndedBadly, match="IsADirectoryError"), running_pymap({"anna": "a"}, state=tmp_path) as server:
        server.deliver("anna", company.letters(company.PEOPLE[5])[:1])


def test_mail_finds_a_person_however_the_plan_writes_the_address(tmp_path: Path) -> None:
    with running_pymap({"Anna@Example.org": "secret"}) as server:
        delivery = Delivery((server.host, server.port), server.users, tmp_path / "outbox")
        for address, answer in (("anna@EXAMPLE.org", "250"), ("nobody@example.org", "550"), ("b@else.org", "250")):
            envelope = Envelope()
            told = asyncio.run(delivery.handle_RCPT(Mock(), Mock(), envelope, address, []))
            assert told.startswith(answer)
            if answer == "250":
                delivery._deliver(Mock(host_name="here"), "", address, b"Subject: news\r\n\r\nIt came.\r\n")
        assert present(server, ["Anna@Example.org"]) == 1
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_a_sandbox_that_was_killed_while_it_was_first_started_is_signed_in_to_the_next_time(tmp_path: Path) -> None:
    (person,) = company.PEOPLE[:1]
    for _start in ("killed before it had noted what it made", "the next one"):
        (tmp_path / "kept.json").unlink(missing_ok=True)
        with running_sandbox(tmp_path, [(person.login, person.name)], kept=True, only=("microsoft",)) as sandbox:
            plan = sandbox.plan_of("microsoft")
            form = {
                "client_id": plan["client_id"], "grant_type": "client_credentials",
                "client_secret": Path(plan["secret"].removeprefix("file:")).read_text(),
                "scope": "https://outlook.office365.com/.default",
            }  # fmt: skip
            answer = httpx.post(
                f"{plan['endpoints']['sign_in']}/{plan['tenant']}/oauth2/v2.0/token", data=form,
                verify=ssl.create_default_context(cafile=plan["ca_file"]), trust_env=False,
            )  # fmt: skip
            assert answer.status_code == 200, answer.text


def _served(server: PymapServer, user: str) -> Counter[object]:
    found: Counter[object] = Counter()
    with IMAPClient(server.host, server.port, ssl=False, timeout=30) as client:
        client.normalise_times = False
        client.login(user, server.users[user])
        for flags, _, name in client.list_folders():
            if b"\\Noselect" not in flags and client.select_folder(name, readonly=True)[b"EXISTS"]:
                fetched = client.fetch(client.search("ALL"), ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"])
                for item in fetched.values():
                    kept = {flag.decode() for flag in item[b"FLAGS"]} - {"\\Recent"}
                    path = tuple(name.split("/"))
                    found[_fingerprint(Letter(path, item[b"BODY[]"], frozenset(kept), item[b"INTERNALDATE"]))] += 1
    return found


def _fingerprint(letter: Letter) -> object:
    return letter.folder, letter.data, letter.flags, letter.received.timestamp()

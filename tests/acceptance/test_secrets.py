"""Passwords, subjects and bodies are nowhere but on the servers: not in the ledger, not in what is said or left behind.

Libraries that log are told to log everything, in the process of the command itself.
"""

from __future__ import annotations

import base64
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.header import Header
from pathlib import Path

import pytest

from tests.acceptance.conftest import TrapFactory
from tests.acceptance.organisation import LIMIT, SITE, Ended, Organisation, finished, imap, organisation, running
from tests.acceptance.trap import Commands, Moment, Snap
from tests.servers.mail import Mail, holdings, seed
from tests.servers.server import PASSWORD, ImapServer

SUBJECT, TEXT = "Zwiebelkuchen-Rezept", "Geheimzutat-Muskat"
WRONG_PASSWORD = "falsches-Kennwort-4711"
#: Made so that nothing else can hold them by chance.
PLANTED = (SUBJECT, TEXT, PASSWORD, WRONG_PASSWORD)

#: Runs in the command's process before anything else: every logger at its lowest level, into a file.
_LOG_EVERYTHING = """\
import logging, os
logging.basicConfig(filename=os.environ["BASCULE_TEST_LOG"], level=1, force=True)
logging.critical("the log begins")
import imaplib
imaplib.Debug = 5
"""


def mail(number: int, *, size: int = 0) -> Mail:
    coded = base64.b64encode(f"{TEXT} {number}".encode()).decode()
    text = (
        f"From: a@example.org\r\nTo: anna@example.org\r\nSubject: {SUBJECT} {number}\r\n"
        f"X-Coded: {Header(SUBJECT + ' é', 'utf-8').encode()}\r\nMessage-ID: <{number}.plain@example.org>\r\n"
        f"Date: Mon, 05 Jan 2026 08:00:00 +0000\r\n\r\n{TEXT} {number}\r\n{coded}\r\n"
    )
    filling = f"{TEXT} {'x' * 60}\r\n"
    return Mail(("INBOX",), (text + filling * (size // len(filling))).encode(), frozenset({"\\Seen"}))


@pytest.fixture
def seeded(old: ImapServer, user: str) -> str:
    name = f"secret-{user}"
    seed(old, name, [mail(number) for number in range(40)])
    return name


@pytest.fixture
def plan(place: Path, old: ImapServer, new: ImapServer, user: str, seeded: str, tmp_path: Path) -> Organisation:
    made = organisation(place, imap(old.port), imap(new.port, batch=10), source_user=seeded, target_user=user)
    logging_on(made, tmp_path)
    return made


def logging_on(plan: Organisation, folder: Path) -> None:
    start = folder / "start"
    start.mkdir()
    (start / "sitecustomize.py").write_text(_LOG_EVERYTHING)
    plan.environment.update({"PYTHONPATH": str(start), "BASCULE_TEST_LOG": str(folder / "log")})


def planted_in(data: bytes) -> list[str]:
    """What is found, as it is or in the encodings that mail and SASL bring with them."""
    found = []
    for secret in PLANTED:
        plain = secret.encode()
        forms = [plain, plain.hex().encode()]
        # Inside a longer base64 text the same bytes look in three ways.
        forms += [base64.b64encode(b"\0" * shift + plain)[shift + 1 : -4] for shift in range(3)]
        forms += [plain.decode().encode("utf-16-le")]
        if any(form in data for form in forms):
            found.append(secret)
    return found


def tells_nothing(plan: Organisation, *ended: Ended) -> None:
    """Neither what was said, nor any file of the organisation but its passwords file."""
    for one in ended:
        assert planted_in(one.out.encode()) == []
        assert planted_in(one.err.encode()) == []
    files = [file for file in plan.folder.rglob("*") if file.is_file() and file.parent.name != "secrets"]
    assert plan.ledger in files
    log = plan.environment.get("BASCULE_TEST_LOG")
    if log:
        assert "the log begins" in Path(log).read_text()
        files.append(Path(log))
    for file in files:
        assert planted_in(file.read_bytes()) == [], file.name


def test_what_is_planted_would_be_found() -> None:
    for secret in PLANTED:
        assert planted_in(b"..." + secret.encode() + b"...") == [secret]
        for shift in range(3):
            assert secret in planted_in(base64.b64encode(b"x" * shift + secret.encode() + b"tail"))


def test_a_copy_tells_nothing(plan: Organisation, new: ImapServer, user: str) -> None:
    planned = plan.run("copy", SITE, "--dry-run")
    planned_json = plan.copy("--dry-run")
    ended = plan.copy()
    again = plan.run("copy", SITE)
    status = plan.run("status")
    status_json = plan.run("status", "--json")
    adopted = plan.run("adopt", SITE, "--json")
    assert [one.code for one in (planned, planned_json, ended, again, status, status_json, adopted)] == [0] * 7
    assert ended.copied == 40
    tells_nothing(plan, planned, planned_json, ended, again, status, status_json, adopted)


def test_the_ledger_of_a_killed_run_tells_nothing(plan: Organisation, trap: TrapFactory, new: ImapServer) -> None:
    """With its -wal and -shm, as they lie there."""
    before = trap(new.port)
    plan.systems["new"]["port"] = before.port
    plan.write()
    with running(plan.start("copy", SITE)) as process:
        before.set(Snap(Moment.APPEND_BEGINS, nth=2), process.kill)
        killed = finished(process)
    assert killed.code == -signal.SIGKILL
    assert {file.name for file in plan.ledger.parent.iterdir()} >= {"ledger.sqlite", "ledger.sqlite-wal"}
    tells_nothing(plan, killed, plan.run("status", "--json"))


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_wrong_password_is_not_repeated(plan: Organisation, side: str) -> None:
    passwords = (WRONG_PASSWORD, PASSWORD) if side == "source" else (PASSWORD, WRONG_PASSWORD)
    plan.passwords = {"anna@example.org": passwords}
    plan.write()
    ended = plan.copy()
    shown = plan.run("copy", SITE)
    assert (ended.code, shown.code) == (7, 7)
    assert [error["kind"] for error in ended.mailbox["errors"]] == ["AuthFailed"]
    tells_nothing(plan, ended, shown, plan.run("status"), plan.run("status", "--json"))


def test_a_refused_message_is_not_quoted(plan: Organisation, new: ImapServer) -> None:
    """The target answers NO and repeats what it was sent."""
    with echoing(b"NO [CANNOT] I do not take: ", after_login=new) as port:
        plan.systems["new"]["port"] = port
        plan.write()
        ended = plan.copy()
        assert (ended.code, ended.mailbox["outcomes"]["refused"]) == (3, 40), ended.out
        tells_nothing(plan, ended, plan.run("copy", SITE), plan.run("status"), plan.run("status", "--json"))


@pytest.mark.parametrize("side", ["old", "new"])
@pytest.mark.parametrize(
    "answer", [b"BAD what is ", b"NO ", b"BYE no more ", b"OK [ALERT] ", b"* 1 FETCH ", b"\xff{3}\r\n"]
)
def test_a_server_that_echoes_nonsense_is_not_quoted(plan: Organisation, side: str, answer: bytes) -> None:
    with echoing(answer) as port:
        plan.systems[side]["port"] = port
        plan.systems[side]["timeout"] = 2
        plan.write()
        with running(plan.start("copy", SITE, "--json")) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            ended = finished(process)
    # A server that says OK to everything is one without folders.
    assert ended.code != 0 or answer.startswith(b"OK")
    assert "Traceback" not in ended.err
    tells_nothing(plan, ended, plan.run("status", "--json"))


def test_spooled_bodies_of_a_killed_run_are_gone_after_the_next(
    place: Path, old: ImapServer, new: ImapServer, user: str, trap: TrapFactory
) -> None:
    """A large message lies in a private file while it travels; kill -9 leaves the file, the next run removes it."""
    name = f"large-{user}"
    seed(old, name, [mail(1, size=9 << 20)])
    before = trap(new.port)
    plan = organisation(place, imap(old.port), imap(before.port), source_user=name, target_user=user)
    with running(plan.start("copy", SITE)) as process:
        before.set(Snap(size=3 << 20), process.kill)
        process.communicate(timeout=LIMIT)
    spool = plan.ledger.parent / "spool"
    left = [file for file in spool.rglob("*") if file.is_file()]
    assert all(file.stat().st_mode & 0o077 == 0 for file in left if file.suffix != ".lock")
    assert spool.stat().st_mode & 0o077 == 0
    ended = plan.copy()
    assert ended.code == 0
    assert not list(spool.iterdir())
    assert sum(stored.total() for stored in holdings(new, user).values()) == 1
    tells_nothing(plan, ended)


@contextmanager
def echoing(answer: bytes, *, after_login: ImapServer | None = None) -> Iterator[int]:
    """The port of a server that repeats what it is sent behind ``answer``.

    With ``after_login`` it is a proxy before a real server, and answers so to APPEND alone.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    sockets: list[socket.socket] = []

    def serve(client: socket.socket) -> None:
        with client:
            if after_login is None:
                _echo(client, answer)
            else:
                with socket.create_connection(("127.0.0.1", after_login.port)) as server:
                    sockets.append(server)
                    _refuse_appends(client, server, answer)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            sockets.append(client)
            _start(serve, client)

    _start(accept)
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _start(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _echo(client: socket.socket, answer: bytes) -> None:
    try:
        client.sendall(b"* OK [CAPABILITY IMAP4rev1 LITERAL+ AUTH=PLAIN] ready\r\n")
        while line := client.recv(1 << 16):
            tag = line.split()[0] if line.split() else b"*"
            if b"CAPABILITY" in line:
                client.sendall(b"* CAPABILITY IMAP4rev1 LITERAL+ AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
            else:
                client.sendall(b"* " + answer + line + tag + b" " + answer + line)
    except OSError:
        return


def _refuse_appends(client: socket.socket, server: socket.socket, answer: bytes) -> None:
    def down() -> None:
        try:
            while data := server.recv(1 << 16):
                client.sendall(data)
        except OSError:
            return

    _start(down)
    commands, append, is_append = Commands(), bytearray(), False
    try:
        while data := client.recv(1 << 16):
            start = 0
            for moment, at in [*commands.read(data), (None, len(data))]:
                if not is_append:
                    server.sendall(data[start:at])
                else:
                    append += data[start:at]
                start = at
                if moment is Moment.LAST_BYTE:
                    tag, quoted = append.split()[0], b" ".join(append.split())[:2000]
                    client.sendall(b"* %s%s\r\n%s %s%s\r\n" % (answer, quoted, tag, answer, quoted))
                    append.clear()
                is_append = moment is Moment.APPEND_BEGINS or (is_append and moment is not Moment.LAST_BYTE)
    except OSError:
        return

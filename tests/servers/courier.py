"""Courier IMAP, unpacked from its Debian packages by scripts/fetch-servers.sh and never installed.

couriertcpd, imaplogin and imapd are the real ones.  What they ask authdaemond is answered here: the socket's path is
compiled into libcourierauth, so a private copy of that library gets a relative one in its place.

Its manners (5.0.13, Debian 12; the one of Debian 13 passes the same tests):

* it announces ``IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL
  ACL2=UNION ENABLE UTF8=ACCEPT``: no LITERAL+, MULTIAPPEND, MOVE, CONDSTORE, SPECIAL-USE, UNSELECT or OBJECTID;
* all folders lie under ``INBOX.``; a name outside, or with a slash, is ``NO Invalid mailbox name``; parents that were
  never made are listed as ``\\Noselect``;
* errors of syntax are ``NO Error in IMAP command``, not BAD; a refused ``{n+}`` leaves the body to be read as commands;
* a second literal after the first (MULTIAPPEND) is answered NO, **and the first message is stored**;
* **the last byte of the literal stores the message**, without the line end that closes the command; one byte less and
  nothing is stored.  Cut by FIN or by RST, it is there within 20 ms;
* a date that does not exist or lies before 1970, ``\\Recent``, an unknown system flag and an 8-bit keyword are answered
  NO before the continuation, so that no body is sent;
* a message without a line end at its end gets one, so that its size grows by two; bare LF becomes CRLF, NUL stays;
* raw 8-bit headers are stored with an untagged ALERT between, as long as UTF8=ACCEPT is not enabled;
* SELECT tells no UIDNEXT, STATUS does;
* ``STATUS (HIGHESTMODSEQ)`` is OK and empty; INTERNALDATE is answered in UTC and is the file's time;
* a wrong password is answered after five seconds;
* Debian's settings delete from ``INBOX.Trash`` what is older than seven days, at login; here IMAP_EMPTYTRASH is off.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import ServerMissing, ServerProcess, free_port, private_folder
from tests.servers.server import PASSWORD, ImapServer

_ROOT = Path(__file__).parents[2] / ".cache" / "debian" / "courier"
_SOCKET = b"authdaemon"
_SOCKET_PATH = re.compile(rb"/(?:var/)?run/courier/[a-z/]+/socket(?=\0)")


@contextmanager
def running_courier(*, sessions: int = 20, cram_md5: bool = False, pop3: bool = False) -> Iterator[ImapServer]:
    """A private Courier; ``sessions`` connections from one address (its default); ``cram_md5`` offers that mechanism;
    ``pop3``: it serves the inboxes by POP3 too.

    Raises ServerMissing.

    Plain connections only: for TLS it becomes the user ``courier``, whom only an installation makes.
    """
    root = find_courier()
    port = free_port()
    with private_folder("courier") as folder:
        environment = _environment(root, folder, identity=f"bascule-{port}")
        if cram_md5:
            environment["IMAP_CAPABILITY"] += " AUTH=CRAM-MD5"
        monitor = _monitor(root, folder, environment)
        server = _server(root, folder, port, sessions, environment)
        pop3_server, pop3_port = _pop3_server(root, folder, sessions, environment) if pop3 else (None, None)
        with _authentication(folder):
            try:
                if monitor:
                    monitor.start()
                server.start()
                if pop3_server:
                    pop3_server.start()
                yield ImapServer(port, folder, server, pop3_port=pop3_port)
            finally:
                server.stop()
                if pop3_server:
                    pop3_server.stop()
                if monitor:
                    monitor.stop()


def find_courier() -> Path:
    """The folder with the unpacked packages.  Raises ServerMissing."""
    if not (_ROOT / ".complete").exists():
        raise ServerMissing("Courier is not there: make test fetches it by scripts/fetch-servers.sh")
    return _ROOT


def _settings(root: Path, of: str = "imapd") -> dict[str, str]:
    """Debian's own, which are a shell script of assignments."""
    return dict(re.findall(r'^([A-Z]\w+)="?(.*?)"?$', (root / "etc/courier" / of).read_text(), re.MULTILINE))


def _environment(root: Path, folder: Path, identity: str) -> dict[str, str]:
    """Debian's settings, with the paths of this instance.  ``identity`` keeps two file monitors apart."""
    return _settings(root) | {
        "PATH": os.defpath,
        "LD_LIBRARY_PATH": str(_libraries(root, folder / "lib")),
        "GAM_CLIENT_ID": identity,
        "HOME": str(folder),
        "IMAP_EMPTYTRASH": "",
    }


def _libraries(root: Path, libraries: Path) -> Path:
    """Every library of the packages by link, libcourierauth as a copy that asks for passwords in its working folder."""
    libraries.mkdir()
    for part in ("lib", "usr/lib"):
        for library in (root / part).rglob("*.so*"):
            link = libraries / library.name
            if library.name.startswith("libcourierauth.so"):
                link.write_bytes(_SOCKET_PATH.sub(_relative, library.read_bytes()))
            elif not link.exists():
                link.symlink_to(library.resolve())
    return libraries


def _relative(path: re.Match[bytes]) -> bytes:
    return _SOCKET.ljust(len(path[0]), b"\0")


def _monitor(root: Path, folder: Path, environment: Mapping[str, str]) -> ServerProcess | None:
    """gamin, where this Courier still uses it; without it every command takes more than a second."""
    for server in (root / "usr").rglob("gam_server"):
        command: list[str | Path] = [server, "--notimeout", "--pollonly", environment["GAM_CLIENT_ID"]]
        return ServerProcess(command, folder, env=environment)
    return None


def _server(root: Path, folder: Path, port: int, sessions: int, environment: Mapping[str, str]) -> ServerProcess:
    settings = _settings(root)
    command: list[str | Path] = [
        root / "usr/sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=200", f"-maxperip={sessions}",
        *settings["TCPDOPTS"].split(), str(port), root / "usr/lib/courier/courier/imaplogin",
        root / "usr/bin/imapd", "Maildir",
    ]  # fmt: skip
    return ServerProcess(command, folder, port=port, env=environment)


def _pop3_server(root: Path, folder: Path, sessions: int, environment: Mapping[str, str]) -> tuple[ServerProcess, int]:
    settings, port = _settings(root, "pop3d"), free_port()
    programs = root / "usr/lib/courier/courier"
    command: list[str | Path] = [
        root / "usr/sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=200", f"-maxperip={sessions}",
        *settings["TCPDOPTS"].split(), str(port), programs / "courierpop3login", programs / "courierpop3d", "Maildir",
    ]  # fmt: skip
    return ServerProcess(command, folder, port=port, env=environment | settings), port


@contextmanager
def _authentication(folder: Path) -> Iterator[None]:
    """Answers as authdaemond would: one request a connection."""

    class Request(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines: list[str] = []
            while not lines or not lines[-1].startswith("AUTH "):
                lines.append(self.rfile.readline().decode().rstrip("\n"))
                if not lines[-1]:
                    return
            request = self.rfile.read(int(lines[-1].split()[1])).decode()
            user = _who(*request.split("\n")[1:4])
            self.wfile.write(_account(folder, user) if user else b"FAIL\n")

    with socketserver.ThreadingUnixStreamServer(str(folder / os.fsdecode(_SOCKET)), Request) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _who(kind: str, one: str, other: str) -> str:
    """The user who may sign in: ``login`` brings name and password, ``cram-md5`` challenge and response in base64."""
    if kind != "cram-md5":
        return one if other == PASSWORD else ""
    user, _space, digest = base64.b64decode(other).decode().rpartition(" ")
    return user if digest == hmac.new(PASSWORD.encode(), base64.b64decode(one), "md5").hexdigest() else ""


def _account(folder: Path, user: str) -> bytes:
    home = folder / "mail" / user
    for part in ("cur", "new", "tmp"):
        (home / "Maildir" / part).mkdir(parents=True, exist_ok=True)
    return f"UID={os.getuid()}\nGID={os.getgid()}\nHOME={home}\nADDRESS={user}\n.\n".encode()

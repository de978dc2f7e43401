"""Cyrus IMAP, unpacked from its Debian packages by scripts/fetch-servers.sh and never installed.

The master process and imapd are the real ones, run without privileges.  What they ask saslauthd is answered here.

Its manners (3.6.1, Debian 12), as docs/servers.md tells them in full:

* it announces nearly everything that Bascule uses; a MULTIAPPEND is stored whole or not at all;
* ``STATUS (... MAILBOXID ...)`` answers with bytes that are no id, line ends among them;
* a folder keeps 100 keywords, says that it takes any, and refuses a message with one more;
* 8-bit bytes in headers become ``X`` silently; NUL and header lines without a colon are refused;
* without ``defaultpartition``, processes that make their first folder in the same second give out the same ids, and
  folders with one id are one folder;
* a session goes on reading what another has removed since it opened the folder;
* a wrong password is answered after three seconds.
"""

from __future__ import annotations

import grp
import os
import pwd
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import ServerMissing, ServerProcess, free_port, private_folder
from tests.servers.server import PASSWORD, ImapServer

#: May change every mailbox's quota.
ADMIN = "administrator"
_ROOT = Path(__file__).parents[2] / ".cache" / "debian" / "cyrus"
#: All that it announces and can be told to keep to itself.
_ANNOUNCED = """
LITERAL+ LITERAL- ID ENABLE ACL ANNOTATE-EXPERIMENT-1 APPENDLIMIT BINARY CATENATE CHILDREN COMPRESS=DEFLATE CONDSTORE
CREATE-SPECIAL-USE DIGEST=SHA1 ESEARCH ESORT IDLE LIST-EXTENDED LIST-METADATA LIST-MYRIGHTS LIST-STATUS
MAILBOX-REFERRALS METADATA MOVE MULTIAPPEND NAMESPACE NO_ATOMIC_RENAME OBJECTID PREVIEW QRESYNC QUOTA
QUOTA=RES-STORAGE QUOTA=RES-MESSAGE RIGHTS=kxten SASL-IR SAVEDATE SCAN SEARCH=FUZZY SORT SORT=DISPLAY SORT=MODSEQ
SORT=UID SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS UIDPLUS UNSELECT URLAUTH
URLAUTH=BINARY WITHIN X-CREATEDMODSEQ XLIST XMOVE X-QUOTA=MESSAGE X-QUOTA=STORAGE X-QUOTA=X-ANNOTATION-STORAGE
X-QUOTA=X-NUM-FOLDERS X-REPLICATION X-SIEVE-MAILBOX
"""
_SETTINGS = """\
configdirectory: {folder}/state
partition-default: {folder}/mail
{partition}
mboxname_lockpath: {folder}/lock
proc_path: {folder}/proc
cyrus_user: {user}
cyrus_group: {group}
hashimapspool: true
umask: 077
unixhierarchysep: {modern}
altnamespace: {modern}
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {folder}/saslauthd
admins: {admin}
autocreate_quota: {quota}
autocreate_users: anyone
{suppressed}
{settings}
"""
_SERVICES = """\
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {folder}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {folder}/imapd.conf -U 30" listen="127.0.0.1:{port}" prefork=1 maxchild=200
}}
"""


@contextmanager
def running_cyrus(
    *,
    modern: bool = False,
    capability: str | None = None,
    quota: int = 0,
    chooses_partition: bool = False,
    settings: str = "",
) -> Iterator[ImapServer]:
    """A private Cyrus.  Raises ServerMissing.

    Its names are Debian's: below ``INBOX.``, with ``.`` as separator; ``modern`` is Cyrus' own default since 3.0: no
    prefix, and ``/``.  ``capability`` is all that it announces (it still understands the rest); ``quota`` is what
    a mailbox may hold in KiB, 0 for no limit; ``settings`` is added to its imapd.conf.  Plain connections only.
    One that ``chooses_partition`` itself, which Debian's settings do not let it, gives folders the ids of others.
    """
    root = find_cyrus()
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    port = free_port()
    programs = root / "usr/lib/cyrus/bin"
    with private_folder("cyrus", owner=account.pw_uid) as folder:
        (folder / "imapd.conf").write_text(
            _SETTINGS.format(
                folder=folder,
                user=account.pw_name,
                group=grp.getgrgid(account.pw_gid).gr_name,
                modern="yes" if modern else "no",
                suppressed=_suppressing(capability) if capability else "",
                admin=ADMIN,
                quota=quota,
                partition="" if chooses_partition else "defaultpartition: default",
                settings=settings,
            )
        )
        (folder / "cyrus.conf").write_text(_SERVICES.format(programs=programs, folder=folder, port=port))
        for part in ("state", "state/db", "state/socket", "state/log", "state/user", "mail", "lock", "proc"):
            (folder / part).mkdir()
            os.chown(folder / part, account.pw_uid, account.pw_gid)
        process = ServerProcess(
            [programs / "master", "-D", "-C", folder / "imapd.conf", "-M", folder / "cyrus.conf", "-p", folder / "pid"],
            folder,
            port=port,
            env={"PATH": os.defpath, "LD_LIBRARY_PATH": ":".join(map(str, _libraries(root)))},
            account=account if os.getuid() == 0 else None,
        )
        with _authentication(folder):
            try:
                process.start()
                yield ImapServer(port, folder, process)
            finally:
                process.stop()


def _suppressing(capability: str) -> str:
    return f"suppress_capabilities: {' '.join(sorted(set(_ANNOUNCED.split()) - set(capability.split())))}"


def find_cyrus() -> Path:
    """The folder with the unpacked packages.  Raises ServerMissing."""
    if not (_ROOT / ".complete").exists():
        raise ServerMissing("Cyrus is not there: make test fetches it by scripts/fetch-servers.sh")
    return _ROOT


def _libraries(root: Path) -> list[Path]:
    return sorted({library.parent for part in ("lib", "usr/lib") for library in (root / part).rglob("*.so*")})


@contextmanager
def _authentication(folder: Path) -> Iterator[None]:
    """Answers as saslauthd would: user, password, service and realm, each with its length before it; OK or NO."""

    class Request(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = [self.rfile.read(*struct.unpack("!H", self.rfile.read(2))) for _ in range(4)]
            answer = b"OK" if words[1] == PASSWORD.encode() else b"NO"
            self.wfile.write(struct.pack("!H", len(answer)) + answer)

    path = folder / "saslauthd"
    with socketserver.ThreadingUnixStreamServer(str(path), Request) as server:
        path.chmod(0o777)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()

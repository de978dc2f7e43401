"""Dovecot 2.3 or 2.4 from the Debian package dovecot-imapd, started without privileges.

Its manners: MULTIAPPEND stored whole or not at all, LITERAL+, UIDPLUS, CONDSTORE and QRESYNC, MOVE, SPECIAL-USE,
SAVEDATE, no OBJECTID.  Bare LF and NUL are changed silently.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Literal

from tests.servers.certificates import Certificates
from tests.servers.process import ServerMissing, ServerProcess, free_port, private_folder
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, PASSWORD, ImapServer

Storage = Literal["maildir", "sdbox", "mdbox"]

#: One configuration for each series, because 2.4 renamed most settings.
_CONFIGURATIONS = {series: Path(__file__).with_name(f"dovecot-{series}.conf") for series in ("2.3", "2.4")}

#: The same in both series.  The last ``protocols`` counts.
_POP3 = """
protocols = imap pop3
service pop3-login {
  chroot =
  process_min_avail = 1
  client_limit = 200
  inet_listener pop3 {
    port = $port
  }
  inet_listener pop3s {
    port = $tls_port
    ssl = yes
  }
}
"""

_COMPRESSION = "protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n"


@contextmanager
def running_dovecot(
    certificates: Certificates,
    *,
    storage: Storage = "maildir",
    capability: str | None = None,
    prefix: str = "",
    separator: str = "/",
    sessions: int = 0,
    mechanisms: str = "plain login",
    passdbs: str = "",
    compress: bool = False,
    pop3: bool = False,
    settings: str = "",
) -> Iterator[ImapServer]:
    """A private Dovecot.

    ``capability`` replaces what it announces (it still understands the rest); ``sessions`` is the number of
    connections one user may have from one address, 0 for no limit; ``mechanisms`` are the ones of SASL that it offers;
    ``passdbs`` are asked before the one that lets everybody in; ``compress``: it offers COMPRESS=DEFLATE, as 2.4 always
    does; ``pop3``: it serves the inboxes by POP3 too (Debian's dovecot-pop3d); ``settings`` is added to its
    configuration.
    Raises ServerMissing when there is no Dovecot.
    """
    binary, series = find_dovecot()
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    port, tls_port = free_port(), free_port()
    pop3_ports = (free_port(), free_port()) if pop3 else (None, None)
    with private_folder("dovecot", owner=account.pw_uid) as folder:
        configuration = Template(_CONFIGURATIONS[series].read_text()).substitute(
            folder=folder,
            user=account.pw_name,
            group=grp.getgrgid(account.pw_gid).gr_name,
            uid=account.pw_uid,
            gid=account.pw_gid,
            password=PASSWORD,
            storage=storage,
            sessions=sessions,
            mechanisms=mechanisms,
            passdbs=passdbs,
            capability=f"imap_capability = {capability}" if capability else "",
            prefix=prefix,
            separator=separator,
            port=port,
            tls_port=tls_port,
            settings=settings
            + (Template(_POP3).substitute(port=pop3_ports[0], tls_port=pop3_ports[1]) if pop3 else "")
            + (_COMPRESSION if compress and series == "2.3" else ""),
        )
        for name, content in {
            "dovecot.conf": configuration.encode(),
            "masters": f"{MASTER_USER}:{{PLAIN}}{MASTER_PASSWORD}\n".encode(),
            "server.pem": certificates.certificate.read_bytes(),
            "server.key": certificates.key.read_bytes(),
        }.items():
            _give(folder / name, content, account)
        process = ServerProcess(
            [binary, "-F", "-c", folder / "dovecot.conf"],
            folder,
            port=port,
            account=account if os.getuid() == 0 else None,
        )
        process.start()
        try:
            yield ImapServer(
                port,
                folder,
                process,
                tls_port,
                certificates.authority,
                pop3_port=pop3_ports[0],
                pop3s_port=pop3_ports[1],
            )
        finally:
            process.stop()


def find_dovecot() -> tuple[str, str]:
    """The path of the server and its series, 2.3 or 2.4.  Raises ServerMissing."""
    binary = shutil.which("dovecot", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    if binary is None:
        raise ServerMissing("Dovecot is not installed: make test installs the Debian package dovecot-imapd")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    series = ".".join(version.split(".")[:2])
    if series not in _CONFIGURATIONS:
        raise ServerMissing(f"Dovecot {version} is installed, and the tests have no configuration for it")
    return binary, series


def _give(path: Path, content: bytes, account: pwd.struct_passwd) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(path, account.pw_uid, account.pw_gid)

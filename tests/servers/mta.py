"""Postfix and Exim, unpacked from their Debian packages by scripts/fetch-servers.sh and never installed.

Both are the real ones and run without privileges: cwrap's nss_wrapper gives them the accounts that they ask for by
name, its uid_wrapper lets Postfix believe that it is root.  Local mail goes by LMTP to a Dovecot, also a real one.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.servers.process import ServerMissing, ServerProcess, free_port, private_folder

_ROOT = Path(__file__).parents[2] / ".cache" / "debian"

#: What makes a Dovecot take mail by LMTP, and run a Sieve script before people's own.
LMTP = """
protocols = imap lmtp
auth_username_format = %Ln
import_environment = TZ CORE_OUTOFMEM CORE_ERROR LD_LIBRARY_PATH=${libraries}
service lmtp {
  executable = ${programs}/lmtp
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
lmtp_rcpt_check_quota = no
lmtp_save_to_detail_mailbox = no
submission_host = 127.0.0.1:${relay}
postmaster_address = postmaster@${domain}
hostname = ${name}
"""
SIEVE = """
protocol lmtp {
  mail_plugin_dir = ${modules}
  mail_plugins = sieve
}
plugin {
  sieve_before = ${script}
  sieve_redirect_envelope_from = sender
}
"""

_POSTFIX = """\
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
daemon_directory = ${root}/usr/lib/postfix/sbin
command_directory = ${root}/usr/sbin
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_host_lookup = native
smtp_dns_support_level = disabled
myhostname = ${name}
mydestination =
alias_maps =
virtual_mailbox_domains = ${domains}
virtual_mailbox_maps = texthash:${folder}/etc/people
virtual_alias_maps = texthash:${folder}/etc/aliases
transport_maps = texthash:${folder}/etc/transport
virtual_transport = lmtp:inet:127.0.0.1:${lmtp}
maillog_file = ${folder}/mail.log
maillog_file_prefixes = ${folder}
smtpd_relay_restrictions = permit_mynetworks, reject
smtputf8_enable = no
minimal_backoff_time = 2s
queue_run_delay = 2s
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LD_PRELOAD
  NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP UID_WRAPPER UID_WRAPPER_ROOT
"""
_MASTER = """\
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
#: What a recipe's script runs: "postfix reload" is a signal to the master process here.
_RELOAD = """\
#!/bin/sh
[ "$$1" = reload ] && kill -HUP $$(cat ${folder}/queue/pid/master.pid)
"""
_EXIM = """\
spool_directory = ${folder}/spool
log_file_path = ${folder}/%s.log
pid_file_path = ${folder}/exim.pid
primary_hostname = ${name}
domainlist local_domains = ${domains}
hostlist relay_from_hosts = 127.0.0.1
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
keep_environment = LD_LIBRARY_PATH:LD_PRELOAD:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP
acl_smtp_rcpt = check_rcpt
deliver_drop_privilege
tls_advertise_hosts =
host_lookup =
ignore_bounce_errors_after = 1m
begin acl
check_rcpt:
  require verify = recipient
  accept
begin routers
.include_if_exists ${folder}/etc/routers
aliases:
  driver = redirect
  domains = +local_domains
  data = $${lookup{$$local_part@$$domain}lsearch{${folder}/etc/aliases}}
people:
  driver = accept
  domains = +local_domains
  condition = $${lookup{$$local_part@$$domain}lsearch{${folder}/etc/people}{yes}{no}}
  transport = to_dovecot
begin transports
remote_smtp:
  driver = smtp
  allow_localhost
to_dovecot:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  port = ${lmtp}
  allow_localhost
begin retry
* * F,1h,2s
"""


@dataclass(frozen=True)
class MailServer:
    """A running mail server.  Its maps are ``etc/people``, ``etc/aliases`` and, with Postfix, ``etc/transport``."""

    port: int
    folder: Path
    process: ServerProcess
    environment: Mapping[str, str]

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    def log(self) -> str:
        """What it wrote, of Exim the main log."""
        paths = (self.folder / "mail.log", self.folder / "main.log")
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    def run(self, command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        """A command of the server's, as its administrator would give it."""
        nobody = _account()
        return subprocess.run(
            command,
            cwd=folder,
            env=dict(self.environment),
            user=nobody.pw_uid if os.getuid() == 0 else None,
            group=nobody.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running_postfix(
    *,
    name: str,
    domains: Sequence[str],
    lmtp: int,
    people: Sequence[str],
    aliases: Mapping[str, str],
    transport: str = "",
) -> Iterator[MailServer]:
    """A private Postfix that delivers ``people`` of ``domains`` by LMTP.  Raises ServerMissing."""
    root = _found("postfix")
    with private_folder("postfix", owner=_account().pw_uid) as folder:
        port = free_port()
        values = {
            "folder": folder,
            "root": root,
            "name": name,
            "domains": " ".join(domains),
            "lmtp": lmtp,
            "port": port,
        }
        parts = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid")
        for part in (*(f"queue/{one}" for one in (*parts, "private", "public", "saved", "trace")), "data", "bin"):
            (folder / part).mkdir(parents=True)
        _maps(folder, people, aliases, " ")
        (folder / "etc/transport").write_text(transport)
        (folder / "etc/main.cf").write_text(Template(_POSTFIX).substitute(values))
        (folder / "etc/master.cf").write_text(Template(_MASTER).substitute(values))
        (folder / "bin/postfix").write_text(Template(_RELOAD).substitute(values))
        (folder / "bin/postfix").chmod(0o755)
        environment = _environment(folder, "postfix", root) | {
            "MAIL_CONFIG": str(folder / "etc"),
            "PATH": f"{folder / 'bin'}:{root / 'usr/sbin'}:{os.defpath}",
            "UID_WRAPPER": "1",
            "UID_WRAPPER_ROOT": "1",
            "LD_PRELOAD": "libnss_wrapper.so libuid_wrapper.so",
        }
        command = [root / "usr/lib/postfix/sbin/master", "-c", folder / "etc", "-d"]
        yield from _running(command, folder, port, environment)


@contextmanager
def running_exim(
    *, name: str, domains: Sequence[str], lmtp: int, people: Sequence[str], aliases: Mapping[str, str]
) -> Iterator[MailServer]:
    """As :func:`running_postfix`, an Exim that includes ``etc/routers`` directly below "begin routers"."""
    root = _found("exim")
    with private_folder("exim", owner=_account().pw_uid) as folder:
        port = free_port()
        values = {"folder": folder, "name": name, "domains": " : ".join(domains), "lmtp": lmtp, "port": port}
        _maps(folder, people, aliases, ": ")
        (folder / "spool").mkdir()
        (folder / "etc/exim.conf").write_text(Template(_EXIM).substitute(values))
        environment = _environment(folder, "Debian-exim", root) | {"LD_PRELOAD": "libnss_wrapper.so"}
        command = [root / "usr/sbin/exim4", "-C", folder / "etc/exim.conf", "-bdf", "-q2s"]
        yield from _running(command, folder, port, environment)


def lmtp_settings(port: int, relay: int, *, name: str, domain: str, script: Path | None = None) -> str:
    """What makes a Dovecot take mail by LMTP; redirections of its ``script`` leave by the server at port ``relay``."""
    delivery = _found("delivery")
    values = {
        "programs": delivery / "usr/lib/dovecot",
        "libraries": f"{delivery / 'usr/lib/dovecot'}:/usr/lib/dovecot",
        "modules": delivery / "usr/lib/dovecot/modules",
        "port": port,
        "relay": relay,
        "name": name,
        "domain": domain,
        "script": script or "",
    }
    return Template(LMTP + (SIEVE if script else "")).substitute(values)


def _found(name: str) -> Path:
    if not (_ROOT / "delivery" / ".complete").exists():
        raise ServerMissing("Postfix, Exim and LMTP are not there: make test fetches them by scripts/fetch-servers.sh")
    return _ROOT / name


def _account() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


def _maps(folder: Path, people: Sequence[str], aliases: Mapping[str, str], between: str) -> None:
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc/people").write_text("".join(f"{one}{between}yes\n" for one in people))
    (folder / "etc/aliases").write_text("".join(f"{one}{between}{to}\n" for one, to in aliases.items()))


def _environment(folder: Path, owner: str, root: Path) -> dict[str, str]:
    account = _account()
    # The wrappers lie beside Postfix.
    roots = [one / part for one in (root, _ROOT / "postfix") for part in ("usr/lib", "lib")]
    libraries = sorted({library.parent for one in roots for library in one.rglob("lib*.so*")})
    users = ["root:x:0:0::/:/bin/sh", f"{owner}:x:{account.pw_uid}:{account.pw_gid}::/:/bin/false"]
    (folder / "passwd").write_text("\n".join([*users, "nobody:x:54321:54321::/:/bin/false"]) + "\n")
    groups = ["root:x:0:", f"{owner}:x:{account.pw_gid}:", "nogroup:x:54321:", "postdrop:x:54322:"]
    (folder / "group").write_text("\n".join(groups) + "\n")
    return {
        "PATH": os.defpath,
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }


def _running(
    command: Sequence[str | Path], folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[MailServer]:
    account = _account()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    who = account if os.getuid() == 0 else None
    # Only the server itself is to believe what the wrappers say, not the keeper that becomes somebody else for it.
    settings = [f"{name}={value}" for name, value in environment.items()]
    process = ServerProcess(["/usr/bin/env", "-i", *settings, *command], folder, port=port, account=who)
    try:
        process.start()
        yield MailServer(port, folder, process, environment)
    finally:
        process.stop()

"""DNS servers, unpacked from their Debian packages by scripts/fetch-servers.sh and never installed.

NSD and BIND have zones; Unbound asks for others, and remembers.  Each has an address of its own in 127.0.0.0/8 and all
have one port, as servers have in the world: only the port is another.
"""

from __future__ import annotations

import os
import pwd
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.servers.process import START_LIMIT, ServerFailed, ServerMissing, ServerProcess, free_port, private_folder

_ROOT = Path(__file__).parents[2] / ".cache" / "debian" / "dns"
_NSD = """\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/zones"
  xfrdir: "{folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
{zones}
"""
_NAMED = """\
options {{
  directory "{folder}";
  listen-on port {port} {{ {address}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  lock-file none;
  recursion no;
  dnssec-validation no;
}};
controls {{ }};
{keys}{zones}
"""
_KEY = 'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'
_UNBOUND = """\
server:
  interface: {address}@{port}
  access-control: 127.0.0.0/8 allow_snoop
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-ip6: no
  do-daemonize: no
  do-not-query-localhost: no
  num-threads: 1
  module-config: "iterator"
  {server}
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {upstream}@{port}
"""


def dns_port() -> int:
    """A port that is free at all addresses of 127.0.0.0/8, over UDP too."""
    while True:
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port


def zone_text(name: str, serial: int, lines: str, *, ttl: int = 3600) -> str:
    """A zone file: ``lines`` are whole records with names that end in a dot, or relative ones."""
    head = f"$ORIGIN {name}\n$TTL {ttl}\n@ SOA ns1.example.org. admin.example.org. {serial} 7200 3600 1209600 300\n"
    return head + lines


@contextmanager
def running_nsd(address: str, port: int, zones: Mapping[str, str]) -> Iterator[None]:
    """NSD with these zones, by their names.  Raises ServerMissing."""
    root = find_dns_servers()
    with _folder("nsd", zones) as (folder, files):
        text = "".join(f'zone:\n  name: "{name}"\n  zonefile: "{file}"\n' for name, file in files.items())
        (folder / "nsd.conf").write_text(_NSD.format(address=address, port=port, folder=folder, zones=text))
        with _running([root / "usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], folder, root, address, port):
            yield


@contextmanager
def running_bind(
    port: int, zones: Mapping[str, str], *, signed: bool = False, keys: Mapping[str, str] | None = None
) -> Iterator[None]:
    """BIND with these zones, by their names, at 127.0.0.1: it knows the addresses of interfaces only.

    ``signed``: it makes keys and signs them (DNSSEC), a moment after its start.  ``keys``: may change the zones
    (RFC 2136), secrets by their names.  Raises ServerMissing.
    """
    policy = "dnssec-policy default; inline-signing yes; " if signed else ""
    address = "127.0.0.1"
    root = find_dns_servers()
    with _folder("bind", zones) as (folder, files):
        if keys:
            policy += "allow-update {{ {names} }}; ".format(names=" ".join(f'key "{name}";' for name in keys))
        text = "".join(f'zone "{name}" {{ type primary; file "{file}"; {policy}}};\n' for name, file in files.items())
        known = "".join(_KEY.format(name=name, secret=secret) for name, secret in (keys or {}).items())
        configuration = _NAMED.format(address=address, port=port, folder=folder, zones=text, keys=known)
        (folder / "named.conf").write_text(configuration)
        command = [root / "usr/sbin/named", "-g", "-n", "1", "-c", folder / "named.conf"]
        with _running(command, folder, root, address, port):
            yield


@contextmanager
def running_unbound(address: str, port: int, upstream: str, server: str = "") -> Iterator[None]:
    """Unbound, which asks ``upstream``; ``server`` is added to that part of its settings.  Raises ServerMissing."""
    root = find_dns_servers()
    with _folder("unbound", {}) as (folder, _files):
        text = _UNBOUND.format(address=address, port=port, folder=folder, upstream=upstream, server=server)
        (folder / "unbound.conf").write_text(text)
        with _running([root / "usr/sbin/unbound", "-d", "-c", folder / "unbound.conf"], folder, root, address, port):
            yield


def find_dns_servers() -> Path:
    """The folder with the unpacked packages.  Raises ServerMissing."""
    if not (_ROOT / ".complete").exists():
        raise ServerMissing("NSD, BIND and Unbound are not there: make test fetches them by scripts/fetch-servers.sh")
    return _ROOT


@contextmanager
def _folder(name: str, zones: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder with a file for each zone."""
    with private_folder(name, owner=_account().pw_uid) as folder:
        files = {}
        for number, (zone, text) in enumerate(zones.items()):
            files[zone] = f"{number}.zone"
            (folder / files[zone]).write_text(text)
        yield folder, files


def _account() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, root: Path, address: str, port: int) -> Iterator[None]:
    libraries = sorted({library.parent for library in (root / "usr/lib").rglob("*.so*")})
    process = ServerProcess(
        command,
        folder,
        env={"PATH": os.defpath, "LD_LIBRARY_PATH": ":".join(map(str, libraries))},
        account=_account() if os.getuid() == 0 else None,
    )
    try:
        process.start()
        _wait(process, address, port)
        yield
    finally:
        process.stop()


def _wait(process: ServerProcess, address: str, port: int) -> None:
    """Until it answers anything.  Raises ServerFailed."""
    query = dns.message.make_query("version.bind", "TXT", "CH")
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            dns.query.udp(query, address, port=port, timeout=0.2)
        except (dns.exception.Timeout, OSError):
            if time.monotonic() > deadline:
                raise ServerFailed(f"no answer from {address}:\n{process.output()}") from None
        else:
            return

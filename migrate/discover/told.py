"""What a domain tells mail programs about its servers: autoconfig and autodiscover.  Pure.

Both are XML from a server that nobody vouches for: no DTD, no entity, and no more than a few servers are taken.
Autoconfig: https://www.bucksch.org/1/projects/thunderbird/autoconfiguration/config-file-format.html;
autodiscover: [MS-OXDSCLI], the protocols IMAP, POP3 and SMTP of the plain old XML answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from migrate.discover.records import Protocol, Tls

#: Servers taken of one answer.
_MOST = 12
_PROTOCOLS: dict[str, Protocol] = {"imap": "imap", "pop3": "pop3", "smtp": "smtp"}
_TLS: dict[str, Tls] = {"ssl": "implicit", "starttls": "starttls", "tls": "starttls"}
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)*")
_USERS: dict[str, Literal["address", "local"]] = {"%emailaddress%": "address", "%emaillocalpart%": "local"}
_LOGIN_IMPLIES_TLS = "on"


class Unreadable(Exception):
    """It is no answer of this kind."""


@dataclass(frozen=True, slots=True)
class ToldServer:
    """A server as mail programs are told of it.  ``tls`` None: without protection, where no password goes."""

    protocol: Protocol
    host: str
    port: int
    tls: Tls | None
    #: Who signs in: the whole address, or what stands before the @; None where it is not told.
    user: Literal["address", "local"] | None = None


@dataclass(frozen=True, slots=True)
class Discovered:
    """An answer of autodiscover.  ``exchange``: it speaks of Exchange's own protocols."""

    servers: tuple[ToldServer, ...] = ()
    exchange: bool = False


def parse_autoconfig(data: bytes, domain: str) -> list[ToldServer]:
    """The servers of a ``config-v1.1.xml``, in its order.  Raises Unreadable."""
    root = _root(data)
    if _name(root) != "clientconfig":
        raise Unreadable
    found = []
    for one in root.iter():
        if _name(one) in ("incomingserver", "outgoingserver"):
            server = _configured(one, domain)
            if server is not None:
                found.append(server)
    return found[:_MOST]


def parse_autodiscover(data: bytes) -> Discovered:
    """What a POX answer says.  Raises Unreadable."""
    root = _root(data)
    if _name(root) != "autodiscover":
        raise Unreadable
    protocols = [one for one in root.iter() if _name(one) == "protocol"]
    types = {_text(one, "type").lower() for one in protocols}
    servers = [server for one in protocols if (server := _discovered(one)) is not None]
    return Discovered(tuple(servers[:_MOST]), bool(types & {"exch", "expr", "exhttp", "mobilesync"}))


def _configured(one: Element, domain: str) -> ToldServer | None:
    protocol = _PROTOCOLS.get(one.get("type", "").lower())
    host = _text(one, "hostname").replace("%EMAILDOMAIN%", domain)
    user = _USERS.get(_text(one, "username").lower())
    return _server(protocol, host, _text(one, "port"), _TLS.get(_text(one, "sockettype").lower()), user)


def _discovered(one: Element) -> ToldServer | None:
    protocol = _PROTOCOLS.get(_text(one, "type").lower())
    wanted = _text(one, "encryption").lower() or _text(one, "ssl").lower()
    tls: Tls | None = "implicit" if wanted == _LOGIN_IMPLIES_TLS else _TLS.get(wanted)
    port = _text(one, "port")
    if tls == "implicit" and port in ("143", "110", "587", "25"):
        tls = "starttls"  # ``SSL on`` says that there is protection, and not which
    return _server(protocol, _text(one, "server"), port, tls, None)


def _server(
    protocol: Protocol | None, host: str, port: str, tls: Tls | None, user: Literal["address", "local"] | None
) -> ToldServer | None:
    host = host.strip().lower().rstrip(".")
    number = int(port) if re.fullmatch(r"[0-9]{1,5}", port) else 0
    if protocol is None or not _HOST.fullmatch(host) or not 0 < number < 65536:
        return None
    return ToldServer(protocol, host, number, tls, user)


def _root(data: bytes) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable from error
    return root


def _name(one: Element) -> str:
    return str(one.tag).rpartition("}")[2].lower()


def _children(one: Element, name: str) -> Iterator[Element]:
    return (child for child in one if _name(child) == name)


def _text(one: Element, name: str) -> str:
    child = next(_children(one, name), None)
    return "" if child is None else (child.text or "").strip()

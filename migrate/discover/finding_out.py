"""One look at a domain from outside: its records, what it tells mail programs, its servers.  Asks; writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import quote
from xml.sax.saxutils import escape

from connectors.language import _
from connectors.presets import of_mx
from migrate.discover.candidates import candidates
from migrate.discover.endpoints import Endpoint, look_at_all
from migrate.discover.recognising import Recognised, recognise
from migrate.discover.records import Records, read
from migrate.discover.told import ToldServer, Unreadable, parse_autoconfig, parse_autodiscover
from migrate.dns.asking import Inquiry
from migrate.dns.fetching import NotFetched, Web, fetch

#: Whom autodiscover is asked about: RFC 2142 has every domain have this address.
_NOBODY = "postmaster"
_REQUEST = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>\n"
)
Doing = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Page:
    """A page for mail programs that was asked for, and what came: servers, or why there is nothing."""

    kind: str
    url: str
    servers: tuple[ToldServer, ...] = ()
    #: Autodiscover: it speaks of Exchange.
    exchange: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class DomainFound:
    """All that was found of a domain without signing anybody in."""

    records: Records
    pages: tuple[Page, ...]
    endpoints: tuple[Endpoint, ...]
    recognised: Recognised

    @property
    def told(self) -> list[ToldServer]:
        return [server for page in self.pages for server in page.servers]


def find_out(inquiry: Inquiry, web: Web, spool: Path, stop: Event, doing: Doing) -> DomainFound:
    """Ask everybody.  Raises NobodyAnswers.  After ``stop`` no further one is asked.

    ``doing`` hears what is under way (``records``, ``pages``, ``servers``), how many are done, and of how many.
    """
    doing("records", 0, 0)
    records = inquiry.follow(read)
    pages = () if stop.is_set() else tuple(_pages(records, web, doing))
    preset = of_mx(records.mx_hosts)
    wanted = candidates(
        records,
        [server for page in pages if page.kind == "autoconfig" for server in page.servers],
        [server for page in pages if page.kind == "autodiscover" for server in page.servers],
        preset,
    )
    doing("servers", 0, len(wanted))
    endpoints = look_at_all(wanted, spool, stop, lambda done: doing("servers", done, len(wanted)))
    named = [one.target for found in records.services.values() for one in found]
    named += [server.host for page in pages for server in page.servers]
    return DomainFound(records, pages, tuple(endpoints), recognise(records, list(dict.fromkeys(named)), endpoints))


def _pages(records: Records, web: Web, doing: Doing) -> list[Page]:
    wanted = _wanted(records)
    doing("pages", 0, len(wanted))
    with ThreadPoolExecutor(max(len(wanted), 1), thread_name_prefix="page") as pool:
        return list(pool.map(lambda one: _page(records.domain, web, *one), wanted))


def _wanted(records: Records) -> list[tuple[str, str]]:
    """Pages of hosts that have an address.  Only over HTTPS: what anybody on the way can write names no server."""
    domain, there = records.domain, records.addresses
    address = quote(f"{_NOBODY}@{domain}")
    urls = []
    if f"autoconfig.{domain}" in there:
        url = f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}"
        urls.append(("autoconfig", url))
    if domain in there:
        urls.append(("autoconfig", f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"))
    hosts = [f"autodiscover.{domain}", domain, *records.autodiscover]
    urls += [("autodiscover", f"https://{host}/autodiscover/autodiscover.xml") for host in hosts if host in there]
    return list(dict.fromkeys(urls))


def _page(domain: str, web: Web, kind: str, url: str) -> Page:
    try:
        if kind == "autoconfig":
            return Page(kind, url, tuple(parse_autoconfig(fetch(web, url), domain)))
        request = _REQUEST.format(address=escape(f"{_NOBODY}@{domain}")).encode()
        answer = parse_autodiscover(fetch(web, url, request))
        return Page(kind, url, answer.servers, answer.exchange)
    except NotFetched as error:
        return Page(kind, url, why=str(error))
    except Unreadable:
        return Page(kind, url, why=_("the answer is no page of this kind."))

"""Whom the ``dns`` commands ask, and about what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
import dns.exception
import dns.resolver

from connectors.language import _, mark
from migrate.cli.organisation import Place, Trouble
from migrate.dns.asking import Server, Whom, server_at
from migrate.dns.facts import Kind
from migrate.dns.providers import TITLES, Expected, expected_host, expected_provider, provider_at
from plans.problems import Worded, suggestion
from plans.shapes import checked_domain

_C = TypeVar("_C", bound=Callable[..., object])
#: Cloudflare, Google, Quad9, OpenDNS and FDN: resolvers that anybody may ask.
_RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9", "208.67.222.222", "80.67.169.12")
_KINDS: dict[Kind, str] = {
    "authoritative": mark("name server"),
    "resolver": mark("resolver"),
    "inside": mark("inside"),
}


def kind_text(kind: Kind) -> str:
    return _(_KINDS[kind])


def _servers(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> tuple[Server, ...]:
    """``ADDRESS`` or ``ADDRESS:PORT``, as often as given."""
    found = []
    for text in texts:
        try:
            found.append(server_at(text))
        except ValueError:
            told = _("{value} is no IP address; write one such as 192.0.2.53, or 192.0.2.53:5353 with a port.")
            raise Trouble(told.format(value=text)) from None
    return tuple(found)


def whom_options(command: _C) -> _C:
    """``--resolver``, ``--inside`` and ``--server``, given to the command as ``resolvers``, ``inside``, ``servers``."""
    told = (
        ("--server", "servers", "Ask this name server instead of those that the zone names; may be given again."),
        (
            "--inside",
            "inside",
            "A DNS server inside the company, instead of those this machine uses; may be given again.",
        ),
        ("--resolver", "resolvers", "Ask this resolver instead of five public ones; may be given again."),
    )
    for option, name, text in told:
        command = click.option(option, name, metavar="ADDRESS", callback=_servers, multiple=True, help=text)(command)
    return command


def asked_of(resolvers: Sequence[Server], inside: Sequence[Server], servers: Sequence[Server]) -> Whom:
    """Those that were named, and the usual ones where none was."""
    outside = resolvers or tuple(map(server_at, _RESOLVERS))
    return Whom(outside, inside or _of_this_machine(outside), servers)


def checked(domain: str) -> str:
    """As DNS writes it.  Raises :class:`Trouble`."""
    try:
        return checked_domain(domain.removesuffix("."))
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}") from error


def expected_of(place: Place, expect: str) -> Expected:
    """What ``--expect`` stands for.  Raises :class:`Trouble`."""
    for provider in TITLES:
        if expect == provider:
            return expected_provider(provider)
    # Without a plan there are no systems, and its absence is not what is wrong.
    systems = place.load().systems if (place.folder / "organisation.yaml").exists() else {}
    if expect not in systems:
        hint = suggestion(expect, [*TITLES, *systems], _("What can be expected"))
        raise Trouble(_('There is no system "{system}". {hint}').format(system=expect, hint=hint))
    if (known := provider_at(systems[expect].connector)) is not None:
        return expected_provider(known)
    host = getattr(systems[expect].settings, "host", None)
    if host is None:
        raise Trouble(_('The system "{system}" has no host that an MX could lead to.').format(system=expect))
    return expected_host(expect, host)


def _of_this_machine(but: Sequence[Server]) -> tuple[Server, ...]:
    """The resolvers that this machine asks: in a company often those inside it."""
    try:
        found = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException:
        return ()
    asked = {one.address for one in but}
    return tuple(server_at(str(one)) for one in found if str(one) not in asked)

"""The Site Verification API, for domains: a token that has to be in the DNS, and a look whether it is.

https://developers.google.com/site-verification/v1/getting_started
"""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote, unquote

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, missing, not_found
from migrate.sandbox.google.world import World

_DOMAIN = "INET_DOMAIN"
_METHODS = frozenset({"DNS", "DNS_TXT"})
#: Seconds for the resolver to answer.
_PATIENCE = 2.0


def get_token(call: Call) -> Json:
    """What to put into a TXT record of the domain; the same for the same person, however often it is asked."""
    domain = _domain(call.body)
    method = call.body.get("verificationMethod")
    if method is None:
        raise missing("verificationMethod")
    _check_method(method)
    return {"method": method, "token": _token(call.user, domain)}


def insert(call: Call) -> Json:
    """Look for the token, and make the caller an owner if it is there."""
    domain = _domain(call.body)
    _check_method(call.parameters["verificationMethod"])
    if _token(call.user, domain) not in _txt(call.world, domain):
        raise ApiError(400, "The necessary verification token could not be found on your site.", "badRequest")
    call.world.sites.put(f"{domain}/{call.user}", {"domain": domain, "user": call.user})
    return _shown(call.world, domain)


def get(call: Call) -> Json:
    """One domain of the caller."""
    return _shown(call.world, _owned(call))


def list_sites(call: Call) -> Json:
    """Every domain of the caller."""
    found = [_shown(call.world, row["domain"]) for row in call.world.sites.rows() if row["user"] == call.user]
    return {"items": found} if found else {}


def delete(call: Call) -> None:
    """Give a domain up; while its token is in the DNS, Google does not take this."""
    domain = _owned(call)
    if _token(call.user, domain) in _txt(call.world, domain):
        raise ApiError(400, "You cannot unverify your ownership of a site while its token is there.", "badRequest")
    call.world.sites.drop(f"{domain}/{call.user}")


HANDLERS: dict[str, Handler] = {
    "siteVerification.webResource.getToken": get_token,
    "siteVerification.webResource.insert": insert,
    "siteVerification.webResource.get": get,
    "siteVerification.webResource.list": list_sites,
    "siteVerification.webResource.delete": delete,
}


def _domain(body: Json) -> str:
    site = body.get("site", {})
    if "identifier" not in site:
        raise missing("site.identifier")
    if site.get("type") != _DOMAIN:
        raise ApiError(400, f"The stand-in verifies domains only: type {_DOMAIN}.", "badRequest")
    return str(site["identifier"]).lower().rstrip(".")


def _check_method(method: str) -> None:
    if method not in _METHODS:
        raise ApiError(400, f"Invalid verification method: {method}", "badRequest")


def _token(user: str, domain: str) -> str:
    digest = hashlib.sha256(f"{user} {domain}".encode()).digest()
    return "google-site-verification=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _txt(world: World, domain: str) -> list[str]:
    found = list(world.manners.txt_records.get(domain, ()))
    if world.manners.resolver is not None:
        host, _, port = world.manners.resolver.rpartition(":")
        question = dns.message.make_query(domain, dns.rdatatype.TXT)
        try:
            answer = dns.query.udp(question, host, timeout=_PATIENCE, port=int(port))
        except (OSError, dns.exception.DNSException):
            return found
        for record in answer.answer:
            if record.rdtype == dns.rdatatype.TXT:
                found += [b"".join(one.strings).decode("latin-1") for one in record]
    return found


def _owned(call: Call) -> str:
    domain = unquote(call.parameters["id"]).removeprefix("dns://")
    if f"{domain}/{call.user}" not in call.world.sites:
        raise not_found("The site is not one of yours.")
    return domain


def _shown(world: World, domain: str) -> Json:
    owners = [world.users[row["user"]]["email"] for row in world.sites.rows() if row["domain"] == domain]
    return {
        "id": quote(f"dns://{domain}", safe=""),
        "site": {"identifier": domain, "type": _DOMAIN},
        "owners": owners,
    }

"""Any server that takes dynamic updates (RFC 2136), signed with a shared key (TSIG, RFC 8945)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

from connectors.language import _
from migrate.dns.asking import Server
from migrate.dns.zones.contract import RecordSet, ZoneError

#: Seconds.
_TIMEOUT = 10.0


class UpdatedZone:
    title = "DNS update"

    def __init__(self, zone: str, server: Server, key_name: str, secret: str, algorithm: str) -> None:
        """Raises ZoneError for a key that is none, or is of a kind that nobody knows."""
        self._zone = dns.name.from_text(zone)
        self._server = server
        known = {name.to_text(omit_final_dot=True) for name in dns.tsig.mac_sizes}
        if algorithm.lower() not in known:
            what = _("{algorithm} is no algorithm of keys for DNS updates: {known}")
            raise ZoneError(what.format(algorithm=algorithm, known=", ".join(sorted(known))), denied=True)
        try:
            base64.b64decode(secret, validate=True)
            self._key = dns.tsig.Key(key_name, secret, algorithm)
        except (binascii.Error, ValueError, dns.exception.DNSException):
            raise ZoneError(
                _("The key for DNS updates is not in the form that BIND writes: base64."), denied=True
            ) from None

    def read(self, name: str, kind: str) -> RecordSet | None:
        query = dns.message.make_query(name, kind)
        query.flags = dns.flags.Flag(0)
        answer = self._ask(query)
        for found in answer.answer:
            if found.rdtype == dns.rdatatype.from_text(kind):
                values = frozenset(record.to_text() for record in found)
                return RecordSet(name, kind, int(found.ttl), values)
        return None

    def replace(self, sets: Sequence[RecordSet]) -> None:
        # All in one message, which the server carries out whole or not at all (RFC 2136, section 3.7).
        update = dns.update.UpdateMessage(self._zone)
        for one in sets:
            owner = dns.name.from_text(one.name)
            update.delete(owner, one.type)
            for value in sorted(one.values):
                update.add(owner, one.ttl, one.type, value)
        self._ask(update)

    def publish(self) -> None:
        """Each change is published at once."""

    def _ask(self, message: dns.message.Message) -> dns.message.Message:
        assert self._server.address is not None
        message.use_tsig(self._key)
        try:
            answer = dns.query.tcp(message, self._server.address, timeout=_TIMEOUT, port=self._server.port)
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
            what = _("The clock of this machine and that of {server} differ by minutes: set the one that is wrong")
            raise ZoneError(what.format(server=self._server), detail=type(error).__name__) from None
        except dns.tsig.PeerError as error:
            raise self._denied(type(error).__name__) from None
        except (dns.exception.DNSException, OSError, EOFError) as error:
            what = _("{server} does not answer").format(server=self._server)
            raise ZoneError(what, detail=type(error).__name__) from None
        code = answer.rcode()
        if code in (dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.BADSIG, dns.rcode.BADKEY):
            raise self._denied(dns.rcode.to_text(code))
        if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            what = _("{server} refuses the change").format(server=self._server)
            raise ZoneError(what, detail=dns.rcode.to_text(code))
        return answer

    def _denied(self, detail: str) -> ZoneError:
        what = _("{server} does not let this key change the zone").format(server=self._server)
        return ZoneError(what, detail=detail, denied=True)

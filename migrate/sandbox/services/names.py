"""DNS over a folder of zone files: each ``<domain>.zone`` is read anew when it was changed.

It answers as a name server of these zones and as a resolver that knows nothing else.  A file that cannot be read leaves
the zone as it was, and what is wrong stands beside it in ``<domain>.zone.problem``.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
from pathlib import Path
from threading import Lock

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

_CHAIN = 8
_UDP = 1232


class Zones:
    """The zones of a folder as they are now.  Any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._zones: dict[dns.name.Name, dns.zone.Zone] = {}
        self._read: dict[Path, tuple[int, int]] = {}
        self._lock = Lock()

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """What a server of these zones says; REFUSED for what lies in none."""
        with self._lock:
            self._refresh()
            return self._answer(query)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True, our_payload=_UDP)
        question = query.question[0]
        zone = self._zone_of(question.name)
        if zone is None:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        found = self._follow(question.name, question.rdtype, response)
        zone = self._zone_of(found)
        if zone is None:
            return response  # whether the end of an alias is there, is for others to say
        if not any(rrset.rdtype == question.rdtype for rrset in response.answer):
            if not _exists(zone, found):
                response.set_rcode(dns.rcode.NXDOMAIN)
            soa = zone.find_rrset(zone.origin or dns.name.root, dns.rdatatype.SOA)
            response.authority.append(soa)
        return response

    def _follow(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType, response: dns.message.Message
    ) -> dns.name.Name:
        """Put what ``name`` has into the answer, along its aliases; the name at their end."""
        for _ in range(_CHAIN):
            zone = self._zone_of(name)
            node = zone.get_node(name) or _wildcard(zone, name) if zone is not None else None
            if node is None:
                return name
            rdataset = node.get_rdataset(dns.rdataclass.IN, kind)
            if rdataset is not None:
                response.answer.append(dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)))
                return name
            alias = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.CNAME)
            if alias is None:
                return name
            response.answer.append(dns.rrset.from_rdata_list(name, alias.ttl, list(alias)))
            name = alias[0].target
        return name

    def _zone_of(self, name: dns.name.Name) -> dns.zone.Zone | None:
        while True:
            if name in self._zones:
                return self._zones[name]
            if name == dns.name.root:
                return None
            name = name.parent()

    def _refresh(self) -> None:
        files = {path: path.stat() for path in sorted(self._folder.glob("*.zone"))}
        for path, stat in files.items():
            seen = (stat.st_mtime_ns, stat.st_size)
            if self._read.get(path) == seen:
                continue
            self._read[path] = seen
            problem = path.with_name(f"{path.name}.problem")
            try:
                zone = dns.zone.from_text(path.read_text(encoding="utf-8"), path.stem, relativize=False)
            except (dns.exception.DNSException, UnicodeDecodeError, OSError) as error:
                problem.write_text(f"{error}\n", encoding="utf-8")
                continue
            problem.unlink(missing_ok=True)
            self._zones[zone.origin or dns.name.root] = zone
        for path in set(self._read) - set(files):
            del self._read[path]
            self._zones.pop(dns.name.from_text(path.stem), None)


def _wildcard(zone: dns.zone.Zone | None, name: dns.name.Name) -> dns.node.Node | None:
    """RFC 4592, for one label."""
    if zone is None or name == zone.origin:
        return None
    return zone.get_node(dns.name.Name(("*", *name.labels[1:])))


def _exists(zone: dns.zone.Zone, name: dns.name.Name) -> bool:
    """Whether the name, or anything below it, is in the zone (RFC 8020)."""
    return _wildcard(zone, name) is not None or any(known.is_subdomain(name) for known in zone.nodes)


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        server = self.server
        assert isinstance(server, UdpNames)
        with contextlib.suppress(dns.exception.DNSException, IndexError, OSError):
            query = dns.message.from_wire(data)
            limit = query.payload if query.edns >= 0 else 512
            try:
                wire = server.zones.answer(query).to_wire(max_size=min(limit, _UDP))
            except dns.exception.TooBig:
                cut = dns.message.make_response(query)
                cut.flags |= dns.flags.TC
                wire = cut.to_wire()
            socket.sendto(wire, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, TcpNames)
        with contextlib.suppress(dns.exception.DNSException, IndexError, OSError, struct.error):
            while head := self.rfile.read(2):
                query = dns.message.from_wire(self.rfile.read(struct.unpack("!H", head)[0]))
                wire = server.zones.answer(query).to_wire()
                self.wfile.write(struct.pack("!H", len(wire)) + wire)


class UdpNames(socketserver.UDPServer):
    """Answers short questions, one after the other."""

    def __init__(self, port: int, zones: Zones) -> None:
        self.zones = zones
        super().__init__(("127.0.0.1", port), _Udp)


class TcpNames(socketserver.ThreadingTCPServer):
    """Answers what UDP cannot hold."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, zones: Zones) -> None:
        self.zones = zones
        super().__init__(("127.0.0.1", port), _Tcp)

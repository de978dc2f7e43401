"""Pages for mail programs are read as far as they are right; what would harm is refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.discover.told import ToldServer, Unreadable, parse_autoconfig, parse_autodiscover

AUTOCONFIG = b"""<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="example.org">
<incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILLOCALPART%</username></incomingServer>
<incomingServer type="pop3"><hostname>pop.example.net</hostname><port>110</port><socketType>STARTTLS</socketType>
</incomingServer>
<incomingServer type="imap"><hostname>plain.example.net</hostname><port>143</port><socketType>plain</socketType>
</incomingServer>
<incomingServer type="imap"><hostname>a b;rm</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>x.example</hostname><port>99999</port><socketType>SSL</socketType>
</incomingServer>
<outgoingServer type="smtp"><hostname>SMTP.example.net.</hostname><port>465</port><socketType>SSL</socketType>
</outgoingServer>
</emailProvider></clientConfig>"""
AUTODISCOVER = b"""<?xml version="1.0"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account>
<Protocol><Type>IMAP</Type><Server>mail.example.net</Server><Port>143</Port><SSL>on</SSL></Protocol>
<Protocol><Type>POP3</Type><Server>mail.example.net</Server><Port>995</Port><SSL>on</SSL></Protocol>
<Protocol><Type>SMTP</Type><Server>mail.example.net</Server><Port>587</Port><Encryption>TLS</Encryption></Protocol>
</Account></Response></Autodiscover>"""
_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("k")))
    + b"]><clientConfig>&j;</clientConfig>"
)


def test_an_autoconfig_page_is_read_with_its_placeholders() -> None:
    assert parse_autoconfig(AUTOCONFIG, "example.org") == [
        ToldServer("imap", "mail.example.org", 993, "implicit", "local"),
        ToldServer("pop3", "pop.example.net", 110, "starttls"),
        ToldServer("imap", "plain.example.net", 143, None),
        ToldServer("smtp", "smtp.example.net", 465, "implicit"),
    ]


def test_an_autodiscover_answer_is_read_and_ports_tell_what_ssl_means() -> None:
    found = parse_autodiscover(AUTODISCOVER)
    assert [(one.protocol, one.port, one.tls) for one in found.servers] == [
        ("imap", 143, "starttls"), ("pop3", 995, "implicit"), ("smtp", 587, "starttls"),
    ]  # fmt: skip
    assert not found.exchange
    assert parse_autodiscover(AUTODISCOVER.replace(b"IMAP", b"EXCH")).exchange


@pytest.mark.parametrize("kind", [lambda data: parse_autoconfig(data, "example.org"), parse_autodiscover])
@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html>", b"<html></html>", b"\x00\xff", b"<a" * 20_000, _BOMB,
        b'<!DOCTYPE clientConfig SYSTEM "file:///etc/passwd"><clientConfig/>',
        b'<?xml version="1.0" encoding="no-such"?><clientConfig/>',
    ],
)  # fmt: skip
def test_what_is_no_page_or_would_harm_is_refused_at_once(kind: object, data: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        kind(data)  # type: ignore[operator]  # one of the two readers
    assert time.process_time() - began < 2


def test_a_page_with_thousands_of_servers_is_read_as_a_dozen() -> None:
    one = b'<incomingServer type="imap"><hostname>h.example</hostname><port>1</port></incomingServer>'
    assert len(parse_autoconfig(b"<clientConfig>" + one * 5000 + b"</clientConfig>", "example.org")) == 12


@given(st.binary(max_size=200), st.integers(0, len(AUTOCONFIG)))
def test_whatever_is_in_a_page_it_is_servers_or_unreadable(noise: bytes, at: int) -> None:
    data = AUTOCONFIG[:at] + noise + AUTOCONFIG[at + len(noise) :]
    try:
        servers = parse_autoconfig(data, "example.org")
    except Unreadable:
        return
    for one in servers:
        assert one.host == one.host.lower()
        assert set(one.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert 0 < one.port < 65536

"""A certificate that cannot work is found before anybody is asked, in words that say what to do."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.contract import Fatal
from connectors.microsoft365.credential import certificate_in
from tests.servers.certificates_of_apps import certificate_of, pem_of


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_key_and_certificate_are_found_in_any_order_among_other_text(key: rsa.RSAPrivateKey) -> None:
    parts = [pem_of(key), "Bag Attributes: none\n", certificate_of(key)]
    for text in ("".join(parts), "".join(reversed(parts))):
        found = certificate_in(text, "host")
        assert found["private_key"].strip() == parts[0].strip()
        assert found["public_certificate"].strip() == parts[2].strip()


def test_each_mistake_is_told_apart_and_no_key_is_quoted(key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    wrong = {
        "must hold": pem_of(key),
        "passphrase": pem_of(key, b"x") + certificate_of(key),
        "does not belong": pem_of(other) + certificate_of(key),
        "has expired": pem_of(key) + certificate_of(key, days=-1),
        "private key in the file": pem_of(key).replace("MII", "!!!") + certificate_of(key),
        "certificate in the file of certificate cannot": pem_of(key) + certificate_of(key).replace("MII", "!!!"),
    }
    for words, text in wrong.items():
        with pytest.raises(Fatal, match=words) as caught:
            certificate_in(text, "host")
        assert text.splitlines()[1] not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

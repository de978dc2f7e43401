"""What an app registration proves itself with: a private key and a certificate, as PEM."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Bascule")])


def pem_of(key: rsa.RSAPrivateKey, password: bytes | None = None) -> str:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()


def certificate_of(key: rsa.RSAPrivateKey, days: int = 10) -> str:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(_NAME, _NAME, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=30)).not_valid_after(now + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

"""What the application proves itself with: a client secret, or a certificate with its private key."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from connectors.errors import Fatal
from connectors.language import _
from connectors.microsoft365.settings import Microsoft365Settings

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)

#: As msal takes it: the secret, or the two halves of a PEM file.
Credential = str | dict[str, str]


def credential_of(settings: Microsoft365Settings) -> Credential:
    """The credential, fetched anew.

    Raises what the plan raises where it cannot be had, and Fatal for a certificate that cannot be used.
    """
    if settings.secret is not None:
        return settings.secret.reveal().strip()
    assert settings.certificate is not None, "only an application has a credential"
    return certificate_in(settings.certificate.reveal(), settings.hosts.sign_in)


def certificate_in(pem: str, system: str) -> dict[str, str]:
    """Private key and certificate from a PEM text.  Raises Fatal, which quotes nothing of it."""
    blocks = {found[1].rpartition(" ")[2]: found[0] for found in reversed(list(_BLOCK.finditer(pem)))}
    key, certificate = blocks.get("KEY"), blocks.get("CERTIFICATE")
    if key is None or certificate is None:
        raise Fatal(_("the file of certificate must hold the private key and the certificate (PEM)"), system=system)
    try:
        private = load_pem_private_key(key.encode(), None)
    except TypeError:
        what = _("the private key in the file of certificate has a passphrase: take it off (openssl pkey)")
        raise Fatal(what, system=system) from None
    except ValueError:
        raise Fatal(_("the private key in the file of certificate cannot be read"), system=system) from None
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise Fatal(_("the certificate in the file of certificate cannot be read"), system=system) from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if parsed.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        what = _("the private key in the file of certificate does not belong to the certificate beside it")
        raise Fatal(what, system=system)
    if parsed.not_valid_after_utc < datetime.now(UTC):
        what = _("the app's certificate has expired: make a new one, and upload it to the app registration")
        raise Fatal(what, system=system)
    return {"private_key": key, "public_certificate": certificate}

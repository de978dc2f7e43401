"""Whom to trust: authorities, or one pinned certificate."""

from __future__ import annotations

import hashlib
import ssl
from typing import TypeVar

from connectors.errors import Fatal, Untrusted
from connectors.language import _
from connectors.net.settings import ServerSettings

_S = TypeVar("_S", bound=ServerSettings)
#: A pin that no certificate has.
_NO_CERTIFICATE = "sha256:"


def context_of(settings: ServerSettings) -> ssl.SSLContext:
    """As the plan says.  A pinned certificate is compared after the handshake, and nothing else counts for it."""
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except OSError as error:
        raise Fatal(_("ca_file cannot be read, or holds no certificate"), system=settings.host) from error
    if settings.certificate_pin is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_pin(settings: ServerSettings, certificate: bytes) -> None:
    """Raises Untrusted when this is not the pinned certificate."""
    if settings.certificate_pin is None:
        return
    seen = hashlib.sha256(certificate).hexdigest()
    if f"sha256:{seen}" != settings.certificate_pin:
        what = _("the server shows another certificate than the one in certificate_pin")
        raise Untrusted(what, system=settings.host, detail="PIN", fingerprint=seen)


def trusting_none(settings: _S) -> _S:
    """The same settings with a pin that no certificate has: whatever certificate comes is named, and refused."""
    return settings.model_copy(update={"certificate_pin": _NO_CERTIFICATE, "ca_file": None})

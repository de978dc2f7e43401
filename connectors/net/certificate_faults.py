"""What OpenSSL finds wrong with a certificate, in the words of who has to decide about it."""

from __future__ import annotations

import ssl

from connectors.language import _, mark

#: By OpenSSL's number (x509_vfy.h), which does not change; the number itself is told beside it.
_WORDS = {
    9: mark("it is not valid yet"),
    18: mark("the server signed it itself"),
    19: mark("its authority is not known on this machine"),
    20: mark("its authority is not known on this machine"),
    21: mark("the server does not send the whole chain, or its authority is not known on this machine"),
    62: mark("it is for another host name than the plan's"),
    64: mark("it is for another address than the plan's"),
}


def certificate_fault(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate is not trusted; OpenSSL's own English where we have no words for it."""
    known = _WORDS.get(error.verify_code)
    return error.verify_message if known is None else _(known)

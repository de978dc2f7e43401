"""What a person can do about a trouble of the world, beside what it says itself."""

from __future__ import annotations

from connectors.contract import AuthFailed, Fatal, FolderMissing, OverQuota, Transient, Unavailable
from connectors.errors import SpoolError
from connectors.language import _, mark
from connectors.registry import BrokenConnector
from migrate.ledger.store import LedgerError

#: By the protocol's own word for it (``ConnectorError.detail``); these are surer than the kind.
_BY_DETAIL = {
    "ECONNREFUSED": mark(
        "Nothing answers on this port: look at host, port and tls in organisation.yaml, and at the firewalls between."
    ),
    "ETIMEDOUT": mark("Look at host and port in organisation.yaml, and at the firewalls between."),
    "EHOSTUNREACH": mark("No way leads there: look at host in organisation.yaml, and at this machine's network."),
    "ENETUNREACH": mark("No way leads there: look at this machine's network."),
    "DNS": mark("Look at host in organisation.yaml for a slip of the pen, and at this machine's name servers."),
    "X509 10": mark("The administrator of that server must renew the certificate; until then nothing is sent there."),
    "LIMIT": mark("Lower max_sessions of this system in organisation.yaml, or wait until others have signed out."),
    "PRIVACYREQUIRED": mark("Set tls: implicit or starttls for this system in organisation.yaml."),
}

_BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (
        AuthFailed,
        mark(
            "Look at the user name in the people file and the password in the passwords file (bascule secrets status"
            " tries them all); some providers also want IMAP to be switched on, or an app password."
        ),
    ),
    (
        SpoolError,
        mark(
            "Large messages wait in .bascule/spool of the organisation's folder: make room on its disk, and see that"
            " you may write there. Then run the same command again; it continues where it stopped."
        ),
    ),
    (OverQuota, mark("Give the mailbox more room on that system, then run the same command again.")),
    (FolderMissing, mark("Somebody changed the folder meanwhile: run the same command again.")),
    (Unavailable, mark("Wait a little and run the same command again; it continues where it stopped.")),
    (Transient, mark("Run the same command again; it continues where it stopped.")),
    (Fatal, mark("Look at this system in organisation.yaml.")),
    (BrokenConnector, mark("Install the package that brings this connector again.")),
)


def what_to_do(error: BaseException) -> str:
    """One or two sentences; empty where the error's own text says it."""
    if isinstance(error, LedgerError):
        return ""
    detail = getattr(error, "detail", "")
    if detail in _BY_DETAIL and not isinstance(error, AuthFailed):
        return _(_BY_DETAIL[detail])
    return next((_(text) for kind, text in _BY_KIND if isinstance(error, kind)), "")


def worded(error: BaseException) -> str:
    """The trouble, and what to do about it."""
    told, to_do = str(error), what_to_do(error)
    if not to_do:
        return told
    return f"{told}{'' if told.endswith(('.', '!', '?')) else '.'} {to_do}"


def error_as_json(error: BaseException) -> dict[str, str]:
    """The published shape of a trouble."""
    return {"kind": type(error).__name__, "message": str(error), "to_do": what_to_do(error)}

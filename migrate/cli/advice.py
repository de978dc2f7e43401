"""What a person can do about a trouble of the world, beside what it says itself."""

from __future__ import annotations

from datetime import datetime

from connectors.contract import (
    ArchiveUnreadable,
    AuthFailed,
    ConnectorError,
    Fatal,
    FolderMissing,
    OverQuota,
    Postponed,
    TooManySessions,
    Transient,
    Unavailable,
    Untrusted,
)
from connectors.errors import SpoolError
from connectors.language import _, mark
from connectors.registry import BrokenConnector
from migrate.cli.explanations import CROWDED, SIGN_INS, TOO_MANY_SESSIONS
from migrate.copy.hold import DeadlinePassed
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
    "LIMIT": CROWDED.to_do,
    "PIN": mark("Its administrator has renewed it, or somebody else answers in its place."),
    "PRIVACYREQUIRED": mark("Set tls: implicit or starttls for this system in organisation.yaml."),
}

_BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (
        SpoolError,
        mark(
            "Large messages wait in .bascule/spool of the organisation's folder: make room on its disk, and see that"
            " you may write there. Then run the same command again; it continues where it stopped."
        ),
    ),
    (
        DeadlinePassed,
        mark(
            "Too many sessions share it: lower max_sessions of both systems in organisation.yaml, then run the same"
            " command again; it continues where it stopped."
        ),
    ),
    (OverQuota, mark("Give the mailbox more room on that system, then run the same command again.")),
    (FolderMissing, mark("Somebody changed the folder meanwhile: run the same command again.")),
    (Unavailable, mark("Wait a little and run the same command again; it continues where it stopped.")),
    (Transient, mark("Run the same command again; it continues where it stopped.")),
    (
        ArchiveUnreadable,
        mark(
            "See that its drive is connected and that the people file names the right file;"
            " bascule plan check looks for it."
        ),
    ),
    (Fatal, mark("Look at this system in organisation.yaml.")),
    (BrokenConnector, mark("Install the package that brings this connector again.")),
)


def what_to_do(error: BaseException) -> str:
    """One or two sentences; empty where the error's own text says it."""
    if isinstance(error, LedgerError):
        return ""
    if isinstance(error, ConnectorError) and error.tells_what_to_do:
        return ""
    if isinstance(error, AuthFailed):
        return _(SIGN_INS[error.denial].to_do)
    if isinstance(error, TooManySessions):
        return _(CROWDED.to_do)
    if _until(error) is not None:
        return _("Run the same command again then; it continues where it stopped.")
    detail = getattr(error, "detail", "")
    by_kind = next((text for kind, text in _BY_KIND if isinstance(error, kind)), "")
    advice = _BY_DETAIL.get(detail, by_kind)
    if isinstance(error, Untrusted) and error.fingerprint:
        return f"{_(advice)} {_how_to_pin(error.fingerprint)}"
    return _(advice) if advice else ""


def worded(error: BaseException) -> str:
    """The trouble, and what to do about it."""
    told, to_do = str(error), what_to_do(error)
    if not to_do:
        return told
    return f"{told}{'' if told.endswith(('.', '!', '?')) else '.'} {to_do}"


def error_as_json(error: BaseException) -> dict[str, str | None]:
    """The published shape of a trouble."""
    told = {
        "kind": type(error).__name__,
        "code": _code_of(error),
        "message": str(error),
        "to_do": what_to_do(error),
    }
    until = _until(error)
    return told if until is None else {**told, "until": until.isoformat()}


def _code_of(error: BaseException) -> str | None:
    """The sign-in code that ``bascule explain`` knows; None for every other trouble."""
    if isinstance(error, AuthFailed):
        return error.denial.value
    return TOO_MANY_SESSIONS if isinstance(error, TooManySessions) else None


def _how_to_pin(fingerprint: str) -> str:
    return _(
        "If it must be trusted as it is: have its administrator read you the certificate's sha256 fingerprint over the"
        " telephone, and only if it is the same as here, write under this system in organisation.yaml:"
        " certificate_pin: sha256:{fingerprint}"
    ).format(fingerprint=fingerprint)


def _until(error: BaseException) -> datetime | None:
    """When it may go on, where that is known."""
    return error.until if isinstance(error, OverQuota | Postponed) else None

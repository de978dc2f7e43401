"""A probe that may have left is waited for; one that cannot have left is sent by the next run."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from migrate.copy.job import SystemClock
from migrate.delivery import sending
from migrate.delivery.evidence import Evidence
from migrate.delivery.probes import Probe, Route
from migrate.delivery.probing import Probing, new_run
from migrate.delivery.sending import Mailer, Sent
from plans.model import Submission
from plans.secrets import SecretError, SecretRef
from tests.servers.process import free_port

ROUTE = Route(sender="outside", whom="unknown", address="nobody@d.example", legs=())
ACCOUNT = Submission("me@x.example", "smtp.x.example", 587, "starttls", "me", SecretRef("env", "NOT_SET_BASCULE"))


class _Server:
    """What a server does with each of these words; nothing unless said."""

    def __init__(self, **does: Callable[[], object]) -> None:
        self._does = does

    def login(self, _user: str, _password: str) -> None: ...

    def send_message(self, *_arguments: object) -> None:
        self._does.get("send", int)()

    def quit(self) -> None:
        self._does.get("quit", int)()

    def close(self) -> None: ...


def _raises(error: Exception) -> Callable[[], object]:
    def raising() -> object:
        raise error

    return raising


def _sent(monkeypatch: pytest.MonkeyPatch, server: Callable[[], object], folder: Path) -> Sent:
    monkeypatch.setenv("NOT_SET_BASCULE", "x")
    monkeypatch.setattr(sending, "connected", lambda *_arguments: server())
    return Mailer({"outside": ACCOUNT}, folder).send(Probe(token="bascule-probe-" + "0" * 24, route=ROUTE), 0.0)


@pytest.mark.parametrize("error", [smtplib.SMTPResponseException(421, b"bye"), TimeoutError()])
def test_a_server_that_took_the_probe_has_it_however_it_parts(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _sent(monkeypatch, lambda: _Server(quit=_raises(error)), tmp_path) == Sent("accepted", "250")


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected("gone"), TimeoutError()])
def test_a_line_that_breaks_while_it_is_sent_leaves_it_open_whether_it_left(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _sent(monkeypatch, lambda: _Server(send=_raises(error)), tmp_path).state == "sending"


def test_a_server_that_cannot_be_reached_or_says_no_has_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _sent(monkeypatch, _raises(ConnectionRefusedError()), tmp_path).state == "failed"
    refused = smtplib.SMTPRecipientsRefused({ROUTE.address: (550, b"no")})
    assert _sent(monkeypatch, lambda: _Server(send=_raises(refused)), tmp_path) == Sent("refused", "550")
    said = smtplib.SMTPDataError(554, b"no")
    assert _sent(monkeypatch, lambda: _Server(send=_raises(said)), tmp_path) == Sent("failed", "554")


def test_a_password_that_cannot_be_had_leaves_its_probe_to_the_next_run(tmp_path: Path) -> None:
    evidence = Evidence.of(tmp_path, "paris")
    run = new_run("paris", "dual", [ROUTE], 0.0)
    probing = Probing(run, Mailer({"outside": ACCOUNT}, tmp_path), [], evidence, SystemClock())
    with pytest.raises(SecretError):
        probing.go_on(Event())
    kept = evidence.last()
    assert kept is not None
    assert [(one.state, one.sent_at) for one in kept.probes] == [("pending", None)]


def test_a_server_that_does_not_answer_is_told_as_everywhere(tmp_path: Path) -> None:
    nobody = Submission("it@x.example", "127.0.0.1", free_port(), "plain", None, None)
    route = Route(sender="outside", whom="moved", address="anna@x.example", legs=())
    sent = Mailer({"outside": nobody}, tmp_path).send(Probe(token="t", route=route), 0.0)
    assert sent == Sent("failed", "ECONNREFUSED")

"""What keeps a probe from being sent is told in words that are known, not in Python's."""

from __future__ import annotations

from pathlib import Path

from migrate.delivery.probes import Probe, Route
from migrate.delivery.sending import Mailer, Sent
from plans.model import Submission
from tests.servers.process import free_port


def test_a_server_that_does_not_answer_is_told_as_everywhere(tmp_path: Path) -> None:
    nobody = Submission("it@x.example", "127.0.0.1", free_port(), "plain", None, None)
    route = Route(sender="outside", whom="moved", address="anna@x.example", legs=())
    sent = Mailer({"outside": nobody}, tmp_path).send(Probe(token="t", route=route), 0.0)
    assert sent == Sent("failed", "ECONNREFUSED")

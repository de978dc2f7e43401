"""Whatever Google hands out ends in a verdict or an unread message, never in a traceback."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from connectors.body import ByteBudget, SpooledBody
from connectors.contract import Resources, Transient
from connectors.google_workspace.bodies import Garbled, read_bytes, read_whole
from connectors.google_workspace.line import Line
from connectors.google_workspace.personal import PersonalMail, read_client
from connectors.google_workspace.scopes import READ_MAIL
from connectors.google_workspace.units import ProjectLimits
from tests.unit.google_workspace.test_personal import CLIENT


class _Answers:
    """A line that answers everything with this."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told

    def get(self, _path: str, _units: int, **_query: Any) -> dict[str, Any]:
        return dict(self.told)


@pytest.mark.parametrize("raw", [None, 7, ["x"], "\u00e9", "abcde"])
def test_what_is_no_message_is_said_to_be_none(raw: object, tmp_path: Path) -> None:
    line = cast("Line", _Answers({"id": "1", "raw": raw}))
    with pytest.raises(Garbled):
        read_bytes(line, "1")
    with pytest.raises(Garbled):
        read_whole(line, "1", Resources(ByteBudget(), tmp_path))


def test_a_large_message_that_is_garbled_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    text = "A" * (12 << 20) + "\u00e9"
    with pytest.raises(Garbled):
        read_whole(cast("Line", _Answers({"id": "1", "raw": text})), "1", Resources(ByteBudget(), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_large_message_is_spooled(tmp_path: Path) -> None:
    found = read_whole(
        cast("Line", _Answers({"id": "1", "raw": "QUJD" * (4 << 20)})), "1", Resources(ByteBudget(), tmp_path)
    )
    assert found is not None
    assert isinstance(found[1], SpooledBody)
    assert found[1].size == 12 << 20
    found[1].release()


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"x"', b"{", b"\xff"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(content: bytes) -> None:
    limits = ProjectLimits.of("nowhere", "p", 6_000, 6_000).mailbox("anna")
    line = Line(PersonalMail(read_client(CLIENT), "anna", "x"), "anna", READ_MAIL, limits, Event(), writes=False)
    with pytest.raises(Transient):
        line._read(content)
    line.close()

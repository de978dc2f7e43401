"""A large message whose connection breaks: how far it came is asked for, and nothing is sent twice or guessed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import httplib2
import pytest

from connectors.body import SPOOL_OVER, SpooledBody
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.importing import import_message
from connectors.google_workspace.line import AnswerLost, Line, Once

Told = tuple[Mapping[str, str], bytes] | Exception

SIZE = SPOOL_OVER + 1000
LAST = SIZE - 1
ANNOUNCED: Told = ({"status": "200", "location": "http://upload"}, b"")
STORED: Told = ({"status": "200"}, json.dumps({"id": "m1"}).encode())


class _Line:
    """Answers in turn; notes what range each request was for."""

    def __init__(self, *answers: Told) -> None:
        self._answers = list(answers)
        self.ranges: list[str] = []

    def upload_address(self, _path: str, _query: Mapping[str, str], *, resumable: bool) -> str:
        assert resumable
        return "http://announce"

    def send(
        self, _address: str, _units: int, _method: str, headers: Mapping[str, str], _body: Callable[[], Once]
    ) -> tuple[httplib2.Response, bytes]:
        if "content-range" in headers:
            self.ranges.append(headers["content-range"].removeprefix("bytes "))
        told = self._answers.pop(0)
        if isinstance(told, Exception):
            raise told
        return httplib2.Response(dict(told[0])), told[1]


def _taken(last: int | None) -> Told:
    return ({"status": "308"} if last is None else {"status": "308", "range": f"bytes=0-{last}"}), b""


@pytest.fixture
def body(tmp_path: Path) -> Iterator[SpooledBody]:
    large = SpooledBody(tmp_path)
    large.write(bytes(SIZE))
    yield large
    large.release()


@pytest.mark.parametrize(
    ("answers", "ranges"),
    [
        ([AnswerLost(), _taken(999), STORED], [f"0-{LAST}/{SIZE}", f"*/{SIZE}", f"1000-{LAST}/{SIZE}"]),
        ([AnswerLost(), _taken(None), STORED], [f"0-{LAST}/{SIZE}", f"*/{SIZE}", f"0-{LAST}/{SIZE}"]),
        ([Denied(503), _taken(999), STORED], [f"0-{LAST}/{SIZE}", f"*/{SIZE}", f"1000-{LAST}/{SIZE}"]),
        ([AnswerLost(), STORED], [f"0-{LAST}/{SIZE}", f"*/{SIZE}"]),
        ([AnswerLost(), _taken(LAST), STORED], [f"0-{LAST}/{SIZE}", f"*/{SIZE}", f"*/{SIZE}"]),
    ],
)
def test_it_goes_on_where_it_broke(body: SpooledBody, answers: list[Told], ranges: list[str]) -> None:
    line = _Line(ANNOUNCED, *answers)
    assert import_message(cast("Line", line), body, [], lambda: None) == "m1"
    assert line.ranges == ranges


@pytest.mark.parametrize(
    "answers",
    [
        [({"status": "200"}, b"")],
        [ANNOUNCED, AnswerLost(), Denied(404)],
        [ANNOUNCED, AnswerLost(), AnswerLost()],
        [ANNOUNCED, AnswerLost(), *[_taken(LAST)] * 9],
        [ANNOUNCED, *[AnswerLost(), _taken(999)] * 9],
    ],
)
def test_what_is_not_told_is_in_doubt(body: SpooledBody, answers: list[Told]) -> None:
    with pytest.raises(AnswerLost):
        import_message(cast("Line", _Line(*answers)), body, [], lambda: None)

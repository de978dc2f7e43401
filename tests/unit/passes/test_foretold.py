"""The source is told which folder is listed next, and it is that one which it is asked for, as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

import pytest

from connectors.contract import Folder, Source, Window, foretell
from connectors.memory import MemorySettings
from connectors.wrappers.base import SourceWrapper
from tests.unit.passes.world import Sides, mail, new_sides, when

_Path = tuple[str, ...]
#: What a source was asked to list, from which cursor, and what it was told to come behind it.
_Asked = list[tuple[_Path, str | None, list[_Path]]]


class _Heard(SourceWrapper[Source]):
    """Notes what it is asked to list, each with what it was told to come behind it."""

    def __init__(self, inner: Source, asked: _Asked) -> None:
        super().__init__(inner)
        self._asked = asked
        self._next: Sequence[Folder] = ()

    def lists_next(self, folders: Sequence[Folder]) -> None:
        self._next = folders
        foretell(self._inner, folders)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        self._asked.append((folder.path, cursor, [one.path for one in self._next]))
        return super().entries(folder, cursor)


@pytest.fixture(params=[True, False], ids=["tokens", "no tokens"])
def sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    one = new_sides(source=MemorySettings(flag_tokens=request.param))
    for number, path in enumerate([("INBOX",), ("Work",), ("Play",), ("Other",)]):
        if path != ("INBOX",):
            one.source.create(path)
        one.source.deliver(mail(number), path, received=when(number))
    one.source.create(("Empty",))
    yield one
    one.close()


def _asked_for(sides: Sides) -> _Asked:
    """What a pass asks its source to list."""
    asked: _Asked = []
    inner = sides.job().open_source

    def open_source(stop: Event) -> Source:
        return _Heard(inner(stop), asked)

    assert sides.run(open_source=open_source).complete
    return asked


def _assert_kept(asked: _Asked) -> None:
    """Every word was kept: another listing asked for ahead would be read for nothing."""
    for number, (_path, _cursor, told) in enumerate(asked, 1):
        assert [(path, None) for path in told] == [(path, cursor) for path, cursor, _ in asked[number:]][: len(told)]


def test_each_folder_of_a_first_pass_is_told_but_the_first(sides: Sides) -> None:
    asked = _asked_for(sides)
    paths = [path for path, _cursor, _told in asked]
    assert [told for _path, _cursor, told in asked] == [paths[1:], paths[2:], paths[3:], []]
    assert ("Empty",) not in paths


def test_of_a_later_pass_only_those_that_are_listed_as_a_whole(sides: Sides) -> None:
    _asked_for(sides)
    sides.source.create(("New",))
    for number, path in enumerate([("Work",), ("New",)], 10):
        sides.source.deliver(mail(number), path, received=when(number))
    asked = _asked_for(sides)
    assert ("New",) in {path for path, _cursor, _told in asked}
    _assert_kept(asked)
    _assert_kept(_asked_for(sides))

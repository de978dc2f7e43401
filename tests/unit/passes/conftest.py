"""Passes between two sides in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.passes.world import Sides, new_sides


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides()
    yield one
    one.close()

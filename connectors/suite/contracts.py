"""The contracts that a connector's tests subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from connectors.contract import Source, Target
from connectors.suite.finding import FindingContract
from connectors.suite.folders import FolderContract
from connectors.suite.harness import Harness
from connectors.suite.reading import ReadingContract
from connectors.suite.writing import WritingContract


class SourceContract(ReadingContract):
    """What a source promises."""

    def open(self, harness: Harness) -> Source:
        return harness.open_source()


class TargetContract(ReadingContract, FolderContract, WritingContract, FindingContract):
    """What a target promises: all that a source does, and more."""

    def open(self, harness: Harness) -> Source:
        return harness.open_target()

    @pytest.fixture
    def open_target(self, opened: Callable[[], Source]) -> Callable[[], Target]:
        """Opens target sessions and closes them after the test."""
        return lambda: cast("Target", opened())

    @pytest.fixture
    def target(self, open_target: Callable[[], Target]) -> Target:
        return open_target()

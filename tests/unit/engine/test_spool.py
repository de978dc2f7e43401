"""The folder for large messages: its own process's alone, and removed when that is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from migrate.engine import spool
from migrate.engine.spool import spool_folder


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    parent = tmp_path / "spool"
    left = parent / "1234-abc"
    left.mkdir(parents=True)
    (left / "mail").write_bytes(b"From: a@example.org")
    with spool_folder(tmp_path) as first, spool_folder(tmp_path) as second:
        assert not left.exists()
        assert first.is_dir()
        assert second.is_dir()
    assert list(parent.iterdir()) == []


def test_two_that_begin_at_the_same_moment_leave_each_other_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one tidies up just before this one has its lock."""

    class Late(FileLock):
        def acquire(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]  # passed on as it is
            monkeypatch.setattr(spool, "FileLock", FileLock)
            with spool_folder(tmp_path):
                pass
            take: Callable[..., object] = super().acquire
            return take(*args, **kwargs)

    monkeypatch.setattr(spool, "FileLock", Late)
    with spool_folder(tmp_path) as folder:
        assert folder.is_dir()

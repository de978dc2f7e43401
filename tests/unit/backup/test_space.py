"""Room on the disk is looked at before anything is copied."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from connectors.memory import MemoryWorld
from migrate.backup.space import NoRoom, check_room, needed
from migrate.cli.main import bascule
from migrate.copy.actions import Copy, Make

PLAN = """
name: Example
language: en
time_zone: UTC
systems:
  old: {connector: memory, world: backup-space}
  new: {connector: memory, world: backup-space-target}
"""
SITE = """
site: paris
source: old
target: new
people: [{address: ann@example.org, source_password: "env:BACKUP_SPACE"}]
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 9 * 10**8, 10**8))


def test_what_is_needed_is_the_bytes_and_a_block_for_each_file() -> None:
    actions = [Make(("A",)), Copy(("A",), ("A",), 3, 1000), Copy(("B",), ("B",), 1, 10)]
    assert needed(actions) == (4, 1010 + 4 * 4096)


def test_enough_room_is_enough(tmp_path: Path, free: None) -> None:
    check_room(tmp_path / "not" / "there", 10, 10**7)


def test_too_little_room_is_told_in_figures(tmp_path: Path, free: None) -> None:
    with pytest.raises(NoRoom) as told:
        check_room(tmp_path / "not" / "there", 1000, 2 * 10**9)
    assert str(told.value) == (
        f"The disk of {tmp_path} is too small: 1,000 messages need 2.07 GB, and 0.10 GB are free. Nothing was copied."
        " Make room, or name a folder on another disk with --to."
    )


def test_nothing_new_needs_no_room(tmp_path: Path, free: None) -> None:
    check_room(tmp_path, 0, 0)


def test_a_backup_that_does_not_fit_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: None) -> None:
    monkeypatch.setenv("BACKUP_SPACE", "secret")
    ann = MemoryWorld.named("backup-space").add_user("ann@example.org", "secret")
    ann.deliver(b"Subject: x\r\n\r\n" + b"x" * 40_000_000)
    (tmp_path / "sites").mkdir()
    (tmp_path / "organisation.yaml").write_text(PLAN)
    (tmp_path / "sites" / "paris.yaml").write_text(SITE)
    ended = CliRunner().invoke(bascule, ["-C", str(tmp_path), "backup", "paris"])
    MemoryWorld.forget("backup-space")
    assert ended.exit_code == 5
    assert "is too small: 1 message need" in ended.output
    assert not (tmp_path / "backup").exists()

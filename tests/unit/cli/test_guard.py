"""The guard at the start: our import packages have plain names that other distributions use too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bascule


@pytest.mark.parametrize("name", bascule.PACKAGES)
def test_a_package_of_somebody_else_is_named(tmp_path: Path, name: str) -> None:
    stranger = tmp_path / name
    stranger.mkdir()
    (stranger / "__init__.py").write_text("")
    (tmp_path / "stranger-1.0.dist-info").mkdir()
    (tmp_path / "stranger-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n"
    )
    (tmp_path / "stranger-1.0.dist-info" / "top_level.txt").write_text(f"{name}\n")
    done = subprocess.run(
        [sys.executable, "-c", "import bascule; bascule.main()", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert f'bascule cannot start: the Python package "{name}" belongs to stranger here.' in done.stderr
    assert "with pipx" in done.stderr


def test_where_bascule_is_alone_it_starts() -> None:
    done = subprocess.run([sys.executable, "-m", "bascule", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("bascule, version ")

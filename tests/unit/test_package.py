"""What is installed by pip or pipx: everything that the command needs, and the command works."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installation is."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"],
        cwd=_ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _run(installed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bascule", *arguments], cwd=installed, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(installed)} | environment,
    )  # fmt: skip


def test_nothing_that_is_read_at_run_time_is_left_out(installed: Path) -> None:
    ours = ("connectors", "plans", "migrate", "runbooks")
    tracked = subprocess.run(["git", "ls-files", "bascule.py", *ours], cwd=_ROOT, capture_output=True, text=True)
    wanted = set(tracked.stdout.split("\n")) - {""}
    if not wanted:
        pytest.skip("not a checkout")
    assert wanted <= {path.relative_to(installed).as_posix() for path in installed.rglob("*")}


def test_the_installed_command_makes_and_checks_a_plan_in_french(installed: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "org")
    made = _run(installed, "-C", place, "init", "--name", "Essai", "--site", "paris", "--language", "fr")
    assert made.returncode == 0, made.stderr
    checked = _run(installed, "-C", place, "plan", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "le plan est correct" in checked.stdout
    status = _run(installed, "-C", place, "status")
    assert (status.returncode, status.stderr) == (0, "")

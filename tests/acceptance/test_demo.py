"""`make demo` as it is run: in a folder of its own, to its end, and when it is stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import plans
from migrate.sandbox.company import LETTERS

_DEMO = [sys.executable, "-m", "migrate.sandbox.demo"]


def test_the_demo_loses_and_doubles_nothing_and_says_so_with_numbers(tmp_path: Path) -> None:
    run = subprocess.run(_DEMO, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    killed = re.search(r"([\d,]+) of 3,212  killed on purpose", run.stdout)
    assert killed is not None
    assert 0 < int(killed[1].replace(",", "")) < 3212
    assert run.stdout.count(": 0 lost, 0 doubled") == 2
    assert f"3 copied, {LETTERS - 1:,} there from the first pass, 1 refused" in run.stdout
    assert "4,815 seen = 4,814 stored + 1 refused" in run.stdout
    assert "Refused (too-large)" in run.stdout
    assert "Good: 1,600 of 1,601 messages read on both servers and equal, 1 explained" in run.stdout
    assert "What to do: " in run.stdout
    report = tmp_path / "demo" / "lyon.html"
    assert f"Open {report.relative_to(tmp_path)} in a browser" in run.stdout
    assert "Good" in report.read_text(encoding="utf-8")
    assert "\x1b" not in run.stdout, "plain lines where there is no terminal"

    organisation = plans.load(tmp_path / "demo")
    assert {name: len(site.people) for name, site in organisation.sites.items()} == {"paris": 6, "lyon": 4}


def test_a_second_demo_replaces_the_first_and_ctrl_c_ends_it_with_both_servers(tmp_path: Path) -> None:
    assert _interrupted_demo(tmp_path) == _interrupted_demo(tmp_path) == 130


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "ABOUT.txt").write_text("about something else")
    run = subprocess.run(_DEMO, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "no demo made it" in run.stdout.replace("\n", " ")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["ABOUT.txt"]


def _interrupted_demo(folder: Path) -> int:
    """Run the demo until its first command is at work, and press Ctrl-C; both servers must be gone then."""
    with subprocess.Popen(_DEMO, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "copy paris" in line:
                break
        os.kill(run.pid, signal.SIGINT)
        said = run.stdout.read()
        code = run.wait(timeout=60)
    assert "Stopped" in said
    organisation = yaml.safe_load((folder / "demo" / "organisation.yaml").read_text(encoding="utf-8"))
    for system in organisation["systems"].values():
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", system["port"]), timeout=5):
            pass
    return code

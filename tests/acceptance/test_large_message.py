"""A message of 100 MB is copied, and never in memory whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, imap, organisation
from tests.servers.mail import bodies, seed
from tests.servers.server import ImapServer

#: Bytes.
SIZE = 100 << 20
MEMORY = 150 << 20


@pytest.mark.parametrize("new", ["dovecot", "courier", "cyrus"], indirect=True)
def test_a_large_message_is_spooled(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    name = f"large-{user}"
    line = b"0123456789abcdef" * 4 + b"\r\n"
    large = letter(1, folder=("INBOX",))
    data = large.data + line * (SIZE // len(line))
    seed(old, name, [type(large)(large.folder, data, large.flags, large.received), letter(2, folder=("INBOX",))])
    plan = organisation(place, imap(old.port), imap(new.port), source_user=name, target_user=user)

    code, peak = _run(plan.command("copy", SITE, "--json"))

    assert code == 0
    assert {len(one) for one in bodies(new, user)["INBOX",]} == {len(data), len(letter(2).data)}
    assert data in bodies(new, user)["INBOX",]
    assert peak < MEMORY, f"{peak >> 20} MB"


#: Between the tests and the command: a process inherits the peak of the one that starts it, and the tests hold mail.
_MEASURE = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _run(command: list[str]) -> tuple[int, int]:
    """Exit code, and the most memory in bytes that the process ever held."""
    measured = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURE, *command], capture_output=True, text=True, check=True
    )
    code, peak = measured.stdout.split()
    return int(code), int(peak) << 10

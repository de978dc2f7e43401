"""An organisation on disk whose systems are test servers, and the installed command run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from click.testing import CliRunner

from connectors import language
from migrate.cli.main import bascule
from plans.tokens import tokens_of
from tests.servers.server import PASSWORD

#: The command beside the interpreter that runs the tests.
COMMAND = Path(sys.executable).with_name("bascule")
SITE = "paris"
#: Commands that are run in this process unless a test starts them itself: half of what they compute is starting Python.
_INSIDE = frozenset(
    {
        "copy", "adopt", "status", "not-copied", "folders", "check", "verify", "explain", "accounts", "licences",
        "domain", "rollout", "cases", "note", "handover", "evidence", "hours", "report",
    }
)  # fmt: skip
#: Seconds within which any run of these tests has ended.
LIMIT = 120.0


@dataclass(frozen=True)
class Ended:
    """A run of the command that is over."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out)
        return answer

    @property
    def mailbox(self) -> dict[str, Any]:
        """The only mailbox of a run with ``--json``."""
        (one,) = self.json["mailboxes"]
        found: dict[str, Any] = one
        return found

    @property
    def copied(self) -> int:
        copied: int = self.mailbox["this_pass"]["copied"]
        return copied


@dataclass
class Organisation:
    """One site with one mailbox, ``anna@example.org``, unless ``people`` says otherwise."""

    folder: Path
    #: By system name, what stands in the plan.
    systems: dict[str, dict[str, object]]
    people: list[dict[str, str]]
    passwords: dict[str, tuple[str, str]]
    environment: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    #: What the site's plan says besides.
    site: dict[str, object] = field(default_factory=dict)

    def write(self) -> None:
        """Put the plan on disk, as it is now."""
        (self.folder / "sites").mkdir(parents=True, exist_ok=True)
        (self.folder / "secrets").mkdir(mode=0o700, exist_ok=True)
        plan = {"name": "Example", "language": self.language, "time_zone": "Europe/Paris", "systems": self.systems}
        site = {
            "site": SITE,
            "source": "old",
            "target": "new",
            "people": self.people,
            "passwords": f"file:secrets/{SITE}.csv",
            **self.site,
        }
        (self.folder / "organisation.yaml").write_text(yaml.safe_dump(plan))
        (self.folder / "sites" / f"{SITE}.yaml").write_text(yaml.safe_dump(site))
        lines = ["address,source_password,target_password"]
        lines += [f"{address},{source},{target}" for address, (source, target) in self.passwords.items()]
        secrets = self.folder / "secrets" / f"{SITE}.csv"
        secrets.write_text("\n".join(lines) + "\n")
        secrets.chmod(0o600)

    @property
    def ledger(self) -> Path:
        return self.folder / ".bascule" / "ledger.sqlite"

    def forget(self) -> None:
        """Lose the ledger."""
        for file in self.ledger.parent.glob("ledger.sqlite*"):
            file.unlink()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, running; the caller waits for it."""
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )

    def command(self, *arguments: str) -> list[str]:
        return [str(COMMAND), "-C", str(self.folder), *arguments]

    def run(self, *arguments: str) -> Ended:
        """The command, run to its end."""
        if arguments[0] in _INSIDE and not self.environment:
            return self._inside(*arguments)
        return self.run_installed(*arguments)

    def run_installed(self, *arguments: str) -> Ended:
        """As ``run``, the installed command in a process of its own."""
        with running(self.start(*arguments)) as process:
            return finished(process)

    def _inside(self, *arguments: str) -> Ended:
        # What a command sets and remembers for its process ends with it.
        tokens_of.cache_clear()
        with patch.dict(os.environ), patch.object(language, "_spoken", language._Spoken()):
            ended = CliRunner().invoke(bascule, ["-C", str(self.folder), *arguments], catch_exceptions=False)
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def copy(self, *options: str) -> Ended:
        return self.run("copy", SITE, "--json", *options)


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Whatever happens in the block, the process is over after it."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def still_runs_at(
    process: subprocess.Popen[str], told: Callable[[], int], enough: int = 1, *, look: float = 0.002
) -> bool:
    """Wait until enough is told, looking every ``look`` seconds; False when the command ended before."""
    until = time.monotonic() + LIMIT
    while process.poll() is None and told() < enough and time.monotonic() < until:
        time.sleep(look)
    return process.poll() is None


def killed_at(process: subprocess.Popen[str], told: Callable[[], int], enough: int = 1, *, look: float = 0.002) -> bool:
    """As :func:`still_runs_at`; then the command is killed."""
    still_ran = still_runs_at(process, told, enough, look=look)
    process.kill()
    process.communicate()
    return still_ran


def finished(process: subprocess.Popen[str], limit: float = LIMIT) -> Ended:
    out, err = process.communicate(timeout=limit)
    return Ended(process.returncode, out, err)


def imap(port: int, **more: object) -> dict[str, object]:
    """A system on loopback, unprotected, that settles quickly: what is not there after two seconds will not come."""
    return {"connector": "imap", "host": "127.0.0.1", "port": port, "tls": "plain", "settle": 2, **more}


def organisation(
    folder: Path,
    source: Mapping[str, object],
    target: Mapping[str, object],
    *,
    source_user: str = "anna",
    target_user: str = "anna",
    people: Sequence[str] = (),
) -> Organisation:
    """Written to ``folder``.  ``people`` have the same user name on both sides."""
    entries = [{"address": f"{user}@example.org", "source_user": user, "target_user": user} for user in people]
    if not entries:
        entries = [{"address": "anna@example.org", "source_user": source_user, "target_user": target_user}]
    passwords = {entry["address"]: (PASSWORD, PASSWORD) for entry in entries}
    made = Organisation(folder, {"old": dict(source), "new": dict(target)}, entries, passwords)
    made.write()
    return made

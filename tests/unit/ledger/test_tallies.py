"""What is counted as it happens is what a recount would find, whatever is written, and whenever it is cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from connectors.contract import Reason
from migrate.ledger import counts, messages
from migrate.ledger.schema import Direction, Outcome
from migrate.ledger.store import Ledger
from tests.unit.ledger.recount import assert_tallies_hold
from tests.unit.ledger.tally_claims import FORTH, NOW, Box, TallyClaims, filled
from tests.unit.ledger.versions import first_version


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def box(ledger: Ledger) -> Box:
    with ledger.write() as connection:
        return filled(ledger, connection)


class TestTallies(TallyClaims):
    """In SQLite."""


def test_counting_looks_at_no_messages_but_those_that_were_repaired_or_altered(ledger: Ledger, box: Box) -> None:
    statements: list[str] = []
    event.listen(ledger._engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    with ledger.read() as connection:
        counts.tally(connection, [box.id], FORTH)
    looking = [one for one in statements if "message" in one.replace("messages", "")]
    assert [one.split("FROM")[-1].split()[0] for one in looking] == ["repair", "alteration"]
    assert len(statements) > len(looking)


_KILLED = """
import os, sys
from pathlib import Path
from migrate.ledger.store import Ledger
from migrate.ledger import messages
from migrate.ledger.schema import Outcome
ledger = Ledger(Path(sys.argv[1]))
with ledger.write() as connection:
    messages.decide(connection, [(1, Outcome.STORED, None)], 1.0)
with ledger.write() as connection:
    messages.decide(connection, [(2, Outcome.STORED, None)], 1.0)
    os.kill(os.getpid(), 9)
"""


def test_a_kill_leaves_messages_and_tallies_at_one_moment(ledger: Ledger, box: Box) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(ledger.path)], check=False, cwd=Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert box.tally().outcomes[Outcome.STORED] == 1


def test_a_ledger_of_the_first_version_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        first_version(connection)
    engine.dispose()
    ledger = Ledger(path)
    with ledger.read() as connection:
        assert_tallies_hold(connection)
        (found,) = counts.tally(connection, [1], FORTH).values()
        (back,) = counts.tally(connection, [1], Direction.BACK).values()
    with ledger.write() as connection:
        messages.decide(connection, [(1, Outcome.REFUSED, Reason.TOO_LARGE)], NOW)
        assert_tallies_hold(connection)
    ledger.close()
    assert found.outcomes == Counter({Outcome.STORED: 2, Outcome.REFUSED: 1, Outcome.PENDING: 1})
    assert found.reasons == Counter({"gone": 1})
    assert found.gone == 1
    assert back.outcomes == Counter({Outcome.STORED: 1})

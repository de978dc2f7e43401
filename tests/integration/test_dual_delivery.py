"""What arrived on a real target by itself is found, though its person moves it while it is looked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from migrate.copy import arrivals
from migrate.copy.arrival_reading import read_arrivals
from migrate.ledger import deliveries, mailboxes
from migrate.ledger.arrivals import NewArrival
from migrate.ledger.store import Ledger
from tests.integration.passes import Copy

#: Long enough ago to be awaited no more (seconds).
_AGO = 3600


def test_it_is_listed_again_from_where_the_look_had_been(
    copying: Callable[..., Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying()
    first = copy.run()
    assert first.complete
    letter = b"Message-ID: <late@example.org>\r\nFrom: a@example.org\r\nSubject: late\r\n\r\nhello\r\n"
    at = time.time() - _AGO
    came = f'"{time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(at))}"'
    folder = copy.folder / ".bascule"
    ledger = Ledger(folder / "ledger.sqlite")
    with ledger.write() as connection:
        (row,) = mailboxes.every(connection)
        deliveries.switch(connection, row.id, "on", at - 60, at, "karim")
    ledger.close()
    old, new = copy.old.login(copy.source.user), copy.new.login(copy.user)
    new.create("Later")
    old.append("INBOX", "", came, letter)
    new.append("INBOX", "", came, b"Received: by another road\r\n" + letter)
    new.select("INBOX")
    moved: list[object] = []

    def late(*where: Any) -> Iterator[NewArrival]:
        # The other folder comes first in a listing: it was looked into already.
        if not moved:
            moved.append(new.uid("MOVE", "*", "Later"))
        yield from read_arrivals(*where)

    monkeypatch.setattr(arrivals, "read_arrivals", late)
    result = copy.run()
    new.logout()
    old.logout()
    assert moved
    assert (result.copied, result.delivered, result.errors) == (0, 1, ())

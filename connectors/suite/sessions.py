"""What every session promises about its beginning and its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from threading import Thread
from time import monotonic, sleep

import pytest

from connectors.contract import AuthFailed, ConnectorError, Source, Stopped, Transient
from connectors.suite import samples
from connectors.suite.harness import Harness
from connectors.suite.samples import folder_at

#: A call that was aborted has this long (seconds) to come back.
WAKES_WITHIN = 5.0


class SessionContract(ABC):
    """Tests of opening, closing and aborting; subclasses say which session."""

    @abstractmethod
    def open(self, harness: Harness) -> Source:
        """A new session of the kind that the contract is about."""

    @pytest.fixture
    def opened(self, harness: Harness) -> Iterator[Callable[[], Source]]:
        """Opens sessions and closes them after the test."""
        sessions: list[Source] = []

        def one_more() -> Source:
            sessions.append(self.open(harness))
            return sessions[-1]

        yield one_more
        for session in sessions:
            session.close()

    @pytest.fixture
    def session(self, opened: Callable[[], Source]) -> Source:
        return opened()

    def test_a_wrong_password_is_auth_failed(self, harness: Harness) -> None:
        with pytest.raises(AuthFailed):
            harness.open_with_wrong_password().close()

    def test_a_session_can_be_closed_and_aborted_twice(self, harness: Harness) -> None:
        session = self.open(harness)
        session.close()
        session.close()
        session.abort()
        other = self.open(harness)
        other.abort()
        other.abort()
        other.close()

    def test_capabilities_are_the_same_on_every_session(self, harness: Harness) -> None:
        first = self.open(harness)
        told = first.capabilities()
        first.close()
        second = self.open(harness)
        assert second.capabilities() == told
        assert told.sessions >= 1
        assert told.batch >= 1
        assert told.settle.total_seconds() >= 0
        second.close()

    def test_abort_from_another_thread_wakes_a_call(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, samples.mail(1))
        folder = folder_at(session, harness.work)
        stall = harness.stall()
        if stall is None:
            pytest.skip("the harness cannot stall its system")
        raised: list[ConnectorError] = []

        def ask() -> None:
            try:
                list(session.entries(folder, None))
            except ConnectorError as error:
                raised.append(error)

        with stall:
            caller = Thread(target=ask)
            caller.start()
            sleep(0.3)
            assert caller.is_alive(), "the call did not hang: the harness does not stall"
            session.abort()
            since = monotonic()
            caller.join(WAKES_WITHIN)
            assert not caller.is_alive()
            assert monotonic() - since < WAKES_WITHIN
        assert len(raised) == 1
        assert isinstance(raised[0], Stopped | Transient)

    def test_an_aborted_session_does_nothing_more(self, session: Source) -> None:
        session.abort()
        with pytest.raises((Stopped, Transient)):
            list(session.folders())

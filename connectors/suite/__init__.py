"""The contract suite: what every connector promises, as tests that any connector can run.  It needs pytest.

A connector brings a :class:`Harness`, one fresh mailbox of its system seen *from behind the connector* (over another
client, or on the server's disk), and subclasses the contracts::

    import pytest
    from connectors.suite import Harness, SourceContract, TargetContract

    class MyHarness(Harness):
        ...

    @pytest.fixture
    def harness(tmp_path):
        with a_new_mailbox(tmp_path) as mailbox:
            yield MyHarness(mailbox)

    class TestMySource(SourceContract):
        pass

    class TestMyTarget(TargetContract):
        pass

A system that can only be read runs ``SourceContract`` alone; ``TargetContract`` includes the same reading tests on a
target session.  The fixture ``harness`` is asked for once a test and must give an *empty* mailbox each time (a new user
on a running server will do): an inbox and no message.  To run in several manners, parametrise the fixture.

What a system cannot do is read from its ``Capabilities``, and the tests that need it are skipped with that reason.
What it does to bytes on purpose goes into :meth:`Harness.as_stored`.

The suite looks at the commit point from outside: when ``may_commit`` is called nothing may be visible yet, and nothing
may appear after it raised.  A connector still owes a test of its own that shows *how*: which last byte it holds back.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"connectors.suite.{module}" for module in ("sessions", "reading", "writing", "finding", "folders", "samples"))
)

from connectors.suite.contracts import SourceContract, TargetContract  # noqa: E402  after the rewriting is asked for
from connectors.suite.harness import Harness, Mail  # noqa: E402

__all__ = ["Harness", "Mail", "SourceContract", "TargetContract"]

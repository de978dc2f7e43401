"""Which messages are left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.reasons import Reason
from plans.message_rules import MessageRules

DAY = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "size", "reason"),
    [
        (DAY - timedelta(seconds=1), 10, Reason.RULE_DATE),
        (DAY, 10, None),
        (datetime(2020, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), 10, Reason.RULE_DATE),
        (DAY, 1001, Reason.RULE_SIZE),
        (DAY, 1000, None),
        (None, 1001, Reason.RULE_SIZE),
        (DAY, None, None),
        (None, None, None),
    ],
)
def test_date_and_size_decide(received: datetime | None, size: int | None, reason: Reason | None) -> None:
    assert MessageRules(before=DAY, larger_than=1000).left_out(received, size) is reason


def test_without_rules_every_message_travels() -> None:
    assert MessageRules().left_out(datetime(1970, 1, 1, tzinfo=UTC), 10**12) is None


def test_the_digest_follows_the_moment_and_not_the_zone_it_is_written_in() -> None:
    rule = MessageRules(before=DAY)

    assert rule.digest() == MessageRules(before=DAY.astimezone(timezone(timedelta(hours=2)))).digest()
    assert len({rule.digest(), MessageRules().digest(), MessageRules(larger_than=1).digest()}) == 3


def test_what_was_received_after_the_last_day_stays_behind() -> None:
    rules = MessageRules(after=datetime(2027, 1, 1, tzinfo=UTC))

    assert rules.left_out(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 1) is None
    assert rules.left_out(datetime(2027, 1, 1, tzinfo=UTC), 1) is Reason.RULE_DATE
    assert rules.digest() != MessageRules(before=datetime(2027, 1, 1, tzinfo=UTC)).digest() != MessageRules().digest()

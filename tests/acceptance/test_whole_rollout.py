"""A company's whole rollout: somebody does what ``rollout next`` says, until nothing is left; no message is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.rollout_company import Company, running_company


def _lost_or_doubled(company: Company) -> dict[str, Counter[str]]:
    """What is not exactly once in a new mailbox, by mailbox; empty where all is well."""
    wrong = {}
    for person in company.everybody():
        there, wanted = company.holds("new", person), Counter(company.sent[person])
        if there != wanted:
            wrong[person] = (wanted - there) + (there - wanted)
    return wrong


def test_a_company_is_moved_by_doing_what_is_next(tmp_path: Path) -> None:
    with running_company(tmp_path, messages=4) as company:
        driver = company.driver(after=company.a_day_at_work)
        from tests.acceptance.rollout_driver import SPENT
        try:
            driver.follow()
        finally:
            for k, v in sorted(SPENT.items(), key=lambda kv: kv[1][1]):
                print(k, v)
        assert len(driver.done) > 100
        assert _lost_or_doubled(company) == {}

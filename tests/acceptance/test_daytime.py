"""By day a site's line is for its people: a copy keeps to the plan's limit, at night it does not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, imap, organisation
from tests.servers.server import ImapServer


@pytest.mark.parametrize("by_day", [True, False])
def test_a_copy_keeps_to_the_daytime_limit_outside_its_hours_alone(
    place: Path, standing_dovecot: ImapServer, new: ImapServer, user: str, by_day: bool
) -> None:
    Box(standing_dovecot, f"day-{user}").add(*(letter(number, size=50_000, folder=("INBOX",)) for number in range(12)))
    plan = organisation(place, imap(standing_dovecot.port), imap(new.port), source_user=f"day-{user}", target_user=user)
    now = datetime.now(UTC)
    start, end = (now + timedelta(hours=hours) for hours in ((2, 4) if by_day else (-2, 2)))
    site = plan.folder / "sites" / f"{SITE}.yaml"
    hours = f'"{start:%H:%M}-{end:%H:%M}"'
    site.write_text(f"{site.read_text()}time_zone: UTC\ncopy: {{window: {hours}, daytime_limit: 100 kB/s}}\n")

    began = time.monotonic()
    ended = plan.copy()

    assert ended.copied == 12
    # 600 kB, of which a second's worth goes at once.
    assert (time.monotonic() - began > 4) is by_day

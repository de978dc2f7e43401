"""Whatever an item's properties hold, of whatever type: it is written, or it is damaged and says so in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged, Nature
from connectors.mapi import appointments, calendar, components, contacts, marks, tags
from connectors.mapi.marks import marks_of
from connectors.mapi.personal import personal_item
from tests.unit.mapi.items import Ansi, Attachment, Message, Tag, context, written


def numbers(of: object) -> set[int]:
    """Every identifier that a module names."""
    found: set[int] = set()
    for value in vars(of).values():
        for one in value if isinstance(value, tuple) else (value,):
            inner = one if isinstance(one, tuple) else (one,)
            found |= {number for number in inner if isinstance(number, int) and 3 <= number < 0x10000}
    return found


GROUPS = (tags.COMMON, tags.APPOINTMENT, tags.MEETING, tags.TASK, tags.ADDRESS, tags.LOG)
NUMBERS = sorted(numbers(tags) | set().union(*map(numbers, (appointments, calendar, components, contacts, marks))))
KEYS: st.SearchStrategy[Tag] = (
    st.sampled_from(NUMBERS)
    | st.tuples(st.sampled_from(GROUPS), st.sampled_from([one for one in NUMBERS if one >= 0x8000 or one < 0x30]))
    | st.just((tags.PUBLIC_STRINGS, "Keywords"))
)
TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "IPM.Note.SMIME",
        "IPM.Schedule.Meeting.Request",
        "IPM.Appointment",
        "EX",
        "SMTP",
        "/o=x/cn=y",
        "a@b.c",
        "\0",
        "REPORT.x",
    ]
)
SINGLE = (
    TEXTS | st.binary(max_size=120) | st.booleans() | st.integers(-(1 << 31), (1 << 32) - 1) | st.floats()
    | st.sampled_from([1, 2, 3, 5, 6, 1252, 65001, 1200, 932])
    | st.datetimes().map(lambda one: one.replace(tzinfo=UTC)) | st.uuids().map(lambda one: UUID(one.hex))
    | st.binary(max_size=40).map(Ansi)
)  # fmt: skip
BAGS = st.dictionaries(KEYS, SINGLE | st.lists(SINGLE, max_size=4).map(tuple), max_size=30)
#: Dates as they are at the ends of what calendars know.
FAR = [datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]


@given(BAGS, st.lists(BAGS, max_size=2), st.lists(BAGS, max_size=3), BAGS)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_properties_make_a_message_or_are_damaged(
    values: dict[Tag, object], to: list[dict[Tag, object]], attached: list[dict[Tag, object]], inner: dict[Tag, object]
) -> None:
    parts = [Attachment(one, Message(inner), b"ole") for one in attached]
    item = Message(values, to, parts)
    with suppress(Damaged):
        written(item)
    for nature in (Nature.APPOINTMENT, Nature.CONTACT, Nature.LIST, Nature.TASK, Nature.NOTE, Nature.OTHER):
        with suppress(Damaged):
            personal_item(item, nature, context())
    assert isinstance(marks_of(item).as_json(), dict)


@given(st.sampled_from(FAR), st.sampled_from([True, False]), st.sampled_from([-720, 0, 720]))
def test_dates_at_the_ends_of_time_are_told_or_damaged(moment: datetime, all_day: bool, bias: int) -> None:
    values: dict[Tag, object] = dict.fromkeys((57, 3590, 12295, 12296, 14914), moment)
    values |= {(tags.APPOINTMENT, one): moment for one in (0x820D, 0x820E)}
    values |= {
        (tags.APPOINTMENT, 0x8215): all_day,
        (tags.APPOINTMENT, 0x8233): bias.to_bytes(4, "little", signed=True) * 12,
    }
    item = Message(values)
    written(item)
    for nature in (Nature.APPOINTMENT, Nature.CONTACT, Nature.TASK):
        with suppress(Damaged):
            personal_item(item, nature, context())

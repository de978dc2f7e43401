"""The calendar as a picture and as appointments, read by other programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from math import inf
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import vobject

from connectors.language import speak
from migrate.rollout.copying_time import Hours
from migrate.rollout.drawing import as_ics, as_svg
from migrate.rollout.estimate import Limits, Load, Pace, Rate
from migrate.rollout.waves import Planned, SiteWork, calendar
from plans.quantities import HoursOfDay

PARIS = ZoneInfo("Europe/Paris")
NIGHT = Hours(PARIS, HoursOfDay(time(19), time(7)))
BEGIN = datetime(2027, 1, 11, 12, tzinfo=PARIS)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def english() -> None:
    speak("en")


def work(site: str, wave: int | None = 1, hours: float = 1.0, switch: date | None = None) -> SiteWork:
    return SiteWork(
        site, wave, [Load(int(hours * 3600), 0)], 1, Pace(Rate(1, inf), Rate(0.5, inf)), Limits(), NIGHT, switch
    )


def sixty() -> list[Planned]:
    names = [f"<{'très ' * 12}long & name {number}>" for number in range(60)]
    return calendar([work(name, number // 6, switch=date(2027, 3, 1)) for number, name in enumerate(names)], BEGIN)


def test_waves_follow_each_other_and_each_site_waits_for_its_hours() -> None:
    first, second, third = calendar([work("c", 2), work("b", 1, hours=20), work("a", None)], BEGIN)
    assert [one.work.site for one in (first, second, third)] == ["b", "c", "a"]
    assert first.begin == datetime(2027, 1, 11, 19, tzinfo=PARIS)
    assert first.slow is not None
    assert second.begin is not None
    assert second.begin >= first.slow
    assert second.begin.astimezone(PARIS).hour >= 19 or second.begin.astimezone(PARIS).hour < 7


def test_a_copy_that_may_not_be_done_before_its_switch_is_late() -> None:
    late, good = (calendar([work("a", switch=day)], BEGIN)[0] for day in (date(2027, 1, 11), date(2027, 1, 13)))
    assert (late.late, good.late) == (True, False)


def test_sites_behind_one_that_never_ends_have_no_day() -> None:
    first, second = calendar([work("a", 1, hours=10**6), work("b", 2)], BEGIN)
    assert (first.typical, first.slow, second.begin) == (None, None, None)
    assert "more than ten years" in as_svg("Copies", [first, second])
    assert vobject.readOne(as_ics("Example", "Copies", [first, second], BEGIN).decode()).contents.get("vevent") is None


def test_a_site_of_which_nothing_is_known_has_no_day_and_takes_none() -> None:
    unknown = replace(work("a", 1, switch=date(2027, 1, 11)), loads=[])
    first, second = calendar([unknown, work("b", 2)], BEGIN)
    assert (first.unknown, first.begin, first.typical, first.slow, first.late) == (True, None, None, None, False)
    assert second == calendar([work("b", 2)], BEGIN)[0]
    picture = as_svg("Copies", [first, second])
    assert "a: the size of no mailbox is known" in picture
    assert "ten years" not in picture
    read = vobject.readOne(as_ics("Example", "Copies", [first, second], BEGIN).decode())
    assert [one.summary.value for one in read.vevent_list] == ["Switch of a", "Copy of b"]


def test_a_site_without_people_is_done_at_once() -> None:
    (only,) = calendar([replace(work("a"), loads=[], mailboxes=0)], BEGIN)
    assert not only.unknown
    assert only.begin == only.slow


def test_a_picture_of_sixty_sites_with_long_names_stays_in_its_frame() -> None:
    picture = ET.fromstring(as_svg("Copies of <Méridional> & others " * 5, sixty()))
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    assert picture.attrib["viewBox"] == f"0 0 {picture.attrib['width']} {picture.attrib['height']}"
    for bar in picture.iter(f"{SVG}rect"):
        x, y = float(bar.get("x", 0)), float(bar.get("y", 0))
        assert x >= 0
        assert float(bar.attrib["width"]) >= 0
        assert x + float(bar.attrib["width"]) <= width
        assert y + float(bar.attrib["height"]) <= height
    labels = [text for text in picture.iter(f"{SVG}text") if text.attrib.get("x") == "12"]
    assert len(labels) == 61, "the title, and one a site"
    assert all(len(text.text or "") <= 31 for text in labels[1:]), "so long a name fits beside the bars"
    ticks = sorted(float(line.attrib["x1"]) for line in picture.iter(f"{SVG}line"))
    assert all(right - left >= 60 for left, right in pairwise(ticks)), "their dates do not touch"


def test_a_picture_says_in_words_what_it_shows() -> None:
    picture = ET.fromstring(as_svg("Copies", sixty()))
    named = picture.attrib["aria-labelledby"].split()
    by_id = {one.attrib["id"]: one.text for one in picture.iter() if "id" in one.attrib}
    assert picture.attrib["role"] == "img"
    assert by_id[named[0]] == "Copies"
    assert "in the worst tenth" in (by_id[named[1]] or "")
    rows = [group.find(f"{SVG}title") for group in picture.iter(f"{SVG}g")]
    told = [title.text or "" for title in rows if title is not None]
    assert len(told) == 60
    assert told[0].startswith("<très très"), "the whole name"


def test_another_program_reads_the_appointments() -> None:
    planned = calendar([work("lyon", switch=date(2027, 2, 9)), work("a;b,c\n", 2)], BEGIN)
    read = vobject.readOne(as_ics("Example", "Copies", planned, BEGIN).decode())
    copy, switch, other = read.vevent_list
    assert copy.summary.value == "Copy of lyon"
    assert copy.dtstart.value == planned[0].begin
    assert copy.dtend.value == planned[0].slow
    assert switch.dtstart.value == date(2027, 2, 9)
    assert switch.dtend.value - switch.dtstart.value == timedelta(days=1)
    assert other.summary.value == "Copy of a;b,c\n"
    assert len({one.uid.value for one in read.vevent_list}) == 3
    again = vobject.readOne(as_ics("Example", "Copies", planned, BEGIN + timedelta(days=1)).decode())
    assert [one.uid.value for one in again.vevent_list] == [one.uid.value for one in read.vevent_list]
    other = vobject.readOne(as_ics("Another", "Copies", planned, BEGIN).decode())
    assert not {one.uid.value for one in other.vevent_list} & {one.uid.value for one in read.vevent_list}

"""Exports that are damaged, or made to harm: typed errors, bounded time and memory, and every item accounted for."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged, Nature, NotAnArchive, Reading
from connectors.archives.kinds import open_archive, recognise
from connectors.olm import open_olm
from connectors.olm import xml as xml_module
from connectors.olm.xml import records
from tests.unit.olm.opened import everything, opened, written
from tests.unit.olm.writer import Mail, OlmWriter, element, text

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
CHECKS = settings(
    max_examples=int(EXAMPLES or 60),
    deadline=None,
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
FOLDER = "Local/com.microsoft.__Messages/Inbox"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE emails [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<emails><email><OPFMessageCopySubject>&b;</OPFMessageCopySubject></email></emails>"""
OUTSIDE = b"""<!DOCTYPE emails [<!ENTITY a SYSTEM "file:///etc/passwd">]><emails><email>&a;</email></emails>"""
PARAMETER = b"""<!DOCTYPE emails SYSTEM "http://127.0.0.1:9/x.dtd"><emails><email/></emails>"""


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE, PARAMETER])
def test_no_names_of_its_own_are_ever_looked_up(reading: Reading, data: bytes) -> None:
    writer = OlmWriter().mail("Inbox", Mail()).raw(f"{FOLDER}/message_00009.xml", data)
    with opened(writer, reading) as archive:
        (folder, good), (_, bad) = everything(archive)
        assert written(archive, folder, good.key)
        with pytest.raises(Damaged) as told:
            written(archive, folder, bad.key)
        assert told.value.code == "dangerous-xml"
        assert [problem.code for problem in archive.problems()] == ["dangerous-xml"]


def test_a_damaged_description_costs_one_message_which_is_listed_all_the_same(reading: Reading) -> None:
    mails = [Mail(subject=str(number), message_id=f"{number}@example.org") for number in range(4)]
    writer = OlmWriter().mail("Inbox", *mails)
    writer.files[f"{FOLDER}/message_00001.xml"] = writer.files[f"{FOLDER}/message_00001.xml"][:300]
    with opened(writer, reading) as archive:
        found = everything(archive)
        good = [item.key for folder, item in found if not item.key.startswith("damaged-")]
        assert len(found) == 4
        assert len(good) == 3
        [bad] = [pair for pair in found if pair[1].key not in good]
        with pytest.raises(Damaged):
            written(archive, bad[0], bad[1].key)


def test_contacts_before_the_damage_are_read(reading: Reading) -> None:
    some = "".join(element("contact", text("OPFContactCopyDisplayName", f"n{number}")) for number in range(50))
    whole = element("contacts", some)
    with opened(OlmWriter().raw(f"{FOLDER}/Contacts.xml", whole[: len(whole) // 2]), reading) as archive:
        found = everything(archive)
        assert [item.nature for _, item in found].count(Nature.CONTACT) == 24
        assert len(archive.problems()) == 1


def test_characters_that_xml_does_not_have_cost_nothing_else(reading: Reading) -> None:
    data = element("emails", Mail(subject="a", plain="one TWO three &#65; end").xml()).encode()
    for bad in (b"\x0b", b"&#11;", b"&#x1F;", b"\xff", b"&#0;", b"\x00"):
        writer = OlmWriter().raw(f"{FOLDER}/message_00000.xml", data.replace(b"TWO", bad))
        with opened(writer, reading) as archive:
            [(folder, item)] = everything(archive)
            message = written(archive, folder, item.key)
            assert b"one" in message
            assert b"three" in message
            assert b"end" in message


def test_a_reference_is_cleaned_wherever_the_pieces_are_cut() -> None:
    data = b"<emails><email><a>one&#x1F;two&amp;three&#11;</a></email></emails>"
    for size in range(1, 20):

        def cut(size: int = size) -> Iterator[bytes]:
            return (data[start : start + size] for start in range(0, len(data), size))

        [record] = records(cut)
        assert record.children[0].text == "one two&three "


def test_what_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_module, "MOST_TEXT", 100_000)
    monkeypatch.setattr(xml_module, "_LONGEST_TAG", 1_000_000)

    def endless(start: bytes, piece: bytes) -> Iterator[bytes]:
        yield start
        while True:
            yield piece

    for start, piece in [
        (b"<emails><email>", b"<a>"), (b"<emails><email>", b"<a/>" * 100), (b"<emails><email><a>", b"text" * 1000),
        (b'<emails><email a="', b"text" * 1000), (b"<emails><email><!--", b"text" * 1000),
        (b"<emails><email>", b'<a b="' + b"x" * 5000 + b'"/>'),
    ]:  # fmt: skip
        tracemalloc.start()
        with pytest.raises(Damaged):
            list(records(lambda start=start, piece=piece: endless(start, piece)))  # type: ignore[misc]
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
        tracemalloc.stop()


@pytest.mark.parametrize("share", [0.6, 0.8])
def test_an_export_that_was_cut_off_loses_what_was_cut_off(reading: Reading, share: float) -> None:
    attached = [("a.bin", "application/x", "", os.urandom(500))]
    mails = [Mail(subject=f"n{number}", message_id=f"{number}@example.org", attached=attached) for number in range(60)]
    path = OlmWriter().mail("Inbox", *mails).write(reading.spool / "a.olm")
    whole = path.read_bytes()
    last = len(whole) - len(whole[whole.find(b"PK\1\2") :])
    path.write_bytes(whole[: int(last * share)])
    assert recognise(path).name == "olm"
    with pytest.raises(NotAnArchive, match="cut off") as told:
        open_archive(path, reading)
    assert told.value.salvageable
    archive = open_olm(path, replace(reading, salvage=True))
    found = everything(archive)
    assert len(found) >= int(60 * share) - 1
    assert all(item.salvaged for _folder, item in found)
    assert [written(archive, folder, item.key).count(b"a.bin") for folder, item in found]
    archive.close()


def test_an_attachment_is_never_in_memory_whole(reading: Reading) -> None:
    data = os.urandom(1 << 20) * 12
    with opened(OlmWriter().mail("Inbox", Mail(attached=[("a.bin", "application/x", "", data)])), reading) as archive:
        [(folder, item)] = everything(archive)
        tracemalloc.start()
        with (reading.spool / "out").open("wb") as out:
            archive.write_message(folder, item.key, out)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
        tracemalloc.stop()
    assert (reading.spool / "out").stat().st_size > len(data) * 4 // 3


def check_any(writer: OlmWriter) -> None:
    with (
        tempfile.TemporaryDirectory() as place,
        suppress(NotAnArchive),
        opened(writer, Reading(Path(place))) as archive,
    ):
        for folder, item in everything(archive):
            with suppress(Damaged):
                if item.nature is Nature.MAIL:
                    assert written(archive, folder, item.key) == written(archive, folder, item.key)
                else:
                    assert archive.personal_item(folder, item.key).data
        assert all(problem.message for problem in archive.problems())


@CHECKS
@given(st.data())
def test_any_damage_to_a_description_is_borne(data: st.DataObject) -> None:
    mail = Mail(subject="é", html="<html>&amp;</html>", attached=[("a.txt", "text/plain", "i@d", b"x" * 100)])
    writer = OlmWriter().mail("Inbox", mail)
    name = next(name for name in writer.files if name.endswith(".xml"))
    whole = bytearray(writer.files[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.integers(0, 9))
        whole[place : place + length] = data.draw(
            st.one_of(
                st.binary(max_size=9), st.sampled_from([b"<a>", b"</email>", b"<email>", b"&#0;", b"]]>", b"<![CDATA["])
            )
        )
    writer.files[name] = bytes(whole)
    check_any(writer)


VALUE = st.one_of(
    st.text(max_size=30).filter(lambda text: text.isprintable()),
    st.sampled_from(
        ["1E0", "-1", "1E400", "NaN", "inf", "0", "9" * 50, "2014-05-06T07:08:09", "0001-01-01T00:00:00+14:00",
         "9999-12-31T23:59:59-14:00", "<html>", "a@b", "/o=x/cn=y", "a\r\nBcc: x@y", "OPFRecurrencePatternWeekly",
         "BEGIN:VTIMEZONE\r\nEND:VTIMEZONE", "=?utf-8?q?x?=", "AdRj\u00e9", "..", "x.ics"]
    ),
)  # fmt: skip
FIELDS = {
    "email": [
        "OPFMessageCopySubject", "OPFMessageCopyBody", "OPFMessageCopyHTMLBody", "OPFMessageCopyMessageID",
        "OPFMessageCopySentTime", "OPFMessageCopyReceivedTime", "OPFMessageGetPriority", "OPFMessageCopyThreadIndex",
        "OPFMessageCopySource", "OPFMessageCopyMeetingData", "OPFMessageCopyGetFlagStatus",
        "OPFMessageCopyReferences",
    ],
    "contact": [
        "OPFContactCopyDisplayName", "OPFContactCopyBirthday", "OPFContactCopyHomePhone", "OPFContactCopyNotes",
    ],
    "appointment": [
        "OPFCalendarEventCopyStartTime", "OPFCalendarEventCopyEndTime", "OPFCalendarEventGetIsAllDayEvent",
        "OPFCalendarEventGetStartTimeZoneICSData",
        "OPFCalendarEventCopyReminderDelta",
        "OPFCalendarEventGetHasReminder",
        "OPFCalendarEventCopySummary", "OPFCalendarEventCopyOrganizer", "OPFCalendarEventCopyUUID",
    ],
    "task": ["OPFTaskCopyName", "OPFTaskCopyDueDateTime", "OPFTaskCopyStartDateTime", "OPFTaskGetPriority"],
    "note": ["OPFNoteCopyText", "OPFNoteCopyTitle", "OPFNoteCopyCreationDate"],
    "group": ["OPFGroupCopyDisplayName"],
}  # fmt: skip
RULE = ["OPFRecurrencePatternType", "OPFRecurrencePatternInterval", "OPFRecurrencePatternDayOfMonth",
        "OPFRecurrencePatternMonth", "OPFRecurrenceGetOccurenceCount", "OPFRecurrenceIsNumbered",
        "OPFRecurrenceHasEndDate", "OPFRecurrenceCopyEndDate"]  # fmt: skip


@CHECKS
@given(st.data())
def test_any_values_are_borne(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(FIELDS)))
    told = "".join(text(name, data.draw(VALUE)) for name in FIELDS[kind] if data.draw(st.booleans()))
    if kind in ("appointment", "task") and data.draw(st.booleans()):
        rule = "".join(text(name, data.draw(VALUE)) for name in RULE if data.draw(st.booleans()))
        told += element(f"OPF{'Task' if kind == 'task' else 'CalendarEvent'}CopyRecurrence", rule)
    check_any(OlmWriter().raw(f"{FOLDER}/message_00000.xml", element(f"{kind}s", element(kind, told))))

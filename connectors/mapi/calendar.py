"""Appointments, tasks, notes and journal entries as calendar files (RFC 5545, [MS-OXCICAL] 2.1.3)."""

from __future__ import annotations

from datetime import date, datetime

from icalendar import Alarm, Journal, Todo

from connectors.archives.contract import Damaged, Nature
from connectors.mapi import tags
from connectors.mapi.appointments import appointment
from connectors.mapi.components import add_text, calendar_of, describe, uid, written
from connectors.mapi.context import Context
from connectors.mapi.made import date as date_of
from connectors.mapi.made import seed
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.recurrence import recurrence

_REMINDER_SET, _REMINDER_TIME = 0x8503, 0x8502
_TASK_STATUS, _PERCENT, _TASK_START, _TASK_DUE, _TASK_DONE, _TASK_COMPLETE, _TASK_RECUR = (
    0x8101, 0x8102, 0x8104, 0x8105, 0x810F, 0x811C, 0x8116,
)  # fmt: skip
_LOG_TYPE, _LOG_START = 0x8700, 0x8706
_STATES = {1: "IN-PROCESS", 2: "COMPLETED"}
#: What the mail about a meeting asks for, and what an answer says.
_METHODS = {
    "ipm.schedule.meeting.request": ("REQUEST", None),
    "ipm.schedule.meeting.canceled": ("CANCEL", None),
    "ipm.schedule.meeting.resp.pos": ("REPLY", "ACCEPTED"),
    "ipm.schedule.meeting.resp.neg": ("REPLY", "DECLINED"),
    "ipm.schedule.meeting.resp.tent": ("REPLY", "TENTATIVE"),
}


def calendar_file(item: MapiItem, nature: Nature, context: Context) -> bytes:
    """The item alone, as a calendar with the time zone that it needs.  Raises Damaged for one without a time."""
    calendar = calendar_of()
    if nature is Nature.APPOINTMENT:
        for component in appointment(item, context):
            calendar.add_component(component)
    elif nature is Nature.TASK:
        calendar.add_component(_task(item, context))
    else:
        calendar.add_component(_journal(item, context))
    return written(calendar)


def meeting_file(item: MapiItem, name: str, context: Context) -> tuple[str, bytes] | None:
    """The method and the calendar of a mail about a meeting, whose class is ``name``; None when it has none.

    The mail says what it says without it, so nothing is told when it cannot be made.
    """
    method, answer = _METHODS.get(name, (None, None))
    if method is None:
        return None
    calendar = calendar_of(method)
    try:
        for component in appointment(item, context.quiet(), answer):
            calendar.add_component(component)
        return method, written(calendar)
    except (Damaged, ValueError, TypeError, OverflowError):
        return None


def _task(item: MapiItem, context: Context) -> Todo:
    properties, task = item.properties, Todo()
    describe(task, item, context)
    task.add("uid", uid(properties))
    start, due = (_task_day(properties, identifier) for identifier in (_TASK_START, _TASK_DUE))
    if start is not None:
        task.add("dtstart", start)
    if due is not None:
        task.add("due", due if start is None or due >= start else start)
    done = properties.named(tags.TASK, _TASK_DONE)
    if isinstance(done, datetime) and 1601 < done.year < 4500:
        task.add("completed", done)
    percent = properties.named(tags.TASK, _PERCENT)
    if isinstance(percent, float) and 0 <= percent <= 1:
        task.add("percent-complete", round(percent * 100))
    state = properties.named(tags.TASK, _TASK_STATUS)
    is_done = properties.named(tags.TASK, _TASK_COMPLETE) is True
    task.add(
        "status",
        "COMPLETED" if is_done else _STATES.get(state, "NEEDS-ACTION") if isinstance(state, int) else "NEEDS-ACTION",
    )
    told = properties.named(tags.TASK, _TASK_RECUR)
    if isinstance(told, bytes) and start is not None:
        try:
            series = recurrence(told)
        except Damaged as damaged:
            context.problem(damaged.code, str(damaged))
        else:
            more = (
                {"COUNT": series.count} if series.count is not None else {"UNTIL": series.until} if series.until else {}
            )
            task.add("rrule", series.rule | more)
    moment = properties.named(tags.COMMON, _REMINDER_TIME)
    if properties.named(tags.COMMON, _REMINDER_SET) is True and isinstance(moment, datetime):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", task.get("summary", "-"))
        alarm.add("trigger", moment)
        task.add_component(alarm)
    return task


def _task_day(properties: Properties, identifier: int) -> date | None:
    """Tasks have days: midnight, without a zone ([MS-OXOTASK] 2.2.2.2.4)."""
    moment = properties.named(tags.TASK, identifier)
    return moment.date() if isinstance(moment, datetime) and 1601 < moment.year < 4500 else None


def _journal(item: MapiItem, context: Context) -> Journal:
    """A note, a journal entry, or whatever else is no mail: its title, its text and its day."""
    properties, journal = item.properties, Journal()
    describe(journal, item, context)
    journal.add("uid", seed(properties))
    began = properties.named(tags.LOG, _LOG_START)
    moment = began if isinstance(began, datetime) else date_of(properties)
    if moment is not None:
        journal.add("dtstart", moment)
    kind = properties.named(tags.LOG, _LOG_TYPE)
    add_text(journal, "x-bascule-kind", kind)
    return journal

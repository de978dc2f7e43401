"""``bascule messages``: what people are told, and when."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from connectors.language import _, mark, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.runbook_whom import gathered
from migrate.messages.making import Writing, messages_folder
from migrate.messages.post import NoServer, NotLetIn, Post
from migrate.messages.record import Line, Record, Unreadable
from plans import Organisation, Person, Site
from plans.model import Messages
from runbooks.catalogue import MOMENTS

_STATES = {
    "written": mark("written, not sent"),
    "accepted": mark("sent {when}"),
    "refused": mark("refused ({answer})"),
    "later": mark("not taken now ({answer}); the same command tries again"),
    "unknown": mark("the line broke ({answer}); it may be there, and the same command sends it again"),
    "sending": mark("perhaps sent {when}: Bascule was stopped in between"),
}


@dataclass(frozen=True, slots=True)
class _Told:
    """One person of the answer: the file, and the newest line of the record."""

    person: Person
    language: str
    file: str
    line: Line | None

    @property
    def state(self) -> str:
        return "written" if self.line is None else self.line.state


def _moment(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """``D-7`` is ``J-7``."""
    moment = re.sub(r"^d", "j", text.strip().lower())
    moment = re.sub(r"^j[+-]0$", "j", moment)
    if moment not in MOMENTS:
        known = ", ".join(one.upper() for one in MOMENTS)
        raise Trouble(_('There is no message for "{when}". There are: {known}.').format(when=text, known=known))
    return moment


@click.command()
@site_argument
@click.option("--when", "moment", required=True, metavar="J-14|J-7|J-1|J|J+1", callback=_moment, help="D-7 does too.")
@mailbox_option
@click.option("--send", is_flag=True, help="Post them; else they are only written.")
@click.option("--again", is_flag=True, help="With --send: also to people who were sent it.")
@json_option
@click.pass_obj
def messages(
    place: Place, site: str, moment: str, mailboxes: tuple[str, ...], send: bool, again: bool, to_json: bool
) -> None:
    """What are people told, and when?  Writes a message for each, in their language, with their days and address.

    Written as files (.eml) into documents/SITE/messages, where they can be looked at. --send posts them by the server
    under messages: in organisation.yaml, and keeps a record: nobody is sent the same message twice. No password is in
    any of them: the first one is handed over by hand.

    \b
    Example:  bascule messages lyon --when J-7
              bascule messages lyon --when J-7 --send
    """
    organisation = place.load()
    planned = place.site(organisation, site)
    sender, switch = _needed(organisation, planned, send=send, again=again)
    people = _people(planned, mailboxes)
    folder = messages_folder(organisation.folder, site)
    with gathered(place, organisation) as facts:
        record = _record(folder)
        writing = Writing(facts, planned, moment, sender, switch, record)
        if send:
            _timely(writing)
        code = Exit.OK
        if not send:
            told = [_told(writing, one, writing.write(one, letter)) for one, letter in writing.messages(people)]
        else:
            busy = _("Another command sends messages of this site at this moment. Wait for it to end.")
            with alone(folder / ".lock", busy):
                # Read again: what another command sent until now counts.
                writing = Writing(facts, planned, moment, sender, switch, _record(folder))
                told, code = _sent(place, writing, people, again=again)
        if not mailboxes:
            writing.forget_others({one.file.rpartition("/")[2] for one in told})
    if to_json:
        print_json(_as_json(writing, told, code))
    else:
        _show(writing, told, sent=send)
    sys.exit(code)


def _needed(organisation: Organisation, site: Site, *, send: bool, again: bool) -> tuple[Messages, date]:
    if again and not send:
        raise Trouble(_("--again goes with --send."))
    if organisation.messages is None:
        text = _(
            "Nobody is named whom messages come from. Write into organisation.yaml, for example:\nmessages: {example}"
        )
        raise Trouble(text.format(example="{address: it@company.example, host: smtp.company.example}"))
    if send and organisation.messages.server is None:
        raise Trouble(_("No server is named that posts messages: write host: under messages: in organisation.yaml."))
    if site.switch is None:
        text = _("No switch is planned: write switch: into sites/{site}.yaml. The messages tell its day.")
        raise Trouble(text.format(site=site.name))
    return organisation.messages, site.switch


def _record(folder: Path) -> Record:
    """Raises :class:`Trouble`, OSError."""
    try:
        return Record(folder)
    except Unreadable as error:
        text = _(
            "{file}:{line} is not as this version of Bascule writes it, so that nobody knows who was sent what. Use the"
            " version that wrote it; nothing was sent."
        )
        raise Trouble(text.format(file=error.file, line=error.line)) from error


def _people(site: Site, mailboxes: Sequence[str]) -> list[Person]:
    wanted = {one.lower() for one in mailboxes}
    found = [one for one in site.people if not wanted or one.mailbox in wanted]
    unknown = sorted(wanted - {one.mailbox for one in found})
    if unknown:
        text = _('"{address}" is not in the plan of {site}.')
        raise Trouble(text.format(address=unknown[0], site=site.name))
    return found


def _timely(writing: Writing) -> None:
    """What is announced is still to come, and what is told as done is done."""
    today, before = writing.now.date(), writing.moment.startswith("j-")
    if before and today >= writing.switch:
        text = _("{when} is over: the switch of {site} was planned for {day}. Set another day in sites/{site}.yaml.")
    elif not before and today < writing.switch:
        text = _("{when} is still to come: the switch of {site} is planned for {day}. Send it then.")
    else:
        return
    raise Trouble(text.format(when=writing.moment.upper(), site=writing.site.name, day=writing.switch.isoformat()))


def _told(writing: Writing, person: Person, path: Path) -> _Told:
    file = path.relative_to(writing.gathered.organisation.folder).as_posix()
    newest = writing.record.newest(writing.moment, person.address)
    return _Told(person, person.language or writing.site.language, file, newest)


def _sent(place: Place, writing: Writing, people: Sequence[Person], *, again: bool) -> tuple[list[_Told], Exit]:
    """Write all, post what is not recorded as taken, and say what became of each."""
    letters = list(writing.messages(people, again=again))
    files = [writing.write(person, letter) for person, letter in letters]
    newest = {one.address: writing.record.newest(writing.moment, one.address) for one in people}
    due = [
        letter
        for person, letter in letters
        if again or (line := newest[person.address]) is None or line.state != "accepted"
    ]
    account = writing.sender.server
    assert account is not None, "looked at before"
    post = Post(account, place.folder, writing.record, lambda: datetime.now(UTC).replace(microsecond=0))
    code = Exit.OK
    with interruptible(terminal(stderr=True), _("Stopping after the message in hand.")) as halt:
        try:
            for done in post.send(due, halt.stop):
                code = code if done.state == "accepted" else Exit.PARTIAL
        except NoServer as error:
            text = _("{host} cannot be reached, or breaks off ({why}). The same command goes on from here.")
            raise Trouble(text.format(host=account.host, why=error.why), Exit.CONNECTION) from None
        except NotLetIn as error:
            text = _("{host} does not let {user} in ({code}). Check user and password under messages:.")
            raise Trouble(text.format(host=account.host, user=account.user, code=error.code), Exit.AUTH) from None
    if halt.stop.is_set():
        code = Exit.INTERRUPTED
    return [_told(writing, person, file) for (person, _letter), file in zip(letters, files, strict=True)], code


def _show(writing: Writing, told: Sequence[_Told], *, sent: bool) -> None:
    console = terminal()
    for one in told:
        line = one.line
        when = "" if line is None else line.at.astimezone(writing.site.time_zone).strftime("%Y-%m-%d %H:%M")
        said = _(_STATES[one.state]).format(when=when, answer="" if line is None else line.answer)
        good = one.state in ("accepted", "written")
        show_line(
            console, f"{'✓' if good else '✗'} {one.person.address} ({one.language}) {said}", None if good else "red"
        )
    counts = Counter(one.state for one in told)
    text = _("Written: {messages}, in {folder}; sent: {n}")
    folder = writing.folder.relative_to(writing.gathered.organisation.folder).as_posix()
    written = plural("{n} message", "{n} messages", len(told))
    show_line(console, text.format(messages=written, folder=folder, n=counts["accepted"]))
    other = [one for one in told if one.line and one.state == "accepted" and one.line.switch != writing.switch]
    if other:
        text = plural(
            "{n} person was told another day; --send --again tells the new one.",
            "{n} people were told another day; --send --again tells the new one.",
            len(other),
        )
        show_line(console, text, "yellow")
    if not sent and counts["accepted"] < len(told):
        show_line(console, _("Look at one of them, then post them with --send."))


def _as_json(writing: Writing, told: Sequence[_Told], code: Exit) -> dict[str, Any]:
    return {
        "exit_code": int(code),
        "site": writing.site.name,
        "when": writing.moment.upper(),
        "switch": writing.switch.isoformat(),
        "messages": [
            {
                "address": one.person.address,
                "language": one.language,
                "file": one.file,
                "state": one.state,
                "at": None if one.line is None else one.line.at.isoformat(timespec="seconds"),
                "answer": None if one.line is None else one.line.answer,
                "told_switch": None if one.line is None else one.line.switch.isoformat(),
                "message_id": None if one.line is None else one.line.message_id,
            }
            for one in told
        ],
    }

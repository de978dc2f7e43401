"""``make demo``: a small company changes its mail system, on this machine, offline, in under a minute.

Two stand-in servers, a plan, and the real command: it is killed in the middle and continued, three messages arrive,
one is refused.  What is on the servers is counted over IMAP, independently of the ledger; any wrong count is told and
ends the demo with exit code 1.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from connectors.language import _, language_of, number, plural, speak
from migrate.cli.lines import terminal
from migrate.ledger.outcomes import outcome_text
from migrate.ledger.schema import Outcome
from migrate.sandbox import company
from migrate.sandbox.company_folder import ForeignFolder
from migrate.sandbox.counting import Comparison, Held, compare, held_as, present
from migrate.sandbox.demo_command import BasculeCommand, receipts, started, status
from migrate.sandbox.demo_folder import make_room, write_plan
from migrate.sandbox.demo_story import Story
from migrate.sandbox.letters import Letter
from migrate.sandbox.pymap_server import PymapServer, running_pymap
from migrate.verify.grade import Grade
from migrate.verify.words import grade_word

#: The share of a site's messages after which the copy is killed.
_KILL_AT = 0.35
#: Exit codes that the demo's commands must have (see docs/commands.md).
_OK, _PARTIAL = 0, 3


def main() -> None:
    """Run the demo in ``demo/`` of the current directory; exit with 1 when a count is wrong."""
    console = terminal()
    speak(language_of())
    # However it is stopped, also where it was started in the background, the servers and the command go with it.
    for signalled in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signalled, signal.default_int_handler)
    try:
        code = run(console, Path("demo"), live=True)
    except KeyboardInterrupt:
        console.print("\n" + _("Stopped. The servers and the command that ran are gone."))
        code = 130
    sys.exit(code)


def run(console: Console, folder: Path, *, live: bool) -> int:
    """Tell the whole story on ``console``; returns the exit code.  ``live``: with bars that move, on a terminal."""
    if find_spec("pymap") is None:
        console.print(_('The demo needs the extra "sandbox": pip install "bascule[sandbox]"'), markup=False)
        return 2
    try:
        make_room(folder)
    except ForeignFolder:
        told = _("{folder} is there already, and no demo made it. Run the demo in another folder.")
        console.print(told.format(folder=folder.absolute()), markup=False)
        return 2
    story = Story(console, live=live)
    story.say(
        _(
            "Offline, on this machine: two mail servers, a company of 2 sites, {boxes} mailboxes, {count} messages"
        ).format(boxes=len(company.PEOPLE), count=number(company.LETTERS))
    )
    users = [person.login for person in company.PEOPLE]
    with (
        running_pymap({user: secrets.token_urlsafe() for user in users}) as old,
        running_pymap({user: secrets.token_urlsafe() for user in users}, max_message=company.MAX_MESSAGE) as new,
    ):
        write_plan(folder, old, new)
        _Demo(story, folder, old, new).run()
    return 1 if story.wrong else 0


class _Demo:
    """The scenes, in order."""

    def __init__(self, story: Story, folder: Path, old: PymapServer, new: PymapServer) -> None:
        self._story = story
        self._folder = folder
        self._old = old
        self._new = new
        self._delivered: Counter[Held] = Counter()

    def run(self) -> None:
        self._fill()
        self._interrupted_copy("paris")
        self._copy("paris", _OK)
        self._count(_users("paris"), refused=0)
        self._copy("lyon", _PARTIAL)
        self._arrivals()
        self._second_pass()
        self._add_up(self._count([person.login for person in company.PEOPLE], refused=1))
        self._verify("lyon")
        self._goodbye()

    def _fill(self) -> None:
        with self._story.moving_bar(_("Mail"), company.LETTERS) as moved:
            for person in company.PEOPLE:
                self._deliver(person, company.letters(person))
                moved(self._delivered.total())
        told = _("The old server holds them all, the new one is empty; the plan is in {folder}/")
        self._story.say(told.format(folder=self._folder))

    def _deliver(self, person: company.Person, letters: list[Letter]) -> None:
        self._old.deliver(person.login, letters)
        self._delivered += held_as(person.login, letters)

    def _interrupted_copy(self, site: str) -> None:
        total = _letters(site)
        with started(self._folder, "copy", site) as command:
            self._story.command(command.arguments)
            with self._story.moving_bar(site.title(), total) as moved:
                command.wait(lambda: self._stored(site, moved) >= total * _KILL_AT)
                command.kill()
        there = present(self._new, _users(site))
        self._story.bar(site.title(), there, total, _("killed on purpose (SIGKILL)"))
        if not 0 < there < total:
            self._story.check(False, _("the copy was not killed in the middle"))
        known = sum(mailbox["outcomes"]["stored"] for mailbox in status(self._folder, site))
        if known < there:
            told = _("{known} have their receipt in the ledger; {more} arrived without one")
            self._story.more(told.format(known=number(known), more=number(there - known)))

    def _copy(self, site: str, wanted: int) -> None:
        total = _letters(site)
        with started(self._folder, "copy", site) as command:
            self._story.command(command.arguments)
            with self._story.moving_bar(site.title(), total) as moved:
                code = command.wait(lambda: self._stored(site, moved) < 0)
            refused = sum(mailbox["outcomes"]["refused"] for mailbox in status(self._folder, site))
            note = plural("{n} refused, explained below", "{n} refused, explained below", refused) if refused else ""
            self._story.bar(site.title(), present(self._new, _users(site)), total, note)
            self._check_code(command, code, wanted)

    def _stored(self, site: str, moved: Callable[[int], None]) -> int:
        count = receipts(self._folder, site)
        moved(count)
        return count

    def _check_code(self, command: BasculeCommand, code: int | None, wanted: int) -> None:
        if code != wanted:
            self._story.check(False, _("the exit code is {code}, not {wanted}").format(code=code, wanted=wanted))
            self._story.more(command.said())

    def _count(self, users: list[str], *, refused: int) -> Comparison:
        """Compare both servers, message by message, and the source with what was delivered to it."""
        found = compare(self._old, self._new, users)
        lost, doubled = found.lost.total() - refused, found.doubled.total()
        self._story.check(
            lost == doubled == 0,
            _("Counted on both servers by content, folder, date and flags: {lost} lost, {doubled} doubled").format(
                lost=lost, doubled=doubled
            ),
        )
        expected = Counter({held: count for held, count in self._delivered.items() if held.user in users})
        if found.on_source != expected:
            self._story.check(False, _("the old server is not as it was"))
        return found

    def _arrivals(self) -> None:
        arrivals = list(company.arrivals())
        for person, letter in arrivals:
            self._deliver(person, [letter])
        told = plural(
            "{n} message arrives on the old server. Second pass:",
            "{n} messages arrive on the old server. Second pass:",
            len(arrivals),
        )
        self._story.say(told)

    def _second_pass(self) -> None:
        mailboxes: list[dict[str, Any]] = []
        for site, wanted in (("paris", _OK), ("lyon", _PARTIAL)):
            with started(self._folder, "copy", site, "--json") as command:
                self._story.command(command.arguments)
                self._check_code(command, command.wait(), wanted)
                mailboxes += command.json()["mailboxes"]
        copied = sum(mailbox["this_pass"]["copied"] for mailbox in mailboxes)
        stored, refused = (_sum(mailboxes)[outcome] for outcome in ("stored", "refused"))
        self._story.check(
            (copied, stored - copied, refused) == (3, company.LETTERS - 1, 1),
            _("{copied} copied, {there} there from the first pass, {refused} refused").format(
                copied=copied, there=number(stored - copied), refused=refused
            ),
        )

    def _add_up(self, found: Comparison) -> None:
        mailboxes = status(self._folder)
        seen, outcomes = sum(mailbox["seen"] for mailbox in mailboxes), _sum(mailboxes)
        parts = " + ".join(
            f"{number(count)} {outcome_text(Outcome(name))}" for name, count in outcomes.items() if count
        )
        self._story.check(
            seen == outcomes.total() == found.on_source.total() and outcomes["stored"] == found.on_target.total(),
            _("{seen} seen = {parts}").format(seen=number(seen), parts=parts),
        )
        for mailbox in mailboxes:
            for reason in mailbox["reasons"]:
                self._explain(mailbox["mailbox"], reason, found.lost)
                self._explained(reason)

    def _explain(self, mailbox: str, reason: str, missing: Counter[Held]) -> None:
        for held in missing:
            told = _("Refused ({reason}): {size} bytes in {folder} of {mailbox}; the new server takes {limit}")
            self._story.more(
                told.format(
                    reason=reason,
                    size=number(held.size),
                    folder="/".join(held.folder),
                    mailbox=mailbox,
                    limit=number(company.MAX_MESSAGE),
                )
            )

    def _verify(self, site: str) -> None:
        """The command reads both servers afresh and grades what it finds; one message was refused, so it is Good."""
        report = self._folder / f"{site}.html"
        with started(self._folder, "verify", site, "--report", str(report.absolute()), "--json") as command:
            self._story.command(("-C", str(self._folder), "verify", site, "--report", str(report)))
            self._check_code(command, command.wait(), _OK)
            told = command.json()
        expected, found = (sum(mailbox[key] for mailbox in told["mailboxes"]) for key in ("expected", "found"))
        self._story.check(
            (told["grade"], expected - found) == (Grade.GOOD, 1),
            _("{grade}: {found} of {expected} messages read on both servers and equal, {missing} explained").format(
                grade=grade_word(Grade(told["grade"])),
                found=number(found),
                expected=number(expected),
                missing=expected - found,
            ),
        )
        self._story.say(_("Open {report} in a browser: the account of {site}").format(report=report, site=site.title()))

    def _explained(self, reason: str) -> None:
        with started(self._folder, "explain", reason) as command:
            self._story.command(command.arguments)
            self._check_code(command, command.wait(), _OK)
            for line in command.said().splitlines()[1:]:
                self._story.more(line)

    def _goodbye(self) -> None:
        here = _as_typed()
        look = _("Look around: {folder}/, and: {command}")
        self._story.say(look.format(folder=self._folder, command=f"{here} -C {self._folder} status"))
        self._story.say(_("Your turn:   {command}").format(command=f"{here} -C mycompany init"), "bold")


def _users(site: str) -> list[str]:
    return [person.login for person in company.PEOPLE if person.site == site]


def _sum(mailboxes: list[dict[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for mailbox in mailboxes:
        total.update(mailbox["outcomes"])
    return total


def _letters(site: str) -> int:
    return sum(person.letters for person in company.PEOPLE if person.site == site)


def _as_typed() -> str:
    """How this installation's command is called from here."""
    ours = Path(sys.executable).with_name("bascule")
    found = shutil.which("bascule")
    if found is not None and Path(found) == ours:
        return "bascule"
    return os.path.relpath(ours) if ours.is_relative_to(Path.cwd()) else str(ours)


if __name__ == "__main__":
    main()

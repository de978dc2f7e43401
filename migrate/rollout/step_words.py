"""What to do about each gate of a site that is not met; :mod:`migrate.rollout.steps` fills in whose and where.

``{subject}`` is the site or domain, ``{names}`` what is missing, ``{target}`` the new system, ``{domain}`` the site's
domain, ``{by}`` the person who confirms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.language import mark

Role = Literal["it", "correspondent"]


@dataclass(frozen=True, slots=True)
class StepWords:
    """English texts, taken up by the catalogue."""

    title: str
    who: Role
    minutes: int
    #: A line that begins with "bascule" is a command.
    do: tuple[str, ...]
    see: str
    otherwise: str
    why: str


CONFIRM = 'bascule rollout confirm {subject} {code} --by "{by}"'
AGAIN = mark("The message says what is wrong; bascule explain CODE says more. Mend it and run the command again.")
CALL = mark("Do not go on. Talk to whoever leads the rollout first.")

SITE_WORDS: Mapping[str, StepWords] = {
    "people": StepWords(
        mark("name the people who move"), "it", 30,
        (
            mark("Export the list of mailboxes from the old system"),
            "bascule people import {subject} EXPORT.csv",
            mark("Read the file through with the correspondent: who left, who is missing, what is shared"),
            "bascule plan check",
        ),
        mark("The plan is right."), AGAIN,
        mark("Everything else is counted against this list: whoever is not on it is forgotten."),
    ),
    "switch-day": StepWords(
        mark("agree on the day of the switch"), "it", 10,
        (
            mark("Ask the correspondent for a day from Tuesday to Thursday without a deadline at the site"),
            mark("Write it into sites/{subject}.yaml, such as switch: 2027-02-09"),
            "bascule plan check",
        ),
        mark("The plan is right."), AGAIN,
        mark("Announcements, licences and the room left on the old server are reckoned from that day."),
    ),
    "sign-in": StepWords(
        mark("see that everybody can be signed in for"), "it", 30,
        ("bascule secrets status {subject}", "bascule check {subject}"),
        mark("Every mailbox is ready on the old side."),
        mark("For a password that is wrong or missing, call the person or the old system's administrator."),
        mark("A mailbox that cannot be read is found now, and not in the night of the switch. Missing: {names}."),
    ),
    "scope": StepWords(
        mark("agree on what moves and what stays"), "correspondent", 20,
        (
            "bascule folders {subject}",
            mark("Go through it with the correspondent: private folders, what is left out, shared mailboxes"),
            CONFIRM,
        ),
        mark("The correspondent has said yes."), mark("Change the site's plan, and go through it again."),
        mark("What nobody agreed on is what people miss afterwards."),
    ),
    "licences": StepWords(
        mark("order the licences that are missing"), "it", 20,
        ("bascule licences order {subject}", mark("Send the order to the partner"), "bascule licences"),
        mark("Nothing is short."), mark("Ask the partner for the day of delivery, and move the switch if it is late."),
        mark("An account without a licence has no mailbox. Missing: {names}."),
    ),
    "accounts": StepWords(
        mark("make the accounts on the new system"), "it", 20,
        ("bascule accounts apply {subject}", "bascule check {subject}"),
        mark("Every mailbox is ready on the new side."), AGAIN,
        mark("Nothing can be copied to a mailbox that is not there. Missing: {names}."),
    ),
    "backup": StepWords(
        mark("make a backup, and have it verified"), "it", 15,
        ("bascule backup {subject}",),
        mark("Each mailbox says verified."), AGAIN,
        mark("It is the answer to every mishap on the old side. Without one: {names}."),
    ),
    "cases": StepWords(
        mark("try what nobody has tried yet"), "it", 30,
        (
            mark("Let somebody at the pilot, or a test person, work for a day with: {names}"),
            'bascule cases tested CASE --site PILOT --by "{by}"',
        ),
        mark("bascule cases shows who tested it, and where."),
        mark("Find out why it does not work before anybody of this site meets it; note what you learn: bascule note."),
        mark("The pilot is there to meet every situation once. Not met yet: {names}."),
    ),
    "copied": StepWords(
        mark("copy the mail"), "it", 10,
        ("bascule copy {subject}", "bascule status {subject}", "bascule not-copied {subject}"),
        mark("Nothing is pending, and at least 99.9 % is there."), AGAIN,
        mark("People are to find their mail, to the last message, or to know why one is not there. Now: {missing}."),
    ),
    "space": StepWords(
        mark("see that the old mailboxes do not fill up before the switch"), "it", 15,
        (
            "bascule check {subject}",
            mark("Where room is short, ask for more, or move the switch forward, and check again"),
            mark("Where the old system does not say, look in its console, and confirm what you saw:"),
            CONFIRM,
        ),
        mark("Every mailbox has room for the mail until the switch."), CALL,
        mark("With dual delivery mail goes on arriving there; a full mailbox sends it back. Too little room: {names}."),
    ),
    "domain-first": StepWords(
        mark("cut the domain over first"), "it", 5, ("bascule rollout next {domain}",),
        mark("The domain is in the phase cutover."), CALL,
        mark("This domain's mail is to arrive on the new side first, and the sites' copies come from there."),
    ),
    "dual": StepWords(
        mark("switch dual delivery on"), "it", 30,
        (
            "bascule delivery recipe {subject} --server SERVER",
            mark("Do what the recipe says, on the {first} side"),
            "bascule delivery on {subject}",
        ),
        mark(
            "A new message arrives on both sides."), mark("The recipe ends "
            "with how to switch it off: do so, then look at it."
        ),
        mark("So that people can change over, and go back, without missing a message. Without: {names}."),
    ),
    "routes": StepWords(
        mark("give everybody who has not moved a route back"), "it", 30,
        (
            mark("On the new side forward the mail of these people to their old mailbox: {names}"),
            "bascule delivery probe {subject}",
        ),
        mark("Every route works."), mark("Take their new accounts away until they move."),
        mark(
            "Whoever has an account there and works in the old mailbox gets "
            "no mail from those who moved: it stays there."
        ),
    ),
    "senders": StepWords(
        mark("let the new system send for the domain"), "it", 20,
        (
            "bascule dns records {domain} --expect {expect}",
            mark("Enter the SPF record; switch DKIM on in the new system's console and enter its record"),
            "bascule dns check {domain} --expect {expect}",
        ),
        mark("No finding about SPF or DKIM."), AGAIN,
        mark("From the switch on, mail from the new side would else land in spam."),
    ),
    "probes": StepWords(
        mark("send the test messages"), "it", 15, ("bascule delivery probe {subject}",),
        mark(
            "Every route: exactly one copy."), mark("Look at the route that "
            "fails in the recipe's page; switch off what loops."
        ),
        mark("Dual delivery fails silently: only a message that arrived proves it. Now: {missing}."),
    ),
    "archives": StepWords(
        mark("collect the archives again"), "it", 20,
        (
            mark("Have Outlook closed on the PCs of: {names}"),
            "bascule archive collect {subject}",
            "bascule archive coverage {subject}",
        ),
        mark("No day uncovered."), mark("Let Outlook fetch and send once more, close it, and collect again."),
        mark("Outlook empties a POP server: what is not in the archive exists on that PC alone."),
    ),
    "way-back": StepWords(
        mark("rehearse the way back"), "it", 30,
        (
            "bascule rollout back {subject}",
            "bascule copy {subject} --back --dry-run",
        ),
        mark("Both systems let every mailbox in, and it is known what would be copied back."), CALL,
        mark("A way back that was never walked is a hope."),
    ),
    "incidents": StepWords(
        mark("solve what is open"), "it", 60,
        ("bascule rollout incident {subject}", 'bascule rollout incident {subject} --solved {number} --by "{by}"'),
        mark("No P1 is open."), CALL, mark("Nobody moves on over an open P1: {names}."),
    ),
    "announced": StepWords(
        mark("tell the people of the site"), "correspondent", 15,
        (mark("Send the messages of seven days and one day before; hang up whom to call"), CONFIRM),
        mark("Everybody knows the day and whom to call."), mark("Call those who were away; else move the switch."),
        mark("Who is surprised calls everybody but you."),
    ),
    "day": StepWords(
        mark("wait for the day of the switch"), "it", 1,
        (mark("Until then, one pass a day brings what is new:"), "bascule copy {subject}"),
        mark("The day has come."), CALL, mark("People were told this day."),
    ),
    "go": StepWords(
        mark("decide: go or no go"), "it", 10,
        ("bascule rollout status {subject}", mark("Look at every gate with the correspondent"), CONFIRM),
        mark("A named person has said go."), mark("Say no: write a new day into the plan and tell the people."),
        mark("Everything else is ready; one person answers for it."),
    ),
    "at-work": StepWords(
        mark("help everybody into the new mailbox"), "correspondent", 120,
        (
            mark("Be at the site, or on the telephone, while each person signs in and sends a first message"),
            mark("Take the old account out of their programs"),
            CONFIRM,
        ),
        mark("Everybody has sent and received a message in the new mailbox."),
        mark("Open an incident: bascule rollout incident {subject} --open P1 \"…\""),
        mark("The switch is done when people work there, and not when it was announced."),
    ),
    "delta": StepWords(
        mark("copy what arrived until the switch"), "it", 10, ("bascule copy {subject}", "bascule status {subject}"),
        mark("Every mailbox is copied, nothing is pending."), AGAIN,
        mark("The last messages in the old mailbox are the ones that people look for first. Without: {names}."),
    ),
    "verified": StepWords(
        mark("verify that everything is there"), "it", 15,
        ("bascule verify {subject} --report {subject}.html",),
        mark("The grade is Perfect or Good, or all that keeps it from that is gone since the switch."),
        mark("Each difference says what to do; copy again, and verify again."),
        mark("It reads both servers afresh: what it has not compared is only believed."),
    ),
    "removed": StepWords(
        mark("ask who deleted what is gone"), "it", 15,
        (
            mark("In the verification's page see which messages are gone since the switch, and from whose mailbox"),
            mark("Ask these people whether they deleted them"),
            CONFIRM,
        ),
        mark("Each of them has said: it was me."),
        mark(
            "Find what deletes them, a rule or a retention policy of the new system, and stop it. "
            "They are still in the old mailboxes: keep these."
        ),
        mark("They were copied, and are gone: somebody tidied up, or they were lost. Their people know. {missing}."),
    ),
    "cases-met": StepWords(
        mark("write down what the pilot has tried"), "it", 20,
        ("bascule cases", 'bascule cases tested CASE --site {subject} --by "{by}"'),
        mark("No case is untested."), mark("Try it with a test person before anybody else moves."),
        mark("The pilot is there to meet every situation once. Not met yet: {names}."),
    ),
    "accepted": StepWords(
        mark("have it accepted"), "correspondent", 30,
        (mark("Go through the verification's page with the correspondent and have it signed"), CONFIRM),
        mark("The correspondent has accepted, with or without reservations."),
        mark("Write each reservation down as an incident: bascule rollout incident {subject} --open P2 \"…\""),
        mark("Without a signature the site is never done."),
    ),
    "all-solved": StepWords(
        mark("solve what is still open"), "it", 60,
        ("bascule rollout incident {subject}", 'bascule rollout incident {subject} --solved {number} --by "{by}"'),
        mark("No incident is open."), CALL, mark("Hypercare ends when nothing is left: {names}."),
    ),
    "settled-in": StepWords(
        mark("ask whether anything is left"), "correspondent", 15,
        (mark("Call the correspondent two weeks after the switch"), CONFIRM),
        mark(
            "Nobody misses anything."), mark("Open an incident for each thing: "
            "bascule rollout incident {subject} --open P3 \"…\""
        ),
        mark("People get used to what does not work, and stop saying so."),
    ),
}  # fmt: skip

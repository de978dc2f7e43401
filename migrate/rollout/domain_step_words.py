"""What to do about each gate of a domain that is not met, in English, as :mod:`migrate.rollout.step_words` has it."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.language import mark
from migrate.rollout.step_words import AGAIN, CALL, CONFIRM, SITE_WORDS, StepWords

_CONFIRM_WITH = f"{CONFIRM} --evidence FILE"

DOMAIN_WORDS: Mapping[str, StepWords] = {
    "sites-near": StepWords(
        mark("bring the domain's sites nearer to their switch"), "it", 5, ("bascule rollout next {waits_for}",),
        mark("All sites of the domain are near enough."), CALL,
        mark("The MX is one for all of them: {missing}."),
    ),
    "records": StepWords(
        mark("keep the old records"), "it", 5, ("bascule dns records {subject} --expect {expect}",),
        mark("The old MX and SPF records are shown, for the way back."), AGAIN,
        mark("Once they are changed nobody remembers them to the letter."),
    ),
    "ttl": StepWords(
        mark("lower the MX's TTL"), "it", 10,
        (
            "bascule dns records {subject} --expect {expect} --step before",
            mark("Enter these records where the zone is kept ({zone_at})"),
            "bascule dns records {subject} --expect {expect}",
        ),
        mark("Every name server says 300 seconds."), AGAIN,
        mark("Others remember the MX for as long as it says: the shorter, the sooner a mistake is taken back."),
    ),
    "sites-switched": StepWords(
        mark("switch the domain's last sites, or split its mail by a plan"), "it", 20,
        (
            mark("A site that is still to switch: bascule rollout next {waits_for}"),
            mark("Or, if the new side is to bring each person's mail to the side where they are:"),
            "bascule delivery recipe SITE --server {target} --mode split",
            'bascule rollout confirm {subject} split-delivery --by "{by}"',
        ),
        mark("All sites have switched, or every person's mail arrives where the person works."), CALL,
        mark("The MX changes for all of them at once: {missing}."),
    ),
    "senders": StepWords(
        mark("let the new system send for the domain"), "it", 20,
        SITE_WORDS["senders"].do, SITE_WORDS["senders"].see, AGAIN, SITE_WORDS["senders"].why,
    ),
    "probes": StepWords(
        mark("send the test messages"), "it", 15, ("bascule delivery probe {site}",),
        SITE_WORDS["probes"].see, SITE_WORDS["probes"].otherwise, SITE_WORDS["probes"].why,
    ),
    "way-back": StepWords(
        mark("rehearse the way back"), "it", 30,
        ("bascule rollout back {subject}", "bascule copy {site} --back --dry-run"),
        SITE_WORDS["way-back"].see, CALL, SITE_WORDS["way-back"].why,
    ),
    "incidents": SITE_WORDS["incidents"],
    "old-ttl": StepWords(
        mark("wait until the old TTL has passed"), "it", 1,
        (mark("Nothing to do: change nothing in the zone meanwhile"),),
        mark("The time has passed."), CALL,
        mark("Who remembered the MX before the TTL was lowered still goes by the old one."),
    ),
    "go": SITE_WORDS["go"],
    "arrived": StepWords(
        mark("change the MX, and wait until everybody holds it"), "it", 30,
        (
            "bascule dns records {subject} --expect {expect} --step cutover",
            mark("Enter these records where the zone is kept ({zone_at})"),
            "bascule dns wait {subject} --expect {expect}",
        ),
        mark("Everybody holds the new MX."), mark("bascule rollout back {subject} has the old records, to the letter."),
        mark("This is the cutover: from now on mail from outside arrives on the new side."),
    ),
    "relays": StepWords(
        mark("have the old server pass on what still arrives there"), "it", 20,
        (
            mark(
                "On the old server pass mail for {subject} on to the new one; "
                "else let it answer 4xx, and senders try again"
            ),
            mark("Send a test message straight to the old server"),
            CONFIRM,
        ),
        mark(
            "The test message is in the new mailbox."), mark("Let the old "
            "server answer 4xx: senders try again for days."
        ),
        mark("Some senders go on with the old MX for days; a server that takes their mail in silence loses it."),
    ),
    "sites-done": StepWords(
        mark("finish the domain's last site"), "it", 5, ("bascule rollout next {waits_for}",),
        mark("All sites of the domain are done."), CALL, mark("What is switched off is gone: {missing}."),
    ),
    "quiet-mx": StepWords(
        mark("show that no mail arrives on the old server any more"), "it", 15,
        (
            mark("From the old server's log take seven days without a message for somebody of the domain"),
            _CONFIRM_WITH,
            mark(
                'If its owner gives no logs: bascule rollout confirm {subject} no-logs --by '
                '"{by}", and a copy a day that brings nothing, for 14 days'
            ),
        ),
        mark(
            "Seven days without one."), mark("Find who still sends there: a "
            "device, a form, an old MX in somebody's settings."
        ),
        mark("What arrives after the end is lost. {missing}."),
    ),
    "no-logins": StepWords(
        mark("show that nobody signs in on the old server any more"), "it", 15,
        (
            mark("From the old server's log take 14 days without a sign-in by IMAP, POP or SMTP"),
            _CONFIRM_WITH,
            mark(
                'If its owner gives no logs: bascule rollout confirm {subject} no-logs --by '
                '"{by}", and a copy a day that brings nothing, for 14 days'
            ),
        ),
        mark("Fourteen days without one."), mark("Find the person, or the copier, that still signs in."),
        mark("A telephone or a copier that still uses it would stop without a word. {missing}."),
    ),
    "dmarc": StepWords(
        mark("show that nothing sends by the old server any more"), "it", 15,
        (mark("In the DMARC reports of the last weeks look for the old server's addresses"), _CONFIRM_WITH),
        mark("None of them is there."), mark("Move what still sends there: forms, copiers, invoicing."),
        mark("Mail sent by the old server would end in spam once its SPF entry goes."),
    ),
    "last-delta": StepWords(
        mark("copy once more"), "it", 10, ("bascule copy {site}", "bascule status {site}"),
        mark("Nothing was new."), mark("Find out who still sends there, and copy again tomorrow."),
        mark("A last pass that brings nothing proves that nothing is left behind. {missing}."),
    ),
    "archive-restored": StepWords(
        mark("open the backup in a test"), "it", 20,
        (mark("Open three mailboxes of the backup as its README.txt says, and write down what you saw"), _CONFIRM_WITH),
        mark(
            "Messages and attachments open."), mark("Make a new backup while "
            "the old server is there: bascule backup SITE"
        ),
        mark("Afterwards the backup is all that is left of the old server."),
    ),
    "signed-off": StepWords(
        mark("have the end of the old server signed"), "it", 15,
        (mark("Show the evidence to whoever answers for the old server"), CONFIRM),
        mark("A named person has agreed."), CALL, mark("It cannot be taken back."),
    ),
}  # fmt: skip

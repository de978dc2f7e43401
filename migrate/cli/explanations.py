"""What each reason code and exit code means, why it comes about and what to do: one place for all who tell it.

``docs/commands.md`` holds the same words, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.denials import Denial
from connectors.language import _, mark
from connectors.reasons import Reason
from migrate.cli.exit_codes import Exit
from migrate.ledger.schema import Outcome

_NOTHING = mark("Nothing.")
_AGAIN = mark("Run the copy again: each pass tries it.")
_BY_HAND = mark("Save the message as a file and bring it over by hand, or leave it in the old mailbox's archive.")
_RULE = mark("Nothing if that is wanted; else change the rule in the site's plan and run the copy again.")


@dataclass(frozen=True, slots=True)
class Explanation:
    """English texts; :meth:`told` gives them in the language of this process."""

    #: What it is, as a part of a sentence.
    what: str
    #: How it comes about, in sentences.
    why: str
    to_do: str
    #: The outcome a reason code stands beside.
    outcome: Outcome | None = None

    def told(self) -> Explanation:
        return Explanation(_(self.what), _(self.why), _(self.to_do), self.outcome)


REASONS: Mapping[Reason, Explanation] = {
    Reason.GONE: Explanation(
        mark("it went away on the source between listing and reading"),
        mark("Somebody deleted or moved it while the copy ran. Moved, it is copied from its new place."),
        _NOTHING,
        Outcome.REFUSED,
    ),
    Reason.UNREADABLE: Explanation(
        mark("the source lists it and will not hand it out"),
        mark("Mostly a damaged file or index on the old server, or a damaged archive."),
        mark(
            "Ask the source's administrator to repair the mailbox; in a damaged archive, bascule archive salvage may"
            " find it. Each pass tries it again."
        ),
        Outcome.REFUSED,
    ),
    Reason.WRONG_LENGTH: Explanation(
        mark("the source announced another length than it sent"),
        mark("The message is damaged on the old server, or its index is out of date. Half a message is not copied."),
        mark("Ask the source's administrator to rebuild the mailbox's index. Each pass tries it again."),
        Outcome.REFUSED,
    ),
    Reason.TOO_LARGE: Explanation(
        mark("it is over the target's limit"),
        mark("The target states the longest message that it takes (APPENDLIMIT), or said so when it was sent."),
        mark(
            "Ask for a higher limit on the target and run the copy again, or bring the file over by hand that the copy"
            " kept in the folder kept/; bascule not-copied names it."
        ),
        Outcome.REFUSED,
    ),
    Reason.CONTENT: Explanation(
        mark("the target does not take these bytes"),
        mark("The target checks what it stores, and something in the message follows no standard that it knows."),
        _BY_HAND,
        Outcome.REFUSED,
    ),
    Reason.ARGUMENTS: Explanation(
        mark("the target does not take its date or flags"),
        mark("The target answered BAD to a date or keyword that it should know."),
        mark("Report it, with the names of both systems; bring the message over by hand meanwhile."),
        Outcome.REFUSED,
    ),
    Reason.NO_PERMISSION: Explanation(
        mark("the account may not write there"),
        mark("The target's folder belongs to somebody else, or is read-only for this account."),
        mark("Give the account the right to write to the folder, then run the copy again."),
        Outcome.REFUSED,
    ),
    Reason.OVER_QUOTA: Explanation(
        mark("the target mailbox is full"),
        mark("The mailbox has reached the room that the target gives it."),
        mark("Give the mailbox more room on the target, then run the copy again."),
        Outcome.REFUSED,
    ),
    Reason.FOLDER_REFUSED: Explanation(
        mark("the target cannot make the folder"),
        mark("Its name holds something that the target does not take, or it lies too deep."),
        mark("Give the folder another name with map in the site's plan, then run the copy again."),
        Outcome.REFUSED,
    ),
    Reason.REFUSED: Explanation(
        mark("the target said no and gave no reason that we know"),
        mark("The answer carried no code. It may be a passing trouble of the target."),
        mark(
            "Run the copy again: each pass tries it. If it stays, look into the target's log at the time of the copy."
        ),
        Outcome.REFUSED,
    ),
    Reason.UNANSWERED: Explanation(
        mark("sent, no answer, and what the target holds does not settle it"),
        mark("The connection broke just then. Sending it again could double it, so that is never done by itself."),
        mark("Look for it on the target by its folder, date and size; bring it over by hand if it is not there."),
        Outcome.UNCERTAIN,
    ),
    Reason.RULE_FOLDER: Explanation(
        mark("the plan leaves out its folder"),
        mark("A folder rule of the site (exclude, or include without it) names its folder."),
        _RULE,
        Outcome.LEFT_OUT,
    ),
    Reason.RULE_PRIVATE: Explanation(
        mark("its folder is private, and the plan leaves such folders out"),
        mark(
            "Its name, or that of a folder above it, says that it is its person's own: Personal, Private and the like."
        ),
        _RULE,
        Outcome.LEFT_OUT,
    ),
    Reason.PRIVATE_UNDECIDED: Explanation(
        mark("its folder is private, and the plan asks for a decision"),
        mark(
            "Its name, or that of a folder above it, says that it is its person's own: Personal, Private and the like."
        ),
        mark(
            "Decide, and write private: copy or private: leave_out under leave_out in the site's plan; "
            "or name the folder under not_private. Then run the copy again."
        ),
        Outcome.LEFT_OUT,
    ),
    Reason.RULE_DATE: Explanation(
        mark("it is older than the plan's `before`, or newer than its `after`"),
        mark("A message rule of the site leaves out what was received before or after a date."),
        _RULE,
        Outcome.LEFT_OUT,
    ),
    Reason.RULE_SIZE: Explanation(
        mark("it is longer than the plan's `larger_than`"),
        mark("A message rule of the site leaves out what is longer than a size."),
        _RULE,
        Outcome.LEFT_OUT,
    ),
    Reason.NOT_MAIL: Explanation(
        mark("it is a calendar entry, a contact, a task or the like, and no mail"),
        mark("Archives such as Outlook's hold more than mail. A mailbox takes mail alone."),
        mark("Nothing for the mail. The others are handed over as files, which calendars and address books import."),
        Outcome.LEFT_OUT,
    ),
    Reason.ADOPTED: Explanation(
        mark("it was on the target before us"),
        mark("Another tool, or an earlier copy whose ledger was lost, brought it there; it was recognised."),
        _NOTHING,
        Outcome.ALREADY_THERE,
    ),
    Reason.IN_ANOTHER_SOURCE: Explanation(
        mark("another source of the mailbox brought the same message"),
        mark(
            "The mailbox is filled from several sources, and this message is in more than one of them: the same senders"
            " and recipients, date, subject, number and content. One copy stands for all. Of mail that Outlook took"
            " apart, the sender, date, subject, number and attachments are compared."
        ),
        mark("Nothing. If you want each of them, run bascule not-copied with --copy-again, then the copy."),
        Outcome.ALREADY_THERE,
    ),
    Reason.CAME_FROM_THERE: Explanation(
        mark("it came from the system that is written to"),
        mark(
            "It is the copy that we made of a message of that system, wherever its person has put it since. What we"
            " brought one way is never brought the other way."
        ),
        _NOTHING,
        Outcome.LEFT_OUT,
    ),
    Reason.BEFORE_SWITCH: Explanation(
        mark("it is older than the switch"),
        mark(
            "The way back brings what arrived, or was sent, since the mailbox's people work in the new system. What"
            " came before was on the old system already, or somebody put it into the new one by hand."
        ),
        mark("Nothing. If it is to be brought back too, say from when: bascule copy SITE --back --since DATE."),
        Outcome.LEFT_OUT,
    ),
    Reason.DUAL_DELIVERED: Explanation(
        mark("dual delivery brought it, and its person has it, or has deleted it"),
        mark(
            "While mail was delivered on both sides, this message arrived in the new mailbox by itself: the same"
            " content, or the same sender, date, subject, number and attachments. Wherever its person put it, even"
            " in the trash, it is not brought a second time."
        ),
        mark("Nothing. If you want each of them, run bascule not-copied with --copy-again, then the copy."),
        Outcome.ALREADY_THERE,
    ),
    Reason.MOVED_ON_SOURCE: Explanation(
        mark("it moved on the source after we copied it; our copy stays where it is"),
        mark("The person had touched our copy, or works in the new mailbox already, so it is not moved after them."),
        mark("Nothing; or move it on the target by hand."),
        Outcome.ALREADY_THERE,
    ),
}

#: What the target keeps once instead of twice has no reason code: its outcome says it.
MERGED = Explanation(
    mark("the target kept one of two equal ones"),
    mark("Some systems hold equal messages only once."),
    _NOTHING,
    Outcome.MERGED,
)

#: Refused or uncertain, and nobody wrote down why.
UNKNOWN = Explanation(
    mark("no reason was recorded"),
    mark("The pass that met it was cut off before it could say why."),
    _AGAIN,
)

#: Why a system does not let an account in.
SIGN_INS: Mapping[Denial, Explanation] = {
    Denial.BAD_PASSWORD: Explanation(
        mark("the user name or the password is wrong"),
        mark(
            "The system says no, and not why. Some say the same of an account that is switched off, and some providers"
            " also want IMAP to be switched on, or an app password."
        ),
        mark(
            "Look at the user name in the people file and the password in the passwords file (bascule secrets status"
            " tries them all); some providers also want IMAP to be switched on, or an app password."
        ),
    ),
    Denial.PASSWORD_EXPIRED: Explanation(
        mark("the password has expired"),
        mark("It was right once. The system wants a new one before it lets anybody in."),
        mark("Have a new password set for the account, and write it into the passwords file."),
    ),
    Denial.TOKEN: Explanation(
        mark("the access token is not taken"),
        mark(
            "It has expired, is meant for something else, or belongs to another account; and asking again gave none"
            " that is taken."
        ),
        mark("Look at the command or file that gives the token: it must give a fresh one, for IMAP and this account."),
    ),
    Denial.DISABLED: Explanation(
        mark("the account is switched off or locked"),
        mark("Its administrator switched it off, or wrong passwords locked it."),
        mark(
            "Ask that system's administrator to switch it on until the copy is done; then run the same command again."
        ),
    ),
    Denial.NO_RIGHT: Explanation(
        mark("who signs in may not open this mailbox"),
        mark(
            "A master user, or the owner of an access token, has no right to this mailbox; the password itself is fine."
        ),
        mark("Have that account given the right to open other people's mailboxes, then run the same command again."),
    ),
    Denial.POLICY: Explanation(
        mark("a rule of the provider forbids this way of signing in"),
        mark(
            "Gmail and others want an app password, or a sign-in in the browser first; many switch IMAP on only when"
            " asked; Microsoft 365 takes no password for IMAP."
        ),
        mark(
            "Switch on IMAP for the account, make an app password for it and put that into the passwords file, or sign"
            " in with access tokens (auth: xoauth2)."
        ),
    ),
    Denial.NOT_CONNECTED: Explanation(
        mark("the password is right, and the mailbox does not open"),
        mark(
            "Microsoft 365 says so when the account has no mailbox or licence, when IMAP is switched off for it, when a"
            " right to a shared mailbox is missing, and when it was asked too much lately. Google says so of an account"
            " without a licence for Gmail, and for some minutes of a new one."
        ),
        mark(
            "Look in that system's admin centre whether the account has a mailbox, a licence and IMAP; wait a quarter"
            " of an hour, then run the same command again."
        ),
    ),
    Denial.ADMINISTRATOR: Explanation(
        mark("only the system's administrator can say why"),
        mark("The system answers that its administrator must be asked, and no more."),
        mark("Ask that system's administrator what stands against this account."),
    ),
    Denial.APP: Explanation(
        mark("the application that signs in for everybody is not accepted"),
        mark(
            "Its secret or certificate is wrong or has expired, it is not known to the tenant or to Exchange, or nobody"
            " consented to what it may do. This stops every mailbox of the system, not this one alone."
        ),
        mark("Do what the message says, look at all of it with bascule check, then run the same command again."),
    ),
}

#: The code for a system that takes no further session, and what it means.
TOO_MANY_SESSIONS = "too-many-sessions"
CROWDED = Explanation(
    mark("the system takes no further session at the moment"),
    mark("Servers limit the connections of one mailbox, or of one machine; the mail programs of its person count too."),
    mark(
        "Lower max_sessions of this system in organisation.yaml, or wait until others have signed out. A server that is"
        " source and target at once must grant two sessions: if it grants one, ask its host for more."
    ),
)

EXITS: Mapping[Exit, Explanation] = {
    Exit.OK: Explanation(
        mark("done"), mark("Everything that the command was to do is done, or what it looked at is well."), _NOTHING
    ),
    Exit.BUG: Explanation(
        mark("a defect of Bascule: a traceback was shown"),
        mark("Something happened that Bascule does not know. What was recorded before stays."),
        mark("Report it with the traceback, which holds no mail and no password. The same command may be run again."),
    ),
    Exit.USAGE: Explanation(
        mark("the command line or the plan is wrong; nothing was done"),
        mark("An option is misspelt, or a file of the plan holds a mistake."),
        mark("Correct what the message names, with its file and line."),
    ),
    Exit.PARTIAL: Explanation(
        mark("done, and some messages are not on the target, or something needs attention"),
        mark("After a copy, messages are refused, uncertain or still pending. After a check, a finding needs a look."),
        mark("See `bascule not-copied SITE` for the messages, or the findings that were printed."),
    ),
    Exit.LOCKED: Explanation(
        mark("a mailbox is in use by another run, or another machine holds the organisation"),
        mark("Two copies never work on one mailbox at the same time, and two machines never on one organisation."),
        mark(
            "Wait for the other one to end; see `bascule status --watch`. After a handover go on at the other machine."
        ),
    ),
    Exit.QUOTA: Explanation(
        mark("a mailbox is full or would be, or a day's allowance is used up"),
        mark(
            "The target took no more, or states less room than the source's mail needs; or as much was read or written"
            " as the plan or the provider allows in a day."
        ),
        mark(
            "Give the mailbox more room on the target, or wait until it goes on, as the message says; then run the same"
            " command again."
        ),
    ),
    Exit.CONNECTION: Explanation(
        mark("a system cannot be reached, or broke off again and again"),
        mark(
            "A wrong host or port, a firewall, a certificate that is not trusted, a server that is down, or one that"
            " asked to be left alone for a while."
        ),
        mark("Follow what the message says about the system, then run the same command again."),
    ),
    Exit.AUTH: Explanation(
        mark("a system does not let an account in, or a password cannot be had"),
        mark("A wrong user name or password, or a secret that is missing, empty or readable by others."),
        mark("Correct the user name or the password; a wrong password is not tried again, so no account is locked."),
    ),
    Exit.LEDGER: Explanation(
        mark("the ledger, or the folder it lies in, cannot be used"),
        mark(
            "The file is damaged, on a network file system, locked for long, or made by a newer version; or this"
            " machine's disk is full or may not be written to."
        ),
        mark("Follow the message. A lost ledger is made anew by `bascule adopt SITE`, and nothing is sent twice."),
    ),
    Exit.INTERRUPTED: Explanation(
        mark("stopped by Ctrl-C or SIGTERM; the same command continues"),
        mark("A person or the system asked the run to end. Nothing is lost and nothing is doubled."),
        mark("Run the same command again when it suits."),
    ),
}


def explanation_of(outcome: Outcome, reason: Reason | None) -> Explanation:
    """Why a message is not copied as it stands, in the language of this process."""
    if reason is not None:
        return REASONS[reason].told()
    return (MERGED if outcome is Outcome.MERGED else UNKNOWN).told()

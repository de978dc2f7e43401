"""What people read of a verification: grades, differences, their causes, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from connectors.language import _, mark, number, plural
from migrate.verify.findings import Cause, Finding, Kind
from migrate.verify.grade import Grade, Note, Weight, Why, weigh
from migrate.verify.sampling import Sample

_GRADES = {
    Grade.PERFECT: mark("Perfect"),
    Grade.GOOD: mark("Good"),
    Grade.INVESTIGATE: mark("Investigate"),
    Grade.POOR: mark("Poor"),
}

_MEANINGS = {
    Grade.PERFECT: mark("Every message is there, in its folder, with its bytes, its date and its flags."),
    Grade.GOOD: mark("Every message is accounted for. What is absent or different has an explanation, or is slight."),
    Grade.INVESTIGATE: mark("Some messages are not settled, or differ without an explanation. Look at the list."),
    Grade.POOR: mark("Messages are missing or changed, and nothing explains it. Look at the list before going on."),
}

_KINDS = {
    Kind.MISSING: mark("missing"),
    Kind.ALTERED: mark("altered"),
    Kind.REPAIRED: mark("repaired"),
    Kind.DATE: mark("wrong date"),
    Kind.FLAGS: mark("wrong flags"),
    Kind.FOLDER: mark("wrong folder"),
    Kind.EXTRA: mark("there twice"),
    Kind.UNREAD: mark("unreadable"),
    Kind.NO_FOLDER: mark("no folder"),
}

_CAUSES = {
    Cause.REFUSED: mark("not copied: {reason}"),
    Cause.MERGED: mark("the target kept one of two equal ones"),
    Cause.PENDING: mark("still to be copied"),
    Cause.NEW: mark("arrived after the last copy"),
    Cause.UNCERTAIN: mark("sent, and it is not known whether it arrived"),
    Cause.MOVED_ON_SOURCE: mark("moved on the source after it was copied"),
    Cause.MOVED_ON_TARGET: mark("moved on the target after it was copied"),
    Cause.LEFT_SOURCE: mark("the copy of a message that is no longer on the source"),
    Cause.IN_ANOTHER_SOURCE: mark("another source brought the same message"),
    Cause.DUAL_DELIVERED: mark("dual delivery brought it, and its person moved, changed or deleted it"),
    Cause.THERE_BEFORE: mark("was on the target before the copy"),
    Cause.CHANGED_ON_SOURCE: mark("changed on the source since the last copy"),
    Cause.CHANGED_ON_TARGET: mark("changed on the target since it was copied"),
    Cause.REPAIRED: mark("repaired by the rule {rules} before it was sent; its original is kept"),
    Cause.ALTERED_BY_TARGET: mark("changed by the target itself, which the rule {rules} prevents from then on"),
    Cause.NOT_KEPT: mark("the target does not keep this flag"),
    Cause.REMOVED: mark("copied, and gone from the new mailbox since its person works there"),
}


def grade_word(grade: Grade) -> str:
    return _(_GRADES[grade])


def grade_meaning(grade: Grade) -> str:
    return _(_MEANINGS[grade])


def kind_word(kind: Kind) -> str:
    return _(_KINDS[kind])


def cause_words(finding: Finding) -> str:
    """Why, in a few words."""
    if finding.cause is None:
        return _("no explanation")
    return _(_CAUSES[finding.cause]).format(reason=finding.reason or "", rules=", ".join(finding.rules))


def why_sentence(why: Why) -> str:
    """One figure behind a grade."""
    match why.what:
        case Note.FIELDS_ADDED:
            return plural(
                "{n} message is the same but for header fields that a server added.",
                "{n} messages are the same but for header fields that a server added.",
                why.count,
            )
        case Note.REBUILT:
            return plural(
                "{n} message of an archive is there as another source brought it: the same header and attachments.",
                "{n} messages of an archive are there as another source brought them: the same headers and"
                " attachments.",
                why.count,
            )
        case Note.SENDERS_DATE:
            return plural(
                "{n} message shows the date that its sender wrote: the target knows no other.",
                "{n} messages show the date that their sender wrote: the target knows no other.",
                why.count,
            )
        case Note.RENAMED:
            return plural(
                "{n} folder has another name on the target, which could not hold its own.",
                "{n} folders have other names on the target, which could not hold their own.",
                why.count,
            )
        case Kind.NO_FOLDER:
            return plural(
                "{n} empty folder is not on the target.", "{n} empty folders are not on the target.", why.count
            )
        case kind:
            count = plural("{n} message", "{n} messages", why.count)
            sentence = _("{messages}: {what}, {explained}.").format(
                messages=count, what=kind_word(kind), explained=_weight_words(why.weight)
            )
            if not why.borne:
                return sentence
            return sentence + " " + _("Up to {n} would be borne in this mailbox.").format(n=why.borne)


def _weight_words(weight: Weight) -> str:
    if weight is Weight.EXPLAINED:
        return _("with an explanation")
    return _("not settled yet") if weight is Weight.OPEN else _("without an explanation")


def method_sentence(sample: Sample | None) -> str:
    """How it was verified."""
    if sample is None:
        return _("Every message was read on both servers and compared byte by byte.")
    return plural(
        "All messages were compared by folder, number, size, date and flags, and {n} of each mailbox byte by byte.",
        "All messages were compared by folder, number, size, date and flags, and {n} of each mailbox byte by byte.",
        sample.messages,
    ) + " " + _("Drawn with the seed {seed}.").format(seed=sample.seed)  # fmt: skip


def folder_words(path: Sequence[str] | None) -> str:
    return "/".join(path or ())


def date_words(second: int | None, zone: tzinfo) -> str:
    return "" if second is None else datetime.fromtimestamp(second, zone).strftime("%Y-%m-%d %H:%M:%S")


def difference_words(finding: Finding, zone: tzinfo) -> str:
    """What the target has instead."""
    source, target = finding.source, finding.target
    if source is None or target is None:
        return ""
    match finding.kind:
        case Kind.DATE:
            return _("on the target {date}").format(date=date_words(target.second, zone))
        case Kind.FOLDER:
            return _("on the target in {folder}").format(folder=folder_words(target.folder))
        case Kind.ALTERED:
            return _("on the target {size} bytes, key {key}").format(size=number(target.size or 0), key=target.key)
        case Kind.FLAGS:
            signs = [f"-{flag}" for flag in sorted(finding.lacks)] + [f"+{flag}" for flag in sorted(finding.has_more)]
            return _("on the target {flags}").format(flags=" ".join(signs))
        case Kind.UNREAD:
            side = _("source") if source.unread else _("target")
            return _("by the {side}: {reason}").format(side=side, reason=source.unread or target.unread or "")
        case _:
            return ""


def next_steps(site: str, findings: Iterable[Finding], unverified: int, sample: Sample | None) -> list[str]:
    """What to do now, most urgent first."""
    found = list(findings)
    weights = {weigh(finding) for finding in found}
    lost = {finding.kind for finding in found if weigh(finding) is Weight.LOST}
    causes = {finding.cause for finding in found}
    steps = []
    if unverified:
        steps.append(_("Some mailboxes could not be verified. Put right what is said there, and verify them again."))
    if Kind.MISSING in lost:
        steps.append(
            _(
                "Find out who or what removed the missing messages: people who work in the new mailbox already, a rule"
                " or a retention policy of the target. Keep the source until it is known."
            )
        )
    if Cause.REMOVED in causes:
        steps.append(
            _(
                "Ask the people whose copied messages are gone whether they deleted them. If nobody did, find out what"
                " does: a rule or a retention policy of the target. The source still has them: keep it until then."
            )
        )
    if Kind.ALTERED in lost:
        steps.append(
            _(
                "Compare an altered message on both servers: a virus scanner, a disclaimer or a gateway may change"
                " what it stores."
            )
        )
    if causes & {Cause.PENDING, Cause.NEW, Cause.CHANGED_ON_SOURCE, Cause.MOVED_ON_SOURCE} or any(
        f.kind is Kind.NO_FOLDER for f in found
    ):
        steps.append(_("Run bascule copy {site}: it brings what is still to be brought.").format(site=site))
    if causes & {Cause.REFUSED, Cause.UNCERTAIN}:
        steps.append(_("For what was not copied, look up the reason code in the documentation: it says what to do."))
    if Weight.DIFFERENT in weights or Weight.FLAGS in weights:
        steps.append(
            _("Look at some of the messages that differ on both servers, and ask the person whether it was them.")
        )
    if any(finding.kind is Kind.UNREAD for finding in found):
        steps.append(_("Ask the administrator of the server why it does not hand out a message that it lists."))
    if not steps and sample is not None:
        steps.append(_("Before the source is switched off, verify once without a sample."))
    return steps or [_("Nothing needs to be done. Keep the report with the papers of the site.")]

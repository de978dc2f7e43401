"""What a survey means: what stands in the way of a copy, what needs a look, what is worth knowing.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.contract import ConnectorError
from connectors.language import _, labelled, number, plural
from connectors.reasons import Reason
from migrate.check.mapping import Mapped, Path
from migrate.check.survey import Survey
from migrate.engine.site import Standing
from migrate.figures import path_text, size_text
from plans import SecretError

#: Systems count a message a little differently: who follows the advice shall not meet it again.
_MARGIN = 1.05

Kind = Literal["problem", "attention", "note"]
#: The worst first.
KINDS: Sequence[Kind] = ("problem", "attention", "note")
Code = Literal[
    "precondition",
    "source-sign-in",
    "target-sign-in",
    "folder-unreadable",
    "quota-short",
    "too-large",
    "folders-meet",
    "folders-merge",
    "name-changed",
    "name-doubtful",
    "left-out",
    "shared-left-out",
    "target-not-empty",
    "empty",
    "not-finished",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """``problem``: the copy would fail; ``attention``: not all would arrive as it was; ``note``: worth knowing."""

    kind: Kind
    code: Code
    text: str
    #: Empty where there is nothing to do, or the error itself says it.
    to_do: str = ""
    error: ConnectorError | SecretError | None = None


def judge(survey: Survey, copied: int = 0, copied_size: int = 0) -> list[Finding]:
    """The findings of one mailbox, the worst first.  ``copied``: messages that we brought to the target already."""
    found = [
        *(finding_of(one) for one in survey.standing if one.found.of == "mailbox" and one.found.met is not True),
        *_sides(survey),
        *_room(survey, copied, copied_size),
        *_folders(survey),
        *_shared(survey),
        *_messages(survey, copied),
    ]
    return sorted(found, key=lambda finding: KINDS.index(finding.kind))


def finding_of(standing: Standing) -> Finding:
    """A precondition that is not met, or of which it could not be found out."""
    kind: Kind = "problem" if standing.found.met is False else "attention"
    return Finding(kind, "precondition", labelled(standing.system, standing.found.what), standing.found.mend)


def of_systems(surveys: Sequence[Survey]) -> list[Standing]:
    """What is true of the systems themselves, each once, as it was told for the mailboxes."""
    found = {
        (one.system, one.side, one.found.code, one.found.what): one
        for survey in surveys
        for one in survey.standing
        if one.found.of == "system"
    }
    return list(found.values())


def _sides(survey: Survey) -> Iterator[Finding]:
    # What stands in the way of a session was told with what mends it; the refusal that follows from it says less.
    if survey.source_error is not None and not survey.unmet("source"):
        yield Finding("problem", "source-sign-in", _("the source cannot be read"), error=survey.source_error)
    if survey.target_error is not None and not survey.unmet("target"):
        yield Finding("problem", "target-sign-in", _("the target cannot be signed in to"), error=survey.target_error)
    if survey.interrupted:
        yield Finding("attention", "not-finished", _("interrupted before all folders were listed"), _("Check again."))
    for facts in survey.folders:
        if facts.error is not None:
            text = _("{folder} cannot be listed").format(folder=_name(facts.mapped.folder.path))
            to_do = _("Ask the source's administrator to repair it, or leave it out with exclude.")
            yield Finding("attention", "folder-unreadable", text, to_do, facts.error)


def _room(survey: Survey, copied: int, copied_size: int) -> Iterator[Finding]:
    quota = survey.quota
    if quota is None:
        return
    needed = max(survey.travelling_size - copied_size, 0)
    if quota.limit is not None:
        free = max(quota.limit - (quota.used or 0), 0)
        if needed > free:
            text = _("the target has {free} free, and {needed} are to come").format(
                free=size_text(free), needed=size_text(needed)
            )
            to_do = _("Give the mailbox at least {more} more on the target, or leave out more of it.").format(
                more=size_text((needed - free) * _MARGIN)
            )
            yield Finding("problem", "quota-short", text, to_do)
    if quota.messages_limit is not None:
        free = max(quota.messages_limit - (quota.messages_used or 0), 0)
        needed = max(survey.travelling - copied, 0)
        if needed > free:
            text = _("the target has room for {free} more messages, and {needed} are to come").format(
                free=number(free), needed=number(needed)
            )
            yield Finding("problem", "quota-short", text, _("Raise the number of messages that the target allows."))


def _folders(survey: Survey) -> Iterator[Finding]:
    placed = [facts.mapped for facts in survey.folders if facts.mapped.to is not None]
    sharing = Counter(one.to for one in placed)
    for one in placed:
        source, to = _name(one.folder.path), _name(one.to or ())
        if one.collides_with is not None:
            text = _("{folder} and {other} would both be {wanted} on the target; {folder} becomes {to}").format(
                folder=source, other=_name(one.collides_with), wanted=_name(one.wanted or ()), to=to
            )
            yield Finding("attention", "folders-meet", text, _use(one.line))
        elif one.merged and sharing[one.to] > 1:
            text = _("{folder} goes into {to} together with others, as the plan says").format(folder=source, to=to)
            yield Finding("note", "folders-merge", text)
    lines = {one.wanted: one.line for one in placed}
    meeting = {one.wanted for one in placed if one.collides_with is not None}
    names = [spelling for one in placed if one.role is None for spelling in _spellings(one, meeting)]
    for wanted, to_path in dict.fromkeys(names):
        if wanted[-1] != to_path[-1]:
            text = _("the target cannot hold the name {wanted}; it becomes {to}").format(
                wanted=_name(wanted), to=_name(to_path)
            )
            yield Finding("attention", "name-changed", text, _use(lines.get(wanted)))

    for to in dict.fromkeys(_name(one.to or ()) for one in placed if one.doubtful):
        text = _("the name {to} may be too much for the target, which shows only when the folder is made").format(to=to)
        to_do = _("Nothing: if the target refuses it, _ is written for what it does not take. Or use map.")
        yield Finding("note", "name-doubtful", text, to_do)


def _shared(survey: Survey) -> Iterator[Finding]:
    if survey.shared:
        text = plural("{n} shared folder is left out", "{n} shared folders are left out", len(survey.shared))
        text = _("{text} ({folder}, for one)").format(text=text, folder=_name(survey.shared[0]))
        yield Finding("note", "shared-left-out", text, shared_to_do())


def shared_to_do() -> str:
    """How a plan asks for shared folders."""
    return _("Nothing if that is wanted; else set shared_folders: true for the source's system.")


def _spellings(one: Mapped, meeting: Collection[Path | None]) -> Iterator[tuple[Path, Path]]:
    """A folder and those it lies in, as wanted and as the target has them: each of them is told once for all below."""
    wanted, to = one.wanted or (), one.to or ()
    if len(wanted) != len(to):
        if one.collides_with is None:
            yield wanted, to
        return
    for depth in range(1, len(to) + 1):
        if wanted[:depth] not in meeting:
            yield wanted[:depth], to[:depth]


def _use(line: str | None) -> str:
    if line is None:
        return _("If that is not wanted, give the folder another name with map in the site's plan.")
    text = _("If another name is wanted, put this under folders in the site's plan, and change the name on the right:")
    return f"{text} {line}"


def _messages(survey: Survey, copied: int) -> Iterator[Finding]:
    limits = [facts.max_message for facts in survey.folders if facts.too_large and facts.max_message is not None]
    if limits:
        count = plural("{n} message is", "{n} messages are", sum(facts.too_large for facts in survey.folders))
        # Where folders differ, each of them is over the lowest.
        text = _("{messages} over the {limit} that the target takes").format(
            messages=count, limit=size_text(min(limits))
        )
        to_do = _(
            "Ask for a higher limit on the target; the copy keeps each as a file, and bascule not-copied names it."
        )
        yield Finding("attention", "too-large", text, to_do)
    left_out: Counter[Reason] = Counter()
    for facts in survey.folders:
        left_out.update(facts.left_out)
    rules = {
        Reason.RULE_FOLDER: _("by folder"),
        Reason.RULE_PRIVATE: _("as private"),
        Reason.PRIVATE_UNDECIDED: _("as private, until you decide"),
        Reason.RULE_DATE: _("by date"),
        Reason.RULE_SIZE: _("by size"),
        Reason.NOT_MAIL: _("as no mail: calendars and contacts are handed over as files"),
    }
    for reason, messages in left_out.items():
        if messages:
            count = plural("{n} message is left out", "{n} messages are left out", messages)
            yield Finding("note", "left-out", f"{count} {rules.get(reason, reason.value)}")
    if survey.on_target is not None and survey.on_target > copied:
        count = plural("{n} message", "{n} messages", survey.on_target)
        text = _("the target holds {messages} already; what is the same is not sent again").format(messages=count)
        yield Finding("note", "target-not-empty", text)
    if survey.source_error is None and not survey.messages and not survey.interrupted:
        to_do = _("Make sure that this is the right mailbox: look at source_user in the people file.")
        yield Finding("attention", "empty", _("the source mailbox is empty"), to_do)


def _name(path: tuple[str, ...]) -> str:
    return f'"{path_text(path)}"'

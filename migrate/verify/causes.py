"""Why a message is not on the target as it is on the source, going by what the ledger says of it.  Pure.

The ledger only explains: nothing here makes a missing message present.  In particular a message that the ledger calls
stored, and that is not there, stays missing without an explanation; once its person works in the new mailbox they may
have deleted it, which nobody but them can say.
"""

from __future__ import annotations

from collections.abc import Collection

from connectors.contract import Reason
from migrate.ledger.fates import Fate
from migrate.ledger.schema import ON_TARGET, Outcome
from migrate.verify.findings import Cause, Finding, Kind

_OF_OUTCOME = {
    Outcome.REFUSED: Cause.REFUSED,
    Outcome.PENDING: Cause.PENDING,
    # A rule left it out in the last pass, and does so no longer.
    Outcome.LEFT_OUT: Cause.PENDING,
    Outcome.UNCERTAIN: Cause.UNCERTAIN,
    Outcome.MERGED: Cause.MERGED,
}
#: In these the copy that dual delivery brought may differ: it came by another road, and is its person's.
_AS_DELIVERED = frozenset({Kind.ALTERED, Kind.FOLDER, Kind.DATE, Kind.FLAGS})


def cause_of(
    finding: Finding,
    fate: Fate | None,
    seen_until: float | None,
    *,
    is_our_copy: bool = False,
    went_live: bool = False,
) -> tuple[Cause | None, Reason | None]:
    """The cause of a finding about a message of the source, and the reason where it was refused.

    ``fate`` None: the ledger does not know the message.  ``seen_until``: what came to its folder later (seconds since
    1970) cannot have been seen by any pass; None when there was none.  ``is_our_copy``: the ledger knows the message on
    the target for a copy of ours.  ``went_live``: its person works on the target.
    """
    if fate is None:
        return _of_unknown(finding, seen_until, is_our_copy), None
    if fate.reason is Reason.IN_ANOTHER_SOURCE and finding.kind in (Kind.FOLDER, Kind.DATE, Kind.FLAGS):
        return Cause.IN_ANOTHER_SOURCE, None
    if fate.reason is Reason.DUAL_DELIVERED and (finding.kind in _AS_DELIVERED or fate.was_deleted):
        return Cause.DUAL_DELIVERED, None
    match finding.kind:
        case Kind.MISSING:
            cause = _OF_OUTCOME.get(fate.outcome, Cause.REMOVED if went_live else None)
        case Kind.ALTERED | Kind.UNREAD:
            # What is there is not our copy, or there would be no copy to look at.
            cause = _OF_OUTCOME.get(fate.outcome) if fate.outcome is not Outcome.MERGED else None
        case Kind.FOLDER:
            cause = _of_place(finding, fate)
        case Kind.DATE:
            cause = Cause.THERE_BEFORE if _was_there_before(fate) else None
        case Kind.FLAGS:
            cause = _of_flags(finding, fate)
        case _:
            cause = None
    return cause, fate.reason if cause is Cause.REFUSED else None


def _of_unknown(finding: Finding, seen_until: float | None, is_our_copy: bool) -> Cause | None:
    """Of a message that no pass has seen under its present key."""
    if finding.kind is Kind.FOLDER and is_our_copy:
        return Cause.MOVED_ON_SOURCE
    source = finding.source
    if finding.kind is not Kind.MISSING or source is None or source.second is None or seen_until is None:
        return None
    return Cause.NEW if source.second > seen_until else None


def _was_there_before(fate: Fate) -> bool:
    return fate.outcome is Outcome.ALREADY_THERE and fate.reason is Reason.ADOPTED


def _of_place(finding: Finding, fate: Fate) -> Cause | None:
    if fate.outcome not in ON_TARGET:
        return _OF_OUTCOME.get(fate.outcome)
    if fate.reason is Reason.MOVED_ON_SOURCE:
        return Cause.MOVED_ON_SOURCE
    if finding.expected_in is not None and fate.is_placed_in(finding.expected_in):
        return Cause.MOVED_ON_TARGET
    return None


def _of_flags(finding: Finding, fate: Fate) -> Cause | None:
    """One cause that stands for all flags of the message; None as soon as one flag has none.

    A flag that we set and that is off again has none: somebody took it off, or the target lost it.
    """
    if fate.outcome not in ON_TARGET:
        return _OF_OUTCOME.get(fate.outcome)
    synced, ours = _folded(fate.flags_synced), _folded(fate.flags_ours)
    theirs = _folded(fate.flags_theirs)
    before = _was_there_before(fate)
    causes: list[Cause | None] = []
    for flag in _folded(finding.lacks):
        if flag in ours or flag in theirs:
            causes.append(None)
        elif flag not in synced:
            causes.append(Cause.CHANGED_ON_SOURCE)
        else:
            causes.append(Cause.THERE_BEFORE if before else Cause.NOT_KEPT)
    for flag in _folded(finding.has_more):
        if flag in theirs:
            causes.append(Cause.THERE_BEFORE)
        elif flag in synced:
            causes.append(Cause.CHANGED_ON_SOURCE)
        else:
            causes.append(None if flag in ours else Cause.CHANGED_ON_TARGET)
    return None if None in causes else next(iter(causes), None)


def _folded(flags: Collection[str]) -> frozenset[str]:
    return frozenset(flag.casefold() for flag in flags)

"""The report for a customer's management, from what documents are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from connectors.language import _, in_language
from migrate.documents.company import in_order
from migrate.documents.gathering import ORGANISATION, Gathered, Language
from migrate.documents.mail import not_there
from migrate.documents.risks import risks
from migrate.rollout.hours import account, hours_text
from migrate.rollout.phases import order_of, phase_text
from migrate.verify.grade import Grade
from migrate.verify.words import grade_word
from plans import Organisation
from runbooks.document_facts import DocumentFacts
from runbooks.facts import Copied, DomainFacts, Seen, SiteFacts
from runbooks.mail_facts import NotCopied, ReasonCount
from runbooks.report_facts import Ahead, DomainRow, HoursUsed, Moved, ReportFacts, SiteRow, SupportText

_SWITCHED = ("delta", "verify", "acceptance", "hypercare", "done")
#: Days that are listed; the sites' own are in their table anyway.
_AHEAD = 8


def report_facts(gathered: Gathered, language: Language) -> ReportFacts:
    """Of the whole organisation, as of the moment that was gathered."""
    shared = gathered.facts(ORGANISATION, language)
    with in_language(language):
        return _put_together(gathered, shared)


def _put_together(gathered: Gathered, shared: DocumentFacts) -> ReportFacts:
    rollout, today = shared.rollout, shared.about.today
    by_name = {one.name: one for one in rollout.sites}
    ordered = [by_name[one.name] for one in in_order(gathered.organisation)]
    uses = [one for one in gathered.world.history.hours if one.taken_back is None]
    missed = list(_missed(gathered))
    return ReportFacts(
        about=shared.about,
        organisation=shared.organisation,
        rollout=rollout,
        sites=tuple(_site(one) for one in ordered),
        domains=tuple(_domain(one) for one in rollout.domains),
        moved=_moved(ordered, missed),
        not_there=_reasons(missed),
        support=_support(gathered),
        hours=tuple(
            HoursUsed(
                day=one.day, minutes=one.counted, text=hours_text(one.counted), site=one.site, what=one.what, by=one.by
            )
            for one in uses
        ),
        ahead=tuple(sorted(_ahead(gathered.organisation, shared, today), key=lambda one: one.day)[:_AHEAD]),
        risks=risks(rollout, shared.organisation, today),
        switched=sum(one.people for one in ordered if one.phase in _SWITCHED),
        done=sum(one.phase == "done" for one in ordered),
    )


def _site(one: SiteFacts) -> SiteRow:
    copied = one.copied.value if isinstance(one.copied, Seen) else None
    grade = one.verified.value.grade if isinstance(one.verified, Seen) else None
    order = order_of("site")
    return SiteRow(
        name=one.name,
        wave=one.wave,
        people=one.people,
        phase=one.phase,
        phase_title=phase_text(one.phase),
        step=order.index(one.phase) + 1,
        steps=len(order),
        switch=one.switch,
        copied=None if copied is None else copied.rate,
        grade=grade,
        grade_title="" if grade is None else grade_word(Grade(grade)),
    )


def _domain(one: DomainFacts) -> DomainRow:
    return DomainRow(
        name=one.name,
        phase=one.phase,
        phase_title=phase_text(one.phase),
        sites=tuple(site.name for site in one.sites),
    )


def _missed(gathered: Gathered) -> Iterator[NotCopied]:
    with gathered.ledger.read() as connection:
        for site in gathered.organisation.sites.values():
            found = not_there(site, connection, gathered.words.reason)
            if isinstance(found, Seen):
                yield found.value


def _moved(sites: Sequence[SiteFacts], missed: Sequence[NotCopied]) -> Moved:
    copied: list[Copied] = [one.copied.value for one in sites if isinstance(one.copied, Seen)]
    seen, there = sum(one.seen for one in copied), sum(one.there for one in copied)
    left_out, still = sum(one.left_out for one in copied), sum(one.open for one in copied)
    return Moved(seen=seen, there=there, left_out=left_out, refused=sum(one.refused for one in missed), open=still)


def _reasons(missed: Sequence[NotCopied]) -> tuple[ReasonCount, ...]:
    counted: Counter[str] = Counter()
    known: dict[str, ReasonCount] = {}
    for one in missed:
        for reason in one.reasons:
            counted[reason.code] += reason.count
            known[reason.code] = reason
    ordered = sorted(counted.items(), key=lambda one: (known[one[0]].left_out, -one[1], one[0]))
    return tuple(known[code].model_copy(update={"count": count}) for code, count in ordered)


def _support(gathered: Gathered) -> SupportText | None:
    support = gathered.organisation.support
    if support is None:
        return None
    told = account(support, gathered.world.history.hours)
    return SupportText(
        bought=hours_text(told.bought), used=hours_text(told.used), left=hours_text(told.left), until=told.until
    )


def _ahead(organisation: Organisation, shared: DocumentFacts, today: date) -> Iterator[Ahead]:
    for site in organisation.sites.values():
        if site.switch is not None and site.switch >= today:
            yield Ahead(day=site.switch, what=_("switch of {site}").format(site=site.name))
    for licence in shared.organisation.licences:
        if licence.missing and licence.order_by is not None:
            what = _("last day to order {n} × {name}").format(n=licence.missing, name=licence.name)
            yield Ahead(day=max(licence.order_by, today), what=what)
        if licence.renews is not None and licence.renews >= today:
            yield Ahead(day=licence.renews, what=_("{name} licences renew").format(name=licence.name))
    support = organisation.support
    if support is not None and support.until is not None and support.until >= today:
        yield Ahead(day=support.until, what=_("last day of the support"))

"""Fixed facts for golden files: the example organisation in the middle of its move, every kind of fact known.

What the plan says is gathered as the commands do; what only a server could tell is put in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.language import in_language
from migrate.documents.course import phases_of
from migrate.documents.gathering import ORGANISATION, Subject
from migrate.documents.scope import Known, scope_of
from migrate.rollout.history import Course
from migrate.rollout.steps import next_step
from runbooks.catalogue import DOCUMENTS, Kind
from runbooks.document_facts import (
    Change,
    DocumentFacts,
    DomainDocumentFacts,
    Happened,
    PersonDocumentFacts,
    Signature,
    SiteDocumentFacts,
)
from runbooks.facts import (
    Confirmation,
    Copied,
    DomainFacts,
    Incident,
    Lesson,
    Records,
    Seen,
    Share,
    SiteFacts,
    TimeToLive,
    Unknown,
)
from runbooks.mail_facts import Estimate, Inventory, MailboxLoad, Missed, NotCopied, ReasonCount, Rehearsal
from runbooks.route_facts import (
    Delivery,
    DnsAnswer,
    DnsNow,
    DnsStep,
    DnsSteps,
    ProbeCell,
    ProbeMatrix,
    Recipe,
    RecipeFile,
    RecipeStep,
)
from tests.unit.documents.meridional import EXAMPLE, NOW, gathered

Language = Literal["fr", "en"]
_ZONE = ZoneInfo("Europe/Paris")
_NOW = NOW.astimezone(_ZONE)
_DAY = _NOW - timedelta(days=1)
_OLD_MX = "meridional.example. 86400 IN MX 10 mx.old.example."
_NEW_MX = "meridional.example. 300 IN MX 1 smtp.google.com."
#: Sizes by address: messages and bytes.
_LOADS: Mapping[str, tuple[int, int]] = {
    "claire.m@meridional.example": (18_204, 9_300_000_000),
    "jean.p@meridional.example": (41_870, 25_300_000_000),
    "lea.t@meridional.example": (7_312, 1_900_000_000),
    "marc.b@meridional.example": (912, 210_000_000),
    "accueil.lyon@meridional.example": (30_115, 4_100_000_000),
}


def every_document(language: Language) -> dict[Kind, DocumentFacts]:
    """The facts of each document of the catalogue."""
    with TemporaryDirectory(prefix="bascule-") as state, gathered(EXAMPLE, Path(state)) as found:
        site = _site(found.facts(Subject("site", "lyon"), language), language)
        told = {name: getattr(site, name) for name in SiteDocumentFacts.model_fields}
        every: dict[str, DocumentFacts] = {
            "organisation": found.facts(ORGANISATION, language),
            "domain": _domain(found.facts(Subject("domain", "meridional.example"), language), language),
            "site": site,
            "person": PersonDocumentFacts(**told, person=site.plan.people[1]),
        }
        return {kind: _of(kind, every[kind.of], language) for kind in DOCUMENTS.values()}


def _of(kind: Kind, facts: DocumentFacts, language: Language) -> DocumentFacts:
    about: dict[str, Any] = {"code": kind.code, "title": kind.titles[language]}
    if kind.for_signature:
        signed = Signature(by="Claire M.", at=_DAY, digest="3fa2" * 16, version=1)
        about |= {"signed": signed, "changes": (_change(language),)}
    return facts.model_copy(update={"about": facts.about.model_copy(update=about)})


def _change(language: Language) -> Change:
    title = {"fr": "comptes", "en": "accounts"}[language]
    return Change(fact="site.accounts", title=title, was="3/5", now="5/5")


def _seen(value: Any, source: str) -> Any:
    return Seen[type(value)](value=value, at=_DAY, source=source)  # type: ignore[misc]


def _share(done: int, of: int, *missing: str, source: str) -> Any:
    return _seen(Share(done=done, of=of, missing=missing), source)


def _domain_facts(one: DomainFacts) -> DomainFacts:
    ttl = TimeToLive(old=86400, now=300, lowered_at=datetime(2027, 1, 17, 9, 0, tzinfo=_ZONE))
    return one.model_copy(
        update={
            "phase": "ttl-lowered",
            "records": _seen(Records(lines=(_OLD_MX,)), "bascule dns records meridional.example"),
            "ttl": _seen(ttl, "bascule dns check"),
            "senders": _share(2, 2, source="bascule dns check meridional.example --expect google"),
        }
    )


def _domain(facts: Any, language: Language) -> DomainDocumentFacts:
    assert isinstance(facts, DomainDocumentFacts)
    domain = _domain_facts(facts.domain)
    with in_language(language):
        return facts.model_copy(
            update={
                "domain": domain,
                "dns": _dns(facts.dns, domain),
                "phases": phases_of(domain, Course("domain", domain.name, domain.phase)),
                "next": next_step(domain),
                "events": _events(),
            }
        )


def _dns(facts: Any, domain: DomainFacts) -> Any:
    now = DnsNow(
        answers=(
            DnsAnswer(name="meridional.example", type="MX", values=("10 mx.old.example.",), ttl=300),
            DnsAnswer(
                name="meridional.example", type="TXT", values=("v=spf1 mx include:_spf.google.com ~all",), ttl=3600
            ),
        ),
        serial=2027011801,
        disagreeing=(),
    )
    steps = DnsSteps(
        expected="Google Workspace",
        steps=(
            DnsStep(when="before", wait=0, remove=(_OLD_MX,), enter=(_OLD_MX.replace("86400", "300"),)),
            DnsStep(when="cutover", wait=86400, remove=(_OLD_MX.replace("86400", "300"),), enter=(_NEW_MX,)),
            DnsStep(when="after", wait=172800, remove=(_NEW_MX,), enter=(_NEW_MX.replace("300", "3600"),)),
            DnsStep(when="back", wait=0, remove=(_NEW_MX,), enter=(_OLD_MX,)),
        ),
    )
    return facts.model_copy(
        update={
            "now": _seen(now, "bascule dns check"),
            "target": _seen(steps, "bascule dns records meridional.example --expect google"),
            "ttl": domain.ttl,
            "earliest_cutover": datetime(2027, 1, 18, 10, 0, tzinfo=_ZONE).astimezone(_ZONE),
        }
    )


def _site_facts(one: SiteFacts) -> SiteFacts:
    copied = Copied(
        seen=98_413, there=98_391, explained=20, left_out=6, open=2,
        mailboxes=Share(done=4, of=5, missing=("jean.p@meridional.example",)),
    )  # fmt: skip
    return one.model_copy(
        update={
            "phase": "dual-delivery",
            "since": datetime(2027, 1, 18, 7, 0, tzinfo=_ZONE),
            "sign_in": _share(5, 5, source="bascule check lyon"),
            "accounts": _share(5, 5, source="bascule accounts diff lyon"),
            "licences": _share(5, 5, source="bascule licences order lyon"),
            "backup": _share(5, 5, source="bascule backup lyon"),
            "copied": _seen(copied, "ledger"),
            "space": _share(5, 5, source="bascule check lyon"),
            "dual": _share(5, 5, source="ledger"),
            "archives": _share(1, 2, "jean.p@meridional.example", source="bascule archive coverage lyon"),
            "probes": _share(29, 30, "outside>group:tous@meridional.example", source="bascule delivery probe lyon"),
            "routes": _share(5, 5, source="bascule delivery probe lyon"),
            "senders": _share(2, 2, source="bascule dns check meridional.example --expect google"),
            "verified": Unknown(how="bascule verify lyon"),
            "confirmed": {"scope": Confirmation(by="Claire M.", at=_DAY, note="", evidence=None)},
            "incidents": (
                Incident(
                    number=2,
                    subject="lyon",
                    severity="P2",
                    what="Le copieur n’envoie plus de courrier",
                    by="Claire M.",
                    at=_DAY,
                ),
            ),
            "lessons": (
                Lesson(step="at-work", text="Sur iPhone, ôter l’ancien compte d’abord", by="Karim B.", at=_DAY),
            ),
        }
    )


def _site(facts: Any, language: Language) -> SiteDocumentFacts:
    assert isinstance(facts, SiteDocumentFacts)
    site = _site_facts(facts.site)
    assert isinstance(facts.domain, DomainFacts)
    domain = _domain_facts(facts.domain)
    people = tuple(_loaded(one) for one in facts.plan.people)
    plan = facts.plan.model_copy(update={"people": people})
    inventory, rehearsal = _inventory(), _rehearsal(language)
    with in_language(language):
        return facts.model_copy(
            update={
                "site": site,
                "plan": plan,
                "inventory": inventory,
                "not_copied": _not_copied(language),
                "estimate": _estimate(),
                "rehearsal": rehearsal,
                "scope": scope_of(Known(plan, inventory, rehearsal)),
                "domain": domain,
                "dns": _dns(facts.dns, domain),
                "delivery": _delivery(language),
                "phases": phases_of(site, Course("site", "lyon", site.phase)),
                "domain_phases": phases_of(domain, Course("domain", domain.name, domain.phase)),
                "next": next_step(site),
                "events": _events(),
            }
        )


def _loaded(person: Any) -> Any:
    messages, size = _LOADS[person.address]
    told = {"messages": messages, "size": size, "seen": messages, "there": messages - 4, "explained": 4}
    return person.model_copy(update=told | {"last_pass": _DAY})


def _inventory() -> Any:
    ordered = sorted(_LOADS.items(), key=lambda one: -one[1][1])
    told = Inventory(
        mailboxes=5,
        looked_at=5,
        shared=1,
        messages=sum(one[0] for one in _LOADS.values()),
        size=sum(one[1] for one in _LOADS.values()),
        largest=tuple(MailboxLoad(address=address, messages=one[0], size=one[1]) for address, one in ordered),
        longest_message=48_200_000,
    )
    return _seen(told, "bascule estimate lyon")


def _reasons(language: Language) -> tuple[ReasonCount, ...]:
    large = {"fr": "il dépasse la limite de la cible", "en": "it is over the target's limit"}[language]
    rule = {"fr": "une règle du plan l’écarte", "en": "a rule of the plan leaves it out"}[language]
    return (
        ReasonCount(code="too-large", text=large, count=14, left_out=False),
        ReasonCount(code="rule-folder", text=rule, count=6, left_out=True),
    )


def _rehearsal(language: Language) -> Any:
    told = Rehearsal(
        mailboxes=5, judged=98_413, would_fail=14, reasons=_reasons(language)[:1], interrupted=False, sample=None,
        max_message=157_286_400,
    )  # fmt: skip
    return _seen(told, "bascule rehearse lyon")


def _not_copied(language: Language) -> Any:
    missed = Missed(
        address="jean.p@meridional.example", folder="Projets/Plans", size=162_000_000,
        received=datetime(2024, 3, 1, 14, 2, tzinfo=_ZONE), code="too-large", text=_reasons(language)[0].text,
    )  # fmt: skip
    told = NotCopied(
        reasons=_reasons(language), refused=14, left_out=6, open=2, too_large=14, messages=(missed,), more=13
    )
    return _seen(told, "ledger")


def _estimate() -> Any:
    told = Estimate(
        begin=_NOW, p50=_NOW + timedelta(days=3, hours=4), p90=_NOW + timedelta(days=6), passes=3, documented="",
        messages_per_second=3.8, bytes_per_second=210_000, slow_messages_per_second=1.9,
        slow_bytes_per_second=96_000, messages=41_870, size=25_300_000_000, unknown=0,
    )  # fmt: skip
    return _seen(told, "bascule estimate lyon")


def _delivery(language: Language) -> Delivery:
    words = {
        "fr": (
            "qui administre le serveur",
            "Rechargez Postfix",
            "aucune ligne d’erreur",
            "Rétablissez le fichier",
            "prouvé",
        ),
        "en": ("whoever runs the server", "Reload Postfix", "no line with an error", "Put the file back", "proved"),
    }[language]
    owner, what, see, otherwise, proved = words
    recipe = Recipe(
        server="postfix", title="Postfix", mode="dual", domain="meridional.example",
        technical="meridional.example.test-google-a.com",
        files=(RecipeFile(name="dual", text="jean.p@meridional.example jean.p@meridional.example, jean.p@meridional.example.test-google-a.com\n", goes_to="/etc/postfix/dual"),),  # noqa: E501 -- as it is in the file
        steps=(RecipeStep(moment="on", owner=owner, what=what, command="postmap /etc/postfix/dual && postfix reload", see=see, otherwise=otherwise),),  # noqa: E501
        pitfalls=(),
    )  # fmt: skip
    cells = tuple(
        ProbeCell(
            sender=sender, whom=whom, address=address, proof="proved", text=proved, good=True, latency=2.4
        )
        for sender in ("outside", "old", "new")
        for whom, address in (("moved", "jean.p@meridional.example"), ("group", "tous@meridional.example"))
    )  # fmt: skip
    late = cells[1].model_copy(update={"proof": "missing", "text": "MISSING", "good": False, "latency": None})
    matrix = ProbeMatrix(mode="dual", cells=(cells[0], late, *cells[2:]), proved=5, decided=True)
    return Delivery(
        recipe=_seen(recipe, "bascule delivery recipe lyon --server postfix"),
        probes=_seen(matrix, "bascule delivery probe lyon"),
    )


def _events() -> tuple[Happened, ...]:
    return (
        Happened(
            at=_DAY, event="advance", title="", by="Karim B.", from_phase="pre-copy", to_phase="dual-delivery",
            note="", evidence=None,
        ),
    )  # fmt: skip

"""Facts for pictures: a plain company, an enormous one with evil names, and one of which nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from runbooks.document_facts import PhaseFacts
from runbooks.facts import Copied, People, Seen, Share, SiteFacts, TimeToLive, Unknown
from runbooks.mail_facts import Inventory, MailboxLoad
from runbooks.output.document import Picture
from runbooks.pictures.bars import largest, progress, sizes
from runbooks.pictures.gantt import sites_calendar
from runbooks.pictures.probes import probe_matrix
from runbooks.pictures.track import days_track, dns_track
from runbooks.plan_facts import Company, Milestone, PersonFacts, SiteLine, Timeline
from runbooks.route_facts import DnsFacts, ProbeCell, ProbeMatrix

NOW = datetime(2027, 2, 5, 15, 40, tzinfo=UTC)
SWITCH = date(2027, 2, 9)
EVIL_NAMES = (
    "<script>alert(1)</script>",
    "W" * 300,
    "שלום עולם " * 20,
    "a\u202eb\x07",
    "漢字" * 60,
    "]]>&amp;",
    "=CMD()",
)
_NOTHING = Unknown(how="bascule check")


def site(name: str, wave: int | None, seen: int, there: int, people: int = 10) -> SiteFacts:
    copied = Copied(seen=seen, there=there, explained=0, left_out=0, open=seen - there, mailboxes=Share(done=1, of=1))
    unknown = dict.fromkeys(
        ("sign_in", "accounts", "licences", "backup", "cases", "space", "dual", "archives", "probes", "routes",
         "senders", "way_back", "delta", "verified"), _NOTHING,
    )  # fmt: skip
    return SiteFacts.model_validate(
        {
            "name": name, "at": NOW, "phase": "pre-copy", "since": None, "people": people, "wave": wave,
            "switch": SWITCH, "today": NOW.date(), "target": "google", "expect": "google", "domain": None,
            "mx_first": None, "domain_phase": None, "pilot": False,
            "whom": People(it=None, correspondent=None, support=None, support_hours=None),
            "copied": Seen(value=copied, at=NOW, source="ledger") if seen else _NOTHING, **unknown,
        }
    )  # fmt: skip


def person(address: str, size: int | None) -> PersonFacts:
    return PersonFacts(
        address=address, name=address, shared=False, target_user=address, aliases=(), groups=(), licence="",
        archives=(), gmail=False, uses=(), messages=None, size=size, seen=0, there=0, explained=0, open=0,
        grade=None, last_pass=None,
    )  # fmt: skip


def company(names: tuple[str, ...]) -> Company:
    lines = tuple(
        SiteLine(
            name=name, wave=number // 5, people=3, phase="assess", switch=SWITCH + timedelta(weeks=number),
            domain=None, source="old", target="new", correspondent=None,
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    return Company(
        name="Méridional", language="fr", time_zone="Europe/Paris", contacts=(), systems=(), targets=(), sites=lines,
        domains=(), licences=(), support=None, people=0,
    )  # fmt: skip


def timeline() -> Timeline:
    offsets = {"j-14": -14, "j-7": -7, "j-1": -1, "j": 0, "j+1": 1}
    days = {code: SWITCH + timedelta(days=offset) for code, offset in offsets.items()}
    stones = tuple(
        Milestone(code=one, offset=offsets[one], day=day, past=day < NOW.date()) for one, day in days.items()
    )
    return Timeline(switch=SWITCH, milestones=stones, days=days)


def dns(domain: str, *, lowered: bool) -> DnsFacts:
    at = NOW - timedelta(days=2) if lowered else None
    ttl = TimeToLive(old=86400, now=300 if lowered else 86400, lowered_at=at)
    return DnsFacts(
        domain=domain, zone_at=None, now=_NOTHING, target=_NOTHING, ttl=Seen(value=ttl, at=NOW, source="dns"),
        earliest_cutover=None if at is None else at + timedelta(days=1), command="bascule dns check",
    )  # fmt: skip


def phase(code: str, state: Literal["past", "now", "ahead"], entered: datetime | None) -> PhaseFacts:
    return PhaseFacts(code=code, title=code, state=state, entered=entered, begins=None, ends=None, gates=())


def matrix(address: str, each: int = 1) -> ProbeMatrix:
    cells = tuple(
        ProbeCell(
            sender=sender, whom=whom, address=address, proof="proved" if good else "missing",
            text="proved" if good else "no copy arrived", good=good, latency=None,
        )
        for sender in ("outside", "old", "new")
        for whom in ("moved", "not-moved", "group", "alias", "unknown")
        for good in [(sender, whom) != ("old", "group")] * each
    )  # fmt: skip
    return ProbeMatrix(mode="dual", cells=cells, proved=sum(one.good for one in cells), decided=True)


def plain_pictures() -> Mapping[str, Picture]:
    """Of two sites, five mailboxes and one domain."""
    boxes = tuple(MailboxLoad(address=f"p{n}@meridional.example", messages=n, size=n * 7 * 10**9) for n in (3, 2, 1))
    people = [person(f"p{n}@meridional.example", n * 7 * 10**9) for n in range(4)] + [person("x@y.example", None)]
    phases = [phase("cutover", "ahead", None), phase("settled", "ahead", None)]
    return _all(
        [site("paris", 1, 200_000, 199_990), site("lyon", 2, 5000, 1234), site("metz", 3, 0, 0)],
        company(("paris", "lyon")), people, boxes, dns("meridional.example", lowered=True), phases,
        matrix("anna@meridional.example"),
    )  # fmt: skip


def enormous_pictures() -> Mapping[str, Picture]:
    """Of 60 sites, each a wave, 2,000 mailboxes, and names that nobody should have."""
    names = tuple(f"{EVIL_NAMES[n % len(EVIL_NAMES)]}{n}" for n in range(60))
    boxes = tuple(MailboxLoad(address=one, messages=10**9, size=10**15) for one in names[:10])
    people = [person(f"{n}{EVIL_NAMES[n % len(EVIL_NAMES)]}", n * 10**8) for n in range(2000)]
    phases = [phase("cutover", "past", NOW), phase("settled", "now", NOW)]
    return _all(
        [site(name, n, 10**9 + 1, 10**9) for n, name in enumerate(names)], company(names), people, boxes,
        dns("x" * 300, lowered=False), phases, matrix("W" * 300, each=700),
    )  # fmt: skip


def _all(
    sites: list[SiteFacts],
    whole: Company,
    people: list[PersonFacts],
    boxes: tuple[MailboxLoad, ...],
    records: DnsFacts,
    phases: list[PhaseFacts],
    probes: ProbeMatrix,
) -> Mapping[str, Picture]:
    held = Inventory(
        mailboxes=len(people), looked_at=len(people), shared=0, messages=1, size=1, largest=boxes, longest_message=None
    )
    found = {
        "progress": progress(sites),
        "gantt": sites_calendar(whole),
        "sizes": sizes(people),
        "largest": largest(held),
        "probes": probe_matrix(probes),
        "dns": dns_track(records, phases, NOW),
        "days": days_track(timeline(), NOW.date()),
    }
    return {name: one for name, one in found.items() if one is not None}

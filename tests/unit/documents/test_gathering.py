"""What is gathered for documents: the plan's words, the ledger's figures, and what is not known said as such."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Reason
from migrate.documents.course import timeline
from migrate.documents.gathering import Subject
from migrate.documents.people import guide_for
from migrate.documents.scope import RULES, Known, scope_of
from migrate.ledger import mailboxes, pace
from migrate.ledger.pace import MailboxSize
from migrate.ledger.schema import Direction, MailboxState, Outcome, tally
from migrate.ledger.store import Ledger
from runbooks.document_facts import SiteDocumentFacts
from runbooks.facts import Seen, Unknown
from runbooks.plan_facts import SitePlan
from tests.unit.documents.any_facts import AnyFacts
from tests.unit.documents.meridional import EXAMPLE, NOW, a_copy, gathered

LYON = Subject("site", "lyon")


def _lyon(folder: Path, state: Path) -> SiteDocumentFacts:
    with gathered(folder, state) as found:
        facts = found.facts(LYON, "en")
    assert isinstance(facts, SiteDocumentFacts)
    return facts


def test_what_nobody_looked_at_is_unknown_and_says_how_to_find_out(tmp_path: Path) -> None:
    facts = _lyon(EXAMPLE, tmp_path)
    unknown = {name: getattr(facts, name).how for name in ("inventory", "not_copied", "estimate", "rehearsal")}
    assert unknown == {
        "inventory": "bascule estimate lyon",
        "not_copied": "bascule copy lyon",
        "estimate": "bascule estimate lyon",
        "rehearsal": "bascule rehearse lyon",
    }
    assert isinstance(facts.delivery.recipe, Unknown)
    assert isinstance(facts.delivery.probes, Unknown)
    # No figure stands in for what is not known.
    assert all(one.size is None for one in facts.plan.people)


def test_the_plan_is_told_in_full(tmp_path: Path) -> None:
    facts = _lyon(EXAMPLE, tmp_path)
    plan = facts.plan
    assert [(one.address, one.shared) for one in plan.people][-1] == ("accueil.lyon@meridional.example", True)
    assert {one.guide for one in plan.programs} == {
        "outlook-new", "outlook-classic", "android", "apple-mail", "webmail",
    }  # fmt: skip
    assert [one.name for one in plan.groups] == ["lyon@meridional.example", "tous@meridional.example"]
    assert (plan.source.incoming.host, plan.source.incoming.port) == ("mail.old.example", 993)  # type: ignore[union-attr]
    assert plan.target.webmail == "https://mail.google.com"
    assert plan.copy_rules.window == "19:00-07:00"
    (licence,) = facts.organisation.licences
    assert (licence.needed, licence.needed_here, licence.missing, licence.order_by) == (7, 4, 0, None)


@pytest.mark.parametrize(
    ("use", "guide"),
    [
        ("Outlook 2016 (POP)", "outlook-classic"),
        ("nouvel Outlook", "outlook-new"),
        ("Outlook sur iPhone", "ios"),
        ("Outlook Web", "webmail"),
        ("Mail sur MacBook", "apple-mail"),
        ("Outlook pour Mac", None),
        ("Outlook 2019, iMac", None),
        ("Lotus Notes", None),
    ],
)
def test_nobody_is_given_the_guide_of_another_program(use: str, guide: str | None) -> None:
    assert guide_for(use) == guide


def test_licences_that_are_missing_are_ordered_before_the_first_switch_that_needs_them(tmp_path: Path) -> None:
    copy = a_copy(tmp_path)
    file = copy / "organisation.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("bought: 8", "bought: 5"), encoding="utf-8")
    (licence,) = _lyon(copy, tmp_path).organisation.licences
    # Paris takes three of five: Lyon's four are too many.
    assert (licence.missing, licence.order_by) == (2, date(2027, 2, 9) - timedelta(days=30))


def test_sizes_and_copies_come_from_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with ledger.write() as connection:
        for number, person in enumerate(("claire.m", "jean.p")):
            name = f"{person}@meridional.example"
            row = mailboxes.get_or_create(connection, name, "lyon")
            mailboxes.finish(connection, row.id, MailboxState.COPIED, NOW.timestamp(), None)
            size = MailboxSize(100 * (number + 1), 10**9, 10**6, 1.0, NOW.timestamp())
            pace.note_size(connection, name, "lyon", size)
    ledger.close()
    facts = _lyon(EXAMPLE, tmp_path)
    assert isinstance(facts.inventory, Seen)
    told = facts.inventory.value
    assert (told.mailboxes, told.looked_at, told.messages, told.size) == (5, 2, 300, 2 * 10**9)
    assert isinstance(facts.estimate, Seen)
    assert (facts.estimate.value.messages, facts.estimate.value.unknown) == (300, 3)
    assert facts.estimate.value.p50 is not None
    assert facts.estimate.value.p90 is not None
    assert facts.estimate.value.p50 < facts.estimate.value.p90
    assert isinstance(facts.not_copied, Seen)


def test_what_is_there_by_another_way_is_not_among_what_was_not_copied(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with ledger.write() as connection:
        row = mailboxes.get_or_create(connection, "claire.m@meridional.example", "lyon")
        mailboxes.finish(connection, row.id, MailboxState.COPIED, NOW.timestamp(), None)
        for outcome, reason, messages in (
            (Outcome.ALREADY_THERE, Reason.DUAL_DELIVERED, 400),
            (Outcome.ALREADY_THERE, Reason.ADOPTED, 30),
            (Outcome.LEFT_OUT, Reason.CAME_FROM_THERE, 3),
            (Outcome.LEFT_OUT, Reason.RULE_FOLDER, 2),
            (Outcome.UNCERTAIN, Reason.UNANSWERED, 1),
        ):
            counted = {"mailbox_id": row.id, "direction": Direction.FORTH, "outcome": outcome, "reason": reason}
            connection.execute(tally.insert(), {**counted, "gone": False, "messages": messages})
    ledger.close()
    told = _lyon(EXAMPLE, tmp_path).not_copied
    assert isinstance(told, Seen)
    assert [(one.code, one.count, one.left_out) for one in told.value.reasons] == [
        ("came-from-there", 3, True),
        ("rule-folder", 2, True),
        ("unanswered", 1, False),
    ]


def test_the_newest_rehearsal_that_can_be_read_is_taken(tmp_path: Path) -> None:
    copy = a_copy(tmp_path)
    (copy / "rehearsals").mkdir()

    def report(day: int, **more: Any) -> dict[str, Any]:
        one = {"judged": 10, "would_fail": [{"reason": "too-large"}, {"reason": "too-large"}, {"reason": "rule-size"}]}
        return {
            "at": f"2027-01-{day}T10:00:00+00:00", "interrupted": False, "sample": None,
            "target": {"max_message": 1000}, "mailboxes": [one], **more,
        }  # fmt: skip

    (copy / "rehearsals" / "lyon-2027-01-12T100000.json").write_text(json.dumps(report(12)))
    (copy / "rehearsals" / "lyon-2027-01-14T100000.json").write_text('{"at": ')
    # Of a site whose name begins alike.
    (copy / "rehearsals" / "lyon-est-2027-01-15T100000.json").write_text(json.dumps(report(15)))
    found = _lyon(copy, tmp_path).rehearsal
    assert isinstance(found, Seen)
    assert found.at.day == 12
    assert [(one.code, one.count, one.left_out) for one in found.value.reasons] == [
        ("too-large", 2, False),
        ("rule-size", 1, True),
    ]


@pytest.mark.parametrize("switch", [date(2027, 2, 8) + timedelta(days=one) for one in range(7)])
def test_no_day_of_the_timeline_is_on_a_weekend_but_the_switch_itself(tmp_path: Path, switch: date) -> None:
    copy = a_copy(tmp_path)
    file = copy / "sites" / "lyon.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("2027-02-09", switch.isoformat()), encoding="utf-8")
    with gathered(copy, tmp_path) as found:
        site = found.organisation.sites["lyon"]
        facts = found.facts(LYON, "en")
        assert isinstance(facts, SiteDocumentFacts)
        told = timeline(facts.site, site)
    assert isinstance(told, Seen)
    assert told.value.days["j"] == switch
    for one in told.value.milestones:
        assert one.day.weekday() < 5 or one.code == "j"
        # Before stays before, after stays after, and nobody waits for more than a weekend.
        assert (one.day - switch).days * one.offset >= 0
        assert abs((one.day - switch).days - one.offset) <= 2
    phases = {one.code: one for one in facts.phases}
    days = told.value.days
    assert (phases["pre-copy"].begins, phases["dual-delivery"].begins) == (days["pre-copy"], days["dual-delivery"])
    assert (phases["acceptance"].ends, phases["hypercare"].ends) == (days["acceptance"], days["hypercare-end"])
    for phase in phases.values():
        assert phase.begins is None or phase.ends is None or phase.begins <= phase.ends


def test_what_becomes_of_each_thing_is_said_once_whatever_the_systems_are() -> None:
    for seed in range(60):
        made = AnyFacts(seed)
        facts = made.of(SiteDocumentFacts)
        told = scope_of(Known(facts.plan, facts.inventory, facts.rehearsal))
        codes = [one.code for part in (told.carried, told.changed, told.left_behind) for one in part]
        assert len(codes) == len(set(codes))
        assert set(codes) <= set(RULES)
        # Whatever the plan says, these are asked for.
        assert {"messages", "rules", "signatures", "autocompletion", "calendars", "delegation"} <= set(codes)


def test_the_scope_follows_the_systems() -> None:
    plan = AnyFacts(3, there=True).of(SitePlan)

    def where(source: str, target: str, code: str, keywords: str = "off") -> str:
        one = plan.source.model_copy(update={"connector": source})
        other = plan.target.model_copy(update={"connector": target, "keywords": keywords})
        nobody = Unknown(how="")
        told = scope_of(Known(plan.model_copy(update={"source": one, "target": other}), nobody, nobody))
        return next(
            part for part in ("carried", "changed", "left_behind") if any(i.code == code for i in getattr(told, part))
        )

    assert where("imap", "imap", "folders") == "carried"
    assert where("imap", "google_workspace", "folders") == "changed"
    assert where("pop3", "imap", "read-state") == "changed"
    assert where("imap", "imap", "keywords") == "carried"
    assert where("imap", "microsoft365", "keywords") == "left_behind"
    assert where("imap", "microsoft365", "keywords", "categories") == "changed"
    assert where("imap", "google_workspace", "keywords") == "left_behind"
    assert where("imap", "google_workspace", "keywords", "labels") == "changed"

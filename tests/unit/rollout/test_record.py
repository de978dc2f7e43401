"""The record: only added to, of one order, and of two decisions at once one wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import Connection, text

from migrate.copy.hold import MailboxBusy, locked
from migrate.ledger import events, mailboxes
from migrate.ledger.events import Event, Kind, Overtaken
from migrate.ledger.store import Ledger
from migrate.rollout.moves import Refused, Rollout
from migrate.rollout.steps import first_of_all, next_step
from migrate.rollout.world import World
from runbooks.facts import DomainFacts, SiteFacts
from tests.unit.rollout.claims import assert_events_are_only_added, assert_the_last_look_counts
from tests.unit.rollout.company import Company, company

_FIRST = "anna@old-first.example"


@dataclass(frozen=True)
class AtOnce(Rollout):
    """Looks, and decides only when somebody else has looked too."""

    looked: Barrier = field(default_factory=lambda: Barrier(2))

    def facts(self, world: World, kind: Kind, name: str) -> SiteFacts | DomainFacts:
        found = super().facts(world, kind, name)
        self.looked.wait(30)
        return found


def _until_advance(one: Company, name: str, phase: str) -> None:
    """Everything that a site needs to leave a phase."""
    while True:
        subject = one.subject(name)
        step = next_step(subject)
        assert step is not None
        if step.code == "advance" and subject.phase == phase:
            return
        one.do(name, step)


def test_rows_are_neither_changed_nor_deleted(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        assert_events_are_only_added(one.ledger)


def test_what_was_seen_last_counts(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        assert_the_last_look_counts(one.ledger)


def test_of_two_who_advance_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        _until_advance(one, "hq", "assess")
        other = Ledger(one.ledger.path)
        looked = Barrier(2)
        ended: list[object] = []

        def advance(ledger: Ledger, who: str) -> None:
            try:
                rollout = AtOnce(one.organisation, ledger, lambda: one.now, looked)
                ended.append(rollout.advance("site", "hq", who))
            except Overtaken as error:
                ended.append(error)

        both = [Thread(target=advance, args=args) for args in ((one.ledger, "Karim"), (other, "Sophie"))]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
        other.close()
        assert sorted(type(one).__name__ for one in ended) == ["Event", "Overtaken"]
        assert one.subject("hq").phase == "prepare"
        with one.ledger.read() as connection:
            assert sum(event.event == "advance" for event in events.every(connection)) == 1
        # The loser left no proof of what did not happen.
        proofs = [file for file in (one.folder / "evidence" / "rollout").iterdir() if "prepare" in file.name]
        assert len(proofs) == 1


def test_the_switch_is_written_to_every_mailbox_and_waits_for_a_copy_that_runs(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        while one.subject("hq").phase != "dual-delivery":
            found = first_of_all(one.facts().sites, one.facts().domains)
            assert found is not None
            one.do(found[0].name, found[1])
        _until_advance(one, "hq", "dual-delivery")
        with one.ledger.read() as connection:
            rows = mailboxes.of_site(connection, "hq")
        with locked(one.ledger, rows[1]), pytest.raises(MailboxBusy):
            one.rollout.advance("site", "hq", "Karim")
        assert one.subject("hq").phase == "dual-delivery"
        assert _live(one, "hq") == [None, None]
        one.rollout.advance("site", "hq", "Karim")
        assert _live(one, "hq") == [one.now, one.now]
        # What people did there since is theirs, whatever happens to the rollout.
        one.rollout.back("site", "hq", "Karim", "the telephones do not sign in")
        assert None not in _live(one, "hq")
        # Who said go said it of that day; what moves was agreed on before, and still is.
        assert {"go", "announced", "way-back"} & set(one.subject("hq").confirmed) == set()
        assert "scope" in one.subject("hq").confirmed
        assert set(_live(one, "lyon")) <= {None}


def test_a_copy_that_runs_while_all_come_to_work_is_not_the_delta(tmp_path: Path) -> None:
    """It went through the folders before the last message was written in them; its end says nothing of these."""
    with company(tmp_path) as one:
        while one.subject("hq").phase != "switch":
            one.rollout.force("site", "hq", "Karim", "a test")
        one.rollout.confirm("site", "hq", "at-work", "Claire", "", None)
        with one.ledger.read() as connection:
            rows = mailboxes.of_site(connection, "hq")
        with locked(one.ledger, rows[0]), pytest.raises(MailboxBusy):
            one.rollout.advance("site", "hq", "Karim")
        assert one.subject("hq").phase == "switch"
        one.rollout.advance("site", "hq", "Karim")


def test_who_joins_a_site_after_its_switch_switches_too(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        while one.subject("hq").phase != "switch":
            one.rollout.force("site", "hq", "Karim", "a test")
        first = _live(one, "hq")
        one.now += 3600
        with one.ledger.write() as connection:
            connection.execute(text("UPDATE mailbox SET went_live = NULL WHERE name = :name"), {"name": _FIRST})
        one.rollout.force("site", "hq", "Karim", "a test")
        assert sorted(filter(None, _live(one, "hq"))) == [first[0], one.now]


def test_a_file_of_proof_keeps_its_name_and_its_ending(tmp_path: Path) -> None:
    """Also one without an ending, of a domain, whose name has a dot."""
    with company(tmp_path) as one:
        for _phase in ("ttl-lowered", "cutover", "settled"):
            one.rollout.force("domain", "old-first.example", "Karim", "a test")
        for name in ("maillog", "mail.log"):
            file = one.folder / name
            file.write_text("nothing")
            kept = Path(str(one.rollout.confirm("domain", "old-first.example", "dmarc", "Karim", "", file).evidence))
            assert kept.name.startswith("old-first.example-dmarc-")
            assert kept.name.endswith(".log") is (name == "mail.log")


def _live(one: Company, name: str) -> list[float | None]:
    with one.ledger.read() as connection:
        return [row.went_live for row in mailboxes.of_site(connection, name)]


def test_an_old_server_is_not_switched_off_by_force(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        for _phase in ("ttl-lowered", "cutover", "settled"):
            one.rollout.force("domain", "old-first.example", "Karim", "a test")
        with pytest.raises(Refused, match="not switched off by force"):
            one.rollout.force("domain", "old-first.example", "Karim", "it costs money")
        assert one.subject("old-first.example").phase == "settled"
        assert len(one.subject("old-first.example").forced) == 3


def test_a_word_without_proof_is_none_where_proof_is_asked_for(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        for _phase in ("ttl-lowered", "cutover", "settled"):
            one.rollout.force("domain", "old-first.example", "Karim", "a test")
        with pytest.raises(Refused, match="Too early"):
            one.rollout.confirm("domain", "old-first.example", "no-logins", "Karim", "", None)
        one.now += 15 * 86400
        with pytest.raises(Refused, match="needs proof"):
            one.rollout.confirm("domain", "old-first.example", "no-logins", "Karim", "", None)
        log = one.folder / "auth.log"
        log.write_text("nobody")
        event = one.rollout.confirm("domain", "old-first.example", "no-logins", "Karim", "", log)
        assert (one.folder / str(event.evidence)).read_text() == "nobody"


def test_events_of_later_versions_change_nothing(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        before = one.rollout.world().history.courses
        with one.ledger.write() as connection:
            _add(connection, Event("site", "hq", "of-tomorrow", "Karim", one.now))
        assert one.rollout.world().history.course("site", "hq").phase == "assess"
        assert not before


def _add(connection: Connection, event: Event) -> None:
    events.add(connection, event, events.newest(connection))
    assert connection.execute(text("SELECT count(*) FROM event")).scalar() == 1

"""What goes wrong at Google's loses no message and doubles none."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from connectors.body import ByteBudget, SpooledBody
from connectors.contract import (
    Account,
    AuthFailed,
    Denial,
    Fatal,
    Folder,
    Outgoing,
    Receipt,
    Resources,
    Stopped,
    TooSoon,
    Transient,
)
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.connector import GoogleWorkspaceConnector
from connectors.google_workspace.line import Line
from connectors.google_workspace.readiness import Side
from connectors.google_workspace.scopes import MANAGE_ACCOUNTS, READ_MAIL
from connectors.google_workspace.target import GoogleTarget
from connectors.preconditions import preconditions
from connectors.secret_setting import Secret
from connectors.suite import samples
from connectors.suite.harness import Mail
from connectors.wire import digest_bytes
from tests.servers.google import GoogleForTests
from tests.servers.google_workspace import Place, settings_for

IMPORT = "gmail.users.messages.import"


@pytest.fixture
def place(google: GoogleForTests, tmp_path: Path) -> Iterator[Place]:
    google.stand_in.manners(dedupe=False)
    one = Place(google, tmp_path)
    yield one
    one.close()


def _bytes(sent: Sequence[Outgoing]) -> list[bytes]:
    return sorted(samples.contents(out.body) for out in sent)


def _written(target: GoogleTarget, folder: Folder, sent: list[Outgoing]) -> tuple[str, dict[int, Receipt]]:
    fence = target.fence(folder, sent)
    return fence, {receipt.ordinal: receipt for receipt in target.write(folder, sent, lambda: None)}


@pytest.mark.parametrize(
    ("fault", "stored"),
    [("503_after_commit", True), ("drop_after_commit", True), ("truncate", True), ("drop", False), ("503", False)],
)
def test_an_answer_that_is_lost_is_in_doubt_and_found_by_looking(place: Place, fault: str, stored: bool) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    sent = samples.batch(samples.mails(8))
    place.stand_in.fault(fault, method=IMPORT, user=place.user, first=4)
    fence, receipts = _written(target, folder, sent)
    assert [receipts[n].outcome for n in range(8)] == ["stored"] * 3 + ["uncertain"] + ["stored"] * 4
    claimed = {receipt.key for receipt in receipts.values() if receipt.key}
    (found,) = target.find(folder, fence, [samples.suspect(sent[3], "a")], claimed)
    assert found.verdict == ("present" if stored else "absent")
    if not stored:
        assert [one.outcome for one in target.write(folder, [sent[3]], lambda: None)] == ["stored"]
    assert place.there() == _bytes(sent)


@pytest.mark.parametrize("fault", ["429", "403"])
def test_a_call_over_the_rate_is_made_again_and_fewer_go_at_a_time(place: Place, fault: str) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    sent = samples.batch(samples.mails(5))
    throttle = _line(target).limits.throttle
    before = throttle.width
    place.stand_in.fault(fault, method=IMPORT, user=place.user, first=2, times=1, retry_after=1)
    _fence, receipts = _written(target, folder, sent)
    assert {receipt.outcome for receipt in receipts.values()} == {"stored"}
    assert place.there() == _bytes(sent)
    assert throttle.width < before * 0.6


def test_a_pause_that_is_too_long_is_the_engines_to_wait_for_and_of_this_mailbox_alone(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    place.stand_in.fault("403", method=IMPORT, user=place.user, retry_after=900, times=None)
    with pytest.raises(TooSoon) as raised:
        list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))
    assert raised.value.retry_after == 900
    assert place.there() == []


def test_tokens_that_end_in_the_middle_are_renewed_and_nothing_is_sent_twice(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    sent = samples.batch(samples.mails(6))
    for number, outgoing in enumerate(sent):
        if number in (2, 4):
            place.stand_in.control("expire_tokens")
        assert [one.outcome for one in target.write(folder, [outgoing], lambda: None)] == ["stored"]
    assert place.there() == _bytes(sent)


def test_sixteen_threads_fetch_one_token(place: Place) -> None:
    start = Barrier(16)

    def opens(_number: int) -> GoogleTarget:
        start.wait(10)
        return place.target()

    before = place.stand_in.control("answers")["tokens"]
    with ThreadPoolExecutor(16) as pool:
        targets = list(pool.map(opens, range(16)))
    assert place.stand_in.control("answers")["tokens"] - before == 1
    place.stand_in.control("expire_tokens")
    with ThreadPoolExecutor(16) as pool:
        assert len([folders for folders in pool.map(lambda one: list(one.folders()), targets) if folders]) == 16
    assert place.stand_in.control("answers")["tokens"] - before == 2


def test_two_sessions_that_make_one_label_get_the_same(place: Place) -> None:
    targets = [place.target() for _ in range(4)]
    for one in targets:
        list(one.folders())
    start = Barrier(4)

    def ensures(one: GoogleTarget) -> str:
        start.wait(10)
        return one.ensure(("Projects", "Straße"), None).epoch

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ensures, targets))) == 1


def test_what_was_in_flight_is_found_by_a_search_when_the_history_is_forgotten(place: Place) -> None:
    place.stand_in.put(place.user, [samples.mail(0).data], ["Work"])
    target = place.target()
    folder = target.ensure(("Work",), None)
    sent = samples.batch(samples.mails(3))
    fence, receipts = _written(target, folder, sent)
    place.stand_in.control("forget_history", address=place.user)
    place.stand_in.put(place.user, [samples.mail(50).data], ["Work"])
    found = list(target.find(folder, fence, samples.suspects(sent, atomic=False), frozenset()))
    assert [(one.verdict, one.key) for one in found] == [("present", receipts[n].key) for n in range(3)]


def test_a_message_that_nothing_can_find_any_more_is_uncertain_and_not_absent(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    nameless = samples.outgoing(1, Mail(b"From: a@x.example\r\nSubject: nameless\r\n\r\nbody\r\n"))
    sent = [samples.outgoing(0, samples.mail(1)), nameless]
    fence = target.fence(folder, sent)
    asked = samples.suspects(sent, atomic=False)
    assert [one.verdict for one in target.find(folder, fence, asked, frozenset())] == ["absent", "absent"]
    place.stand_in.put(place.user, [samples.mail(50).data], ["Work"])
    place.stand_in.control("forget_history", address=place.user)
    assert [one.verdict for one in target.find(folder, fence, asked, frozenset())] == ["absent", "uncertain"]


def test_a_header_that_gmail_puts_before_a_message_does_not_hide_it(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    nameless = samples.outgoing(1, Mail(b"From: a@x.example\r\nSubject: nameless\r\n\r\nbody\r\n"))
    sent = [samples.outgoing(0, samples.mail(1)), nameless]
    fence = target.fence(folder, sent)
    for out in sent:
        place.stand_in.put(place.user, [b"Received: by gmail.example; now\r\n" + samples.contents(out.body)], ["Work"])
    found = target.find(folder, fence, samples.suspects(sent, atomic=False), frozenset())
    assert [one.verdict for one in found] == ["present", "present"]


def test_of_two_with_one_message_id_gmail_may_keep_one_and_it_is_told(place: Place) -> None:
    place.stand_in.manners(dedupe=True)
    mail = samples.mail(1)
    sent = [samples.outgoing(0, mail), samples.outgoing(1, mail)]
    target = place.target()
    folder = target.ensure(("Work",), None)
    _fence, receipts = _written(target, folder, sent)
    assert [receipts[n].outcome for n in range(2)] == ["stored", "merged"]
    assert receipts[0].key == receipts[1].key
    other = Place(place.google, place.resources.spool)
    other.account = place.account
    later = other.target()
    _fence, receipts = _written(later, later.ensure(("Elsewhere",), None), sent[:1])
    assert receipts[0].outcome == "merged", "it was there before this process"
    assert len(place.there()) == 1
    other.close()


def test_what_gmail_merged_before_hides_nothing_that_it_merges_later(place: Place) -> None:
    place.stand_in.manners(dedupe=True)
    place.stand_in.put(place.user, [samples.mail(number).data for number in (1, 2)], ["Elsewhere"])
    target = place.target()
    folder = target.ensure(("Work",), None)
    for number, outcome in ((1, "merged"), (1, "merged"), (2, "merged")):
        _fence, receipts = _written(target, folder, samples.batch([samples.mail(number)]))
        assert receipts[0].outcome == outcome


@pytest.mark.parametrize(("fault", "outcome"), [("drop", "stored"), ("drop_after_commit", "uncertain")])
def test_a_large_message_is_there_once_when_its_connection_breaks(place: Place, fault: str, outcome: str) -> None:
    """45 MB of 8-bit bytes, bare line feeds and NULs among them; after a break it is asked how far it came."""
    head = b"From: a@x.example\r\nMessage-ID: <large@x>\r\nSubject: large\r\n\r\n"
    noise = random.Random(6).randbytes(1 << 20)
    body = SpooledBody(place.resources.spool)
    digest = hashlib.sha256()
    for piece in (head, *[noise] * 45):
        body.write(piece)
        digest.update(piece)
    sent = replace(
        samples.outgoing(0, Mail(head)),
        body=body,
        wire_digest=digest.digest(),
        message_id=digest_bytes(head).message_id,
    )
    target = place.target()
    folder = target.ensure(("Work",), None)
    fence = target.fence(folder, [sent])
    place.stand_in.fault(fault, method=IMPORT, user=place.user, first=2)
    (receipt,) = target.write(folder, [sent], lambda: None)
    assert receipt.outcome == outcome
    (found,) = target.find(folder, fence, [samples.suspect(sent, "a")], frozenset())
    assert found.verdict == "present"
    assert [held.digest for held in place.stand_in.mailbox(place.user, bodies=False)] == [digest.hexdigest()]
    body.release()


def test_a_message_longer_than_gmail_takes_is_refused_before_it_is_sent(place: Place) -> None:
    class Endless(SpooledBody):
        @property
        def size(self) -> int:
            return 157_286_401

    sent = replace(samples.outgoing(0, samples.mail(1)), body=Endless(place.resources.spool))
    target = place.target()
    (receipt,) = target.write(target.ensure(("Work",), None), [sent], lambda: None)
    assert (receipt.outcome, receipt.reason) == ("refused", "too-large")
    sent.body.release()


def test_a_message_that_gmail_cannot_read_for_any_reason_keeps_no_other_from_arriving(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    sends = Line.send
    answers = iter([Denied(400, "badRequest")])

    def send(self: Line, *arguments: Any) -> Any:
        for answer in answers:
            raise answer
        return sends(self, *arguments)

    monkeypatch.setattr(Line, "send", send)
    _fence, receipts = _written(target, folder, samples.batch(samples.mails(2)))
    assert [(receipts[n].outcome, receipts[n].reason) for n in range(2)] == [("refused", "content"), ("stored", None)]


def test_what_is_interrupted_while_it_waits_its_turn_was_not_sent(google: GoogleForTests, tmp_path: Path) -> None:
    place = Place(google, tmp_path, user_units_per_minute=60)
    stop = Event()
    target = place.connector.open_target(place.account, stop)
    folder = target.ensure(("INBOX",), None)
    sent = samples.batch(samples.mails(3))
    commits: list[int] = []

    def may_commit() -> None:
        commits.append(1)
        stop.set()

    with pytest.raises(Stopped):
        list(target.write(folder, sent, may_commit))
    assert len(commits) == len(place.there()) == 1
    target.close()


def test_an_account_without_a_licence_is_told_what_to_do(google: GoogleForTests, place: Place) -> None:
    person = google.person(licensed=False)
    with pytest.raises(AuthFailed, match="Licences") as raised:
        place.connector.open_target(Account(person), Event())
    assert raised.value.denial is Denial.NOT_CONNECTED


def test_a_right_that_was_not_granted_is_named(google: GoogleForTests, place: Place) -> None:
    google.stand_in.manners(granted_scopes=["https://www.googleapis.com/auth/gmail.readonly"])
    connector = GoogleWorkspaceConnector(place.connector.settings, place.resources)  # type: ignore[arg-type]
    connector.open_source(place.account, Event()).close()
    with pytest.raises(AuthFailed, match=r"gmail\.modify.*Domain-wide delegation") as raised:
        connector.open_target(place.account, Event())
    assert raised.value.denial is Denial.NO_RIGHT


def test_an_api_that_is_switched_off_is_named(google: GoogleForTests, place: Place) -> None:
    google.stand_in.manners(disabled_apis=["gmail.googleapis.com"])
    with pytest.raises(Fatal, match=r"Gmail API.*Enable"):
        place.target()


def test_a_clock_that_is_off_is_told_from_a_key_that_is_wrong(google: GoogleForTests, tmp_path: Path) -> None:
    google.stand_in.manners(clock_off=4000.0)
    with pytest.raises(Fatal, match="clock of this machine is off by 67 minutes"):
        Place(google, tmp_path).target()


def test_a_key_that_was_taken_back_is_told_from_a_person_who_is_not_there(
    google: GoogleForTests, tmp_path: Path
) -> None:
    place = Place(google, tmp_path)
    with pytest.raises(AuthFailed, match=r"no account nobody@example\.org") as raised:
        place.connector.open_target(Account("nobody@example.org"), Event())
    assert raised.value.denial is Denial.DISABLED
    key = google.stand_in.control("key")
    google.stand_in.control("revoke_key", key_id=key["private_key_id"])
    connector = GoogleWorkspaceConnector(settings_for(google, json.dumps(key)), place.resources)
    with pytest.raises(AuthFailed, match="make a new JSON key") as raised:
        connector.open_target(place.account, Event())
    assert raised.value.denial is Denial.TOKEN


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "hello", '{"type": "service_account"}', '{"type": "authorized_user"}']
)
def test_a_file_that_is_no_key_is_told_what_it_is_and_nothing_of_it(
    google: GoogleForTests, tmp_path: Path, text: str
) -> None:
    connector = GoogleWorkspaceConnector(settings_for(google, text), Resources(ByteBudget(), tmp_path))
    with pytest.raises(AuthFailed, match="make a new JSON key") as raised:
        connector.open_target(Account("anna@example.org"), Event())
    assert "hello" not in str(raised.value)


def test_a_mailbox_that_becomes_ready_is_waited_for(google: GoogleForTests, tmp_path: Path) -> None:
    google.stand_in.manners(mailbox_delay=30.0)
    place = Place(google, tmp_path)
    with pytest.raises(TooSoon, match="not ready yet"):
        place.target()
    google.stand_in.advance(31)
    target = place.target()
    folder = target.ensure(("INBOX",), None)
    assert [one.outcome for one in target.write(folder, samples.batch(samples.mails(1)), lambda: None)] == ["stored"]
    place.close()


def test_a_mailbox_of_which_the_directory_cannot_tell_at_the_moment_is_not_given_up(
    google: GoogleForTests, tmp_path: Path
) -> None:
    google.stand_in.manners(mailbox_delay=30.0)
    place = Place(google, tmp_path)
    google.stand_in.fault("503", method="directory.users.get", times=None)
    with pytest.raises(Transient):
        place.target()


def _told(place: Place, who: str, side: Side = "target") -> dict[str, bool | None]:
    return {one.code: one.met for one in preconditions(place.connector, Account(who), side, Event())}


def test_what_stands_in_the_way_is_told_one_by_one(google: GoogleForTests, tmp_path: Path) -> None:
    place = Place(google, tmp_path)
    system = {"key-usable": True, "scope-granted": True, "accounts-readable": True, "api-enabled": True}
    assert _told(place, place.user) == {**system, "account-active": True, "mailbox-opens": True}
    assert _told(place, "nobody@example.org") == {**system, "account-active": False}
    suspended = google.person()
    google.stand_in.control("change_user", address=suspended, suspended=True)
    assert _told(place, suspended) == {**system, "account-active": False}
    unlicensed = google.person(licensed=False)
    assert _told(place, unlicensed) == {**system, "account-active": True, "mailbox-licensed": False}
    google.stand_in.manners(mailbox_delay=30.0)
    waiting = google.person()
    expected = {**system, "account-active": True, "mailbox-licensed": True, "mailbox-opens": False}
    assert _told(place, waiting) == expected


def test_a_key_that_cannot_be_had_is_told_as_what_it_is(google: GoogleForTests, tmp_path: Path) -> None:
    def fetch() -> str:
        raise LookupError("there is no file secrets/google.json")

    key = Secret("file:secrets/google.json").fetched_by(fetch)
    settings = settings_for(google).model_copy(update={"key": key})
    connector = GoogleWorkspaceConnector(settings, Resources(ByteBudget(), tmp_path))
    (told,) = preconditions(connector, Account("anna@example.org"), "target", Event())
    assert (told.code, told.met, told.what) == ("key-usable", False, "there is no file secrets/google.json")


def test_licences_of_all_are_not_listed_again_for_who_is_known_to_have_one(
    google: GoogleForTests, tmp_path: Path
) -> None:
    google.stand_in.manners(mailbox_delay=30.0)
    place = Place(google, tmp_path)
    google.stand_in.fault("500", method="licensing.licenseAssignments.listForProduct", first=2, times=None)
    for _ in range(3):
        assert _told(place, place.user)["mailbox-licensed"]


def test_what_rests_on_something_that_is_missing_is_not_asked_for(google: GoogleForTests, tmp_path: Path) -> None:
    assert _told(Place(google, tmp_path, key="{}"), "anna@example.org") == {"key-usable": False}
    google.stand_in.manners(granted_scopes=[MANAGE_ACCOUNTS, READ_MAIL])
    assert _told(Place(google, tmp_path), "anna@example.org") == {"key-usable": True, "scope-granted": False}
    place = Place(google, tmp_path)
    assert _told(place, place.user, "source")["accounts-readable"], "the right to manage accounts holds it"
    google.stand_in.manners(granted_scopes=None, disabled_apis=["gmail.googleapis.com"])
    assert list(_told(Place(google, tmp_path), "anna@example.org").items())[-1] == ("api-enabled", False)


def _line(target: GoogleTarget) -> Line:
    return target._line

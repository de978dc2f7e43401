"""What people do in a Gmail mailbox at the moment when it is read or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.contract import AuthFailed, FlagChange, Folder, FolderMissing, Outgoing, Reason, Refused
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.line import Line
from connectors.google_workspace.listing import State
from connectors.google_workspace.mailbox_labels import MailboxLabels
from connectors.google_workspace.target import GoogleTarget
from connectors.suite import samples
from connectors.suite.harness import Mail
from migrate.copy.job import SystemClock
from migrate.ledger import deliveries, mailboxes
from tests.servers.google import GoogleForTests
from tests.servers.google_workspace import Place, delete_label
from tests.unit.passes.world import ACCOUNT, mail, new_sides, when

IMPORT = "gmail.users.messages.import"


@pytest.fixture
def place(google: GoogleForTests, tmp_path: Path) -> Iterator[Place]:
    google.stand_in.manners(dedupe=False)
    one = Place(google, tmp_path, keywords="labels")
    yield one
    one.close()


def _tagged(*numbers: int) -> list[Outgoing]:
    return samples.batch([Mail(samples.mail(number).data, flags=frozenset({"Travail"})) for number in numbers])


@pytest.mark.parametrize("folder", [("INBOX",), ("Work",)])
def test_a_keywords_label_that_is_taken_away_is_made_anew_and_blamed_on_no_message(
    place: Place, folder: tuple[str, ...]
) -> None:
    target = place.target()
    there = target.ensure(folder, None)
    assert [one.outcome for one in target.write(there, _tagged(1), lambda: None)] == ["stored"]
    delete_label(place.connector.access, place.user, "Keywords/Travail")
    assert [one.outcome for one in target.write(there, _tagged(2, 3), lambda: None)] == ["stored"] * 2
    assert len(place.there()) == 3


def test_a_token_that_is_turned_down_whenever_it_is_new_ends_the_session_and_stores_nothing(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("INBOX",), None)
    place.stand_in.fault("expire_token", method=IMPORT, user=place.user, times=None)
    with pytest.raises(AuthFailed, match="suspended or deleted"):
        list(target.write(folder, samples.batch(samples.mails(2)), lambda: None))
    assert place.there() == []


def _after_a_look(target: GoogleTarget, monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """``act`` comes between the look at messages and what is done to them."""
    looks = target._states

    def states(keys: Sequence[str]) -> Iterator[State]:
        found = list(looks(keys))
        act()  # type: ignore[operator]
        return iter(found)

    monkeypatch.setattr(target, "_states", states)


def test_a_message_that_is_deleted_while_it_is_marked_is_missing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    target = place.target()
    folder = target.ensure(("INBOX",), None)
    keys = [str(one.key) for one in target.write(folder, samples.batch(samples.mails(3)), lambda: None)]
    _after_a_look(target, monkeypatch, lambda: place.stand_in.remove(place.user, keys[1]))
    changes = [FlagChange(key, add=frozenset({"\\Flagged"})) for key in keys]
    assert [one.outcome for one in target.mark(folder, changes)] == ["done", "missing", "done"]


def test_a_message_that_is_deleted_while_it_is_moved_is_gone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    target = place.target()
    folder, to = target.ensure(("INBOX",), None), target.ensure(("Work",), None)
    keys = [str(one.key) for one in target.write(folder, samples.batch(samples.mails(3)), lambda: None)]
    _after_a_look(target, monkeypatch, lambda: place.stand_in.remove(place.user, keys[1]))
    assert [one.outcome for one in target.move(folder, to, keys)] == ["stored", "refused", "stored"]


@pytest.mark.parametrize("number", [2, 12])
def test_a_label_that_is_taken_away_while_messages_are_moved_to_it_is_missing(place: Place, number: int) -> None:
    target = place.target()
    folder, to = target.ensure(("INBOX",), None), target.ensure(("Work",), None)
    keys = [str(one.key) for one in target.write(folder, samples.batch(samples.mails(number)), lambda: None)]
    delete_label(place.connector.access, place.user, "Work")
    with pytest.raises(FolderMissing):
        list(target.move(folder, to, keys))


def test_what_changed_between_two_listings_of_one_session_is_in_the_second(place: Place) -> None:
    place.stand_in.put(place.user, [samples.mail(1).data], ["INBOX"])
    source = place.connector.open_source(place.account, Event())
    inbox = next(folder for folder in source.folders() if folder.path == ("INBOX",))
    (first,) = source.entries(inbox, None)
    for number in (2, 3):
        place.stand_in.put(place.user, [samples.mail(number).data], ["INBOX"])
        inbox = next(folder for folder in source.folders() if folder.path == ("INBOX",))
        (window,) = source.entries(inbox, first.cursor)
        assert len(window.entries) == number - 1
    source.close()


def test_a_keyword_for_which_gmail_makes_no_label_is_not_kept_and_stops_no_message(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_self: MailboxLabels, _path: tuple[str, ...]) -> str:
        raise Refused("Label limit exceeded", Reason.FOLDER_REFUSED)

    target = place.target()
    there = target.ensure(("Work",), None)
    monkeypatch.setattr(MailboxLabels, "_make", refuses)
    receipts = list(target.write(there, _tagged(1, 2), lambda: None))
    assert [(one.outcome, one.kept_flags) for one in receipts] == [("stored", frozenset())] * 2
    change = FlagChange(str(receipts[0].key), add=frozenset({"Travail", "\\Flagged"}))
    assert [one.added for one in target.mark(there, [change])] == [{"\\Flagged"}]


def test_a_twin_that_another_folder_has_does_not_stand_for_a_lost_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pairs write one message to two folders: each fence is older than what the other pair wrote."""
    fences: list[str] = []
    tells = GoogleTarget.fence

    def fence(self: GoogleTarget, folder: Folder, batch: Sequence[Outgoing]) -> str:
        fences.append(tells(self, folder, batch))
        return fences[0]

    monkeypatch.setattr(GoogleTarget, "fence", fence)
    place.stand_in.fault("drop", method=IMPORT, user=place.user, first=2)
    sides = new_sides()
    sides.source.create(("Work",))
    for path in (("INBOX",), ("Work",)):
        sides.source.deliver(mail(1), path, received=when(1))
    sides.run(open_target=lambda stop: place.connector.open_target(place.account, stop), clock=SystemClock())
    sides.close()
    assert [sorted(held.labels - {"UNREAD"}) for held in place.stand_in.mailbox(place.user)] == [["INBOX"], ["Work"]]


def test_of_two_twins_in_flight_each_is_found_in_its_own_folder(place: Place) -> None:
    target = place.target()
    folders = [target.ensure(path, None) for path in (("INBOX",), ("Work",))]
    sent = samples.batch(samples.mails(1))
    fence = target.fence(folders[0], sent)
    place.stand_in.fault("drop_after_commit", method=IMPORT, user=place.user, times=2)
    for folder in folders:
        assert [one.outcome for one in target.write(folder, sent, lambda: None)] == ["uncertain"]
    there = {held.id: held.labels for held in place.stand_in.mailbox(place.user)}
    for folder in folders:
        (found,) = target.find(folder, fence, samples.suspects(sent, atomic=False), frozenset())
        assert folder.epoch in there[str(found.key)] or folder.path[0] in there[str(found.key)]


def test_a_label_that_is_taken_away_is_made_anew_when_it_is_needed_again(place: Place) -> None:
    target = place.target()
    before = target.ensure(("Work", "Old"), None)
    delete_label(place.connector.access, place.user, "Work/Old")
    after = target.ensure(("Work", "Old"), None)
    assert (after.path, after.messages) == (before.path, 0)
    assert after.epoch != before.epoch


def test_a_label_that_is_taken_away_while_folders_are_listed_is_no_folder_and_stops_nothing(place: Place) -> None:
    target = place.target()
    folder = target.ensure(("Work",), None)
    delete_label(place.connector.access, place.user, "Work")
    for looks in (
        lambda: list(target.entries(folder, None)),
        lambda: list(target.states(folder, ["1"])),
        lambda: list(target.read(folder, ["1"])),
        lambda: target.fence(folder, []),
    ):
        with pytest.raises(FolderMissing):
            looks()


@pytest.mark.parametrize("dual_delivery", [True, False])
def test_a_copy_of_ours_that_its_person_labels_stands_for_no_other_message(
    place: Place, *, dual_delivery: bool
) -> None:
    """Gmail lists it in that label from then on; it neither arrived by itself nor was there before us."""
    sides = new_sides()

    def run() -> None:
        sides.run(open_target=lambda stop: place.connector.open_target(place.account, stop), clock=SystemClock())

    sides.source.deliver(mail(1), received=when(1))
    run()
    (copy,) = place.stand_in.mailbox(place.user)
    place.stand_in.relabel(place.user, copy.id, ["INBOX", "Clients/Lyon"])
    if dual_delivery:
        with sides.ledger.write() as connection:
            mailbox = mailboxes.get_or_create(connection, ACCOUNT.user, "paris").id
            deliveries.switch(connection, mailbox, "on", when(0).timestamp(), when(0).timestamp(), "karim")
    sides.source.create(("Clients", "Lyon"))
    sides.source.deliver(mail(1), ("Clients", "Lyon"), received=when(1))
    run()
    sides.close()
    assert len(place.there()) == 2


def test_a_name_that_gmail_keeps_for_itself_in_french_becomes_a_label_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = Line.post

    def post(self: Line, path: str, units: int, content: Mapping[str, Any]) -> dict[str, Any]:
        if content.get("name") in ("Suivis", "Clients/Suivis"):
            raise Denied(400, "invalidArgument")
        return posts(self, path, units, content)

    monkeypatch.setattr(Line, "post", post)
    target = place.target()
    for path, expected in (
        (("Suivis", "2020"), ("Suivis_", "2020")),
        (("Clients", "Suivis"), ("Clients", "Suivis_")),
        (("Suivis",), ("Suivis_",)),
    ):
        folder = target.ensure(path, None)
        assert folder.path == expected
        assert target.ensure(path, None) == folder

"""The mail system in memory: its manners, and what its owner does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.contract import (
    AuthFailed,
    FlagChange,
    FolderMissing,
    Stopped,
    Target,
    Unavailable,
)
from connectors.memory import MemorySettings, MemoryWorld, Moment
from connectors.suite import samples
from connectors.suite.samples import contents, folder_at, listed
from tests.unit.connectors.conftest import ACCOUNT, WORK, verdicts


def test_systems_of_one_name_share_their_mail() -> None:
    world = MemoryWorld.named("shared")
    assert MemoryWorld.named("shared") is world
    MemoryWorld.forget("shared")
    assert MemoryWorld.named("shared") is not world
    MemoryWorld.forget("shared")


def test_settings_that_contradict_the_contract_are_refused() -> None:
    with pytest.raises(ValidationError, match="index_lag"):
        MemorySettings(index_lag=61, settle=60)


def test_no_password_or_message_shows_in_a_repr(ann: Any) -> None:
    system = ann()
    system.mailbox.deliver(b"Subject: planted\r\n\r\nplanted\r\n")
    moments: list[Moment] = []
    system.world.faults.at("read", moments.append)
    source = system.source()
    folder = folder_at(source, ("INBOX",))
    (answer,) = source.read(folder, [listed(source, folder)[0].key])
    shown = f"{moments} {system.mailbox.messages(('INBOX',))} {answer} {system.mailbox.folder(('INBOX',))} {ACCOUNT}"
    assert "planted" not in shown
    assert "secret" not in shown


def test_one_session_too_many_is_unavailable_and_leaving_makes_room(ann: Any) -> None:
    system = ann(sessions=2)
    first, second = system.source(), system.target()
    with pytest.raises(Unavailable):
        system.source()
    second.abort()
    third = system.source()
    third.close()
    first.close()


def test_signing_in_can_be_refused_and_stopped(ann: Any) -> None:
    system, stop = ann(), Event()
    system.world.faults.at("connect", AuthFailed("locked"))
    with pytest.raises(AuthFailed):
        system.source()
    stop.set()
    with pytest.raises(Stopped):
        system.connector.open_target(ACCOUNT, stop)
    assert system.world.open_sessions("ann") == 0


def test_a_source_session_has_nothing_to_write_with(ann: Any) -> None:
    source = ann().source()
    assert not isinstance(source, Target)
    assert not {"store", "change_flags", "move", "create"} & set(dir(source._reader))


def test_changes_by_sessions_and_by_others_are_told_apart(work: Any) -> None:
    system, target, folder = work()
    key = system.mailbox.deliver(b"x", WORK)
    (receipt,) = target.write(folder, samples.batch(samples.mails(1)), lambda: None)
    list(target.mark(folder, [FlagChange(key, add=frozenset({"\\Seen"}))]))
    ours = [(touch.what, touch.key) for touch in system.world.touched_by_sessions("ann")]
    assert ours == [("create", None), ("store", receipt.key), ("flags", key)]


def test_an_object_id_stays_across_a_move_and_is_told_only_where_the_system_has_them(ann: Any) -> None:
    for told in (True, False):
        system = ann(object_ids=told)
        key = system.mailbox.deliver(b"x")
        system.mailbox.create(WORK)
        source = system.source()
        before = listed(source, folder_at(source, ("INBOX",)))[0].object_id
        system.mailbox.move(("INBOX",), WORK, key)
        after = listed(source, folder_at(source, WORK))[0].object_id
        assert before == after
        assert (before is not None) == told
        assert (folder_at(source, WORK).object_id is not None) == told
        source.close()


def test_a_renamed_folder_keeps_epoch_keys_and_id_and_takes_its_children_along(ann: Any) -> None:
    system = ann()
    system.mailbox.create(("A",))
    system.mailbox.create(("A", "B"))
    key = system.mailbox.deliver(b"x", ("A", "B"))
    source = system.source()
    before = folder_at(source, ("A", "B"))
    system.mailbox.rename_folder(("A",), ("Z",))
    after = folder_at(source, ("Z", "B"))
    assert (after.epoch, after.object_id) == (before.epoch, before.object_id)
    assert [entry.key for entry in listed(source, after)] == [key]
    assert {folder.path for folder in source.folders()} == {("INBOX",), ("Z",), ("Z", "B")}


def test_in_a_new_epoch_keys_name_other_messages_and_all_are_candidates(work: Any) -> None:
    system, target, folder = work()
    sent = samples.batch(samples.mails(2))
    fence = target.fence(folder, sent)
    keys = [receipt.key for receipt in target.write(folder, sent, lambda: None)]
    system.mailbox.bump_epoch(WORK)
    with pytest.raises(FolderMissing):
        verdicts(system, folder, fence, sent)
    renumbered = replace(folder, epoch=system.mailbox.folder(WORK).epoch)
    assert verdicts(system, renumbered, fence, sent) == ["present"] * 2
    assert system.mailbox.message(WORK, keys[1]).data == contents(sent[0].body)


def test_the_index_lags_in_searches_and_not_in_listings(work: Any) -> None:
    system, target, folder = work(find_by="message_id", index_lag=20)
    sent = samples.batch(samples.mails(1))
    fence = target.fence(folder, sent)
    list(target.write(folder, sent, lambda: None))
    assert len(listed(target, folder)) == 1
    assert verdicts(system, folder, fence, sent) == ["absent"]
    system.clock.advance(20)
    assert verdicts(system, folder, fence, sent) == ["present"]


def test_a_delivered_copy_that_was_there_before_does_not_pass_for_ours(work: Any) -> None:
    system, target, folder = work(find_by="message_id")
    sent = samples.batch(samples.mails(1))
    system.mailbox.deliver(contents(sent[0].body), WORK)
    fence = target.fence(folder, sent)
    assert json.loads(fence)["known"] == {sent[0].message_id: ["k1"]}
    assert verdicts(system, folder, fence, sent) == ["absent"]


def test_a_token_ignores_flags_where_the_system_says_so(ann: Any) -> None:
    for flag_tokens in (True, False):
        system = ann(flag_tokens=flag_tokens)
        key = system.mailbox.deliver(b"x")
        source = system.source()
        before = folder_at(source, ("INBOX",)).token
        system.mailbox.set_flags(("INBOX",), key, {"\\Seen"})
        assert (folder_at(source, ("INBOX",)).token != before) == flag_tokens
        source.close()


def test_a_cursor_of_another_epoch_lists_everything(ann: Any) -> None:
    system = ann(incremental=True)
    system.mailbox.deliver(b"x")
    source = system.source()
    cursor = list(source.entries(folder_at(source, ("INBOX",)), None))[-1].cursor
    system.mailbox.bump_epoch(("INBOX",))
    (window,) = source.entries(folder_at(source, ("INBOX",)), cursor)
    assert window.complete
    assert len(window.entries) == 1


def test_a_sequential_system_reads_in_its_own_order_on_one_session(ann: Any) -> None:
    system = ann(sequential=True, sessions=4)
    keys = [system.mailbox.deliver(b"x") for _ in range(3)]
    source = system.source()
    assert source.capabilities().sessions == 1
    with pytest.raises(Unavailable):
        system.source()
    folder = folder_at(source, ("INBOX",))
    assert [answer.key for answer in source.read(folder, keys[::-1])] == keys


def test_dates_are_kept_to_the_second_in_their_own_zone(ann: Any) -> None:
    system = ann()
    when = datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
    key = system.mailbox.deliver(b"x", received=when)
    assert system.mailbox.message(("INBOX",), key).received == when.replace(microsecond=0)

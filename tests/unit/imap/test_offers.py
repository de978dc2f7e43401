"""What a server offers beside plain IMAP4rev1 is used, and nothing is asked for that it does not offer."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from connectors.contract import Folder, Reason, Role, shared_left_out
from connectors.wrappers import LimitedSource, MeteredSource, Metrics, RateLimit, RetryingSource, RetryPolicy
from tests.unit.imap.model import BASIC, QRESYNC, Model
from tests.unit.imap.scripted import FULL, Peer, allow, outgoing, playing
from tests.unit.imap.test_cursors import opened

STATUS = "(UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)"


def test_statuses_come_with_the_list() -> None:
    model = Model(QRESYNC)
    for number in range(120):
        model.folders[f"Folder {number}"] = model.folders["INBOX"]
    with model.serving(), opened(model) as source:
        del model.heard[:]
        folders = list(source.folders())
    assert len(folders) == 121
    assert all(folder.epoch == "7" and folder.token for folder in folders)
    assert [command.partition(" ")[0] for command in model.heard] == ["ENABLE", "LIST", "LSUB", "LOGOUT"]


def test_a_status_that_did_not_come_with_the_list_is_asked_for() -> None:
    model = Model(QRESYNC)
    model.folders["Work"] = model.folders["INBOX"]
    model.lie = lambda command, said: [one for one in said if b'STATUS "Work"' not in one or "LIST" not in command]
    with model.serving(), opened(model) as source:
        assert {folder.path for folder in source.folders()} == {("INBOX",), ("Work",)}
    assert [command for command in model.heard if command.startswith("STATUS")] == [
        'STATUS "Work" (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)'
    ]


def test_a_list_with_statuses_that_is_refused_is_asked_for_without(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS")
        peer.answer(r'LIST "" "\*" RETURN \(SUBSCRIBED STATUS \(', status="BAD what is that?")
        peer.answer(r'LIST "" "\*"$', '* LIST () "/" INBOX')
        peer.answer("STATUS", f"* STATUS INBOX {STATUS}")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert [(folder.path, folder.messages) for folder in session.folders()] == [(("INBOX",), 0)]
        session.close()


def test_without_list_status_each_folder_is_asked_for_once() -> None:
    model = Model(BASIC)
    for number in range(120):
        model.folders[f"Folder {number}"] = model.folders["INBOX"]
    with model.serving(), opened(model) as source:
        assert len(list(source.folders())) == 121
    assert sum(command.startswith("STATUS") for command in model.heard) == 121


@pytest.mark.parametrize("extended", [True, False], ids=["LIST-EXTENDED", "LSUB"])
@pytest.mark.parametrize(("shown", "told"), [(("Work",), (False, True, False)), (("INBOX",), (None, None, None))])
def test_subscriptions_are_told_unless_nobody_goes_by_them(
    tmp_path: Path, extended: bool, shown: tuple[str, ...], told: tuple[bool | None, ...]
) -> None:
    names = ("INBOX", "Work", "Hidden")

    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 NAMESPACE LIST-EXTENDED" if extended else "IMAP4rev1 NAMESPACE")
        attributes = {name: "\\Subscribed" if extended and name in shown else "" for name in names}
        peer.answer("LIST", *(f'* LIST ({attributes[name]}) "/" {name}' for name in names))
        if not extended:
            peer.answer("LSUB", *(f'* LSUB () "/" {name}' for name in shown))
        for name in names:
            peer.answer("STATUS", f"* STATUS {name} {STATUS}")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert tuple(folder.subscribed for folder in session.folders()) == told
        session.close()


def test_a_folder_that_is_not_to_be_subscribed_is_not(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" Empty', '* LIST () "/" INBOX')
        peer.answer('CREATE "New"$')
        peer.answer("STATUS", f"* STATUS New {STATUS}")
        peer.answer('SELECT "New"', "* OK [UIDVALIDITY 7] x")
        peer.answer("UNSELECT")
        peer.answer("STATUS", f"* STATUS Empty {STATUS}")
        peer.answer('SELECT "Empty"', "* OK [UIDVALIDITY 7] x")
        peer.answer("UNSELECT")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("New",), None, subscribed=False).path == ("New",)
        assert target.ensure(("Empty",), None, subscribed=False).path == ("Empty",)
        target.close()
    assert b"SUBSCRIBE" not in server.heard


@pytest.mark.parametrize(("answer", "role"), [("OK made", Role.SENT), ("NO [USEATTR] not for you", None)])
def test_a_new_folder_is_marked_with_its_role(tmp_path: Path, answer: str, role: Role | None) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(f"{FULL} SPECIAL-USE CREATE-SPECIAL-USE")
        peer.list_for_target('* LIST () "/" INBOX')
        peer.answer(r'CREATE "Sent" \(USE \(\\Sent\)\)', status=answer)
        refused = answer.startswith("NO")
        for _ in range(2 if refused else 1):
            looked = peer.expect('STATUS "Sent"')
            peer.say(*([f"{looked} NO none"] if refused else [f"* STATUS Sent {STATUS}", f"{looked} OK"]))
            peer.answer("SUBSCRIBE", status="NO none" if refused else "OK")
            peer.answer("SELECT", "* OK [UIDVALIDITY 7] x", status="NO none" if refused else "OK")
            peer.answer("UNSELECT")
            if refused:
                peer.answer('CREATE "Sent"$')
                refused = False
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        made = target.ensure(("Sent",), Role.SENT)
        assert (made.path, made.role) == (("Sent",), role)
        target.close()


def _ensured(peer: Peer, capabilities: str, limit: str) -> None:
    peer.sign_in(capabilities)
    peer.list_for_target('* LIST () "/" Work', '* LIST () "/" INBOX')
    peer.answer(
        r'STATUS "Work" \(.* APPENDLIMIT\)', f"* STATUS Work (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3 APPENDLIMIT {limit})"
    )


def test_a_message_longer_than_its_folder_takes_is_not_sent(tmp_path: Path) -> None:
    """Where batches are atomic the whole batch is refused, so that the engine finds out which one it was."""

    def script(peer: Peer) -> None:
        _ensured(peer, f"{FULL} APPENDLIMIT", "5")
        peer.open_work(command="SELECT")
        peer.answer("UNSELECT")
        tag = peer.expect(r'APPEND "Work" .*\{5\+\}')
        peer.read(5)
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 4] stored")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        folder = target.ensure(("Work",), None)
        long, short = outgoing(0, b"sixsix"), outgoing(1, b"five5")
        refused = list(target.write(folder, [long, short], allow))
        assert [(one.outcome, one.reason) for one in refused] == [("refused", Reason.TOO_LARGE)] * 2
        (stored,) = target.write(folder, [short], allow)
        assert (stored.outcome, stored.key) == ("stored", "4")
        target.close()


def test_without_multiappend_the_others_are_sent(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        _ensured(peer, "IMAP4rev1 NAMESPACE UNSELECT LITERAL+ UIDPLUS APPENDLIMIT", "5")
        peer.open_work(command="SELECT")
        peer.answer("UNSELECT")
        tag = peer.expect(r'APPEND "Work" .*\{5\+\}')
        peer.read(5)
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 4] stored")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        folder = target.ensure(("Work",), None)
        receipts = list(target.write(folder, [outgoing(0, b"sixsix"), outgoing(1, b"five5")], allow))
        assert [(one.ordinal, one.outcome) for one in receipts] == [(0, "refused"), (1, "stored")]
        target.close()


def test_a_folder_without_a_limit_has_none(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        _ensured(peer, f"{FULL} APPENDLIMIT", "NIL")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("Work",), None) == Folder(("Work",), None, "7", "7:4:3", None, 3)
        assert target.capabilities().max_message is None
        target.close()


@pytest.mark.parametrize(("said", "known"), [(b"5", 5), (b"NIL", None)])
def test_a_listing_says_how_long_a_message_each_folder_takes(said: bytes, known: int | None) -> None:
    model = Model(f"{BASIC} APPENDLIMIT")
    model.lie = lambda command, answers: [
        one.replace(b"(MESSAGES", b"(APPENDLIMIT %s MESSAGES" % said) if "APPENDLIMIT" in command else one
        for one in answers
    ]
    with model.serving(), opened(model) as source:
        assert source.capabilities().max_message is None
        assert [folder.max_message for folder in source.folders()] == [known]


def test_object_ids_are_asked_for_and_previews_never() -> None:
    model = Model(f"{BASIC} OBJECTID PREVIEW")
    model.inbox.deliver(b"Subject: x\r\n\r\n")
    model.lie = lambda command, said: [
        one.replace(b"RFC822.SIZE", b"EMAILID (M1) RFC822.SIZE").replace(b"(MESSAGES", b"(MAILBOXID (F1) MESSAGES")
        for one in said
    ]
    with model.serving(), opened(model) as source:
        (folder,) = source.folders()
        (window,) = source.entries(folder, None)
        answers = list(source.read(folder, ["1"]))
    assert folder.object_id == "F1"
    assert [entry.object_id for entry in window.entries] == ["M1"]
    assert [answer.key for answer in answers] == ["1"]
    assert any("EMAILID" in command for command in model.heard)
    assert not any("PREVIEW" in command for command in model.heard)


def test_wrappers_tell_of_shared_folders_too(tmp_path: Path) -> None:
    def with_shared(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 NAMESPACE")
        peer.answer("LOGIN")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 NAMESPACE")
        peer.answer("NAMESPACE", '* NAMESPACE (("" "/")) (("user/" "/")) (("shared/" "/"))')
        peer.answer(r'LIST "" "user/\*"', '* LIST (\\Noselect) "/" user/bob', '* LIST () "/" user/bob/Sent')
        peer.answer(r'LIST "" "shared/\*"', '* LIST () "/" shared/news', '* LIST () "/" mine')
        peer.sign_out()

    with playing(tmp_path, with_shared) as server:
        stop = Event()
        limit = RateLimit(messages_per_second=1e9)
        source = RetryingSource(
            lambda: MeteredSource(LimitedSource(server.source(), limit, stop), Metrics()), RetryPolicy(), stop
        )
        assert shared_left_out(source) == [("user", "bob", "Sent"), ("shared", "news")]
        source.close()


def test_a_source_that_knows_of_no_sharing_leaves_nothing_out() -> None:
    assert shared_left_out(object()) == ()  # type: ignore[arg-type]  # no source at all

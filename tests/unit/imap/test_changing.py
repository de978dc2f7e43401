"""Flags, places and folders on a target: only what differs, and never over somebody who was quicker."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from connectors.contract import (
    Account,
    ConnectorError,
    Fatal,
    FlagChange,
    Folder,
    FolderMissing,
    FolderNotMade,
    Found,
    Marked,
    OverQuota,
    Reason,
    Receipt,
    Refused,
    Role,
    Suspect,
    ToEnsure,
    Transient,
)
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, Script, outgoing, playing

WORK = Folder(("Work",), None, "7")
SEEN, FLAGGED = frozenset({"\\Seen"}), frozenset({"\\Flagged"})
STATUS = "(UIDVALIDITY 7 UIDNEXT 5 MESSAGES 4)"


def fetched(uid: int, flags: str, modseq: int | None = None) -> str:
    return f"* 1 FETCH (UID {uid}{f' MODSEQ ({modseq})' if modseq else ''} FLAGS ({flags}))"


def test_only_what_differs_is_changed_equal_changes_together(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(command="SELECT")
        peer.answer(
            r"UID FETCH 1:4 \(UID FLAGS\)", fetched(1, ""), fetched(2, r"\Flagged"), fetched(3, r"\Seen"), "* 9 EXISTS"
        )
        peer.answer(r"UID STORE 1:2 \+FLAGS.SILENT \(\\Seen\)$")
        peer.answer(r"UID STORE 2 -FLAGS.SILENT \(\\Flagged\)$")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        changes = [FlagChange(str(uid), add=SEEN, remove=FLAGGED) for uid in (1, 2, 3, 4)]
        assert list(target.mark(WORK, changes)) == [
            Marked("1", "done", added=SEEN),
            Marked("2", "done", added=SEEN, removed=FLAGGED),
            Marked("3", "done"),
            Marked("4", "missing"),
        ]
        target.close()


def test_somebody_quicker_is_read_again_and_not_overwritten(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " CONDSTORE")
        peer.open_work(command="SELECT")
        peer.answer("UID FETCH 1:2 ", fetched(1, "", 10), fetched(2, "", 12))
        peer.answer(
            r"UID STORE 1:2 \(UNCHANGEDSINCE 12\) \+FLAGS.SILENT \(\\Seen\)",
            "* 1 FETCH (UID 1 MODSEQ (14))",
            status="OK [MODIFIED 2] partly",
        )
        peer.answer("UID FETCH 2 ", fetched(2, r"\Seen", 13))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        changes = [FlagChange(key, add=SEEN) for key in ("1", "2")]
        assert list(target.mark(WORK, changes)) == [Marked("1", "done", added=SEEN), Marked("2", "done")]
        target.close()


def test_our_own_change_is_nobody_elses(tmp_path: Path) -> None:
    """Adding moves the message on; removing on the same message starts from there."""

    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " CONDSTORE")
        peer.open_work(command="SELECT")
        peer.answer("UID FETCH 1 ", fetched(1, r"\Flagged", 10))
        peer.answer(r"UID STORE 1 \(UNCHANGEDSINCE 10\) \+FLAGS", "* 1 FETCH (UID 1 MODSEQ (15))")
        peer.answer(r"UID STORE 1 \(UNCHANGEDSINCE 15\) -FLAGS")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        (marked,) = target.mark(WORK, [FlagChange("1", add=SEEN, remove=FLAGGED)])
        assert marked == Marked("1", "done", added=SEEN, removed=FLAGGED)
        target.close()


def test_a_message_changed_again_and_again_is_left_alone(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " CONDSTORE")
        peer.open_work(command="SELECT")
        for modseq in (10, 11):
            peer.answer("UID FETCH 1 ", fetched(1, "", modseq))
            peer.answer("UID STORE 1", status="NO [MODIFIED 1] changed")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert list(target.mark(WORK, [FlagChange("1", add=SEEN)])) == [Marked("1", "refused")]
        target.close()


def test_flags_the_folder_does_not_keep_or_that_cannot_be_said_are_not_stored(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(command="SELECT", permanent=r"\Seen")
        peer.answer("UID FETCH 1 ", fetched(1, ""))
        peer.answer(r"UID STORE 1 \+FLAGS.SILENT \(\\Seen\)$")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        wanted = frozenset({"\\Seen", "\\Flagged", "work", "x)\r\nx1 DELETE INBOX", "\\Recent"})
        assert list(target.mark(WORK, [FlagChange("1", add=wanted)])) == [Marked("1", "done", added=SEEN)]
        target.close()


def test_moves_are_told_by_their_new_keys(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " MOVE")
        peer.open_work(command="SELECT")
        peer.answer(r"UID FETCH 1:3,9 \(UID\)", "* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)")
        peer.answer('UID MOVE 1:3 "Other"', "* OK [COPYUID 8 1,3 41:42] moved", "* 1 EXPUNGE", "* 2 EXPUNGE")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.capabilities().moves
        assert list(target.move(WORK, Folder(("Other",), None, "8"), ["3", "9", "1", "2"])) == [
            Receipt(0, "stored", "42"),
            Receipt(1, "refused", reason=Reason.GONE),
            Receipt(2, "stored", "41"),
            Receipt(3, "refused", reason=Reason.GONE),
        ]
        target.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("OK done", Receipt(0, "stored")),
        ("OK [COPYUID 9 1 41] done", Receipt(0, "stored")),
        ("OK [COPYUID 8 1 41:50] done", Receipt(0, "stored")),
        ("NO [NOPERM] no", Receipt(0, "refused", reason=Reason.NO_PERMISSION)),
        ("NO [TRYCREATE] no", FolderMissing),
    ],
)
def test_moves_without_a_key_or_refused_say_so(
    tmp_path: Path, status: str, expected: Receipt | type[ConnectorError]
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " MOVE")
        peer.open_work(command="SELECT")
        peer.answer(r"UID FETCH 1 \(UID\)", "* 1 FETCH (UID 1)")
        peer.answer("UID MOVE", status=status)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        to = Folder(("Other",), None, "8")
        if isinstance(expected, Receipt):
            assert list(target.move(WORK, to, ["1"])) == [expected]
        else:
            with pytest.raises(expected):
                list(target.move(WORK, to, ["1"]))
        target.close()


def test_a_folder_is_found_by_its_role_then_by_its_path(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST (\\Sent) "/" Gesendet', '* LIST () "/" Sent', '* LIST () "/" INBOX')
        for name in ("Gesendet", "Sent", "INBOX", "INBOX"):
            peer.answer(f'STATUS "{name}"', f'* STATUS "{name}" {STATUS}')
            if name == "INBOX":
                peer.answer('SUBSCRIBE "INBOX"')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        by_role = target.ensure(("Sent",), Role.SENT)
        assert (by_role.path, by_role.role, by_role.epoch) == (("Gesendet",), Role.SENT, "7")
        assert target.ensure(("Sent",), None).path == ("Sent",)
        assert target.ensure(("Posteingang",), Role.INBOX).path == ("INBOX",)
        assert target.ensure(("inbox",), None).path == ("INBOX",)
        target.close()


def test_folders_that_are_foreseen_are_made_and_the_inbox_met_in_one_round_trip(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" INBOX')
        wanted = ["STATUS", "SUBSCRIBE", "CREATE", "STATUS", "SUBSCRIBE", "SELECT", "UNSELECT"]
        tags = iter([peer.expect(command) for command in wanted])  # all of them before the first answer
        # An inbox with mail in it is not opened: that would change which of it is recent.
        peer.say("* STATUS INBOX (UIDVALIDITY 3 UIDNEXT 9 MESSAGES 1)", f"{next(tags)} OK looked")
        peer.say(f"{next(tags)} OK subscribed", f"{next(tags)} OK made")
        # Until it was opened for the first time, Courier tells another epoch each time.
        peer.say("* STATUS Work (UIDVALIDITY 99 UIDNEXT 1 MESSAGES 0)", f"{next(tags)} OK looked")
        peer.say(f"{next(tags)} OK subscribed")
        peer.say("* 0 EXISTS", "* OK [UIDVALIDITY 7] epoch", f"{next(tags)} OK opened", f"{next(tags)} OK left")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        target.foresee([ToEnsure(("Work",), None, subscribed=True), ToEnsure(("INBOX",), Role.INBOX, subscribed=True)])
        assert [(one.path, one.epoch) for one in (target.ensure(("Work",), None), target.ensure(("INBOX",), None))] == [
            (("Work",), "7"),
            (("INBOX",), "3"),
        ]
        target.close()


@pytest.mark.parametrize("foreseen", [True, False])
def test_two_new_folders_in_one_place_end_all_writing_on_that_server(tmp_path: Path, foreseen: bool) -> None:
    """Each CREATE says OK once: asked again, it would say that there is such a folder, and all would look well."""

    def made(peer: Peer) -> None:
        peer.sign_in(f"{FULL} X-SIEVE-MAILBOX")
        peer.list_for_target('* LIST () "/" INBOX')
        tags = [peer.expect(command) for command in ("CREATE", "STATUS", "SUBSCRIBE", "SELECT", "UNSELECT")]
        peer.say(f"{tags[0]} OK [MAILBOXID (one)] made", f"* STATUS Work {STATUS}", f"{tags[1]} OK", f"{tags[2]} OK")
        peer.say("* OK [UIDVALIDITY 7] epoch", f"{tags[3]} OK opened", f"{tags[4]} OK left")
        peer.sign_out()

    with playing(tmp_path, made, made) as server:
        connector = server.connector()
        first = connector.open_target(Account("ann", PASSWORD), Event())
        first.ensure(("Work",), None)
        first.close()
        second = connector.open_target(Account("ben", PASSWORD), Event())
        work = ToEnsure(("Work",), None, subscribed=True)
        with pytest.raises(Fatal, match=r"Work of ben .* Work of ann") as raised:
            second.foresee([work]) if foreseen else second.ensure(work.path, work.role)
        assert raised.value.tells_what_to_do
        for anything in (lambda: second.ensure(("Work",), None), lambda: second.fence(WORK, [])):
            with pytest.raises(Fatal, match=r"told of ben$") as raised:
                anything()
            assert raised.value.tells_what_to_do
        second.close()


@pytest.mark.parametrize(("user", "is_clash"), [("ben", True), ("ann", False)], ids=["another's", "renamed"])
def test_two_folders_in_one_place_are_met_by_a_later_run_too(tmp_path: Path, user: str, is_clash: bool) -> None:
    def script(name: str) -> Script:
        def opened(peer: Peer) -> None:
            peer.sign_in(f"{FULL} X-SIEVE-MAILBOX")
            peer.answer(f'SELECT "{name}"', "* OK [UIDVALIDITY 7] epoch", "* OK [MAILBOXID (one)] its id")
            if name == "Work" or not is_clash:
                peer.answer("UID FETCH 1 ")
            peer.sign_out()

        return opened

    with playing(tmp_path, script("Work"), script("Play")) as server:
        connector = server.connector()
        for person, name in (("ann", "Work"), (user, "Play")):
            target = connector.open_target(Account(person, PASSWORD), Event())
            clashes = is_clash and name == "Play"
            with pytest.raises(Fatal, match=r"Play of ben .* Work of ann") if clashes else nullcontext():
                list(target.mark(Folder((name,), None, "7"), [FlagChange("1", add=frozenset())]))
            target.close()


def test_an_inbox_that_was_empty_when_it_was_listed_is_opened_along_with_the_folders_that_are_made(
    tmp_path: Path,
) -> None:
    empty = "(UIDVALIDITY 99 UIDNEXT 1 MESSAGES 0)"

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" INBOX', inbox=empty)
        tags = [peer.expect(f'{command} "INBOX"') for command in ("STATUS", "SUBSCRIBE", "SELECT")]
        peer.say(f"* STATUS INBOX {empty}", f"{tags[0]} OK looked", f"{tags[1]} OK subscribed")
        peer.say("* 0 EXISTS", "* OK [UIDVALIDITY 7] epoch", f"{tags[2]} OK opened")
        peer.answer("UNSELECT")
        # By now it may hold mail.
        peer.answer('STATUS "INBOX"', "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 2 MESSAGES 1)")
        peer.answer('SUBSCRIBE "INBOX"')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        target.foresee([ToEnsure(("INBOX",), Role.INBOX, subscribed=True)])
        assert [target.ensure(("INBOX",), None).epoch for _ in range(2)] == ["7", "7"]
        target.close()


def test_an_inbox_that_cannot_be_looked_at_stays_subscribed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" INBOX')
        peer.answer("STATUS", status="NO [UNAVAILABLE] not now")
        peer.answer("SUBSCRIBE")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(Transient):
            target.ensure(("INBOX",), None)
        target.close()
    assert b"UNSUBSCRIBE" not in server.heard


def test_an_inbox_that_is_not_there_after_all_is_made(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" INBOX')
        for command in ("STATUS", "SUBSCRIBE"):
            peer.answer(command, status="NO [NONEXISTENT] no such mailbox")
        peer.answer('CREATE "INBOX"')
        peer.answer("STATUS", "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)")
        peer.answer("SUBSCRIBE")
        peer.answer("SELECT", "* 0 EXISTS", "* OK [UIDVALIDITY 7] epoch")
        peer.answer("UNSELECT")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("INBOX",), None).epoch == "7"
        target.close()


def test_a_server_that_announces_no_roles_has_its_folders_found_by_their_names(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" "&AMk-l&AOk-ments envoy&AOk-s"', '* LIST () "/" INBOX')
        peer.answer("STATUS", f'* STATUS "&AMk-l&AOk-ments envoy&AOk-s" {STATUS}')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        sent = target.ensure(("Sent",), Role.SENT)
        assert (sent.path, sent.role) == (("Éléments envoyés",), Role.SENT)
        target.close()


def test_an_empty_folder_that_is_there_is_subscribed_and_one_with_mail_is_left_as_its_owner_wants(
    tmp_path: Path,
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target('* LIST () "/" Empty', '* LIST () "/" Used')
        peer.answer("STATUS", '* STATUS "Empty" (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)')
        peer.answer('SUBSCRIBE "Empty"', status="NO no subscriptions here")
        peer.answer('SELECT "Empty"', "* OK [UIDVALIDITY 7] valid")
        peer.answer("UNSELECT")
        peer.answer("STATUS", f'* STATUS "Used" {STATUS}')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("Empty",), None).messages == 0
        assert target.ensure(("Used",), None).messages
        target.close()


@pytest.mark.parametrize("made_by_us", [True, False], ids=["by us", "by another session"])
def test_a_folder_is_made_once(tmp_path: Path, made_by_us: bool) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target()
        create, status = peer.expect('CREATE "a/b_c"'), peer.expect('STATUS "a/b_c"')
        told = "OK made" if made_by_us else "NO [ALREADYEXISTS] there"
        peer.say(f"{create} {told}", f'* STATUS "a/b_c" {STATUS}', f"{status} OK")
        peer.answer('SUBSCRIBE "a/b_c"', status="NO no subscriptions here")
        _open_first(peer)
        peer.answer("STATUS", f'* STATUS "a/b_c" {STATUS}')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("a", "b/c"), None).path == ("a", "b_c")
        assert target.ensure(("a", "b_c"), None).path == ("a", "b_c")
        target.close()


def _open_first(peer: Peer) -> None:
    """A new folder is opened once; what that tells counts."""
    peer.answer("SELECT", "* 0 EXISTS", "* OK [UIDVALIDITY 7] epoch", r"* OK [PERMANENTFLAGS (\Seen)] kept")
    peer.answer("UNSELECT")


def _refuse(peer: Peer, name: str) -> None:
    create, status = peer.expect(f'CREATE "{name}"'), peer.expect(f'STATUS "{name}"')
    peer.say(f"{create} NO [CANNOT] not here", f"{status} NO [CANNOT] not here")
    # Some servers subscribe to anything; what was not made is taken off the list again.
    peer.answer(f'SUBSCRIBE "{name}"')
    peer.answer(f'SELECT "{name}"', status="NO [CANNOT] not here")
    peer.answer("UNSELECT", status="BAD nothing is selected")
    peer.answer(f'UNSUBSCRIBE "{name}"')


def test_a_name_the_server_does_not_hold_is_made_more_cautiously(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target()
        _refuse(peer, r"a\.b")
        create, status = peer.expect('CREATE "a_b"'), peer.expect('STATUS "a_b"')
        peer.say(f"{create} OK", f"* STATUS a_b {STATUS}", f"{status} OK")
        peer.answer("SUBSCRIBE")
        _open_first(peer)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert target.ensure(("a.b",), None).path == ("a_b",)
        target.close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target()
        _refuse(peer, "plain")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(Refused) as raised:
            target.ensure(("plain",), None)
        assert raised.value.reason is Reason.FOLDER_REFUSED
        target.close()


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        ("NO [SERVERBUG] Internal error occurred", FolderNotMade, "SERVERBUG"),
        ("NO [UNAVAILABLE] later", FolderNotMade, "UNAVAILABLE"),
        ("NO [LIMIT] so many folders", FolderNotMade, "LIMIT"),
        ("BAD what", FolderNotMade, "BAD"),
        ("NO Request is throttled. Suggested Backoff Time: 3000 milliseconds", Transient, "NO"),
        ("NO [OVERQUOTA] full", OverQuota, "OVERQUOTA"),
    ],
)
def test_a_folder_that_is_not_made_at_the_moment_is_told_from_a_server_that_has_trouble(
    tmp_path: Path, answer: str, verdict: type[ConnectorError], detail: str
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.list_for_target()
        create, status = peer.expect('CREATE "plain"'), peer.expect('STATUS "plain"')
        peer.say(f"{create} {answer}", f"{status} NO [NONEXISTENT] none")
        peer.answer("SUBSCRIBE", status="NO none")
        peer.answer("SELECT", status="NO none")
        peer.answer("UNSELECT", status="BAD none")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(verdict) as raised:
            target.ensure(("plain",), None)
        assert (type(raised.value), raised.value.detail) == (verdict, detail)
        target.close()


def test_a_fence_of_another_epoch_is_a_missing_folder(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.answer("STATUS", f"* STATUS Work {STATUS.replace('7', '8')}")
        peer.answer("STATUS", f"* STATUS Work {STATUS}")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(FolderMissing):
            target.fence(WORK, [])
        assert target.fence(WORK, []) == "7:5"
        target.close()


def _found(peer: Peer, uid: int, data: bytes) -> None:
    peer.answer(
        f"UID FETCH {uid} ",
        f'* 1 FETCH (UID {uid} FLAGS () INTERNALDATE "29-Feb-2020 13:00:00 +0100" BODY[] {{{len(data)}}}\r\n'.encode()
        + data
        + b")\r\n",
    )


@pytest.mark.parametrize(("fence", "first"), [("7:5", 5), ("6:900", 1)], ids=["same epoch", "made anew"])
def test_suspects_are_looked_for_above_the_fence_and_unclaimed(tmp_path: Path, fence: str, first: int) -> None:
    data = b"Subject: one\r\n\r\nbody one\r\n"
    sent = outgoing(0, data)

    def listed(uid: int, size: int, date: str = "01-Jan-2001 00:00:00 +0000") -> str:
        return f'* 1 FETCH (UID {uid} INTERNALDATE "{date}" RFC822.SIZE {size})'

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=3)
        there = [listed(uid, len(data)) for uid in (4, 6)]
        peer.answer(rf"UID FETCH {first}:\* ", *there, listed(7, len(data), "29-Feb-2020 12:00:00 +0000"))
        _found(peer, 7, data)
        peer.answer("UNSELECT")
        peer.sign_out()

    suspects = [Suspect(n, "batch", sent.wire_digest, len(data), sent.header_digest, sent.received) for n in (0, 1)]
    with playing(tmp_path, script) as server:
        target = server.target()
        claimed = {"4", "6"}
        found = list(target.find(WORK, fence, suspects, claimed))
        assert found == [Found(0, "uncertain", "7"), Found(1, "uncertain", None)], "half of an atomic batch"
        target.close()


def test_a_suspect_that_may_be_what_the_server_does_not_hand_out_is_not_called_absent(tmp_path: Path) -> None:
    data = b"Subject: one\r\n\r\nbody one\r\n"
    sent = outgoing(0, data)

    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE UNSELECT")
        peer.open_work(exists=2)
        dates = ("29-Feb-2020 12:00:00 +0000", "01-Jan-2001 00:00:00 +0000")
        listed = [f'* {n} FETCH (UID {n + 5} INTERNALDATE "{date}" RFC822.SIZE {n})' for n, date in enumerate(dates, 1)]
        peer.answer(r"UID FETCH 5:\* ", *listed)
        peer.answer("UID FETCH 6:7 ", status="NO some could not be fetched")
        peer.open_work(exists=2)
        peer.answer("UID FETCH 6:7 ", "* 1 FETCH (UID 6)", "* 2 FETCH (UID 7)")
        peer.answer("UID FETCH 6 ", status="NO it cannot be fetched")
        peer.answer("UID FETCH 7 ", status="NO it cannot be fetched")
        peer.answer("UNSELECT")
        peer.sign_out()

    other = Suspect(1, "other", b"", 9, b"", sent.received + timedelta(days=1))
    suspects = [Suspect(0, "batch", sent.wire_digest, len(data), sent.header_digest, sent.received), other]
    with playing(tmp_path, script) as server:
        target = server.target()
        found = list(target.find(WORK, "7:5", suspects, set()))
        assert found == [Found(0, "uncertain", None), Found(1, "absent", None)]
        target.close()

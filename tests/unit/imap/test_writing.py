"""APPEND: one command a batch, its last byte only when it may, and no body behind an argument that was refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from connectors.body import SpooledBody
from connectors.contract import (
    Account,
    ConnectorError,
    Folder,
    FolderMissing,
    Outgoing,
    Reason,
    Receipt,
    Refused,
    Stopped,
    Transient,
)
from connectors.imap.target import ImapTarget
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, Script, allow, outgoing, playing

WORK = Folder(("Work",), None, "7")
ONE, TWO = b"Subject: one\r\n\r\nbody one\r\n", b"Subject: two\r\n\r\nx1 CREATE pwned\r\n"
COMMANDS = b"Subject: x\r\n\r\n" + b"x1 CREATE pwned\r\n" * 200_000


class Withdrawn(Exception):
    """What the engine's ``may_commit`` raises here."""


def learn(peer: Peer, permanent: str = r"\Seen \Flagged \Answered \Deleted \*", *, unselect: bool = True) -> None:
    """The target asks once which flags the folder keeps."""
    peer.open_work(command="SELECT", permanent=permanent)
    if unselect:
        peer.answer("UNSELECT")


def answer_append(peer: Peer, answer: str) -> None:
    """Hear an APPEND of ONE to its end."""
    tag = peer.expect("APPEND")
    peer.read(len(ONE))
    peer.line()
    peer.say(f"{tag} {answer}")


def write(target: ImapTarget, *messages: Outgoing) -> list[Receipt]:
    return list(target.write(WORK, messages, allow))


def test_a_batch_is_one_command_and_its_keys_are_told(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        tag = peer.expect(r'APPEND "Work" \(\\Seen\) "29-Feb-2020 12:00:00 \+0000" \{26\+\}')
        assert peer.read(len(ONE)) == ONE
        assert peer.line() == b' () "29-Feb-2020 12:00:00 +0000" {%d+}' % len(TWO)
        assert peer.read(len(TWO)) == TWO
        assert peer.line() == b""
        peer.say("* 5 EXISTS", f"{tag} OK [APPENDUID 7 11:12] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        receipts = write(target, outgoing(0, ONE, frozenset({"\\Seen"})), outgoing(1, TWO))
        assert receipts == [Receipt(0, "stored", "11"), Receipt(1, "stored", "12")]
        assert target.fence(WORK, []) == "7:13", "known without asking"
        target.close()


def test_the_last_byte_stays_here_when_may_commit_raises(tmp_path: Path) -> None:
    ends: list[str] = []

    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        peer.expect("APPEND")
        ends.append(peer.ended_by())

    def withdraw() -> None:
        raise Withdrawn

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(Withdrawn):
            list(target.write(WORK, [outgoing(0, ONE)], withdraw))
        with pytest.raises(Stopped):
            list(target.folders())
        target.close()
    assert ends == ["RST"]
    assert ONE[:-1] in server.heard
    assert ONE not in server.heard
    assert not server.heard.endswith(b"\r\n")


@pytest.mark.parametrize(
    "capabilities", [FULL, "IMAP4rev1 NAMESPACE LITERAL- UIDPLUS MULTIAPPEND", "IMAP4rev1 NAMESPACE UIDPLUS"]
)
def test_the_last_byte_waits_for_may_commit(tmp_path: Path, capabilities: str) -> None:
    """Whatever is heard before it, the server has no whole message."""
    order: list[str] = []
    multi, synchronising = "MULTIAPPEND" in capabilities, "LITERAL" not in capabilities

    def script(peer: Peer) -> None:
        peer.sign_in(capabilities)
        learn(peer, unselect="UNSELECT" in capabilities)
        for number, body in enumerate((ONE, TWO)):
            if number == 0 or not multi:
                tag = peer.expect("APPEND")
            else:
                peer.line()
            if synchronising:
                peer.say("+ go")
            assert peer.read(len(body)) == body
            if number == 1 or not multi:
                order.append("whole")
                assert peer.line() == b""
                uids = "11:12" if multi else str(11 + number)
                peer.say(f"{tag} OK [APPENDUID 7 {uids}] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        receipts = list(target.write(WORK, [outgoing(0, ONE), outgoing(1, TWO)], lambda: order.append("may")))
        target.close()
    assert [receipt.key for receipt in receipts] == ["11", "12"]
    assert order == (["may", "whole"] if multi else ["may", "whole", "may", "whole"])


def test_large_literals_wait_to_be_asked_for_with_literal_minus(tmp_path: Path) -> None:
    large = b"Subject: large\r\n\r\n" + b"x" * 5000 + b"\r\n"

    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 NAMESPACE LITERAL- UIDPLUS MULTIAPPEND")
        learn(peer, unselect=False)
        tag = peer.expect(r"APPEND .* \{26\+\}")
        peer.read(len(ONE))
        assert peer.line().endswith(b"{%d}" % len(large))
        peer.say("+ go")
        assert peer.read(len(large)) == large
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1,3] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert [receipt.key for receipt in write(target, outgoing(0, ONE), outgoing(1, large))] == ["1", "3"]
        target.close()


@pytest.mark.parametrize("said", ["", "[APPENDUID 7 1]", "[APPENDUID 7 1:3]", "[APPENDUID 7 *]", "[APPENDUID 7 1,1]"])
def test_keys_that_do_not_add_up_are_no_keys(tmp_path: Path, said: str) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        tag = peer.expect("APPEND")
        peer.read(len(ONE))
        peer.line()
        peer.read(len(TWO))
        peer.line()
        peer.say(f"{tag} OK {said} done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert write(target, outgoing(0, ONE), outgoing(1, TWO)) == [Receipt(0, "stored"), Receipt(1, "stored")]
        target.close()


def test_keys_of_another_epoch_are_a_missing_folder(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        answer_append(peer, "OK [APPENDUID 8 1] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(FolderMissing):
            write(target, outgoing(0, ONE))
        target.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("BAD syntax", Reason.REFUSED),
        ("NO [TOOBIG] no", Reason.TOO_LARGE),
        ("NO [OVERQUOTA] full", Reason.OVER_QUOTA),
        ("NO no", Reason.REFUSED),
    ],
)
def test_an_early_refusal_resets_and_the_session_signs_in_anew(tmp_path: Path, answer: str, reason: Reason) -> None:
    ends: list[str] = []

    def refuses(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        tag = peer.expect("APPEND")
        peer.say(f"{tag} {answer}")
        peer.sock.settimeout(0.3)
        try:
            ends.append(peer.ended_by())
        except TimeoutError:
            ends.append("open")

    def accepts(peer: Peer) -> None:
        peer.sign_in()
        answer_append(peer, "OK [APPENDUID 7 1] done")
        peer.sign_out()

    committed: list[None] = []
    with playing(tmp_path, refuses, accepts) as server:
        target = server.target()
        receipts = list(target.write(WORK, [outgoing(0, ONE), outgoing(1, COMMANDS)], lambda: committed.append(None)))
        assert receipts == [Receipt(0, "refused", reason=reason), Receipt(1, "refused", reason=reason)]
        assert committed == []
        assert write(target, outgoing(0, ONE)) == [Receipt(0, "stored", "1")]
        target.close()
    assert ends == ["RST"]
    assert len(b"".join(server.peers[0].heard)) < len(COMMANDS)


def test_a_late_refusal_leaves_the_connection_in_use(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        for answer in ("NO [OVERQUOTA] full", "OK [APPENDUID 7 1] done"):
            tag = peer.expect("APPEND")
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} {answer}")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert write(target, outgoing(0, ONE)) == [Receipt(0, "refused", reason=Reason.OVER_QUOTA)]
        assert write(target, outgoing(0, ONE)) == [Receipt(0, "stored", "1")]
        target.close()


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (["* STATUS Work (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3)", "OK done"], True),
        (["* STATUS Work (UIDVALIDITY 8 UIDNEXT 4 MESSAGES 3)", "OK done"], False),
        (["NO [NONEXISTENT] no such folder"], False),
    ],
    ids=["there", "made anew", "gone"],
)
def test_a_refusal_without_a_reason_counts_only_from_a_folder_that_is_there(
    tmp_path: Path, status: list[str], refused: bool
) -> None:
    """Dovecot refuses a batch whose folder is renamed at that moment, and has it in the renamed folder all the same."""

    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        answer_append(peer, "NO Mailbox was deleted under us")
        peer.answer("STATUS", *status[:-1], status=status[-1])
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        if refused:
            assert write(target, outgoing(0, ONE)) == [Receipt(0, "refused", reason=Reason.REFUSED)]
        else:
            with pytest.raises(FolderMissing):
                write(target, outgoing(0, ONE))
        target.close()


@pytest.mark.parametrize(
    ("answer", "verdict"), [("NO [TRYCREATE] no", FolderMissing), ("NO [UNAVAILABLE] later", Transient)]
)
def test_refusals_that_are_not_about_the_message_are_errors(
    tmp_path: Path, answer: str, verdict: type[ConnectorError]
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        answer_append(peer, answer)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(verdict):
            write(target, outgoing(0, ONE))
        target.close()


def test_a_goodbye_after_the_commit_point_is_an_error(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        peer.expect("APPEND")
        peer.read(len(ONE))
        peer.line()
        peer.say("* BYE shutting down")

    with playing(tmp_path, script) as server:
        target = server.target()
        with pytest.raises(Transient):
            write(target, outgoing(0, ONE))
        with pytest.raises(Transient):
            target.fence(Folder(("Other",), None, "1"), [])
        target.close()


def test_a_new_keyword_is_proven_before_its_body_leaves(tmp_path: Path) -> None:
    work = outgoing(0, ONE, frozenset({"work"}))

    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        tag = peer.expect(r'APPEND "Work" \(work\) "[^"]*" \{26\}$')
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1] done")
        tag = peer.expect(r'APPEND "Work" \(work\) "[^"]*" \{26\+\}$')
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 2] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert write(target, work) == [Receipt(0, "stored", "1")]
        assert write(target, work) == [Receipt(0, "stored", "2")]
        target.close()


def test_a_keyword_is_proven_once_a_server_and_not_for_each_mailbox(tmp_path: Path) -> None:
    work = outgoing(0, ONE, frozenset({"work"}))

    def script(announced: str) -> Callable[[Peer], None]:
        def play(peer: Peer) -> None:
            peer.sign_in()
            learn(peer)
            tag = peer.expect(rf'APPEND "Work" \(work\) "[^"]*" \{{{announced}\}}$')
            if announced == "26":
                peer.say("+ go")
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} OK [APPENDUID 7 1] done")
            peer.sign_out()

        return play

    with playing(tmp_path, script("26"), script(r"26\+")) as server:
        connector = server.connector()
        for user in ("ann", "bob"):
            target = connector.open_target(Account(user, PASSWORD), Event())
            assert write(target, work) == [Receipt(0, "stored", "1")]
            target.close()


SINGLY = "IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE UNSELECT"


def refuse_literal(answer: str, capabilities: str = FULL, arguments: str = "") -> Script:
    """A session that asks for no body and says no."""

    def script(peer: Peer) -> None:
        peer.sign_in(capabilities)
        learn(peer)
        peer.answer(f"APPEND {arguments}", status=answer)
        assert peer.ended_by() == "RST"

    return script


@pytest.mark.parametrize("answer", ["NO invalid keyword", "NO [LIMIT] so many keywords", "NO [CANNOT] no", "BAD what"])
@pytest.mark.parametrize("capabilities", [FULL, SINGLY], ids=["with MULTIAPPEND", "without"])
def test_a_keyword_that_is_turned_down_is_left_out_and_the_message_travels(
    tmp_path: Path, capabilities: str, answer: str
) -> None:
    def accepts(peer: Peer) -> None:
        peer.sign_in(capabilities)
        for key in (1, 2):
            tag = peer.expect(r'APPEND "Work" \(\\Seen\) "[^"]*" \{26\+\}$')
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} OK [APPENDUID 7 {key}] done")
        peer.sign_out()

    with playing(tmp_path, refuse_literal(answer, capabilities), accepts) as server:
        target = server.target()
        message = outgoing(0, ONE, frozenset({"\\Seen", "x" * 60}))
        for key in ("1", "2"):
            assert write(target, message) == [Receipt(0, "stored", key, kept_flags=frozenset({"\\Seen"}))]
        target.close()
    assert ONE[:10] not in b"".join(server.peers[0].heard)


def test_of_a_batch_only_the_keywords_that_are_turned_down_are_left_out(tmp_path: Path) -> None:
    def accepts(peer: Peer) -> None:
        peer.sign_in()
        tag = peer.expect(r'APPEND "Work" \(\) "[^"]*" \{26\+\}$')
        peer.read(len(ONE))
        assert peer.line().startswith(b" (good) ")
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1:2] done")
        peer.sign_out()

    committed: list[None] = []
    with playing(tmp_path, refuse_literal("NO no", arguments=r'"Work" \(bad\)'), accepts) as server:
        target = server.target()
        batch = [outgoing(0, ONE, frozenset({"bad"})), outgoing(1, ONE, frozenset({"good"}))]
        assert list(target.write(WORK, batch, lambda: committed.append(None))) == [
            Receipt(0, "stored", "1", kept_flags=frozenset()),
            Receipt(1, "stored", "2"),
        ]
        target.close()
    assert len(committed) == 1


def test_a_keyword_is_turned_down_only_where_the_message_is_taken_without_it(tmp_path: Path) -> None:
    def refuses_all(peer: Peer) -> None:
        peer.sign_in()
        answer_append(peer, "NO [TOOBIG] no")
        tag = peer.expect(r'APPEND "Work" \(work\) "[^"]*" \{26\}$')
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1] done")
        peer.sign_out()

    with playing(tmp_path, refuse_literal("NO no"), refuses_all) as server:
        target = server.target()
        work = outgoing(0, ONE, frozenset({"work"}))
        assert write(target, work) == [Receipt(0, "refused", reason=Reason.TOO_LARGE)]
        assert write(target, work) == [Receipt(0, "stored", "1")]
        target.close()


@pytest.mark.parametrize(
    "answer", ["NO [LIMIT] slow down", "NO [LIMIT] APPEND Rate limit hit.", "NO slow down", "NO [THROTTLED] no"]
)
def test_a_rate_limit_at_the_literal_is_a_pause_and_drops_no_keyword(tmp_path: Path, answer: str) -> None:
    def accepts(peer: Peer) -> None:
        peer.sign_in(SINGLY)
        tag = peer.expect(r'APPEND "Work" \(work\) "[^"]*" \{26\}$')
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1] done")
        peer.sign_out()

    with playing(tmp_path, refuse_literal(answer, SINGLY), accepts) as server:
        target = server.target()
        work = outgoing(0, ONE, frozenset({"work"}))
        with pytest.raises(Transient) as raised:
            write(target, work)
        assert raised.value.retry_after
        assert write(target, work) == [Receipt(0, "stored", "1")]
        target.close()


def test_a_bad_behind_keywords_that_were_not_asked_for_may_be_due_to_them(tmp_path: Path) -> None:
    """Only with the next sending is it known: they are asked for, and what is refused then is refused for its bytes."""

    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        for literal, answer in ((r"\{26\}", "OK [APPENDUID 7 1] done"), (r"\{26\+\}", "BAD what")):
            tag = peer.expect(rf'APPEND "Work" \(work\) "[^"]*" {literal}$')
            if "+" not in literal:
                peer.say("+ go")
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} {answer}")
        assert peer.ended_by() == "RST"

    def asks(peer: Peer) -> None:
        peer.sign_in()
        tag = peer.expect(r'APPEND "Work" \(work\) "[^"]*" \{26\}$')
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} BAD what")
        assert peer.ended_by() == "RST"

    with playing(tmp_path, script, asks) as server:
        target = server.target()
        work = outgoing(0, ONE, frozenset({"work"}))
        assert write(target, work) == [Receipt(0, "stored", "1")]
        for reason in (Reason.ARGUMENTS, Reason.REFUSED):
            assert write(target, work) == [Receipt(0, "refused", reason=reason)]
        target.abort()


@pytest.mark.parametrize("year", [1, 1970, 2038, 9999])
def test_an_odd_date_is_proven_before_its_body_leaves(tmp_path: Path, year: int) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        peer.answer(rf'APPEND "Work" \(\) "01-Jun-{year:04} 00:00:00 \+0000" \{{26\}}$', status="BAD date")
        assert peer.ended_by() == "RST"

    with playing(tmp_path, script) as server:
        target = server.target()
        message = outgoing(0, ONE, received=datetime(year, 6, 1, tzinfo=UTC))
        assert write(target, message) == [Receipt(0, "refused", reason=Reason.ARGUMENTS)]
        target.close()
    assert ONE[:10] not in server.heard


def test_a_keyword_refused_with_an_odd_date_is_left_out_of_odd_dates_only(tmp_path: Path) -> None:
    def accepts(peer: Peer) -> None:
        peer.sign_in()
        for flags, key in (("", 1), ("", 2), ("work", 3)):
            tag = peer.expect(rf'APPEND "Work" \({flags}\) "[^"]*" \{{26\}}$')
            peer.say("+ go")
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} OK [APPENDUID 7 {key}] done")
        peer.sign_out()

    with playing(tmp_path, refuse_literal("NO no", arguments=r'"Work" \(work\) "01-Jun-1969'), accepts) as server:
        target = server.target()
        work = frozenset({"work"})
        odd = outgoing(0, ONE, work, datetime(1969, 6, 1, tzinfo=UTC))
        for key in ("1", "2"):
            assert write(target, odd) == [Receipt(0, "stored", key, kept_flags=frozenset())]
        assert write(target, outgoing(0, ONE, work)) == [Receipt(0, "stored", "3")]
        target.close()


@pytest.mark.parametrize(
    "flag", ["\\Recent", "a b", "x)\r\nx1 CREATE pwned", "{3+}", "\\Seen)\r\nx", "ä", "\\Flagged\0", "a]"]
)
def test_a_flag_that_cannot_be_said_is_left_out_and_told(tmp_path: Path, flag: str) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        tag = peer.expect(r'APPEND "Work" \(\\Seen\) "[^"]*" \{26\+\}$')
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        receipts = write(target, outgoing(0, ONE, frozenset({"\\Seen", flag})))
        assert receipts == [Receipt(0, "stored", "1", kept_flags=frozenset({"\\Seen"}))]
        target.close()


def test_flags_the_folder_does_not_keep_are_left_out_and_told(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer, r"\Seen $Junk")
        tag = peer.expect(r'APPEND "Work" \(\$Junk \\Seen\) "[^"]*" \{26\}$')
        peer.say("+ go")
        peer.read(len(ONE))
        peer.line()
        peer.say(f"{tag} OK [APPENDUID 7 1] done")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        (receipt,) = write(target, outgoing(0, ONE, frozenset({"\\Seen", "\\Flagged", "$Junk", "other"})))
        assert receipt.kept_flags == frozenset({"\\Seen", "$Junk"})
        target.close()


def test_without_multiappend_a_refused_message_does_not_stop_the_others(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 NAMESPACE LITERAL+ UNSELECT")
        learn(peer)
        for answer in ("OK done", "NO [TOOBIG] no", "OK done"):
            tag = peer.expect("APPEND")
            peer.read(len(ONE))
            peer.line()
            peer.say(f"{tag} {answer}")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        told = target.capabilities()
        assert (told.atomic_batch, told.returns_keys) == (False, False)
        receipts = write(target, *(outgoing(number, ONE) for number in range(3)))
        assert [receipt.outcome for receipt in receipts] == ["stored", "refused", "stored"]
        assert [receipt.key for receipt in receipts] == [None] * 3
        target.close()


def test_a_spooled_body_that_lost_bytes_is_cut_off(tmp_path: Path) -> None:
    class Short(SpooledBody):
        @property
        def size(self) -> int:
            return super().size + 10

    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        assert peer.ended_by() == "RST"

    body = Short(tmp_path)
    body.write(ONE)
    asked: list[None] = []
    with playing(tmp_path, script) as server:
        target = server.target()
        message = outgoing(0, ONE)
        with pytest.raises(Transient):
            list(
                target.write(
                    WORK,
                    [Outgoing(0, body, message.received, frozenset(), b"", b"")],
                    lambda: asked.append(None),
                )
            )
        target.close()
    body.release()
    assert asked == []


def test_a_folder_name_that_cannot_be_said_takes_no_mail(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.answer("LIST", b'* LIST () "/" {18}\r\na\r\nx1 CREATE pwned\r\n')
        peer.answer("LSUB")
        tag = peer.expect(r"STATUS \{18\}")
        peer.say("+ go")
        assert peer.read(18) == b"a\r\nx1 CREATE pwned"
        peer.line()
        peer.say(b"* STATUS {18}\r\na\r\nx1 CREATE pwned (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)\r\n", f"{tag} OK")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        (folder,) = target.folders()
        with pytest.raises(Refused):
            list(target.write(folder, [outgoing(0, ONE)], allow))
        target.close()


def test_an_aborted_target_does_not_sign_in_anew(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        learn(peer)
        peer.answer("APPEND", status="BAD no")
        assert peer.ended_by() == "RST"

    with playing(tmp_path, script) as server:
        target = server.target()
        odd = outgoing(0, ONE, received=datetime(1969, 6, 1, tzinfo=UTC))
        assert [receipt.outcome for receipt in write(target, odd)] == ["refused"]
        target.abort()
        with pytest.raises(Stopped):
            target.fence(WORK, [])
        target.close()


def test_courier_gets_one_writer_a_mailbox(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 NAMESPACE UIDPLUS ACL2=UNION")
        peer.sign_out()

    with playing(tmp_path, script, script) as server:
        target = server.target(sessions=4)
        assert target.capabilities().sessions == 1
        target.close()
        source = server.source(sessions=4)
        assert source.capabilities().sessions == 4
        source.close()

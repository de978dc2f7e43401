"""Reading: every key answered once, whatever the server says in between, and nothing but EXAMINE and PEEK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from connectors.body import SPOOL_OVER
from connectors.contract import (
    Account,
    ConnectorError,
    Entry,
    Folder,
    FolderMissing,
    Message,
    Reason,
    Source,
    Transient,
    Unread,
    Window,
)
from connectors.imap import source as source_module
from connectors.imap import stream
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, playing

WORK = Folder(("Work",), None, "7")


def body(number: int, text: bytes, extra: str = "") -> bytes:
    head = (
        f'* {number} FETCH (UID {number} FLAGS () INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[] {{{len(text)}}}\r\n'
    )
    return head.encode() + text + extra.encode() + b")\r\n"


def contents(answer: Message | Unread) -> bytes:
    assert isinstance(answer, Message)
    with answer.body.open() as reader:
        data = reader.read()
    answer.body.release()
    return data


def test_answers_come_in_any_order_between_other_news(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        tag = peer.expect(r"UID FETCH 1:3 \(UID FLAGS INTERNALDATE BODY.PEEK\[\]\)")
        peer.say(
            "* 9 EXISTS",
            body(3, b"three"),
            "* 1 FETCH (FLAGS (\\Seen))",
            "* 1 FETCH (UID 1 FLAGS (\\Seen))",
            body(77, b"not asked for"),
            b"* 2 FETCH (BODY[] {3}\r\ntwo UID 2 X {2}\r\nyy)\r\n",
            body(3, b"again"),
            "* OK [ALERT] be careful",
            body(1, b"", " FLAGS (work)"),
            f"{tag} OK done",
        )
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        answers = {answer.key: contents(answer) for answer in session.read(WORK, ["1", "2", "3"])}
        session.close()
    assert answers == {"1": b"", "2": b"two", "3": b"three"}
    assert b"SELECT" not in server.heard
    assert b"STORE" not in server.heard


def test_a_message_that_is_not_answered_is_gone_or_unreadable(tmp_path: Path) -> None:
    """Gone when a fresh look does not show it; what held others back is found alone."""

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.answer("UID FETCH 1:4", body(1, b"one"), "* 2 FETCH (UID 2 BODY[] NIL)", status="NO [SERVERBUG] some")
        peer.open_work()
        peer.answer(r"UID FETCH 2:4 \(UID\)", "* 2 FETCH (UID 2)", "* 4 FETCH (UID 4)")
        peer.answer("UID FETCH 2 ", status="NO broken")
        peer.answer("UID FETCH 4 ", body(4, b"four"))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        answers = {answer.key: answer for answer in session.read(WORK, ["1", "2", "3", "4"])}
        session.close()
    assert contents(answers["1"]) == b"one"
    assert answers["2"] == Unread("2", Reason.UNREADABLE)
    assert answers["3"] == Unread("3", Reason.GONE)
    assert contents(answers["4"]) == b"four"


def test_couriers_stand_in_is_no_message(tmp_path: Path) -> None:
    stand_in = (
        b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
        b"This message is no longer available on the server.\r\n"
    )

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.answer("UID FETCH 1", body(1, stand_in))
        peer.open_work()
        peer.answer(r"UID FETCH 1 \(UID\)")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert list(session.read(WORK, ["1"])) == [Unread("1", Reason.GONE)]
        session.close()


def test_an_answer_that_follows_no_grammar_is_unreadable(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.answer("UID FETCH 1:2", "* 1 FETCH (UID 1 BODY[] (oops)", body(2, b"two"))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        first, second = session.read(WORK, ["1", "2"])
        session.close()
    assert first == Unread("1", Reason.UNREADABLE)
    assert contents(second) == b"two"


@pytest.mark.parametrize(
    "hostile",
    [
        b"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\n",
        b"* 1 FETCH (UID 1 BODY[] {4294967296}\r\n",
        b"* 1 FETCH (UID 1 X {4294967295}\r\n",
        b"* 1 FETCH (UID 1" + b" X {1}\r\ny" * 100 + b")\r\n",
        b"y" * (3 << 20),
        b"no grammar at all\r\n",
        b"* BYE\r\n",
        b"B999 OK\r\n",
    ],
)
def test_hostile_answers_end_the_session_and_leave_no_file(tmp_path: Path, hostile: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.expect("UID FETCH")
        try:
            peer.say(hostile)
        except OSError:
            return

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(Transient):
            list(session.read(WORK, ["1"]))
        with pytest.raises(Transient):
            list(session.folders())
        session.close()
    assert list(tmp_path.iterdir()) == []


def test_a_message_too_large_for_memory_is_spooled(tmp_path: Path) -> None:
    large = b"x" * (SPOOL_OVER + 1)

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.answer("UID FETCH 1:2", body(1, large), body(2, b"two"))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        first, second = session.read(WORK, ["1", "2"])
        session.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert contents(first) == large
    assert contents(second) == b"two"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_half_way_leaves_no_file_and_no_confusion(tmp_path: Path) -> None:
    large = b"x" * (SPOOL_OVER + 1)

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        tag = peer.expect("UID FETCH 1:3")
        try:
            peer.say(body(1, b"one"), body(2, large), body(3, large), f"{tag} OK")
        except OSError:
            return

    with playing(tmp_path, script) as server:
        session = server.source()
        answers = session.read(WORK, ["1", "2", "3"])
        (first,) = islice(answers, 1)
        assert contents(first) == b"one"
        answers.close()  # type: ignore[attr-defined]  # a generator
        with pytest.raises(Transient):
            list(session.folders())
        session.close()
    assert list(tmp_path.iterdir()) == []


def _listed_as_large(peer: Peer, size: int) -> None:
    peer.sign_in()
    peer.open_work()
    peer.answer(
        r"UID FETCH 1:\* \(UID FLAGS INTERNALDATE RFC822.SIZE\)",
        f'* 1 FETCH (UID 1 FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE {size})',
        *[f"* {n} FETCH (UID {n} RFC822.SIZE 1)" for n in (2, 3)],
    )


def _asked_at(offset: int) -> str:
    return rf"UID FETCH 1 \(UID{'' if offset else ' FLAGS INTERNALDATE'} BODY.PEEK\[\]<{offset}\."


def _piece(data: bytes, offset: int, *, place: bool = True) -> bytes:
    said = f"BODY[]<{offset}>" if place else "BODY[]"
    return f"* 1 FETCH (UID 1 FLAGS (\\Seen) {said} {{{len(data)}}}\r\n".encode() + data + b")\r\n"


_LARGE = bytes(range(256)) * (4 * stream.RANGE // 256) + b"end"


def _read_in_pieces(tmp_path: Path, script: Callable[[Peer], None]) -> Message:
    """The message of a mailbox in which it is listed as large."""

    def play(peer: Peer) -> None:
        _listed_as_large(peer, len(_LARGE))
        script(peer)
        peer.sign_out()

    with playing(tmp_path, play) as server:
        session = server.source()
        list(session.entries(WORK, None))
        (answer,) = session.read(WORK, ["1"])
        assert isinstance(answer, Message)
        assert answer.flags == {"\\Seen"}
        assert contents(answer) == _LARGE
        session.close()
    assert list(tmp_path.iterdir()) == []
    return answer


def test_the_next_piece_of_a_large_message_is_asked_for_while_one_arrives(tmp_path: Path) -> None:
    size = stream.RANGE

    def script(peer: Peer) -> None:
        peer.answer(_asked_at(0), _piece(_LARGE[:size], 0))
        under_way = [(at, peer.expect(_asked_at(at))) for at in (size, 2 * size)]
        for at in (3 * size, 4 * size, None):
            (here, tag), *under_way = under_way
            peer.say(_piece(_LARGE[here : here + size], here), f"{tag} OK done")
            if at is not None:
                under_way.append((at, peer.expect(_asked_at(at))))
        ((here, tag),) = under_way
        peer.say(_piece(_LARGE[here:], here), f"{tag} OK done")

    _read_in_pieces(tmp_path, script)


def test_a_piece_that_comes_before_its_time_is_kept(tmp_path: Path) -> None:
    """A server may answer the second of two commands before it ends the first."""
    size = stream.RANGE

    def script(peer: Peer) -> None:
        peer.answer(_asked_at(0), _piece(_LARGE[:size], 0))
        first, second = peer.expect(_asked_at(size)), peer.expect(_asked_at(2 * size))
        both = [_piece(_LARGE[at : at + size], at) for at in (2 * size, size)]
        peer.say(*both, f"{first} OK done", f"{second} OK done")
        third = peer.expect(_asked_at(3 * size))
        fourth = peer.expect(_asked_at(4 * size))
        peer.say(_piece(_LARGE[3 * size : 4 * size], 3 * size), f"{third} OK done")
        peer.say(_piece(_LARGE[4 * size :], 4 * size), f"{fourth} OK done")

    _read_in_pieces(tmp_path, script)


def test_behind_a_piece_shorter_than_asked_for_the_next_goes_on_from_there(tmp_path: Path) -> None:
    size = stream.RANGE

    def script(peer: Peer) -> None:
        peer.answer(_asked_at(0), _piece(_LARGE[:size], 0))
        short, ahead = peer.expect(_asked_at(size)), peer.expect(_asked_at(2 * size))
        peer.say(_piece(_LARGE[size : 2 * size - 100], size), f"{short} OK done")
        peer.say(_piece(_LARGE[2 * size : 3 * size], 2 * size), f"{ahead} OK done")
        tags = [(at, peer.expect(_asked_at(at))) for at in (2 * size - 100, 3 * size - 100)]
        for at in (4 * size - 100, None):
            (here, tag), *tags = tags
            peer.say(_piece(_LARGE[here : here + size], here), f"{tag} OK done")
            if at is not None:
                tags.append((at, peer.expect(_asked_at(at))))
        ((here, tag),) = tags
        peer.say(_piece(_LARGE[here:], here), f"{tag} OK done")

    _read_in_pieces(tmp_path, script)


def _is_read_whole_after(tmp_path: Path, pieces: Callable[[Peer], None]) -> None:
    """What comes in pieces is not the message; asked for as a whole it comes with its length, as do later ones."""

    def script(peer: Peer) -> None:
        pieces(peer)
        peer.answer(r"UID FETCH 1 \(UID FLAGS INTERNALDATE BODY.PEEK\[\]\)", _piece(_LARGE, 0, place=False))

    _read_in_pieces(tmp_path, script)


@pytest.mark.parametrize("said", [None, 0], ids=["it does not say", "always the first"])
def test_a_server_that_does_not_give_the_piece_that_was_asked_for_is_not_believed(
    tmp_path: Path, said: int | None
) -> None:
    size = stream.RANGE

    def pieces(peer: Peer) -> None:
        if said is None:
            peer.answer(_asked_at(0), _piece(_LARGE[:size], 0, place=False))
            return
        peer.answer(_asked_at(0), _piece(_LARGE[:size], 0))
        first, second = peer.expect(_asked_at(size)), peer.expect(_asked_at(2 * size))
        again = _piece(_LARGE[:size], 0)
        peer.say(again, f"{first} OK done", again, f"{second} OK done")

    _is_read_whole_after(tmp_path, pieces)


def test_a_range_longer_than_asked_for_is_not_believed(tmp_path: Path) -> None:
    _is_read_whole_after(tmp_path, lambda peer: peer.answer(_asked_at(0), _piece(_LARGE[: stream.RANGE + 1], 0)))


@pytest.mark.parametrize("nothing", [b"NIL", b'""', b"{0}\r\n"], ids=["NIL", "quoted", "literal"])
def test_a_piece_that_is_nothing_does_not_end_a_message(tmp_path: Path, nothing: bytes) -> None:
    """Some servers say so of a message that somebody removed while it was read."""
    size = stream.RANGE

    def pieces(peer: Peer) -> None:
        peer.answer(_asked_at(0), _piece(_LARGE[:size], 0))
        first, second = peer.expect(_asked_at(size)), peer.expect(_asked_at(2 * size))
        said = b"* 1 FETCH (UID 1 BODY[]<%d> " + nothing + b")\r\n"
        peer.say(said % size, f"{first} OK done", said % (2 * size), f"{second} OK done")

    _is_read_whole_after(tmp_path, pieces)


@pytest.mark.parametrize("more", [-50, 50], ids=["too small", "too large"])
def test_where_listed_sizes_are_estimates_large_messages_are_read_whole(tmp_path: Path, more: int) -> None:
    """The first one is read twice; of the others no piece is asked for."""
    large = _LARGE[: 2 * stream.RANGE + 100]

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.answer(
            r"UID FETCH 1:\* \(UID FLAGS INTERNALDATE RFC822.SIZE\)",
            *[f"* {n} FETCH (UID {n} RFC822.SIZE {len(large) + more})" for n in (1, 2, 3)],
        )
        at, size = 0, stream.RANGE
        under_way: list[tuple[int, str]] = []
        while at < len(large):
            here, tag = under_way.pop(0) if under_way else (at, peer.expect(_asked_at(at)))
            if at and len(large) + more > at + size:
                under_way.append((at + size, peer.expect(_asked_at(at + size))))
            peer.say(_piece(large[here : here + size], here), f"{tag} OK done")
            at += size
        for here, tag in under_way:
            peer.say(_piece(b"", here), f"{tag} OK done")
        if more > 0:
            peer.answer(_asked_at(len(large)), _piece(b"", len(large)))
        peer.answer(r"UID FETCH 1 .*BODY.PEEK\[\]\)", body(1, large))
        peer.answer(r"UID FETCH 2 .*BODY.PEEK\[\]\)", body(2, large))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        list(session.entries(WORK, None))
        for key in ("1", "2"):
            (answer,) = session.read(WORK, [key])
            assert isinstance(answer, Message)
            assert contents(answer) == large
            answer.body.release()
        session.close()
    assert list(tmp_path.iterdir()) == []


FIRST, SECOND = Folder(("Work",), None, "7", messages=1), Folder(("Play",), None, "8", messages=1)
_LISTING = r"UID FETCH 1:\* \(UID FLAGS INTERNALDATE RFC822.SIZE\)"


def _both_asked(peer: Peer) -> list[str]:
    """The tags of two folders' listings, the second asked for before the first is answered."""
    return [peer.expect(one) for one in ('EXAMINE "Work"', _LISTING, 'EXAMINE "Play"', _LISTING)]


def _opens(epoch: str, tag: str) -> list[str]:
    return ["* 1 EXISTS", f"* OK [UIDVALIDITY {epoch}] epoch", f"{tag} OK [READ-ONLY] opened"]


def _lists(uid: int, tag: str) -> list[str]:
    listed = f'* 1 FETCH (UID {uid} FLAGS () INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 3)'
    return [listed, f"{tag} OK listed"]


def _keys(windows: Iterator[Window]) -> list[str]:
    return [entry.key for window in windows for entry in window.entries]


def test_the_listing_of_the_next_folder_is_asked_for_while_one_arrives(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        opening, listing, opening_next, listing_next = _both_asked(peer)
        peer.say(*_opens("7", opening), *_lists(4, listing), *_opens("8", opening_next), *_lists(5, listing_next))
        peer.answer(r"UID FETCH 5 ", body(5, b"five"))  # it is open now
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.lists_next([SECOND])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        assert _keys(session.entries(SECOND, None)) == ["5"]
        assert [contents(answer) for answer in session.read(SECOND, ["5"])] == [b"five"]
        session.close()


def test_a_listing_asked_for_ahead_is_heard_out_before_anything_else(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        opening, listing, opening_next, listing_next = _both_asked(peer)
        peer.say(*_opens("7", opening), *_lists(4, listing), *_opens("8", opening_next), *_lists(5, listing_next))
        peer.open_work(exists=1)
        peer.answer(r"UID FETCH 4 ", body(4, b"four"))
        tags = [peer.expect(one) for one in ('EXAMINE "Play"', _LISTING)]
        peer.say(*_opens("8", tags[0]), *_lists(6, tags[1]))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.lists_next([SECOND])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        assert [contents(answer) for answer in session.read(FIRST, ["4"])] == [b"four"]
        assert _keys(session.entries(SECOND, None)) == ["6"]
        session.close()


def test_a_next_folder_that_went_away_costs_only_itself(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        opening, listing, opening_next, listing_next = _both_asked(peer)
        peer.say(*_opens("7", opening), *_lists(4, listing))
        peer.say(f"{opening_next} NO no such folder", f"{listing_next} BAD nothing is open")
        tags = [peer.expect(one) for one in ('EXAMINE "Work"', _LISTING)]
        peer.say(*_opens("7", tags[0]), *_lists(4, tags[1]))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.lists_next([SECOND])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        with pytest.raises(FolderMissing):
            _keys(session.entries(SECOND, None))
        assert _keys(session.entries(FIRST, None)) == ["4"]
        session.close()


def test_a_server_that_answers_in_another_order_is_asked_for_one_folder_at_a_time(tmp_path: Path) -> None:
    def out_of_order(peer: Peer) -> None:
        peer.sign_in()
        opening, _listing, opening_next, _listing_next = _both_asked(peer)
        peer.say(*_opens("7", opening), *_opens("8", opening_next))
        peer.ended_by()

    def again(peer: Peer) -> None:
        peer.sign_in()
        for name, epoch, uid in (("Work", "7", 4), ("Play", "8", 5)):
            tags = [peer.expect(one) for one in (f'EXAMINE "{name}"', _LISTING)]
            peer.say(*_opens(epoch, tags[0]), *_lists(uid, tags[1]))
        peer.sign_out()

    with playing(tmp_path, out_of_order, again) as server:
        connector = server.connector()
        session = connector.open_source(Account("ann", PASSWORD), Event())
        session.lists_next([SECOND])
        with pytest.raises(Transient):
            _keys(session.entries(FIRST, None))
        session.close()
        session = connector.open_source(Account("ann", PASSWORD), Event())
        session.lists_next([SECOND])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        assert _keys(session.entries(SECOND, None)) == ["5"]
        session.close()


def test_a_next_folder_in_which_the_server_wants_to_be_left_alone_is_heard(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        opening, listing, opening_next, listing_next = _both_asked(peer)
        peer.say(*_opens("7", opening), *_lists(4, listing))
        peer.say(f"{opening_next} NO [OVERQUOTA] too much", f"{listing_next} BAD nothing is open")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.lists_next([SECOND])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        with pytest.raises(ConnectorError) as raised:
            list(session.read(FIRST, ["4"]))
        assert not isinstance(raised.value, FolderMissing)
        session.close()


def test_many_small_folders_are_asked_for_at_once(tmp_path: Path) -> None:
    folders = [Folder((f"F{number}",), None, "7", messages=1) for number in range(5)]

    def script(peer: Peer) -> None:
        peer.sign_in()
        asked = [(peer.expect(f'EXAMINE "F{number}"'), peer.expect(_LISTING)) for number in range(3)]
        for number, (opening, listing) in enumerate(asked):
            peer.say(*_opens("7", opening), *_lists(number + 1, listing))
        asked = [(peer.expect(f'EXAMINE "F{number}"'), peer.expect(_LISTING)) for number in (3, 4)]
        for number, (opening, listing) in enumerate(asked, 3):
            peer.say(*_opens("7", opening), *_lists(number + 1, listing))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        for number, folder in enumerate(folders):
            # Told of two behind each, and of none behind the third: the fourth is then asked for by itself.
            session.lists_next(folders[number + 1 : 3] if number < 3 else folders[number + 1 :])
            assert _keys(session.entries(folder, None)) == [str(number + 1)]
        session.close()


def _bodies_asked(peer: Peer, *, uids: tuple[str, str] = ("4", "5")) -> list[str]:
    """The tags of two folders' bodies, the second asked for before the first is answered, which is open already."""
    opening, reading = (peer.expect(one) for one in ('EXAMINE "Work"', f"UID FETCH {uids[0]} "))
    peer.say(*_opens("7", opening))
    return [reading, *(peer.expect(one) for one in ('EXAMINE "Play"', f"UID FETCH {uids[1]} "))]


def _both_read(peer: Peer) -> None:
    """Sign in, and hand out the bodies of both folders."""
    peer.sign_in()
    reading, opening_next, reading_next = _bodies_asked(peer)
    peer.say(body(4, b"four"), f"{reading} OK read")
    peer.say(*_opens("8", opening_next), body(5, b"five"), f"{reading_next} OK read")


def _read(session: Source, folder: Folder, *uids: str) -> list[bytes | Unread]:
    return [one if isinstance(one, Unread) else contents(one) for one in session.read(folder, uids)]


def test_bodies_of_the_next_folder_are_asked_for_while_those_of_one_arrive(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        _both_read(peer)
        peer.answer(r"UID FETCH 6 ", body(6, b"six"))  # it is open now
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.reads_next(SECOND, ["5"])
        assert _read(session, FIRST, "4") == [b"four"]
        assert _read(session, SECOND, "5") == [b"five"]
        assert _read(session, SECOND, "6") == [b"six"]
        session.close()


def test_bodies_asked_for_ahead_and_not_wanted_are_heard_out(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        _both_read(peer)
        peer.open_work(exists=2)
        peer.answer(r"UID FETCH 6 ", body(6, b"six"))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.reads_next(SECOND, ["5"])
        assert _read(session, FIRST, "4") == [b"four"]
        assert _read(session, FIRST, "6") == [b"six"]
        session.close()


def test_a_message_that_was_not_answered_is_asked_for_again_in_its_own_folder(tmp_path: Path) -> None:
    """The next folder is open by then, and its message has the same number."""

    def script(peer: Peer) -> None:
        peer.sign_in()
        reading, opening_next, reading_next = _bodies_asked(peer, uids=("4:5", "5"))
        peer.say(body(4, b"four"), f"{reading} OK read")
        peer.say(*_opens("8", opening_next), body(5, b"another's"), f"{reading_next} OK read")
        peer.open_work(exists=2)
        peer.answer(r"UID FETCH 5 \(UID\)", "* 2 FETCH (UID 5)")
        peer.answer(r"UID FETCH 5 ", body(5, b"five"))
        tags = [peer.expect(one) for one in ('EXAMINE "Play"', "UID FETCH 5 ")]
        peer.say(*_opens("8", tags[0]), body(5, b"another's"), f"{tags[1]} OK read")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.reads_next(SECOND, ["5"])
        assert _read(session, FIRST, "4", "5") == [b"four", b"five"]
        assert _read(session, SECOND, "5") == [b"another's"]
        session.close()


def test_a_next_folder_that_was_made_anew_gives_none_of_its_bodies(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        reading, opening_next, _reading_next = _bodies_asked(peer)
        peer.say(body(4, b"four"), f"{reading} OK read")
        peer.say(*_opens("9", opening_next))
        peer.ended_by()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.reads_next(SECOND, ["5"])
        assert _read(session, FIRST, "4") == [b"four"]
        with pytest.raises(FolderMissing):
            _read(session, SECOND, "5")
        session.close()


def test_bodies_in_another_order_are_nobodys(tmp_path: Path) -> None:
    """A server that opens the next folder before it has answered: its message must not pass for one of the first."""

    def out_of_order(peer: Peer) -> None:
        peer.sign_in()
        _reading, opening_next, _reading_next = _bodies_asked(peer, uids=("5", "5"))
        peer.say(*_opens("8", opening_next), body(5, b"another's"))
        peer.ended_by()

    def again(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=1)
        peer.answer("UID FETCH 5 ", body(5, b"five"))
        peer.sign_out()

    with playing(tmp_path, out_of_order, again) as server:
        connector = server.connector()
        session = connector.open_source(Account("ann", PASSWORD), Event())
        session.reads_next(SECOND, ["5"])
        with pytest.raises(Transient):
            _read(session, FIRST, "5")
        session.close()
        session = connector.open_source(Account("ann", PASSWORD), Event())
        session.reads_next(SECOND, ["5"])  # and not asked for any more
        assert _read(session, FIRST, "5") == [b"five"]
        session.close()


def test_nothing_is_asked_for_behind_a_large_message(tmp_path: Path) -> None:
    """Its pieces are asked for one after the other, in its folder."""
    size = 9 << 20

    def script(peer: Peer) -> None:
        peer.sign_in()
        tags = [peer.expect(one) for one in ('EXAMINE "Work"', _LISTING)]
        peer.say(*_opens("7", tags[0]), f"* 1 FETCH (UID 4 RFC822.SIZE {size} FLAGS ())", f"{tags[1]} OK listed")
        peer.answer(r"UID FETCH 4 \(UID FLAGS INTERNALDATE BODY.PEEK\[\]<0\.", "* 1 FETCH (UID 4 BODY[]<0> NIL)")
        peer.answer(r"UID FETCH 4 \(UID FLAGS INTERNALDATE BODY.PEEK\[\]\)", "* 1 FETCH (UID 4 BODY[] NIL)")
        peer.open_work(exists=0)
        peer.answer(r"UID FETCH 4 \(UID\)")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert _keys(session.entries(FIRST, None)) == ["4"]
        session.reads_next(SECOND, ["5"])
        assert _read(session, FIRST, "4") == [Unread("4", Reason.GONE)]
        session.close()


def test_a_large_folder_is_not_asked_for_ahead(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        tags = [peer.expect(one) for one in ('EXAMINE "Work"', _LISTING)]
        peer.say(*_opens("7", tags[0]), *_lists(4, tags[1]))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        session.lists_next([replace(SECOND, messages=source_module.WINDOW + 1)])
        assert _keys(session.entries(FIRST, None)) == ["4"]
        session.close()


def test_a_listing_goes_in_windows_of_existing_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "WINDOW", 2)
    uids = [3, 900, 5000, 70000, 70001]

    def line(uid: int) -> str:
        return f'* 1 FETCH (UID {uid} FLAGS () INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE {uid})'

    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=5)
        peer.answer(r"FETCH 2,4 \(UID\)", "* 4 FETCH (UID 70000)", "* 2 FETCH (UID 900)")
        peer.answer("UID FETCH 1:900", line(900), line(70000), line(3))
        peer.answer("UID FETCH 901:70000", line(5000), line(70000))
        peer.answer(r"UID FETCH 70001:\*", line(70001), line(70000))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        windows = list(session.entries(WORK, None))
        session.close()
    assert [[entry.key for entry in window.entries] for window in windows] == [
        ["3", "900"],
        ["5000", "70000"],
        ["70001"],
    ]
    assert all(window.complete for window in windows)
    assert [entry.size for window in windows for entry in window.entries] == uids


def test_a_listing_that_leaves_messages_out_is_not_believed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=3)
        peer.answer(r"UID FETCH 1:\*", "* 1 FETCH (UID 1 RFC822.SIZE 5)")
        peer.open_work(exists=3)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(Transient, match="fewer"):
            list(session.entries(WORK, None))
        session.close()


def test_a_listing_with_an_answer_about_nobody_is_not_believed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=2)
        peer.answer(r"UID FETCH 1:\*", "* 2 FETCH (FLAGS (work))", "* 1 FETCH (UID 1 RFC822.SIZE 5)", "* 2 FETCH (oops")

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(Transient, match="no sense"):
            list(session.entries(WORK, None))
        session.close()


def test_mail_that_went_away_while_listing_is_no_fault(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(exists=2)
        peer.answer(r"UID FETCH 1:\*", "* 1 FETCH (UID 1 RFC822.SIZE 5)", "* 1 FETCH (FLAGS (\\Seen) UID 1)")
        peer.open_work(exists=1)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        (window,) = session.entries(WORK, None)
        session.close()
    assert window.entries == [Entry("1", 5, None, frozenset({"\\Seen"}))]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("NO [NONEXISTENT] gone", FolderMissing),
        ("NO no such folder", FolderMissing),
        ("NO [UNAVAILABLE] later", Transient),
        ("OK [UIDVALIDITY 8] made anew", FolderMissing),
    ],
)
def test_a_folder_that_cannot_be_opened_has_its_verdict(
    tmp_path: Path, status: str, verdict: type[ConnectorError]
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        opening, reading = peer.expect("EXAMINE"), peer.expect("UID FETCH 1 ")
        peer.say(f"{opening} {status}", f"{reading} BAD nothing to read")
        assert peer.ended_by() == "FIN"

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(verdict) as raised:
            list(session.read(WORK, ["1"]))
        assert type(raised.value) is verdict
        session.close()


def test_folders_are_listed_with_roles_and_tokens(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        capabilities = "IMAP4rev1 NAMESPACE SPECIAL-USE LIST-EXTENDED CONDSTORE OBJECTID"
        peer.sign_in(capabilities)
        peer.answer(
            r'LIST "" "\*" RETURN \(SPECIAL-USE SUBSCRIBED\)',
            '* LIST () "/" inbox',
            '* LIST (\\Sent) "/" "Envoy&AOk-s"',
            '* LIST (\\Noselect) "/" "Nothing"',
            '* LIST (\\Subscribed) "/" "Plain"',
            '* LIST () "/" "Closed"',
            '* LIST () "/" "Gone"',
        )
        tags = [peer.expect(r"STATUS .* \(UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ MAILBOXID\)") for _ in range(5)]
        peer.say(
            "* STATUS INBOX (UIDVALIDITY 1 UIDNEXT 2 MESSAGES 1 HIGHESTMODSEQ 40 MAILBOXID (M1))",
            f"{tags[0]} OK",
            '* STATUS "Envoy&AOk-s" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 4 HIGHESTMODSEQ 41 MAILBOXID (M2))',
            f"{tags[1]} OK",
            "* STATUS Plain (UIDVALIDITY 5 UIDNEXT 1 MESSAGES 0 HIGHESTMODSEQ 0)",
            f"{tags[2]} OK",
            f"{tags[3]} NO [NOPERM] not yours",
            f"{tags[4]} NO [NONEXISTENT] gone",
        )
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        inbox, sent, plain, closed = session.folders()
        session.close()
    assert (inbox.path, inbox.role, inbox.epoch, inbox.token, inbox.object_id) == (
        ("INBOX",),
        "inbox",
        "1",
        "1:2:1:40",
        "M1",
    )
    assert (sent.path, sent.role, sent.messages) == (("Envoyés",), "sent", 3)
    assert (sent.subscribed, plain.subscribed) == (False, True)
    assert (plain.role, plain.token) == (None, None), "a token without HIGHESTMODSEQ would miss flag changes"
    assert (closed.path, closed.token) == (("Closed",), None)


def test_couriers_prefix_is_taken_off_and_other_peoples_folders_are_left_out(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 NAMESPACE")
        peer.answer("LOGIN")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 NAMESPACE")
        peer.answer("NAMESPACE", '* NAMESPACE (("INBOX." ".")) NIL (("#shared." ".")("shared." "."))')
        peer.answer(r'LIST "" "INBOX\.\*"', '* LIST () "." "INBOX.Sent"')
        peer.answer('LIST "" "INBOX"', '* LIST () "." "INBOX"', '* LIST () "." "shared.x"')
        peer.answer(r'LSUB "" "INBOX\.\*"', '* LSUB () "." "INBOX.Sent"')
        peer.answer('LSUB "" "INBOX"', status="NO not today")
        for name in ("INBOX.Sent", "INBOX"):
            peer.answer(f'STATUS "{name}"', f'* STATUS "{name}" (UIDVALIDITY 1 UIDNEXT 1 MESSAGES 0)')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        found = [(folder.path, folder.subscribed) for folder in session.folders()]
        assert found == [(("Sent",), True), (("INBOX",), False)]
        session.close()


def test_headers_are_read_in_short_commands(tmp_path: Path) -> None:
    uids = [str(uid) for uid in range(1, 40_000, 10)]

    def script(peer: Peer) -> None:
        peer.sign_in(FULL)
        peer.open_work()
        heard = 0
        while heard < len(uids):
            line = peer.line()
            tag, _, _, uid_set, _ = line.split(b" ", 4)
            assert len(line) < 8192
            named = uid_set.split(b",")
            heard += len(named)
            for uid in named:
                peer.say(b'* 1 FETCH (UID %s BODY[HEADER.FIELDS ("DATE")] {9}\r\nDate: x\r\n)\r\n' % uid)
            peer.say(tag + b" OK\r\n")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert [headers.key for headers in session.headers(WORK, uids)] == uids
        session.close()

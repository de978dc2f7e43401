"""The stand-in's Exchange has the manners of the real one, each seen by a raw client."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from imapclient.exceptions import IMAPClientError

from migrate.sandbox.microsoft.started import MicrosoftStandIn
from tests.servers.certificates import Certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.microsoft import Person, RawImap, new_person, running_microsoft
from tests.servers.server import PASSWORD

_LETTER = b"From: a@b.example\r\nSubject: hello\r\nMessage-ID: <1@b.example>\r\n\r\nbody \xe9\x00 end\r\n"
_WHEN = datetime(2019, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def person(microsoft: MicrosoftStandIn) -> Person:
    return new_person(microsoft)


def _inside(person: Person) -> RawImap:
    raw = person.raw()
    assert raw.sign_in(person.address, person.token()) == b"OK AUTHENTICATE completed."
    return raw


def test_a_message_keeps_its_bytes_its_date_and_the_flags_that_exchange_keeps(person: Person) -> None:
    with person.imap() as client:
        client.append("INBOX", _LETTER, ("\\Seen", "\\Answered", "\\Draft", "\\Flagged"), _WHEN)
        client.select_folder("INBOX")
        (found,) = client.fetch(client.search(), ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]).values()
    assert found[b"BODY[]"] == _LETTER
    assert found[b"INTERNALDATE"].timestamp() == _WHEN.timestamp()
    # Flagged was given to APPEND and is forgotten.
    assert set(found[b"FLAGS"]) - {b"\\Recent"} == {b"\\Seen", b"\\Answered", b"\\Draft"}


def test_flagged_is_kept_when_it_is_stored(person: Person) -> None:
    with person.imap() as client:
        client.append("INBOX", _LETTER)
        client.select_folder("INBOX")
        (flags,) = client.add_flags(client.search(), ["\\Flagged"]).values()
        assert b"\\Flagged" in flags


def test_no_folder_says_that_it_keeps_keywords_and_none_does(person: Person) -> None:
    with person.imap() as client:
        told = client.select_folder("INBOX")
        assert b"\\*" not in told[b"PERMANENTFLAGS"]
        with pytest.raises(IMAPClientError, match="Argument Error"):
            client.append("INBOX", _LETTER, ("$Label1",))
        client.append("INBOX", _LETTER)
        with pytest.raises(IMAPClientError, match="Argument Error"):
            client.add_flags(client.search(), ["important"])


def test_a_read_receipt_becomes_a_category(person: Person) -> None:
    with person.imap() as client:
        client.append("INBOX", _LETTER, ("$MDNSent",))
    with person.graph() as graph:
        (message,) = graph.get(f"/users/{person.address}/messages").json()["value"]
    assert message["categories"] == ["$MDNSent"]


def test_nothing_is_announced_or_taken_that_exchange_does_not_know(person: Person) -> None:
    with _inside(person) as raw:
        words = raw.ask(b"CAPABILITY")[0].split()
        assert {b"UIDPLUS", b"MOVE", b"LITERAL+", b"AUTH=XOAUTH2"} <= set(words)
        for unknown in (b"MULTIAPPEND", b"CONDSTORE", b"ENABLE", b"SPECIAL-USE", b"ESEARCH", b"OBJECTID"):
            assert unknown not in words
        assert raw.ask(b"ENABLE CONDSTORE")[-1].startswith(b"BAD")
        assert raw.ask(b"SELECT INBOX (CONDSTORE)")[-1].startswith(b"BAD")
        assert raw.ask(b"STATUS INBOX (HIGHESTMODSEQ)")[-1].startswith(b"BAD")
        told = raw.ask(b"EXAMINE INBOX")
        assert not any(word in line for line in told for word in (b"MODSEQ", b"MAILBOXID"))
        assert raw.ask(b"UID FETCH 1:* (FLAGS EMAILID)")[-1].startswith(b"BAD")


def test_several_messages_in_one_append_end_the_session_and_are_never_read_as_commands(person: Person) -> None:
    evil = b"x1 CREATE pwned\r\n"
    with _inside(person) as raw:
        raw.send(b"a APPEND INBOX {%d+}\r\n%s {%d+}\r\n%s\r\n" % (len(_LETTER), _LETTER, len(evil), evil))
        assert raw.line().startswith(b"a BAD")
        assert raw.line() == b"* BYE Connection closed. 14"
        assert raw.line() == b""
    with person.imap() as client:
        assert not client.folder_exists("pwned")
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0


def test_a_message_over_the_limit_is_refused_and_the_limit_can_be_raised(person: Person) -> None:
    person.stand_in.control("set_mailbox", mailbox=person.address, max_receive=len(_LETTER) - 1)
    with _inside(person) as raw:
        assert raw.append(_LETTER)[-1] == b"BAD Command Argument Error. 11"
        person.stand_in.control("set_mailbox", mailbox=person.address, max_receive=len(_LETTER))
        assert raw.append(_LETTER)[-1].startswith(b"OK [APPENDUID ")


def test_a_line_over_ten_thousand_characters_is_refused(person: Person) -> None:
    with _inside(person) as raw:
        assert raw.append(b"A: b\r\n\r\n" + b"x" * 10_001 + b"\r\n")[-1] == b"BAD Command Error. 10"
        assert raw.append(b"A: b\r\n\r\n" + b"x" * 10_000 + b"\r\n")[-1].startswith(b"OK")


def test_folders_collide_by_case_and_some_names_are_taken(person: Person) -> None:
    with person.imap() as client:
        client.create_folder("Clients/Été")
        assert client.folder_exists("Clients")
        for name in ("CLIENTS/ÉTÉ", "Files", "inbox", "drafts", "a\\b", "x" * 256):
            with pytest.raises(IMAPClientError):
                client.create_folder(name)
        client.append("clients/été", _LETTER)
        assert client.folder_status("Clients/Été", ["MESSAGES"])[b"MESSAGES"] == 1
        with pytest.raises(IMAPClientError):
            client.delete_folder("Sent Items")
        roles = {name: {flag for flag in flags if flag in (b"\\Sent", b"\\Trash", b"\\Junk", b"\\Drafts")}
                 for flags, _, name in client.list_folders()}  # fmt: skip
    assert roles["Sent Items"] == {b"\\Sent"}
    assert roles["Clients/Été"] == set()


def test_folder_limits_are_judged(person: Person) -> None:
    person.stand_in.control("manners", depth=2, subfolders=2, folder_messages=1)
    with person.imap() as client:
        client.create_folder("Own/One")
        client.create_folder("Own/Two")
        for name in ("Own/Three", "Own/One/Deep"):
            with pytest.raises(IMAPClientError):
                client.create_folder(name)
        client.append("Own/One", _LETTER)
        with pytest.raises(IMAPClientError, match="ErrorQuotaExceeded"):
            client.append("Own/One", _LETTER)


@pytest.mark.parametrize("word", ["NO", "BAD"])
def test_a_throttle_holds_for_the_whole_tenant_until_it_is_over(microsoft: MicrosoftStandIn, word: str) -> None:
    first, second = new_person(microsoft), new_person(microsoft)
    microsoft.fault("throttle", "APPEND", nth=2, milliseconds=700, word=word)
    with _inside(first) as one, _inside(second) as other:
        assert one.append(_LETTER)[-1].startswith(b"OK")
        refused = one.append(_LETTER)[-1]
        assert refused.startswith(b"%s Request is throttled. Suggested Backoff Time: " % word.encode())
        assert other.ask(b"SELECT INBOX")[-1].startswith(b"%s Request is throttled." % word.encode())
        time.sleep(int(refused.split()[-2]) / 1000)
        assert one.append(_LETTER)[-1].startswith(b"OK")
        assert other.ask(b"SELECT INBOX")[-1].startswith(b"OK")
    assert microsoft.stats()["while_throttled"] == {first.address: 1, second.address: 1}


def test_who_does_not_heed_the_throttle_is_thrown_out(person: Person) -> None:
    with _inside(person) as raw:
        person.stand_in.control("throttle", milliseconds=30_000)
        for _ in range(3):
            assert b"throttled" in raw.ask(b'LIST "" *')[-1]
        assert raw.line() == b"* BYE Connection closed. 14"
        assert raw.line() == b""


def test_the_token_ends_in_the_middle_of_an_append_and_nothing_is_stored(person: Person) -> None:
    person.stand_in.fault("expire", "APPEND")
    with _inside(person) as raw:
        # No more than is read at once: who is still sending when the session ends may not hear why.
        raw.send(b"a APPEND INBOX {%d+}\r\n" % (1 << 20) + b"x" * (1 << 10))
        assert raw.line() == b"* BYE Session invalidated - AccessTokenExpired"
    with person.imap() as client:
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0


def test_a_session_ends_with_its_token_also_when_it_is_idle(person: Person) -> None:
    person.stand_in.control("tokens", lifetime=1)
    with _inside(person) as raw:
        assert raw.line() == b"* BYE Session invalidated - AccessTokenExpired"


def test_ten_errors_end_a_session(person: Person) -> None:
    with _inside(person) as raw:
        for _ in range(10):
            assert raw.ask(b"XUNKNOWN")[-1] == b"BAD Command Error. 12"
        assert raw.line() == b"* BYE Connection closed. 14"


@pytest.mark.parametrize(
    "change",
    [
        ("set_mailbox", {"imap_enabled": False}),
        ("set_mailbox", {"ready_in": 60}),
        ("remove_mailbox_permission", {"user": "principal"}),
    ],
)
def test_a_mailbox_that_cannot_be_opened_is_let_in_and_not_connected(
    person: Person, change: tuple[str, dict[str, object]]
) -> None:
    operation, parameters = change
    if "user" in parameters:
        parameters = {"user": person.app.principal_id}
    person.stand_in.control(operation, mailbox=person.address, **parameters)
    with _inside(person) as raw:
        assert raw.ask(b"SELECT INBOX")[-1] == b"BAD User is authenticated but not connected."
        assert raw.ask(b"NAMESPACE")[-1] == b"BAD User is authenticated but not connected."
        assert raw.line() == b"* BYE Connection closed. 14"


def test_a_mailbox_without_a_licence_is_not_connected(microsoft: MicrosoftStandIn) -> None:
    app = microsoft.app()
    person = new_person(microsoft)
    with person.graph() as graph:
        sku = graph.get(f"/users/{person.address}?$select=assignedLicenses").json()["assignedLicenses"][0]["skuId"]
        body = {"addLicenses": [], "removeLicenses": [sku]}
        assert graph.post(f"/users/{person.address}/assignLicense", json=body).status_code == 200
    with _inside(person) as raw:
        assert b"not connected" in raw.ask(b"SELECT INBOX")[-1]
    assert app.client_id != person.app.client_id


def test_a_shared_mailbox_needs_no_licence(microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft)
    shared = f"shared-{person.address}"
    microsoft.control("shared_mailbox", address=shared, name="Support")
    microsoft.control("add_mailbox_permission", mailbox=shared, user=person.app.principal_id)
    with person.raw() as raw:
        assert raw.sign_in(shared, person.token()).startswith(b"OK")
        assert raw.ask(b"SELECT INBOX")[-1].startswith(b"OK")


def test_the_object_id_of_the_registration_does_not_open_exchange(microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft, known_to_exchange=False)
    ids = {"client_id": person.app.client_id, "object_id": person.app.object_id}
    microsoft.control("new_service_principal", **ids)
    with person.raw() as raw:
        assert raw.sign_in(person.address, person.token()) == b"NO AUTHENTICATE failed."
    microsoft.control("new_service_principal", client_id=person.app.client_id, object_id=person.app.principal_id)
    with _inside(person) as raw:
        assert raw.ask(b"SELECT INBOX")[-1].startswith(b"OK")


def test_without_consent_a_token_is_given_and_opens_nothing(microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft, roles={})
    with person.raw() as raw:
        assert raw.sign_in(person.address, person.token()) == b"NO AUTHENTICATE failed."
    with person.graph() as graph:
        assert graph.get("/users").status_code == 403


def test_passwords_and_wrong_tokens_do_not_get_in(person: Person) -> None:
    with person.raw() as raw:
        assert raw.ask(b"LOGIN anna secret")[-1] == b"NO LOGIN failed."
        assert raw.sign_in(person.address, "eyJwrong") == b"NO AUTHENTICATE failed."
        assert raw.sign_in(person.address, person.token("https://graph.microsoft.com")) == b"NO AUTHENTICATE failed."


def test_a_dropped_reply_leaves_the_message_stored(person: Person) -> None:
    person.stand_in.fault("drop_reply", "APPEND")
    with _inside(person) as raw:
        assert raw.append(_LETTER) == [b""]
    with person.imap() as client:
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 1


def test_a_dropped_connection_leaves_nothing(person: Person) -> None:
    person.stand_in.fault("drop", "APPEND")
    with _inside(person) as raw:
        assert raw.append(_LETTER) == [b""]
    with person.imap() as client:
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0


def test_commands_that_are_sent_together_are_answered_in_order(person: Person) -> None:
    with _inside(person) as raw:
        pieces = b"".join(b"p%d APPEND INBOX {%d+}\r\n%s\r\n" % (n, len(_LETTER), _LETTER) for n in range(20))
        raw.send(pieces)
        assert [raw.line().split()[0] for _ in range(20)] == [b"p%d" % n for n in range(20)]


def test_a_waiting_literal_is_asked_for(person: Person) -> None:
    with _inside(person) as raw:
        raw.send(b"a APPEND INBOX {%d}\r\n" % len(_LETTER))
        assert raw.line().startswith(b"+ ")
        raw.send(_LETTER + b"\r\n")
        assert raw.line().startswith(b"a OK")


def test_news_come_while_a_client_is_idle(person: Person) -> None:
    with person.imap() as waiting, person.imap() as other:
        waiting.select_folder("INBOX")
        waiting.idle()
        other.append("INBOX", _LETTER)
        assert (1, b"EXISTS") in waiting.idle_check(timeout=10)
        waiting.idle_done()


def test_unselect_leaves_the_folder_and_removes_nothing(person: Person) -> None:
    with person.imap() as client:
        client.append("INBOX", _LETTER, ("\\Deleted",))
        client.select_folder("INBOX")
        client.unselect_folder()
        with pytest.raises(IMAPClientError, match="Invalid state"):
            client.fetch(client.search(), ["FLAGS"])
        assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 1


def test_a_given_server_can_hold_the_mail(certificates: Certificates) -> None:
    with (
        running_dovecot(certificates) as dovecot,
        running_microsoft(behind=("127.0.0.1", dovecot.port, PASSWORD)) as stand_in,
    ):
        person = new_person(stand_in)
        with person.imap() as client:
            client.append("Drafts", _LETTER, ("\\Draft", "\\Flagged"), _WHEN)
            told = client.select_folder("Drafts")
            assert b"\\*" not in told[b"PERMANENTFLAGS"]
            (found,) = client.fetch(client.search(), ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]).values()
        assert b"\\Flagged" not in found[b"FLAGS"]
        assert found[b"INTERNALDATE"].timestamp() == _WHEN.timestamp()


def test_more_sessions_than_a_mailbox_may_have_are_let_in_and_not_connected(person: Person) -> None:
    person.stand_in.control("manners", sessions=1)
    with _inside(person) as one, _inside(person) as other:
        assert one.ask(b"SELECT INBOX")[-1].startswith(b"OK")
        assert b"not connected" in other.ask(b"SELECT INBOX")[-1]
        one.ask(b"LOGOUT")
        while one.line():
            pass
    with _inside(person) as again:
        assert again.ask(b"SELECT INBOX")[-1].startswith(b"OK")


def test_a_full_mailbox_takes_no_more(person: Person) -> None:
    person.stand_in.control("set_mailbox", mailbox=person.address, quota=len(_LETTER))
    with _inside(person) as raw:
        assert raw.append(_LETTER)[-1].startswith(b"OK")
        assert b"ErrorQuotaExceeded" in raw.append(_LETTER)[-1]


def test_each_command_takes_its_time(person: Person) -> None:
    person.stand_in.control("manners", latency=0.2)
    with person.raw() as raw:
        began = time.monotonic()
        raw.ask(b"NOOP")
        assert time.monotonic() - began >= 0.2

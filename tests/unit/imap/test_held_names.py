"""Which folder names an IMAP server holds: what it says it is, and what it answers when it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Role, names_of, refused_by, roles_of
from connectors.folder_names import NameRules
from tests.unit.imap.scripted import FULL, Peer, playing

DOVECOT, COURIER, OTHER = "* OK Dovecot (Debian) ready.", "* OK Courier-IMAP ready.", "* OK Welcome"


def rules(tmp_path: Path, greeting: str, *answers: str, capability: str = FULL) -> NameRules:
    def script(peer: Peer) -> None:
        peer.sign_in(capability, greeting=greeting)
        for status in answers:
            peer.answer(r'STATUS "a\.b"', status=status)
        peer.list_for_target()
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        found = names_of(target)
        target.close()
    return found


def test_a_server_that_does_not_say_what_it_is_is_trusted_with_nothing(tmp_path: Path) -> None:
    found = rules(tmp_path, OTHER)
    alike = [("Reports",), ("reports ",), ("Re\u0301sume\u0301",), ("RÉSUMÉ.",)]
    assert found.key(alike[0]) == found.key(alike[1])
    assert found.key(alike[2]) == found.key(alike[3])
    assert not found.complete


@pytest.mark.parametrize("greeting", [DOVECOT, COURIER, "* OK mail Cyrus IMAP 3.6.1 server ready"])
def test_servers_that_are_known_tell_case_and_forms_apart(tmp_path: Path, greeting: str) -> None:
    found = rules(tmp_path, greeting, *(["NO Mailbox doesn't exist"] if greeting is DOVECOT else []))
    assert found.key(("Reports",)) != found.key(("reports",))
    assert found.key(("Work",)) != found.key(("Work ",))
    assert found.complete


def test_a_maildir_below_dovecot_is_known_by_the_dot_that_it_refuses(tmp_path: Path) -> None:
    maildir = rules(tmp_path, DOVECOT, "NO [CANNOT] Character not allowed in mailbox name: '.'")
    assert (maildir.spelt("v1.2", at_top=True), maildir.longest_path) == ("v1_2", 250)
    other = rules(tmp_path, DOVECOT, "NO Mailbox doesn't exist")
    assert (other.spelt("v1.2", at_top=True), other.longest_path) == ("v1.2", None)


@pytest.mark.parametrize("known_by", ["greeting", "capability"])
def test_cyrus_is_proposed_no_name_that_it_refuses_or_hides(tmp_path: Path, known_by: str) -> None:
    by_greeting = known_by == "greeting"
    greeting = "* OK mail Cyrus IMAP 3.6.1 server ready" if by_greeting else OTHER
    found = rules(tmp_path, greeting, capability=FULL if by_greeting else f"{FULL} X-SIEVE-MAILBOX")
    assert found.complete
    assert found.spelt('R%D !"%;<>\\`{|}^ *?.~#', at_top=True) == f"R_D {'_' * 12} *?.~#"
    assert (found.spelt("#Sieve", at_top=True), found.spelt("#sieve", at_top=False)) == ("#Sieve_", "#sieve")
    assert found.arranged(("INBOX", "INBOX")) == ("INBOX", "INBOX_")
    assert found.longest_path == 400


@pytest.mark.parametrize(
    ("namespace", "taken", "free"),
    [
        ('(("" "/")) (("Other Users/" "/")) (("Shared/" "/") ("" "/"))', ["other users", "Shared"], ["Others"]),
        ('(("INBOX." ".")) (("user." ".") ("INBOX.of others." ".")) (("" "."))', ["Of others"], ["user", "INBOX"]),
        ('(("" "/")) NIL (("a/b/" "/"))', [], ["a", "b"]),
    ],
)
def test_no_folder_is_proposed_where_those_of_other_people_are(
    tmp_path: Path, namespace: str, taken: list[str], free: list[str]
) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK mail Cyrus IMAP 3.6.1 server ready")
        for command in ("CAPABILITY", "LOGIN", "CAPABILITY"):
            peer.answer(command, *([f"* CAPABILITY {FULL}"] if command == "CAPABILITY" else []))
        peer.answer("NAMESPACE", f"* NAMESPACE {namespace}")
        peer.list_for_target()
        if "INBOX." in namespace:
            peer.answer("LIST")  # of the inbox, and of what lies below it
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        found = names_of(target)
        target.close()
    assert [found.spelt(name, at_top=True) for name in [*taken, *free]] == [*(f"{name}_" for name in taken), *free]
    assert [found.spelt(name, at_top=False) for name in taken] == taken


def test_names_are_counted_as_they_are_spelt_on_the_wire(tmp_path: Path) -> None:
    found = rules(tmp_path, COURIER)
    (name,) = found.fitted((), "é" * 300)
    assert 200 < found.measure(name) <= 250
    assert len(found.fitted((), "e" * 300)[0]) == 250


def test_only_a_name_that_can_never_be_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(greeting=DOVECOT)
        first, second = peer.expect('STATUS "~home"'), peer.expect('STATUS "x/cur"')
        peer.say(f"{first} NO [CANNOT] Begins with '~'", f"{second} NO [NONEXISTENT] no such folder")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert list(refused_by(target, [("~home",), ("x", "cur")])) == [("~home",)]
        target.close()
    assert b"CREATE" not in server.heard


def test_what_names_are_like_is_asked_along_with_the_folders(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(greeting=DOVECOT)
        peer.answer(r'STATUS "a\.b"', status="NO [CANNOT] Character not allowed in mailbox name: '.'")
        peer.list_for_target('* LIST (\\Sent) "/" Sent')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert roles_of(target) == {Role.SENT: ("Sent",)}
        assert names_of(target).spelt("v1.2", at_top=True) == "v1_2"
        target.close()


def test_where_all_lies_below_the_inbox_its_folders_are_beside_it(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say(COURIER)
        for command in ("CAPABILITY", "LOGIN", "CAPABILITY"):
            peer.answer(command, *([f"* CAPABILITY {FULL}"] if command == "CAPABILITY" else []))
        peer.answer("NAMESPACE", '* NAMESPACE (("INBOX." ".")) NIL NIL')
        peer.list_for_target()
        peer.answer("LIST")  # of the inbox, and of what lies below it
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        found = names_of(target)
        target.close()
    assert found.arranged(("INBOX", "Sent")) == ("Sent",)
    assert found.arranged(("INBOX", "INBOX", "x")) == ("INBOX_", "x")
    assert found.arranged(("INBOX",)) == ("INBOX",)

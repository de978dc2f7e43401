"""A mailbox that sees other people's and public folders, and has an archive of its own: what is read, what left out."""

from __future__ import annotations

import imaplib
from pathlib import Path
from threading import Event

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, shared_left_out
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from tests.conftest import CyrusFactory
from tests.servers.certificates import Certificates
from tests.servers.cyrus import ADMIN
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.server import ImapServer

_PLACE = {
    "2.3": "location = maildir:{place}",
    "2.4": "mail_driver = maildir\n  mail_path = {place}",
}


def _namespace(name: str, kind: str, prefix: str, place: str) -> str:
    stored = _PLACE[find_dovecot()[1]].format(place=place)
    return f"namespace {name} {{\n  type = {kind}\n  separator = .\n  prefix = {prefix}\n  {stored}\n  list = yes\n}}\n"


def _source(server: ImapServer, spool: Path, **settings: object) -> ImapConnector:
    values = {"host": "127.0.0.1", "port": server.port, "tls": "plain", **settings}
    return ImapConnector(ImapSettings.model_validate(values), Resources(ByteBudget(), spool))


def _append(connection: imaplib.IMAP4, folder: str) -> None:
    connection.create(folder)
    status, _ = connection.append(folder, "", '"01-Feb-2024 10:00:00 +0000"', b"Subject: x\r\n\r\nx\r\n")
    assert status == "OK"


def test_shared_folders_are_left_out_and_told_unless_the_plan_asks(certificates: Certificates, tmp_path: Path) -> None:
    settings = _namespace("public", "public", "Public.", str(tmp_path / "public")) + _namespace(
        "attic", "private", "Attic.", "~/attic"
    )
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    with running_dovecot(certificates, prefix="INBOX.", separator=".", settings=settings) as server:
        account = Account("ann", server.password)
        with server.login("ann") as connection:
            for folder in ("INBOX.Work", "Public.News", "Public.Sent", "Attic.2019"):
                _append(connection, folder)
        source = _source(server, tmp_path).open_source(account, Event())
        own = {folder.path: folder.messages for folder in source.folders()}
        left_out = set(shared_left_out(source))
        source.close()
        assert own == {("INBOX",): 0, ("Work",): 1, ("Attic", "2019"): 1}
        assert left_out == {("Public", "News"), ("Public", "Sent")}

        source = _source(server, tmp_path, shared_folders=True).open_source(account, Event())
        everything = {folder.path: folder for folder in source.folders()}
        assert everything.keys() == own.keys() | left_out
        assert everything["Public", "Sent"].role is None, "that is not this person's Sent"
        (window,) = source.entries(everything["Public", "News"], None)
        assert len(window.entries) == 1
        assert shared_left_out(source) == []
        source.close()

        target = _source(server, tmp_path, shared_folders=True).open_target(account, Event())
        assert {folder.path for folder in target.folders()} == own.keys(), "nothing is written to them"
        target.close()


def _share(server: ImapServer) -> None:
    """A public folder, and one of Bob's: everybody may read them and add to them."""
    for user, folder in ((ADMIN, "public.news"), ("bob", "INBOX.Work")):
        with server.login(user) as connection:
            connection.create(folder)
            connection.setacl(folder, "anyone", "lrsip")
            _append(connection, folder)


def test_what_cyrus_shares_without_a_prefix_is_told_from_the_mailboxes_own(cyrus: CyrusFactory, tmp_path: Path) -> None:
    server = cyrus()
    account = Account("ann", server.password)
    with server.login("ann") as ann:
        assert ann.namespace()[1] == [b'(("INBOX." ".")) (("user." ".")) (("" "."))']
        _append(ann, "INBOX.Sent")
        _append(ann, "INBOX.public.news")
    _share(server)

    source = _source(server, tmp_path).open_source(account, Event())
    own = {folder.path: folder.messages for folder in source.folders()}
    left_out = set(shared_left_out(source))
    source.close()
    assert own == {("INBOX",): 0, ("Sent",): 1, ("public",): 0, ("public", "news"): 1}
    assert left_out == {("user", "bob", "Work"), ("public",), ("public", "news")}

    source = _source(server, tmp_path, shared_folders=True).open_source(account, Event())
    everything = {folder.path: folder for folder in source.folders()}
    shared = {("user", "bob", "Work"): 1, ("public_",): 0, ("public.news",): 1}  # the paths of her own are taken
    assert {path: folder.messages for path, folder in everything.items()} == own | shared
    (window,) = source.entries(everything["public.news",], None)
    assert len(window.entries) == 1
    assert shared_left_out(source) == []
    source.close()

    target = _source(server, tmp_path, shared_folders=True).open_target(account, Event())
    assert {folder.path for folder in target.folders()} == own.keys(), "nothing is written to them"
    assert target.ensure(("user", "bob", "Work"), None).messages == 0, "that is a new one of Ann's"
    target.close()


def test_on_cyrus_somebody_without_an_inbox_has_no_folders_of_others(cyrus: CyrusFactory, tmp_path: Path) -> None:
    server = cyrus(quota=-1)  # none is made at the first login
    with server.login(ADMIN) as administrator:
        administrator.create("user.bob")
    _share(server)
    with server.login("ann") as ann:
        assert ann.namespace()[1] == [b'NIL (("user." ".")) (("" "."))']
    source = _source(server, tmp_path).open_source(Account("ann", server.password), Event())
    assert list(source.folders()) == []
    assert set(shared_left_out(source)) == {("user", "bob", "Work"), ("public",), ("public", "news")}
    source.close()

"""Maildirs and the servers that live in them: they serve what we wrote, and we read what they wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, FlagChange, Folder, Message, Resources, Source, Target
from connectors.imap.names import encode
from connectors.maildir.connector import MaildirConnector
from connectors.maildir.settings import MaildirSettings
from connectors.suite import Mail as Sample
from connectors.suite import samples
from connectors.suite.samples import contents, folder_at, listed
from connectors.wire import wire_bytes
from tests.conftest import DovecotFactory
from tests.servers.mail import Mail, _Names, bodies, expected, holdings, seed
from tests.servers.server import ImapServer

_numbers = count(1)
PATHS = [
    ("INBOX",),
    ("Travail",),
    ("Travail", "2024 & après"),
    ("Été", "Réponses reçues"),
    ("\N{PACKAGE} Archiv", "日本語"),
    ('a "quoted" name',),
]
FLAGS = [
    frozenset[str](),
    frozenset({"\\Seen"}),
    frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Draft"}),
    frozenset({"\\Seen", "$Forwarded", "Projekt-7"}),
    frozenset({"\\Deleted", "$Label1"}),
]
BODIES = [*samples.AWKWARD.values(), samples.mail(1).data, samples.large_mail().data]


def letters(paths: list[tuple[str, ...]] = PATHS) -> list[Mail]:
    """A few messages for each folder: every flag, dates over ten years, short and long and none too well-formed."""
    made = []
    for number in range(6 * len(paths)):
        data = samples.mail(number).data
        when = datetime(2014, 2, 3, 4, 5, 6, tzinfo=UTC).replace(year=2014 + number % 10)
        made.append(Mail(paths[number % len(paths)], data, FLAGS[number % len(FLAGS)], when))
    return made


@pytest.fixture
def user() -> str:
    return f"maildir{next(_numbers)}"


def connector(folder: Path, tmp_path: Path, **settings: str) -> MaildirConnector:
    return MaildirConnector(MaildirSettings(path=folder, **settings), Resources(ByteBudget(), tmp_path))  # type: ignore[arg-type]  # as a plan gives them


def target_on(server: ImapServer, user: str, tmp_path: Path) -> Target:
    path = server.folder / "mail" / "{user}" / "maildir"
    return connector(path, tmp_path).open_target(Account(user), Event())


def source_on(server: ImapServer, user: str, tmp_path: Path) -> Source:
    name = "Maildir" if "courier" in server.folder.name else "maildir"
    return connector(server.folder / "mail" / "{user}" / name, tmp_path).open_source(Account(user), Event())


def write(target: Target, mails: list[Mail]) -> None:
    for path in dict.fromkeys(mail.folder for mail in mails):
        folder = target.ensure(path, None)
        batch = samples.batch([Sample(mail.data, mail.received, mail.flags) for mail in mails if mail.folder == path])
        assert {receipt.outcome for receipt in target.write(folder, batch, lambda: None)} == {"stored"}


def read(source: Source) -> dict[tuple[str, ...], Counter[tuple[bytes, frozenset[str], datetime | None]]]:
    """Everything in a Maildir as the connector tells it, in wire form."""
    return {
        folder.path: Counter(
            (wire_bytes(contents(message.body)), message.flags, message.received)
            for message in messages(source, folder)
        )
        for folder in source.folders()
        if folder.messages
    }


def messages(source: Source, folder: Folder) -> Iterator[Message]:
    for answer in source.read(folder, [entry.key for entry in listed(source, folder)]):
        yield samples.message(answer)


def as_read(mails: list[Mail]) -> dict[tuple[str, ...], Counter[tuple[bytes, frozenset[str], datetime | None]]]:
    found: dict[tuple[str, ...], Counter[tuple[bytes, frozenset[str], datetime | None]]] = {}
    for mail in mails:
        found.setdefault(mail.folder, Counter())[mail.data, mail.flags, mail.received] += 1
    return found


def test_dovecot_serves_a_maildir_that_we_wrote(standing_dovecot: ImapServer, user: str, tmp_path: Path) -> None:
    mails = letters()
    target = target_on(standing_dovecot, user, tmp_path)
    write(target, mails)
    target.ensure(("Leer",), None)
    target.close()
    assert holdings(standing_dovecot, user) == expected(mails)
    with standing_dovecot.login(user) as connection:
        assert set(PATHS) | {("Leer",)} <= set(_Names(connection).paths())
        _, lines = connection.lsub()
        subscribed = {line.decode().rpartition('"/" ')[2].strip('"') for line in lines if isinstance(line, bytes)}
        assert {encode("Travail/2024 & après").decode(), "Leer"} <= subscribed


def test_dovecot_serves_the_bytes_that_we_wrote(standing_dovecot: ImapServer, user: str, tmp_path: Path) -> None:
    lost_by_lf = b"From: a@x\r\nMessage-ID: <cr@x>\r\n\r\na CR before its line end\r\r\nnext\r\n"
    sent = [*BODIES, lost_by_lf]
    write(target_on(standing_dovecot, user, tmp_path), [Mail(("INBOX",), data) for data in sent])
    served = bodies(standing_dovecot, user)[("INBOX",)]
    # Dovecot hands out NUL as 0x80 over IMAP, whoever wrote the file.
    assert served == [data.replace(b"\0", b"\x80") for data in sent]


def test_every_message_of_the_corpus_is_read_back_to_the_byte(shared_corpus: Path, tmp_path: Path) -> None:
    files = sorted((shared_corpus / "eml").glob("*.eml"))
    assert len(files) > 50
    sent = [wire_bytes(file.read_bytes()) for file in files]
    target = connector(tmp_path / "{user}", tmp_path).open_target(Account("ann"), Event())
    write(target, [Mail(("INBOX",), data) for data in sent])
    stored = messages(target, folder_at(target, ("INBOX",)))
    assert [wire_bytes(contents(one.body)) for one in stored] == sent


def test_dovecot_and_we_use_one_maildir_at_a_time(standing_dovecot: ImapServer, user: str, tmp_path: Path) -> None:
    mails = letters([("INBOX",), ("Travail",)])
    seed(standing_dovecot, user, mails[:6])
    target = target_on(standing_dovecot, user, tmp_path)
    write(target, mails[6:])
    assert holdings(standing_dovecot, user) == expected(mails)
    folder = target.ensure(("Travail",), None)
    chosen = listed(target, folder)[0]
    list(target.mark(folder, [FlagChange(chosen.key, frozenset({"\\Flagged", "Neu"}), frozenset({"\\Seen"}))]))
    with standing_dovecot.login(user) as connection:
        connection.select("Travail")
        _, found = connection.search(None, "KEYWORD", "Neu", "FLAGGED", "UNSEEN")
        assert len(found[0].split()) == 1
        connection.store(found[0].decode(), "+FLAGS", "(Seins)")
    (entry,) = target.states(folder, [chosen.key])
    assert {"\\Flagged", "Neu", "Seins"} <= (entry.flags or frozenset())
    assert "\\Seen" not in (entry.flags or frozenset())


def test_what_dovecot_wrote_is_read(standing_dovecot: ImapServer, user: str, tmp_path: Path) -> None:
    mails = letters()
    seed(standing_dovecot, user, mails)
    assert read(source_on(standing_dovecot, user, tmp_path)) == as_read(mails)


def test_what_dovecot_wrote_in_directories_is_read(dovecot: DovecotFactory, user: str, tmp_path: Path) -> None:
    server = dovecot(settings="mail_location = maildir:~/maildir:LAYOUT=fs")
    mails = letters()
    seed(server, user, mails)
    assert read(source_on(server, user, tmp_path)) == as_read(mails)


def test_a_message_that_dovecot_renames_between_listing_and_reading_is_read(
    standing_dovecot: ImapServer, user: str, tmp_path: Path
) -> None:
    mails = letters([("Travail",)])
    seed(standing_dovecot, user, mails)
    source = source_on(standing_dovecot, user, tmp_path)
    folder = folder_at(source, ("Travail",))
    keys = [entry.key for entry in listed(source, folder)]
    with standing_dovecot.login(user) as connection:
        connection.select("Travail")
        connection.store("1:*", "+FLAGS", "(\\Flagged)")
    answers = [samples.message(answer) for answer in source.read(folder, keys)]
    assert [answer.key for answer in answers] == keys
    assert all("\\Flagged" in answer.flags for answer in answers)
    assert [wire_bytes(contents(answer.body)) for answer in answers] == [mail.data for mail in mails]


def test_what_courier_wrote_is_read(courier: ImapServer, user: str, tmp_path: Path) -> None:
    basic = [path for path in PATHS if all(ord(letter) < 1 << 16 for letter in "".join(path))]
    mails = letters(basic)
    seed(courier, user, mails)
    found = read(source_on(courier, user, tmp_path))
    assert found == as_read(mails)
    # A keyword that changed since is in a file of its own.
    with courier.login(user) as connection:
        connection.select("INBOX.Travail")
        connection.store("1", "FLAGS.SILENT", "(\\Seen Eins Zwei)")
        connection.store("2", "FLAGS.SILENT", "(Zwei)")
        connection.store("1", "-FLAGS.SILENT", "(Eins)")
    source = source_on(courier, user, tmp_path)
    entries = listed(source, folder_at(source, ("Travail",)))
    assert [entry.flags for entry in entries[:2]] == [{"\\Seen", "Zwei"}, {"Zwei"}]


def test_courier_serves_a_maildir_that_we_wrote(courier: ImapServer, user: str, tmp_path: Path) -> None:
    basic = [path for path in PATHS if all(ord(letter) < 1 << 16 for letter in "".join(path))]
    mails = [Mail(mail.folder, mail.data, mail.flags - {"$Forwarded", "Projekt-7", "$Label1"}, mail.received)
             for mail in letters(basic)]  # fmt: skip
    path = courier.folder / "mail" / "{user}" / "Maildir"
    # Since its version 5 Courier spells names in UTF-8.
    write(connector(path, tmp_path, names="utf-8").open_target(Account(user), Event()), mails)
    assert holdings(courier, user) == expected(mails)

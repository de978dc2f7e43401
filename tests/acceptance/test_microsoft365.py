"""Copies to and from Microsoft 365: exactly once whatever Exchange does, and words that help when it lets nobody in."""

from __future__ import annotations

import os
import re
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.microsoft365 import grants
from connectors.microsoft365.access import Access, access_of
from tests.acceptance.box import Box
from tests.acceptance.letters import letter, letters
from tests.acceptance.organisation import SITE, Ended, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.servers.exchange import Exchange
from tests.servers.mail import Mail, bodies, content_of
from tests.servers.server import ImapServer

_numbers = count(1)
#: What Exchange keeps of a message's flags: the system's.
KEPT = frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Draft"})


@dataclass
class Tenant:
    """An organisation that moves to the tenant: who moves, from where, and what must have arrived."""

    plan: Organisation
    exchange: Exchange
    old: ImapServer
    addresses: Sequence[str]
    mails: Sequence[Mail]

    def copy(self, *options: str) -> Ended:
        return self.plan.copy(*options)

    def there(self, place: int = 0) -> Counter[tuple[str, str, frozenset[str]]]:
        """Content, date and flags of all that the mailbox holds."""
        held = Box(self.exchange.server, self.addresses[place]).holds().values()
        return Counter((one.content, one.received.isoformat(), one.flags) for group in held for one in group.elements())

    def expected(self) -> Counter[tuple[str, str, frozenset[str]]]:
        return Counter((content_of(one.data), one.received.isoformat(), one.flags & KEPT) for one in self.mails)

    def ends_exactly(self, first: Ended) -> None:
        """Nothing is doubled now, and after one more run nothing is missing; then there is nothing left to do."""
        for place in range(len(self.addresses)):
            assert not _contents(self.there(place)) - _contents(self.expected()), "nothing is there twice"
        if first.code:
            assert self.copy().code == 0
        for place in range(len(self.addresses)):
            assert self.there(place) == self.expected()
        last = self.copy()
        assert last.code == 0
        assert sum(one["this_pass"]["copied"] for one in last.json["mailboxes"]) == 0


def _contents(held: Counter[tuple[str, str, frozenset[str]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (content, _received, _flags), times in held.items():
        found[content] += times
    return found


Moves = Callable[..., Tenant]


@pytest.fixture
def moves(tmp_path: Path, exchange: Exchange, old: ImapServer) -> Iterator[Moves]:
    """Makes an organisation of so many people, who all have the same mail."""
    exchange.stand_in.control("reset")

    def start(mails: Sequence[Mail] | None = None, *, people: int = 1, **more: Any) -> Tenant:
        mails = letters(20, size=800) if mails is None else mails
        users = [f"m365-{next(_numbers)}" for _ in range(people)]
        addresses = [exchange.person(user) for user in users]
        for user in users:
            Box(old, user).add(*mails)
        target = exchange.plan(secret="file:secrets/app.txt", **more)
        plan = organisation(tmp_path, imap(old.port), target, people=users)
        for entry, address in zip(plan.people, addresses, strict=True):
            entry["target_user"] = address
        plan.write()
        _keep_secret(plan, exchange.app.secret)
        return Tenant(plan, exchange, old, addresses, mails)

    yield start
    exchange.stand_in.control("reset")


def _keep_secret(plan: Organisation, secret: str) -> None:
    file = plan.folder / "secrets" / "app.txt"
    file.write_text(secret)
    file.chmod(0o600)


# -- what arrives ---------------------------------------------------------------------------------------------------


def test_flags_that_exchange_forgets_are_set_and_keywords_are_a_known_loss(moves: Moves) -> None:
    flagged = [
        replace(mail, flags=mail.flags | {"\\Flagged"}) if number % 4 == 0 else mail
        for number, mail in enumerate(letters(20, size=800))
    ]
    tenant = moves(flagged)
    first = tenant.copy()
    assert first.code == 0
    assert tenant.there() == tenant.expected()
    assert any("$Forwarded" in mail.flags for mail in flagged)
    assert sum(stored[2] >= {"\\Flagged"} for stored in tenant.there().elements()) == 5
    asked = tenant.exchange.stand_in.stats()["commands"]
    assert asked["STORE"] <= 3, "flags are set for many messages at once"
    verified = tenant.plan.run("verify", SITE, "--json").json
    assert "not_kept" in str(verified).replace("-", "_"), "what became of the keywords is told"
    tenant.ends_exactly(first)


def test_flags_that_a_pass_could_not_set_are_set_by_the_next_one(moves: Moves) -> None:
    mails = [replace(mail, flags=frozenset({"\\Flagged"})) for mail in letters(6, size=800)]
    tenant = moves(mails)
    tenant.exchange.stand_in.fault("drop", "STORE", times=3)
    tenant.ends_exactly(tenant.copy())


def test_keywords_that_people_gave_become_categories(moves: Moves) -> None:
    mails = [replace(mail, flags=frozenset({"\\Seen", "Invoice", "$Forwarded"})) for mail in letters(6, size=800)]
    tenant = moves(mails, keywords="categories")
    assert tenant.copy().code == 0
    assert tenant.there() == tenant.expected()
    access = access_of(tenant.exchange.settings())
    select = {"$select": "categories", "$top": "50"}
    found = list(access.graph(Event()).pages(f"/users/{tenant.addresses[0]}/messages", select))
    assert [one["categories"] for one in found] == [["Invoice"]] * 6
    before = tenant.exchange.stand_in.stats()["graph"]["requests"]
    assert before["PATCH /users/{}/messages/{}"] == len(mails)
    assert tenant.copy().code == 0
    assert tenant.exchange.stand_in.stats()["graph"]["requests"] == before, "what has its categories is left alone"


def test_bytes_arrive_as_they_are_or_the_message_is_accounted_for(moves: Moves) -> None:
    head = b"From: a@x\r\nTo: b@x\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\nSubject: s\r\n"
    odd = {
        "8-bit": head + b"Message-ID: <8bit@x>\r\n\r\n\xe9t\xe9 \xff\x80\r\n",
        "no Message-ID": head + b"\r\nnothing names it\r\n",
        "long line": head + b"Message-ID: <long@x>\r\n\r\n" + b"x" * 20_000 + b"\r\n",
        "no body": head + b"Message-ID: <empty@x>\r\n\r\n",
    }
    mails = [replace(letter(number), data=data, folder=("INBOX",)) for number, data in enumerate(odd.values())]
    tenant = moves(mails)
    ended = tenant.copy()
    assert ended.code == 0
    (stored,) = [found for found in bodies(tenant.exchange.server, tenant.addresses[0]).values() if found]
    assert Counter(stored) >= Counter(data for name, data in odd.items() if name != "long line")
    outcomes = ended.mailbox["outcomes"]
    assert (outcomes["stored"], ended.mailbox["repaired"]) == (4, 1)


def test_what_is_longer_than_the_mailboxes_take_is_told_before_it_is_sent(moves: Moves) -> None:
    mails = [letter(1), letter(2, size=3 << 20)]
    tenant = moves(mails, max_message="2 MB")
    ended = tenant.copy()
    assert ended.code == 3
    assert ended.mailbox["reasons"] == {"too-large": 1}
    assert tenant.exchange.stand_in.stats()["commands"]["APPEND"] == 1
    tenant.plan.systems["new"]["max_message"] = 35
    tenant.plan.write()
    assert tenant.copy().code == 0
    assert tenant.there() == tenant.expected()


@pytest.mark.nightly
def test_34_mb_arrive_whole_and_45_mb_are_refused_with_their_reason(moves: Moves) -> None:
    mails = [letter(1, size=34_000_000), letter(2, size=45_000_000)]
    tenant = moves(mails, timeout=60)
    ended = tenant.copy()
    assert ended.mailbox["reasons"] == {"too-large": 1}
    assert _contents(tenant.there()) == Counter([content_of(mails[0].data)])


def test_the_way_back_reads_the_same_tenant(moves: Moves, old: ImapServer, tmp_path: Path) -> None:
    tenant = moves(letters(8, size=800))
    assert tenant.copy().code == 0
    user = f"back-{next(_numbers)}"
    back = Organisation(
        tmp_path / "back",
        {"old": tenant.plan.systems["new"], "new": imap(old.port)},
        [{"address": "anna@example.org", "source_user": tenant.addresses[0], "target_user": user}],
        tenant.plan.passwords | {"anna@example.org": ("", old.password)},
    )
    back.write()
    _keep_secret(back, tenant.exchange.app.secret)
    marks = Box(tenant.exchange.server, tenant.addresses[0]).marks()
    assert back.copy().code == 0
    assert Box(tenant.exchange.server, tenant.addresses[0]).marks() == marks
    held = Box(old, user).holds().values()
    assert Counter(one.content for group in held for one in group.elements()) == _contents(tenant.expected())


# -- exactly once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("expire", {}),
        ("drop_reply", {}),
        pytest.param("drop", {}, marks=pytest.mark.nightly),
        pytest.param("bye", {}, marks=pytest.mark.nightly),
        ("answer_after", {"text": "NO Request is throttled. Suggested Backoff Time: 300 milliseconds"}),
    ],
)
def test_trouble_in_the_middle_of_a_copy_neither_loses_nor_doubles(moves: Moves, what: str, more: Any) -> None:
    # The message that is hit is flagged too, and so has something to be given at the end.
    tenant = moves([replace(mail, flags=mail.flags | {"\\Flagged"}) for mail in letters(20, size=800)])
    tenant.exchange.stand_in.fault(what, "APPEND", nth=7, **more)
    first = tenant.copy()
    tenant.ends_exactly(first)
    assert tenant.exchange.stand_in.stats()["tokens"]["client_credentials"] <= 3


def test_a_token_that_ends_between_two_messages_is_renewed(moves: Moves) -> None:
    tenant = moves()
    tenant.exchange.stand_in.control("tokens", lifetime=1)
    # Tokens that end at once are never offered twice, and what was under way is not sent twice.
    tenant.exchange.stand_in.control("manners", latency=0.03)
    tenant.ends_exactly(tenant.copy())


@pytest.mark.parametrize("word", ["NO", "BAD"])
def test_a_throttled_tenant_is_left_alone_by_all_its_workers(moves: Moves, word: str) -> None:
    tenant = moves(people=2)
    tenant.exchange.stand_in.fault("throttle", "APPEND", nth=9, milliseconds=2500, word=word)
    first = tenant.copy()
    ignored = tenant.exchange.stand_in.stats()["while_throttled"]
    # What the sessions of both mailboxes had already said when they heard of it.
    assert sum(ignored.values()) <= 4
    tenant.ends_exactly(first)


def test_a_mailbox_that_was_open_and_is_not_served_for_a_moment_goes_on(
    moves: Moves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "_NOT_SERVED_PAUSE", 0.5)
    tenant = moves()
    tenant.exchange.stand_in.fault("not_connected", "APPEND", nth=5)
    first = tenant.copy()
    assert first.code == 0
    assert first.mailbox["outcomes"]["refused"] == 0
    tenant.ends_exactly(first)


def test_a_full_mailbox_ends_its_pass_as_such(moves: Moves) -> None:
    tenant = moves()
    control = tenant.exchange.stand_in.control
    control("set_mailbox", mailbox=tenant.addresses[0], quota=6000)
    first = tenant.copy()
    assert first.code == 5
    assert first.mailbox["outcomes"]["refused"] == 0
    control("set_mailbox", mailbox=tenant.addresses[0], quota=None)
    tenant.ends_exactly(first)


def test_the_installed_command_is_killed_and_finishes_the_next_time(moves: Moves) -> None:
    tenant = moves(letters(40, size=800))
    tenant.exchange.stand_in.control("manners", latency=0.03)
    with running(tenant.plan.start("copy", SITE, "--json")) as process:
        _wait_for(lambda: len(list(tenant.there().elements())) >= 8)
        process.send_signal(signal.SIGKILL)
        assert finished(process).code == -signal.SIGKILL
    assert 0 < sum(tenant.there().values()) < 40
    tenant.exchange.stand_in.control("manners", latency=0)
    tenant.ends_exactly(tenant.plan.run_installed("copy", SITE, "--json"))


def _wait_for(so: Callable[[], bool], limit: float = 60.0) -> None:
    until = time.monotonic() + limit
    while not so():
        assert time.monotonic() < until
        time.sleep(0.05)


# -- who is let in --------------------------------------------------------------------------------------------------


def _refused(ended: Ended) -> str:
    assert ended.code == 7, ended.err
    (error,) = ended.mailbox["errors"]
    return str(error["message"])


def test_a_secret_that_has_expired_says_where_to_make_a_new_one(moves: Moves) -> None:
    tenant = moves()
    expired = "planted~expired~secret"
    tenant.exchange.stand_in.control("new_secret", client_id=tenant.exchange.app.client_id, secret=expired, lasts=-1)
    _keep_secret(tenant.plan, expired)
    ended = tenant.copy()
    assert "client secret has expired" in _refused(ended)
    assert "Certificates & secrets" in _refused(ended)
    assert expired not in ended.out + ended.err


def test_a_tenant_that_is_not_there_and_an_app_that_is_not_there_are_told_apart(moves: Moves) -> None:
    tenant = moves()
    new = tenant.plan.systems["new"]
    right = dict(new)
    new["tenant"] = "fabrikam.example"
    tenant.plan.write()
    assert "no tenant of this name" in _refused(tenant.copy())
    tenant.plan.systems["new"] = right | {"client_id": "00000000-1111-2222-3333-444444444444"}
    tenant.plan.write()
    assert "no app with this client_id" in _refused(tenant.copy())


def test_a_missing_grant_names_the_mailbox_and_the_lines_that_give_it(moves: Moves) -> None:
    tenant = moves()
    address, app = tenant.addresses[0], tenant.exchange.app
    control = tenant.exchange.stand_in.control
    control("remove_mailbox_permission", mailbox=address, user=app.principal_id)
    message = _refused(tenant.copy())
    assert f"Add-MailboxPermission -Identity {address}" in message
    assert f"Set-CASMailbox -Identity {address} -ImapEnabled $true" in message
    assert "-AccessRights FullAccess" in message


def test_an_app_that_exchange_knows_by_the_registrations_object_id_is_told_so(moves: Moves) -> None:
    tenant = moves()
    stand_in = tenant.exchange.stand_in
    app = stand_in.app(known_to_exchange=False)
    stand_in.control("new_service_principal", client_id=app.client_id, object_id=app.object_id)
    tenant.plan.systems["new"]["client_id"] = app.client_id
    tenant.plan.write()
    _keep_secret(tenant.plan, app.secret)
    message = _refused(tenant.copy())
    assert "wrong object ID" in message
    assert f"New-ServicePrincipal -AppId {app.client_id} -ObjectId" in message


def test_a_mailbox_that_is_ready_later_is_copied_then(moves: Moves) -> None:
    tenant = moves()
    tenant.exchange.stand_in.control("set_mailbox", mailbox=tenant.addresses[0], ready_in=600)
    assert "ready after up to 24 hours" in _refused(tenant.copy())
    tenant.exchange.stand_in.control("set_mailbox", mailbox=tenant.addresses[0], ready_in=-1)
    tenant.ends_exactly(tenant.copy())


def test_no_secret_and_no_token_is_written_or_shown_anywhere(
    moves: Moves, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given: set[str] = set()
    real = Access.token

    def noted(self: Access, scope: str, mailbox: str, refused: str) -> str:
        made = real(self, scope, mailbox, refused)
        given.add(made)
        return made

    monkeypatch.setattr(Access, "token", noted)
    tenant = moves()
    tenant.exchange.stand_in.fault("expire", "APPEND", nth=3)
    with caplog.at_level("DEBUG"):
        runs = [tenant.copy(), tenant.plan.run("check", SITE, "--json"), tenant.plan.run("status", "--json")]
    assert given
    shown = "".join(run.out + run.err for run in runs) + caplog.text
    kept = b"".join(file.read_bytes() for file in tenant.plan.ledger.parent.rglob("*") if file.is_file())
    for planted in (*given, tenant.exchange.app.secret):
        assert planted not in shown
        assert planted.encode() not in kept


# -- by code --------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_by_code_and_is_remembered_in_a_file_of_their_own(moves: Moves) -> None:
    tenant = moves()
    del tenant.plan.systems["new"]["secret"]
    tenant.plan.write()
    assert "bascule microsoft365 sign-in" in _refused(tenant.copy())
    with running(tenant.plan.start("microsoft365", "sign-in", "new", "--json")) as process:
        assert process.stderr is not None
        shown = re.search(r"enter the code (\S+)", process.stderr.readline())
        assert shown is not None
        assert tenant.exchange.stand_in.control("approve", user_code=shown[1], user=tenant.addresses[0])
        ended = finished(process)
    assert ended.code == 0
    assert valid(ended.json, "microsoft365-sign-in")["signed_in"] == tenant.addresses[0]
    cache = tenant.plan.folder / "secrets" / "microsoft365-sign-in.json"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    tenant.ends_exactly(tenant.copy())
    tenant.exchange.stand_in.control("tokens", expire_all=True)
    assert tenant.copy().code == 0, "what was remembered gives another token"


def test_ctrl_c_ends_the_wait_for_a_person_and_signs_nobody_in(moves: Moves) -> None:
    tenant = moves()
    del tenant.plan.systems["new"]["secret"]
    tenant.plan.write()
    with running(tenant.plan.start("microsoft365", "sign-in", "new")) as process:
        assert process.stderr is not None
        process.stderr.readline()
        os.kill(process.pid, signal.SIGINT)
        assert finished(process).code == 130
    assert "bascule microsoft365 sign-in" in _refused(tenant.copy())


def test_the_lines_for_the_tenants_administrator_name_every_mailbox(moves: Moves) -> None:
    tenant = moves(people=2)
    told = tenant.plan.run("microsoft365", "grants", SITE, "--for", tenant.exchange.app.principal_id, "--json").json
    lines = valid(told, "microsoft365-grants")["lines"]
    assert f"New-ServicePrincipal -AppId {tenant.exchange.app.client_id}" in lines[1]
    for address in tenant.addresses:
        assert any(f"Add-MailboxPermission -Identity {address} -User" in line for line in lines)
    wrong = tenant.plan.run("microsoft365", "grants", "nowhere")
    assert wrong.code == 2
    wrong = tenant.plan.run("microsoft365", "sign-in", "old")
    assert wrong.code == 2
    assert "no Microsoft 365 tenant" in wrong.err


def test_a_secret_that_cannot_be_had_is_told_as_what_it_is(moves: Moves) -> None:
    tenant = moves()
    (tenant.plan.folder / "secrets" / "app.txt").unlink()
    for ended in (tenant.copy(), tenant.plan.run("check", SITE, "--json")):
        assert "there is no file" in ended.out + ended.err
        assert ended.code == 7
    _keep_secret(tenant.plan, tenant.exchange.app.secret)
    tenant.ends_exactly(tenant.copy())

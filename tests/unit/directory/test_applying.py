"""Making changes: in their order, tried again, recorded; one that fails keeps nothing but what rests on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event

import pytest

from connectors.errors import AuthFailed, ConnectorError, Transient
from migrate.directory import first_passwords
from migrate.directory.applying import Applying, Result
from migrate.directory.changes import AddAlias, AddDomain, AssignLicence, Change, CreateAccount, CreateGroup
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.first_passwords import FirstPasswords
from migrate.directory.hashes import Hash
from migrate.directory.model import Found, Manners, Wanted, WantedAccount, WantedGroup
from migrate.directory.record import FILE, Record

ANNA, BEN = (WantedAccount(f"{name}@a.example", name, name) for name in ("anna", "ben"))
CREATE = [CreateAccount(one.user, one) for one in (ANNA, BEN)]


class Scripted:
    """A directory whose answers are given: by change (code and subject) the errors that come before it is done."""

    def __init__(self, errors: Mapping[tuple[str, str], list[ConnectorError]] | None = None) -> None:
        self.errors = dict(errors or {})
        self.done: list[Change] = []
        self.initial: dict[str, Initial] = {}
        self.manners = Manners("Scripted")
        self.domains = None

    def look(self, wanted: Wanted) -> Found:
        return Found()

    def by_hand(self, change: Change) -> Sequence[str]:
        return ["bascule domain add"] if isinstance(change, AddDomain) else ()

    def afterwards(self, change: Change) -> Sequence[str]:
        return ["Set-Group"] if isinstance(change, CreateGroup) else ()

    def takes_hash(self, one: Hash) -> bool:
        return one.text.startswith("$")

    def do(self, change: Change, initial: Initial | None) -> bool:
        waiting = self.errors.get((change.code, change.subject))
        if waiting:
            raise waiting.pop(0)
        if initial is not None:
            self.initial[change.subject] = initial
        again = change in self.done
        self.done.append(change)
        return not again

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        return dict.fromkeys(users, True)

    def close(self) -> None: ...


def _run(
    folder: Path, directory: Scripted, changes: Sequence[Change], hashes: Mapping[str, Hash] | None = None,
    stop: Event | None = None,
) -> list[Result]:  # fmt: skip
    record = Record(folder, "lyon", "new", "Karim")
    return list(
        Applying(directory, FirstPasswords(folder, "lyon", "en"), hashes or {}, record, stop or Event()).run(changes)
    )


def test_a_first_password_is_in_its_file_before_the_account_is_made(tmp_path: Path) -> None:
    class Cut(Scripted):
        def do(self, change: Change, initial: Initial | None) -> bool:
            assert initial is not None
            assert initial.password
            assert initial.password in (tmp_path / "secrets/first-passwords-lyon.csv").read_text()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, Cut(), CREATE)
    kept = FirstPasswords(tmp_path, "lyon", "en").of(ANNA.user).password
    assert kept
    directory = Scripted()
    _run(tmp_path, directory, CREATE)
    assert directory.initial[ANNA.user].password == kept
    assert kept not in (tmp_path / FILE).read_text()


def test_the_file_of_first_passwords_is_read_and_written_once_for_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = first_passwords.read_private
    monkeypatch.setattr(first_passwords, "read_private", lambda *found: reads.append(found) or read(*found))
    people = [WantedAccount(f"p{number}@a.example", "P", "P") for number in range(50)]
    directory = Scripted()
    _run(tmp_path, directory, [CreateAccount(one.user, one) for one in people])
    assert len(reads) == 1
    kept = FirstPasswords(tmp_path, "lyon", "en")
    assert directory.initial == {one.user: kept.of(one.user) for one in people}


def test_no_first_password_is_made_for_an_account_that_waits(tmp_path: Path) -> None:
    _run(tmp_path, Scripted(), [AddDomain("a.example"), *CREATE])
    assert not (tmp_path / "secrets").exists()


def test_who_has_a_hash_that_is_taken_keeps_the_password(tmp_path: Path) -> None:
    directory = Scripted()
    _run(tmp_path, directory, CREATE, {ANNA.user: Hash("$6$x"), BEN.user: Hash("{SSHA}x")})
    assert directory.initial[ANNA.user] == Initial(hash=Hash("$6$x"))
    assert directory.initial[BEN.user].password
    assert ANNA.user not in (tmp_path / "secrets/first-passwords-lyon.csv").read_text()
    assert directory.initial[BEN.user].password not in repr(directory.initial)


def test_what_passes_is_tried_again_and_what_does_not_is_told(tmp_path: Path) -> None:
    busy = [Transient("busy", retry_after=0) for _number in range(3)]
    for_ever = [Transient("busy", retry_after=0) for _number in range(99)]
    errors = {("create-account", ANNA.user): busy, ("create-account", BEN.user): for_ever}
    results = _run(tmp_path, Scripted(errors), CREATE)
    assert [result.outcome for result in results] == ["done", "failed"]
    assert results[1].what == "busy"


def test_what_rests_on_a_change_that_failed_waits_and_the_rest_goes_on(tmp_path: Path) -> None:
    changes = [*CREATE, AddAlias(ANNA.user, "x@a.example"), AddAlias(BEN.user, "y@a.example")]
    directory = Scripted({("create-account", ANNA.user): [NotTaken("no")]})
    outcomes = [result.outcome for result in _run(tmp_path, directory, changes)]
    assert outcomes == ["failed", "done", "waiting", "done"]


def test_what_is_done_by_hand_is_told_and_what_rests_on_it_waits(tmp_path: Path) -> None:
    changes = [AddDomain("a.example"), *CREATE]
    results = _run(tmp_path, Scripted(), changes)
    assert [result.outcome for result in results] == ["by-hand", "waiting", "waiting"]
    assert list(results[0].by_hand) == ["bascule domain add"]
    group = CreateGroup("g@b.example", WantedGroup("g@b.example", "G"))
    assert [(one.outcome, list(one.by_hand)) for one in _run(tmp_path, Scripted(), [group])] == [
        ("done", ["Set-Group"])
    ]


def test_a_right_that_is_missing_is_asked_for_once_and_others_go_on(tmp_path: Path) -> None:
    licences = [AssignLicence(one.user, "small") for one in (ANNA, BEN)]
    directory = Scripted({("assign-licence", one.user): [AuthFailed("no right")] for one in (ANNA, BEN)})
    results = _run(tmp_path, directory, [*licences, AddAlias(BEN.user, "y@a.example")])
    assert [result.outcome for result in results] == ["failed", "failed", "done"]
    assert len(directory.errors["assign-licence", BEN.user]) == 1


def test_a_run_that_is_stopped_leaves_the_rest_and_the_next_goes_on(tmp_path: Path) -> None:
    stop = Event()

    class Stopping(Scripted):
        def do(self, change: Change, initial: Initial | None) -> bool:
            stop.set()
            return super().do(change, initial)

    results = _run(tmp_path, Stopping(), CREATE, stop=stop)
    assert [result.outcome for result in results] == ["done", "not-done"]
    recorded = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [(one["subject"], one["outcome"]) for one in recorded] == [(ANNA.user, "begun"), (ANNA.user, "done")]

"""Passwords are tried once an account, a few at a time, and never so that somebody is locked out."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from threading import Event, Lock
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from connectors.contract import Account, AuthFailed, Capabilities, Fatal, Unavailable
from migrate.engine import sign_in
from migrate.engine.sign_in import Credential, Verdict, look_up, try_all
from plans import Master, Organisation, Person, SecretRef, Site, System
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import FurtherSource
from plans.private_folders import PrivateFolders


class Door:
    """A system's connector: who gets in, and what was asked of it."""

    def __init__(self, wrong: frozenset[str] = frozenset(), fails: Exception | None = None, room: int = 100) -> None:
        self.wrong = wrong
        self.fails = fails
        self.room = room
        self.asked: Counter[str] = Counter()
        self.open = 0
        self.most = 0
        self._lock = Lock()

    def open_source(self, account: Account, stop: Event) -> DoorSession:
        with self._lock:
            self.asked[account.user] += 1
            if self.fails is not None:
                raise self.fails
            if account.user in self.wrong or "*" in self.wrong:
                raise AuthFailed("does not let this account in", system="door")
            if self.open >= self.room:
                raise Unavailable("takes no further session at the moment", system="door")
            self.open += 1
            self.most = max(self.most, self.open)
        time.sleep(0.01)
        return DoorSession(self)

    def open_target(self, account: Account, stop: Event) -> DoorSession:
        raise AssertionError("a password is tried by reading")

    def leave(self) -> None:
        with self._lock:
            self.open -= 1


class NoSettings(BaseModel):
    pass


class DoorSession:
    def __init__(self, door: Door) -> None:
        self._door = door

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def close(self) -> None:
        self._door.leave()


def person(name: str, *further: FurtherSource, source_user: str = "") -> Person:
    ref = SecretRef("env", "DOOR_PASSWORD")
    return Person(f"{name}@m.example", "", source_user or name, name, ref, ref, further_sources=further)


def system(name: str, master: Master | None = None, max_sessions: int = 3) -> System:
    return System(name, "imap", NoSettings(), max_sessions, None, None, master)


def organisation(*people: Person, master: Master | None = None, max_sessions: int = 3) -> tuple[Organisation, Site]:
    site = Site(
        "lyon", "old", "new", people, FolderRules(), MessageRules(), None, PrivateFolders(), "en", ZoneInfo("UTC")
    )
    systems = {"old": system("old", master, max_sessions), "new": system("new"), "archive": system("archive", master)}
    return Organisation("M", "en", ZoneInfo("UTC"), systems, {"lyon": site}, Path()), site


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", "hunter2")


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Door]:
    doors = {"old": Door(), "new": Door(), "archive": Door()}
    monkeypatch.setattr(sign_in, "connector_of", lambda system, resources: doors[system.name])
    return doors


def tried(plan: tuple[Organisation, Site], stop: Event | None = None) -> list[Credential]:
    return list(try_all(plan[0], plan[1], plan[1].people, stop or Event()))


def verdicts(found: list[Credential], side: str = "source") -> dict[str, Verdict]:
    return {one.mailbox.partition("@")[0]: one.verdict for one in found if one.side == side}


PEOPLE = tuple(person(name) for name in "abcdefghij")


def test_each_account_is_tried_once_on_each_side(doors: dict[str, Door]) -> None:
    doors["old"].wrong = frozenset({"c"})

    found = tried(organisation(*PEOPLE))

    assert verdicts(found) == {name: Verdict.WRONG if name == "c" else Verdict.WORKS for name in "abcdefghij"}
    assert set(verdicts(found, "target").values()) == {Verdict.WORKS}
    assert doors["old"].asked == doors["new"].asked == Counter("abcdefghij")
    assert doors["old"].open == 0


def test_no_more_sessions_are_open_than_the_plan_allows(doors: dict[str, Door]) -> None:
    tried(organisation(*PEOPLE, max_sessions=2))

    assert doors["old"].most == 2


def test_an_account_that_several_people_share_is_tried_once_for_all(doors: dict[str, Door]) -> None:
    doors["old"].wrong = frozenset({"shared"})

    found = tried(organisation(*(person(name, source_user="shared") for name in "abc")))

    assert verdicts(found) == dict.fromkeys("abc", Verdict.WRONG)
    assert doors["old"].asked == Counter({"shared": 1})


def test_further_sources_are_tried_too(doors: dict[str, Door]) -> None:
    master = Master("admin", SecretRef("env", "DOOR_PASSWORD"))

    found = tried(organisation(person("a", FurtherSource("archive", "x")), master=master))

    assert verdicts(found, "archive:x") == {"a": Verdict.WORKS}
    assert doors["archive"].asked == Counter("x")


@pytest.mark.parametrize("error", [Unavailable("cannot be reached"), Fatal("the certificate has expired")])
def test_a_system_that_cannot_be_reached_is_asked_once(doors: dict[str, Door], error: Exception) -> None:
    doors["old"].fails = error

    found = tried(organisation(*PEOPLE))

    assert verdicts(found) == dict.fromkeys("abcdefghij", Verdict.UNREACHABLE)
    assert {one.why for one in found if one.side == "source"} == {str(error)}
    assert doors["old"].asked.total() == 1
    assert set(verdicts(found, "target").values()) == {Verdict.WORKS}


def test_a_server_that_takes_fewer_sessions_than_the_plan_allows_is_asked_again_one_by_one(
    doors: dict[str, Door],
) -> None:
    doors["old"].room = 1

    found = tried(organisation(*PEOPLE))

    assert set(verdicts(found).values()) == {Verdict.WORKS}
    assert max(doors["old"].asked.values()) == 2


def by_master(*names: str) -> tuple[Organisation, Site]:
    people = tuple(
        Person(f"{name}@m.example", "", name, name, None, SecretRef("env", "DOOR_PASSWORD")) for name in names
    )
    return organisation(*people, master=Master("admin", SecretRef("env", "DOOR_PASSWORD")))


def test_a_master_user_that_is_refused_is_not_tried_for_everybody(doors: dict[str, Door]) -> None:
    doors["old"].wrong = frozenset({"*"})

    found = tried(by_master(*"abcdefghij"))

    expected = {name: Verdict.WRONG if name in "abc" else Verdict.NOT_TRIED for name in "abcdefghij"}
    assert verdicts(found) == expected
    assert doors["old"].asked == Counter("abc")
    assert {one.why for one in found if one.verdict is Verdict.NOT_TRIED} == {
        "The master user was refused for 3 people before; it was not tried again."
    }


def test_a_master_user_that_let_somebody_in_is_tried_for_everybody(doors: dict[str, Door]) -> None:
    doors["old"].wrong = frozenset("acef")

    found = tried(by_master(*"abcdef"))

    assert verdicts(found) == {name: Verdict.WRONG if name in "acef" else Verdict.WORKS for name in "abcdef"}


def test_after_an_interruption_nobody_is_tried(doors: dict[str, Door]) -> None:
    stop = Event()
    stop.set()

    found = tried(organisation(*PEOPLE), stop)

    assert set(verdicts(found).values()) == {Verdict.NOT_TRIED}
    assert doors["old"].asked.total() == 0


def test_offline_says_what_is_present_missing_and_unreadable(
    doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = (
        person("a"),
        Person("b@m.example", "", "b", "b", SecretRef("env", "NOT_SET"), None),
        Person("c@m.example", "", "c", "c", SecretRef("command", "false"), None),
    )
    plan = organisation(*people)

    found = look_up(*plan, people)

    assert verdicts(found) == {"a": Verdict.PRESENT, "b": Verdict.MISSING, "c": Verdict.UNREADABLE}
    assert verdicts(found, "target") == {"a": Verdict.PRESENT, "b": Verdict.MISSING, "c": Verdict.MISSING}
    assert verdicts(tried(plan)) == {"a": Verdict.WORKS, "b": Verdict.MISSING, "c": Verdict.UNREADABLE}
    assert doors["old"].asked == Counter("a")
    assert "hunter2" not in repr(found)

"""A company's whole rollout: somebody does what ``rollout next`` says, until nothing is left; no message is lost."""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.acceptance.postman import Side
from tests.acceptance.rollout_company import EXAMPLE, Company, running_company
from tests.acceptance.rollout_driver import Driver
from tests.acceptance.schemas import valid

_AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _where_reports_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _lost_or_doubled(company: Company, side: Side) -> dict[str, Counter[str]]:
    """What is not exactly once in a mailbox, by mailbox; empty where all is well."""
    wrong = {}
    for person in company.everybody():
        gone = company.deleted if side == "new" else set()
        there, wanted = company.holds(side, person), Counter(one for one in company.sent[person] if one not in gone)
        if there != wanted:
            wrong[person] = (wanted - there) + (there - wanted)
    return wrong


def _handed_over(company: Company, driver: Driver, folder: Path) -> None:
    """From Karim's machine to Sophie's; from here on the driver sits there."""
    pack = folder / "pack.zip"
    packed = driver.run("handover", "pack", "--to", "Sophie", "--by", "Karim", "--file", str(pack), "--json")
    assert packed.code == 0, packed.err
    there = folder / "there"
    here, secrets = driver.folder, company.folder / "secrets"
    driver.folder = company.folder = there
    # Secrets go by another way.
    assert driver.run("handover", "accept", str(pack), "--by", "Sophie").code == 7
    shutil.copytree(secrets, there / "secrets", dirs_exist_ok=True)
    accepted = driver.run("handover", "accept", str(pack), "--by", "Sophie", "--json")
    assert accepted.code == 0, accepted.out + accepted.err
    assert valid(accepted.json, "handover-accept")["holder"] == "Sophie"
    driver.folder = here
    assert driver.run("copy", "siege", "--json").code == 4
    driver.folder = there


@pytest.mark.parametrize(
    ("messages", "installed"), [(4, False), pytest.param(400, True, marks=pytest.mark.nightly)], ids=["small", "large"]
)
def test_a_company_is_moved_by_doing_what_is_next(tmp_path: Path, messages: int, installed: bool) -> None:
    """Head office first, which then hands over; two of the three other sites share a domain."""
    with running_company(tmp_path, messages) as company:
        driver = company.driver(after=company.a_day_at_work, installed=installed)
        driver.follow(until=lambda _told: ("siege", "hypercare", "advance") in driver.done)
        assert not [one for one in driver.done if one[1:] == ("dual-delivery", "advance") and one[0] != "siege"]
        _handed_over(company, driver, tmp_path)
        driver.follow()
        status = valid(driver.run("rollout", "status", "--json").json, "rollout-status")
        assert {one["phase"] for one in status["sites"]} == {"done"}
        assert {one["phase"] for one in status["domains"]} == {"decommission"}
        assert not [one for kind in ("sites", "domains") for one in status[kind] if one["forced"]]
        assert _lost_or_doubled(company, "new") == {}
    # The shared domain was cut over when both of its sites had switched, and the trap was met on the way.
    order = driver.done
    cutover = order.index(("ateliers.example", "ttl-lowered", "advance"))
    assert max(order.index((site, "switch", "advance")) for site in ("lyon", "nantes")) < cutover
    assert ("lyon", "dual-delivery", "routes") in order
    # Somebody deleted a copied message before the verification: they were asked, and nothing was verified for ever.
    assert [order.count((site, "verify", "removed")) for site in ("siege", "lyon", "nantes", "lille")] == [1] * 4


def test_a_domain_that_was_cut_over_goes_back_and_loses_nothing(tmp_path: Path) -> None:
    with running_company(tmp_path, 4, only="lille") as company:
        driver = company.driver(after=company.a_day_at_work)
        driver.follow(until=lambda told: told["phase"] == "settled")
        for person in company.everybody():
            for _letter in range(3):
                company.send(person)
        assert _lost_or_doubled(company, "old") != {}
        _go_back(company, driver, "nord.example")
        assert _lost_or_doubled(company, "old") == {}
        # Somebody's server had remembered the new MX until now.
        late = [company.send(person, "new") for person in company.everybody()]
        company.clock.shift(_AN_HOUR)
        back = driver.run("copy", "lille", "--back", "--yes", "--json")
        assert back.code == 0, back.out + back.err
        assert sum(one["this_pass"]["copied"] for one in back.json["mailboxes"]) == len(late)
        # From outside mail goes to the old side again, as the records say; and nothing comes to and fro.
        company.send(company.everybody()[0])
        company.clock.shift(_AN_HOUR)
        forth = driver.run("copy", "lille", "--json")
        assert forth.code == 0, forth.out
        for side in ("old", "new"):
            assert _lost_or_doubled(company, side) == {}


def _go_back(company: Company, driver: Driver, domain: str) -> None:
    """What ``rollout back`` says, line by line."""
    shown = valid(driver.run("rollout", "back", domain, "--json").json, "rollout-back")["way_back"]
    said = " ".join(shown["do"])
    assert "stop passing" in said
    company.postman.passed_on.discard(domain)
    company.enter(domain, shown["records"])
    commands = [line[line.index("bascule ") :] for line in shown["do"] if "bascule " in line]
    assert "bascule copy lille --back" in commands
    for line in commands:
        words = shlex.split(line)[1:]
        if words[0] == "dns":
            assert driver.run(*words, *company.asked()).code in (0, 3)
        elif words[0] == "copy":
            # Nobody writes meanwhile, as it says; what came a moment ago might be on its way to both sides.
            company.clock.shift(_AN_HOUR)
            ended = driver.run(*words, "--yes", "--json")
            assert ended.code == 0, ended.out + ended.err
        else:
            words[words.index("…")] = "the telephones do not sign in"
            assert driver.run(*words).code == 0


def test_the_example_is_a_plan_that_is_right(tmp_path: Path) -> None:
    """And it runs offline: its mail is copied, and verified."""
    folder = tmp_path / "meridional"
    shutil.copytree(EXAMPLE, folder)
    driver = Driver(folder, None, {}, {}, {})  # type: ignore[arg-type]  # no time passes
    assert driver.run("plan", "check").code == 0
    for site in ("siege", "lyon", "nantes", "lille"):
        for command in ("check", "copy", "verify"):
            ended = driver.run(command, site, "--json")
            assert ended.code == 0, ended.out + ended.err

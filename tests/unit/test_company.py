"""The demo's company is the same at every run, and what the demo says of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from migrate.sandbox import company
from migrate.sandbox.company_folder import begin, is_ours


def test_the_company_has_two_sites_ten_mailboxes_and_4812_messages() -> None:
    assert Counter(person.site for person in company.PEOPLE) == {"paris": 6, "lyon": 4}
    assert sum(len(company.letters(person)) for person in company.PEOPLE) == company.LETTERS == 4812


def test_its_mail_is_the_same_at_every_run() -> None:
    person = company.PEOPLE[-1]
    assert company.letters(person) == company.letters(person)


def test_exactly_one_message_is_too_large_for_the_target() -> None:
    everything = [letter for person in company.PEOPLE for letter in company.letters(person)]
    assert [len(letter.data) > company.MAX_MESSAGE for letter in everything].count(True) == 1


def test_every_mailbox_holds_twins_accented_folders_and_years_of_mail() -> None:
    for person in company.PEOPLE:
        letters = company.letters(person)
        assert max(Counter((letter.folder, letter.data) for letter in letters).values()) > 1
        assert any(not "".join(letter.folder).isascii() for letter in letters)
        dates = [letter.received for letter in letters]
        assert max(dates) - min(dates) > timedelta(days=9 * 365)


def test_lines_end_in_crlf_and_nothing_else() -> None:
    for letter in company.letters(company.PEOPLE[0]):
        assert letter.data.count(b"\n") == letter.data.count(b"\r") == letter.data.count(b"\r\n")


def test_three_messages_arrive_in_existing_mailboxes() -> None:
    arrived = list(company.arrivals())
    assert len(arrived) == 3
    assert all(person in company.PEOPLE for person, _ in arrived)


def test_what_a_kill_leaves_of_the_companys_folder_is_known_again(tmp_path: Path) -> None:
    assert not is_ours(tmp_path, "ours")
    (tmp_path / "sites").mkdir()
    with pytest.raises(FileExistsError):  # it goes no further than that
        begin(tmp_path, "ours")
    assert is_ours(tmp_path, "ours")

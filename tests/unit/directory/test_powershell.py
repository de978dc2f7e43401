"""Lines of PowerShell: whatever a name holds is a text there."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from migrate.directory.microsoft.powershell import add_member, new_group, quoted
from migrate.directory.model import WantedGroup


@given(st.text())
def test_nothing_in_a_text_ends_it(text: str) -> None:
    made = quoted(text)
    assert "\n" not in made
    assert "\r" not in made
    inside = made[1:-1]
    # Taken in twos, no sign that PowerShell takes for a quote is left.
    rest = re.sub("''|\u2018\u2018|\u2019\u2019|\u201a\u201a|\u201b\u201b", "", inside)
    assert not set(rest) & set("'\u2018\u2019\u201a\u201b")
    assert (made[0], made[-1]) == ("'", "'")


def test_a_list_that_anybody_may_write_to_takes_mail_from_outside() -> None:
    (line,) = new_group(WantedGroup("l@a.example", "L", "list", "anyone"))
    assert line.endswith("-RequireSenderAuthenticationEnabled $false")
    (inside,) = new_group(WantedGroup("l@a.example", "L", "list", "organisation"))
    assert inside.endswith("$true")


def test_who_works_in_a_shared_mailbox_may_open_it_and_send_for_it() -> None:
    lines = add_member("desk@a.example", "anna@a.example", "collaborative_inbox", external=False)
    assert ["FullAccess" in lines[0], "SendAs" in lines[1]] == [True, True]

"""Lines of PowerShell: right to the letter, whatever a mailbox is called."""

from __future__ import annotations

import pytest

from connectors.contract import AuthFailed, Denial
from connectors.microsoft365.categories import category_of
from connectors.microsoft365.grants import OBJECT_ID, full_access, imap_on, not_let_in, quoted, register, unregister
from tests.unit.microsoft365.tenants import settings

HOST = "outlook.office365.com"


def test_a_name_with_an_apostrophe_cannot_end_its_quotes() -> None:
    assert quoted("anna@example.org") == "anna@example.org"
    assert quoted("o'neil@example.org") == "'o''neil@example.org'"
    assert quoted("a b; Remove-Mailbox c") == "'a b; Remove-Mailbox c'"
    assert quoted("$(evil)") == "'$(evil)'"
    assert quoted(OBJECT_ID) == f"'{OBJECT_ID}'"


def test_the_lines_are_those_of_exchange() -> None:
    assert register("app", "oid") == "New-ServicePrincipal -AppId app -ObjectId oid"
    assert unregister("app") == "Remove-ServicePrincipal -Identity app"
    assert full_access("a@x.example", "oid") == (
        "Add-MailboxPermission -Identity a@x.example -User oid -AccessRights FullAccess -AutoMapping $false"
    )
    assert imap_on("a@x.example") == "Set-CASMailbox -Identity a@x.example -ImapEnabled $true"


@pytest.mark.parametrize(
    ("denial", "any_open", "becomes", "line"),
    [
        (Denial.TOKEN, False, Denial.APP, "New-ServicePrincipal -AppId app"),
        (Denial.TOKEN, True, Denial.NO_RIGHT, "Add-MailboxPermission -Identity a@x.example"),
        (Denial.NOT_CONNECTED, False, Denial.NOT_CONNECTED, "Set-CASMailbox -Identity a@x.example"),
    ],
)
def test_who_was_let_in_before_tells_what_a_bare_refusal_means(
    denial: Denial, any_open: bool, becomes: Denial, line: str
) -> None:
    error = AuthFailed("no", denial=denial, system=HOST, detail="NO")
    judged = not_let_in(error, settings(), "a@x.example", any_open=any_open)
    assert judged.denial is becomes
    assert line in str(judged)


def test_a_refusal_of_the_sign_in_itself_stays_as_it_is() -> None:
    error = AuthFailed("expired", denial=Denial.APP, system="login.microsoftonline.com")
    assert not_let_in(error, settings(), "a@x.example", any_open=False) is error


@pytest.mark.parametrize(
    ("keyword", "category"),
    [("$label1", "Important"), ("$LABEL5", "Later"), ("Invoice", "Invoice"), ("$Forwarded", None), ("NonJunk", None)],
)
def test_only_keywords_of_people_become_categories(keyword: str, category: str | None) -> None:
    assert category_of(keyword) == category

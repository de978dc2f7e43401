"""The directory of Google's stand-in, asked by Google's own client library."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from tests.servers.google import ADMIN, DOMAIN, GoogleForTests, refusal_of

_numbers = count(1)
_SCOPES = [
    "admin.directory.user", "admin.directory.group", "admin.directory.domain", "admin.directory.orgunit",
    "apps.groups.settings", "apps.groups.migration", "apps.licensing", "siteverification",
]  # fmt: skip
_STARTER, _STANDARD = "1010020027", "1010020028"


@pytest.fixture
def directory(google: GoogleForTests) -> Any:
    return google.service("admin.directory_v1", ADMIN, _SCOPES)


def test_an_account_is_made_found_changed_and_told_without_its_password(directory: Any) -> None:
    email = _address()
    made = directory.users().insert(body=_account(email)).execute()
    assert "password" not in made
    assert made["isMailboxSetup"] is False
    assert made["nonEditableAliases"] == [f"{email}.test-google-a.com"]
    directory.users().patch(userKey=email, body={"name": {"givenName": "Zoë"}}).execute()
    found = directory.users().get(userKey=made["id"]).execute()
    assert found["name"] == {"givenName": "Zoë", "familyName": "Berg", "fullName": "Zoë Berg"}
    listed = directory.users().list(domain=DOMAIN, query=f"email={email}").execute()
    assert [one["primaryEmail"] for one in listed["users"]] == [email]


def test_an_address_is_given_once_and_stays_taken_while_its_deleted_account_can_come_back(directory: Any) -> None:
    email, alias = _address(), _address()
    user = directory.users().insert(body=_account(email)).execute()["id"]
    directory.users().aliases().insert(userKey=email, body={"alias": alias}).execute()
    for taken in (email, alias):
        assert refusal_of(lambda taken=taken: directory.users().insert(body=_account(taken))) == (409, "duplicate")
        assert refusal_of(lambda taken=taken: directory.groups().insert(body={"email": taken})) == (409, "duplicate")
    directory.users().delete(userKey=email).execute()
    assert refusal_of(lambda: directory.users().get(userKey=email)) == (404, "notFound")
    assert refusal_of(lambda: directory.users().insert(body=_account(email))) == (409, "duplicate")
    directory.users().undelete(userKey=user, body={"orgUnitPath": "/"}).execute()
    assert directory.users().get(userKey=alias).execute()["id"] == user


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"primaryEmail": "no one@example.org"}, (400, "invalid")),
        ({"primaryEmail": "anna@elsewhere.example"}, (404, "notFound")),
        ({"password": "short"}, (400, "invalid")),
        ({"password": "x" * 40, "hashFunction": "SHA-1"}, (400, "invalid")),
        ({"password": "$6$rounds=20000$salt$" + "a" * 86, "hashFunction": "crypt"}, (400, "invalid")),
        ({"name": {"givenName": "Anna"}}, (400, "required")),
        ({"name": {"givenName": "A" * 61, "familyName": "B"}}, (400, "invalid")),
        ({"orgUnitPath": "/nowhere"}, (400, "invalid")),
        ({"isAdministrator": True}, (400, "invalid")),
        ({"suspended": "perhaps"}, (400, "invalid")),
    ],
)  # fmt: skip
def test_an_account_that_google_would_not_make_isrefusal_of(
    directory: Any, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert refusal_of(lambda: directory.users().insert(body=_account(_address()) | change)) == refusal


@pytest.mark.parametrize(
    ("kind", "hashed"),
    [
        ("MD5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("crypt", "abJnggxhB/yWI"),
        ("crypt", "$6$rounds=5000$saltsalt$" + "a" * 86),
    ],
)
def test_legacy_hashes_are_taken(directory: Any, kind: str, hashed: str) -> None:
    directory.users().insert(body=_account(_address()) | {"password": hashed, "hashFunction": kind}).execute()


def test_thirty_aliases_and_no_more(directory: Any) -> None:
    email = _address()
    directory.users().insert(body=_account(email)).execute()
    for _ in range(30):
        directory.users().aliases().insert(userKey=email, body={"alias": _address()}).execute()
    assert refusal_of(lambda: directory.users().aliases().insert(userKey=email, body={"alias": _address()}))[0] == 412
    assert len(directory.users().aliases().list(userKey=email).execute()["aliases"]) == 30


def test_somebody_who_is_no_administrator_sees_nothing(google: GoogleForTests) -> None:
    asked = google.service("admin.directory_v1", google.person(), _SCOPES)
    assert refusal_of(lambda: asked.users().get(userKey=ADMIN)) == (403, "forbidden")
    assert refusal_of(lambda: asked.groups().list(customer="my_customer")) == (403, "forbidden")


def test_a_mailbox_is_set_up_some_time_after_the_first_licence(google: GoogleForTests, directory: Any) -> None:
    google.stand_in.manners(mailbox_delay=30)
    email = _address()
    directory.users().insert(body=_account(email)).execute()
    licensing = google.service("licensing.v1", ADMIN, _SCOPES).licenseAssignments()
    mail = google.service("gmail.v1", email, ["gmail.readonly"])
    google.stand_in.advance(60)
    assert refusal_of(lambda: mail.users().getProfile(userId="me")) == (400, "failedPrecondition")
    licensing.insert(productId="Google-Apps", skuId=_STARTER, body={"userId": email}).execute()
    assert directory.users().get(userKey=email).execute()["isMailboxSetup"] is False
    assert refusal_of(lambda: mail.users().getProfile(userId="me")) == (400, "failedPrecondition")
    google.stand_in.advance(31)
    assert directory.users().get(userKey=email).execute()["isMailboxSetup"] is True
    assert mail.users().getProfile(userId="me").execute()["emailAddress"] == email


def test_one_licence_a_product_and_no_more_than_were_bought(google: GoogleForTests) -> None:
    anna, bruno = google.person(licensed=False), google.person(licensed=False)
    licensing = google.service("licensing.v1", ADMIN, _SCOPES).licenseAssignments()

    def given(user: str, sku: str) -> Any:
        return licensing.insert(productId="Google-Apps", skuId=sku, body={"userId": user})

    given(anna, _STARTER).execute()
    assert refusal_of(lambda: given(anna, _STANDARD)) == (412, "conditionNotMet")
    moved = licensing.patch(productId="Google-Apps", skuId=_STARTER, userId=anna, body={"skuId": _STANDARD}).execute()
    assert (moved["userId"], moved["skuId"]) == (anna, _STANDARD)
    held = licensing.listForProductAndSku(productId="Google-Apps", skuId=_STARTER, customerId=DOMAIN).execute()
    assert anna not in {one["userId"] for one in held.get("items", [])}
    google.stand_in.manners(licences={_STARTER: len(held.get("items", []))})
    assert refusal_of(lambda: given(bruno, _STARTER)) == (412, "conditionNotMet")
    assert refusal_of(lambda: given(bruno, "1")) == (404, "notFound")
    assert refusal_of(lambda: licensing.listForProduct(productId="Google-Apps", customerId="my_customer"))[0] == 400


def test_a_group_takes_outsiders_once_it_may_and_itself_never(google: GoogleForTests, directory: Any) -> None:
    group, inner, anna = _address(), _address(), google.person()
    for one in (group, inner):
        directory.groups().insert(body={"email": one, "name": "Team"}).execute()
    members = directory.members()
    members.insert(groupKey=group, body={"email": anna, "role": "OWNER"}).execute()
    assert refusal_of(lambda: members.insert(groupKey=group, body={"email": anna})) == (409, "duplicate")
    assert refusal_of(lambda: members.insert(groupKey=group, body={"email": f"nobody@{DOMAIN}"})) == (404, "notFound")
    outside = {"email": "partner@elsewhere.example"}
    assert refusal_of(lambda: members.insert(groupKey=group, body=outside))[0] == 412
    settings = google.service("groupssettings.v1", ADMIN, _SCOPES).groups()
    settings.patch(groupUniqueId=group, body={"allowExternalMembers": "true"}).execute()
    members.insert(groupKey=group, body=outside).execute()
    members.insert(groupKey=group, body={"email": inner}).execute()
    assert refusal_of(lambda: members.insert(groupKey=inner, body={"email": group}))[0] == 412
    listed = members.list(groupKey=group).execute()["members"]
    assert {(one["email"], one["type"], one["role"]) for one in listed} == {
        (anna, "USER", "OWNER"), ("partner@elsewhere.example", "USER", "MEMBER"), (inner, "GROUP", "MEMBER"),
    }  # fmt: skip
    assert directory.groups().get(groupKey=group).execute()["directMembersCount"] == "3"


def test_settings_of_a_group_are_strings_of_the_documented_values(google: GoogleForTests, directory: Any) -> None:
    group = _address()
    directory.groups().insert(body={"email": group}).execute()
    settings = google.service("groupssettings.v1", ADMIN, _SCOPES).groups()
    wanted = {"enableCollaborativeInbox": "true", "isArchived": "true", "whoCanPostMessage": "ANYONE_CAN_POST"}
    assert wanted.items() <= settings.patch(groupUniqueId=group, body=wanted).execute().items()
    for wrong in ({"enableCollaborativeInbox": True}, {"isArchived": "yes"}, {"whoCanPostMessage": "EVERYBODY"}):
        assert refusal_of(lambda wrong=wrong: settings.patch(groupUniqueId=group, body=wrong)) == (400, "invalid")
    assert wanted.items() <= settings.get(groupUniqueId=group).execute().items()


def test_an_archive_takes_whole_messages_only(google: GoogleForTests, directory: Any) -> None:
    group = _address()
    directory.groups().insert(body={"email": group}).execute()
    archive = google.service("groupsmigration.v1", ADMIN, _SCOPES).archive()

    def put(raw: bytes, to: str = group) -> Any:
        return archive.insert(groupId=to, media_body=MediaInMemoryUpload(raw, "message/rfc822"))

    date = b"Date: Wed, 01 Jan 2025 00:00:00 +0000"
    good = b"From: a@b.example\r\nTo: c@d.example\r\n" + date + b"\r\nMessage-ID: <1@x>\r\n\r\n\xff\r\n"
    assert put(good).execute()["responseCode"] == "SUCCESS"
    for wrong in (good.replace(b"Date:", b"X-Date:"), good + b"bare\n", b""):
        assert refusal_of(lambda wrong=wrong: put(wrong))[0] == 400
    assert refusal_of(lambda: put(good, "nobody@example.org"))[0] == 400
    assert google.stand_in.archive(group) == [good]


def test_a_domain_is_verified_by_its_txt_record_before_anybody_has_an_address_in_it(
    google: GoogleForTests, directory: Any
) -> None:
    domain = f"more-{next(_numbers)}.example"
    directory.domains().insert(customer="my_customer", body={"domainName": domain}).execute()
    assert refusal_of(lambda: directory.users().insert(body=_account(f"anna@{domain}")))[0] == 412
    sites = google.service("siteVerification.v1", ADMIN, _SCOPES).webResource()
    site = {"site": {"type": "INET_DOMAIN", "identifier": domain}}
    token = sites.getToken(body={**site, "verificationMethod": "DNS_TXT"}).execute()["token"]
    assert refusal_of(lambda: sites.insert(verificationMethod="DNS_TXT", body=site)) == (400, "badRequest")
    google.stand_in.manners(txt_records={domain: ["v=spf1 -all", token]})
    assert sites.insert(verificationMethod="DNS_TXT", body=site).execute()["owners"] == [ADMIN]
    assert directory.domains().get(customer="my_customer", domainName=domain).execute()["verified"] is True
    directory.users().insert(body=_account(f"anna@{domain}")).execute()
    alias = f"alias-{domain}"
    directory.domainAliases().insert(
        customer="my_customer", body={"domainAliasName": alias, "parentDomainName": domain}
    ).execute()
    assert directory.users().get(userKey=f"anna@{alias}").execute()["primaryEmail"] == f"anna@{domain}"


def test_organizational_units_lie_in_each_other(directory: Any) -> None:
    units, top = directory.orgunits(), f"unit-{next(_numbers)}"
    units.insert(customerId="my_customer", body={"name": top, "parentOrgUnitPath": "/"}).execute()
    units.insert(customerId="my_customer", body={"name": "Lyon", "parentOrgUnitPath": f"/{top}"}).execute()
    email = _address()
    directory.users().insert(body=_account(email) | {"orgUnitPath": f"/{top}/Lyon"}).execute()
    assert refusal_of(lambda: units.delete(customerId="my_customer", orgUnitPath=f"{top}/Lyon"))[0] == 412
    units.patch(customerId="my_customer", orgUnitPath=top, body={"name": f"{top}-new"}).execute()
    assert directory.users().get(userKey=email).execute()["orgUnitPath"] == f"/{top}-new/Lyon"
    listed = units.list(customerId="my_customer", orgUnitPath=f"/{top}-new", type="all").execute()
    assert [one["orgUnitPath"] for one in listed["organizationUnits"]] == [f"/{top}-new/Lyon"]


def test_the_directory_has_a_quota_of_its_own(google: GoogleForTests, directory: Any) -> None:
    google.stand_in.manners(directory_calls=60, burst=2)
    answers = [refusal_of(lambda: directory.users().get(userKey=ADMIN)) for _ in range(4)]
    assert answers[:2] == [None, None]
    assert answers[3] == (403, "quotaExceeded")
    google.stand_in.advance(2)
    directory.users().get(userKey=ADMIN).execute()


def _address() -> str:
    return f"somebody-{next(_numbers)}@{DOMAIN}"


def _account(email: str) -> dict[str, Any]:
    return {"primaryEmail": email, "password": "correct horse", "name": {"givenName": "Anna", "familyName": "Berg"}}

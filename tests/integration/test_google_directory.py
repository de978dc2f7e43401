"""The directory of Google's stand-in, asked by Google's own client library."""

from __future__ import annotations

import socket
import threading
from itertools import count
from typing import Any

import dns.message
import dns.rrset
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


def test_the_directory_may_need_a_while_to_see_what_was_made(google: GoogleForTests, directory: Any) -> None:
    google.stand_in.manners(directory_delay=10, licence_on_creation=_STARTER)
    email, group = _address(), _address()
    user = directory.users().insert(body=_account(email)).execute()["id"]
    directory.groups().insert(body={"email": group}).execute()
    lookups = [
        lambda: directory.users().get(userKey=user),
        lambda: directory.users().get(userKey=email),
        lambda: directory.groups().get(groupKey=group),
    ]
    assert [refusal_of(one) for one in lookups] == [(404, "notFound")] * 3
    assert email not in str(directory.users().list(domain=DOMAIN, maxResults=500).execute())
    assert group not in str(directory.groups().list(domain=DOMAIN).execute())
    # What cannot be seen is there all the same.
    assert refusal_of(lambda: directory.users().insert(body=_account(email))) == (409, "duplicate")
    google.stand_in.advance(11)
    assert [refusal_of(one) for one in lookups] == [None] * 3
    assert directory.users().get(userKey=email).execute()["isMailboxSetup"] is True


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


def test_an_archive_takes_one_message_at_a_time_and_other_groups_others_beside_it(
    google: GoogleForTests, directory: Any
) -> None:
    groups = [_address(), _address()]
    for one in groups:
        directory.groups().insert(body={"email": one}).execute()
    archives = [google.service("groupsmigration.v1", ADMIN, _SCOPES).archive() for _ in range(3)]
    mail = b"From: a@b\r\nTo: c@d\r\nDate: Wed, 01 Jan 2025 00:00:00 +0000\r\nMessage-ID: <%d@p>\r\n\r\nx\r\n"
    refusals: list[Any] = []

    def put(number: int, group: str) -> None:
        media = MediaInMemoryUpload(mail % number, "message/rfc822")
        refusals.append(refusal_of(lambda: archives[number].insert(groupId=group, media_body=media)))

    google.stand_in.manners(latency=1.0)
    threads = [threading.Thread(target=put, args=(number, groups[number // 2])) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in refusals if one] == [(400, "unsupportedParallelOperation")]
    assert [len(google.stand_in.archive(one)) for one in groups] == [1, 1]
    google.stand_in.manners(latency=0, archive_calls=6, burst=10)
    answers = []
    for number in range(3):
        media = MediaInMemoryUpload(mail % (10 + number), "message/rfc822")
        answers.append(refusal_of(lambda media=media: archives[0].insert(groupId=groups[0], media_body=media)))
    assert answers[-1] == (503, "backendError")


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
    google.stand_in.manners(directory_calls=6, burst=20)
    answers = [refusal_of(lambda: directory.users().get(userKey=ADMIN)) for _ in range(4)]
    assert answers[:2] == [None, None]
    assert answers[3] == (403, "quotaExceeded")
    google.stand_in.advance(20)
    directory.users().get(userKey=ADMIN).execute()


def test_what_was_made_can_be_looked_at_changed_and_taken_away(google: GoogleForTests, directory: Any) -> None:
    group, email, alias = _address(), _address(), _address()
    directory.users().insert(body=_account(email)).execute()
    directory.users().makeAdmin(userKey=email, body={"status": True}).execute()
    assert directory.users().get(userKey=email).execute()["isAdmin"] is True
    renamed = _address()
    directory.users().update(userKey=email, body={"primaryEmail": renamed, "suspended": True}).execute()
    told = directory.users().get(userKey=email).execute()
    assert (told["primaryEmail"], told["aliases"], told["suspended"]) == (renamed, [email], True)
    directory.users().aliases().delete(userKey=renamed, alias=email).execute()
    assert refusal_of(lambda: directory.users().get(userKey=email)) == (404, "notFound")

    made = directory.groups().insert(body={"email": group}).execute()
    directory.groups().aliases().insert(groupKey=group, body={"alias": alias}).execute()
    assert directory.groups().get(groupKey=alias).execute()["id"] == made["id"]
    assert len(directory.groups().aliases().list(groupKey=group).execute()["aliases"]) == 1
    directory.groups().aliases().delete(groupKey=group, alias=alias).execute()
    assert directory.groups().patch(groupKey=group, body={"name": "Lyon"}).execute()["name"] == "Lyon"

    members = directory.members()
    members.insert(groupKey=group, body={"email": renamed}).execute()
    assert members.get(groupKey=group, memberKey=renamed).execute()["status"] == "SUSPENDED"
    assert members.hasMember(groupKey=group, memberKey=renamed).execute() == {"isMember": True}
    members.patch(groupKey=group, memberKey=renamed, body={"role": "MANAGER"}).execute()
    assert [one["email"] for one in members.list(groupKey=group, roles="MANAGER").execute()["members"]] == [renamed]
    assert refusal_of(lambda: members.patch(groupKey=group, memberKey=renamed, body={"role": "BOSS"})) == (
        400,
        "invalid",
    )
    listed = directory.groups().list(userKey=renamed).execute()["groups"]
    assert [one["email"] for one in listed] == [group]
    assert group in {one["email"] for one in directory.groups().list(customer="my_customer").execute()["groups"]}
    members.delete(groupKey=group, memberKey=renamed).execute()
    assert refusal_of(lambda: members.get(groupKey=group, memberKey=renamed)) == (404, "notFound")
    directory.groups().delete(groupKey=group).execute()
    assert refusal_of(lambda: directory.groups().get(groupKey=group)) == (404, "notFound")
    deleted = directory.users().list(customer="my_customer", showDeleted="true", maxResults=500).execute()
    assert renamed not in {one["primaryEmail"] for one in deleted.get("users", [])}


def test_licences_sites_and_domains_can_be_given_up(google: GoogleForTests, directory: Any) -> None:
    anna = google.person()
    licensing = google.service("licensing.v1", ADMIN, _SCOPES).licenseAssignments()
    one = {"productId": "Google-Apps", "skuId": _STANDARD, "userId": anna}
    assert licensing.get(**one).execute()["skuName"].endswith("Standard")
    body = {"productId": "Google-Apps", "skuId": _STARTER, "userId": anna}
    licensing.update(**one, body=body).execute()
    listed = licensing.listForProduct(productId="Google-Apps", customerId=DOMAIN, maxResults=1000).execute()
    assert anna in {row["userId"] for row in listed["items"]}
    licensing.delete(**{**one, "skuId": _STARTER}).execute()
    assert refusal_of(lambda: licensing.get(**one)) == (404, "notFound")
    assert directory.users().get(userKey=anna).execute()["isMailboxSetup"] is False

    domain = f"less-{next(_numbers)}.example"
    sites = google.service("siteVerification.v1", ADMIN, _SCOPES).webResource()
    site = {"site": {"type": "INET_DOMAIN", "identifier": domain}}
    token = sites.getToken(body={**site, "verificationMethod": "DNS_TXT"}).execute()["token"]
    google.stand_in.manners(txt_records={domain: [token]}, taken_domains=["taken.example"])
    name = sites.insert(verificationMethod="DNS_TXT", body=site).execute()["id"]
    assert domain in {row["site"]["identifier"] for row in sites.list().execute()["items"]}
    assert refusal_of(lambda: sites.delete(id=name)) == (400, "badRequest")
    google.stand_in.manners(txt_records={})
    sites.delete(id=name).execute()
    assert refusal_of(lambda: sites.get(id=name)) == (404, "notFound")

    domains = directory.domains()
    domains.insert(customer="my_customer", body={"domainName": domain}).execute()
    for taken in (domain, "taken.example", DOMAIN):
        asked = domains.insert(customer="my_customer", body={"domainName": taken})
        assert refusal_of(lambda asked=asked: asked) == (409, "duplicate")
    assert refusal_of(lambda: domains.delete(customer="my_customer", domainName=DOMAIN))[0] == 412
    domains.delete(customer="my_customer", domainName=domain).execute()
    assert domain not in {row["domainName"] for row in domains.list(customer="my_customer").execute()["domains"]}
    assert refusal_of(lambda: domains.list(customer="C1")) == (400, "badRequest")


def test_a_domain_is_verified_by_what_a_dns_server_says(google: GoogleForTests) -> None:
    sites = google.service("siteVerification.v1", ADMIN, _SCOPES).webResource()
    domain = f"asked-{next(_numbers)}.example"
    site = {"site": {"type": "INET_DOMAIN", "identifier": domain}}
    token = sites.getToken(body={**site, "verificationMethod": "DNS_TXT"}).execute()["token"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        google.stand_in.manners(resolver=f"127.0.0.1:{server.getsockname()[1]}")

        def answer() -> None:
            asked, client = server.recvfrom(4096)
            told = dns.message.make_response(dns.message.from_wire(asked))
            told.answer.append(dns.rrset.from_text(f"{domain}.", 60, "IN", "TXT", f'"{token[:20]}" "{token[20:]}"'))
            server.sendto(told.to_wire(), client)

        thread = threading.Thread(target=answer)
        thread.start()
        assert sites.insert(verificationMethod="DNS_TXT", body=site).execute()["owners"] == [ADMIN]
        thread.join()


def _address() -> str:
    return f"somebody-{next(_numbers)}@{DOMAIN}"


def _account(email: str) -> dict[str, Any]:
    return {"primaryEmail": email, "password": "correct horse", "name": {"givenName": "Anna", "familyName": "Berg"}}

"""Exports of hosters and directories, made by hand in the shape that each of them writes."""

from __future__ import annotations

import base64

import pytest

from plans.exports import FORMATS, Found, NotAnExport, PassedOver, read_export

ANNA = Found("anna@example.org", "Anna Berg")
BRUNO = Found("bruno@example.org", "Bruno Costa")
RENE = "René Lefèvre"

GOOGLE = """\
First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],Status [READ ONLY],\
Last Sign In [READ ONLY],Licenses [READ ONLY],Recovery Email
Anna,Berg,anna@example.org,hunter2,,/Lyon,Active,2026/10/02 09:11:00,\
Google Workspace Business Standard,anna@home.example
Bruno,Costa,bruno@example.org,****,,/,Suspended,Never logged in,,
"""
GAM = """\
primaryEmail,name.givenName,name.familyName,name.fullName,suspended,aliases.0,aliases.1,nonEditableAliases.0
anna@example.org,Anna,Berg,Anna Berg,False,a.berg@example.org,ab@example.org,anna@example.org.test-google-a.com
bruno@example.org,Bruno,Costa,Bruno Costa,True,,,
"""
MICROSOFT_365 = """\
Block credential,City,Department,Display name,First name,Last name,Licenses,Object Id,\
Proxy addresses,User principal name
False,Lyon,Sales,Anna Berg,Anna,Berg,Microsoft 365 Business Standard+Power BI Pro,1111,\
SMTP:anna@example.org+smtp:a+news@example.org+smtp:anna@example.onmicrosoft.com,anna.berg@example.org
True,,,Bruno Costa,Bruno,Costa,Unlicensed,2222,,bruno@example.org
False,,,Guest,Guest,,Unlicensed,3333,,guest_other.example#EXT#@example.onmicrosoft.com
"""
MICROSOFT_365_FR = """\
Bloquer les informations d'identification;Nom d'utilisateur principal;Nom d’affichage;Licences
False;anna@example.org;Anna Berg;Sans licence
"""
ENTRA = """\
userPrincipalName,displayName,surname,mail,givenName,objectId,userType,accountEnabled
anna@example.org,Anna Berg,Berg,anna@example.org,Anna,1,Member,True
b@example.onmicrosoft.com,Bruno Costa,Costa,bruno@example.org,Bruno,2,Member,False
x_y#EXT#@example.onmicrosoft.com,X,Y,x@y.example,X,3,Guest,True
"""
CSVDE = (
    "DN,objectClass,cn,displayName,sAMAccountName,userPrincipalName,memberOf,mail,proxyAddresses,userAccountControl\n"
    '"CN=Anna Berg,OU=Lyon,DC=example,DC=org",top;person;organizationalPerson;user,Anna Berg,Anna Berg,aberg,'
    'aberg@corp.example.org,"CN=Sales\\, Lyon,OU=Groups,DC=example,DC=org;CN=All,DC=example,DC=org",anna@example.org,'
    "SMTP:anna@example.org;smtp:ab@example.org;X400:c=FR,512\n"
    f"\"CN=R,DC=example,DC=org\",top;person;organizationalPerson;user,x,X'{RENE.encode().hex()}',rene,"
    "rene@corp.example.org,,rene@example.org,,512\n"
    '"CN=PC1,DC=example,DC=org",top;person;organizationalPerson;user;computer,PC1,,PC1$,,,,,4096\n'
)
GET_ADUSER = """\
#TYPE Microsoft.ActiveDirectory.Management.ADUser
"DistinguishedName","Enabled","GivenName","mail","MemberOf","Name","ObjectClass","ObjectGUID","SamAccountName","SID","Surname","UserPrincipalName"
"CN=Anna Berg,DC=example,DC=org","True","Anna","anna@example.org",\
"Microsoft.ActiveDirectory.Management.ADPropertyValueCollection",\
"Anna Berg","user","1","aberg","S-1","Berg","aberg@corp.local"
"CN=Bruno Costa,DC=example,DC=org","False","Bruno","",\
"","Bruno Costa","user","2","bruno","S-2","Costa","bruno@example.org"
"CN=Service,DC=example,DC=org","True","","","","Service","user","3","svc","S-3","",""
"""
GET_MAILBOX = """\
#TYPE Selected.Microsoft.Exchange.Data.Directory.Management.Mailbox
"DisplayName","PrimarySmtpAddress","EmailAddresses","RecipientTypeDetails","ServerName"
"Anna Berg","anna@example.org","SMTP:anna@example.org smtp:ab@example.org SIP:anna@example.org","UserMailbox","mail1"
"Sales","sales@example.org","System.String[]","SharedMailbox","mail1"
"Blue room","blue@example.org","SMTP:blue@example.org","RoomMailbox","mail1"
"Discovery","d@example.org","SMTP:d@example.org","DiscoveryMailbox","mail1"
"""
EXCHANGE_ADMIN_CENTER = """\
Display name,Email address,Recipient type,Archive status,Last modified time
Anna Berg,anna@example.org,UserMailbox,None,1/2/2026
Sales,sales@example.org,SharedMailbox,None,1/2/2026
"""
OVH_EMAIL_PRO = """\
primaryEmailAddress,displayName,firstName,lastName,login,domain,quota,currentUsage,state
anna@example.org,Anna Berg,Anna,Berg,anna,example.org,10,3,ok
bruno@example.org,,Bruno,Costa,bruno,example.org,10,3,ok
"""
OVH_MX_PLAN = """\
accountName;domain;email;description;size;isBlocked
anna;example.org;anna@example.org;Accueil;5000000000;false
bruno;example.org;;;5000000000;true
"""
GANDI = """\
login,domain,address,mailbox_type,aliases,quota_used
anna,example.org,anna@example.org,standard,ab@example.org|a@example.org,123
bruno,example.org,,premium,,12
"""
IONOS = """\
E-Mail-Adresse;Typ;Name;Speicher
anna@example.org;Postfach;Anna Berg;2 GB
all@example.org;Weiterleitung;;
"""
CPANEL = """\
email,login,user,domain,_diskused,_diskquota,humandiskused,suspended_login
anna@example.org,anna@example.org,anna,example.org,10485760,0,10 MB,0
bruno@example.org,bruno@example.org,bruno,example.org,0,0,None,1
"""
CPANEL_IMPORTER = "Email,Password,Quota\nanna@example.org,hunter2,250\n"
ZIMBRA = "anna@example.org\ngalsync.x1@example.org\nspam.a9b@example.org\nbruno@example.org\n"
ZIMBRA_VERBOSE = """\
# name anna@example.org
cn: Anna
displayName: Anna Berg
mail: anna@example.org
objectClass: zimbraAccount
userPassword: VALUE-BLOCKED
zimbraAccountStatus: active
zimbraMailAlias: ab@example.org

# name room@example.org
displayName: Blue room
zimbraCalResType: Location

# name bruno@example.org
displayName: Bruno Costa
zimbraAccountStatus: locked
zimbraPrefMailSignature: line one
line two: not an attribute of ours

# name ham.z9@example.org
zimbraIsSystemAccount: TRUE
"""
LDIF = f"""\
version: 1

# anna
dn: uid=anna,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
displayName:: {base64.b64encode(RENE.encode()).decode()}
mail: anna@example.org
mail: ab@exam
 ple.org
userPassword: hunter2
jpegPhoto:: /9j/4AAQSkZJRg==

dn: cn=sales,ou=groups,dc=example,dc=org
objectClass: groupOfNames
mail: sales@example.org

dn: uid=bruno,ou=people,dc=example,dc=org
cn: Bruno Costa
mail: bruno@example.org
"""
LIST = 'anna@example.org\n\nBruno Costa <bruno@example.org>; "Dupont, Léa" <lea@example.org>\n'
THUNDERBIRD = """\
First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Work Phone
Anna,Berg,Anna Berg,,anna@example.org,anna@home.example,,+33400000000
,,,,,,,
Bruno,Costa,,,bruno@example.org,,,
"""
THUNDERBIRD_FR = """\
Prénom,Nom de famille,Nom à afficher,Surnom,Adresse électronique principale,Adresse électronique secondaire
Anna,Berg,Anna Berg,,anna@example.org,
"""
OUTLOOK = """\
"Title","First Name","Middle Name","Last Name","Company","E-mail Address","E-mail Type","E-mail Display Name"
"","Anna","","Berg","Example","anna@example.org","SMTP","Anna Berg (anna@example.org)"
"","Nobody","","Here","","","",""
"""
OUTLOOK_FR = """\
"Titre","Prénom","Nom","Société","Rue (bureau)","Adresse de messagerie","Type de messagerie"
"","Anna","Berg","Exemple","1 rue X","anna@example.org","SMTP"
"""
GOOGLE_CONTACTS = """\
First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value
Anna,,Berg,* myContacts,Work,anna@example.org
"""
ANY_TABLE = "Nom;Prénom;Service;Courriel\nBerg;Anna;Ventes;anna@example.org\n"


@pytest.mark.parametrize(
    ("text", "key", "people"),
    [
        (GOOGLE, "google", [
            Found("anna@example.org", "Anna Berg", licence="Google Workspace Business Standard"),
            Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (GAM, "gam", [
            Found("anna@example.org", "Anna Berg", aliases=("a.berg@example.org", "ab@example.org")),
            Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (MICROSOFT_365, "microsoft365", [
            Found("anna@example.org", "Anna Berg", aliases=("a+news@example.org",),
                  licence="Microsoft 365 Business Standard + Power BI Pro"),
            Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (MICROSOFT_365_FR, "microsoft365", [ANNA]),
        (ENTRA, "entra", [ANNA, Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (CSVDE, "active-directory", [
            Found("anna@example.org", "Anna Berg", aliases=("ab@example.org",), groups=("Sales, Lyon", "All")),
            Found("rene@example.org", RENE)]),
        (GET_ADUSER, "active-directory", [ANNA, Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (GET_MAILBOX, "exchange", [
            Found("anna@example.org", "Anna Berg", aliases=("ab@example.org",)),
            Found("sales@example.org", "Sales", shared=True)]),
        (EXCHANGE_ADMIN_CENTER, "exchange", [ANNA, Found("sales@example.org", "Sales", shared=True)]),
        (OVH_EMAIL_PRO, "ovh", [ANNA, BRUNO]),
        (OVH_MX_PLAN, "ovh", [Found("anna@example.org"), Found("bruno@example.org", blocked=True)]),
        (GANDI, "gandi", [
            Found("anna@example.org", aliases=("ab@example.org", "a@example.org")), Found("bruno@example.org")]),
        (IONOS, "ionos", [ANNA]),
        (CPANEL, "cpanel", [Found("anna@example.org"), Found("bruno@example.org", blocked=True)]),
        (CPANEL_IMPORTER, "cpanel", [Found("anna@example.org")]),
        (ZIMBRA, "zimbra", [Found("anna@example.org"), Found("bruno@example.org")]),
        (ZIMBRA_VERBOSE, "zimbra", [
            Found("anna@example.org", "Anna Berg", aliases=("ab@example.org",)),
            Found("bruno@example.org", "Bruno Costa", blocked=True)]),
        (LDIF, "ldif", [Found("anna@example.org", RENE, aliases=("ab@example.org",)), BRUNO]),
        (LIST, "list", [Found("anna@example.org"), BRUNO, Found("lea@example.org", "Dupont, Léa")]),
        (THUNDERBIRD, "thunderbird", [ANNA, BRUNO]),
        (THUNDERBIRD_FR, "thunderbird", [ANNA]),
        (OUTLOOK, "outlook", [ANNA]),
        (OUTLOOK_FR, "outlook", [ANNA]),
        (GOOGLE_CONTACTS, "google-contacts", [ANNA]),
        (ANY_TABLE, "csv", [ANNA]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_is_recognised_and_read(text: str, key: str, people: list[Found], encoding: str) -> None:
    export = read_export(text.encode(encoding))

    assert (export.format.key, list(export.people)) == (key, people)
    assert list(read_export(text.encode(encoding), key).people) == people


def test_every_format_has_a_sample() -> None:
    parameters = test_an_export_is_recognised_and_read.pytestmark[1].args[1]

    assert {key for _, key, _ in parameters} == set(FORMATS)


@pytest.mark.parametrize(
    ("text", "passed_over"),
    [
        (MICROSOFT_365, [PassedOver(4, "a guest of another organisation")]),
        (ENTRA, [PassedOver(4, "a guest of another organisation")]),
        (CSVDE, [PassedOver(4, "not the account of a person")]),
        (GET_ADUSER, [PassedOver(5, "there is no address")]),
        (GET_MAILBOX, [PassedOver(5, "a room or a device, not a person"),
                       PassedOver(6, "an account of the mail system itself")]),
        (IONOS, [PassedOver(3, "a group or a forwarding, without a mailbox")]),
        (ZIMBRA, [PassedOver(2, "an account of the mail system itself"),
                  PassedOver(3, "an account of the mail system itself")]),
        (ZIMBRA_VERBOSE, [PassedOver(10, "a room or a device, not a person"),
                          PassedOver(20, "an account of the mail system itself")]),
        (LDIF, [PassedOver(13, "not the account of a person")]),
        (OUTLOOK, [PassedOver(3, "there is no address")]),
        ("email\nanna@example.org\nANNA@example.org\nanna@example\n",
         [PassedOver(3, "this address is in the file already"), PassedOver(4, "its address is no mail address")]),
    ],
)  # fmt: skip
def test_who_is_no_person_to_move_is_passed_over_with_the_line_and_the_reason(
    text: str, passed_over: list[PassedOver]
) -> None:
    assert read_export(text.encode()).passed_over == passed_over


def test_columns_that_mean_nothing_here_are_named() -> None:
    assert read_export(ANY_TABLE.encode()).ignored == ["Service"]
    assert read_export(GET_MAILBOX.encode()).ignored == ["ServerName"]
    assert read_export(OVH_MX_PLAN.encode()).ignored == ["description", "size"]


@pytest.mark.parametrize("text", [GOOGLE, CPANEL_IMPORTER, LDIF])
def test_passwords_in_an_export_are_not_read(text: str) -> None:
    export = read_export(text.encode())

    assert "hunter2" not in repr(export)
    if text is not LDIF:
        assert export.notes == ["The passwords in this file were not read: they belong into the site's passwords file."]


def test_a_list_that_powershell_did_not_join_is_told_with_what_to_type() -> None:
    assert read_export(GET_MAILBOX.encode()).notes == [
        (
            'The column "EmailAddresses" holds the name of a type and not its values. In PowerShell, export it with '
            "Select-Object @{n='EmailAddresses';e={$_.EmailAddresses -join '|'}}."
        )
    ]


@pytest.mark.parametrize(
    ("data", "key", "message"),
    [
        (b"", None, "This file is empty."),
        (b"PK\x03\x04\x00\x00", None,
         "This is no text file. Export the list again as CSV or LDIF; a workbook (.xlsx) is not read."),
        (b"Kunde,Ort\nBerg,Lyon\n", None,
         ("No column of this file is known to hold mail addresses. Its first line must hold the headings, and one of "
         'them must be "address" or "email". Its columns are: Kunde, Ort.')),
        (b"Kunde,Ort\nBerg,Lyon\n", "google",
         "This is no export of Google Workspace: none of its columns holds an address. Its columns are: Kunde, Ort."),
        (b"nobody\n", "ldif", "There is no mail address in this file."),
        (b'email,name\na@b.example,"A\n', None,
         "Line 2: a double quote from this line on has no partner. Export the list again."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_says_what_to_do(data: bytes, key: str | None, message: str) -> None:
    with pytest.raises(NotAnExport) as caught:
        read_export(data, key)

    assert str(caught.value) == message

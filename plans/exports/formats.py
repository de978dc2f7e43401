"""The exports that are known, as data: by which headings one is recognised, and which of them mean what.

Headings stand here simplified (:func:`plans.exports.reading.heading`): no case, accents, brackets or punctuation.  A
heading that ends in ``*`` stands for all that begin so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.language import mark

_GUEST = mark("a guest of another organisation")
_ROOM = mark("a room or a device, not a person")
_SYSTEM = mark("an account of the mail system itself")
_NO_USER = mark("not the account of a person")
_GROUP = mark("a group or a forwarding, without a mailbox")
_YES = frozenset({"true", "yes", "1", "vrai", "oui"})
_NO = frozenset({"false", "no", "0", "faux", "non"})


@dataclass(frozen=True, slots=True)
class Format:
    """How one system exports its people."""

    #: As ``--from`` takes it.
    key: str
    #: As people call it.
    title: str
    shape: Literal["table", "ldif", "zimbra", "list"] = "table"
    #: Headings that only this system writes together.
    signs: tuple[frozenset[str], ...] = ()
    #: The first that is filled holds the address; a primary address among ``aliases`` counts before them.
    address: tuple[str, ...] = ()
    #: Before and behind the @, where no column holds the whole address.
    local_and_domain: tuple[str, str] | None = None
    name: tuple[str, ...] = ()
    #: Parts of a name, in the order they are said.
    name_parts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: By heading and value (both simplified), why such an entry is passed over.
    passed_over: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: By heading, the values that say that an account is switched off.
    blocked: Mapping[str, frozenset[str]] = field(default_factory=dict)


_GOOGLE = Format(
    key="google",
    title="Google Workspace",
    signs=(frozenset({"email address", "org unit path"}),),
    address=("email address",),
    name_parts=("first name", "last name"),
    licence=("licenses",),
    blocked={"status": frozenset({"suspended", "archived"})},
)
_GAM = Format(
    key="gam",
    title="GAM",
    signs=(frozenset({"primaryemail"}),),
    address=("primaryemail",),
    name=("name fullname",),
    name_parts=("name givenname", "name familyname"),
    aliases=("aliases *",),
    licence=("licensesdisplay", "licenses"),
    blocked={"suspended": _YES, "archived": _YES},
)
_MICROSOFT_365 = Format(
    key="microsoft365",
    title="Microsoft 365",
    signs=(
        frozenset({"user principal name", "display name"}),
        frozenset({"nom d utilisateur principal", "nom d affichage"}),
        frozenset({"nom d utilisateur principal", "nom complet"}),
    ),
    address=("user principal name", "nom d utilisateur principal"),
    name=("display name", "nom d affichage", "nom complet"),
    name_parts=("first name", "prenom", "last name", "nom", "nom de famille"),
    aliases=("proxy addresses", "adresses proxy", "adresses de proxy"),
    licence=("licenses", "licences"),
    blocked={"block credential": _YES, "bloquer les informations d identification": _YES},
)
_ENTRA = Format(
    key="entra",
    title="Microsoft Entra",
    signs=(frozenset({"userprincipalname", "usertype"}), frozenset({"userprincipalname", "accountenabled"})),
    address=("mail", "userprincipalname"),
    name=("displayname",),
    name_parts=("givenname", "surname"),
    aliases=("proxyaddresses",),
    passed_over={"usertype": {"guest": _GUEST}},
    blocked={"accountenabled": _NO},
)
_EXCHANGE = Format(
    key="exchange",
    title="Exchange",
    signs=(frozenset({"primarysmtpaddress"}), frozenset({"display name", "email address", "recipient type"})),
    address=("primarysmtpaddress", "email address", "windowsemailaddress", "userprincipalname"),
    name=("displayname", "display name", "name"),
    aliases=("emailaddresses", "email addresses"),
    shared={
        "recipienttypedetails": frozenset({"sharedmailbox"}),
        "recipient type": frozenset({"sharedmailbox"}),
        "isshared": _YES,
    },
    passed_over={
        heading: {
            "roommailbox": _ROOM, "equipmentmailbox": _ROOM, "schedulingmailbox": _ROOM, "discoverymailbox": _SYSTEM,
            "arbitrationmailbox": _SYSTEM, "monitoringmailbox": _SYSTEM, "auditlogmailbox": _SYSTEM,
            "groupmailbox": _GROUP, "guestmailuser": _GUEST,
        }
        for heading in ("recipienttypedetails", "recipient type")
    },
    blocked={"accountdisabled": _YES},
)  # fmt: skip
_ACTIVE_DIRECTORY = Format(
    key="active-directory",
    title="Active Directory",
    signs=(
        frozenset({"distinguishedname", "samaccountname"}),
        frozenset({"samaccountname", "objectclass"}),
        frozenset({"dn", "objectclass"}),
    ),
    address=("mail", "emailaddress", "userprincipalname"),
    name=("displayname", "name", "cn"),
    name_parts=("givenname", "surname", "sn"),
    aliases=("proxyaddresses",),
    groups=("memberof",),
    passed_over={
        "objectclass": dict.fromkeys(("computer", "group", "contact", "organizationalunit", "container"), _NO_USER)
    },
    blocked={"enabled": _NO},
)
_OVH = Format(
    key="ovh",
    title="OVHcloud",
    signs=(
        frozenset({"primaryemailaddress"}),
        frozenset({"primary email address", "display name"}),
        frozenset({"accountname", "domain"}),
        frozenset({"nom du compte", "domaine"}),
    ),
    address=("primaryemailaddress", "primary email address", "email", "adresse e mail"),
    local_and_domain=("accountname", "domain"),
    name=("displayname", "display name", "nom affiche", "nom d affichage"),
    name_parts=("firstname", "first name", "prenom", "lastname", "last name", "nom"),
    aliases=("aliases", "alias"),
    blocked={"isblocked": _YES, "state": frozenset({"suspended", "blocked"})},
)
_GANDI = Format(
    key="gandi",
    title="Gandi",
    signs=(frozenset({"mailbox type"}), frozenset({"login", "domain", "aliases"})),
    address=("address", "email", "adresse"),
    local_and_domain=("login", "domain"),
    aliases=("aliases",),
)
_IONOS = Format(
    key="ionos",
    title="IONOS",
    signs=(
        frozenset({"e mail address", "type"}),
        frozenset({"e mail adresse", "typ"}),
        frozenset({"adresse e mail", "type"}),
    ),
    address=("e mail address", "e mail adresse", "adresse e mail"),
    name=("name", "nom", "display name"),
    passed_over={
        heading: {
            "forwarding": _GROUP, "forwarding address": _GROUP, "weiterleitung": _GROUP, "redirection": _GROUP,
            "distribution list": _GROUP, "mailing list": _GROUP, "verteiler": _GROUP,
        }
        for heading in ("type", "typ")
    },
)  # fmt: skip
_CPANEL = Format(
    key="cpanel",
    title="cPanel",
    signs=(
        frozenset({"email", "diskused"}),
        frozenset({"email", "humandiskused"}),
        frozenset({"email", "password", "quota"}),
        frozenset({"email", "user", "domain"}),
    ),
    address=("email", "login"),
    local_and_domain=("user", "domain"),
    blocked={"suspended login": _YES},
)
_THUNDERBIRD = Format(
    key="thunderbird",
    title="Thunderbird",
    signs=(
        frozenset({"primary email", "display name"}),
        frozenset({"adresse electronique principale", "prenom"}),
        frozenset({"premiere adresse electronique", "prenom"}),
    ),
    address=("primary email", "adresse electronique principale", "premiere adresse electronique"),
    name=("display name", "nom a afficher"),
    name_parts=("first name", "prenom", "last name", "nom de famille"),
)
_OUTLOOK = Format(
    key="outlook",
    title="Outlook",
    signs=(frozenset({"e mail address", "first name"}), frozenset({"adresse de messagerie", "prenom"})),
    address=("e mail address", "adresse de messagerie"),
    name=("e mail display name",),
    name_parts=("first name", "prenom", "middle name", "deuxieme prenom", "last name", "nom"),
)
_GOOGLE_CONTACTS = Format(
    key="google-contacts",
    title="Google Contacts",
    signs=(frozenset({"e mail 1 value"}),),
    address=("e mail 1 value",),
    name=("name",),
    name_parts=("first name", "given name", "middle name", "last name", "family name"),
)
_ZIMBRA = Format(
    key="zimbra",
    title="Zimbra",
    shape="zimbra",
    address=("address",),
    name=("displayname", "cn"),
    name_parts=("givenname", "sn"),
    aliases=("zimbramailalias", "mail"),
    passed_over={
        "zimbraissystemaccount": {"true": _SYSTEM},
        "zimbraissystemresource": {"true": _SYSTEM},
        "zimbracalrestype": {"location": _ROOM, "equipment": _ROOM},
        "system": {"yes": _SYSTEM},
    },
    blocked={"zimbraaccountstatus": frozenset({"locked", "closed", "lockout", "pending"})},
)
_LDIF = Format(
    key="ldif",
    title="LDIF",
    shape="ldif",
    address=("mail", "email", "userprincipalname"),
    name=("displayname", "cn"),
    name_parts=("givenname", "sn"),
    aliases=("proxyaddresses", "mail", "mailalternateaddress", "mailalias", "maillocaladdress",
             "gosamailalternateaddress"),
    groups=("memberof",),
    passed_over={
        "objectclass": dict.fromkeys(
            ("computer", "group", "groupofnames", "posixgroup", "contact", "organizationalunit", "container",
             "dcobject"),
            _NO_USER,
        )
    },
)  # fmt: skip
_LIST = Format(key="list", title=mark("list of addresses"), shape="list", address=("address",), name=("name",))
_ANY_TABLE = Format(
    key="csv",
    title=mark("table with headings"),
    address=(
        "address", "adresse", "email", "e mail", "mail", "email address", "e mail address", "mail address", "courriel",
        "adresse e mail", "adresse mail", "adresse email", "adresse electronique", "adresse de messagerie",
        "e mail adresse", "primary email", "primary email address", "user principal name", "mailbox",
        "boite aux lettres", "account", "compte", "username", "login",
    ),
    local_and_domain=("user", "domain"),
    name=("name", "full name", "display name", "displayname", "nom complet", "nom affiche", "nom d affichage",
          "nom et prenom", "prenom et nom"),
    name_parts=("first name", "firstname", "given name", "prenom", "vorname", "last name", "lastname", "surname",
                "family name", "nachname", "nom de famille", "nom"),
    aliases=("aliases", "alias", "email aliases", "autres adresses", "proxy addresses", "emailaddresses"),
    groups=("groups", "groupes", "memberof"),
    licence=("licence", "license", "licenses", "licences"),
)  # fmt: skip

#: In the order they are tried: who writes rarer headings comes first.
FORMATS: Mapping[str, Format] = {
    one.key: one
    for one in (
        _GOOGLE, _GAM, _EXCHANGE, _MICROSOFT_365, _ENTRA, _ACTIVE_DIRECTORY, _OVH, _GANDI, _CPANEL, _GOOGLE_CONTACTS,
        _THUNDERBIRD, _OUTLOOK, _IONOS, _ZIMBRA, _LDIF, _LIST, _ANY_TABLE,
    )
}  # fmt: skip

"""Sign-ins that Microsoft refuses, told apart by number (AADSTS, learn.microsoft.com/entra/identity-platform/
reference-error-codes), with what mends each.  The text that comes with a number is kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Unavailable
from connectors.language import _, mark

_NUMBER = re.compile(r"AADSTS(\d{4,8})\b")
#: Numbers that mean "not now".
_PASSING = frozenset({50196, 90006, 90012, 90024, 90033, 90055})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no token was given."""

    denial: Denial
    #: What is wrong; names no person.
    what: str
    #: What to click or run.
    mend: str


_SECRET_MEND = mark(
    "In the Entra admin center, App registrations, the app, Certificates & secrets: make a new client secret and put"
    " its Value (not its Secret ID) where the plan's secret points to."
)
_CERTIFICATE_MEND = mark(
    "In the Entra admin center, App registrations, the app, Certificates & secrets: upload the certificate that stands"
    " in the plan's PEM file; the private key beside it must be the one that belongs to it."
)
_CONSENT_MEND = mark(
    "In the Entra admin center, App registrations, the app, API permissions: add what docs/microsoft365.md lists, and"
    " choose Grant admin consent."
)
_CONDITIONAL_MEND = mark(
    "In the Entra admin center, Protection, Conditional Access: look at the sign-in log for the policy that blocked it,"
    " and leave out this account, or the app, until the move is done."
)
_AGAIN_MEND = mark("Run: bascule microsoft365 sign-in SYSTEM")

_WRONG_SECRET = Refusal(Denial.APP, mark("the app's client secret is not the right one"), _SECRET_MEND)
_WRONG_CERTIFICATE = Refusal(
    Denial.APP, mark("the app's certificate is not the one that is registered"), _CERTIFICATE_MEND
)
_UNKNOWN_TENANT = Refusal(
    Denial.APP,
    mark("there is no tenant of this name"),
    mark("Look at tenant in the plan: the Tenant ID on the overview page of the Entra admin center is always right."),
)
_NO_CONSENT = Refusal(
    Denial.APP, mark("the app was not given the permissions that it asks for (consent)"), _CONSENT_MEND
)
_CONDITIONAL = Refusal(
    Denial.POLICY, mark("a Conditional Access policy of the tenant stands against this sign-in"), _CONDITIONAL_MEND
)
_ENDED = Refusal(
    Denial.PASSWORD_EXPIRED,
    mark("who signed in by code has to do so once more: what was granted has ended"),
    _AGAIN_MEND,
)
_DISABLED_PERSON = Refusal(
    Denial.DISABLED,
    mark("the person who signs in is blocked"),
    mark("In the Microsoft 365 admin center, Users, the person: Unblock sign-in."),
)

_REFUSALS: Mapping[int, Refusal] = {
    7000215: _WRONG_SECRET,
    7000222: Refusal(Denial.APP, mark("the app's client secret has expired"), _SECRET_MEND),
    7000216: _WRONG_SECRET,
    7000218: Refusal(
        Denial.APP,
        mark("the app does not let people sign in by code"),
        mark(
            "In the Entra admin center, App registrations, the app, Authentication: switch on Allow public client"
            " flows. Or give the plan the app's secret."
        ),
    ),
    700027: _WRONG_CERTIFICATE,
    700023: _WRONG_CERTIFICATE,
    7000273: _WRONG_CERTIFICATE,
    700024: Refusal(
        Denial.APP, mark("the clock of this machine is wrong"), mark("Set the time of this machine, and try again.")
    ),
    700016: Refusal(
        Denial.APP,
        mark("there is no app with this client_id in the tenant"),
        mark(
            "Look at client_id in the plan: it is the Application (client) ID on the overview page of the app"
            " registration, and the app must be registered in the tenant that the plan names."
        ),
    ),
    90002: _UNKNOWN_TENANT,
    900023: _UNKNOWN_TENANT,
    50020: _UNKNOWN_TENANT,
    7000112: Refusal(
        Denial.APP,
        mark("the app is switched off in the tenant"),
        mark(
            "In the Entra admin center, Enterprise applications, the app, Properties: set Enabled for users to"
            " sign-in to Yes."
        ),
    ),
    65001: _NO_CONSENT,
    65004: _NO_CONSENT,
    90008: _NO_CONSENT,
    90094: _NO_CONSENT,
    650057: _NO_CONSENT,
    70011: _NO_CONSENT,
    501051: Refusal(
        Denial.APP,
        mark("the app must be assigned before it may be used"),
        mark(
            "In the Entra admin center, Enterprise applications, the app, Properties: set Assignment required to No, or"
            " assign who signs in."
        ),
    ),
    500011: Refusal(
        Denial.APP,
        mark("the tenant has no such service: Exchange Online is missing there"),
        mark("Buy a licence with Exchange Online for the tenant, and wait until its first mailbox is there."),
    ),
    53000: _CONDITIONAL,
    53001: _CONDITIONAL,
    53002: _CONDITIONAL,
    53003: _CONDITIONAL,
    530003: _CONDITIONAL,
    530035: Refusal(
        Denial.POLICY,
        mark("the tenant's security defaults stand against this sign-in"),
        mark("Give the plan an app registration with a secret or a certificate in the place of a person's sign-in."),
    ),
    50076: _ENDED,
    50078: _ENDED,
    50079: _ENDED,
    50173: _ENDED,
    70008: _ENDED,
    70043: _ENDED,
    700082: _ENDED,
    700084: _ENDED,
    50055: Refusal(
        Denial.PASSWORD_EXPIRED,
        mark("the password of the person who signs in has expired"),
        mark("The person signs in at office.com once and sets a new one; then: bascule microsoft365 sign-in SYSTEM"),
    ),
    50053: _DISABLED_PERSON,
    50057: _DISABLED_PERSON,
    50034: Refusal(Denial.BAD_PASSWORD, mark("there is no person of this name in the tenant"), _AGAIN_MEND),
}
_UNKNOWN = Refusal(
    Denial.ADMINISTRATOR,
    mark("no token was given"),
    mark("Look up the number at https://login.microsoftonline.com/error and show it to the tenant's administrator."),
)


def numbers_in(answer: Mapping[str, Any]) -> Sequence[int]:
    """The AADSTS numbers of an answer, from its list ``error_codes``, else as its description begins."""
    listed = answer.get("error_codes")
    numbers = [number for number in listed if isinstance(number, int)] if isinstance(listed, list) else []
    told = answer.get("error_description")
    return numbers or ([int(number) for number in _NUMBER.findall(told)] if isinstance(told, str) else [])


def refusal_of(numbers: Sequence[int]) -> Refusal:
    """What these numbers mean; the first that is known counts."""
    return next((_REFUSALS[number] for number in numbers if number in _REFUSALS), _UNKNOWN)


def no_token(system: str, answer: Mapping[str, Any]) -> ConnectorError:
    """The verdict for an answer that holds no token: by number, else by OAuth's own word (RFC 6749 5.2)."""
    numbers = numbers_in(answer)
    word = answer.get("error")
    detail = f"AADSTS{numbers[0]}" if numbers else _plain(word)
    if _PASSING & set(numbers) or (not numbers and word in ("temporarily_unavailable", "server_error")):
        return Unavailable(_("gives no token at the moment"), system=system, detail=detail)
    refusal = refusal_of(numbers)
    if not numbers and word == "invalid_grant":
        refusal = _ENDED
    what = _("{what}. {mend}").format(what=_(refusal.what), mend=_(refusal.mend))
    return AuthFailed(what, denial=refusal.denial, system=system, detail=detail)


def _plain(word: object) -> str:
    """OAuth's word, where it is one: a server may send anything."""
    return word if isinstance(word, str) and re.fullmatch(r"[a-z_]{1,40}", word) else ""

"""The key of a service account: the JSON file that Google Cloud hands out once.

Its fields are described at https://developers.google.com/identity/protocols/oauth2/service-account.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account

from connectors.denials import Denial
from connectors.errors import AuthFailed, telling
from connectors.google_workspace.settings import is_googles, is_on_this_machine
from connectors.language import _

_NEEDED = ("client_email", "private_key", "token_uri", "project_id")


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A key that can be used.  Its repr shows who it belongs to, and no secret."""

    #: Who signs: an address that ends in ``iam.gserviceaccount.com``.
    client_email: str
    #: What the console asks for when rights are delegated: a long number; empty in an unusual file.
    client_id: str
    project: str
    info: dict[str, Any] = field(repr=False)

    def credentials(self, subject: str | None, scopes: tuple[str, ...]) -> service_account.Credentials:
        """Credentials that act for ``subject``, or for the service account itself."""
        make: Any = service_account.Credentials.from_service_account_info  # has no types
        return cast("service_account.Credentials", make(self.info, scopes=list(scopes), subject=subject))


def read_key(text: str, system: str, *, stand_in: bool) -> ServiceKey:
    """The key in a JSON text.

    Raises AuthFailed, worded for who fetched the file; nothing of the text is repeated.  Only a ``stand_in`` may ask
    for tokens elsewhere than at Google's.
    """
    try:
        info = json.loads(text)
    except ValueError:
        raise _wrong(system, _("the file is not the JSON file that Google Cloud handed out")) from None
    if not isinstance(info, dict):
        raise _wrong(system, _("the file is not the JSON file that Google Cloud handed out"))
    if info.get("type") != "service_account":
        what = _("the file is the key of something else than a service account (its type is not service_account)")
        raise _wrong(system, what)
    missing = [name for name in _NEEDED if not isinstance(info.get(name), str) or not info[name]]
    if missing:
        raise _wrong(system, _("the file lacks {names}").format(names=", ".join(missing)))
    if not is_googles(info["token_uri"]) and not (stand_in and is_on_this_machine(info["token_uri"])):
        raise _wrong(system, _("the file names another place for tokens than Google's"))
    key = ServiceKey(info["client_email"], str(info.get("client_id", "")), info["project_id"], info)
    try:
        key.credentials(None, ())
    except (ValueError, GoogleAuthError):
        raise _wrong(system, _("the private key in the file is damaged")) from None
    return key


def _wrong(system: str, why: str) -> AuthFailed:
    advice = _(
        "the key of the service account cannot be used: {why}. In the Google Cloud console, under IAM & Admin >"
        " Service Accounts > Keys, make a new JSON key and put the file where the plan's key says"
    )
    return telling(AuthFailed(advice.format(why=why), system=system, denial=Denial.TOKEN))

"""Rights that are granted by name, and which of Google's APIs each belongs to.

The names are those of the discovery documents, and what an administrator grants under Domain-wide delegation
(https://developers.google.com/identity/protocols/oauth2/scopes).
"""

from __future__ import annotations

_AUTH = "https://www.googleapis.com/auth/"

#: Reads mail and the history of changes; writes nothing.
READ_MAIL = f"{_AUTH}gmail.readonly"
#: Reads and imports mail, makes labels and puts them on messages; cannot delete a message for good.
WRITE_MAIL = f"{_AUTH}gmail.modify"
READ_ACCOUNTS = f"{_AUTH}admin.directory.user.readonly"
MANAGE_ACCOUNTS = f"{_AUTH}admin.directory.user"
#: There is no right that only reads them.
READ_LICENCES = f"{_AUTH}apps.licensing"

#: The API to enable for each, as the console calls it.
_APIS = {
    "gmail": "Gmail API",
    "admin.directory": "Admin SDK API",
    "apps.licensing": "Enterprise License Manager API",
    "apps.groups.settings": "Groups Settings API",
    "apps.groups.migration": "Groups Migration API",
    "siteverification": "Site Verification API",
}


def api_name(scope: str) -> str:
    """The API that has to be switched on before this right is of any use."""
    name = scope.removeprefix(_AUTH)
    return next((api for start, api in _APIS.items() if name.startswith(start)), name)

"""Google's stand-in for tests: one process a run, and names of its own for each test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from migrate.sandbox.google.discovery import load_document
from migrate.sandbox.google.started import GoogleStandIn, running_google

DOMAIN = "example.org"
ADMIN = f"admin@{DOMAIN}"
_SCOPE = "https://www.googleapis.com/auth/"
_numbers = count(1)


@dataclass(frozen=True)
class GoogleForTests:
    """A stand-in, a key of a service account, and Google's own client library before it."""

    stand_in: GoogleStandIn
    key: Path
    _documents: dict[str, Any] = field(default_factory=dict)
    _open: list[Any] = field(default_factory=list)

    def person(self, **options: Any) -> str:
        """A new user's address."""
        address = f"person-{next(_numbers)}@{DOMAIN}"
        self.stand_in.add_user(address, **options)
        return address

    def service(self, document: str, subject: str | None, scopes: Sequence[str], *, key: Path | None = None) -> Any:
        """Google's own client of the API that ``document`` describes, for one user; scopes in short (gmail.insert)."""
        # Half a second of imports, which most runs of tests can do without.
        import google_auth_httplib2
        from google.oauth2 import service_account
        from googleapiclient.discovery import build_from_document
        from googleapiclient.http import build_http

        credentials = service_account.Credentials.from_service_account_file(
            key or self.key, scopes=[f"{_SCOPE}{one}" for one in scopes], subject=subject
        )
        if document not in self._documents:
            described = load_document(document)
            # As the client's own options do it, a media upload would not come here: see docs/sandbox.md.
            described["rootUrl"] = f"{self.stand_in.endpoint}/"
            described.pop("mtlsRootUrl", None)
            described["baseUrl"] = f"{self.stand_in.endpoint}/{described['servicePath']}"
            self._documents[document] = json.dumps(described)
        http = google_auth_httplib2.AuthorizedHttp(credentials, http=build_http())
        self._open.append(http)
        return build_from_document(self._documents[document], http=http)

    def fresh(self) -> None:
        """Without faults, with the manners of the start, and with no client left."""
        while self._open:
            self._open.pop().close()
        self.stand_in.reset()


@contextmanager
def google_for_tests(folder: Path) -> Iterator[GoogleForTests]:
    """Start a stand-in with an administrator, and a key of a service account in ``folder``."""
    with running_google(domain=DOMAIN) as stand_in:
        stand_in.add_user(ADMIN, admin=True)
        key = folder / "google.json"
        stand_in.write_key(key)
        yield GoogleForTests(stand_in, key)


def refusal_of(asked: Callable[[], Any]) -> tuple[int, str] | None:
    """Status and reason of the refusal of a request; None when it is taken."""
    from googleapiclient.errors import HttpError

    try:
        asked().execute()
    except HttpError as refused:
        return refused.status_code, json.loads(refused.content)["error"]["errors"][0]["reason"]
    return None

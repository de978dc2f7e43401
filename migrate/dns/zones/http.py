"""Asking a provider over HTTPS, with its refusals as :class:`ZoneError`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from connectors.language import _
from migrate.dns.zones.contract import ZoneError

#: Seconds.
_TIMEOUT = 30.0
_DENIED = (401, 403)


class Http:
    """One provider's interface.  Nothing that it answers is quoted but its status."""

    def __init__(self, title: str, root: str, headers: Mapping[str, str]) -> None:
        """Raises ZoneError for credentials that no header can hold."""
        self._title = title
        try:
            self._client = httpx.Client(base_url=root, headers=dict(headers), timeout=_TIMEOUT)
        except UnicodeEncodeError:  # holds what it was told, so it must not be chained
            raise self._refusal("GET", _DENIED[0]) from None

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        sign: Mapping[str, str] | None = None,
        absent: bool = False,
    ) -> Any:
        """The answer as JSON; None where nothing is there and ``absent`` allows it.  Raises ZoneError."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(sign or {})}
        try:
            answer = self._client.request(method, path, params=query, content=content, headers=headers)
        except httpx.HTTPError as error:
            what = _("{provider} cannot be reached").format(provider=self._title)
            raise ZoneError(what, detail=type(error).__name__) from None
        if answer.status_code == httpx.codes.NOT_FOUND and absent:
            return None
        if answer.is_error:
            raise self._refusal(method, answer.status_code)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            what = _("{provider} gave an answer that cannot be read").format(provider=self._title)
            raise ZoneError(what, detail=str(answer.status_code)) from None

    def _refusal(self, method: str, status: int) -> ZoneError:
        denied = status in _DENIED
        if denied:
            what = _("{provider} does not take the credentials of the plan, or they do not reach this zone")
        elif status == httpx.codes.TOO_MANY_REQUESTS:
            what = _("{provider} was asked too often: wait some minutes, then run the same command again")
        elif method == "GET":
            what = _("{provider} does not say what the zone holds")
        else:
            what = _("{provider} refuses the change")
        return ZoneError(what.format(provider=self._title), detail=str(status), denied=denied)

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of a request, as it is signed."""
        return str(self._client.build_request("GET", path, params=query).url)

    def close(self) -> None:
        self._client.close()


def no_zone(title: str, zone: str) -> ZoneError:
    what = _("{provider} has no zone {zone} that these credentials reach")
    return ZoneError(what.format(provider=title, zone=zone), denied=True)


def relative(name: str, zone: str, apex: str) -> str:
    """A name as the provider has it: what stands before the zone, ``apex`` for the zone itself."""
    return apex if name == zone else name.removesuffix(f".{zone}")

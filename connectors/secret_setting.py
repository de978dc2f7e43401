"""A setting of a system that is a secret: where it is, and how to get it when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from connectors.language import _


@dataclass(frozen=True, slots=True)
class Secret:
    """What a plan says of a secret, and once the plan is read how to fetch it.

    A connector keeps it as it is and calls :meth:`reveal` when it signs in.  Neither its repr nor an error shows what
    the plan holds: by mistake that may be the secret itself.
    """

    reference: str = field(repr=False)
    _fetch: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def reveal(self) -> str:
        """The secret, fetched anew.  Raises what the plan raises when it cannot be had: let that pass."""
        if self._fetch is None:
            raise LookupError("a secret was asked for before the plan had said where secrets are")
        return self._fetch()

    def missing(self) -> str:
        """Why it cannot be had, in the plan's own words; empty when it can."""
        try:
            self.reveal()
        except Exception as error:  # noqa: BLE001  what the plan raises, which only the plan knows
            return str(error)
        return ""

    def fetched_by(self, fetch: Callable[[], str]) -> Secret:
        """The same secret, with the way to get it."""
        return replace(self, _fetch=fetch)


def _as_written(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError(
            _("must say where the secret is: env:NAME, file:PATH, keyring:SERVICE/USER or command:PROGRAM")
        )
    return Secret(value.strip())


#: The type of such a field: ``key: SecretSetting``.  In a plan it is a reference, as passwords are.
SecretSetting = Annotated[
    Secret,
    PlainValidator(_as_written),
    WithJsonSchema({"type": "string", "pattern": "^(env|file|keyring|command):"}),
]

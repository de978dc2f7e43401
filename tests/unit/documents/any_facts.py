"""Facts of any kind, made from their types: each field takes any value that its type allows, evil names included."""

from __future__ import annotations

import typing
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel

from runbooks.catalogue import MILESTONES
from runbooks.plan_facts import Timeline
from tests.unit.documents.test_output import EVIL

M = TypeVar("M", bound=BaseModel)
_WORDS = [*EVIL, "anna@example.org", "Lyon", "bascule check lyon", "12/14", "2027-02-09", *[""] * 8]
#: Texts that templates ask for by what they are.
_NAMED = {
    "connector": ("google_workspace", "microsoft365", "imap", "pop3"),
    "command": ("", "systemctl reload postfix"),
    "was": ("", "12"),
    "now": ("", "14"),
    "how": ("bascule check lyon", "ask whoever runs it", *EVIL),
}
#: How likely a value that may be missing, or unknown, is there.
_THERE = 0.6


class AnyFacts:
    """Makes facts; the same seed makes the same ones.

    ``there``: whether what may be missing is there; None: by chance.
    """

    def __init__(self, seed: int, there: bool | None = None) -> None:
        self._seed = seed
        self._random = Random(seed)
        self._there = there
        self._made: Counter[str] = Counter()

    def of(self, model: type[M]) -> M:
        self._made[model.__name__] += 1
        mine = f"{self._seed} {model.__name__} {self._made[model.__name__]}"
        told = {}
        for name, field in model.model_fields.items():
            # By its own name: a field that joins the facts changes none of the others.
            self._random = Random(f"{mine} {name}")
            named = name in _NAMED and field.annotation is str
            told[name] = self._random.choice(_NAMED[name]) if named else self._value(field.annotation)
        if model is Timeline:
            told["days"] = {code: self._plain(date) for code in MILESTONES}
        return model(**told)

    def _value(self, kind: Any) -> Any:
        if isinstance(kind, UnionType) or get_origin(kind) is typing.Union:
            return self._value(self._one_of(get_args(kind)))
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is typing.Literal:
            return self._random.choice(arguments)
        if origin is tuple:
            return tuple(self._value(arguments[0]) for _ in range(self._length()))
        if origin is not None:
            return {self._value(arguments[0]): self._value(arguments[1]) for _ in range(self._length())}
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self.of(kind)
        return self._plain(kind)

    def _one_of(self, kinds: tuple[Any, ...]) -> Any:
        missing = [one for one in kinds if one is NoneType or getattr(one, "__name__", "") == "Unknown"]
        there = [one for one in kinds if one not in missing]
        wanted = self._random.random() < _THERE if self._there is None else self._there
        return self._random.choice(there if wanted or not missing else missing)

    def _length(self) -> int:
        some = self._random.random() < _THERE if self._there is None else self._there
        return self._random.randint(1, 3) if some else 0

    def _plain(self, kind: Any) -> Any:
        made = {
            NoneType: lambda: None,
            bool: lambda: self._random.random() < 0.5,
            int: lambda: self._random.choice([0, 0, 0, 1, 2, 14, 60, 4812, 25_300_000_000]),
            float: lambda: self._random.choice([0.0, 0.5, 0.9997, 1.0, 7.5, 12345.5]),
            str: lambda: self._random.choice(_WORDS),
            date: lambda: date(2027, 2, 9) + timedelta(days=self._random.randint(-40, 40)),
            datetime: lambda: datetime(2027, 2, 9, 8, 5, tzinfo=UTC) + timedelta(hours=self._random.randint(-900, 900)),
        }
        return made[kind]()

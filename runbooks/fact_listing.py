"""The facts that a template may use, listed from their types.  Pure."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from runbooks.fact_words import title_of

#: As deep as a list of facts helps: what lies below is listed under the name of its kind.
_WORDS: Mapping[str, str] = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "yes or no",
    "date": "day",
    "datetime": "moment",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One fact.  ``kind``: what it is, in the words of the templates' page."""

    name: str
    kind: str
    #: What people call it; empty below the depth at which facts have names.
    title: str


def facts_of(model: type[BaseModel]) -> list[Listed]:
    """All of them, dotted; of a list, what each of its items has stands behind ``[]``."""
    return list(_fields(model, "", ()))


def _fields(model: type[BaseModel], above: str, seen: tuple[type, ...]) -> Iterator[Listed]:
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        yield Listed(path, _kind(field.annotation), title_of(path) if path.count(".") < 2 and "[]" not in path else "")
        for inner, below in _below(field.annotation, path):
            if inner not in seen:
                yield from _fields(inner, f"{below}.", (*seen, inner))
    for name, one in vars(model).items():
        if isinstance(one, property) and one.fget is not None and not name.startswith(("_", "model_")):
            yield Listed(f"{above}{name}", _kind(typing.get_type_hints(one.fget).get("return", Any)), "")


def _below(annotation: Any, path: str) -> Iterator[tuple[type[BaseModel], str]]:
    """The models that a value may be, or that its items may be."""
    for one in _parts(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            if one.__name__ != "Unknown":
                yield one, path
        else:
            arguments = [argument for argument in get_args(one) if argument is not Ellipsis]
            for argument in arguments[-1:]:
                yield from _below(argument, f"{path}[]")


def _parts(annotation: Any) -> tuple[Any, ...]:
    if isinstance(annotation, UnionType) or get_origin(annotation) is typing.Union:
        return tuple(part for one in get_args(annotation) for part in _parts(one))
    return () if annotation is NoneType else (annotation,)


def _kind(annotation: Any) -> str:
    parts = _parts(annotation)
    optional = len(parts) < len(get_args(annotation) or (annotation,)) and NoneType in get_args(annotation)
    names = [_named(one) for one in parts]
    known = [name for name in names if name != "unknown"]
    told = " | ".join(dict.fromkeys(known))
    if len(known) < len(names):
        return f"{told}, if known"
    return f"{told}, or none" if optional else told


def _named(one: Any) -> str:
    origin = get_origin(one)
    if origin is typing.Literal:
        return " | ".join(repr(value) for value in get_args(one))
    if origin is not None:
        return "list" if origin is tuple else "by name"
    if isinstance(one, type) and issubclass(one, BaseModel):
        generic = one.__pydantic_generic_metadata__["origin"]
        return "seen" if generic is not None else "unknown" if one.__name__ == "Unknown" else "group"
    return _WORDS.get(getattr(one, "__name__", ""), "text")

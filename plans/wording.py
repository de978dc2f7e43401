"""What pydantic found wrong, in the words of the person who wrote the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from plans.problems import Problem, Worded, did_you_mean, suggestion
from plans.yaml_file import Document, Location

_WANTED = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "dict": "a group of keys, each on its own line",
    "model": "a group of keys, each on its own line",
    "dataclass": "a group of keys, each on its own line",
    "mapping": "a group of keys, each on its own line",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "date": "a date such as 2027-02-09",
    "datetime": "a date and time such as 2027-02-09 19:00",
    "time": "a length of time such as 00:30:00",
    "path": "the path of a file",
    "url": "an address that starts with https://",
}
_BOUNDS = {
    "greater_than": "more than {}",
    "greater_than_equal": "{} or more",
    "less_than": "less than {}",
    "less_than_equal": "{} or less",
}


def problems_of(
    error: ValidationError,
    document: Document,
    root: Location,
    model: type[BaseModel],
    also_known: Iterable[str] = (),
) -> Iterator[Problem]:
    """The problems of one model that was read from ``root`` of a document.

    ``also_known`` are keys that may stand beside the model's own at its top level.
    """
    for detail in error.errors(include_url=False):
        inner = detail["loc"]
        location = (*root, *inner)
        if detail["type"] == "missing":
            message = f'The key "{inner[-1]}" is missing{_inside(location[:-1])}.'
            yield document.problem(location[:-1], message, at_key=True)
        elif detail["type"] == "extra_forbidden":
            known = {*known_keys(model, inner[:-1]), *(also_known if len(inner) == 1 else ())}
            hint = suggestion(str(inner[-1]), known, "Known keys")
            # Without a value it may be the end of a text with a comma in it, of a password perhaps: not shown.
            key = "" if detail["input"] is None else f' "{inner[-1]}"'
            yield document.problem(location, f"Unknown key{key}{_inside(location[:-1])}.", hint, at_key=True)
        else:
            at_key = bool(inner) and inner[-1] == "[key]"
            message, hint = words(detail, location)
            yield document.problem(location, message, hint, at_key=at_key)


def words(detail: ErrorDetails, location: Location) -> tuple[str, str]:
    """A message and a hint for one finding of pydantic.  Never shows the value, except where it names a choice."""
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    cause = context.get("error")
    subject = _subject(location)
    if isinstance(cause, Worded) and value is not None:
        return (f"{subject} {cause.message}" if cause.message[0].islower() else cause.message), cause.hint
    if value is None:
        return f"{subject} has no value.", "Write one after the colon, or take the line away."
    if kind in ("value_error", "assertion_error"):
        said = str(cause).rstrip(".")
        return f"{subject}{' ' if said.startswith('must ') else ': '}{said}.", ""
    if kind in ("literal_error", "enum"):
        choices = str(context["expected"]).replace("'", "")
        near = did_you_mean(value, choices.replace(" or ", ", ").split(", ")) if isinstance(value, str) else ""
        return f"{subject} must be {choices}.", near
    if kind in _BOUNDS:
        bound = f"{next(iter(context.values()))}".removesuffix(".0")
        return f"{subject} must be {_BOUNDS[kind].format(bound)}.", ""
    if kind in ("too_short", "string_too_short"):
        return f"{subject} is empty.", ""
    if kind == "string_type" and isinstance(value, int | float):
        return f"{subject} must be a text.", "Put it in double quotes."
    wanted = _WANTED.get(kind.partition("_")[0])
    hint = "Write it as [one, two]." if wanted == "a list" else ""
    return (f"{subject} must be {wanted}." if wanted else f"{subject} has a value that does not fit."), hint


def known_keys(model: type[BaseModel], location: Location) -> set[str]:
    """The keys that a model takes at a place inside it."""
    for step in location:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        inner = next(_models(field.annotation), None) if field else None
        if inner is None:
            return set()
        model = inner
    return {field.alias or name for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _models(part)


def _subject(location: Location) -> str:
    named = [step for step in location if isinstance(step, str) and step != "[key]"]
    if location and isinstance(location[-1], int):
        return f'Item {location[-1] + 1} of "{named[-1]}"' if named else f"Item {location[-1] + 1}"
    return f'"{named[-1]}"' if named else "This file"


def _inside(location: Location) -> str:
    return f' in "{location[-1]}"' if location and isinstance(location[-1], str) else ""

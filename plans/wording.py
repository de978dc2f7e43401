"""What pydantic found wrong, in the words of the person who wrote the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from connectors.language import _, labelled, mark
from plans.problems import Problem, Worded, did_you_mean, suggestion
from plans.yaml_file import Document, Location

_LIST = mark("a list")
_WANTED = {
    "string": mark("a text"),
    "int": mark("a whole number"),
    "float": mark("a number"),
    "decimal": mark("a number"),
    "bool": mark("true or false"),
    "dict": mark("a group of keys, each on its own line"),
    "model": mark("a group of keys, each on its own line"),
    "dataclass": mark("a group of keys, each on its own line"),
    "mapping": mark("a group of keys, each on its own line"),
    "list": _LIST,
    "tuple": _LIST,
    "set": _LIST,
    "frozen": _LIST,
    "date": mark("a date such as 2027-02-09"),
    "datetime": mark("a date and time such as 2027-02-09 19:00"),
    "time": mark("a length of time such as 00:30:00"),
    "path": mark("the path of a file"),
    "url": mark("an address that starts with https://"),
}
_BOUNDS = {
    "greater_than": mark("more than {bound}"),
    "greater_than_equal": mark("{bound} or more"),
    "less_than": mark("less than {bound}"),
    "less_than_equal": mark("{bound} or less"),
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
            yield document.problem(location[:-1], _missing_key(str(inner[-1]), location[:-1]), at_key=True)
        elif detail["type"] == "extra_forbidden":
            known = {*known_keys(model, inner[:-1]), *(also_known if len(inner) == 1 else ())}
            hint = suggestion(str(inner[-1]), known, _("Known keys"))
            # Without a value it may be the end of a text with a comma in it, of a password perhaps: not shown.
            key = None if detail["input"] is None else str(inner[-1])
            yield document.problem(location, unknown_key(key, _group(location[:-1])), hint, at_key=True)
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
        message = _("{subject} has no value.").format(subject=subject)
        return message, _("Write one after the colon, or take the line away.")
    if kind in ("value_error", "assertion_error"):
        said = str(cause).rstrip(".")
        # What a connector says of its own setting, in the language of the run.
        told = f"{subject} {said}" if said.startswith(("must ", "doit ")) else labelled(subject, said)
        return f"{told}.", ""
    if kind in ("literal_error", "enum"):
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        near = did_you_mean(value, choices) if isinstance(value, str) else ""
        return _must_be(subject, _one_of(choices)), near
    if kind in _BOUNDS:
        bound = f"{next(iter(context.values()))}".removesuffix(".0")
        return _must_be(subject, _(_BOUNDS[kind]).format(bound=bound)), ""
    if kind in ("too_short", "string_too_short"):
        return _("{subject} is empty.").format(subject=subject), ""
    if kind == "string_type" and isinstance(value, int | float):
        return _must_be(subject, _("a text")), _("Put it in double quotes.")
    wanted = _WANTED.get(kind.partition("_")[0])
    if wanted is None:
        return _("{subject} has a value that does not fit.").format(subject=subject), ""
    return _must_be(subject, _(wanted)), _("Write it as [one, two].") if wanted == _LIST else ""


def unknown_key(key: str | None, group: str | None) -> str:
    """The message for a key that means nothing in its group; None for one that is not to be shown, or at the top."""
    if group is None:
        return _("Unknown key.") if key is None else _('Unknown key "{key}".').format(key=key)
    if key is None:
        return _('Unknown key in "{group}".').format(group=group)
    return _('Unknown key "{key}" in "{group}".').format(key=key, group=group)


def _missing_key(key: str, location: Location) -> str:
    group = _group(location)
    if group is None:
        return _('The key "{key}" is missing.').format(key=key)
    return _('The key "{key}" is missing in "{group}".').format(key=key, group=group)


def _must_be(subject: str, wanted: str) -> str:
    return _("{subject} must be {wanted}.").format(subject=subject, wanted=wanted)


def _one_of(choices: Sequence[str]) -> str:
    *others, last = choices
    return _("{choices} or {last}").format(choices=", ".join(others), last=last) if others else last


def known_keys(model: type[BaseModel], location: Location) -> set[str]:
    """The keys that a model takes at a place inside it."""
    annotation: Any = model
    for step in location:
        inner = next(models_in(annotation), None)
        if isinstance(step, int):
            continue
        if inner is not None and _is_mapping(annotation):
            annotation = inner  # the step names an entry of the group
            continue
        found = _fields(inner).get(step) if inner is not None else None
        if found is None:
            return set()
        annotation = found.annotation
    inner = next(models_in(annotation), None)
    return set() if inner is None or _is_mapping(annotation) else set(_fields(inner))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that stand for them in a plan."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from models_in(part)


def _subject(location: Location) -> str:
    named = [step for step in location if isinstance(step, str) and step != "[key]"]
    if location and isinstance(location[-1], int):
        number = location[-1] + 1
        if named:
            return _('Item {number} of "{list}"').format(number=number, list=named[-1])
        return _("Item {number}").format(number=number)
    return f'"{named[-1]}"' if named else _("This file")


def _group(location: Location) -> str | None:
    """The key that a place lies under, None at the top of a file or right in a list."""
    return location[-1] if location and isinstance(location[-1], str) else None

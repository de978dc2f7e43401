"""What changed between two sets of facts, as far as a document uses them.  Pure.

Only what a reader would call a change counts: that a fact was looked at again and found the same is none, nor is it
that a day went by, or that an estimate begins later because it was made later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from connectors.language import _
from runbooks.document_facts import Change, DocumentFacts
from runbooks.fact_words import title_of

#: Never compared: what the document says of itself, and every site and domain at once where one is meant.
_ITSELF = ("about",)
#: Keys whose values tell when, not what.
_WHEN = frozenset({"at", "source", "today", "past", "begin", "p50", "p90", "last_pass"})
#: Items of a list that are named.
_NAMED = 3
#: Characters of a value that are shown.
_SHOWN = 60


def changes(before: DocumentFacts, after: DocumentFacts, used: Collection[str]) -> tuple[Change, ...]:
    """By fact, in the order of the fields.  ``used``: dotted paths of :class:`runbooks.template_facts.Reading`.

    Worded in the language that is spoken.
    """
    was, now = (one.model_dump(mode="json") for one in (before, after))
    found: dict[str, Change] = {}
    for path in sorted({_shown_as(one) for one in used if one.partition(".")[0] not in _ITSELF}):
        old, new = _at(was, path), _at(now, path)
        if _what(old) != _what(new):
            found[path] = _change(path, old, new)
    # A fact and a part of it: the part says more.
    return tuple(one for path, one in found.items() if not any(other.startswith(f"{path}.") for other in found))


def _change(path: str, old: Any, new: Any) -> Change:
    title, was, now = title_of(path), _short(old), _short(new)
    names = _which(old, new)
    if names:
        title = _("{what} ({names})").format(what=title, names=", ".join(names))
    return Change(fact=path, title=title, was=was, now=now) if was != now else Change(fact=path, title=title)


def _which(old: Any, new: Any) -> list[str]:
    """The first items of a list that differ, by what tells them apart; none where nothing does."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return []
    was, now = ({name: one for one in some if (name := _name_of(one))} for some in (old, new))
    names = [name for name in dict.fromkeys([*was, *now]) if _what(was.get(name)) != _what(now.get(name))]
    return [*names[:_NAMED], "…"] if len(names) > _NAMED else names


def _name_of(item: Any) -> str:
    told = item if isinstance(item, dict) else {}
    # A phase by its title, which the reader knows.
    return next((str(told[key]) for key in ("title", "name", "address", "code") if told.get(key)), "")


def _shown_as(path: str) -> str:
    """A path, to the depth at which facts have names."""
    return ".".join(path.split(".")[:2])


def _at(told: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(told, dict):
            return None
        # Below what was seen lies its value.
        told = told["value"] if part not in told and isinstance(told.get("value"), dict) else told
        told = told.get(part)
    return told


def _what(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _what(value) for key, value in told.items() if key not in _WHEN}
    return [_what(one) for one in told] if isinstance(told, list) else told


def _short(told: Any) -> str:
    """A value where it is one; of several their number; empty where only the whole would tell."""
    if isinstance(told, dict) and "value" in told:
        told = told["value"]
    if told is None:
        return "–"
    if isinstance(told, dict) and set(told) == {"how"}:
        return _("not known")
    if isinstance(told, dict) and "done" in told and "of" in told:
        return f"{told['done']}/{told['of']}"
    if isinstance(told, dict):
        return " ".join(_scalars(told))[:_SHOWN]
    if isinstance(told, list):
        return str(len(told))
    return str(told)[:_SHOWN]


def _scalars(told: dict[str, Any]) -> Iterator[str]:
    """Its only value, where it has one that is short."""
    plain = [value for key, value in told.items() if key not in _WHEN and isinstance(value, str | int | float)]
    if len(plain) == 1:
        yield str(plain[0])

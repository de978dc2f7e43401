"""Which facts a template uses, found by reading it: each is looked up among the types of the facts.

A chain such as ``site.accounts.value.done`` is followed through models, loops, ``set`` and filters as far as types
tell; what a macro is given is not followed into it.  Pure.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import GenericAlias, NoneType, UnionType
from typing import Any, get_args, get_origin

from jinja2 import nodes
from pydantic import BaseModel

from connectors.language import _
from runbooks.building import FUNCTIONS
from runbooks.templating import SUFFIX, TemplateProblem, Templates

#: What a template may call or name beside facts.
_GIVEN = frozenset({*FUNCTIONS, "loop", "caller", "varargs", "kwargs", "self"})
#: Filters that give one item of what they are given, and those that give a selection of it.
_ONE = frozenset({"first", "last", "random", "min", "max"})
_SAME = frozenset({"sort", "list", "reverse", "unique", "selectattr", "rejectattr", "select", "reject"})
#: Filters whose first argument, or ``attribute``, names an attribute of the items.
_BY_ATTRIBUTE = frozenset({"selectattr", "rejectattr", "groupby"})


@dataclass(frozen=True, slots=True)
class Misuse:
    """A fact that there is none of.  ``line`` from 1."""

    file: str
    line: int
    what: str


@dataclass(slots=True)
class Reading:
    """What was found in a template and in all that it includes."""

    #: Dotted, down to the first list: ``site.accounts``, ``plan.people``.
    used: set[str] = field(default_factory=set)
    misused: list[Misuse] = field(default_factory=list)
    #: The names of all that were read.
    templates: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Typed:
    """What an expression is; ``kinds`` empty where that is not known."""

    kinds: tuple[Any, ...] = ()
    path: str = ""
    #: Below a list, paths go no deeper.
    deep: bool = False


_NOTHING = _Typed()
_Scope = Mapping[str, _Typed]


def read(templates: Templates, name: str, facts: type[BaseModel]) -> Reading:
    """Follow a template.  Raises TemplateProblem for one that cannot be read."""
    found = Reading()
    _Reader(templates, name, facts, found).all()
    return found


class _Reader:
    """One template, read with the names that it sees."""

    def __init__(
        self,
        templates: Templates,
        name: str,
        facts: type[BaseModel] | None,
        found: Reading,
        scope: _Scope | None = None,
        seen: tuple[str, ...] = (),
    ) -> None:
        self._templates = templates
        self._name = name
        self._seen = (*seen, name)
        self._facts = facts
        self._found = found
        self._scope: dict[str, _Typed] = dict(scope or {})

    def all(self) -> None:
        tree = self._templates.parsed(self._name)
        self._found.templates.add(self._name)
        # Macros are known wherever they stand.
        self._scope |= {one.name: _NOTHING for one in tree.find_all(nodes.Macro)}
        self._each(tree.body)

    def _each(self, some: Iterable[nodes.Node]) -> None:
        for one in some:
            self._node(one)

    def _node(self, node: nodes.Node) -> None:
        match node:
            case nodes.For():
                self._loop(node)
            case nodes.Assign():
                self._bind(node.target, self._expression(node.node))
            case nodes.AssignBlock():
                self._each(node.body)
                self._bind(node.target, _NOTHING)
            case nodes.Macro() | nodes.CallBlock():
                self._block(node)
            case nodes.With():
                values = [self._expression(one) for one in node.values]
                inner = self._inner()
                for target, value in zip(node.targets, values, strict=True):
                    inner._bind(target, value)
                inner._each(node.body)
            case nodes.Include():
                self._include(node)
            case nodes.FromImport():
                self._import(node.template)
                for name in node.names:
                    self._scope[name[1] if isinstance(name, tuple) else name] = _NOTHING
            case nodes.Import():
                self._import(node.template)
                self._scope[node.target] = _NOTHING
            case nodes.Expr():
                self._expression(node)
            case _:
                self._each(node.iter_child_nodes())

    def _inner(self) -> _Reader:
        return _Reader(self._templates, self._name, self._facts, self._found, self._scope, self._seen[:-1])

    def _loop(self, node: nodes.For) -> None:
        items = self._expression(node.iter)
        inner = self._inner()
        inner._bind(node.target, _item_of(items))
        if node.test is not None:
            inner._expression(node.test)
        inner._each(node.body)
        self._each(node.else_)

    def _block(self, node: nodes.Macro | nodes.CallBlock) -> None:
        inner = self._inner()
        for argument in node.args:
            inner._scope[argument.name] = _NOTHING
        for default in node.defaults:
            self._expression(default)
        if isinstance(node, nodes.CallBlock):
            self._expression(node.call)
        inner._each(node.body)

    def _include(self, node: nodes.Include) -> None:
        for name in _constants(node.template):
            short = name.removesuffix(SUFFIX)
            if short not in self._seen:
                _Reader(self._templates, short, self._facts, self._found, self._scope, self._seen).all()

    def _import(self, template: nodes.Expr) -> None:
        """What is imported sees no facts."""
        for name in _constants(template):
            _Reader(self._templates, name.removesuffix(SUFFIX), None, self._found, seen=self._seen).all()

    def _bind(self, target: nodes.Node, value: _Typed) -> None:
        if isinstance(target, nodes.Name):
            self._scope[target.name] = value
        elif isinstance(target, nodes.Tuple):
            parts = _parts(value, len(target.items))
            for one, part in zip(target.items, parts, strict=True):
                self._bind(one, part)

    def _expression(self, node: nodes.Node) -> _Typed:
        """What it is; notes the facts in it."""
        found = self._typed(node)
        if found.path:
            self._found.used.add(found.path)
        return found

    def _typed(self, node: nodes.Node) -> _Typed:
        match node:
            case nodes.Name():
                return self._name_of(node)
            case nodes.Getattr():
                return self._attribute(node, self._typed(node.node), node.attr)
            case nodes.Getitem():
                self._expression(node.arg)
                return _item_of(self._typed(node.node))
            case nodes.Filter() if node.node is not None:
                return self._filtered(node)
            case nodes.Call() if isinstance(node.node, nodes.Getattr) and node.node.attr in ("items", "values", "keys"):
                return self._mapping(node.node)
            case nodes.CondExpr():
                self._expression(node.test)
                if node.expr2 is not None:
                    self._expression(node.expr2)
                return self._expression(node.expr1)
        for child in node.iter_child_nodes():
            self._expression(child)
        return _NOTHING

    def _name_of(self, node: nodes.Name) -> _Typed:
        if node.name in self._scope:
            return self._scope[node.name]
        fields = self._facts.model_fields if self._facts is not None else {}
        if node.name in fields:
            return _Typed(_kinds(fields[node.name].annotation), node.name, deep=True)
        if node.name not in _GIVEN:
            self._misused(node, node.name)
        return _NOTHING

    def _attribute(self, node: nodes.Node, base: _Typed, name: str) -> _Typed:
        if not base.kinds:
            return _Typed((), base.path)
        found = [kind for one in base.kinds for kind in _attribute_of(one, name)]
        if not found:
            self._misused(node, f"{base.path}: {name}")
            return _Typed((), base.path)
        path = f"{base.path}.{name}" if base.deep and name != "value" else base.path
        kinds = tuple(kind for kind in found if kind is not Any)
        return _Typed(kinds, path, base.deep and not any(_is_listing(kind) for kind in kinds))

    def _mapping(self, node: nodes.Getattr) -> _Typed:
        base = self._expression(node.node)
        pairs = [get_args(kind) for kind in base.kinds if len(get_args(kind)) == 2]
        keys = tuple(kind for pair in pairs for kind in _kinds(pair[0]))
        values = tuple(kind for pair in pairs for kind in _kinds(pair[1]))
        items = tuple(GenericAlias(tuple, pair) for pair in pairs)
        told = {"keys": keys, "values": values, "items": items}[node.attr]
        return _Typed(tuple(GenericAlias(tuple, (kind, ...)) for kind in told), base.path)

    def _filtered(self, node: nodes.Filter) -> _Typed:
        given = self._expression(node.node) if node.node is not None else _NOTHING
        for argument in node.args:
            self._expression(argument)
        items = _item_of(given)
        named = [one.value for one in node.kwargs if one.key == "attribute"]
        if node.name in _BY_ATTRIBUTE:
            named += node.args[:1]
        for one in named:
            for name in _constants(one):
                self._attribute(node, items, name.partition(".")[0])
        if node.name in _ONE:
            return items
        return given if node.name in _SAME else _NOTHING

    def _misused(self, node: nodes.Node, what: str) -> None:
        self._found.misused.append(Misuse(self._templates.shown(self._name), node.lineno, what))


def _constants(node: nodes.Node) -> list[str]:
    return [one.value for one in (node, *node.find_all(nodes.Const)) if isinstance(one, nodes.Const)]


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """What a value may be, without None; names of types are plain classes or their parametrised forms."""
    if isinstance(annotation, UnionType) or get_origin(annotation) is typing.Union:
        return tuple(kind for one in get_args(annotation) for kind in _kinds(one))
    return () if annotation is NoneType else (annotation,)


def _attribute_of(kind: Any, name: str) -> tuple[Any, ...]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if name in kind.model_fields:
            return _kinds(kind.model_fields[name].annotation)
        told = next((one.__dict__[name] for one in kind.__mro__ if name in one.__dict__), None)
        if isinstance(told, property) and told.fget is not None:
            return _kinds(typing.get_type_hints(told.fget).get("return", Any))
        return ()
    if _is_mapping(kind):
        # An item by its key, or a method.
        return _kinds(get_args(kind)[1]) if not hasattr(dict, name) else (Any,)
    plain = str if get_origin(kind) is typing.Literal else kind
    return (Any,) if plain in (str, int, float, date, datetime) and hasattr(plain, name) else ()


def _item_of(listing: _Typed) -> _Typed:
    kinds: list[Any] = []
    for kind in listing.kinds:
        arguments = get_args(kind)
        if _is_mapping(kind):
            kinds += _kinds(arguments[1])
        elif _is_listing(kind):
            kinds += _kinds(arguments[0])
    return _Typed(tuple(kinds), listing.path)


def _parts(value: _Typed, number: int) -> Sequence[_Typed]:
    for kind in value.kinds:
        arguments = get_args(kind)
        if get_origin(kind) is tuple and len(arguments) == number and Ellipsis not in arguments:
            return [_Typed(_kinds(one), value.path) for one in arguments]
    return [_Typed((), value.path)] * number


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_listing(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Sequence | Mapping)


def checked(templates: Templates, name: str, facts: type[BaseModel]) -> Reading:
    """As :func:`read`; the first fact that there is none of is a TemplateProblem."""
    found = read(templates, name, facts)
    if found.misused:
        first = found.misused[0]
        what = _("There is no such fact: {what}. bascule runbook template lists the facts that it may use.")
        raise TemplateProblem(first.file, first.line, what.format(what=first.what))
    return found

"""Which ways the branches of templates went: an environment that notes the outcome of each test of each template."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

_NOTE = "_branch_taken"
#: By file and line of a test, the outcomes that it had.
Outcomes = dict[tuple[str, int], set[bool]]


def noting(outcomes: Outcomes) -> type[ImmutableSandboxedEnvironment]:
    """A class of environments whose templates fill ``outcomes``, with no outcome for a test that was never asked."""

    def note(file: str, line: int, value: Any) -> Any:
        outcomes[file, line].add(bool(value))
        return value

    class Noting(ImmutableSandboxedEnvironment):
        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            tree = super()._parse(source, name, filename)
            # A macro sees no facts: by a constant that is always there.
            for node in [*tree.find_all(nodes.If), *tree.find_all(nodes.CondExpr)]:
                file = filename or name or ""
                outcomes[file, node.lineno] |= set()
                asked = nodes.Call(
                    nodes.EnvironmentAttribute(_NOTE),
                    [nodes.Const(file), nodes.Const(node.lineno), node.test],
                    [],
                    None,
                    None,
                )
                node.test = asked.set_lineno(node.lineno)
            return tree

    setattr(Noting, _NOTE, staticmethod(note))
    return Noting


def no_outcomes() -> Outcomes:
    return defaultdict(set)

"""What stands around a text or a drawing: HTML and SVG of ours, in which every fact is text."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def frame(name: str) -> Template:
    """By the name of its file in ``runbooks/templates``."""
    environment = Environment(
        loader=PackageLoader("runbooks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = _count
    return environment.get_template(name)


def _count(number: int, language: str) -> str:
    """With its thousands apart, as the language does it: 1,234, or 1 234 with a thin no-break space."""
    return f"{number:,}".replace(",", "\u202f" if language == "fr" else ",")

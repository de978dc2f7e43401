"""Templates of documents: Markdown by Jinja2 in a sandbox, ours or the customer's own, with every fact as plain text.

A template is found below ``LANGUAGE/`` by its name: first in the customer's folder, then among ours.  A document is put
together from blocks, each a file of its own (``runbook/inventory.md.j2``), so that one block can be replaced and the
rest goes on being ours.

What a template writes by ``{{ ... }}`` is text: none of its characters is markup.  Markup comes from the template
itself, from macros, and from the filters that say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.nodes import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from connectors.language import _
from runbooks.catalogue import OUTLINES, PICTURES
from runbooks.facts import Seen, Unknown
from runbooks.filters import filters_of
from runbooks.output.document import UnknownPicture
from runbooks.output.markdown import plain

Language = Literal["fr", "en"]
SUFFIX = ".md.j2"


class TemplateProblem(Exception):
    """A mistake in a template.  ``file`` as its owner knows it, ``line`` from 1, None where none is to blame."""

    def __init__(self, file: str, line: int | None, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}" if line else f"{file}: {what}")
        self.file = file
        self.line = line
        self.what = what


class Templates:
    """The templates of one language.  ``own``: the customer's folder, below which theirs lie in folders by language."""

    def __init__(self, language: Language, own: Path | None = None) -> None:
        self.language: Language = language
        self._own = None if own is None else own / language
        ours: BaseLoader = PackageLoader("runbooks", f"templates/{language}")
        loaders = [ours, DictLoader(OUTLINES)]
        if self._own is not None:
            loaders.insert(0, FileSystemLoader(self._own, followlinks=False))
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            # Not for HTML: what macros give is told from text by it, and text is escaped by ``finalize``.
            autoescape=True,
            finalize=_finalized,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(filters_of(language))
        self._environment.globals.clear()
        self._environment.globals["range"] = range
        self._environment.tests["known"] = lambda fact: isinstance(fact, Seen)
        self._environment.tests["unknown"] = lambda fact: isinstance(fact, Unknown)

    def render(self, name: str, facts: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> str:
        """The Markdown of a template, ``runbook`` or ``runbook/inventory``, for these facts.

        ``functions`` are what a template may call besides; Markup that they give stays markup.  Raises TemplateProblem.
        """
        asked = f"{name}{SUFFIX}"
        try:
            return self._environment.get_template(asked).render({**facts, **functions})
        except TemplateSyntaxError as error:
            raise TemplateProblem(self._shown(error.name or asked), error.lineno, error.message or "") from None
        except TemplateNotFound as error:
            raise TemplateProblem(
                self._shown(asked), None, _("There is no template {name}.").format(name=error.name)
            ) from None
        except UndefinedError as error:
            file, line = self._place(error, asked)
            what = _("There is no such fact: {what}. bascule runbook template lists the facts that it may use.")
            raise TemplateProblem(file, line, what.format(what=error.message)) from None
        except UnknownPicture as error:
            file, line = self._place(error, asked)
            what = _('There is no picture "{name}"; there are: {names}.')
            raise TemplateProblem(file, line, what.format(name=error.name, names=", ".join(PICTURES))) from None
        except SecurityError as error:
            file, line = self._place(error, asked)
            raise TemplateProblem(
                file, line, _("A template may not do this: {what}").format(what=error.message)
            ) from None
        except RecursionError as error:
            file, line = self._place(error, asked)
            raise TemplateProblem(file, line, _("It includes itself, or calls itself without an end.")) from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            file, line = self._place(error, asked)
            raise TemplateProblem(file, line, f"{type(error).__name__}: {error}") from None

    def source(self, name: str) -> str:
        """A template as it is written.  Raises TemplateProblem where there is none."""
        asked = f"{name}{SUFFIX}"
        try:
            return self._environment.loader.get_source(self._environment, asked)[0]  # type: ignore[union-attr]
        except TemplateNotFound:
            what = _("There is no template {name}.").format(name=name)
            raise TemplateProblem(self._shown(asked), None, what) from None

    def parsed(self, name: str) -> Template:
        """A template's syntax.  Raises TemplateProblem."""
        try:
            return self._environment.parse(self.source(name), name)
        except TemplateSyntaxError as error:
            raise TemplateProblem(self.shown(name), error.lineno, error.message or "") from None

    def shown(self, name: str) -> str:
        """The file of a template as its owner knows it."""
        return self._shown(f"{name}{SUFFIX}")

    def is_own(self, name: str) -> bool:
        """Whether the customer has one of this name."""
        return self._own is not None and (self._own / f"{name}{SUFFIX}").is_file()

    def _place(self, error: Exception, asked: str) -> tuple[str, int | None]:
        """The last line of a template that the error came by; Jinja2 puts templates into the traceback."""
        found: tuple[str, int | None] = (self._shown(asked), None)
        trace = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.endswith(SUFFIX):
                found = (self._as_known(file), trace.tb_lineno)
            trace = trace.tb_next
        return found

    def _shown(self, name: str) -> str:
        if self._own is not None and (self._own / name).is_file():
            return self._as_known(str(self._own / name))
        return f"{self.language}/{name}"

    def _as_known(self, file: str) -> str:
        """The customer's files below their organisation's folder, ours below our templates."""
        path = Path(file)
        if self._own is not None and path.is_relative_to(self._own):
            return str(path.relative_to(self._own.parent.parent))
        parts = path.parts
        return "/".join(parts[parts.index("templates") + 1 :]) if "templates" in parts else path.name


def filter_names() -> list[str]:
    """The filters that are ours; those of Jinja2 come on top."""
    return sorted(filters_of("en"))


def _finalized(value: object) -> object:
    if isinstance(value, Markup):
        return value
    # Marked as done, so that it is not taken for HTML as well.
    return Markup(plain(value))  # noqa: S704

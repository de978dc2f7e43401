"""What is wrong in a plan: every problem with its place, worded for the person who wrote the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connectors.language import _


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    ``file`` is relative to the organisation's folder, with forward slashes; ``line`` and ``column`` count from 1 and
    are None where the whole file, or a whole line of a CSV, is meant.  ``message`` and ``hint`` are sentences; they
    never hold a secret.
    """

    file: str
    line: int | None
    column: int | None
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message}" + (f" {self.hint}" if self.hint else "")


class PlanError(Exception):
    """The plan cannot be used.  ``problems`` holds all that was found, file by file, in the order of the lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Worded(ValueError):
    """Raised by a validator whose words are ready for the reader.

    ``message`` is a sentence, or the rest of one that begins with the key (``must ...``); ``hint`` says what to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def did_you_mean(word: str, known: Iterable[str], fold: Callable[[str], str] = str.casefold) -> str:
    """``Did you mean "x"?``, or nothing when no known word is near.  Words are compared as ``fold`` leaves them."""
    by_fold = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word), by_fold, n=1, cutoff=0.6)
    return _('Did you mean "{word}"?').format(word=by_fold[near[0]]) if near else ""


def suggestion(word: str, known: Iterable[str], introduction: str) -> str:
    """The nearest known word, else all of them after ``introduction``."""
    names = sorted(known)
    listed = _("{introduction}: {names}.").format(introduction=introduction, names=", ".join(names)) if names else ""
    return did_you_mean(word, names) or listed

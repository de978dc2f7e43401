"""``choice.yaml``: what an organisation says of itself before it chooses where its mail goes, and prices it was told.

All of it can be left open.  What is open stays so: nobody fills it in, least of all with a price.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError

from connectors.language import _, mark
from connectors.os_errors import os_error_text
from plans.problems import PlanError, Problem, Worded
from plans.quantities import Day, Size
from plans.shapes import Shape
from plans.wording import problems_of
from plans.yaml_file import Document, read_yaml

CHOICE_FILE = "choice.yaml"
#: What stands where nothing is decided yet.
OPEN: Literal["open"] = "open"

_LONGEST = 200


def _one_line(value: str) -> str:
    """A text that is shown in documents.  Raises :class:`Worded`."""
    if len(value) > _LONGEST or any(not character.isprintable() for character in value):
        raise Worded(_("must be one line of at most {n} characters.").format(n=_LONGEST))
    return value


def _number_or_open(value: object) -> object:
    return None if value == OPEN else value


Line = Annotated[str, StringConstraints(min_length=1), AfterValidator(_one_line)]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
OptionCode = Literal["google_workspace", "microsoft365", "open_source"]
OPTIONS: tuple[OptionCode, ...] = get_args(OptionCode)


class Price(Shape):
    """What one of the three costs, as somebody was told on a day."""

    looked_up: Day = Field(description="the day on which it was looked up or offered")
    source: Line = Field(alias="from", description="where: the address of the page, or whose offer")
    mailbox: Money | None = Field(None, description="a month, for each mailbox")
    month: Money | None = Field(None, description="a month, for all: a server, its hosting, its support")
    once: Money | None = Field(None, description="once, in the first year")
    storage: Size | None = Field(None, description="what a mailbox may hold for that price, such as `30 GB`")
    more_storage: Money | None = Field(None, description="a month, for each GB beyond that")
    hours: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] | None = Field(
        None, description="hours of work a month to keep it running, as who will do it estimates"
    )
    hour: Money | None = Field(None, description="what such an hour costs")


class Prices(Shape):
    """The prices of the three, in one currency, without tax or with it: the same for all."""

    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(
        "EUR", description="three letters (ISO 4217); EUR unless given"
    )
    google_workspace: Price | None = None
    microsoft365: Price | None = None
    open_source: Price | None = None

    def of(self, option: OptionCode) -> Price | None:
        found: Price | None = getattr(self, option)
        return found


class Choice(Shape):
    """The answers, and the prices.  ``open`` is an answer: nobody knows yet."""

    strategy: Literal["survival", "growth", "open"] = OPEN
    owner: Literal["public", "private", "open"] = OPEN
    skills: Literal["none", "some", "strong", "open"] = OPEN
    time: Literal["none", "some", "enough", "open"] = OPEN
    help: Literal["yes", "no", "open"] = OPEN
    spending: Literal["monthly", "at_once", "either", "open"] = OPEN
    #: None: open.
    budget: Annotated[
        Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None, BeforeValidator(_number_or_open)
    ] = None
    habits: Literal["outlook", "browser", "other_programs", "mixed", "open"] = OPEN
    documents: Literal["microsoft", "google", "open_formats", "mixed", "open"] = OPEN
    regulation: Literal["usual", "health", "sensitive", "open"] = OPEN
    location: Literal["anywhere", "europe", "own_premises", "open"] = OPEN
    independence: Literal["matters", "indifferent", "open"] = OPEN
    internet: Literal["reliable", "poor", "open"] = OPEN
    #: Per cent a year; None: open.
    growth: Annotated[
        Annotated[float, Field(ge=-50, le=300, allow_inf_nan=False)] | None, BeforeValidator(_number_or_open)
    ] = None
    years: Annotated[int, Field(ge=1, le=10)] = Field(3, description="years that costs are told for; 3 unless given")
    prices: Prices = Prices()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked on a terminal.  ``words``: what each answer means; empty where a number is wanted."""

    text: str
    words: Mapping[str, str]


_YES_NO = {"yes": mark("yes"), "no": mark("no")}

#: In the order in which they are asked.
QUESTIONS: Mapping[str, Question] = {
    "strategy": Question(
        mark("What are the next three years about?"),
        {"survival": mark("spending as little as possible, nothing new"), "growth": mark("growing, working anew")},
    ),
    "owner": Question(
        mark("Is the organisation public or private?"),
        {"public": mark("public: a town, a school, an agency"), "private": mark("private: a company, an association")},
    ),
    "skills": Question(
        mark("Who in the house has run a mail server?"),
        {
            "none": mark("nobody"),
            "some": mark("somebody has managed servers, not mail"),
            "strong": mark("somebody runs mail servers well"),
        },
    ),
    "time": Question(
        mark("How much time has IT for mail, once it runs?"),
        {"none": mark("none"), "some": mark("an hour or two a week"), "enough": mark("half a day a week or more")},
    ),
    "help": Question(mark("Is there a partner who would run a mail server, under contract?"), _YES_NO),
    "spending": Question(
        mark("Which money is easier to find?"),
        {"monthly": mark("a little every month"), "at_once": mark("once, as an investment"), "either": mark("either")},
    ),
    "budget": Question(mark("What may mail cost in a year, all together? A number, in the currency of the prices"), {}),
    "habits": Question(
        mark("Where do people read their mail?"),
        {
            "outlook": mark("in Outlook, nearly all of them"),
            "browser": mark("in the browser and on phones"),
            "other_programs": mark("in Thunderbird, Apple Mail and others"),
            "mixed": mark("everywhere"),
        },
    ),
    "documents": Question(
        mark("With what do they write documents together?"),
        {
            "microsoft": mark("Word, Excel, Teams"),
            "google": mark("Google Docs, Meet"),
            "open_formats": mark("LibreOffice, or nothing of the kind"),
            "mixed": mark("several of these"),
        },
    ),
    "regulation": Question(
        mark("Which rules hold for what stands in the mail?"),
        {
            "usual": mark("personal data, as everywhere"),
            "health": mark("health data of other people"),
            "sensitive": mark("data whose disclosure would harm public order, safety or a state secret"),
        },
    ),
    "location": Question(
        mark("Where may the mail lie?"),
        {
            "anywhere": mark("wherever the law allows"),
            "europe": mark("in the European Union, and out of reach of other states’ law"),
            "own_premises": mark("in our own house alone"),
        },
    ),
    "independence": Question(
        mark("Does it matter to be able to leave again at any time, on your own?"),
        {"matters": mark("yes, it is a principle"), "indifferent": mark("no, it has to work")},
    ),
    "internet": Question(
        mark("How good are the lines of the sites?"),
        {"reliable": mark("they hold, at every site"), "poor": mark("slow or often down at a site at least")},
    ),
    "growth": Question(mark("By how many per cent will mailboxes grow in a year? A number, 0 for none"), {}),
}


def read_choice(folder: Path) -> Choice | None:
    """What ``choice.yaml`` says; None when there is none.  Raises :class:`PlanError` with all its problems."""
    data = _bytes(folder / CHOICE_FILE)
    return None if data is None else _checked(data)[0]


def _commented(text: str) -> str:
    return "# " + text


def _with(line: str, text: str) -> str:
    """A line with what it is for behind it, in a column of its own."""
    return line.ljust(30) + " # " + text


def template() -> str:
    """A ``choice.yaml`` without answers, with its questions as comments, in the language that is spoken."""
    lines = [
        _commented(_("The choice of a mail system: your answers. bascule advise asks for them, and reads them here.")),
        _commented(_("What nobody knows yet is: open")),
    ]
    for key, question in QUESTIONS.items():
        lines += ["", _commented(_(question.text))]
        lines += [_commented("  " + word + ": " + _(meaning)) for word, meaning in question.words.items()]
        lines.append(_unanswered(key))
    lines += ["", _commented(_("Costs are told for so many years:")), "years: 3"]
    prices = [
        _("Prices: write in what you were told, by whom and on which day; take the # away. None is known by itself."),
        "prices:",
        "  currency: EUR",
        "  google_workspace:",
        _with("    looked_up: 2026-11-20", _("the day")),
        _with("    from: https://...", _("the page, or whose offer")),
        _with("    mailbox: 0.00", _("a month, for each mailbox")),
        _with("    storage: 30 GB", _("what a mailbox may hold for that")),
        _with("    more_storage: 0.00", _("a month, for each GB beyond")),
        _with("    hours: 1", _("hours of work a month, as who does it estimates")),
        _with("    hour: 0.00", _("what such an hour costs")),
        "  microsoft365:",
        _("    (the same keys)"),
        "  open_source:",
        _with("    month: 0.00", _("a month, for all: server, hosting, support")),
        _with("    once: 0.00", _("once, in the first year")),
        _("    (and the same keys)"),
    ]
    return "\n".join([*lines, "", *(f"# {line}" for line in prices), ""])


def _unanswered(key: str) -> str:
    """The line on which the answer will stand."""
    return f"# {key}:"


def write_answer(folder: Path, key: str, text: str) -> None:
    """Keep one answer; the rest of the file, comments included, stays as it is.

    The file is replaced at once: whoever interrupts leaves the old one or the new one.  Raises :class:`PlanError`
    when the answer does not fit or the file cannot be written; then nothing has changed.
    """
    path = folder / CHOICE_FILE
    data = _bytes(path)
    before = template() if data is None else _decoded(data)
    # On its line, whatever it is.
    after = _with_answer(before, key, " ".join(text.split()))
    _checked(after.encode())
    new = path.with_name(f".{CHOICE_FILE}.new")
    try:
        with new.open("w", encoding="utf-8", newline="") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        message = _("This file cannot be written: {why}.").format(why=os_error_text(error))
        raise PlanError([Problem(CHOICE_FILE, None, None, message)]) from None


def _with_answer(before: str, key: str, text: str) -> str:
    """The file's text with this answer on the line of its key, or where the question stands, or below all."""
    _choice, document = _checked(before.encode())
    lines = before.splitlines(keepends=True)
    if (key,) not in document.keys:
        place = next((at for at, line in enumerate(lines) if line.rstrip() == _unanswered(key)), None)
        if place is not None:
            lines[place] = f"{key}: {text}\n"
            return "".join(lines)
        ending = "" if not before or before.endswith("\n") else "\n"
        return f"{before}{ending}{key}: {text}\n"
    first, last = document.keys[key,][0], document.values.get((key,), document.keys[key,])[0]
    ending = "\r\n" if lines[first - 1].endswith("\r\n") else "\n"
    comment = re.search(r"\s+#.*", lines[last - 1].rstrip("\r\n"))
    lines[first - 1 : last] = [f"{key}: {text}{comment[0] if comment else ''}{ending}"]
    return "".join(lines)


def _checked(data: bytes) -> tuple[Choice, Document]:
    """Raises :class:`PlanError` with all problems."""
    document, problems = read_yaml(data, CHOICE_FILE)
    if problems:
        raise PlanError(problems)
    if not isinstance(document.value, dict):
        raise PlanError([document.problem((), _("This file must be a group of keys, each on its own line."))])
    try:
        return Choice.model_validate(document.value), document
    except ValidationError as error:
        raise PlanError(list(problems_of(error, document, (), Choice))) from None


def _decoded(data: bytes) -> str:
    _checked(data)  # says what is wrong with its encoding
    return data.decode("utf-8-sig")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = _("Cannot be read: {why}.").format(why=os_error_text(error))
        raise PlanError([Problem(CHOICE_FILE, None, None, message)]) from None

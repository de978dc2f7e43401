"""The table of X.500 addresses: how people are called in Outlook's archives who are called by no mail address there."""

from __future__ import annotations

from connectors.language import _
from plans.addresses import checked_address, cleaned
from plans.csv_file import Heading, read_table
from plans.problems import Problem, Worded

COLUMNS = {
    "x500": Heading("x500", "x500", ("x.500", "x500 address", "legacyexchangedn", "adresse x500", "ex")),
    "address": Heading("address", "adresse", ("mail", "email", "e-mail", "smtp", "courriel", "adresse mail")),
}
#: Outlook writes the kind of an address before it.
_KIND = "ex:"


def x500_addresses(data: bytes, file: str) -> tuple[dict[str, str], list[Problem]]:
    """Mail addresses by X.500 address in small letters, and what is wrong with the table."""
    table = read_table(data, file, COLUMNS)
    problems = list(table.problems)
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    for row in table.rows:
        if "address" not in row.cells:
            continue  # a line of the template that nobody filled in
        x500 = cleaned(row.cells.get("x500", "")).lower().removeprefix(_KIND)
        try:
            address = checked_address(cleaned(row.cells["address"]))
        except Worded as error:
            message = _("The second cell of this line {what}").format(what=error.message)
            problems.append(Problem(file, row.line, None, message, error.hint))
            continue
        if not x500.startswith("/o="):
            message = _("This line has no X.500 address.")
            problems.append(Problem(file, row.line, None, message, _("It begins with /o= and ends with /cn=…")))
        elif found.setdefault(x500, address).lower() != address.lower():
            message = _("This X.500 address stands here for the second time, with another mail address.")
            hint = _("The first is on line {line}; keep one of the two.").format(line=lines[x500])
            problems.append(Problem(file, row.line, None, message, hint))
        lines.setdefault(x500, row.line)
    return found, problems

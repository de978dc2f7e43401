"""``bascule explain``."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem
from rich.table import Table

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.explanations import CROWDED, EXITS, REASONS, SIGN_INS, TOO_MANY_SESSIONS, Explanation
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Trouble
from migrate.ledger.outcomes import outcome_text
from plans.problems import suggestion


def _known() -> dict[str, tuple[str, Explanation]]:
    """By code as people write it: the kind of code, and its explanation.  Exit codes go by number and by name."""
    known = {code.value: ("reason", text) for code, text in REASONS.items()}
    known |= {code: ("sign-in", text) for code, text in _sign_ins().items()}
    known |= {str(int(code)): ("exit", text) for code, text in EXITS.items()}
    return known


def _sign_ins() -> dict[str, Explanation]:
    return {**{denial.value: text for denial, text in SIGN_INS.items()}, TOO_MANY_SESSIONS: CROWDED}


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(code) for code in _known() if code.startswith(incomplete)]


@click.command()
@click.argument("code", required=False, shell_complete=_complete)
@json_option
def explain(code: str | None, to_json: bool) -> None:
    """What does this code mean, why does it come, and what can I do?

    CODE is a reason code (why a message was not copied), a sign-in code (why a system does not let an account in) or
    an exit code (how a command ended), as number or name.
    Without CODE all of them are listed.

    \b
    Example:  bascule explain too-large
    """
    known = _known()
    if code is not None:
        wanted = code.strip().lower()
        wanted = next((str(int(one)) for one in Exit if one.name.lower() == wanted), wanted)
        if wanted not in known:
            hint = suggestion(wanted, known, _("Known codes"))
            raise Trouble(_('There is no code "{code}". {hint}').format(code=code, hint=hint))
        known = {wanted: known[wanted]}
    if to_json:
        print_json({"codes": [_as_json(name, *one) for name, one in known.items()]})
    elif code is None:
        _list()
    else:
        _tell(*known.popitem())


def _as_json(code: str, kind: str, text: Explanation) -> dict[str, object]:
    told = text.told()
    return {
        "code": code,
        "kind": kind,
        "name": Exit(int(code)).name if kind == "exit" else None,
        "outcome": told.outcome.value if told.outcome else None,
        "what": told.what,
        "why": told.why,
        "to_do": told.to_do,
    }


def _tell(code: str, known: tuple[str, Explanation]) -> None:
    kind, text = known
    told = text.told()
    if kind == "exit":
        title = _("Exit code {code}, {name}: {what}.").format(code=code, name=Exit(int(code)).name, what=told.what)
    elif kind == "sign-in":
        title = _("{code}: {what}.").format(code=code, what=told.what)
    else:
        outcome = outcome_text(told.outcome) if told.outcome else ""
        title = _("{code} ({outcome}): {what}.").format(code=code, outcome=outcome, what=told.what)
    console = terminal()
    console.print(title, style="bold", highlight=False, markup=False)
    console.print(_("Why: {text}").format(text=told.why), highlight=False, markup=False)
    console.print(_("What to do: {text}").format(text=told.to_do), highlight=False, markup=False)


def _list() -> None:
    console = terminal()
    for title, rows in (
        (_("Reason codes: why a message was not copied, or was there already"), [
            (code.value, text.told().what) for code, text in REASONS.items()
        ]),
        (_("Sign-in codes: why a system does not let an account in"), [
            (code, text.told().what) for code, text in _sign_ins().items()
        ]),
        (_("Exit codes: how a command ended"), [
            (f"{int(code)} {code.name}", text.told().what) for code, text in EXITS.items()
        ]),
    ):  # fmt: skip
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column()
        for row in rows:
            table.add_row(*row)
        console.print(title, style="bold", highlight=False)
        console.print(table)
        console.print()
    click.echo(_("More about one of them:  bascule explain CODE"))

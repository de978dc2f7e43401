"""``bascule evidence verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from connectors.language import _, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.evidence.checking import Checked, NoPack, Problem, check_pack
from migrate.evidence.making import made_before
from migrate.ledger import events

#: Whether the manifest is one that was made: the same as was asked for or is in the ledger, another, or nobody knows.
Known = Literal["same", "another", "unknown"]
_LISTED = 50


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", metavar="SHA256", help="The manifest's, as it was shown when the file was made.")
@json_option
@click.pass_obj
def verify(place: Place, file: Path, digest: str | None, to_json: bool) -> None:
    """Is FILE as it was made?  Names what is missing, was changed or was added, and whether the manifest is genuine.

    Unpacks nothing. Who changes a file and the manifest with it is found out by the manifest's own digest: in the
    organisation's folder the ledger knows it; elsewhere give it with --digest. Exit code 3 when something is wrong.

    \b
    Example:  bascule evidence verify evidence-lyon.zip
    """
    if digest is not None and not _is_digest(digest):
        raise Trouble(_("{digest} is no SHA-256: that has 64 digits from 0 to 9 and a to f.").format(digest=digest))
    try:
        found = check_pack(file)
    except NoPack as error:
        raise Trouble(str(error)) from error
    known = _known(place, found, digest)
    code = Exit.PARTIAL if found.problems or known == "another" else Exit.OK
    if to_json:
        told = {
            "exit_code": int(code),
            "file": str(file.absolute()),
            "organisation": found.organisation,
            "site": found.site,
            "manifest_sha256": found.digest,
            "manifest": known,
            "files": found.files,
            "problems": [{"path": one.path, "what": one.what} for one in found.problems],
        }
        print_json(told)
    else:
        _show(found, known)
    sys.exit(code)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text.lower()) <= set("0123456789abcdef")


def _known(place: Place, found: Checked, digest: str | None) -> Known:
    if digest is not None:
        return "same" if digest.lower() == found.digest else "another"
    if not place.ledger_file.exists():
        return "unknown"
    with place.ledger() as ledger, ledger.read() as connection:
        made = made_before(events.every(connection), found.site)
    if not made:
        return "unknown"
    return "same" if found.digest in made else "another"


def _show(found: Checked, known: Known) -> None:
    console = terminal()
    head = _("Evidence of {site}, {organisation}: {files}.")
    files = plural("{n} file", "{n} files", found.files)
    show_line(console, head.format(site=found.site, organisation=found.organisation, files=files), "bold")
    for one in found.problems[:_LISTED]:
        show_line(console, _told(one), "red")
    if len(found.problems) > _LISTED:
        show_line(console, _("and {n} more").format(n=len(found.problems) - _LISTED), "red")
    if known == "another":
        text = _("The manifest is not the one that was made ({digest}): do not rely on this file.")
        show_line(console, text.format(digest=found.digest), "red")
    elif known == "unknown":
        text = _("Compare the manifest's digest with the one that you were told when it was made: {digest}")
        show_line(console, text.format(digest=found.digest), "yellow")
    if not found.problems and known != "another":
        show_line(console, _("Every file is as the manifest says, and none is missing or added."), "bold green")


def _told(one: Problem) -> str:
    return {
        "missing": _("{path} is missing."),
        "changed": _("{path} was changed."),
        "added": _("{path} was added: the manifest does not know it."),
        "unsafe": _("{path} would be unpacked outside of its folder: do not unpack this file."),
        "doubled": _("{path} is there more than once: which of them is shown depends on the program."),
        "seal": _("{path} was changed: it no longer fits its own seal."),
    }[one.what].format(path=one.path)
